import re
import time
from fractions import Fraction
from pathlib import Path

import pytest

from symgrad.errors import InputError
from symgrad.kernel.program import Tensor
from symgrad.kernel.terms import (
    MINUS,
    ONE,
    ZERO,
    Apply,
    Delta,
    Entry,
    Index,
    Judgement,
    Largest,
    Number,
    Partial,
    Plus,
    Power,
    Size,
    Sum,
    Times,
)
from symgrad.lang.parser import decoded, load_model, model_name, parse_formula, parse_model
from symgrad.lang.source import MAX_CHARACTERS, SourceError
from symgrad.lang.text import model_text

LOGISTIC = """# Binary logistic regression, loss computed from the logit.
title   Logistic regression
index   n : N, d : D
batch   n
data    x[n, d], y[n]
parameter w[d], b

z[n]    = sum(d, w[d] * x[n, d]) + b
loss[n] = softplus(z[n]) - y[n] * z[n]

claim   d(loss[n]) / d(w[j]) = (sigmoid(z[n]) - y[n]) * x[n, j]
claim   d(loss[n]) / d(z[n]) = sigmoid(z[n]) - y[n]
source  Bishop 2006, Pattern Recognition and Machine Learning, eq. (4.91)
"""

HEAD = """index n : N, m : N, d : D, j : D
batch n
data x[n, d], y[n]
parameter w[d], b
"""

N, D = Index("n", "N"), Index("d", "D")
B, Y = Entry("b", ()), Entry("y", (N,))
MODEL = parse_model(HEAD + "loss[n] = sum(d, w[d] * x[n, d]) + b", "small")


def read(text):
    return parse_formula(text, MODEL)


def power(base, exponent):
    return Power(base, Fraction(exponent))


def number(value):
    return Number(Fraction(value))


def refusal(text, name="bad", file="bad.sg"):
    with pytest.raises(SourceError) as refused:
        parse_model(text, name, file)
    return refused.value


# --- the model ---------------------------------------------------------------------------------------------------


def test_the_design_example_is_read_as_it_says():
    model = parse_model(LOGISTIC, "logistic_regression")
    assert model.name == "logistic_regression"
    assert model.title == "Logistic regression"
    assert model.introduction == ("Binary logistic regression, loss computed from the logit.",)
    assert (model.batch, model.letters) == (N, (N, D))
    assert model.program.batch == "N"
    assert model.program.inputs == (
        Tensor("x", "data", ("N", "D")),
        Tensor("y", "data", ("N",)),
        Tensor("w", "parameter", ("D",)),
        Tensor("b", "parameter", ()),
    )
    assert [d.name for d in model.program.definitions] == ["z", "loss", "objective"]
    z, loss, objective = model.program.definitions
    assert z.body == Plus((Sum("D", Times((Entry("w", (0,)), Entry("x", (N, 0))))), B))
    zn = Entry("z", (N,))
    assert loss.body == Plus((Apply("softplus", (zn,)), Times((MINUS, Y, zn))))
    assert (objective.letters, objective.body) == ((), Times((power(Size("N"), -1), Sum("N", Entry("loss", (0,))))))
    assert model.sources == ("Bishop 2006, Pattern Recognition and Machine Learning, eq. (4.91)",)
    assert model.claims[0].left == Partial(Entry("loss", (N,)), Entry("w", (Index("j", "D"),)), total=True)
    assert not model.warnings


def test_an_objective_of_ones_own_ends_the_program():
    model = parse_model(HEAD + "loss[n] = b * y[n]\nt = sum(n, y[n])\nobjective = sum(n, loss[n]) / t", "own")
    assert [d.name for d in model.program.definitions] == ["loss", "t", "objective"]


def test_without_a_title_the_name_is_the_title():
    assert MODEL.title == "Small"


def test_the_introduction_is_the_comment_block_at_the_top_and_no_later_comment():
    model = parse_model("\n# One.\n#\n#   two\n\n# not this\n" + HEAD + "loss[n] = b # nor this", "named")
    assert model.introduction == ("One.", "", "  two")


def test_a_statement_goes_on_while_a_bracket_is_open():
    text = HEAD + "loss[n] = sum(d, # a comment with ) and (\n\n  w[\n d] * x[n,\n d])\n  \n"
    assert parse_model(text, "long").program.bodies["loss"].body == Sum(
        "D", Times((Entry("w", (0,)), Entry("x", (N, 0))))
    )


