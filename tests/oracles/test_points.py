from __future__ import annotations

import dataclasses
import random
from fractions import Fraction

import numpy as np
import pytest

from symgrad.kernel.functions import call, inverse, minus, square
from symgrad.kernel.program import Definition, Program, Tensor
from symgrad.kernel.terms import ONE, ZERO, Entry, Index, Judgement, Number, Size, Times, sigma
from symgrad.lang.model import Model, Origin
from symgrad.lang.parser import parse_model
from symgrad.oracles.balls import Evaluator, Point
from symgrad.oracles.points import (
    LARGE,
    adjust,
    defined,
    draw,
    loose_sizes,
    reach,
    representable,
    sample_point,
    sample_sizes,
    satisfies,
)


def number(value: int | Fraction) -> Number:
    return Number(Fraction(value))


n, d, k = Index("n", "N"), Index("d", "D"), Index("k", "K")
x, y, w = Entry("x", (n, d)), Entry("y", (n, k)), Entry("w", (d,))


def model(*assumptions, loss=None):
    z = Definition("z", (n,), sigma(d, Times((w, x))))
    body = loss or Times((Entry("z", (n,)), sigma(k, y)))
    program = Program(
        "N",
        (Tensor("x", "data", ("N", "D")), Tensor("y", "data", ("N", "K")), Tensor("w", "parameter", ("D",))),
        (
            z,
            Definition("loss", (n,), body),
            Definition("objective", (), Times((inverse(Size("N")), sigma(n, Entry("loss", (n,)))))),
        ),
    )
    return Model("m", "m", (), n, (n, d, k), program, assumptions)


SUM_TO_ONE = Judgement("=", sigma(k, y), ONE)
POSITIVE = Judgement(">", y, ZERO)


def sampled(m, seed=0, dtype="float64"):
    rng = random.Random(seed)
    return sample_point(m, sample_sizes(m.program, rng), rng, dtype)


def test_sizes_are_different_and_large_enough():
    for seed in range(50):
        sizes = sample_sizes(model().program, random.Random(seed))
        assert set(sizes) == {"N", "D", "K"}
        assert len(set(sizes.values())) == 3
        assert min(sizes.values()) >= 2
        assert sizes["N"] >= 3


def test_fixed_sizes_are_kept():
    assert sample_sizes(model().program, random.Random(0), {"N": 1797, "D": 2})["N"] == 1797


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_values_have_no_coincidences(dtype):
    for seed in range(20):
        values = [v for t in sampled(model(), seed, dtype).values.values() for v in t.values()]
        assert len({abs(v) for v in values}) == len(values)
        assert all(v.denominator > 1 for v in values)
        assert all(representable(v, dtype) for v in values)
        assert all(Fraction(1, 100) < abs(v) < 2 for v in values)


def test_the_same_seed_gives_the_same_point():
    assert sampled(model(), 3) == sampled(model(), 3)
    assert sampled(model(), 3) != sampled(model(), 4)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_equality_assumptions_hold_exactly(dtype):
    point = sampled(model(SUM_TO_ONE), dtype=dtype)
    for i in range(point.sizes["N"]):
        assert sum(point.values["y"][i, c] for c in range(point.sizes["K"])) == 1
    assert all(representable(v, dtype) for v in point.values["y"].values())


def test_two_assumptions_hold_together():
    point = sampled(model(SUM_TO_ONE, POSITIVE))
    assert satisfies((SUM_TO_ONE, POSITIVE), model().program, point) is True


def test_an_assumption_about_a_definition_is_met():
    positive_z = Judgement(">", Entry("z", (n,)), ZERO)
    assert satisfies((positive_z,), model().program, sampled(model(positive_z))) is True


def test_data_whose_logarithm_is_taken_are_positive():
    point = sampled(model(loss=sigma(k, Times((y, call("log")(y))))))
    assert min(point.values["y"].values()) > 0


@pytest.mark.parametrize(
    "assumptions",
    [
        (SUM_TO_ONE, Judgement("=", sigma(k, y), number(2))),
        (Judgement("=", sigma(k, y), number(Fraction(1, 3))),),
        (Judgement("=", sigma(k, square(y)), number(2)),),
        (Judgement(">", minus(x, x), ZERO),),
    ],
    ids=["contradiction", "not representable", "not affine", "never"],
)
def test_no_point_is_used_where_an_assumption_cannot_be_met(assumptions):
    assert sampled(model(*assumptions)) is None


def test_no_point_is_used_where_the_loss_is_undefined_everywhere():
    total = sigma(d, w)
    assert sampled(model(loss=inverse(minus(total, total)))) is None


def test_hypotheses_are_evaluated_for_all_letters():
    point = Point(
        {"N": 2, "D": 1, "K": 1}, {"x": {(0, 0): Fraction(1), (1, 0): Fraction(-1)}, "w": {(0,): Fraction(2)}}
    )
    program = model().program
    assert satisfies([Judgement(">", square(x), ZERO), Judgement("!=", x, ZERO)], program, point) is True
    assert satisfies([Judgement(">", x, ZERO)], program, point) is False
    assert satisfies([Judgement(">=", square(x), ZERO)], program, point) is True
    assert satisfies([Judgement("=", call("log")(call("exp")(x)), x)], program, point) is None
    assert satisfies([Judgement(">=", call("log")(x), ZERO)], program, point) is None


def test_a_point_defines_every_entry_of_the_program():
    m = model(SUM_TO_ONE)
    assert isinstance(Evaluator(m.program, sampled(m)).value(Entry("objective", ()), {}), Fraction)


