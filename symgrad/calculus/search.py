"""The search for the smallest exact counterexample: bounded, seeded, and honest about giving up.

A point counts only after evaluation: in exact rationals, or in balls that certainly do not overlap. What is found is
made smaller, entry by entry, for as long as it stays a counterexample that is as good.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice
from typing import Any

from symgrad.calculus import numbers
from symgrad.calculus.numbers import Side
from symgrad.errors import IllFormedError
from symgrad.kernel import terms as t
from symgrad.kernel.terms import Judgement
from symgrad.lang.model import Model
from symgrad.oracles.balls import Point, Real, Undefined, difference, separated
from symgrad.oracles.points import Place, adjust, every

PATIENCE = 100
"""Points that are still tried after a counterexample, for one whose numbers are all small."""

HUNT = 400
"""Points that are tried for an exact counterexample where only balls were found."""

WORK = 400_000
"""Nodes of the program, times points, after which the search gives up; but at least ``LEAST`` points are tried."""

LEAST = 120

FEW = 60
"""Points at which smaller sizes are tried for a counterexample that was found at larger ones."""

_RANKED = tuple(map(Fraction, ("0", "1", "-1", "2", "-2", "1/2", "-1/2", "3", "-3")))
"""Values from simple to less simple."""

Rows = Callable[[Point, Mapping[t.Index, int]], list[Real]]


@dataclass
class Question:
    """Two sides that may differ somewhere.

    Attributes:
        model: declares the tensors; its assumptions hold at every witness.
        hypotheses: hold there too.
        names: the tensors that must be defined there, away from kinks.
        letters: over which both sides are quantified.
        left: one side.
        right: the other.
        rows: the values of which the right side is the mean, if it is one.
        tried: how many points were looked at so far.
    """

    model: Model
    hypotheses: tuple[Judgement, ...]
    names: frozenset[str]
    letters: tuple[t.Index, ...]
    left: Side
    right: Side
    rows: Rows | None = None
    tried: int = field(default=0, init=False)

    def glance(self) -> bool:
        """Whether the sides certainly differ at one of a few points: cheap, before anything dear is tried."""
        return any(self._at(point) for point in numbers.candidates(self.model, look=True))

    def witness(self) -> dict[str, Any] | None:
        """The smallest counterexample found, for people and for JSON; ``None`` if the search gave up."""
        best: _Found | None = None
        left = limit = max(LEAST, WORK // _nodes(self.model))
        for point in self._candidates():
            found = self._at(point)
            if found is not None and (best is None or found.tier < best.tier):
                left = limit if best is None else left
                left = min(left, PATIENCE)
                best = found
            left -= 1
            if left <= 0 or (best is not None and best.tier == 0):
                break
        if best is not None and best.tier == _BALL:
            best = self._exact(best)
        return self._written(self._simpler(self._smaller(best))) if best else None

    def _exact(self, found: _Found) -> _Found:
        """An exact counterexample of the same sizes, if there is one where many tensors vanish."""
        points = numbers.sparse(self.model, dict(found.point.sizes), HUNT)
        exact = (other for point in points if (other := self._at(point)) and other.tier < _BALL)
        return next(exact, found)

    @property
    def given_up(self) -> str:
        """What was tried in vain, in words."""
        return f"no counterexample among {self.tried} points with two and with three samples"

    def _candidates(self) -> Iterator[Point]:
        yield from numbers.candidates(self.model)
        yield from numbers.candidates(self.model, look=True)

    def _at(self, point: Point) -> _Found | None:
        """The best entry at which the sides certainly differ at an admitted point."""
        self.tried += 1
        best: _Found | None = None
        for at in every(self.letters, point.sizes):
            try:
                left, right = self.left(point, at), self.right(point, at)
                if not separated(left, right):
                    continue
                rows = tuple(self.rows(point, at)) if self.rows else ()
            except (Undefined, IllFormedError):
                continue  # not defined there, or a derivative that was not carried out
            found = _Found(point, at, left, right, rows)
            if best is None or found.tier < best.tier:
                best = found
        if best is not None and numbers.admitted(self.model, self.hypotheses, self.names, point):
            return best
        return None

    def _smaller(self, found: _Found) -> _Found:
        """The same with smaller sizes, one after the other, where a few points show it at those too."""
        for name, size in found.point.sizes.items():
            if name != self.model.program.batch and size > 1:
                points = numbers.candidates(self.model, only={**found.point.sizes, name: 1})
                tried = (self._at(point) for point in islice(points, FEW))
                found = next((other for other in tried if other and other.tier <= found.tier), found)
        return found

    def _simpler(self, found: _Found) -> _Found:
        """The same with simpler values, one entry after the other, the last samples first.

        Where a number is not rational, or has too many digits, another value of one entry may cure that: this is tried
        when zeros have left few places where it can come from.
        """
        free = [i.name for i in self.model.program.inputs if i.name not in self.model.labels]
        places = [(name, where) for name in free for where in found.point.values[name]][::-1]
        found = self._simplified(found, places)
        if found.tier == 0:
            return found
        for tensor, where in places:
            if found.tier:
                found = self._with(found, tensor, where, numbers.WIDE, lambda new, old: new.tier < old.tier)
        return self._simplified(found, places)

    def _simplified(self, found: _Found, places: list[Place]) -> _Found:
        for tensor, where in places:
            simple = _RANKED[: _rank(found.point.values[tensor][where])]
            found = self._with(found, tensor, where, simple, _simpler)
        return found

    def _with(
        self,
        found: _Found,
        tensor: str,
        where: tuple[int, ...],
        choice: tuple[Fraction, ...],
        better: Callable[[_Found, _Found], bool],
    ) -> _Found:
        """The first better counterexample with another value of one entry; if there is none, the same."""
        for value in choice:
            values = {name: dict(entries) for name, entries in found.point.values.items()}
            values[tensor][where] = value
            point = Point(found.point.sizes, values)
            other = self._at(point) if adjust(self.model, point, values) else None
            if other is not None and better(other, found):
                return other
        return found

    def _written(self, found: _Found) -> dict[str, Any]:
        told = numbers.described(self.model, found.point, found.at)
        if found.rows:
            told["per_sample"] = [numbers.written(value) for value in found.rows]
        told |= {"left": numbers.written(found.left), "right": numbers.written(found.right)}
        return told | {"difference": numbers.written(difference(found.left, found.right)), "exact": found.tier < _BALL}


_BALL = 2


@dataclass(frozen=True)
class _Found:
    """A point and an entry at which two sides differ."""

    point: Point
    at: Mapping[t.Index, int]
    left: Real
    right: Real
    rows: tuple[Real, ...]

    @property
    def tier(self) -> int:
        """0: every number is exact and small; 1: every number is exact; 2: a ball."""
        values = (self.left, self.right, *self.rows)
        exact = [value for value in values if isinstance(value, Fraction)]
        if len(exact) < len(values):
            return _BALL
        given = (value for entries in self.point.values.values() for value in entries.values())
        return 0 if all(map(_small, (*exact, exact[0] - exact[1], *given))) else 1


def _small(value: Fraction) -> bool:
    """At most two digits over one digit."""
    return abs(value.numerator) < 100 and value.denominator < 10


def _rank(value: Fraction) -> int:
    return _RANKED.index(value) if value in _RANKED else len(_RANKED)


def _simpler(new: _Found, old: _Found) -> bool:
    return new.tier <= old.tier and _complexity(new.point) < _complexity(old.point)


def _complexity(point: Point) -> int:
    return sum(_rank(value) for entries in point.values.values() for value in entries.values())


def _nodes(model: Model) -> int:
    return sum(1 for definition in model.program.definitions for _ in t.subterms(definition.body))
