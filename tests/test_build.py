"""What the set-up files promise."""

import re
import tomllib
from pathlib import Path

import symgrad

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_the_version_is_the_same_everywhere():
    assert PROJECT["version"] == symgrad.__version__
    assert f"## {symgrad.__version__}" in (ROOT / "CHANGELOG.md").read_text()


def test_the_doctor_knows_every_core_dependency():
    from symgrad.cli.doctor import CORE

    names = {re.split(r"[>=<; ]", requirement)[0] for requirement in PROJECT["dependencies"]}
    assert names == set(CORE)


def test_the_core_needs_no_tensorflow():
    assert not any("tensorflow" in requirement for requirement in PROJECT["dependencies"])
    assert [r.split(">")[0] for r in PROJECT["optional-dependencies"]["tf"]] == ["tensorflow"]
    assert [r.split(">")[0] for r in PROJECT["optional-dependencies"]["tf-cpu"]] == ["tensorflow-cpu"]


def test_the_package_says_that_it_is_typed():
    assert (ROOT / "symgrad" / "py.typed").is_file()
