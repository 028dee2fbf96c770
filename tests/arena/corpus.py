"""Good and bad certificates, the same on every run.

Good: small proofs by hand, one for each way in which a rule may be used, and proofs of entries of the catalogue.

Bad, and known to be without asking any checker: steps by hand that no rule allows, or whose conclusion is false; models
and texts that say nothing; and good certificates that were altered so that they cannot be right any more (``ALTERED``
says why), with the hash that belongs to them.
"""

import copy
import json
import random
from dataclasses import dataclass

import test_checker
from certificates import LEANING, MODEL, Certificate, eq, num, proof, sealed

ENTRIES = ("linear_regression", "logistic_regression", "mean_with_sample_weight", "softmax_regression")
MALFORMED = (
    "cut short",
    "another format",
    "a key twice",
    "a row that is itself",
    "a step that stands below",
    "a rule that is none",
)
EACH = 16
"""How many certificates are altered in each way."""


@dataclass(frozen=True)
class Case:
    """A goal and a certificate as texts; ``good`` says whether the one follows by the other."""

    name: str
    good: bool
    goal: str
    certificate: str


def good():
    """By hand, and of the catalogue."""
    for name, parts in test_checker.ACCEPTED.items():
        goal, certificate = proof(*parts)
        yield Case(name, True, json.dumps(goal), json.dumps(certificate))
    yield from of_the_catalogue()


def of_the_catalogue():
    from symgrad import catalogue
    from symgrad.calculus import derive
    from symgrad.lang.parser import load_model

    for name in ENTRIES:
        found = derive(load_model(catalogue.find(name)))
        yield Case(f"entry {name}", True, found.goal(), found.certificate())


def bad(proofs):
    """What no checker may accept; some of it is made of good ``proofs``."""
    yield from by_hand()
    yield from altered(proofs)


def by_hand():
    one = num(1)
    for model, table in ((MODEL, test_checker.REFUSED), (LEANING, test_checker.LEANT_REFUSED)):
        for name, (steps, _) in table.items():
            yield _case(name, *proof(steps, "batch", eq(one, one), model=model))
    for name, (steps, judgement, given, reason) in test_checker.FORGED.items():
        made = Certificate()
        for step in steps:
            made.step(*step)
        made.step("state", *((0, [len(steps) - 1]) if "(state)" in reason else (len(steps) - 1, [])))
        made.statement("it", "batch", given, judgement)
        yield _case(name, made.goal(), made.certificate())
    for name, (alter, verdict) in test_checker.GOALS.items():
        if verdict == "refused":
            goal = copy.deepcopy(test_checker.GOAL)
            alter(goal["model"])
            yield _case(name, goal, test_checker.CERTIFICATE)
    for name in MALFORMED:
        yield Case(name, False, json.dumps(test_checker.GOAL), test_checker.TEXTS[name])


def _case(name, goal, certificate):
    return Case(name, False, json.dumps(goal), json.dumps(certificate))


# Each way is told goal, certificate and a source of chance; it changes both in place, or says False where it cannot.


def another_goal(goal, certificate, draw):
    """The goal says twice as much on the right as the certificate."""
    statement = draw.choice(goal["statements"])
    if statement[3][0] != "=":
        return False
    statement[3][2] = ["times", [num(2), statement[3][2]]]
    return True


def forged_statement(goal, certificate, draw):
    """Goal and certificate state u + 1 = v where steps conclude u = v: both cannot hold."""
    k = draw.randrange(len(certificate["statements"]))
    statement = certificate["statements"][k]
    (wanted,) = [one for one in goal["statements"] if one[0] == statement[0]]
    if statement[3][0] != "=":
        return False
    rows = certificate["terms"]
    rows += [row for row in (["number", "1"],) if row not in rows]
    rows.append(["plus", [statement[3][1], rows.index(["number", "1"])]])
    statement[3][1] = len(rows) - 1
    wanted[3][1] = ["plus", [wanted[3][1], num(1)]]
    return True


def other_sign(goal, certificate, draw):
    """Goal and certificate state another relation than what was concluded."""
    k = draw.randrange(len(certificate["statements"]))
    statement = certificate["statements"][k]
    (wanted,) = [one for one in goal["statements"] if one[0] == statement[0]]
    other = {">": "=", ">=": "=", "!=": "=", "=": "!="}.get(statement[3][0])
    if other is None:
        return False
    statement[3][0] = wanted[3][0] = other
    return True


