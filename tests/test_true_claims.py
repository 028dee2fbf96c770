"""True claims, written in many ways: none may be refuted, whatever cannot be proved."""

import random
import re
from collections import Counter, defaultdict
from dataclasses import replace
from fractions import Fraction
from functools import cache

import pytest
from few_entries import FEW, LONG
from soundness import FULL, length
from true_claims import CHANGES, variants

from symgrad import catalogue
from symgrad.calculus import derive
from symgrad.kernel.terms import ZERO, Number, Times, letters
from symgrad.lang.model import Claim
from symgrad.lang.parser import load_model, parse_model

MOST = length(8, 20)
"""True claims per entry: they are chosen in turn from every rewriting of every gradient."""

THREE = Number(Fraction(3))

NAMES = FEW


@cache
def model(name):
    return load_model(catalogue.find(name))


@cache
def bases(name):
    """What is known to be true of an entry: its claims, and both sides' gradients in closed form, which were proved."""
    found = derive(model(name))
    held = [
        claim for claim, result in zip(found.model.claims, found.claims, strict=True) if result["status"] == "proved"
    ]
    sides = (found.single.closed, found.batch.closed)
    return held + [Claim(formula.left, formula.right) for side in sides for formula in side.values()]


@cache
def true(name):
    """True claims about an entry, each with the rewriting that it comes from; none twice."""
    queues = defaultdict(list)
    for claim in bases(name):
        for kind, changed in variants(claim, model(name).program):
            queues[kind].append(changed)
    chosen, seen, kinds = [], set(), sorted(queues)
    random.Random(name).shuffle(kinds)
    while any(queues.values()) and len(chosen) < MOST:
        for kind in kinds:
            queue = queues[kind]
            while queue and len(chosen) < MOST:
                claim = queue.pop()
                if claim not in seen:
                    seen.add(claim)
                    chosen.append((kind, claim))
                    break
    return chosen


@cache
def judged(name):
    return derive(replace(model(name), claims=tuple(claim for _, claim in true(name)), expected=frozenset())).claims


every = pytest.mark.parametrize("name", NAMES)


@every
def test_no_true_claim_is_refuted(name):
    assert not [result["claim"] for result in judged(name) if result["status"] == "refuted"]


@every
def test_few_true_claims_are_left_undecided(name):
    open_ = [kind for (kind, _), result in zip(true(name), judged(name), strict=True) if result["status"] != "proved"]
    assert len(open_) <= max(1, len(true(name)) // 10), Counter(open_)


def test_the_true_claims_are_many_and_of_every_kind():
    kinds = Counter(kind for name in NAMES for kind, _ in true(name))
    assert set(CHANGES) < set(kinds)
    assert sum(kinds.values()) >= length(300, 500)


@every
def test_what_is_made_wrong_is_refuted_by_the_same_means(name):
    """So the first test can fail: three times a true right side is not right."""
    wrong = [
        replace(claim, right=Times((THREE, claim.right)))
        for _, claim in true(name)[: length(1, 2)]
        if claim.right != ZERO
    ]
    found = derive(replace(model(name), claims=tuple(wrong), expected=frozenset())).claims
    assert found
    assert {result["status"] for result in found} == {"refuted"}


@pytest.mark.parametrize("name", [name for name in NAMES if not model(name).expected and (FULL or name not in LONG)])
def test_other_names_change_no_verdict(name):
    """Every tensor, letter and size with another name, in another order of the alphabet."""
    here = model(name)
    tensors = [tensor for tensor in here.program.tensors if tensor not in {"loss", "objective"}]
    words = [*tensors, *(i.name for i in here.letters), *dict.fromkeys(i.size for i in here.letters)]
    words += {i.name for claim in here.claims for side in (claim.left, claim.right) for i in letters(side)} - {*words}
    new = {word: f"{chr(ord('z') - k % 26)}{k}x" for k, word in enumerate(dict.fromkeys(words))}
    text = catalogue.find(name).read_text(encoding="utf-8")
    told = [line for line in text.splitlines() if not line.startswith(("#", "title", "source"))]
    pattern = re.compile(rf"\b({'|'.join(new)})\b(?!\()")  # d( is a derivative, d an index
    changed = derive(parse_model(pattern.sub(lambda m: new[m[1]], "\n".join(told)), name))
    assert changed.verdict.value == "proved"
    assert [c["status"] for c in changed.claims] == ["refuted" if c.expect_refuted else "proved" for c in here.claims]
