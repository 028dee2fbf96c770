import os
import socket

import pytest

from symgrad.cli.inputs import read_limited
from symgrad.errors import InputError

HEAD = "index n : N, d : D\nbatch n\ndata x[n, d], y[n]\nparameter w[d]\n"
LOSS = "loss[n] = (sum(d, w[d] * x[n, d]) - y[n])^2\n"


@pytest.fixture
def nothing_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    yield
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("nothing_written")
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "missing"),
        ("  \n\t\n", "missing"),
        (HEAD + "loss[n] = foo(y[n])", "foo"),
        (HEAD + "loss[n] = w[q]", "q"),
        (HEAD + "loss[n] = sum(d, w[d, d])", "w"),
        (HEAD + "loss[n] = w[n]", "w"),
        (HEAD + "loss[n] = sum(d, w[d] * sum(d, w[d]))", "d"),
        (HEAD + LOSS + "objective = loss[n]", "n"),
        (HEAD + "parameter w[d]\n" + LOSS, "w"),
        (HEAD + "loss[n] = __import__('os')", "_"),
        (HEAD + "loss[n] = __import__('os').system('touch pwned')", "_"),
        (HEAD + "loss[n] = 9^9^9", "^"),
        (HEAD + "loss[n] = y[n]^1000000", "16"),
        (HEAD + "loss[n] = " + "(" * 20_000, "deep"),
        (HEAD + "loss[n] = " + "-" * 90_000 + "y[n]", ""),
        (HEAD + "loss[n] = " + "9" * 5_000, "18"),
        (HEAD + "loss[n] = y[n].real", "'.'"),
        (HEAD + "loss[n] = lambda y: y", ""),
        (HEAD + "loss[n] = y[n]; loss[n] = 1", "';'"),
        (HEAD + "loss[n] = ((y[n])", "closed"),
        (HEAD + "loss[n] = 2y[n]", "y"),
        (HEAD + "loss[n] = tanh(y[n], y[n])", "tanh"),
        (HEAD + "loss[n] = \u0430[n]", "U+0430"),
        (HEAD + "loss[n] = y[n] # \u202e", "U+202E"),
        (HEAD + LOSS + "x" * 100_001, "100,000"),
        (HEAD + LOSS + "expect nonsense refuted", "nonsense"),
        (HEAD + LOSS + "assume w[d] = 1", "w"),
    ],
)
def test_bad_text_is_refused_with_its_place_and_nothing_is_written(symgrad, text, message):
    ran = symgrad("prove", "-", "-o", "out", "--to", "tex", stdin=text.encode())
    assert (ran.code, ran.out) == (2, "")
    first = ran.err.splitlines()[0]
    assert first.startswith("symgrad: error: <stdin>:")
    assert message in first


@pytest.mark.usefixtures("nothing_written")
def test_invalid_utf_8_is_refused_with_its_place(symgrad):
    ran = symgrad("prove", "-", stdin=b"title x\nindex n \xff N\n")
    assert ran.code == 2
    assert ran.err.startswith("symgrad: error: <stdin>:2:")
    assert "UTF-8" in ran.err


def test_a_parameter_that_does_not_occur_is_a_warning(symgrad):
    ran = symgrad("prove", "-", stdin=(HEAD + "parameter v\n" + LOSS).encode())
    assert ran.code == 0
    assert ran.err.startswith("symgrad: warning: ")
    assert "v" in ran.err
    assert symgrad("prove", "-", "-q", stdin=(HEAD + "parameter v\n" + LOSS).encode()).err == ""


def test_a_byte_order_mark_and_windows_line_ends_are_accepted(symgrad):
    text = b"\xef\xbb\xbf" + (HEAD + LOSS).replace("\n", "\r\n").encode()
    assert symgrad("prove", "-", stdin=text).code == 0


@pytest.mark.parametrize("what", ["missing.sg", "folder.sg", "pipe.sg", "socket.sg", "/dev/zero", "a\0b.sg"])
def test_what_is_not_a_regular_file_is_refused(symgrad, tmp_path, monkeypatch, what):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.sg").mkdir()
    os.mkfifo(tmp_path / "pipe.sg")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("socket.sg")
        ran = symgrad("prove", what)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.count("\n") == 1


def test_a_file_is_read_up_to_its_limit(tmp_path):
    file = tmp_path / "certificate.json"
    file.write_bytes(b"12345")
    assert read_limited(file, 5) == b"12345"
    with pytest.raises(InputError, match="larger than 4 bytes"):
        read_limited(file, 4)
    with pytest.raises(InputError, match="not a regular file"):
        read_limited(tmp_path, 5)
    with pytest.raises(InputError, match="no file"):
        read_limited(tmp_path / "other", 5)
