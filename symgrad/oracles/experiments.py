"""What the explanation measures: every mini-batch of a small batch, and what is left of a difference at small rates."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations, product
from typing import TYPE_CHECKING

from flint import arb, ctx

from symgrad.errors import SymgradError
from symgrad.kernel.terms import Entry, Index
from symgrad.oracles.balls import BITS, Evaluator, Point, ball
from symgrad.oracles.points import satisfies

if TYPE_CHECKING:
    from collections.abc import Sequence

    from symgrad.lang.model import Model


@dataclass(frozen=True)
class Drawing:
    """All mini-batches of one size: their number, and mean and variance of their gradients, counted out.

    ``law`` is the variance by the right side of a claim.
    """

    draws: int
    batches: int
    mean: Fraction
    variance: Fraction
    law: Fraction


def minibatches(size: int, draws: int, *, replacement: bool) -> list[tuple[int, ...]]:
    """How often each of ``size`` samples is in the mini-batch, for every mini-batch; all are equally likely.

    Example:
        >>> minibatches(3, 2, replacement=False)
        [(1, 1, 0), (1, 0, 1), (0, 1, 1)]
        >>> len(minibatches(3, 2, replacement=True))
        9
    """
    samples = range(size)
    drawn = product(samples, repeat=draws) if replacement else combinations(samples, draws)
    return [tuple(batch.count(n) for n in samples) for batch in drawn]


def enumerated(model: Model, gradients: Sequence[Fraction], claim: int, *, replacement: bool) -> list[Drawing]:
    """Every mini-batch of every size, against a model of the mini-batch gradient.

    The model's data ``q`` and ``p`` are set to the expectations of the counts and of their products, as they are
    counted out; its assumptions must then hold.

    Args:
        model: with data ``y``, ``q`` and ``p``, a parameter ``w``, and definitions ``g``, ``expected``, ``variance``.
        gradients: one for each sample.
        claim: the number, from one, of the claim that states the variance.
        replacement: whether a sample may be drawn again.

    Raises:
        SymgradError: if an assumption, or the model's ``expected`` or ``variance``, does not fit what was counted out.
    """
    size = len(gradients)
    found = []
    for draws in range(1, size + 1):
        batches = minibatches(size, draws, replacement=replacement)

        def expectation(values: Sequence[Fraction], batches: Sequence[object] = batches) -> Fraction:
            return sum(values, Fraction(0)) / len(batches)

        values: dict[str, dict[tuple[int, ...], Fraction]] = {
            "w": {(): Fraction(0)},
            "y": {(n,): -gradient for n, gradient in enumerate(gradients)},
            "q": {(n,): expectation([Fraction(c[n]) for c in batches]) for n in range(size)},
            "p": {
                (n, m): expectation([Fraction(c[n] * c[m]) for c in batches]) for n in range(size) for m in range(size)
            },
        }
        point = Point({"N": size, "B": draws}, values)
        means = [sum((k * g for k, g in zip(c, gradients, strict=True)), Fraction(0)) / draws for c in batches]
        mean = expectation(means)
        variance = expectation([(value - mean) ** 2 for value in means])
        evaluator = Evaluator(model.program, point)
        law = evaluator.value(model.claims[claim - 1].right, {})
        stated = [evaluator.value(Entry(name, ()), {}) for name in ("expected", "variance")]
        if not satisfies(model.assumptions, model.program, point) or stated != [mean, variance]:
            raise SymgradError(f"{model.name} does not describe the mini-batches of {draws} out of {size} samples")
        if not isinstance(law, Fraction):
            raise SymgradError(f"claim {claim} of {model.name} has no exact value")
        found.append(Drawing(draws, len(batches), mean, variance, law))
    return found


@dataclass(frozen=True)
class Rate:
    """At one rate: the difference of the two ways, what is left of it, and that over the third power of the rate."""

    rate: Fraction
    difference: arb
    rest: arb
    ratio: arb


def small_rates(model: Model, point: Point, rates: Sequence[Fraction]) -> list[Rate]:
    """The definitions ``second``, ``once`` and ``rest`` of a model at ever smaller rates, for its first two samples.

    Args:
        model: with a datum ``eta``, the rate.
        point: everything else.
        rates: the values of ``eta``.
    """
    found = []
    for rate in rates:
        at = replace(point, values={**point.values, "eta": {(): rate}})
        evaluator = Evaluator(model.program, at)
        letters = {name: Index(name, "N") for name in "mn"} | {"d": Index("d", "D")}
        places = {letters["m"]: 0, letters["n"]: 1, letters["d"]: 0}
        with ctx.workprec(BITS):
            second, once, rest = (
                ball(evaluator.value(Entry(name, tuple(letters.values())), places))
                for name in ("second", "once", "rest")
            )
            found.append(Rate(rate, second - once, rest, rest / ball(rate) ** 3))
    return found
