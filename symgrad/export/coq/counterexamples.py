"""Counterexamples: what symgrad refutes, stated as it was believed, and as a theorem that it is false."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from symgrad.calculus.identity import REFUTED
from symgrad.export.coq.refutation import HOLDS, Refutations, exactly, point_of, rational, rests_on, with_values
from symgrad.export.coq.syntax import NoLemmaError, formula
from symgrad.export.coq.theorems import has_partial, swapped
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
    """Writes what is refuted, with what was proved.

    Attributes:
        bounded: the names of the refutations that need the library Interval.
    """

    def __init__(self, draft: Draft, proved: Theorems) -> None:
        self.draft, self.proved = draft, proved
        self.derivation, self.model, self.program = draft.derivation, draft.model, draft.program
        self.names, self.printer, self.equations = draft.names, draft.printer, draft.equations
        self.refutations = draft.refutations
        self.bounded: list[str] = []

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
            self._refute_alone(parameter, witness)
            return
        forward, each = self.draft.forwards.get(parameter), self.proved.said.get(parameter)
        if forward is None or each is None or "objective" not in forward.slopes:
            raise NoLemmaError("a gradient is missing")
        scope = self.equations.scope(forward.coordinates)
        mean = self.proved.mean(each)
        value = self.printer.text(formula(mean), scope)
        name = f"mean_of_gradients_by_{parameter}"
        self._refute_derivative(name, forward, t.Entry("objective", ()), forward.wrt, mean, value, witness)

    def _refute_alone(self, parameter: str, witness: Mapping[str, Any]) -> None:
        """The mean of the printed derivatives at batches of one is not the derivative of the objective."""
        forward, whole = self.draft.forwards.get(parameter), self.proved.whole.get(parameter)
        if forward is None or whole is None:
            raise NoLemmaError("a gradient is missing")
        sample, entry, each = self.model.batch, t.Entry("objective", ()), self.names.fresh("alone")
        scope = self.equations.scope([sample], self.equations.scope(forward.coordinates))
        letters = [scope[sample], *(scope[i] for i in forward.coordinates)]
        size, kind = self.names.of(sample.size), f"{'nat -> ' * len(letters)}R"
        value = f"/ INR {size} * sumR {size} (fun {letters[0]} => {' '.join([each, *letters])})"
        alone = self.refutations.alone(self.printer.called[whole.tensor], whole, sample, letters)
        name = f"mean_of_gradients_by_{parameter}"
        self._refute_derivative(name, forward, entry, forward.wrt, t.ZERO, value, witness, f"{each} : {kind}", alone)

    def _refute_claim(self, number: int, claim: Claim, witness: Mapping[str, Any]) -> None:
        name, left, right = f"claim_{number}", claim.left, claim.right
        match left:
            case t.Partial(t.Entry() as root, wrt, _) if not has_partial(right):
                inside = wrt.tensor in self.program.bodies
                forward = self.proved.given(wrt.tensor) if inside else self.draft.forwards.get(wrt.tensor)
                if forward is None:
                    raise NoLemmaError(f"the gradients by {wrt.tensor} are missing")
                if inside:
                    free = forward.wrt.tensor
                    witness = with_values(witness, self.program, wrt.tensor, free)
                    wrt, right = t.Entry(free, wrt.indices), swapped(right, wrt.tensor, free)
                self.proved.differentiate(forward, root.tensor)
                if root.tensor not in forward.slopes:
                    raise NoLemmaError("the derivative of what does not move")
                scope = forward.equations.scope(dict.fromkeys((*t.letters(wrt), *t.letters(root))))
                value = forward.printer.text(formula(right), scope)
                self._refute_derivative(name, forward, root, wrt, right, value, witness)
            case _ if not has_partial(left) and not has_partial(right):
                letters = t.letters(t.Plus((left, right)))
                scope = self.equations.scope(letters)
                sides = " = ".join(self.printer.text(formula(side), scope) for side in (left, right))
                claimed = self._says(name, letters, scope, sides, (left, right), self.refutations)
                at = "".join(f" {witness['at'][i.name] - 1}%nat" for i in letters) + " ltac:(lia)" * len(letters)
                self._refute(
                    name,
                    claimed,
                    witness,
                    f"pose proof (claimed{at}) as said; clear claimed; rename said into claimed.",
                )
            case _:
                raise NoLemmaError("it speaks of more than one derivative")

    def _refute_derivative(
        self,
        name: str,
        forward: Forward,
        root: t.Entry,
        at: t.Entry,
        right: t.Term,
        value: str,
        witness: Mapping[str, Any],
        about: str = "",
        given: str = "",
    ) -> None:
        """``value`` may speak of something else: ``about`` declares it, ``given`` is what it is."""
        refutations, printer = self.refutations.beside(forward.program, forward.printer), forward.printer
        letters = tuple(dict.fromkeys((*t.letters(at), *t.letters(root))))
        scope = self.equations.scope(letters)
        before = printer.text(formula(root), scope, forward.moved(scope, at))
        statement = f"is_derive (fun t => {before}) {forward.point(scope, at)}\n    ({value})"
        slope = forward.slope(root, at)
        claimed = self._says(name, letters, scope, statement, (root, at, right), refutations, about)
        derived = printer.text(formula(slope), scope)
        come, says = self.names.fresh(f"{name}_comes_to"), claimed.split(" ")[0]
        if about:
            claimed, says = f"{claimed}\n      {given}", f"{says} {about.split(' ', maxsplit=1)[0]}"
        lemma, binders = forward.lemma(root, scope, at), self.equations.bound(scope, letters)
        refutations.inside.append(
            f"Lemma {come}{f' ({about})' if about else ''}{binders} :\n"
            f"  {says} ->\n  {derived} =\n  {value}.\n"
            f"Proof. intros claimed; exact (uniqueness_limite _ _ _ _ (dual_is_derive {lemma})"
            f" (claimed{self.equations.at(scope, letters)})). Qed.\n"
        )
        places = " ".join(f"({scope[i]} := {witness['at'][i.name] - 1}%nat)" for i in letters)
        reach = f"eapply {come}{f' with {places}' if places else ''} in claimed; try solve [{HOLDS}]."
        own = rests_on(refutations.inside[-1], [*self.equations.lemmas, *refutations.inside])
        self._refute(name, claimed, witness, reach, forward, own)

    def _says(
        self,
        name: str,
        letters: tuple[t.Index, ...],
        scope: Scope,
        statement: str,
        terms: tuple[t.Term, ...],
        refutations: Refutations,
        about: str = "",
    ) -> str:
        """A definition of what is claimed; what it is called outside of the section."""
        self.draft.worded(*terms)
        says = self.names.fresh(f"{name}_says")
        ranges = "".join(f"({scope[i]} < {self.names.of(i.size)})%nat -> " for i in letters)
        binders = f"forall {' '.join(scope[i] for i in letters)}, {ranges}" if letters else ""
        refutations.inside.append(
            f"Definition {says}{f' ({about})' if about else ''} : Prop :=\n  {binders}{statement}.\n"
        )
        return refutations.applied(says, terms, {i.size for i in letters})

    def _refute(
        self,
        name: str,
        claimed: str,
        witness: Mapping[str, Any],
        reach: str,
        forward: Forward | None = None,
        own: set[str] | None = None,
    ) -> None:
        """Refute what is claimed; ``own``: the names on which its lemma rests."""
        point, program = point_of(witness), forward.program if forward else self.program
        equations = forward.equations if forward else self.equations
        refutations = self.refutations.beside(program, equations.printer)
        known = self.equations.hypotheses | equations.hypotheses
        holding = list(known)
        if own is not None and not satisfies(holding, program, point):
            holding = [judgement for judgement, called in known.items() if called in own]
        if not satisfies(holding, program, point):
            raise NoLemmaError("at its counterexample a hypothesis fails")
        if not rational(holding, program, point):
            witness = {**witness, "exact": False}
        supposed = ""
        if holding:
            sides = [t.Plus((j.left, j.right)) for j in holding]
            made = self.names.fresh(f"{name}_supposes")
            text = " /\\ ".join(f"({equations.supposition(j)})" for j in holding)
            refutations.inside.append(f"Definition {made} : Prop :=\n  {text}.\n")
            supposed = refutations.applied(made, sides, {i.size for side in sides for i in t.letters(side)})
        called = self.names.fresh(f"{name}_is_refuted")
        said = refutations.theorem(called, claimed, supposed, witness, reach)
        if witness["exact"]:
            self.draft.statements.append(said)
            self.draft.theorems.append(called)
        else:
            self.bounded.append(called)

    def outside(self) -> list[str]:
        """The end of the section with what is refuted, and the refutations."""
        made = [*self.refutations.inside, f"End {self.draft.section}.\n"]
        if self.refutations.after:
            made.append("(** ** What is refuted: the claim put at numbers *)\n")
            made += [exactly(self._opening()), *self.refutations.after]
        return made

    def apart(self) -> str:
        """The file of what needs the library Interval."""
        return self.refutations.apart(self.model.name, self._opening())

    def _opening(self) -> str:
        """The tactic that opens the definitions of the file."""
        names = [self.printer.called[d.name] for d in self.draft.written]
        names += [
            forward.printer.called[name]
            for forward in self.draft.forwards.values()
            for name in self.model.program.bodies
            if name not in self.draft.unsaid
        ]
        return self.refutations.opening(dict.fromkeys(names))
