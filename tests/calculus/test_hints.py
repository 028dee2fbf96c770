"""Hints: one change that makes a refuted claim right, proved before it is told."""

import pytest

from symgrad.calculus.hints import repairs
from symgrad.kernel import terms as t
from symgrad.lang.model import Claim
from symgrad.lang.parser import parse_formula, parse_model
from symgrad.lang.text import Printer

SQUARE = """index n : N, d : D, e : D, j : D, k : K
batch n
data x[n, d], y[n]
parameter W[d, e], b[k]
f[n] = sum(d, sum(e, x[n, d] * W[d, e] * x[n, e] * x[n, e]))
loss[n] = (f[n] - y[n])^2 + sum(k, b[k]^2)
"""


def judged(derivation, claim):
    [result] = derivation(f"{SQUARE}claim {claim}\n").claims
    return result


@pytest.mark.parametrize(
    ("claim", "factor", "right"),
    [
        ("d(loss[n]) / d(f[n]) = f[n] - y[n]", "2", "2 * (f[n] - y[n])"),
        ("d(loss[n]) / d(f[n]) = 4 * (f[n] - y[n])", "1/2", "2 * (f[n] - y[n])"),
        ("d(loss[n]) / d(f[n]) = 2 * (y[n] - f[n])", "-1", "-2 * (y[n] - f[n])"),
        ("d(loss[n]) / d(f[n]) = y[n] - f[n]", "-2", "-2 * (y[n] - f[n])"),
        ("d(loss[n]) / d(b[k]) = -4 * b[k]", "-1/2", "2 * b[k]"),
        ("d(objective) / d(f[n]) = 2 * (f[n] - y[n])", "1/size(N)", "2 / size(N) * (f[n] - y[n])"),
        ("d(objective) / d(f[n]) = 2 * (y[n] - f[n])", "-1/size(N)", "-2 / size(N) * (y[n] - f[n])"),
        ("d(objective) / d(b[k]) = 2 / size(N) * b[k]", "size(N)", "2 * b[k]"),
        ("d(objective) / d(b[k]) = -2 * b[k] / size(N)", "-size(N)", "2 * b[k]"),
    ],
)
def test_a_missing_factor_is_named(derivation, claim, factor, right):
    result = judged(derivation, claim)
    assert result["status"] == "refuted"
    assert result["hint"] == {"kind": "factor", "subject": factor, "right": right}


def test_swapped_indices_of_a_tensor_are_named(derivation):
    result = judged(derivation, "f[n] = sum(d, sum(e, x[n, d] * W[e, d] * x[n, e]^2))")
    assert result["hint"]["kind"] == "transpose"
    assert result["hint"]["subject"] == "W"
    assert "W[d, e]" in result["hint"]["right"]


def test_swapped_letters_are_named(derivation):
    result = judged(derivation, "d(f[n]) / d(W[d, e]) = x[n, d]^2 * x[n, e]")
    assert result["hint"] == {"kind": "letters", "subject": "d and e", "right": "x[n, e]^2 * x[n, d]"}


@pytest.mark.parametrize(
    "claim",
    [
        "d(loss[n]) / d(f[n]) = 3 * (f[n] - y[n])",
        "d(loss[n]) / d(f[n]) = 2 * (f[n] + y[n])",
        "d(loss[n]) / d(b[k]) = 0",
        "d(loss[n]) / d(f[n]) = 2 * (f[n] - y[n]) + 1",
    ],
)
def test_there_is_no_hint_where_no_single_change_helps(derivation, claim):
    result = judged(derivation, claim)
    assert result["status"] == "refuted"
    assert "hint" not in result


def test_what_is_proved_has_no_hint(derivation):
    assert judged(derivation, "d(loss[n]) / d(f[n]) = 2 * (f[n] - y[n])") == {
        "claim": "d(loss[n]) / d(f[n]) = 2 * (f[n] - y[n])",
        "expected": False,
        "status": "proved",
    }


def test_a_hint_that_agrees_at_some_points_only_is_not_told(derivation):
    """At b = 1, twice the right side is right; a point is not a proof."""
    assert "hint" not in judged(derivation, "d(loss[n]) / d(b[k]) = b[k]^2")


def test_every_hint_is_a_claim_that_is_proved(derivation):
    wrong = [
        "d(loss[n]) / d(f[n]) = y[n] - f[n]",
        "d(objective) / d(f[n]) = 2 * (f[n] - y[n])",
        "d(f[n]) / d(W[d, e]) = x[n, d]^2 * x[n, e]",
    ]
    for claim in wrong:
        left = claim.partition(" = ")[0]
        assert judged(derivation, f"{left} = {judged(derivation, claim)['hint']['right']}")["status"] == "proved"


def test_factors_are_multiplied_out_in_front_and_nothing_else_is_changed():
    model = parse_model(SQUARE, "square")
    claim = Claim(t.Entry("f", (t.Index("n", "N"),)), parse_formula("2 / size(N) * (f[n] - y[n])", model))
    printer = Printer.of(model)
    told = [printer.text(repair.right) for repair in repairs(model, claim) if repair.kind == "factor"]
    assert "4 / size(N) * (f[n] - y[n])" in told
    assert "2 * (f[n] - y[n])" in told
    assert "-(f[n] - y[n]) / size(N)" in told or "-1/size(N) * (f[n] - y[n])" in told
    assert len(told) == len(set(told)) == 9


def test_only_indices_of_one_size_are_swapped():
    model = parse_model(SQUARE, "square")
    claim = Claim(t.ONE, parse_formula("W[d, e] * x[n, d] * b[k]", model))
    kinds = [(r.kind, r.subject) for r in repairs(model, claim) if r.kind != "factor"]
    assert kinds == [("transpose", "W"), ("letters", "d and e")]
