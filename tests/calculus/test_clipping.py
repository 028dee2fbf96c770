"""The theorem of the clipped mean: what it says, and that the checker holds it."""

import json

import pytest

import symgrad as sg
from symgrad import catalogue
from symgrad.calculus.certificate import sealed
from symgrad.calculus.derivation import replay
from symgrad.errors import InputError
from symgrad.kernel import terms as t
from tests.soundness import length

NAMES = length(["mlp_tanh"], [n for n in catalogue.names() if n not in {"batch_norm", "info_nce"}])


@pytest.fixture(scope="module")
def logistic():
    return sg.derive(sg.load_model(catalogue.find("logistic_regression")))


def test_the_left_side_is_the_clipped_mean_and_the_right_has_norms_by_factors(logistic):
    theorem = logistic.clipping.statements["w"]
    limit = t.Entry("clip", ())
    for side in (theorem.left, theorem.right):
        _, scale, _ = side.body.factors
        assert scale.factors[0] == limit
        [largest] = [part for part in t.subterms(scale) if isinstance(part, t.Apply)]
        assert largest.function == "max"
        assert largest.arguments[1] == limit
    assert isinstance(theorem.left.body.factors[2], t.Partial)
    assert "Entry(x" not in str(theorem.left)
    assert "Power(Entry(x, (1, 0)), 2)" in str(theorem.right)


def test_it_supposes_that_no_gradient_is_zero_and_that_the_divisor_is_not(logistic):
    for theorem in logistic.clipping.statements.values():
        assert sorted(h.relation for h in theorem.hypotheses) == ["!=", "!=", ">", ">"]


@pytest.mark.parametrize("name", NAMES)
def test_the_checker_accepts_it_for_every_parameter(name):
    derivation = sg.derive(sg.load_model(catalogue.find(name)))
    found = derivation.clipping
    assert list(found.statements) == [i.name for i in derivation.model.program.inputs if i.kind == "parameter"]


def test_the_checker_refuses_another_limit_in_the_goal(logistic):
    found = logistic.clipping
    goal = found.goal.replace('"max"', '"min"')
    assert goal != found.goal
    assert replay(goal, found.certificate)[0] != 0
    held = json.loads(found.certificate)
    held.pop("sha256")
    altered = json.dumps(sealed(json.loads(json.dumps(held).replace('"max"', '"min"'))))
    assert replay(found.goal, altered)[0] != 0


def test_a_datum_of_that_name_is_left_alone():
    text = "index n : N\nbatch n\ndata x[n], clip[n]\nparameter w\nloss[n] = (w * x[n] - clip[n])^2"
    found = sg.derive(sg.parse_model(text, "named")).clipping
    assert "with clip0 among its data" in found.told[0]


def test_coupled_samples_are_refused():
    text = "index n : N\nbatch n\ndata x[n]\nparameter w\nc[n] = x[n] - mean(n, x[n])\nloss[n] = (w * c[n])^2"
    with pytest.raises(InputError, match="the samples are coupled"):
        _ = sg.derive(sg.parse_model(text, "centred")).clipping
