"""The per-sample loss inside a scalar: which term of the objective speaks of one sample.

What is returned is the objective that is differentiated, all factors included. The loss of a sample is chosen so that
the objective is its mean, sum or weighted mean, with what does not depend on the samples beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from symgrad.errors import InputError
from symgrad.importers.arrays import BATCH, inverse, over, plus, times
from symgrad.kernel.terms import (
    REDUCTIONS,
    Entry,
    Index,
    Largest,
    Number,
    Plus,
    Power,
    Size,
    Sum,
    Term,
    Times,
    children,
    letters,
    opened,
    rebuilt,
    sigma,
    subterms,
)

if TYPE_CHECKING:
    from collections.abc import Callable

Factors = tuple[Term, ...]


def split(term: Term, batch: Index, *, moves: Callable[[Term], bool]) -> tuple[Term, Term]:
    """The loss of one sample, and the objective as a formula of ``loss``.

    Args:
        term: a scalar.
        batch: the letter of the sample.
        moves: whether a term depends on parameters.

    Raises:
        InputError: if no part of it runs over the batch.
    """
    parts = [(factors, core) for factors, core in _parts(term, moves)]
    samples = [(factors, core) for factors, core in parts if _runs(core)]
    rest = [times(*factors, core) for factors, core in parts if not _runs(core)]
    outer = [core for _, core in samples]
    if samples and all(isinstance(core, Sum) and core.size == BATCH for core in outer):
        scales = [_scale(factors) for factors, _ in samples]
        common = scales[0][1]
        bodies = []
        for (inside, outside), core in zip(scales, outer, strict=True):
            ratio = _ratio(outside, common)
            bodies.append(times(*inside, *ratio, *_opened(core, batch)))
        weights, bodies = _weights(bodies, common, moves)
        loss = Entry("loss", (batch,))
        total = over([batch], times(*weights, loss))
        mean = common == (inverse(Size(BATCH)),)
        return plus(*bodies), plus(times(*common, total) if mean else times(total, *common), *rest)
    return _nested(term, batch, moves)


def _opened(core: Term, batch: Index) -> Factors:
    body = opened(core.body, batch) if isinstance(core, Sum) else core
    return (body,)


def _parts(term: Term, moves: Callable[[Term], bool]) -> list[tuple[Factors, Term]]:
    """A scalar as a sum of factors times one core: a sum over the batch, or what cannot be taken apart."""
    match term:
        case Plus(terms):
            return [part for t in terms for part in _parts(t, moves)]
        case Times(factors):
            heavy = [f for f in factors if _runs(f) and not (isinstance(f, Power) and not moves(f))]
            if len(heavy) != 1:
                heavy = [f for f in heavy if moves(f)]
            if len(heavy) == 1 and isinstance(heavy[0], Plus | Times | Sum):
                others = tuple(f for f in factors if f is not heavy[0])
                return [((*others, *more), core) for more, core in _parts(heavy[0], moves)]
    return [((), term)]


def _runs(term: Term) -> bool:
    """Whether a term holds a reduction over the batch."""
    return any(isinstance(part, REDUCTIONS) and part.size == BATCH for part in subterms(term))


def _scale(factors: Factors) -> tuple[Factors, Factors]:
    """Factors that belong into the loss, and those that say how samples are averaged."""
    outside = tuple(f for f in factors if _runs(f) or Size(BATCH) in subterms(f))
    return tuple(f for f in factors if f not in outside), outside


def _ratio(factors: Factors, common: Factors) -> Factors:
    """What is left of factors beside the common ones."""
    left = list(factors)
    missing = []
    for factor in common:
        if factor in left:
            left.remove(factor)
        else:
            missing.append(inverse(factor))
    return (*left, *missing)


def _weights(bodies: list[Term], common: Factors, moves: Callable[[Term], bool]) -> tuple[Factors, list[Term]]:
    """Sample weights, if the objective divides by their sum: they stand beside the loss, not in it."""
    totals = [f.base for f in common if isinstance(f, Power) and f.exponent == -1 and isinstance(f.base, Sum)]
    for total in totals:
        if moves(total) or total.size != BATCH or len(bodies) != 1:
            continue
        factors = bodies[0].factors if isinstance(bodies[0], Times) else (bodies[0],)
        for factor in factors:
            if not moves(factor) and letters(factor) and sigma(letters(factor)[0], factor) == total:
                left = list(factors)
                left.remove(factor)
                return (factor,), [times(*left)]
    return (), bodies


def _nested(term: Term, batch: Index, moves: Callable[[Term], bool]) -> tuple[Term, Term]:
    """A scalar that is another function of sums over the samples: the loss is what the last such sum adds up."""
    found = [part for part in _scalars(term) if isinstance(part, Sum | Largest) and part.size == BATCH]
    inner = [part for part in found if moves(part)] or found
    if not inner:
        raise InputError("the loss does not run over the batch, expected a mean, a sum or a vector over the samples")
    chosen = inner[-1]
    body = opened(chosen.body, batch)
    return body, _replaced(term, chosen, sigma(batch, Entry("loss", (batch,)), type(chosen)))


def _scalars(term: Term) -> list[Term]:
    """The parts of a scalar that are scalars themselves, outermost first."""
    if isinstance(term, REDUCTIONS):
        return [term]
    return [term, *(part for child in children(term) for part in _scalars(child))]


def _replaced(term: Term, old: Term, new: Term) -> Term:
    if term == old:
        return new
    return term if isinstance(term, Number | Entry) else rebuilt(term, [_replaced(c, old, new) for c in children(term)])
