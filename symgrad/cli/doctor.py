"""``symgrad doctor``."""

from __future__ import annotations

import platform
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import click

from symgrad import __version__
from symgrad.cli.manner import Manner, common, put

CORE = ("click", "jinja2", "lark", "latex2mathml", "numpy", "python-flint", "rich", "sympy")
TENSORFLOW = ("tensorflow", "tensorflow-cpu")
COQ = "apt-get install coq (only prove --with coq and verify --with coq need it)"
TEX = "apt-get install texlive-latex-recommended texlive-latex-extra texlive-fonts-recommended (only PDFs need it)"


@click.command("doctor")
@click.option(
    "--tensorflow", is_flag=True, help="Import TensorFlow too, which takes seconds, and say whether it loads."
)
@common
def command(manner: Manner, tensorflow: bool) -> int:
    """Say what is installed, what is missing and how to get it.

    Exit code: 0 if proofs work here, also without TensorFlow, TeX and Coq; otherwise 4.
    """
    rows = [row(name, found(name), f"pip install {name}") for name in CORE]
    present = [name for name in TENSORFLOW if found(name)]
    tf = row(" and ".join(present) or "tensorflow", found(present[0]) if present else None, tensorflow_advice())
    if len(present) > 1:
        tf["problem"] = "both packages write into the same folder; keep one of them"
    if tensorflow and present:
        tf["problem"] = loads() or tf["problem"]
    plot = row("matplotlib", found("matplotlib"), "pip install matplotlib (only pictures need it)")
    tex = row("pdflatex", shutil.which("pdflatex"), TEX)
    coq = row("coqc", shutil.which("coqc") or shutil.which("rocq"), COQ)
    trouble = proof_trouble() if all(r["found"] for r in rows) else "a core package is missing"
    if manner.json:
        core = {"python": platform.python_version(), "symgrad": __version__, "works": not trouble, "problem": trouble}
        manner.give({"schema": 1, **core, "packages": rows, "optional": [tf, plot, tex, coq]})
    else:
        put(f"{'Python':14} {platform.python_version()}  {sys.executable}\n")
        put(f"{'symgrad':14} {__version__}\n")
        for r in (*rows, tf, plot, tex, coq):
            put(f"{r['name']:14} {r['found'] or 'missing: ' + r['get']}\n")
            if r["problem"]:
                put(f"{'':14} {r['problem']}\n")
        put(f"{'proofs':14} {trouble or 'work: linear_regression was proved, and the checker accepted it'}\n")
    return 4 if trouble else 0


def row(name: str, what: str | None, get: str) -> dict[str, Any]:
    """One thing that is installed or missing."""
    return {"name": name, "found": what, "get": None if what else get, "problem": None}


def found(name: str) -> str | None:
    """The version of a distribution, read from its metadata: nothing is imported."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def tensorflow_advice() -> str:
    """How to get TensorFlow on this machine."""
    if sys.version_info >= (3, 14):
        return "TensorFlow has no wheel for Python 3.14; use Python 3.11 to 3.13 (only numeric checks need it)"
    lean = platform.machine().lower() in {"x86_64", "amd64"}
    if lean and sys.platform == "darwin":
        return "TensorFlow has no wheel for a Mac with an Intel processor (only numeric checks need it)"
    return f"pip install {'tensorflow-cpu' if lean else 'tensorflow'} (only numeric checks need it)"


def loads() -> str | None:
    """What goes wrong when TensorFlow is imported, if anything."""
    try:
        import tensorflow as tf

        tf.constant(1.0)
    except Exception as error:  # noqa: BLE001  (whatever it is, it is what the user asked for)
        return f"does not load: {type(error).__name__}: {error}"
    return None


def proof_trouble() -> str | None:
    """What goes wrong when a small theorem is proved and checked, if anything."""
    try:
        from symgrad import catalogue
        from symgrad.calculus import derive
        from symgrad.lang.parser import load_model

        derivation = derive(load_model(catalogue.find("linear_regression")))
        derivation.verify()
    except Exception as error:  # noqa: BLE001  (a doctor reports whatever is wrong)
        return f"do not work: {type(error).__name__}: {error}"
    return None if derivation.exit_code == 0 else "do not work: linear_regression was not proved"
