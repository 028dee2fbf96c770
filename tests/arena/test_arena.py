"""The arena: checkers, each a process of its own, and certificates of which it is known whether they are good."""

from collections import Counter
from functools import cache

import corpus
import pytest
from judges import ACCEPT, BASELINES, BROKEN, CHECKER, JUDGES, REJECT
from soundness import length, record

EVERY = length(8, 1)
"""Of how many certificates one is given to the checkers."""


@cache
def certificates():
    """All good and all bad ones."""
    good = list(corpus.good())
    return good, list(corpus.bad(good))


@cache
def verdicts(judge, folder):
    """What a checker says of the certificates, the good ones first."""
    found = []
    for cases in certificates():
        said = {}
        for case in cases[::EVERY]:
            goal, certificate = folder / "goal.json", folder / "certificate.json"
            goal.write_text(case.goal, encoding="utf-8")
            certificate.write_text(case.certificate, encoding="utf-8")
            said[case.name] = judge.verdict(goal, certificate)
        found.append(said)
    return found


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("arena")


def share(said, verdict):
    return Counter(said.values())[verdict] / len(said)


def test_there_are_enough_certificates_and_each_has_a_name_of_its_own():
    good, bad = certificates()
    assert min(len(good), len(bad)) >= 100
    assert len({case.name for case in good}) == len(good)
    ways = Counter(case.name.rpartition(": ")[2] for case in bad)
    assert all(ways[way.__name__.replace("_", " ")] >= 5 for way in corpus.ALTERED)


def test_what_was_altered_is_another_certificate_or_another_goal():
    good, bad = certificates()
    known = {(case.goal, case.certificate) for case in good}
    assert not [case.name for case in bad if (case.goal, case.certificate) in known]


@pytest.mark.parametrize("judge", JUDGES, ids=lambda judge: judge.name)
def test_what_each_checker_says_is_counted(judge, folder):
    good, bad = verdicts(judge, folder)
    counts = {"good": len(good), "bad": len(bad)}
    counts |= {"good_accepted": Counter(good.values())[ACCEPT], "bad_rejected": Counter(bad.values())[REJECT]}
    wrong = [name for name, said in good.items() if said == REJECT]
    wrong += [name for name, said in bad.items() if said == ACCEPT] if judge == CHECKER else []
    record("arena", judge.name, judges={judge.name: counts})
    assert BROKEN not in {*good.values(), *bad.values()}
    assert judge != CHECKER or not wrong


def test_the_checker_accepts_every_good_certificate(folder):
    good, _ = verdicts(CHECKER, folder)
    assert {name: said for name, said in good.items() if said != ACCEPT} == {}


def test_the_checker_rejects_every_bad_certificate(folder):
    _, bad = verdicts(CHECKER, folder)
    assert {name: said for name, said in bad.items() if said != REJECT} == {}


def test_checkers_that_know_nothing_score_nothing(folder):
    """Of the bad certificates; so a perfect score says something."""
    rejected = {judge.name: share(verdicts(judge, folder)[1], REJECT) for judge in BASELINES}
    assert rejected["always accept"] == 0
    assert rejected["always reject"] == 1
    assert rejected["parse only"] <= 0.15
    assert share(verdicts(BASELINES[1], folder)[0], ACCEPT) == 0
    assert share(verdicts(BASELINES[2], folder)[0], ACCEPT) == 1
