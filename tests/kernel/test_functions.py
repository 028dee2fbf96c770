"""The tables of functions: each line against an independent evaluation."""

import itertools
import math

import pytest

from symgrad.kernel.functions import DERIVATIVES, DOMAIN, IDENTITIES, KINK, NONNEGATIVE, POSITIVE, away, positive
from symgrad.kernel.terms import ZERO, Judgement
from tests.kernel.world import FUNCTIONS, PROGRAM, World, b, num, plus, s, times

POINTS = (-2.5, -1.25, -0.4, 0.3, 0.9, 2.75)
STEP = 1e-6


def world(*values):
    """A world in which b, and then s, have given values."""
    made = World(PROGRAM, 0, free=True)
    for name, value in zip("bs", values, strict=False):
        made.values[name] = {(): value}
    return made


def places(arity, exact=()):
    return itertools.product((*POINTS, *exact), repeat=arity)


def test_the_evaluator_of_the_tests_knows_every_function():
    assert set(FUNCTIONS) == set(DERIVATIVES)


@pytest.mark.parametrize("function", [name for name, slopes in DERIVATIVES.items() if slopes])
def test_each_derivative_is_the_slope_wherever_its_conditions_hold(function):
    arity, compared = len(DERIVATIVES[function]), set()
    arguments = (b, s)[:arity]
    asked = [c for table in (DOMAIN, KINK) if function in table for c in table[function](*arguments)]
    for point in places(arity):
        if not all(world(*point).allows(c) for c in asked):
            continue
        for place in range(arity):
            up, down = ([u + (i == place) * sign * STEP for i, u in enumerate(point)] for sign in (1, -1))
            slope = (FUNCTIONS[function](*up) - FUNCTIONS[function](*down)) / (2 * STEP)
            formula = DERIVATIVES[function][place](*arguments)
            assert world(*point).value(formula, {}) == pytest.approx(slope, rel=1e-6, abs=1e-8)
            compared.add((place, point[0] > (point[1] if arity == 2 else 0)))
    pieces = {True} if function in DOMAIN else {True, False}
    assert compared == {(place, piece) for place in range(arity) for piece in pieces}


@pytest.mark.parametrize("function", KINK)
def test_each_kink_is_one(function):
    """Left and right of a point that the table excludes, the slope or the value differs."""
    other = (0.5,) if len(DERIVATIVES[function]) == 2 else ()
    at = other[0] if other else 0.0
    before, here, after = (FUNCTIONS[function](at + move, *other) for move in (-STEP, 0.0, STEP))
    jump, bend = abs(after - before), abs(after - 2 * here + before) / STEP
    assert max(jump, bend) > 0.5


@pytest.mark.parametrize("function", sorted(set(DERIVATIVES) - set(KINK) - set(DOMAIN) - {"pi"}))
def test_functions_without_a_kink_have_none_at_zero(function):
    value = FUNCTIONS[function]
    left, right = (value(0.0) - value(-STEP)) / STEP, (value(STEP) - value(0.0)) / STEP
    assert left == pytest.approx(right, abs=1e-5)


@pytest.mark.parametrize("function", sorted(POSITIVE))
def test_positive_functions_are_positive(function):
    assert all(FUNCTIONS[function](*point) > 0 for point in places(len(DERIVATIVES[function]), (0.0,)))


@pytest.mark.parametrize("function", sorted(NONNEGATIVE))
def test_nonnegative_functions_are_so_and_no_more(function):
    values = [FUNCTIONS[function](*point) for point in places(len(DERIVATIVES[function]), (0.0,))]
    assert min(values) == 0


@pytest.mark.parametrize("name", IDENTITIES)
def test_each_identity_holds_wherever_its_conditions_hold(name):
    arity, made = IDENTITIES[name]
    conditions, left, right = made(*(b, s)[:arity])
    compared = 0
    for point in places(arity, (0.0, 1.0, -1.0)):
        here = world(*point)
        if all(here.allows(c, margin=0.0) for c in conditions):
            assert here.value(left, {}) == pytest.approx(here.value(right, {}), rel=1e-9, abs=1e-9), point
            compared += 1
    assert compared == 1 if arity == 0 else compared >= 4


# log(1/u) = -log(u) survives the values that the logarithm is given outside its domain; its condition says where it is
# about logarithms at all.
CONDITIONAL = [name for name, (arity, made) in IDENTITIES.items() if made(*(b, s)[:arity])[0] and name != "log_inverse"]


@pytest.mark.parametrize("name", CONDITIONAL)
def test_no_identity_has_a_condition_for_nothing(name):
    arity, made = IDENTITIES[name]
    conditions, left, right = made(*(b, s)[:arity])
    wrong = 0
    for point in places(arity, (0.0,)):
        here = world(*point)
        gap = here.value(left, {}) - here.value(right, {})
        wrong += not all(here.allows(c, margin=0.0) for c in conditions) and not math.isclose(gap, 0, abs_tol=1e-9)
    assert wrong


def test_conditions_are_judgements_about_the_arguments():
    assert positive(b) == (Judgement(">", b, ZERO),)
    assert away(b) == (Judgement("!=", b, ZERO),)
    assert away(b, s) == (Judgement("!=", plus(b, times(num(-1), s)), ZERO),)
    assert DOMAIN["log"](s) == positive(s)
