"""Claims: what somebody believes, proved or refuted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from symgrad.calculus import numbers
from symgrad.calculus import rewrite as rw
from symgrad.calculus.effort import EffortError, limited
from symgrad.calculus.hints import repairs
from symgrad.calculus.local import FOLDED, SHORTEST, Chain, assumed, simplify
from symgrad.calculus.normal import meet, normal, tidy
from symgrad.calculus.polynomials import key
from symgrad.calculus.reverse import Letters, Reverse, first_of
from symgrad.calculus.search import Question
from symgrad.calculus.signs import stated
from symgrad.kernel import rules
from symgrad.kernel import terms as t
from symgrad.kernel.program import ancestors, mentioned, reached
from symgrad.kernel.theorem import Theorem
from symgrad.lang.model import Claim, Model
from symgrad.lang.text import Printer
from symgrad.oracles.points import reach

LARGEST = 4_000
"""Sides whose texts are longer than this together are not opened further: nobody would read the proof."""


class Claims:
    """Judges every claim of a model.

    Attributes:
        results: for each claim its text, status, and witness or residual.
        chains: the proofs of those that hold.
    """

    def __init__(
        self, model: Model, letters: Letters, statements: dict[str, Theorem], known: dict[str, dict[str, Theorem]]
    ) -> None:
        self.model, self.program, self.letters = model, model.program, letters
        self.known = known
        self.reverses: dict[str, Reverse] = {}
        self.results: list[dict[str, Any]] = []
        self.chains: list[Chain] = []
        self.printer = Printer.of(model)
        for number, claim in enumerate(model.claims, 1):
            self.results.append(self._judge(claim, f"claim {number}", statements))

    def _judge(self, claim: Claim, name: str, statements: dict[str, Theorem]) -> dict[str, Any]:
        text = f"{self.printer.text(claim.left)} = {self.printer.text(claim.right)}"
        result: dict[str, Any] = {"claim": text, "expected": claim.expect_refuted}
        chain = Chain(self.program, claim.left)
        self._derive(chain)
        theorem = self._proof(chain, claim)
        if theorem is not None:
            statements[name] = stated(theorem, self.model.assumptions)
            self.chains.append(chain)
            return result | {"status": "proved"}
        question = self._question(chain, claim)
        witness = question.witness()
        if witness is not None:
            result |= {"status": "refuted", "witness": witness, "derived": self.printer.text(chain.right)}
            hint = self._hint(claim)
            return result | ({"hint": hint} if hint else {})
        residual = f"{self.printer.text(chain.right)} against {self.printer.text(claim.right)}; {question.given_up}"
        return result | {"status": "undecided", "residual": residual}

    def _proof(self, chain: Chain, claim: Claim) -> Theorem | None:
        """The claim as a theorem: at once, or by opening definitions, unless a glance at numbers forbids it."""
        try:
            with limited():
                return self._found(chain, claim)
        except EffortError:
            return None

    def _found(self, chain: Chain, claim: Claim) -> Theorem | None:
        theorem = self._meet(chain, claim.right, range(1))
        if theorem is None and not self._question(chain, claim).glance():
            theorem = (
                self._level(chain, claim.right)
                or self._meet(chain, claim.right, range(1, 6))
                or self._single(chain, claim.right)
            )
        return theorem

    def _hint(self, claim: Claim) -> dict[str, str] | None:
        """One change of the right side with which the claim is proved."""
        derived = Chain(self.program, claim.left)
        self._derive(derived)
        for repair in repairs(self.model, claim):
            changed = replace(claim, right=repair.right)
            if self._question(derived, changed).glance():
                continue
            chain = Chain(self.program, claim.left)
            self._derive(chain)
            if self._proof(chain, changed) is not None:
                subject = repair.subject if isinstance(repair.subject, str) else self.printer.text(repair.subject)
                return {"kind": repair.kind, "subject": subject, "right": self.printer.text(repair.right)}
        return None

    def reverse(self, root: t.Entry) -> Reverse:
        """Reverse mode from an entry of the batch program, at letters of its own; kept for the next claim."""
        if root.tensor not in self.reverses:
            shape = self.program.tensors[root.tensor].shape
            found: list[t.Index] = []
            for size in shape:
                found.append(self.letters.pick(size, found))
            self.reverses[root.tensor] = Reverse(
                self.program, t.Entry(root.tensor, tuple(found)), self.letters, self.model.assumptions, of_data=True
            )
        return self.reverses[root.tensor]

    def _derive(self, chain: Chain) -> None:
        """Replace every derivative on the left by its closed form."""
        partials = [p for p in t.subterms(chain.left) if isinstance(p, t.Partial)]
        for partial in partials:
            root, wrt = partial.body, partial.wrt
            if not isinstance(root, t.Entry):
                continue
            if root.tensor == wrt.tensor:
                chain.add(first_of([rules.partial_entry(self.program, partial)]))
            elif wrt.tensor not in ancestors(self.program, root.tensor):
                chain.add(first_of([rules.partial_constant(self.program, partial)]))
            else:
                equation = self._known(root, partial)
                chain.cites.append(equation)
                chain.add(first_of([equation]))
        if partials:
            simplify(chain, self.model.assumptions, thorough=True)

    def _known(self, root: t.Entry, partial: t.Partial) -> Theorem:
        """The derivative in closed form: one that the derivation has already, or by reverse mode from ``root``."""
        found = self.known.get(root.tensor, {}).get(partial.wrt.tensor)
        if found is not None and rw.using(found)(self.program, partial) is not None:
            return found
        cotangent = self.reverse(root).cotangents[partial.wrt.tensor]
        return cotangent.closed or cotangent.equation

    def _meet(self, chain: Chain, right: t.Term, depths: range) -> Theorem | None:
        """Close the chain with the claimed side, opening more of the definitions and identities at each depth."""
        program, opened, steps = self.program, rw.repeated(rw.everywhere(_open)), rw.repeated(rw.everywhere(_steps))
        ways: tuple[tuple[rw.Conversion, ...], ...] = (
            (),
            (self._assume,),
            (opened, self._assume),
            (opened, rw.repeated(rw.everywhere(_exponentials)), self._assume),
            (opened, steps, steps, self._assume),  # multiplied out, steps meet their like: step(u)^2
            (rw.everywhere(_flattened), opened, steps, steps, self._assume),
        )
        for depth in depths:
            try:
                there, back = chain.right, right
                to: Theorem | None = None
                fro: Theorem | None = None
                for way in ways[depth]:
                    for convert in (way, normal):
                        to = rw.chained(to, convert(program, rw.result(to, there)))
                        fro = rw.chained(fro, convert(program, rw.result(fro, back)))
                middle = meet(program, rw.result(to, there), rw.result(fro, back))
            except rw.REFUSALS:
                continue
            if middle is not None:
                whole = rw.chained(rw.chained(to, middle), rules.sym(fro) if fro else None)
                chain.add(whole)
                return chain.theorem()
        return None

    def _level(self, chain: Chain, right: t.Term) -> Theorem | None:
        """Close the chain by opening only the definitions that one side alone mentions, the last of the program first.

        What both sides mention stays closed: so it may stand under a root without being multiplied out there.
        """
        program, ways = self.program, (None, self._assume, _shortened)
        to: Theorem | None = None
        fro: Theorem | None = None
        while True:
            there, back = rw.result(to, chain.right), rw.result(fro, right)
            alone = {d.name for d in program.definitions} & (mentioned(there) ^ mentioned(back))
            if not alone or len(key(there)) + len(key(back)) > LARGEST:
                return None
            last = next(d.name for d in reversed(program.definitions) if d.name in alone)
            opened = rw.everywhere(rw.opening(last))
            to, fro = rw.chained(to, opened(program, there)), rw.chained(fro, opened(program, back))
            there, back = rw.result(to, chain.right), rw.result(fro, right)
            for way in ways:
                try:
                    first, second = (way(program, there), way(program, back)) if way else (None, None)
                    middle = meet(program, rw.result(first, there), rw.result(second, back))
                except rw.REFUSALS:
                    continue
                if middle is not None:
                    end = rw.chained(fro, second)
                    whole = rw.chained(rw.chained(rw.chained(to, first), middle), rules.sym(end) if end else None)
                    chain.add(whole)
                    return chain.theorem()

    def _single(self, chain: Chain, right: t.Term) -> Theorem | None:
        """Close the chain by opening one definition that both sides mention, such as the root that one side holds."""
        program = self.program
        shared = mentioned(chain.right) & mentioned(right)
        for name in (d.name for d in program.definitions if d.name in shared):
            opened = rw.everywhere(rw.opening(name))
            to, fro = opened(program, chain.right), opened(program, right)
            try:
                middle = meet(program, rw.result(to, chain.right), rw.result(fro, right))
            except rw.REFUSALS:
                continue
            if middle is not None:
                chain.add(rw.chained(rw.chained(to, middle), rules.sym(fro) if fro else None))
                return chain.theorem()
        return None

    def _assume(self, program: Any, term: t.Term) -> Theorem | None:
        done = normal(program, term)
        step = rw.everywhere(assumed(program, self.model.assumptions))(program, rw.result(done, term))
        return rw.chained(done, step)

    def _question(self, chain: Chain, claim: Claim) -> Question:
        """Whether the derived and the claimed side differ somewhere."""
        letters = tuple(dict.fromkeys((*t.letters(claim.left), *t.letters(claim.right))))
        extra = tuple(d for reverse in self.reverses.values() for d in numbers.named(reverse))
        try:
            theorem = stated(chain.theorem(), self.model.assumptions)
        except rw.REFUSALS:
            theorem = chain.theorem()
        names, values = reach(self.model, claim.left, claim.right), numbers.Evaluated(self.program, extra)
        left, right = values.side(numbers.with_bars(chain.right)), values.side(claim.right)
        return Question(self.model, tuple(theorem.hypotheses), names, letters, left, right)


def settled(model: Model, program: Any, left: t.Term, right: t.Term) -> Theorem | None:
    """``left = right`` in ``program``, by all the ways in which a claim is proved; None if none of them does it."""
    claims = Claims(replace(model, claims=()), Letters(model.letters, ()), {}, {})
    claims.program = program
    return (
        claims._meet(Chain(program, left), right, range(1))
        or claims._level(Chain(program, left), right)
        or claims._meet(Chain(program, left), right, range(1, 5))
    )


def _opening(name: str) -> rw.Conversion:
    """Unfold one definition."""
    return lambda program, term: (
        rules.unfold(program, term) if isinstance(term, t.Entry) and term.tensor == name else None
    )


def _flattened(program: Any, term: t.Term) -> Theorem | None:
    """Write 1/u^2 as u^-2, which is not multiplied out."""
    match term:
        case t.Power(t.Power(t.Plus() as base, inner), outer) if inner.denominator == outer.denominator == 1:
            return rules.ring(program, term, t.Power(base, inner * outer))
    return None


def _shortened(program: Any, term: t.Term) -> Theorem | None:
    """Tidy up, and fold into definitions whatever is the body of one."""
    done: Theorem | None = None
    for convert in (tidy, SHORTEST, FOLDED):
        done = rw.chained(done, convert(program, rw.result(done, term)))
    return done


def _open(program: Any, term: t.Term) -> Theorem | None:
    """Unfold every definition but the losses' own cotangents."""
    if isinstance(term, t.Entry) and term.tensor in program.bodies and reached(program, term):
        return rules.unfold(program, term)
    return None


