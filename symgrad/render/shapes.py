"""What is drawn: a small tree of shapes, made once from a term and written by every renderer.

A shape has fractions, minus signs and named letters where a term has powers, products by -1 and de Bruijn numbers. Only
associativity, the order inside a fraction and the place of a minus sign are lost on the way.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

Role = Literal["tensor", "vector", "matrix", "size", "delta", "letter"]


class Shape:
    """Something that is drawn as one formula."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Integer(Shape):
    """A natural number."""

    value: int


@dataclass(frozen=True, slots=True)
class Symbol(Shape):
    """A name with its indices."""

    name: str
    indices: tuple[str, ...] = ()
    role: Role = "tensor"


@dataclass(frozen=True, slots=True)
class Ones(Shape):
    """The vector of ones."""


@dataclass(frozen=True, slots=True)
class Negative(Shape):
    """A formula with a minus sign in front."""

    body: Shape


@dataclass(frozen=True, slots=True)
class Sums(Shape):
    """Terms with plus and minus between them."""

    terms: tuple[Shape, ...]


@dataclass(frozen=True, slots=True)
class Product(Shape):
    """Factors side by side; with ``entrywise``, a Hadamard product."""

    factors: tuple[Shape, ...]
    entrywise: bool = False


@dataclass(frozen=True, slots=True)
class Quotient(Shape):
    """A fraction."""

    above: Shape
    below: Shape


@dataclass(frozen=True, slots=True)
class Raised(Shape):
    """A power with an exponent that is not negative; one half is a root. ``entrywise``: of the entries of a matrix."""

    base: Shape
    exponent: Fraction
    entrywise: bool = False


@dataclass(frozen=True, slots=True)
class Called(Shape):
    """A function of its arguments; ``letter`` is the index that a softmax runs along.

    ``spelled``: by its full name, where its sign also names a tensor. ``primed``: the derivative of the function.
    """

    function: str
    arguments: tuple[Shape, ...]
    letter: str = ""
    spelled: bool = False
    primed: bool = False


@dataclass(frozen=True, slots=True)
class Summed(Shape):
    """A finite sum over ``letter`` from 1 to ``size``; with ``largest``, the largest of the values instead."""

    letter: str
    size: str
    body: Shape
    largest: bool = False


@dataclass(frozen=True, slots=True)
class Derivative(Shape):
    """A derivative; ``immediate`` where other definitions are held fixed although they depend on ``wrt``."""

    body: Shape
    wrt: Shape
    immediate: bool = False


@dataclass(frozen=True, slots=True)
class Gradient(Shape):
    """The whole gradient of a scalar, in the shape of the parameter."""

    body: Shape
    wrt: Shape


@dataclass(frozen=True, slots=True)
class Transposed(Shape):
    """A matrix transposed."""

    body: Shape


@dataclass(frozen=True, slots=True)
class Related(Shape):
    """``left relation right``."""

    left: Shape
    relation: str
    right: Shape


@dataclass(frozen=True, slots=True)
class Space(Shape):
    """The set of real tensors of a shape."""

    sizes: tuple[str, ...]


def product(factors: list[Shape]) -> Shape:
    """The product of shapes; of none, the number one."""
    return Product(tuple(factors)) if len(factors) > 1 else factors[0] if factors else Integer(1)


def number(value: Fraction) -> Shape:
    """A rational number."""
    size: Shape = Integer(abs(value.numerator))
    if value.denominator != 1:
        size = Quotient(size, Integer(value.denominator))
    return Negative(size) if value < 0 else size


def parts(shape: Shape) -> Iterator[Shape]:
    """``shape`` and every shape below it."""
    yield shape
    for field in fields(shape):  # type: ignore[arg-type]
        value = getattr(shape, field.name)
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, Shape):
                yield from parts(part)
