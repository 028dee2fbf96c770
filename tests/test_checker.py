"""The checker: what it accepts, and that it refuses whatever is not quite that."""

import copy
import json
import math
import random
import subprocess
import sys
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest
from certificates import (
    LEANING,
    LOSS_BODY,
    MODEL,
    SHAPES,
    Certificate,
    call,
    delta,
    direct,
    entry,
    eq,
    minus,
    neg,
    num,
    over,
    plus,
    power,
    proof,
    sign,
    size,
    times,
    total,
)

from symgrad import catalogue, checker

ENTRIES = catalogue.names()

# Batch program: w, v and their letters; the same with the letters of a closure.
W, V, B, Q = entry("w", "j:D"), entry("v", "i:D"), entry("b"), entry("q")
X, Y, Z, A, LOSS = entry("x", "n:N", "j:D"), entry("y", "n:N"), entry("z", "n:N"), entry("a", "n:N"), entry("loss", "n:N")
W0, V0, Y0, Z0 = entry("w", "_0:D"), entry("v", "_0:D"), entry("y", "_0:N"), entry("z", "_0:N")
# Single-sample program.
XS, YS, ZS, AS, LS = entry("x", "j:D"), entry("y"), entry("z"), entry("a"), entry("loss")
ONE, ZERO, HALF = num(1), num(0), Fraction(1, 2)


def judged(goal, certificate):
    return checker.check(json.dumps(goal), json.dumps(certificate))


# ---- each rule: what it concludes -----------------------------------------------------------------------------------


def ring(left, right, program="batch"):
    return ["ring", program, left, right]


def swap(left, right, program="batch"):
    return ring(times(left, right), times(right, left), program)


def one(rule, term, right, hypotheses=(), program="batch"):
    """A rule that takes a term and says what it equals."""
    return [[rule, program, term]], program, eq(term, right), hypotheses


INVERSE = times(W, power(W, -1))
KINKED = times(call("relu", W), power(call("relu", W), -1))
ROOT = power(W, HALF)
Z_AT_M = plus(over("D", times(entry("w", 0), entry("x", "m:N", 0))), B)
Z_INSIDE = plus(over("D", times(entry("w", 0), entry("x", 1, 0))), B)
Z_SINGLE = plus(over("D", times(entry("w", 0), entry("x", 0))), B)
LOSS_SINGLE = plus(times(AS, Q), neg(YS), times(B, ZS))
LOSS_INSIDE = plus(times(entry("a", 0), Q), neg(entry("y", 0)), times(B, entry("z", 0)))
PAIRED = over("D", times(entry("w", 0), entry("x", "n:N", 0)))

