"""Coq as a third judge: asked whether the closed forms that a goal states are the derivatives.

Coq knows nothing of certificates, and sees a goal as the development of its model. So it is asked about the entries of
the catalogue among the good certificates, and about the bad ones that the same alterations of the arena make of them,
each of one closed form; steps, rows and names that were altered never reach it.
"""

import json
import re
import subprocess
from fractions import Fraction

import corpus
import pytest
from coq_mutants import judged
from judges import ACCEPT, REJECT
from soundness import FULL, record

from symgrad.export.coq import develop, library
from symgrad.kernel import terms as t

ENTRIES = corpus.ENTRIES if FULL else ("logistic_regression",)
STATED = {"sample": "gradient_of_loss_by_", "batch": "gradient_of_objective_by_"}
"""What the closed forms of a goal are called, and the theorems of a development about them."""

pytestmark = pytest.mark.coq


class Chosen:
    """A source of chance that always draws the statement of one name."""

    def __init__(self, name):
        self.name = name

    def choice(self, statements):
        return next(one for one in statements if one[0] == self.name)

    def randrange(self, _):
        return self.at


def term(node):
    """A term of a goal."""
    match node:
        case ["number", value]:
            return t.Number(Fraction(value))
        case ["size", name]:
            return t.Size(name)
        case ["entry", tensor, places]:
            return t.Entry(tensor, tuple(p if isinstance(p, int) else t.Index(*p) for p in places))
        case ["plus", parts]:
            return t.Plus(tuple(map(term, parts)))
        case ["times", parts]:
            return t.Times(tuple(map(term, parts)))
        case ["power", base, exponent]:
            return t.Power(term(base), Fraction(exponent))
        case ["apply", function, parts]:
            return t.Apply(function, tuple(map(term, parts)))
        case ["sum", size, body]:
            return t.Sum(size, term(body))
    raise AssertionError(f"the goals of these entries have no {node[0]}")


def claimed(statement):
    """The derivative that a statement claims: from ``root = right``, or ``root + more = right``."""
    _, left, right = statement[3]
    if left[0] == "plus":
        left, *more = left[1]
        right = ["plus", [right, *(["times", [["number", "-1"], part]] for part in more)]]
    assert left[0] == "total"
    return term(right)


def altered(case, name):
    """The case, with one statement altered in each way that alters what is stated."""
    for way in (corpus.another_goal, corpus.forged_statement):
        goal, certificate = json.loads(case.goal), json.loads(case.certificate)
        draw = Chosen(name)
        draw.at = next(k for k, one in enumerate(certificate["statements"]) if one[0] == name)
        assert way(goal, certificate, draw) is not False
        yield f"{case.name}, {name}: {way.__name__}", goal


def verdict(folder, development, goal):
    """What coqc says of the closed forms of a goal: it accepts all of them, or refuses one."""
    stated = {one[0]: one for one in goal["statements"]}
    lines = []
    for gradient in development.gradients:
        kind, prefix = next((k, p) for k, p in STATED.items() if gradient.name.startswith(p))
        text = gradient.text(claimed(stated[f"{kind} {gradient.name.removeprefix(prefix)}"]))
        lines.append(judged(f"judged_{len(lines)}", gradient, text) + "\n")
    before, end, _ = development.text.partition("End Derivation.\n")
    (folder / "Judged.v").write_text(before + "".join(lines) + end)
    command = ["coqc", "-q", "-w", "none", "-Q", ".", "", "Judged.v"]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=600)
    at = re.search(r"line (\d+)", ran.stderr)
    assert ran.returncode == 0 or int(at[1]) > before.count("\n"), ran.stderr  # else the development itself is refused
    return ACCEPT if ran.returncode == 0 else REJECT


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("judge")
    (made / "Symgrad.v").write_text(library())
    subprocess.run(["coqc", "-q", "-Q", ".", "", "Symgrad.v"], cwd=made, check=True)
    return made


@pytest.fixture(scope="module")
def cases():
    return {case.name.removeprefix("entry "): case for case in corpus.of_the_catalogue()}


def test_coq_accepts_the_closed_forms_of_good_goals_and_rejects_altered_ones(derived, folder, cases):
    good, bad = {}, {}
    for name in ENTRIES:
        development = develop(derived(name))
        good[name] = verdict(folder, development, json.loads(cases[name].goal))
        asked = [one[0] for one in json.loads(cases[name].goal)["statements"] if one[0].split()[0] in STATED]
        assert len(asked) == len(development.gradients) > 0
        for statement in asked if FULL else asked[:1]:
            for what, goal in altered(cases[name], statement):
                bad[what] = verdict(folder, development, goal)
    counts = {"good": len(good), "good_accepted": list(good.values()).count(ACCEPT)}
    counts |= {"bad": len(bad), "bad_rejected": list(bad.values()).count(REJECT)}
    record("arena", "Coq", judges={"Coq": counts})
    assert {name for name, said in good.items() if said != ACCEPT} == set()
    assert {name for name, said in bad.items() if said != REJECT} == set()
