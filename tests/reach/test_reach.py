"""How far the prover reaches: named losses of textbooks and frameworks, with the gradients that are printed there.

Nothing of it is a matter of soundness: a loss whose gradient is not proved is undecided, and said to be. ``UNDECIDED``
lists those, each with what is missing; a sample runs always, all of them where ``SYMGRAD_CAMPAIGN`` is set.
"""

import os
from pathlib import Path

import pytest
from soundness import record

from symgrad import catalogue
from symgrad.calculus import derive
from symgrad.kernel.terms import Partial
from symgrad.lang.parser import load_model

FILES = {path.stem: path for path in sorted(Path(__file__).parent.glob("*.sg"))}
CAMPAIGN = "SYMGRAD_CAMPAIGN" in os.environ
SAMPLE = ("neuron_elu", "neuron_silu", "skip_gram", "torch_bce_with_logits", "torch_kl_div", "welsch")

TWO_STEPS = "that step(-u) is 1 - step(u) where u is not zero is no identity of the kernel"
UNDECIDED = {
    "neuron_leaky_relu": TWO_STEPS,
    "quantile_as_maximum": TWO_STEPS,
    "hellinger": "exp(z)/S times the root of 1/p is not seen to be the root of p, which is exp(z)/S",
    "neuron_gelu": "the kernel's ring does not split the root of 2 pi",
    "neuron_hard_tanh": "a step of a minimum would have to be told by cases",
}
"""What is not proved, and why."""


def residuals(derivation):
    open_ = [v for v in derivation.verdicts.values() if v["status"] == "undecided"] + [
        claim for claim in derivation.claims if claim["status"] == "undecided"
    ]
    return [str(each.get("residual", "")) for each in open_]


@pytest.mark.parametrize("name", FILES if CAMPAIGN else SAMPLE)
def test_a_published_gradient_is_proved_or_known_to_be_undecided(name):
    derivation = derive(load_model(FILES[name]))
    verdict, left = derivation.verdict.value, residuals(derivation)
    proved = verdict == "proved"
    record("reach", name, tried=1, proved=int(proved), open=[] if proved else [f"{name}: {'; '.join(left)}"])
    assert verdict == ("undecided" if name in UNDECIDED else "proved"), left
    if name not in UNDECIDED:
        derivation.verify()


@pytest.mark.parametrize("name", FILES)
def test_a_loss_of_the_corpus_claims_gradients_and_names_their_source(name):
    model = load_model(FILES[name])
    assert model.title
    assert model.introduction
    assert model.sources
    assert any(isinstance(claim.left, Partial) and claim.left.body.tensor == "loss" for claim in model.claims)
    assert not any(claim.expect_refuted for claim in model.claims)
    assert name not in catalogue.names()


def test_the_corpus_is_large_and_nearly_all_of_it_is_proved():
    assert len(FILES) >= 60
    assert set(UNDECIDED) <= set(FILES)
    assert len(UNDECIDED) <= len(FILES) / 20
