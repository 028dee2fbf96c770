import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from symgrad.cli import entry, show
from symgrad.errors import InputError, LimitError, MissingDependencyError, RuleError

ROOT = Path(__file__).parent.parent.parent


def test_without_a_command_the_help_is_shown(symgrad):
    assert symgrad().out == symgrad("--help").out
    assert symgrad().code == 0


def test_help_lists_every_command_with_the_first_line_of_its_own_help(symgrad):
    text = symgrad("--help").out
    for name, line in entry.COMMANDS.items():
        assert line in text
        ran = symgrad(name, "--help")
        assert ran.code == 0
        assert ran.out.startswith(f"Usage: symgrad {name}")


def test_every_command_can_answer_in_json(symgrad):
    assert [name for name in entry.COMMANDS if "--json" not in symgrad(name, "--help").out] == []


def test_the_version_is_told(symgrad):
    assert symgrad("--version").out == "symgrad, version 0.1.0\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["prov", "x"], "no command 'prov'; did you mean 'prove'?"),
        (["xyzzy"], "no command 'xyzzy'; `symgrad --help` lists them"),
        (["prove", "x", "--jsn"], "--json"),
        (["--jsn"], "No such option '--jsn'"),
        (["prove"], "say what to prove: NAME, a file, - or --from"),
        (["check"], "Missing argument 'NAME|FILE.sg|-'."),
        (["prove", "a", "b"], "unexpected extra argument"),
        (["prove", "x", "--to", "word"], "'word' is not one of 'txt'"),
        (["prove", "x", "--timeout", "0"], "'--timeout'"),
        (["prove", "x", "--timeout", "nan"], "seconds"),
        (["prove", "logistic_regresion"], "did you mean 'logistic_regression'?"),
        (["show", "logistic_regresion"], "did you mean 'logistic_regression'?"),
        (["completion", "tcsh"], "'tcsh' is not one of 'bash'"),
    ],
)
def test_wrong_usage_is_one_line_with_a_hint_and_exit_code_2(symgrad, arguments, message):
    ran = symgrad(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("symgrad: error: ")
    assert ran.err.count("\n") == 1
    assert message in ran.err


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (InputError("a.sg:1:2: no"), 2, "symgrad: error: a.sg:1:2: no\n"),
        (LimitError("too deep"), 4, "symgrad: error: too deep\n"),
        (MissingDependencyError("no TensorFlow"), 4, "symgrad: error: no TensorFlow\n"),
        (
            RuleError("trans", "middle terms differ", first="y[b]"),
            70,
            "symgrad: error: this is a bug in symgrad (RuleError: trans: middle terms differ); "
            "please report it with the input and what --debug prints\n",
        ),
        (KeyboardInterrupt(), 130, "symgrad: interrupted\n"),
        (MemoryError(), 4, "symgrad: error: out of memory\n"),
        (RecursionError(), 4, "symgrad: error: the input is nested too deeply\n"),
        (OSError(errno.ENOSPC, "No space left on device"), 4, "symgrad: error: No space left on device\n"),
        (PermissionError(errno.EACCES, "Permission denied", "f"), 2, "symgrad: error: f: Permission denied\n"),
        (
            ModuleNotFoundError("No module named 'flint'", name="flint"),
            4,
            "symgrad: error: the Python package 'flint' is missing; `symgrad doctor` says how to get it\n",
        ),
        (
            ZeroDivisionError("oops\nmore"),
            70,
            "symgrad: error: this is a bug in symgrad (ZeroDivisionError: oops); "
            "please report it with the input and what --debug prints\n",
        ),
        (InputError("evil \x1b[2J name"), 2, "symgrad: error: evil \\x1b[2J name\n"),
    ],
)
def test_every_error_is_one_line_and_an_exit_code(symgrad, monkeypatch, error, code, message):
    def fail(_):
        raise error

    monkeypatch.setattr(show.catalogue, "find", fail)
    ran = symgrad("show", "x")
    assert (ran.code, ran.out, ran.err) == (code, "", message)


def test_debug_shows_the_traceback(symgrad, monkeypatch):
    def fail(_):
        raise ZeroDivisionError

    monkeypatch.setattr(show.catalogue, "find", fail)
    assert "Traceback" in symgrad("show", "x", "--debug").err


def run_alone(*arguments, **options):
    return subprocess.run([sys.executable, "-m", "symgrad", *arguments], cwd=ROOT, check=False, timeout=60, **options)


def test_a_closed_pipe_is_no_error():
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as closed:
        ran = run_alone("--help", stdout=closed, stderr=subprocess.PIPE)
    assert (ran.returncode, ran.stderr) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device /dev/full, which Linux has")
def test_a_full_disk_is_a_limit():
    with Path("/dev/full").open("wb") as full:
        ran = run_alone("--help", stdout=full, stderr=subprocess.PIPE)
    assert (ran.returncode, ran.stderr) == (4, b"symgrad: error: No space left on device\n")


def test_a_terminal_without_unicode_gets_escapes():
    ran = run_alone("show", "∂", capture_output=True, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert ran.returncode == 2
    assert rb"\u2202" in ran.stderr


def test_an_interrupt_ends_with_130_and_one_line():
    running = subprocess.Popen(
        [sys.executable, "-m", "symgrad", "prove", "-"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with running:
        with pytest.raises(subprocess.TimeoutExpired):
            running.wait(timeout=2)  # it waits for its input
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=30)
    assert (running.returncode, out) == (130, b"")
    assert err.strip() == b"symgrad: interrupted"


def test_a_timeout_ends_with_4_and_one_line():
    read, write = os.pipe()  # nobody writes: prove waits for its input
    with os.fdopen(read, "rb") as silent:
        ran = run_alone("prove", "-", "--timeout", "1.5", stdin=silent, capture_output=True)
    os.close(write)
    assert (ran.returncode, ran.stdout) == (4, b"")
    assert ran.stderr == b"symgrad: error: not finished within 1.5 seconds (--timeout)\n"
