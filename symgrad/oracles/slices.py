"""Two-parameter slices of a loss: the numbers behind its picture, all computed from the model and derived formulas."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from itertools import islice, product
from typing import TYPE_CHECKING, Any

import numpy as np

from symgrad.errors import InputError
from symgrad.kernel.functions import inverse
from symgrad.kernel.terms import Entry, Size, Times, sigma
from symgrad.lang.source import suggestion
from symgrad.oracles.floats import FloatEvaluator

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from symgrad.kernel.terms import Term
    from symgrad.lang.model import Model
    from symgrad.oracles.points import Place
    from symgrad.oracles.report import Arrays, Formulas

    Floats = NDArray[np.float64]
    Span = tuple[float, float]

SHOWN = 3
"""Samples whose losses are drawn, at most."""

_STEPS = 81
"""Grid points along each parameter, at most."""

_FEWEST = 33
"""Grid points along each parameter where the batch is large."""

_WORK = 60_000_000
"""Numbers that a tensor may hold over the whole grid before that gets coarser."""

_ROOM = 4_000_000
"""Numbers that one tensor may hold for the points that are evaluated together."""

_ENTRY = re.compile(r"\s*([A-Za-z][A-Za-z0-9_]*)\s*(?:\[([^\]]*)\])?\s*")


@dataclass(frozen=True)
class Slice:
    """A loss and its gradients over two parameters, all others fixed.

    Attributes:
        over: the two entries, as ``w[1]``.
        theta: where the gradients are taken.
        spans: the range of each.
        grid: the values of each at which the losses are evaluated.
        losses: of the first samples: sample, second parameter, first parameter.
        objective: likewise without samples.
        gradients: of each sample's loss, over the two parameters: by the per-sample formulas.
        batch: of the objective, by the formulas derived from the batch program.
        mean: whether the objective is written as the mean of the losses.
        coupled: whether the loss of a sample depends on the others, so that each is one in this batch.
    """

    over: tuple[str, str]
    theta: tuple[float, float]
    spans: tuple[Span, Span]
    grid: tuple[Floats, Floats]
    losses: Floats
    objective: Floats
    gradients: Floats
    batch: Floats
    mean: bool
    coupled: bool

    @property
    def centroid(self) -> Floats:
        """The mean of the per-sample gradients."""
        return np.asarray(self.gradients.mean(axis=0))

    @property
    def averages(self) -> bool:
        """Whether the gradient of the objective is that mean, to rounding."""
        size = np.abs(self.gradients).max(initial=np.abs(self.batch).max())
        return bool(np.all(np.abs(self.batch - self.centroid) <= 1e-9 * size))


@dataclass(frozen=True)
class Setting:
    """Numbers for everything in a model: the value of each size, and an array for each data and parameter tensor."""

    sizes: Mapping[str, int]
    arrays: Arrays

    def evaluator(self, model: Model) -> FloatEvaluator:
        """An evaluator that knows the model's inputs."""
        return FloatEvaluator(self.sizes, self.arrays, {t.name: len(t.shape) for t in model.program.inputs})


