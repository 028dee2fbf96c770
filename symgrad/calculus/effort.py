"""A limit on the work of one derivation: counted by the sizes of what is rewritten, so the same on every machine.

Formulas may explode when they are multiplied out, and no proof is read that takes minutes of algebra. What is counted
are nodes of the terms that a conversion visits, and products of monomials that the ring rule may have to form.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from math import comb

from symgrad.errors import IllFormedError, LimitError, SymgradError
from symgrad.kernel import rules
from symgrad.kernel import terms as t
from symgrad.kernel.program import Program
from symgrad.kernel.ring import LIMIT
from symgrad.kernel.theorem import Theorem

MOST = 6_000_000
"""Units of work that a derivation may take, the search for the proof of a claim apart: some seconds."""

_PRODUCT = 4
"""What a product of monomials costs, in visits of a node."""
_REFUSED = 200_000
"""What it costs at most until the ring rule refuses a product that is too large."""

_left: ContextVar[list[int] | None] = ContextVar("left", default=None)


class EffortError(SymgradError):
    """A derivation was given up: its formulas grow too much. No conversion may take this for a refusal."""

    exit_code = 4


@contextmanager
def limited() -> Iterator[None]:
    """Allow ``MOST`` units of work inside; what is spent there is not counted outside."""
    token = _left.set([MOST])
    try:
        yield
    finally:
        _left.reset(token)


def spend(units: int) -> None:
    """Count work, if it is limited.

    Raises:
        EffortError: if nothing is left, also when asked again.
    """
    left = _left.get()
    if left is None:
        return
    left[0] -= units
    if left[0] < 0:
        raise EffortError(
            f"the formulas grow too much when they are multiplied out: more than {MOST:,} steps of algebra; "
            "use smaller exponents or fewer factors"
        )


def ring(program: Program, left: t.Term, right: t.Term) -> Theorem:
    """The kernel's ring rule; what it did is counted, and it is little where it refused a product that is too large.

    Raises:
        EffortError, IllFormedError, LimitError, RuleError: as ``spend`` and the rule.
    """
    work = products(left, right)
    try:
        return rules.ring(program, left, right)
    except LimitError:
        work = min(work, _REFUSED)
        raise
    except IllFormedError:
        work = 0
        raise
    finally:
        spend(work)


@lru_cache(maxsize=262144)
def nodes(term: t.Term) -> int:
    """How many nodes a term has."""
    return 1 + sum(map(nodes, t.children(term)))


def products(*terms: t.Term) -> int:
    """What the ring rule may cost that compares these: the products of monomials that it forms at most."""
    return _PRODUCT * sum(_expansion(term)[1] for term in terms)


@lru_cache(maxsize=262144)
def _expansion(term: t.Term) -> tuple[int, int]:
    """Bounds on the monomials of a term that is multiplied out, and on the products that this takes."""
    match term:
        case t.Plus(parts):
            found = [_expansion(part) for part in parts]
            return min(LIMIT, sum(n for n, _ in found)), sum(work for _, work in found)
        case t.Times(parts):
            many, work = 1, 0
            for n, own in map(_expansion, parts):
                work += own + (0 if many == 1 else min(LIMIT, many * n))
                many = min(LIMIT, many * n)
            return many, work
        case t.Power(base, exponent) if exponent.denominator == 1:
            n, work = _expansion(base)
            for k in range(1, abs(exponent.numerator)):
                work += min(LIMIT, n * comb(n + k - 1, k))
            last = abs(exponent.numerator)
            return min(LIMIT, comb(n + last - 1, last)), work
    return 1, 0
