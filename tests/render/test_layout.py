"""Widths and breaks."""

import pytest

from symgrad.render.latex import BREAK_FACTOR, BREAK_TERM, Latex
from symgrad.render.layout import lines, width
from symgrad.render.shapes import Product, Sums, Symbol

LONG = Sums(tuple(Symbol(c, ("n", "d")) for c in "abcdefgh"))


@pytest.mark.parametrize(
    ("tex", "points"),
    [
        (r"\frac{1}{N}\,\sgmat{X}\sgT\bigl(\sgsigma(\sgmat{X} \sgvec{w} + b \sgones) - \sgvec{y}\bigr)", 112.8),
        (r"\sum_{n=1}^{N}\sgpd{\sgLoss}{z_{n}}\,\sgpd{z_{n}}{w_{j}}", 56.4),
        (r"\bigl(\sgsigma(z_{n}) - y_{n}\bigr)\,x_{nj}", 72.2),
        (r"\operatorname{softplus}(z_{n}) - y_{n} z_{n}", 84.3),
        (r"\sqrt{a^{2} + b}", 36.3),
        (r"\sum_{\mathrm{row}=1}^{\mathrm{ROWS}} x_{\mathrm{row}}", 44.6),
    ],
)
def test_widths_are_close_to_what_tex_sets(tex, points):
    assert 0.96 * points <= width(tex) <= 1.15 * points


def test_what_fits_stays_on_one_line():
    text = Latex().breakable(LONG)
    assert lines(text, 1e9, 1e9) == [Latex()(LONG)]


def test_a_long_sum_is_broken_before_its_signs():
    found = lines(Latex().breakable(LONG), 100, 100)
    assert len(found) > 1
    assert all(line.startswith("{} + ") for line in found[1:])
    assert all(width(line) <= 100 for line in found)
    assert "".join(line.removeprefix("{}") for line in found) == Latex()(LONG)


def test_a_long_product_is_broken_between_factors_with_a_dot():
    found = lines(Latex().breakable(Product((LONG, LONG))), 240, 240)
    assert [line.startswith(r"{}\cdot ") for line in found] == [False, True]


def test_a_hadamard_product_keeps_its_own_sign_at_a_break():
    found = lines(Latex().breakable(Product((LONG, LONG), entrywise=True)), 240, 240)
    assert found[1].startswith(r"{} \odot ")


def test_a_bracket_is_broken_where_nothing_else_helps():
    found = lines(Latex().breakable(Product((Symbol("a"), LONG))), 120, 120)
    assert len(found) > 1
    assert all(width(line) <= 120 for line in found)


def test_no_mark_is_left():
    assert not set("".join(lines(Latex().breakable(Product((LONG, LONG))), 60, 60))) & {BREAK_TERM, BREAK_FACTOR}


def test_a_coefficient_never_stands_alone():
    shape = Product((Symbol("a"), Symbol("b", ("n",)), LONG))
    assert lines(Latex().breakable(shape), 120, 120)[0] != "a"
