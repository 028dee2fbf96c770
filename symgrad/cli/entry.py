"""The command ``symgrad``: finds the subcommand, and turns whatever happens into one line and an exit code.

Help texts stand in the table here and a command's module is imported only when that command runs, so that
``symgrad --help`` starts about as fast as Python and click do.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, NoReturn

import click

from symgrad import __version__
from symgrad.cli.manner import Expired, Manner, remark, stop_clock
from symgrad.errors import SymgradError

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = {
    "prove": "Derive the gradients of a loss, prove them and show the proof.",
    "check": "Measure the derived formulas against automatic differentiation.",
    "audit": "Say what a loss of yours computes, and what its averaging does.",
    "plot": "Draw per-sample losses, the batch loss and their gradients.",
    "explain": "Answer the standing questions about averaged losses, as a page.",
    "bench": "Time the emitted code against JAX.",
    "verify": "Let the checker replay a certificate.",
    "list": "List the derivations of the catalogue.",
    "show": "Print a derivation of the catalogue as its file.",
    "new": "Write a loss as a file to edit.",
    "doctor": "Say what is installed, what is missing and how to get it.",
    "completion": "Print the completion script of a shell.",
}
"""Every command, in the order a newcomer meets them, with its one line of help."""

BUG, INTERRUPTED, CLOSED_PIPE = 70, 130, 141
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EMFILE, errno.ENFILE, errno.ENOMEM})
"""Operating system errors that are limits reached, rather than something wrong with what was asked."""


class Commands(click.Group):
    """The group of commands; each is imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  (click's signature)
        """The names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command, or nothing if there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"symgrad.cli.{cmd_name}").command
        return command if isinstance(command, click.Command) else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, but an unknown name is answered with the nearest one."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            near = get_close_matches(name, COMMANDS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else "`symgrad --help` lists them"
            raise click.UsageError(f"no command {name!r}; {hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The table of commands, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="symgrad")
@click.pass_context
def symgrad(context: click.Context) -> None:
    """Prove, typeset and measure the gradient of a batch loss.

    Begin with: symgrad prove logistic_regression
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def main() -> NoReturn:
    """Run the command line and exit with its code."""
    sys.exit(run())


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command; every error becomes one line on stderr.

    Returns:
        The exit code: 0 proved or agreed, 1 refuted, 2 bad input, 3 undecided, 4 a limit or a missing dependency,
        70 a bug of symgrad, 130 interrupted, 141 the reader of our output went away.
    """
    manner = Manner()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that cannot show ∂ shows \u2202
    try:
        code = invoked(sys.argv[1:] if arguments is None else list(arguments), manner)
        sys.stdout.flush()
    except (Exception, KeyboardInterrupt, Expired) as error:  # noqa: BLE001  (this is where errors become exit codes)
        if manner.debug:
            import traceback

            traceback.print_exc()
        code, message = judged(error, manner)
        if code == CLOSED_PIPE:
            # Python flushes stdout once more when it exits; let that go nowhere.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        elif message:
            remark(f"symgrad: {printable(message)}")
    finally:
        stop_clock()
    return code


def invoked(arguments: list[str], manner: Manner) -> int:
    """Run one command as click's own ``main`` does, but let every error through."""
    if wish := os.environ.get("_SYMGRAD_COMPLETE"):
        from click.shell_completion import shell_complete

        return shell_complete(symgrad, {}, "symgrad", "_SYMGRAD_COMPLETE", wish)
    try:
        with symgrad.make_context("symgrad", arguments, obj=manner) as context:
            return symgrad.invoke(context) or 0
    except click.exceptions.Exit as leaving:
        return leaving.exit_code


def judged(error: BaseException, manner: Manner) -> tuple[int, str]:
    """The exit code that ``error`` deserves, and what to say."""
    match error:
        case click.ClickException():
            return 2, f"error: {error.format_message()}"
        case SymgradError() if error.exit_code != BUG:
            return error.exit_code, f"error: {error}"
        case KeyboardInterrupt():
            return INTERRUPTED, "interrupted"
        case Expired():
            return 4, f"error: not finished within {manner.timeout:g} seconds (--timeout)"
        case BrokenPipeError():
            return CLOSED_PIPE, ""
        case MemoryError():
            return 4, "error: out of memory"
        case RecursionError():
            return 4, "error: the input is nested too deeply"
        case OSError():
            place = f"{error.filename}: " if error.filename else ""
            return 4 if error.errno in FULL else 2, f"error: {place}{error.strerror or error}"
        case ModuleNotFoundError(name=str(name)) if not name.startswith("symgrad"):
            return 4, f"error: the Python package {name!r} is missing; `symgrad doctor` says how to get it"
    return BUG, (
        f"error: this is a bug in symgrad ({type(error).__name__}: {str(error).partition(chr(10))[0]}); "
        "please report it with the input and what --debug prints"
    )


def printable(text: str) -> str:
    """``text`` with control characters escaped, so that nobody's file can steer the terminal."""
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)