ACCEPTED = {
    "sym": ([ring(plus(W, B), plus(B, W)), ["sym", 0]], "batch", eq(plus(B, W), plus(W, B)), ()),
    "trans": (
        [ring(plus(W, B), plus(B, W)), ring(plus(B, W), plus(B, W, ZERO)), ["trans", 0, 1]],
        "batch",
        eq(plus(W, B), plus(B, W, ZERO)),
        (),
    ),
    "congruence at the root": (
        [swap(W, X), ["congruence", 0, times(entry("w", "i:D"), entry("x", "m:N", "i:D")), []]],
        "batch",
        eq(times(entry("w", "i:D"), entry("x", "m:N", "i:D")), times(entry("x", "m:N", "i:D"), entry("w", "i:D"))),
        (),
    ),
    "congruence under sums": (
        [swap(W, X), ["congruence", 0, over("N", over("D", times(entry("w", 0), entry("x", 1, 0)))), [0, 0]]],
        "batch",
        eq(
            over("N", over("D", times(entry("w", 0), entry("x", 1, 0)))),
            over("N", over("D", times(entry("x", 1, 0), entry("w", 0)))),
        ),
        (),
    ),
    "congruence with a sum inside": (
        [swap(PAIRED, Y), ["congruence", 0, over("N", times(over("D", times(entry("w", 0), entry("x", 1, 0))), entry("y", 0))), [0]]],
        "batch",
        eq(
            over("N", times(over("D", times(entry("w", 0), entry("x", 1, 0))), entry("y", 0))),
            over("N", times(entry("y", 0), over("D", times(entry("w", 0), entry("x", 1, 0))))),
        ),
        (),
    ),
    "congruence that brings a sum under a sum": (
        [["unfold", "batch", Z], ["congruence", 0, over("N", entry("z", 0)), [0]]],
        "batch",
        eq(over("N", entry("z", 0)), over("N", Z_INSIDE)),
        (),
    ),
    "congruence where a letter of the right side stays": (
        [["partial_constant", "batch", direct(B, W)], ["sym", 0], ["congruence", 1, over("D", ZERO), [0]]],
        "batch",
        eq(over("D", ZERO), over("D", direct(B, W))),
        (),
    ),
    "congruence into power, function, operands": (
        [swap(W, B), ["congruence", 0, power(call("exp", plus(V, times(W, B))), 2), [0, 0, 1]]],
        "batch",
        eq(power(call("exp", plus(V, times(W, B))), 2), power(call("exp", plus(V, times(B, W))), 2)),
        (),
    ),
    "congruence into a direct derivative": (
        [swap(W, B), ["congruence", 0, direct(times(W, B), B), [0]]],
        "batch",
        eq(direct(times(W, B), B), direct(times(B, W), B)),
        (),
    ),
    "congruence into a derivative under a sum": (
        [swap(W, B), ["congruence", 0, over("D", direct(times(entry("w", 0), B), entry("w", 0))), [0, 0]]],
        "batch",
        eq(
            over("D", direct(times(entry("w", 0), B), entry("w", 0))),
            over("D", direct(times(B, entry("w", 0)), entry("w", 0))),
        ),
        (),
    ),
    "congruence into a derivative by an open hypothesis": (
        [ring(INVERSE, ONE), ["congruence", 0, direct(INVERSE, entry("w", "i:D")), [0]]],
        "batch",
        eq(direct(INVERSE, entry("w", "i:D")), direct(ONE, entry("w", "i:D"))),
        [sign("!=", W0)],
    ),
    "congruence into a derivative makes hypotheses smooth": (
        [ring(KINKED, ONE), ["congruence", 0, direct(KINKED, entry("w", "i:D")), [0]]],
        "batch",
        eq(direct(KINKED, entry("w", "i:D")), direct(ONE, entry("w", "i:D"))),
        [sign("!=", call("relu", W0)), sign("!=", W0)],
    ),
    "congruence into a derivative makes only what varies smooth": (
        [ring(KINKED, ONE), ["congruence", 0, direct(KINKED, B), [0]]],
        "batch",
        eq(direct(KINKED, B), direct(ONE, B)),
        [sign("!=", call("relu", W0))],
    ),
    "congruence into a derivative by an equation about something else": (
        [["hypothesis", "batch", eq(B, num(2))], ["congruence", 0, direct(times(W, B), W), [0, 1]]],
        "batch",
        eq(direct(times(W, B), W), direct(times(W, num(2)), W)),
        [eq(B, num(2))],
    ),
    "unfold": ([["unfold", "batch", entry("z", "m:N")]], "batch", eq(entry("z", "m:N"), Z_AT_M), ()),
    "unfold in the single-sample program": ([["unfold", "single", ZS]], "single", eq(ZS, Z_SINGLE), ()),
    "hypothesis that is an assumption": (
        [["hypothesis", "batch", eq(over("D", entry("x", "m:N", 0)), ONE)]],
        "batch",
        eq(over("D", entry("x", "m:N", 0)), ONE),
        [eq(over("D", entry("x", "_0:N", 0)), ONE)],
    ),
    "hypothesis that is an assumption about one sample": (
        [["hypothesis", "single", eq(over("D", entry("x", 0)), ONE)]],
        "single",
        eq(over("D", entry("x", 0)), ONE),
        [eq(over("D", entry("x", 0)), ONE)],
    ),
    "hypothesis that is a sign": ([["hypothesis", "batch", sign(">=", W)]], "batch", sign(">=", W), [sign(">=", W0)]),
    "ring: polynomials": (
        [ring(power(plus(W, B), 2), plus(power(W, 2), times(num(2), W, B), times(B, B)))],
        "batch",
        eq(power(plus(W, B), 2), plus(power(W, 2), times(num(2), W, B), times(B, B))),
        (),
    ),
    "ring: to the power 0": ([ring(power(W, 0), ONE)], "batch", eq(power(W, 0), ONE), ()),
    "ring: fractions": ([ring(INVERSE, ONE)], "batch", eq(INVERSE, ONE), [sign("!=", W0)]),
    "ring: a sum of fractions": (
        [ring(plus(power(W, -1), power(B, -1)), times(plus(W, B), power(times(W, B), -1)))],
        "batch",
        eq(plus(power(W, -1), power(B, -1)), times(plus(W, B), power(times(W, B), -1))),
        [sign("!=", W0), sign("!=", B), sign("!=", times(W0, B))],
    ),
    "ring: an atom that is the same on both sides needs no condition": (
        [ring(plus(power(W, -1), B), plus(B, power(W, -1)))],
        "batch",
        eq(plus(power(W, -1), B), plus(B, power(W, -1))),
        [sign("!=", W0)],  # for this to be defined
    ),
    "ring: sizes need no condition": (
        [ring(times(size("N"), power(size("N"), -1), power(size("D"), HALF), power(size("D"), HALF)), size("D"))],
        "batch",
        eq(times(size("N"), power(size("N"), -1), power(size("D"), HALF), power(size("D"), HALF)), size("D")),
        (),
    ),
    "ring: roots": ([ring(times(ROOT, ROOT), W)], "batch", eq(times(ROOT, ROOT), W), [sign(">", W0)]),
    "ring: roots below": (
        [ring(times(W, power(W, -HALF)), ROOT)],
        "batch",
        eq(times(W, power(W, -HALF)), ROOT),
        [sign(">", W0)],
    ),
    "ring: third roots": (
        [ring(power(W, Fraction(7, 3)), times(W, W, power(W, Fraction(1, 3))))],
        "batch",
        eq(power(W, Fraction(7, 3)), times(W, W, power(W, Fraction(1, 3)))),
        [sign(">", W0)],
    ),
    "ring: a delta is symmetric, and its own square": (
        [ring(times(delta("i:D", "j:D"), delta("j:D", "i:D")), delta("i:D", "j:D"))],
        "batch",
        eq(times(delta("i:D", "j:D"), delta("j:D", "i:D")), delta("i:D", "j:D")),
        (),
    ),
    "ring: a delta of one letter is 1": ([ring(delta("i:D", "i:D"), ONE)], "batch", eq(delta("i:D", "i:D"), ONE), ()),
    "sum_split": one("sum_split", over("D", plus(entry("w", 0), B)), plus(over("D", entry("w", 0)), over("D", B))),
    "sum_factor": one(
        "sum_factor",
        over("D", times(B, entry("w", 0), Q, entry("v", 0))),
        times(B, Q, over("D", times(entry("w", 0), entry("v", 0)))),
    ),
    "sum_factor with one left": one(
        "sum_factor", over("D", times(entry("w", 0), B)), times(B, over("D", entry("w", 0)))
    ),
    "sum_exchange": one(
        "sum_exchange",
        over("N", over("D", times(entry("x", 1, 0), over("D", times(entry("x", 2, 0), entry("w", 1)))))),
        over("D", over("N", times(entry("x", 0, 1), over("D", times(entry("x", 1, 0), entry("w", 2)))))),
    ),
    "sum_delta": one("sum_delta", over("D", times(delta("j:D", 0), entry("w", 0), B)), times(W, B)),
    "sum_delta with one left": one("sum_delta", over("D", times(entry("w", 0), delta(0, "j:D"))), W),
    "sum_delta alone": one("sum_delta", over("D", delta(0, "j:D")), ONE),
    "sum_delta takes the first, and goes under sums": one(
        "sum_delta",
        over("N", times(delta("m:N", 0), delta("n:N", 0), over("D", entry("x", 1, 0)))),
        times(delta("n:N", "m:N"), over("D", entry("x", "m:N", 0))),
    ),
    "sum_constant": one("sum_constant", over("D", times(W, B)), times(size("D"), times(W, B))),
    "partial_constant, direct": one("partial_constant", direct(Z, W), ZERO),
    "partial_constant, total": one("partial_constant", total(Q, W), ZERO),
    "partial_entry": one("partial_entry", direct(entry("w", "i:D"), W), delta("i:D", "j:D")),
    "partial_entry, total": one("partial_entry", total(entry("z", "m:N"), Z), delta("m:N", "n:N")),
    "partial_entry without positions": one("partial_entry", direct(B, B), ONE),
    "partial_plus": one("partial_plus", direct(plus(W, B, times(W, W)), W), plus(direct(W, W), direct(times(W, W), W))),
    "partial_plus with one that moves": one("partial_plus", direct(plus(W, B), B), direct(B, B)),
    "partial_plus asks for smooth terms": one(
        "partial_plus",
        direct(plus(call("abs", W), call("abs", B)), B),
        direct(call("abs", B), B),
        [sign("!=", B)],
    ),
    "partial_times": one(
        "partial_times",
        direct(times(W, B, W), entry("w", "i:D")),
        plus(
            times(direct(W, entry("w", "i:D")), B, W),
            times(W, B, direct(W, entry("w", "i:D"))),
        ),
    ),
    "partial_power, square": one("partial_power", direct(power(B, 2), B), times(num(2), B, direct(B, B))),
    "partial_power": one("partial_power", direct(power(B, 5), B), times(num(5), power(B, 4), direct(B, B))),
    "partial_power, inverse": one(
        "partial_power", direct(power(B, -1), B), times(num(-1), power(B, -2), direct(B, B)), [sign("!=", B)]
    ),
    "partial_power, root": one(
        "partial_power",
        direct(power(B, HALF), B),
        times(num("1/2"), power(B, "-1/2"), direct(B, B)),
        [sign(">", B)],
    ),
    "partial_sum": one(
        "partial_sum",
        direct(over("D", times(entry("w", 0), B)), W),
        over("D", direct(times(entry("w", 0), B), W)),
    ),
    "chain": one(
        "chain",
        total(entry("loss", "m:N"), W),
        over("N", times(total(entry("loss", "m:N"), entry("z", 0)), direct(Z_INSIDE, W))),
        [sign("!=", Z0)],
    ),
    "chain with several": one(
        "chain",
        total(LS, B),
        plus(times(total(LS, ZS), direct(Z_SINGLE, B)), times(total(LS, LS), direct(LOSS_SINGLE, B))),
        [sign("!=", ZS)],
        "single",
    ),
    "chain that needs nothing smooth": one(
        "chain",
        total(entry("objective"), Q),
        over("N", times(total(entry("objective"), entry("loss", 0)), direct(LOSS_INSIDE, Q))),
    ),
    "sign of a number": ([["sign", "batch", num("1/2"), []]], "batch", sign(">", num("1/2")), ()),
    "sign of 0": ([["sign", "batch", ZERO, []]], "batch", sign(">=", ZERO), ()),
    "sign of a negative number": ([["sign", "batch", num(-3), []]], "batch", sign("!=", num(-3)), ()),
    "sign of a size": ([["sign", "batch", size("D"), []]], "batch", sign(">", size("D")), ()),
    **{
        f"sign of {name}": ([["sign", "batch", call(name, W), []]], "batch", sign(relation, call(name, W)), ())
        for relation, names in ((">", ("exp", "sigmoid", "softplus")), (">=", ("relu", "abs", "step")))
        for name in names
    },
    "sign of pi": ([["sign", "batch", call("pi"), []]], "batch", sign(">", call("pi")), ()),
    "sign of an even power": ([["sign", "batch", power(W, 4), []]], "batch", sign(">=", power(W, 4)), ()),
    "sign of a power of what is positive": (
        [["hypothesis", "batch", sign(">", W)], ["sign", "batch", power(W, "-3/2"), [0]]],
        "batch",
        sign(">", power(W, "-3/2")),
        [sign(">", W0)],
    ),
    "sign of an even power of what is not 0": (
        [["hypothesis", "batch", sign("!=", W)], ["sign", "batch", power(W, -2), [0]]],
        "batch",
        sign(">", power(W, -2)),
        [sign("!=", W0)],
    ),
    "sign of an odd power of what is not 0": (
        [["hypothesis", "batch", sign("!=", W)], ["sign", "batch", power(W, 3), [0]]],
        "batch",
        sign("!=", power(W, 3)),
        [sign("!=", W0)],
    ),
    "sign of a sum of terms": (
        [["sign", "batch", call("exp", W), []], ["sign", "batch", power(B, 2), []], ["sign", "batch", plus(call("exp", W), power(B, 2)), [0, 1]]],
        "batch",
        sign(">", plus(call("exp", W), power(B, 2))),
        (),
    ),
    "sign of a sum of squares": (
        [["sign", "batch", power(B, 2), []], ["sign", "batch", plus(power(B, 2), power(B, 2)), [0, 0]]],
        "batch",
        sign(">=", plus(power(B, 2), power(B, 2))),
        (),
    ),
    "sign of a product, positive": (
        [["sign", "batch", num(2), []], ["sign", "batch", size("N"), []], ["sign", "batch", times(num(2), size("N")), [0, 1]]],
        "batch",
        sign(">", times(num(2), size("N"))),
        (),
    ),
    "sign of a product, not 0": (
        [["sign", "batch", num(-2), []], ["sign", "batch", size("N"), []], ["sign", "batch", times(num(-2), size("N")), [0, 1]]],
        "batch",
        sign("!=", times(num(-2), size("N"))),
        (),
    ),
    "sign of a product, not negative": (
        [["sign", "batch", power(B, 2), []], ["sign", "batch", size("N"), []], ["sign", "batch", times(power(B, 2), size("N")), [0, 1]]],
        "batch",
        sign(">=", times(power(B, 2), size("N"))),
        (),
    ),
    "sign of a finite sum": (
        [["sign", "batch", call("exp", X), []], ["sign", "batch", over("D", call("exp", entry("x", "m:N", 0))), [0]]],
        "batch",
        sign(">", over("D", call("exp", entry("x", "m:N", 0)))),
        (),
    ),
    "sign_weaken to not 0": (
        [["sign", "batch", call("exp", W), []], ["sign_weaken", 0, "!="]],
        "batch",
        sign("!=", call("exp", W)),
        (),
    ),
    "sign_weaken to not negative": (
        [["sign", "batch", call("exp", W), []], ["sign_weaken", 0, ">="]],
        "batch",
        sign(">=", call("exp", W)),
        (),
    ),
    "sign_equal": (
        [ring(plus(size("N"), size("N")), times(num(2), size("N"))), ["sign", "batch", num(2), []], ["sign", "batch", size("N"), []], ["sign", "batch", times(num(2), size("N")), [1, 2]], ["sign_equal", 0, 3]],
        "batch",
        sign(">", plus(size("N"), size("N"))),
        (),
    ),
    "separable": ([["separable", "batch", LOSS, []]], "batch", ["separable", LOSS, ONE], ()),
    "lift": (
        [["separable", "batch", LOSS, []], swap(ZS, XS, "single"), ["lift", 0, 1]],
        "batch",
        eq(times(Z, X), times(X, Z)),
        (),
    ),
    "lift of derivatives": (
        [["separable", "batch", LOSS, []], ring(plus(total(LS, ZS), direct(AS, ZS)), plus(direct(AS, ZS), total(LS, ZS)), "single"), ["lift", 0, 1]],
        "batch",
        eq(plus(total(LOSS, Z), direct(A, Z)), plus(direct(A, Z), total(LOSS, Z))),
        (),
    ),
    "lift of hypotheses": (
        [["separable", "batch", LOSS, []], ring(times(YS, power(YS, -1)), ONE, "single"), ["lift", 0, 1]],
        "batch",
        eq(times(Y, power(Y, -1)), ONE),
        [sign("!=", Y0)],
    ),
    "lift of an assumption": (
        [["separable", "batch", LOSS, []], ["hypothesis", "single", eq(over("D", entry("x", 0)), ONE)], ["lift", 0, 1]],
        "batch",
        eq(over("D", entry("x", "n:N", 0)), ONE),
        [eq(over("D", entry("x", "_0:N", 0)), ONE)],
    ),
}  # fmt: skip
"""By name: steps, program, what the last one concludes, and under which hypotheses that is a statement."""


