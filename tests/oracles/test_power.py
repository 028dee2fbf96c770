"""What the numeric check can tell: it rejects every wrong gradient, and calls no true one wrong."""

import dataclasses
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from soundness import FULL, length, record

from symgrad import catalogue
from symgrad.kernel.functions import inverse, minus
from symgrad.kernel.terms import (
    MINUS,
    ONE,
    ZERO,
    Number,
    Plus,
    Power,
    Size,
    Sum,
    Times,
    children,
    rebuilt,
)
from symgrad.oracles import comparison
from symgrad.oracles.comparison import Outcome, check
from symgrad.oracles.report import Oracle
from symgrad.oracles.tensorflow import generated

pytestmark = pytest.mark.tensorflow

NAMES = tuple(catalogue.names()) if FULL else ("logistic_regression", "softmax_regression")
SEEDS = range(100, 100 + length(1, 13))
SLOW_TO_DRAW = {"gradient_accumulation"}
"""Points that satisfy its assumptions take seconds each: it is checked at two seeds."""


def factor(value):
    return lambda term: Times((Number(Fraction(value)), term))


def first_sum(change):
    """Apply a change to the outermost sum whose body has several factors or terms; None if there is none."""

    def changed(term):
        made = change(term) if isinstance(term, Sum) else None
        if made is not None:
            return made
        parts = children(term)
        for k, part in enumerate(parts):
            made = changed(part)
            if made is not None:
                return rebuilt(term, (*parts[:k], made, *parts[k + 1 :]))
        return None

    return changed


WRONG = {
    "sign": lambda t: Times((MINUS, t)),
    "factor 2": factor(2),
    "factor N": lambda t: Times((Size("N"), t)),
    "mean over N - 1": lambda t: Times((Size("N"), inverse(minus(Size("N"), ONE)), t)),
    "squared": lambda t: Power(t, Fraction(2)),
    "relative 1e-6": factor(1 + Fraction(1, 10**6)),
    "relative 1e-9": factor(1 - Fraction(1, 10**9)),
    "added 1e-9": lambda t: Plus((t, Number(Fraction(1, 10**9)))),
    "relative 1e-12": factor(1 + Fraction(1, 10**12)),
    "a factor of a sum is missing": first_sum(
        lambda s: (
            Sum(s.size, Times(s.body.factors[1:])) if isinstance(s.body, Times) and len(s.body.factors) > 2 else None
        )
    ),
    "zero": lambda _: ZERO,
}
COARSE = {"sign": WRONG["sign"], "factor 2": WRONG["factor 2"], "relative 1e-3": factor(1 + Fraction(1, 1000))}


def remembering(model):
    """TensorFlow's answers, asked for once for each point."""
    true, known = generated(model.program), {}

    def run(arrays):
        key = tuple((name, array.dtype.str, array.shape, array.tobytes()) for name, array in sorted(arrays.items()))
        if key not in known:
            known[key] = true.run(arrays)
        return known[key]

    return Oracle("given", "TensorFlow, asked once", run)


def moving(model, formulas):
    """The parameters whose gradient is not claimed to be zero: no factor makes those wrong."""
    zero = {claim.left.wrt.tensor for claim in model.claims if claim.right == ZERO and hasattr(claim.left, "wrt")}
    return [name for name in formulas.gradients if name not in zero]


@pytest.mark.parametrize("name", NAMES)
def test_every_wrong_gradient_is_rejected(name, entry, claimed):
    model = entry(name)
    right, oracle = claimed(model), remembering(entry(name))
    passed, tried = [], Counter()
    for dtype, table in (("float64", WRONG), ("float32", COARSE)):
        reference = check(model, right, dtype=dtype, oracle=oracle)
        if reference.outcome is not Outcome.AGREE:  # the check says itself that it has no power here
            tried["powerless"] += 1
            continue
        for parameter in moving(model, right):
            letters, term = right.gradients[parameter]
            for kind, change in table.items():
                wrong = change(term)
                if wrong is None or wrong == term:
                    continue
                formulas = dataclasses.replace(right, gradients={**right.gradients, parameter: (letters, wrong)})
                outcome = check(model, formulas, dtype=dtype, oracle=oracle).outcome
                tried[outcome.value] += 1
                if outcome is Outcome.AGREE:
                    passed.append(f"{name}, {dtype}, {parameter}: {kind}")
    counts = {"tried": tried["AGREE"] + tried["DISAGREE"] + tried["INCONCLUSIVE"], "passed": passed}
    record("power", f"wrong {name}", wrong=counts["tried"], wrong_disagree=tried["DISAGREE"], wrong_passed=passed)
    assert passed == []
    assert tried["DISAGREE"] > 0