def _exponentials(program: Any, term: t.Term) -> Theorem | None:
    """Write sigmoid, tanh and softplus by the exponential."""
    law = {"sigmoid": "sigmoid_exp", "tanh": "tanh_sigmoid", "softplus": "softplus_log"}
    if isinstance(term, t.Apply) and term.function in law:
        return rules.identity(program, law[term.function], term.arguments)
    return _logarithms(program, term)


def _logarithms(program: Any, term: t.Term) -> Theorem | None:
    if not isinstance(term, t.Apply) or term.function != "log":
        return None
    [u] = term.arguments
    match u:
        case t.Apply("exp", (v,)):
            return rules.identity(program, "log_exp", (v,))
        case t.Times((first, *rest)):
            other = rest[0] if len(rest) == 1 else t.Times(tuple(rest))
            grouped = rw.replace(rules.ring(program, u, t.Times((first, other))), term, (0,))
            return rw.chained(grouped, rules.identity(program, "log_product", (first, other)))
        case t.Power(base, exponent) if exponent == -1:
            return rules.identity(program, "log_inverse", (base,))
        case t.Number(value) if value == 1:
            return rules.identity(program, "log_one", ())
    return None


def _steps(program: Any, term: t.Term) -> Theorem | None:
    """Write max, min, relu, abs and sign by the step function."""
    law = {"max": "max_relu", "min": "min_relu", "relu": "relu_step", "abs": "abs_step", "sign": "sign_step"}
    if isinstance(term, t.Apply) and term.function in law:
        return rules.identity(program, law[term.function], term.arguments)
    if (
        isinstance(term, t.Power)
        and isinstance(term.base, t.Apply)
        and term.base.function == "step"
        and term.exponent.denominator == 1
        and term.exponent >= 2
    ):
        squared = rules.identity(program, "step_squared", term.base.arguments)
        if term.exponent == 2:
            return squared
        apart = rules.ring(program, term, t.Times((squared.left, t.Power(term.base, term.exponent - 2))))
        less = rw.chained(apart, rw.replace(squared, apart.right, (0,)))
        return rw.chained(less, rules.ring(program, rw.result(less, term), t.Power(term.base, term.exponent - 1)))
    return None
