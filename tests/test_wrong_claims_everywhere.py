"""Wrong claims about every entry of the catalogue: none is proved, not even by a prover that looks at no numbers.

An entry is derived once, and its claims are judged one after the other by what judged those of the file. A claim that
is refuted counts as soon as the sides certainly differ at a point: the smallest counterexample, and what would make
the claim right, are looked for in tests/test_wrong_claims.py.
"""

import random
import signal
from collections import Counter, defaultdict
from contextlib import contextmanager
from dataclasses import replace
from functools import cache

import pytest
from few_entries import LONG
from soundness import FULL, length, record
from test_wrong_claims import SLOW, holds, stated
from wrong_claims import further_variants, variants

from symgrad import catalogue
from symgrad.calculus import derive, engine
from symgrad.calculus.claims import Claims
from symgrad.calculus.search import Question
from symgrad.lang.model import Claim

MOST = length(25, 75)
MOST_OF_THE_LONG = 40
BLIND = 4
"""How many of the wrong claims about an entry are put to the prover without its numbers."""

LIMIT = 10
"""Seconds for one claim, after which it counts as undecided by time."""

EVERY = (*catalogue.names(), "square") if FULL else ("loss_poisson", "unequal_shards")


class OutOfTime(BaseException):
    """Not an exception that a search could take for its own."""


@contextmanager
def limited(seconds):
    def ring(*_):
        raise OutOfTime

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@cache
def derived(name):
    """The derivation of an entry, and what judges claims about it."""
    made = []

    class Kept(Claims):
        def __init__(self, *arguments):
            made.append(arguments)
            super().__init__(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "Claims", Kept)
        derivation = derive(stated(name)[1])
    model, *rest = made[0]
    return derivation, Claims(replace(model, claims=()), *rest)


@cache
def chosen(name):
    """Wrong claims with their mistakes, in turn from every mistake about every claim and every derived gradient."""
    derivation = derived(name)[0]
    bases = [c for c in derivation.model.claims if not c.expect_refuted]
    bases += [Claim(f.left, f.right) for side in (derivation.single, derivation.batch) for f in side.closed.values()]
    queues = defaultdict(list)
    for number, claim in enumerate(dict.fromkeys(bases)):
        for kind, right in (*variants(claim.right, derivation.model.batch.size), *further_variants(claim.right)):
            queues[kind, number].append(replace(claim, right=right))
    keys = sorted(queues)
    random.Random(name).shuffle(keys)
    found, seen, most = [], set(bases), MOST_OF_THE_LONG if FULL and name in LONG | SLOW else MOST
    while any(queues.values()) and len(found) < most:
        for kind, number in keys:
            queue = queues[kind, number]
            while queue and len(found) < most:
                claim = queue.pop(len(queue) // 2)
                if claim not in seen and holds(name, claim) is False:
                    seen.add(claim)
                    found.append((kind, claim))
                    break
    return found


def status(name, claim):
    """What becomes of a claim."""
    try:
        with limited(LIMIT):
            return derived(name)[1]._judge(claim, "wrong", {})["status"]
    except OutOfTime:
        return "out_of_time"


@pytest.fixture
def hasty(monkeypatch):
    """The first certain difference will do, and nothing is tried that would make a claim right."""
    thorough = Question.witness
    monkeypatch.setattr(Question, "witness", lambda self: {} if self.glance() else thorough(self))
    monkeypatch.setattr(Claims, "_hint", lambda *_: None)


def counted(name, campaign, claims):
    found = Counter(status(name, claim) for _, claim in claims)
    found["undecided"] += found["out_of_time"]
    kinds = sorted({kind for kind, _ in claims})
    record(campaign, name, tried=len(claims), entries=1, operators=kinds, **found)
    return found


@pytest.mark.parametrize("name", EVERY)
def test_no_wrong_claim_about_an_entry_is_proved(name, hasty):
    found = counted(name, "wrong_claims", chosen(name))
    assert len(chosen(name)) >= 20
    assert found["proved"] == 0
    assert found["refuted"] >= len(chosen(name)) / 2


@pytest.mark.parametrize("name", EVERY)
def test_a_prover_that_looks_at_no_numbers_proves_no_wrong_claim(name, monkeypatch):
    """Claims are refuted by a glance at numbers before a proof is tried; here the rules alone stand against them."""
    monkeypatch.setattr(Question, "glance", lambda _: False)
    monkeypatch.setattr(Question, "witness", lambda _: None)
    claims = chosen(name)
    found = counted(name, "wrong_claims_blind", claims[:: max(1, len(claims) // BLIND)][:BLIND])
    assert set(found) <= {"undecided", "out_of_time"}
    assert found["undecided"] >= BLIND


def test_the_mistakes_are_of_many_kinds():
    assert len({kind for name in EVERY for kind, _ in chosen(name)}) >= 15


def test_the_claims_of_a_file_are_judged_so_as_it_expects(hasty):
    claims = stated("loss_poisson")[1].claims
    assert {claim.expect_refuted for claim in claims} == {False, True}
    for claim in claims:
        assert status("loss_poisson", claim) == ("refuted" if claim.expect_refuted else "proved")
