"""The entries that follow Keras: its losses, its reductions and networks; each proved, and true by another reading."""

from itertools import product

import pytest
from second_reader import Reading, UndefinedError, agree, drawn, normalised, pattern, read

from symgrad import catalogue
from symgrad.calculus import Verdict

CLIP = ["epsilon > 0", "min(p[n, k], 1 - epsilon) != epsilon", "p[n, k] != 1 - epsilon"]
MARGIN = "1 - y[n, k] * f[n, k] != 0"
MASK, ONE = "sum(n, m[n]) > 0", "sum(k, y[n, k]) = 1"

LOSSES = {
    "loss_binary_crossentropy": [],
    "loss_binary_crossentropy_clipped": [CLIP[0], "1 - c[n, k] > 0", *CLIP[1:]],
    "loss_binary_focal_crossentropy": [],
    "loss_categorical_crossentropy": [ONE],
    "loss_categorical_crossentropy_clipped": [condition.replace("p[", "q[") for condition in CLIP],
    "loss_categorical_focal_crossentropy": ["epsilon > 0", "h[n, k] != epsilon", CLIP[2]],
    "loss_categorical_generalized_cross_entropy": [],
    "loss_categorical_hinge": [
        "neg[n] - pos[n] + 1 != 0",
        "(1 - y[n, k]) * f[n, k] - ((1 - y[n, j]) * f[n, j]) - delta(k, j) != 0",
    ],
    "loss_cosine_similarity": ["epsilon > 0", "q[n] > 0", "sum(k, y[n, k]^2) > 0", "r[n] != 1/epsilon"],
    "loss_dice": ["epsilon > 0", "sum(k, y[n, k]) > 0"],
    "loss_hinge": [MARGIN],
    "loss_huber": ["r[n, k] - width != 0", "-r[n, k] - width != 0"],
    "loss_kl_divergence": ["epsilon > 0", "p[n, k] != epsilon"],
    "loss_log_cosh": [],
    "loss_mean_absolute_error": ["y[n, k] != f[n, k]"],
    "loss_mean_absolute_percentage_error": ["epsilon > 0", "(y[n, k] - f[n, k]) / s[n, k] != 0"],
    "loss_mean_squared_error": [],
    "loss_mean_squared_logarithmic_error": ["epsilon > 0", "f[n, k] != epsilon"],
    "loss_poisson": ["epsilon > 0"],
    "loss_sparse_categorical_crossentropy": [],
    "loss_sparse_categorical_crossentropy_clipped": CLIP,
    "loss_squared_hinge": [MARGIN, "y[n, k]^2 = 1"],
    "loss_tversky": ["c[n] != 0"],
}
"""Every loss of Keras that is a loss of each sample, but for one over alignments, with what it supposes."""

REDUCTIONS = {
    "reduction_mean": ("mean", "1/size(N)", []),
    "reduction_mean_masked": ("data", "m[n] / sum(n, m[n])", [MASK]),
    "reduction_mean_steps": ("mean", "1/size(N)", []),
    "reduction_mean_weighted": ("data", "1/size(N) * s[n]", []),
    "reduction_mean_weighted_masked": ("data", "m[n] * s[n] / sum(n, m[n])", [MASK]),
    "reduction_none": ("sum", "1", []),
    "reduction_none_weighted": ("data", "m[n] * s[n]", []),
    "reduction_sum": ("sum", "1", []),
    "reduction_sum_masked": ("data", "m[n]", []),
    "reduction_sum_weighted": ("data", "s[n]", []),
    "reduction_sum_weighted_masked": ("data", "m[n] * s[n]", []),
    "reduction_weighted_mean": ("data", "s[n] / sum(n, s[n])", ["sum(n, s[n]) > 0"]),
    "reduction_weighted_mean_masked": ("data", "m[n] * s[n] / sum(n, m[n] * s[n])", ["sum(n, m[n] * s[n]) > 0"]),
    "reduction_weighted_mean_steps": ("data", "size(T) * s[n] / sum(n, s[n])", ["sum(n, s[n]) > 0"]),
}
"""Every reduction of Keras with the weight c_n that it gives to a loss, and what it supposes."""

