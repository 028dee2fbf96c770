import numpy as np
import pytest
import sympy

import symgrad.lang.authoring as sg
from symgrad.errors import InputError
from symgrad.kernel.terms import Apply, Entry, Index, Partial
from symgrad.lang.parser import parse_model
from symgrad.lang.sympy_bridge import from_sympy, tensor_symbol
from symgrad.lang.text import model_text

n, d, j, k = sg.indices("n:N d:D j:D k : K")
x, y, t = sg.data("x[n,d] y[n], t[n, k]")
w, b, unused = sg.parameters("w[d] b  unused[d]")


def logistic():
    m = sg.Model("logistic_regression", batch=n)
    z = m.define("z[n]", sg.Sum(w[d] * x[n, d], d) + b)
    m.loss = sg.softplus(z[n]) - y[n] * z[n]
    return m, z


def started():
    m = sg.Model("started", batch=n)
    m.loss = w[d] * 0 + b * y[n]
    return m


def test_the_design_example_states_the_model_of_the_same_file():
    m, _ = logistic()
    text = """title Logistic regression
index n : N, d : D
batch n
data x[n, d], y[n]
parameter w[d], b
z[n] = b + sum(d, w[d] * x[n, d])
loss[n] = softplus(z[n]) - y[n] * z[n]
"""
    assert m.to_model() == parse_model(text, "logistic_regression")


def test_the_closed_form_has_every_intermediate_substituted():
    m, _ = logistic()
    z = b + sg.Sum(w[d] * x[n, d], d)
    assert m.closed_form() == sg.softplus(z) - y[n] * z


def test_the_closed_form_renames_what_a_substitution_would_capture():
    m = sg.Model("captured", batch=n)
    f = m.define("f[d]", sg.Sum(w[d] * w[j], j))
    m.loss = sg.Sum(f[j] * x[n, j], j)
    total = m.closed_form()
    assert total == sg.Sum(sg.Sum(w[d] * w[j], j) * x[n, d], d)


def test_claims_and_assumptions_are_said_in_sympy_or_in_text():
    m, z = logistic()
    m.assume(sympy.Eq(sg.Sum(y[n], n), 1))
    m.assume(w[d] > 0)
    m.assume(sympy.Ne(b, 0))
    m.assume("y[n] > 0")
    m.claim(sympy.Derivative(m.loss, w[j]), (sg.sigmoid(z[n]) - y[n]) * x[n, j])
    m.claim("d(loss[n]) / d(w[q])", "(sigmoid(z[n]) - y[n]) * x[n, q]")
    m.claim(sympy.Derivative(m.objective, b), sg.mean(sg.sigmoid(z[n]) - y[n], n))
    m.claim(z[n], 1)
    m.expect("claim")
    m.expect("identity")
    m.source("Bishop 2006, eq. (4.91)")
    made = m.to_model()
    assert [a.relation for a in made.assumptions] == ["=", ">", "!=", ">"]
    assert made.claims[0].left == Partial(Entry("loss", (Index("n", "N"),)), Entry("w", (Index("j", "D"),)), total=True)
    assert made.claims[0].right == from_sympy((sg.sigmoid(z[n]) - y[n]) * x[n, j])
    assert [c.expect_refuted for c in made.claims] == [False, False, False, True]
    assert (made.expected, made.sources) == ({"identity"}, ("Bishop 2006, eq. (4.91)",))
    assert parse_model(model_text(made), made.name) == made


def test_formulas_may_be_texts_of_the_language():
    m = sg.Model("in_words", batch=n, title="In words")
    z = m.define("z[n, k]", "t[n, k] * sum(d, w[d] * x[n, d]) + b")
    m.loss = "-sum(k, t[n, k] * log(softmax(k, z[n, k])))"
    m.objective = sg.mean(m.loss, n) + b**2
    made = m.to_model()
    assert made.title == "In words"
    assert z == tensor_symbol("z", scalar=False)
    assert m.objective == tensor_symbol("objective", scalar=True)
    assert [i.name for i in made.program.inputs] == ["x", "t", "w", "b"]
    assert parse_model(model_text(made), made.name) == made