def test_titles_and_sources_are_free_text():
    text = HEAD + "title Sums (and [brackets # not this\nsource https://example.org/a#b)\nloss[n] = b"
    model = parse_model(text, "free")
    assert model.title == "Sums (and [brackets"
    assert model.sources == ("https://example.org/a#b)",)


def test_windows_line_ends_and_a_byte_order_mark_change_nothing():
    plain = parse_model(LOGISTIC, "same")
    assert parse_model("\ufeff" + LOGISTIC.replace("\n", "\r\n"), "same") == plain


def test_expectations_are_kept():
    text = HEAD + "loss[n] = b\nclaim loss[n] = 1\nclaim loss[n] = 2\nsource A book\nexpect claim refuted\n"
    model = parse_model(text + "expect identity refuted\nexpect separable refuted", "expected")
    assert [claim.expect_refuted for claim in model.claims] == [False, True]
    assert model.expected == {"identity", "separable"}


def test_assumptions_become_judgements():
    text = HEAD + "assume sum(n, y[n]) = 1\nassume y[n] > 0\nloss[n] = b\nassume w[d] * loss[m] != 0"
    zero = number(0)
    assert parse_model(text, "assuming").assumptions == (
        Judgement("=", Sum("N", Entry("y", (0,))), ONE),
        Judgement(">", Y, zero),
        Judgement("!=", Times((Entry("w", (D,)), Entry("loss", (Index("m", "N"),)))), zero),
    )


def test_a_parameter_on_which_nothing_depends_is_a_warning():
    text = HEAD + "parameter c, e\nu = c^2\nloss[n] = b * sum(d, w[d]) + e"
    assert parse_model(text, "idle").warnings == (
        "parameter c does not occur in the loss or the objective: its gradient is zero",
    )


def test_a_letter_of_a_claim_takes_the_size_of_the_position_where_it_first_stands():
    model = parse_model(
        HEAD + "loss[n] = b * y[n]\nclaim d(loss[p]) / d(w[q]) = sum(r, x[p, r] * delta(r, q))", "letters"
    )
    claim = model.claims[0]
    p, q = Index("p", "N"), Index("q", "D")
    assert claim.left == Partial(Entry("loss", (p,)), Entry("w", (q,)), total=True)
    assert claim.right == Sum("D", Times((Entry("x", (p, 0)), Delta(0, q))))
    assert model.letters == MODEL.letters


def test_claims_and_assumptions_may_mention_the_objective_that_is_left_out():
    model = parse_model(
        HEAD + "loss[n] = b * y[n]\nassume objective > 0\nclaim d(objective) / d(b) = mean(n, y[n])", "left_out"
    )
    assert model.claims[0].left == Partial(Entry("objective", ()), B, total=True)
    assert model.assumptions[0].left == Entry("objective", ())
    assert parse_model(model_text(model), "left_out") == model


def test_a_letter_bound_in_a_definition_may_be_free_in_a_claim():
    model = parse_model(HEAD + "loss[n] = sum(d, w[d] * x[n, d])\nclaim d(loss[n]) / d(w[d]) = x[n, d]", "free")
    assert model.claims[0].right == Entry("x", (N, D))


def test_a_letter_may_be_bound_again_beside_its_own_sum():
    assert read("sum(d, w[d]) * sum(d, w[d])") == Times((Sum("D", Entry("w", (0,))),) * 2)


def test_batch_may_stand_below_the_tensors():
    text = "index n : N\ndata y[n]\nparameter b\nbatch n\nloss[n] = b * y[n]"
    assert parse_model(text, "late").batch == N


# --- formulas ----------------------------------------------------------------------------------------------------

