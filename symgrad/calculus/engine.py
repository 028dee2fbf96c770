"""The whole way from a model to its derivation."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from symgrad.calculus import numbers
from symgrad.calculus.claims import Claims
from symgrad.calculus.coupling import paths
from symgrad.calculus.derivation import Derivation, Side
from symgrad.calculus.effort import limited
from symgrad.calculus.identity import PROVED, REFUTED, UNDECIDED, Identity
from symgrad.calculus.matrix import matrix_forms
from symgrad.calculus.normal import meet
from symgrad.calculus.reverse import Letters, Reverse
from symgrad.calculus.search import Question
from symgrad.calculus.sections import proof_sections, side
from symgrad.calculus.signs import stated
from symgrad.calculus.tape import Tape
from symgrad.calculus.weights import judge_weights
from symgrad.kernel import rules
from symgrad.kernel import terms as t
from symgrad.kernel.program import collapsed, lifted, single
from symgrad.kernel.terms import Judgement
from symgrad.kernel.theorem import Theorem
from symgrad.lang.model import Model
from symgrad.lang.text import Printer
from symgrad.oracles.points import reach


def derive(model: Any, progress: Callable[[str], object] | None = None) -> Derivation:
    r"""Derive the gradients of a model and judge its statements.

    Args:
        model: a ``Model``, or what ``sg.Model`` builds.
        progress: called with a word about each stage, if given.

    Returns:
        The derivation; nothing in it depends on an integer size.

    Raises:
        EffortError: if the formulas grow too much.

    Example:
        >>> from symgrad.lang.parser import parse_model
        >>> text = "index n : N\nbatch n\ndata y[n]\nparameter b\nloss[n] = (b - y[n])^2"
        >>> derive(parse_model(text, "mean")).verdict
        <Verdict.PROVED: 'proved'>
    """
    if hasattr(model, "to_model"):
        model = model.to_model()
    with limited():
        return _Work(model, progress or (lambda _: None)).derivation()


class _Work:
    """The stages of one derivation, in order."""

    def __init__(self, model: Model, progress: Callable[[str], object]) -> None:
        self.model, self.program, self.progress = model, model.program, progress
        self.letters = Letters(model.letters, (*self.program.tensors, *(i.size for i in model.letters)))
        self.alone = single(self.program)
        self.n = model.batch
        self.statements: dict[str, Theorem] = {}
        self.verdicts: dict[str, dict[str, Any]] = {}

    def derivation(self) -> Derivation:
        progress, parameters = self.progress, self._parameters()
        progress("single-sample program")
        assumptions = tuple(a.map(lambda s: collapsed(s, self.program.batch)) for a in self._alone_assumptions())
        self.one = Reverse(self.alone, t.Entry("loss", ()), self.letters, assumptions)
        progress("batch program")
        self.all = Reverse(self.program, t.Entry("objective", ()), self.letters, self.model.assumptions)
        self.apart = self._separable()
        progress("rows")
        rows = self._rows()
        used = "loss" in self.all.cotangents
        self.tape = self._tape(rows) if used else None
        progress("identity")
        self._state_sides(assumptions)
        closed = self._known(rows)
        under = [h for s in self.statements.values() if s.program == self.program for h in s.hypotheses]
        weighted, mean = judge_weights(self.model, self.tape, closed, under)
        identity = Identity(
            model=self.model,
            one=self.one,
            whole=self.all,
            rows=self.row_reverse,
            tape=self.tape,
            mean=mean,
            coupled=self.apart is None,
            alone_assumptions=assumptions,
            statements=self.statements,
            closed=closed,
        )
        self.verdicts["identity"] = identity.verdict(parameters)
        progress("claims")
        claims = Claims(self.model, self.letters, self.statements, closed)
        matrix = matrix_forms(self.model, self.all, self.letters, self.statements)
        jacobian = self.row_reverse.cotangents.values() if self.row_reverse and self.apart is None else ()
        parts = {
            "rows": [chain for c in jacobian for chain in (c.chain, c.closing) if chain and chain.theorems],
            "tape": [kept.chain for kept in self.tape.kept.values()] if self.tape else [],
            "identity": identity.chains,
            "matrix": [form.chain for form in matrix.values()],
            "claims": claims.chains,
        }
        shapes = {name: self.program.tensors[name].shape for name in parameters}
        derivation = Derivation(
            model=self.model,
            single=self._single_side(shapes),
            batch=side(self.all, shapes),
            reverse=self.all,
            statements=self.statements,
            verdicts=self.verdicts,
            claims=claims.results,
            weights=weighted,
            matrix=matrix,
            proof=proof_sections(self.one, self.all, t.Entry("loss", (self.n,)), parts),
        )
        self._demand_a_point(derivation)
        return derivation

    def _single_side(self, shapes: dict[str, tuple[str, ...]]) -> Side:
        """The per-sample gradients with sample n put in; of a coupled program, the rows of the Jacobian."""
        if self.apart is None and self.row_reverse is not None:
            return side(self.row_reverse, shapes)
        return side(self.one, shapes, lambda term: lifted(self.program, term, self.n))

    def _alone_assumptions(self) -> list[Judgement]:
        """The assumptions that speak of what the loss of one sample needs: those that do not sum over the batch."""
        batch, known = self.program.batch, self.alone.tensors

        def alone(part: t.Term) -> bool:
            return part.tensor in known if isinstance(part, t.Entry) else getattr(part, "size", None) != batch

        return [a for a in self.model.assumptions if all(map(alone, (*t.subterms(a.left), *t.subterms(a.right))))]

    # -- separable ------------------------------------------------------------------------------------------------

    def _separable(self) -> Theorem | None:
        program, sample = self.program, t.Entry("loss", (self.n,))
        premises = []
        for definition in self.alone.definitions:
            batch = program.bodies[definition.name]
            here = t.renamed(batch.body, {i: self.n for i in batch.letters if i.size == program.batch})
            there = lifted(program, definition.body, self.n)
            if here != there:
                met = meet(program, here, there)
                if met is None:
                    self._coupled()
                    return None
                premises.append(met)
        apart = rules.separable(program, sample, tuple(premises))
        self.statements["separable"] = stated(apart, self.model.assumptions)
        self.verdicts["separable"] = {"status": PROVED}
        return apart

    def _coupled(self) -> None:
        """Not shown separable: refute it by evaluation, or leave it open."""
        in_batch = numbers.formula(self.program, t.Entry("loss", (self.n,)))
        in_one = numbers.formula(self.alone, t.Entry("loss", ()))
        question = Question(
            model=self.model,
            hypotheses=(),
            names=reach(self.model, t.Entry("loss", (self.n,))),
            letters=(self.n,),
            left=in_batch,
            right=lambda point, at: in_one(numbers.alone(point, self.program, at[self.n]), {}),
        )
        found = question.witness()
        if found:
            self.verdicts["separable"] = {"status": REFUTED, "witness": found}
        else:
            why = f"the single-sample program is not seen to be the same, {question.given_up}"
            self.verdicts["separable"] = {"status": UNDECIDED, "residual": why}
        text = Printer.of(self.model).text
        found_paths = [" -> ".join(map(text, path)) for path in paths(self.program)]
        self.verdicts["separable"]["paths"] = found_paths

    # -- rows: d loss[n] / d u ------------------------------------------------------------------------------------

    def _rows(self) -> dict[str, Theorem]:
        if self.apart is not None and not self.apart.arguments[2]:
            self.row_reverse = None
            return {name: rules.lift(self.apart, c.equation) for name, c in self.one.cotangents.items()}
        self.row_reverse = Reverse(self.program, t.Entry("loss", (self.n,)), self.letters, self.model.assumptions)
        return {name: c.equation for name, c in self.row_reverse.cotangents.items()}

    def _row_closed(self, name: str) -> Theorem | None:
        if self.row_reverse is None:
            found = self.one.cotangents.get(name)
            return rules.lift(self.apart, found.closed) if found and found.closed else None
        found = self.row_reverse.cotangents.get(name)
        return found.closed if found else None

    def _tape(self, rows: dict[str, Theorem]) -> Tape:
        """Sample by sample where the program is separable, if that can be shown; else by sums of rows."""
        tape = Tape(self.all, rows, self.n, separable=self.apart is not None)
        return Tape(self.all, rows, self.n, separable=False) if tape.failed and tape.separable else tape

    # -- statements -----------------------------------------------------------------------------------------------

    def _state(self, name: str, theorem: Theorem, assumptions: Any = None) -> None:
        self.statements[name] = stated(theorem, self.model.assumptions if assumptions is None else assumptions)

    def _parameters(self) -> list[str]:
        return [i.name for i in self.program.inputs if i.kind == "parameter"]

    def _state_sides(self, alone: tuple[Judgement, ...]) -> None:
        self.verdicts |= {"per_sample": {"status": PROVED}, "batch": {"status": PROVED}}
        if self.tape is not None:
            self._state("weight", self.tape.weight)
        for name, c in self.one.cotangents.items():
            self._state(f"cotangent {name}", c.equation, alone)
            if name in self._parameters() and c.closed is not None:
                self._state(f"per_sample {name}", c.closed, alone)
                if self.apart is not None:
                    self._state(f"sample {name}", rules.lift(self.apart, c.closed))
        for name, c in self.all.cotangents.items():
            self._state(f"batch_cotangent {name}", c.equation)
            if name in self._parameters() and c.closed is not None:
                self._state(f"batch {name}", c.closed)
        if self.row_reverse is not None:
            for name in self._parameters():
                row = self._row_closed(name)
                if row is not None:
                    self._state(f"row {name}", row)
        self.verdicts["tape"] = self._tape_verdict()

    def _tape_verdict(self) -> dict[str, Any]:
        failed = self.tape.failed if self.tape else {"objective": "it does not depend on the losses"}
        coupled = {"coupled": True} if self.apart is None else {}
        if failed or self.tape is None:
            return {"status": UNDECIDED, "residual": "; ".join(f"{k}: {v}" for k, v in failed.items()), **coupled}
        for name, kept in self.tape.kept.items():
            self._state(f"tape {name}", kept.chain.theorem())
        if not self.tape.separable:
            residual = "the samples are coupled: cotangents are weighted sums of Jacobian rows, not of single samples"
            return {"status": UNDECIDED, "residual": residual, **coupled}
        return {"status": PROVED}

    def _known(self, rows: Iterable[str]) -> dict[str, dict[str, Theorem]]:
        """Closed derivatives of the losses and of the objective, for the claims."""
        closed = {name: row for name in rows if (row := self._row_closed(name)) is not None}
        whole = {name: c.closed for name, c in self.all.cotangents.items() if c.closed is not None}
        return {"loss": closed, "objective": whole}

    def _demand_a_point(self, derivation: Derivation) -> None:
        """Nothing is proved under hypotheses that no point is seen to satisfy."""
        if numbers.satisfiable(self.model, derivation.hypotheses):
            return
        why = {"status": UNDECIDED, "residual": "hypotheses not shown satisfiable"}
        for name, verdict in self.verdicts.items():
            if verdict["status"] == PROVED:
                self.verdicts[name] = {**_opened(verdict), **why}
        for claim in derivation.claims:
            if claim["status"] == PROVED:
                claim.update(why)


def _opened(verdict: dict[str, Any]) -> dict[str, Any]:
    """The verdict with every "proved" inside it left open."""
    found: dict[str, Any] = {}
    for key, value in verdict.items():
        found[key] = _opened(value) if isinstance(value, dict) else UNDECIDED if value == PROVED else value
    return found
