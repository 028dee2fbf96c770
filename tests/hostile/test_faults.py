"""When the world fails: full disks, missing libraries, terminals and pipes; the files of a fault are none or all.

Links, folders that may not be written and other things in the place of an output are among the bad inputs (69); killed
and interrupted processes are in test_interrupt.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from symgrad.cli.prove import FORMATS

pytestmark = pytest.mark.counted("faults")

ROOT = Path(__file__).parent.parent.parent
TEXTS = tuple(form for form in FORMATS if form != "pdf")
WRITE = ("prove", "ridge_regression", "--to", "tex", "-o", "out")


def alone(*arguments, **options):
    command = [sys.executable, "-m", "symgrad", *arguments]
    return subprocess.run(command, cwd=ROOT, check=False, timeout=120, **options)


@pytest.mark.parametrize("size", [500, 2_000, 8_000, 20_000, 80_000])
def test_a_disk_that_fills_up_leaves_all_files_or_none(caged, tmp_path, size):
    ran = caged(*WRITE, file_size=size)
    made = sorted(path.name for path in tmp_path.rglob("*"))
    scratch = [deed.split("'")[1] for deed in ran.deeds if deed.startswith("os.mkdir ('/tmp/symgrad-")]
    assert not any(Path(folder).exists() for folder in scratch)
    if ran.code == 0:
        assert len(made) == 5
    else:
        assert (ran.code, made, ran.out) == (4, [], "")
        assert ran.err == "symgrad: error: File too large\n"


def test_the_disks_of_this_test_were_too_small_and_large_enough(caged):
    assert caged(*WRITE, file_size=2_000).code == 4
    assert caged(*WRITE).code == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device /dev/full, which Linux has")
def test_a_result_that_does_not_fit_on_the_disk_is_a_limit():
    with Path("/dev/full").open("wb") as full:
        ran = alone("prove", "ridge_regression", stdout=full, stderr=subprocess.PIPE)
    assert (ran.returncode, ran.stderr) == (4, b"symgrad: error: No space left on device\n")


@pytest.mark.parametrize("form", TEXTS)
def test_a_terminal_without_unicode_gets_every_format(caged, form):
    ran = caged("prove", "ridge_regression", "--to", form, encoding="ascii")
    assert (ran.code, ran.err.partition("\n")[0]) == (0, "chosen by the cost model:" if form == "numpy" else "")
    assert ran.out.isascii()
    if form == "json":
        assert json.loads(ran.out)["verdict"] == "proved"


def test_a_reader_that_goes_away_is_no_error():
    command = [sys.executable, "-m", "symgrad", "prove", "mlp_tanh", "--to", "html"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        running.stdout.close()
        told = running.stderr.read()
        code = running.wait(timeout=120)
    assert (code, told) == (141, b"")


@pytest.mark.parametrize(
    ("library", "arguments"),
    [
        ("flint", ("prove", "ridge_regression")),
        ("sympy", ("prove", "ridge_regression")),
        ("lark", ("prove", "ridge_regression")),
        ("numpy", ("plot", "ridge_regression", "-o", "/nowhere/a.svg")),
        ("matplotlib", ("plot", "ridge_regression", "-o", "/nowhere/a.svg")),
        ("tensorflow", ("check", "ridge_regression")),
        ("tensorflow", ("audit", "json:dumps", "--spec", "x=float32[N]")),
    ],
)
def test_a_missing_library_is_named_in_one_line(tmp_path, library, arguments):
    """A library that does not load is as good as missing."""
    reason = f"No module named {library!r}"
    (tmp_path / f"{library}.py").write_text(f"raise ModuleNotFoundError({reason!r}, name={library!r})\n")
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    ran = alone(*arguments, "-q", env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True)
    assert (ran.returncode, ran.stdout) == (4, ""), ran.stderr
    assert ran.stderr.startswith("symgrad: error: ")
    assert ran.stderr.count("\n") == 1
    assert library in ran.stderr.lower() or "tensorflow" in ran.stderr.lower()
    assert any(way in ran.stderr for way in ("pip install", "symgrad doctor"))


@pytest.mark.parametrize("library", ["flint", "tensorflow", "matplotlib"])
def test_what_needs_no_library_runs_without_it(tmp_path, library):
    (tmp_path / f"{library}.py").write_text(f"raise ModuleNotFoundError('no', name={library!r})\n")
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    for command in (("show", "ridge_regression"), ("list",), ("--help",)):
        assert alone(*command, env={**os.environ, "PYTHONPATH": path}, capture_output=True).returncode == 0


SAYS_VERSION = '#!/bin/sh\n[ "$1" = --print-version ] && echo 8.16.1 4.13.1 && exit 0\n'
REFUSED, LIMIT = (1, "Coq 8.16.1: refused, {}\n", ""), (4, "", "symgrad: error: {}\n")
WITHOUT_A_WORKING_COQC = {
    "none": (None, LIMIT, "coqc is not installed; on Debian: apt-get install coq"),
    "no program": ("\x7fELF", LIMIT, "coqc does not run: Exec format error"),
    "garbage": (
        SAYS_VERSION + "printf '\\377\\000 \\033[31mgarbage\\n\\n'; exit 1",
        REFUSED,
        "coqc refused it: \ufffd\ufffd \ufffd[31mgarbage",
    ),
    "killed": (SAYS_VERSION + "kill -9 $$", LIMIT, "coqc was ended by signal 9"),
    "killed at once": ("#!/bin/sh\nkill -11 $$", LIMIT, "coqc was ended by signal 11"),
    "runs for ever": (SAYS_VERSION + "/bin/sleep 1000 & wait", LIMIT, "coqc took longer than 1 seconds"),
    "says nothing": (SAYS_VERSION + "exit 0", REFUSED, "it rests on axioms that were not listed"),
    "other axioms": (
        SAYS_VERSION + "echo 'Axioms:'; echo 'Mine.all_is_well : False'",
        REFUSED,
        "it rests on all_is_well",
    ),
}
VERIFY = """
import sys
from symgrad.cli import entry
from symgrad.export.coq import run
run.check.__kwdefaults__["seconds"] = 1
sys.exit(entry.run(sys.argv[1:]))
"""


@pytest.mark.parametrize("fault", WITHOUT_A_WORKING_COQC)
def test_a_coqc_that_does_not_work_is_told_in_one_line_and_leaves_nothing(tmp_path, fault):
    program, (code, out, err), told = WITHOUT_A_WORKING_COQC[fault]
    temporary, path = tmp_path / "temporary", tmp_path / "bin"
    temporary.mkdir()
    path.mkdir()
    if program is not None:
        (path / "coqc").write_text(program, encoding="latin-1")
        (path / "coqc").chmod(0o755)
    environment = {"PATH": str(path), "TMPDIR": str(temporary), "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}
    command = [sys.executable, "-c", VERIFY, "verify", "linear_regression", "--with", "coq"]
    ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False, timeout=120)
    assert ran.returncode == code, ran.stderr
    assert (ran.stdout.decode(), ran.stderr.decode()) == (out.format(told), err.format(told))
    assert sorted(path.name for path in tmp_path.rglob("*")) == sorted(
        {"bin", "temporary", *({"coqc"} if program else ())}
    )
    assert not [line for line in _processes() if str(temporary) in line]


def _processes():
    """The working folders of all processes that may be seen."""
    found = []
    for link in Path("/proc").glob("[0-9]*/cwd"):
        try:
            found.append(str(link.readlink()))
        except OSError:
            continue
    return found
