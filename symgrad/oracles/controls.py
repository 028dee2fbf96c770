"""Distances in units of the rounding bound, and the wrong formulas that a check must reject."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from flint import arb, ctx

from symgrad.kernel.terms import Entry, Plus, Term, children, rebuilt, subterms
from symgrad.oracles.balls import BITS, Undefined

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from symgrad.kernel.terms import Index
    from symgrad.oracles.bounds import Bounded, BoundEvaluator
    from symgrad.oracles.report import Formulas

ALLOWED = 4.0
"""Errors up to this many bounds agree: the framework may have used another, equally good formula."""


@dataclass
class Control:
    """A wrong formula: whether it is certainly wrong somewhere, and whether a comparison has rejected it."""

    differs: bool = False
    rejected: bool = False


def gap(value: Bounded, actual: NDArray[Any], scale: float | None = None) -> tuple[float, float]:
    """The largest error in units of its bound, and in ulp of ``scale``; infinite if the shapes differ.

    The scale is the largest entry if it is not given.
    """
    if value.x.shape != actual.shape:
        return float("inf"), float("inf")
    distance, kind = _distance(value, actual), actual.dtype
    spacing = np.float64(np.spacing(np.asarray(np.max(value.m) if scale is None else scale, kind)))
    with np.errstate(over="ignore"):  # a wrong value where the right one is zero
        return float(np.max(distance / _bound(value, actual))), float(np.max(distance) / spacing)


def ratios(value: Bounded, actual: NDArray[Any]) -> tuple[float, ...]:
    """The error of every entry in units of its bound; none if the shapes differ."""
    if value.x.shape != actual.shape:
        return ()
    with np.errstate(over="ignore"):
        return tuple((_distance(value, actual) / _bound(value, actual)).ravel().tolist())


def resolution(value: Bounded, actual: NDArray[Any]) -> float:
    """The least relative error of the formula that this comparison rejects for certain; the shapes are equal."""
    seen = _distance(value, actual) + ALLOWED * _bound(value, actual)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        least = seen / value.m
    return float(np.min(least, initial=np.inf, where=~np.isnan(least)))  # 0 that is known to be 0 shows nothing


def _distance(value: Bounded, actual: NDArray[Any]) -> NDArray[np.float64]:
    """How far every entry is certainly away from the value."""
    with ctx.workprec(BITS):
        away = np.frompyfunc(lambda x, a: float(abs(x - arb(float(a))).abs_lower()), 2, 1)
        return np.asarray(away(value.x, actual), dtype=np.float64)


def _bound(value: Bounded, actual: NDArray[Any]) -> NDArray[np.float64]:
    kind = np.finfo(actual.dtype)
    return np.asarray(value.e + float(kind.eps) / 2 * value.m + float(kind.tiny))


@dataclass(frozen=True)
class Mutant:
    """Where a formula with a dropped term is evaluated."""

    formulas: Formulas
    name: str
    letters: tuple[Index, ...]
    before: BoundEvaluator

    def dropped(self) -> Bounded | None:
        """The gradient where one term of one sum in its formula, or in an adjoint it uses, is missing."""
        body = self.formulas.gradients[self.name][1]
        adjoints = {a.name: a for a in self.formulas.adjoints}
        names = {part.tensor for part in subterms(body) if isinstance(part, Entry)}
        evaluator = self.before.branch()
        shorter = _without_term(body)
        if shorter is not None:
            body = shorter
        else:
            used = [a for n, a in adjoints.items() if n in names]
            changed = next(((a, new) for a in used if (new := _without_term(a.body))), None)
            if changed is None:
                return None
            adjoints[changed[0].name] = replace(changed[0], body=changed[1])
        try:
            for adjoint in adjoints.values():
                evaluator.define(adjoint)
            return evaluator.value(body, self.letters)
        except Undefined:
            return None


def _without_term(term: Term) -> Term | None:
    """``term`` with the last term of its outermost sum of terms left out."""
    if isinstance(term, Plus) and len(term.terms) > 1:
        kept = term.terms[:-1]
        return kept[0] if len(kept) == 1 else Plus(kept)
    parts = children(term)
    for place, part in enumerate(parts):
        if (shorter := _without_term(part)) is not None:
            return rebuilt(term, (*parts[:place], shorter, *parts[place + 1 :]))
    return None


def try_controls(
    known: dict[str, Control], exact: Bounded, actual: NDArray[Any], mutant: Mutant, batch: int, scale: float
) -> None:
    """Compare what the framework computed with each wrong formula; ``known`` is updated."""
    for what, wrong in (
        _cancelled(exact, scale, mutant) if exact.vanishes else _controls(exact, batch, mutant)
    ).items():
        control = known.setdefault(what, Control())
        if control.rejected or (value := wrong()) is None:
            continue
        differs = value.x.shape != exact.x.shape or not np.all(_overlap(value.x, exact.x))
        control.differs = control.differs or differs
        control.rejected = differs and gap(value, actual)[0] > ALLOWED


_overlap = np.frompyfunc(arb.overlaps, 2, 1)


def _cancelled(exact: Bounded, scale: float, mutant: Mutant) -> dict[str, Callable[[], Bounded | None]]:
    """Wrong formulas for a gradient that is zero because adjoints of size ``scale`` cancel: factors change nothing."""
    part = scale * (1e-6 if mutant.before.dtype == "float64" else 1e-3)
    return {
        "dropped term": mutant.dropped,
        "an adjoint too many": lambda: exact.shifted(scale),
        "an adjoint too few": lambda: exact.shifted(-scale),
        "small error upwards": lambda: exact.shifted(part),
        "small error downwards": lambda: exact.shifted(-part),
    }


def _controls(exact: Bounded, batch: int, mutant: Mutant) -> dict[str, Callable[[], Bounded | None]]:
    """The standard wrong formulas, by name; ``None`` where one cannot be formed."""
    largest = float(np.max(exact.m))
    part = 1e-6
    if mutant.before.dtype == "float32":
        part = max(1e-3, 10 * float(np.max(exact.e)) / largest if largest else 0.0)
    wrong: dict[str, Callable[[], Bounded | None]] = {
        "sign": lambda: exact.scaled(arb(-1)),
        "factor 2": lambda: exact.scaled(arb(2)),
        "factor N": lambda: exact.scaled(arb(batch)),
        "small relative error": lambda: exact.scaled(arb(1) + arb(part)),
        "dropped term": mutant.dropped,
    }
    if batch > 1 and 1 / (batch - 1) > part:
        wrong["mean over N - 1"] = lambda: exact.scaled(arb(batch) / arb(batch - 1))
    if exact.x.ndim > 0:
        wrong["off by one"] = lambda: exact.changed(lambda a: np.roll(a, 1, -1))
        wrong["index reversed"] = lambda: exact.changed(lambda a: np.flip(a, 0))
    if exact.x.ndim > 1:
        wrong["transposed"] = lambda: exact.changed(lambda a: np.swapaxes(a, -1, -2))
    return wrong
