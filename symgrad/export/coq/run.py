"""coqc, run in a folder of its own on a development and the library, and what it says."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from symgrad.calculus.derivation import CoqReport
from symgrad.errors import LimitError, MissingDependencyError
from symgrad.export.coq.development import develop, library
from symgrad.scratch import scratch_folder

if TYPE_CHECKING:
    from symgrad.calculus.derivation import Derivation
    from symgrad.export.coq.development import Development

SECONDS = 300.0
"""Time limit for one file."""

REALS = ("functional_extensionality_dep", "sig_forall_dec", "sig_not_dec")
"""The axioms on which Coq's real numbers rest."""

LOGARITHM = "classic"
"""What the standard library's logarithm needs besides."""

_ADVICE = "coqc is not installed; on Debian: apt-get install coq"
_NO_INTERVAL = "needs Coq's library Interval, which is not there; on Debian: apt-get install libcoq-interval"
_NOT_LOADED = ("physical path bound to", "inconsistent assumptions over library")


@dataclass(frozen=True)
class Answer:
    """What coqc did with a file."""

    accepted: bool
    said: str
    seconds: float


def program() -> list[str]:
    """The command that compiles a file: ``coqc``, or ``rocq c`` as it is called from version 9 on.

    Raises:
        MissingDependencyError: if neither is installed.
    """
    for name, more in (("coqc", []), ("rocq", ["c"])):
        if (found := shutil.which(name)) is not None:
            return [found, *more]
    raise MissingDependencyError(_ADVICE)


def compiled(*files: tuple[str, str], seconds: float = SECONDS) -> list[Answer]:
    """Compile files, each a name and a text, after the library and one another, in a temporary folder.

    Returns: what coqc did with each, up to the first that it refuses.

    Raises:
        MissingDependencyError: if coqc is not installed.
        LimitError: if one takes longer than ``seconds``, or coqc is killed.
    """
    command, answers = [*program(), "-q", "-no-glob", "-w", "none", "-Q", ".", ""], []
    with scratch_folder() as folder:
        for name, content in (("Symgrad", library()), *files):
            (folder / f"{name}.v").write_text(content, encoding="utf-8")
            started = time.monotonic()
            code, said = _run([*command, f"{name}.v"], folder, seconds)
            answers.append(Answer(code == 0, said.strip(), time.monotonic() - started))
            if code:
                break
    return answers[1:] or answers


def _run(command: list[str], folder: Path, seconds: float) -> tuple[int, str]:
    """Exit code, and what was said; what coqc started ends with it."""
    try:
        started = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise MissingDependencyError(f"coqc does not run: {error.strerror}") from error
    with started as running:
        try:
            said, _ = running.communicate(timeout=seconds)
        except BaseException as error:
            os.killpg(running.pid, signal.SIGKILL)
            if isinstance(error, subprocess.TimeoutExpired):
                raise LimitError(f"coqc took longer than {seconds:g} seconds") from error
            raise
    if running.returncode < 0:
        raise LimitError(f"coqc was ended by signal {-running.returncode}")
    # nothing that a program says may steer the terminal
    plain = (
        c if c.isprintable() or c == "\n" else " " if c.isspace() else "\ufffd" for c in said.decode(errors="replace")
    )
    return running.returncode, "".join(plain)


def version() -> str:
    """The version of coqc.

    Raises:
        MissingDependencyError: if coqc is not installed.
        LimitError: if it does not answer.
    """
    code, told = _run([*program(), "--print-version"], Path(), 60)
    first, *_ = told.split() or [""]
    return first if code == 0 and first[:1].isdigit() else "of unknown version"


def asking(text: str, theorems: tuple[str, ...]) -> str:
    """A file with the question which axioms its theorems rest on, asked once for all of them."""
    listed = ", ".join(theorems)
    whole = f"({listed})" if len(theorems) > 1 else listed
    return f"{text}\nDefinition every_theorem := {whole}.\nPrint Assumptions every_theorem.\n"


def axioms_in(said: str) -> tuple[str, ...]:
    """The axioms that Print Assumptions lists, without the modules they come from."""
    _, _, listed = said.partition("Axioms:")
    return tuple(
        sorted({name.rsplit(".", 1)[-1] for name in re.findall(r"^([A-Za-z_][\w.']*)\s*(?::|$)", listed, re.M)})
    )


def allowed(development: Development) -> set[str]:
    """The axioms on which a development may rest."""
    logarithm = re.search(r"\b(ln|softplus|Rpower)\b", development.text)
    return {*REALS, LOGARITHM} if logarithm else set(REALS)


def check(derivation: Derivation, *, seconds: float = SECONDS) -> CoqReport:
    """Let Coq check a derivation; the derivation keeps the report.

    Accepted means: coqc accepts every theorem, and they rest on the axioms of Coq's real numbers alone. Theorems that
    need the library Interval stand in a second file; without that library they are listed as not said.

    Raises:
        MissingDependencyError: if coqc is not installed.
        LimitError: if it takes longer than ``seconds``, or coqc is killed.
    """
    coq = version()
    development = develop(derivation)
    name, bounded, missing = development.name, development.bounded, development.missing
    files = [(name, asking(development.text, development.theorems), allowed(development))]
    if bounded:
        files.append((f"{name}_by_interval", asking(development.by_interval, bounded), {*REALS, LOGARITHM}))
    problem, answers = "there is no theorem that Coq could check", []
    if development.theorems:
        answers = compiled(*((called, text) for called, text, _ in files), seconds=seconds)
        if bounded and len(answers) > 1 and _without_interval(answers[1]):
            missing += tuple(f"{theorem}: {_NO_INTERVAL}" for theorem in bounded)
            bounded = ()
            del answers[1]
        problem = next(filter(None, map(_problem, answers, (known for _, _, known in files))), "")
    report = CoqReport(
        accepted=not problem,
        problem=problem,
        theorems=(*development.theorems, *bounded),
        missing=missing,
        axioms=tuple(sorted({axiom for answer in answers for axiom in axioms_in(answer.said)})),
        version=coq,
        seconds=sum(answer.seconds for answer in answers),
        certificate_sha256=derivation.certificate_sha256,
        by_interval=bounded,
    )
    derivation.coq_report = report
    return report


def _without_interval(answer: Answer) -> bool:
    """Whether a file was refused because the library Interval, or what it needs, is not there or does not load."""
    said = " ".join(answer.said.split())
    return not answer.accepted and any(words in said for words in _NOT_LOADED)


def _problem(answer: Answer, known: set[str]) -> str:
    """Why a file is not accepted; empty if it is."""
    if not answer.accepted:
        lines = answer.said.splitlines()
        at = next((k for k, line in enumerate(lines) if line.startswith("Error")), 0)
        return " ".join(f"coqc refused it: {' '.join(lines[at : at + 3])}".split())[:300]
    foreign = sorted(set(axioms_in(answer.said)) - known)
    if "Axioms:" not in answer.said or foreign:
        return f"it rests on {', '.join(foreign) or 'axioms that were not listed'}"
    return ""
