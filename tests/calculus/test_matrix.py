from fractions import Fraction

import numpy as np
import pytest
from matrix_reader import MatrixReading
from second_reader import Reading, drawn, read

from symgrad.calculus.matrix import entry_of, flat, shape_of, text
from symgrad.errors import RuleError
from symgrad.kernel import terms as t
from symgrad.lang.parser import parse_model
from symgrad.lang.text import Printer

SOURCE = """index n : N, d : D, k : K
batch n
data X[n, d], Y[n, k], y[n], s[n], c
parameter W[d, k], w[d], b
loss[n] = b * y[n] * c * s[n] * sum(d, w[d] * X[n, d]) * sum(d, sum(k, W[d, k] * X[n, d] * Y[n, k]))
"""

S = {name: ("sym", name) for name in ("X", "Y", "y", "s", "c", "W", "w", "b")}
XT = ("T", S["X"])

TREES = [
    (("mul", S["X"], S["w"]), ("N", None)),
    (("mul", XT, ("sub", S["y"], S["s"])), ("D", None)),
    (("mul", S["X"], S["W"]), ("N", "K")),
    (("mul", XT, S["Y"]), ("D", "K")),
    (("mul", ("inv_size", "N"), XT, ("add", ("mul", S["X"], S["w"]), ("mul", S["b"], ("ones", "N")))), ("D", None)),
    (("mul", ("T", ("ones", "N")), S["y"]), (None, None)),
    (("mul", ("T", S["y"]), S["s"]), (None, None)),
    (("had", S["y"], ("pow", S["s"], Fraction(2))), ("N", None)),
    (("softmax_rows", ("mul", S["X"], S["W"])), ("N", "K")),
    (("mul", XT, ("sub", ("softmax_rows", ("mul", S["X"], S["W"])), S["Y"])), ("D", "K")),
    (("mul", ("diag", S["y"]), S["X"]), ("N", "D")),
    (("mul", S["X"], ("diag", S["w"])), ("N", "D")),
    (("fun", "sigmoid", ("mul", S["X"], S["w"])), ("N", None)),
    (("neg", ("mul", ("num", Fraction(3, 2)), S["W"])), ("D", "K")),
    (("mul", ("sub", ("softmax_rows", S["Y"]), S["Y"]), ("ones", "K")), ("N", None)),
    (("mul", XT, ("diag", S["y"]), ("sub", ("num", Fraction(1)), ("pow", S["Y"], Fraction(2)))), ("D", "K")),
    (("mul", S["c"], ("T", S["W"]), S["w"]), ("K", None)),
]


@pytest.fixture(scope="module")
def model():
    return parse_model(SOURCE, "matrix")


@pytest.mark.parametrize(("tree", "shape"), TREES)
def test_what_a_tree_means_is_what_its_text_says(model, tree, shape):
    program = model.program
    assert shape_of(program, tree) == shape
    row, col = (t.Index(f"g{k}", size) if size else None for k, size in enumerate(shape))
    printer = Printer.of(model)
    formula = printer.text(entry_of(program, tree, row, col))
    added = {i.name: i.size for i in (*printer.added.values(), row, col) if i}
    sizes, values = drawn(read(SOURCE), 4, {"N": 4, "D": 3, "K": 2})
    reading = Reading(read(SOURCE).also((), added), sizes, values)
    arrays = {name: as_array(entries) for name, entries in values.items()}
    found = np.asarray(MatrixReading(arrays, sizes).value(text(program, tree)))
    wanted = np.zeros([sizes[size] for size in shape if size])
    for where in np.ndindex(*wanted.shape):
        at = {i.name: k for i, k in zip((i for i in (row, col) if i), where, strict=True)}
        wanted[where] = float(reading.value(formula, at).value)
    np.testing.assert_allclose(found.reshape(wanted.shape), wanted, rtol=1e-12)


def as_array(entries):
    array = np.zeros([1 + max(where[k] for where in entries) for k in range(len(next(iter(entries))))])
    for where, value in entries.items():
        array[where] = float(value)
    return array


def test_sizes_that_do_not_fit_have_no_meaning(model):
    i, j = t.Index("i", "N"), t.Index("j", "K")
    with pytest.raises(RuleError, match="do not fit"):
        entry_of(model.program, ("mul", S["X"], S["Y"]), i, j)


def test_what_is_no_tree_has_no_meaning(model):
    with pytest.raises(RuleError, match="no meaning"):
        entry_of(model.program, ("kron", S["X"]), None, None)


def test_flat_drops_double_transposes_and_joins_products():
    assert flat(("T", ("T", S["X"]))) == S["X"]
    assert flat(("mul", ("mul", S["X"], S["W"]), S["w"])) == ("mul", S["X"], S["W"], S["w"])
    assert flat(("had", S["y"], ("had", S["s"], S["y"]))) == ("had", S["y"], S["s"], S["y"])


@pytest.mark.parametrize(
    ("tree", "written"),
    [
        (("mul", ("sub", S["y"], S["s"]), S["c"]), "(y - s) * c"),
        (("sub", S["y"], ("sub", S["s"], S["y"])), "y - (s - y)"),
        (("T", ("mul", S["X"], S["W"])), "(X*W)^T"),
        (("pow", ("sub", S["y"], S["s"]), Fraction(2)), "(y - s).^2"),
        (("had", S["y"], ("add", S["y"], S["s"])), "y .* (y + s)"),
        (("pow", S["y"], Fraction(-1, 2)), "y.^(-1/2)"),
    ],
)
def test_brackets_stand_where_they_are_needed(model, tree, written):
    assert text(model.program, tree) == written


def test_a_formula_that_is_no_product_of_matrices_has_no_matrix_form(derivation):
    frame = "index n : N, i : D, j : D; batch n; data x[n, i]; parameter A[i, j]"
    found = derivation(f"{frame}; loss[n] = exp(sum(i, sum(j, A[i, j] * x[n, i] * abs(x[n, j] + x[n, i]))))")
    assert "A" not in found.matrix


def test_no_matrix_is_called_by_the_name_of_a_size(derivation):
    frame = "index n : N, d : D, j : H; batch n; data x[n, d]; parameter W[d, j]"
    layer = "a[n, j] = sum(d, W[d, j] * x[n, d]); h[n, j] = tanh(a[n, j])"
    found = derivation(f"{frame}; {layer}; loss[n] = sum(j, h[n, j]^2)")
    assert "H.^2" not in found.matrix["W"].text


def test_a_power_of_a_number_stands_before_the_ones(derivation):
    frame = "index n : N, d : D; batch n; data x[n, d], e; parameter w[d]; assume e > 0"
    found = derivation(f"{frame}; z[n] = sum(d, w[d] * x[n, d]); loss[n] = step(1/e - z[n]) * z[n]")
    written = found.matrix["w"].text
    assert "(e * " not in written
    assert "e.^(-1)*1 - X*w" in written
