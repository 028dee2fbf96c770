"""MathML Core: what browsers draw, or an error."""

import xml.etree.ElementTree as ET

import pytest
from by_hand import logistic, perceptron

from symgrad.errors import SymgradError
from symgrad.render.document import tell
from symgrad.render.latex import Latex
from symgrad.render.mathml import to_mathml
from symgrad.render.tree import Display

CORE = {
    "math", "mrow", "mi", "mn", "mo", "msub", "msup", "msubsup", "mfrac", "msqrt", "munder", "munderover", "mspace",
    "mtext", "mstyle",
}  # fmt: skip


def formulas():
    write = Latex(macros=False)
    for derivation in (logistic(), perceptron()):
        for block in tell(derivation).blocks:
            for part in block.parts:
                for row in part.rows if isinstance(part, Display) else ():
                    yield write(row.right)
                    if row.left is not None:
                        yield write(row.left)


@pytest.mark.parametrize("block", [True, False])
def test_every_formula_converts_to_well_formed_mathml_core(block):
    found = set(formulas())
    assert len(found) > 40
    for latex in found:
        root = ET.fromstring(to_mathml(latex, block=block))
        for element in root.iter():
            assert element.tag.split("}")[1] in CORE
            assert element.get("mathvariant") in {None, "normal"}
            assert "\\" not in (element.text or "")


def test_bold_letters_are_bold():
    assert "𝑿" in to_mathml(r"\boldsymbol{X}")
    assert "𝟏" in to_mathml(r"\boldsymbol{1}")
    assert "𝜽" in to_mathml(r"\boldsymbol{\theta}")


def test_the_limits_of_a_sum_stand_above_and_below():
    text = to_mathml(r"\frac{1}{\sum_{i=1}^{N} x_{i}}")
    assert "munderover" in text
    assert "msubsup" not in text


def test_the_upright_e_stays_upright():
    assert '<mi mathvariant="normal">e</mi>' in to_mathml(r"\mathrm{e}^{x}")


@pytest.mark.parametrize("latex", [r"\unknown{x}", r"\sgpd{a}{b}", r"a & b"])
def test_what_does_not_convert_is_refused(latex):
    with pytest.raises(SymgradError, match="MathML"):
        to_mathml(latex)


def test_text_is_escaped():
    assert "<b>" not in to_mathml(r"\text{<b>}")


@pytest.mark.parametrize("latex", ["-x", "(-x)", r"\left(-x\right)", "a = -x", "[-x]"])
def test_a_minus_sign_stands_close_to_its_number(latex):
    (minus,) = [e for e in ET.fromstring(to_mathml(latex)).iter() if e.text in {"−", "-"}]
    assert minus.get("form") == "prefix"


def test_a_difference_keeps_its_air():
    (minus,) = [e for e in ET.fromstring(to_mathml("(a - x)")).iter() if e.text in {"−", "-"}]
    assert minus.get("form") is None
