"""What the explanation measures: counted out by hand here, and refused where a model says something else."""

from fractions import Fraction
from itertools import product

import pytest

from symgrad.errors import SymgradError
from symgrad.lang.parser import parse_model
from symgrad.lang.text import model_text
from symgrad.oracles.balls import Point
from symgrad.oracles.experiments import enumerated, minibatches, small_rates

GRADIENTS = [Fraction(k) for k in (0, 1, 5)]


def test_every_minibatch_is_listed_once():
    assert sorted(minibatches(3, 2, replacement=True)) == sorted(
        tuple((a, b).count(n) for n in range(3)) for a, b in product(range(3), repeat=2)
    )
    assert minibatches(3, 3, replacement=False) == [(1, 1, 1)]
    assert minibatches(2, 1, replacement=True) == minibatches(2, 1, replacement=False) == [(1, 0), (0, 1)]


def test_the_variances_are_those_that_a_reader_finds_by_hand(entry):
    # The gradients 0, 1, 5 have mean 2 and variance (4 + 1 + 9) / 3.
    with_ = enumerated(entry("minibatch_with_replacement"), GRADIENTS, 4, replacement=True)
    assert [row.mean for row in with_] == [2, 2, 2]
    assert [row.variance for row in with_] == [Fraction(14, 3), Fraction(14, 6), Fraction(14, 9)]
    # Pairs without replacement: means 1/2, 5/2, 3, so (9/4 + 1/4 + 1) / 3.
    without = enumerated(entry("minibatch_without_replacement"), GRADIENTS, 4, replacement=False)
    assert [row.variance for row in without] == [Fraction(14, 3), Fraction(7, 6), 0]
    assert [row.batches for row in without] == [3, 3, 1]


@pytest.mark.parametrize("words", ["with", "without"])
def test_every_minibatch_of_a_small_batch_obeys_the_law(entry, words):
    gradients = [Fraction(k, 2) for k in (-3, 1, 2, 8, 8)]
    rows = enumerated(entry(f"minibatch_{words}_replacement"), gradients, 4, replacement=words == "with")
    assert [row.draws for row in rows] == [1, 2, 3, 4, 5]
    assert all(row.variance == row.law for row in rows)


def test_the_last_claim_is_the_same_law(entry):
    model = entry("minibatch_without_replacement")
    laws = [[row.law for row in enumerated(model, GRADIENTS, k, replacement=False)] for k in (4, 5)]
    assert laws[0] == laws[1]


def test_the_moments_of_the_other_way_of_drawing_are_refused(entry):
    with pytest.raises(SymgradError, match="does not describe the mini-batches of 2 out of 3"):
        enumerated(entry("minibatch_with_replacement"), GRADIENTS, 4, replacement=False)


def test_another_variance_is_refused(entry):
    text = model_text(entry("minibatch_with_replacement")).replace("squared - expected^2", "squared - 2 * expected^2")
    with pytest.raises(SymgradError, match="does not describe"):
        enumerated(parse_model(text, "other", "other.sg"), GRADIENTS, 4, replacement=True)


POINT = Point(
    {"N": 2, "D": 1},
    {
        "x": {(0, 0): Fraction(1), (1, 0): Fraction(-2)},
        "y": {(0,): Fraction(0), (1,): Fraction(1)},
        "w": {(0,): Fraction(1, 2)},
    },
)
RATES = [Fraction(1, 10**k) for k in (1, 2, 3)]


def test_what_is_left_shrinks_with_the_third_power_of_the_rate(entry):
    rows = small_rates(entry("sequential_logistic"), POINT, RATES)
    ratios = [float(row.ratio) for row in rows]
    assert abs(ratios[2]) > 1e-3
    assert abs(ratios[2] - ratios[1]) < abs(ratios[1] - ratios[0]) / 5
    assert float(rows[2].rest) == pytest.approx(ratios[2] * 1e-9)
    assert abs(float(rows[2].difference)) > 1e3 * abs(float(rows[2].rest))


def test_of_the_squared_loss_nothing_is_left(entry):
    text = model_text(entry("sequential_updates"))
    rest = "second[m, n, d] - once[m, n, d] - eta^2 * sum(j, H[n, d, j] * g[m, j])"
    text = text.replace("objective =", f"rest[m, n, d] = {rest}\nobjective =")
    rows = small_rates(parse_model(text, "squared", "squared.sg"), POINT, RATES)
    assert all(row.rest == 0 and row.difference != 0 for row in rows)
