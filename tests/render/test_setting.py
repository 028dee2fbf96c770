"""Setting and assumptions."""

from dataclasses import replace

from by_hand import call, e, logistic, n, number, perceptron

from symgrad.kernel.terms import Judgement
from symgrad.render.terminal import to_text


def test_every_symbol_is_introduced_with_its_space():
    text = " ".join(to_text(logistic()).split())
    assert "Let N and D be arbitrary integers" in text
    assert "X ∈ ℝ^(N×D) with X[n, d] = x[n, d] and y ∈ ℝ^N" in text
    assert "the parameters are w ∈ ℝ^D and b ∈ ℝ" in text
    assert "σ(t) := 1/(1 + exp(−t))" in text
    assert "softplus(t) := log(1 + exp(t))" in text
    assert "denominator layout" in text


def test_a_softmax_is_defined_where_it_is_used_and_only_there():
    assert "softmax_k(t[k]) := exp(t[k])/(Σ_m exp(t[m]))" in to_text(perceptron())
    assert "softmax" not in to_text(logistic())


def test_matrices_of_intermediates_are_introduced():
    text = " ".join(to_text(perceptron()).split())
    assert "Y ∈ ℝ^(N×K) with Y[n, k] = y[n, k]" in text
    assert "As matrices, write G ∈ ℝ^(N×H) with G[n, h] = g[n, h] and U ∈ ℝ^(N×K) with U[n, k] = u[n, k]" in text
    assert "softmax row by row" in text
    assert "A number beside a matrix stands for" in text


def test_a_matrix_keeps_its_name_where_the_upper_case_one_is_taken():
    model = logistic().model
    other = replace(model.program.inputs[3], name="X")
    model = replace(model, program=replace(model.program, inputs=(*model.program.inputs, other)))
    text = to_text(logistic(model=model))
    assert "The data are x ∈ ℝ^(N×D) and" in " ".join(text.split())
    assert "1/N · xᵀ · (σ(x · w + b · 𝟏) − y)" in text


def test_a_greek_matrix_without_an_upper_case_keeps_its_name():
    model = logistic().model
    given = [replace(model.program.inputs[0], name=name) for name in ("alpha", "phi")]
    model = replace(model, program=replace(model.program, inputs=(*model.program.inputs, *given)))
    text = " ".join(to_text(logistic(model=model)).split())
    assert "α ∈ ℝ^(N×D)" in text
    assert "Φ ∈ ℝ^(N×D) with Φ[n, d] = φ[n, d]" in text


def test_signs_between_matrices_are_explained_where_they_are_used():
    text = " ".join(to_text(perceptron()).split())
    assert "𝟏 is a vector of ones." in text
    assert "The product v ⊙ s is taken entry by entry." in text
    assert "diag" not in text
    assert "⊙" not in to_text(logistic())


def test_the_argument_of_a_defined_function_is_no_tensor():
    model = logistic().model
    other = replace(model.program.inputs[3], name="t")
    model = replace(model, program=replace(model.program, inputs=(*model.program.inputs, other)))
    assert "σ(u) := 1/(1 + exp(−u))" in to_text(logistic(model=model))


def test_hypotheses_are_assumptions_with_their_quantifiers():
    text = to_text(logistic(hypotheses=(Judgement("!=", e("z", n), number(0)), Judgement(">", e("b"), number(0)))))
    assert "(3) z[n] ≠ 0 for all n." in text
    assert "(4) b > 0." in text
    assert "(3)" not in to_text(logistic()).split("Proposition")[0].split("Assumptions")[1]


def test_an_indicator_is_explained():
    derivation = logistic(hypotheses=(Judgement("=", call("step", e("b")), number(1)),))
    assert "1[b > 0] = 1" in to_text(derivation)
