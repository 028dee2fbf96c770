"""Counterexamples once more, by TensorFlow in float64: the numbers that a reader would get from a framework.

This is evidence beside the exact evaluation, not instead of it. Per-sample gradients are those of batches of one.
"""

from __future__ import annotations

from fractions import Fraction
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np
from flint import arb

from symgrad.kernel.terms import Entry, Index, Partial, Term, children, letters, rebuilt
from symgrad.lang.model import Claim
from symgrad.oracles.tensorflow import Recording

if TYPE_CHECKING:
    from collections.abc import Mapping

    from symgrad.lang.model import Model
    from symgrad.oracles.report import Arrays

ROUNDING = 1e-9
"""Numbers this close, as a part of the largest one or of one, are the same up to rounding."""


def reevaluated(model: Model, witness: Mapping[str, Any], statement: str | Claim) -> dict[str, Any]:
    """Both sides at a witness as TensorFlow computes them.

    Args:
        model: declares the program.
        witness: as the refuted verdict holds it.
        statement: ``separable``, ``identity``, or the claim that was refuted.

    Returns:
        TensorFlow's ``version``, its ``left`` and ``right``, with the identity also ``per_sample``, and whether all of
        them agree with the numbers of the witness up to rounding.

    Raises:
        MissingDependencyError: if TensorFlow is not installed.
    """
    batch, sizes = model.program.batch, dict(witness["sizes"])
    given = {**witness["data"], **witness["parameters"]}
    arrays = {i.name: _array(given[i.name], [sizes[s] for s in i.shape]) for i in model.program.inputs}
    whole = Recording(model.program, arrays, sizes)

    def alone(sample: int) -> Recording:
        return Recording(model.program, _sample(model, arrays, sample), {**sizes, batch: 1})

    places = {name: k - 1 for name, k in witness["at"].items()}
    rows: list[float] = []
    if isinstance(statement, Claim):
        known = {i.name: i for side in (statement.left, statement.right) for i in letters(side)}
        at = {known[name]: k for name, k in places.items()}
        left, right = (_value(whole, side, at) for side in (statement.left, statement.right))
    elif statement == "separable":
        sample = places[model.batch.name]
        left, right = (float(run.tensors["loss"].numpy()[k]) for run, k in ((whole, sample), (alone(sample), 0)))
    else:
        name, where = witness["parameter"], tuple(places.values())
        left = float(whole.slopes("objective", name).numpy()[where])
        rows = [float(alone(k).slopes("loss", name).numpy()[(0, *where)]) for k in range(sizes[batch])]
        right = sum(rows) / len(rows)
    expected = [witness["left"], witness["right"], *(witness["per_sample"] if rows else ())]
    found = {"version": whole.version, "left": left, "right": right} | ({"per_sample": rows} if rows else {})
    return found | {"agrees": _agree([left, right, *rows], [_number(value) for value in expected])}


def _array(values: Any, shape: list[int]) -> np.ndarray[Any, Any]:
    flat = [float(Fraction(value)) for value in _flat(values)]
    return np.array(flat, dtype=np.float64).reshape(shape)


def _flat(values: Any) -> list[str]:
    return [entry for part in values for entry in _flat(part)] if isinstance(values, list) else [values]


def _sample(model: Model, arrays: Arrays, sample: int) -> dict[str, np.ndarray[Any, Any]]:
    """The arrays of a batch that holds one sample."""
    kept = {}
    for tensor in model.program.inputs:
        chosen = tuple(slice(sample, sample + 1) if s == model.program.batch else slice(None) for s in tensor.shape)
        kept[tensor.name] = arrays[tensor.name][chosen]
    return kept


def _value(run: Recording, side: Term, at: Mapping[Index, int]) -> float:
    """A side of a claim; every derivative in it by the tape."""

    def put(term: Term) -> Term:
        if isinstance(term, Partial) and isinstance(term.body, Entry):
            name = f"d {term.body.tensor} / d {term.wrt.tensor}"
            run.tensors[name] = run.slopes(term.body.tensor, term.wrt.tensor)
            return Entry(name, (*term.body.indices, *term.wrt.indices))
        return rebuilt(term, [put(part) for part in children(term)])

    return run.value(put(side), at)


def _number(text: str) -> float:
    return float(arb(text).mid()) if text.startswith("[") else float(Fraction(text))


def _agree(found: list[float], expected: list[float]) -> bool:
    if not all(map(isfinite, found)) or len(found) != len(expected):
        return False
    allowed = ROUNDING * max(1.0, *map(abs, expected))
    return all(abs(a - b) <= allowed for a, b in zip(found, expected, strict=True))
