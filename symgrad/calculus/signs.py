"""Signs: positivity that can be proved is proved, so that theorems carry as few hypotheses as the mathematics needs."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from symgrad.calculus import rewrite as rw
from symgrad.calculus.normal import meet, normal, tidy
from symgrad.calculus.polynomials import key, poly, written, written_in_order
from symgrad.errors import RuleError
from symgrad.kernel import rules
from symgrad.kernel import terms as t
from symgrad.kernel.program import Program
from symgrad.kernel.program import defined as definedness
from symgrad.kernel.terms import Judgement, closure
from symgrad.kernel.theorem import Theorem, fitting

_STRENGTH = {">": 0, "!=": 1, ">=": 1}


class Signs:
    """Proves signs of terms of one program from the signs that may be supposed."""

    def __init__(self, program: Program, supposed: Iterable[Judgement]) -> None:
        self.program = program
        self.supposed = tuple(j for j in supposed if j.relation != "=")
        self._turning = False
        self._known: dict[tuple[t.Term, bool], Theorem | None] = {}

    def of(self, term: t.Term, depth: int = 0) -> Theorem | None:
        """The strongest sign of ``term`` that is found."""
        asked = term, self._turning
        if depth == 0 or asked not in self._known:
            ways = (self._supposed(term), self._built(term, depth), self._opened(term, depth))
            self._known[asked] = min(filter(None, ways), key=lambda f: _STRENGTH[f.relation], default=None)
        return self._known[asked]

    def prove(self, wanted: Judgement) -> Theorem | None:
        """``⊢ wanted``, if it is found."""
        found = self.of(wanted.left)
        if found is None or (found.relation == ">=" and wanted.relation != ">="):
            found = self._scaled(wanted.left) or found
        if found is None or found.relation == wanted.relation:
            return found
        return rules.sign_weaken(found, wanted.relation) if found.relation == ">" else None

    def _supposed(self, term: t.Term) -> Theorem | None:
        for judgement in self.supposed:
            try:
                names = fitting(judgement.left, term)
            except RuleError:
                continue
            if all(isinstance(i, t.Index) and i.size == letter.size for letter, i in names.items()):
                return rules.hypothesis(self.program, judgement.map(lambda side, names=names: t.renamed(side, names)))  # type: ignore[misc]
        return None

    def _scaled(self, term: t.Term) -> Theorem | None:
        """The sign of a positive number and sizes times a term whose sign is supposed: of a sum, by its mean's."""
        try:
            tidied = tidy(self.program, term)
            now = rw.result(tidied, term)
            for judgement in self.supposed:
                ratio = poly(t.Times((now, t.Power(judgement.left, Fraction(-1)))), expand=False)
                if len(ratio) == 1 and all(isinstance(base, t.Size) for monomial in ratio for base, _ in monomial):
                    grouped = rules.ring(self.program, now, t.Times((written(ratio), judgement.left)))
                    return self._over(rw.chained(tidied, grouped) or grouped, 0)
        except rw.REFUSALS:
            pass
        return None

    def _folded(self, term: t.Term) -> Theorem | None:
        """The supposed sign of a definition, where ``term`` is its body written in another way."""
        for judgement in self.supposed:
            if isinstance(judgement.left, t.Entry) and judgement.left.tensor in self.program.bodies:
                opened = rules.unfold(self.program, judgement.left)
                met = meet(self.program, term, opened.right) if t.letters(term) == t.letters(opened.right) else None
                if met is not None:
                    return rules.sign_equal(
                        rules.trans(met, rules.sym(opened)), rules.hypothesis(self.program, judgement)
                    )
        return None

    def _parts(self, parts: Iterable[t.Term], depth: int) -> tuple[Theorem, ...] | None:
        found = []
        for part in parts:
            sign = self.of(part, depth + 1)
            if sign is None:
                return None
            found.append(sign)
        return tuple(found)

    def _built(self, term: t.Term, depth: int) -> Theorem | None:
        if depth > 60:
            return None
        premises: tuple[Theorem, ...] | None = ()
        match term:
            case t.Plus(parts) | t.Times(parts):
                premises = self._parts(parts, depth)
            case t.Power(base, _):
                premises = self._parts((base,), depth) or ()
            case t.Sum(size, body):
                premises = self._parts((t.opened(body, rw.fresh(size, body)),), depth)
            case t.Entry() | t.Delta() | t.Partial():
                return None
        for known in (premises, ()):
            try:
                return rules.sign(self.program, term, known) if known is not None else None
            except RuleError:
                continue
        return None

    def _opened(self, term: t.Term, depth: int) -> Theorem | None:
        """Through a definition, 1 - sigmoid(u) as sigmoid(-u), or max(u, v) as v plus what u has more."""
        if depth > 60:
            return None
        if isinstance(term, t.Apply) and term.function == "max":
            return self._over(rules.identity(self.program, "max_relu", term.arguments), depth)
        if isinstance(term, t.Entry) and term.tensor in self.program.bodies:
            return self._over(rules.unfold(self.program, term), depth)
        folded = self._folded(term) if depth == 0 else None
        tidied = tidy(self.program, term) if folded is None else None
        if tidied is not None:
            return self._over(tidied, depth)
        if isinstance(term, t.Plus) and folded is None:
            return self._complement(term, depth) or self._negated(term, depth)
        return folded

    def _over(self, equation: Theorem, depth: int) -> Theorem | None:
        sign = self.of(equation.right, depth + 1)
        return rules.sign_equal(equation, sign) if sign else None

    def _negated(self, term: t.Plus, depth: int) -> Theorem | None:
        """u != 0 because -u > 0, where u starts with a negative number or term."""
        opposite = t.Plus(tuple(written_in_order(t.Times((t.MINUS, part))) for part in term.terms))
        if depth > 8 or self._turning:
            return None
        self._turning = True
        try:
            return self._over(rules.ring(self.program, term, t.Times((t.MINUS, opposite))), depth)
        except RuleError:
            return None
        finally:
            self._turning = False

    def _complement(self, term: t.Plus, depth: int) -> Theorem | None:
        try:
            opened = rw.chained(rw.everywhere(_unfolded)(self.program, term), None)
            now = rw.result(opened, term)
            opened = rw.chained(opened, normal(self.program, now))
            now = rw.result(opened, term)
            inner = [p.arguments[0] for p in t.subterms(now) if isinstance(p, t.Apply) and p.function == "sigmoid"]
            for u in inner[:1]:
                law = rules.sym(rules.identity(self.program, "sigmoid_negative", (u,)))
                there = rules.trans(rules.ring(self.program, now, law.left), law)
                return self._over(rw.chained(opened, there) or there, depth)
        except rw.REFUSALS:
            return None
        return None


