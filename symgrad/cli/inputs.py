"""What a command is about: an entry of the catalogue, a file, or standard input."""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from symgrad import catalogue
from symgrad.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

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
    return optional_derivation_argument(function, required=True)


def optional_derivation_argument(function: Callable[..., Any], *, required: bool = False) -> Callable[..., Any]:
    """The same argument for a command that may be about something else instead."""
    argument = click.argument("what", metavar="NAME|FILE.sg|-", required=required, shell_complete=complete_name)
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


_FUNCTION = re.compile(r"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*):([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)", re.ASCII)
_SPEC = re.compile(r"([A-Za-z_]\w*)=(float32|float64|int32|int64)(?:\[([^\[\]]*)\])?", re.ASCII)

LARGEST = 65_536
"""Of a dimension in a spec."""


def function_of(what: str, manner: Manner) -> Callable[..., Any]:
    """The function ``module:function``; the module is imported from the current folder, which runs the user's code.

    Raises:
        InputError: if the words do not name a function, or the module cannot be imported.
    """
    named = _FUNCTION.fullmatch(what)
    if named is None:
        raise InputError(f"{what!r} is neither module:function nor a .keras file")
    module, path = named.groups()
    load_quietly("tensorflow")  # before the user's module loads it aloud
    here = str(Path.cwd())
    manner.say(f"symgrad: importing {module}, which runs its code")
    sys.path.insert(0, here)
    try:
        found: Any = import_module(module)
    except Exception as error:
        told = str(error).partition("\n")[0]
        raise InputError(f"the module {module} cannot be imported: {type(error).__name__}: {told}") from error
    finally:
        sys.path.remove(here)
    for name in path.split("."):
        if not hasattr(found, name):
            raise InputError(f"the module {module} has no {path}")
        found = getattr(found, name)
    if not callable(found):
        raise InputError(f"{what} is not a function")
    return found  # type: ignore[no-any-return]


def imported_model(source: str, specs: Iterable[str], manner: Manner, *, normalized_labels: bool) -> Model:
    """What the function ``module:function`` computes, as a model.

    Raises:
        InputError: if there is no such function, or it cannot be read exactly.
        MissingDependencyError: if TensorFlow is not installed.
    """
    from symgrad.importers.function import from_function

    function = function_of(source, manner)
    model = from_function(function, normalized_labels=normalized_labels, **specs_of(specs))
    for warning in model.warnings:
        manner.say(f"symgrad: warning: {warning}")
    return model


def specs_of(texts: Iterable[str]) -> dict[str, Any]:
    """Arguments of a function from texts like ``x=float32[N,784]``; ``N`` is the batch, and stands first.

    Raises:
        InputError: if a text is not of this form, or a name comes twice.
        MissingDependencyError: if TensorFlow is not installed.
    """
    from symgrad.oracles.tensorflow import imported

    tf = imported()
    found: dict[str, Any] = {}
    for text in texts:
        read = _SPEC.fullmatch(text.replace(" ", ""))
        if read is None:
            raise InputError(f"--spec {text!r}: expected name=float32[N,784], with float32, float64, int32 or int64")
        name, kind, sizes = read.groups()
        if name in found:
            raise InputError(f"--spec {text!r}: {name} comes twice")
        words = sizes.split(",") if sizes else []
        if any(not (word.isdecimal() and 1 <= int(word[:6]) <= LARGEST) for word in words if word != "N"):
            raise InputError(f"--spec {text!r}: a size is N or a number from 1 to {LARGEST}")
        if "N" in words[1:]:
            raise InputError(f"--spec {text!r}: N, the batch, may only be the first size")
        found[name] = tf.TensorSpec([None if word == "N" else int(word) for word in words], kind)
    if not found:
        raise InputError("say what the function takes, like --spec 'x=float32[N,784]'")
    return found


def load_quietly(backend: str) -> None:
    """Import a framework with stderr set aside: TensorFlow greets there before it can be told not to.

    One that is missing or broken is left to the check, which says how to get it.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with Path(os.devnull).open("w") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        with suppress(ImportError):
            import_module(backend)
    finally:
        os.dup2(kept, 2)
        os.close(kept)
