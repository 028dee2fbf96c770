"""Formulas with a stable way to compute them: found in a term, and computed by a function of the module.

Which of them may be computed so is decided by ``calculus.stable``, where each is proved equal to its formula.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from symgrad.kernel import terms as t
from symgrad.lang.words import softmax_letter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from symgrad.export.numpy.arrays import Array, Body


@dataclass(frozen=True)
class Form:
    """A formula that has a stable form.

    Attributes:
        kind: which one.
        argument: what it is about: the logit, or the logits at ``letter``.
        letter: the letter of the classes, where there are several.
        label: the label, or the target.
    """

    kind: str
    argument: t.Term
    letter: t.Index | None = None
    label: t.Term | None = None


def form_of(term: t.Term) -> Form | None:
    """The form that a term has, if it has one."""
    match term:
        case t.Plus((first, second)):
            return _difference(first, _negated(second)) or _difference(second, _negated(first))
        case t.Times((_, _)):
            return softmax_of(*term.factors)
        case t.Apply("log", (t.Sum(size, t.Apply("exp", (inner,))),)):
            letter = _fresh(size, term)
            return Form("logsumexp", t.opened(inner, letter), letter)
        case t.Apply("log", (t.Times((first, second)),)):
            found = softmax_of(first, second)
            return Form("log_softmax", found.argument, found.letter) if found is not None else None
        case t.Apply("sigmoid" | "softplus" as function, (z,)):
            return Form(function, z)
    return None


def softmax_of(first: t.Term, second: t.Term) -> Form | None:
    """The softmax that two factors are, in either order."""
    for above, below in ((first, second), (second, first)):
        letter = softmax_letter(above, below)
        if letter is not None:
            return Form("softmax", t.children(above)[0], letter)
    return None


def _fresh(size: str, term: t.Term) -> t.Index:
    """A letter that no term of a model has, and no other sum here."""
    depth = 1 + max((len(i.name) for i in t.letters(term)), default=0)
    return t.Index("'" * depth, size)


def _negated(term: t.Term) -> tuple[t.Term, ...]:
    """The factors of a term without its sign minus; none if it has no such sign."""
    match term:
        case t.Times((t.Number(value), *rest)) if value == -1:
            return tuple(rest)
    return ()


def _difference(first: t.Term, second: tuple[t.Term, ...]) -> Form | None:
    """A softmax or sigmoid minus labels, and the losses that they come from."""
    match first, second:
        case t.Times((above, below)), (t.Entry() as label,):
            found = softmax_of(above, below)
            if found is not None and label.indices[-1:] == (found.letter,):
                return Form("softmax_minus", found.argument, found.letter, label)
        case t.Apply("log", (t.Sum(size, t.Apply("exp", (inner,))),)), (t.Sum() as chosen,) if chosen.size == size:
            letter = _fresh(size, t.Plus((first, chosen)))
            logits, product = t.opened(inner, letter), t.opened(chosen.body, letter)
            if isinstance(product, t.Times) and len(product.factors) == 2 and logits in product.factors:
                other = product.factors[product.factors[0] == logits]
                return Form("cross_entropy", logits, letter, other) if isinstance(other, t.Entry) else None
        case t.Apply("sigmoid", (z,)), (t.Entry() as label,):
            return Form("sigmoid_minus", z, None, label)
        case t.Apply("softplus", (z,)), (one, other) if z in (one, other):
            target = other if one == z else one
            return Form("logistic_loss", z, None, target) if isinstance(target, t.Entry) else None
    return None


def key_of(term: t.Term) -> t.Term:
    """The term with letters in the order they occur, and the parts of a softmax in order: how forms are remembered."""
    if isinstance(term, t.Times) and softmax_of(*term.factors) is not None:
        term = t.Times(tuple(sorted(term.factors, key=lambda f: isinstance(f, t.Power))))
    return t.renamed(term, {i: t.Index(f"_{k}", i.size) for k, i in enumerate(t.letters(term))})


def match(body: Body, term: t.Term) -> Array | None:
    """The value of a term by its stable form, if it has one that was proved; else None."""
    form = form_of(term)
    if form is None or key_of(term) not in body.stable:
        return None
    match form:
        case Form("softmax" | "log_softmax" | "logsumexp" as kind, _, letter) if letter is not None:
            z = _last(body, form)
            axes = z.axes[:-1] if z is not None and kind == "logsumexp" else z.axes if z is not None else ()
            return _array(body.call(f"_{kind}", z.code), axes) if z is not None else None
        case Form("softmax_minus" | "cross_entropy", _, _, t.Entry() as label):
            return _with_labels(body, form, label)
        case Form("sigmoid" | "softplus" as kind, argument):
            found = body.value(argument)
            return _array(body.call(f"_{kind}", found.code), found.axes)
        case Form(kind, argument, None, t.Entry() as label) if label.tensor not in body.labels:
            values = [body.value(argument), body.value(label)]
            axes = body.union(values)
            return _array(body.call(f"_{kind}", *(body.spread(v, axes) for v in values)), axes)
    return None


def _array(code: str, axes: tuple[t.Index, ...]) -> Array:
    from symgrad.export.numpy.arrays import Array

    return Array(code, axes)


def _last(body: Body, form: Form) -> Array | None:
    """The logits with the axis of the classes last."""
    found = body.value(form.argument)
    if form.letter is None or form.letter not in found.axes:
        return None
    return body.ordered(found, (*(i for i in found.axes if i != form.letter), form.letter))


def _with_labels(body: Body, form: Form, label: t.Entry) -> Array | None:
    z = _last(body, form)
    if z is None or z.axes != label.indices:
        return None
    name = body.names.of("tensor", label.tensor)
    if form.kind == "cross_entropy":
        known = label.tensor in body.labels
        return _array(body.call("_cross_entropy_labels", z.code, name), z.axes[:-1]) if known else None
    if label.tensor in body.labels:
        return _array(body.call("_softmax_minus_labels", z.code, name), z.axes)
    return _array(body.call("_softmax_minus", z.code, body.value(label).code), z.axes)


def grouped(body: Body, factors: Sequence[Array | t.Term]) -> list[Array | t.Term]:
    """The factors with every softmax among them computed as one."""
    left = list(factors)
    made: list[Array | t.Term] = []
    while left:
        first = left.pop(0)
        for second in left:
            both = isinstance(first, t.Term) and isinstance(second, t.Term)
            found = match(body, t.Times((first, second))) if both else None  # type: ignore[arg-type]
            if found is not None:
                left.remove(second)
                made.append(found)
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
        return body.taken(found, label, at, axes)
    return None
