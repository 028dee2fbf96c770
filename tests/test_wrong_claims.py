"""Claims that are wrong in the ways in which people are wrong: none may be proved, and each is refuted by a witness."""

import random
from collections import Counter, defaultdict
from dataclasses import replace
from fractions import Fraction
from functools import cache
from itertools import product

import pytest
from few_entries import FEW, LONG
from flint import arb
from second_reader import Reading, UndefinedError, differ, drawn, exact, normalised, read
from soundness import FULL, length
from wrong_claims import variants

from symgrad import catalogue
from symgrad.calculus import derive
from symgrad.kernel.terms import letters
from symgrad.lang.parser import load_model, parse_model
from symgrad.lang.text import Printer
from symgrad.oracles.points import sample_point

MOST = length(16, 40)
"""Wrong claims per entry: they are chosen in turn from every mistake about every claim."""

SQUARE = """
index n : N, m : N, d : D, e : D, j : D
batch n
data x[n, d], y[n, d]
parameter W[d, e], b[d]
a[n, e] = sum(d, W[d, e] * x[n, d]) + b[e]
h[n, e] = sin(a[n, e])
r[n, d] = sum(e, W[d, e] * h[n, e])
loss[n] = sum(d, (r[n, d] - y[n, d])^2)
claim d(loss[n]) / d(h[n, e]) = 2 * sum(d, (r[n, d] - y[n, d]) * W[d, e])
claim d(loss[n]) / d(a[n, e]) = 2 * cos(a[n, e]) * sum(d, (r[n, d] - y[n, d]) * W[d, e])
claim d(a[n, e]) / d(W[d, j]) = delta(e, j) * x[n, d]
claim d(r[n, d]) / d(h[n, e]) = W[d, e]
claim d(objective) / d(b[e]) = mean(n, 2 * cos(a[n, e]) * sum(d, (r[n, d] - y[n, d]) * W[d, e]))
claim d(objective) / d(r[n, d]) = 2 * (r[n, d] - y[n, d]) / size(N)
"""
"""Weights that are square, so that they can be transposed, and letters of one size, so that they can be swapped."""

TIED = {name for name in catalogue.names() if catalogue.find(name).read_text(encoding="utf-8").count("assume") > 1}
"""Entries whose data are tied by several assumptions, which the reader here does not draw; tests/test_gallery.py and
tests/test_questions.py tell of them."""

SLOW = {"batch_norm", "info_nce"}
"""Entries of which so many claims take minutes."""

NAMES = (*(name for name in FEW if name not in TIED | SLOW | LONG), "square")


@cache
def stated(name):
    """The text and the model of an entry."""
    if name == "square":
        return SQUARE, parse_model(SQUARE, "square")
    path = catalogue.find(name)
    return path.read_text(encoding="utf-8"), load_model(path)


def reading(name, seed):
    text = read(stated(name)[0])
    order = (2, 3, 2, 3, 2, 3)[seed % 2 :]
    if name in TIED or name not in NAMES:  # or clipped, and undefined elsewhere
        point = sample_point(stated(name)[1], dict(zip(text.sizes(), order, strict=False)), random.Random(seed))
        here = Reading(text, point.sizes, {tensor: dict(entries) for tensor, entries in point.values.items()})
        assert assumptions_hold(here)
        return here
    sizes, values = drawn(text, seed, dict(zip(text.sizes(), order, strict=False)), positive={"s"})
    return Reading(
        text, sizes, normalised(values, "y") if text.assumptions and "sum(k, y" in text.assumptions[0] else values
    )


def assumptions_hold(here):
    """Whether the data are tied as the entry assumes, at every choice of letters."""
    for assumption in here.text.assumptions:
        sign = next(sign for sign in ("!=", "=", ">") if sign in assumption)
        left, _, right = assumption.partition(sign)
        free = {**here.letters_of(left), **here.letters_of(right)}
        for where in product(*(range(here.sizes[size]) for size in free.values())):
            at = dict(zip(free, where, strict=True))
            gap = here.value(left, at).value - here.value(right, at).value
            if not {"=": gap.contains(0), ">": gap > 0, "!=": not gap.contains(0)}[sign]:
                return False
    return True


def with_letters(reading, claim, printer):
    """The reading with the letters of a claim declared, and those that are free in it."""
    free = dict.fromkeys((*letters(claim.left), *letters(claim.right)))
    added = {i.name: i.size for i in (*free, *printer.added.values())}
    return Reading(reading.text.also((), added), reading.sizes, reading.values), tuple(free)


