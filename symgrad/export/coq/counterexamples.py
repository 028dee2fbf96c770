"""Counterexamples: what symgrad refutes, stated as it was believed, and as a theorem that it is false."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from symgrad.calculus.identity import REFUTED
from symgrad.export.coq.refutation import point_of
from symgrad.export.coq.syntax import NoLemmaError, formula
from symgrad.export.coq.theorems import has_partial
from symgrad.kernel import terms as t
from symgrad.oracles.points import satisfies

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from symgrad.export.coq.draft import Draft
    from symgrad.export.coq.forward import Forward
    from symgrad.export.coq.syntax import Scope
    from symgrad.export.coq.theorems import Theorems
    from symgrad.lang.model import Claim


class Counterexamples:
    """Writes what is refuted, with what was proved."""

    def __init__(self, draft: Draft, proved: Theorems) -> None:
        self.draft, self.proved = draft, proved
        self.derivation, self.model, self.program = draft.derivation, draft.model, draft.program
        self.names, self.printer, self.equations = draft.names, draft.printer, draft.equations
        self.refutations = draft.refutations

    def refute(self) -> None:
        """The theorems that refuted claims, and the identity if it is refuted, are false."""
        identity = self.derivation.verdicts["identity"]
        if identity.get("witness") and identity["status"] == REFUTED:
            parameter = identity["witness"]["parameter"]
            self.draft.attempt(f"refutation by {parameter}", partial(self._refute_mean, parameter, identity["witness"]))
        for number, (claim, judged) in enumerate(zip(self.model.claims, self.derivation.claims, strict=True), 1):
            if judged["status"] == REFUTED:
                what = f"refutation of claim {number}"
                self.draft.attempt(what, partial(self._refute_claim, number, claim, judged["witness"]))

    def _refute_mean(self, parameter: str, witness: Mapping[str, Any]) -> None:
        """The mean of the per-sample derivatives is not the derivative of the objective."""
        if self.derivation.verdicts.get("separable", {}).get("status") == REFUTED:
            raise NoLemmaError("it compares with batches of one, which are another program")
        forward, each = self.proved.forwards.get(parameter), self.proved.said.get(parameter)
        if forward is None or each is None or "objective" not in forward.slopes:
            raise NoLemmaError("a gradient is missing")
        scope = self.equations.scope(forward.coordinates)
        mean = self.proved.mean(each)
        value = self.printer.text(formula(mean), scope)
        name = f"mean_of_gradients_by_{parameter}"
        self._refute_derivative(name, forward, t.Entry("objective", ()), forward.wrt, mean, value, witness)

    def _refute_claim(self, number: int, claim: Claim, witness: Mapping[str, Any]) -> None:
        name, left, right = f"claim_{number}", claim.left, claim.right
        match left:
            case t.Partial(t.Entry() as root, wrt, _) if (
                not has_partial(right) and wrt.tensor not in self.program.bodies
            ):
                forward = self.proved.forwards.get(wrt.tensor)
                if forward is None:
                    raise NoLemmaError(f"the gradients by {wrt.tensor} are missing")
                self.proved.differentiate(forward, root.tensor)
                if root.tensor not in forward.slopes:
                    raise NoLemmaError("the derivative of what does not move")
                scope = self.equations.scope(dict.fromkeys((*t.letters(wrt), *t.letters(root))))
                value = self.printer.text(formula(right), scope)
                self._refute_derivative(name, forward, root, wrt, right, value, witness)
            case _ if not has_partial(left) and not has_partial(right):
                letters = t.letters(t.Plus((left, right)))
                scope = self.equations.scope(letters)
                sides = " = ".join(self.printer.text(formula(side), scope) for side in (left, right))
                claimed = self._says(name, letters, scope, sides, (left, right))
                at = "".join(f" {witness['at'][i.name] - 1}%nat" for i in letters) + " ltac:(lia)" * len(letters)
                self._refute(
                    name,
                    claimed,
                    witness,
                    f"pose proof (claimed{at}) as said; clear claimed; rename said into claimed.",
                )
            case _:
                raise NoLemmaError("it speaks of a derivative by an intermediate")

    def _refute_derivative(
        self,
        name: str,
        forward: Forward,
        root: t.Entry,
        at: t.Entry,
        right: t.Term,
        value: str,
        witness: Mapping[str, Any],
    ) -> None:
        letters = tuple(dict.fromkeys((*t.letters(at), *t.letters(root))))
        scope = self.equations.scope(letters)
        before = self.printer.text(formula(root), scope, forward.moved(scope, at))
        statement = f"is_derive (fun t => {before}) {forward.point(scope, at)}\n    ({value})"
        slope = forward.slope(root, at)
        claimed = self._says(name, letters, scope, statement, (root, at, right))
        derived = self.printer.text(formula(slope), scope)
        come, says = self.names.fresh(f"{name}_comes_to"), claimed.split(" ")[0]
        lemma = forward.lemma(root, scope, at)
        self.refutations.inside.append(
            f"Lemma {come}{self.equations.bound(scope, letters)} :\n  {says} ->\n  {derived} =\n  {value}.\n"
            f"Proof. intros claimed; exact (uniqueness_limite _ _ _ _ (dual_is_derive {lemma})"
            f" (claimed{self.equations.at(scope, letters)})). Qed.\n"
        )
        places = " ".join(f"({scope[i]} := {witness['at'][i.name] - 1}%nat)" for i in letters)
        reach = f"eapply {come}{f' with {places}' if places else ''} in claimed; try solve [holds put_in]."
        self._refute(name, claimed, witness, reach)

    def _says(
        self, name: str, letters: tuple[t.Index, ...], scope: Scope, statement: str, terms: tuple[t.Term, ...]
    ) -> str:
        """A definition of what is claimed; what it is called outside of the section."""
        self.draft.worded(*terms)
        says = self.names.fresh(f"{name}_says")
        ranges = "".join(f"({scope[i]} < {self.names.of(i.size)})%nat -> " for i in letters)
        binders = f"forall {' '.join(scope[i] for i in letters)}, {ranges}" if letters else ""
        self.refutations.inside.append(f"Definition {says} : Prop :=\n  {binders}{statement}.\n")
        return self.refutations.applied(says, terms, {i.size for i in letters})

    def _refute(self, name: str, claimed: str, witness: Mapping[str, Any], reach: str) -> None:
        point = point_of(witness)
        holding = list(self.equations.hypotheses)
        if not satisfies(holding, self.program, point):
            raise NoLemmaError("at its counterexample a hypothesis of another theorem fails")
        supposed = ""
        if holding:
            sides = [t.Plus((j.left, j.right)) for j in holding]
            made = self.names.fresh(f"{name}_supposes")
            text = " /\\ ".join(f"({self.equations.supposition(j)})" for j in holding)
            self.refutations.inside.append(f"Definition {made} : Prop :=\n  {text}.\n")
            supposed = self.refutations.applied(made, sides, {i.size for side in sides for i in t.letters(side)})
        called = self.names.fresh(f"{name}_is_refuted")
        self.draft.statements.append(self.refutations.theorem(called, claimed, supposed, witness, reach))
        self.draft.theorems.append(called)

    def outside(self) -> list[str]:
        """The end of the section with what is refuted, and the refutations."""
        made = []
        if self.refutations.after:
            made += self.refutations.inside
        made.append(f"End {self.draft.section}.\n")
        if self.refutations.after:
            names = [self.printer.called[d.name] for d in self.draft.written]
            made.append("(** ** What is refuted: the claim put at numbers *)\n")
            made += [self.refutations.opening(names)]
            made += self.refutations.after
        return made