THIRD = Fraction(1, 3)


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("b + y[n] + 1", Plus((B, Y, ONE))),
        ("b + (y[n] + 1)", Plus((B, Plus((Y, ONE))))),
        ("b * y[n] * 2", Times((B, Y, number(2)))),
        ("b * (y[n] * 2)", Times((B, Times((Y, number(2)))))),
        ("b - y[n]", Plus((B, Times((MINUS, Y))))),
        ("b - y[n] * b", Plus((B, Times((MINUS, Y, B))))),
        ("b - (y[n] * b)", Plus((B, Times((MINUS, Times((Y, B))))))),
        ("b - 2 * y[n]", Plus((B, Times((number(-2), Y))))),
        ("b - 3", Plus((B, number(-3)))),
        ("b - (3)", Plus((B, Times((MINUS, number(3)))))),
        ("b - 1/y[n]", Plus((B, Times((MINUS, power(Y, -1)))))),
        ("-b * y[n]", Times((MINUS, B, Y))),
        ("-3", number(-3)),
        ("-3 * b", Times((number(-3), B))),
        ("-b^2", Times((MINUS, power(B, 2)))),
        ("-2^2", Times((MINUS, power(number(2), 2)))),
        ("b * -y[n]", Times((B, Times((MINUS, Y))))),
        ("b * -3", Times((B, number(-3)))),
        ("b / -3", Times((B, number(-THIRD)))),
        ("b / y[n]", Times((B, power(Y, -1)))),
        ("b / 3", Times((B, number(THIRD)))),
        ("b / (3)", Times((B, power(number(3), -1)))),
        ("1 / b", power(B, -1)),
        ("1 / b * y[n]", Times((power(B, -1), Y))),
        ("1 * b", Times((ONE, B))),
        ("2 / b", Times((number(2), power(B, -1)))),
        ("b^-1", power(B, -1)),
        ("b^2/3", Times((power(B, 2), number(THIRD)))),
        ("b^(1/2)", power(B, "1/2")),
        ("b^(-1/2)", power(B, "-1/2")),
        ("b^0.5", power(B, "1/2")),
        ("b^(-2)", power(B, -2)),
        ("0.5", number("1/2")),
        ("1/2", number("1/2")),
        ("2/3/4", number("1/6")),
        ("b * 2/3", Times((B, number("2/3")))),
        ("b / 2 / 3", Times((B, number("1/2"), number(THIRD)))),
        ("sqrt(b)", power(B, "1/2")),
        ("square(b)", power(B, 2)),
        ("pi", Apply("pi", ())),
        ("max(b, 1)", Apply("max", (B, ONE))),
        ("size(N)", Size("N")),
        ("delta(d, j)", Delta(D, Index("j", "D"))),
        ("sum(n, y[n])", Sum("N", Entry("y", (0,)))),
        ("max(n, y[n])", Largest("N", Entry("y", (0,)))),
        ("max(d, max(w[d], b))", Largest("D", Apply("max", (Entry("w", (0,)), B)))),
        ("mean(n, y[n])", Times((power(Size("N"), -1), Sum("N", Entry("y", (0,)))))),
        ("2 * mean(n, y[n])", Times((number(2), power(Size("N"), -1), Sum("N", Entry("y", (0,)))))),
        ("2 * (mean(n, y[n]))", Times((number(2), Times((power(Size("N"), -1), Sum("N", Entry("y", (0,)))))))),
        ("b / mean(n, y[n])", Times((B, power(Times((power(Size("N"), -1), Sum("N", Entry("y", (0,))))), -1)))),
        ("silu(b)", Times((B, Apply("sigmoid", (B,))))),
        (
            "gelu(b)",
            Times((B, number("1/2"), Plus((ONE, Apply("erf", (Times((B, power(number(2), "-1/2"))),)))))),
        ),
        (
            "elu(b, y[n])",
            Plus(
                (
                    Apply("relu", (B,)),
                    Times((Y, Plus((Apply("exp", (Plus((B, Times((MINUS, Apply("relu", (B,)))))),)), MINUS)))),
                )
            ),
        ),
        ("logsumexp(d, w[d])", Apply("log", (Sum("D", Apply("exp", (Entry("w", (0,)),))),))),
        (
            "softmax(d, w[d])",
            Times((Apply("exp", (Entry("w", (D,)),)), power(Sum("D", Apply("exp", (Entry("w", (0,)),))), -1))),
        ),
        (
            "sum(d, softmax(d, w[d]))",
            Sum(
                "D", Times((Apply("exp", (Entry("w", (0,)),)), power(Sum("D", Apply("exp", (Entry("w", (0,)),))), -1)))
            ),
        ),
        ("1/" + "9" * 17 + "/" + "9" * 17, Times((number(Fraction(1, 10**17 - 1)), number(Fraction(1, 10**17 - 1))))),
        ("2 * d(loss[n]) / d(b) * b", Times((number(2), Partial(Entry("loss", (N,)), B, total=True), B))),
    ],
)
def test_arithmetic_becomes_the_documented_term(text, term):
    assert read(text) == term


