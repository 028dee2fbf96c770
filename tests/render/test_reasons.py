"""Reasons: from the rules of the line, and from nothing else."""

import pytest
from by_hand import Step, call, d, e, j, logistic, n, perceptron, plus, times

from symgrad.errors import SymgradError
from symgrad.kernel import rules
from symgrad.kernel.terms import ONE, Delta, Index, Partial, sigma
from symgrad.render.document import tell
from symgrad.render.plain import Plain
from symgrad.render.reasons import NOTATION, PHRASES, SILENT, Context, Ref, reason
from symgrad.render.shaping import Shaper
from symgrad.render.tree import Display

MODEL = logistic().model
SHAPER = Shaper(MODEL.letters, [MODEL.program])
WRT = e("w", j)


def told(*steps, previous=ONE, cited=lambda _: None, wrt=WRT):
    context = Context(SHAPER, {}, previous, wrt, cited)
    write = Plain()
    found = reason(steps, context)
    return "".join(p if isinstance(p, str) else f"({p.label})" if isinstance(p, Ref) else write(p) for p in found)


def test_every_rule_of_the_kernel_has_a_phrase_or_is_silent():
    named = {name for name, value in vars(rules).items() if callable(value) and getattr(value, "__wrapped__", None)}
    assert len(named) > 20
    assert named <= set(PHRASES) | SILENT


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (Step("unfold", e("z", n)), "definition of z[n]"),
        (Step("partial_plus"), "linearity"),
        (Step("partial_times"), "product rule"),
        (Step("partial_power"), "power rule"),
        (Step("partial_sum"), "the derivative passes through the finite sum"),
        (Step("partial_constant", Partial(e("b"), WRT, False)), "b does not depend on w[j]"),
        (Step("partial_constant", e("y", n)), "y[n] does not depend on w[j]"),
        (Step("partial_entry", Partial(e("w", d), WRT, False)), "∂w[d]/∂w[j] = δ[d, j]"),
        (Step("partial_entry", Partial(e("w", j), WRT, False)), "∂w[j]/∂w[j] = 1"),
        (Step("partial_entry"), "∂w[d]/∂w[j] = δ[d, j]"),
        (
            Step("partial_apply", Partial(call("tanh", e("b")), e("b"), False)),
            "chain rule with tanh′(t) = 1 − tanh(t)²",
        ),
        (Step("partial_apply", call("exp", e("b"))), "chain rule with ∂(exp(t))/∂t = exp(t)"),
        (Step("partial_apply", call("max", e("b"), e("y", n))), "chain rule for max(u, v)"),
        (Step("sum_delta", sigma(d, times(Delta(j, d), e("w", d)))), "δ[j, d] selects d = j"),
        (Step("sum_delta", Delta(d, j)), "δ[d, j] selects d = j"),
        (Step("chain"), "chain rule"),
        (Step("ring"), "collecting terms"),
        (Step("ring", Delta(d, j)), "collecting terms"),
        (Step("hypothesis"), "by assumption"),
        (Step("cite", e("z", n)), "value of z[n]"),
        (Step(NOTATION, e("z", n)), "definition of z[n]"),
    ],
)
def test_a_rule_has_its_phrase(step, words):
    assert told(step) == words


def test_phrases_stand_in_the_order_of_the_steps_each_once():
    steps = (Step("partial_times"), Step("ring"), Step("partial_plus"), Step("ring", ONE), Step("congruence"))
    assert told(*steps) == "product rule; collecting terms; linearity"


def test_equations_cited_together_are_named_together():
    numbers = {e("z", n): (Ref("a"),), e("b"): (Ref("b"),), e("y", n): (Ref("c"), " at sample n")}
    steps = (Step("cite", e("z", n)), Step("ring"), Step("cite", e("b")), Step("cite", e("y", n)))
    assert told(*steps, cited=numbers.get) == "by (a), (b) and (c) at sample n; collecting terms"


def test_a_symmetric_delta_is_no_news_beside_another_reason():
    assert told(Step("partial_plus"), Step("ring", Delta(d, j))) == "linearity"


def test_a_constant_is_found_in_the_line_above():
    previous = plus(Partial(e("w", d), WRT, False), Partial(e("b"), WRT, False))
    assert told(Step("partial_constant"), previous=previous) == "b does not depend on w[j]"


def test_a_rule_without_phrase_is_an_error():
    with pytest.raises(SymgradError, match="'magic'"):
        told(Step("magic"))


def test_a_line_on_which_no_rule_gives_a_reason_is_an_error():
    for steps in ((), (Step("refl"),), (Step("congruence"), Step("trans"))):
        with pytest.raises(SymgradError, match="no reason"):
            told(*steps)


@pytest.mark.parametrize("derivation", [logistic(), perceptron()])
def test_every_phrase_on_a_line_comes_from_a_rule_of_that_line(derivation):
    used = [rule for section in derivation.proof for c in section.chains for line in c.lines for rule in line.steps]
    lines = 0
    for block in tell(derivation).blocks:
        for part in block.parts if block.kind == "proof" else ():
            for row in part.rows if isinstance(part, Display) else ():
                lines += 1
                assert row.reason
                assert row.rules
                assert set(row.rules) <= {step.rule for step in used} | {NOTATION}
                words = [p for p in row.reason if isinstance(p, str)]
                assert ("product rule" in "".join(words)) == ("partial_times" in row.rules)
                assert ("linearity" in "".join(words)) == ("partial_plus" in row.rules)
                assert any(isinstance(p, Ref) for p in row.reason) <= ("cite" in row.rules)
    assert lines >= 5


def test_machine_made_letters_do_not_show_in_reasons():
    assert told(Step("partial_entry", Partial(e("w", Index("i0_", "D")), WRT, False))) == "∂w[d]/∂w[j] = δ[d, j]"
