"""Refutation and satisfiability by evaluation at a few points, in exact rationals or in balls that separate."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from itertools import product
from typing import Any

from symgrad.calculus.reverse import Reverse
from symgrad.errors import IllFormedError
from symgrad.kernel import terms as t
from symgrad.kernel.program import Definition, Program
from symgrad.kernel.terms import Judgement
from symgrad.lang.model import Model
from symgrad.oracles.balls import Evaluator, Point, Real, Undefined, ball, separated
from symgrad.oracles.points import every, sample_point, satisfies

TRIES = 12


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


SMALL = tuple(map(Fraction, ("1", "0", "2", "-1", "1/2", "3", "-2", "-1/2")))
"""The values that a reader can calculate with, tried first."""


def points(model: Model, hypotheses: Iterable[Judgement], seed: int = 0, tries: int = TRIES) -> Iterator[Point]:
    """Points that satisfy every assumption and hypothesis; deterministic.

    First sizes of one with a batch of two and small values, then larger sizes, then values without coincidences.
    """
    rng = random.Random(seed)
    names = list(sizes_of(model.program))
    judgements = (*model.assumptions, *hypotheses)
    for attempt in range(3 * tries):
        small = attempt < 2 * tries
        dimension = 1 if attempt < tries else 2
        sizes = {name: dimension if small else 2 + (attempt + k) % (1 + attempt % 3) for k, name in enumerate(names)}
        sizes[model.program.batch] = 2 if small else 2 + attempt % 2
        point = _small_point(model, sizes, rng) if small else sample_point(model, sizes, rng)
        if point is not None and satisfies(judgements, model.program, point):
            yield point


def _small_point(model: Model, sizes: dict[str, int], rng: random.Random) -> Point | None:
    """Small values for every entry; None if a definition is not defined there."""
    values = {
        tensor.name: {where: rng.choice(SMALL) for where in product(*(range(sizes[s]) for s in tensor.shape))}
        for tensor in model.program.inputs
    }
    point = Point(sizes, values)
    evaluator = Evaluator(model.program, point)
    try:
        for definition in model.program.definitions:
            for at in every(definition.letters, sizes):
                evaluator.value(t.Entry(definition.name, definition.letters), at)
    except Undefined:
        return None
    return point


def satisfiable(model: Model, hypotheses: Iterable[Judgement]) -> bool:
    """Whether a point is found that satisfies every assumption and hypothesis."""
    return next(points(model, hypotheses, tries=20), None) is not None


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


def witness(
    model: Model,
    hypotheses: Iterable[Judgement],
    letters: Iterable[t.Index],
    left: Side,
    right: Side,
    tries: int = TRIES,
) -> dict[str, Any] | None:
    """A point, and values of the letters, at which the two sides certainly differ: an exact one if it is found soon."""
    letters, fallback = tuple(letters), None
    for tried, point in enumerate(points(model, hypotheses, tries=tries)):
        if fallback is not None and tried > TRIES:
            break
        for at in every(letters, point.sizes):
            try:
                a, b = left(point, at), right(point, at)
            except (Undefined, IllFormedError):
                continue  # not defined there, or a derivative that was not carried out
            if separated(a, b):
                exact = isinstance(a, Fraction) and isinstance(b, Fraction)
                found = described(model, point, at) | {"left": written(a), "right": written(b), "exact": exact}
                if exact:
                    return found
                fallback = fallback or found
    return fallback


Side = Callable[[Point, dict[t.Index, int]], Real]
"""One side of an equation: its value at a point and at values of the letters."""


def formula(program: Program, term: t.Term, extra: tuple[Definition, ...] = ()) -> Side:
    """The side that a Partial-free term is."""
    known: dict[int, Evaluator] = {}

    def value(point: Point, at: dict[t.Index, int]) -> Real:
        if id(point) not in known:
            known.clear()
            known[id(point)] = Evaluator(program, point, extra)
        return known[id(point)].value(term, at)

    return value


def described(model: Model, point: Point, at: dict[t.Index, int]) -> dict[str, Any]:
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
