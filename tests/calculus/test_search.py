"""Counterexamples: small, exact where that is possible, and never where they do not count."""

from fractions import Fraction

import pytest

from symgrad.calculus import numbers, search
from symgrad.calculus.search import Question
from symgrad.kernel import terms as t
from symgrad.kernel.program import Tensor
from symgrad.lang.parser import parse_formula, parse_model
from symgrad.oracles.points import reach

LABELS = """index n : N, k : K
batch n
data y[n, k], s[n]
parameter w[k]
assume sum(k, y[n, k]) = 1
assume sum(n, s[n]) > 0
loss[n] = sum(k, w[k] * y[n, k]) * s[n]
"""

N, K = t.Index("n", "N"), t.Index("k", "K")


@pytest.fixture(scope="module")
def labels():
    return parse_model(LABELS, "labels")


def question(model, left, right, hypotheses=(), names=None):
    """Whether two formulas differ, for all values of their letters."""
    left, right = parse_formula(left, model), parse_formula(right, model)
    letters = tuple(dict.fromkeys((*t.letters(left), *t.letters(right))))
    sides = [numbers.formula(model.program, side) for side in (left, right)]
    names = reach(model, left, right) if names is None else names
    return Question(model, tuple(hypotheses), names, letters, *sides)


def plain(loss, *lines):
    return parse_model(
        "\n".join(["index n : N", "batch n", "data x[n]", "parameter w", *lines, f"loss[n] = {loss}"]), "m"
    )


def entries(witness):
    """Every number that was given, by tensor."""

    def flat(value):
        return [e for part in value for e in flat(part)] if isinstance(value, list) else [Fraction(value)]

    return {name: flat(value) for name, value in {**witness["data"], **witness["parameters"]}.items()}


def test_a_witness_satisfies_the_assumptions_and_separates_the_sides(labels):
    found = question(labels, "y[n, k]", "1").witness()
    rows = [[Fraction(value) for value in row] for row in found["data"]["y"]]
    assert all(sum(row) == 1 for row in rows)
    assert sum(entries(found)["s"]) > 0
    at = found["at"]
    assert Fraction(found["left"]) == rows[at["n"] - 1][at["k"] - 1] != 1
    assert (found["right"], found["exact"]) == ("1", True)
    assert Fraction(found["difference"]) == Fraction(found["left"]) - 1


@pytest.mark.parametrize("relation", ["w > 0", "w != 0", "w - 2 > 0"])
def test_a_witness_satisfies_every_hypothesis(relation):
    model = plain("w * x[n]")
    left, sign, _ = relation.rpartition("> 0") if ">" in relation else relation.rpartition("!= 0")
    hypothesis = t.Judgement(sign.split()[0], parse_formula(left, model), t.ZERO)
    found = question(model, "w", "5", [hypothesis]).witness()
    value = Fraction(found["parameters"]["w"])
    assert value > {"w > 0": 0, "w - 2 > 0": 2}.get(relation, -100)
    assert value != 0
    assert Fraction(question(model, "w", "5").witness()["parameters"]["w"]) == 0


def test_sides_that_differ_only_where_a_hypothesis_fails_have_no_witness():
    model = plain("w * x[n]")
    positive = t.Judgement(">", parse_formula("w", model), t.ZERO)
    assert question(model, "abs(w)", "w").witness() is not None
    assert question(model, "abs(w)", "w", [positive]).witness() is None


def test_sides_that_differ_only_where_an_assumption_fails_have_no_witness():
    assert question(plain("w * x[n]"), "x[n]^2", "x[n]").witness() is not None
    assert question(plain("w * x[n]", "assume x[n]^2 = x[n]"), "x[n]^2", "x[n]").witness() is None


@pytest.mark.parametrize(
    ("left", "right"),
    [("step(w) + step(-w)", "1"), ("abs(w)", "2 * relu(w) - w"), ("max(w, 0)", "relu(w)"), ("sign(w)^2", "1")],
)
def test_sides_that_differ_only_at_a_kink_have_no_witness(left, right):
    assert question(plain("w * x[n]"), left, right).witness() is None


def test_what_the_sides_depend_on_is_away_from_its_kinks():
    model = plain("u * x[n]", "u = abs(w - 1)")
    name = frozenset({"u", "w"})
    found = question(model, "w", "-3", names=name).witness()
    assert Fraction(found["parameters"]["w"]) not in {1, -3}
    only = question(model, "w * 0 + delta(n, n)", "1").witness()
    assert only is None
    assert question(plain("u * x[n]", "u = abs(w - w)"), "w", "5", names=name).witness() is None


@pytest.mark.parametrize("left", ["log(-s[n]^2)", "(s[n] - s[n])^-1", "(-s[n]^2)^(1/2)"])
def test_a_witness_is_never_where_a_side_has_no_value(labels, left):
    assert question(labels, left, "1").witness() is None


