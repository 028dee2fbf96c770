"""The answers: every sentence has its theorem, and nothing is said that was not proved."""

import re
from dataclasses import replace

import pytest

from symgrad.errors import SymgradError
from symgrad.render import page
from symgrad.render.explain import explanation
from symgrad.render.latex import Latex
from symgrad.render.markdown import document_to_markdown
from symgrad.render.page import document_to_html
from symgrad.render.pdf import compile_with_log
from symgrad.render.questions import QUESTIONS, Measured, Say, Theorem, Wrong
from symgrad.render.reasons import Ref
from symgrad.render.tex import document_to_tex
from symgrad.render.tree import Figure, Grid, Items, Paragraph, Table

SVG = '<svg viewBox="0 0 1 1"><title>a picture</title></svg>'
FIGURES = {"surfaces": SVG, "noise": SVG}


@pytest.fixture(scope="module")
def told(answers):
    derivations, tables = answers
    return explanation(derivations, FIGURES, tables)


def references(document):
    for block in document.blocks:
        for part in block.parts:
            texts = [part.text] if isinstance(part, Paragraph) else [part.caption] if isinstance(part, Figure) else []
            yield from (piece for text in texts for piece in text if isinstance(piece, Ref))


def test_the_six_questions_stand_in_their_order(told):
    headings = [block.title[0] for block in told.blocks if block.kind == "question"]
    assert headings == [
        "1. What is differentiated?",
        "2. Does the one number lose the per-sample gradients? How does the tape average?",
        "3. Why the mean and not the sum?",
        "4. Is the mean over a batch more stable?",
        "5. What is not the same?",
        "6. What does tape.gradient return for a vector of losses?",
    ]


def test_every_statement_is_numbered_once_and_every_reference_points_at_one(told):
    assert list(told.numbers.values()) == list(range(1, len(told.numbers) + 1))
    found = list(references(told))
    assert len(found) > 30
    assert {reference.label for reference in found} <= set(told.numbers)


def test_every_answer_speaks_with_a_theorem_and_every_theorem_is_spoken_of(told):
    for question in QUESTIONS:
        shown = [item for item in question.items if isinstance(item, Theorem)]
        assert shown
        words = " ".join(item.text for item in question.items if isinstance(item, Say))
        for theorem in shown:
            assert any(f"<{name}>" in words for name in theorem.statements), theorem


def test_every_false_claim_of_the_entries_is_shown_with_its_witness(answers, told):
    derivations, _ = answers
    false = {
        (name, k)
        for name, derivation in derivations.items()
        for k, claim in enumerate(derivation.claims, 1)
        if claim["status"] == "refuted"
    }
    shown = {(item.about, item.claim) for question in QUESTIONS for item in question.items if isinstance(item, Wrong)}
    assert shown == false
    examples = [block for block in told.blocks if block.kind == "example"]
    assert len(examples) == len(false)
    assert all(any(isinstance(part, Table | Grid | Items) for part in block.parts) for block in examples)


def test_what_was_not_proved_is_not_stated(answers):
    derivations, tables = answers
    whole = derivations["sequential_updates"]
    lacking = replace(whole, statements={k: v for k, v in whole.statements.items() if k != "claim 3"})
    with pytest.raises(SymgradError, match="rests on 'claim 3' of sequential_updates, which was not proved"):
        explanation({**derivations, "sequential_updates": lacking}, {}, tables)


def test_what_was_not_refuted_is_not_denied(answers):
    derivations, tables = answers
    whole = derivations["sequential_updates"]
    claims = [*whole.claims[:-1], {**whole.claims[-1], "status": "undecided"}]
    with pytest.raises(SymgradError, match="denies claim 5 of sequential_updates, which was not refuted"):
        explanation({**derivations, "sequential_updates": replace(whole, claims=claims)}, {}, tables)


def test_samples_that_meet_are_not_spoken_of(answers):
    derivations, tables = answers
    whole = derivations["loss_after_step"]
    coupled = replace(whole, verdicts={**whole.verdicts, "separable": {"status": "refuted"}})
    with pytest.raises(SymgradError, match="kept apart, in loss_after_step they are not"):
        explanation({**derivations, "loss_after_step": coupled}, {}, tables)


def test_a_table_that_the_words_need_has_to_be_there(answers):
    derivations, tables = answers
    with pytest.raises(SymgradError, match="table 'rates', which was not measured"):
        explanation(derivations, {}, {"enumeration": tables["enumeration"]})


def test_what_tensorflow_holds_is_told_only_where_it_was_asked(answers):
    derivations, tables = answers
    optional = [i for question in QUESTIONS for i in question.items if isinstance(i, Measured) and i.otherwise]
    assert len(optional) == 2
    without = document_to_html(explanation(derivations, {}, tables))
    assert "Measured for this page" not in without
    assert without.count("--check tensorflow") == 2
    rows = [("objective", "z", "4", "0.027")]
    asked = document_to_html(explanation(derivations, {}, {**tables, **{item.name: rows for item in optional}}))
    assert asked.count("Measured for this page") == 2
    assert "--check tensorflow" not in asked
    assert asked.count("<td>0.027</td>") == 2


def test_the_tables_hold_the_laws_digit_for_digit(answers):
    _, tables = answers
    assert len(tables["enumeration"]) == 8
    assert all(row[-1] == row[-2] for row in tables["enumeration"])
    assert tables["enumeration"][-1][-1] == "0"
    ratios = [float(row[-1]) for row in tables["rates"]]
    assert abs(ratios[-1] - ratios[-2]) < abs(ratios[1] - ratios[0]) / 10


def test_the_page_is_one_file_without_scripts_and_holds_its_pictures(told):
    text = document_to_html(told)
    assert not re.search(r"<(script|link|img|iframe|object)|@import|url\(", text)
    assert set(re.findall(r"https?://[^\"' <]*", text)) == {"http://www.w3.org/1998/Math/MathML"}
    assert text.count(SVG) == 2


def test_the_document_is_the_same_on_every_run(answers):
    derivations, tables = answers
    first, second = (explanation(derivations, FIGURES, tables) for _ in range(2))
    for write in (document_to_html, document_to_markdown, document_to_tex):
        assert write(first) == write(second)


def test_a_formula_that_cannot_be_drawn_is_an_error(told, monkeypatch):
    class Broken(Latex):
        def __call__(self, shape):
            return super().__call__(shape).replace(r"\sum", r"\summe")

    monkeypatch.setattr(page, "Latex", Broken)
    with pytest.raises(SymgradError, match="MathML: no conversion of"):
        document_to_html(told)


def test_markdown_refers_to_pictures_that_lie_beside_it(answers):
    derivations, tables = answers
    beside = document_to_markdown(explanation(derivations, {}, tables, beside=True))
    assert "![surfaces](surfaces.svg)" in beside
    alone = document_to_markdown(explanation(derivations, {}, tables))
    assert "![" not in alone
    assert alone.count("*Figure: ") == 2
    assert "```python\nwith tf.GradientTape(persistent=True) as tape:" in alone
    assert "## 3. Why the mean and not the sum?" in alone
    assert "### Counterexample (" in alone


@pytest.mark.tex
def test_the_tex_compiles_and_its_lines_fit(told):
    pdf, log = compile_with_log(document_to_tex(told))
    assert pdf.startswith(b"%PDF")
    assert "undefined" not in log
    wide = [float(points) for points in re.findall(r"Overfull \\hbox \((\d+\.\d+)pt", log)]
    assert all(points < 12 for points in wide)