@pytest.mark.parametrize("case", ACCEPTED)
def test_a_rule_concludes(case):
    steps, program, judgement, hypotheses = ACCEPTED[case]
    assert judged(*proof(steps, program, judgement, hypotheses)) == (0, "accepted")


@pytest.mark.parametrize("case", ACCEPTED)
def test_a_rule_concludes_nothing_else(case):
    """Each side, the relation, the program and the hypotheses are all part of the conclusion."""
    steps, program, judgement, hypotheses = ACCEPTED[case]
    relation, left, right = judgement
    others = [
        (program, [relation, plus(left, ZERO), right], hypotheses),
        (program, [relation, left, plus(right, ZERO)], hypotheses),
        (program, [">=" if relation == ">" else ">", left, right], hypotheses),
        ("single" if program == "batch" else "batch", judgement, hypotheses),
        (program, judgement, [*hypotheses, sign(">", call("sin", num(7)))]),
        *[(program, judgement, [*hypotheses[:k], *hypotheses[k + 1 :]]) for k in range(len(hypotheses))],
    ]
    for other in others:
        assert judged(*proof(steps, *other)) == (1, "refused: the statement ['it'] is not in goal and certificate alike, or not established")


def test_every_rule_has_a_case_that_is_accepted_and_one_that_is_refused():
    used = {step[0] for steps, *_ in ACCEPTED.values() for step in steps} | {"state", "identity", "partial_apply"}
    assert used == set(SHAPES) == set(checker.RULES)
    assert {steps[-1][0] for steps, _ in REFUSED.values()} >= set(SHAPES) - {"state"}


