"""What several tests use: the command line in this process, and the catalogue's entries."""

import importlib.metadata
import io
import shutil
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # second_reader and matrix_reader

from soundness import record


@pytest.fixture(scope="session")
def derived():
    """The derivation of an entry of the catalogue by name, derived once and replayed by the checker."""
    from symgrad import catalogue
    from symgrad.calculus import derive
    from symgrad.lang.parser import load_model

    @cache
    def derivation(name):
        return derive(load_model(catalogue.find(name)))

    return derivation


@pytest.fixture(scope="session")
def answers(derived):
    """The derivations that the explanation speaks of, and the tables that are measured for it."""
    from symgrad.cli.explain import tables
    from symgrad.render.questions import needed

    derivations = {name: derived(name) for name in needed()}
    return derivations, tables(derivations)


@dataclass
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str


class _Input(io.TextIOWrapper):
    """Standard input with given bytes."""

    def __init__(self, content):
        super().__init__(io.BytesIO(content), encoding="utf-8")


@pytest.fixture
def symgrad(capsys, monkeypatch):
    """Run the command line in this process: ``symgrad("prove", "-", stdin=b"...")``."""

    def run(*arguments, stdin=b""):
        from symgrad.cli import entry

        monkeypatch.setattr(sys, "stdin", _Input(stdin))
        capsys.readouterr()
        code = entry.run([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return run


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """What a test of a counted campaign came to."""
    report = yield
    counted = item.get_closest_marker("counted")
    if counted and (call.when == "call" or report.failed):
        record(counted.args[0], item.nodeid, tried=1, wrong=[item.nodeid] if report.failed else [])
    return report


def pytest_collection_modifyitems(items):
    """Skip, with the way to get it, what needs something that is not installed."""
    present = {dist for dist in ("tensorflow", "tensorflow-cpu") if _has(dist)}
    for item in items:
        if item.get_closest_marker("tensorflow") and not present:
            item.add_marker(pytest.mark.skip(reason='no TensorFlow: pip install "symgrad[tf-cpu]"'))
        if item.get_closest_marker("browser") and not shutil.which("chromium"):
            item.add_marker(pytest.mark.skip(reason="no chromium: apt-get install chromium"))
        if item.get_closest_marker("coq") and not shutil.which("coqc"):
            item.add_marker(pytest.mark.skip(reason="no coqc: apt-get install coq"))
        if item.get_closest_marker("tex") and not shutil.which("pdflatex"):
            item.add_marker(pytest.mark.skip(reason="no pdflatex: apt-get install texlive-latex-extra"))


def _has(distribution):
    try:
        importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True
