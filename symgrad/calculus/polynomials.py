"""Polynomials in named atoms: how terms are ordered, collected and written. What they claim, the ring rule proves."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from math import comb

from symgrad.calculus.effort import ring
from symgrad.errors import LimitError
from symgrad.kernel import terms as t
from symgrad.kernel.program import Program
from symgrad.kernel.theorem import Theorem

Monomial = frozenset[tuple[t.Term, Fraction]]
Poly = dict[Monomial, Fraction]
ONE = Fraction(1)


@lru_cache(maxsize=262144)
def key(term: t.Term) -> str:
    """A text that orders terms, the same on every run."""

    def place(i: t.Position) -> str:
        return f"~{i}" if isinstance(i, int) else i.name

    match term:
        case t.Number(value):
            return f"0{value}"
        case t.Size(name):
            return f"1{name}"
        case t.Entry(tensor, indices):
            return f"3{tensor}[{','.join(map(place, indices))}]"
        case t.Delta(left, right):
            return f"2[{place(left)},{place(right)}]"
        case t.Power(base, exponent):
            return f"{key(base)}^{exponent}"
        case t.Apply(function, arguments):
            return f"5{function}({','.join(map(key, arguments))})"
        case t.Sum(size, body):
            return f"7{size}({key(body)})"
        case t.Partial(body, wrt, total):
            return f"6{'d' if total else 'p'}({key(body)}/{key(wrt)})"
    return f"8{type(term).__name__}({','.join(map(key, t.children(term)))})"


def _product(m: Monomial, n: Monomial) -> Monomial:
    exponents = dict(m)
    for base, e in n:
        exponents[base] = ONE if isinstance(base, t.Delta) else exponents.get(base, Fraction(0)) + e
    return frozenset((base, e) for base, e in exponents.items() if e)


def poly(term: t.Term, *, expand: bool, limit: int = 400) -> Poly:
    """``term`` as a polynomial in its atoms, with rational exponents; powers of one base are merged.

    Merging x * x^-1 is optimistic: the ring rule will ask for x != 0.

    Raises:
        LimitError: if there are more than ``limit`` monomials.
    """
    match term:
        case t.Number(value):
            return {frozenset(): value} if value else {}
        case t.Delta(left, right) if left == right:
            return {frozenset(): ONE}
        case t.Delta(left, right):
            ends = sorted((left, right), key=str)
            return {frozenset({(t.Delta(*ends), ONE)}): ONE}
        case t.Plus(parts):
            total: Poly = {}
            for part in parts:
                for m, value in poly(part, expand=expand, limit=limit).items():
                    total[m] = total.get(m, Fraction(0)) + value
            return {m: value for m, value in total.items() if value}
        case t.Times(parts):
            product: Poly = {frozenset(): ONE}
            for part in parts:
                factor = poly(part, expand=expand, limit=limit)
                if not expand and len(factor) > 1:
                    factor = {frozenset({(written(factor), ONE)}): ONE}
                product = _multiplied(product, factor, limit)
            return product
        case t.Power(base, exponent):
            inner = poly(base, expand=expand, limit=limit)
            if not inner:
                return {} if exponent else {frozenset(): ONE}
            if len(inner) == 1 and exponent.denominator == 1:
                [(m, value)] = inner.items()
                return {frozenset((b, ONE if isinstance(b, t.Delta) else e * exponent) for b, e in m):
                        value**exponent.numerator}  # fmt: skip
            if expand and exponent.denominator == 1 and exponent > 0 and _terms(inner, exponent) <= limit // 4:
                product = {frozenset(): ONE}
                for _ in range(exponent.numerator):
                    product = _multiplied(product, inner, limit)
                return product
            flip = exponent.denominator == 1 and exponent.numerator % 2 and inner.get(frozenset(), ONE) < 0
            turned = {m: -value for m, value in inner.items()} if flip else inner
            return {frozenset({(written(turned), exponent)}): -ONE if flip else ONE}
    return {frozenset({(term, ONE)}): ONE}


def _terms(p: Poly, exponent: Fraction) -> int:
    """How many monomials a power of ``p`` has before any are collected."""
    return comb(len(p) + exponent.numerator - 1, exponent.numerator)


def _multiplied(p: Poly, q: Poly, limit: int) -> Poly:
    if len(p) * len(q) > limit:
        raise LimitError("a polynomial grows too large")
    total: Poly = {}
    for m, a in p.items():
        for n, b in q.items():
            joined = _product(m, n)
            total[joined] = total.get(joined, Fraction(0)) + a * b
    return {m: value for m, value in total.items() if value}


def _rank(base: t.Term) -> tuple[int, str]:
    """The order of factors: sizes, deltas, then cotangents, entries and functions, sums last."""
    order = {t.Size: 1, t.Delta: 2, t.Partial: 3, t.Plus: 4, t.Apply: 5, t.Entry: 6, t.Power: 6, t.Sum: 8, t.Largest: 8}
    return order.get(type(base), 7), key(base)


def monomial(m: Monomial, value: Fraction) -> t.Term:
    """One monomial as a term: what divides comes last, but the sum of a softmax follows its exponential."""
    factors: list[t.Term] = [] if value == 1 and m else [t.Number(value)]
    top: t.Term | None = None

    def place(pair: tuple[t.Term, Fraction]) -> tuple[bool, tuple[int, str], Fraction]:
        base, e = pair
        divides = e < 0 and not isinstance(base, t.Size)
        if divides and top is not None and isinstance(base, t.Sum) and isinstance(base.body, t.Apply):
            return False, (_rank(top)[0], key(top) + "~"), e
        return divides, _rank(base), e

    tops = [base for base, e in m if e == 1 and isinstance(base, t.Apply) and base.function == "exp"]
    top = min(tops, key=key, default=None)
    for base, e in sorted(m, key=place):
        factors.append(base if e == 1 else t.Power(base, e))
    return factors[0] if len(factors) == 1 else t.Times(tuple(factors))


def written(p: Poly) -> t.Term:
    """A polynomial as a term, its monomials in a fixed order: positive ones first."""
    parts = [(monomial(m, value), value < 0) for m, value in p.items()]
    ordered = [part for part, _ in sorted(parts, key=lambda pair: (pair[1], key(pair[0])))]
    return t.ZERO if not ordered else ordered[0] if len(ordered) == 1 else t.Plus(tuple(ordered))


def written_in_order(term: t.Term) -> t.Term:
    """``term`` with numbers collected and parts in the fixed order, not multiplied out; atoms stay as they are."""
    if not isinstance(term, t.Plus | t.Times | t.Power):
        return term
    inner: t.Term = t.rebuilt(term, tuple(written_in_order(part) for part in t.children(term)))
    return written(poly(inner, expand=False))


def arithmetic(program: Program, term: t.Term) -> Theorem | None:
    """Collect numbers and like factors, without multiplying out."""
    return _by_ring(program, term, expand=False)


def expanded(program: Program, term: t.Term) -> Theorem | None:
    """Multiply out and collect."""
    return _by_ring(program, term, expand=True)


def _by_ring(program: Program, term: t.Term, *, expand: bool) -> Theorem | None:
    if not isinstance(term, t.Plus | t.Times | t.Power | t.Delta):
        return None
    new = written(poly(term, expand=expand))
    return ring(program, term, new) if new != term else None
