"""The same bytes everywhere: hash seed, locale, time zone, folder and version of Python do not show in any artefact.

A small sample runs always; the whole grid where ``SYMGRAD_CAMPAIGN`` is set, as ``make test-soundness`` does. Locales
with a decimal comma, other rules for capitals and another encoding are built with ``localedef``, where the system has
it. Other Pythons are those that ``SYMGRAD_PYTHONS`` names and that have what symgrad needs.
"""

import json
import os
import shutil
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest
from soundness import record

from symgrad import catalogue
from symgrad.cli.prove import ENDINGS, FORMATS
from symgrad.render.canvas import FORMS

ROOT = Path(__file__).parent.parent.parent
SCRIPT = Path(__file__).with_name("artefacts.py")
CAMPAIGN = "SYMGRAD_CAMPAIGN" in os.environ
NAMES = ("logistic_regression", "rmse", "info_nce")
ZONES = ("UTC", "Asia/Kolkata")
FOLDERS = ("a", "b c/ü")
SEEDS = range(16) if CAMPAIGN else range(3)
SEEN = []
"""Where each run was, and its hashes."""


@pytest.fixture(scope="session")
def locales(tmp_path_factory):
    """The names of up to three locales, and the folder with those that were built."""
    folder = tmp_path_factory.mktemp("locales")
    found = ["C"]
    for name, source, charset in (
        ("tr_TR.UTF-8", "tr_TR", "UTF-8"),  # where the capital of i is not I
        ("de_DE.ISO-8859-1", "de_DE", "ISO-8859-1"),  # where numbers have a comma, and files are not UTF-8
    ):
        command = ["localedef", "-i", source, "-f", charset, folder / name]
        if shutil.which("localedef") and subprocess.run(command, capture_output=True, check=False).returncode <= 1:
            found.append(name)
    return (found if len(found) > 1 else ["C", "C.UTF-8"]), folder


@pytest.fixture(scope="session")
def folders(tmp_path_factory):
    """Two working folders with the same derivations."""
    base = tmp_path_factory.mktemp("work")
    for folder in FOLDERS:
        (base / folder).mkdir(parents=True)
        for name in NAMES:
            shutil.copy(catalogue.find(name), base / folder / f"{name}.sg")
    return base


def others():
    """Other Pythons that have what symgrad needs."""
    needs = "import click, flint, jinja2, lark, latex2mathml, matplotlib, numpy, rich, sympy"
    named = [place for place in os.environ.get("SYMGRAD_PYTHONS", "").split(os.pathsep) if place]
    return [
        place
        for place in named
        if subprocess.run([place, "-c", needs], capture_output=True, check=False).returncode == 0
    ]


@pytest.fixture(scope="session")
def run(locales, folders):
    def hashes(seed, locale, zone, folder, python=sys.executable, *, names=NAMES[:1], pdf=False):
        environment = {
            "PYTHONPATH": str(ROOT),
            "PYTHONHASHSEED": str(seed),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUTF8": "0",
            "PYTHONCOERCECLOCALE": "0",
            "LC_ALL": locale,
            "LOCPATH": str(locales[1]),
            "TZ": zone,
            "PATH": os.environ["PATH"],
            "HOME": str(folders),
        }
        files = [f"{name}.sg" for name in names]
        command = [python, SCRIPT, "pdf" if pdf else "text", *files]
        ran = subprocess.run(command, cwd=folders / folder, env=environment, capture_output=True, check=False)
        assert ran.returncode == 0, ran.stderr.decode(errors="replace")[-2000:]
        answer = json.loads(ran.stdout)
        SEEN.append((answer["where"], seed))
        return answer["hashes"]

    return hashes


@pytest.fixture(scope="session")
def first(run):
    """The hashes with which all others are compared."""
    return run(0, "C", "UTC", FOLDERS[0], names=NAMES, pdf=True)


def test_every_format_is_among_the_artefacts(first):
    endings = {name.rpartition(".")[2] for name in first}
    built = {ENDINGS.get(form, form) for form in FORMATS if form != "pdf" or shutil.which("pdflatex")}
    assert built | set(FORMS) <= endings
    assert len(set(first.values())) > len(first) / 3  # a certificate accompanies each format


@pytest.mark.parametrize("seed", SEEDS)
def test_the_bytes_are_the_same_everywhere(run, first, locales, seed):
    names, _ = locales
    everywhere = list(product(names, ZONES, FOLDERS))
    chosen = everywhere if CAMPAIGN else [(names[seed % len(names)], ZONES[seed % 2], FOLDERS[1 - seed % 2])]
    for at, (locale, zone, folder) in enumerate(chosen):
        found = run(seed, locale, zone, folder, names=NAMES if at == seed % len(everywhere) else NAMES[:1])
        assert len(found) >= len(FORMATS)
        different = [name for name in found if found[name] != first[name]]
        record("determinism", f"{seed} {locale} {zone} {folder}", tried=len(found), different=different)
        assert different == [], (seed, locale, zone, folder)


@pytest.mark.parametrize("seed", SEEDS if CAMPAIGN else range(1))
def test_another_python_writes_the_same_bytes(run, first, locales, seed):
    names, _ = locales
    for python in others():
        found = run(seed, names[seed % len(names)], ZONES[seed % 2], FOLDERS[seed % 2], python, names=NAMES)
        different = [name for name in found if found[name] != first[name]]
        record("determinism", f"{seed} {python}", tried=len(found), different=different)
        assert different == []


def test_the_runs_were_in_different_places(run, first, locales):
    """The hash seed, the locale and the zone reached the program."""
    hashed = {where["hashed"] for where, _ in SEEN}
    assert len(hashed) >= len({seed for _, seed in SEEN})
    for key, values in (("decimal point", {".", ","}), ("zone", {"UTC", "IST"})):
        assert {where[key] for where, _ in SEEN} <= values
    if len(locales[0]) == 3 and len(SEEN) >= 4:
        assert {where["decimal point"] for where, _ in SEEN} == {".", ","}
