"""Real data for the check: arrays named like the tensors, or columns of a table, examined before any computing."""

from __future__ import annotations

import csv
import math
import zipfile
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from symgrad.errors import InputError
from symgrad.kernel.terms import Entry, subterms
from symgrad.oracles.balls import Point
from symgrad.oracles.points import Range, draw, failing, sample_sizes

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from symgrad.kernel.program import Tensor
    from symgrad.kernel.terms import Index, Judgement
    from symgrad.lang.model import Model
    from symgrad.oracles.report import Arrays


_MOST_LABELS = 100_000
"""How many labels there may be where only the largest of them says so: each is a row of zeros and a one."""


def load_data(path: str, mapping: str | None, model: Model, dtype: str) -> dict[str, NDArray[Any]]:
    """Read data, and parameters if there are any, from an ``.npz`` or ``.csv`` file, rounded to ``dtype``.

    Args:
        path: an ``.npz`` whose arrays are named like the tensors, or a ``.csv`` with a header line.
        mapping: for a ``.csv``, which columns make each tensor: ``x=age,weight;y=label``; a scalar may be given as a
            number: ``rate=0.1``.
        model: says which tensors there are.
        dtype: the precision that is tested.

    Raises:
        InputError: if the file cannot be read, a data tensor is missing, a rank or size is wrong, a value is not
            finite, or an assumption of the model does not hold.
    """
    file = Path(path)
    if not file.is_file():
        raise InputError(f"no file {path}")
    if file.suffix == ".npz":
        if mapping is not None:
            raise InputError(f"{path}: a mapping is for .csv files; arrays in an .npz are named like the tensors")
        found = _from_npz(file, model)
    elif file.suffix == ".csv":
        found = _from_csv(file, mapping, model)
    else:
        raise InputError(f"{path}: expected an .npz or .csv file")
    return accepted(found, model, dtype)


def accepted(found: Arrays, model: Model, dtype: str) -> dict[str, NDArray[Any]]:
    """The arrays rounded to ``dtype``, once ranks, sizes, values and assumptions are found in order.

    Raises:
        InputError: as ``load_data``.
    """
    sizes: dict[str, tuple[int, str]] = {}
    arrays = {}
    for tensor in model.program.inputs:
        if tensor.name not in found:
            if tensor.kind == "parameter":
                continue
            raise InputError(f"no values for the data tensor {_named(tensor)}")
        if tensor.name not in model.labels:
            arrays[tensor.name] = _array(tensor, found[tensor.name], sizes, dtype)
    # labels come last: another tensor may say how many there are
    for tensor in (t for t in model.program.inputs if t.name in model.labels):
        marked = _indicators(tensor, np.asarray(found[tensor.name]), sizes)
        arrays[tensor.name] = _array(tensor, marked, sizes, dtype)
    _check_assumptions(model, arrays, {name: length for name, (length, _) in sizes.items()})
    return arrays


def completed(
    model: Model, data: Arrays, dtype: str, rng: random.Random
) -> tuple[dict[str, int], dict[str, NDArray[Any]]] | None:
    """Sizes and arrays for every tensor: missing parameters are drawn, as are sizes that no array has.

    Returns ``None`` where the parameters drawn do not satisfy an assumption that mentions them.
    """
    inputs = model.program.inputs
    fixed = {size: k for t in inputs if t.name in data for size, k in zip(t.shape, data[t.name].shape, strict=True)}
    sizes = sample_sizes(model.program, rng, fixed)
    # pre-activations stay of order one: a saturated function has no gradient to compare
    widest = max((sizes[s] for t in inputs if t.kind == "parameter" for s in t.shape), default=1)
    scale = max(0.05, min(1.0, 2 / math.sqrt(widest)))
    taken: set[int] = set()
    arrays = {}
    for tensor in inputs:
        if tensor.name in data:
            arrays[tensor.name] = data[tensor.name]
            continue
        array = np.empty([sizes[s] for s in tensor.shape], dtype)
        for where, value in draw(array.shape, rng, taken, Range(0.1 * scale, 1.5 * scale, positive=False)).items():
            array[where] = float(value)
        arrays[tensor.name] = array
    if _failing([a for a in model.assumptions if not _mentioned([a]) <= set(data)], model, arrays, sizes) is not None:
        return None
    return sizes, arrays


