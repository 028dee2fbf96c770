from fractions import Fraction

import pytest

from symgrad.calculus import numbers
from symgrad.kernel import terms as t
from symgrad.lang.parser import parse_formula, parse_model
from symgrad.oracles.balls import Evaluator
from symgrad.oracles.points import satisfies

LABELS = """index n : N, k : K
batch n
data y[n, k], s[n]
parameter w[k]
assume sum(k, y[n, k]) = 1
assume sum(n, s[n]) > 0
loss[n] = sum(k, w[k] * y[n, k]) * s[n]
"""


@pytest.fixture(scope="module")
def model():
    return parse_model(LABELS, "labels")


def test_every_point_satisfies_the_assumptions_and_the_hypotheses(model):
    wanted = t.Judgement("!=", parse_formula("w[k]", model), t.ZERO)
    found = list(numbers.points(model, [wanted]))
    assert len(found) > 3
    for point in found:
        assert satisfies((*model.assumptions, wanted), model.program, point) is True


def test_the_points_are_the_same_every_time(model):
    assert [p.values for p in numbers.points(model, ())] == [p.values for p in numbers.points(model, ())]


def test_there_is_always_more_than_one_sample(model):
    assert all(point.sizes["N"] >= 2 for point in numbers.points(model, ()))


@pytest.mark.parametrize("lines", ["assume s[n] > 0\nassume -s[n] > 0", "assume 0 = 1", "assume sum(n, s[n]) = -1"])
def test_what_contradicts_itself_is_not_satisfiable(lines):
    model = parse_model(LABELS.replace("loss", f"{lines}\nloss"), "contradiction")
    assert not numbers.satisfiable(model, ())


def test_a_witness_satisfies_the_assumptions_and_separates_the_sides(model):
    n, k = t.Index("n", "N"), t.Index("k", "K")
    left, right = parse_formula("y[n, k]", model), parse_formula("1", model)
    sides = [numbers.formula(model.program, side) for side in (left, right)]
    found = numbers.witness(model, (), (n, k), *sides)
    rows = [[Fraction(value) for value in row] for row in found["data"]["y"]]
    assert all(sum(row) == 1 for row in rows)
    at = found["at"]
    assert Fraction(found["left"]) == rows[at["n"] - 1][at["k"] - 1] != 1
    assert found["right"] == "1"
    assert found["exact"]


def test_equal_sides_have_no_witness(model):
    n = t.Index("n", "N")
    sides = [numbers.formula(model.program, parse_formula(text, model)) for text in ("sum(k, y[n, k])", "1")]
    assert numbers.witness(model, (), (n,), *sides) is None


def test_a_witness_is_never_where_a_side_has_no_value(model):
    n = t.Index("n", "N")
    sides = [numbers.formula(model.program, parse_formula(text, model)) for text in ("log(-s[n]^2)", "1")]
    assert numbers.witness(model, (), (n,), *sides) is None


def test_a_sample_alone_keeps_what_all_samples_share(model):
    point = next(numbers.points(model, ()))
    alone = numbers.alone(point, model.program, 1)
    assert alone.sizes["N"] == 1
    assert alone.values["w"] == point.values["w"]
    assert alone.values["s"] == {(): point.values["s"][1,]}
    assert alone.values["y"] == {where[1:]: value for where, value in point.values["y"].items() if where[0] == 1}


def test_a_mean_of_exact_values_is_exact():
    assert numbers.mean([Fraction(1), Fraction(2), Fraction(4)]) == Fraction(7, 3)


def test_a_side_takes_its_value_from_the_point_it_is_given(model):
    side = numbers.formula(model.program, parse_formula("sum(n, s[n])", model))
    for point in numbers.points(model, ()):
        wanted = Evaluator(model.program, point).value(parse_formula("sum(n, s[n])", model), {})
        assert side(point, {}) == wanted == sum(point.values["s"].values())
