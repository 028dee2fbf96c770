import re
from functools import reduce

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from soundness import length, record

from symgrad.errors import InputError
from symgrad.kernel.terms import MINUS, Apply, Entry, Index, Partial, Plus, Sum, Times, letters, sigma
from symgrad.lang.parser import parse_formula, parse_model
from symgrad.lang.text import Printer, formula_text, model_text

VOCABULARY = """
index n : N, m : N, d : D, j : D
batch n
data x[n, d], y[n]
parameter w[d], b, A[d, j]
z[n] = sum(d, w[d] * x[n, d]) + b
loss[n] = softplus(z[n]) - y[n] * z[n]
"""
MODEL = parse_model(VOCABULARY, "vocabulary")
N, D = Index("n", "N"), Index("d", "D")
READ = {}


def read(text):
    return parse_formula(text, MODEL)


def shown(term):
    return formula_text(term, MODEL)


@settings(max_examples=length(600, 11_000), deadline=None, suppress_health_check=list(HealthCheck))
@given(draw=st.data())
def test_reading_a_printed_term_gives_the_term(draw, terms):
    term = draw.draw(terms(4))
    READ[term] = None
    printer = Printer.of(MODEL)
    text = printer.text(term)
    if printer.added:
        ranges = ", ".join(f"{i} : {i.size}" for i in printer.added.values())
        model = parse_model(f"index {ranges}\n{VOCABULARY}", "vocabulary")
        assert parse_formula(text, model) == term, text
    else:
        assert read(text) == term, text


def test_many_different_terms_were_printed_and_read():
    """Each gave itself, or the test above has failed."""
    record("printing", "terms", terms=len(READ))
    assert len(READ) >= length(300, 10_000)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(draw=st.data())
def test_reading_a_printed_model_gives_the_model(draw, terms):
    bodies = [draw.draw(terms(3, partials=False)) for _ in range(2)]
    lines = ["# An introduction.", "#", "#   with a list", "title Any title (at all"]
    lines += [VOCABULARY.strip().rpartition("\n")[0]]
    printer = Printer.of(MODEL)
    claimed = Printer((), avoid=[*MODEL.program.tensors, "u", "v", *"NDnmdj"])
    for name, body in zip(("u", "v"), bodies, strict=True):
        scalar = reduce(lambda inner, letter: sigma(letter, inner), letters(body), body)
        lines.append(f"{name} = {printer.text(scalar)}")
    lines += ["loss[n] = z[n] * u * v", "claim d(loss[n]) / d(w[q]) = y[n] * x[n, q]", "expect claim refuted"]
    lines += [
        f"claim {claimed.text(bodies[0])} = 1",
        "claim z[n] = b",
        "expect separable refuted",
        "source Somebody 1999, eq. (1.2)",
    ]
    lines.insert(4, "".join(f"index {i} : {i.size}\n" for i in printer.added.values()))
    try:
        first = parse_model("\n".join(lines), "random")
    except InputError as refused:
        # In max(n1, f), n1 might be a letter or a tensor.
        if "undeclared index letter" not in str(refused) and not re.search("undeclared name [nd][0-9]", str(refused)):
            raise
        # A letter of a claim that stands in no tensor has no size.
        assume(False)
    again = parse_model(model_text(first), "random")
    assert again == first


@pytest.mark.parametrize(
    "text",
    [
        "z[n] - y[n]",
        "(sigmoid(z[n]) - y[n]) * x[n, j]",
        "1/size(N) * (sigmoid(z[n]) - y[n])",
        "mean(n, (sigmoid(z[n]) - y[n]) * x[n, j])",
        "-mean(n, z[n])^2",
        "2 * mean(n, z[n]) / 3",
        "softmax(d, w[d]) * b",
        "sum(d, w[d] * softmax(d, w[d]))",
        "1/b / b",
        "-1/b",
        "1 * b^-1",
        "b / sqrt(b)",
        "-2/3 * b",
        "b * (-3)",
        "b - (3)",
        "b - 3",
        "b * 2/3",
        "b / 3 / 4",
        "3 / sqrt(2)",
        "(b * b) * b",
        "b + (b + b)",
        "-(b + 1)",
        "(b^2)^3",
        "b^(-1/2)",
        "(1/2)^3",
        "pi * b",
        "delta(d, j) * w[d]",
        "d(loss[n]) / d(w[j])",
        "2 * d(loss[n]) / d(w[j]) * b",
        "1/(d(loss[n]) / d(b))",
        "exp(b) / sum(d, exp(w[d]))",
    ],
)
def test_a_formula_in_house_style_prints_as_it_was_written(text):
    assert shown(read(text)) == text