NETWORKS = {
    "attention_pooling": [],
    "embedding_softmax": [],
    "layer_norm_mlp": ["epsilon > 0"],
    "matrix_factorization": [],
    "self_attention": [],
    "vae": [],
}

HYPOTHESES = {**LOSSES, **NETWORKS, **{name: supposed for name, (_, _, supposed) in REDUCTIONS.items()}}

WRONG_CLAIMS = {"loss_poisson": [4], "reduction_none": [1], "reduction_weighted_mean_steps": [1]}
"""The claims, counted from one, that state what people believe and is not so."""

every = pytest.mark.parametrize("name", HYPOTHESES)


def at_a_point(name, seed):
    """An entry, read by the tests' own reader, at a random point that its assumptions allow."""
    text = read(catalogue.find(name).read_text(encoding="utf-8"))
    sizes, values = drawn(text, seed, positive={"s", "m", "epsilon", "width"})
    values = normalised(values, "y") if ONE in text.assumptions else values
    if "epsilon" in values:  # below every clip in sight but some
        values["epsilon"] = {where: value / 4 for where, value in values["epsilon"].items()}
    return Reading(text, sizes, values)


def defined(name):
    """The first such point at which the objective is defined."""
    for seed in range(40):
        reading = at_a_point(name, seed)
        try:
            reading.value("objective")
        except UndefinedError:
            continue
        return reading
    raise AssertionError(name)


def places(letters, reading, indices):
    """Every assignment of places to letters."""
    for where in product(*(range(reading.sizes[indices[i]]) for i in letters)):
        yield dict(zip(letters, where, strict=True)), where


@every
def test_an_entry_is_proved_with_every_claim_as_it_says(derived, name):
    derivation = derived(name)
    assert derivation.verdict is Verdict.PROVED
    statuses = [claim["status"] for claim in derivation.to_json()["claims"]]
    assert len(statuses) >= 3
    wrong = [k for k, status in enumerate(statuses, 1) if status == "refuted"]
    assert wrong == WRONG_CLAIMS.get(name, [])
    assert statuses.count("proved") == len(statuses) - len(wrong)


@every
def test_an_entry_supposes_what_it_needs_and_no_more(derived, name):
    assert derived(name).to_json()["hypotheses"] == HYPOTHESES[name]


@every
def test_no_sample_of_an_entry_depends_on_another(derived, name):
    verdicts = derived(name).to_json()["verdicts"]
    assert {verdicts[key]["status"] for key in ("separable", "per_sample", "tape", "batch")} == {"proved"}


@every
def test_the_weights_of_an_entry_are_those_of_its_reduction(derived, name):
    kind, weight = REDUCTIONS[name][:2] if name in REDUCTIONS else ("mean", "1/size(N)")
    report = derived(name).to_json()
    assert report["weights"] == {"c[n]": weight, "kind": kind}
    assert report["verdicts"]["identity"]["status"] == ("proved" if kind == "mean" else "refuted")


@every
def test_the_closed_gradients_are_the_derivatives_of_the_objective_and_of_the_losses(derived, name):
    report, reading = derived(name).to_json(), defined(name)
    here, compared = Reading(reading.text.also((), report["indices"]), reading.sizes, reading.values), 0
    slopes = reading.value("objective").slopes
    for left, formula in report["closed"]["batch_mean"].items():
        parameter, letters = pattern(left)
        for at, where in places(letters, reading, report["indices"]):
            assert agree(here.value(formula, at).value, slopes.get((parameter, where), 0))
            compared += 1
    losses = reading.alone(1).value("loss[n]", {"n": 0}).slopes
    for left, formula in report["closed"]["per_sample"].items():
        parameter, letters = pattern(left)
        for at, where in places(letters, reading, report["indices"]):
            assert agree(here.value(formula, {**at, "n": 1}).value, losses.get((parameter, where), 0))
            compared += 1
    assert compared >= 2 * len(report["closed"]["per_sample"])


@every
def test_the_checker_accepts_the_certificate_of_an_entry(derived, name):
    derivation = derived(name)
    derivation.verify()
    assert derivation.checked


@every
def test_an_entry_says_what_it_is_and_where_it_comes_from(derived, name):
    model = derived(name).model
    assert model.title
    assert model.sources
    assert len(" ".join(model.introduction).split()) >= 20
