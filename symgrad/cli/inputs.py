"""What a command is about: an entry of the catalogue, a file, or standard input."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from symgrad import catalogue
from symgrad.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.shell_completion import CompletionItem

    from symgrad.cli.manner import Manner
    from symgrad.lang.model import Model

LIMIT = 400_004
"""Bytes of standard input that are read: more than a derivation may have, so the language refuses what is longer."""


def complete_name(context: click.Context, parameter: click.Parameter, beginning: str) -> list[CompletionItem]:  # noqa: ARG001
    """Names of the catalogue, and files, that begin so: what the shell offers."""
    from click.shell_completion import CompletionItem

    entries = [CompletionItem(name) for name in catalogue.names() if name.startswith(beginning)]
    return entries or [CompletionItem(beginning, type="file")]


def derivation_argument(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the argument ``NAME|FILE.sg|-``."""
    argument = click.argument("what", metavar="NAME|FILE.sg|-", shell_complete=complete_name)
    return argument(function)


def model_of(what: str, manner: Manner) -> Model:
    """The model that ``what`` names: an entry of the catalogue, a file ending in ``.sg``, or ``-`` for stdin.

    Raises:
        InputError: if there is no such thing, or what it says is not well formed.
    """
    from symgrad.lang.parser import decoded, load_model, parse_model

    if what == "-":
        text = decoded(sys.stdin.buffer.read(LIMIT), "<stdin>")
        model = parse_model(text, "stdin", "<stdin>")
    elif is_path(what):
        model = load_model(Path(what))
    else:
        model = load_model(catalogue.find(what))
    for warning in model.warnings:
        manner.say(f"symgrad: warning: {warning}")
    return model


def is_path(what: str) -> bool:
    """Whether ``what`` is meant as a file: it ends in ``.sg`` or has a folder in front."""
    return what.endswith(".sg") or "/" in what or "\\" in what


def read_limited(path: Path, limit: int) -> bytes:
    """The bytes of a regular file of at most ``limit`` bytes.

    Raises:
        InputError: if there is no such file, or it is no regular one, or larger.
    """
    if not path.exists():
        raise InputError(f"no file {path}")
    if not path.is_file():
        raise InputError(f"{path} is not a regular file")
    with path.open("rb") as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise InputError(f"{path} is larger than {limit:,} bytes")
    return content