def _unfolded(program: Program, term: t.Term) -> Theorem | None:
    if isinstance(term, t.Entry) and term.tensor in program.bodies:
        step = rules.unfold(program, term)
        return step if isinstance(step.right, t.Apply) else None
    return None


def stated(theorem: Theorem, assumptions: Iterable[Judgement]) -> Theorem:
    """The theorem as it is printed: definedness added, and every hypothesis that can be proved dropped."""
    program = theorem.program
    waiting = set(theorem.hypotheses | definedness(program, theorem.conclusion))
    given = tuple(a for a in assumptions if a.relation != "=")
    used: list[Theorem] = []

    def order(judgement: Judgement) -> tuple[bool, int, str, str]:
        text = key(judgement.left)
        return judgement.relation != ">", -len(text), text, judgement.relation

    for judgement in sorted(waiting, key=order):
        if judgement.relation == "=" or closure(judgement) in {closure(a) for a in given} or judgement not in waiting:
            continue
        others = sorted((j for j in waiting if j != judgement and j.relation in {">", "!="}), key=order)
        sign = Signs(program, (*given, *others)).prove(judgement)
        if sign is not None and sign.conclusion == judgement and judgement not in sign.hypotheses:
            waiting = waiting - {judgement} | sign.hypotheses
            used.append(sign)
    return rules.state(theorem, tuple(used))
