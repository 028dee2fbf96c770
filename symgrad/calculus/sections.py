"""What a derivation shows: the gradients of both sides, and the sections of the proof."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from symgrad.calculus.derivation import Formula, Section, Side
from symgrad.calculus.local import Chain
from symgrad.calculus.reverse import Cotangent, Reverse
from symgrad.kernel import terms as t
from symgrad.kernel.theorem import Theorem


def side(
    reverse: Reverse, shapes: Mapping[str, tuple[str, ...]], put: Callable[[t.Term], t.Term] = lambda term: term
) -> Side:
    """The cotangents of one program and the gradients for parameters of these shapes; ``put`` puts the sample in."""

    def formula(c: Cotangent, theorem: Theorem) -> Formula:
        return Formula(put(c.left), put(theorem.right))

    def zero(name: str) -> Formula:
        wrt = reverse.letters.entry(name, shapes[name], ())
        return Formula(t.Partial(put(reverse.root), wrt, total=True), t.ZERO)

    known = reverse.cotangents
    absent = {name: zero(name) for name in shapes if name not in known}
    return Side(
        {k: formula(c, c.equation) for k, c in known.items() if k not in shapes},
        {k: formula(known[k], known[k].equation) for k in shapes if k in known} | absent,
        {k: formula(known[k], c) for k in shapes if k in known and (c := known[k].closed) is not None} | absent,
    )


def reversed_sections(reverse: Reverse, local: str, kind: str) -> Iterable[Section]:
    """The local derivatives of each definition of a program, then its cotangents."""
    for definition in reverse.program.definitions:
        chains = tuple(c for (consumer, _), c in reverse.locals.items() if consumer == definition.name)
        yield Section(local, t.Entry(definition.name, definition.letters), chains)
    both = (chain for c in reverse.cotangents.values() for chain in (c.chain, c.closing))
    yield Section(kind, reverse.root, tuple(chain for chain in both if chain and chain.theorems))


def proof_sections(
    one: Reverse, whole: Reverse, sample: t.Entry, parts: Mapping[str, Iterable[Chain]]
) -> tuple[Section, ...]:
    """The proof: the single-sample program, what separable says of it, the batch program, then the named ``parts``."""
    found = [*reversed_sections(one, "local", "per_sample"), Section("separable", sample, ())]
    found += reversed_sections(whole, "batch_local", "batch")
    found += [Section(kind, None, tuple(chains)) for kind, chains in parts.items()]
    return tuple(s for s in found if s.chains or s.kind == "separable")
