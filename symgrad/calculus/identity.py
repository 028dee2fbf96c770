"""The identity: the gradient of the batch objective is the mean of the per-sample gradients, per parameter."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, cast

from symgrad.calculus import numbers
from symgrad.calculus import rewrite as rw
from symgrad.calculus.local import Chain
from symgrad.calculus.normal import meet
from symgrad.calculus.reverse import first_of
from symgrad.calculus.search import Question
from symgrad.calculus.signs import stated
from symgrad.kernel import rules
from symgrad.kernel import terms as t
from symgrad.kernel.functions import inverse
from symgrad.kernel.program import Program, lifted, mentioned
from symgrad.oracles.points import reach

if TYPE_CHECKING:
    from collections.abc import Mapping

    from symgrad.calculus.reverse import Cotangent, Reverse
    from symgrad.calculus.tape import Tape
    from symgrad.kernel.terms import Judgement
    from symgrad.kernel.theorem import Theorem
    from symgrad.lang.model import Model
    from symgrad.oracles.balls import Point, Real

PROVED, REFUTED, UNDECIDED = "proved", "refuted", "undecided"


def worst(statuses: Any) -> str:
    """Refuted if one is, else undecided if one is, else proved."""
    found = list(statuses)
    return REFUTED if REFUTED in found else UNDECIDED if UNDECIDED in found else PROVED


def _unfolded(program: Program, term: t.Term) -> Theorem | None:
    return rules.unfold(program, term) if isinstance(term, t.Entry) and term.tensor in program.bodies else None


INPUTS = rw.repeated(rw.everywhere(_unfolded))
"""Unfold every definition, so that only data and parameters are mentioned."""


@dataclass
class Identity:
    """Judges the identity, in both meanings of "per-sample gradient" where the samples are coupled.

    Attributes:
        one: reverse mode of the single-sample program.
        whole: reverse mode of the batch program from the objective.
        rows: reverse mode of the batch program from ``loss[n]``, unless the single-sample program gives that.
        mean: ``⊢ c[n] = 1/N``, if it holds.
        closed: closed derivatives of ``loss`` and ``objective``, by parameter.
        coupled: whether the program is not shown to be separable.
        alone_assumptions: the assumptions, as the single-sample program has them.
        shown: whether an exact counterexample was found.
    """

    model: Model
    one: Reverse
    whole: Reverse
    rows: Reverse | None
    tape: Tape | None
    mean: Theorem | None
    coupled: bool
    alone_assumptions: tuple[Judgement, ...]
    statements: dict[str, Theorem]
    closed: dict[str, dict[str, Theorem]]
    chains: list[Chain] = field(default_factory=list)
    shown: bool = False

    def verdict(self, parameters: list[str]) -> dict[str, Any]:
        """The entry ``identity`` of the verdicts; batch of one decides."""
        found = {name: self._judge(name) for name in parameters}
        rows = {name: status for name, (status, _) in found.items()}
        ones, evidence = rows, [entry for status, entry in found.values() if status != PROVED]
        if self.coupled:
            self.shown = False
            alone = {name: self._judge_ones(name) for name in parameters}
            ones = {name: status for name, (status, _) in alone.items()}
            evidence = [entry for status, entry in alone.values() if status != PROVED]
        whole = {"status": worst(ones.values()), "by_parameter": ones}
        by_rows = {"status": worst(rows.values()), "by_parameter": rows}
        evidence.sort(key=lambda entry: entry["witness"]["exact"] if "witness" in entry else -1, reverse=True)
        if not self.coupled:
            by_one, by_rows = ({"status": part["status"]} for part in (whole, by_rows))
        else:
            by_one = dict(whole)
        return whole | {"batch_of_one": by_one, "jacobian_rows": by_rows} | (evidence[0] if evidence else {})

    def _judge(self, name: str) -> tuple[str, dict[str, Any]]:
        """One parameter, by the rows of the Jacobian."""
        found = self.whole.cotangents.get(name)
        kept = self.tape.kept.get(name) if self.tape else None
        if found is None and name not in self.one.cotangents:
            return PROVED, {}  # neither side depends on the parameter: both gradients are zero
        ways = []
        if found is not None and kept is not None and kept.remainder == t.ZERO and self.mean is not None:
            ways.append(self._by_tape(found, kept.chain.theorem(), self.mean))
        if found is not None and not any(ways) and not self._question(name, ones=False).glance():
            ways.append(self._by_closed_forms(found, name))
        for chain in filter(None, ways):
            self.statements[f"identity {name}"] = stated(chain.theorem(), self.model.assumptions)
            self.chains.append(chain)
            return PROVED, {}
        return self._compare(name, self._question(name, ones=False))

    def _judge_ones(self, name: str) -> tuple[str, dict[str, Any]]:
        """One parameter of a coupled program, by its samples as batches of one."""
        found, one = self.whole.cotangents.get(name), self.one.cotangents.get(name)
        if found is None and one is None:
            return PROVED, {}
        question = self._question(name, ones=True)
        closed = found.closed if found is not None else None
        if closed is not None and not question.glance() and self._by_ones(name, closed, one):
            return PROVED, {}
        return self._compare(name, question)

    def _by_ones(self, name: str, closed: Theorem, one: Cotangent | None) -> bool:
        """Prove that the batch gradient is the mean of a formula of the inputs, proved of the single-sample program.

        Only inputs are the same in both programs: a definition that couples the samples has another value in a batch of
        one, so all definitions are unfolded before a sample is put in.
        """
        n, target, alone = self.model.batch, cast(t.Term, t.ZERO), None
        if one is not None:
            if one.closed is None:
                return False
            whole = Chain(one.chain.program, one.closed.left)
            whole.add(one.closed)
            whole.add(INPUTS)
            alone = stated(whole.theorem(), self.alone_assumptions)
            only_inputs = mentioned(alone.right) <= {i.name for i in whole.program.inputs}
            # Conditions on a sample alone are not among the hypotheses of the batch.
            if not only_inputs or alone.hypotheses - set(map(t.closure, self.alone_assumptions)):
                return False
            names = dict(zip(one.wrt.indices, closed.left.wrt.indices, strict=True))
            each = lifted(self.model.program, t.renamed(alone.right, names), n)
            target = t.Times((inverse(t.Size(n.size)), t.sigma(n, each)))
        chain = Chain(closed.program, closed.left, cites=[closed])
        chain.add(closed)
        met = meet(chain.program, chain.right, target)
        if met is None and chain.add(INPUTS):
            met = meet(chain.program, chain.right, target)
        if met is None:
            return False
        chain.add(met)
        if alone is not None:
            self.statements[f"one {name}"] = alone
        self.statements[f"batch_of_one {name}"] = stated(chain.theorem(), self.model.assumptions)
        self.chains.append(chain)
        return True

    def _mean_of_rows(self, found: Cotangent) -> t.Term:
        n = self.model.batch
        slope = t.Partial(t.Entry("loss", (n,)), found.wrt, total=True)
        return t.Times((inverse(t.Size(n.size)), t.sigma(n, slope)))

    def _by_tape(self, found: Cotangent, kept: Theorem, mean: Theorem) -> Chain | None:
        chain = Chain(found.chain.program, found.left, cites=[kept])
        chain.add(kept)
        chain.add(first_of([mean]))
        met = meet(chain.program, chain.right, self._mean_of_rows(found))
        chain.add(met)
        return chain if met is not None else None

    def _by_closed_forms(self, found: Cotangent, name: str) -> Chain | None:
        """Where the objective is another formula than the mean of the losses, but the same function."""
        row, target = self.closed["loss"].get(name), self._mean_of_rows(found)
        if found.closed is None or row is None:
            return None
        opened = first_of([row])(found.chain.program, target)
        chain = Chain(found.chain.program, found.left, cites=[found.closed, row])
        chain.add(found.closed)
        met = meet(chain.program, chain.right, opened.right) if opened else None
        if opened is None or met is None:
            return None
        chain.add(met)
        chain.add(rules.sym(opened))
        return chain

    def _slope(self, reverse: Reverse, name: str) -> tuple[tuple[t.Index, ...], numbers.Side]:
        """The gradient with respect to a parameter as a side: closed, or by its cotangents."""
        found = reverse.cotangents.get(name)
        if found is None:
            shape = self.model.program.tensors[name].shape
            return tuple(t.Index(f"u{k}_", s) for k, s in enumerate(shape)), lambda _, __: Fraction(0)
        if found.closed is not None:
            return t.letters(found.wrt), numbers.formula(reverse.program, found.closed.right)
        return t.letters(found.wrt), numbers.formula(
            reverse.program, numbers.with_bars(found.left), numbers.named(reverse)
        )

    def _question(self, name: str, *, ones: bool) -> Question:
        """The batch gradient against the mean of the rows, or of the batches of one."""
        n, program = self.model.batch, self.model.program
        letters, whole = self._slope(self.whole, name)
        rows = None if ones else self.rows
        own, part = self._slope(rows or self.one, name)

        def each(point: Point, at: Mapping[t.Index, int]) -> list[Real]:
            there = {mine: at[theirs] for mine, theirs in zip(own, letters, strict=True)}
            samples = range(point.sizes[program.batch])
            if rows is None:
                return [part(numbers.alone(point, program, k), there) for k in samples]
            return [part(point, there | {n: k}) for k in samples]

        hypotheses = tuple(h for s in self.statements.values() if s.program == program for h in s.hypotheses)
        roots = (t.Entry("loss", (n,)), t.Entry("objective", ()))
        return Question(
            model=self.model,
            hypotheses=tuple(dict.fromkeys(hypotheses)),
            names=reach(self.model, *roots),
            letters=letters,
            left=whole,
            right=lambda point, at: numbers.mean(each(point, at)),
            rows=each,
        )

    def _compare(self, name: str, question: Question) -> tuple[str, dict[str, Any]]:
        """Look for a point at which the two sides differ."""
        if self.shown and question.glance():
            return REFUTED, {}  # one exact counterexample is told
        found = question.witness()
        if found:
            self.shown = self.shown or found["exact"]
            return REFUTED, {"witness": {"parameter": name} | found}
        return UNDECIDED, {"residual": f"{name}: neither proved nor refuted, {question.given_up}"}
