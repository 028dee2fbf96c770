"""The terms that the kernel speaks of: a closed set of frozen, inert trees.

Bound indices are de Bruijn numbers, free ones are letters that carry their size. So two terms that differ only in
the names of bound indices are the same object, and no substitution can capture a letter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any


@dataclass(frozen=True, slots=True)
class Index:
    """A free index letter; it runs over 1..``size``."""

    name: str
    size: str

    def __str__(self) -> str:
        return self.name


# A free letter, or the de Bruijn number of an enclosing sum (0 is the innermost).
Position = Index | int


class Term:
    """A real number for every choice of sizes, data, parameters and free letters."""

    __slots__ = ("_hash",)
    _hash: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hash", hash((type(self).__name__, *(getattr(self, s) for s in self.__slots__))))

    def __hash__(self) -> int:
        """Hash of the structure, computed once: terms are shared and deep."""
        return self._hash

    def __eq__(self, other: object) -> bool:
        """Whether the other is the same tree."""
        same = type(self) is type(other) and self._hash == other._hash  # type: ignore[attr-defined]
        return self is other or (same and all(getattr(self, s) == getattr(other, s) for s in self.__slots__))


@dataclass(frozen=True, slots=True, eq=False)
class Number(Term):
    """An exact rational."""

    value: Fraction


@dataclass(frozen=True, slots=True, eq=False)
class Size(Term):
    """A size as a number: an integer, at least one."""

    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Entry(Term):
    """One entry of a tensor: data, parameter or definition."""

    tensor: str
    indices: tuple[Position, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Plus(Term):
    """A sum of finitely many written terms, in the order written."""

    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Times(Term):
    """A product of finitely many written factors, in the order written."""

    factors: tuple[Term, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Power(Term):
    """A rational power; 1/0 is 0, and a fractional power is 0 outside its domain."""

    base: Term
    exponent: Fraction


@dataclass(frozen=True, slots=True, eq=False)
class Apply(Term):
    """A function of ``kernel.functions`` applied to its arguments."""

    function: str
    arguments: tuple[Term, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Sum(Term):
    """The sum of ``body`` over an index of ``size``; the index is number 0 inside ``body``."""

    size: str
    body: Term


@dataclass(frozen=True, slots=True, eq=False)
class Delta(Term):
    """Kronecker delta of two indices of one size."""

    left: Position
    right: Position


@dataclass(frozen=True, slots=True, eq=False)
class Partial(Term):
    """A derivative with respect to one entry of a parameter or definition.

    ``total``: through the program. Everything that depends on the tensor of ``wrt`` moves with it; that tensor itself is
    an independent variable. Otherwise direct: every other tensor is held fixed.
    """

    body: Term
    wrt: Entry
    total: bool


# The closed set of terms.
CONSTRUCTS = (Number, Size, Entry, Plus, Times, Power, Apply, Sum, Delta, Partial)

ZERO, ONE, MINUS = Number(Fraction(0)), Number(Fraction(1)), Number(Fraction(-1))


def children(term: Term) -> tuple[Term, ...]:
    """The immediate subterms, in the order that paths count them."""
    match term:
        case Plus(parts) | Times(parts) | Apply(_, parts):
            return parts
        case Power(body, _) | Sum(_, body):
            return (body,)
        case Partial(body, wrt, _):
            return (body, wrt)
    return ()


def rebuilt(term: Term, parts: Iterable[Term]) -> Term:
    """``term`` with other immediate subterms."""
    rest = iter(parts)

    def put(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(map(put, value))
        return next(rest) if isinstance(value, Term) else value

    return type(term)(*(put(getattr(term, name)) for name in term.__slots__)) if parts else term


def reindexed(term: Term, change: Callable[[Position, int], Position], depth: int = 0) -> Term:
    """``term`` with every index position changed; ``change`` is also told the number of sums around it."""
    match term:
        case Entry(tensor, indices):
            return Entry(tensor, tuple(change(i, depth) for i in indices)) if indices else term
        case Delta(left, right):
            return Delta(change(left, depth), change(right, depth))
    inner = depth + isinstance(term, Sum)
    return rebuilt(term, (reindexed(part, change, inner) for part in children(term)))


def opened(body: Term, index: Position) -> Term:
    """The body of a sum, in a term without loose numbers, at ``index``."""
    return reindexed(body, lambda i, depth: index if i == depth else i)


def closed(term: Term, letter: Index) -> Term:
    """``term``, without loose numbers, as the body of a sum over ``letter``: the inverse of ``opened``."""
    return reindexed(term, lambda i, depth: depth if i == letter else i)


def sigma(letter: Index, body: Term) -> Term:
    """The sum of ``body`` over ``letter``."""
    return Sum(letter.size, closed(body, letter))


def renamed(term: Term, names: Mapping[Any, Index]) -> Term:
    """``term`` with free letters replaced."""
    return reindexed(term, lambda i, _: names.get(i, i)) if names else term


def subterms(term: Term) -> Iterator[Term]:
    """``term`` and everything below it, outermost first."""
    yield term
    for part in children(term):
        yield from subterms(part)


def positions(term: Term) -> list[tuple[Position, int]]:
    """Every index position with the number of sums around it, left to right."""
    found: list[tuple[Position, int]] = []
    reindexed(term, lambda i, depth: (found.append((i, depth)), i)[1])  # type: ignore[func-returns-value]
    return found


def letters(term: Term) -> tuple[Index, ...]:
    """The free letters, in the order of their first occurrence."""
    return tuple(dict.fromkeys(i for i, _ in positions(term) if isinstance(i, Index)))


def mentions_bound(term: Term) -> bool:
    """Whether ``term``, the body of a sum, mentions the summed index."""
    return any(i == depth for i, depth in positions(term))


@dataclass(frozen=True, slots=True)
class Judgement:
    """``left relation right``, for all values of the free letters.

    ``=`` is an equation; ``>``, ``>=``, ``!=`` are signs and have ``right`` zero; ``separable`` says that ``left``, the
    loss of sample n in the batch program, is the loss of the single-sample program at sample n.
    """

    relation: str
    left: Term
    right: Term

    def map(self, change: Callable[[Term], Term]) -> Judgement:
        """The same judgement about other terms."""
        return Judgement(self.relation, change(self.left), change(self.right))


def closure(judgement: Judgement) -> Judgement:
    """The judgement with its letters renamed in the order they occur, so that one hypothesis has one form."""
    found = dict.fromkeys((*letters(judgement.left), *letters(judgement.right)))
    names = {letter: Index(f"_{k}", letter.size) for k, letter in enumerate(found)}
    return judgement.map(lambda term: renamed(term, names))
