"""The theorems that code is written from: stated for the model at hand, and replayed by the checker."""

import pytest

import symgrad as sg
from symgrad import catalogue
from symgrad.calculus.derivation import replay
from symgrad.lang.text import Printer


def stated(derivation, name):
    theorem = derivation.factored.statements[name]
    printer = Printer.of(derivation.model)
    return f"{printer.text(theorem.left)} = {printer.text(theorem.right)}"


def test_the_norm_of_an_outer_product_is_the_product_of_the_norms(derived):
    left, right = stated(derived("softmax_regression"), "norm W").split(" = ")
    assert left == "sum(d, sum(k, (d(loss[n]) / d(W[d, k]))^2))"
    assert right == "sum(k, (d(loss[n]) / d(z[n, k]))^2) * sum(d, x[n, d]^2)"


def test_a_shared_parameter_has_norms_by_pairs_of_its_uses(derived):
    block = derived("attention_pooling").factored.plan.blocks["W"]
    assert (len(block.shared), len(block.groups)) == (1, 2)


def test_a_row_that_is_a_sum_of_unlike_terms_is_not_factored(derived):
    blocks = derived("ridge_regression").factored.plan.blocks
    assert not blocks["w"].factored


@pytest.mark.parametrize("name", ["softmax_regression", "attention_pooling"])
def test_the_checker_refuses_the_certificate_for_another_goal(derived, name):
    factored = derived(name).factored
    assert replay(factored.goal, factored.certificate)[0] == 0
    changed = factored.goal.replace('["number","2"]', '["number","3"]').replace('"2"]', '"3"]')
    assert changed != factored.goal
    assert replay(changed, factored.certificate)[0] != 0


@pytest.mark.parametrize("name", ["logistic_regression", "softmax_regression", "loss_sparse_categorical_crossentropy"])
def test_stable_forms_carry_no_hypotheses(derived, name):
    stable = {k: s for k, s in derived(name).factored.statements.items() if k.startswith("stable ")}
    assert len(stable) >= 3
    assert all(not s.hypotheses for s in stable.values())


def test_the_shift_of_a_softmax_is_by_the_largest_logit(derived):
    said = [stated(derived("softmax_regression"), f"stable {k}") for k in (1, 2, 3)]
    assert any(line.endswith("- max(k, z[n, k]))") and line.startswith("softmax(") for line in said), said


def test_every_separable_entry_of_one_family_has_its_code_proved():
    for name in ("mlp_relu", "loss_huber", "weighted_logistic"):
        derivation = sg.derive(sg.load_model(catalogue.find(name)))
        assert set(derivation.factored.plan.blocks) == set(derivation.batch.gradients)