@pytest.mark.parametrize(
    "name", ["exp", "log", "sin", "cos", "tanh", "sigmoid", "softplus", "relu", "abs", "sign", "erf"]
)
def test_every_function_is_read(name):
    assert read(f"{name}(b)") == Apply(name, (B,))


@pytest.mark.parametrize(
    "text",
    ["9" * 18, "b^16", "b^-16", "(" * 100 + "b" + ")" * 100, "exp(" * 100 + "b" + ")" * 100, "0.12345678901234567"],
)
def test_the_limits_themselves_are_allowed(text):
    read(text)


def test_a_formula_of_many_terms_is_read_quickly():
    start = time.perf_counter()
    term = read("+".join(["b"] * 49_999))
    assert len(term.terms) == 49_999
    assert time.perf_counter() - start < 10


# --- refusals ----------------------------------------------------------------------------------------------------

FORMULAS = {
    "": "the statement ends too early, expected a formula",
    "x[n, d]\x00": "U+0000",
    "__import__('os').system('touch pwned')": "unexpected __import__",
    "Symbol('x').diff.__func__.__globals__": """unexpected "'", expected a formula""",
    "b.y": "unexpected '.', expected an operator (+ - * / ^)",
    "lambda b: b": "unexpected b, expected",
    "[c for c in b]": "unexpected '['",
    'f"{b}"': "unexpected '\"'",
    "b; y[n]": "unexpected ';'",
    "b # y[n]\n c": "expected '='",
    "b and y[n]": "unexpected and",
    "b if y[n] else z": "unexpected if",
    "b == 1": "unexpected '=', expected the end of the line",
    "b := 1": "unexpected ':'",
    "2b": "unexpected b, expected an operator (+ - * / ^) or the end of the line, did you mean 2 * b?",
    "b ** 2": "did you mean ^?",
    "b^-b": "unexpected b, expected a literal rational number",
    "9^9^9": "unexpected '^'",
    "b^1000000": "the exponent is too large, expected at most 16",
    "b^17": "the exponent is too large",
    "b^-17": "the exponent is too large",
    "b^(1/0)": "division by zero",
    "1" * 5000: "the number is too long, expected at most 18 digits",
    "1e400": "unexpected e400",
    "1e-400": "unexpected e",
    "nan": "undeclared name nan",
    "inf": "undeclared name inf",
    "1j": "unexpected j",
    "(" * 20_000: "brackets nest too deep, expected at most 100 levels",
    "-" * 90_000: "unexpected '-', expected a formula",
    "((b)": "'(' is never closed, expected ')'",
    "b)": "')' closes nothing, expected '('",
    "(b]": "']' does not close '(', expected ')'",
    "sum(d, w[d]": "'(' is never closed",
    "w[d": "'[' is never closed, expected ']'",
    "1/0": "division by zero",
    "b/0.0": "division by zero",
    "b/(0)": "division by zero",
    "0^-1": "division by zero",
    "(-1)^(1/2)": "a fractional power of a negative number",
    "sqrt(-1)": "a fractional power of a negative number",
    "log(0)": "the logarithm of a number that is not positive",
    "log(-1)": "the logarithm of a number that is not positive",
    "foo(b)": "unknown function foo",
    "tahn(b)": "unknown function tahn, did you mean tanh?",
    "floor(b)": "unknown function floor",
    "argmax(d, w[d])": "unknown function argmax",
    "w(b)": "w is a tensor, expected its indices in square brackets: w[...]",
    "tanh(b, b)": "tanh has 2 arguments, expected 1",
    "max(b)": "max has 1 argument, expected 2",
    "elu(b)": "elu has 1 argument, expected 2",
    "max(n)": "max does not fit its arguments, expected max(letter, formula)",
    "max(q, b)": "undeclared name q",
    "max(b, d)": "d is an index letter",
    "sum(d, w[d] * max(d, w[d]))": "d is bound already",
    "sum(w[d])": "sum does not fit its arguments, expected sum(letter, formula)",
    "sum(w[d], d)": "sum does not fit its arguments, expected sum(letter, formula)",
    "sum(q, b)": "undeclared index letter q, expected one of n, m, d, j",
    "size(Q)": "unknown size Q",
    "size(2)": "size takes the name of a size, expected size(NAME)",
    "delta(d)": "expected delta(letter, letter)",
    "delta(d, b + 1)": "expected delta(letter, letter)",
    "sum(d, delta(n, d))": "n runs over N but d over D, expected two letters of one size",
    "sum(d, w[q])": "undeclared index letter q",
    "sum(d, w[d, d])": "w has 1 index, expected w[d]",
    "sum(d, w)": "w has 1 index, expected w[d]",
    "b[n]": "b has 0 indices, expected b",
    "sum(d, w[d] * sum(d, w[d]))": "d is bound already by a sum around this one, expected another letter",
    "mean(d, logsumexp(d, w[d]))": "d is bound already",
    "sum(d, softmax(d, sum(d, w[d])))": "d is bound already",
    "sum(d, softmax(d, b))": "softmax over d of a constant",
    "w[n]": "n runs over N but this position of w over D, expected a letter of D such as d",
    "w[d]": "d is left free, expected a sum over d or d on the left",
    "softmax(d, w[d])": "d is left free",
    "y[1]": "unexpected 1, expected a name",
    "n + 1": "n is an index letter",
    "N * b": "N is a size, expected size(N) for its value",
    "sum": "sum is a word of the language",
    "bias": "undeclared name bias",
    "y1 + b": "undeclared name y1, did you mean y?",
    "а": "unexpected U+0430 (cyrillic small letter a)",
    "b\u202e": "U+202E (right-to-left override) is not allowed",
    "b\u200b": "unexpected U+200B (zero width space)",
    "b" * 65: "the name is too long, expected at most 64 characters",
    "\\input{/etc/passwd}": "unexpected '\\\\'",
    "x}\\write18{id}{": "unexpected '}'",
    "^^5cinput": "unexpected '^'",
    "<script>alert(1)</script>": "unexpected '<'",
    "d(b)": "half a derivative, expected d(A) / d(P[indices])",
    "d(y[n]) / d(b)": "a derivative cannot stand here",
    "b + + b": "unexpected '+'",
    "b *": "ends too early, expected a formula",
    "gelu(" * 40 + "b" + ")" * 40: "too many parts",
    "elu(b, " * 60 + "b" + ")" * 60: "nests too deep once its shorthand is written out, expected at most 100 levels",
    "1+" * 40_000 + "1+exp(": "is never closed",
    "1+" * 50_000 + "1": "the text is too long, expected at most 100,000 characters",
    "(1+b*" * 60 + "b" + ")" * 60: "the formula nests too deep, expected at most 100 levels",
}


