"""The theorems of a development: the printed gradients, their mean, their matrix form, and what is claimed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from symgrad.calculus import rewrite as rw
from symgrad.calculus.claims import settled
from symgrad.calculus.identity import PROVED
from symgrad.calculus.normal import meet
from symgrad.calculus.reverse import Letters
from symgrad.export.coq.draft import Gradient
from symgrad.export.coq.forward import Forward
from symgrad.export.coq.syntax import NoLemmaError, Printer, formula
from symgrad.kernel import rules
from symgrad.kernel import terms as t
from symgrad.kernel.functions import inverse
from symgrad.kernel.program import Definition, Program, Tensor, ancestors

if TYPE_CHECKING:
    from symgrad.calculus.derivation import Formula as Printed
    from symgrad.calculus.derivation import Side
    from symgrad.export.coq.draft import Draft
    from symgrad.kernel.theorem import Theorem
    from symgrad.lang.model import Claim


class Theorems:
    """Writes what is proved.

    Attributes:
        said: for each parameter the per-sample gradient, as it is called.
        whole: for each parameter the gradient of the objective, as it is called.
        closed: what each gradient is in closed form.
    """

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.derivation, self.model, self.program = draft.derivation, draft.model, draft.program
        self.names, self.printer, self.equations = draft.names, draft.printer, draft.equations
        self.said: dict[str, t.Entry] = {}
        self.whole: dict[str, t.Entry] = {}
        self.closed: dict[str, Theorem] = {}

    # -- one parameter --------------------------------------------------------------------------------------------

    def block(self, parameter: str) -> None:
        """The theorems about the gradients by one parameter."""
        sides: dict[str, Side] = {"loss": self.derivation.single, "objective": self.derivation.batch}
        printed = {root: side.closed[parameter] for root, side in sides.items() if parameter in side.closed}
        found = [f.left for f in printed.values() if isinstance(f.left, t.Partial)]
        if not found:
            raise NoLemmaError("no closed form was found")
        forward = Forward(self.program, found[-1].wrt, self.equations, self.model.assumptions)
        self.draft.forwards[parameter] = forward
        said: dict[str, t.Entry] = {}
        for root, shown in printed.items():
            self.draft.attempt(f"{root} by {parameter}", partial(self._root, forward, root, shown, said))
        if "loss" in said:
            self.said[parameter] = said["loss"]
        if "objective" in said:
            self.whole[parameter] = said["objective"]
        identity = self.derivation.verdicts["identity"].get("by_parameter", {}).get(parameter)
        if identity == PROVED and len(said) == 2:
            self.draft.attempt(f"mean of the gradients by {parameter}", lambda: self._mean(forward, said["loss"]))
        form = self.derivation.statements.get(f"matrix {parameter}")
        if form is not None and "objective" in said:
            self.draft.attempt(f"matrix form of {parameter}", lambda: self._matrix(forward, form))

    def _root(self, forward: Forward, root: str, printed: Printed, said: dict[str, t.Entry]) -> None:
        self.differentiate(forward, root)
        if root in forward.slopes:
            said[root] = self._gradient(forward, root, printed)

    def differentiate(self, forward: Forward, root: str) -> None:
        """Slopes for everything that a definition depends on."""
        if root in self.draft.unsaid:
            raise NoLemmaError(f"there is no word for {root}")
        for definition in forward.program.definitions:
            if definition.name in ancestors(forward.program, root) and definition.name not in forward.slopes:
                forward.define(definition)

    def _gradient(self, forward: Forward, root: str, printed: Printed) -> t.Entry:
        """The theorem that a root has the printed derivative; the derivative, as it is called."""
        left = printed.left
        made = self.draft.sides[root].gradients.get(forward.wrt.tensor)
        if made is None or not isinstance(left, t.Partial) or not isinstance(left.body, t.Entry):
            raise NoLemmaError("no closed form was found")
        coordinates = dict(zip(left.wrt.indices, forward.wrt.indices, strict=True))
        entry: t.Entry = t.renamed(left.body, coordinates)  # type: ignore[assignment]
        right = t.renamed(printed.right, coordinates)
        called = t.Entry(made.name, (*forward.wrt.indices, *entry.indices))
        self.draft.worded(called)
        self.draft.derivatives.append(made.name)
        if t.letters(entry):
            forward.settle(entry, right, self.draft.same)
        closed = self._closed_form(called, right, f"{root}_by_{forward.wrt.tensor}")
        name = f"gradient_of_{root}_by_{forward.wrt.tensor}"
        self._derives(forward, entry, forward.wrt, right, name, rw.using(closed)(self.program, called))
        letters = t.letters(called)
        scope = self.equations.scope(letters)
        self.draft.gradients.append(
            Gradient(
                self.draft.theorems[-1],
                self.equations.bound(scope, letters),
                right,
                lambda term: self.printer.text(formula(term), scope),
                self.printer.text(formula(called), scope),
                self.equations.equation(closed, scope),
            )
        )
        return called

    def _closed_form(self, called: t.Entry, right: t.Term, name: str) -> Theorem:
        """``⊢ derivative = closed form``, a theorem of the development unless the derivative is written so."""
        found = self._closed(called)
        there = rw.result(found, called)
        rest = meet(self.program, there, right) or settled(self.model, self.program, there, right)
        closed = rw.chained(found, rest if there != right else None)
        if rest is None or closed is None:
            raise NoLemmaError("the reverse derivative was not brought to the printed form")
        if closed.rule != "unfold":
            letters = t.letters(called)
            scope = self.equations.scope(letters)
            sides = " = ".join(self.printer.text(formula(side), scope) for side in (called, right))
            proof = self.equations.equation(closed, scope)
            self.draft.theorem(f"closed_form_of_{name}", letters, scope, sides, proof, self.equations)
            self.equations.remember(closed, self.draft.theorems[-1], letters)
        self.closed[called.tensor] = closed
        return closed

    def _closed(self, called: t.Entry) -> Theorem | None:
        """``⊢ derivative = closed form`` as reverse mode finds it; the adjoints that it goes by are lemmas."""
        whole = self.draft.closings.closed(called.tensor)
        for name, theorem in self.draft.closings.known.items():
            if name in ancestors(self.program, called.tensor) and name != called.tensor:
                self.equations.stated(theorem, f"closed_form_of_{name}")
        return rw.using(whole)(self.program, called)

    def mean(self, called: t.Entry) -> t.Term:
        """The mean of a per-sample derivative over the samples."""
        sample = self.model.batch
        return t.Times((inverse(t.Size(sample.size)), t.sigma(sample, called)))

    def _mean(self, forward: Forward, each: t.Entry) -> None:
        """The theorem that the objective has the mean of the per-sample derivatives as its own."""
        mean = self.mean(each)
        opened = rw.everywhere(rw.using(self.closed[each.tensor]))(self.program, mean)
        name = f"mean_of_gradients_by_{forward.wrt.tensor}"
        self._derives(forward, t.Entry("objective", ()), forward.wrt, rw.result(opened, mean), name, opened)

    def _matrix(self, forward: Forward, form: Theorem) -> None:
        """The theorem that the entry of the matrix form is the derivative of the objective."""
        wrt: t.Entry = form.left.wrt
        self._derives(forward, t.Entry("objective", ()), wrt, form.right, f"matrix_form_of_gradient_by_{wrt.tensor}")

    def _derives(
        self, forward: Forward, entry: t.Entry, at: t.Entry, right: t.Term, name: str, called: Theorem | None = None
    ) -> None:
        """State that an entry of a definition has a derivative, which is what the forward one comes to.

        Args:
            forward: the forward derivative.
            entry: what is differentiated.
            at: by what.
            right: the derivative.
            name: of the theorem.
            called: an equation of what the theorem says instead of ``right``, and ``right``.
        """
        equations, printer = forward.equations, forward.printer
        letters = tuple(dict.fromkeys((*t.letters(at), *t.letters(entry))))
        scope = equations.scope(letters)
        same = self.draft.same(forward.slope(entry, at), right, equations)
        proof = equations.steps((*same, rules.sym(called)) if called else same, scope)
        lemma = forward.lemma(entry, scope, at)
        whole = lemma if proof == "eq_refl" else f"(dual_eq {lemma}\n  {proof})"
        before = printer.text(formula(entry), scope, forward.moved(scope, at))
        value = printer.text(formula(called.left if called else right), scope)
        statement = f"is_derive (fun t => {before}) {forward.point(scope, at)}\n    ({value})"
        self.draft.theorem(name, letters, scope, statement, f"dual_is_derive {whole}", equations)

    # -- claims ---------------------------------------------------------------------------------------------------

    def claim(self, number: int, claim: Claim) -> None:
        """The theorem that a claim says."""
        name, left = f"claim_{number}", claim.left
        self.draft.worded(left, claim.right)
        match left:
            case t.Partial(t.Entry() as root, wrt, _) if not has_partial(claim.right):
                if wrt.tensor in self.program.bodies:
                    self._claim_inside(name, root, wrt, claim.right)
                    return
                forward = self.draft.forwards.get(wrt.tensor)
                if forward is None:
                    raise NoLemmaError(f"the gradients by {wrt.tensor} are missing")
                self.differentiate(forward, root.tensor)
                if root.tensor not in forward.slopes:
                    raise NoLemmaError("the derivative of what does not move")
                self._derives(forward, root, wrt, claim.right, name)
            case _ if not has_partial(left) and not has_partial(claim.right):
                letters = t.letters(t.Plus((left, claim.right)))
                scope = self.equations.scope(letters)
                known = self.derivation.statements[f"claim {number}"]
                proof = self.equations.equation(known.arguments[0], scope)
                sides = " = ".join(self.printer.text(formula(side), scope) for side in (left, claim.right))
                self.draft.theorem(name, letters, scope, sides, f"{proof}", self.equations)
            case _:
                raise NoLemmaError("it speaks of more than one derivative")

    def _claim_inside(self, name: str, root: t.Entry, wrt: t.Entry, right: t.Term) -> None:
        """A derivative by an intermediate: what follows is stated with any values in the intermediate's place."""
        given = self.given(wrt.tensor)
        self.differentiate(given, root.tensor)
        if root.tensor not in given.slopes:
            raise NoLemmaError("the derivative of what does not move")
        free = given.wrt.tensor
        self._derives(given, root, t.Entry(free, wrt.indices), swapped(right, wrt.tensor, free), name)

    def given(self, name: str) -> Forward:
        """Forward mode by an intermediate, in the program in which it is given."""
        forwards = self.draft.forwards
        if name not in forwards:
            program, tensor = self.program, self.program.tensors[name]
            free = _free(program, name)
            bodies = (
                Definition(d.name, d.letters, swapped(d.body, name, free)) for d in self.model.program.definitions
            )
            changed = Program(program.batch, (*program.inputs, Tensor(free, "data", tensor.shape)), tuple(bodies))
            printer = Printer(self.model, changed, self.names, given=free, like=self.printer)
            equations = self.equations.beside(changed, printer, lambda term: swapped(term, name, free))
            kind = f"{'nat -> ' * len(tensor.shape)}R"
            self.equations.lemmas.append(f"(** What follows {name}, with any values in its place. *)\n")
            self.equations.lemmas.append(f"Variable {printer.called[free]} : {kind}.\n")
            for definition in changed.definitions:
                if free in ancestors(changed, definition.name):
                    self.equations.lemmas.append(self.draft.definition(definition, printer, changed) + "\n")
            letters = Letters(self.model.letters, (*program.tensors, *(i.size for i in self.model.letters)))
            made: list[t.Index] = []
            for size in tensor.shape:
                made.append(letters.new(size, {i.name for i in made}))
            forwards[name] = Forward(changed, t.Entry(free, tuple(made)), equations, self.model.assumptions)
        return forwards[name]


def _free(program: Program, name: str) -> str:
    """A name for a tensor that stands in the place of a definition."""
    return next(f"any_{name[:50]}{k or ''}" for k in range(99) if f"any_{name[:50]}{k or ''}" not in program.tensors)


def swapped(term: t.Term, old: str, new: str) -> t.Term:
    """A term with the entries of one tensor taken from another."""
    if isinstance(term, t.Entry):
        return t.Entry(new, term.indices) if term.tensor == old else term
    return t.rebuilt(term, [swapped(part, old, new) for part in t.children(term)])


def has_partial(term: t.Term) -> bool:
    """Whether a derivative occurs in a term."""
    return any(isinstance(part, t.Partial) for part in t.subterms(term))
