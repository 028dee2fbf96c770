"""Both meanings of the per-sample gradient, where samples are coupled."""

from fractions import Fraction

import pytest

from symgrad.calculus import derive
from symgrad.kernel.program import mentioned
from symgrad.lang.parser import parse_model

CENTRED = """
index n : N, m : N
batch n
data x[n], y[n]
parameter w, b, g
a[n] = w * x[n] + b
mu = mean(m, a[m])
f[n] = g * (a[n] - mu) + w * y[n]
loss[n] = f[n] - y[n]
expect separable refuted
expect identity refuted
"""


def meanings(text):
    derivation = derive(parse_model(text, "coupled"))
    derivation.verify()
    identity = derivation.verdicts["identity"]
    return derivation, identity["jacobian_rows"]["by_parameter"], identity["batch_of_one"]["by_parameter"]


def test_a_parameter_whose_gradients_agree_is_proved_in_both_meanings():
    _, rows, ones = meanings(CENTRED)
    assert rows == {"w": "proved", "b": "proved", "g": "proved"}
    assert ones == {"w": "proved", "b": "proved", "g": "proved"}  # the loss is linear: deviations add up to zero


def test_batch_of_one_is_refuted_where_the_formula_is_the_same_but_a_definition_has_another_value():
    """The closed form for g, (a - mu) times the slope, is the same in both programs; mu is not."""
    derivation, rows, ones = meanings(CENTRED.replace("= f[n] - y[n]", "= (f[n] - y[n])^2"))
    assert rows == {"w": "proved", "b": "proved", "g": "proved"}
    assert ones == {"w": "refuted", "b": "proved", "g": "refuted"}
    assert "batch_of_one g" not in derivation.statements


def test_what_holds_for_a_sample_alone_only_under_a_condition_of_its_own_is_not_proved():
    text = CENTRED.replace("= f[n] - y[n]", "= f[n] - y[n] + 0 * log(x[n] + mean(m, x[m]))")
    _, _, ones = meanings(text.replace("expect identity refuted", ""))
    assert set(ones.values()) == {"undecided"}


@pytest.mark.parametrize("parameter", ["w", "b", "g"])
def test_the_statement_for_batches_of_one_rests_on_one_of_the_single_sample_program(parameter):
    derivation, _, _ = meanings(CENTRED)
    one = derivation.statements[f"one {parameter}"]
    assert one.program == derivation.statements[f"per_sample {parameter}"].program
    assert mentioned(one.right) <= {"w", "b", "g", "x", "y"}


BOTH_FAIL = """index n : N, m : N
batch n
data x[n], y[n]
parameter w, v
h[n] = w * x[n]
loss[n] = (v + h[n] - mean(m, h[m]) - y[n])^2
"""


def test_where_both_meanings_fail_the_counterexample_is_about_batches_of_one(derivation):
    found = derivation(f"{BOTH_FAIL}objective = sum(n, loss[n])\n").verdicts["identity"]
    assert (found["batch_of_one"]["status"], found["jacobian_rows"]["status"]) == ("refuted", "refuted")
    witness = found["witness"]
    x, y = ([Fraction(value) for value in witness["data"][name]] for name in "xy")
    v = Fraction(witness["parameters"]["v"])
    alone = [0 if witness["parameter"] == "w" else 2 * (v - each) for each in y]
    assert [Fraction(value) for value in witness["per_sample"]] == alone
    assert Fraction(witness["right"]) == sum(alone) / len(x)
    assert Fraction(witness["difference"]) == Fraction(witness["left"]) - Fraction(witness["right"]) != 0


def test_the_exact_counterexample_of_several_is_told(derivation):
    """With respect to a the gradients are powers of e, whatever the point; with respect to b they are rational."""
    text = (
        "index n : N; batch n; data x[n]; parameter a, b; "
        "loss[n] = exp(1) * a * x[n] + b * x[n]; objective = sum(n, loss[n])"
    )
    found = derivation(text).verdicts["identity"]
    assert found["by_parameter"] == {"a": "refuted", "b": "refuted"}
    assert found["witness"]["parameter"] == "b"
    assert found["witness"]["exact"]
