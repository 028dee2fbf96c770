"""Random formulas over one small vocabulary, for the properties of printing and of the SymPy bridge."""

from fractions import Fraction

import pytest
from hypothesis import strategies as st

from symgrad.kernel.terms import Apply, Delta, Entry, Index, Largest, Number, Partial, Plus, Power, Size, Sum, Times

SIZES = ("N", "D")
SHAPES = {"x": ("N", "D"), "y": ("N",), "w": ("D",), "b": (), "A": ("D", "D"), "z": ("N",)}
LETTERS = (Index("n", "N"), Index("m", "N"), Index("d", "D"), Index("j", "D"))
NUMBERS = st.fractions(min_value=-12, max_value=12, max_denominator=9)


def _position(draw, size, around):
    """A letter of ``size``, or the number of a sum around that has this size."""
    bound = [number for number, over in enumerate(around) if over == size]
    return draw(st.sampled_from([*bound, *(letter for letter in LETTERS if letter.size == size)]))


def _entry(draw, around, names=tuple(SHAPES)):
    name = draw(st.sampled_from(names))
    return Entry(name, tuple(_position(draw, size, around) for size in SHAPES[name]))


@st.composite
def _terms(draw, depth, *, partials, functions, around=()):
    """A term that the parser could have made: no chain of one, no division by a literal zero."""

    def inner(*more):
        below = _terms(depth - 1, partials=partials, functions=functions, around=(*more, *around))
        return draw(below)

    if depth == 0 or draw(st.integers(0, 4)) == 0:
        match draw(st.integers(0, 5)):
            case 0:
                return Number(draw(NUMBERS))
            case 1:
                return Size(draw(st.sampled_from(SIZES)))
            case 2:
                size = draw(st.sampled_from(SIZES))
                return Delta(_position(draw, size, around), _position(draw, size, around))
        return _entry(draw, around)
    match draw(st.integers(0, 9)):
        case 0 | 1:
            return Plus(tuple(inner() for _ in range(draw(st.integers(2, 4)))))
        case 2 | 3 | 4:
            return Times(tuple(inner() for _ in range(draw(st.integers(2, 4)))))
        case 5:
            base = inner()
            exponents = [Fraction(e) for e in ("2", "3", "1/2", "-1", "-2", "-1/2", "2/3", "1", "0")]
            exponent = draw(st.sampled_from(exponents))
            if isinstance(base, Number) and base.value <= 0:
                base = Number(1 - base.value)
            return Power(base, exponent)
        case 6:
            size = draw(st.sampled_from(SIZES))
            return draw(st.sampled_from([Sum, Sum, Largest]))(size, inner(size))
        case 7:
            size = draw(st.sampled_from(SIZES))
            return Times((Power(Size(size), Fraction(-1)), Sum(size, inner(size))))
        case 8 if partials:
            return Partial(inner(), _entry(draw, around, ("w", "b", "A", "z")), total=True)
    name, arity = draw(st.sampled_from(functions))
    arguments = tuple(inner() for _ in range(arity))
    if name == "log" and isinstance(arguments[0], Number):
        arguments = (Number(abs(arguments[0].value) + 1),)
    return Apply(name, arguments)


@pytest.fixture(scope="session")
def terms():
    """``terms(depth=3, partials=True, functions=...)``: a strategy for terms."""
    every = (("exp", 1), ("log", 1), ("sigmoid", 1), ("relu", 1), ("max", 2), ("abs", 1), ("pi", 0))

    def make(depth=3, *, partials=True, functions=every):
        return _terms(depth, partials=partials, functions=functions)

    return make
