import pytest

from symgrad.calculus.signs import Signs, stated
from symgrad.kernel import rules
from symgrad.kernel import terms as t
from symgrad.kernel.terms import Judgement


def judged(world, text, relation=">", supposed=()):
    return Signs(world.program, supposed).prove(Judgement(relation, world(text), t.ZERO))


@pytest.mark.parametrize(
    "text",
    [
        "exp(y[n])",
        "sigmoid(y[n])",
        "p[n]",
        "1 - p[n]",
        "1 - sigmoid(y[n])",
        "softplus(c)",
        "1 + y[n]^2",
        "sum(k, exp(q[n, k]))",
        "exp(c) / (1 + exp(c))",
        "s[n, k]",
        "size(N)",
        "2 * exp(y[n]) + 3",
        "(1 + c^2)^(1/2)",
        "mean(n, exp(y[n]))",
        "pi",
        "max(c, exp(c))",
        "max(c, 1/2) + relu(c)",
    ],
)
def test_what_is_positive_everywhere_is_proved_positive_without_hypotheses(world, text):
    found = judged(world, text)
    assert found is not None
    assert found.conclusion == Judgement(">", world(text), t.ZERO)
    assert not found.hypotheses


@pytest.mark.parametrize(
    "text",
    ["y[n]", "y[n]^2", "abs(y[n])", "relu(y[n])", "sum(n, y[n]^2)", "1 - y[n]", "log(c)", "w[d]", "-exp(c)", "1 - c^2"],
)
def test_what_may_be_zero_or_negative_is_not_proved_positive(world, text):
    assert judged(world, text) is None


def test_a_product_with_a_negative_number_is_not_zero(world):
    assert judged(world, "-1 - exp(y[n])", "!=") is not None
    assert judged(world, "-1 - exp(y[n])", ">") is None


def test_a_square_is_at_least_zero(world):
    assert judged(world, "sum(n, (y[n] - c)^2)", ">=").relation == ">="


def test_what_is_supposed_is_used_at_other_letters(world):
    supposed = [Judgement(">", world("y[n]"), t.ZERO)]
    found = judged(world, "sum(m, y[m]) + c^2", ">", supposed)
    assert found.hypotheses == {t.closure(supposed[0])}
    assert judged(world, "w[d]", ">", supposed) is None


def test_a_stated_theorem_drops_the_hypotheses_that_can_be_proved(world):
    program = world.program
    cancelled = rules.ring(program, world("p[n] * y[n] / p[n]"), world("y[n]"))
    assert cancelled.hypotheses
    assert not stated(cancelled, ()).hypotheses


def test_a_stated_theorem_keeps_the_hypotheses_that_cannot_be_proved(world):
    program = world.program
    cancelled = stated(rules.ring(program, world("c * y[n] / c"), world("y[n]")), ())
    assert cancelled.hypotheses == {t.closure(Judgement("!=", world("c"), t.ZERO))}


def test_a_stated_theorem_says_where_what_it_speaks_of_is_defined(world):
    found = stated(rules.ring(world.program, world("0 * log(c)"), world("0")), ())
    assert found.hypotheses == {t.closure(Judgement(">", world("c"), t.ZERO))}
