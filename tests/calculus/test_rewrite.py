import pytest

from symgrad.calculus import rewrite as rw
from symgrad.errors import LimitError
from symgrad.kernel import rules
from symgrad.kernel import terms as t


def unfold_p(program, term):
    """A conversion: every entry of p by its definition."""
    return rules.unfold(program, term) if isinstance(term, t.Entry) and term.tensor == "p" else None


def test_chained_takes_no_change_on_either_side(world):
    step = rules.unfold(world.program, world("p[n]"))
    assert rw.chained(None, None) is None
    assert rw.chained(step, None) is step
    assert rw.chained(None, step) is step
    assert rw.chained(step, rules.sym(step)).conclusion == t.Judgement("=", world("p[n]"), world("p[n]"))


def test_everywhere_reaches_below_sums_and_functions(world):
    found = rw.everywhere(unfold_p)(world.program, world("exp(sum(n, y[n] * p[n])) + p[m]"))
    assert found.left == world("exp(sum(n, y[n] * p[n])) + p[m]")
    assert found.right == world("exp(sum(n, y[n] * sigmoid(z[n]))) + sigmoid(z[m])")


def test_a_conversion_that_changes_nothing_gives_nothing(world):
    assert rw.everywhere(unfold_p)(world.program, world("sum(n, y[n])")) is None


def test_nothing_is_rewritten_inside_a_derivative(world):
    partial = world("d(loss[n]) / d(p[n])")
    assert rw.everywhere(unfold_p)(world.program, partial) is None


def test_using_rewrites_at_letters_of_the_same_size(world):
    law = rw.using(rules.unfold(world.program, world("p[n]")))
    assert law(world.program, world("p[m]")).right == world("sigmoid(z[m])")
    assert law(world.program, world("y[m]")) is None


def test_repeated_ends_when_nothing_changes(world):
    once = rw.repeated(rw.everywhere(unfold_p))(world.program, world("p[n] * p[m]"))
    assert once.right == world("sigmoid(z[n]) * sigmoid(z[m])")


def test_a_conversion_that_does_not_end_is_stopped(world):
    def swap(program, term):
        return rules.ring(program, term, t.Plus(term.terms[::-1])) if isinstance(term, t.Plus) else None

    with pytest.raises(LimitError, match="does not end"):
        rw.repeated(swap)(world.program, world("y[n] + c"))


def test_a_fresh_letter_does_not_occur_in_the_term(world):
    taken = t.Entry("y", (t.Index("i0_", "N"),))
    assert rw.fresh("N", taken).name not in {"i0_"}
    assert rw.fresh("N", world("y[n]")).size == "N"


def test_a_remembered_conversion_does_each_term_once(world):
    asked = []

    def convert(program, term):
        asked.append(term)

    kept = rw.remembered(convert)
    kept(world.program, world("y[n]"))
    kept(world.program, world("y[n]"))
    assert len(asked) == 1