def test_equal_sides_have_no_witness_and_the_search_says_how_much_it_tried(labels):
    asked = question(labels, "sum(k, y[n, k])", "1")
    assert asked.witness() is None
    assert asked.tried > 100
    assert asked.given_up == f"no counterexample among {asked.tried} points with two and with three samples"


def test_the_search_is_bounded(monkeypatch):
    monkeypatch.setattr(search, "WORK", 10)
    monkeypatch.setattr(search, "LEAST", 7)
    asked = question(plain("w * x[n]"), "w", "w")
    assert asked.witness() is None
    assert asked.tried == 7


def test_the_same_witness_is_found_every_time(labels):
    assert question(labels, "w[k]", "s[n]").witness() == question(labels, "w[k]", "s[n]").witness()


def test_two_samples_and_sizes_of_one_are_enough_where_they_are(labels):
    assert question(labels, "w[k]", "s[n]").witness()["sizes"] == {"N": 2, "K": 1}
    assert question(labels, "w[k] * y[n, k]", "w[k]").witness()["sizes"] == {"N": 2, "K": 2}


def test_three_samples_are_taken_where_two_hide_the_difference():
    found = question(plain("w * x[n]"), "size(N)", "2").witness()
    assert (found["sizes"], found["left"], found["right"]) == ({"N": 3}, "3", "2")


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("exp(w * x[n])", "1 + w * x[n] + x[n]"),
        ("sigmoid(w)", "tanh(w)"),
        ("(x[n]^2 + 1)^(1/2)", "x[n]"),
        ("(mean(n, (w - x[n])^2))^(1/2)", "mean(n, w - x[n])"),
        ("log(exp(w))", "w + x[n]^2"),
        ("cos(w) * x[n]", "2 * x[n]"),
        ("(mean(n, x[n]^2) + 3)^(-1/2)", "w"),
    ],
)
def test_a_rational_witness_is_found_where_there_is_one_and_its_numbers_are_small(left, right):
    found = question(plain("w * x[n]"), left, right).witness()
    assert found["exact"]
    told = [Fraction(found[key]) for key in ("left", "right", "difference")]
    given = [value for values in entries(found).values() for value in values]
    assert all(abs(value.numerator) < 100 and value.denominator < 10 for value in (*told, *given))


def test_balls_separate_what_has_no_rational_value():
    found = question(plain("w * x[n]"), "exp(x[n] - w + 1)", "exp(x[n] - w + 2)").witness()
    assert not found["exact"]
    assert found["left"].startswith("[")
    assert found["difference"].startswith("[-")


def test_balls_that_touch_are_no_witness():
    assert question(plain("w * x[n]"), "exp(w) * exp(-w)", "1").witness() is None


def test_an_exact_witness_is_preferred_to_an_earlier_ball():
    found = question(plain("w * x[n]"), "exp(w - 1)", "w + x[n]").witness()
    assert found["exact"]
    assert found["parameters"]["w"] == "1"


def test_what_does_not_matter_is_zero():
    model = parse_model("index n : N\nbatch n\ndata x[n], y[n]\nparameter w, v\nloss[n] = w * x[n] + v * y[n]", "m")
    found = question(model, "w", "w + x[n]").witness()
    assert entries(found) == {"x": [1, 0], "y": [0, 0], "w": [0], "v": [0]}


def test_the_rows_of_which_the_right_side_is_the_mean_are_told():
    model = plain("w * x[n]")
    values = numbers.Evaluated(model.program)
    x = values.side(parse_formula("x[n]", model))

    def rows(point, _):
        return [x(point, {N: k}) for k in range(point.sizes["N"])]

    whole = values.side(parse_formula("sum(n, x[n])", model))
    asked = Question(model, (), frozenset(), (), whole, lambda point, at: numbers.mean(rows(point, at)), rows)
    found = asked.witness()
    told = list(map(Fraction, found["per_sample"]))
    assert told == entries(found)["x"]
    assert Fraction(found["right"]) == sum(told) / 2
    assert Fraction(found["left"]) == sum(told)


@pytest.mark.parametrize(("left", "right", "differ"), [("w", "w + x[n]", True), ("w + x[n]", "x[n] + w", False)])
def test_a_glance_sees_whether_sides_differ(left, right, differ):
    asked = question(plain("w * x[n]"), left, right)
    assert asked.glance() is differ
    assert asked.tried < 10


def test_a_tensor_of_another_program_is_not_evaluated():
    model = plain("w * x[n]")
    other = t.Entry(Tensor("q", "data", ()).name, ())
    asked = Question(
        model, (), frozenset(), (), numbers.formula(model.program, other), numbers.formula(model.program, t.ONE)
    )
    assert asked.witness() is None
