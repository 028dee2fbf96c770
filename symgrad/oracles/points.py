"""Points at which formulas are compared: exact in the tested precision, without coincidences, assumptions satisfied.

A value that is zero, one, an integer or equal to another hides wrong formulas (x^2 and 2x agree at 2): none is drawn.
Every value is a multiple of 2^-20 of size about one: exact in float32, float64 and in rationals.
"""

from __future__ import annotations

import math
import random
import struct
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING

from symgrad.kernel.program import ancestors, mentioned
from symgrad.kernel.terms import Entry, Largest, Size, Sum, letters, subterms
from symgrad.oracles.balls import Evaluator, Point, Undefined, difference, equal_exactly, separated, sign_of

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping

    from symgrad.kernel.program import Program
    from symgrad.kernel.terms import Index, Judgement, Term
    from symgrad.lang.model import Model, Origin
    from symgrad.oracles.balls import Real

    Evaluate = Callable[[Term], Real]

Place = tuple[str, tuple[int, ...]]
Values = dict[str, dict[tuple[int, ...], Fraction]]

SMALL = tuple(map(Fraction, ("1", "0", "2", "-1", "1/2", "3", "-2", "-1/2")))
"""The values that a reader can calculate with."""

LARGE = 2_000
"""Entries of a point from which on it is examined by whole tensors."""

_UNIT = 1 << 20
_TRIES = 6
"""Draws from each range before the next, narrower one."""


@dataclass(frozen=True)
class Range:
    """Where magnitudes are drawn from, and whether every value is positive."""

    low: float
    high: float
    positive: bool


_WIDE, _POSITIVE, _SMALL = Range(0.1, 1.5, False), Range(0.1, 1.5, True), Range(0.02, 0.12, True)
_RANGES = (
    (_WIDE, _WIDE),
    (_POSITIVE, _WIDE),
    (_SMALL, _WIDE),
    (_WIDE, _POSITIVE),
    (_POSITIVE, _POSITIVE),
    (_SMALL, _POSITIVE),
    (_POSITIVE, _SMALL),
    (_SMALL, _SMALL),
)
"""For data and for parameters, tried in this order: natural domains (a log of data) need positive values, and data
that sum to one need small ones to be positive."""


def loose_sizes(program: Program) -> dict[str, int]:
    """The sizes that only formulas mention, and no input; always the same numbers, since no array can tell them."""
    names: dict[str, None] = {}
    for definition in program.definitions:
        for part in subterms(definition.body):
            if isinstance(part, Sum | Largest):
                names[part.size] = None
            elif isinstance(part, Size):
                names[part.name] = None
    told = {program.batch, *(size for tensor in program.inputs for size in tensor.shape)}
    return {name: 2 + k for k, name in enumerate(name for name in names if name not in told)}


def sample_sizes(program: Program, rng: random.Random, fixed: Mapping[str, int] | None = None) -> dict[str, int]:
    """Pairwise different sizes, at least 2, and at least 3 for the batch; those in ``fixed`` are kept."""
    names = dict.fromkeys([program.batch, *(size for t in program.tensors.values() for size in t.shape)])
    sizes = {**loose_sizes(program), **(fixed or {})}
    names |= dict.fromkeys(sizes)
    free = [name for name in names if name not in sizes]
    pool = [k for k in range(2, 3 + len(names)) if k not in sizes.values()]
    while len(pool) < len(free) + 1:
        pool.append(max([*pool, *sizes.values()]) + 1)
    rng.shuffle(pool)
    if program.batch in free:
        large = next(k for k in pool if k >= 3)
        pool.remove(large)
        sizes[program.batch] = large
        free.remove(program.batch)
    sizes.update(zip(free, pool, strict=False))
    return sizes


def representable(value: Fraction, dtype: str) -> bool:
    """Whether ``value`` is exactly a number of ``dtype`` (``float32`` or ``float64``)."""
    try:
        rounded = struct.unpack("<f", struct.pack("<f", float(value)))[0] if dtype == "float32" else float(value)
    except OverflowError:
        return False
    return Fraction(rounded) == value


def every(letters_: Iterable[Index], sizes: Mapping[str, int]) -> Iterator[dict[Index, int]]:
    """Every assignment of values, from 0, to the letters."""
    names = tuple(letters_)
    for values in product(*(range(sizes[i.size]) for i in names)):
        yield dict(zip(names, values, strict=True))


def free_letters(judgement: Judgement) -> tuple[Index, ...]:
    """The letters over which a judgement is quantified."""
    return tuple(dict.fromkeys((*letters(judgement.left), *letters(judgement.right))))


def holds(judgement: Judgement, evaluator: Evaluator, at: Mapping[Index, int]) -> bool | None:
    """Whether one instance is certainly true or certainly false; ``None`` if neither."""
    try:
        left, right = evaluator.value(judgement.left, at), evaluator.value(judgement.right, at)
    except Undefined:
        return None
    if judgement.relation == "=":
        return True if equal_exactly(left, right) else False if separated(left, right) else None
    if judgement.relation == "!=":
        return True if separated(left, right) else False if equal_exactly(left, right) else None
    sign = sign_of(difference(left, right))
    if sign is None or judgement.relation not in {">", ">="}:
        return None
    return sign > 0 if judgement.relation == ">" else sign >= 0


