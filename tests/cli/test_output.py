import errno
import os
import signal

import pytest

from symgrad.cli import output
from symgrad.cli.output import undisturbed, write
from symgrad.errors import InputError


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_files_are_written_and_the_folder_is_made(tmp_path):
    paths = write(tmp_path / "a" / "b", {"x.tex": b"1", "y.json": b"2"}, force=False)
    assert contents(tmp_path / "a" / "b") == {"x.tex": b"1", "y.json": b"2"}
    assert [path.name for path in paths] == ["x.tex", "y.json"]


def test_a_file_with_the_same_bytes_is_left_alone(tmp_path):
    write(tmp_path, {"x.tex": b"1"}, force=False)
    before = (tmp_path / "x.tex").stat()
    write(tmp_path, {"x.tex": b"1", "y.tex": b"2"}, force=False)
    after = (tmp_path / "x.tex").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_file_with_other_bytes_stops_everything_before_anything_is_written(tmp_path):
    (tmp_path / "y.tex").write_bytes(b"mine")
    with pytest.raises(InputError, match=r"y\.tex exists with other content; --force"):
        write(tmp_path, {"x.tex": b"1", "y.tex": b"2"}, force=False)
    assert contents(tmp_path) == {"y.tex": b"mine"}


def test_force_replaces_other_bytes(tmp_path):
    (tmp_path / "y.tex").write_bytes(b"mine")
    write(tmp_path, {"y.tex": b"2"}, force=True)
    assert contents(tmp_path) == {"y.tex": b"2"}


@pytest.mark.parametrize(
    "name", ["", "../x.tex", "a/b", "/etc/x", ".hidden", "-rf", "a\0b", "a\nb", "a" * 101, "ü.tex", "a..b", " x"]
)
def test_an_odd_name_is_refused(tmp_path, name):
    with pytest.raises(InputError, match="no name for a file"):
        write(tmp_path, {name: b""}, force=True)
    assert contents(tmp_path) == {}


def test_a_folder_whose_name_holds_a_zero_byte_is_bad_input(tmp_path):
    with pytest.raises(InputError, match="is no name for a folder"):
        write(tmp_path / "a\0b", {"x.tex": b""}, force=True)


def test_a_link_is_refused_even_with_force(tmp_path):
    target = tmp_path / "target"
    target.write_bytes(b"mine")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "x.tex").symlink_to(target)
    with pytest.raises(InputError, match="not a regular file"):
        write(tmp_path / "out", {"x.tex": b"1"}, force=True)
    assert target.read_bytes() == b"mine"


def test_a_folder_in_the_place_of_a_file_is_refused(tmp_path):
    (tmp_path / "x.tex").mkdir()
    with pytest.raises(InputError, match="not a regular file"):
        write(tmp_path, {"x.tex": b"1"}, force=True)


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "out").write_bytes(b"mine")
    with pytest.raises(InputError, match="is not a folder"):
        write(tmp_path / "out", {"x.tex": b"1"}, force=True)


@pytest.mark.parametrize("trouble", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_trouble_in_the_middle_leaves_old_files_and_nothing_else(tmp_path, monkeypatch, trouble):
    (tmp_path / "x.tex").write_bytes(b"old")
    calls = []

    def fsync(number):
        calls.append(number)
        if len(calls) == 2:
            raise trouble

    monkeypatch.setattr(output.os, "fsync", fsync)
    with pytest.raises(type(trouble)):
        write(tmp_path, {"x.tex": b"new", "y.tex": b"new"}, force=True)
    assert contents(tmp_path) == {"x.tex": b"old"}


def test_trouble_in_the_middle_takes_back_the_folders_that_were_made(tmp_path, monkeypatch):
    def fsync(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(output.os, "fsync", fsync)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "a" / "b", {"x.tex": b"new"}, force=False)
    assert contents(tmp_path) == {}


def test_an_interrupt_waits_until_all_files_are_in_place():
    reached = False
    with pytest.raises(KeyboardInterrupt), undisturbed():  # noqa: PT012  (what happens inside is the point)
        os.kill(os.getpid(), signal.SIGINT)
        reached = True
    assert reached
