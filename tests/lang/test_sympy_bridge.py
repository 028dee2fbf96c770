import math
import subprocess
import sys
from fractions import Fraction

import pytest
import sympy
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from symgrad.errors import IllFormedError, InputError
from symgrad.kernel.program import Tensor
from symgrad.kernel.terms import (
    ONE,
    Apply,
    Delta,
    Entry,
    Index,
    Largest,
    Number,
    Partial,
    Plus,
    Power,
    Size,
    Sum,
    Times,
    letters,
    opened,
)
from symgrad.lang.sympy_bridge import (
    from_sympy,
    largest,
    letter_symbol,
    relu,
    sigmoid,
    size_symbol,
    softplus,
    step,
    tensor_symbol,
    to_sympy,
)

N, D, J = Index("n", "N"), Index("d", "D"), Index("j", "D")
n, d, j = map(letter_symbol, (N, D, J))
w, x = (tensor_symbol(name, scalar=False) for name in "wx")
b = tensor_symbol("b", scalar=True)
B = Entry("b", ())
COUNTS = {"N": 2, "D": 3}
FUNCTIONS = {
    "exp": math.exp,
    "log": math.log,
    "abs": abs,
    "sigmoid": lambda v: 1 / (1 + math.exp(-v)),
    "relu": lambda v: max(v, 0.0),
}


def value(term, free, around=()):
    """The value of a term where every entry is a fixed number of its own, at N = 2 and D = 3."""

    def at(position):
        return free[position] if isinstance(position, Index) else around[position]

    match term:
        case Number(number):
            return float(number)
        case Size(name):
            return COUNTS[name]
        case Entry(tensor, indices):
            return math.sin(sum(ord(c) for c in tensor) + sum(7**k * at(i) for k, i in enumerate(indices))) + 2
        case Delta(left, right):
            return float(at(left) == at(right))
        case Plus(parts):
            return math.fsum(value(part, free, around) for part in parts)
        case Times(parts):
            return math.prod(value(part, free, around) for part in parts)
        case Power(base, exponent):
            return value(base, free, around) ** float(exponent)
        case Apply("max", arguments):
            return max(value(a, free, around) for a in arguments)
        case Apply("pi", ()):
            return math.pi
        case Apply(name, (argument,)):
            return FUNCTIONS[name](value(argument, free, around))
        case Largest(size, body):
            return max(value(body, free, (i, *around)) for i in range(1, COUNTS[size] + 1))
        case Sum(size, body):
            return math.fsum(value(body, free, (i, *around)) for i in range(1, COUNTS[size] + 1))
    raise TypeError(term)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(draw=st.data())
def test_a_term_keeps_its_value_through_sympy(draw, terms):
    term = draw.draw(terms(3, partials=False))
    free = {letter: draw.draw(st.integers(1, COUNTS[letter.size])) for letter in letters(term)}
    try:
        wanted = value(term, free)
    except (ArithmeticError, ValueError, TypeError):
        assume(False)  # infinite, undefined or complex: the two need not agree there
    assume(not isinstance(wanted, complex) and abs(wanted) < 1e6)
    again = from_sympy(to_sympy(term))
    assert set(letters(again)) <= set(letters(term))
    assert value(again, free) == pytest.approx(wanted, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    ("term", "expression"),
    [
        (Number(Fraction(2, 3)), sympy.Rational(2, 3)),
        (Size("N"), size_symbol("N")),
        (B, b),
        (Entry("x", (N, D)), x[n, d]),
        (Plus((B, Entry("w", (D,)))), b + w[d]),
        (Times((B, Entry("w", (D,)))), b * w[d]),
        (Power(B, Fraction(-1, 2)), b ** sympy.Rational(-1, 2)),
        (Delta(D, J), sympy.KroneckerDelta(d, j)),
        (Sum("D", Entry("x", (N, 0))), sympy.Sum(x[n, d], (d, 1, size_symbol("D")))),
        (Largest("D", Entry("x", (N, 0))), largest(x[n, d], d)),
        (Apply("pi", ()), sympy.pi),
        (Apply("exp", (ONE,)), sympy.E),
        (Apply("exp", (B,)), sympy.exp(b)),
        (Apply("log", (B,)), sympy.log(b)),
        (Apply("sin", (B,)), sympy.sin(b)),
        (Apply("cos", (B,)), sympy.cos(b)),
        (Apply("tanh", (B,)), sympy.tanh(b)),
        (Apply("sigmoid", (B,)), sigmoid(b)),
        (Apply("softplus", (B,)), softplus(b)),
        (Apply("relu", (B,)), relu(b)),
        (Apply("abs", (B,)), sympy.Abs(b)),
        (Apply("sign", (B,)), sympy.sign(b)),
        (Apply("step", (B,)), step(b)),
        (Apply("erf", (B,)), sympy.erf(b)),
        (Apply("max", (B, Entry("w", (D,)))), sympy.Max(b, w[d])),
        (Apply("min", (B, Entry("w", (D,)))), sympy.Min(b, w[d])),
        (Partial(Entry("loss", (N,)), B, total=True), sympy.Derivative(tensor_symbol("loss", scalar=False)[n], b)),
    ],
)
def test_every_construct_goes_both_ways(term, expression):
    assert to_sympy(term, (N, D, J)) == expression
    assert from_sympy(expression) == term


