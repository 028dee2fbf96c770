"""The three-outcome check: proved formulas in ball arithmetic against a framework's automatic differentiation.

A check that cannot fail says nothing. So a value that is not finite, a kink too near, a bound too wide or a piece never
visited is inconclusive; and every check is run again on formulas that are wrong, which it must reject.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from symgrad.errors import InputError
from symgrad.kernel.terms import ZERO, Entry, subterms
from symgrad.oracles.balls import Evaluator, Point, Undefined, ball
from symgrad.oracles.bounds import Bounded, BoundEvaluator
from symgrad.oracles.controls import ALLOWED, Control, Mutant, gap, ratios, resolution, try_controls
from symgrad.oracles.data import accepted, as_arrays, completed
from symgrad.oracles.points import loose_sizes, sample_point, sample_sizes
from symgrad.oracles.report import CheckReport, Formulas, Oracle, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from symgrad.lang.model import Model
    from symgrad.oracles.report import Arrays

__all__ = ["DATA_POINTS", "CheckReport", "Formulas", "Outcome", "check"]

POWER = {"float64": 1e-6, "float32": 3e-2}
"""A bound wider than this part of the largest entry could hide a wrong formula."""

FINEST = {"float64": 1e-12, "float32": 1e-3}
"""Relative errors of a formula from which on the check wants to reject it at one point at least."""

_FINER_POINTS = 8
"""Further points drawn where rounding could hide such an error at all the points so far."""

_DUST = 1000
"""Units of rounding of the largest intermediate that may be left where terms cancel."""

LEAST_CONTROLS = 4
"""Fewer wrong formulas than this for a parameter, and the check has no power."""

DATA_POINTS = 2
"""Parameter draws on real data, at most."""

_RECOGNISED = 2
"""Points at which a catalogue implementation must compute the model's loss before it is used."""

_SCALES = (1, 1, 4, 16, 64)
"""How much larger parameters are drawn where a piece is not visited otherwise; powers of two keep them exact."""

_EXTRA_POINTS = 20
"""Further points drawn when some cannot be used or a piece is not visited yet."""


@dataclass
class _Tally:
    """What the points so far have shown."""

    worst: dict[str, float] = field(default_factory=dict)
    errors: dict[str, tuple[float, ...]] = field(default_factory=dict)
    ulp: float = 0.0
    points: list[Mapping[str, int]] = field(default_factory=list)
    skipped: int = 0
    why_skipped: str = ""
    inconclusive: str = ""
    disagreement: str = ""
    controls: dict[str, dict[str, Control]] = field(default_factory=dict)
    finest: dict[str, float] = field(default_factory=dict)

    def coarse(self, dtype: str) -> dict[str, float]:
        """The gradients in which an error of ``FINEST`` could not be seen, and what could be."""
        return {name: seen for name, seen in self.finest.items() if seen > FINEST[dtype]}