def test_a_size_that_only_a_formula_mentions_has_a_number_of_its_own():
    m = model(loss=Times((Entry("z", (n,)), Size("B"), sigma(Index("r", "R"), number(2)))))
    for seed in range(20):
        sizes = sample_sizes(m.program, random.Random(seed))
        assert {"B", "R"} <= set(sizes)
        assert {name: sizes[name] for name in ("B", "R")} == loose_sizes(m.program)
        assert len(set(sizes.values())) == len(sizes)
    assert loose_sizes(model().program) == {}


def test_only_what_is_measured_has_to_be_exact_in_the_tested_precision():
    third = Judgement("=", Entry("q", (n,)), number(Fraction(1, 3)))
    program = model().program
    with_data = Program("N", (*program.inputs, Tensor("q", "data", ("N",))), program.definitions)
    m = Model("m", "m", (), n, (n, d, k), with_data, (third,))
    assert set(sampled(m).values["q"].values()) == {Fraction(1, 3)}
    used = Program("N", with_data.inputs, model(loss=Times((Entry("z", (n,)), Entry("q", (n,))))).program.definitions)
    assert sampled(Model("m", "m", (), n, (n, d, k), used, (third,))) is None


BINARY = """index n : N, k : K
batch n
data y[n, k], s[n]
parameter w
assume y[n, k]^2 = y[n, k]
assume s[n]^2 - 1 > 0
loss[n] = w * s[n] * sum(k, y[n, k])
"""


def test_labels_that_are_zero_or_one_are_found_and_not_all_alike():
    model = parse_model(BINARY, "binary")
    for seed in range(5):
        point = sample_point(model, {"N": 3, "K": 4}, random.Random(seed))
        assert set(point.values["y"].values()) == {0, 1}
        assert all(abs(value) > 1 for value in point.values["s"].values())


@pytest.mark.parametrize("line", ["assume y[n, k]^2 = 7", "assume s[n]^2 + 1 = 0"])
def test_what_no_small_value_satisfies_is_not_claimed_to_hold(line):
    model = parse_model(BINARY.replace("loss", f"{line}\nloss"), "binary")
    assert sample_point(model, {"N": 2, "K": 1}, random.Random(0)) is None


def test_a_zero_is_moved_off_the_edge_of_an_open_assumption():
    model = parse_model("index n : N\nbatch n\ndata s[n]\nparameter w\nassume s[n] > 0\nloss[n] = w * s[n]", "edge")
    values = {"s": {(0,): Fraction(0), (1,): Fraction(-2)}, "w": {(): Fraction(0)}}
    assert adjust(model, Point({"N": 2}, values), values)
    assert all(value > 0 for value in values["s"].values())


def test_only_what_is_judged_must_be_defined():
    text = "index n : N\nbatch n\ndata x[n]\nparameter w\nu = log(-w^2)\nv = u * 2\nloss[n] = w * x[n]"
    model = parse_model(text, "unused")
    assert reach(model) == {"loss", "objective", "w", "x"}
    assert sample_point(model, {"N": 2}, random.Random(0)) is not None
    claimed = parse_model(f"{text}\nclaim v = 2 * u", "used")
    assert reach(claimed) == {"loss", "objective", "w", "x", "u", "v"}
    assert sample_point(claimed, {"N": 2}, random.Random(0)) is None


WIDE = """
index n : N, d : D, h : H
batch n
data x[n, d]
parameter W[d, h]
z[n, h] = sum(d, W[d, h] * x[n, d])
loss[n] = sum(h, {f}(z[n, h]))
"""


def test_a_wide_layer_is_drawn_with_small_parameters():
    wide = parse_model(WIDE.format(f="tanh"), "wide")
    point = sample_point(wide, {"N": 3, "D": 400, "H": 2}, random.Random(0))
    assert max(abs(value) for value in point.values["W"].values()) < 0.4
    narrow = sample_point(wide, {"N": 3, "D": 4, "H": 2}, random.Random(0))
    assert max(abs(value) for value in narrow.values["W"].values()) > 0.4


@pytest.mark.parametrize(("function", "found"), [("tanh", True), ("log", False)])
def test_a_large_point_is_examined_by_whole_tensors_and_no_less_strictly(function, found):
    wide = parse_model(WIDE.format(f=function), "wide")
    sizes = {"N": 3, "D": LARGE, "H": 2}
    rng = random.Random(0)
    values = {"x": draw((3, LARGE), rng, set()), "W": draw((LARGE, 2), rng, set())}
    assert defined(wide.program, Point(sizes, values), reach(wide)) is found


def test_data_of_an_imported_program_have_the_values_that_it_gives_them():
    stated = model(loss=Times((Entry("z", (n,)), sigma(k, y))))
    origin = Origin(
        oracle=lambda: None,
        sizes={"D": 2, "K": 3},
        constants={"x": np.array([[0.5, 2.0]] * 4)},
        indicators=("y",),
        variables={},
        notes=(),
    )
    sizes = sample_sizes(stated.program, random.Random(0), origin.sizes)
    assert (sizes["D"], sizes["K"]) == (2, 3)
    point = sample_point(dataclasses.replace(stated, origin=origin), {**sizes, "N": 4}, random.Random(0))
    assert [point.values["x"][0, j] for j in range(2)] == [Fraction(1, 2), 2]
    rows = [[point.values["y"][i, j] for j in range(3)] for i in range(4)]
    assert all(sorted(row) == [0, 0, 1] for row in rows)
