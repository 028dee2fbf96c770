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


def test_the_simplest_points_come_first():
    model = parse_model("index n : N\nbatch n\ndata x[n]\nparameter w\nloss[n] = w * x[n]", "plain")
    found = list(numbers.points(model, ()))
    sizes = [tuple(point.sizes.values()) for point in found]
    assert sizes[0] == (2,)
    assert {point.values["w"][()] for point in found[:3]} == {Fraction(0)}
    assert set(found[0].values["x"].values()) <= {Fraction(0), Fraction(1)}


def test_no_small_point_is_tried_twice(model):
    small = [p for p in numbers.candidates(model) if all(v.denominator < 10 for v in p.values["s"].values())]
    keys = [(*p.sizes.values(), *(v for values in p.values.values() for v in values.values())) for p in small]
    assert len(keys) == len(set(keys))


def test_a_glance_looks_at_few_points_without_zeros_and_at_three_samples():
    model = parse_model("index n : N, d : D\nbatch n\ndata x[n, d]\nparameter w\nloss[n] = w * sum(d, x[n, d])", "g")
    found = list(numbers.candidates(model, look=True))
    assert len(found) < 10
    assert {point.sizes["N"] for point in found} == {2, 3}
    assert all(value for point in found for values in point.values.values() for value in values.values())


@pytest.mark.parametrize("extra", ["", "u[n]", "u[n], v[n, n2]"])
def test_binary_labels_are_found_whatever_else_is_drawn(extra):
    letters = ", n2 : D" if "n2" in extra else ""
    text = f"""index n : N, d : D{letters}
batch n
data x[n, d], y[n]{", " + extra if extra else ""}
parameter w[d]
assume y[n]^2 = y[n]
loss[n] = softplus(sum(d, w[d] * x[n, d])) - y[n]
"""
    model = parse_model(text, "labels")
    assert numbers.satisfiable(model, ())
    found = list(numbers.points(model, ()))
    assert len(found) > 20
    assert all(value in {0, 1} for point in found for value in point.values["y"].values())
    assert {value for point in found for value in point.values["y"].values()} == {0, 1}


def test_what_nothing_judged_uses_spoils_no_point():
    text = "index n : N\nbatch n\ndata x[n]\nparameter b\nu = max(b, b)\nloss[n] = (b - x[n])^2"
    assert numbers.satisfiable(parse_model(text, "spoilt"), ())
    assert not numbers.satisfiable(parse_model(f"{text} + u", "kinked"), ())
    assert not numbers.satisfiable(parse_model(f"{text}\nclaim u = b", "claimed"), ())


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