def check(
    model: Model,
    formulas: Formulas,
    *,
    backend: str = "tensorflow",
    dtype: str = "float64",
    points: int = 5,
    seed: int = 0,
    data: Arrays | None = None,
    oracle: Oracle | None = None,
) -> CheckReport:
    """Compare loss value and gradients with a framework's, point by point.

    Args:
        model: the model whose objective is differentiated.
        formulas: the gradients to test.
        backend: the framework; ``tensorflow``.
        dtype: precision in which the framework computes, ``float32`` or ``float64``.
        points: points at least; on real data at most ``DATA_POINTS`` draws of the parameters.
        seed: of the points.
        data: real data by tensor name, as from ``load_data``; parameters that are missing are drawn.
        oracle: another implementation; left out, it is the program that the model was read from, the catalogue's own
            where the model is an entry of the catalogue, else it is generated from the definitions.

    Raises:
        InputError: if an option has no meaning, a parameter has no formula, or the data are not as the model says.
        MissingDependencyError: if the framework is not installed.
    """
    _accept(model, formulas, backend, dtype, points)
    known = None if data is None else accepted(data, model, dtype)
    asked = oracle if oracle is not None else _oracle(model, random.Random(seed))
    tally, pieces = _Tally(), dict[Any, set[int]]()
    wanted = points if data is None else min(points, DATA_POINTS)
    rng = random.Random(seed)
    if asked.kind == "generated":  # nobody else has written this loss down
        tally.disagreement = _second_opinion(model, random.Random(seed))
    for _ in range(wanted + _EXTRA_POINTS):
        enough, covered = len(tally.points) >= wanted, _covered(pieces)
        finer = known is None and len(tally.points) < wanted + _FINER_POINTS and tally.coarse(dtype)
        if tally.disagreement or (enough and covered and not finer):
            break
        missing = enough and not covered  # of a clipped function, say, an outer piece: larger values reach it
        drawn = _point(model, rng, dtype, known, large=missing)
        if drawn is None:
            tally.skipped += 1
            tally.why_skipped = "no point was found that satisfies the assumptions and where the loss is defined"
            if known is None:
                break
            continue
        sizes, arrays = drawn
        visited = {function: set(sides) for function, sides in pieces.items()}
        _compare(model, formulas, asked, _Values(sizes, arrays, dtype, visited), tally)
        if missing and tally.inconclusive:  # too large for this precision; another may do
            tally.inconclusive, tally.skipped = "", tally.skipped + 1
            continue
        pieces.update(visited)
        if tally.inconclusive:
            break
    outcome, reason = _verdict(tally, wanted, _covered(pieces), model.origin.notes if model.origin else ())
    if outcome is Outcome.AGREE and (coarse := tally.coarse(dtype)):
        seen = ", ".join(f"below {least:.1g} in {name}" for name, least in coarse.items())
        reason += f"; rounding could hide a relative error {seen}"
    tried = {f"{of}: {what}": c for of, some in tally.controls.items() for what, c in some.items() if c.differs}
    return CheckReport(
        outcome=outcome,
        reason=reason,
        model=model.name,
        backend=backend,
        dtype=dtype,
        oracle=asked.kind,
        oracle_reason=asked.reason,
        environment=asked.environment,
        error_over_bound=max(tally.worst.values()) if tally.worst else None,
        ulp=tally.ulp if tally.worst else None,
        by_parameter={name: value for name, value in tally.worst.items() if name in formulas.gradients},
        points=len(tally.points),
        skipped=tally.skipped,
        sizes=tuple(tally.points),
        real_data=data is not None,
        tried=tuple(tried),
        survived=tuple(name for name, control in tried.items() if not control.rejected),
        errors={name: found for name, found in tally.errors.items() if name in formulas.gradients},
    )


def _accept(model: Model, formulas: Formulas, backend: str, dtype: str, points: int) -> None:
    if backend != "tensorflow":
        raise InputError(f"no backend {backend!r}; there is: tensorflow")
    if dtype not in POWER:
        raise InputError(f"no precision {dtype!r}; there are: float32, float64")
    if points < 1:
        raise InputError(f"{points} points: at least one is needed")
    parameters = {t.name: t.shape for t in model.program.inputs if t.kind == "parameter"}
    if set(parameters) != set(formulas.gradients):
        odd = ", ".join(sorted(set(parameters) ^ set(formulas.gradients)))
        raise InputError(f"formulas and parameters do not match: {odd}")
    for name, (letters, _) in formulas.gradients.items():
        if tuple(i.size for i in letters) != parameters[name]:
            raise InputError(f"the formula for {name} has other indices than {name}")


def _oracle(model: Model, rng: random.Random) -> Oracle:
    """The catalogue's implementation, if it computes this model's loss at a few points; else a generated one.

    Its gradients are not looked at here, so this choice cannot hide a disagreement.
    """
    from symgrad.oracles import keras_references, tensorflow

    if model.origin is not None:
        return model.origin.oracle()  # type: ignore[no-any-return]
    found, generated = None, tensorflow.generated(model.program, loose_sizes(model.program))
    for _ in range(_RECOGNISED):
        known = _objective(model, rng)
        found = keras_references.reference(model, known[1]) if known is not None else None
        if found is None or known is None:
            return generated
        actual = found.run(known[1]).objective
        if actual is None or not np.isfinite(actual) or gap(known[2], actual)[0] > ALLOWED:
            return generated
    return found if found is not None else generated