def test_a_model_that_needs_more_letters_than_were_named_declares_them():
    m = sg.Model("nested", batch=n)
    inner = sympy.Sum(w[j], (j, 1, j.upper))
    m.loss = y[n] * sympy.Sum(w[j] * inner, (j, 1, j.upper)) * b
    made = m.to_model()
    assert parse_model(model_text(made), made.name) == made


def test_a_softmax_written_in_python_prints_as_one():
    m = sg.Model("share", batch=n)
    m.loss = sg.Sum(sg.softmax(w[d], d) * x[n, d], d)
    assert "loss[n] = sum(d, softmax(d, w[d]) * x[n, d])" in model_text(m.to_model())


def test_shorthand_is_what_it_stands_for():
    assert sg.mean(w[d], d) == sg.Sum(w[d], d) / d.upper
    assert sg.logsumexp(w[d], d) == sympy.log(sg.Sum(sympy.exp(w[d]), d))
    assert sg.square(b) == b**2
    assert sg.silu(b) == b * sg.sigmoid(b)
    assert sg.gelu(b) == b / 2 * (1 + sympy.erf(b / sympy.sqrt(2)))
    assert sg.elu(b, 2) == sg.relu(b) + 2 * (sympy.exp(b - sg.relu(b)) - 1)
    assert sg.size(d) == sympy.Symbol("D", integer=True, positive=True)


def test_only_what_is_mentioned_belongs_to_the_model():
    made = started().to_model()
    assert [i.name for i in made.program.inputs] == ["y", "b"]
    assert [i.name for i in made.letters] == ["n"]


def test_a_name_declared_anew_does_not_change_a_model_that_uses_it():
    v = sg.parameters("v[d]")
    m = sg.Model("before", batch=n)
    m.loss = y[n] * sg.Sum(v[d], d)
    before = m.to_model()
    sg.parameters("v[k]")
    assert m.to_model() == before
    m.claim("loss[n]", "y[n] * sum(d, v[d])")
    assert m.to_model().claims


def test_a_refused_statement_leaves_the_model_as_it_was():
    m = started()
    before = m.to_model()
    with pytest.raises(InputError):
        m.define("loss[n]", b)
    assert m.to_model() == before


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (lambda m: m.define("q[n]", w[d]), "d is left free"),
        (lambda m: m.define("q", "w[d]"), "d is left free"),
        (lambda m: m.define("q", w[n]), r"w\[n\]: the indices run over \(N\), expected \(D\)"),
        (lambda m: m.define("q", sympy.Symbol("b")), "b was made in another way"),
        (lambda m: m.define("q", tensor_symbol("c", scalar=True)), "undeclared name c"),
        (lambda m: m.define("q", "c"), "undeclared name c"),
        (lambda m: m.define("q", sympy.floor(b)), "floor is not in the language"),
        (lambda m: m.define("q", "floor(b)"), "unknown function floor"),
        (lambda m: m.define("q", True), "bool is not a formula"),
        (lambda m: m.define("q", 0.1 + 0.2), "is not exact"),
        (lambda m: m.define("q", np.array([b], dtype=object)), "ndarray is not a formula"),
        (lambda m: m.define("q", m.objective), "undeclared name objective"),
        (lambda m: m.define("q", [b]), "list is not a formula"),
        (lambda m: m.define("q[s]", b), "undeclared index letter s"),
        (lambda m: m.define("b", 1), "b is a parameter already"),
        (lambda m: m.define("exp", 1), "exp is a word of the language"),
        (lambda m: m.define("__import__('os')", 1), "unexpected __import__"),
        (lambda m: m.define(b, 1), "Symbol is not a text"),
        (lambda m: setattr(m, "loss", b), "loss is a definition already"),
        (lambda m: setattr(m, "objective", m.loss), "n is left free"),
        (lambda m: m.assume(b), "is not an assumption"),
        (lambda m: m.assume(sympy.Eq(b, b)), "is not an assumption"),
        (lambda m: m.assume(b > 1), "compares with 0, expected > 0"),
        (lambda m: m.assume(sympy.Eq(b, 1)), "an assumed equation mentions b"),
        (lambda m: m.assume("b = 1"), "an assumed equation mentions b"),
        (lambda m: m.assume("b <"), "unexpected '<'"),
        (lambda m: m.claim(sympy.Derivative(b**2, b), b), "the derivative of a formula"),
        (lambda m: m.claim(sympy.Derivative(m.loss, y[n]), b), "y is data"),
        (lambda m: m.claim("d(loss[n]) / d(y[n])", b), "y is data"),
        (lambda m: m.expect("claim"), "no claim directly above"),
        (lambda m: m.expect("everything"), "everything cannot be expected"),
        (lambda m: m.source("one\ntwo"), "is not a source"),
        (lambda m: m.source("  "), "is not a source"),
    ],
)
def test_a_bad_statement_is_refused(state, message):
    m = started()
    with pytest.raises(InputError, match=message):
        state(m)


