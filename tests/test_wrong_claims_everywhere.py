"""Wrong claims about every entry of the catalogue: none is proved, not even by a prover that looks at no numbers."""

from collections import Counter
from dataclasses import replace

import pytest
from few_entries import LONG
from soundness import FULL, length, record
from test_wrong_claims import NAMES, SLOW, TIED, stated, wrong

from symgrad import catalogue
from symgrad.calculus import derive
from symgrad.calculus.search import Question

MOST = length(12, 80)
MOST_OF_THE_LONG = 30
BLIND = length(6, 20)
"""How many of the wrong claims about an entry are put to the prover without its numbers."""

EVERY = (*catalogue.names(), "square") if FULL else ("loss_poisson", "unequal_shards")


def chosen(name):
    return wrong(name, MOST_OF_THE_LONG if FULL and name in LONG | SLOW else MOST)


def status(name, claims):
    """What becomes of claims."""
    model = replace(stated(name)[1], claims=tuple(claim for _, claim in claims), expected=frozenset())
    return [result["status"] for result in derive(model).claims]


@pytest.mark.parametrize("name", EVERY)
def test_no_wrong_claim_about_an_entry_is_proved(name):
    found = status(name, chosen(name))
    kinds = [kind for kind, _ in chosen(name)]
    record("wrong_claims", name, tried=len(found), entries=1, operators=sorted(set(kinds)), **Counter(found))
    assert len(found) >= 10
    assert "proved" not in found


@pytest.mark.parametrize("name", EVERY)
def test_a_prover_that_looks_at_no_numbers_proves_no_wrong_claim(name, monkeypatch):
    """Claims are refuted by a glance at numbers before a proof is tried; here the rules alone stand against them."""
    claims = chosen(name)[:BLIND]
    monkeypatch.setattr(Question, "glance", lambda _: False)
    monkeypatch.setattr(Question, "witness", lambda _: None)
    found = status(name, claims)
    record("wrong_claims_blind", name, tried=len(found), **Counter(found))
    assert set(found) == {"undecided"}


def test_every_entry_has_its_wrong_claims():
    assert set(catalogue.names()) >= TIED
    assert not FULL or set(NAMES) <= set(EVERY)
