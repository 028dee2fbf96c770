import random
from fractions import Fraction

import numpy as np
import pytest

from symgrad import catalogue
from symgrad.errors import IllFormedError
from symgrad.kernel.functions import DERIVATIVES, call, inverse
from symgrad.kernel.terms import Delta, Entry, Index, Largest, Number, Partial, Plus, Power, Size, Times, closed, sigma
from symgrad.lang.parser import load_model
from symgrad.oracles.balls import Evaluator, ball
from symgrad.oracles.data import as_arrays
from symgrad.oracles.floats import FloatEvaluator
from symgrad.oracles.points import every, sample_point, sample_sizes

n, m, d, k = Index("n", "N"), Index("m", "N"), Index("d", "D"), Index("k", "K")
SIZES = {"N": 4, "D": 3, "K": 2}
RANKS = {"x": 2, "W": 2, "A": 2, "b": 1, "c": 0}
rng = np.random.default_rng(0)
ARRAYS = {
    "x": rng.uniform(-1.5, 1.5, (4, 3)),
    "W": rng.uniform(-1.5, 1.5, (3, 2)),
    "A": rng.uniform(0.2, 1.5, (3, 3)),
    "b": rng.uniform(-1.5, 1.5, 2),
    "c": np.array(0.75),
}
x, W, A, b, c = Entry("x", (n, d)), Entry("W", (d, k)), Entry("A", (d, d)), Entry("b", (k,)), Entry("c", ())
TWO = Number(Fraction(2))


def evaluator(**changes):
    return FloatEvaluator(SIZES, {**ARRAYS, **changes}, RANKS)


CASES = {
    "product of matrices": (Plus((sigma(d, Times((W, x))), b)), (n, k), lambda a: a["x"] @ a["W"] + a["b"]),
    "order of axes": (sigma(d, Times((W, x))), (k, n), lambda a: (a["x"] @ a["W"]).T),
    "letters without effect": (b, (n, k), lambda a: np.broadcast_to(a["b"], (4, 2))),
    "diagonal": (A, (d,), lambda a: np.diag(a["A"])),
    "trace": (sigma(d, A), (), lambda a: np.trace(a["A"])),
    "nested sums": (sigma(n, Times((c, sigma(d, x)))), (), lambda a: 0.75 * a["x"].sum()),
    "sum of what is constant": (sigma(n, b), (k,), lambda a: 4 * a["b"]),
    "delta": (sigma(m, Times((Delta(n, m), Entry("x", (m, d))))), (n, d), lambda a: a["x"]),
    "equal delta": (sigma(n, Delta(n, n)), (), lambda _: 4.0),
    "size and power": (Times((inverse(Size("N")), Power(x, Fraction(2)))), (n, d), lambda a: a["x"] ** 2 / 4),
    "root": (Power(A, Fraction(1, 2)), (d,), lambda a: np.sqrt(np.diag(a["A"]))),
    "largest": (Largest("D", closed(x, d)), (n,), lambda a: a["x"].max(axis=1)),
    "largest of what is constant": (Largest("N", closed(b, n)), (k,), lambda a: a["b"]),
    "two arguments": (call("max")(x, c), (n, d), lambda a: np.maximum(a["x"], 0.75)),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_values_are_those_of_numpy(case):
    term, letters, expected = CASES[case]
    assert evaluator().value(term, letters) == pytest.approx(expected(ARRAYS), rel=1e-14)


@pytest.mark.parametrize("case", CASES)
def test_many_points_at_once_are_the_points_one_by_one(case):
    term, letters, _ = CASES[case]
    some = {name: np.stack([array, array / 2, array * 3]) for name, array in ARRAYS.items()}
    one_by_one = [evaluator(**{name: array[p] for name, array in some.items()}).value(term, letters) for p in range(3)]
    together = evaluator(**some).value(term, letters)
    assert np.broadcast_to(together, np.shape(one_by_one)) == pytest.approx(np.array(one_by_one), rel=1e-14)


@pytest.mark.parametrize("name", catalogue.names())
def test_every_definition_of_the_catalogue_has_the_value_that_balls_give_it(name):
    model = load_model(catalogue.find(name))
    random_ = random.Random(1)
    point = sample_point(model, sample_sizes(model.program, random_, {model.program.batch: 4}), random_)
    floats = FloatEvaluator(
        point.sizes, as_arrays(model, point, "float64"), {t.name: len(t.shape) for t in model.program.inputs}
    )
    exact = Evaluator(model.program, point)
    for definition in model.program.definitions:
        floats.define(definition)
        entry = Entry(definition.name, definition.letters)
        values = floats.value(entry, definition.letters)
        for at in every(definition.letters, point.sizes):
            assert values[tuple(at.values())] == pytest.approx(
                float(ball(exact.value(entry, at))), rel=1e-12, abs=1e-12
            )


@pytest.mark.parametrize("function", DERIVATIVES)
def test_every_function_has_the_value_that_balls_give_it(function):
    arguments = tuple(Number(Fraction(k, 4)) for k in (3, 5)[: len(DERIVATIVES[function])])
    from symgrad.kernel.program import Program
    from symgrad.oracles.balls import Point

    exact = Evaluator(Program("N", (), ()), Point({}, {})).value(call(function)(*arguments), {})
    assert float(evaluator().value(call(function)(*arguments), ())) == pytest.approx(float(ball(exact)), rel=1e-15)


def test_what_is_undefined_is_not_finite_and_warns_nobody():
    below = Plus((c, Times((Number(Fraction(-1)), TWO))))
    for term in (call("log")(below), Power(below, Fraction(1, 2)), Power(Number(Fraction(0)), Fraction(-1))):
        assert not np.isfinite(evaluator().value(term, ()))


def test_large_arguments_neither_overflow_nor_warn():
    high = Number(Fraction(1000))
    assert float(evaluator().value(call("softplus")(high), ())) == 1000
    assert float(evaluator().value(call("sigmoid")(Number(Fraction(-1000))), ())) == 0


def test_a_derivative_or_an_unknown_tensor_is_refused():
    with pytest.raises(IllFormedError, match="a Partial has no numeric value here"):
        evaluator().value(Partial(c, c, total=False), ())
    with pytest.raises(IllFormedError, match="the tensor q has no value here"):
        evaluator().value(Entry("q", ()), ())
