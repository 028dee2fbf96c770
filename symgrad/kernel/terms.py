"""The terms that the kernel speaks of: a closed set of frozen, inert trees.

Bound indices are de Bruijn numbers, free ones are letters that carry their size. So two terms that differ only in
the names of bound indices are the same object, and no substitution can capture a letter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeVar, dataclass_transform

T = TypeVar("T", bound=type)


@dataclass(frozen=True, slots=True)
class Index:
    """A free index letter; it runs over 1..``size``."""

    name: str
    size: str

    def __str__(self) -> str:
        return self.name


Position = Index | int
"""A free letter, or the de Bruijn number of an enclosing sum (0 is the innermost)."""


class Term:
    """A real number for every choice of sizes, data, parameters and free letters."""

    __slots__ = ("_hash",)

    def __hash__(self) -> int:
        """Hash of the structure, computed once: terms are shared and deep."""
        try:
            return int(self._hash)  # type: ignore[has-type]
        except AttributeError:
            value = hash((type(self).__name__, *(getattr(self, name) for name in self.__slots__)))
            object.__setattr__(self, "_hash", value)
            return value


@dataclass_transform(frozen_default=True)
def construct(made: T) -> T:
    """Make a class one of the constructs: frozen, inert, hashed once."""
    frozen = dataclass(frozen=True, slots=True)(made)
    frozen.__hash__ = Term.__hash__
    return frozen


@construct
class Number(Term):
    """An exact rational."""

    value: Fraction


@construct
class Size(Term):
    """A size as a number: an integer, at least one."""

    name: str


@construct
class Entry(Term):
    """One entry of a tensor: data, parameter or definition."""

    tensor: str
    indices: tuple[Position, ...]


@construct
class Plus(Term):
    """A sum of finitely many written terms, in the order written."""

    terms: tuple[Term, ...]


@construct
class Times(Term):
    """A product of finitely many written factors, in the order written."""

    factors: tuple[Term, ...]


@construct
class Power(Term):
    """A rational power; 1/0 is 0, and a fractional power is 0 outside its domain."""

    base: Term
    exponent: Fraction


@construct
class Apply(Term):
    """A function of ``kernel.functions`` applied to its arguments."""

    function: str
    arguments: tuple[Term, ...]


@construct
class Sum(Term):
    """The sum of ``body`` over an index of ``size``; the index is number 0 inside ``body``."""

    size: str
    body: Term


@construct
class Delta(Term):
    """Kronecker delta of two indices of one size."""

    left: Position
    right: Position


@construct
class Partial(Term):
    """A derivative with respect to one entry of a parameter or definition.

    ``total``: through the program. Everything that depends on the tensor of ``wrt`` moves with it; that tensor itself is
    an independent variable. Otherwise direct: every other tensor is held fixed.
    """

    body: Term
    wrt: Entry
    total: bool


CONSTRUCTS = (Number, Size, Entry, Plus, Times, Power, Apply, Sum, Delta, Partial)
"""The closed set of terms."""

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


def rebuilt(term: Term, parts: Iterator[Term] | tuple[Term, ...]) -> Term:
    """``term`` with other immediate subterms."""
    match term:
        case Plus() | Times():
            return type(term)(tuple(parts))
        case Apply(function, _):
            return Apply(function, tuple(parts))
        case Power(_, exponent):
            return Power(*parts, exponent)
        case Sum(size, _):
            return Sum(size, *parts)
        case Partial(_, _, total):
            return Partial(*parts, total)  # type: ignore[arg-type]
    return term


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
    """The body of a sum at ``index``: de Bruijn number 0 becomes it, the outer numbers move down."""

    def change(i: Position, depth: int) -> Position:
        if isinstance(i, Index) or i < depth:
            return i
        if i > depth:
            return i - 1
        return index + depth if isinstance(index, int) else index

    return reindexed(body, change)


def closed(term: Term, letter: Index) -> Term:
    """``term`` as the body of a sum over ``letter``: the inverse of ``opened``."""

    def change(i: Position, depth: int) -> Position:
        if isinstance(i, Index):
            return depth if i == letter else i
        return i + 1 if i >= depth else i

    return reindexed(term, change)


def sigma(letter: Index, body: Term) -> Sum:
    """The sum of ``body`` over ``letter``."""
    return Sum(letter.size, closed(body, letter))


def renamed(term: Term, names: Mapping[Index, Position]) -> Term:
    """``term`` with free letters replaced."""
    if not names:
        return term

    def change(i: Position, depth: int) -> Position:
        new = names.get(i, i) if isinstance(i, Index) else i
        return new + depth if isinstance(new, int) and isinstance(i, Index) else new

    return reindexed(term, change)


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
    return any(isinstance(i, int) and i == depth for i, depth in positions(term))


Relation = Literal["=", ">", ">=", "!=", "separable"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """``left relation right``, for all values of the free letters.

    ``=`` is an equation; ``>``, ``>=``, ``!=`` are signs and have ``right`` zero; ``separable`` says that ``left``, the
    loss of sample n in the batch program, is the loss of the single-sample program at sample n.
    """

    relation: Relation
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
