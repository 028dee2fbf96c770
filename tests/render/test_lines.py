"""What is shown of a chain, and what is told together with another line."""

import pytest
from by_hand import LOSS, Line, Section, Step, chain, d, e, j, logistic, n, number, plus, times, within

from symgrad.calculus import derive
from symgrad.kernel.program import single
from symgrad.kernel.terms import MINUS, ONE, Delta, Index, Partial, sigma
from symgrad.lang.parser import parse_model
from symgrad.render.document import tell
from symgrad.render.lines import Told, again, gathered, noted, opened, seeded
from symgrad.render.plain import Plain
from symgrad.render.reasons import AGAIN, NOTATION, Ref
from symgrad.render.shapes import Derivative, parts
from symgrad.render.shaping import Shaper
from symgrad.render.tree import Display, Paragraph

PROGRAM = logistic().model.program
ALONE = single(PROGRAM)
FORWARD = Partial(ALONE.bodies["z"].body, e("w", j), False)
SAMPLE = Partial(PROGRAM.bodies["z"].body, e("w", j), False)
X = sigma(d, times(e("x", n, d), Delta(d, j)))
X1 = sigma(d, times(e("x", d), Delta(d, j)))


def local(left, *lines, kind, program):
    return within(program, Section(kind, e("z", *((n,) if kind == "batch_local" else ())), (chain(left, *lines),)))


def both(single_lines, batch_lines):
    proof = local(FORWARD, *single_lines, kind="local", program=ALONE)
    proof += local(SAMPLE, *batch_lines, kind="batch_local", program=PROGRAM)
    told = tell(logistic(proof=proof))
    block = next(block for block in told.blocks if block.kind == "proof")
    displays = [part.rows for part in block.parts if isinstance(part, Display)]
    return displays, told


def words(row, told):
    write = Plain()
    return "".join(
        p if isinstance(p, str) else f"({told.numbers[p.label]})" if isinstance(p, Ref) else write(p)
        for p in row.reason
    )


def test_a_chain_that_only_puts_the_sample_in_is_one_line_with_its_number():
    lines = [(X1, "partial_plus"), (e("x", j), "sum_delta")], [(X, "partial_plus"), (e("x", n, j), "sum_delta")]
    (first, second), told = both(*lines)
    assert [row.rules for row in first] == [(NOTATION,), ("partial_plus",), ("sum_delta",)]
    assert [row.rules for row in second] == [(AGAIN,)]
    assert Plain()(second[0].left) == "∂z[n]/∂w[j]"
    assert Plain()(second[0].right) == "x[n, j]"
    assert words(second[0], told) == f"line by line as ({told.numbers[first[-1].label]}), with the sample put in"


@pytest.mark.parametrize(
    "lines",
    [
        [(times(ONE, X), "partial_plus"), (e("x", n, j), "sum_delta")],
        [(X, "partial_plus"), (e("x", n, d), "sum_delta")],
        [(X, "partial_times"), (e("x", n, j), "sum_delta")],
        [(X, "partial_plus"), (e("x", n, j), "sum_delta"), (times(ONE, e("x", n, j)), "ring")],
        [(e("x", n, j), "partial_plus sum_delta")],
    ],
    ids=["another term", "another letter", "another rule", "a line more", "a line less"],
)
def test_a_chain_that_differs_in_anything_is_told_in_full(lines):
    (_, second), _ = both([(X1, "partial_plus"), (e("x", j), "sum_delta")], lines)
    assert all(AGAIN not in row.rules for row in second)


def test_letters_may_differ_but_not_coincide():
    i = Index("i", "D")
    one = (Partial(e("w", d), e("w", j), False), chain(LOSS, (Delta(d, j), "partial_entry")).lines)
    other = (Partial(e("w", i), e("w", d), False), chain(LOSS, (Delta(i, d), "partial_entry")).lines)
    same = (Partial(e("w", i), e("w", i), False), chain(LOSS, (Delta(i, i), "partial_entry")).lines)
    assert again(PROGRAM, n, one, other)
    assert not again(PROGRAM, n, one, same)


def test_where_a_definition_was_written_out_before_the_next_line_says_so():
    left = Partial(PROGRAM.bodies["z"].body, e("b"), False)
    lines = noted(left, (Line(ONE, (Step("partial_plus"),)),), logistic_shaper())
    assert [[step.rule for step in line.steps] for line in lines] == [[NOTATION], ["partial_plus"]]
    (only,) = opened(lines)
    assert (only.term, [step.rule for step in only.steps]) == (ONE, [NOTATION, "partial_plus"])
    assert opened(opened(lines)) == opened(lines)


def logistic_shaper():
    return Shaper((n, d, j), [PROGRAM])


