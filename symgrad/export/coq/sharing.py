"""Sums that both sides of an equation hold, as one name each: what is a name is not multiplied out.

``(1 - h) * (p - y) * w = (p - y) * (w - h * w)`` is proved of ``(1 - h) * u * w = u * (w - h * w)``. For Coq the two
say the same, since ``u`` is a Definition.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from symgrad.kernel import terms as t
from symgrad.kernel.program import Definition, Program

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True)
class Shared:
    """An equation with names for the sums that both of its sides hold.

    Attributes:
        left: its left side.
        right: its right side.
        program: the program with the definitions of these names.
        names: the name of each sum, all that were known before included.
    """

    left: t.Term
    right: t.Term
    program: Program
    names: dict[t.Term, str]


def shared(left: t.Term, right: t.Term, program: Program, known: Mapping[t.Term, str]) -> Shared | None:
    """The equation with names for the sums that both sides hold; None if there are none.

    Args:
        left: one side.
        right: the other.
        program: has the definitions of all names that are known.
        known: the sums that have a name.
    """
    sides = [_sums(side) for side in (left, right)]
    names, made = dict(known), []
    common = [sum_ for sum_ in sides[0] if sum_ in sides[1]]
    for sum_ in common:
        if sum_ not in names:
            number = len(names) + 1
            while f"shared_{number}" in program.tensors:
                number += 1
            names[sum_] = f"shared_{number}"
            made.append(Definition(names[sum_], t.letters(sum_), sum_))
    if not common:
        return None
    used = {sum_: names[sum_] for sum_ in common}
    grown = Program(program.batch, program.inputs, (*program.definitions, *made))
    return Shared(_named(left, used), _named(right, used), grown, names)


def _canonical(term: t.Term) -> t.Term:
    """The term at letters that depend on nothing but their order."""
    return t.renamed(term, {i: t.Index(f"i{k}", i.size) for k, i in enumerate(t.letters(term))})


def _sums(term: t.Term) -> dict[t.Term, None]:
    """The sums that stand as factors, each at letters of its own."""
    found: dict[t.Term, None] = {}

    def factor(part: t.Plus) -> t.Term:
        if not any(isinstance(p, t.Delta) for p in t.subterms(part)):
            found[_canonical(part)] = None
        return part

    _factors(term, factor)
    return found


def _named(term: t.Term, names: Mapping[t.Term, str]) -> t.Term:
    def factor(part: t.Plus) -> t.Term:
        name = names.get(_canonical(part))
        return t.Entry(name, t.letters(part)) if name else part

    return _factors(term, factor)


def _factors(term: t.Term, change: Callable[[t.Plus], t.Term], depth: int = 0, *, factor: bool = False) -> t.Term:
    """Change the sums that stand as factors; arguments of functions and denominators stay as they are."""
    match term:
        case t.Sum(size, body):
            letter = t.Index(f"h{depth}_", size)
            return t.sigma(letter, _factors(t.opened(body, letter), change, depth + 1))
        case t.Plus() if factor and (changed := change(term)) != term:
            return changed
        case t.Power(base, exponent) if exponent > 0 and exponent.denominator == 1:
            return t.rebuilt(term, [_factors(base, change, depth, factor=True)])
        case t.Plus(parts) | t.Times(parts):
            within = isinstance(term, t.Times)
            return t.rebuilt(term, [_factors(part, change, depth, factor=within) for part in parts])
    return term
