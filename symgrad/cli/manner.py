"""How a command reports: the options that every command has, its clock and its progress line."""

from __future__ import annotations

import json
import math
import signal
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import FrameType, TracebackType

    from rich.status import Status

PATIENCE = 1.0
"""Seconds before a progress line appears."""


class Expired(BaseException):
    """The time given with ``--timeout`` is over; like an interrupt, no ``except Exception`` may swallow it."""


@dataclass
class Manner:
    """How the running command reports. The options below fill it in."""

    json: bool = False
    quiet: bool = False
    verbose: bool = False
    debug: bool = False
    timeout: float = field(default=math.inf)

    def say(self, text: str) -> None:
        """A remark beside the result, on stderr; ``--quiet`` silences it."""
        if not self.quiet:
            remark(text)

    def give(self, answer: Mapping[str, Any]) -> None:
        """The one JSON object that is the result of a command under ``--json``."""
        plain = "utf" not in (sys.stdout.encoding or "").lower()
        put(json.dumps(answer, ensure_ascii=plain, allow_nan=False, indent=2) + "\n")


def put(text: str) -> None:
    """Write a result to stdout, in whatever encoding that has: click would send UTF-8 to a terminal that has none."""
    sys.stdout.write(text)


def remark(text: str) -> None:
    """Write a line to stderr."""
    sys.stderr.write(f"{text}\n")


def common(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that all have, and pass it the ``Manner`` as first argument."""

    def note(context: click.Context, parameter: click.Parameter, value: Any) -> None:
        if value is not None:
            setattr(context.find_object(Manner), str(parameter.name), value)

    def start(context: click.Context, parameter: click.Parameter, value: float | None) -> None:
        note(context, parameter, value)
        if value is not None:
            start_clock(value)

    options = (
        click.option("--json", is_flag=True, expose_value=False, callback=note, help="One JSON object on stdout."),
        click.option("-q", "--quiet", is_flag=True, expose_value=False, callback=note, help="Only the result."),
        click.option("-v", "--verbose", is_flag=True, expose_value=False, callback=note, help="Say what takes time."),
        click.option(
            "--timeout",
            type=click.FloatRange(min=0, min_open=True, max=1e7),
            metavar="SECONDS",
            expose_value=False,
            callback=start,
            help="Give up after so long, with exit code 4. Default: no limit.",
        ),
        click.option("--debug", is_flag=True, expose_value=False, callback=note, help="Show tracebacks of errors."),
    )
    function = click.pass_obj(function)
    for option in reversed(options):
        function = option(function)
    return function


def start_clock(seconds: float) -> None:
    """Raise ``Expired`` in the main thread after ``seconds``, and again each second in case a library swallows it.

    Raises:
        click.UsageError: where the system has no such timer (Windows), or the number is none.
    """
    if not hasattr(signal, "setitimer"):
        raise click.UsageError("--timeout needs a timer that this operating system does not have")
    if not math.isfinite(seconds):
        raise click.UsageError("--timeout needs a number of seconds")

    def expire(_number: int, _frame: FrameType | None) -> None:
        raise Expired

    signal.signal(signal.SIGALRM, expire)
    signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)


def stop_clock() -> None:
    """Stop what ``start_clock`` started."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, 0)


class Progress:
    """A line on stderr that tells the current stage, for anything over a second, if stderr is a terminal.

    Call it with the name of each stage. Under ``--verbose`` it writes one line per stage with the time that it took.
    """

    def __init__(self, manner: Manner) -> None:
        self._verbose = manner.verbose
        self._timer: threading.Timer | None = None
        self._status: Status | None = None
        self._lock = threading.Lock()
        self._stage, self._since = "", time.monotonic()
        if sys.stderr.isatty() and not manner.quiet and not manner.verbose:
            self._timer = threading.Timer(PATIENCE, self._appear)
            self._timer.daemon = True

    def __enter__(self) -> Progress:
        if self._timer:
            self._timer.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self("")
        with self._lock:
            if self._timer:
                self._timer.cancel()
                self._timer = None
            if self._status:
                self._status.stop()

    def __call__(self, stage: str) -> None:
        """Say what is being done now."""
        now = time.monotonic()
        if self._verbose and self._stage:
            remark(f"{now - self._since:7.2f} s  {self._stage}")
        self._stage, self._since = stage, now
        if self._status and stage:
            self._status.update(stage)

    def _appear(self) -> None:
        from rich.console import Console
        from rich.status import Status

        with self._lock:
            if self._timer:  # not over meanwhile
                self._status = Status(self._stage or "working", console=Console(stderr=True))
                self._status.start()