def failing(
    hypotheses: Iterable[Judgement], program: Program, point: Point
) -> tuple[Judgement, dict[Index, int], bool | None] | None:
    """The first instance that is not certainly true, with its letters' values, or ``None`` if all hold.

    An instance that is certainly false comes before one that is merely not decided.
    """
    evaluator = Evaluator(program, point)
    undecided = None
    for judgement in hypotheses:
        for at in every(free_letters(judgement), point.sizes):
            verdict = holds(judgement, evaluator, at)
            if verdict is False:
                return judgement, at, verdict
            if verdict is None and undecided is None:
                undecided = judgement, at, verdict
    return undecided


def satisfies(hypotheses: Iterable[Judgement], program: Program, point: Point) -> bool | None:
    """Whether every hypothesis holds at ``point`` for all values of its free letters; ``None`` if not decided."""
    found = failing(hypotheses, program, point)
    return True if found is None else found[2]


def draw(
    shape: tuple[int, ...], rng: random.Random, taken: set[int], range_: Range = _WIDE
) -> dict[tuple[int, ...], Fraction]:
    """Values for one tensor, none zero or an integer, no two of one magnitude (also not among ``taken``).

    Magnitudes repeat only where a tensor is so large that the range has too few.
    """
    low, high = int(range_.low * _UNIT), int(range_.high * _UNIT)
    places = list(product(*map(range, shape)))
    plenty = 4 * (len(taken) + len(places)) < high - low
    values = {}
    for where in places:
        k = rng.randrange(low, high) | 1  # odd: never an integer
        while plenty and k in taken:
            k = rng.randrange(low, high) | 1
        taken.add(k)
        values[where] = Fraction(k if range_.positive or rng.random() < 0.5 else -k, _UNIT)
    return values


def indicators(shape: tuple[int, ...], rng: random.Random) -> dict[tuple[int, ...], Fraction]:
    """Random labels: along the last axis one where the label is, zero elsewhere."""
    *rest, size = shape
    values: dict[tuple[int, ...], Fraction] = {}
    for where in product(*map(range, rest)):
        label = rng.randrange(size)
        values |= {(*where, k): Fraction(k == label) for k in range(size)}
    return values


def _entries(term: Term, program: Program, at: Mapping[Index, int], sizes: Mapping[str, int]) -> list[Place]:
    """The data entries that ``term`` may mention at ``at``, the last first."""
    found: dict[Place, None] = {}
    data = {t.name: t for t in program.inputs if t.kind == "data"}
    for part in subterms(term):
        if isinstance(part, Entry) and part.tensor in data:
            shape = data[part.tensor].shape
            choices = [
                range(sizes[size]) if isinstance(i, int) else [at[i]]
                for i, size in zip(part.indices, shape, strict=True)
            ]
            found |= dict.fromkeys((part.tensor, where) for where in product(*choices))
    return list(found)[::-1]


def _solved(judgement: Judgement, evaluate: Evaluate, values: Values, entry: Place) -> Fraction | None:
    """A value of ``entry`` that makes the instance true, if the instance is affine in it."""
    tensor, where = entry
    before = values[tensor][where]
    gaps = []
    for trial in (0, 1, 2, 5):
        values[tensor][where] = Fraction(trial)
        try:
            left, right = evaluate(judgement.left), evaluate(judgement.right)
        except Undefined:
            return None
        finally:
            values[tensor][where] = before
        if not (isinstance(left, Fraction) and isinstance(right, Fraction)):
            return None
        gaps.append(left - right)
    slope = gaps[1] - gaps[0]
    if slope == 0 or gaps[2] != gaps[0] + 2 * slope or gaps[3] != gaps[0] + 5 * slope:
        return None
    zero = -gaps[0] / slope
    if judgement.relation == "=":
        return zero
    step = abs(before) or Fraction(1)
    return zero + (step if slope > 0 else -step)


def _guessed(judgement: Judgement, at: Mapping[Index, int], program: Program, point: Point, entry: Place) -> bool:
    """Give ``entry`` the first of a few small values that makes the instance true; whether there is one.

    Neighbours begin at opposite ends, so that labels in {0, 1} are not all the same.
    """
    tensor, where = entry
    values: dict[tuple[int, ...], Fraction] = point.values[tensor]  # type: ignore[assignment]
    before = values[where]
    for value in SMALL if sum(where) % 2 == 0 else SMALL[::-1]:
        values[where] = value
        if holds(judgement, Evaluator(program, point), at) is True:
            return True
    values[where] = before
    return False


