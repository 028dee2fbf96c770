"""The proof as told: its sections, and in each the chains of equations with a reason on every line."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from symgrad.kernel.terms import Entry, Partial, Term, children, letters, rebuilt, renamed, subterms
from symgrad.render.lines import Told, again, gathered, noted, opened, seeded
from symgrad.render.reasons import AGAIN, NOTATION, Context, Ref, Text, reason
from symgrad.render.shapes import Derivative, Symbol
from symgrad.render.shapes import parts as all_parts
from symgrad.render.shaping import Shaper, match
from symgrad.render.source import coupled
from symgrad.render.tree import Block, Display, Paragraph, Part, Row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from symgrad.kernel.program import Program
    from symgrad.kernel.terms import Index
    from symgrad.render.shapes import Shape
    from symgrad.render.source import Chain, Derivation, Section, Step

_TITLES: dict[str, str] = {
    "per_sample": "the gradient of one sample",
    "separable": "the batch program keeps the samples apart",
    "batch": "reverse mode on the batch program",
    "rows": "the rows of the Jacobian",
    "tape": "reverse mode keeps the samples apart",
    "identity": "the batch gradient and the per-sample gradients",
    "matrix": "matrix form",
    "claims": "the claims",
}

_OPENING: dict[str, str] = {
    "per_sample": " In the program of a single sample,",
    "batch": " In the program of the batch, from the scalar objective backwards,",
    "rows": " In the program of the batch, from the loss of one sample backwards,",
}

_SEPARABLE = (
    " Every definition of the batch program that carries the sample index reads data and definitions only at that"
    " index. So at each sample the program computes what the program of a single sample computes, and what was proved"
    " of that holds with the sample put in."
)

_COUPLED: dict[str, str] = {
    "per_sample": "the gradient of a batch of one",
    "tape": "the batch as a sum over the rows of the Jacobian",
    "identity": "the batch gradient and the rows of the Jacobian",
}
"""Titles where the samples are coupled."""

_CLOSING: dict[str, tuple[str, str]] = {
    "per_sample": ("persample", "With the sample put in, this is "),
    "batch": ("batch", "This is "),
    "identity": ("mean", "This is "),
    "matrix": ("matrix", "Entry by entry, this is "),
    "claims": ("claim", "This is "),
}

_LATER = {"persample": {"tape", "identity", "matrix", "claims"}}
_LATER |= {"mean": {"matrix", "claims"}, "batch": {"matrix", "claims"}}
"""The sections that may refer to what the proposition states, since an earlier section has proved it."""


@dataclass(frozen=True, slots=True)
class Stated:
    """An equation of the proposition, with its label."""

    left: Term
    right: Term
    label: str


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a line stands: the number of its chain and the kind of its section."""

    chain: int
    kind: str


def proof_block(
    derivation: Derivation, shaper: Shaper, stated: Sequence[Stated], labels: Sequence[str]
) -> Block | None:
    """The proof, or ``None`` where nothing was proved.

    Args:
        derivation: what to tell.
        shaper: draws the terms.
        stated: equations of the proposition that the proof may refer to.
        labels: labels of all equations that the proposition states.
    """
    return _Proof(derivation, shaper, stated, labels).block()


