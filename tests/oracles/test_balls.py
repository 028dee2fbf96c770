from __future__ import annotations

from fractions import Fraction

import pytest
from flint import arb

from symgrad.errors import IllFormedError
from symgrad.kernel.functions import call, inverse, minus, square
from symgrad.kernel.program import Definition, Program, Tensor
from symgrad.kernel.terms import ONE, Delta, Entry, Index, Largest, Number, Partial, Plus, Power, Size, Times, sigma
from symgrad.oracles.balls import Evaluator, Point, Undefined, ball, equal_exactly, separated, whole_power


def number(value: int | Fraction) -> Number:
    return Number(Fraction(value))


n, m = Index("n", "N"), Index("m", "N")
x = Entry("x", (n,))
half = number(Fraction(1, 2))
program = Program(
    "N",
    (Tensor("x", "data", ("N",)), Tensor("w", "parameter", ())),
    (Definition("z", (n,), Times((Entry("w", ()), x))), Definition("loss", (n,), square(Entry("z", (n,))))),
)
point = Point(
    {"N": 3},
    {"x": {(0,): Fraction(1, 2), (1,): Fraction(-3), (2,): Fraction(5, 4)}, "w": {(): Fraction(2, 3)}},
)


def value(term, at=None, *, total=False, extra=()):
    return Evaluator(program, point, extra, total=total).value(term, at or {})


def test_rational_operations_stay_exact():
    term = Plus((Times((number(2), x)), inverse(x), Size("N")))
    assert value(term, {n: 1}) == Fraction(-6) - Fraction(1, 3) + 3


def test_sums_range_over_the_whole_size():
    assert value(sigma(n, square(x))) == Fraction(1, 4) + 9 + Fraction(25, 16)


def test_the_maximum_over_an_index_is_the_largest_value():
    assert value(sigma(n, x, Largest)) == Fraction(5, 4)
    assert value(sigma(n, sigma(m, Times((x, Entry("x", (m,)))), Largest))) == Fraction(5, 8) + 9 + Fraction(25, 16)


def test_a_tie_of_the_largest_values_is_a_kink():
    with pytest.raises(Undefined, match="kink"):
        value(sigma(n, Times((number(0), x)), Largest))
    assert value(sigma(n, Times((number(0), x)), Largest), total=True) == 0


def test_nested_sums_see_their_own_indices():
    term = sigma(n, sigma(m, Times((x, Entry("x", (m,)), Plus((ONE, Delta(n, m)))))))
    entries = [Fraction(1, 2), Fraction(-3), Fraction(5, 4)]
    assert value(term) == sum(entries) ** 2 + sum(e * e for e in entries)


def test_definitions_and_extra_definitions_are_unfolded():
    adjoint = Definition("z_bar", (n,), Times((number(2), Entry("z", (n,)))))
    assert value(Entry("loss", (n,)), {n: 0}) == Fraction(1, 9)
    assert value(Entry("z_bar", (n,)), {n: 1}, extra=(adjoint,)) == -4


@pytest.mark.parametrize(
    ("base", "exponent", "expected"),
    [("9/4", "1/2", "3/2"), ("27/8", "-2/3", "4/9"), ("16", "3/4", "8"), ("1/1024", "1/10", "1/2")],
)
def test_roots_of_perfect_powers_are_exact(base, exponent, expected):
    assert value(Power(number(Fraction(base)), Fraction(exponent))) == Fraction(expected)


def test_other_roots_are_balls_that_contain_the_value():
    root = value(Power(number(2), Fraction(1, 2)))
    assert isinstance(root, arb)
    assert root > ball(Fraction(141421356, 10**8))
    assert root < ball(Fraction(141421357, 10**8))


@pytest.mark.parametrize(
    ("function", "argument", "expected"),
    [("exp", 0, 1), ("log", 1, 0), ("sigmoid", 0, "1/2"), ("tanh", 0, 0), ("relu", -2, 0), ("step", 3, 1)],
)
def test_known_values_are_exact(function, argument, expected):
    assert value(call(function)(number(argument))) == Fraction(expected)


def test_softplus_keeps_its_accuracy_on_both_sides():
    for argument in (-90, 90):
        u = number(argument)
        gap = value(minus(call("softplus")(u), call("log")(Plus((ONE, call("exp")(u))))))
        assert gap.contains(0)
        assert abs(gap) < arb("1e-50")


def test_max_and_min_pick_the_right_side():
    u, v = number(2), number(-1)
    assert (value(call("max")(u, v)), value(call("min")(u, v))) == (2, -1)
    assert (value(call("max")(v, u)), value(call("min")(v, u))) == (2, -1)


UNDEFINED = [
    inverse(number(0)),
    call("log")(number(0)),
    call("log")(number(-1)),
    Power(number(-4), Fraction(1, 2)),
    Power(number(0), Fraction(1, 2)),
    call("relu")(number(0)),
    call("sign")(minus(x, x)),
    call("max")(x, x),
]


@pytest.mark.parametrize("term", UNDEFINED)
def test_undefined_points_and_kinks_are_reported(term):
    with pytest.raises(Undefined):
        value(term, {n: 0})


@pytest.mark.parametrize(("term", "expected"), list(zip(UNDEFINED, [0, 0, 0, 0, 0, 0, 0, "1/2"], strict=True)))
def test_the_total_meaning_is_the_kernels(term, expected):
    assert value(term, {n: 0}, total=True) == Fraction(expected)


def test_an_undecided_denominator_is_undefined_even_in_the_total_meaning():
    root = Power(number(2), Fraction(1, 2))
    with pytest.raises(Undefined):
        value(inverse(minus(square(root), number(2))), total=True)


def test_values_are_separated_only_where_certain():
    one_third, exp_one = Fraction(1, 3), value(call("exp")(ONE))
    assert separated(one_third, exp_one)
    assert separated(one_third, Fraction(1, 3) + Fraction(1, 10**80))
    assert not separated(exp_one, value(Times((call("exp")(half), call("exp")(half)))))
    assert equal_exactly(one_third, Fraction(2, 6))
    assert not equal_exactly(exp_one, exp_one)


def test_a_difference_below_the_precision_of_floats_is_seen():
    near = Plus((call("exp")(ONE), number(Fraction(1, 10**40))))
    assert separated(value(near), value(call("exp")(ONE)))


def test_what_has_no_value_is_refused():
    with pytest.raises(IllFormedError, match="letter n"):
        value(x)
    with pytest.raises(IllFormedError, match="tensor q"):
        value(Entry("q", ()))
    with pytest.raises(IllFormedError, match="Partial"):
        value(Partial(x, Entry("w", ()), total=True), {n: 0})


def test_a_whole_power_of_a_ball_around_zero_is_a_small_ball():
    gap = arb(2).log() - arb(2).log()
    assert gap.contains(0)
    for exponent in (1, 2, 3):
        assert abs(whole_power(gap, exponent)) < arb("1e-10")
    assert whole_power(arb(2), -2) == arb("0.25")
