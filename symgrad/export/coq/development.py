"""The Coq development of a derivation: the model, what is claimed of it, and the proofs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from typing import TYPE_CHECKING

from symgrad.calculus import rewrite as rw
from symgrad.calculus.claims import settled
from symgrad.calculus.identity import PROVED, REFUTED
from symgrad.calculus.local import assumed
from symgrad.calculus.normal import meet, normal
from symgrad.calculus.reverse import Letters
from symgrad.export.coq.equations import Equations
from symgrad.export.coq.forward import Forward
from symgrad.export.coq.refutation import HOLDS, Refutations, exactly, point_of, rational, rests_on, with_values
from symgrad.export.coq.syntax import Names, NoLemmaError, Printer, formula
from symgrad.kernel import rules
from symgrad.kernel import terms as t
from symgrad.kernel.functions import inverse
from symgrad.kernel.program import Definition, Program, Tensor, ancestors, mentioned, reached
from symgrad.oracles.points import satisfies

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from symgrad.calculus.derivation import Derivation, Side
    from symgrad.calculus.derivation import Formula as Printed
    from symgrad.export.coq.syntax import Scope
    from symgrad.kernel.theorem import Theorem
    from symgrad.lang.model import Claim


@dataclass(frozen=True)
class Gradient:
    """A theorem about a derivative.

    Attributes:
        name: of the theorem.
        binders: the letters with their ranges.
        function: what is differentiated, of t.
        point: where.
        right: the derivative.
        text: prints a term that may stand in place of the derivative.
        proof: the lemma that says so with dual numbers.
    """

    name: str
    binders: str
    function: str
    point: str
    right: t.Term
    text: Callable[[t.Term], str]
    proof: str


@dataclass(frozen=True)
class Development:
    """A derivation as Coq reads it.

    Attributes:
        text: the file, which needs the library ``Symgrad.v`` beside it.
        theorems: the names of the theorems, in order.
        missing: what could not be said in Coq, with the reason, a line each.
        added: hypotheses that the theorems of symgrad do not have.
        gradients: those of the theorems that say the printed gradients.
        name: of the file.
        by_interval: a second file, of theorems that need the library Interval; empty if there are none.
        bounded: the names of those theorems.
    """

    text: str
    theorems: tuple[str, ...]
    missing: tuple[str, ...]
    added: tuple[str, ...]
    gradients: tuple[Gradient, ...] = ()
    name: str = "development"
    by_interval: str = ""
    bounded: tuple[str, ...] = ()


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
        self.equations = Equations(self.program, self.printer, derivation.hypotheses, self.model.assumptions)
        self.section = self.names.fresh("Derivation")
        self.forwards: dict[str, Forward] = {}
        self.theorems: list[str] = []
        self.gradients: list[Gradient] = []
        self.statements: list[str] = []
        self.missing: list[str] = []
        self.said: dict[str, tuple[str, t.Term]] = {}
        self.whole: dict[str, tuple[str, t.Term]] = {}
        self.unsaid = self._unsaid()
        self.refutations = Refutations(self.model, self.program, self.printer)
        self.bounded: list[str] = []

    def development(self) -> Development:
        for parameter in [i.name for i in self.program.inputs if i.kind == "parameter"]:
            self._attempt(parameter, partial(self._block, parameter))
        for number, (claim, judged) in enumerate(zip(self.model.claims, self.derivation.claims, strict=True), 1):
            if judged["status"] == PROVED:
                self._attempt(f"claim {number}", partial(self._claim, number, claim))
        self._refutations()
        added = tuple(self.equations.supposition(j) for j in self.equations.added)
        return Development(
            self._file(),
            tuple(self.theorems),
            tuple(self.missing),
            added,
            tuple(self.gradients),
            self.model.name,
            self.refutations.apart(self.model.name, self._opening_all()),
            tuple(self.bounded),
        )

    def _unsaid(self) -> set[str]:
        """The definitions for which the library has no word, and what follows them."""
        found: set[str] = set()
        for definition in self.program.definitions:
            if found & ancestors(self.program, definition.name):
                found.add(definition.name)
                continue
            try:
                formula(definition.body)
            except NoLemmaError as error:
                found.add(definition.name)
                self.missing.append(f"{definition.name}: {error}")
        return found

    def _worded(self, *terms: t.Term) -> None:
        """Refuse terms that speak of a definition that could not be written.

        Raises:
            NoLemmaError: naming it.
        """
        spoken = {name for term in terms for name in (*mentioned(term), *reached(self.program, term))}
        if self.unsaid & spoken:
            raise NoLemmaError(f"there is no word for {min(self.unsaid & spoken)}")

    def _attempt(self, what: str, make: Callable[[], object]) -> None:
        """Make a theorem with its lemmas, or none of them and a word about what is missing."""
        back, proved = self.equations.kept(), len(self.theorems)
        inside, slopes = len(self.refutations.inside), {name: dict(f.slopes) for name, f in self.forwards.items()}
        try:
            make()
        except (NoLemmaError, *rw.REFUSALS) as error:
            back()
            self.forwards = {name: self.forwards[name] for name in slopes}
            for name, known in slopes.items():
                self.forwards[name].slopes = known
            del self.refutations.inside[inside:]
            del self.theorems[proved:], self.statements[proved:]
            self.missing.append(f"{what}: {str(error).splitlines()[0]}")

    # -- one parameter --------------------------------------------------------------------------------------------

    def _block(self, parameter: str) -> None:
        """The theorems about the gradients by one parameter."""
        sides: dict[str, Side] = {"loss": self.derivation.single, "objective": self.derivation.batch}
        printed = {root: side.closed[parameter] for root, side in sides.items() if parameter in side.closed}
        found = [f.left for f in printed.values() if isinstance(f.left, t.Partial)]
        if not found:
            raise NoLemmaError("no closed form was found")
        forward = Forward(self.program, found[-1].wrt, self.equations, self.model.assumptions)
        said: dict[str, tuple[t.Term, str]] = {}
        for root, shown in printed.items():
            self._attempt(f"{root} by {parameter}", partial(self._root, forward, root, shown, said))
        self.forwards[parameter] = forward
        if "loss" in said:
            self.said[parameter] = said["loss"][::-1]
        if "objective" in said:
            self.whole[parameter] = said["objective"][::-1]
        identity = self.derivation.verdicts["identity"].get("by_parameter", {}).get(parameter)
        if identity == PROVED and len(said) == 2:
            self._attempt(f"mean of the gradients by {parameter}", lambda: self._mean(forward, *said["loss"]))
        form = self.derivation.statements.get(f"matrix {parameter}")
        if form is not None and "objective" in said:
            self._attempt(f"matrix form of {parameter}", lambda: self._matrix(forward, form))

    def _root(self, forward: Forward, root: str, printed: Printed, said: dict[str, tuple[t.Term, str]]) -> None:
        before = dict(forward.slopes)
        try:
            self._differentiate(forward, root)
            if root in forward.slopes:
                said[root] = self._gradient(forward, root, printed)
        except (NoLemmaError, *rw.REFUSALS):
            forward.slopes = before
            raise

    def _differentiate(self, forward: Forward, root: str) -> None:
        """Slopes for everything that a definition depends on."""
        if root in self.unsaid:
            raise NoLemmaError(f"there is no word for {root}")
        for definition in forward.program.definitions:
            if definition.name in ancestors(forward.program, root) and definition.name not in forward.slopes:
                forward.define(definition)

    def _gradient(self, forward: Forward, root: str, printed: Printed) -> tuple[t.Term, str]:
        """The theorem that a root has the printed derivative; the derivative, and its name."""
        left = printed.left
        if not isinstance(left, t.Partial) or not isinstance(left.body, t.Entry):
            raise NoLemmaError("no closed form was found")
        coordinates = dict(zip(left.wrt.indices, forward.wrt.indices, strict=True))
        entry, right = t.renamed(left.body, coordinates), t.renamed(printed.right, coordinates)
        letters = (*forward.coordinates, *t.letters(entry))
        scope = self.equations.scope(letters)
        called = self.names.fresh(f"d_{root}_d_{forward.wrt.tensor}")
        binders = f" ({' '.join(scope[i] for i in letters)} : nat)" if letters else ""
        text = self.printer.text(formula(right), scope)
        self.equations.lemmas.append(f"Definition {called}{binders} : R :=\n  {text}.\n")
        value = " ".join([called, *(scope[i] for i in letters)])
        if t.letters(entry):
            forward.settle(entry, right, self._same)  # type: ignore[arg-type]
        self._derives(forward, entry, forward.wrt, right, f"gradient_of_{root}_by_{forward.wrt.tensor}", value)  # type: ignore[arg-type]
        return right, called

    def _mean(self, forward: Forward, each: t.Term, called: str) -> None:
        """The theorem that the objective has the mean of the per-sample derivatives as its own."""
        sample = self.model.batch
        mean = t.Times((inverse(t.Size(sample.size)), t.sigma(sample, each)))
        inside = self.equations.scope([sample], self.equations.scope(forward.coordinates))
        size, own = self.names.of(sample.size), " ".join([called, *(inside[i] for i in (*forward.coordinates, sample))])
        value = f"/ INR {size} * sumR {size} (fun {inside[sample]} => {own})"
        name = f"mean_of_gradients_by_{forward.wrt.tensor}"
        self._derives(forward, t.Entry("objective", ()), forward.wrt, mean, name, value)

    def _matrix(self, forward: Forward, form: Theorem) -> None:
        """The theorem that the entry of the matrix form is the derivative of the objective."""
        wrt: t.Entry = form.left.wrt
        self._derives(forward, t.Entry("objective", ()), wrt, form.right, f"matrix_form_of_gradient_by_{wrt.tensor}")

    def _derives(
        self, forward: Forward, entry: t.Entry, at: t.Entry, right: t.Term, name: str, value: str | None = None
    ) -> None:
        """State that an entry of a definition has a derivative, which is what the forward one comes to."""
        equations, printer = forward.equations, forward.printer
        letters = tuple(dict.fromkeys((*t.letters(at), *t.letters(entry))))
        scope = equations.scope(letters)
        proof = equations.equation(self._same(forward.slope(entry, at), right, forward.program), scope)
        lemma = forward.lemma(entry, scope, at)
        whole = lemma if proof == "eq_refl" else f"(dual_eq {lemma}\n  {proof})"
        before = printer.text(formula(entry), scope, forward.moved(scope, at))
        value = value or printer.text(formula(right), scope)
        statement = f"is_derive (fun t => {before}) {forward.point(scope, at)}\n    ({value})"
        self._theorem(name, letters, scope, statement, f"dual_is_derive {whole}", equations)
        if name.startswith("gradient_of"):
            self.gradients.append(
                Gradient(
                    self.theorems[-1],
                    equations.bound(scope, letters),
                    before,
                    forward.point(scope, at),
                    right,
                    lambda term: printer.text(formula(term), scope),
                    lemma if proof == "eq_refl" else self.theorems[-1],
                )
            )

    # -- claims ---------------------------------------------------------------------------------------------------

    def _claim(self, number: int, claim: Claim) -> None:
        """The theorem that a claim says."""
        name, left = f"claim_{number}", claim.left
        self._worded(left, claim.right)
        match left:
            case t.Partial(t.Entry() as root, wrt, _) if not _partial(claim.right):
                if wrt.tensor in self.program.bodies:
                    self._claim_inside(name, root, wrt, claim.right)
                    return
                forward = self.forwards.get(wrt.tensor)
                if forward is None:
                    raise NoLemmaError(f"the gradients by {wrt.tensor} are missing")
                self._differentiate(forward, root.tensor)
                if root.tensor not in forward.slopes:
                    raise NoLemmaError("the derivative of what does not move")
                self._derives(forward, root, wrt, claim.right, name)
            case _ if not _partial(left) and not _partial(claim.right):
                letters = t.letters(t.Plus((left, claim.right)))
                scope = self.equations.scope(letters)
                known = self.derivation.statements[f"claim {number}"]
                proof = self.equations.equation(known.arguments[0], scope)
                sides = " = ".join(self.printer.text(formula(side), scope) for side in (left, claim.right))
                self._theorem(name, letters, scope, sides, f"{proof}", self.equations)
            case _:
                raise NoLemmaError("it speaks of more than one derivative")

    def _claim_inside(self, name: str, root: t.Entry, wrt: t.Entry, right: t.Term) -> None:
        """A derivative by an intermediate: what follows is stated with any values in the intermediate's place."""
        given = self._given(wrt.tensor)
        self._differentiate(given, root.tensor)
        if root.tensor not in given.slopes:
            raise NoLemmaError("the derivative of what does not move")
        free = given.wrt.tensor
        self._derives(given, root, t.Entry(free, wrt.indices), _swapped(right, wrt.tensor, free), name)

    def _given(self, name: str) -> Forward:
        """Forward mode by an intermediate, in the program in which it is given."""
        if name not in self.forwards:
            program, tensor = self.program, self.program.tensors[name]
            free = _free(program, name)
            bodies = (Definition(d.name, d.letters, _swapped(d.body, name, free)) for d in program.definitions)
            changed = Program(program.batch, (*program.inputs, Tensor(free, "data", tensor.shape)), tuple(bodies))
            printer = Printer(self.model, changed, self.names, given=free, like=self.printer)
            equations = self.equations.beside(changed, printer, lambda term: _swapped(term, name, free))
            kind = f"{'nat -> ' * len(tensor.shape)}R"
            self.equations.lemmas.append(f"(** What follows {name}, with any values in its place. *)\n")
            self.equations.lemmas.append(f"Variable {printer.called[free]} : {kind}.\n")
            for definition in changed.definitions:
                if free in ancestors(changed, definition.name):
                    self.equations.lemmas.append(self._definition(definition, printer, changed) + "\n")
            letters = Letters(self.model.letters, (*program.tensors, *(i.size for i in self.model.letters)))
            made: list[t.Index] = []
            for size in tensor.shape:
                made.append(letters.new(size, {i.name for i in made}))
            self.forwards[name] = Forward(changed, t.Entry(free, tuple(made)), equations, self.model.assumptions)
        return self.forwards[name]

    # -- refutations ----------------------------------------------------------------------------------------------

    def _refutations(self) -> None:
        """The theorems that refuted claims, and the identity if it is refuted, are false."""
        identity = self.derivation.verdicts["identity"]
        if identity.get("witness") and identity["status"] == REFUTED:
            parameter = identity["witness"]["parameter"]
            self._attempt(f"refutation by {parameter}", partial(self._refute_mean, parameter, identity["witness"]))
        for number, (claim, judged) in enumerate(zip(self.model.claims, self.derivation.claims, strict=True), 1):
            if judged["status"] == REFUTED:
                what = f"refutation of claim {number}"
                self._attempt(what, partial(self._refute_claim, number, claim, judged["witness"]))

    def _refute_mean(self, parameter: str, witness: Mapping[str, Any]) -> None:
        """The mean of the per-sample derivatives is not the derivative of the objective."""
        if self.derivation.verdicts.get("separable", {}).get("status") == REFUTED:
            self._refute_alone(parameter, witness)
            return
        forward, each = self.forwards.get(parameter), self.said.get(parameter)
        if forward is None or each is None or "objective" not in forward.slopes:
            raise NoLemmaError("a gradient is missing")
        called, right = each
        sample = self.model.batch
        scope = self.equations.scope(forward.coordinates)
        inside = self.equations.scope([sample], scope)
        own = " ".join([called, *(inside[i] for i in (*forward.coordinates, sample))])
        size = self.names.of(sample.size)
        value = f"/ INR {size} * sumR {size} (fun {inside[sample]} => {own})"
        mean = t.Times((inverse(t.Size(sample.size)), t.sigma(sample, right)))
        name = f"mean_of_gradients_by_{parameter}"
        self._refute_derivative(name, forward, t.Entry("objective", ()), forward.wrt, mean, value, witness)

    def _refute_alone(self, parameter: str, witness: Mapping[str, Any]) -> None:
        """The mean of the printed derivatives at batches of one is not the derivative of the objective."""
        forward, whole = self.forwards.get(parameter), self.whole.get(parameter)
        if forward is None or whole is None:
            raise NoLemmaError("a gradient is missing")
        sample, entry, each = self.model.batch, t.Entry("objective", ()), self.names.fresh("alone")
        scope = self.equations.scope([sample], self.equations.scope(forward.coordinates))
        letters = [scope[sample], *(scope[i] for i in forward.coordinates)]
        size, kind = self.names.of(sample.size), f"{'nat -> ' * len(letters)}R"
        value = f"/ INR {size} * sumR {size} (fun {letters[0]} => {' '.join([each, *letters])})"
        alone = self.refutations.alone(*whole, sample, letters)
        name = f"mean_of_gradients_by_{parameter}"
        self._refute_derivative(name, forward, entry, forward.wrt, t.ZERO, value, witness, f"{each} : {kind}", alone)

    def _refute_claim(self, number: int, claim: Claim, witness: Mapping[str, Any]) -> None:
        name, left, right = f"claim_{number}", claim.left, claim.right
        match left:
            case t.Partial(t.Entry() as root, wrt, _) if not _partial(right):
                inside = wrt.tensor in self.program.bodies
                forward = self._given(wrt.tensor) if inside else self.forwards.get(wrt.tensor)
                if forward is None:
                    raise NoLemmaError(f"the gradients by {wrt.tensor} are missing")
                if inside:
                    free = forward.wrt.tensor
                    witness = with_values(witness, self.program, wrt.tensor, free)
                    wrt, right = t.Entry(free, wrt.indices), _swapped(right, wrt.tensor, free)
                self._differentiate(forward, root.tensor)
                if root.tensor not in forward.slopes:
                    raise NoLemmaError("the derivative of what does not move")
                scope = forward.equations.scope(dict.fromkeys((*t.letters(wrt), *t.letters(root))))
                value = forward.printer.text(formula(right), scope)
                self._refute_derivative(name, forward, root, wrt, right, value, witness)
            case _ if not _partial(left) and not _partial(right):
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
        self._worded(*terms)
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
            self.statements.append(said)
            self.theorems.append(called)
        else:
            self.bounded.append(called)

    def _outside(self) -> list[str]:
        """The end of the section with what is refuted, and the refutations."""
        made = []
        made += self.refutations.inside
        made.append(f"End {self.section}.\n")
        if self.refutations.after:
            made.append("(** ** What is refuted: the claim put at numbers *)\n")
            made += [exactly(self._opening_all()), *self.refutations.after]
        return made

    def _opening_all(self) -> str:
        printers = [self.printer, *(f.printer for f in self.forwards.values())]
        names = [p.called[d.name] for p in printers for d in self.program.definitions if d.name not in self.unsaid]
        said = [called for called, _ in (*self.said.values(), *self.whole.values())]
        return self.refutations.opening(dict.fromkeys([*names, *said]))

    # -- statements -----------------------------------------------------------------------------------------------

    def _theorem(
        self,
        wanted: str,
        letters: tuple[t.Index, ...],
        scope: Scope,
        statement: str,
        proof: str,
        equations: Equations,
    ) -> None:
        name = self.names.fresh(wanted)
        head = f"Theorem {name}{equations.bound(scope, letters)} :\n  {statement}."
        self.equations.lemmas.append(f"{head}\nProof. exact ({proof}). Qed.\n")
        self.theorems.append(name)
        self.statements.append(head)

    def _same(self, left: t.Term, right: t.Term, program: Program | None = None) -> Theorem:
        """``left = right``, by opening more and more of the definitions on both sides.

        Raises:
            NoLemmaError: if that is not found.
        """
        program = program or self.program
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
        found = settled(self.model, program, left, right)
        if found is None:
            raise NoLemmaError("the forward derivative was not brought to the printed form")
        return found

    def _assume(self, program: Program, term: t.Term) -> Theorem | None:
        done = normal(program, term)
        step = rw.everywhere(assumed(program, self.model.assumptions))(program, rw.result(done, term))
        return rw.chained(done, step)

    def _definition(self, definition: Definition, printer: Printer, program: Program) -> str:
        """A definition of the program as one of Coq, with the parameters that it depends on."""
        scope = self.equations.scope(definition.letters)
        kinds = {p: "nat -> " * len(program.tensors[p].shape) for p in printer.uses[definition.name]}
        parameters = "".join(f" ({printer.called[p]} : {kind}R)" for p, kind in kinds.items())
        indices = f" ({' '.join(scope[i] for i in definition.letters)} : nat)" if definition.letters else ""
        text = printer.text(formula(definition.body), scope)
        return f"Definition {printer.called[definition.name]}{parameters}{indices} : R :=\n  {text}."

    # -- the file -------------------------------------------------------------------------------------------------

    def _file(self) -> str:
        model, names, printer = self.model, self.names, self.printer
        equations = self.equations
        intro = "".join(f"    {line}\n" for line in model.introduction)
        claims = "\n\n".join(self.statements)
        lines = [
            f"(** * {_plain(model.title)}\n\n{_plain(intro)}\n    Written by symgrad. Checked by coqc, with the "
            "library Symgrad.v beside it.\n    Every theorem holds for all sizes, all data and all parameters. *)\n",
            "From Coq Require Import Reals Lra Lia List.\nRequire Import Symgrad.\nOpen Scope R_scope.\n",
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
            if definition.name not in self.unsaid:
                lines.append(self._definition(definition, printer, self.program))
        lines.append("\n(** ** The parameters, and what is supposed *)\n")
        for tensor in self.program.inputs:
            if tensor.kind == "parameter":
                lines.append(f"Variable {printer.called[tensor.name]} : {'nat -> ' * len(tensor.shape)}R.")
        lines += [f"Hypothesis size_{names.of(size)} : (0 < {names.of(size)})%nat." for size in sizes]
        # Those about an intermediate that is given stand where it is.
        lines += [f"Hypothesis {name} : {equations.supposition(j)}." for j, name in equations.hypotheses.items()]
        lines.append("\n(** ** The proofs *)\n")
        lines += equations.lemmas
        return "\n".join([*lines, *self._outside()])


def _free(program: Program, name: str) -> str:
    """A name for a tensor that stands in the place of a definition."""
    return next(f"any_{name[:50]}{k or ''}" for k in range(99) if f"any_{name[:50]}{k or ''}" not in program.tensors)


def _swapped(term: t.Term, old: str, new: str) -> t.Term:
    """A term with the entries of one tensor taken from another."""
    if isinstance(term, t.Entry):
        return t.Entry(new, term.indices) if term.tensor == old else term
    return t.rebuilt(term, [_swapped(part, old, new) for part in t.children(term)])


def _partial(term: t.Term) -> bool:
    return any(isinstance(part, t.Partial) for part in t.subterms(term))


def _plain(text: str) -> str:
    """Text that may stand in a comment of Coq."""
    return text.replace("(*", "( *").replace("*)", "* )").replace('"', "'")


def _opening(name: str) -> rw.Conversion:
    """Unfold one definition everywhere."""
    return rw.everywhere(
        lambda program, term: rules.unfold(program, term) if isinstance(term, t.Entry) and term.tensor == name else None
    )
