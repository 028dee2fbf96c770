"""Ctrl-C, and worse: a command that is stopped leaves all of its files or none, and nothing beside them."""

import signal
from pathlib import Path

import pytest

COMMAND = ("prove", "ridge_regression", "--to", "tex", "-o", "out")
FILES = {
    "ridge_regression.certificate.json",
    "ridge_regression.goal.json",
    "ridge_regression.tex",
    "symgrad-macros.tex",
}


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.exists() else {}


@pytest.fixture(scope="module")
def written(cage, tmp_path_factory):
    """What the command writes, and everything that it does on the way."""
    folder = tmp_path_factory.mktemp("whole")
    ran = cage(folder, *COMMAND)
    assert set(contents(folder / "out")) == FILES
    return contents(folder / "out"), ran.deeds, ran.seconds


def temporary(deeds):
    """The folders for the checker that were made; all of them must be gone again."""
    return [deed.split("'")[1] for deed in deeds if deed.startswith("os.mkdir ('/tmp/symgrad-")]


def test_an_interrupt_leaves_nothing(cage, written, tmp_path):
    """Before each thing that the command does to the world; once all files are complete, they are all put in place."""
    whole, deeds, _ = written
    assert len(deeds) >= 10
    left = []
    for number in range(1, len(deeds) + 1):
        folder = tmp_path / str(number)
        folder.mkdir()
        ran = cage(folder, *COMMAND, strike=[signal.SIGINT, number])
        assert (ran.code, ran.out) == (130, ""), (number, ran)
        assert ran.err == "symgrad: interrupted\n"
        left.append(contents(folder / "out"))
        assert left[-1] in ({}, whole), deeds[number - 1]
        assert bool(left[-1]) == (folder / "out").exists()
        assert [place for place in temporary(ran.deeds) if Path(place).exists()] == []
    assert left[0] == {}
    assert whole in left


def test_an_interrupt_at_any_time_leaves_nothing(cage, written, tmp_path):
    whole, _, seconds = written
    codes = set()
    for part in range(6):
        folder = tmp_path / str(part)
        folder.mkdir()
        ran = cage(folder, *COMMAND, interrupt_at=0.02 + seconds * part / 6)
        assert ran.code in {0, 130}, ran
        assert contents(folder / "out") in ({}, whole)
        assert "Traceback" not in ran.err
        codes.add(ran.code)
    assert 130 in codes


def test_a_process_that_is_killed_leaves_old_files_whole(cage, written, tmp_path):
    """The files are old or new, never half; what lies beside them is hidden, and no hindrance."""
    whole, deeds, _ = written
    first = next(at for at, deed in enumerate(deeds, 1) if "out/" in deed)
    for number in range(first, len(deeds) + 1):
        out = tmp_path / str(number) / "out"
        out.mkdir(parents=True)
        for name in FILES:
            (out / name).write_bytes(b"old")
        ran = cage(out.parent, *COMMAND, "--force", strike=[signal.SIGKILL, number])
        assert ran.code == -signal.SIGKILL
        found = contents(out)
        for name in FILES:
            assert found[name] in {b"old", whole[name]}
        assert all(name in FILES or (name.startswith(".") and name.endswith(".tmp")) for name in found)
    assert cage(out.parent, *COMMAND, "--force").code == 0
    assert {name: contents(out)[name] for name in FILES} == whole
