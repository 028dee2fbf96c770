"""A development while it is written: what has been said so far, what is missing, and how a theorem is stated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from symgrad.calculus import rewrite as rw
from symgrad.calculus.claims import settled
from symgrad.calculus.local import assumed
from symgrad.calculus.normal import normal
from symgrad.export.coq.adjoints import Closings, extended, reversed_sides
from symgrad.export.coq.equations import Equations
from symgrad.export.coq.refutation import Refutations
from symgrad.export.coq.syntax import Names, NoLemmaError, Printer, formula
from symgrad.kernel import rules
from symgrad.kernel import terms as t
from symgrad.kernel.program import Definition, Program, ancestors, mentioned, reached

if TYPE_CHECKING:
    from collections.abc import Callable

    from symgrad.calculus.derivation import Derivation
    from symgrad.export.coq.forward import Forward
    from symgrad.export.coq.syntax import Scope
    from symgrad.kernel.theorem import Theorem


@dataclass(frozen=True)
class Gradient:
    """A theorem about a derivative.

    Attributes:
        name: of the theorem.
        binders: the letters with their ranges.
        right: the derivative in closed form.
        text: prints a term that may stand in place of the derivative.
        called: what the derivative is called in the theorem.
        closed: a proof that the derivative, as it is called in the theorem, is ``right``.
    """

    name: str
    binders: str
    right: t.Term
    text: Callable[[t.Term], str]
    called: str
    closed: str


class Draft:
    """What every part of a development is written with.

    Attributes:
        theorems: the names of the theorems, in order.
        statements: their statements.
        gradients: those of the theorems that say the printed gradients.
        missing: what could not be said, with the reason, a line each.
        unsaid: the definitions for which the library has no word.
        sides: the derivatives as reverse mode gives them, for each root.
        program: the model's, with these derivatives as definitions at its end.
        derivatives: those of them that a theorem speaks of.
        refutations: the statements that are false.
        forwards: forward mode by each parameter, and by each intermediate that a claim takes as given.
    """

    def __init__(self, derivation: Derivation) -> None:
        self.derivation, self.model = derivation, derivation.model
        self.sides = reversed_sides(derivation)
        self.program: Program = extended(self.model.program, self.sides.values())
        self.closings = Closings(self.program, self.sides.values(), self.model.assumptions)
        self.derivatives: list[str] = []
        self.names = Names()
        for size in dict.fromkeys(i.size for i in self.model.letters):
            self.names.of(size)
        self.printer = Printer(self.model, self.program, self.names)
        # They are stated where the parameters are fixed.
        self.printer.uses |= {d.name: [] for d in self.program.definitions[len(self.model.program.definitions) :]}
        self.equations = Equations(self.program, self.printer, derivation.hypotheses, self.model.assumptions)
        self.section = self.names.fresh("Derivation")
        self.theorems: list[str] = []
        self.gradients: list[Gradient] = []
        self.statements: list[str] = []
        self.missing: list[str] = []
        self.unsaid = self._unsaid()
        self.refutations = Refutations(self.model, self.program, self.printer)
        self.forwards: dict[str, Forward] = {}

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
                if definition.name in self.model.program.bodies:
                    self.missing.append(f"{definition.name}: {error}")
        return found

    @property
    def written(self) -> tuple[Definition, ...]:
        """The definitions that the file has: those of the model, and the derivatives that a theorem speaks of."""
        spoken = frozenset(self.model.program.bodies).union(*(ancestors(self.program, d) for d in self.derivatives))
        return tuple(d for d in self.program.definitions if d.name in spoken and d.name not in self.unsaid)

    def worded(self, *terms: t.Term) -> None:
        """Refuse terms that speak of a definition that could not be written.

        Raises:
            NoLemmaError: naming it.
        """
        spoken = {name for term in terms for name in (*mentioned(term), *reached(self.program, term))}
        if self.unsaid & spoken:
            raise NoLemmaError(f"there is no word for {min(self.unsaid & spoken)}")

    def attempt(self, what: str, make: Callable[[], object]) -> None:
        """Make a theorem with its lemmas, or none of them and a word about what is missing."""
        back, proved, shown = self.equations.kept(), len(self.theorems), len(self.derivatives)
        inside, slopes = len(self.refutations.inside), {name: dict(f.slopes) for name, f in self.forwards.items()}
        try:
            make()
        except (NoLemmaError, *rw.REFUSALS) as error:
            back()
            self.forwards = {name: self.forwards[name] for name in slopes}
            for name, known in slopes.items():
                self.forwards[name].slopes = known
            del self.refutations.inside[inside:]
            del self.theorems[proved:], self.statements[proved:], self.derivatives[shown:]
            self.missing.append(f"{what}: {str(error).splitlines()[0]}")

    def theorem(
        self,
        wanted: str,
        letters: tuple[t.Index, ...],
        scope: Scope,
        statement: str,
        proof: str,
        equations: Equations,
    ) -> None:
        """State a theorem, and prove it."""
        name = self.names.fresh(wanted)
        head = f"Theorem {name}{equations.bound(scope, letters)} :\n  {statement}."
        self.equations.lemmas.append(f"{head}\nProof. exact ({proof}). Qed.\n")
        self.theorems.append(name)
        self.statements.append(head)

    def same(self, left: t.Term, right: t.Term, equations: Equations) -> tuple[Theorem, ...]:
        """``left = right``, in steps, by opening more and more of the definitions on both sides.

        Where one step ends and the next begins, the terms may differ in what is called by a name and what is written
        out; for Coq they are one.

        Raises:
            NoLemmaError: if that is not found.
        """
        program = equations.program
        to: Theorem | None = None
        fro: Theorem | None = None
        for name in (None, *(d.name for d in reversed(program.definitions))):
            if name is not None:
                opening = _opening(name)
                first, second = opening(program, rw.result(to, left)), opening(program, rw.result(fro, right))
                if first is None and second is None:
                    continue
                to, fro = rw.chained(to, first), rw.chained(fro, second)
            met = equations.met(rw.result(to, left), rw.result(fro, right), self._assume)
            if met is not None:
                return tuple(step for step in (to, met, rules.sym(fro) if fro else None) if step)
        found = settled(self.model, program, left, right)
        if found is None:
            raise NoLemmaError("the forward derivative was not brought to the printed form")
        return (found,)

    def _assume(self, program: Program, term: t.Term) -> Theorem | None:
        done = normal(program, term)
        step = rw.everywhere(assumed(program, self.model.assumptions))(program, rw.result(done, term))
        return rw.chained(done, step)

    def definition(self, definition: Definition, printer: Printer, program: Program) -> str:
        """A definition of the program as one of Coq, with the parameters that it depends on."""
        scope = self.equations.scope(definition.letters)
        kinds = {p: "nat -> " * len(program.tensors[p].shape) for p in printer.uses[definition.name]}
        parameters = "".join(f" ({printer.called[p]} : {kind}R)" for p, kind in kinds.items())
        indices = f" ({' '.join(scope[i] for i in definition.letters)} : nat)" if definition.letters else ""
        text = printer.text(formula(definition.body), scope)
        return f"Definition {printer.called[definition.name]}{parameters}{indices} : R :=\n  {text}."


def _opening(name: str) -> rw.Conversion:
    """Unfold one definition everywhere."""
    return rw.everywhere(
        lambda program, term: rules.unfold(program, term) if isinstance(term, t.Entry) and term.tensor == name else None
    )
