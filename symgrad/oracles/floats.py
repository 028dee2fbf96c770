"""Terms over whole arrays in double precision, at many points at once: what pictures are drawn from.

No bound is kept, and what is undefined comes out as not a number: a picture shows a formula, it certifies nothing.
"""

from __future__ import annotations

from math import erf
from typing import TYPE_CHECKING, Any

import numpy as np

from symgrad.errors import IllFormedError
from symgrad.kernel.terms import Apply, Delta, Entry, Index, Largest, Number, Plus, Power, Size, Sum, Term, Times

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from symgrad.kernel.program import Definition
    from symgrad.kernel.terms import Position

Floats = Any
"""An array of float64; NumPy types its functions too loosely to say so."""

Axis = Index | tuple[int, str]
"""A free letter, or a sum by its nesting depth and size."""

POINTS = Index("", "")
"""The axis of the points, where a tensor has one value for each; it always comes first."""

_FUNCTIONS: dict[str, Callable[..., Floats]] = {
    "exp": np.exp,
    "log": np.log,
    "sin": np.sin,
    "cos": np.cos,
    "tanh": np.tanh,
    "erf": np.vectorize(erf, otypes=[np.float64]),
    "sigmoid": lambda v: 1 / (1 + np.exp(-v)),
    "softplus": lambda v: np.logaddexp(0.0, v),
    "relu": lambda v: np.maximum(v, 0.0),
    "abs": np.abs,
    "sign": np.sign,
    "step": lambda v: np.where(np.isnan(v), v, np.where(v > 0, 1.0, 0.0)),
    "max": np.maximum,
    "min": np.minimum,
    "pi": lambda: np.asarray(np.pi),
}


class FloatEvaluator:
    """Evaluates Partial-free terms over whole tensors.

    Args:
        sizes: the value of each size.
        values: data and parameters by name; an array with one axis more than its tensor holds one value for each
            point, along its first axis.
        ranks: how many indices each of them has.
    """

    def __init__(self, sizes: Mapping[str, int], values: Mapping[str, NDArray[Any]], ranks: Mapping[str, int]) -> None:
        self._sizes, self._ranks = dict(sizes), dict(ranks)
        self._known = {name: np.asarray(array, dtype=np.float64) for name, array in values.items()}

    def define(self, definition: Definition) -> None:
        """Evaluate a definition, whose body mentions only tensors that are known."""
        self._known[definition.name] = self.value(definition.body, definition.letters)
        self._ranks[definition.name] = len(definition.letters)

    def value(self, term: Term, letters: Sequence[Index]) -> Floats:
        """``term`` with one axis for each letter, after that of the points if it differs between them.

        Raises:
            IllFormedError: if a tensor has no value, or the term holds a derivative.
        """
        with np.errstate(all="ignore"):
            axes, found = self._value(term, ())
        wanted = (*((POINTS,) if POINTS in axes else ()), *letters)
        shape = (*(len(found) for a in axes[:1] if a == POINTS), *(self._sizes[i.size] for i in letters))
        return np.broadcast_to(_spread(axes, found, wanted), shape)

    def _value(self, term: Term, bound: tuple[Axis, ...]) -> tuple[tuple[Axis, ...], Floats]:
        match term:
            case Number(value):
                return (), np.asarray(float(value))
            case Size(name):
                return (), np.asarray(float(self._sizes[name]))
            case Entry(tensor, indices):
                return self._entry(tensor, tuple(_axis(i, bound) for i in indices))
            case Delta(left, right):
                first, second = _axis(left, bound), _axis(right, bound)
                return ((), np.asarray(1.0)) if first == second else ((first, second), np.eye(self._length(first)))
            case Plus(parts):
                return self._joined(np.add, parts, bound)
            case Times(parts):
                return self._joined(np.multiply, parts, bound)
            case Power(base, exponent):
                axes, found = self._value(base, bound)
                whole = exponent.denominator == 1
                return axes, np.power(found, float(exponent.numerator) if whole else float(exponent))
            case Apply(function, arguments) if function in _FUNCTIONS:
                return self._joined(_FUNCTIONS[function], arguments, bound)
            case Sum(size, body):
                axis = (len(bound), size)
                factors = body.factors if isinstance(body, Times) else (body,)
                return self._sum(axis, [self._value(f, (*bound, axis)) for f in factors])
            case Largest(size, body):
                return self._largest((len(bound), size), *self._value(body, (*bound, (len(bound), size))))
        raise IllFormedError(f"a {type(term).__name__} has no numeric value here")

    def _length(self, axis: Axis) -> int:
        return self._sizes[axis.size if isinstance(axis, Index) else axis[1]]

    def _entry(self, tensor: str, axes: tuple[Axis, ...]) -> tuple[tuple[Axis, ...], Floats]:
        if tensor not in self._known:
            raise IllFormedError(f"the tensor {tensor} has no value here")
        array = self._known[tensor]
        axes = (POINTS, *axes) if array.ndim > self._ranks[tensor] else axes
        distinct = tuple(dict.fromkeys(axes))
        if len(distinct) < len(axes):
            where: list[Any] = [array, [distinct.index(a) for a in axes], list(range(len(distinct)))]
            array = np.einsum(*where)
        return distinct, array

    def _joined(
        self, operation: Callable[..., Floats], parts: tuple[Term, ...], bound: tuple[Axis, ...]
    ) -> tuple[tuple[Axis, ...], Floats]:
        """An entrywise operation on values that are spread over all their axes."""
        found = [self._value(part, bound) for part in parts]
        axes = _union(axes for axes, _ in found)
        spread = [_spread(own, array, axes) for own, array in found]
        if operation not in {np.add, np.multiply}:
            return axes, operation(*spread)
        total = spread[0]
        for array in spread[1:]:
            total = operation(total, array)
        return axes, total

    def _sum(self, axis: Axis, factors: list[tuple[tuple[Axis, ...], Floats]]) -> tuple[tuple[Axis, ...], Floats]:
        """The sum of a product over ``axis``, without ever holding the product."""
        axes = _union(own for own, _ in factors)
        number = {a: k for k, a in enumerate(axes)}
        left = tuple(a for a in axes if a != axis)
        operands: list[Any] = [part for own, array in factors for part in (array, [number[a] for a in own])]
        found = np.einsum(*operands, [number[a] for a in left], optimize="greedy")
        return left, found if axis in number else found * self._length(axis)

    def _largest(self, axis: Axis, axes: tuple[Axis, ...], array: Floats) -> tuple[tuple[Axis, ...], Floats]:
        """The largest value over ``axis``."""
        left = tuple(a for a in axes if a != axis)
        return left, np.max(array, axis=axes.index(axis)) if axis in axes else array


def _axis(position: Position, bound: tuple[Axis, ...]) -> Axis:
    return bound[-1 - position] if isinstance(position, int) else position


def _union(several: Any) -> tuple[Axis, ...]:
    axes = dict.fromkeys(a for axes in several for a in axes)
    return (*((POINTS,) if POINTS in axes else ()), *(a for a in axes if a != POINTS))


def _spread(axes: tuple[Axis, ...], array: Floats, wanted: tuple[Axis, ...]) -> Floats:
    """The same values with axes in this order, of length one where ``axes`` lacks one."""
    order = [axes.index(a) for a in wanted if a in axes]
    array = np.transpose(array, order)
    return array.reshape([array.shape[order.index(axes.index(a))] if a in axes else 1 for a in wanted])