# ---- functions and identities ---------------------------------------------------------------------------------------


IDENTITIES = {
    "exp_zero": (call("exp", ZERO), ONE),
    "exp_sum": (call("exp", plus(W, V)), times(call("exp", W), call("exp", V))),
    "exp_negative": (call("exp", neg(W)), power(call("exp", W), -1)),
    "log_one": (call("log", ONE), ZERO),
    "log_exp": (call("log", call("exp", W)), W),
    "log_product": (call("log", times(W, V)), plus(call("log", W), call("log", V))),
    "log_inverse": (call("log", power(W, -1)), neg(call("log", W))),
    "sigmoid_exp": (call("sigmoid", W), times(call("exp", W), power(plus(ONE, call("exp", W)), -1))),
    "sigmoid_negative": (call("sigmoid", neg(W)), minus(ONE, call("sigmoid", W))),
    "softplus_log": (call("softplus", W), call("log", plus(ONE, call("exp", W)))),
    "softplus_negative": (call("softplus", neg(W)), minus(call("softplus", W), W)),
    "tanh_sigmoid": (call("tanh", W), minus(times(num(2), call("sigmoid", times(num(2), W))), ONE)),
    "tanh_negative": (call("tanh", neg(W)), neg(call("tanh", W))),
    "sin_negative": (call("sin", neg(W)), neg(call("sin", W))),
    "cos_negative": (call("cos", neg(W)), call("cos", W)),
    "relu_step": (call("relu", W), times(W, call("step", W))),
    "abs_step": (call("abs", W), times(W, minus(times(num(2), call("step", W)), ONE))),
    "sign_step": (call("sign", W), minus(times(num(2), call("step", W)), ONE)),
    "step_squared": (power(call("step", W), 2), call("step", W)),
    "max_relu": (call("max", W, V), plus(V, call("relu", minus(W, V)))),
    "min_relu": (call("min", W, V), minus(W, call("relu", minus(W, V)))),
}
"""The identities as the language writes them, of w[j] and v[i]."""

