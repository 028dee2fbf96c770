"""Counterexamples by TensorFlow: the same numbers, or it is said that they are not."""

from copy import deepcopy

import pytest

from symgrad.calculus import derive
from symgrad.lang.parser import parse_model
from symgrad.oracles.witness import reevaluated

pytestmark = pytest.mark.tensorflow

RMSE = """index n : N, d : D
batch n
data x[n, d], y[n]
parameter w[d], b
f[n] = sum(d, w[d] * x[n, d]) + b
loss[n] = (f[n] - y[n])^2
objective = mean(n, loss[n])^(1/2)
"""
COUPLED = """index n : N, m : N
batch n
data x[n], y[n]
parameter w, v
h[n] = w * x[n]
mu = mean(m, h[m])
loss[n] = (v * (h[n] - mu) - y[n])^2
claim d(loss[n]) / d(h[m]) = 2 * v * delta(n, m) * (v * (h[n] - mu) - y[n])
claim d(mu) / d(h[n]) = 1
claim mean(n, h[n]) + 1 = mu
"""


def refuted(text):
    """The model, and what holds a counterexample: the statement with its witness."""
    model = parse_model(text, "model")
    return model, [(statement, held["witness"]) for statement, held in derive(model).refuted]


def test_the_two_sides_of_the_identity_come_out_as_told():
    model, [(statement, witness)] = refuted(RMSE)
    found = reevaluated(model, witness, statement)
    assert statement == "identity"
    assert found["agrees"]
    assert found["per_sample"] == pytest.approx([float(value) for value in witness["per_sample"]])
    assert sum(found["per_sample"]) / 2 == pytest.approx(found["right"])
    assert abs(found["left"] - found["right"]) > 0.1
    assert found["version"].count(".") == 2


def test_every_kind_of_statement_is_computed():
    model, held = refuted(COUPLED)
    assert [statement if isinstance(statement, str) else "claim" for statement, _ in held] == [
        "separable",
        "identity",
        *["claim"] * 3,
    ]
    for statement, witness in held:
        found = reevaluated(model, witness, statement)
        assert found["agrees"], (statement, witness, found)
        assert found["left"] != found["right"]


@pytest.mark.parametrize("key", ["left", "right", "per_sample"])
@pytest.mark.parametrize("change", ["-7/3", "[0.30000000 +/- 1e-9]"])
def test_other_numbers_do_not_agree(key, change):
    model, [(statement, witness)] = refuted(RMSE)
    wrong = deepcopy(witness)
    wrong[key] = [change, *witness["per_sample"][1:]] if key == "per_sample" else change
    assert not reevaluated(model, wrong, statement)["agrees"]


def test_other_data_do_not_agree():
    model, [(statement, witness)] = refuted(RMSE)
    wrong = deepcopy(witness)
    wrong["data"]["y"] = ["3", "5"]
    assert not reevaluated(model, wrong, statement)["agrees"]


def test_a_number_that_is_not_finite_does_not_agree():
    model, [(statement, witness)] = refuted(RMSE)
    wrong = deepcopy(witness)
    wrong["data"]["y"], wrong["parameters"] = ["0", "0"], {"w": ["0"], "b": "0"}
    assert not reevaluated(model, wrong, statement)["agrees"]


def test_balls_agree_with_their_middle():
    text = "index n : N\nbatch n\ndata x[n]\nparameter w\nloss[n] = exp(1) * w * x[n]^2\nobjective = sum(n, loss[n])"
    model, [(statement, witness)] = refuted(text)
    assert not witness["exact"]
    assert reevaluated(model, witness, statement)["agrees"]


def test_a_constant_definition_can_be_differentiated_by():
    text = "index n : N\nbatch n\ndata x[n]\nparameter w\nu = 3\nloss[n] = w * u * x[n]\nclaim d(loss[n]) / d(u) = x[n]"
    model, [(claim, witness)] = refuted(text)
    found = reevaluated(model, witness, claim)
    assert found["agrees"]
    assert found["left"] != found["right"]


def test_the_entry_is_read_where_the_witness_says():
    text = """index n : N, d : D, j : D
batch n
data x[n, d]
parameter W[d, j]
loss[n] = sum(d, sum(j, W[d, j] * x[n, d] * x[n, j]^2))
claim d(loss[n]) / d(W[d, j]) = x[n, j] * x[n, d]^2
"""
    model, [(claim, witness)] = refuted(text)
    assert witness["sizes"]["D"] == 2
    assert reevaluated(model, witness, claim)["agrees"]
    moved = deepcopy(witness)
    moved["at"]["d"], moved["at"]["j"] = witness["at"]["j"], witness["at"]["d"]
    assert not reevaluated(model, moved, claim)["agrees"]
