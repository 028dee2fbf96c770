"""The weights, what moves them, and equations that no fixed weights solve."""

from fractions import Fraction

import pytest

from symgrad.calculus import derive
from symgrad.calculus.weights import _solvable
from symgrad.lang.parser import parse_formula, parse_model
from symgrad.oracles.balls import Evaluator, Point

HEAD = "index n : N, m : N\nbatch n\ndata x[n], y[n], s[n]\nparameter w, b\n"
LOSS = "loss[n] = (w * x[n] + b - y[n])^2\n"
EXPECT = "expect identity refuted\n"


def weights(objective, loss=LOSS, assume=""):
    derivation = derive(parse_model(HEAD + assume + loss + f"objective = {objective}\n", "weighted"))
    derivation.verify()
    return derivation, derivation.weights


@pytest.mark.parametrize(
    ("objective", "kind", "weight"),
    [
        ("mean(n, loss[n])", "mean", "1/size(N)"),
        ("sum(n, loss[n])", "sum", "1"),
        ("mean(n, s[n] * loss[n])", "data", "1/size(N) * s[n]"),
        ("sum(n, s[n] * loss[n]) / sum(n, s[n])", "data", "s[n] / sum(n, s[n])"),
        ("sqrt(mean(n, loss[n]))", "theta", "1 / (2 * size(N) * objective)"),
        ("log(mean(n, loss[n]))", "theta", "1/sum(n, loss[n])"),
        ("max(n, loss[n])", "theta", "step(1/2 - sum(m, step(loss[m] - loss[n] - delta(m, n))))"),
        ("mean(n, loss[n]^2)", "theta", "2 / size(N) * loss[n]"),
        ("log(mean(n, exp(loss[n])))", "theta", "exp(loss[n]) / sum(n, exp(loss[n]))"),
    ],
)
def test_the_weight_has_a_kind_and_a_closed_form(objective, kind, weight):
    assume = "assume sum(n, s[n]) > 0\n" if "/ sum(n, s" in objective else ""
    derivation, found = weights(objective, assume=assume)
    assert found["kind"] == kind
    model = derivation.model
    values = {
        "x": {(0,): Fraction(1), (1,): Fraction(3)},
        "y": {(0,): Fraction(0), (1,): Fraction(7)},
        "s": {(0,): Fraction(1, 3), (1,): Fraction(5)},
        "w": {(): Fraction(2)},
        "b": {(): Fraction(0)},
    }
    evaluator = Evaluator(model.program, Point({"N": 2}, values))
    for sample in range(2):
        at = {model.batch: sample}
        derived, expected = (evaluator.value(parse_formula(text, model), at) for text in (found["c[n]"], weight))
        assert float(derived) == pytest.approx(float(expected), rel=1e-12)


@pytest.mark.parametrize("objective", ["sqrt(mean(n, loss[n]))", "max(n, loss[n])", "mean(n, loss[n]^2)"])
def test_that_a_weight_moves_is_shown_by_two_exact_evaluations_on_the_same_data(objective):
    derivation, found = weights(objective)
    moves, model = found["moves"], derivation.model
    assert moves["exact"]
    assert moves["parameters"][0] != moves["parameters"][1]
    seen = []
    for parameters in moves["parameters"]:
        evaluator = Evaluator(model.program, point(moves, parameters))
        seen.append(evaluator.value(parse_formula(found["c[n]"], model), {model.batch: moves["at"]["n"] - 1}))
    assert [str(value) for value in seen] == moves["weights"]
    assert seen[0] != seen[1]


def point(told, parameters):
    """A point as JSON tells it, read by hand."""
    values = {}
    for name, value in {**told["data"], **parameters}.items():
        if isinstance(value, list):
            values[name] = {(k,): Fraction(entry) for k, entry in enumerate(value)}
        else:
            values[name] = {(): Fraction(value)}
    return Point(told["sizes"], values)


@pytest.mark.parametrize("objective", ["sqrt(mean(n, loss[n]))", "max(n, loss[n])", "log(mean(n, loss[n]))"])
def test_that_no_fixed_weights_are_right_is_shown_by_equations_that_contradict_each_other(objective):
    derivation, found = weights(objective)
    given, model = found["no_fixed"], derivation.model
    rows = []
    for equation in given["equations"]:
        evaluator = Evaluator(model.program, point(given, given["parameters"][equation["point"] - 1]))
        json = derivation.to_json()["closed"]
        name = equation["entry"]
        each = parse_formula(json["per_sample"][name], model)
        slopes = [evaluator.value(each, {model.batch: k}) for k in range(given["sizes"]["N"])]
        whole = evaluator.value(parse_formula(json["batch_mean"][name], model), {})
        assert [str(s) for s in slopes] == equation["per_sample"]
        assert str(whole) == equation["batch"]
        rows.append([*slopes, whole])
    assert rank([row[:-1] for row in rows]) < rank(rows)


def rank(rows):
    import sympy

    return sympy.Matrix([[sympy.Rational(x.numerator, x.denominator) for x in row] for row in rows]).rank()


def test_nothing_is_said_of_fixed_weights_where_there_are_some():
    """c[n] = w^2/N moves, but where all slopes are zero together, or one weight does, nothing contradicts."""
    _, found = weights("mean(n, s[n] * loss[n])")
    assert "no_fixed" not in found
    assert "moves" not in found


def test_weights_that_move_although_fixed_ones_are_right_are_told_apart():
    """The per-sample slopes do not depend on the sample: other weights, 1/N, give the same gradient."""
    _, found = weights("mean(n, loss[n] + loss[n]^2 - (w + b)^2)", loss="loss[n] = w + b\n")
    assert found["kind"] == "theta"
    assert "no_fixed" not in found


def equation(slopes, total):
    return 0, "w", tuple(map(Fraction, slopes)), Fraction(total)


@pytest.mark.parametrize(
    ("equations", "solvable"),
    [
        ([], True),
        ([([1, 1], 1)], True),
        ([([0, 0], 1)], False),
        ([([0, 0], 0)], True),
        ([([1, 2], 3), ([2, 4], 6)], True),
        ([([1, 2], 3), ([2, 4], 7)], False),
        ([([0, 1], 3), ([1, 0], 2), ([1, 1], 5)], True),
        ([([0, 1], 3), ([1, 0], 2), ([1, 1], 6)], False),
        ([([1, 1, 0], 1), ([0, 1, 1], 1), ([1, 0, -1], 0)], True),
        ([([1, 1, 0], 1), ([0, 1, 1], 1), ([1, 0, -1], 1)], False),
    ],
)
def test_equations_are_solved_exactly(equations, solvable):
    assert _solvable([equation(*each) for each in equations]) is solvable


def test_a_weight_that_could_not_be_judged_has_a_reason():
    _, found = weights("mean(n, y[n] * w)")
    assert found == {"c[n]": "0", "kind": "none", "reason": "the objective does not use the losses"}


def test_a_remainder_comes_with_its_repair():
    _, found = weights("mean(n, loss[n]) + w^2")
    assert found["kind"] == "mean"
    assert found["remainder"] == "w^2"
    assert found["repair"] == "loss[n] + w^2"


def test_definitions_without_parameters_do_not_spoil_the_weights():
    _, found = weights(
        "mean(n, loss[n] * s[n] / total)", loss="total = sum(n, s[n])\n" + LOSS, assume="assume sum(n, s[n]) > 0\n"
    )
    assert found["kind"] == "data"
    assert "reason" not in found