IDENTITY_HYPOTHESES = {
    "exp_negative": [sign("!=", call("exp", W0))],
    "log_exp": [sign(">", call("exp", W0))],
    "log_one": [sign(">", ONE)],
    "log_product": [sign(">", W0), sign(">", V0), sign(">", times(W0, entry("v", "_1:D")))],
    "log_inverse": [sign(">", W0), sign(">", power(W0, -1)), sign("!=", W0)],
    "sigmoid_exp": [sign("!=", plus(ONE, call("exp", W0)))],
    "softplus_log": [sign(">", plus(ONE, call("exp", W0)))],
    "sign_step": [sign("!=", W0)],
}
"""What an identity asks, and what its sides need to be defined."""


def arguments_of(name):
    text = json.dumps(IDENTITIES[name])
    return [tree for tree, letter in ((W, '"w"'), (V, '"v"')) if letter in text]


@pytest.mark.parametrize("name", IDENTITIES)
def test_an_identity_says_this_and_asks_that(name):
    left, right = IDENTITIES[name]
    steps = [["identity", "batch", name, arguments_of(name)]]
    assert judged(*proof(steps, "batch", eq(left, right), IDENTITY_HYPOTHESES.get(name, ()))) == (0, "accepted")


def test_the_table_of_identities_is_complete():
    assert set(IDENTITIES) == set(checker.IDENTITIES)


