"""Folding into definitions."""

import pytest

LINEAR = "index n : N, d : D; batch n; data x[n, d], y[n]; parameter w[d], b"


@pytest.mark.parametrize(
    "text",
    [
        "u[n] = y[n] * y[n]; loss[n] = u[n] * y[n] * b",
        "u = softplus(b) * b * b; loss[n] = u",
        "u[n] = y[n] * y[n] * b; loss[n] = u[n] + b * y[n] * sum(d, w[d])",
    ],
)
def test_a_definition_with_equal_factors_is_not_taken_for_one_with_fewer(derivation, text):
    """The first product once ended in an exception: one factor y[n] was looked for twice."""
    assert derivation(f"{LINEAR}; {text}").verdict.value == "proved"
