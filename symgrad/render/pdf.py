"""LaTeX to PDF, with a pdflatex that can neither run commands nor touch files outside its folder."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from symgrad.errors import LimitError, MissingDependencyError, SymgradError
from symgrad.render.tex import macros
from symgrad.scratch import scratch_folder

if TYPE_CHECKING:
    from pathlib import Path

_SECONDS = 60.0
_RUNS = 5
"""At most: a run knows the numbers that the one before it gave."""
_PACKAGES = "texlive-latex-recommended texlive-latex-extra texlive-fonts-recommended"


def compile_pdf(tex: str, *, seconds: float = _SECONDS) -> bytes:
    """A standalone LaTeX file as PDF, the same bytes on every run.

    Args:
        tex: the file; it may load symgrad-macros.tex.
        seconds: time limit for each of the runs that references need.

    Raises:
        MissingDependencyError: if pdflatex is not installed.
        LimitError: if it takes longer than ``seconds``.
        SymgradError: if pdflatex refuses the file; the text is its first error.
    """
    return compile_with_log(tex, seconds=seconds)[0]


def compile_with_log(tex: str, *, seconds: float = _SECONDS) -> tuple[bytes, str]:
    """As ``compile_pdf``, with the log of the last run."""
    program = shutil.which("pdflatex")
    if program is None:
        raise MissingDependencyError(f"pdflatex is not installed; on Debian: apt-get install {_PACKAGES}")
    with scratch_folder() as path:
        (path / "document.tex").write_text(tex, encoding="utf-8")
        (path / "symgrad-macros.tex").write_text(macros(), encoding="utf-8")
        for _ in range(_RUNS):
            _run(program, path, seconds)
            if not any(mark in _log(path) for mark in ("Rerun to get", "undefined references", "No file document.aux")):
                break
        return (path / "document.pdf").read_bytes(), _log(path)


def _run(program: str, path: Path, seconds: float) -> None:
    options = ["-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error"]
    environment = {
        **os.environ,
        "openin_any": "p",
        "openout_any": "p",
        "SOURCE_DATE_EPOCH": "0",
        "FORCE_SOURCE_DATE": "1",
    }
    try:
        done = subprocess.run(
            [program, *options, "document.tex"],
            cwd=path,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise LimitError(f"pdflatex took longer than {seconds:g} seconds") from error
    if done.returncode != 0:
        lines = _log(path).splitlines()
        first = next((k for k, line in enumerate(lines) if line.startswith("!")), None)
        told = " ".join(lines[first : first + 3]) if first is not None else "no error in its log"
        raise SymgradError(f"pdflatex refused the file: {told}")


def _log(path: Path) -> str:
    log = path / "document.log"
    return log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