SLOPES = {
    "exp": call("exp", W),
    "log": power(W, -1),
    "sin": call("cos", W),
    "cos": neg(call("sin", W)),
    "tanh": minus(ONE, power(call("tanh", W), 2)),
    "sigmoid": times(call("sigmoid", W), minus(ONE, call("sigmoid", W))),
    "softplus": call("sigmoid", W),
    "relu": call("step", W),
    "abs": call("sign", W),
    "sign": ZERO,
    "step": ZERO,
    "erf": times(num(2), power(call("pi"), "-1/2"), call("exp", neg(power(W, 2)))),
}
SMOOTH = {"log": ">", "relu": "!=", "abs": "!=", "sign": "!=", "step": "!="}


@pytest.mark.parametrize("name", SLOPES)
def test_the_derivative_of_a_function(name):
    at = entry("w", "i:D")
    term = direct(call(name, W), at)
    hypotheses = [sign(SMOOTH[name], W0)] if name in SMOOTH else []
    hypotheses += [sign("!=", W0)] if name == "log" else []
    hypotheses += [sign(">", call("pi"))] if name == "erf" else []
    steps = [["partial_apply", "batch", term]]
    judgement = eq(term, times(SLOPES[name], direct(W, at)))
    assert judged(*proof(steps, "batch", judgement, hypotheses)) == (0, "accepted")


