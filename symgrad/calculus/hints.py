"""What would make a refuted claim right, where one change does: a factor, or indices that are swapped.

A repair is only proposed here; whoever says it has it proved first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from symgrad.kernel import terms as t
from symgrad.kernel.functions import inverse
from symgrad.lang.model import Claim, Model


@dataclass(frozen=True)
class Repair:
    """A right side with one change.

    Attributes:
        kind: ``factor``, ``transpose`` (a tensor with two of its indices swapped) or ``letters`` (two letters swapped).
        subject: the factor, as a formula; else the tensor or the two letters.
        right: the changed right side.
    """

    kind: str
    subject: t.Term | str
    right: t.Term


def repairs(model: Model, claim: Claim) -> Iterator[Repair]:
    """Every change that is tried, the likeliest mistakes first."""
    size = t.Size(model.program.batch)
    plain = (t.Number(Fraction(2)), t.Number(Fraction(1, 2)), inverse(size), size)
    for factor in (t.MINUS, *plain, *(_times(t.MINUS, f) for f in plain)):
        yield Repair("factor", factor, _times(factor, claim.right))
    for name, places in _square(model, claim.right):
        yield Repair("transpose", name, _transposed(claim.right, name, places))
    free = t.letters(claim.right)
    for k, i in enumerate(free):
        for j in free[k + 1 :]:
            if i.size == j.size:
                yield Repair("letters", f"{i.name} and {j.name}", t.renamed(claim.right, {i: j, j: i}))


def _times(factor: t.Term, right: t.Term) -> t.Term:
    """The product; numbers in front, and powers of one size, are multiplied out."""
    value, sizes, kept = Fraction(1), dict[str, Fraction](), list[t.Term]()
    for part in (*_factors(factor), *_factors(right)):
        match part:
            case t.Number(number):
                value *= number
            case t.Size(name):
                sizes[name] = sizes.get(name, Fraction(0)) + 1
            case t.Power(t.Size(name), exponent):
                sizes[name] = sizes.get(name, Fraction(0)) + exponent
            case _:
                kept.append(part)
    powers = [t.Size(name) if k == 1 else t.Power(t.Size(name), k) for name, k in sizes.items() if k]
    factors = [*powers, *kept]
    if value != 1 or not factors:
        factors.insert(0, t.Number(value))
    return factors[0] if len(factors) == 1 else t.Times(tuple(factors))


def _factors(term: t.Term) -> tuple[t.Term, ...]:
    return term.factors if isinstance(term, t.Times) else (term,)


def _square(model: Model, term: t.Term) -> Iterator[tuple[str, tuple[int, int]]]:
    """The tensors in ``term`` with two indices of one size, and their places."""
    for name in dict.fromkeys(part.tensor for part in t.subterms(term) if isinstance(part, t.Entry)):
        shape = model.program.tensors[name].shape
        for k, size in enumerate(shape):
            for j in range(k + 1, len(shape)):
                if shape[j] == size:
                    yield name, (k, j)


def _transposed(term: t.Term, name: str, places: tuple[int, int]) -> t.Term:
    if isinstance(term, t.Entry) and term.tensor == name:
        swapped = list(term.indices)
        k, j = places
        swapped[k], swapped[j] = swapped[j], swapped[k]
        return t.Entry(name, tuple(swapped))
    put: t.Term = t.rebuilt(term, [_transposed(part, name, places) for part in t.children(term)])
    return put