class _Proof:
    def __init__(self, derivation: Derivation, shaper: Shaper, stated: Sequence[Stated], labels: Sequence[str]) -> None:
        self.derivation, self.shaper, self.stated, self.labels = derivation, shaper, stated, labels
        self.program: Program = derivation.model.program
        self.batch = derivation.model.batch
        self.coupled = coupled(derivation)
        self.titles = {**_TITLES, **(_COUPLED if self.coupled else {})}
        self.chains = [chain for section in derivation.proof for chain in section.chains]
        self.places = {id(chain): _Place(0, section.kind) for section in derivation.proof for chain in section.chains}
        for k, chain in enumerate(self.chains):
            self.places[id(chain)] = _Place(k, self.places[id(chain)].kind)
        self.lines = {id(chain): tuple(chain.lines) for chain in self.chains}  # read once: a chain works them out
        self.seen: set[int] = set()
        self.again = self._repeated()
        self.heads: dict[int, Term] = {}
        self.told: dict[int, list[Told]] = {}
        for section in derivation.proof:
            for group in self._joined(section.chains):
                self.heads |= {id(chain): group[0].left for chain in group}
                self.told |= zip(map(id, group), self._told(group, section.kind), strict=True)
        self.known = [
            (k, Stated(self.heads[id(chain)], self.lines[id(chain)][-1].term, f"proof:{k + 1}"))
            for k, chain in enumerate(self.chains)
            if self._moves(chain) and self.places[id(chain)].kind != "claims"  # what a claim says is proved, not used
        ]
        self.numbered = {equation.label for _, equation in self.known}
        self.closing = dict(_CLOSING)
        if self.coupled:
            self.closing["rows"] = ("persample", "This is ")
            del self.closing["per_sample"]
        self.number = 0
        self.explained = False

    def block(self) -> Block | None:
        """All sections; an equation is numbered only if a line refers to it."""
        rows = [[row for group in self._joined(s.chains) for row in self.rows(group)] for s in self.derivation.proof]
        wanted = {p.label for made in rows for row in made for p in row.reason if isinstance(p, Ref)}
        parts = [
            part
            for section, made in zip(self.derivation.proof, rows, strict=True)
            for part in self.section(section, [row if row.label in wanted else replace(row, label="") for row in made])
        ]
        return Block("proof", tuple(parts)) if parts else None

    def _repeated(self) -> dict[int, str]:
        """The chains of the batch program that only put the sample in, each with the label of the chain it repeats."""
        alone: dict[tuple[str, str], Chain] = {}
        found: dict[int, str] = {}
        for section in self.derivation.proof:
            for chain in section.chains:
                if not isinstance(section.subject, Entry) or not isinstance(chain.left, Partial):
                    continue
                about = (section.subject.tensor, chain.left.wrt.tensor)
                if section.kind == "local" and self._moves(chain):
                    alone[about] = chain
                elif section.kind == "batch_local" and (first := alone.get(about)) is not None:
                    self.seen.add(id(chain))
                    one, whole = ((c.left, self.lines[id(c)]) for c in (first, chain))
                    if again(self.program, self.batch, one, whole):
                        found[id(chain)] = f"proof:{self.places[id(first)].chain + 1}"
        return found

    def _told(self, group: Sequence[Chain], kind: str) -> list[list[Told]]:
        """What is shown of chains that go on from one another."""
        written = [noted(chain.left, self.lines[id(chain)], self.shaper) for chain in group]
        # How a definition reads was shown in the program of a single sample.
        told = seeded([opened(lines) if id(c) in self.seen else lines for c, lines in zip(group, written, strict=True)])
        if kind == "matrix":  # factors that are one stand for vectors of ones there
            return told
        return [gathered(chain.left, lines) for chain, lines in zip(group, told, strict=True)]

    def _moves(self, chain: Chain) -> bool:
        """Whether the chain says anything: its ends look different."""
        ends = [chain.left, *(line.term for line in self.lines[id(chain)][-1:])]
        names = self.shaper.naming(ends)
        return self.shaper(ends[0], naming=names) != self.shaper(ends[-1], naming=names)

    def _joined(self, chains: Sequence[Chain]) -> list[list[Chain]]:
        """Chains in groups: one goes on where the one before it ends."""
        groups: list[list[Chain]] = []
        for chain in chains:
            last = self.lines[id(groups[-1][-1])] if groups else ()
            if last and last[-1].term == chain.left:
                groups[-1].append(chain)
            else:
                groups.append([chain])
        return groups

    def cited(
        self, subject: Term, previous: Term, term: Term, place: _Place, names: Mapping[Index, str]
    ) -> Text | None:
        """Where the equation for ``subject`` stands that leads from ``previous`` to ``term``."""
        known = [equation for k, equation in self.known if k < place.chain]
        later = [s for s in self.stated if place.kind in _LATER.get(s.label.split(":")[0], ())]
        # What is stated of one sample is what was proved of it alone only if no other sample has a say.
        later = [s for s in later if not (self.coupled and s.label.startswith("persample:"))]
        if found := _best(subject, [*known, *later], previous, term):
            return (Ref(found.label),)
        samples = {i for i in letters(subject) if i.size == self.batch.size}
        if len(samples) == 1 and not self.coupled:
            ends = _alone(previous, self.program), _alone(term, self.program)
            if found := _best(_alone(subject, self.program), known, *ends):
                sample = Symbol(names.get(samples.pop(), self.batch.name), (), "letter")
                return (Ref(found.label), " at sample ", sample)
        direct = self._as_direct(subject)
        if direct is not None and (found := _best(direct, known, previous, term)):
            return (Ref(found.label),)
        return None

    def _as_direct(self, subject: Term) -> Term | None:
        """The derivative of a definition's body, where there is no other way from the variable to it."""
        if not isinstance(subject, Partial) or not isinstance(subject.body, Entry):
            return None
        definition = self.program.bodies.get(subject.body.tensor)
        if definition is None:
            return None
        names = dict(zip(definition.letters, subject.body.indices, strict=True))
        direct = Partial(renamed(definition.body, names), subject.wrt, total=False)
        return None if self.shaper.immediate(direct) else direct

    def section(self, section: Section, rows: Sequence[Row]) -> list[Part]:
        """A section with its heading; what a direct derivative is, is said where the first one stands."""
        separable = section.kind == "separable" and self.derivation.verdicts["separable"].get("status") == "proved"
        if not rows and not separable:
            return []
        text: Text = ()
        self.number += 1
        if section.kind in {"local", "batch_local"} and isinstance(section.subject, Entry):
            where = " in the batch program." if section.kind == "batch_local" else "."
            lead: Text = (f"Step {self.number}: the derivatives of ", self.shaper(section.subject), where)
        else:
            lead = (f"Step {self.number}: {self.titles.get(section.kind, section.kind.replace('_', ' '))}.",)
            text = (_SEPARABLE,) if separable else (_OPENING[section.kind],) if section.kind in _OPENING else ()
        text = (*text, *self._direct(rows))
        parts: list[Part] = [Paragraph(text, lead), *([Display(tuple(rows))] if rows else [])]
        prefix, words = self.closing.get(section.kind, ("", ""))
        targets = [label for label in self.labels if label.split(":")[0] == prefix]
        if targets and rows:
            parts.append(Paragraph((words if len(targets) == 1 else _plural(words), *_enumerated(targets), ".")))
        return parts

    def _direct(self, rows: Sequence[Row]) -> Text:
        """What a direct derivative means, with the first one that stands in these rows."""
        shapes = (s for row in rows for given in (row.left, row.right) if given is not None for s in all_parts(given))
        found = [s for s in shapes if isinstance(s, Derivative) and s.immediate]
        if self.explained or not found:
            return ()
        self.explained = True
        first = next((s for s in found if isinstance(s.body, Symbol)), found[0])
        words = " varies only where it stands in the formula itself; the definitions used there are held fixed."
        return (" In the direct derivative ", first, ", ", first.wrt, words)

    def rows(self, group: Sequence[Chain]) -> list[Row]:
        """Chains of which each goes on from the one before it, as rows; each labelled that may be referred to."""
        terms = [group[0].left, *(line.term for chain in group for line in self.lines[id(chain)])]
        names = self.shaper.naming(terms)
        shown = left = self.shaper(group[0].left, naming=names)
        previous = group[0].left
        wrt = previous.wrt if isinstance(previous, Partial) else None
        rows: list[Row] = []
        for chain in group:
            place = self.places[id(chain)]
            label = f"proof:{place.chain + 1}"
            if first := self.again.get(id(chain)):
                shape = self.shaper(self.lines[id(chain)][-1].term, naming=names)
                why = ("line by line as ", Ref(first), ", with the sample put in")
                rows.append(Row(None if rows else left, shape, "=", why, label, (AGAIN,)))
                shown, previous = shape, self.lines[id(chain)][-1].term
                continue
            waiting: list[Step] = []
            for line in self.told[id(chain)]:
                term, steps = line.term, line.steps
                unfolded = {
                    s.subject.tensor for s in steps if s.rule in {"unfold", NOTATION} and isinstance(s.subject, Entry)
                }
                shape = self.shaper(term, naming=names, unfolded=unfolded)
                waiting += [s for s in steps if (s.rule, s.subject) not in {(w.rule, w.subject) for w in waiting}]
                if shape != shown:
                    # A line that looks like the one above it is not shown; its reasons go to the next.
                    def cited(
                        subject: Term, before: Term = previous, after: Term = term, at: _Place = place
                    ) -> Text | None:
                        return self.cited(subject, before, after, at, names)

                    context = Context(self.shaper, names, previous, wrt, cited)
                    rules = tuple(step.rule for step in waiting)
                    rows.append(Row(None if rows else left, shape, "=", reason(waiting, context), "", rules))
                    waiting, previous = [], term
                shown = shape
            if rows and label in self.numbered:
                rows[-1] = replace(rows[-1], label=label)
        return rows


