"""Conversions: functions that take a term and return a theorem that it equals another.

A conversion can fail, but it cannot lie: whatever it returns was made by inference rules. ``None`` says "no change".
"""

from __future__ import annotations

from collections.abc import Callable

from symgrad.calculus.effort import nodes, spend
from symgrad.errors import IllFormedError, LimitError, RuleError
from symgrad.kernel import rules
from symgrad.kernel import terms as t
from symgrad.kernel.program import Program
from symgrad.kernel.theorem import Theorem

REFUSALS = (RuleError, LimitError, IllFormedError)
"""What a conversion may fail with: then it is given up, and nothing is claimed."""

Conversion = Callable[[Program, t.Term], Theorem | None]


def chained(first: Theorem | None, second: Theorem | None) -> Theorem | None:
    """Transitivity, where either side may be "no change"."""
    if first is None or second is None:
        return first or second
    return rules.trans(first, second)


def result(theorem: Theorem | None, term: t.Term) -> t.Term:
    """What ``term`` became."""
    return theorem.right if theorem else term


def replace(found: Theorem | None, term: t.Term, path: tuple[int, ...]) -> Theorem | None:
    """``term`` with the subterm at ``path`` replaced."""
    if not found or found.left == found.right:
        return None
    spend(nodes(term))
    return rules.congruence(found, term, path)


def fresh(size: str, term: t.Term) -> t.Index:
    """A letter that does not occur in ``term``."""
    taken = {i.name for i in t.letters(term)}
    return next(t.Index(name, size) for k in range(10**6) if (name := f"i{k}_") not in taken)


def remembered(convert: Conversion) -> Conversion:
    """The same conversion, which does each term of each program once."""
    known: dict[tuple[int, t.Term], tuple[Program, Theorem | None]] = {}

    def converted(program: Program, term: t.Term) -> Theorem | None:
        found = known.get((id(program), term))
        if found is None:
            spend(nodes(term))
            if len(known) > 50_000:
                known.clear()
            found = known[id(program), term] = (program, convert(program, term))  # the program lives on with its id
        return found[1]

    return converted


def inside(convert: Conversion) -> Conversion:
    """Apply a conversion to every immediate subterm."""

    def converted(program: Program, term: t.Term) -> Theorem | None:
        done: Theorem | None = None
        if isinstance(term, t.Partial):
            return None
        for k in range(len(t.children(term))):
            now = result(done, term)
            part = t.children(now)[k]
            if isinstance(now, t.Sum | t.Largest):
                part = t.opened(part, fresh(now.size, part))
            done = chained(done, replace(convert(program, part), now, (k,)))
        return done

    return converted


def everywhere(convert: Conversion) -> Conversion:
    """Apply a conversion to every subterm, innermost first."""

    def converted(program: Program, term: t.Term) -> Theorem | None:
        done = below(program, term)
        return chained(done, convert(program, result(done, term)))

    kept = remembered(converted)
    below = inside(kept)
    return kept


def using(theorem: Theorem) -> Conversion:
    """Rewrite with an equation, left to right, where its left side fits."""

    def converted(_: Program, term: t.Term) -> Theorem | None:
        if type(term) is not type(theorem.left):
            return None
        try:
            return rules.congruence(theorem, term, ())
        except RuleError:
            return None

    return converted


def opening(name: str) -> Conversion:
    """Unfold one definition."""
    return lambda program, term: (
        rules.unfold(program, term) if isinstance(term, t.Entry) and term.tensor == name else None
    )


def repeated(convert: Conversion) -> Conversion:
    """Apply a conversion until nothing changes."""

    def converted(program: Program, term: t.Term) -> Theorem | None:
        done: Theorem | None = None
        for _ in range(200):
            step = convert(program, result(done, term))
            if step is None:
                return done
            done = chained(done, step)
        raise LimitError("a conversion does not end")

    return converted
