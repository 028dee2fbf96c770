"""The audited function at one point, to be run again with something changed: how findings are measured."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from symgrad.errors import InputError
from symgrad.kernel.terms import Entry
from symgrad.oracles.bounds import BoundEvaluator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from symgrad.lang.model import Model
    from symgrad.oracles.report import Arrays, Formulas, Oracle

BATCH = 7
"""Samples of a batch, unless its parts are given."""

ROUNDING = 1e-9
"""Parts of the largest entry by which two gradients in float64 may differ and be called equal."""


@dataclass(frozen=True)
class Run:
    """What the tape said: the scalar that it differentiated, and the gradient by each parameter."""

    value: float
    gradients: Mapping[str, Any]

    def __add__(self, other: Run) -> Run:
        return Run(self.value + other.value, {k: g + other.gradients[k] for k, g in self.gradients.items()})

    def __mul__(self, factor: float) -> Run:
        return Run(factor * self.value, {k: factor * g for k, g in self.gradients.items()})

    @property
    def largest(self) -> float:
        """The largest entry of the gradient."""
        return max((float(np.max(np.abs(g))) for g in self.gradients.values() if g.size), default=0.0)

    def gap(self, other: Run) -> float:
        """The largest difference between the gradients, as a part of the largest entry of either."""
        apart = (self + other * -1.0).largest
        scale = max(self.largest, other.largest)
        return apart / scale if scale else 0.0


class Bench:
    """One point, and the function to run there.

    Attributes:
        model: what was imported.
        sizes: of its dimensions, here.
        arrays: data and parameters by name.
    """

    def __init__(
        self, model: Model, oracle: Oracle, *, sizes: Mapping[str, int], fixed: Arrays, batch: int = BATCH
    ) -> None:
        """Draw a point.

        Args:
            model: what was imported.
            oracle: runs the audited function.
            sizes: of dimensions that the function fixes.
            fixed: values of data that the function fixes.
            batch: the number of samples.
        """
        self.model, self._oracle = model, oracle
        program = model.program
        self.sizes = {**_others(model, sizes), **sizes, program.batch: batch}
        rng = np.random.default_rng(7)
        self.arrays: dict[str, Any] = {}
        for tensor in program.inputs:
            shape = [self.sizes[s] for s in tensor.shape]
            if tensor.name in fixed:
                value = np.asarray(fixed[tensor.name], np.float64)
            elif tensor.kind == "parameter":
                value = rng.normal(size=shape) / np.sqrt(max(shape[0] if shape else 1, 1))
            else:
                value = rng.uniform(0.1, 1.5, shape)
            self.arrays[tensor.name] = value

    @property
    def batch(self) -> int:
        """The number of samples."""
        return self.sizes[self.model.program.batch]

    def normalise(self, name: str) -> None:
        """Let an array sum to one along its last axis."""
        self.arrays[name] = self.arrays[name] / self.arrays[name].sum(-1, keepdims=True)

    def choose(self, name: str) -> None:
        """Let an array say by zeros and a one which class each sample has."""
        count = self.arrays[name].shape[-1]
        self.arrays[name] = np.eye(count)[np.argmax(self.arrays[name], -1)]

    def run(self, **changed: Any) -> Run:
        """Value and gradients with some of the arrays changed."""
        measured = self._oracle.run({**self.arrays, **changed})
        if measured.objective is None:
            raise InputError("the function returned nothing")
        known = {t.name for t in self.model.program.inputs if t.kind == "parameter"}
        gradients = {
            name: np.zeros_like(self.arrays[name]) if g is None else np.asarray(g, np.float64)
            for name, g in measured.gradients.items()
            if name in known
        }
        return Run(float(measured.objective), gradients)

    def part(self, begin: int, end: int, times: int = 1) -> Run:
        """Value and gradients on some of the samples, each so many times."""
        batch = self.model.program.batch
        changed = {}
        for tensor in self.model.program.inputs:
            if batch in tensor.shape:
                where = tuple(slice(begin, end) if s == batch else slice(None) for s in tensor.shape)
                chosen = self.arrays[tensor.name][where]
                for axis in (k for k, s in enumerate(tensor.shape) if s == batch):
                    chosen = np.concatenate([chosen] * times, axis)
                changed[tensor.name] = chosen
        return self.run(**changed)

    def parts(self, lengths: Sequence[int]) -> list[Run]:
        """Value and gradients on each part of the batch."""
        ends = np.cumsum([0, *lengths])
        return [self.part(int(a), int(b)) for a, b in pairwise(ends)]

    def twice(self) -> Run:
        """Value and gradients with every sample twice in the batch."""
        return self.part(0, self.batch, times=2)

    def formulas(self, formulas: Formulas, **changed: Any) -> Run:
        """Value and gradients by derived formulas, in ball arithmetic.

        Raises:
            Undefined: if one of them has no value here, or a kink is too near.
        """
        evaluator = self._evaluator(changed)
        for adjoint in formulas.adjoints:
            evaluator.define(adjoint)
        value = evaluator.value(Entry("objective", ()), ())
        gradients = {name: evaluator.value(term, at) for name, (at, term) in formulas.gradients.items()}
        found = {name: np.broadcast_to(_floats(g.x), self.arrays[name].shape) for name, g in gradients.items()}
        return Run(float(_floats(value.x)), found)

    def losses(self, **changed: Any) -> Any:
        """The losses of the samples by the model's definitions.

        Raises:
            Undefined: if one of them has no value here, or a kink is too near.
        """
        batch = (self.model.batch,)
        return _floats(self._evaluator(changed).value(Entry("loss", batch), batch).x)

    def _evaluator(self, changed: Arrays) -> BoundEvaluator:
        evaluator = BoundEvaluator(self.sizes, {**self.arrays, **changed}, "float64", {})
        for definition in self.model.program.definitions:
            evaluator.define(definition)
        return evaluator


def _others(model: Model, known: Mapping[str, int]) -> dict[str, int]:
    """Small different sizes for dimensions that the function leaves open."""
    names = dict.fromkeys(s for t in model.program.tensors.values() for s in t.shape if s not in known)
    return {name: 2 + k for k, name in enumerate(names)}


def _floats(balls: Any) -> Any:
    return np.asarray(np.frompyfunc(float, 1, 1)(balls), np.float64)