def holds(name, claim):
    """Whether a claim holds wherever it is looked at; None if it has no value there."""
    printer = Printer.of(stated(name)[1])
    left, right = printer.text(claim.left), printer.text(claim.right)
    for seed in (1, 2):
        here, free = with_letters(reading(name, seed), claim, printer)
        for where in product(*(range(here.sizes[i.size]) for i in free)):
            at = dict(zip((i.name for i in free), where, strict=True))
            try:
                if differ(here.value(left, at).value, here.value(right, at).value):
                    return False
            except UndefinedError:
                return None
    return True


@cache
def wrong(name, most=MOST):
    """Wrong claims about an entry with their mistakes; what is right by accident is left out."""
    model = stated(name)[1]
    queues = defaultdict(list)
    for number, claim in enumerate(c for c in model.claims if not c.expect_refuted):
        for kind, right in variants(claim.right, model.batch.size):
            queues[kind, number].append(replace(claim, right=right))
    keys = sorted(queues)
    random.Random(name).shuffle(keys)
    turn = {key: sum(number == key[1] for _, number in keys[:k]) for k, key in enumerate(keys)}
    keys.sort(key=turn.get)  # so that every claim has one before any has two
    chosen, seen = [], set(model.claims)
    while any(queues.values()) and len(chosen) < most:
        for kind, number in keys:
            queue = queues[kind, number]
            while queue and len(chosen) < most:
                claim = queue.pop(len(queue) // 2)
                if claim not in seen and holds(name, claim) is False:
                    seen.add(claim)
                    chosen.append((kind, claim))
                    break
    return chosen


@cache
def judged(name):
    model = replace(stated(name)[1], claims=tuple(claim for _, claim in wrong(name)))
    return derive(model)


every = pytest.mark.parametrize("name", NAMES)


@every
def test_no_wrong_claim_is_proved(name):
    proved = [
        (kind, result["claim"])
        for (kind, _), result in zip(wrong(name), judged(name).claims, strict=True)
        if result["status"] == "proved"
    ]
    assert not proved


@every
def test_every_wrong_claim_is_refuted(name):
    open_ = [result["claim"] for result in judged(name).claims if result["status"] != "refuted"]
    assert not open_


@every
def test_a_derivation_with_a_wrong_claim_is_refuted(name):
    assert judged(name).verdict.value == "refuted"
    assert judged(name).exit_code == 1


def nested(values):
    """The entries of a tensor as a witness writes them, by place."""
    if isinstance(values, list):
        return {(k, *where): value for k, part in enumerate(values) for where, value in nested(part).items()}
    return {(): Fraction(values)}


@every
def test_the_two_sides_of_a_wrong_claim_really_differ_at_its_witness(name):
    text, model = stated(name)
    for (_, claim), result in zip(wrong(name), judged(name).claims, strict=True):
        witness = result["witness"]
        values = {key: nested(value) for key, value in {**witness["data"], **witness["parameters"]}.items()}
        printer = Printer.of(model)
        left, right = printer.text(claim.left), printer.text(claim.right)
        here, free = with_letters(Reading(read(text), witness["sizes"], values), claim, printer)
        at = {i.name: witness["at"][i.name] - 1 for i in free}
        sides = here.value(left, at).value, here.value(right, at).value
        assert differ(*sides)
        for side, written in zip(sides, (witness["left"], witness["right"]), strict=True):
            printed = arb(written) if written.startswith("[") else exact(Fraction(written))
            assert abs(side - printed) < arb("1e-8") * (1 + abs(side))


@every
def test_the_witness_of_a_wrong_claim_satisfies_the_assumptions(name):
    text = read(stated(name)[0])
    for result in judged(name).claims:
        values = {**result["witness"]["data"], **result["witness"]["parameters"]}
        assert assumptions_hold(Reading(text, result["witness"]["sizes"], {k: nested(v) for k, v in values.items()}))


def test_the_wrong_claims_are_many_and_of_every_kind():
    kinds = Counter(kind for name in NAMES for kind, _ in wrong(name))
    known = {
        "sign",
        "factor 2",
        "factor 1/2",
        "factor N",
        "mean for one",
        "mean for sum",
        "off by one",
        "dropped term",
        "dropped factor",
        "sign inside",
        "renamed index",
        "swapped letters",
        "transposed",
        "wrong activation",
        "wrong power",
    }
    assert set(kinds) == known if FULL else len(set(kinds) & known) >= 13
    assert sum(kinds.values()) >= length(400, 1000)
    assert min(len(wrong(name)) for name in NAMES) >= 12


def test_the_claims_that_the_mistakes_start_from_hold():
    assert all(holds(name, claim) is not claim.expect_refuted for name in NAMES for claim in stated(name)[1].claims)


@every
def test_the_mistakes_are_about_every_claim_of_an_entry(name):
    stated_true = {claim.left for claim in stated(name)[1].claims if not claim.expect_refuted}
    assert {claim.left for _, claim in wrong(name)} == stated_true
