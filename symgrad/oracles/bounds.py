"""Balls over whole tensors, with a running bound on what floating point may lose.

Beside each ball x stands a bound e on |fl(x) - x| for any floating-point program of the formula's shape: Higham 2002,
Accuracy and Stability of Numerical Algorithms, sections 3.1 and 3.3 (running error analysis; sums in any order).
Library functions are allowed 8 units roundoff. The bounds themselves are computed in double precision, which is
accurate to far more digits than they need.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from flint import arb, arb_mat, ctx, fmpq
from numpy.typing import NDArray

from symgrad.errors import IllFormedError
from symgrad.kernel.terms import (
    Apply,
    Delta,
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
    subterms,
)
from symgrad.oracles.balls import BITS, Undefined, whole_power

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

    from symgrad.kernel.program import Definition
    from symgrad.kernel.terms import Position

Floats = NDArray[np.float64]
Objects = NDArray[np.object_]

LIBRARY = 8
"""Units roundoff that a library function may lose: four ulp."""

Axis = Index | tuple[int, str]
"""A free letter, or a sum by its nesting depth and size."""

_float = np.frompyfunc(float, 1, 1)


def unit_roundoff(dtype: str) -> float:
    """2^-24 for ``float32``, 2^-53 for ``float64``."""
    return float(np.finfo(dtype).eps) / 2


def _objects(values: object) -> Objects:
    return np.asarray(values, dtype=object)


def _mapped(function: Callable[..., arb], *arrays: Objects) -> Objects:
    return _objects(np.frompyfunc(function, len(arrays), 1)(*arrays))


def magnitudes(values: Objects) -> Floats:
    """|x| of every ball, as floats."""
    return np.abs(np.asarray(_float(values), dtype=np.float64))


@dataclass(frozen=True)
class Bounded:
    """A tensor of balls with error bounds, one axis per letter.

    Attributes:
        axes: the letter of each axis.
        x: the balls.
        m: their magnitudes.
        e: what floating point may lose in each.
    """

    axes: tuple[Axis, ...]
    x: Objects
    m: Floats
    e: Floats

    @property
    def vanishes(self) -> bool:
        """Whether every value is zero, as far as the balls tell, but floating point may leave something."""
        return bool(np.all(self.m < self.e * 2.0**-100))

    def spread(self, axes: tuple[Axis, ...]) -> Bounded:
        """The same values with axes in this order, of length one where the letter is missing."""
        if axes == self.axes:
            return self
        order = [self.axes.index(a) for a in axes if a in self.axes]
        shape = [self.x.shape[self.axes.index(a)] if a in self.axes else 1 for a in axes]
        return self.changed(lambda part: part.transpose(order).reshape(shape), axes)

    def changed(self, change: Callable[[Any], Any], axes: tuple[Axis, ...] | None = None) -> Bounded:
        """The same rearrangement of balls, magnitudes and bounds."""
        return Bounded(self.axes if axes is None else axes, change(self.x), change(self.m), change(self.e))

    def scaled(self, factor: arb) -> Bounded:
        """A multiple, as if computed exactly."""
        size = abs(float(factor))
        return Bounded(self.axes, _objects(self.x * factor), self.m * size, self.e * size)

    def shifted(self, by: float) -> Bounded:
        """The same values, each with a number added, as if computed exactly."""
        return Bounded(self.axes, _objects(self.x + arb(by)), self.m + abs(by), self.e)


class BoundEvaluator:
    """Evaluates Partial-free terms over whole tensors.

    Args:
        sizes: the value of each size.
        values: data and parameters, exact in the tested precision.
        dtype: the tested precision.
        pieces: filled with the sides visited, -1 or 1, of every kinked function; shared between points.
    """

    def __init__(
        self,
        sizes: Mapping[str, int],
        values: Mapping[str, NDArray[np.generic]],
        dtype: str,
        pieces: dict[Term, set[int]],
    ) -> None:
        self._sizes, self._u, self._tiny = dict(sizes), unit_roundoff(dtype), float(np.finfo(dtype).tiny)
        self.dtype, self._pieces = dtype, pieces
        self._known: dict[str, Bounded] = {}
        for name, array in values.items():
            balls = _mapped(lambda v: arb(float(v)), _objects(array))
            self._known[name] = self._made((), balls, np.zeros(balls.shape))

    def branch(self) -> BoundEvaluator:
        """A second evaluator that knows the same tensors; what it defines and visits stays its own."""
        other = BoundEvaluator(self._sizes, {}, self.dtype, {})
        other._known = dict(self._known)
        return other

    def define(self, definition: Definition) -> None:
        """Evaluate a definition, whose body mentions only tensors that are known.

        Raises:
            Undefined: as ``value``.
        """
        self._known[definition.name] = self.value(definition.body, definition.letters)

    def value(self, term: Term, letters: tuple[Index, ...]) -> Bounded:
        """``term`` for all values of its letters, with one axis for each of ``letters``.

        Raises:
            Undefined: if, within the error bound, a denominator may be zero, the argument of a log or fractional power
                not positive, or a kink hit.
            IllFormedError: if a tensor has no value, or the term holds a derivative.
        """
        with ctx.workprec(BITS), np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            found = self._value(term, (), {}).spread(letters)
            shape = tuple(self._sizes[i.size] for i in letters)
            return found.changed(lambda part: np.broadcast_to(part, shape))

    def _made(self, axes: tuple[Axis, ...], x: object, e: Floats) -> Bounded:
        balls = _objects(x)
        return Bounded(axes, balls, magnitudes(balls), np.asarray(e, dtype=np.float64))

    def _rounded(self, axes: tuple[Axis, ...], x: object, e: Floats) -> Bounded:
        found = self._made(axes, x, e)
        return Bounded(axes, found.x, found.m, found.e + self._u * (found.m + found.e))

    def _gamma(self, roundings: int) -> float:
        """What so many roundings one after the other may lose of each term: Higham 2002, lemma 3.1."""
        return roundings * self._u / (1 - roundings * self._u)

    def _number(self, value: Fraction) -> Bounded:
        exact = value.denominator & (value.denominator - 1) == 0 and abs(value.numerator) < 2**24
        x = arb(fmpq(value.numerator, value.denominator))
        return self._made((), x, np.asarray(0.0 if exact else self._u * abs(float(value))))

    def _value(
        self, term: Term, bound: tuple[Axis, ...], seen: dict[tuple[Term, tuple[Axis, ...]], Bounded]
    ) -> Bounded:
        key = term, bound
        if key not in seen:
            seen[key] = self._computed(term, bound, seen)
        return seen[key]

    def _computed(
        self, term: Term, bound: tuple[Axis, ...], seen: dict[tuple[Term, tuple[Axis, ...]], Bounded]
    ) -> Bounded:
        def inner(part: Term) -> Bounded:
            return self._value(part, bound, seen)

        match term:
            case Number(value):
                return self._number(value)
            case Size(name):
                return self._made((), arb(self._sizes[name]), np.asarray(0.0))
            case Entry(tensor, indices):
                return self._entry(tensor, tuple(self._axis(i, bound) for i in indices))
            case Delta(left, right):
                return self._delta(self._axis(left, bound), self._axis(right, bound))
            case Plus(terms):
                found = inner(terms[0])
                for part in terms[1:]:
                    found = self._plus(found, inner(part))
                return found
            case Times(factors):
                found = inner(factors[0])
                for part in factors[1:]:
                    found = self._times(found, inner(part))
                return found
            case Power(base, exponent):
                return self._power(inner(base), exponent)
            case Apply(function, arguments):
                return self._apply(term, function, [inner(a) for a in arguments])
            case Sum(size, body):
                axis = (len(bound), size)
                return self._sum(axis, [self._value(f, (*bound, axis), seen) for f in _factors(body)])
            case Largest(size, body):
                axis = (len(bound), size)
                return self._largest(axis, self._value(body, (*bound, axis), seen))
        raise IllFormedError(f"a {type(term).__name__} has no numeric value here")

    def _axis(self, position: Position, bound: tuple[Axis, ...]) -> Axis:
        return bound[-1 - position] if isinstance(position, int) else position

    def _length(self, axis: Axis) -> int:
        return self._sizes[axis.size if isinstance(axis, Index) else axis[1]]

    def _entry(self, tensor: str, axes: tuple[Axis, ...]) -> Bounded:
        if tensor not in self._known:
            raise IllFormedError(f"the tensor {tensor} has no value here")
        known = self._known[tensor]
        if len(set(axes)) == len(axes):
            return Bounded(axes, known.x, known.m, known.e)
        distinct = tuple(dict.fromkeys(axes))
        grid = np.ix_(*(range(self._length(a)) for a in distinct))
        where = tuple(grid[distinct.index(a)] for a in axes)
        return Bounded(distinct, known.x[where], known.m[where], known.e[where])

    def _delta(self, left: Axis, right: Axis) -> Bounded:
        if left == right:
            return self._made((), arb(1), np.asarray(0.0))
        size = self._length(left)
        x = _objects([[arb(int(i == j)) for j in range(size)] for i in range(size)])
        return self._made((left, right), x, np.zeros((size, size)))

    def _plus(self, a: Bounded, b: Bounded) -> Bounded:
        axes = tuple(dict.fromkeys((*a.axes, *b.axes)))
        a, b = a.spread(axes), b.spread(axes)
        return self._rounded(axes, a.x + b.x, a.e + b.e)

    def _times(self, a: Bounded, b: Bounded) -> Bounded:
        axes = tuple(dict.fromkeys((*a.axes, *b.axes)))
        exact = _power_of_two(a) or _power_of_two(b)
        a, b = a.spread(axes), b.spread(axes)
        lost = a.m * b.e + b.m * a.e + a.e * b.e + self._tiny
        return (self._made if exact else self._rounded)(axes, a.x * b.x, lost)

    def _sum(self, axis: Axis, factors: list[Bounded]) -> Bounded:
        """The sum over ``axis`` of a product, in any order; factors without the axis stay outside."""
        outside = [f for f in factors if axis not in f.axes]
        inside = sorted((f for f in factors if axis in f.axes), key=lambda f: -f.x.size)
        size = self._length(axis)
        if inside:
            left, *others = inside
            right: Bounded | None = None
            for factor in others:
                if set(factor.axes) <= set(left.axes):
                    left = self._times(left, factor)
                else:
                    right = factor if right is None else self._times(right, factor)
            if right is not None and set(left.axes) & set(right.axes) == {axis}:
                found = self._product(axis, left, right)
            else:
                found = self._total(axis, left if right is None else self._times(left, right))
        else:
            found = self._made((), arb(size), np.asarray(size * size * self._u))
        for factor in outside:
            found = self._times(found, factor)
        return found

    def _total(self, axis: Axis, body: Bounded) -> Bounded:
        where = body.axes.index(axis)
        axes = tuple(a for a in body.axes if a != axis)
        e = body.e.sum(axis=where) + self._gamma(body.x.shape[where] - 1) * (body.m + body.e).sum(axis=where)
        return self._made(axes, np.add.reduce(body.x, axis=where), e)

    def _largest(self, axis: Axis, body: Bounded) -> Bounded:
        """The largest value along ``axis``; it must stay the largest within the error bound."""
        if axis not in body.axes:
            return body
        axes = tuple(a for a in body.axes if a != axis)
        last = body.spread((*axes, axis))
        top = np.argmax(_signed(last), axis=-1, keepdims=True)
        best = last.changed(lambda part: np.take_along_axis(part, top, -1))
        gap = _signed(best) - _signed(last)
        np.put_along_axis(gap, top, np.inf, -1)
        if np.any(gap <= 2 * (best.e + last.e)):  # the gap of rounded numbers is itself rounded
            raise Undefined("the maximum over an index may be at a tie")
        return best.changed(lambda part: part[..., 0], axes)

    def _product(self, axis: Axis, left: Bounded, right: Bounded) -> Bounded:
        """A sum over ``axis`` as a product of matrices, which ball arithmetic does fast."""
        size = self._length(axis)
        rows = tuple(a for a in left.axes if a != axis)
        columns = tuple(a for a in right.axes if a != axis)
        left, right = left.spread((*rows, axis)), right.spread((axis, *columns))
        shape = (*left.x.shape[:-1], *right.x.shape[1:])
        x, y = left.x.reshape(-1, size), right.x.reshape(size, -1)
        balls = arb_mat(*x.shape, x.ravel().tolist()) * arb_mat(*y.shape, y.ravel().tolist())
        m, n = left.m.reshape(-1, size), right.m.reshape(size, -1)
        d, e = left.e.reshape(-1, size), right.e.reshape(size, -1)
        lost = m @ e + d @ n + d @ e
        lost += self._gamma(size) * (m @ n + lost) + size * self._tiny
        return self._made((*rows, *columns), _objects(balls.entries()).reshape(shape), lost.reshape(shape))

    def _power(self, base: Bounded, exponent: Fraction) -> Bounded:
        whole = exponent.denominator == 1
        if exponent in {0, 1}:
            return base if exponent == 1 else self._number(exponent + 1)
        if not whole and not _all_above(base):
            raise Undefined("the base of a fractional power may not be positive")
        if exponent < 0 and np.any(base.m <= base.e):
            raise Undefined("a denominator may be zero")
        number = arb(fmpq(exponent.numerator, exponent.denominator))
        x = _mapped((lambda v: whole_power(v, exponent.numerator)) if whole else (lambda v: v**number), base.x)
        p = float(exponent)
        # the slope is largest at the end of [|x| - e, |x| + e] that p - 1 points to
        slope = abs(p) * (base.m + base.e if p >= 1 else base.m - base.e) ** (p - 1)
        return self._called(base, x, slope)

    def _called(self, argument: Bounded, x: Objects, slope: Floats | float) -> Bounded:
        found = self._made(argument.axes, x, slope * argument.e)
        e = found.e + LIBRARY * self._u * (found.m + found.e) + self._tiny
        return Bounded(found.axes, found.x, found.m, e)

    def _apply(self, term: Term, function: str, arguments: list[Bounded]) -> Bounded:
        if function == "pi":
            return self._rounded((), arb.pi(), np.asarray(0.0))
        if function in {"max", "min"}:
            u, v = arguments
            axes = tuple(dict.fromkeys((*u.axes, *v.axes)))
            gap = self._plus(u, self._times(self._made((), arb(-1), np.asarray(0.0)), v)).spread(axes)
            take = (self._sides(term, function, gap) > 0) == (function == "max")
            u, v = u.spread(axes), v.spread(axes)
            parts = (np.where(take, a, b) for a, b in ((u.x, v.x), (u.m, v.m), (u.e, v.e)))
            return Bounded(axes, *parts)
        (a,) = arguments
        if function in {"relu", "abs", "sign", "step"}:
            side = self._sides(term, function, a)
            if function in {"relu", "abs"}:
                other = _objects(arb(0) if function == "relu" else -a.x)
                keep = np.where(side > 0, 1.0, 0.0 if function == "relu" else 1.0)
                return Bounded(a.axes, _objects(np.where(side > 0, a.x, other)), a.m * keep, a.e * keep)
            chosen = side if function == "sign" else (side + 1) // 2
            return self._made(a.axes, _mapped(lambda side: arb(int(side)), _objects(chosen)), np.zeros(a.m.shape))
        if function == "log":
            if not _all_above(a):
                raise Undefined("the argument of log may not be positive")
            return self._called(a, _mapped(lambda v: v.log(), a.x), 1 / (a.m - a.e))
        if function not in _SMOOTH:
            raise IllFormedError(f"the function {function} has no numeric value here")
        compute, slope = _SMOOTH[function]
        return self._called(a, _mapped(compute, a.x), slope(_signed(a) + a.e))

    def _sides(self, term: Term, function: str, argument: Bounded) -> NDArray[np.int64]:
        if np.any(argument.m <= argument.e):
            raise Undefined(f"{function} may be at its kink")
        sides = np.sign(_signed(argument)).astype(np.int64)
        if any(isinstance(part, Entry) for part in subterms(term)):  # a constant has one piece
            self._pieces.setdefault(term, set()).update(int(s) for s in np.unique(sides))
        return sides


def _factors(body: Term) -> list[Term]:
    if isinstance(body, Times):
        return [f for part in body.factors for f in _factors(part)]
    return [body]


def _signed(value: Bounded) -> Floats:
    return np.asarray(_float(value.x), dtype=np.float64)


def _power_of_two(value: Bounded) -> bool:
    """Whether this is one exact number, and a product with it is exact: a sign, a half."""
    return value.m.shape == () and float(value.e) == 0 and math.frexp(float(value.m))[0] == 0.5


def _all_above(value: Bounded) -> bool:
    return bool(np.all(_signed(value) > value.e))


def _constant(slope: float) -> Callable[[Floats], Floats]:
    return lambda top: np.full(top.shape, slope)


def _growing(limit: float) -> Callable[[Floats], Floats]:
    return lambda top: np.minimum(limit, np.exp(np.minimum(top, 0.0)))


_SMOOTH: dict[str, tuple[Callable[[arb], arb], Callable[[Floats], Floats]]] = {
    "exp": (lambda v: v.exp(), np.exp),
    "sin": (lambda v: v.sin(), _constant(1.0)),
    "cos": (lambda v: v.cos(), _constant(1.0)),
    "tanh": (lambda v: v.tanh(), _constant(1.0)),
    "erf": (lambda v: v.erf(), _constant(1.2)),
    "sigmoid": (lambda v: 1 / (1 + (-v).exp()), _growing(0.25)),
    "softplus": (lambda v: (-v).exp().log1p() + v if v > 0 else v.exp().log1p(), _growing(1.0)),
}
"""Smooth functions on balls, and a bound on the slope over everything up to the largest argument."""
