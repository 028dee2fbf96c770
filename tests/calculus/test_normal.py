import pytest

from symgrad.calculus.normal import meet, normal, tidy
from symgrad.calculus.rewrite import result
from symgrad.kernel import terms as t

EQUAL = [
    ("sum(n, sum(m, y[n] * y[m]))", "sum(n, y[n])^2"),
    ("sum(d, sum(n, w[d] * x[n, d]))", "sum(n, sum(d, w[d] * x[n, d]))"),
    ("sum(n, 2 * y[n] + c)", "2 * sum(n, y[n]) + size(N) * c"),
    ("sum(d, delta(d, j) * w[d])", "w[j]"),
    ("sum(d, sum(e, delta(d, e) * A[d, e]))", "sum(d, A[d, d])"),
    ("delta(d, e) * w[d]", "delta(d, e) * w[e]"),
    ("delta(d, e)^2", "delta(e, d)"),
    ("(y[n] + c)^3", "y[n]^3 + 3 * c * y[n]^2 + 3 * c^2 * y[n] + c^3"),
    ("exp(y[n] + c)", "exp(c) * exp(y[n])"),
    ("exp(-y[n])", "1 / exp(y[n])"),
    ("exp(y[n] - y[n])", "1"),
    ("sigmoid(-y[n])", "1 - sigmoid(y[n])"),
    ("softplus(-y[n])", "softplus(y[n]) - y[n]"),
    ("tanh(-2 * y[n])", "-tanh(2 * y[n])"),
    ("sin(c - y[n])", "-sin(y[n] - c)"),
    ("cos(c - y[n])", "cos(y[n] - c)"),
    ("mean(n, c * y[n])", "c * mean(n, y[n])"),
    ("sum(d, w[d] * sum(n, y[n] * x[n, d]))", "sum(n, y[n] * sum(d, w[d] * x[n, d]))"),
    ("sum(d, sum(e, A[d, e] * w[d] * w[e]))", "sum(e, sum(d, A[e, d] * w[d] * w[e]))"),
    ("sum(n, y[n]) * sum(n, y[n])", "sum(m, sum(n, y[m] * y[n]))"),
    ("(y[n]^2 - c^2) / (y[n] - c)", "y[n] + c"),
    ("1 / (1 / y[n])", "y[n]"),
    ("size(N) * mean(n, y[n])", "sum(n, y[n])"),
    ("sum(k, 1)", "size(K)"),
]

DIFFERENT = [
    ("sum(n, sum(m, y[n] * y[m]))", "sum(n, y[n]^2)"),
    ("sum(n, y[n])", "mean(n, y[n])"),
    ("sum(n, 2 * y[n] + c)", "2 * sum(n, y[n]) + c"),
    ("sum(d, sum(e, A[d, e]))", "sum(d, A[d, d])"),
    ("sum(d, delta(d, j) * w[d])", "sum(d, w[d])"),
    ("delta(d, e) * w[d]", "w[d]"),
    ("sum(d, sum(e, A[d, e] * w[d]))", "sum(d, sum(e, A[e, d] * w[d]))"),
    ("exp(y[n] * c)", "exp(y[n]) * exp(c)"),
    ("exp(sum(n, y[n]))", "sum(n, exp(y[n]))"),
    ("sum(n, y[n] / c)", "c / sum(n, y[n])"),
    ("sum(n, 1 / y[n])", "1 / sum(n, y[n])"),
    ("sum(n, delta(n, m))", "size(N)"),
    ("sum(d, w[d]) * sum(d, w[d])", "sum(d, w[d]^2)"),
    ("sigmoid(-y[n])", "-sigmoid(y[n])"),
    ("relu(-y[n])", "-relu(y[n])"),
    ("abs(y[n])", "y[n]"),
    ("(y[n]^2)^(1/2)", "y[n]"),
    ("y[n]", "y[m]"),
    ("size(N)", "size(D)"),
    ("z[n]", "z[m]"),
    ("log(y[n] + c)", "log(y[n]) + log(c)"),
    ("max(y[n], c)", "min(y[n], c)"),
]


@pytest.mark.parametrize(("left", "right"), EQUAL)
def test_equal_terms_meet(world, left, right):
    found = meet(world.program, world(left), world(right))
    assert found is not None
    assert found.conclusion == t.Judgement("=", world(left), world(right))


@pytest.mark.parametrize(("left", "right"), DIFFERENT)
def test_different_terms_do_not_meet(world, left, right):
    assert meet(world.program, world(left), world(right)) is None


def test_cancelling_asks_for_its_condition(world):
    found = meet(world.program, world("(y[n]^2 - c^2) / (y[n] - c)"), world("y[n] + c"))
    assert {h.relation for h in found.hypotheses} == {"!="}


def test_what_needs_no_condition_carries_none(world):
    for left, right in EQUAL[:20]:
        assert not meet(world.program, world(left), world(right)).hypotheses


def test_a_delta_over_another_size_is_left_alone(world):
    term = world("sum(k, delta(d, e) * t[n, k])")
    found = result(tidy(world.program, term), term)
    assert found == world("delta(d, e) * sum(k, t[n, k])")


def test_tidy_collapses_a_delta_and_pulls_out_constants_but_does_not_multiply_out(world):
    term = world("sum(d, (c + y[n]) * (w[d] + b) * delta(d, j))")
    assert tidy(world.program, term).right == world("(b + w[j]) * (c + y[n])")


@pytest.mark.parametrize("convert", [tidy, normal], ids=["tidy", "normal"])
@pytest.mark.parametrize("side", [side for pair in EQUAL + DIFFERENT for side in pair])
def test_a_form_is_reached_once_and_for_all(world, convert, side):
    term = world(side)
    there = result(convert(world.program, term), term)
    assert result(convert(world.program, there), there) == there


def test_long_sides_are_not_multiplied_out(world):
    left = world(" * ".join(f"(y[n] + {k} * c)" for k in range(1, 30)))
    right = world(" * ".join(f"({k} * c + y[n])" for k in range(30, 1, -1)))
    assert meet(world.program, left, right, largest=10) is None
