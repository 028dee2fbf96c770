"""LaTeX: exact text of every construct, brackets, and no two meanings with one look."""

import math
import random
from fractions import Fraction

import pytest
from by_hand import call, d, e, j, n, number, perceptron, plus, times
from soundness import length, record

from symgrad.errors import SymgradError
from symgrad.kernel.functions import DERIVATIVES, inverse, minus, negative, square
from symgrad.kernel.terms import (
    CONSTRUCTS,
    Apply,
    Delta,
    Entry,
    Largest,
    Number,
    Partial,
    Plus,
    Power,
    Size,
    Sum,
    Times,
    opened,
    sigma,
)
from symgrad.render.latex import Latex
from symgrad.render.plain import Plain
from symgrad.render.shapes import (
    Gradient,
    Negative,
    Ones,
    Product,
    Raised,
    Shape,
    Space,
    Sums,
    Symbol,
    Transposed,
)
from symgrad.render.shaping import Shaper

SHAPER = Shaper((n, d, j), [])
A, B, X = e("a"), e("b"), e("x", n)
TOTAL = sigma(d, e("w", d))

EXACT = [
    (number(3), "3"),
    (number(-3), "-3"),
    (number(Fraction(2, 3)), r"\frac{2}{3}"),
    (Size("N"), "N"),
    (X, "x_{n}"),
    (plus(A, B), "a + b"),
    (plus(A, negative(B)), "a - b"),
    (plus(negative(A), B), "-a + b"),
    (times(A, B), "a b"),
    (times(number(2), A), "2 a"),
    (times(number(2), number(3)), r"2 \cdot 3"),
    (times(number(1), A), r"1 \cdot a"),
    (times(A, inverse(B)), r"\frac{a}{b}"),
    (times(number(2), inverse(Size("N")), A), r"\frac{2}{N}\,a"),
    (Power(A, Fraction(2)), "a^{2}"),
    (Power(A, Fraction(-2)), r"\frac{1}{a^{2}}"),
    (Power(A, Fraction(1, 2)), r"\sqrt{a}"),
    (Power(A, Fraction(-1, 2)), r"\frac{1}{\sqrt{a}}"),
    (Power(A, Fraction(2, 3)), "a^{2/3}"),
    (Power(e("W1", n, d), Fraction(2)), "(W^{(1)}_{nd})^{2}"),
    (TOTAL, r"\sum_{d=1}^{D} w_{d}"),
    (sigma(d, e("w", d), Largest), r"\max_{1 \le d \le D} w_{d}"),
    (Delta(d, j), r"\delta_{dj}"),
    (Partial(X, A, True), r"\sgpd{x_{n}}{a}"),
    (Partial(plus(A, B), A, False), r"\sgpd{}{a}(a + b)"),
    (Partial(times(A, B), A, False), r"\sgpd{}{a}(a b)"),
    (Partial(call("tanh", A), A, False), r"\sgpd{\tanh(a)}{a}"),
    (Partial(call("exp", A), A, False), r"\sgpd{\sge^{a}}{a}"),
    (Partial(TOTAL, e("w", j), False), r"\sgpd{}{w_{j}}\Bigl(\sum_{d=1}^{D} w_{d}\Bigr)"),
    (call("sigmoid", A), r"\sgsigma(a)"),
    (call("exp", plus(A, B)), r"\sge^{a + b}"),
    (call("log", call("tanh", A)), r"\log\bigl(\tanh(a)\bigr)"),
    (call("abs", negative(A)), r"\left|-a\right|"),
    (call("step", minus(A, B)), r"\mathbf{1}[a - b > 0]"),
    (call("max", A, B), r"\max(a, b)"),
    (call("relu", A), r"\operatorname{ReLU}(a)"),
    (call("pi"), r"\pi"),
]

