"""What is shown of a chain: a line that says nothing by itself is told together with the next one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from symgrad.kernel.program import lifted
from symgrad.kernel.terms import ONE, Entry, Partial, Term, Times, children, rebuilt, renamed, subterms
from symgrad.render.reasons import NOTATION, SILENT
from symgrad.render.shaping import match

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from symgrad.kernel.program import Program
    from symgrad.kernel.terms import Index
    from symgrad.render.shaping import Shaper
    from symgrad.render.source import Line, Step


@dataclass(frozen=True, slots=True)
class Said:
    """A step that the document itself makes."""

    rule: str
    subject: Term | None


@dataclass(frozen=True, slots=True)
class Told:
    """A line as it is shown: the line above it equals ``term``."""

    term: Term
    steps: tuple[Step, ...]


def noted(left: Term, lines: Sequence[Line], shaper: Shaper) -> list[Told]:
    """The lines, after one that writes out a derivative given by the name of its definition."""
    told = [Told(line.term, tuple(line.steps)) for line in lines]
    if isinstance(left, Partial) and not left.total and not isinstance(left.body, Entry) and told[:1] != []:
        entry = shaper.folded(left.body) if told[0].term != left else None
        if entry is not None:
            told.insert(0, Told(left, (Said(NOTATION, entry),)))
    return told


def opened(lines: Sequence[Told]) -> list[Told]:
    """The lines without one that only writes out a definition; the next line says so."""
    if len(lines) > 1 and {step.rule for step in lines[0].steps} == {NOTATION}:
        return [Told(lines[1].term, (*lines[0].steps, *lines[1].steps)), *lines[2:]]
    return list(lines)


def seeded(chains: Sequence[Sequence[Told]]) -> list[list[Told]]:
    """Chains that go on from one another without the factor with which reverse mode starts, d r / d r.

    The kernel's chain rule has it as a factor like any other, and a later line finds that it is one. Shown, the first
    line would seem to explain d r / d u by itself; so the factor is left out and both reasons stand on that line.
    """
    steps = [step for chain in chains for told in chain for step in told.steps if _is_seed(step)]
    seeds = {step.subject: step for step in steps}
    started: set[Term | None] = set()
    found: list[list[Told]] = []
    for chain in chains:
        found.append([])
        for told in chain:
            met = [s for s in seeds if s not in started and s in set(subterms(told.term))]
            kept = tuple(step for step in told.steps if not (_is_seed(step) and step.subject in started))
            started.update(met)
            found[-1].append(Told(_without(told.term, started), (*kept, *(seeds[s] for s in met))))
    return found


def _is_seed(step: Step) -> bool:
    subject = step.subject
    own = isinstance(subject, Partial) and subject.total and subject.body == subject.wrt
    return own and step.rule == "partial_entry"


def _without(term: Term, factors: Collection[Term | None]) -> Term:
    """``term`` without these factors, which are one; what a derivative is taken of stays as it is defined."""
    if term in factors:
        return ONE
    if isinstance(term, Partial):
        return term
    parts = tuple(_without(part, factors) for part in children(term) if part not in factors or type(term) is not Times)
    if isinstance(term, Times):
        return parts[0] if len(parts) == 1 else Times(parts) if parts else ONE
    made: Term = rebuilt(term, parts)
    return made


def bare(term: Term) -> Term:
    """``term`` without factors that are one."""
    return _without(term, {ONE})


def gathered(left: Term, lines: Sequence[Told]) -> list[Told]:
    """The lines without factors that are one, and what is only substituted together with its rearrangement.

    Neither joins two rules of differentiation.
    """
    found: list[Told] = []
    above = bare(left)
    for line in lines:
        told = Told(bare(line.term), line.steps)
        rules = _rules(told)
        if rules <= {"ring"} and told.term == (found[-1].term if found else above):
            continue
        if found and rules <= _REARRANGED and _rules(found[-1]) == {"cite"}:
            told = Told(told.term, (*found.pop().steps, *told.steps))
        found.append(told)
    return found


_REARRANGED = frozenset({"ring", "sum_factor"})


def _rules(told: Told) -> set[str]:
    return {step.rule for step in told.steps} - SILENT


def again(
    program: Program, sample: Index, alone: tuple[Term, Sequence[Line]], whole: tuple[Term, Sequence[Line]]
) -> bool:
    """Whether a chain of the batch program is, line by line, one of the single-sample program with the sample put in.

    Args:
        program: the batch program.
        sample: the letter of the samples.
        alone: left side and lines in the single-sample program.
        whole: the same in the batch program.
    """
    names = match(lifted(program, alone[0], sample), whole[0])
    if names is None or len(set(names.values())) < len(names) or len(alone[1]) != len(whole[1]):
        return False
    return all(
        renamed(lifted(program, a.term, sample), names) == b.term
        and [s.rule for s in a.steps] == [s.rule for s in b.steps]
        for a, b in zip(alone[1], whole[1], strict=True)
    )
