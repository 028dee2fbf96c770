from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from flint import arb, ctx

from symgrad.kernel.functions import minus
from symgrad.kernel.program import Definition
from symgrad.kernel.terms import Entry, Index, Number, Times
from symgrad.oracles.bounds import BoundEvaluator
from symgrad.oracles.controls import Control, Mutant, gap, ratios, resolution, try_controls
from symgrad.oracles.report import Formulas


def number(value: int | Fraction) -> Number:
    return Number(Fraction(value))


d, k = Index("d", "D"), Index("k", "K")
A = np.array([[0.5, 1.25, -0.75], [2.5, -1.5, 0.375]])
SIZES = {"D": 2, "K": 3}


def tried(term, adjoints=(), array=A, actual=None, batch=5):
    before = BoundEvaluator(SIZES, {"a": array}, "float64", {})
    after = before.branch()
    for adjoint in adjoints:
        after.define(adjoint)
    exact = after.value(term, (d, k))
    formulas = Formulas(tuple(adjoints), {"w": ((d, k), term)})
    known: dict[str, Control] = {}
    answer = np.vectorize(float)(exact.x) if actual is None else actual
    try_controls(known, exact, answer, Mutant(formulas, "w", (d, k), before), batch, 1.0)
    return known


a = Entry("a", (d, k))


def test_every_standard_wrong_formula_is_tried_and_rejected():
    known = tried(minus(a, number(7)))
    assert set(known) == {
        "sign",
        "factor 2",
        "factor N",
        "mean over N - 1",
        "small relative error",
        "dropped term",
        "off by one",
        "index reversed",
        "transposed",
    }
    assert all(control.differs and control.rejected for control in known.values())


def test_a_term_is_dropped_from_an_adjoint_where_the_formula_has_none():
    bar = Definition("bar", (d, k), minus(a, number(7)))
    assert tried(Times((Entry("bar", (d, k)), a)), (bar,))["dropped term"].rejected
    assert not tried(Times((a, a)))["dropped term"].differs


def test_what_is_equivalent_is_not_counted():
    known = tried(a, array=np.ones((2, 3)), batch=1)
    assert not known["factor N"].differs
    assert not known["off by one"].differs
    assert not any(
        control.differs for what, control in tried(a, array=np.zeros((2, 3))).items() if what != "transposed"
    )


def test_numbers_that_a_wrong_formula_explains_do_not_reject_it():
    known = tried(a, actual=2 * A)
    assert known["factor 2"].differs
    assert not known["factor 2"].rejected


def test_the_gap_is_infinite_for_another_shape_and_counts_ulp_of_the_largest_entry():
    exact = BoundEvaluator(SIZES, {"a": A}, "float64", {}).value(a, (d, k))
    assert gap(exact, A.T) == (float("inf"), float("inf"))
    assert gap(exact, A) == (0, 0)
    off = A.copy()
    off[0, 0] += 3 * np.spacing(2.5)
    ratio, ulp = gap(exact, off)
    assert ulp == pytest.approx(3)
    assert ratio > 4


def test_the_ratios_are_those_of_every_entry_and_the_gap_is_the_largest():
    exact = BoundEvaluator(SIZES, {"a": A}, "float64", {}).value(a, (d, k))
    off = A.copy()
    off[1, 0] += 3 * np.spacing(2.5)
    off[0, 2] += np.spacing(0.75)
    found = np.array(ratios(exact, off)).reshape(A.shape)
    assert np.argwhere(found).tolist() == [[0, 2], [1, 0]]
    assert found.max() == gap(exact, off)[0]
    assert ratios(exact, A.T) == ()


def test_errors_above_the_resolution_are_rejected_and_it_is_no_finer_than_the_bound():
    exact = BoundEvaluator(SIZES, {"a": A}, "float64", {}).value(Times((number(3), a, a)), (d, k))
    answer = np.vectorize(float)(exact.x)
    least = resolution(exact, answer)
    assert 4 * float((exact.e / exact.m).min()) <= least < 1e-14
    with ctx.workprec(200):
        assert gap(exact.scaled(1 + arb(1.01 * least)), answer)[0] > 4
        assert gap(exact.scaled(1 + arb(0.5 * least)), answer)[0] < 4


def test_what_has_no_bound_resolves_nothing():
    """It is infinity divided by infinity, which is no number; nor does a zero that is exact show anything."""
    zero = BoundEvaluator(SIZES, {"a": A}, "float64", {}).value(number(0), ())
    assert resolution(zero, np.asarray(0.0)) == np.inf
    lost = replace(zero, m=np.asarray(np.inf), e=np.asarray(np.inf))
    assert resolution(lost, np.asarray(0.0)) == np.inf
