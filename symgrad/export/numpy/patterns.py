"""Formulas with a stable way to compute them: recognised in a term, and computed by a function of the module.

Each way is proved equal to the formula in ``calculus.stable``; here the formula is only found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from symgrad.kernel import terms as t
from symgrad.lang.words import softmax_letter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from symgrad.export.numpy.arrays import Array, Body


def match(body: Body, term: t.Term) -> Array | None:
    """The value of a term that has a stable form of its own, else None."""
    match term:
        case t.Plus((first, second)):
            return _difference(body, first, _negated(second)) or _difference(body, second, _negated(first))
        case t.Apply("log", (inner,)):
            return _logarithm(body, inner)
    return None


def _negated(term: t.Term) -> tuple[t.Term, ...]:
    """The factors of a term without its sign minus; none if it has no such sign."""
    match term:
        case t.Times((t.Number(value), *rest)) if value == -1:
            return tuple(rest)
    return ()


def softmax_of(factors: Sequence[t.Term]) -> tuple[t.Index, t.Term] | None:
    """The letter and the logits if two factors are a softmax, in either order."""
    if len(factors) == 2:
        for first, second in (factors, factors[::-1]):
            letter = softmax_letter(first, second)
            if letter is not None:
                return letter, t.children(first)[0]
    return None


def _difference(body: Body, first: t.Term, second: tuple[t.Term, ...]) -> Array | None:
    """A softmax or sigmoid minus labels, and the losses that they come from."""
    if not second:
        return None
    label = second[0]
    match first:
        case t.Times(factors) if len(second) == 1 and isinstance(label, t.Entry):
            found = softmax_of(factors)
            if found is not None and label.indices[-1:] == (found[0],):
                return _minus_labels(body, *found, label)
        case t.Apply("log", (t.Sum(size, t.Apply("exp", (_,)) as power),)) if len(second) == 1:
            return _cross_entropy(body, body.letter(size), power, label)
        case t.Apply("sigmoid", (z,)) if len(second) == 1 and isinstance(label, t.Entry):
            return _entrywise(body, "_sigmoid_minus", z, label)
        case t.Apply("softplus", (z,)) if len(second) == 2 and z in second:
            other = second[1] if second[0] == z else second[0]
            return _entrywise(body, "_logistic_loss", z, other) if isinstance(other, t.Entry) else None
    return None


def _entrywise(body: Body, function: str, *arguments: t.Term) -> Array:
    values = [body.value(a) for a in arguments]
    axes = body.union(values)
    return _array(body.call(function, *(body.spread(v, axes) for v in values)), axes)


def _array(code: str, axes: tuple[t.Index, ...]) -> Array:
    from symgrad.export.numpy.arrays import Array

    return Array(code, axes)


def _last(body: Body, term: t.Term, letter: t.Index) -> Array | None:
    """A value with the axis of ``letter`` last."""
    found = body.value(term)
    if letter not in found.axes:
        return None
    return body.ordered(found, (*(i for i in found.axes if i != letter), letter))


def _minus_labels(body: Body, letter: t.Index, logits: t.Term, label: t.Entry) -> Array | None:
    z = _last(body, logits, letter)
    own = tuple(i for i in label.indices if isinstance(i, t.Index))
    if z is None or z.axes != own:
        return None
    if label.tensor in body.labels:
        return _array(body.call("_softmax_minus_labels", z.code, body.names.of("tensor", label.tensor)), z.axes)
    y = body.value(label)
    return _array(body.call("_softmax_minus", z.code, y.code), z.axes)


def _cross_entropy(body: Body, letter: t.Index, power: t.Term, chosen: t.Term) -> Array | None:
    """The logarithm of a sum of exponentials minus the logit that a label chooses."""
    [logits] = t.children(t.opened(power, letter))
    if not isinstance(chosen, t.Sum) or chosen.size != letter.size:
        return None
    factors = t.children(t.opened(chosen.body, letter)) if isinstance(chosen.body, t.Times) else ()
    labels = [f for f in factors if isinstance(f, t.Entry) and f.tensor in body.labels and f != logits]
    z = _last(body, logits, letter)
    if len(factors) != 2 or logits not in factors or len(labels) != 1 or z is None or labels[0].indices != z.axes:
        return None
    code = body.call("_cross_entropy_labels", z.code, body.names.of("tensor", labels[0].tensor))
    return _array(code, z.axes[:-1])


def _logarithm(body: Body, inner: t.Term) -> Array | None:
    """The logarithm of a sum of exponentials, or of a softmax."""
    match inner:
        case t.Sum(size, t.Apply("exp", (_,)) as power):
            letter = body.letter(size)
            z = _last(body, t.children(t.opened(power, letter))[0], letter)
            return _array(body.call("_logsumexp", z.code), z.axes[:-1]) if z is not None else None
        case t.Times(factors):
            found = softmax_of(factors)
            if found is not None:
                z = _last(body, found[1], found[0])
                return _array(body.call("_log_softmax", z.code), z.axes) if z is not None else None
    return None


def grouped(body: Body, factors: Sequence[Array | t.Term]) -> list[Array | t.Term]:
    """The factors with every softmax among them computed as one."""
    left = list(factors)
    made: list[Array | t.Term] = []
    while left:
        first = left.pop(0)
        for second in left:
            both = isinstance(first, t.Term) and isinstance(second, t.Term)
            found = softmax_of((first, second)) if both else None  # type: ignore[arg-type]
            z = _last(body, found[1], found[0]) if found is not None else None
            if z is not None:
                left.remove(second)
                made.append(_array(body.call("_softmax", z.code), z.axes))
                break
        else:
            made.append(first)
    return made


def picked(body: Body, letters: Sequence[t.Index], factors: Sequence[t.Term]) -> Array | None:
    """The entry that a label chooses: the sum over the label's zeros and a one, without computing them."""
    if len(letters) != 1:
        return None
    [letter] = letters
    marks = [f for f in factors if isinstance(f, t.Entry) and f.tensor in body.labels and f.indices[-1:] == (letter,)]
    if len(marks) != 1 or letter in marks[0].indices[:-1] or len(factors) < 2:
        return None
    own = tuple(i for i in marks[0].indices[:-1] if isinstance(i, t.Index))
    rest = [f for f in factors if f is not marks[0]]
    found = body.product(rest)
    label = body.names.of("tensor", marks[0].tensor)
    if found.axes == (*own, letter):
        return _array(body.call("_picked", found.code, label), own)
    if letter in found.axes and not set(own) & set(found.axes):
        at = found.axes.index(letter)
        axes = (*found.axes[:at], *own, *found.axes[at + 1 :])
        code = (
            f"{found.code}[{label}]" if at == 0 and found.code.isidentifier() else f"{found.code}.take({label}, {at})"
        )
        return _array(code, axes)
    return None
