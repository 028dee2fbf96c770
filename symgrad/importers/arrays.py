"""Tensors of a graph as terms: one group of index letters for each axis, and sizes that the operations equate.

An axis of length one has no letter, an ordinary one has one, and a flattened one has several, the slowest first.
A fixed size begins as a symbol of its own; operations unite symbols, and reshaping splits one into a product.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING, Any

from symgrad.errors import InputError
from symgrad.kernel.terms import (
    MINUS,
    ZERO,
    Apply,
    Delta,
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
    children,
    opened,
    rebuilt,
    renamed,
    sigma,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

BATCH = "N"
"""The size of the one dimension that is not fixed."""

PROBES = (1, 2, 7, 10007, 20011)
"""Batch sizes at which shape arithmetic is computed: what has the form c * N^p at all of them is taken to have it."""

_LIMIT = 10**18

Axis = tuple[Index, ...]


@dataclass(frozen=True)
class Array:
    """A tensor of real numbers: its entry as a term, and the letters of each axis.

    Attributes:
        stem: how its name begins, should it need one.
    """

    term: Term
    axes: tuple[Axis, ...]
    stem: str = "u"

    @property
    def letters(self) -> tuple[Index, ...]:
        """All letters, axis by axis."""
        return tuple(letter for axis in self.axes for letter in axis)


@dataclass(frozen=True)
class Labels:
    """Integer data that only choose: entry ``tensor[letters..., k]`` is one where the label is k, else zero.

    Attributes:
        source: the argument's name.
        axes: as of an array.
        shifted: what was added to the labels, while negative ones are being wrapped.
        negative: it stands for the truth value "the label is negative".
    """

    source: str
    axes: tuple[Axis, ...]
    shifted: int = 0
    negative: bool = False


@dataclass(frozen=True)
class Known:
    """A tensor computed from sizes and constants alone: its value at each of the ``PROBES``."""

    values: tuple[Any, ...]

    @cached_property
    def fixed(self) -> bool:
        """Whether it is the same for every batch size."""
        first = self.values[0]
        return all(v.shape == first.shape and (v == first).all() for v in self.values[1:])

    def lengths(self) -> tuple[tuple[int, int], ...]:
        """Its entries, integers, as (c, p) for c * N^p.

        Raises:
            ValueError: if one has another form, or it is no vector of integers.
        """
        if len({v.shape for v in self.values}) != 1:
            raise ValueError("its shape depends on the batch size")
        columns = zip(*(v.reshape(-1).tolist() for v in self.values), strict=True)
        return tuple(_monomial(column) for column in columns)


def _monomial(column: tuple[int, ...]) -> tuple[int, int]:
    for power in range(3):
        if all(value == column[0] * batch**power for value, batch in zip(column, PROBES, strict=True)):
            return int(column[0]), power
    raise ValueError("it is no fixed multiple of a power of the batch size")


Value = Array | Labels | Known


def plus(*parts: Term) -> Term:
    """A sum, flat, without zeros."""
    terms = [t for part in parts for t in (part.terms if isinstance(part, Plus) else (part,)) if t != ZERO]
    return Plus(tuple(terms)) if len(terms) > 1 else terms[0] if terms else ZERO


def times(*parts: Term) -> Term:
    """A product, flat, its number in front."""
    factors = [t for part in parts for t in (part.factors if isinstance(part, Times) else (part,))]
    number, rest = Fraction(1), list[Term]()
    for factor in factors:
        if isinstance(factor, Number) and _short(number * factor.value):
            number *= factor.value
        else:
            rest.append(factor)
    if number == 0:
        return ZERO
    made = [Number(number), *rest] if number != 1 or not rest else rest
    return Times(tuple(made)) if len(made) > 1 else made[0]


def minus(left: Term, right: Term) -> Term:
    """A difference."""
    return plus(left, negative(right))


def negative(term: Term) -> Term:
    """-term, taken into the terms of a sum."""
    return plus(*(times(MINUS, part) for part in term.terms)) if isinstance(term, Plus) else times(MINUS, term)


def power(base: Term, exponent: Fraction | int) -> Term:
    """A rational power."""
    exponent = Fraction(exponent)
    if exponent == 1:
        return base
    if isinstance(base, Number) and exponent == -1 and base.value:
        return Number(1 / base.value)
    return Power(base, exponent)


def inverse(term: Term) -> Term:
    """1/term, factor by factor."""
    return times(*(power(f, -1) for f in term.factors)) if isinstance(term, Times) else power(term, -1)


def call(function: str, *arguments: Term) -> Term:
    """A function of the language."""
    return Apply(function, arguments)


def _short(value: Fraction) -> bool:
    return abs(value.numerator) < _LIMIT and value.denominator < _LIMIT


def number(value: float, digits: str = "") -> Number:
    """The rational that a floating-point number is; where that is too long to write, the decimal that names it.

    Args:
        value: in the precision in which the program holds it.
        digits: the shortest decimal that gives this value back.
    """
    exact = Fraction(value)
    if not _short(exact):
        exact = Fraction(digits or repr(float(value)))
    return Number(exact if _short(exact) else exact.limit_denominator(_LIMIT - 1))


class Sizes:
    """The symbols of sizes: united, split into products, and at last named."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}
        self._parts: dict[str, tuple[str, ...]] = {}
        self._lengths: dict[str, int] = {}
        self._count = 0

    def new(self, length: int) -> str:
        """A symbol for a fixed size."""
        self._count += 1
        symbol = f"s.{self._count}"
        self._lengths[symbol] = length
        return symbol

    def letter(self, size: str) -> Index:
        """A letter that occurs nowhere else."""
        self._count += 1
        return Index(f"i.{self._count}", size)

    def axis(self, length: int | None) -> Axis:
        """The letters of a new axis; ``None`` is the batch."""
        return () if length == 1 else (self.letter(BATCH if length is None else self.new(length)),)

    def root(self, symbol: str) -> str:
        """The symbol that stands for all those united with it."""
        while symbol in self._parent:
            symbol = self._parent[symbol]
        return symbol

    def written(self, symbol: str) -> str:
        """The root, or the batch."""
        return symbol if symbol == BATCH else self.root(symbol)

    def length(self, letter: Index) -> int | None:
        """The fixed length; ``None`` for the batch."""
        return None if letter.size == BATCH else self._lengths[self.root(letter.size)]

    def measure(self, axis: Sequence[Index]) -> tuple[int, int]:
        """The length c * N^p of an axis as (c, p)."""
        lengths = [self.length(letter) for letter in axis]
        return prod(k for k in lengths if k is not None), lengths.count(None)

    def parts(self, letter: Index) -> Axis:
        """The letters that a letter stands for: several if its size was split."""
        split = self._parts.get(self.root(letter.size))
        if split is None:
            return (letter,)
        return tuple(p for k, size in enumerate(split) for p in self.parts(Index(f"{letter.name}.{k}", size)))

    def split(self, letter: Index, lengths: Sequence[int]) -> None:
        """Make a size the product of new ones."""
        self._parts[self.root(letter.size)] = tuple(self.new(k) for k in lengths)

    def unite(self, one: Index, other: Index) -> None:
        """Equate two unsplit sizes of the same length."""
        a, b = self.root(one.size), self.root(other.size)
        if a != b:
            self._parent[b] = a

    def expanded(self, term: Term, final: Callable[[str], str] | None = None) -> Term:
        """``term`` with every letter whose size was split replaced by its parts; ``final`` names the sizes left."""
        if not self._parts and final is None:
            return term
        return _Expansion(self, final).of(term)

    def array(self, array: Array) -> Array:
        """An array in which no letter has a size that was split."""
        if not self._parts:
            return array
        axes = tuple(tuple(p for letter in axis for p in self.parts(letter)) for axis in array.axes)
        return replace(array, term=self.expanded(array.term), axes=axes)

    def fresh(self, array: Array) -> Array:
        """The array with letters of its own."""
        names = {letter: self.letter(letter.size) for letter in array.letters}
        return relettered(array, names)

    def align(self, one: Axis, other: Axis) -> dict[Index, Index]:
        """Make two axes the same, sizes united and split where need be: a renaming of the letters of ``other``.

        Raises:
            InputError: if a fixed size would have to be the batch size.
        """
        names: dict[Index, Index] = {}
        left, right = list(one), list(other)
        while left and right:
            a, b = left.pop(0), right.pop(0)
            if self.parts(a) != (a,) or self.parts(b) != (b,):
                left[:0], right[:0] = self.parts(a), self.parts(b)
                continue
            m, k = self.length(a), self.length(b)
            if m == k:
                if m is not None:
                    self.unite(a, b)
                names[b] = a
            elif m is None or k is None:
                raise InputError("a fixed dimension meets the batch dimension")
            else:
                big, small = (a, k) if m > k else (b, m)
                if max(m, k) % small:
                    raise InputError(f"dimensions of {m} and {k} were flattened in ways that do not fit")
                self.split(big, (small, max(m, k) // small))
                left.insert(0, a)
                right.insert(0, b)
        if left or right:
            raise InputError("dimensions were flattened in ways that do not fit")
        return names


def relettered(array: Array, names: dict[Index, Index]) -> Array:
    """An array with other letters."""
    axes = tuple(tuple(names.get(letter, letter) for letter in axis) for axis in array.axes)
    return replace(array, term=renamed(array.term, names), axes=axes)


class _Expansion:
    """Replaces split letters everywhere in a term, and names sizes."""

    def __init__(self, sizes: Sizes, final: Callable[[str], str] | None) -> None:
        self.sizes, self.final = sizes, final

    def parts(self, letter: Any) -> list[Index]:
        found = self.sizes.parts(letter) if letter.size != BATCH else (letter,)
        return [Index(p.name, self.size(p.size)) for p in found]

    def size(self, symbol: str) -> str:
        if symbol == BATCH or self.final is None:
            return symbol
        return self.final(self.sizes.root(symbol))

    def of(self, term: Term) -> Term:
        match term:
            case Entry(tensor, indices):
                return Entry(tensor, tuple(p for i in indices for p in self.parts(i)))
            case Delta(left, right):
                pairs = zip(self.parts(left), self.parts(right), strict=True)
                return times(*(Delta(a, b) for a, b in pairs))
            case Size(name):
                return times(*(Size(p.size) for p in self.parts(Index("", name)))) if name != BATCH else term
            case Sum(size, body) | Largest(size, body):
                letter = self.sizes.letter(size)
                made = self.of(opened(body, letter))
                for part in reversed(self.parts(letter)):
                    made = sigma(part, made, type(term))
                return made
        return rebuilt(term, [self.of(part) for part in children(term)])


def over(letters: Iterable[Index], body: Term, construct: Callable[[str, Term], Term] = Sum) -> Term:
    """The sum, or another reduction, over several letters, the batch outermost."""
    for letter in sorted(letters, key=lambda i: i.size == BATCH):
        body = sigma(letter, body, construct)
    return body


def mean(letters: Sequence[Index], body: Term) -> Term:
    """The mean over several letters, the batch outermost; a chain of means prints as such."""
    for letter in sorted(letters, key=lambda i: i.size == BATCH):
        body = times(power(Size(letter.size), -1), sigma(letter, body))
    return body


def weight(term: Term, limit: int = 1000) -> int:
    """How many parts a term has, counted up to about ``limit``."""
    count, stack = 0, [term]
    while stack and count < limit:
        count += 1
        stack += children(stack.pop())
    return count
