"""The entries in which the answer is no, or not by the plain mean: each verdict, weight and claim as it should be.

What the entries claim is looked at once more by the tests' own reader: a claim that is proved holds wherever it is
looked at, one that is refuted fails somewhere, and the closed gradients are the derivatives of the program.
"""

from itertools import product

import pytest
from second_reader import Reading, agree, differ, drawn, normalised, pattern, read

from symgrad import catalogue
from symgrad.calculus import Verdict

COUPLED = {"batch_norm", "info_nce"}

REFUTED = {
    "batch_max": "wb",
    "batch_norm": ("W", "gamma", "beta", "v", "c"),
    "gradient_accumulation": "Wb",
    "info_nce": "WV",
    "l2_penalty_counted_twice": "w",
    "log_of_mean": "wb",
    "masked_mean": "wb",
    "mean_with_sample_weight": "wb",
    "rmse": "wb",
    "sum_reduction": "wb",
    "unequal_shards": "wb",
}
"""The parameters for which the batch gradient is not the mean of the gradients of the samples, one by one."""

WRONG_CLAIMS = {
    "batch_max": {1, 3},
    "batch_norm": {2},
    "gradient_accumulation": {2},
    "info_nce": set(),
    "l2_penalty_counted_twice": {2, 5},
    "log_of_mean": {4},
    "masked_mean": {2},
    "mean_with_sample_weight": {1},
    "rmse": {3, 6},
    "sum_reduction": {3},
    "unequal_shards": {2, 7},
}
"""The claims, counted from one, that state what people believe and is not so."""

WEIGHTS = {
    "batch_max": ("theta", "step(1/2 - sum(m, step(loss[m] - delta(m, n) - loss[n])))"),
    "batch_norm": ("mean", "1/size(N)"),
    "gradient_accumulation": ("data", "mean(k, s[n, k] / tokens[k])"),
    "info_nce": ("mean", "1/size(N)"),
    "l2_penalty_counted_twice": ("mean", "1/size(N)"),
    "log_of_mean": ("theta", "1/sum(n, loss[n])"),
    "masked_mean": ("data", "valid[n] / sum(n, valid[n])"),
    "mean_with_sample_weight": ("data", "s[n] / sum(n, s[n])"),
    "rmse": ("theta", "1/2 / size(N) * mean(n, loss[n])^(-1/2)"),
    "sum_reduction": ("sum", "1"),
    "unequal_shards": ("data", "mean(k, s[n, k] / count[k])"),
}

HYPOTHESES = {
    "batch_max": ["loss[n] - loss[m] - delta(n, m) != 0"],
    "batch_norm": ["epsilon > 0"],
    "gradient_accumulation": [
        "sum(n, s[n, k] * sum(t, m[n, t])) > 0",
        "sum(c, y[n, t, c]) = 1",
        "sum(k, s[n, k]) = 1",
    ],
    "info_nce": [],
    "l2_penalty_counted_twice": [],
    "log_of_mean": ["mean(n, loss[n]) > 0", "loss[n] > 0"],
    "masked_mean": ["sum(t, m[n, t]) > 0"],
    "mean_with_sample_weight": ["sum(n, s[n]) > 0"],
    "rmse": ["mean(n, loss[n]) > 0"],
    "sum_reduction": [],
    "unequal_shards": ["sum(n, s[n, k]) > 0", "sum(k, s[n, k]) = 1"],
}

NORMALISED = {"gradient_accumulation": ("y", "s"), "unequal_shards": ("s",)}
"""The data that add up to one over their last index."""

every = pytest.mark.parametrize("name", REFUTED)


def at_a_point(name, seed):
    """An entry, read by the tests' own reader, at a random point that its assumptions allow."""
    text = read(catalogue.find(name).read_text(encoding="utf-8"))
    sizes, values = drawn(text, seed, positive={"s", "m", "epsilon"})
    for tensor in NORMALISED.get(name, ()):
        values = normalised(values, tensor)
    return Reading(text, sizes, values)


def with_letters(reading, letters):
    return Reading(reading.text.also((), letters), reading.sizes, reading.values)


def places(letters, reading, indices):
    """Every assignment of places to letters."""
    for where in product(*(range(reading.sizes[indices[i]]) for i in letters)):
        yield dict(zip(letters, where, strict=True)), where


