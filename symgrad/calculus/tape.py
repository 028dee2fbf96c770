"""What the tape keeps: each cotangent of the objective is the c_n-weighted cotangent of the per-sample losses.

For a tensor u that carries the sample index, in a separable program, d objective / d u[n] = c_n d loss[n] / d u[n]; for
any other it is the sum of these over n. A remainder R is what the objective holds besides the losses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from symgrad.calculus import rewrite as rw
from symgrad.calculus.local import Chain
from symgrad.calculus.normal import meet, normal
from symgrad.calculus.polynomials import key
from symgrad.calculus.reverse import Reverse, first_of
from symgrad.kernel import rules
from symgrad.kernel import terms as t
from symgrad.kernel.program import Program
from symgrad.kernel.theorem import Theorem

LARGEST = 2_000
"""A remainder whose text is longer is not opened further: nobody would read the proof."""


@dataclass
class Kept:
    """One statement of the tape: d objective / d u = (the weighted cotangent of the losses) + remainder."""

    chain: Chain
    remainder: t.Term


class Tape:
    """Proves, tensor by tensor from the losses down, what the tape keeps.

    Args:
        batch: reverse mode from the objective.
        rows: for each tensor, ``⊢ d loss[n] / d u = ...``: the single-sample cotangent at n, or the Jacobian row.
        sample: the letter n of the rows.
        separable: whether a tensor that carries n has only the one sample's cotangent.
    """

    def __init__(self, batch: Reverse, rows: dict[str, Theorem], sample: t.Index, *, separable: bool) -> None:
        self.batch, self.rows, self.sample, self.separable = batch, rows, sample, separable
        self.kept: dict[str, Kept] = {}
        self.failed: dict[str, str] = {}
        self.weight = batch.cotangents["loss"].closed or batch.cotangents["loss"].equation
        for name in batch.cotangents:
            if name != "loss":
                try:
                    self._keep(name)
                except rw.REFUSALS as error:
                    self.failed[name] = str(error).splitlines()[0]

    def weight_at(self, letter: t.Position) -> t.Term:
        """c at a sample."""
        [own] = t.letters(self.weight.left)
        return t.renamed(self.weight.right, {own: letter})

    def _keep(self, name: str) -> None:
        program, cotangent = self.batch.program, self.batch.cotangents[name]
        chain = Chain(program, cotangent.left)
        chain.cites.append(cotangent.equation)
        chain.add(cotangent.equation)
        below = [kept for other, kept in self.kept.items() if other in self._named(chain.right)]
        facts = [kept.chain.theorem() for kept in below]
        chain.cites += facts
        chain.add(first_of(facts))
        row = self.rows.get(name)
        weighted = self._weighted(name, row) if row is not None else t.ZERO
        opened = self._opened(weighted, row) if row is not None else None
        target = rw.result(opened, weighted)
        met, remainder = meet(program, chain.right, target), cast(t.Term, t.ZERO)
        if met is None:
            remainder = self._remainder(chain.right, target)
            while _holds_cotangents(remainder):
                convert = _opening_last(program, remainder)
                there = convert(program, target) if convert else None
                if not (convert and chain.add(convert)) and there is None:
                    self.failed[name] = "the rest still holds cotangents"
                    return
                opened = rw.chained(opened, there)
                target = rw.result(opened, weighted)
                remainder = self._remainder(chain.right, target)
            if remainder != t.ZERO:
                target, weighted = t.Plus((target, remainder)), t.Plus((weighted, remainder))
            met = meet(program, chain.right, target)
        if met is None:
            self.failed[name] = "the two sides do not meet"
            return
        chain.add(met)
        if opened is not None:
            if row is not None:
                chain.cites.append(row)
            path = (0,) if remainder != t.ZERO else ()
            back = rw.replace(rules.sym(opened), chain.right, path) if path else rules.sym(opened)
            chain.add(back)
        self.kept[name] = Kept(chain, remainder)

    def _named(self, term: t.Term) -> set[str]:
        return {p.wrt.tensor for p in t.subterms(term) if isinstance(p, t.Partial)}

    def _weighted(self, name: str, row: Theorem) -> t.Term:
        """c_n d loss[n] / d u, summed over n unless u[n] has the one sample's alone."""
        wrt = self.batch.cotangents[name].wrt
        carries = [i for i in wrt.indices if isinstance(i, t.Index) and i.size == self.batch.program.batch]
        letter = carries[0] if self.separable and carries else self.sample
        if letter in wrt.indices and not self.separable:
            letter = self.batch.letters.new(letter.size, {i.name for i in t.letters(wrt)})
        names = dict(zip(row.left.wrt.indices, wrt.indices, strict=True)) | {self.sample: letter}
        slope = t.renamed(row.left, names)
        whole = t.Times((self.weight_at(letter), slope))
        return whole if letter in wrt.indices else t.sigma(letter, whole)

    def _opened(self, weighted: t.Term, row: Theorem) -> Theorem | None:
        return first_of([row])(self.batch.program, weighted)

    def _remainder(self, left: t.Term, right: t.Term) -> t.Term:
        program = self.batch.program
        difference = t.Plus((left, t.Times((t.MINUS, right))))
        return rw.result(normal(program, difference), difference)


def _holds_cotangents(term: t.Term) -> bool:
    return any(isinstance(part, t.Partial) for part in t.subterms(term))


def _opening_last(program: Program, remainder: t.Term) -> rw.Conversion | None:
    """Unfold the last definition that a remainder mentions: one side may be folded into it where the other is not."""
    if len(key(remainder)) > LARGEST:
        return None
    found = _mentioned_openly(remainder)
    last = next((d.name for d in reversed(program.definitions) if d.name in found), None)
    return rw.everywhere(rw.opening(last)) if last else None


def _mentioned_openly(term: t.Term) -> set[str]:
    """The tensors that a term mentions, but not in what its cotangents are of."""
    if isinstance(term, t.Partial):
        return set()
    own = {term.tensor} if isinstance(term, t.Entry) else set()
    return own.union(*map(_mentioned_openly, t.children(term)))
