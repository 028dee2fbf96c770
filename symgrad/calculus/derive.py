"""The whole way from a model to its derivation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from symgrad.calculus import numbers
from symgrad.calculus.claims import Claims
from symgrad.calculus.derivation import Derivation, Formula, Section, Side
from symgrad.calculus.local import Chain
from symgrad.calculus.matrix import matrix_forms
from symgrad.calculus.normal import meet
from symgrad.calculus.reverse import Cotangent, Letters, Reverse, first_of
from symgrad.calculus.signs import stated
from symgrad.calculus.tape import Tape
from symgrad.kernel import rules
from symgrad.kernel import terms as t
from symgrad.kernel.functions import inverse
from symgrad.kernel.program import collapsed, lifted, reached, single
from symgrad.kernel.terms import Judgement
from symgrad.kernel.theorem import Theorem
from symgrad.lang.model import Model
from symgrad.lang.text import Printer

PROVED, REFUTED, UNDECIDED = "proved", "refuted", "undecided"


def derive(model: Any, progress: Callable[[str], object] | None = None) -> Derivation:
    r"""Derive the gradients of a model and judge its statements.

    Args:
        model: a ``Model``, or what ``sg.Model`` builds.
        progress: called with a word about each stage, if given.

    Returns:
        The derivation; nothing in it depends on an integer size.

    Example:
        >>> from symgrad.lang.parser import parse_model
        >>> text = "index n : N\nbatch n\ndata y[n]\nparameter b\nloss[n] = (b - y[n])^2"
        >>> derive(parse_model(text, "mean")).verdict
        <Verdict.PROVED: 'proved'>
    """
    if hasattr(model, "to_model"):
        model = model.to_model()
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
        progress = self.progress
        progress("single-sample program")
        assumptions = tuple(a.map(lambda s: collapsed(s, self.program.batch)) for a in self._alone_assumptions())
        self.one = Reverse(self.alone, t.Entry("loss", ()), self.letters, assumptions)
        progress("batch program")
        self.all = Reverse(self.program, t.Entry("objective", ()), self.letters, self.model.assumptions)
        self.apart = self._separable()
        progress("rows")
        self.rows = self._rows()
        self.tape = self._tape()
        progress("identity")
        self._state_sides(assumptions)
        self._weights()
        self._identity()
        progress("claims")
        claims = Claims(self.model, self.letters, self.statements, self._known())
        matrix = matrix_forms(self.model, self.all, self.letters, self.statements)
        derivation = Derivation(
            self.model, self._single_side(), self._batch_side(), self.all, self.statements, self.verdicts, claims.results,
            self.weights, matrix, self._proof(claims.chains, matrix),
        )  # fmt: skip
        self._demand_a_point(derivation)
        return derivation

    def _alone_assumptions(self) -> list[Judgement]:
        """The assumptions that speak of one sample: those that do not sum over the batch."""
        batch = self.program.batch
        return [
            a for a in self.model.assumptions
            if not any(isinstance(p, t.Sum) and p.size == batch for side in (a.left, a.right) for p in t.subterms(side))
        ]  # fmt: skip

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
                    return self._coupled()
                premises.append(met)
        apart = rules.separable(program, sample, tuple(premises))
        self.statements["separable"] = stated(apart, self.model.assumptions)
        self.verdicts["separable"] = {"status": PROVED}
        return apart

    def _coupled(self) -> None:
        """Not shown separable: refute it by evaluation, or leave it open."""
        in_batch = numbers.formula(self.program, t.Entry("loss", (self.n,)))
        in_one = numbers.formula(self.alone, t.Entry("loss", ()))
        found = numbers.witness(
            self.model, (), (self.n,), in_batch,
            lambda point, at: in_one(numbers.alone(point, self.program, at[self.n]), {}),
        )  # fmt: skip
        if found:
            self.verdicts["separable"] = {"status": REFUTED, "witness": found}
        else:
            why = "the single-sample program is not seen to be the same"
            self.verdicts["separable"] = {"status": UNDECIDED, "residual": why}

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
            return rules.lift(self.apart, found.closed) if found and found.closed else None  # type: ignore[arg-type]
        found = self.row_reverse.cotangents.get(name)
        return found.closed if found else None

    def _tape(self) -> Tape | None:
        if "loss" not in self.all.cotangents:
            return None
        return Tape(self.all, self.rows, self.n, separable=self.row_reverse is None)

    # -- statements -----------------------------------------------------------------------------------------------

    def _state(self, name: str, theorem: Theorem, assumptions: Any = None) -> None:
        self.statements[name] = stated(theorem, self.model.assumptions if assumptions is None else assumptions)

    def _parameters(self) -> list[str]:
        return [i.name for i in self.program.inputs if i.kind == "parameter"]

    def _state_sides(self, alone: tuple[Judgement, ...]) -> None:
        done = {"per_sample": True, "batch": True}
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
        for key in done:
            self.verdicts[key] = {"status": PROVED}
        failed = self.tape.failed if self.tape else {"objective": "it does not depend on the losses"}
        if not failed and self.tape:
            for name, kept in self.tape.kept.items():
                self._state(f"tape {name}", kept.chain.theorem())
            self.verdicts["tape"] = {"status": PROVED}
            if self.row_reverse is not None:
                self.verdicts["tape"] = {
                    "status": UNDECIDED, "coupled": True,
                    "residual": "samples are coupled: the cotangents are weighted sums of Jacobian rows, not of single samples",
                }  # fmt: skip
        else:
            residual = "; ".join(f"{name}: {why}" for name, why in failed.items())
            self.verdicts["tape"] = {"status": UNDECIDED, "residual": residual, "coupled": self.row_reverse is not None}

    def _weights(self) -> None:
        key = f"c[{self.n.name}]"
        if self.tape is None:
            self.weights: dict[str, Any] = {key: "0", "kind": "none", "reason": "the objective does not use the losses"}
            return
        printer = Printer.of(self.model)
        weight = self.tape.weight_at(self.n)
        self._state("weight", self.tape.weight)
        text = printer.text(weight) if not any(isinstance(p, t.Partial) for p in t.subterms(weight)) else None
        mean = meet(self.program, weight, inverse(t.Size(self.program.batch)))
        kind = "none"
        if mean is not None:
            kind = "mean"
        elif meet(self.program, weight, t.ONE) is not None:
            kind = "sum"
        elif not reached(self.program, weight) & set(self._parameters()):
            kind = "data"
        elif self._moves(weight):
            kind = "theta"
        self.mean = mean
        self.weights = {key: text or "0", "kind": kind}
        rest = [
            name for name in self._parameters() if name in self.tape.kept and self.tape.kept[name].remainder != t.ZERO
        ]
        if self.tape.failed:
            self.weights = {key: text, "kind": "none", "reason": "; ".join(self.tape.failed.values())}
        elif rest:
            self.weights |= self._remainder(printer, kind)

    def _moves(self, weight: t.Term) -> bool:
        """Whether the weight takes two values on the same data: two exact evaluations that differ."""
        side = numbers.formula(self.program, weight)
        for point in numbers.points(self.model, (), tries=2):
            for other in numbers.points(self.model, (), seed=1, tries=2):
                if other.sizes == point.sizes:
                    mixed = type(point)(point.sizes, {**other.values, **{
                        i.name: point.values[i.name] for i in self.program.inputs if i.kind == "data"}})  # fmt: skip
                    a, b = side(point, {self.n: 0}), side(mixed, {self.n: 0})
                    if numbers.separated(a, b):
                        return True
        return False

    def _remainder(self, printer: Printer, kind: str) -> dict[str, str]:
        """R, as the terms of the objective that do not use the losses, and the per-sample loss that repairs the average."""
        body = self.program.bodies["objective"].body
        parts = (
            [p for p in t.children(body) if "loss" not in reached(self.program, p)] if isinstance(body, t.Plus) else []
        )
        if not parts or kind not in {"mean", "sum"}:
            return {"reason": "the objective holds more than the losses"}
        rest = parts[0] if len(parts) == 1 else t.Plus(tuple(parts))
        text = printer.text(rest)
        share = text if kind == "mean" else printer.text(t.Times((rest, inverse(t.Size(self.program.batch)))))
        return {"remainder": text, "repair": f"loss[{self.n.name}] + {share}"}

    # -- identity -------------------------------------------------------------------------------------------------

    def _identity(self) -> None:
        self.identity_chains: list[Chain] = []
        by_parameter: dict[str, str] = {}
        ones: dict[str, str] = {}
        entry: dict[str, Any] = {}
        for name in self._parameters():
            status, found = self._identity_of(name)
            by_parameter[name] = status
            ones[name] = status
            if found and "witness" not in entry:
                entry |= found
        rows = _worst(by_parameter.values())
        if self.apart is None:
            ones, found = self._batch_of_one(by_parameter)
            entry = ({k: v for k, v in entry.items() if rows != PROVED} | found) if found else entry
        status = _worst(ones.values())
        self.verdicts["identity"] = {
            "status": status, "by_parameter": ones if self.apart is None else by_parameter,
            "batch_of_one": {"status": status, "by_parameter": ones} if self.apart is None else {"status": status},
            "jacobian_rows": {"status": rows, "by_parameter": by_parameter} if self.apart is None else {"status": rows},
        } | entry  # fmt: skip

    def _mean_of_rows(self, name: str) -> t.Term:
        found = self.all.cotangents[name]
        slope = t.Partial(t.Entry("loss", (self.n,)), found.wrt, total=True)
        return t.Times((inverse(t.Size(self.program.batch)), t.sigma(self.n, slope)))

    def _identity_of(self, name: str) -> tuple[str, dict[str, Any]]:
        found = self.all.cotangents.get(name)
        kept = self.tape.kept.get(name) if self.tape else None
        if found is None and name not in self.rows:
            return PROVED, {}  # the parameter occurs nowhere: both gradients are zero
        if found is not None and kept is not None and kept.remainder == t.ZERO and self.mean is not None:
            chain = Chain(self.program, found.left)
            theorem = kept.chain.theorem()
            chain.cites.append(theorem)
            chain.add(theorem)
            chain.add(first_of([self._mean_anywhere()]))
            target = self._mean_of_rows(name)
            met = meet(self.program, chain.right, target)
            if met is not None:
                chain.add(met)
                self._state(f"identity {name}", chain.theorem())
                self.identity_chains.append(chain)
                return PROVED, {}
        return self._refuted_identity(name)

    def _mean_anywhere(self) -> Theorem:
        return self.mean  # type: ignore[return-value]

    def _slope(self, reverse: Reverse, name: str) -> tuple[tuple[t.Index, ...], numbers.Side]:
        """The gradient with respect to a parameter as a side: closed, or by its cotangents."""
        found = reverse.cotangents.get(name)
        shape = self.program.tensors[name].shape
        if found is None:
            return tuple(t.Index(f"u{k}_", s) for k, s in enumerate(shape)), lambda _, __: numbers.Fraction(0)
        if found.closed is not None:
            return found.wrt.indices, numbers.formula(reverse.program, found.closed.right)  # type: ignore[return-value]
        term = numbers.with_bars(found.left)
        return found.wrt.indices, numbers.formula(reverse.program, term, numbers.named(reverse))  # type: ignore[return-value]

    def _refuted_identity(self, name: str, *, ones: bool = False) -> tuple[str, dict[str, Any]]:
        """Compare the batch gradient with the mean of the rows, or of the single-sample gradients, at a few points."""
        letters, whole = self._slope(self.all, name)
        alone = ones or self.row_reverse is None
        own, part = self._slope(self.one if alone else self.row_reverse, name)  # type: ignore[arg-type]

        def mean(point: numbers.Point, at: dict[t.Index, int]) -> Any:
            count = point.sizes[self.program.batch]
            there = {mine: at[theirs] for mine, theirs in zip(own, letters, strict=True)}
            if alone:
                return numbers.mean([part(numbers.alone(point, self.program, k), there) for k in range(count)])
            return numbers.mean([part(point, there | {self.n: k}) for k in range(count)])

        hypotheses = [h for s in self.statements.values() if s.program == self.program for h in s.hypotheses]
        found = numbers.witness(self.model, hypotheses, letters, whole, mean)
        if found:
            return REFUTED, {"witness": {"parameter": name} | found}
        return UNDECIDED, {"residual": f"{name}: neither proved nor refuted"}

    def _batch_of_one(self, rows: dict[str, str]) -> tuple[dict[str, str], dict[str, Any]]:
        """For a coupled program: the mean of the gradients of batches of one, per parameter."""
        found: dict[str, Any] = {}
        statuses = {}
        for name in rows:
            statuses[name], entry = self._refuted_identity(name, ones=True)
            if entry and ("witness" not in found or "witness" in entry):
                found = found | entry if "witness" not in found else found
        return statuses, found

    def _known(self) -> dict[str, dict[str, Theorem]]:
        """Closed derivatives of the losses and of the objective, for the claims."""
        rows = {name: row for name in self.rows if (row := self._row_closed(name)) is not None}
        whole = {name: c.closed for name, c in self.all.cotangents.items() if c.closed is not None}
        return {"loss": rows, "objective": whole}

    # -- the document ---------------------------------------------------------------------------------------------

    def _with_sample(self, term: t.Term) -> t.Term:
        return lifted(self.program, term, self.n)

    def _single_side(self) -> Side:
        if self.row_reverse is not None and self.apart is None:
            return self._side(self.row_reverse, lambda term: term)
        return self._side(self.one, self._with_sample)

    def _batch_side(self) -> Side:
        return self._side(self.all, lambda term: term)

    def _side(self, reverse: Reverse, put: Callable[[t.Term], t.Term]) -> Side:
        def formula(c: Cotangent, theorem: Theorem) -> Formula:
            return Formula(put(c.left), put(theorem.right))

        inner = {k: c for k, c in reverse.cotangents.items() if k in self.program.bodies}
        outer = {name: reverse.cotangents[name] for name in self._parameters() if name in reverse.cotangents}
        zero = {name: self._zero(reverse, name) for name in self._parameters() if name not in reverse.cotangents}
        return Side(
            {k: formula(c, c.equation) for k, c in inner.items()},
            {k: formula(c, c.equation) for k, c in outer.items()} | zero,
            {k: formula(c, c.closed) for k, c in outer.items() if c.closed is not None} | zero,
        )

    def _zero(self, reverse: Reverse, name: str) -> Formula:
        wrt = self.letters.entry(name, self.program.tensors[name].shape, ())
        root = t.Entry("loss", (self.n,)) if reverse is not self.all else reverse.root
        return Formula(t.Partial(root, wrt, total=True), t.ZERO)

    def _proof(self, claims: list[Chain], matrix: Any) -> tuple[Section, ...]:
        sections = []
        for reverse, kind in ((self.one, "local"), (self.all, "batch_local")):
            for definition in reverse.program.definitions:
                chains = tuple(c for (consumer, _), c in reverse.locals.items() if consumer == definition.name)
                if chains:
                    sections.append(Section(kind, t.Entry(definition.name, definition.letters), chains))
            kind = "per_sample" if reverse is self.one else "batch"
            sections.append(Section(kind, reverse.root, tuple(
                chain for c in reverse.cotangents.values() for chain in (c.chain, c.closing) if chain and chain.theorems)))  # fmt: skip
            if reverse is self.one:
                sections.append(Section("separable", t.Entry("loss", (self.n,)), ()))
        if self.tape:
            sections.append(Section("tape", None, tuple(k.chain for k in self.tape.kept.values())))
        sections.append(Section("identity", None, tuple(self.identity_chains)))
        sections.append(Section("matrix", None, tuple(m.chain for m in matrix.values())))
        sections.append(Section("claims", None, tuple(claims)))
        return tuple(s for s in sections if s.chains or s.kind == "separable")

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


def _worst(statuses: Any) -> str:
    found = list(statuses)
    return REFUTED if REFUTED in found else UNDECIDED if UNDECIDED in found else PROVED