def test_a_derivative_that_holds_others_fixed_has_no_word_in_sympy():
    with pytest.raises(InputError, match="Partial has no counterpart"):
        to_sympy(Partial(B, B, total=False))


def test_nested_sums_get_letters_that_capture_nothing():
    term = Sum("D", Times((Entry("w", (0,)), Sum("D", Entry("A", (D, 0))), Sum("D", Entry("A", (0, 1))))))
    assert from_sympy(to_sympy(term, (D, J))) == term


def test_a_sum_over_several_letters_becomes_nested_sums():
    both = sympy.Sum(x[n, d] * w[d], (d, 1, size_symbol("D")), (n, 1, size_symbol("N")))
    inner = opened(Sum("D", Times((Entry("w", (0,)), Entry("x", (1, 0))))), 0)
    assert from_sympy(both) == Sum("N", inner)


def test_a_letter_bound_again_inside_its_own_sum_belongs_to_the_inner_sum():
    size = size_symbol("D")
    inner = sympy.Sum(w[d], (d, 1, size))
    outer = sympy.Sum(w[d] * sympy.Sum(w[d] * inner, (d, 1, size)), (d, 1, size))
    once = Times((Entry("w", (0,)), Sum("D", Entry("w", (0,)))))
    assert from_sympy(outer) == Sum("D", Times((Entry("w", (0,)), Sum("D", once))))


def test_a_bound_symbol_may_have_the_name_of_a_free_letter():
    term = from_sympy(w[d] * sympy.Sum(w[d], (d, 1, size_symbol("D"))))
    assert term == Times((Entry("w", (D,)), Sum("D", Entry("w", (0,)))))


def test_plain_integer_symbols_are_letters_where_the_caller_says_so():
    i = sympy.Symbol("d", integer=True)
    assert from_sympy(w[i], letters=(D,)) == Entry("w", (D,))
    assert from_sympy(sympy.Sum(w[i], (i, 1, size_symbol("D")))) == Sum("D", Entry("w", (0,)))
    with pytest.raises(InputError, match="d is not an index letter"):
        from_sympy(w[i])


def test_differentiating_gives_functions_of_the_language():
    assert from_sympy(sympy.diff(softplus(b), b)) == Apply("sigmoid", (B,))
    assert from_sympy(sympy.diff(relu(b), b)) == Apply("step", (B,))
    assert from_sympy(sympy.diff(step(b), b)) == Number(Fraction(0))
    assert sympy.diff(sigmoid(b), b) == sigmoid(b) * (1 - sigmoid(b))
    assert from_sympy(sympy.diff(sympy.Abs(b), b)) == Apply("sign", (B,))
    assert from_sympy(sympy.diff(sympy.Max(b, 0), b)) == Apply("step", (B,))
    assert sympy.diff(sympy.Sum(w[d] * x[n, d], (d, 1, size_symbol("D"))), w[j]).has(sympy.KroneckerDelta)