@pytest.mark.parametrize(("formula", "message"), FORMULAS.items(), ids=[f[:40] for f in FORMULAS])
def test_a_bad_formula_is_refused_at_its_place(formula, message):
    start = time.perf_counter()
    error = refusal(f"{HEAD}loss[n] = {formula}")
    assert message in error.what
    assert error.exit_code == 2
    first = str(error).split("\n")[0]
    assert re.match(r"bad\.sg:[56]:\d+: .", first)
    assert len(first) < 300
    assert "Traceback" not in str(error)
    assert time.perf_counter() - start < 10


def test_an_error_shows_the_line_with_a_caret_below_the_place():
    error = refusal(HEAD + "loss[n] = y[n] * wieght[d]")
    assert (error.file, error.line, error.column) == ("bad.sg", 5, 18)
    assert str(error).split("\n")[1:] == ["    loss[n] = y[n] * wieght[d]", "                     ^"]


def test_a_place_inside_a_statement_of_several_lines_is_named():
    error = refusal(HEAD + "loss[n] = sum(d,\n  w[d] *\n\tx[d])")
    assert (error.line, error.column) == (7, 2)


STATEMENTS = {
    "loss[n] = b\nloss[n] = b": (6, "loss is a definition already"),
    "data y[n]\nloss[n] = b": (5, "y is data already"),
    "parameter d\nloss[n] = b": (5, "d is an index letter already"),
    "data N\nloss[n] = b": (5, "N is a size already"),
    "index y : N\nloss[n] = b": (5, "y is data already"),
    "index k : w\nloss[n] = b": (5, "w is a parameter already"),
    "index k : k": (5, "k cannot be letter and size"),
    "index n : D": (5, "n is an index letter already"),
    "index k : 0": (5, "unexpected 0, expected a name"),
    "index k : -3": (5, "unexpected '-', expected a name"),
    "index k : 9223372036854775808": (5, "expected a name"),
    "index k N": (5, "unexpected N, expected ':'"),
    "data sum[n]": (5, "sum is a word of the language"),
    "data pi": (5, "pi is a word of the language"),
    "data claim": (5, "claim is a word of the language"),
    "index loss : L": (5, "loss cannot be an index letter"),
    "parameter objective": (5, "objective cannot be a parameter"),
    "tanh[n] = b": (5, "tanh is a word of the language"),
    "data x2[q]": (5, "undeclared index letter q, expected one of n, m, d, j"),
    "q[k] = b": (5, "undeclared index letter k"),
    "q[d, d] = b": (5, "a letter stands twice on the left of q"),
    "q[d, j] = w[d]\nq[d] = b": (6, "q is a definition already"),
    "parameter V[n]": (5, "parameter V carries the batch size N, expected parameters that all samples share"),
    "batch n": (5, "the batch is declared already as n"),
    "loss[d] = b": (5, "expected loss[n]"),
    "loss[m] = y[m]": (5, "expected loss[n]"),
    "loss = b": (5, "expected loss[n]"),
    "claim objective = b": (5, "undeclared name objective"),
    "loss[n] = b + objective": (5, "undeclared name objective"),
    "u = v + b\nv = b": (5, "undeclared name v"),
    "u = u + b": (5, "undeclared name u"),
    "objective = b": (5, "objective stands above loss"),
    "loss[n] = b\nobjective = loss[n]": (6, "n is left free"),
    "loss[n] = b\nobjective[n] = loss[n]": (6, "objective carries an index, expected a scalar"),
    "loss[n] = b\nobjective = b\nobjective = b": (7, "objective is defined twice"),
    "loss[n] = b\nobjective = b\nu = b": (7, "u is defined below objective"),
    "assume w[d] = 1": (5, "an assumed equation mentions w, a parameter, expected data and numbers only"),
    "u[n] = y[n]\nassume u[n] = 1": (6, "an assumed equation mentions u, a definition"),
    "assume b > 1": (5, "compares with 0, expected > 0"),
    "assume b != y[n]": (5, "compares with 0, expected != 0"),
    "assume b < 0": (5, "unexpected '<'"),
    "assume b >= 0": (5, "unexpected '=', expected a formula"),
    "assume y[q] > 0": (5, "undeclared index letter q"),
    "assume d(b) / d(b) > 0": (5, "a derivative cannot stand here"),
    "claim b": (5, "the statement ends too early, expected '='"),
    "claim d(y[n]) / d(b) = 1": (5, "y is given, expected the derivative of loss, objective or another definition"),
    "claim d(b + b) / d(b) = 1": (5, "the derivative of a formula"),
    "loss[n] = b\nclaim d(loss[n]) / d(y[n]) = 1": (6, "y is data, expected a parameter or a definition"),
    "loss[n] = b\nclaim d(loss[n]) / d(b^2) = 1": (6, "a derivative with respect to a formula"),
    "loss[n] = b\nclaim d(loss[n]) * d(b) = 1": (6, "half a derivative"),
    "loss[n] = b\nclaim d(loss[n], b) / d(b) = 1": (6, "a derivative of several things"),
    "loss[n] = b\nclaim d(loss[n]) / d(b) + 1 = 1": (6, "expected d(A) / d(P) as the whole left side"),
    "loss[n] = b\nclaim 1 = d(loss[n]) / d(b)": (6, "expected d(A) / d(P) as the whole left side"),
    "claim w[q] = x[q, d]": (5, "q runs over D but this position of x over N"),
    "claim w[q] = 1\nclaim y[q] = 1": (6, "q runs over D but this position of y over N"),
    "claim w[b] = 1": (5, "undeclared index letter b"),
    "claim w[q] = sum(r, 1)": (5, "undeclared index letter r"),
    "claim w[d] = sum(d, w[d] * sum(d, w[d]))": (5, "d is bound already"),
    "expect claim refuted": (5, "there is no claim directly above"),
    "claim b = 1\nloss[n] = b\nexpect claim refuted": (7, "there is no claim directly above"),
    "claim b = 1\nexpect claim proved": (6, "unknown verdict proved, expected refuted"),
    "expect identty refuted": (5, "identty cannot be expected, did you mean identity?"),
    "expect identity": (5, "the statement ends too early, expected a name"),
    "title": (5, "the statement ends too early, expected a line of text"),
    "title One\ntitle Two": (6, "the title is given twice"),
    "source # nothing": (5, "expected a line of text"),
    "banana": (5, "the statement ends too early, expected '='"),
    "= b": (5, "expected a statement"),
    "u = b v = b": (5, "unexpected v"),
}


