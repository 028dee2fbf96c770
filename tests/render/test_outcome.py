"""Refutations, weights and the machine check: only what was found and measured."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from by_hand import PROVED, logistic

from symgrad.kernel.program import Tensor
from symgrad.render.terminal import to_text
from symgrad.render.tex import to_tex

WITNESS = {
    "parameter": "w",
    "sizes": {"N": 2, "D": 1},
    "data": {"x": [["1/2"], ["-3/2"]], "y": ["1", "0"]},
    "parameters": {"w": ["1/4"], "b": "0"},
    "at": {"j": 1},
    "left": "1/3",
    "right": "2/3",
}
REFUTED = {"status": "refuted", "by_parameter": {"w": "refuted", "b": "proved"}, "witness": WITNESS}


def text(**changes):
    return " ".join(to_text(logistic(**changes)).split())


def test_a_refuted_identity_is_told_with_its_witness():
    shown = text(verdicts={**PROVED, "identity": REFUTED})
    assert "mean of the per-sample gradients, for w: this is refuted." in shown
    assert "as the file expects" not in shown
    assert "sample x y 1 [1/2] 1 2 [-3/2] 0" in shown
    assert "At these values, for w, the two sides differ. N 2 D 1 w [1/4] b 0 at j 1 sample" in shown
    assert "gradient of the objective 1/3 mean over the samples 2/3" in shown
    tex = to_tex(logistic(verdicts={**PROVED, "identity": REFUTED}))
    assert r"gradient of the objective & \raggedright\ttfamily 1/3 \tabularnewline" in tex


def test_an_expected_refutation_is_worded_as_such():
    model = replace(logistic().model, expected=frozenset({"identity"}))
    assert "this is refuted, as the file expects." in text(model=model, verdicts={**PROVED, "identity": REFUTED})


def test_an_expected_claim_is_worded_as_such():
    model = logistic().model
    model = replace(model, claims=(replace(model.claims[0], expect_refuted=True),))
    shown = text(model=model, claims=[{"status": "refuted", "witness": WITNESS}])
    assert "The claim ∂ℓ[n]/∂w[j] = (σ(z[n]) − y[n]) · x[n, j]: this is refuted, as the file expects." in shown


def test_values_that_were_told_just_before_are_not_told_again():
    again = {**WITNESS, "left": "5", "right": "[0.25 +/- 1e-9]"}
    del again["parameter"]
    shown = text(
        verdicts={**PROVED, "identity": REFUTED}, claims=[{"status": "refuted", "witness": again, "derived": "b"}]
    )
    assert shown.count("1 [1/2] 1 2 [-3/2] 0") == 1
    assert "The left side was derived to be b." in shown
    assert "At the values above the two sides differ. at j 1 left side 5 right side 0.25 +/- 1e-9" in shown
    other = {**again, "sizes": {"N": 3}}
    shown = text(verdicts={**PROVED, "identity": REFUTED}, claims=[{"status": "refuted", "witness": other}])
    assert shown.count("1 [1/2] 1 2 [-3/2] 0") == 2
    assert "above" not in shown


def test_a_long_fraction_has_its_first_digits_beside_it():
    witness = {**WITNESS, "left": f"-{10**400}/{3 * 10**400 + 1}", "right": "[+/- 2e-60]"}
    shown = text(verdicts={**PROVED, "identity": {**REFUTED, "witness": witness}})
    assert "(about -0.333333) mean over the samples 0 +/- 2e-60" in shown


def test_what_is_undecided_is_told_with_its_residual():
    shown = text(verdicts={**PROVED, "separable": {"status": "undecided", "residual": "x - y"}})
    assert "samples of the batch: this is undecided. What could not be closed: x - y." in shown


def test_what_is_proved_needs_no_remark():
    assert "Remark" not in text()


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        (
            {"c[n]": "s[n]", "kind": "none", "reason": "it jumps."},
            "No weights for the per-sample gradients were found: it jumps.",
        ),
        ({"c[n]": "1", "kind": "sum"}, "every per-sample gradient has the weight one"),
        (
            {"c[n]": "y[n] / sum(n, y[n])", "kind": "data"},
            "The weights do not depend on the parameters: ∇_θ ℒ = Σ_n c[n] · ∇_θ ℓ[n] c[n] = y[n]/(Σ_i y[i])",
        ),
        (
            {"c[n]": "y[n] * w[1]", "kind": "theta"},
            "The weights depend on the parameters: ∇_θ ℒ = Σ_n c[n] · ∇_θ ℓ[n] c[n] y[n] * w[1]",
        ),
        (
            {"c[n]": "1/size(N)", "kind": "mean", "remainder": "b^2", "repair": "loss[n] + b^2"},
            "with ℓ[n] + b² for ℓ[n]",
        ),
    ],
)
def test_weights_other_than_those_of_the_mean_are_told(weights, words):
    assert words in text(weights=weights)


def test_checked_is_said_only_if_the_checker_accepted():
    assert "accepted by a second program" in text(checked=True)
    assert "accepted" not in text(checked=False)
    assert "kernel of symgrad" in text(checked=False)


def test_without_a_proof_nothing_is_said_to_be_derived():
    assert "kernel of symgrad" not in text(proof=())


def test_numbers_are_printed_only_if_they_were_measured():
    assert "automatic differentiation" not in text()
    report = {
        "outcome": "AGREE",
        "backend": "tensorflow",
        "dtype": "float64",
        "points": 5,
        "error_over_bound": 0.0312,
        "ulp": 1.5,
        "controls": {"tried": 9, "rejected": 9, "survived": []},
        "environment": {"version": "2.21.0"},
        "reason": "",
    }
    shown = text(check_report=SimpleNamespace(to_json=lambda: report))
    assert (
        "Against automatic differentiation by TensorFlow 2.21.0 (float64) the outcome is AGREE, at 5 points; the "
        "largest error is 0.031 of the rounding bound, 1.5 ulp. Of 9 wrong formulas, 9 were rejected."
    ) in shown


def test_an_inconclusive_check_prints_no_error():
    report = {"outcome": "INCONCLUSIVE", "backend": "tensorflow", "error_over_bound": None, "reason": "NaN in the loss"}
    shown = text(check_report=SimpleNamespace(to_json=lambda: report))
    assert "by TensorFlow the outcome is INCONCLUSIVE. NaN in the loss." in shown


def identity(**changes):
    return text(verdicts={**PROVED, "identity": {**REFUTED, "witness": {**WITNESS, **changes}}})


def test_the_gradient_of_each_sample_stands_beside_its_data_and_their_mean_below():
    shown = identity(per_sample=["1/3", "1"], difference="-1/3")
    assert "sample x y gradient 1 [1/2] 1 1/3 2 [-3/2] 0 1 mean of the gradients 2/3" in shown
    assert "gradient of the objective 1/3 difference -1/3" in shown


def test_data_that_are_not_of_one_sample_stand_with_the_parameters():
    model = logistic().model
    eps = Tensor("eps", "data", ())
    model = replace(model, program=replace(model.program, inputs=(*model.program.inputs, eps)))
    witness = {**WITNESS, "data": {**WITNESS["data"], "eps": "3"}}
    shown = text(model=model, verdicts={**PROVED, "identity": {**REFUTED, "witness": witness}})
    assert "N 2 D 1 eps 3 w [1/4] b 0 at j 1 sample x y 1" in shown


def test_samples_may_be_counted_by_a_later_index():
    model = logistic().model
    inputs = (*model.program.inputs, Tensor("m", "data", ("D", "N")))
    model = replace(model, program=replace(model.program, inputs=inputs))
    witness = {**WITNESS, "data": {"m": [["1", "2"], ["3", "4"], ["5", "6"]]}}
    shown = text(model=model, verdicts={**PROVED, "identity": {**REFUTED, "witness": witness}})
    assert "sample m 1 [1, 3, 5] 2 [2, 4, 6]" in shown


def test_a_ball_is_called_a_ball_and_a_rational_is_not():
    assert "a number with +/- is a ball that certainly contains the value" in identity(exact=False)
    assert "ball" not in identity(exact=True)
    assert "ball" not in identity()


def test_what_tensorflow_computed_is_told_only_if_it_was_run():
    told = {"version": "2.99.1", "left": 0.25, "right": -0.0, "per_sample": [1.5, -1.5], "agrees": True}
    shown = identity(tensorflow=told)
    assert "TensorFlow 2.99.1 (float64) computes 0.25 and 0 for the two sides, and 1.5, -1.5 sample by sample" in shown
    assert "the same, up to rounding." in shown
    assert "other numbers than these." in identity(tensorflow={**told, "agrees": False})
    assert "TensorFlow" not in identity()


@pytest.mark.parametrize(
    ("hint", "words"),
    [
        (("factor", "1/size(N)"), "With the right side times 1/N it is proved: "),
        (("transpose", "w"), "With the two indices of w swapped on the right it is proved: "),
        (("letters", "n and j"), "With the letters n and j swapped on the right it is proved: "),
    ],
)
def test_a_hint_is_told_with_the_claim_that_holds(hint, words):
    kind, subject = hint
    told = {"kind": kind, "subject": subject, "right": "2 * y[n]"}
    shown = text(claims=[{"status": "refuted", "witness": WITNESS, "hint": told}])
    assert f"{words}∂ℓ[n]/∂w[j] = 2 · y[n]." in shown
    assert "is proved:" not in text(claims=[{"status": "refuted", "witness": WITNESS}])