def later_premise(goal, certificate, draw):
    """A step rests on itself."""
    places = [
        (k, at)
        for k, (rule, given) in enumerate(certificate["steps"])
        for at, code in enumerate(test_checker.SHAPES[rule])
        if code == "s"
    ]
    if not places:
        return False
    k, at = draw.choice(places)
    certificate["steps"][k][1][at] = k
    return True


def other_rule(goal, certificate, draw):
    """A law is called by the name of one that is about another construct."""
    laws = [
        ["sum_split", "sum_exchange"],
        ["partial_plus", "partial_times", "partial_power", "partial_apply", "partial_sum"],
    ]
    places = [(step, law) for step in certificate["steps"] for law in laws if step[0] in law]
    if not places:
        return False
    step, law = draw.choice(places)
    step[0] = draw.choice([name for name in law if name != step[0]])
    return True


def lost_step(goal, certificate, draw):
    """The step that states something is gone."""
    places = [k for k, step in enumerate(certificate["steps"]) if step[0] == "state"]
    del certificate["steps"][draw.choice(places)]
    return True


def _stated(certificate, kinds):
    """Rows of some kinds in what is stated."""
    found, todo = set(), [row for statement in certificate["statements"] for row in statement[3][1:]]
    while todo:
        row = todo.pop()
        if row not in found:
            found.add(row)
            kind, *parts = certificate["terms"][row]
            for part, code in zip(parts, test_checker.checker.PARTS[kind][0], strict=True):
                todo += [part] if code == "t" else part if code == "T" else []
    return [row for row in sorted(found) if certificate["terms"][row][0] in kinds]


def other_number(goal, certificate, draw):
    """A number in what the certificate states is not that of the goal; all steps speak of it alike."""
    rows = _stated(certificate, ("number",))
    if not rows:
        return False
    certificate["terms"][draw.choice(rows)][1] = "17/5"
    return True


def other_name(goal, certificate, draw):
    """A tensor in what the certificate states is not that of the goal; all steps speak of it alike."""
    rows = _stated(certificate, ("entry",))
    places = [
        (row, name)
        for row in rows
        for name, _, shape in goal["model"]["inputs"]
        if name != certificate["terms"][row][1] and len(shape) == len(certificate["terms"][row][2])
    ]
    if not places:
        return False
    row, name = draw.choice(places)
    certificate["terms"][row][1] = name
    return True


def lost_hypothesis(goal, certificate, draw):
    """Goal and certificate leave out a hypothesis of what is stated."""
    places = [statement for statement in certificate["statements"] if statement[2]]
    if not places:
        return False
    statement = draw.choice(places)
    (wanted,) = [one for one in goal["statements"] if one[0] == statement[0]]
    at = draw.randrange(len(wanted[2]))
    if len(wanted[2]) != 1:
        return False
    del wanted[2][at]
    del statement[2][at]
    return True


def other_model(goal, certificate, draw):
    """The same proof for another program: a definition is one more than it was, and steps unfold it."""
    unfolded = {
        certificate["terms"][given[1]][1]
        for rule, given in certificate["steps"]
        if rule == "unfold" and given[0] == "batch"
    }
    places = [definition for definition in goal["model"]["definitions"] if definition[0] in unfolded]
    if not places:
        return False
    definition = draw.choice(places)
    definition[2] = ["plus", [definition[2], num(1)]]
    return True


ALTERED = (
    another_goal,
    forged_statement,
    other_sign,
    later_premise,
    other_rule,
    lost_step,
    other_number,
    other_name,
    lost_hypothesis,
    other_model,
)


def altered(proofs):
    """Good certificates, each altered in one way."""
    for way in ALTERED:
        draw, made = random.Random(way.__name__), 0
        for case in draw.sample(proofs, len(proofs)):
            goal, certificate = json.loads(case.goal), json.loads(case.certificate)
            if made < EACH and way(goal, certificate, draw):
                made += 1
                yield _case(f"{case.name}: {way.__name__.replace('_', ' ')}", goal, sealed(certificate))
