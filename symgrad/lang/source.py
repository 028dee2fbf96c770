"""The text of a derivation and places in it: limits, statements, and errors that show the line.

Everything that can be refused before parsing is refused here, so that the parser meets only short, shallow text.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, NamedTuple

from symgrad.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_CHARACTERS = 100_000
MAX_DEPTH = 100
MAX_DIGITS = 18
MAX_EXPONENT = 16
MAX_NAME = 64
_WINDOW = 100
_FREE_TEXT = re.compile(r"[ \t]*(title|source)(?![A-Za-z0-9_])")
_CLOSING = {"(": ")", "[": "]"}
_MARKS = re.compile(r"[()\[\]#\n]")
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""Characters that hide or reorder text: control characters, direction marks, line separators, surrogates."""


class SourceError(InputError):
    """Something in a text is not acceptable; the first line of the message names the place.

    Attributes:
        file: name of the file as given.
        line: from 1.
        column: from 1.
        what: the message without the place.
    """

    def __init__(self, file: str, line: int, column: int, what: str, shown: str) -> None:
        self.file, self.line, self.column, self.what = file, line, column, what
        super().__init__(f"{file}:{line}:{column}: {what}{shown}")


class Statement(NamedTuple):
    """A statement as it stands in the text, and where it starts."""

    text: str
    at: int


def character(mark: str) -> str:
    """How an error names a character: itself if it can be read without doubt, else its code and Unicode name."""
    if mark.isascii() and mark.isprintable():
        return repr(mark)
    return f"U+{ord(mark):04X} ({unicodedata.name(mark, 'a control character').lower()})"


def suggestion(name: str, known: Iterable[str]) -> str:
    """The end of an error message about an unknown name: the nearest known one, or what is known."""
    choices = list(dict.fromkeys(known))
    near = get_close_matches(name, choices, n=1) or [k for k in choices if k.lower() == name.lower()]
    if near:
        return f", did you mean {near[0]}?"
    return f", expected one of {', '.join(choices)}" if 0 < len(choices) <= 12 else ""


@dataclass(frozen=True)
class Source:
    """A text with the name that errors give it."""

    text: str
    file: str

    def error(self, at: int, what: str) -> SourceError:
        """The error ``what`` at offset ``at``, with the line and a caret below it."""
        at = min(at, len(self.text))
        start = self.text.rfind("\n", 0, at) + 1
        stop = self.text.find("\n", at)
        line = self.text[start : len(self.text) if stop < 0 else stop]
        column = at - start
        cut = max(0, column - _WINDOW // 2)
        shown = _UNSEEN.sub("?", line[cut : cut + _WINDOW].replace("\t", " ")).rstrip()
        number = self.text.count("\n", 0, at) + 1
        return SourceError(self.file, number, column + 1, what, f"\n    {shown}\n    {' ' * (column - cut)}^")

    def checked(self) -> Source:
        """This text with its line ends normalised.

        Raises:
            SourceError: if it is too long, or holds a character that hides or reorders text.
        """
        text = self.text.replace("\r\n", "\n").removeprefix("\ufeff")
        if len(text) > MAX_CHARACTERS:
            where = Source(text[: MAX_CHARACTERS + 1], self.file)
            raise where.error(MAX_CHARACTERS, f"the text is too long, expected at most {MAX_CHARACTERS:,} characters")
        if found := _UNSEEN.search(text):
            what = f"{character(found[0])} is not allowed in a text, expected characters that can be seen"
            raise Source(text, self.file).error(found.start(), what)
        return Source(text, self.file)

    def introduction(self) -> tuple[str, ...]:
        """The comment block at the top, a line each, without the marks."""
        lines: list[str] = []
        for line in self.text.lstrip("\n \t").split("\n"):
            if not line.lstrip().startswith("#"):
                break
            lines.append(line.strip()[1:].removeprefix(" "))
        return tuple(lines)

    def statements(self) -> list[Statement]:
        """The statements in order: one per line, a line going on while a bracket is open.

        Raises:
            SourceError: if a bracket is never closed, closes nothing, or brackets nest too deep.
        """
        found: list[Statement] = []
        at, end = 0, len(self.text)
        while at < end:
            stop = self._line_end(at) if _FREE_TEXT.match(self.text, at) else self._statement_end(at)
            piece = self.text[at:stop]
            bare = piece.lstrip()
            if bare and not bare.startswith("#"):
                found.append(Statement(bare.rstrip(), at + len(piece) - len(bare)))
            at = stop + 1
        return found

    def _line_end(self, at: int) -> int:
        stop = self.text.find("\n", at)
        return len(self.text) if stop < 0 else stop

    def _statement_end(self, at: int) -> int:
        """Where the statement that starts at ``at`` ends: the first line end outside all brackets."""
        open_brackets: list[int] = []
        while mark := _MARKS.search(self.text, at):
            at = mark.start() + 1
            match mark[0]:
                case "\n" if not open_brackets:
                    return mark.start()
                case "#":
                    at = self._line_end(at)
                case "(" | "[":
                    open_brackets.append(mark.start())
                    if len(open_brackets) > MAX_DEPTH:
                        raise self.error(mark.start(), f"brackets nest too deep, expected at most {MAX_DEPTH} levels")
                case ")" | "]" as closing:
                    opening = "(" if closing == ")" else "["
                    if not open_brackets:
                        raise self.error(mark.start(), f"{closing!r} closes nothing, expected {opening!r} before it")
                    if (opened := self.text[open_brackets.pop()]) != opening:
                        what = f"{closing!r} does not close {opened!r}, expected {_CLOSING[opened]!r}"
                        raise self.error(mark.start(), what)
        if open_brackets:
            opened = self.text[open_brackets[-1]]
            raise self.error(open_brackets[-1], f"{opened!r} is never closed, expected {_CLOSING[opened]!r}")
        return len(self.text)