SEED = Partial(LOSS, LOSS, True)
DIRECT = Partial(plus(e("z"), e("b")), e("b"), False)


def test_the_seed_of_reverse_mode_is_a_reason_and_no_factor():
    lines = [
        Told(plus(times(SEED, DIRECT), e("y")), (Step("chain"),)),
        Told(plus(times(SEED, number(3)), e("y")), (Step("cite", DIRECT),)),
        Told(plus(times(ONE, number(3)), e("y")), (Step("partial_entry", SEED),)),
    ]
    (shown,) = seeded([lines])
    assert [line.term for line in shown[:2]] == [plus(DIRECT, e("y")), plus(number(3), e("y"))]
    assert [[step.rule for step in line.steps] for line in shown] == [["chain", "partial_entry"], ["cite"], []]
    assert shown[0].steps[1].subject == SEED


def test_the_seed_is_found_in_the_chain_that_goes_on():
    one, two = [Told(times(SEED, e("y")), (Step("chain"),))], [Told(e("y"), (Step("partial_entry", SEED),))]
    assert seeded([one, two]) == [
        [Told(e("y"), (Step("chain"), Step("partial_entry", SEED)))],
        [Told(e("y"), ())],
    ]


def test_a_seed_that_no_line_explains_stays():
    lines = [Told(times(SEED, e("y")), (Step("chain"),))]
    assert seeded([lines]) == [lines]


def test_another_derivative_of_an_entry_is_no_seed():
    entry = Partial(e("w", d), e("w", d), False)
    lines = [Told(times(entry, e("y")), (Step("chain"),)), Told(e("y"), (Step("partial_entry", entry),))]
    assert seeded([lines]) == [lines]


def test_factors_that_are_one_do_not_show_and_others_do():
    lines = [Told(times(ONE, e("b"), MINUS), (Step("cite"),)), Told(times(e("b"), MINUS), (Step("ring"),))]
    assert gathered(e("y"), lines) == [Told(times(e("b"), MINUS), (Step("cite"),))]
    inside = Partial(times(ONE, e("b")), e("b"), False)
    assert gathered(e("y"), [Told(inside, (Step("chain"),))])[0].term == inside


def test_a_substitution_is_told_with_its_rearrangement():
    lines = [Told(e("b"), (Step("cite"),)), Told(times(e("b"), e("y")), (Step("ring"), Step("sum_factor")))]
    assert gathered(LOSS, lines) == [Told(times(e("b"), e("y")), (Step("cite"), Step("ring"), Step("sum_factor")))]


@pytest.mark.parametrize("rule", ["partial_plus", "partial_times", "chain", "sum_delta", "cite", "unfold"])
def test_nothing_else_is_joined(rule):
    first, second = Told(e("b"), (Step("cite"),)), Told(e("y"), (Step(rule),))
    assert gathered(LOSS, [first, second]) == [first, second]
    first, second = Told(e("b"), (Step(rule), Step("cite"))), Told(e("y"), (Step("ring"),))
    assert len(gathered(LOSS, [first, second])) == 2 - (rule == "cite")


RIDGE = """
index n : N, d : D
batch n
data x[n, d], y[n], lam
parameter w[d]
f[n] = sum(d, w[d] * x[n, d])
loss[n] = (f[n] - y[n])^2 + lam * sum(d, w[d]^2)
"""


def test_reverse_mode_does_not_begin_in_a_circle_and_a_direct_derivative_is_explained_once():
    told = tell(derive(parse_model(RIDGE, "ridge")))
    block = next(block for block in told.blocks if block.kind == "proof")
    rows = [row for part in block.parts if isinstance(part, Display) for row in part.rows]
    write = Plain()
    seeds = [write(row.right) for row in rows if row.rules[:2] == ("chain", "partial_entry")]
    assert seeds == ["2 · (f − y)", "∂ℓ/∂f · ∂f/∂w[j] + ∂⁺ℓ/∂w[j]", "1/N"]
    assert not any("∂ℓ/∂ℓ" in write(row.right) or "∂ℒ/∂ℒ" in write(row.right) for row in rows)
    said = ["".join(p if isinstance(p, str) else "…" for p in t.text) for t in block.parts if isinstance(t, Paragraph)]
    assert [("direct derivative" in text) for text in said].count(True) == 1
    first = next(k for k, part in enumerate(block.parts) if isinstance(part, Display) and _direct(part))
    assert "direct derivative" in str(block.parts[first - 1])


def _direct(display):
    return any(isinstance(s, Derivative) and s.immediate for row in display.rows for s in parts(row.right))


def test_without_a_direct_derivative_none_is_explained():
    assert "direct derivative" not in str(tell(logistic()).blocks)