@pytest.mark.parametrize(
    ("declare", "message"),
    [
        (lambda: sg.indices("n"), "expected ':'"),
        (lambda: sg.indices("n:N:M"), "unexpected ':'"),
        (lambda: sg.indices("sum:N"), "sum is a word of the language"),
        (lambda: sg.indices(3), "int is not a text"),
        (lambda: sg.data("x[q]"), "undeclared index letter q"),
        (lambda: sg.data("x[n,d] x[n]"), "x is data already"),
        (lambda: sg.parameters("__import__('os')"), "unexpected __import__"),
        (lambda: sg.Model("two words", batch=n), "is not a name"),
        (lambda: sg.Model("m", batch="n"), "n is not an index letter"),
        (lambda: sg.Model("m", batch=n, title="two\nlines"), "is not a title"),
        (lambda: sg.Sum(w[d], sympy.Symbol("d")), "d is not an index letter"),
        (lambda: sg.Sum(w[d], sympy.Idx("d")), "d is not an index letter"),
        (lambda: sg.Model("m", batch=n).to_model(), "the loss is missing"),
        (lambda: sg.Model("m", batch=n).loss, "loss is not defined yet"),
        (lambda: sg.Model("m", batch=n).objective, "loss is not defined yet"),
        (lambda: sg.Model("m", batch=n).closed_form(), "loss is not defined yet"),
    ],
)
def test_a_bad_declaration_is_refused(declare, message):
    with pytest.raises(InputError, match=message):
        declare()


@pytest.mark.parametrize(
    "use",
    [
        *(sg.sigmoid, sg.softplus, sg.relu, sg.step, sg.square, sg.silu, sg.gelu),
        lambda text: sg.elu(text, 1),
        lambda text: sg.elu(b, text),
        lambda text: sg.Sum(text, d),
        lambda text: sg.mean(text, d),
        lambda text: sg.softmax(text, d),
        lambda text: sg.logsumexp(text, d),
        lambda text: sg.largest(text, d),
        lambda text: w[text],
        lambda text: x[n, text],
        sg.size,
        lambda text: sg.Sum(w[d], text),
    ],
)
def test_a_text_among_sympy_objects_is_refused_and_never_run(use, tmp_path):
    with pytest.raises(InputError, match="is not a formula|is not an index letter"):
        use(f"__import__('pathlib').Path({str(tmp_path / 'pwned')!r}).touch()")
    assert list(tmp_path.iterdir()) == []


def test_a_parameter_with_the_batch_letter_is_refused():
    bad = sg.parameters("bad[n]")
    m = sg.Model("m", batch=n)
    with pytest.raises(InputError, match="parameter bad carries the batch size N"):
        m.loss = bad[n]


def test_one_letter_with_two_sizes_in_one_model_is_refused():
    m = started()
    other = sg.indices("d:E")
    try:
        v = sg.parameters("v2[d]")
        m.define("first", sg.Sum(w[d], d))
        with pytest.raises(InputError, match="d runs over D here and over E there"):
            m.define("second", sg.Sum(v[other], other))
    finally:
        sg.indices("d:D")


def test_a_maximum_is_a_function_of_the_language():
    m = sg.Model("hinge", batch=n)
    m.loss = sympy.Max(0, 1 - y[n] * b)
    assert any(
        isinstance(part, Apply) and part.function == "max" for part in [m.to_model().program.bodies["loss"].body]
    )