def test_a_maximum_of_three_is_nested_in_an_order_that_does_not_change():
    code = (
        "from symgrad.lang.sympy_bridge import *\n"
        "names = [tensor_symbol(name, scalar=True) for name in 'pqrst']\n"
        "print(from_sympy(sympy.Max(*names) + sympy.Min(*names)))"
    )
    texts = set()
    for seed in ("1", "2", "3"):
        run = [sys.executable, "-c", code]
        texts.add(
            subprocess.run(run, env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."}, capture_output=True, check=True).stdout
        )
    assert len(texts) == 1


@pytest.mark.parametrize(
    ("written", "read"), [(0.5, "1/2"), (0.1, "1/10"), (-2.25, "-9/4"), (3.0, "3"), (sympy.Float(0.1), "1/10")]
)
def test_a_float_that_was_typed_as_a_short_decimal_is_that_decimal(written, read):
    assert from_sympy(written) == Number(Fraction(read))


@pytest.mark.parametrize("written", [0.1 + 0.2, 1 / 3, math.nan, math.inf, 1e300, 1e-9, sympy.Float(1) / 3])
def test_any_other_float_is_refused(written):
    with pytest.raises(InputError, match=r"is not exact|is not in the language"):
        from_sympy(written)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        (sympy.floor(b), "floor is not in the language: floor"),
        (sympy.Piecewise((b, b > 0), (0, True)), "Piecewise is not in the language"),
        (sympy.oo, "Infinity is not in the language"),
        (sympy.zoo, "ComplexInfinity is not in the language"),
        (sympy.nan, "NaN is not in the language"),
        (sympy.I * b, "ImaginaryUnit is not in the language"),
        (sympy.Product(w[d], (d, 1, size_symbol("D"))), "Product is not in the language"),
        (sympy.Function("sigmoid")(b), "is not in the language"),
        (sympy.gamma(b), "gamma is not in the language"),
        (b**b, "the exponent b is not a number"),
        (w[1], "1 is not an index letter"),
        (w[d + 1], "d \\+ 1 is not an index letter"),
        (n * b, "n is an index letter"),
        (sympy.Symbol("b"), "b was made in another way"),
        (sympy.Symbol("b", positive=True), "b was made in another way"),
        (sympy.IndexedBase("w")[d], "w was made in another way"),
        (sympy.Sum(w[d], (d, 1, 3)), "does not run from 1 to a size"),
        (sympy.Sum(w[j], (j, 2, size_symbol("D"))), "does not run from 1 to a size"),
        (sympy.Sum(b, (sympy.Symbol("i", integer=True), 0, size_symbol("D"))), "does not run from 1 to a size"),
        (sympy.Derivative(b**2, b, b), "is not a first derivative"),
        (sympy.Matrix([b]), "is not"),
        ("b", "str is not a formula"),
        (None, "NoneType is not a formula"),
        (True, "bool is not a formula"),
        (1j, "complex is not a formula"),
        (sympy.true, "BooleanTrue is not in the language"),
    ],
)
def test_what_is_not_in_the_language_is_refused_by_name(expression, message):
    with pytest.raises(InputError, match=message):
        from_sympy(expression)


def test_a_delta_of_two_sizes_is_refused():
    with pytest.raises(IllFormedError, match=r"runs over [ND] but [nd] over"):
        from_sympy(sympy.KroneckerDelta(n, d))


def test_declared_tensors_are_held_to_their_shape():
    tensors = {"w": Tensor("w", "parameter", ("D",)), "b": Tensor("b", "parameter", ())}
    assert from_sympy(w[d] * b, tensors=tensors) == Times((B, Entry("w", (D,))))
    for expression, message in [
        (w[n], r"w\[n\]: the indices run over \(N\), expected \(D\)"),
        (w[d, d], r"expected \(D\)"),
        (tensor_symbol("w", scalar=True), r"w: the indices run over \(\), expected \(D\)"),
        (x[n, d], "undeclared name x"),
        (tensor_symbol("c", scalar=True), "undeclared name c"),
    ]:
        with pytest.raises(IllFormedError, match=message):
            from_sympy(expression, tensors=tensors)


def test_a_bound_letter_is_held_to_the_shape_too():
    tensors = {"w": Tensor("w", "parameter", ("D",))}
    with pytest.raises(IllFormedError, match="the indices run over"):
        from_sympy(sympy.Sum(w[n], (n, 1, size_symbol("N"))), tensors=tensors)


def test_an_expression_that_nests_too_deep_is_refused():
    deep = b
    for _ in range(3000):
        deep = sympy.sin(deep, evaluate=False)
    with pytest.raises(InputError, match="nests too deep, expected at most 100"):
        from_sympy(deep)


def test_one_name_has_one_symbol():
    assert letter_symbol(Index("d", "D")) == d != letter_symbol(Index("d", "N"))
    assert tensor_symbol("b", scalar=True) is b
    assert (d.lower, d.upper) == (1, size_symbol("D"))
