"""The terms that the kernel speaks of: a closed set of frozen, inert trees.

Bound indices are de Bruijn numbers, free ones are letters that carry their size. So two terms that differ only in
the names of bound indices are the same tree, and no substitution can capture a letter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any, dataclass_transform


@dataclass(frozen=True, slots=True)
class Index:
    """A free index letter; it runs over 1..``size``."""

    name: str
    size: str

    def __repr__(self) -> str:
        return self.name


# A free letter, or the de Bruijn number of an enclosing sum or maximum (0 is the innermost).
Position = Index | int


@dataclass_transform(frozen_default=True, eq_default=False)
class Term:
    """A real number for every choice of sizes, data, parameters and free letters; a frozen dataclass."""

    _key: tuple[Any, ...]
    _hash: int

    def __init_subclass__(cls) -> None:
        dataclass(frozen=True, eq=False, repr=False)(cls)

    def __post_init__(self) -> None:
        fields = tuple(vars(self).values())
        # With the types of the fields: the float 1.0 and True are not the exact rational 1.
        object.__setattr__(self, "_key", (type(self), *map(type, fields), *fields))
        object.__setattr__(self, "_hash", hash(self._key))

    def __hash__(self) -> int:
        """Hash of the structure, computed once: terms are shared and deep."""
        return self._hash

    def __eq__(self, other: object) -> bool:
        """Whether the other is the same tree."""
        return self is other or (isinstance(other, Term) and self._hash == other._hash and self._key == other._key)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(str, self.fields()))})"

    def fields(self) -> tuple[Any, ...]:
        """What it was made of, in order."""
        return self._key[len(self._key) // 2 + 1 :]


class Number(Term):
    """An exact rational."""

    value: Fraction


class Size(Term):
    """A size as a number: an integer, at least one."""

    name: str


class Entry(Term):
    """One entry of a tensor: data, parameter or definition."""

    tensor: str
    indices: tuple[Position, ...]


class Plus(Term):
    """A sum of finitely many written terms, in the order written."""

    terms: tuple[Term, ...]


class Times(Term):
    """A product of finitely many written factors, in the order written."""

    factors: tuple[Term, ...]


class Power(Term):
    """A rational power; u^0 is 1, 1/0 is 0, and a fractional power is 0 outside its domain."""

    base: Term
    exponent: Fraction


class Apply(Term):
    """A function of ``kernel.functions`` applied to its arguments."""

    function: str
    arguments: tuple[Term, ...]


class Sum(Term):
    """The sum of ``body`` over an index of ``size``; the index is number 0 inside ``body``."""

    size: str
    body: Term


class Largest(Term):
    """The largest value of ``body`` over an index of ``size``; the index is number 0 inside ``body``."""

    size: str
    body: Term


class Delta(Term):
    """Kronecker delta of two indices of one size."""

    left: Position
    right: Position


class Partial(Term):
    """A derivative with respect to one entry of a parameter or definition.

    ``total``: through the program. Everything that depends on the tensor of ``wrt`` moves with it; that tensor itself
    is an independent variable. Otherwise direct: every other tensor is held fixed.
    """

    body: Term
    wrt: Entry
    total: bool


# The closed set of terms.
CONSTRUCTS = (Number, Size, Entry, Plus, Times, Power, Apply, Sum, Largest, Delta, Partial)
# Those that bind an index in their body.
REDUCTIONS = (Sum, Largest)

ZERO, ONE, TWO, HALF, MINUS = (Number(Fraction(text)) for text in ("0", "1", "2", "1/2", "-1"))


def children(term: Term) -> tuple[Term, ...]:
    """The immediate subterms, in the order that paths count them."""
    match term:
        case Plus(parts) | Times(parts) | Apply(_, parts):
            return parts
        case Power(body, _) | Sum(_, body) | Largest(_, body):
            return (body,)
    return (term.body, term.wrt) if isinstance(term, Partial) else ()


def rebuilt(term: Term, parts: Iterable[Term]) -> Term:
    """``term`` with other immediate subterms."""
    old, new = children(term), tuple(parts)
    construct: Callable[..., Term] = type(term)
    rest = iter(new)
    return construct(*(new if f is old else next(rest) if isinstance(f, Term) else f for f in term.fields()))


@lru_cache(maxsize=65536)
def free(term: Term) -> tuple[Position, ...]:
    """The free letters, and the numbers of sums around ``term``, in the order of their first occurrence."""
    match term:
        case Entry(_, indices):
            return tuple(dict.fromkeys(indices))
        case Delta(left, right):
            return tuple(dict.fromkeys((left, right)))
        case Sum(_, body) | Largest(_, body):
            return tuple(i - 1 if isinstance(i, int) else i for i in free(body) if i != 0)
    return tuple(dict.fromkeys(i for part in children(term) for i in free(part)))


def renamed(term: Term, names: Mapping[Any, Position]) -> Term:
    """``term`` with free letters, and numbers of reductions around it, replaced all at once."""
    if not any(i in names for i in free(term)):
        return term
    match term:
        case Entry(tensor, indices):
            return Entry(tensor, tuple(names.get(i, i) for i in indices))
        case Delta(left, right):
            return Delta(names.get(left, left), names.get(right, right))
        case Sum() | Largest():
            names = {i + 1 if isinstance(i, int) else i: k + 1 if isinstance(k, int) else k for i, k in names.items()}
    return rebuilt(term, [renamed(part, names) for part in children(term)])


def opened(body: Term, index: Position) -> Term:
    """The body of a reduction, in a term without loose numbers, at ``index``."""
    return renamed(body, {0: index})


def closed(term: Term, letter: Index) -> Term:
    """``term``, without loose numbers, as the body of a reduction over ``letter``: the inverse of ``opened``."""
    return renamed(term, {letter: 0})


def sigma(letter: Index, body: Term, construct: Callable[[str, Term], Term] = Sum) -> Term:
    """The sum, or another reduction, of ``body`` over ``letter``."""
    return construct(letter.size, closed(body, letter))


def subterms(term: Term) -> Iterator[Term]:
    """``term`` and everything below it, outermost first."""
    yield term
    for part in children(term):
        yield from subterms(part)


def letters(term: Term) -> tuple[Index, ...]:
    """The free letters, in the order of their first occurrence."""
    return tuple(i for i in free(term) if isinstance(i, Index))


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

    def __repr__(self) -> str:
        return f"{self.left} {self.relation} {self.right}"


def closure(judgement: Judgement) -> Judgement:
    """The judgement with its letters renamed in the order they occur, so that one hypothesis has one form."""
    names = {i: Index(f"_{k}", i.size) for k, i in enumerate(letters(Plus((judgement.left, judgement.right))))}
    return judgement.map(lambda term: renamed(term, names))