def _objective(model: Model, rng: random.Random) -> tuple[Point, dict[str, NDArray[Any]], Bounded] | None:
    """A small point, as arrays too, and the objective there; ``None`` if it is not defined."""
    sizes = sample_sizes(model.program, rng, model.origin.sizes if model.origin else None)
    point = sample_point(model, sizes, rng)
    if point is None:
        return None
    arrays = as_arrays(model, point, "float64")
    evaluator = BoundEvaluator(sizes, arrays, "float64", {})
    try:
        for definition in model.program.definitions:
            evaluator.define(definition)
        return point, arrays, evaluator.value(Entry("objective", ()), ())
    except Undefined:
        return None


def _second_opinion(model: Model, rng: random.Random) -> str:
    """Evaluate the objective entry by entry as well; the problem, if any."""
    known = _objective(model, rng)
    if known is None:
        return ""
    single = ball(Evaluator(model.program, known[0]).value(Entry("objective", ()), {}))
    return "" if single.overlaps(known[2].x.item()) else "two evaluations of the objective differ: a defect of symgrad"


@dataclass(frozen=True)
class _Values:
    """A point in the tested precision."""

    sizes: Mapping[str, int]
    arrays: Arrays
    dtype: str
    pieces: dict[Any, set[int]]


def _point(
    model: Model, rng: random.Random, dtype: str, data: Arrays | None, *, large: bool = False
) -> tuple[Mapping[str, int], Arrays] | None:
    """Sizes and values; ``large``: some parameters are much larger than usual."""
    if data is not None:
        return completed(model, data, dtype, rng)
    sizes = sample_sizes(model.program, rng, model.origin.sizes if model.origin else None)
    point = sample_point(model, sizes, rng, dtype)
    if point is None:
        return None
    arrays = as_arrays(model, point, dtype)
    for tensor in model.program.inputs if large else ():
        if tensor.kind == "parameter":
            arrays[tensor.name] = arrays[tensor.name] * arrays[tensor.name].dtype.type(rng.choice(_SCALES))
    return sizes, arrays


def _compare(model: Model, formulas: Formulas, oracle: Oracle, at: _Values, tally: _Tally) -> None:
    """Compare at one point, and try the wrong formulas there; the tally is updated."""
    evaluator = BoundEvaluator(at.sizes, at.arrays, at.dtype, at.pieces)
    try:
        for definition in model.program.definitions:
            evaluator.define(definition)
        before = evaluator.branch()
        for adjoint in formulas.adjoints:
            evaluator.define(adjoint)
        exact = {"objective": evaluator.value(Entry("objective", ()), ())}
        exact |= {name: evaluator.value(term, letters) for name, (letters, term) in formulas.gradients.items()}
    except Undefined as reason:
        tally.skipped, tally.why_skipped = tally.skipped + 1, str(reason)
        return
    answer = oracle.run(at.arrays)
    idle = {name for name, (_, term) in formulas.gradients.items() if term == ZERO} - _used(model)
    for name, value in exact.items():
        if name in idle and answer.gradients.get(name) is None:
            continue  # the objective does not hold the parameter: no gradient there, zero here
        actual = answer.objective if name == "objective" else answer.gradients.get(name)
        scale = _scale(name, value, model, formulas, evaluator)
        problem = _unusable(name, actual) or _powerless(name, value, at.dtype, scale)
        if not problem and actual is not None and _dust(value, actual, model, evaluator):
            problem = f"the formula for {name} is zero, and what is left there may be rounding, which nothing bounds"
        if not problem and actual is not None:
            ratio, ulp = gap(value, actual, scale)
            tally.worst[name] = max(ratio, tally.worst.get(name, 0.0))
            tally.ulp = max(ulp, tally.ulp)
            tally.errors[name] = tally.errors.get(name, ()) + ratios(value, actual)
            if name in formulas.gradients and not value.vanishes and value.x.shape == actual.shape:
                tally.finest[name] = min(resolution(value, actual), tally.finest.get(name, np.inf))
            if ratio > ALLOWED:
                what = "the objective" if name == "objective" else f"the gradient of {name}"
                tally.disagreement = f"{what} differs by {ratio:.3g} times the rounding bound ({ALLOWED:g} allowed)"
        else:
            tally.inconclusive = tally.inconclusive or problem
    if tally.disagreement or tally.inconclusive:
        return
    tally.points.append(dict(at.sizes))
    for name, (letters, _) in formulas.gradients.items():
        actual = answer.gradients[name]
        if actual is not None:
            mutant = Mutant(formulas, name, letters, before)
            batch = at.sizes[model.program.batch]
            scale = _scale(name, exact[name], model, formulas, evaluator)
            try_controls(tally.controls.setdefault(name, {}), exact[name], actual, mutant, batch, scale)


