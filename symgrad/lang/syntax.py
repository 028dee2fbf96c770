"""From the text of one statement to its syntax tree: what the grammar knows, and nothing about meaning."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import Any

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedInput, UnexpectedToken
from lark.visitors import v_args

from symgrad.lang.source import MAX_DEPTH, MAX_DIGITS, MAX_EXPONENT, MAX_NAME, character


@dataclass(frozen=True, slots=True)
class Word:
    """A name where it stands."""

    at: int
    text: str


@dataclass(frozen=True, slots=True)
class Label(Word):
    """A label ``y[n]`` that stands for a letter; ``text`` is its name."""

    letters: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """A piece of a formula; ``at`` is its offset in the text, ``depth`` how deep it nests."""

    at: int
    depth: int


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """A number as written, without sign."""

    value: Fraction


@dataclass(frozen=True, slots=True)
class Named(Node):
    """A tensor, a letter, a size or a constant, with the letters and labels in its brackets if it has them."""

    name: str
    indices: tuple[Word, ...] | None


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A function, a sum, a derivative's half: ``name(arguments)``."""

    name: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Raised(Node):
    """A literal rational power."""

    base: Node
    exponent: Fraction


@dataclass(frozen=True, slots=True)
class Negative(Node):
    """A minus sign before a factor."""

    body: Node


@dataclass(frozen=True, slots=True)
class Bracket(Node):
    """Round brackets: a chain inside them is not joined with the chain around them."""

    body: Node


@dataclass(frozen=True, slots=True)
class Chain(Node):
    """Terms with the sign before each (``+ -``), or factors with ``*`` or ``/`` before each."""

    items: tuple[tuple[str, Node], ...]


class Misplaced(Exception):  # noqa: N818, it never leaves this package: ``parser`` turns it into a SourceError
    """Something in a statement is not acceptable, at this offset from where the statement starts."""

    def __init__(self, at: int, what: str) -> None:
        self.at, self.what = at, what
        super().__init__(what)


def _nested(at: int, *inner: Node) -> int:
    depth = 1 + max((node.depth for node in inner), default=-1)
    if depth > MAX_DEPTH:
        raise Misplaced(at, f"the formula nests too deep, expected at most {MAX_DEPTH} levels")
    return depth


def _chain(sign: str, first: Node, rest: tuple[Any, ...]) -> Chain:
    items = ((sign, first), *zip((word.text for word in rest[::2]), rest[1::2], strict=True))
    return Chain(first.at, _nested(first.at, *(node for _, node in items)), items)


@v_args(inline=True)
class _Build(Transformer[Token, Any]):
    """One method per rule of the grammar that stands for more than its only part."""

    def NAME(self, token: Token) -> Word:  # noqa: N802, the grammar's name of the terminal
        if len(token) > MAX_NAME:
            raise Misplaced(token.start_pos or 0, f"the name is too long, expected at most {MAX_NAME} characters")
        return Word(token.start_pos or 0, str(token))

    def NUMBER(self, token: Token) -> Literal:  # noqa: N802
        at = token.start_pos or 0
        if len(token.replace(".", "")) > MAX_DIGITS:
            raise Misplaced(at, f"the number is too long, expected at most {MAX_DIGITS} digits")
        return Literal(at, 0, Fraction(str(token)))

    def TEXT(self, token: Token) -> Word:  # noqa: N802
        text = re.sub(r"(^|\s)#.*", "", token).strip()
        if not text:
            raise Misplaced(token.start_pos or 0, "a comment stands here, expected a line of text")
        return Word(token.start_pos or 0, text)

    def EQUAL(self, token: Token) -> Word:  # noqa: N802
        return Word(token.start_pos or 0, str(token))

    ADD = MUL = CLAIM = UNEQUAL = EQUAL

    def indices(self, *names: Word) -> tuple[Word, ...]:
        return names

    places = indices

    def place(self, name: Word, letters: tuple[Word, ...] | None) -> Word:
        return Label(name.at, name.text, letters) if letters else name

    def declared(self, pattern: Named, size: Word | None) -> tuple[Named, Word | None]:
        return pattern, size

    def range(self, letter: Word, size: Word) -> tuple[Word, Word]:
        return letter, size

    def pattern(self, name: Word, indices: tuple[Word, ...] | None) -> Named:
        return Named(name.at, 0, name.text, indices)

    named = pattern

    def literal(self, number: Literal) -> Literal:
        return number

    def call(self, name: Word, *arguments: Node) -> Call:
        return Call(name.at, _nested(name.at, *arguments), name.text, arguments)

    def bracket(self, body: Node) -> Bracket:
        return Bracket(body.at, body.depth, body)

    def negative(self, body: Node) -> Negative:
        return Negative(body.at, _nested(body.at, body), body)

    def raised(self, base: Node, exponent: tuple[int, Fraction]) -> Raised:
        at, value = exponent
        if abs(value) > MAX_EXPONENT:
            raise Misplaced(at, f"the exponent is too large, expected at most {MAX_EXPONENT} in size")
        return Raised(base.at, _nested(base.at, base), base, value)

    def exponent(self, minus: Token | None, above: Literal, below: Literal | None = None) -> tuple[int, Fraction]:
        if below is not None and not below.value:
            raise Misplaced(below.at, "division by zero, expected another number")
        value = above.value / (below.value if below else 1)
        return above.at, -value if minus else value

    def chain(self, first: Node, *rest: Any) -> Node:
        return _chain("+", first, rest) if rest else first

    def product(self, first: Node, *rest: Any) -> Node:
        return _chain("*", first, rest) if rest else first


