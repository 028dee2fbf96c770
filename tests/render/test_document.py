"""The documents of the whole catalogue."""

import pytest
from few_entries import FEW
from soundness import length

from symgrad.render import to_html, to_markdown, to_tex, to_text
from symgrad.render.document import tell
from symgrad.render.pdf import compile_with_log
from symgrad.render.tree import Display

DIFFERENTIATION = {"chain", "partial_plus", "partial_times", "partial_power", "partial_apply", "partial_sum"}
DIFFERENTIATION |= {"partial_constant", "partial_entry"}


@pytest.fixture(params=FEW)
def derivation(request, derived):
    return derived(request.param)


def rows(derivation):
    blocks = [block for block in tell(derivation).blocks if block.kind == "proof"]
    return [row for block in blocks for part in block.parts if isinstance(part, Display) for row in part.rows]


def test_no_line_joins_two_rules_of_differentiation_but_for_the_seed_of_reverse_mode(derivation):
    for row in rows(derivation):
        used = DIFFERENTIATION & set(row.rules)
        assert len(used) <= 1 or used == {"chain", "partial_entry"}


def test_every_line_has_a_reason_and_every_reference_a_number(derivation):
    told = tell(derivation)
    for row in rows(derivation):
        assert row.reason
        assert all(p.label in told.numbers for p in row.reason if hasattr(p, "label"))


def test_all_formats_tell_it_the_same_way_twice(derivation):
    for write in (to_tex, to_html, to_markdown, to_text):
        assert write(derivation) == write(derivation)


def assert_compiles(derivation, reasons):
    _, log = compile_with_log(to_tex(derivation, reasons, standalone=True))
    assert "Overfull" not in log
    assert "Warning" not in log


@pytest.mark.tex
def test_the_file_compiles_and_no_line_is_too_long(derivation):
    assert_compiles(derivation, "side")


@pytest.mark.tex
@pytest.mark.parametrize("name", FEW[:: length(4, 1)])
def test_so_it_does_with_letters_for_reasons(derived, name):
    assert_compiles(derived(name), "letters")


@pytest.mark.parametrize(
    ("name", "parameter", "form"),
    [
        ("linear_regression", "w", "2/N · Xᵀ · (X · w + b · 𝟏 − y)"),
        ("mlp_tanh", "w2", "2/N · Hᵀ · (f − y)"),
        ("softmax_regression", "b", "1/N · (softmax(Z) − Y)ᵀ · 𝟏"),
    ],
)
def test_matrix_forms_read_as_in_a_textbook(derived, name, parameter, form):
    shown = [line.partition("  (")[0].strip() for line in to_text(derived(name)).splitlines()]
    assert f"∇_{parameter} ℒ = {form}" in shown
