"""The proposition: what was proved, as numbered equations."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from symgrad.kernel.terms import Entry, Partial, Power, Size, Sum, Term, Times, closed, subterms
from symgrad.render.matrices import matrix_shape
from symgrad.render.proof import Stated
from symgrad.render.shapes import Derivative, Gradient, Symbol
from symgrad.render.source import coupled
from symgrad.render.tree import Block, Display, Paragraph, Part, Row

if TYPE_CHECKING:
    from collections.abc import Mapping

    from symgrad.render.setting import Matter
    from symgrad.render.source import Formula, Side


class Statement:
    """The equations of the proposition.

    Attributes:
        rows: the equations; neighbours of one kind share a number two by two.
        stated: the same as terms, for the proof to refer to.
    """

    def __init__(self, matter: Matter) -> None:
        self.matter, self.derivation, self.shaper = matter, matter.derivation, matter.shaper
        self.stated: list[Stated] = []
        self.rows: list[Row] = []
        if self._proved("per_sample"):
            for name, formula in self._shown(self.derivation.single).items():
                self._add(self._at_sample(formula.left), formula.right, f"persample:{name}")
        for name, formula in self.derivation.batch.gradients.items():
            if self._identity_of(name) and isinstance(formula.left, Partial):
                self._add(formula.left, self._mean(formula.left), f"mean:{name}")
        if self._proved("batch"):
            self._batch()
        for k, (claim, verdict) in enumerate(zip(matter.model.claims, self.derivation.claims, strict=False)):
            shown = self.shaper.related(claim.left, claim.right)
            known = any((row.left, row.right) == (shown.left, shown.right) for row in self.rows)
            if verdict.get("status") == "proved" and not known:
                self._add(claim.left, claim.right, f"claim:{k + 1}")
        self._pair()

    @property
    def labels(self) -> list[str]:
        """The labels, each once, in order."""
        return list(dict.fromkeys(row.label for row in self.rows))

    def block(self) -> Block | None:
        """The proposition, or ``None`` where nothing was proved."""
        if not self.rows:
            return None
        start = "For all sizes, data and parameters that satisfy the assumption, and for all indices,"
        pieces: list[Part] = [Paragraph((start,)), Display(tuple(self.rows))]
        if coupled(self.derivation) and any(row.label.startswith("persample:") for row in self.rows):
            words = ("The samples are coupled: the derivatives of ", self.matter.loss, " are rows of the Jacobian.")
            pieces.append(Paragraph(words))
        return Block("proposition", tuple(pieces), (self.matter.model.title or self.matter.model.name,))

    def _proved(self, name: str) -> bool:
        return bool(self.derivation.verdicts.get(name, {}).get("status") == "proved")

    def _identity_of(self, parameter: str) -> bool:
        verdict = self.derivation.verdicts.get("identity", {})
        # Where the samples are coupled, the derivatives of one loss are rows of the Jacobian, also in the mean.
        verdict = verdict.get("jacobian_rows", verdict) if coupled(self.derivation) else verdict
        return bool(verdict.get("by_parameter", {}).get(parameter, verdict.get("status")) == "proved")

    def _add(self, left: Term, right: Term, label: str) -> None:
        shown = self.shaper.related(left, right)
        self.rows.append(Row(shown.left, shown.right, "=", (), label))
        self.stated.append(Stated(left, right, label))

    @staticmethod
    def _shown(side: Side) -> Mapping[str, Formula]:
        """Closed forms; where one is missing, the gradient by derivatives that stand above it."""
        shown = {name: side.closed.get(name, formula) for name, formula in side.gradients.items()}
        needed: dict[str, Formula] = {}
        for name, formula in [*shown.items(), *reversed(list(side.adjoints.items()))]:
            if name in shown or name in needed:
                inner = [t for t in subterms(formula.right) if isinstance(t, Partial)]
                found = {t.wrt.tensor for t in inner if isinstance(t.body, Entry)} & set(side.adjoints)
                needed |= {name: side.adjoints[name] for name in found}
        return {**{name: f for name, f in side.adjoints.items() if name in needed}, **shown}

    def _batch(self) -> None:
        for name, formula in self._shown(self.derivation.batch).items():
            form = self.derivation.matrix.get(name)
            if form is None:
                self._add(formula.left, formula.right, f"batch:{name}")
                continue
            tensor = self.matter.tensors[name]
            left = (Gradient if tensor.shape else Derivative)(Symbol("objective"), self.matter.whole(tensor))
            self.rows.append(
                Row(left, matrix_shape(form.tree, self.matter.ranks, self.matter.matrices), "=", (), f"matrix:{name}")
            )

    def _pair(self) -> None:
        alone = False
        for k, row in enumerate(self.rows[1:], 1):
            above = self.rows[k - 1]
            alone = not alone and above.label.split(":")[0] == row.label.split(":")[0]
            if alone:
                self.rows[k] = replace(row, label=above.label)
                self.stated = [replace(s, label=above.label) if s.label == row.label else s for s in self.stated]

    def _at_sample(self, left: Term) -> Term:
        """The left side of a per-sample formula with the sample put in."""
        if isinstance(left, Partial) and left.body == Entry("loss", ()):
            return Partial(Entry("loss", (self.matter.model.batch,)), left.wrt, left.total)
        return left

    def _mean(self, left: Partial) -> Term:
        """The mean over the samples of the per-sample derivative."""
        batch = self.matter.model.batch
        each = Partial(Entry("loss", (batch,)), left.wrt, total=True)
        return Times((Power(Size(batch.size), Fraction(-1)), Sum(batch.size, closed(each, batch))))