BRACKETS = [
    (times(plus(A, B), X), r"(a + b)\,x_{n}"),
    (times(X, plus(A, B)), r"x_{n}\,(a + b)"),
    (times(X, negative(A)), "x_{n}\\,(-a)"),
    (times(TOTAL, X), r"\Bigl(\sum_{d=1}^{D} w_{d}\Bigr)\,x_{n}"),
    (times(X, sigma(d, e("w", d), Largest)), r"x_{n}\max_{1 \le d \le D} w_{d}"),
    (times(sigma(d, e("w", d), Largest), X), r"\Bigl(\max_{1 \le d \le D} w_{d}\Bigr)\,x_{n}"),
    (times(X, TOTAL), r"x_{n}\sum_{d=1}^{D} w_{d}"),
    (sigma(d, plus(e("w", d), A)), r"\sum_{d=1}^{D}(w_{d} + a)"),
    (sigma(d, negative(e("w", d))), r"\sum_{d=1}^{D}(-w_{d})"),
    (plus(TOTAL, A), r"\sum_{d=1}^{D} w_{d} + a"),
    (negative(plus(A, B)), "-(a + b)"),
    (plus(A, negative(plus(A, B))), "a - (a + b)"),
    (plus(A, negative(negative(B))), "a - (-b)"),
    (Power(plus(A, B), Fraction(2)), "(a + b)^{2}"),
    (Power(times(A, B), Fraction(2)), "(a b)^{2}"),
    (Power(negative(A), Fraction(2)), "(-a)^{2}"),
    (Power(square(A), Fraction(2)), "(a^{2})^{2}"),
    (Power(TOTAL, Fraction(2)), r"\Bigl(\sum_{d=1}^{D} w_{d}\Bigr)^{2}"),
    (Power(call("exp", A), Fraction(2)), r"(\sge^{a})^{2}"),
    (Power(call("tanh", A), Fraction(2)), r"\tanh(a)^{2}"),
    (Power(Partial(X, A, True), Fraction(2)), r"\Bigl(\sgpd{x_{n}}{a}\Bigr)^{2}"),
    (Power(number(Fraction(1, 2)), Fraction(2)), r"\Bigl(\frac{1}{2}\Bigr)^{2}"),
    (Power(number(-2), Fraction(2)), "(-2)^{2}"),
    (times(Partial(times(A, B), A, False), X), r"\sgpd{}{a}(a b)\,x_{n}"),
    (times(plus(A, call("tanh", A)), X), r"\bigl(a + \tanh(a)\bigr)\,x_{n}"),
    (times(A, number(-1)), r"a\,(-1)"),
    (inverse(plus(A, B)), r"\frac{1}{a + b}"),
    (call("tanh", plus(A, B)), r"\tanh(a + b)"),
]


@pytest.mark.parametrize(("term", "tex"), EXACT)
def test_each_construct_has_its_exact_text(term, tex):
    assert Latex()(SHAPER(term)) == tex


@pytest.mark.parametrize(("term", "tex"), BRACKETS)
def test_a_looser_part_stands_in_brackets(term, tex):
    assert Latex()(SHAPER(term)) == tex


def test_every_construct_and_every_function_is_covered():
    assert {type(term) for term, _ in EXACT} == set(CONSTRUCTS)
    for function, slopes in DERIVATIVES.items():
        arguments = [e(c) for c in "ab"][: len(slopes)]
        for term in (call(function, *arguments), *(slope(*arguments) for slope in slopes)):
            assert Latex()(SHAPER(term))
            assert Plain()(SHAPER(term))


def test_matrices_are_bold_and_layer_numbers_are_not():
    write = Latex()
    assert write(Symbol("X", (), "matrix")) == r"\sgmat{X}"
    assert write(Symbol("W1", (), "matrix")) == r"\sgmat{W}^{(1)}"
    assert write(Transposed(Symbol("W1", (), "matrix"))) == r"(\sgmat{W}^{(1)})\sgT"
    assert write(Symbol("H1", ("n", "p"), "matrix")) == r"(\sgmat{H}^{(1)})_{np}"
    assert write(Symbol("rate_1x", (), "matrix")) == r"\sgmat{\mathrm{rate\_1x}}"
    assert write(Transposed(Symbol("X", (), "matrix"))) == r"\sgmat{X}\sgT"
    assert write(Gradient(Symbol("objective"), Symbol("w", (), "vector"))) == r"\sggrad{\sgvec{w}}\sgLoss"
    assert write(Space(("N", "D"))) == r"\sgR^{N \times D}"
    assert write(Product((Symbol("X", (), "matrix"), Ones()))) == r"\sgmat{X} \sgones"
    hadamard = Product((Symbol("X"), Sums((Symbol("a"), Negative(Symbol("b"))))), entrywise=True)
    assert write(hadamard) == r"X \odot (a - b)"
    assert write(Raised(Symbol("G", (), "matrix"), Fraction(2), entrywise=True)) == r"\sgmat{G}^{\odot 2}"


def test_without_macros_only_plain_commands_stand():
    write = Latex(macros=False)
    tex = write(SHAPER(times(plus(call("sigmoid", X), TOTAL), Partial(e("loss", n), A, True))))
    assert r"\sg" not in tex
    assert tex == (r"\left(\sigma(x_{n}) + \sum_{d=1}^{D} w_{d}\right)\,\frac{\partial \ell_{n}}{\partial a}")