@pytest.mark.parametrize("name", NAMES)
def test_no_true_gradient_is_called_wrong(name, entry, claimed):
    model, largest, found = entry(name), 0.0, Counter()
    for seed in SEEDS[:2] if name in SLOW_TO_DRAW else SEEDS:
        for dtype in ("float64", "float32"):
            report = check(model, claimed(model), seed=seed, dtype=dtype)
            found[report.outcome.value] += 1
            if report.outcome is Outcome.AGREE:
                largest = max(largest, report.error_over_bound)
    counts = {"true": sum(found.values()), "inconclusive": found["INCONCLUSIVE"], "disagree": found["DISAGREE"]}
    record("power", f"true {name}", **counts, largest_error_over_bound=largest)
    assert found["DISAGREE"] == 0
    assert largest < 1


def test_points_are_added_until_a_relative_error_of_1e_12_is_seen_and_said_where_it_is_not(entry, claimed, monkeypatch):
    model = entry("softmax_regression")
    right = claimed(model)
    few = check(model, right, points=2)
    assert (few.points, few.reason.count("could hide")) == (2, 0)
    monkeypatch.setitem(comparison.FINEST, "float64", 1e-16)
    more = check(model, right, points=2)
    assert more.outcome is Outcome.AGREE
    assert more.points == 2 + comparison._FINER_POINTS
    assert "rounding could hide a relative error below" in more.reason
    assert more.reason.count(" in ") == len(right.gradients)


# ---- points that are hard for floating point -------------------------------------------------------------------------


def saturated(rng):
    """Logits of some tens, of both signs, with either label."""
    x = rng.choice([-1, 1], size=(40, 3)) * (1 + rng.integers(0, 512, size=(40, 3)) / 256)
    return "logistic_regression", {
        "x": x,
        "y": rng.integers(0, 2, 40).astype(float),
        "w": np.array([9.5, 13.25, 17.75]),
        "b": np.array(0.5),
    }


def logits_of_a_hundred(rng):
    """A softmax between logits that are up to two hundred apart."""
    x = rng.integers(-512, 512, size=(30, 2)) / 256
    y = np.eye(4)[rng.integers(0, 4, 30)]
    weights = rng.integers(-512, 512, size=(2, 4)) / 8
    return "softmax_regression", {"x": x, "y": y, "W": weights, "b": rng.integers(-512, 512, size=4) / 256}


def many_samples(rng):
    """A mean over ten thousand samples."""
    x = rng.integers(-1024, 1024, size=(10_000, 2)) / 512
    return "linear_regression", {
        "x": x,
        "y": rng.integers(-1024, 1024, size=10_000) / 512,
        "w": np.array([0.75, -1.25]),
        "b": np.array(0.375),
    }


def near_ties(rng):
    """The largest loss of a batch exceeds the next one by 2^-40 of itself."""
    x = rng.integers(-512, 512, size=(6, 2)) / 256
    x[1] = x[0]
    y = rng.integers(-512, 512, size=6) / 256
    y[0], y[1] = 40, 40 + 2.0**-35
    return "batch_max", {"x": x, "y": y, "w": np.array([0.75, -1.25]), "b": np.array(0.375)}


TOO_FINE = {("many samples", "float32"): {"relative 1e-3"}}
"""What rounding may lose there if terms are added one by one: ten thousand times 6e-8, four times over."""

HARD = {made.__name__.replace("_", " "): made for made in (saturated, logits_of_a_hundred, many_samples, near_ties)}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("hard", HARD)
def test_hard_points_give_no_wrong_verdict(hard, dtype, entry, claimed):
    """True formulas do not disagree; wrong ones are never passed; and a verdict is reached but near ties."""
    name, data = HARD[hard](np.random.default_rng(7))
    model = entry(name)
    right, oracle = claimed(model), remembering(entry(name))
    arrays = {tensor: value.astype(dtype) for tensor, value in data.items()}
    if dtype == "float32" and hard == "near ties":
        arrays["y"][1] = np.nextafter(np.float32(40), np.float32(41))
    true = check(model, right, dtype=dtype, data=arrays, oracle=oracle)
    passed, wrong = [], 0
    for parameter in moving(model, right):
        letters, term = right.gradients[parameter]
        for kind, change in COARSE.items() if dtype == "float32" else WRONG.items():
            made = change(term)
            if made is not None and kind not in {"relative 1e-12", *TOO_FINE.get((hard, dtype), ())}:
                formulas = dataclasses.replace(right, gradients={**right.gradients, parameter: (letters, made)})
                found = check(model, formulas, dtype=dtype, data=arrays, oracle=oracle).outcome
                wrong += 1
                passed += [f"{hard}: {parameter}: {kind}"] if found is Outcome.AGREE else []
    counts = {"wrong": wrong, "wrong_passed": passed, "true": 1, "disagree": int(true.outcome is Outcome.DISAGREE)}
    counts["inconclusive"] = int(true.outcome is Outcome.INCONCLUSIVE)
    record("power", f"{hard} {dtype}", **counts)
    assert true.outcome is not Outcome.DISAGREE, true.reason
    assert passed == []
    assert wrong >= 4