def adjust(model: Model, point: Point, values: Values, dtype: str | None = None) -> bool:
    """Make every assumption true, in order, by one data entry each that no earlier instance relies on.

    An instance that is affine in an entry is solved for it; for others a few small values are tried.

    Args:
        model: has the assumptions.
        point: holds ``values``.
        values: changed where need be.
        dtype: precision in which every solution has to be exact, if given.

    Returns:
        Whether every assumption certainly holds now.
    """
    program, used = model.program, set[Place]()
    measured = ancestors(program, "objective")  # other data need not be exact: no framework sees them
    for judgement in model.assumptions:
        for at in every(free_letters(judgement), point.sizes):
            entries = [
                e for side in (judgement.left, judgement.right) for e in _entries(side, program, at, point.sizes)
            ]

            def evaluate(term: Term, at: Mapping[Index, int] = at) -> Real:
                return Evaluator(program, point, total=True).value(term, at)

            if holds(judgement, Evaluator(program, point), at) is not True:
                loose = [e for e in entries if e not in used and e[0] not in model.labels]
                for entry in loose:
                    value = _solved(judgement, evaluate, values, entry)
                    if value is not None and (dtype is None or entry[0] not in measured or representable(value, dtype)):
                        values[entry[0]][entry[1]] = value
                        break
                else:
                    if not any(_guessed(judgement, at, program, point, entry) for entry in loose):
                        return False
            used.update(entries if judgement.relation == "=" else ())
    return satisfies(model.assumptions, program, point) is True


def reach(model: Model, *formulas: Term) -> frozenset[str]:
    """The tensors that the formulas depend on; left out, those that loss, objective and claims do.

    What nothing judged uses may be undefined: it spoils no point.
    """
    asked = formulas or (*(side for c in model.claims for side in (c.left, c.right)),)
    names = {name for formula in asked for name in mentioned(formula)} | (set() if formulas else {"loss", "objective"})
    return frozenset[str]().union(*(ancestors(model.program, name) for name in names))


def defined(program: Program, point: Point, names: Container[str]) -> bool:
    """Whether every entry of the definitions of these names is certainly defined and away from kinks."""
    if sum(map(len, point.values.values())) > LARGE:
        return _defined_at_once(program, point, names)
    evaluator = Evaluator(program, point)
    try:
        for definition in program.definitions:
            for at in every(definition.letters, point.sizes) if definition.name in names else ():
                evaluator.value(Entry(definition.name, definition.letters), at)
    except Undefined:
        return False
    return True


def _defined_at_once(program: Program, point: Point, names: Container[str]) -> bool:
    """The same by whole tensors, which is faster by two orders of magnitude; a kink within rounding counts as hit."""
    import numpy as np

    from symgrad.oracles.bounds import BoundEvaluator

    arrays = {}
    for tensor in program.inputs:
        array = np.empty([point.sizes[s] for s in tensor.shape])
        for where, value in point.values[tensor.name].items():
            array[where] = float(value)
        arrays[tensor.name] = array
    evaluator = BoundEvaluator(point.sizes, arrays, "float64", {})
    try:
        for definition in program.definitions:
            if definition.name in names:
                evaluator.define(definition)
    except Undefined:
        return False
    return True


def _as_in_the_program(values: Values, origin: Origin, rng: random.Random) -> None:
    """Give data of an imported program the values that they can have there."""
    for name, array in origin.constants.items():
        values[name] = {where: Fraction(float(array[where])) for where in values[name]}
    for name in origin.indicators:
        lengths = [max(place) + 1 for place in zip(*values[name], strict=True)]
        for where in product(*map(range, lengths[:-1])):
            label = rng.randrange(lengths[-1])
            values[name] |= {(*where, k): Fraction(int(k == label)) for k in range(lengths[-1])}


def sample_point(model: Model, sizes: Mapping[str, int], rng: random.Random, dtype: str = "float64") -> Point | None:
    """A point of the batch program: exact in ``dtype``, every assumption satisfied, all that is judged defined.

    Deterministic from the state of ``rng``. Features and parameters hold no zeros, ones, integers or equal magnitudes;
    data that an equality assumption ties down are whatever it makes them.

    Returns:
        The point, or ``None`` if none was found: the assumptions may contradict each other, or the loss may be
        undefined everywhere.
    """
    names = reach(model)
    widest = max((sizes[s] for t in model.program.inputs if t.kind == "parameter" for s in t.shape), default=1)
    # pre-activations stay of order one: a saturated function has no gradient to compare
    scale = min(1.0, 4 / math.sqrt(widest))
    for data_range, widest_range in _RANGES:
        parameter_range = Range(scale * widest_range.low, scale * widest_range.high, widest_range.positive)
        for _ in range(_TRIES):
            taken: set[int] = set()
            values: Values = {}
            for t in model.program.inputs:
                shape, range_ = tuple(sizes[s] for s in t.shape), data_range if t.kind == "data" else parameter_range
                values[t.name] = indicators(shape, rng) if t.name in model.labels else draw(shape, rng, taken, range_)
            if model.origin is not None:
                _as_in_the_program(values, model.origin, rng)
            point = Point(dict(sizes), values)
            if adjust(model, point, values, dtype) and defined(model.program, point, names):
                return point
    return None