@pytest.mark.parametrize(("text", "expected"), STATEMENTS.items(), ids=[t[:40] for t in STATEMENTS])
def test_a_bad_statement_is_refused_at_its_line(text, expected):
    line, message = expected
    error = refusal(HEAD + text)
    assert message in error.what
    assert error.line == line


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the batch letter is missing, expected a statement such as batch n"),
        ("  \t\n\n", "the batch letter is missing"),
        ("# only an introduction", "the batch letter is missing"),
        ("index n : N\nbatch q", "undeclared index letter q, expected one of n"),
        ("index n : N\nbatch n\n", "the loss is missing, expected a definition loss[n] = ..."),
        ("index n : N\nparameter b\nloss[n] = b", "loss stands above batch"),
        ("index n : N\nparameter b[n]\nbatch n", "parameter b carries the batch size N"),
        ("a" * (MAX_CHARACTERS + 1), "the text is too long, expected at most 100,000 characters"),
        ("title A \u202e title", "U+202E"),
        ("# A comment \x00", "U+0000 (a control character)"),
        ("# A \u2066 comment", "U+2066"),
        ("title A\u2028B", "U+2028"),
    ],
    ids=range(12),
)
def test_a_bad_text_is_refused(text, message):
    assert message in refusal(text).what


def test_no_refusal_chains_the_traceback_of_the_parser():
    assert refusal("loss[n] = (").__cause__ is None
    assert refusal("loss[n] = ").__suppress_context__


