"""The kernel and the checker, two programs, conclude the same from the same, and refuse the same."""

import json

import pytest
import test_checker
from certificates import LEANING, MODEL, SHAPES
from test_checker_in_numbers import ALONE, COUPLED, INPUTS, Draw, theorems

from symgrad import checker
from symgrad.errors import LimitError, SymgradError
from symgrad.kernel import rules as kernel
from symgrad.kernel import terms as t
from symgrad.kernel.program import Definition, Program, Tensor, single
from symgrad.kernel.theorem import RULES


class Both:
    """The checker's rules, each followed by the kernel's on the same arguments; what differs is noted."""

    def __init__(self, rules):
        self.rules, self.terms, self.batch, self.single = rules, rules.terms, rules.batch, rules.single
        batch = self.program(rules.batch)
        self.programs = {id(rules.batch): batch, id(rules.single): single(batch)}
        self.twins, self.differences, self.compared, self.refused = {}, [], 0, 0

    def program(self, program):
        inputs = [
            Tensor(name, kind, program.shapes[name]) for name, kind in program.kinds.items() if kind != "definition"
        ]
        definitions = [
            Definition(name, tuple(t.Index(*letter) for letter in program.letters[name]), self.term(body))
            for name, body in program.definitions.items()
        ]
        return Program(program.batch, tuple(inputs), tuple(definitions))

    def place(self, place):
        return place if isinstance(place, int) else t.Index(*place)

    def term(self, term):
        kind, label, places, kids = self.terms[term][:4]
        parts, places = tuple(self.term(kid) for kid in kids), tuple(self.place(place) for place in places)
        return {
            "number": lambda: t.Number(label),
            "size": lambda: t.Size(label),
            "entry": lambda: t.Entry(label, places),
            "delta": lambda: t.Delta(*places),
            "plus": lambda: t.Plus(parts),
            "times": lambda: t.Times(parts),
            "power": lambda: t.Power(*parts, label),
            "apply": lambda: t.Apply(label, parts),
            "sum": lambda: t.Sum(label, *parts),
            "largest": lambda: t.Largest(label, *parts),
            "total": lambda: t.Partial(*parts, True),
            "direct": lambda: t.Partial(*parts, False),
        }[kind]()

    def judgement(self, judgement):
        relation, left, right = judgement
        return t.Judgement(relation, self.term(left), self.term(right))

    def twin(self, argument, shape):
        """An argument as the kernel wants it."""
        if shape.isupper():
            return tuple(self.twin(part, shape.lower()) for part in argument)
        read = {"g": lambda it: self.programs[id(it)], "t": self.term, "s": self.twins.get, "j": self.judgement}
        return read.get(shape, lambda it: it)(argument)

    def __getattr__(self, family):
        """A rule of the checker, or a family of them."""

        def both(*arguments):
            name, given = (arguments[0], arguments[1:]) if family in ("sum", "partial") else (family, arguments)
            if name not in checker.RULES or name not in kernel.__dict__:
                raise checker.RefusedError("no rule of both")
            shapes = checker.RULES[name][0]
            try:
                made = getattr(self.rules, family)(*arguments)
            except checker.RefusedError:
                made = None
            try:
                mapped = [self.twin(argument, shape) for argument, shape in zip(given, shapes, strict=True)]
                other = getattr(kernel, name)(*mapped)
            except LimitError:
                raise checker.RefusedError("too much") from None
            except SymgradError:
                other = None
            told = f"{name}: {mapped}"
            self.compared += made is not None
            self.refused += made is None
            if (made is None) != (other is None):
                self.differences.append((name, "the kernel alone" if made is None else "the checker alone", told))
            if made is None or other is None:
                raise checker.RefusedError("refused")
            same = other.sequent.conclusion == self.judgement(made.judgement)
            same &= other.sequent.hypotheses == {self.judgement(one) for one in made.hypotheses}
            same &= name == "state" or other.sequent.uses == made.uses
            if not same or other.sequent.program != self.programs[id(made.program)]:
                self.differences.append((name, "another conclusion", told))
            self.twins[made] = other
            return made

        return both


@pytest.mark.parametrize("definitions", [COUPLED, ALONE], ids=["coupled", "alone"])
@pytest.mark.parametrize("seed", range(100, 106))
def test_kernel_and_checker_agree_on_random_steps(seed, definitions):
    """Also about what they refuse; only the checker knows ``>=`` as a hypothesis, and the kernel wants none."""
    model = {"batch": "N", "inputs": INPUTS, "definitions": definitions, "assumptions": []}
    rules, _ = checker.read_goal(checker.Terms(), json.dumps({"format": 1, "model": model, "statements": []}))
    both = Both(rules)
    theorems(Draw(seed).set(both, definitions), both, 40)
    assert both.compared > 50
    assert both.refused > 20
    odd = [(name, kind, told) for name, kind, told in both.differences if name != "hypothesis"]
    assert odd == []
    assert all(kind == "the checker alone" and " >= " in told for _, kind, told in both.differences)


def test_the_checker_knows_every_rule_of_the_kernel():
    assert set(RULES) <= set(checker.RULES)


def step_by_step(steps, model):
    """Steps as tests of the checker write them, until one is refused; what differs."""
    rules, _ = checker.read_goal(checker.Terms(), json.dumps({"format": 1, "model": model, "statements": []}))
    both, made = Both(rules), []
    reader = checker.Reader(both.terms)
    read = {
        "g": {"batch": rules.batch, "single": rules.single}.get,
        "t": reader.term,
        "s": made.__getitem__,
        "j": lambda judgement: tuple(reader.fields(judgement, "rtt")),
    }
    for rule, *arguments in steps:
        given = [rule] if rule not in dir(checker.Rules) else []
        for shape, argument in zip(SHAPES[rule], arguments, strict=True):
            form = read.get(shape.lower(), lambda it: it)
            given.append(tuple(map(form, argument)) if shape.isupper() else form(argument))
        try:
            made.append(getattr(both, rule if rule in dir(checker.Rules) else rule.split("_")[0])(*given))
        except checker.RefusedError:
            break
    return [difference[:2] for difference in both.differences]


CASES = {
    **{case: (steps, MODEL) for case, (steps, *_) in test_checker.ACCEPTED.items()},
    **{case: (steps, MODEL) for case, (steps, _) in test_checker.REFUSED.items()},
    **{case: (steps, LEANING) for case, (steps, _) in test_checker.LEANT_REFUSED.items()},
    **{case: (steps, MODEL) for case, (steps, *_) in test_checker.FORGED.items()},
}


@pytest.mark.parametrize("case", CASES)
def test_kernel_and_checker_agree_on_the_cases_of_the_checker(case):
    known = {("hypothesis", "the checker alone")} if ">=" in json.dumps(CASES[case]) else set()
    assert set(step_by_step(*CASES[case])) <= known
