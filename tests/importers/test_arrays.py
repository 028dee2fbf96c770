from fractions import Fraction

import numpy as np
import pytest

from symgrad.errors import InputError
from symgrad.importers.arrays import BATCH, PROBES, Array, Known, Sizes, minus, negative, number, plus, times
from symgrad.kernel.terms import MINUS, ONE, ZERO, Entry, Number, Plus, Sum, Times, sigma

A, B, C = (Entry(name, ()) for name in "abc")
TWO = Number(Fraction(2))


def test_sums_are_flat_and_hold_no_zero():
    assert plus(A, plus(B, ZERO), C) == Plus((A, B, C))
    assert plus(ZERO, A) == A
    assert plus(ZERO, ZERO) == ZERO


def test_products_are_flat_with_one_number_in_front():
    assert times(A, times(TWO, B), TWO) == Times((Number(Fraction(4)), A, B))
    assert times(A, ONE) == A
    assert times(TWO, times(Number(Fraction(1, 2)))) == ONE
    assert times(A, ZERO) == ZERO


def test_a_difference_takes_the_sign_into_every_term():
    assert minus(A, plus(B, C)) == Plus((A, Times((MINUS, B)), Times((MINUS, C))))
    assert negative(negative(A)) == A


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.5, Fraction(1, 2)),
        (float(np.float32(0.2)), Fraction(13421773, 67108864)),
        (1e-12, Fraction(1, 10**12)),
        (3.0, Fraction(3)),
    ],
)
def test_a_number_is_what_the_program_holds_as_far_as_it_can_be_written(value, expected):
    assert number(value).value == expected


def test_sizes_are_read_at_several_batch_sizes():
    assert Known(tuple(np.array([3 * n, 4]) for n in PROBES)).lengths() == ((3, 1), (4, 0))
    with pytest.raises(ValueError, match="no fixed multiple"):
        Known(tuple(np.array([n + 1]) for n in PROBES)).lengths()
    with pytest.raises(ValueError, match="no fixed multiple"):
        Known(tuple(np.array([min(n, 32)]) for n in PROBES)).lengths()


def test_equal_lengths_are_united():
    sizes = Sizes()
    one, other = sizes.axis(3), sizes.axis(3)
    assert sizes.align(one, other) == {other[0]: one[0]}
    assert sizes.root(one[0].size) == sizes.root(other[0].size)


def test_a_fixed_dimension_is_never_the_batch():
    sizes = Sizes()
    with pytest.raises(InputError, match="meets the batch dimension"):
        sizes.align(sizes.axis(None), sizes.axis(3))


def test_a_flattened_axis_splits_what_it_meets():
    sizes = Sizes()
    flat = (*sizes.axis(2), *sizes.axis(3))
    (long,) = sizes.axis(6)
    sizes.align(flat, (long,))
    names = sizes.align(flat, sizes.parts(long))
    assert list(names.values()) == list(flat)
    assert [sizes.length(part) for part in sizes.parts(long)] == [2, 3]
    entry = Array(Entry("W", (long,)), ((long,),))
    assert sizes.array(entry).term == Entry("W", sizes.parts(long))
    doubled = sizes.expanded(sigma(long, Entry("W", (long,))))
    assert isinstance(doubled, Sum)
    assert isinstance(doubled.body, Sum)


def test_dimensions_flattened_differently_are_refused():
    sizes = Sizes()
    with pytest.raises(InputError, match="do not fit"):
        sizes.align((*sizes.axis(2), *sizes.axis(3)), (*sizes.axis(3), *sizes.axis(2)))


def test_an_axis_of_length_one_has_no_letter():
    sizes = Sizes()
    assert sizes.axis(1) == ()
    assert sizes.axis(None)[0].size == BATCH
    assert sizes.measure((*sizes.axis(None), *sizes.axis(4))) == (4, 1)