@cache
def _parser() -> Lark:
    grammar = files("symgrad.lang").joinpath("grammar.lark").read_text("utf-8")
    return Lark(grammar, parser="lalr", start=["statement", "formula"], transformer=_Build(), maybe_placeholders=True)


def parsed_statement(text: str) -> tuple[str, list[Any]]:
    """The kind of a statement (the grammar's name for it) and its parts.

    Raises:
        Misplaced: if the text is not a statement of the language.
    """
    tree = _parsed(text, "statement")
    return str(tree.data), tree.children


def parsed_formula(text: str) -> Node:
    """The syntax tree of a formula.

    Raises:
        Misplaced: if the text is not a formula of the language.
    """
    made: Node = _parsed(text, "formula")
    return made


def _parsed(text: str, start: str) -> Any:
    try:
        return _parser().parse(text, start=start)
    except UnexpectedInput as error:
        at = error.pos_in_stream if isinstance(error, UnexpectedCharacters) else None
        if isinstance(error, UnexpectedToken) and error.token.type != "$END":
            at = error.token.start_pos
        at = len(text) if at is None else at
        parser = getattr(error, "interactive_parser", None)
        wanted = _wanted(set(parser.accepts()) if parser else set())
        raise Misplaced(at, f"{_found(text, at)}, expected {wanted}{_hint(text, at)}") from None


def _found(text: str, at: int) -> str:
    """What stands at ``at``, in words."""
    if at >= len(text):
        return "the statement ends too early"
    word = re.compile(r"[A-Za-z0-9_]{1,64}").match(text, at)
    return f"unexpected {word[0] if word else character(text[at])}"


_OPERAND = {"NAME", "NUMBER", "LPAR"}
_SIGNS = {
    "ADD": "+",
    "MUL": "*",
    "CIRCUMFLEX": "^",
    "EQUAL": "=",
    "COMMA": ",",
    "COLON": ":",
    "LPAR": "(",
    "RPAR": ")",
    "LSQB": "[",
    "RSQB": "]",
    "MINUS": "-",
    "UNEQUAL": "> or !=",
    "SLASH": "/",
}


def _wanted(terminals: set[str]) -> str:
    """The terminals that the parser could go on with, in words."""
    if "INDEX" in terminals:
        return "a statement (index, batch, data, parameter, assume, claim, expect, title, source, or name = formula)"
    if terminals >= _OPERAND:
        return "a formula"
    if "NUMBER" in terminals:
        return "a literal rational number"
    if "TEXT" in terminals:
        return "a line of text"
    if "NAME" in terminals:
        return "a name"
    signs = [f"'{sign}'" for name, sign in _SIGNS.items() if name in terminals]
    operators = {"ADD", "MUL"} <= terminals
    if operators:
        signs = ["an operator (+ - * / ^)", *(s for s in signs if s not in {"'+'", "'*'", "'^'", "'-'", "'/'"})]
    return " or ".join([*signs[:3], *(["the end of the line"] if "$END" in terminals or not signs else [])])


def _hint(text: str, at: int) -> str:
    """What the writer may have meant."""
    before = text[:at].rstrip()
    after = text[at : at + 1]
    if before.endswith("*") and after == "*":
        return ", did you mean ^?"
    if before.endswith("=") and after == "=":
        return ", did you mean a single =?"
    if before[-1:].isdigit() and after.isalpha() and (number := re.search(r"(?<![A-Za-z0-9_])[0-9.]+$", before)):
        return f", did you mean {number[0]} * {_found(text, at).removeprefix('unexpected ')}?"
    return ""
