"""What every function of an emitted module should return, in ball arithmetic, and how far one is from it."""

from __future__ import annotations

import random
from itertools import islice, repeat
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from flint import arb, ctx

from symgrad.kernel.terms import Entry
from symgrad.oracles.balls import BITS, Evaluator, ball
from symgrad.oracles.data import as_arrays
from symgrad.oracles.points import loose_sizes, sample_point, sample_sizes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import ModuleType

    from symgrad.kernel.terms import Index, Term
    from symgrad.lang.model import Model
    from symgrad.oracles.balls import Point
    from symgrad.oracles.report import Formulas

FLAT = ("per_sample_loss", "per_sample_norms", "gram")
BY_PARAMETER = ("mean_gradient", "per_sample_gradients", "second_moment", "clipped_mean_gradient")

CLIP = 0.75
"""The norm that gradients are clipped to."""


class Derived(Protocol):
    """What is computed exactly of a derivation."""

    @property
    def model(self) -> Model:
        """What was derived."""

    @property
    def formulas(self) -> Formulas:
        """The gradient of the objective."""

    @property
    def sample_formulas(self) -> Formulas:
        """The gradients of the samples' losses."""

    @property
    def statements(self) -> Mapping[str, Any]:
        """What was proved, by name."""


def arguments(model: Model, point: Point, dtype: str) -> list[Any]:
    """The arrays that the functions take, labels as whole numbers."""
    arrays = dict(as_arrays(model, point, dtype))
    for name in model.labels:
        arrays[name] = arrays[name].argmax(axis=-1)
    return list(arrays.values())


class Exact:
    """The results of all functions at a point, as arrays of balls."""

    def __init__(self, derivation: Derived, point: Point) -> None:
        model = derivation.model
        n = model.batch
        self.n = point.sizes[n.size]
        ctx.prec = BITS
        formulas = derivation.sample_formulas
        alone = Evaluator(model.program, point, formulas.adjoints, total=True)
        whole = Evaluator(model.program, point, derivation.formulas.adjoints, total=True)

        def values(letters: Sequence[Index], term: Term, by: Evaluator = alone) -> Any:
            shape = [point.sizes[i.size] for i in letters]
            found = np.empty(shape, dtype=object)
            for where in np.ndindex(*shape):
                found[where] = ball(by.value(term, dict(zip(letters, where, strict=True))))
            return found

        self.loss = values((), Entry("objective", ()))
        self.per_sample_loss = values((n,), Entry("loss", (n,)))
        weight = derivation.statements["weight"]
        self.weight = values(weight.left.wrt.indices, weight.right)
        self.per_sample_gradients = {}
        for name, (letters, term) in formulas.gradients.items():
            found = values(letters, term)
            if n not in letters:  # zero
                found = np.broadcast_to(found, (self.n, *found.shape))
            self.per_sample_gradients[name] = found
        self.mean_gradient = {name: values(*both, whole) for name, both in derivation.formulas.gradients.items()}
        self.flat = np.concatenate([g.reshape(self.n, -1) for g in self.per_sample_gradients.values()], axis=1)
        self.per_sample_norms = np.array([(sum(row * row, arb(0))).sqrt() for row in self.flat], dtype=object)
        factor = [min(arb(1), arb(CLIP) / norm, key=float) if norm > 0 else arb(1) for norm in self.per_sample_norms]
        self.clipped_mean_gradient = self.summed(lambda g, k: self.weight[k] * factor[k] * g)
        self.second_moment = self.summed(lambda g, k: self.weight[k] * g * g)
        self.gram = self.flat.dot(self.flat.T)

    def summed(self, part: Callable[[Any, int], Any]) -> dict[str, Any]:
        """A sum over the samples, by parameter."""
        return {
            name: np.asarray(sum((part(g[k], k) for k in range(self.n)), arb(0)), dtype=object)
            for name, g in self.per_sample_gradients.items()
        }

    def variance(self) -> dict[str, Any]:
        """The variance of the samples' gradients about their mean."""
        total = sum(self.weight, arb(0))
        mean = self.summed(lambda g, k: self.weight[k] / total * g)
        second = self.summed(lambda g, k: self.weight[k] / total * g * g)
        return {name: np.asarray(second[name] - mean[name] * mean[name]) for name in second}


def call(code: ModuleType, function: str, given: Sequence[Any], **options: Any) -> Any:
    """A function of the module at some arguments."""
    more = {"clip": CLIP} if function == "clipped_mean_gradient" else {}
    return getattr(code, function)(*given, **more, **options)


def worst(code: ModuleType, exact: Exact, given: Sequence[Any], dtype: str) -> dict[str, float]:
    """The largest error of each function, in units of roundoff of its largest entry; infinite for a wrong shape."""
    found = {}
    for function in (*FLAT, *BY_PARAMETER):
        wanted, result = getattr(exact, function), call(code, function, given)
        if function in FLAT:
            wanted, result = {"": wanted}, {"": result}
        scale = max(abs(float(e)) for part in wanted.values() for e in part.flat)
        fits = wanted.keys() == result.keys()
        errors = [_error(result[name], wanted[name], dtype, scale) for name in wanted if fits]
        found[function] = float(np.max(errors)) if errors else float("inf")
    scale = sum(max(abs(float(e)) for e in np.asarray(part).flat) for part in (exact.per_sample_loss, exact.loss))
    found["loss"] = _error(np.asarray(call(code, "loss", given)), exact.loss, dtype, scale)
    return found


def _error(found: Any, exact: Any, dtype: str, scale: float) -> float:
    if found.shape != exact.shape or found.dtype != np.dtype(dtype):
        return float("inf")
    gap = max(abs(float(arb(float(f)) - e)) for f, e in zip(found.flat, exact.flat, strict=True))
    unit = float(np.finfo(dtype).eps) / 2
    return gap / unit / scale if scale else float("inf") if gap else 0.0


def accuracy(derivation: Derived, code: ModuleType) -> str:
    """What is measured of a module: a line for people, from a drawn point of small sizes.

    Example: ``largest error 2.1 units of roundoff in float32 (gram), 1.4 in float64 (mean_gradient), ...``
    """
    model = derivation.model
    rng = random.Random(0)
    sizes = {**loose_sizes(model.program), **sample_sizes(model.program, rng)}
    drawn = (sample_point(model, sizes, rng, "float32") for _ in repeat(None))
    point = next((p for p in islice(drawn, 20) if p is not None), None)
    if point is None:
        return "nothing: no point was found that satisfies the assumptions"
    exact = Exact(derivation, point)
    told = []
    for dtype in ("float32", "float64"):
        errors = worst(code, exact, arguments(model, point, dtype), dtype)
        function = max(errors, key=lambda name: errors[name])
        told.append(f"{errors[function]:.2g} in {dtype} ({function})")
    at = ", ".join(f"{name} = {length}" for name, length in sizes.items())
    return f"largest error in units of roundoff of the largest entry: {' and '.join(told)}, at {at}"
