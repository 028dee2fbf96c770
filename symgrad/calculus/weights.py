"""The weights: dL/dtheta = sum_n c_n dl_n/dtheta + dR/dtheta, with c_n in closed form."""

from __future__ import annotations

from fractions import Fraction
from itertools import islice
from typing import TYPE_CHECKING, Any

from symgrad.calculus import numbers
from symgrad.calculus.normal import meet
from symgrad.kernel import terms as t
from symgrad.kernel.functions import inverse
from symgrad.kernel.program import reached
from symgrad.lang.text import Printer
from symgrad.oracles.balls import Point, Undefined, separated
from symgrad.oracles.points import every, reach

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from symgrad.calculus.tape import Tape
    from symgrad.kernel.terms import Judgement
    from symgrad.kernel.theorem import Theorem
    from symgrad.lang.model import Model

Closed = dict[str, "Theorem"]
"""Closed derivatives by parameter."""

LOOKED_AT = 60
"""Points at which parameters are moved, with the data held."""


def judge_weights(
    model: Model, tape: Tape | None, closed: Mapping[str, Closed], hypotheses: Iterable[Judgement]
) -> tuple[dict[str, Any], Theorem | None]:
    """The entry ``weights``, and ``⊢ c[n] = 1/N`` if that holds.

    The kind is ``mean`` (1/N), ``sum`` (one), ``data`` (constant in the parameters), ``theta`` (shown to move with them
    by two evaluations on the same data) or ``none``, with the reason. With a remainder comes the per-sample loss that
    repairs the average. That no fixed weights are right is said only with points at which the equations for the weights
    contradict each other.

    Args:
        model: what was derived.
        tape: what reverse mode keeps; None if the objective does not use the losses.
        closed: closed derivatives of ``loss`` and of ``objective``, by parameter.
        hypotheses: of what was proved; every point that is shown satisfies them.
    """
    key = f"c[{model.batch.name}]"
    if tape is None:
        return {key: "0", "kind": "none", "reason": "the objective does not use the losses"}, None
    program, weight = model.program, tape.weight_at(model.batch)
    if any(isinstance(p, t.Partial) for p in t.subterms(weight)):
        return {key: None, "kind": "none", "reason": "no closed form of the weight was found"}, None
    parameters = {i.name for i in program.inputs if i.kind == "parameter"}
    mean = meet(program, weight, inverse(t.Size(program.batch)))
    found: dict[str, Any] = {key: Printer.of(model).text(weight)}
    if mean is not None:
        found["kind"] = "mean"
    elif meet(program, weight, t.ONE) is not None:
        found["kind"] = "sum"
    elif not reached(program, weight) & parameters:
        found["kind"] = "data"
    else:
        found |= _moving(model, weight, closed, tuple(hypotheses))
    failed = {name: why for name, why in tape.failed.items() if reached(program, t.Entry(name, ())) & parameters}
    if failed:
        return found | {"kind": "none", "reason": "; ".join(f"{k}: {v}" for k, v in failed.items())}, mean
    if any(kept.remainder != t.ZERO for name, kept in tape.kept.items() if name in parameters):
        found |= _remainder(model, found["kind"])
    return found, mean


def _moving(model: Model, weight: t.Term, closed: Mapping[str, Closed], hypotheses: tuple[Judgement, ...]) -> Any:
    """Kind ``theta`` with two evaluations of the weight, and why no fixed weights are right, if that is seen."""
    groups = _moved(model, hypotheses)
    side = numbers.formula(model.program, weight)
    for exact_only in (True, False):
        for points in groups:
            seen: list[tuple[Point, Any]] = []
            for point in points:
                try:
                    value = side(point, {model.batch: 0})
                except Undefined:
                    continue
                if exact_only and not isinstance(value, Fraction):
                    continue
                other = next((pair for pair in seen if separated(pair[1], value)), None)
                if other is not None:
                    pair = (other, (point, value))
                    return {"kind": "theta", "moves": _told(model, pair)} | _contradiction(model, closed, groups)
                seen.append((point, value))
    return {"kind": "none", "reason": "the weight depends on the parameters, and was not seen to move with them"}


def _moved(model: Model, hypotheses: tuple[Judgement, ...]) -> list[list[Point]]:
    """Groups of points with the same data and different parameters, all of which satisfy what is assumed."""
    kinds = {i.name: i.kind for i in model.program.inputs}
    names, points = reach(model), list(islice(numbers.points(model, hypotheses), LOOKED_AT))
    groups = []
    for first in points[:3]:
        group = [first]
        for other in points:
            if other.sizes == first.sizes and other is not first:
                mixed = {name: (first if kinds[name] == "data" else other).values[name] for name in kinds}
                point = Point(first.sizes, mixed)
                if numbers.admitted(model, hypotheses, names, point):
                    group.append(point)
        groups.append(group)
    return groups


