"""Points that people can calculate with, and the values of formulas there: exact rationals, or balls."""

from __future__ import annotations

import random
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain as joined
from itertools import product
from typing import Any

from symgrad.calculus.reverse import Reverse
from symgrad.kernel import terms as t
from symgrad.kernel.program import Definition, Program
from symgrad.kernel.terms import Judgement
from symgrad.lang.model import Model
from symgrad.oracles.balls import Evaluator, Point, Real, ball
from symgrad.oracles.points import SMALL, Values, adjust, defined, indicators, reach, sample_point, satisfies


def sizes_of(program: Program) -> dict[str, None]:
    """Every size that the program mentions."""
    found = {program.batch: None}
    for tensor in program.tensors.values():
        found |= dict.fromkeys(tensor.shape)
    for definition in program.definitions:
        for part in t.subterms(definition.body):
            if isinstance(part, t.Sum | t.Largest):
                found[part.size] = None
            elif isinstance(part, t.Size):
                found[part.name] = None
    return found


@dataclass(frozen=True)
class _Stage:
    """How small values are drawn: from where, how often, and how likely a tensor is zero throughout.

    Where ``scalars`` is given, data without indices come from there.
    """

    parameters: tuple[Fraction, ...]
    data: tuple[Fraction, ...]
    draws: int
    zero: float = 0.0
    scalars: tuple[Fraction, ...] | None = None


_ZERO = (Fraction(0),)
_FEW = tuple(map(Fraction, ("0", "1", "-1")))
_PLAIN = (*_FEW, Fraction(2))
WIDE = (*SMALL, *map(Fraction, ("3/2", "-3", "4", "1/4", "8", "5", "-3/2", "9")))
"""Values of at most two digits over one digit, the small ones first."""

_SPARSE = _Stage(_PLAIN, _PLAIN, 32, zero=0.5)  # functions are rational at zero, while other factors are not zero
_STAGES = (
    _Stage(_ZERO, _FEW[:2], 8),  # exp(0), and roots of zero and one
    _Stage(_ZERO, _PLAIN, 16),
    _SPARSE,
    _Stage(SMALL, SMALL, 40),
    _Stage(WIDE, WIDE, 24),
)
_NONZERO = tuple(value for value in SMALL if value)
_TINY = tuple(map(Fraction, ("1/16", "1/32", "1/64")))
_LOOK = (_Stage(_NONZERO, _NONZERO, 4),)
_LOOK_INSIDE = (*_LOOK, _Stage(_NONZERO, _NONZERO, 3, scalars=_TINY))
"""Data without indices are thresholds more often than not; where one is large, all lies beyond it."""
_DRAWN = 3
"""Points without coincidences that are drawn for each choice of sizes, where the small ones did not serve."""


def candidates(
    model: Model, seed: int = 0, *, look: bool = False, only: dict[str, int] | None = None
) -> Iterator[Point]:
    """Points that satisfy every assumption, none twice, the simplest first; deterministic.

    Two samples come before three and sizes of one before two; zeros and ones before other values. With ``look`` only a
    few points, without zeros: those at which wrong formulas differ most often. With ``only``, these sizes alone.
    """
    rng = random.Random(seed)
    several = [only] if only else list(_sizes(model))
    scalars = any(tensor.kind == "data" and not tensor.shape for tensor in model.program.inputs)
    stages = (_LOOK_INSIDE if scalars else _LOOK) if look else _STAGES
    for sizes in several[:: max(1, len(several) - 1)] if look else several:
        seen: set[tuple[Fraction, ...]] = set()
        for stage in stages:
            for _ in range(stage.draws):
                values = _drawn(model, sizes, stage, rng)
                drawn, point = _all(values), Point(sizes, values)
                fresh = drawn not in seen and adjust(model, point, values)
                seen.add(drawn)
                solved = _all(values)
                if fresh and (solved == drawn or solved not in seen):
                    seen.add(solved)
                    yield point
    for sizes in several:
        for _ in range(0 if look else _DRAWN):
            free = sample_point(model, sizes, rng)
            if free is not None:
                yield free


def sparse(model: Model, sizes: dict[str, int], draws: int) -> Iterator[Point]:
    """Points of these sizes at which many tensors vanish: there functions are rational most often; deterministic."""
    rng = random.Random(draws)
    for _ in range(draws):
        values = _drawn(model, sizes, _SPARSE, rng)
        point = Point(sizes, values)
        if adjust(model, point, values):
            yield point


def _all(values: Values) -> tuple[Fraction, ...]:
    return tuple(value for entries in values.values() for value in entries.values())


def _drawn(model: Model, sizes: dict[str, int], stage: _Stage, rng: random.Random) -> Values:
    found: Values = {}
    for tensor in model.program.inputs:
        choice = stage.data if tensor.kind == "data" else stage.parameters
        if stage.scalars and tensor.kind == "data" and not tensor.shape:
            choice = stage.scalars
        choice = _ZERO if rng.random() < stage.zero else choice
        shape = tuple(sizes[s] for s in tensor.shape)
        if tensor.name in model.labels:
            found[tensor.name] = indicators(shape, rng)
        else:
            found[tensor.name] = {where: rng.choice(choice) for where in product(*map(range, shape))}
    return found


