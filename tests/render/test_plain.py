"""Text: one way to read each line, in Unicode and in ASCII."""

from fractions import Fraction

import pytest
from by_hand import call, d, e, j, n, number, plus, times

from symgrad.kernel.functions import inverse, minus, negative
from symgrad.kernel.terms import Delta, Partial, Power, Size, sigma
from symgrad.render.plain import Plain
from symgrad.render.shapes import Gradient, Ones, Product, Raised, Space, Symbol, Transposed
from symgrad.render.shaping import Shaper

SHAPER = Shaper((n, d, j), [])
A, B, X = e("a"), e("b"), e("x", n)


@pytest.mark.parametrize(
    ("term", "unicode", "ascii_text"),
    [
        (times(inverse(Size("N")), sigma(n, X)), "1/N · Σ_n x[n]", "1/N * sum_n x[n]"),
        (times(plus(A, B), X), "(a + b) · x[n]", "(a + b) * x[n]"),
        (times(A, inverse(B)), "a/b", "a/b"),
        (times(A, inverse(times(B, X))), "a/(b · x[n])", "a/(b * x[n])"),
        (times(A, X, inverse(B)), "(a · x[n])/b", "(a * x[n])/b"),
        (times(A, sigma(d, e("w", d)), B), "a · (Σ_d w[d]) · b", "a * (sum_d w[d]) * b"),
        (minus(A, negative(B)), "a − (−b)", "a - (-b)"),
        (Power(plus(A, B), Fraction(12)), "(a + b)¹²", "(a + b)^12"),
        (Power(A, Fraction(1, 2)), "√(a)", "sqrt(a)"),
        (Power(A, Fraction(2, 3)), "a^(2/3)", "a^(2/3)"),
        (Power(times(number(Fraction(1, 2))), Fraction(2)), "(1/2)²", "(1/2)^2"),
        (Delta(d, j), "δ[d, j]", "delta[d, j]"),
        (Partial(X, e("theta"), True), "∂x[n]/∂θ", "d(x[n])/d(theta)"),
        (times(Partial(X, A, True), Partial(A, B, True)), "∂x[n]/∂a · ∂a/∂b", "d(x[n])/d(a) * d(a)/d(b)"),
        (Power(Partial(X, A, True), Fraction(2)), "(∂x[n]/∂a)²", "(d(x[n])/d(a))^2"),
        (call("sigmoid", A), "σ(a)", "sigmoid(a)"),
        (call("step", A), "1[a > 0]", "step(a)"),
        (call("abs", A), "|a|", "abs(a)"),
        (e("loss", n), "ℓ[n]", "loss[n]"),
        (e("objective"), "ℒ", "objective"),
        (call("pi"), "π", "pi"),
    ],
)
def test_each_construct_has_its_exact_text(term, unicode, ascii_text):
    assert Plain()(SHAPER(term)) == unicode
    assert Plain(unicode=False)(SHAPER(term)) == ascii_text
    assert Plain(unicode=False)(SHAPER(term)).isascii()


def test_matrices_have_signs_of_their_own():
    x = Symbol("X", (), "matrix")
    assert Plain()(Product((Transposed(x), Ones()))) == "Xᵀ · 𝟏"
    assert Plain(unicode=False)(Product((Transposed(x), Ones()))) == "X^T * ones"
    assert Plain()(Raised(x, Fraction(2), entrywise=True)) == "X^(⊙2)"
    assert Plain(unicode=False)(Raised(x, Fraction(2), entrywise=True)) == "X.^(2)"
    assert Plain()(Space(("N", "D"))) == "ℝ^(N×D)"
    assert Plain()(Space(("N",))) == "ℝ^N"
    assert Plain()(Gradient(Symbol("objective"), x)) == "∇_X ℒ"