def as_arrays(model: Model, point: Point, dtype: str) -> dict[str, NDArray[Any]]:
    """A drawn point as arrays, which hold it exactly."""
    arrays = {}
    for tensor in model.program.inputs:
        array = np.empty([point.sizes[s] for s in tensor.shape], dtype)
        for where, value in point.values[tensor.name].items():
            array[where] = float(value)
        arrays[tensor.name] = array
    return arrays


def _named(tensor: Tensor) -> str:
    return f"{tensor.name}[{', '.join(tensor.shape)}]" if tensor.shape else tensor.name


def _array(tensor: Tensor, raw: Any, sizes: dict[str, tuple[int, str]], dtype: str) -> NDArray[Any]:
    array = np.asarray(raw)
    if array.dtype.kind not in "biuf":
        raise InputError(f"{tensor.name}: expected numbers, found {array.dtype}")
    if array.ndim != len(tensor.shape):
        raise InputError(f"{_named(tensor)} needs {len(tensor.shape)} axes, the array has shape {array.shape}")
    with np.errstate(over="ignore"):
        array = np.ascontiguousarray(array, dtype=dtype).reshape(array.shape)
    if array.size == 0:
        raise InputError(f"{tensor.name}: the array is empty, shape {array.shape}")
    if not np.all(np.isfinite(array)):
        where = tuple(int(k) + 1 for k in np.argwhere(~np.isfinite(array))[0])
        raise InputError(f"{tensor.name}[{', '.join(map(str, where))}] is not finite in {dtype}")
    here: int
    for size, here in zip(tensor.shape, array.shape, strict=True):
        known, of = sizes.setdefault(size, (here, tensor.name))
        if known != here:
            raise InputError(f"the size {size} is {known} in {of} but {here} in {tensor.name}")
    return array


def _indicators(tensor: Tensor, raw: NDArray[Any], sizes: Mapping[str, tuple[int, str]]) -> NDArray[Any]:
    """Labels, whole numbers from 0 as in Keras, as ones and zeros along a last axis; such an array is left as it is.

    There are as many labels as another tensor says, else as the largest of them.
    """
    if raw.dtype.kind not in "biuf" or not raw.size or not np.all(np.isfinite(raw)):
        return raw
    if raw.ndim == len(tensor.shape) and np.isin(raw, (0, 1)).all() and (raw.sum(axis=-1) == 1).all():
        return raw
    if raw.ndim != len(tensor.shape) - 1:
        shown = f"{tensor.name}[{', '.join(tensor.shape[:-1])}]" if tensor.shape[1:] else tensor.name
        raise InputError(f"{shown} needs {len(tensor.shape) - 1} axes, the array has shape {raw.shape}")
    last = tensor.shape[-1]
    size = sizes[last][0] if last in sizes else min(int(raw.max()) + 1, _MOST_LABELS)
    if (raw != np.floor(raw)).any() or raw.min() < 0 or raw.max() >= size:
        where = np.argwhere((raw != np.floor(raw)) | (raw < 0) | (raw >= size))[0]
        named = f"{tensor.name}[{', '.join(str(k + 1) for k in where)}]" if raw.ndim else tensor.name
        raise InputError(f"{named} is {raw[tuple(where)]}, expected a label: a whole number from 0 to {size - 1}")
    return np.asarray(raw[..., None] == np.arange(size), dtype=np.float64)


def _mentioned(judgements: Iterable[Judgement]) -> set[str]:
    sides = [side for judgement in judgements for side in (judgement.left, judgement.right)]
    return {part.tensor for side in sides for part in subterms(side) if isinstance(part, Entry)}


