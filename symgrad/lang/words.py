"""The words of the language: what is reserved, which functions there are, and what shorthand stands for.

Shorthand is expanded here and nowhere else, by the parser and by the Python authoring alike.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING

from symgrad.kernel.functions import DERIVATIVES, inverse, minus, square
from symgrad.kernel.terms import (
    MINUS,
    ONE,
    Apply,
    Entry,
    Index,
    Largest,
    Number,
    Plus,
    Power,
    Size,
    Sum,
    Term,
    Times,
    closed,
    letters,
    opened,
    sigma,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Sequence

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")

ARITY = {name: len(partials) for name, partials in DERIVATIVES.items()}
"""The functions of the kernel with their number of arguments."""

HALF = Fraction(1, 2)


def _silu(f: Term) -> Term:
    return Times((f, Apply("sigmoid", (f,))))


def _gelu(f: Term) -> Term:
    scaled = Times((f, Power(Number(Fraction(2)), -HALF)))
    return Times((f, Number(HALF), Plus((ONE, Apply("erf", (scaled,))))))


def _elu(f: Term, alpha: Term) -> Term:
    """relu(f) + alpha * (exp(f - relu(f)) - 1).

    f - relu(f) is min(f, 0): the exponential never grows, and relu's kink is the only one, so one hypothesis: f != 0.
    """
    positive = Apply("relu", (f,))
    return Plus((positive, Times((alpha, Plus((Apply("exp", (minus(f, positive),)), MINUS))))))


SHORTHAND: dict[str, tuple[int, Callable[..., Term]]] = {
    "square": (1, square),
    "sqrt": (1, lambda f: Power(f, HALF)),
    "silu": (1, _silu),
    "gelu": (1, _gelu),
    "elu": (2, _elu),
}
"""Functions that stand for a formula: number of arguments, and the formula."""


def mean(letter: Index, f: Term) -> Times:
    """``mean(letter, f)``."""
    return Times((inverse(Size(letter.size)), sigma(letter, f)))


def softmax(letter: Index, f: Term) -> Times:
    """``softmax(letter, f)``: exp(f) over the sum of exp(f) along the letter, which stays free."""
    exponential = Apply("exp", (f,))
    return Times((exponential, inverse(Sum(letter.size, closed(exponential, letter)))))


def logsumexp(letter: Index, f: Term) -> Apply:
    """``logsumexp(letter, f)``; binds the letter."""
    return Apply("log", (sigma(letter, Apply("exp", (f,))),))


def is_mean(first: Term, second: Term) -> bool:
    """Whether two factors are what ``mean`` stands for."""
    return isinstance(second, Sum) and first == inverse(Size(second.size))


def softmax_letter(first: Term, second: Term) -> Index | None:
    """The letter if two factors are what ``softmax`` over a letter stands for."""
    match first, second:
        case Apply("exp", (f,)), Power(Sum(size, body), exponent) if exponent == -1:
            return next((i for i in letters(f) if i.size == size and closed(first, i) == body), None)
    return None


def picked(term: Term, labels: Container[str]) -> tuple[Entry, Term] | None:
    """A label and an entry if a sum is what ``z[n, y[n]]`` stands for: that entry where the sum's index is the label.

    The label comes without its last position. The entry, whose index is bound, may be taken at further labels.
    """
    match term:
        case Sum(size, Times((Entry(tensor, (*own, 0)), inner))) if tensor in labels and 0 not in own:
            if _taken(inner, size, labels):
                return Entry(tensor, tuple(own)), inner
    return None


def _taken(inner: Term, size: str, labels: Container[str]) -> bool:
    """Whether ``inner`` is an entry that may be taken at labels, and the bound index stands in it once."""
    mark = Index("'" * (1 + max((len(i.name) for i in letters(inner)), default=0)), size)
    term = opened(inner, mark)
    while (found := picked(term, labels)) is not None and mark not in found[0].indices:
        term = opened(found[1], Index(f"{mark.name}'", size))
    return isinstance(term, Entry) and term.tensor not in labels and term.indices.count(mark) == 1


def paired(factors: Sequence[Term]) -> tuple[Term, ...]:
    """The factors with those that shorthand stands for brought together, otherwise in their order."""
    left, made = list(factors), []
    while left:
        first = left.pop(0)
        for second in left:
            if is_mean(first, second) or softmax_letter(first, second):
                made += [first, second]
            elif is_mean(second, first) or softmax_letter(second, first):
                made += [second, first]
            else:
                continue
            left.remove(second)
            break
        else:
            made.append(first)
    return tuple(made)


OVER: dict[str, Callable[[Index, Term], Term]] = {
    "sum": sigma,
    "mean": mean,
    "softmax": softmax,
    "logsumexp": logsumexp,
    "max": lambda letter, f: sigma(letter, f, Largest),
}
"""What takes an index letter and a formula; ``max`` may take two formulas instead."""

FUNCTIONS = tuple(dict.fromkeys([*(name for name in ARITY if ARITY[name]), *SHORTHAND, *OVER, "delta", "size"]))
"""Everything that is written name(...)."""

STATEMENTS = ("index", "batch", "data", "parameter", "assume", "claim", "expect", "title", "source")

RESERVED = frozenset({*FUNCTIONS, *STATEMENTS, "pi"})
