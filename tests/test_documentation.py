"""Every shell block of the README runs; its Python blocks are doctests."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
LINES = [line for kind, text in BLOCKS if kind == "sh" for line in text.splitlines() if line.startswith("symgrad ")]
COMMANDS = [pytest.param(line, marks=pytest.mark.coq if "coq" in line else ()) for line in LINES]


def test_the_readme_has_the_two_commands_and_they_are_targets():
    made = [line for kind, text in BLOCKS if kind == "sh" for line in text.splitlines() if line.startswith("make ")]
    assert [line.split("#")[0].strip() for line in made] == ["make demo", "make test"]
    for line in made:
        subprocess.run(["make", "--dry-run", line.split()[1]], cwd=ROOT, check=True, capture_output=True)


def test_every_block_says_what_it_is():
    assert {kind for kind, _ in BLOCKS} <= {"sh", "pycon", "python", "sg", "text"}
    lines = [line for kind, text in BLOCKS if kind == "sh" for line in text.splitlines()]
    assert [line for line in lines if not line.startswith(("symgrad ", "make "))] == []


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A working folder with a command ``symgrad``; what one line writes, the next may read."""
    place = tmp_path_factory.mktemp("readme")
    (place / "bin").mkdir()
    command = place / "bin" / "symgrad"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m symgrad "$@"\n')
    command.chmod(0o755)
    for kind, text in BLOCKS:
        if kind == "python":
            (place / text.splitlines()[0].removeprefix("# ")).write_text(text, encoding="utf-8")
    return place


@pytest.mark.tensorflow
@pytest.mark.parametrize("line", COMMANDS)
def test_a_line_of_the_readme_runs(folder, line):
    paths = {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        ["bash", "-euc", line],
        cwd=folder,
        env={**os.environ, **paths},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout


def text_blocks():
    return [text for kind, text in BLOCKS if kind == "text"]


def test_the_proof_that_the_readme_shows_is_what_symgrad_prints(symgrad):
    printed = symgrad("prove", "logistic_regression").out + symgrad("prove", "rmse").out
    assert [text for text in text_blocks() if text not in printed] == []


def test_the_derivations_that_the_readme_shows_are_the_catalogues(symgrad):
    shown = [text for kind, text in BLOCKS if kind == "sg"]
    names = ("logistic_regression", "loss_sparse_categorical_crossentropy")
    assert shown == [symgrad("show", name).out for name in names]
