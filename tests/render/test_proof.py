"""The proof: references, merged chains, lines that show nothing new."""

import pytest
from by_hand import (
    LOSS,
    OBJECTIVE,
    Section,
    Step,
    chain,
    d,
    e,
    j,
    logistic,
    mean,
    n,
    plus,
    times,
    within,
)

from symgrad.kernel.functions import negative
from symgrad.kernel.terms import ONE, Partial, sigma
from symgrad.render.document import tell
from symgrad.render.plain import Plain
from symgrad.render.reasons import NOTATION, Ref
from symgrad.render.tree import Display, Paragraph

PROGRAM = logistic().model.program


def proof(*sections, program=PROGRAM, **changes):
    told = tell(logistic(proof=within(program, *sections), **changes))
    return next(block for block in told.blocks if block.kind == "proof"), told


def rows(block):
    return [row for part in block.parts if isinstance(part, Display) for row in part.rows]


def words(text, told):
    write = Plain()
    return "".join(
        p if isinstance(p, str) else f"({told.numbers[p.label]})" if isinstance(p, Ref) else write(p) for p in text
    )


def test_a_derivative_by_name_is_written_out_first():
    body = PROGRAM.bodies["z"].body
    block, _ = proof(Section("local", e("z", n), (chain(Partial(body, e("b"), False), (ONE, "partial_plus")),)))
    first, second = rows(block)
    assert first.rules == (NOTATION,)
    assert Plain()(first.left) == "∂z[n]/∂b"
    assert Plain()(first.right) == "∂(Σ_d w[d] · x[n, d] + b)/∂b"
    assert (second.left, Plain()(second.right)) == (None, "1")


def test_a_line_that_opens_a_definition_is_not_written_twice():
    body = PROGRAM.bodies["z"].body
    partial = Partial(body, e("b"), False)
    opened = chain(partial, (partial, (Step("unfold", e("z", n)),)), (ONE, "partial_plus"))
    block, _ = proof(Section("local", e("z", n), (opened,)))
    assert [row.rules for row in rows(block)] == [("unfold",), ("partial_plus",)]


def test_a_line_that_looks_like_the_one_above_hands_its_reasons_on():
    flat, nested = plus(e("b"), e("y", n), ONE), plus(e("b"), plus(e("y", n), ONE))
    block, _ = proof(Section("claims", None, (chain(flat, (nested, "ring"), (e("b"), "hypothesis")),)))
    assert [row.rules for row in rows(block)] == [("ring", "hypothesis")]


def test_an_equation_is_numbered_only_if_it_is_cited():
    by_z, by_w = Partial(OBJECTIVE, e("z", n), True), Partial(OBJECTIVE, e("w", j), True)
    first = chain(by_z, (e("y", n), "chain"))
    second = chain(by_w, (sigma(n, times(by_z, e("x", n, j))), "chain"), (e("b"), (Step("cite", by_z),)))
    block, told = proof(Section("batch", None, (first, second)))
    shown = rows(block)
    assert [bool(row.label) for row in shown] == [True, False, False]
    assert words(shown[2].reason, told) == f"by ({told.numbers[shown[0].label]})"


def test_a_citation_finds_an_instance_with_other_letters():
    m = type(n)("m", "N")
    by_z = chain(Partial(OBJECTIVE, e("z", n), True), (e("y", n), "chain"))
    other = Partial(OBJECTIVE, e("z", m), True)
    block, told = proof(
        Section("batch", None, (by_z, chain(times(other, e("b")), (times(e("y", m), e("b")), (Step("cite", other),)))))
    )
    assert words(rows(block)[1].reason, told) == f"by ({told.numbers['proof:1']})"


def test_nothing_cites_what_stands_below_it():
    by_z = Partial(OBJECTIVE, e("z", n), True)
    early = chain(times(by_z, e("b")), (e("b"), (Step("cite", by_z),)))
    late = chain(by_z, (e("y", n), "chain"))
    block, told = proof(Section("batch", None, (early, late)))
    assert words(rows(block)[0].reason, told) == "∂ℒ/∂z[n] is derived in the same way"
    assert not any(row.label for row in rows(block))


def test_of_two_equations_for_one_side_the_one_that_is_used_is_cited():
    by_w, by_z = Partial(OBJECTIVE, e("w", j), True), Partial(OBJECTIVE, e("z", n), True)
    named = sigma(n, times(by_z, e("x", n, j)))
    short = sigma(n, times(e("y", n), e("x", n, j)))
    first = chain(by_w, (named, "chain"))
    closing = chain(named, (short, (Step("hypothesis"),)))
    user = chain(times(by_w, e("b")), (times(short, e("b")), (Step("cite", by_w),)))
    other = chain(times(e("b"), by_w), (times(e("b"), named), (Step("cite", by_w),)))
    block, told = proof(Section("batch", None, (first, closing)), Section("identity", None, (user, other)))
    shown = rows(block)
    assert [row.left is None for row in shown] == [False, True, False, False]
    assert words(shown[2].reason, told) == f"by ({told.numbers[shown[1].label]})"
    assert words(shown[3].reason, told) == f"by ({told.numbers[shown[0].label]})"


def test_an_equation_of_one_sample_is_cited_at_the_sample():
    single = logistic().proof[2].chains[0].program
    alone = within(single, Section("per_sample", None, (chain(Partial(LOSS, e("z"), True), (e("y"), "chain")),)))
    lifted = Partial(e("loss", n), e("z", n), True)
    section = within(
        PROGRAM,
        Section("tape", None, (chain(times(e("b"), e("y", n)), (times(e("b"), lifted), (Step("cite", lifted),))),)),
    )
    told = tell(logistic(proof=alone + section))
    block = next(block for block in told.blocks if block.kind == "proof")
    assert words(rows(block)[1].reason, told) == f"by ({told.numbers['proof:1']}) at sample n"


def test_a_section_says_which_statement_it_proves():
    told = tell(logistic())
    block = next(block for block in told.blocks if block.kind == "proof")
    said = [words(part.text, told) for part in block.parts if isinstance(part, Paragraph)]
    assert "With the sample put in, this is (1)." in said
    assert said[-1] == "This is (2)."


def test_the_separable_section_is_told_only_if_it_is_proved():
    section = Section("separable", e("loss", n), ())
    block, told = proof(section)
    assert "keeps the samples apart" in words(block.parts[0].lead, told)
    verdicts = {**logistic().verdicts, "separable": {"status": "refuted"}}
    told = tell(logistic(proof=(section,), verdicts=verdicts))
    assert not [block for block in told.blocks if block.kind == "proof"]


def test_machine_made_letters_do_not_show():
    letter = type(d)("q0_", "D")
    block, _ = proof(Section("claims", None, (chain(e("w", letter), (negative(e("w", letter)), "hypothesis")),)))
    assert Plain()(rows(block)[0].left) == "w[d]"


def test_the_letters_of_a_chain_agree_on_all_lines():
    letter = type(d)("q0_", "D")
    lines = chain(e("b"), (mean(sigma(d, e("w", d))), "ring"), (e("w", letter), "hypothesis"))
    block, _ = proof(Section("claims", None, (lines,)))
    assert [Plain()(row.right) for row in rows(block)] == ["1/N · Σ_n Σ_j w[j]", "w[d]"]


@pytest.mark.parametrize("kind", ["tape", "identity", "matrix", "claims", "something_new"])
def test_every_section_has_a_title(kind):
    block, told = proof(Section(kind, None, (chain(e("b"), (ONE, "hypothesis")),)))
    assert words(block.parts[0].lead, told).startswith("Step 1: ")
    assert "_" not in words(block.parts[0].lead, told)