def sliced(
    model: Model,
    samples: Formulas,
    batch: Formulas,
    at: Setting,
    over: tuple[Place, Place],
    spans: tuple[Span, Span] | None = None,
    *,
    coupled: bool = False,
) -> Slice:
    """Evaluate losses over a grid of two parameters, and all gradients at the values that they have in ``at``.

    Args:
        model: the model whose losses are evaluated.
        samples: the derived gradients of the samples' losses.
        batch: the derived gradient of the objective.
        at: sizes, data and parameters.
        over: the two parameter entries.
        spans: the range of each; left out, it is chosen around their values.
        coupled: what the slice says of the samples.

    Raises:
        InputError: if those values lie outside ``spans``, or a gradient is not finite there.
    """
    theta = tuple(float(at.arrays[name][where]) for name, where in over)
    if spans is None:
        half = max(1.0, *(2 * abs(value) for value in theta))
        spans = (theta[0] - half, theta[0] + half), (theta[1] - half, theta[1] + half)
    names = shown(over[0]), shown(over[1])
    for name, value, (low, high) in zip(names, theta, spans, strict=True):
        if not low < value < high:
            raise InputError(f"{name} is {value:.6g}, which is not between {low:g} and {high:g}")
    each, whole = (
        np.stack([_entry(part[name], where) for name, where in over], axis=-1)
        for part in gradients(model, samples, batch, at)
    )
    largest = _largest(model, at)
    steps = min(_STEPS, max(_FEWEST, math.isqrt(_WORK // largest)))
    grid = np.linspace(*spans[0], steps), np.linspace(*spans[1], steps)
    first, second = np.meshgrid(*grid)
    parts = -(-steps * steps * largest // _ROOM)
    losses, objective = _losses(model, at, over, np.stack([first.ravel(), second.ravel()]), parts)
    return Slice(
        over=names,
        theta=(theta[0], theta[1]),
        spans=spans,
        grid=grid,
        losses=losses.T.reshape(-1, steps, steps),
        objective=objective.reshape(steps, steps),
        gradients=each,
        batch=whole,
        mean=model.program.bodies["objective"].body == _mean_loss(model),
        coupled=coupled,
    )


def _entry(array: Floats, where: Any) -> Floats:
    """One entry for every sample, if samples come first."""
    return np.asarray(array[(..., *where)])


def _mean_loss(model: Model) -> Term:
    """The objective where none is written."""
    return Times((inverse(Size(model.batch.size)), sigma(model.batch, Entry("loss", (model.batch,)))))


def gradients(
    model: Model, samples: Formulas, batch: Formulas, at: Setting
) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """For each parameter, the gradients of all samples' losses (samples first), and the gradient of the objective.

    Raises:
        InputError: if one is not finite.
    """
    found = []
    for formulas in (samples, batch):
        evaluator = at.evaluator(model)
        for definition in (*model.program.definitions, *formulas.adjoints):
            evaluator.define(definition)
        found.append({name: evaluator.value(term, letters) for name, (letters, term) in formulas.gradients.items()})
    if bad := [name for part in found for name, value in part.items() if not np.all(np.isfinite(value))]:
        raise InputError(f"the gradient with respect to {bad[0]} is not finite at this point")
    return found[0], found[1]


def _largest(model: Model, at: Setting) -> int:
    """The numbers in the largest tensor."""
    return max(math.prod(at.sizes[size] for size in tensor.shape) for tensor in model.program.tensors.values())


def _losses(model: Model, at: Setting, over: tuple[Place, Place], points: Floats, parts: int) -> tuple[Floats, Floats]:
    """The losses of the first samples, points first, and the objective, where the two entries have these values."""
    losses, objective = [], []
    for part in np.array_split(points, parts, axis=1):
        count = part.shape[1]
        moved = dict(at.arrays)
        for name, _ in over:
            moved[name] = np.repeat(np.asarray(at.arrays[name], dtype=np.float64)[None], count, axis=0)
        for (name, where), values in zip(over, part, strict=True):
            here: Any = (slice(None), *where)
            moved[name][here] = values
        evaluator = Setting(at.sizes, moved).evaluator(model)
        for definition in model.program.definitions:
            evaluator.define(definition)
        each = evaluator.value(Entry("loss", (model.batch,)), (model.batch,))
        losses.append(np.broadcast_to(each, (count, each.shape[-1]))[:, :SHOWN])
        objective.append(np.broadcast_to(evaluator.value(Entry("objective", ()), ()), (count,)))
    return np.concatenate(losses), np.concatenate(objective)


def shown(place: Place) -> str:
    """An entry as documents write it, counted from one: ``w[1]``, or ``b``."""
    name, where = place
    return f"{name}[{', '.join(str(k + 1) for k in where)}]" if where else name


def first_entries(model: Model, sizes: Mapping[str, int]) -> Iterator[Place]:
    """The parameter entries, in the order in which the parameters are declared."""
    for tensor in model.program.inputs:
        if tensor.kind == "parameter":
            for where in product(*(range(sizes[size]) for size in tensor.shape)):
                yield tensor.name, where


def chosen(text: str | None, model: Model, sizes: Mapping[str, int]) -> tuple[Place, Place]:
    """The two parameter entries that a text such as ``w[1],b`` names; left out, the first two.

    Raises:
        InputError: if it does not name two different parameter entries; the message names the nearest ones.
    """
    entries = list(islice(first_entries(model, sizes), 2))
    if len(entries) < 2:
        raise InputError(
            f"a picture is drawn over two parameter entries; {model.name} has {len(entries)} at these sizes"
        )
    if text is None:
        return entries[0], entries[1]
    example = f"expected two entries, such as {shown(entries[0])},{shown(entries[1])}"
    parts = [_place(part, model, sizes) for part in re.split(r",(?![^\[]*\])", text)]
    if len(parts) != 2:
        raise InputError(f"{text!r} names {len(parts)} entr{'y' if len(parts) == 1 else 'ies'}, {example}")
    if parts[0] == parts[1]:
        raise InputError(f"{text!r} names {shown(parts[0])} twice, {example}")
    return parts[0], parts[1]


def _place(text: str, model: Model, sizes: Mapping[str, int]) -> Place:
    parameters = {t.name: t for t in model.program.inputs if t.kind == "parameter"}
    found = _ENTRY.fullmatch(text)
    if found is None:
        raise InputError(f"{text.strip()!r} is no entry of a parameter, expected one such as w[1] or b")
    name, inside = found[1], found[2]
    if name not in parameters:
        what = "is not a parameter" if name in model.program.tensors else "is not declared"
        raise InputError(f"{name} {what}{suggestion(name, parameters)}")
    shape = [sizes[size] for size in parameters[name].shape]
    given = [] if inside is None else inside.split(",")
    if len(given) != len(shape) or not all(k.strip().isdecimal() for k in given):
        raise InputError(f"{text.strip()!r} is no entry of {name}, expected {shown((name, (0,) * len(shape)))}")
    where = tuple(int(k) - 1 for k in given)
    near = tuple(min(max(k, 0), size - 1) for k, size in zip(where, shape, strict=True))
    if near != where:
        raise InputError(f"there is no {shown((name, where))} at these sizes; the nearest is {shown((name, near))}")
    return name, where