@pytest.mark.parametrize("name", ["max", "min"])
def test_the_derivative_of_the_larger_and_the_smaller(name):
    kink = sign("!=", minus(W0, B))
    first, second = (minus(W, B), minus(B, W)) if name == "max" else (minus(B, W), minus(W, B))
    both = direct(call(name, W, plus(W, B)), B)
    for term, right in (
        (direct(call(name, W, B), W), times(call("step", first), direct(W, W))),
        (direct(call(name, W, B), B), times(call("step", second), direct(B, B))),
    ):
        assert judged(*proof([["partial_apply", "batch", term]], "batch", eq(term, right), [kink])) == (0, "accepted")
    inner = plus(W, B)
    right = times(call("step", minus(inner, W) if name == "max" else minus(W, inner)), direct(inner, B))
    kink = sign("!=", minus(W0, plus(W0, B)))
    assert judged(*proof([["partial_apply", "batch", both]], "batch", eq(both, right), [kink])) == (0, "accepted")


def test_every_function_has_a_derivative():
    assert {*SLOPES, "max", "min"} == set(checker.SLOPES) == set(checker.ARITY) - {"pi"}


FLOAT = {
    "exp": math.exp,
    "log": lambda u: math.log(u) if u > 0 else 0.0,
    "sin": math.sin,
    "cos": math.cos,
    "tanh": math.tanh,
    "erf": math.erf,
    "sigmoid": lambda u: 1 / (1 + math.exp(-u)),
    "softplus": lambda u: math.log(1 + math.exp(u)),
    "relu": lambda u: max(u, 0.0),
    "abs": abs,
    "sign": lambda u: float((u > 0) - (u < 0)),
    "step": lambda u: float(u > 0),
    "max": max,
    "min": min,
    "pi": lambda: math.pi,
}


def value(tree, **given):
    """A term of w and v in floating point."""
    kind, *parts = tree
    if kind == "number":
        return float(Fraction(parts[0]))
    if kind == "entry":
        return given[parts[0]]
    if kind == "apply":
        return FLOAT[parts[0]](*[value(part, **given) for part in parts[1]])
    if kind == "power":
        base, exponent = value(parts[0], **given), Fraction(parts[1])
        if base == 0 and exponent < 0:
            return 0.0
        return base ** float(exponent) if exponent.denominator == 1 or base > 0 else 0.0
    operands = [value(part, **given) for part in parts[0]]
    return sum(operands) if kind == "plus" else math.prod(operands)


@pytest.mark.parametrize("name", IDENTITIES)
def test_an_identity_holds_in_numbers(name):
    left, right = IDENTITIES[name]
    asked = {relation for relation, *_ in IDENTITY_HYPOTHESES.get(name, ())} if name in checker.ASKED else set()
    points = [(w, v) for w in (-2.25, -0.5, 0.0, 0.75, 3.0) for v in (-1.5, 0.0, 0.25, 2.0)]
    held = [
        (w, v)
        for w, v in points
        if not ((">" in asked and (w <= 0 or v <= 0)) or ("!=" in asked and w == 0))
    ]  # fmt: skip
    assert len(held) >= 4
    for w, v in held:
        assert value(left, w=w, v=v) == pytest.approx(value(right, w=w, v=v), abs=1e-12)


@pytest.mark.parametrize("name", SLOPES)
def test_a_derivative_holds_in_numbers(name):
    points = [w for w in (-1.5, -0.25, 0.5, 2.0) if name != "log" or w > 0]
    for w in points:
        slope = (value(call(name, W), w=w + 1e-6) - value(call(name, W), w=w - 1e-6)) / 2e-6
        assert slope == pytest.approx(value(SLOPES[name], w=w), abs=1e-6)