def _best(subject: Term, known: Sequence[Stated], previous: Term, term: Term) -> Stated | None:
    """The latest equation for ``subject`` whose other side stands on the line; else one whose tensors do; else any."""
    fitting: list[Stated] = []
    for equation in known:
        names = match(equation.left, subject)
        if names is not None:
            fitting.append(replace(equation, right=renamed(equation.right, names)))
    inside = set(subterms(term))
    seen = _features(previous) | _features(term)
    exact = [equation for equation in fitting if equation.right in inside]
    met = [equation for equation in fitting if _features(equation.right) <= seen]
    return next(reversed(exact or met or fitting), None)


def _features(term: Term) -> set[tuple[str, ...]]:
    """The tensors and derivatives by the program that ``term`` mentions."""
    if isinstance(term, Partial) and term.total and isinstance(term.body, Entry):
        return {(term.body.tensor, term.wrt.tensor)}
    found = {(term.tensor,)} if isinstance(term, Entry) else set()
    return found.union(*(_features(part) for part in children(term)))


def _alone(term: Term, program: Program) -> Term:
    """``term`` with the positions of the samples left out: a term about the program of a single sample."""
    if isinstance(term, Entry) and term.tensor in program.tensors:
        shape = program.tensors[term.tensor].shape
        kept = [i for i, size in zip(term.indices, shape, strict=False) if size != program.batch]
        return Entry(term.tensor, tuple(kept))
    alone: Term = rebuilt(term, tuple(_alone(part, program) for part in children(term)))
    return alone


def _plural(words: str) -> str:
    return words.replace("his is", "hese are")


def _enumerated(labels: Sequence[str]) -> Text:
    found: list[str | Shape | Ref] = []
    for k, label in enumerate(labels):
        found += [*([] if k == 0 else [" and " if k == len(labels) - 1 else ", "]), Ref(label)]
    return tuple(found)
