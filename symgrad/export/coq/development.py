"""The Coq development of a derivation: the model, what is claimed of it, and the proofs."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from symgrad.calculus import rewrite as rw
from symgrad.calculus.identity import PROVED
from symgrad.calculus.local import assumed
from symgrad.calculus.normal import meet, normal
from symgrad.export.coq.equations import Equations
from symgrad.export.coq.forward import Forward
from symgrad.export.coq.syntax import Names, NoLemmaError, Printer, formula
from symgrad.kernel import rules
from symgrad.kernel import terms as t
from symgrad.kernel.functions import inverse
from symgrad.kernel.program import ancestors

if TYPE_CHECKING:
    from symgrad.calculus.derivation import Derivation, Side
    from symgrad.calculus.derivation import Formula as Printed
    from symgrad.export.coq.syntax import Scope
    from symgrad.kernel.program import Program
    from symgrad.kernel.theorem import Theorem


@dataclass(frozen=True)
class Development:
    """A derivation as Coq reads it.

    Attributes:
        text: the file, which needs the library ``Symgrad.v`` beside it.
        theorems: the names of the theorems, in order.
        missing: what could not be said in Coq, with the reason, a line each.
        added: hypotheses that the theorems of symgrad do not have.
    """

    text: str
    theorems: tuple[str, ...]
    missing: tuple[str, ...]
    added: tuple[str, ...]


def library() -> str:
    """The text of ``Symgrad.v``, the library under every development."""
    return files("symgrad.export.coq").joinpath("Symgrad.v").read_text(encoding="utf-8")


def develop(derivation: Derivation) -> Development:
    """Write a derivation as a Coq development."""
    return _Writer(derivation).development()


class _Writer:
    def __init__(self, derivation: Derivation) -> None:
        self.derivation, self.model = derivation, derivation.model
        self.program: Program = self.model.program
        self.names = Names()
        for size in dict.fromkeys(i.size for i in self.model.letters):
            self.names.of(size)
        self.printer = Printer(self.model, self.program, self.names)
        self.equations = Equations(
            self.program, self.printer, derivation.hypotheses, self.model.assumptions
        )
        self.section = self.names.fresh("Derivation")
        self.theorems: list[str] = []
        self.statements: list[str] = []
        self.missing: list[str] = []

    def development(self) -> Development:
        for parameter in [i.name for i in self.program.inputs if i.kind == "parameter"]:
            mark = len(self.equations.lemmas)
            try:
                self._block(parameter)
            except NoLemmaError as error:
                del self.equations.lemmas[mark:]
                self.missing.append(f"{parameter}: {error}")
        added = tuple(self.equations.supposition(j) for j in self.equations.added)
        return Development(self._file(), tuple(self.theorems), tuple(self.missing), added)

    # -- one parameter --------------------------------------------------------------------------------------------

    def _block(self, parameter: str) -> None:
        """The theorems about the gradients by one parameter."""
        sides: dict[str, Side] = {"loss": self.derivation.single, "objective": self.derivation.batch}
        printed = {root: side.closed[parameter] for root, side in sides.items() if parameter in side.closed}
        found = [f.left for f in printed.values() if isinstance(f.left, t.Partial)]
        if not found:
            raise NoLemmaError("no closed form was found")
        forward = Forward(self.program, found[-1].wrt, self.equations, self.model.assumptions)
        said = {}
        for definition in self.program.definitions:
            if any(definition.name in ancestors(self.program, root) for root in printed):
                forward.define(definition)
            if definition.name in printed and definition.name in forward.slopes:
                said[definition.name] = self._gradient(forward, definition.name, printed[definition.name])
        identity = self.derivation.verdicts["identity"].get("by_parameter", {}).get(parameter)
        if identity == PROVED and len(said) == 2:
            self._mean(forward, *said["loss"])

    def _gradient(self, forward: Forward, root: str, printed: Printed) -> tuple[t.Term, str]:
        """The theorem that a root has the printed derivative; the derivative, and its name."""
        left = printed.left
        if not isinstance(left, t.Partial):
            raise NoLemmaError("no closed form was found")
        coordinates = dict(zip(left.wrt.indices, forward.wrt.indices, strict=True))
        entry, right = t.renamed(left.body, coordinates), t.renamed(printed.right, coordinates)
        letters = (*forward.coordinates, *t.letters(entry))
        scope = self.equations.scope(letters)
        called = self.names.fresh(f"d_{root}_d_{forward.wrt.tensor}")
        binders = f" ({' '.join(scope[i] for i in letters)} : nat)" if letters else ""
        formula_text = self.printer.text(formula(right), scope)
        self.equations.lemmas.append(f"Definition {called}{binders} : R :=\n  {formula_text}.\n")
        value = " ".join([called, *(scope[i] for i in letters)])
        if entry.indices:  # type: ignore[attr-defined]
            forward.settle(entry, right, self._same)  # type: ignore[arg-type]
        self._derives(forward, entry, right, value, scope, f"gradient_of_{root}_by_{forward.wrt.tensor}")
        return right, called

    def _mean(self, forward: Forward, each: t.Term, called: str) -> None:
        """The theorem that the objective has the mean of the per-sample derivatives as its own."""
        sample = self.model.batch
        mean = t.Times((inverse(t.Size(sample.size)), t.sigma(sample, each)))
        scope = self.equations.scope(forward.coordinates)
        inside, size = self.equations.scope([sample], scope), self.names.of(sample.size)
        own = " ".join([called, *(inside[i] for i in (*forward.coordinates, sample))])
        value = f"/ INR {size} * sumR {size} (fun {inside[sample]} => {own})"
        self._derives(forward, t.Entry("objective", ()), mean, value, scope, f"mean_of_gradients_by_{forward.wrt.tensor}")

    def _derives(
        self, forward: Forward, entry: t.Term, right: t.Term, value: str, scope: Scope, name: str
    ) -> None:
        """State that an entry of a definition has a derivative, which is what the forward one comes to."""
        slope = forward.slopes[entry.tensor]  # type: ignore[attr-defined]
        derived = t.renamed(slope.right, dict(zip(slope.letters, entry.indices, strict=True)))  # type: ignore[attr-defined]
        proof = self.equations.equation(self._same(derived, right), scope)
        lemma = forward.lemma(entry, scope)  # type: ignore[arg-type]
        whole = lemma if proof == "eq_refl" else f"(dual_eq {lemma}\n  {proof})"
        before = self.printer.text(formula(entry), scope, forward.moved)
        letters = (*forward.coordinates, *t.letters(entry))
        statement = f"is_derive (fun t => {before}) {forward.point}\n    ({value})"
        self._theorem(name, letters, scope, statement, f"dual_is_derive {whole}")

    def _theorem(self, wanted: str, letters: tuple[t.Index, ...], scope: Scope, statement: str, proof: str) -> None:
        name = self.names.fresh(wanted)
        head = f"Theorem {name}{self.equations.bound(scope, letters)} :\n  {statement}."
        self.equations.lemmas.append(f"{head}\nProof. exact ({proof}). Qed.\n")
        self.theorems.append(name)
        self.statements.append(head)

    def _same(self, left: t.Term, right: t.Term) -> Theorem:
        """``left = right``, by opening more and more of the definitions on both sides.

        Raises:
            NoLemmaError: if that is not found.
        """
        program = self.program
        to: Theorem | None = None
        fro: Theorem | None = None
        for name in (None, *(d.name for d in reversed(program.definitions))):
            if name is not None:
                opening = _opening(name)
                first, second = opening(program, rw.result(to, left)), opening(program, rw.result(fro, right))
                if first is None and second is None:
                    continue
                to, fro = rw.chained(to, first), rw.chained(fro, second)
            for way in (None, self._assume):
                there, back = rw.result(to, left), rw.result(fro, right)
                a, b = (way(program, there), way(program, back)) if way else (None, None)
                met = meet(program, rw.result(a, there), rw.result(b, back))
                if met is not None:
                    end = rw.chained(fro, b)
                    return rw.chained(rw.chained(rw.chained(to, a), met), rules.sym(end) if end else None) or met
        raise NoLemmaError("the forward derivative was not brought to the printed form")

    def _assume(self, program: Program, term: t.Term) -> Theorem | None:
        done = normal(program, term)
        step = rw.everywhere(assumed(program, self.model.assumptions))(program, rw.result(done, term))
        return rw.chained(done, step)

    # -- the file -------------------------------------------------------------------------------------------------

    def _file(self) -> str:
        model, names, printer = self.model, self.names, self.printer
        equations = self.equations
        intro = "".join(f"    {line}\n" for line in model.introduction)
        claims = "\n\n".join(self.statements)
        lines = [
            f"(** * {model.title}\n\n{_plain(intro)}\n    Written by symgrad. Checked by coqc, with the library "
            "Symgrad.v beside it.\n    Every theorem holds for all sizes, all data and all parameters. *)\n",
            "From Coq Require Import Reals Lra.\nRequire Import Symgrad.\nOpen Scope R_scope.\n",
            f"(** What is proved, in the order of the proofs:\n\n{_plain(claims)} *)\n",
            f"Section {self.section}.\n",
            "(** ** The model *)\n",
        ]
        sizes = dict.fromkeys(i.size for i in model.letters)
        lines.append(f"Variables {' '.join(map(names.of, sizes))} : nat.")
        for tensor in self.program.inputs:
            if tensor.kind == "data":
                rank = len(tensor.shape)
                kind = f"{'nat -> ' * (rank - 1)}nat" if tensor.name in model.labels else f"{'nat -> ' * rank}R"
                lines.append(f"Variable {printer.called[tensor.name]} : {kind}.")
        lines.append("")
        for definition in self.program.definitions:
            scope = equations.scope(definition.letters)
            parameters = "".join(
                f" ({printer.called[p]} : {'nat -> ' * len(self.program.tensors[p].shape)}R)"
                for p in printer.uses[definition.name]
            )
            indices = f" ({' '.join(scope[i] for i in definition.letters)} : nat)" if definition.letters else ""
            try:
                text = printer.text(formula(definition.body), scope)
            except NoLemmaError as error:
                self.missing.append(f"{definition.name}: {error}")
                continue
            lines.append(f"Definition {printer.called[definition.name]}{parameters}{indices} : R :=\n  {text}.")
        lines.append("\n(** ** The parameters, and what is supposed *)\n")
        for tensor in self.program.inputs:
            if tensor.kind == "parameter":
                lines.append(f"Variable {printer.called[tensor.name]} : {'nat -> ' * len(tensor.shape)}R.")
        lines += [f"Hypothesis size_{names.of(size)} : (0 < {names.of(size)})%nat." for size in sizes]
        lines += [f"Hypothesis {name} : {equations.supposition(j)}." for j, name in equations.hypotheses.items()]
        lines.append("\n(** ** The proofs *)\n")
        lines += equations.lemmas
        return "\n".join([*lines, f"End {self.section}.", ""])


def _plain(text: str) -> str:
    """Text that may stand in a comment of Coq."""
    return text.replace("(*", "( *").replace("*)", "* )").replace('"', "'")


def _opening(name: str) -> rw.Conversion:
    """Unfold one definition everywhere."""
    return rw.everywhere(
        lambda program, term: rules.unfold(program, term) if isinstance(term, t.Entry) and term.tensor == name else None
    )
