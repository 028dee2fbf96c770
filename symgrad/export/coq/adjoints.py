"""Reverse mode as definitions: one for the derivative by each intermediate, and the gradients written with them.

They are tensors of a longer program, so that a derivative by an intermediate is a name like any other: what the kernel
proves of the definitions of a model it proves of these, and Coq unfolds both alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from symgrad.calculus.local import Chain, simplify
from symgrad.calculus.reverse import first_of
from symgrad.kernel import rules
from symgrad.kernel import terms as t
from symgrad.kernel.program import Definition, Program

if TYPE_CHECKING:
    from collections.abc import Iterable

    from symgrad.calculus.derivation import Derivation, Formula
    from symgrad.kernel.theorem import Theorem


@dataclass(frozen=True)
class Reversed:
    """The derivatives of one root.

    Attributes:
        adjoints: by each intermediate, in an order in which each uses only what stands before it.
        gradients: by each parameter.
    """

    adjoints: tuple[Definition, ...]
    gradients: dict[str, Definition]


def reversed_sides(derivation: Derivation) -> dict[str, Reversed]:
    """The derivatives of ``loss`` and of ``objective`` as symgrad prints them, the ones by the others."""
    taken = {*derivation.model.program.tensors, *(s for i in derivation.model.letters for s in (i.name, i.size))}
    sides = {"loss": derivation.single, "objective": derivation.batch}
    found: dict[str, Reversed] = {}
    for root, side in sides.items():
        naming = _Naming(derivation, root, taken, side.adjoints)
        adjoints = tuple(made for f in side.adjoints.values() if (made := naming.definition(f)) is not None)
        gradients = {name: made for name, f in side.gradients.items() if (made := naming.definition(f)) is not None}
        found[root] = Reversed(adjoints, gradients)
    return found


def extended(program: Program, sides: Iterable[Reversed]) -> Program:
    """The program with these derivatives as further definitions."""
    made = [d for side in sides for d in (*side.adjoints, *side.gradients.values())]
    return Program(program.batch, program.inputs, (*program.definitions, *made))


class _Naming:
    """Derivatives of one root as entries."""

    def __init__(self, derivation: Derivation, root: str, taken: set[str], adjoints: Iterable[str]) -> None:
        self.program, self.rows = derivation.model.program, derivation.rows
        self.adjoints = set(adjoints)
        self.names: dict[str, str] = {}
        for name in self.program.tensors:
            made = f"d_{root}_d_{name[:40]}"
            while made in taken:
                made += "_"
            taken.add(made)
            self.names[name] = made

    def entry(self, partial: t.Partial) -> t.Entry:
        """A derivative at the places of what it is by and, where those do not name the sample, of its root."""
        root = partial.body.indices if isinstance(partial.body, t.Entry) else ()
        if not self.rows and self.program.batch in self.program.tensors[partial.wrt.tensor].shape:
            root = ()
        return t.Entry(self.names[partial.wrt.tensor], (*partial.wrt.indices, *root))

    def named(self, term: t.Term) -> t.Term:
        if isinstance(term, t.Partial):
            return self.entry(term)
        renamed: t.Term = t.rebuilt(term, [self.named(part) for part in t.children(term)])
        return renamed

    def definition(self, formula: Formula) -> Definition | None:
        """A printed formula as a definition; None if it speaks of a derivative that has no formula."""
        left, right = formula.left, formula.right
        known = all(p.wrt.tensor in self.adjoints for p in t.subterms(right) if isinstance(p, t.Partial))
        if not isinstance(left, t.Partial) or not known:
            return None
        entry = self.entry(left)
        letters = tuple(i for i in entry.indices if isinstance(i, t.Index))
        return Definition(entry.tensor, letters, self.named(right))


class Closings:
    """Equations between these derivatives and their closed forms, each proved once."""

    def __init__(self, program: Program, sides: Iterable[Reversed], assumptions: Iterable[object]) -> None:
        self.program, self.assumptions = program, tuple(assumptions)
        self.adjoints = {d.name: d for side in sides for d in side.adjoints}
        self.known: dict[str, Theorem] = {}

    def closed(self, name: str) -> Theorem:
        """``⊢ derivative = closed form``."""
        if name not in self.known:
            definition = self.program.bodies[name]
            chain = Chain(self.program, t.Entry(name, definition.letters))
            chain.add(rules.unfold(self.program, chain.left))
            used = dict.fromkeys(p.tensor for p in t.subterms(definition.body) if isinstance(p, t.Entry))
            chain.add(first_of([self.closed(other) for other in used if other in self.adjoints]))
            simplify(chain, self.assumptions)  # type: ignore[arg-type]
            self.known[name] = chain.theorem()
        return self.known[name]