def test_among_words_a_derivative_stands_on_one_line():
    write = Latex(inline=True)
    assert write(SHAPER(Partial(X, A, True))) == r"\partial x_{n}/\partial a"
    assert write(SHAPER(Partial(plus(A, B), A, False))) == r"\partial (a + b)/\partial a"
    assert write(SHAPER(times(Partial(X, A, True), B))) == r"(\partial x_{n}/\partial a)\,b"


def test_a_shape_without_a_method_is_refused():
    class Unknown(Shape):
        pass

    with pytest.raises(SymgradError, match="Unknown"):
        Latex()(Unknown())
    with pytest.raises(SymgradError, match="Unknown"):
        Plain()(Unknown())


VALUES = {("a", ()): 0.7, ("b", ()): -1.3, **{("x", (k,)): 0.4 + k for k in (1, 2)}}
VALUES |= {("w", (k,)): 1.1 * k - 0.3 for k in (1, 2, 3)}
SIZES = {"N": 2, "D": 3}


def value(term, at):
    """A number for a term without derivatives; ``None`` outside its domain."""
    match term:
        case Number(number):
            return float(number)
        case Size(name):
            return float(SIZES[name])
        case Entry(tensor, indices):
            return VALUES[tensor, tuple(at[i] for i in indices)]
        case Delta(left, right):
            return float(at[left] == at[right])
        case Sum(size, body):
            letter = type(n)(f"_{len(at)}", size)
            inner = opened(body, letter)
            return sum(value(inner, {**at, letter: k}) for k in range(1, SIZES[size] + 1))
        case Plus(parts):
            return sum(value(part, at) for part in parts)
        case Times(parts):
            return math.prod(value(part, at) for part in parts)
        case Power(base, exponent):
            base = value(base, at)
            return math.nan if base == 0 or (base < 0 and exponent.denominator > 1) else base ** float(exponent)
        case Apply("tanh", (argument,)):
            return math.tanh(value(argument, at))
        case Apply("exp", (argument,)):
            return math.exp(min(value(argument, at), 50.0))
        case Apply("step", (argument,)):
            return float(value(argument, at) > 0)
    raise TypeError(term)


def drawn(source, depth):
    """A random term."""
    leaves = [A, B, X, e("w", d), e("w", j), Delta(d, j), Size("N"), number(2), number(-1), number(Fraction(1, 2))]
    if depth == 0:
        return source.choice(leaves)
    kind = source.randrange(7)
    if kind == 0:
        return source.choice(leaves)
    if kind in {1, 2}:
        parts = tuple(drawn(source, depth - 1) for _ in range(source.randrange(2, 4)))
        return Plus(parts) if kind == 1 else Times(parts)
    if kind == 3:
        return Power(drawn(source, depth - 1), source.choice([Fraction(-1), Fraction(2), Fraction(-2), Fraction(1, 2)]))
    if kind == 4:
        return call(source.choice(["tanh", "exp", "step"]), drawn(source, depth - 1))
    return sigma(source.choice([d, j]), drawn(source, depth - 1))


@pytest.mark.parametrize("write", [Latex(), Latex(macros=False), Latex(inline=True), Plain(), Plain(unicode=False)])
def test_two_terms_of_different_value_never_look_alike(write):
    source = random.Random(20)
    seen = {}
    at = {n: 1, d: 2, j: 3}
    collisions = 0
    for _ in range(length(6000, 30_000)):
        term = drawn(source, source.randrange(1, 4))
        number_here = value(term, at)
        if math.isnan(number_here) or abs(number_here) > 1e9:
            continue
        text = write(SHAPER(term))
        if text in seen:
            collisions += term != seen[text][0]
            assert number_here == pytest.approx(seen[text][1], rel=1e-9, abs=1e-9), (text, term, seen[text][0])
        seen[text] = (term, number_here)
    if isinstance(write, Latex) and vars(write) == vars(Latex()):
        record("printing", "latex", looks=len(seen), same_look=collisions)
    assert collisions > 5


def test_every_formula_of_a_document_is_drawn_in_every_dialect():
    model = perceptron().model
    shaper = Shaper(model.letters, [model.program])
    for definition in model.program.definitions:
        for write in (Latex(), Latex(macros=False), Plain(), Plain(unicode=False)):
            assert write(shaper(definition.body))