def fails_somewhere(name, claim, seed):
    """Whether the two sides of a claim certainly differ at some place of a random point."""
    reading = at_a_point(name, seed)
    left, right = claim
    free = reading.letters_of(right)
    if left.startswith("d("):
        for tensor, letters in (pattern(part.strip()[2:-1]) for part in left.split("/")):
            free |= dict(zip(letters, reading.shapes[tensor], strict=True))
    else:
        free |= reading.letters_of(left)
    here = with_letters(reading, free)
    for at, _ in places(tuple(free), reading, free):
        if differ(here.value(left, at).value, here.value(right, at).value):
            return True
    return False


def test_the_gallery_is_in_the_catalogue():
    assert set(REFUTED) <= set(catalogue.names())


@every
def test_an_entry_is_decided_as_its_file_expects(derived, name):
    derivation = derived(name)
    assert derivation.verdict is Verdict.PROVED
    assert derivation.exit_code == 0
    verdicts = derivation.to_json()["verdicts"]
    assert verdicts["separable"]["status"] == ("refuted" if name in COUPLED else "proved")
    assert verdicts["per_sample"]["status"] == verdicts["batch"]["status"] == "proved"
    assert verdicts["tape"]["status"] == ("undecided" if name in COUPLED else "proved")
    assert verdicts["tape"].get("coupled", False) == (name in COUPLED)


@every
def test_the_identity_of_an_entry_fails_for_the_right_parameters(derived, name):
    identity = derived(name).to_json()["verdicts"]["identity"]
    assert identity["status"] == "refuted"
    assert {p for p, status in identity["by_parameter"].items() if status == "refuted"} == set(REFUTED[name])
    assert "undecided" not in identity["by_parameter"].values()
    assert identity["jacobian_rows"]["status"] == ("proved" if name in COUPLED else "refuted")


@every
def test_every_claim_of_an_entry_is_proved_unless_it_states_a_wrong_belief(derived, name):
    claims = derived(name).to_json()["claims"]
    assert {k for k, claim in enumerate(claims, 1) if claim["status"] == "refuted"} == WRONG_CLAIMS[name]
    assert {claim["status"] for claim in claims} <= {"proved", "refuted"}
    assert all("witness" in claim for claim in claims if claim["status"] == "refuted")


@every
def test_the_weights_of_an_entry_are_those_of_its_objective(derived, name):
    weights = derived(name).to_json()["weights"]
    assert (weights["kind"], weights["c[n]"]) == WEIGHTS[name]
    if name == "l2_penalty_counted_twice":
        assert weights["remainder"] == "penalty"
        assert weights["repair"] == "loss[n] + penalty"
    else:
        assert "remainder" not in weights


@every
def test_an_entry_supposes_what_the_mathematics_needs_and_no_more(derived, name):
    assert derived(name).to_json()["hypotheses"] == HYPOTHESES[name]


@every
@pytest.mark.parametrize("seed", [1, 2])
def test_the_claims_hold_or_fail_as_the_entry_says(name, seed):
    for number, claim in enumerate(read(catalogue.find(name).read_text(encoding="utf-8")).claims, 1):
        assert fails_somewhere(name, claim, seed) == (number in WRONG_CLAIMS[name]), claim


@every
def test_the_closed_gradients_are_the_derivatives_of_the_objective_and_of_the_losses(derived, name):
    report, reading = derived(name).to_json(), at_a_point(name, 3)
    here, compared = with_letters(reading, report["indices"]), 0
    slopes = reading.value("objective").slopes
    for left, formula in report["closed"]["batch_mean"].items():
        parameter, letters = pattern(left)
        for at, where in places(letters, reading, report["indices"]):
            assert agree(here.value(formula, at).value, slopes.get((parameter, where), 0))
            compared += 1
    for sample in range(reading.sizes["N"]):
        alone = reading if name in COUPLED else reading.alone(sample)
        losses = alone.value("loss[n]", {"n": sample if name in COUPLED else 0}).slopes
        for left, formula in report["closed"]["per_sample"].items():
            parameter, letters = pattern(left)
            for at, where in places(letters, reading, report["indices"]):
                assert agree(here.value(formula, {**at, "n": sample}).value, losses.get((parameter, where), 0))
                compared += 1
    assert compared >= 3 * (len(REFUTED[name]) + 1)


@every
def test_the_checker_accepts_the_certificate_of_an_entry(derived, name):
    derivation = derived(name)
    derivation.verify()
    assert derivation.checked


@every
def test_an_entry_says_what_is_done_and_where_its_formulas_come_from(derived, name):
    model = derived(name).model
    assert model.title
    assert model.sources
    assert len(" ".join(model.introduction).split()) > 40