def _used(model: Model) -> set[str]:
    """The tensors that the objective is computed from, definition by definition."""
    used = {"objective"}
    for definition in reversed(model.program.definitions):
        if definition.name in used:
            used |= {part.tensor for part in subterms(definition.body) if isinstance(part, Entry)}
    return used


def _unusable(name: str, actual: NDArray[Any] | None) -> str:
    what = "objective" if name == "objective" else f"gradient of {name}"
    if actual is None:
        return f"the framework has no {what}"
    if actual.size == 0:
        return f"the framework's {what} is empty"
    return "" if np.all(np.isfinite(actual)) else f"the framework's {what} is not finite"


def _scale(name: str, value: Bounded, model: Model, formulas: Formulas, evaluator: BoundEvaluator) -> float:
    """What an error is compared with: the largest entry; where all are zero, the largest of what cancels."""
    if name not in formulas.gradients or not value.vanishes:
        return float(np.max(value.m))
    used = {part.tensor for part in subterms(formulas.gradients[name][1]) if isinstance(part, Entry)}
    known = [d for d in (*model.program.definitions, *formulas.adjoints) if d.name in used]
    return max((float(np.max(evaluator.value(Entry(d.name, d.letters), d.letters).m)) for d in known), default=0.0)


def _dust(value: Bounded, actual: NDArray[Any], model: Model, evaluator: BoundEvaluator) -> bool:
    """Whether a formula is zero with nothing in it that could be rounded, and the framework's numbers are tiny."""
    kind = np.finfo(actual.dtype)
    if np.any(value.m > 0) or np.any(value.e > 2**20 * float(kind.tiny)) or not np.any(actual):
        return False
    largest = max(
        float(np.max(evaluator.value(Entry(d.name, d.letters), d.letters).m)) for d in model.program.definitions
    )
    return float(np.max(np.abs(actual))) <= _DUST * float(kind.eps) * largest


def _powerless(name: str, value: Bounded, dtype: str, scale: float) -> str:
    if not np.all(np.isfinite(value.e)):
        return f"the rounding bound for {name} is not finite"
    if name != "objective" and np.max(value.e) > POWER[dtype] * scale > 0:
        return f"rounding in {dtype} may lose too much of the gradient of {name} for the check to have power"
    return ""


def _covered(pieces: Mapping[Any, set[int]]) -> bool:
    return all(len(sides) == 2 for sides in pieces.values())


def _verdict(tally: _Tally, wanted: int, covered: bool, notes: tuple[str, ...]) -> tuple[Outcome, str]:
    if tally.disagreement:
        return Outcome.DISAGREE, "; note that ".join((tally.disagreement, *notes))
    if tally.inconclusive:
        return Outcome.INCONCLUSIVE, tally.inconclusive
    if len(tally.points) < wanted:
        return Outcome.INCONCLUSIVE, f"only {len(tally.points)} of {wanted} points could be used: {tally.why_skipped}"
    if not covered:
        return Outcome.INCONCLUSIVE, "a piece of a kinked function was never visited"
    for name, controls in tally.controls.items():
        differing = {what: c for what, c in controls.items() if c.differs}
        passed = [what for what, c in differing.items() if not c.rejected]
        if passed:
            return Outcome.INCONCLUSIVE, f"the check had no power: for {name} it passed {', '.join(passed)}"
        if len(differing) < LEAST_CONTROLS:
            few = len(differing)
            return Outcome.INCONCLUSIVE, f"the check had no power: only {few} formulas are certainly wrong for {name}"
    return Outcome.AGREE, "loss and gradients lie within the rounding bound at every point"