def _told(model: Model, pair: Iterable[tuple[Point, Any]]) -> dict[str, Any]:
    """Two evaluations of the weight of the first sample, on the same data."""
    both = [(numbers.described(model, point, {model.batch: 0}), value) for point, value in pair]
    [(first, _), _] = both
    return {
        **{key: first[key] for key in ("sizes", "data", "at")},
        "parameters": [told["parameters"] for told, _ in both],
        "weights": [numbers.written(value) for _, value in both],
        "exact": all(isinstance(value, Fraction) for _, value in both),
    }


Equation = tuple[int, str, tuple[Fraction, ...], Fraction]
"""At a point, for an entry of a parameter: what the per-sample gradients are, and what their weighted sum must be."""


def _contradiction(model: Model, closed: Mapping[str, Closed], groups: list[list[Point]]) -> dict[str, Any]:
    """Exact equations for fixed weights a_n that no weights solve; empty if none were found."""
    used = [i.name for i in model.program.inputs if i.kind == "parameter" and i.name in closed["objective"]]
    if not closed["loss"].keys() >= set(used):
        return {}
    for points in groups:
        equations: list[Equation] = []
        for number, point in enumerate(points):
            equations += _equations(model, closed, used, point, number)
            if not _solvable(equations):
                return {"no_fixed": _fewest(model, equations, points)}
    return {}


def _equations(
    model: Model, closed: Mapping[str, Closed], parameters: Iterable[str], point: Point, number: int
) -> Iterator[Equation]:
    """One equation for each entry of each parameter at which everything is exact."""
    n = model.batch
    for name in parameters:
        row, whole = closed["loss"][name], closed["objective"][name]
        sides = [numbers.formula(model.program, theorem.right) for theorem in (row, whole)]
        for at in every(t.letters(whole.left.wrt), point.sizes):
            there = dict(zip(row.left.wrt.indices, (at[i] for i in whole.left.wrt.indices), strict=True))
            try:
                slopes = [sides[0](point, there | {n: k}) for k in range(point.sizes[n.size])]
                total = sides[1](point, at)
            except Undefined:
                continue
            if isinstance(total, Fraction) and all(isinstance(slope, Fraction) for slope in slopes):
                entry = name + (f"[{', '.join(str(at[i] + 1) for i in whole.left.wrt.indices)}]" if at else "")
                yield number, entry, tuple(slopes), total  # type: ignore[arg-type]


def _solvable(equations: list[Equation]) -> bool:
    """Whether some weights satisfy all equations: elimination in exact rationals."""
    rows = [[*slopes, total] for _, _, slopes, total in equations]
    for column in range(len(rows[0]) - 1 if rows else 0):
        pivot = next((row for row in rows if row[column] and not any(row[:column])), None)
        if pivot is None:
            continue
        rows = [
            row if row is pivot else [x - row[column] / pivot[column] * p for x, p in zip(row, pivot, strict=True)]
            for row in rows
        ]
    return not any(row[-1] and not any(row[:-1]) for row in rows)


def _fewest(model: Model, equations: list[Equation], points: list[Point]) -> dict[str, Any]:
    """The contradiction with the equations that it needs."""
    kept = list(equations)
    for equation in equations:
        fewer = [e for e in kept if e is not equation]
        if not _solvable(fewer):
            kept = fewer
    used = sorted({number for number, *_ in kept})
    told = [numbers.described(model, points[number], {}) for number in used]
    return {
        "sizes": told[0]["sizes"],
        "data": told[0]["data"],
        "parameters": [each["parameters"] for each in told],
        "equations": [
            {
                "point": used.index(number) + 1,
                "entry": entry,
                "per_sample": [str(slope) for slope in slopes],
                "batch": str(total),
            }
            for number, entry, slopes, total in kept
        ],
    }


def _remainder(model: Model, kind: str) -> dict[str, str]:
    """R, as the terms of the objective that do not use the losses, and the per-sample loss that repairs the average."""
    body = model.program.bodies["objective"].body
    terms = body.terms if isinstance(body, t.Plus) else ()
    parts = [p for p in terms if "loss" not in reached(model.program, p)]
    if not parts or kind not in {"mean", "sum"}:
        return {"reason": "the objective holds more than the losses"}
    printer = Printer.of(model)
    rest = parts[0] if len(parts) == 1 else t.Plus(tuple(parts))
    share = rest if kind == "mean" else t.Times((rest, inverse(t.Size(model.program.batch))))
    return {"remainder": printer.text(rest), "repair": f"loss[{model.batch.name}] + {printer.text(share)}"}
