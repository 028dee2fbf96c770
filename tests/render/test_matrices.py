"""Matrix formulas as shapes."""

from fractions import Fraction

import pytest

from symgrad.errors import SymgradError
from symgrad.render.latex import Latex
from symgrad.render.matrices import matrix_shape
from symgrad.render.plain import Plain


def test_a_matrix_formula_has_its_shape():
    tree = ("mul", ("inv_size", "N"), ("T", ("sym", "X")), ("sub", ("fun", "sigmoid", ("sym", "z")), ("sym", "y")))
    shown = Latex()(matrix_shape(tree, {"X": 2, "z": 1, "y": 1}))
    assert shown == r"\frac{1}{N}\,\sgmat{X}\sgT\bigl(\sgsigma(\sgvec{z}) - \sgvec{y}\bigr)"
    entrywise = ("had", ("sym", "E"), ("sub", ("num", Fraction(1)), ("pow", ("sym", "H1"), Fraction(2))))
    shown = Latex()(matrix_shape(entrywise, {"E": 2, "H1": 2}))
    assert shown == r"\sgmat{E} \odot \bigl(1 - (\sgmat{H}^{(1)})^{\odot 2}\bigr)"
    with pytest.raises(SymgradError, match="inverse"):
        matrix_shape(("inverse", ("sym", "X")), {"X": 2})


@pytest.mark.parametrize(
    ("tree", "shown"),
    [
        (("mul", ("num", Fraction(2)), ("inv_size", "N"), ("sym", "x")), "2/N · X"),
        (("mul", ("num", Fraction(-1, 2)), ("inv_size", "N"), ("sym", "x")), "−1/(2 · N) · X"),
        (("add", ("mul", ("num", Fraction(2)), ("inv_size", "N"), ("sym", "x")), ("sym", "W")), "2/N · X + W"),
        (("mul", ("num", Fraction(2)), ("sym", "b"), ("inv_size", "N"), ("sym", "W")), "2/N · b · W"),
        (("mul", ("size", "N"), ("inv_size", "D"), ("sym", "W")), "N/D · W"),
        (("mul", ("num", Fraction(2)), ("sym", "W")), "2 · W"),
        (("mul", ("inv_size", "N"), ("pow", ("sym", "b"), Fraction(-1, 2)), ("sym", "W")), "1/(N · √(b)) · W"),
        (("pow", ("mul", ("T", ("ones", "N")), ("sym", "v")), Fraction(2)), "(𝟏ᵀ · v)²"),
        (("pow", ("mul", ("sym", "W"), ("sym", "v")), Fraction(2)), "(W · v)^(⊙2)"),
        (("pow", ("sub", ("sym", "b"), ("T", ("sym", "v"))), Fraction(2)), "(b − vᵀ)^(⊙2)"),
        (("pow", ("fun", "exp", ("sym", "b")), Fraction(-1)), "1/exp(b)"),
        (("mul", ("inv_size", "N"), ("mul", ("num", Fraction(3)), ("inv_size", "D"))), "3/(N · D)"),
    ],
)
def test_numbers_and_sizes_of_a_matrix_formula_stand_in_front_as_one_fraction(tree, shown):
    assert Plain()(matrix_shape(tree, {"b": 0, "v": 1}, {"x": "X"})) == shown