def test_the_letter_of_a_sum_avoids_letters_that_are_free_in_it_and_bound_around_it():
    assert shown(read("sum(j, A[d, j])")) == "sum(j, A[d, j])"
    assert shown(read("sum(j, w[j] * sum(d, A[j, d]))")) == "sum(d, w[d] * sum(j, A[d, j]))"


def test_a_letter_is_made_up_from_the_size_where_the_declared_ones_are_used_up():
    printer = Printer.of(MODEL)
    text = printer.text(Times((Sum("D", Entry("w", (0,))), Sum("D", Sum("D", Sum("D", Entry("A", (0, 2))))))))
    assert text == "sum(d, w[d]) * sum(d, sum(j, sum(d1, A[d1, d])))"
    assert printer.added == {"d1": Index("d1", "D")}


def test_a_made_up_letter_meets_no_declared_name():
    printer = Printer((), avoid={"d", "d1"})
    assert printer.text(Sum("D", Entry("w", (0,)))) == "sum(d2, w[d2])"


def test_a_softmax_of_other_formulas_above_and_below_prints_as_a_quotient():
    assert shown(read("exp(w[j]) / sum(d, exp(2 * w[d]))")) == "exp(w[j]) / sum(d, exp(2 * w[d]))"


def test_a_sum_over_another_size_is_not_a_mean():
    assert shown(read("1/size(D) * sum(n, y[n])")) == "1/size(D) * sum(n, y[n])"


def test_an_adjoint_prints_under_its_name():
    term = Plus((Partial(Entry("loss", (N,)), Entry("z", (N,)), total=True), MINUS))
    assert formula_text(term, MODEL, {"z": "z_bar"}) == "z_bar[n] - 1"
    assert formula_text(term, MODEL, {"w": "w_bar"}) == "d(loss[n]) / d(z[n]) - 1"


def test_a_direct_derivative_is_told_from_a_total_one():
    term = Partial(Entry("loss", (N,)), Entry("z", (N,)), total=False)
    assert shown(term) == "partial(loss[n]) / partial(z[n])"


def test_degenerate_chains_print_as_their_part():
    assert shown(Plus(())) == "0"
    assert shown(Times(())) == "1"
    assert shown(Plus((Entry("b", ()),))) == shown(Times((Entry("b", ()),))) == "b"


def test_what_is_not_a_term_is_refused():
    with pytest.raises(TypeError, match="not a term"):
        Printer(()).text("b")


def test_a_printed_model_reads_like_a_file():
    text = """# Weighted.
title Weighted logistic
index n : N, d : D
batch n
data x[n, d]
parameter w[d]
data s[n]

assume s[n] > 0
assume sum(n, s[n]) = 1

loss[n] = s[n] * sum(d, w[d] * x[n, d])
objective = sum(n, loss[n])

claim d(objective) / d(w[j]) = sum(n, s[n] * x[n, j])
expect claim refuted

expect identity refuted

source A book, page 3
"""
    assert model_text(parse_model(text, "weighted")) == text


def test_a_letter_made_up_for_a_claim_meets_no_letter_that_another_claim_uses():
    text = VOCABULARY + "claim w[n1] = w[n1]\n"
    text += "claim y[n] * y[m] = sum(p, y[p]) * y[n] * y[m] + sum(p, y[p] * y[n] * y[m])\n"
    model = parse_model(text, "vocabulary")
    printed = model_text(model)
    assert "claim w[n1] = w[n1]" in printed
    assert "sum(n2, y[n2] * y[n] * y[m])" in printed
    assert parse_model(printed, "vocabulary") == model


def test_an_assumption_about_a_definition_is_printed_below_it():
    text = VOCABULARY + "assume z[n] != 0\n"
    model = parse_model(text, "vocabulary")
    printed = model_text(model)
    assert printed.index("assume z[n] != 0") > printed.index("loss[n] =")
    assert parse_model(printed, "vocabulary") == model


def test_a_negated_argument_needs_no_brackets():
    assert shown(Apply("exp", (Times((MINUS, Entry("b", ()))),))) == "exp(-b)"
