"""Equality in a commutative ring with named atoms, and in its field of fractions under conditions.

A polynomial maps monomials to rationals; a monomial is a set of (atom, exponent). Everything but sums, products, powers
and numbers is an atom, equal to itself alone: nothing is searched.
"""

from fractions import Fraction
from functools import reduce

from symgrad.errors import LimitError
from symgrad.kernel import terms as t
from symgrad.kernel.functions import away, positive

Poly = dict[frozenset[tuple[t.Term, int]], Fraction]
UNIT: Poly = {frozenset(): Fraction(1)}
LIMIT = 20_000


def plus(p: Poly, q: Poly, factor: Fraction = Fraction(1)) -> Poly:
    """p + factor q."""
    total = p | {m: p.get(m, Fraction(0)) + factor * value for m, value in q.items()}
    return {m: value for m, value in total.items() if value}


def times(p: Poly, q: Poly) -> Poly:
    """The product, with δ^2 = δ.

    Raises:
        LimitError: if it has too many monomials.
    """
    if UNIT in (p, q):
        return q if p == UNIT else p
    if len(p) * len(q) > LIMIT:
        raise LimitError(f"a product of {len(p)} by {len(q)} monomials")
    total: Poly = {}
    for m, a in p.items():
        for n, b in q.items():
            exponents = dict(m)
            for atom, k in n:
                exponents[atom] = 1 if isinstance(atom, t.Delta) else exponents.get(atom, 0) + k
            joined = frozenset(exponents.items())
            total[joined] = total.get(joined, Fraction(0)) + a * b
    return {m: value for m, value in total.items() if value}


def power(p: Poly, exponent: int) -> Poly:
    """p multiplied by itself."""
    return reduce(times, [p] * exponent, UNIT)


def atom(term: t.Term, exponent: int = 1) -> Poly:
    """A power of what is not looked into."""
    return {frozenset({(term, exponent)} if exponent else ()): Fraction(1)}


def fraction(term: t.Term, found: set[t.Judgement] | None) -> tuple[Poly, Poly]:
    """Numerator and denominator of ``term``.

    Without ``found``, an inverse or a root is an atom. With it, inverses become denominators, powers become powers of
    roots, and the conditions for this are put into ``found``.
    """
    match term:
        case t.Number(value):
            return plus({}, UNIT, value), UNIT
        case t.Plus(parts):
            above, below = plus({}, {}), UNIT
            for n, d in (fraction(part, found) for part in parts):
                mine, other = (UNIT, UNIT) if d == below else (d, below)
                above, below = plus(times(above, mine), times(n, other)), times(below, mine)
            return above, below
        case t.Times(parts):
            pairs = [fraction(part, found) for part in parts]
            return reduce(times, (n for n, _ in pairs), UNIT), reduce(times, (d for _, d in pairs), UNIT)
        case t.Delta(left, right):
            return UNIT if left == right else atom(t.Delta(*sorted((left, right), key=str))), UNIT
        case t.Power(base, exponent) if found is not None or (exponent >= 0 and exponent.denominator == 1):
            k, q = exponent.numerator, exponent.denominator
            n, d = fraction(base, found)
            if found is not None and (q > 1 or k < 0) and not isinstance(base, t.Size):
                found.update(positive(base) if q > 1 else away(base))
            if q > 1:
                n, d = atom(t.Power(base, Fraction(1, q))), UNIT
            return (power(n, k), power(d, k)) if k >= 0 else (power(d, -k), power(n, -k))
    return atom(term), UNIT


def reduced(p: Poly) -> Poly:
    """``p`` with the q-th power of each q-th root of a polynomial u replaced by u, which is positive."""
    total: Poly = {}
    for monomial, value in p.items():
        part: Poly = {frozenset(): value}
        for root, k in monomial:
            whole, rest = divmod(k, root.exponent.denominator) if isinstance(root, t.Power) else (0, k)
            above, below = fraction(root.base, set()) if isinstance(root, t.Power) and whole else (UNIT, UNIT)
            part = times(part, times(power(above, whole), atom(root, rest)) if below == UNIT else atom(root, k))
        total = plus(total, part)
    return total


def equal(left: t.Term, right: t.Term) -> set[t.Judgement] | None:
    """The conditions under which the two are equal as polynomials or fractions; None where they are not."""
    found: set[t.Judgement] = set()
    for conditions in (None, found):
        (a, b), (c, d) = fraction(left, conditions), fraction(right, conditions)
        difference = plus(times(a, d), times(c, b), Fraction(-1))
        # Without conditions no root is reduced: its base may be negative.
        if not (difference if conditions is None else reduced(difference)):
            return found
    return None
