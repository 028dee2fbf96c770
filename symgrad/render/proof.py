"""The proof as told: its sections, and in each the chains of equations with a reason on every line."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from symgrad.kernel.terms import Entry, Partial, Term, letters
from symgrad.render.reasons import NOTATION, Context, Ref, Text, reason
from symgrad.render.shaping import Shaper, match
from symgrad.render.tree import Block, Display, Paragraph, Part, Row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from symgrad.render.shapes import Shape
    from symgrad.render.source import Chain, Derivation, Section, Step

_TITLES: dict[str, str] = {
    "per_sample": "the gradient of one sample",
    "separable": "the batch program keeps the samples apart",
    "batch": "reverse mode on the batch program",
    "identity": "the batch gradient and the per-sample gradients",
    "matrix": "matrix form",
    "claims": "the claims",
}

_OPENING: dict[str, str] = {
    "per_sample": " In the program of a single sample, whose formulas carry no sample index,",
    "batch": " In the program of the batch, from the scalar objective backwards,",
}

_CLOSING: dict[str, tuple[str, str]] = {
    "per_sample": ("persample", "With the sample put in, this is "),
    "batch": ("batch", "This is "),
    "identity": ("mean", "This is "),
    "matrix": ("matrix", "Entry by entry, this is "),
    "claims": ("claim", "This is "),
}


@dataclass(frozen=True, slots=True)
class _Said:
    """A step that the document itself makes."""

    rule: str
    subject: Term | None


def proof_block(derivation: Derivation, shaper: Shaper, stated: Sequence[str]) -> Block | None:
    """The proof, or ``None`` where nothing was proved.

    Args:
        derivation: what to tell.
        shaper: draws the terms.
        stated: labels of the equations that the proposition states.
    """
    teller = _Proof(derivation, shaper, stated)
    parts = [part for section in derivation.proof for part in teller.section(section)]
    return Block("proof", tuple(parts)) if parts else None


class _Proof:
    def __init__(self, derivation: Derivation, shaper: Shaper, stated: Sequence[str]) -> None:
        self.shaper, self.stated = shaper, stated
        self.chains = [chain for section in derivation.proof for chain in section.chains]
        self.at = {id(chain): k for k, chain in enumerate(self.chains)}
        self.wanted: set[str] = set()
        for k, chain in enumerate(self.chains):
            for line in chain.lines:
                for step in line.steps:
                    if step.rule == "cite" and step.subject is not None:
                        self.wanted.update(filter(None, [self.cited(step.subject, k)]))
        self.number = 0
        self.last_kind = ""

    def cited(self, subject: Term, before: int) -> str | None:
        """The label of the last chain before ``before`` that proves an equation for ``subject``."""
        for k in range(min(before, len(self.chains)) - 1, -1, -1):
            if match(self.chains[k].left, subject) is not None:
                return f"proof:{k + 1}"
        return None

    def section(self, section: Section) -> list[Part]:
        rows = [row for chain in section.chains for row in self.rows(chain)]
        if not rows:
            return []
        text: Text = ()
        self.number += 1
        if section.kind == "local" and section.subject is not None:
            lead: Text = (f"Step {self.number}: the derivatives of ", self.shaper(section.subject), ".")
        else:
            lead = (f"Step {self.number}: {_TITLES.get(section.kind, section.kind.replace('_', ' '))}.",)
            text = (_OPENING[section.kind],) if section.kind in _OPENING else ()
        parts: list[Part] = [Paragraph(text, lead), Display(tuple(rows))]
        prefix, words = _CLOSING.get(section.kind, ("", ""))
        targets = [label for label in self.stated if label.split(":")[0] == prefix]
        if targets:
            parts.append(Paragraph((words if len(targets) == 1 else _plural(words), *_enumerated(targets), ".")))
        return parts

    def rows(self, chain: Chain) -> list[Row]:
        """A chain as rows; a line that looks like the one above it hands its reasons to the next."""
        k = self.at[id(chain)]
        avoid = {i.name for term in (chain.left, *(line.term for line in chain.lines)) for i in letters(term)}
        left = self.shaper(chain.left, avoid=avoid)
        wrt = chain.left.wrt if isinstance(chain.left, Partial) else None
        rows: list[Row] = []
        shown, previous = left, chain.left
        waiting: list[Step] = []
        for term, steps in self._lines(chain):
            opened = {
                s.subject.tensor for s in steps if s.rule in {"unfold", NOTATION} and isinstance(s.subject, Entry)
            }
            shape = self.shaper(term, avoid=avoid, unfolded=opened)
            waiting += [
                step for step in steps if (step.rule, step.subject) not in {(w.rule, w.subject) for w in waiting}
            ]
            if shape != shown:
                context = Context(self.shaper, previous, wrt, lambda subject: self.cited(subject, k))
                rules = tuple(step.rule for step in waiting)
                rows.append(Row(None if rows else left, shape, "=", reason(waiting, context), "", rules))
                waiting = []
            shown, previous = shape, term
        if rows and f"proof:{k + 1}" in self.wanted:
            rows[-1] = replace(rows[-1], label=f"proof:{k + 1}")
        return rows

    def _lines(self, chain: Chain) -> list[tuple[Term, Sequence[Step]]]:
        """The lines, after one that writes out a derivative given by the name of its definition."""
        lines: list[tuple[Term, Sequence[Step]]] = [(line.term, line.steps) for line in chain.lines]
        left = chain.left
        if isinstance(left, Partial) and not left.total and lines and lines[0][0] != left:
            entry = self.shaper.folded(left.body)
            if entry is not None and not isinstance(left.body, Entry):
                lines.insert(0, (left, (_Said(NOTATION, entry),)))
        return lines


def _plural(words: str) -> str:
    return words.replace("his is", "hese are")


def _enumerated(labels: Sequence[str]) -> Text:
    found: list[str | Shape | Ref] = []
    for k, label in enumerate(labels):
        found += [*([] if k == 0 else [" and " if k == len(labels) - 1 else ", "]), Ref(label)]
    return tuple(found)
