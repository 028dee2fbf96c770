"""coqc, run in a folder of its own on a development and the library, and what it says."""

from __future__ import annotations

import re
import shutil
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


@dataclass(frozen=True)
class Answer:
    """What coqc did with a file."""

    accepted: bool
    said: str
    seconds: float


def compiled(text: str, *, seconds: float = SECONDS) -> Answer:
    """Compile a development, with the library beside it, in a temporary folder.

    Raises:
        MissingDependencyError: if coqc is not installed.
        LimitError: if it takes longer than ``seconds``.
    """
    program = shutil.which("coqc")
    if program is None:
        raise MissingDependencyError(_ADVICE)
    with scratch_folder() as folder:
        for name, content in (("Symgrad", library()), ("Development", text)):
            (folder / f"{name}.v").write_text(content, encoding="utf-8")
            started = time.monotonic()
            ran = _run([program, "-q", "-no-glob", "-w", "none", "-Q", ".", "", f"{name}.v"], folder, seconds)
            if ran.returncode:
                break
        took = time.monotonic() - started
    return Answer(ran.returncode == 0, f"{ran.stdout}{ran.stderr}".strip(), took)


def _run(command: list[str], folder: Path, seconds: float) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise LimitError(f"coqc took longer than {seconds:g} seconds") from error


def version() -> str:
    """The version of coqc.

    Raises:
        MissingDependencyError: if coqc is not installed.
    """
    program = shutil.which("coqc")
    if program is None:
        raise MissingDependencyError(_ADVICE)
    told = subprocess.run([program, "--print-version"], capture_output=True, text=True, check=False, timeout=60).stdout
    return told.split()[0] if told.split() else "unknown"


def asking(development: Development) -> str:
    """The development with the question which axioms its theorems rest on, asked once for all of them."""
    listed = ", ".join(development.theorems)
    whole = f"({listed})" if len(development.theorems) > 1 else listed
    return f"{development.text}\nDefinition every_theorem := {whole}.\nPrint Assumptions every_theorem.\n"


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

    Accepted means: coqc accepts every theorem, and they rest on the axioms of Coq's real numbers alone.

    Raises:
        MissingDependencyError: if coqc is not installed.
        LimitError: if it takes longer than ``seconds``.
    """
    coq = version()
    development = develop(derivation)
    problem, took = "", 0.0
    axioms: tuple[str, ...] = ()
    if not development.theorems:
        problem = "there is no theorem that Coq could check"
    else:
        answer = compiled(asking(development), seconds=seconds)
        axioms, took = axioms_in(answer.said), answer.seconds
        foreign = sorted(set(axioms) - allowed(development))
        if not answer.accepted:
            problem = next((line for line in answer.said.splitlines() if line.startswith("Error")), "") or answer.said
            problem = " ".join(f"coqc refused it: {problem}".split())[:300]
        elif "Axioms:" not in answer.said or foreign:
            problem = f"it rests on {', '.join(foreign) or 'axioms that were not listed'}"
    report = CoqReport(
        accepted=not problem,
        problem=problem,
        theorems=development.theorems,
        missing=development.missing,
        axioms=axioms,
        version=coq,
        seconds=took,
        certificate_sha256=derivation.certificate_sha256,
    )
    derivation.coq_report = report
    return report
