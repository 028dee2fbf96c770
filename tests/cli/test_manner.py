import contextlib
import io
import json
import time

import click
import pytest

from symgrad.cli import manner
from symgrad.cli.manner import Expired, Manner, Progress, start_clock, stop_clock


def stubborn():
    while True:
        with contextlib.suppress(Exception):  # as a library may do
            time.sleep(0.001)


def test_the_clock_interrupts_even_what_catches_every_exception():
    start_clock(0.02)
    try:
        with pytest.raises(Expired):
            stubborn()
    finally:
        stop_clock()


def test_a_stopped_clock_does_not_ring():
    start_clock(0.02)
    stop_clock()
    time.sleep(0.04)


@pytest.mark.parametrize("seconds", [float("nan"), float("inf")])
def test_the_clock_wants_a_number_of_seconds(seconds):
    with pytest.raises(click.UsageError, match="number of seconds"):
        start_clock(seconds)


def test_quiet_silences_remarks(capsys):
    Manner(quiet=True).say("a remark")
    assert capsys.readouterr() == ("", "")
    Manner().say("a remark")
    assert capsys.readouterr() == ("", "a remark\n")


def test_the_result_under_json_is_one_object_and_never_nan(capsys):
    Manner().give({"schema": 1, "formula": "∂"})
    assert json.loads(capsys.readouterr().out) == {"schema": 1, "formula": "∂"}
    with pytest.raises(ValueError, match="JSON"):
        Manner().give({"value": float("nan")})


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_appears_on_a_terminal_after_a_while(monkeypatch):
    monkeypatch.setattr(manner, "PATIENCE", 0.01)
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    with Progress(Manner()) as progress:
        progress("differentiating")
        time.sleep(0.5)
    assert "differentiating" in screen.getvalue()


def test_progress_does_not_appear_for_something_quick(monkeypatch):
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    with Progress(Manner()) as progress:
        progress("differentiating")
    assert screen.getvalue() == ""


def test_progress_does_not_appear_where_stderr_is_no_terminal(monkeypatch, capsys):
    monkeypatch.setattr(manner, "PATIENCE", 0.01)
    with Progress(Manner()) as progress:
        progress("differentiating")
        time.sleep(0.1)
    assert capsys.readouterr().err == ""


def test_verbose_tells_each_stage_and_its_time(capsys):
    with Progress(Manner(verbose=True)) as progress:
        progress("differentiating")
        progress("proving")
    lines = capsys.readouterr().err.splitlines()
    assert [line.split("s  ")[1] for line in lines] == ["differentiating", "proving"]