def _sizes(model: Model) -> Iterator[dict[str, int]]:
    """The sizes that are tried, the smallest first."""
    batch = model.program.batch
    others = [name for name in sizes_of(model.program) if name != batch]
    ones, twos = dict.fromkeys(others, 1), dict.fromkeys(others, 2)
    singly = [ones | {name: 2} for name in others[:3]] if len(others) > 1 else []
    for count in (2, 3):
        for rest in (ones, *singly, twos) if others else (ones,):
            yield {batch: count} | rest
        singly = []


def points(model: Model, hypotheses: Iterable[Judgement], seed: int = 0) -> Iterator[Point]:
    """The candidates at which every hypothesis holds and all that is judged is defined."""
    hypotheses, names = tuple(hypotheses), reach(model)
    for point in candidates(model, seed):
        if admitted(model, hypotheses, names, point):
            yield point


def admitted(model: Model, hypotheses: Iterable[Judgement], names: Container[str], point: Point) -> bool:
    """Whether every assumption and hypothesis holds at a point, and these tensors are defined and away from kinks."""
    if not defined(model.program, point, names):
        return False
    return satisfies((*model.assumptions, *hypotheses), model.program, point) is True


def satisfiable(model: Model, hypotheses: Iterable[Judgement]) -> bool:
    """Whether a point is found that satisfies every assumption and hypothesis."""
    hypotheses, names = tuple(hypotheses), reach(model)
    tried = joined(candidates(model, look=True), candidates(model))
    return any(admitted(model, hypotheses, names, point) for point in tried)


def alone(point: Point, program: Program, sample: int) -> Point:
    """The point of the single-sample program that holds one sample of a batch."""
    values = {}
    for tensor in program.inputs:
        kept = [size != program.batch for size in tensor.shape]
        chosen: dict[tuple[int, ...], Fraction] = {}
        for where, value in point.values[tensor.name].items():
            if all(keep or i == sample for i, keep in zip(where, kept, strict=True)):
                chosen[tuple(i for i, keep in zip(where, kept, strict=True) if keep)] = value
        values[tensor.name] = chosen
    return Point({**point.sizes, program.batch: 1}, values)


def mean(values: list[Real]) -> Real:
    """The mean, exact where all values are."""
    if all(isinstance(v, Fraction) for v in values):
        return sum(values, Fraction(0)) / len(values)
    total = ball(values[0])
    for value in values[1:]:
        total += ball(value)
    return total / len(values)


def written(value: Real) -> str:
    """A value as text: an exact rational, or a ball as midpoint and radius."""
    return str(value) if isinstance(value, Fraction) else str(value.str(20))


Side = Callable[[Point, Mapping[t.Index, int]], Real]
"""One side of an equation: its value at a point and at values of the letters."""


class Evaluated:
    """The values of terms of one program, each definition evaluated once at a point."""

    def __init__(self, program: Program, extra: tuple[Definition, ...] = ()) -> None:
        self.program, self.extra = program, extra
        self._last: tuple[Point, Evaluator] | None = None

    def side(self, term: t.Term) -> Side:
        """The side that a Partial-free term is."""

        def value(point: Point, at: Mapping[t.Index, int]) -> Real:
            if self._last is None or self._last[0] is not point:
                self._last = point, Evaluator(self.program, point, self.extra)
            return self._last[1].value(term, at)

        return value


def formula(program: Program, term: t.Term, extra: tuple[Definition, ...] = ()) -> Side:
    """The side that a Partial-free term is."""
    return Evaluated(program, extra).side(term)


def described(model: Model, point: Point, at: Mapping[t.Index, int]) -> dict[str, Any]:
    """A point for people and for JSON: sizes, data, parameters, and the entry compared, counted from one."""

    def nested(values: dict[tuple[int, ...], Fraction], rank: int) -> Any:
        if not rank:
            return str(values[()])
        firsts = sorted({where[0] for where in values})
        return [nested({w[1:]: v for w, v in values.items() if w[0] == k}, rank - 1) for k in firsts]

    held = {tensor.name: nested(dict(point.values[tensor.name]), len(tensor.shape)) for tensor in model.program.inputs}
    kinds = {tensor.name: tensor.kind for tensor in model.program.inputs}
    return {
        "sizes": dict(point.sizes),
        "data": {name: value for name, value in held.items() if kinds[name] == "data"},
        "parameters": {name: value for name, value in held.items() if kinds[name] == "parameter"},
        "at": {letter.name: k + 1 for letter, k in at.items()},
    }


def named(reverse: Reverse) -> tuple[Definition, ...]:
    """The cotangents as definitions ``u_bar``, each using only those before it; the root's letters come first."""
    roots = t.letters(reverse.root)
    return tuple(
        Definition(bar(name), (*roots, *t.letters(found.wrt)), with_bars(found.equation.right))
        for name, found in reverse.cotangents.items()
    )


def bar(name: str) -> str:
    """The name of the cotangent of a tensor; no declared name ends so in the evaluator."""
    return f"{name}~bar"


def with_bars(term: t.Term) -> t.Term:
    """``term`` with cotangents as entries of their definitions."""
    if isinstance(term, t.Partial) and term.total and isinstance(term.body, t.Entry):
        return t.Entry(bar(term.wrt.tensor), (*term.body.indices, *term.wrt.indices))
    put: t.Term = t.rebuilt(term, tuple(with_bars(part) for part in t.children(term)))
    return put
