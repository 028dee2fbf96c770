from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from flint import arb

from symgrad.errors import IllFormedError
from symgrad.kernel.functions import call, inverse, minus, square
from symgrad.kernel.program import Definition
from symgrad.kernel.terms import ONE, Delta, Entry, Index, Largest, Number, Partial, Plus, Power, Size, Times, sigma
from symgrad.oracles.balls import Undefined
from symgrad.oracles.bounds import BoundEvaluator, unit_roundoff


def number(value: int | Fraction) -> Number:
    return Number(Fraction(value))


n, m, d, k = Index("n", "N"), Index("m", "N"), Index("d", "D"), Index("k", "K")
rng = np.random.default_rng(0)
ARRAYS = {
    "x": rng.uniform(-1.5, 1.5, (4, 3)),
    "W": rng.uniform(-1.5, 1.5, (3, 2)),
    "A": rng.uniform(0.2, 1.5, (3, 3)),
    "b": rng.uniform(-1.5, 1.5, 2),
}
SIZES = {"N": 4, "D": 3, "K": 2}
x, W, b = Entry("x", (n, d)), Entry("W", (d, k)), Entry("b", (k,))
z = Plus((sigma(d, Times((W, x))), b))


def evaluator(dtype="float64", pieces=None, arrays=None):
    return BoundEvaluator(SIZES, arrays or ARRAYS, dtype, {} if pieces is None else pieces)


def floats(value):
    return np.vectorize(float)(value.x)


def test_a_step_of_a_constant_has_a_value():
    assert floats(evaluator().value(call("step")(number(2)), ())) == 1


CASES = {
    "product of matrices": (z, (n, k), lambda a: a["x"] @ a["W"] + a["b"]),
    "order of axes": (z, (k, n), lambda a: (a["x"] @ a["W"] + a["b"]).T),
    "letters without effect": (b, (n, k), lambda a: np.broadcast_to(a["b"], (4, 2))),
    "diagonal": (Entry("A", (d, d)), (d,), lambda a: np.diag(a["A"])),
    "trace": (sigma(d, Entry("A", (d, d))), (), lambda a: np.trace(a["A"])),
    "sum of three": (
        sigma(n, Times((x, W, Entry("x", (n, d))))),
        (d, k),
        lambda a: (a["x"] ** 2).sum(0)[:, None] * a["W"],
    ),
    "shared axis": (
        sigma(n, Times((x, Entry("A", (d, d)), square(x), number(3)))),
        (d,),
        lambda a: 3 * np.diag(a["A"]) * (a["x"] ** 3).sum(0),
    ),
    "sum of what is constant": (sigma(n, b), (k,), lambda a: 4 * a["b"]),
    "largest": (sigma(n, x, Largest), (d,), lambda a: a["x"].max(0)),
    "largest of a product": (sigma(d, Times((x, W)), Largest), (n, k), lambda a: (a["x"][:, :, None] * a["W"]).max(1)),
    "largest of what is constant": (sigma(n, b, Largest), (k,), lambda a: a["b"]),
    "delta": (sigma(m, Times((Delta(n, m), Entry("x", (m, d))))), (n, d), lambda a: a["x"]),
    "equal delta": (sigma(n, Delta(n, n)), (), lambda _: 4.0),
    "powers": (Power(Entry("A", (d, d)), Fraction(1, 2)), (d,), lambda a: np.diag(a["A"]) ** 0.5),
    "inverse": (inverse(x), (n, d), lambda a: 1 / a["x"]),
    "max": (call("max")(x, b), (n, d, k), lambda a: np.maximum(a["x"][:, :, None], a["b"])),
    "min": (call("min")(x, b), (n, d, k), lambda a: np.minimum(a["x"][:, :, None], a["b"])),
    "relu": (call("relu")(z), (n, k), lambda a: np.maximum(a["x"] @ a["W"] + a["b"], 0)),
    "abs": (call("abs")(x), (n, d), lambda a: np.abs(a["x"])),
    "sign": (call("sign")(x), (n, d), lambda a: np.sign(a["x"])),
    "step": (call("step")(x), (n, d), lambda a: (a["x"] > 0) * 1.0),
    "tanh": (call("tanh")(x), (n, d), lambda a: np.tanh(a["x"])),
    "sigmoid": (call("sigmoid")(x), (n, d), lambda a: 1 / (1 + np.exp(-a["x"]))),
    "softplus": (call("softplus")(x), (n, d), lambda a: np.log1p(np.exp(a["x"]))),
    "log": (call("log")(call("exp")(x)), (n, d), lambda a: a["x"]),
    "size": (Times((Size("N"), ONE)), (), lambda _: 4.0),
    "pi": (call("sin")(Times((call("pi")(), number(1)))), (), lambda _: 0.0),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CASES)
