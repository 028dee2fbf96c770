"""Reverse mode: one cotangent per tensor, from the root of a program back to its parameters.

The cotangent of u is the term d root / d u[...] itself; the cotangents of its consumers stay named in it, so that the
derivation grows linearly with the depth. Source: Griewank and Walther 2008, Evaluating Derivatives, section 3.2.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain as joined
from itertools import count

from symgrad.calculus import rewrite as rw
from symgrad.calculus.local import Chain, local_derivative, simplify
from symgrad.calculus.normal import tidy
from symgrad.calculus.short import nodes
from symgrad.kernel import rules
from symgrad.kernel import terms as t
from symgrad.kernel.program import Program, ancestors, mentioned
from symgrad.kernel.terms import Judgement
from symgrad.kernel.theorem import Theorem

CLOSED = 400
"""Closed forms of more nodes than this are not written out; the cotangents stand for themselves."""


@dataclass
class Cotangent:
    """d root / d u[...]: by the cotangents of its consumers, and in closed form where that is short enough."""

    wrt: t.Entry
    chain: Chain
    equation: Theorem
    closing: Chain | None
    closed: Theorem | None

    @property
    def left(self) -> t.Partial:
        """The cotangent itself."""
        return t.Partial(self.chain.left.body, self.wrt, total=True)  # type: ignore[attr-defined]


class Letters:
    """Chooses letters: the model's own where they are free, else single ones that no name of the model is."""

    def __init__(self, declared: Iterable[t.Index], names: Iterable[str]) -> None:
        self.declared = tuple(declared)
        self.names = {i.name for i in self.declared} | set(names)
        self.made: dict[str, str] = {}

    def pick(self, size: str, taken: Iterable[t.Index]) -> t.Index:
        """A letter of ``size`` that is not ``taken``."""
        used = {i.name for i in taken}
        for letter in self.declared:
            if letter.size == size and letter.name not in used:
                return letter
        return self.new(size, used)

    def new(self, size: str, used: Iterable[str]) -> t.Index:
        """A letter of ``size`` that the model does not declare; each letter keeps its size."""
        first = "m" if size == next((i.size for i in self.declared), "") else ""
        singles = joined(first, "jikpqrstuvacegl", (f"j{k}" for k in count(2)))
        taken = self.names | set(used)
        name = next(name for name in singles if name not in taken and self.made.get(name, size) == size)
        self.made[name] = size
        return t.Index(name, size)

    def entry(self, tensor: str, shape: tuple[str, ...], taken: Iterable[t.Index]) -> t.Entry:
        """``tensor`` at letters that are not ``taken``."""
        found: list[t.Index] = []
        for size in shape:
            found.append(self.new(size, {i.name for i in (*taken, *found)}))
        return t.Entry(tensor, tuple(found))


class Reverse:
    """Reverse mode over ``program`` from ``root``, an entry of a definition.

    A definition that neither a parameter nor a loss moves has a cotangent only with ``of_data``, which is for those who
    ask for the derivative by it.
    """

    def __init__(
        self,
        program: Program,
        root: t.Entry,
        letters: Letters,
        assumptions: Iterable[Judgement],
        *,
        of_data: bool = False,
    ) -> None:
        self.program, self.root, self.letters = program, root, letters
        self.assumptions = tuple(assumptions)
        self.locals: dict[tuple[str, str], Chain] = {}
        self.cotangents: dict[str, Cotangent] = {}
        above = ancestors(program, root.tensor)
        parameters = [i.name for i in program.inputs if i.kind == "parameter"]
        kept = {"loss", *parameters}
        moved = [d.name for d in program.definitions if of_data or ancestors(program, d.name) & kept]
        order = [*reversed(moved), *parameters]
        for name in order:
            if name in above and name != root.tensor:
                self.cotangents[name] = self._cotangent(name)

    def _entry(self, name: str) -> t.Entry:
        """The entry that a cotangent is written for: a definition at its own letters, a parameter at new ones."""
        if name in self.program.bodies:
            own = self.program.bodies[name].letters
            if not set(own) & set(t.letters(self.root)):
                return t.Entry(name, own)
        return self.letters.entry(name, self.program.tensors[name].shape, t.letters(self.root))

    def _local(self, consumer: str, name: str) -> Chain:
        if (consumer, name) not in self.locals:
            own = self.program.bodies[consumer].letters
            shape = self.program.tensors[name].shape
            found: list[t.Index] = []
            for size in shape:
                found.append(self.letters.pick(size, (*own, *found)))
            wrt = t.Entry(name, tuple(found))
            self.locals[consumer, name] = local_derivative(self.program, consumer, wrt, self.assumptions)
        return self.locals[consumer, name]

    def _cotangent(self, name: str) -> Cotangent:
        program, wrt = self.program, self._entry(name)
        chain = Chain(program, t.Partial(self.root, wrt, total=True))
        chain.add(rules.chain(program, chain.left))
        above = ancestors(program, self.root.tensor)
        consumers = [d.name for d in program.definitions if name in mentioned(d.body) and d.name in above]
        known = [self._local(consumer, name).theorem() for consumer in consumers]
        chain.cites += known
        chain.add(first_of(known))
        chain.add(tidy)
        root = [t.Partial(self.root, t.Entry(self.root.tensor, self._root_letters()), total=True)]
        inlined = [rules.partial_entry(program, r) for r in root if self.root.tensor in consumers]
        inlined += [self.cotangents[c].closed for c in consumers if self._inline(c)]  # type: ignore[misc]
        chain.cites += [c for c in inlined if c.rule != "partial_entry"]
        if chain.add(first_of(inlined)):
            chain.add(tidy)
        simplify(chain, self.assumptions)
        closing = Chain(program, chain.right)
        equations = [self.cotangents[c].closed for c in consumers if c in self.cotangents and not self._inline(c)]
        if all(equations):
            closing.cites += [e for e in equations if e is not None]
            closing.add(first_of(closing.cites))
            simplify(closing, self.assumptions)
        whole = chain.theorem()
        if any(isinstance(p, t.Partial) for p in t.subterms(closing.right)) or nodes(closing.right) > CLOSED:
            return Cotangent(wrt, chain, whole, None, None)
        closed = rules.trans(whole, closing.theorem()) if closing.theorems else whole
        return Cotangent(wrt, chain, whole, closing, closed)

    def _root_letters(self) -> tuple[t.Index, ...]:
        return tuple(t.Index(f"r{k}_", i.size) for k, i in enumerate(t.letters(self.root)))

    def _inline(self, consumer: str) -> bool:
        """The cotangents of the losses are numbers or data, and are put in at once."""
        found = self.cotangents.get(consumer)
        return found is not None and consumer == "loss" and found.closed is not None and nodes(found.closed.right) < 20


def first_of(equations: list[Theorem]) -> rw.Conversion:
    """Rewrite everywhere with the first of the equations that fits."""
    steps = [rw.using(e) for e in equations]

    def convert(program: Program, term: t.Term) -> Theorem | None:
        return next((found for step in steps if (found := step(program, term))), None)

    return rw.everywhere(convert)