# --- files -------------------------------------------------------------------------------------------------------


def test_a_file_is_read_and_named_after_itself(tmp_path):
    path = tmp_path / "my-model 2.sg"
    path.write_text(LOGISTIC, "utf-8")
    assert load_model(path).name == "my_model_2"
    assert load_model(str(path)) == load_model(path)


def test_a_derivation_is_named_after_its_folder(tmp_path):
    path = tmp_path / "softmax" / "derivation.sg"
    path.parent.mkdir()
    path.write_text(LOGISTIC, "utf-8")
    assert load_model(path).name == "softmax"


@pytest.mark.parametrize(("file", "name"), [("3x.sg", "model_3x"), ("ü.sg", "model__"), ("a" * 80 + ".sg", "a" * 64)])
def test_a_name_that_is_none_is_made_one(file, name):
    assert model_name(Path(file)) == name


def test_text_that_is_not_utf8_is_refused_at_its_byte(tmp_path):
    path = tmp_path / "latin.sg"
    path.write_bytes(b"# fine\ntitle Gr\xf6\xdfe\n")
    with pytest.raises(SourceError, match=r"latin\.sg:2:9: byte 0xf6 is not UTF-8, expected UTF-8"):
        load_model(path)


def test_a_large_file_is_refused_without_reading_all_of_it(tmp_path):
    path = tmp_path / "large.sg"
    path.write_text("# ä\n" * 200_000, "utf-8")
    with pytest.raises(SourceError, match="the text is too long"):
        load_model(path)


def test_text_beyond_the_limit_is_too_long_before_it_is_badly_encoded():
    assert len(decoded(b"a" * (MAX_CHARACTERS + 1) + b"\xff")) > MAX_CHARACTERS


@pytest.mark.parametrize("name", ["missing.sg", "", "nul\0.sg"])
def test_what_is_not_a_file_is_refused(tmp_path, name):
    with pytest.raises(InputError, match=r"not a file|no such file|cannot be read"):
        load_model(tmp_path / name)


def test_a_device_is_not_read():
    with pytest.raises(InputError, match="not a file"):
        load_model("/dev/zero")


def test_a_model_needs_a_valid_name():
    with pytest.raises(InputError, match="is not a name"):
        parse_model(LOGISTIC, "../x")


def test_zero_is_a_number_like_any_other():
    assert read("0 * b") == Times((ZERO, B))