def test_values_and_bounds_contain_numpys(case, dtype):
    term, letters, expected = CASES[case]
    arrays = {name: a.astype(dtype) for name, a in ARRAYS.items()}
    found = evaluator(dtype, arrays=arrays).value(term, letters)
    computed = np.asarray(expected(arrays), dtype=dtype).astype(float)
    assert found.x.shape == computed.shape
    assert np.all(np.abs(floats(found) - computed) <= 4 * found.e + 1e-300)
    assert np.all(found.e <= 1e4 * unit_roundoff(dtype))


def test_exact_operations_on_inputs_have_no_error():
    assert evaluator().value(x, (n, d)).e.max() == 0
    assert evaluator().value(call("relu")(x), (n, d)).e.max() == 0
    assert evaluator().value(x, (n, d)).x[1, 2] == arb(float(ARRAYS["x"][1, 2]))


@pytest.mark.parametrize(("factor", "exact"), [(-1, True), (Fraction(1, 2), True), (8, True), (3, False)])
def test_a_product_with_a_power_of_two_is_not_rounded(factor, exact):
    found = evaluator().value(Times((number(factor), x)), (n, d))
    assert (float(found.e.max()) < 1e-300) is exact


def test_a_sum_of_n_terms_is_allowed_n_minus_one_roundings_and_a_scalar_product_n():
    u = unit_roundoff("float64")
    ones = {**ARRAYS, "x": np.ones((4, 3)), "W": np.ones((3, 2))}
    total = evaluator(arrays=ones).value(sigma(d, x), (n,))
    product = evaluator(arrays=ones).value(sigma(d, Times((x, W))), (n, k))
    assert total.e == pytest.approx(2 * u * 3 / (1 - 2 * u), rel=1e-12)
    assert product.e == pytest.approx(3 * u * 3 / (1 - 3 * u), rel=1e-12)


def test_the_bound_grows_with_cancellation():
    near = minus(Plus((x, number(1000))), number(1000))
    found = evaluator().value(near, (n, d))
    assert np.all(found.e > 900 * unit_roundoff("float64"))


def test_definitions_are_used_and_branches_stay_apart():
    first = evaluator()
    first.define(Definition("z", (n, k), z))
    second = first.branch()
    second.define(Definition("z", (n, k), b))
    term = Entry("z", (n, k))
    assert np.allclose(floats(first.value(term, (n, k))), ARRAYS["x"] @ ARRAYS["W"] + ARRAYS["b"])
    assert np.allclose(floats(second.value(term, (n, k))), np.broadcast_to(ARRAYS["b"], (4, 2)))


@pytest.mark.parametrize(
    "term",
    [
        inverse(minus(x, x)),
        call("log")(minus(x, number(2))),
        Power(minus(x, number(2)), Fraction(1, 2)),
        call("relu")(minus(x, x)),
        call("max")(x, x),
    ],
    ids=["denominator", "log", "root", "kink", "tie"],
)
def test_what_rounding_leaves_undecided_is_undefined(term):
    with pytest.raises(Undefined):
        evaluator().value(term, (n, d))


def test_pieces_of_kinked_functions_are_recorded():
    pieces = {}
    term = call("relu")(x)
    evaluator(pieces=pieces).value(Plus((term, call("abs")(number(2)))), (n, d))
    assert pieces == {term: {-1, 1}}


def test_what_has_no_value_is_refused():
    with pytest.raises(IllFormedError, match="tensor q"):
        evaluator().value(Entry("q", ()), ())
    with pytest.raises(IllFormedError, match="Partial"):
        evaluator().value(Partial(b, b, total=True), (k,))


def test_a_step_of_a_scalar_has_a_value():
    term = call("step")(number(Fraction(1, 3)))
    assert floats(evaluator().value(term, ())).tolist() == 1
