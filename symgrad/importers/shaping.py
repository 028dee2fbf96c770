"""Operations that move axes about: reshaping, transposing, slicing, joining."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from symgrad.errors import InputError
from symgrad.importers.arrays import Array, Axis, Known, Labels, plus, relettered, times
from symgrad.kernel.terms import letters, renamed, sigma

if TYPE_CHECKING:
    from collections.abc import Sequence

    from symgrad.importers.translate import Translation


def known(value: Any, what: str) -> Any:
    """A constant that an operation takes beside its tensors.

    Raises:
        InputError: if it depends on the batch size or on data.
    """
    if not isinstance(value, Known) or not value.fixed:
        raise InputError(f"{what} is not a constant")
    return value.values[0]


def positions(value: Any, rank: int) -> list[int]:
    """Axes, counted from the front."""
    return [int(k) % rank if rank else 0 for k in known(value, "the axis").reshape(-1)]


def reshaped(work: Translation, array: Array | Labels, shape: Any) -> Array | Labels:
    """Axes inserted, dropped, flattened, or taken apart again."""
    if not isinstance(shape, Known):
        raise InputError("the new shape is computed from data")
    try:
        wanted = list(shape.lengths())
    except ValueError as error:
        raise InputError(f"the new shape cannot be read: {error}") from None
    total = work.sizes.measure([i for axis in array.axes for i in axis])
    if (-1, 0) in wanted:
        at = wanted.index((-1, 0))
        rest = [w for k, w in enumerate(wanted) if k != at]
        count, batches = prod(c for c, _ in rest), sum(p for _, p in rest)
        wanted[at] = (total[0] // count if count else 0, total[1] - batches)
    if (prod(c for c, _ in wanted), sum(p for _, p in wanted)) != total:
        raise InputError("the new shape does not hold as many entries as the old one at every batch size")
    left = [p for axis in array.axes for i in axis for p in work.sizes.parts(i)]
    axes: list[Axis] = []
    for count, batches in wanted:
        taken: list[Any] = []
        while work.sizes.measure(taken) != (count, batches):
            if not left:
                raise InputError("the dimensions are rearranged, expected them flattened or taken apart in order")
            letter = left.pop(0)
            length = work.sizes.length(letter)
            if length is None:
                taken.append(letter)
                continue
            need = count // work.sizes.measure(taken)[0]
            if need and length > need and length % need == 0 and need > 1:
                work.sizes.split(letter, (need, length // need))
                left[:0] = work.sizes.parts(letter)
            elif need and need % length == 0:
                taken.append(letter)
            else:
                raise InputError("the dimensions are rearranged, expected them flattened or taken apart in order")
        axes.append(tuple(taken))
    if isinstance(array, Labels):
        return replace(array, axes=tuple(axes))
    return replace(array, term=work.sizes.expanded(array.term), axes=tuple(axes))


def expanded(array: Any, at: int) -> Any:
    """With a new axis of length one."""
    axes = list(array.axes)
    axes.insert(at % (len(axes) + 1), ())
    return replace(array, axes=tuple(axes))


def squeezed(array: Any, dropped: Sequence[int]) -> Any:
    """Without axes of length one: those given, or all."""
    rank = len(array.axes)
    gone = {k % rank for k in dropped} if dropped else {k for k, axis in enumerate(array.axes) if not axis}
    if any(array.axes[k] for k in gone):
        raise InputError("a dimension that is not of length one is dropped")
    return replace(array, axes=tuple(axis for k, axis in enumerate(array.axes) if k not in gone))


def transposed(array: Any, order: Sequence[int]) -> Any:
    """With its axes in another order."""
    return replace(array, axes=tuple(array.axes[k] for k in order))


def length(work: Translation, axis: Axis) -> int:
    """The length of an axis that does not run over the batch."""
    count, batches = work.sizes.measure(axis)
    if batches:
        raise InputError("a part of the batch is taken, expected every sample to be treated alike")
    return count


def chosen(work: Translation, array: Array, at: int, rows: Sequence[int], *, keep: bool) -> Array:
    """The entries at these places of one axis, by a selection matrix; one place alone may lose the axis."""
    axis = array.axes[at]
    whole = length(work, axis)
    if list(rows) == list(range(whole)) and keep:
        return array
    if not axis:  # every entry of an axis of length one is the same
        made = work.sizes.axis(len(rows)) if keep else None
        axes = [*array.axes[:at], *([made] if made is not None else []), *array.axes[at + 1 :]]
        return replace(array, axes=tuple(axes))
    array = work.operand(array)
    array = work.sizes.fresh(array)
    axis = array.axes[at]
    if not any(i in letters(array.term) for i in axis):
        made = work.sizes.axis(len(rows)) if keep else None
        axes = [*array.axes[:at], *([made] if made is not None else []), *array.axes[at + 1 :]]
        return replace(array, axes=tuple(axes))
    matrix = np.zeros((whole, len(rows)))
    matrix[list(rows), range(len(rows))] = 1
    new = work.sizes.axis(len(rows))
    column = work.sizes.axis(whole)
    picked = work.selection(matrix if new else matrix[:, 0], (column, new) if new else (column,))
    names = work.sizes.align(axis, column)
    array = work.sizes.array(array)
    axis = array.axes[at]
    body = times(renamed(work.sizes.expanded(picked), names), array.term)
    for letter in reversed(axis):
        body = sigma(letter, body)
    axes = [*array.axes[:at], *([new] if keep else []), *array.axes[at + 1 :]]
    return Array(body, tuple(axes), "u")


def joined(work: Translation, arrays: Sequence[Array], at: int) -> Array:
    """Several tensors one after the other along an axis: each is sent to its places by a selection matrix."""
    lengths = [length(work, array.axes[at]) for array in arrays]
    new = work.sizes.axis(sum(lengths))
    parts, start = [], 0
    for array, count in zip(arrays, lengths, strict=True):
        made = work.sizes.fresh(work.operand(array))
        matrix = np.zeros((count, sum(lengths)))
        matrix[range(count), range(start, start + count)] = 1
        start += count
        column = work.sizes.axis(count)
        place = (work.sizes.letter(new[0].size),)
        picked = work.selection(matrix if column else matrix[0], (column, place) if column else (place,))
        if made.axes[at]:
            names = work.sizes.align(made.axes[at], column)
            made = work.sizes.array(made)
            picked = renamed(work.sizes.expanded(picked), names)
        body = times(picked, made.term)
        for letter in reversed(made.axes[at]):
            body = sigma(letter, body)
        parts.append(Array(body, (*made.axes[:at], place, *made.axes[at + 1 :])))
    return work.broadcast(plus, *parts)


def stacked(work: Translation, arrays: Sequence[Array], at: int) -> Array:
    """Several tensors along a new axis."""
    return joined(work, [expanded(array, at) for array in arrays], at)


def bounds(begin: Any, end: Any, strides: Any, node: Any, axes: Sequence[Axis]) -> list[Any]:
    """What a strided slice takes of each axis: a slice, an integer, or ``None`` for a new axis."""
    begin, end, strides = (known(v, "a bound of the slice").reshape(-1).tolist() for v in (begin, end, strides))
    masks = {m: node.attribute(f"{m}_mask") for m in ("begin", "end", "ellipsis", "new_axis", "shrink_axis")}
    marks: list[Any] = []
    for k in range(len(begin)):
        bit = 1 << k
        if masks["ellipsis"] & bit:
            marks.append(...)
        elif masks["new_axis"] & bit:
            marks.append(None)
        elif masks["shrink_axis"] & bit:
            marks.append(begin[k])
        else:
            first = None if masks["begin"] & bit else begin[k]
            last = None if masks["end"] & bit else end[k]
            marks.append(slice(first, last, strides[k]))
    used = sum(1 for mark in marks if mark is not None and mark is not ...)
    fill = [slice(None)] * (len(axes) - used)
    if ... in marks:
        at = marks.index(...)
        return [*marks[:at], *fill, *marks[at + 1 :]]
    return [*marks, *fill]


def sliced(work: Translation, array: Any, marks: Sequence[Any]) -> Any:
    """What a slice takes, axis by axis."""
    at = 0
    for mark in marks:
        if mark is None:
            array = expanded(array, at)
            at += 1
        elif mark == slice(None) or (isinstance(mark, slice) and _everything(mark)):
            at += 1
        elif isinstance(array, Labels):
            raise InputError("a part of integer data is taken, expected all of it")
        elif isinstance(mark, slice):
            rows = range(length(work, array.axes[at]))[mark]
            array = chosen(work, array, at, rows, keep=True)
            at += 1
        else:
            array = chosen(work, array, at, [range(length(work, array.axes[at]))[mark]], keep=False)
    return array


def _everything(mark: slice) -> bool:
    return mark.start in {None, 0} and mark.stop is None and mark.step in {None, 1}


def renewed(work: Translation, array: Array) -> Array:
    """With letters of its own."""
    return relettered(array, {letter: work.sizes.letter(letter.size) for letter in array.letters})