def _failing(
    judgements: list[Judgement], model: Model, arrays: Arrays, sizes: Mapping[str, int]
) -> tuple[Judgement, dict[Index, int], bool | None] | None:
    """As ``points.failing``, on arrays; only what the judgements need is made exact."""
    needed = _mentioned(judgements)
    if needed & set(model.program.bodies):
        needed = set(arrays)
    exact = {name: {where: Fraction(float(v)) for where, v in np.ndenumerate(arrays[name])} for name in needed}
    return failing(judgements, model.program, Point(sizes, exact))


def _check_assumptions(model: Model, arrays: Arrays, sizes: Mapping[str, int]) -> None:
    """Refuse data at which an assumption that speaks of them alone fails."""
    found = _failing([a for a in model.assumptions if _mentioned([a]) <= set(arrays)], model, arrays, sizes)
    if found is not None:
        judgement, at, verdict = found
        number = model.assumptions.index(judgement) + 1 - len(model.labels)
        where = ", ".join(f"{letter} = {value + 1}" for letter, value in at.items())
        word = "does not hold" if verdict is False else "is not certain"
        raise InputError(
            f"assumption {number} of {model.name} {word} on these data" + (f" at {where}" if where else "")
        )


def _from_npz(file: Path, model: Model) -> dict[str, NDArray[Any]]:
    names = {t.name for t in model.program.inputs}
    try:
        with np.load(file, allow_pickle=False) as archive:
            odd = sorted(set(archive.files) - names)
            if odd:
                raise InputError(f"{file}: no tensor named {', '.join(odd)}; there are: {', '.join(sorted(names))}")
            return {name: archive[name] for name in archive.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"{file}: not a readable .npz of numbers: {error}") from error


def _from_csv(file: Path, mapping: str | None, model: Model) -> dict[str, NDArray[Any]]:
    if mapping is None:
        raise InputError(f"{file}: say which columns make each tensor, such as x=age,weight;y=label")
    tensors = {t.name: t for t in model.program.inputs}
    table = _table(file)
    found = {}
    for item in filter(None, (part.strip() for part in mapping.split(";"))):
        name, equals, right = (part.strip() for part in item.partition("="))
        if not equals or name not in tensors:
            raise InputError(f"mapping {item!r}: expected one of {', '.join(tensors)}, then = and columns")
        columns = [column.strip() for column in right.split(",")]
        shape = tensors[name].shape
        if name in model.labels:
            shape = shape[:-1]
        if not shape:
            found[name] = np.asarray(_number(right, f"mapping {item!r}"))
            continue
        missing = [c for c in columns if c not in table]
        if missing:
            raise InputError(f"{file}: no column {', '.join(missing)}; there are: {', '.join(table)}")
        if len(shape) > 2 or (len(shape) == 1 and len(columns) > 1):
            raise InputError(f"{_named(tensors[name])} cannot be made of {len(columns)} columns")
        stacked = np.asarray(
            [[_number(cell, f"{file}, line {i}, column {c}") for i, cell in enumerate(table[c], 2)] for c in columns]
        ).T
        found[name] = stacked[:, 0] if len(shape) == 1 else stacked
    return found


def _table(file: Path) -> dict[str, list[str]]:
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            rows = list(csv.reader(stream))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{file}: not a readable table: {error}") from error
    if len(rows) < 2:
        raise InputError(f"{file}: expected a header line and rows")
    header = [name.strip() for name in rows[0]]
    if len(set(header)) < len(header):
        raise InputError(f"{file}: two columns have the same name")
    table: dict[str, list[str]] = {name: [] for name in header}
    for line, row in enumerate(rows[1:], 2):
        if len(row) != len(header):
            raise InputError(f"{file}, line {line}: expected {len(header)} values, found {len(row)}")
        for name, cell in zip(header, row, strict=True):
            table[name].append(cell)
    return table


def _number(text: str, where: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError(f"{where}: {text!r} is not a number") from None
