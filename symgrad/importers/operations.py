"""What each operation of TensorFlow means, as terms of the language; what is not in the table is refused."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from symgrad.errors import InputError
from symgrad.importers import shaping
from symgrad.importers.arrays import (
    BATCH,
    PROBES,
    Array,
    Known,
    Labels,
    call,
    inverse,
    mean,
    minus,
    negative,
    number,
    over,
    plus,
    power,
    times,
)
from symgrad.importers.graph import NOISE, Ref
from symgrad.importers.translate import Input
from symgrad.kernel.terms import MINUS, ONE, ZERO, Apply, Entry, Largest, Number, Plus, Size, Term, letters
from symgrad.lang.words import SHORTHAND, softmax
from symgrad.oracles.tensorflow import imported

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from symgrad.importers.arrays import Value
    from symgrad.importers.graph import Node
    from symgrad.importers.translate import Translation

    Meaning = Callable[[Translation, Node], Any]

MEANINGS: dict[str, Meaning] = {}
"""For every operation that can be read, the function that reads it."""


def meaning(*names: str) -> Callable[[Meaning], Meaning]:
    """Enter a function under the names of operations."""

    def enter(function: Meaning) -> Meaning:
        MEANINGS.update(dict.fromkeys(names, function))
        return function

    return enter


# Entry by entry


def _step(term: Term) -> Term:
    return call("step", term)


def _opposite(term: Term) -> Term:
    return minus(ONE, term)


def _leaky(slope: Fraction, f: Term) -> Term:
    """slope * f + (1 - slope) * relu(f): f where it is positive, else slope * f, with one kink."""
    return plus(times(Number(slope), f), times(Number(1 - slope), call("relu", f)))


def _selu(f: Term) -> Term:
    scale, alpha = Number(Fraction("1.0507009873554805")), Number(Fraction("1.6732632423543772"))
    return times(scale, _elu(f, alpha))


def _elu(f: Term, alpha: Term = ONE) -> Term:
    return (
        SHORTHAND["elu"][1](f, alpha)
        if alpha != ONE
        else plus(call("relu", f), plus(call("exp", minus(f, call("relu", f))), MINUS))
    )


def _larger(f: Term, g: Term) -> Term:
    return call("relu", f) if g == ZERO else call("relu", g) if f == ZERO else call("max", f, g)


UNARY: dict[str, Callable[[Term], Term]] = {
    "Neg": negative,
    "Square": lambda f: power(f, 2),
    "Sqrt": lambda f: power(f, Fraction(1, 2)),
    "Rsqrt": lambda f: power(f, Fraction(-1, 2)),
    "Reciprocal": inverse,
    "Inv": inverse,
    "Exp": partial(call, "exp"),
    "Expm1": lambda f: plus(call("exp", f), MINUS),
    "Log": partial(call, "log"),
    "Log1p": lambda f: call("log", plus(ONE, f)),
    "Sin": partial(call, "sin"),
    "Cos": partial(call, "cos"),
    "Tanh": partial(call, "tanh"),
    "Sigmoid": partial(call, "sigmoid"),
    "Softplus": partial(call, "softplus"),
    "Softsign": lambda f: times(f, inverse(plus(ONE, call("abs", f)))),
    "Erf": partial(call, "erf"),
    "Erfc": lambda f: _opposite(call("erf", f)),
    "Relu": partial(call, "relu"),
    "Relu6": lambda f: call("min", call("relu", f), Number(Fraction(6))),
    "Elu": _elu,
    "Selu": _selu,
    "Abs": partial(call, "abs"),
    "Sign": partial(call, "sign"),
    "LogicalNot": _opposite,
}
"""Functions of one number. Where one is repeated, its argument is given a name first."""

SMOOTH_ARITHMETIC = frozenset({"Neg", "LogicalNot"})

BINARY: dict[str, Callable[[Term, Term], Term]] = {
    "Add": plus,
    "AddV2": plus,
    "Sub": minus,
    "Mul": times,
    "RealDiv": lambda f, g: times(f, inverse(g)),
    "Div": lambda f, g: times(f, inverse(g)),
    "DivNoNan": lambda f, g: times(f, inverse(g)),  # 1/0 is 0 in the language too
    "SquaredDifference": lambda f, g: power(minus(f, g), 2),
    "Maximum": _larger,
    "Minimum": lambda f, g: call("min", f, g),
    "Greater": lambda f, g: _step(minus(f, g)),
    "Less": lambda f, g: _step(minus(g, f)),
    "GreaterEqual": lambda f, g: _opposite(_step(minus(g, f))),
    "LessEqual": lambda f, g: _opposite(_step(minus(f, g))),
    "Equal": lambda f, g: _opposite(power(call("sign", minus(f, g)), 2)),
    "NotEqual": lambda f, g: power(call("sign", minus(f, g)), 2),
    "LogicalAnd": times,
    "LogicalOr": lambda f, g: _opposite(times(_opposite(f), _opposite(g))),
    "Xlogy": lambda f, g: times(f, call("log", g)),
}
"""Functions of two numbers; a truth value is one or zero."""

ARITHMETIC = frozenset({"Add", "AddV2", "Sub", "Mul", "RealDiv", "Div", "DivNoNan", "LogicalAnd"})


@meaning(*UNARY)
def _unary(work: Translation, node: Node) -> Array:
    array = work.array(node.inputs[0])
    if node.type not in SMOOTH_ARITHMETIC:
        array = work.argument(array)
    return replace(array, term=UNARY[node.type](array.term), stem="h")


@meaning("LeakyRelu")
def _leaky_relu(work: Translation, node: Node) -> Array:
    array = work.argument(work.array(node.inputs[0]))
    return replace(array, term=_leaky(number(float(np.float32(node.attribute("alpha")))).value, array.term), stem="h")


@meaning(*BINARY)
def _binary(work: Translation, node: Node) -> Any:
    left, right = (work.value(ref) for ref in node.inputs)
    if isinstance(left, Labels):
        return _label_arithmetic(node.type, left, right)
    one, other = (work.array(ref) for ref in node.inputs)
    if node.type not in ARITHMETIC or node.type == "Sub":
        one, other = work.argument(one), work.argument(other)
    stem = "z" if node.type in {"Add", "AddV2"} and "z" in {one.stem, other.stem} else "u"
    made = work.broadcast(BINARY[node.type], one, other, stem=stem)
    return replace(made, term=_softplus(made.term))


def _label_arithmetic(kind: str, labels: Labels, other: Value) -> Labels:
    """The wrapping of negative labels, which does nothing to those from 0 on."""
    if isinstance(other, Known) and other.fixed and other.values[0].size == 1:
        count = int(other.values[0])
        if kind == "Less" and count == 0:
            return replace(labels, negative=True)
        if kind in {"Add", "AddV2"} and not labels.shifted:
            return replace(labels, shifted=count)
    raise InputError(f"the integer data {labels.source} are used as a number, expected them to choose a class")


@meaning("BiasAdd")
def _bias_add(work: Translation, node: Node) -> Array:
    one, other = (work.array(ref) for ref in node.inputs)
    if node.attribute("data_format") == b"NCHW" and len(one.axes) > 2:
        raise InputError("its data format NCHW is not read, expected channels last")
    return work.broadcast(plus, one, other, stem="z")


@meaning("AddN")
def _add_all(work: Translation, node: Node) -> Array:
    return work.broadcast(plus, *(work.array(ref) for ref in node.inputs))


@meaning("Pow")
def _power(work: Translation, node: Node) -> Array:
    base, exponent = (work.array(ref) for ref in node.inputs)
    if not isinstance(exponent.term, Number):
        raise InputError("an exponent that is no constant is not read, expected tf.exp(y * tf.math.log(x))")
    value = exponent.term.value
    if abs(value) > 16 or value.denominator > 64:
        raise InputError(f"the exponent {value} is not read, expected a plain fraction of at most 16")
    return work.broadcast(lambda f, _: power(f, value) if value else ONE, work.argument(base), exponent, stem="h")


@meaning("ClipByValue")
def _clip(work: Translation, node: Node) -> Array:
    array, low, high = (work.array(ref) for ref in node.inputs)
    return work.broadcast(lambda f, a, b: call("min", _larger(f, a), b), work.argument(array), low, high, stem="h")


@meaning("Select", "SelectV2")
def _select(work: Translation, node: Node) -> Any:
    values = [work.value(ref) for ref in node.inputs]
    where, left, right = values
    if isinstance(where, Labels):
        wraps = where.negative and isinstance(left, Labels) and left.shifted and replace(left, shifted=0) == right
        if wraps and right == replace(where, negative=False):
            work.note(f"the labels {where.source} are taken to be 0 or more")
            return right
        raise InputError("a choice by integer data is not read")
    simple = _sign_choice(work, node)
    if simple is not None:
        return simple
    condition, one, other = (work.array(ref) for ref in node.inputs)
    if node.type == "Select" and len(condition.axes) == 1 and len(one.axes) > 1:
        condition = replace(condition, axes=(*condition.axes, *[()] * (len(one.axes) - 1)))
    condition = work.named(condition) if ZERO not in {one.term, other.term} and condition.letters else condition
    return work.broadcast(_either, condition, one, other)


def _sign_choice(work: Translation, node: Node) -> Array | None:
    """A choice by the sign of a number between it, its negative and zero: relu and absolute value, as exact."""
    condition, one, other = (work.graph.nodes[ref.node] for ref in node.inputs)
    if condition.type not in {"Greater", "GreaterEqual"} or work.array(condition.inputs[1]).term != ZERO:
        return None
    base, zero = condition.inputs
    left, right = node.inputs[1:]
    array = work.argument(work.array(base))
    arrays = (array, work.array(zero), work.array(right))
    if left == base and work.array(right).term == ZERO:
        return work.broadcast(lambda f, *_: call("relu", f), *arrays, stem="h")
    if (one.type, one.inputs) == ("Neg", (base,)) and right == base:
        return work.broadcast(lambda f, *_: negative(call("abs", f)), *arrays, stem="h")
    if (other.type, other.inputs) == ("Neg", (base,)) and left == base:
        return work.broadcast(lambda f, *_: call("abs", f), *arrays, stem="h")
    return None


def _softplus(term: Term) -> Term:
    """relu(f) + log(1 + exp(-abs(f))), which is computed lest exp overflows, as what it is: softplus(f)."""
    parts = term.terms if isinstance(term, Plus) else ()
    for part in parts:
        if isinstance(part, Apply) and part.function == "relu":
            (f,) = part.arguments
            tail = call("log", plus(ONE, call("exp", negative(call("abs", f)))))
            if tail in parts:
                rest = [t for t in parts if t not in {part, tail}]
                return plus(call("softplus", f), *rest)
    return term


def _either(where: Term, one: Term, other: Term) -> Term:
    return plus(times(where, one), times(_opposite(where), other) if other != ZERO else ZERO)


@meaning("Cast")
def _cast(work: Translation, node: Node) -> Any:
    value = work.value(node.inputs[0])
    target = node.attribute("DstT")
    if isinstance(value, Labels) and not target.is_integer:
        return _as_number(work, node, value)
    if isinstance(value, Known) and not value.fixed and target.is_floating:
        try:
            ((count, batches),) = value.lengths()
        except ValueError as error:
            raise InputError(f"a size cannot be read: {error}") from None
        return Array(times(Number(Fraction(count)), *[Size(BATCH)] * batches), tuple(() for _ in value.values[0].shape))
    if node.inputs[0] in work.numbers and target.is_integer:
        return work.numbers[node.inputs[0]]
    if isinstance(value, Array) and (target.is_integer or target.is_bool):
        raise InputError("a real number is rounded to an integer or a truth value")
    return value


def _as_number(work: Translation, node: Node, labels: Labels) -> Array:
    """Integer data as numbers: other data than what they choose as labels."""
    work.numbers[Ref(node.name)] = labels
    name = next((n for n, i in work.inputs.items() if i.source == labels.source and not i.indicator), None)
    if name is None:
        shape = tuple(node.operation.outputs[0].shape.as_list())
        made = Input("data", labels.source, (), labels.source, feeds=[Ref(node.name)], lengths=shape)
        return work.input(made, labels.axes)
    work.inputs[name].feeds.append(Ref(node.name))
    return Array(Entry(name, tuple(i for axis in labels.axes for i in axis)), labels.axes)


@meaning("Identity", "Snapshot", "EnsureShape", "CheckNumerics")
def _identity(work: Translation, node: Node) -> Value:
    return work.value(node.inputs[0])


@meaning("IdentityN")
def _identities(work: Translation, node: Node) -> tuple[Value, ...]:
    return tuple(work.value(ref) for ref in node.inputs)


@meaning("IsFinite")
def _always(work: Translation, node: Node) -> Array:
    return replace(work.array(node.inputs[0]), term=ONE)


@meaning("ZerosLike", "OnesLike")
def _alike(work: Translation, node: Node) -> Array:
    return replace(work.array(node.inputs[0]), term=ONE if node.type == "OnesLike" else ZERO)


@meaning("StopGradient")
def _stop_gradient(work: Translation, node: Node) -> Array:
    array = work.array(node.inputs[0])
    if not work.depends(array.term):
        return array
    if node.made_by("math_ops.py", "reduce_logsumexp"):  # log(sum(exp(x - c))) + c: whatever c is, the same
        return replace(array, term=ZERO)
    if _central(work, node):
        return array
    source = f"the value of tf.stop_gradient at {node.place}"
    work.note(f"held fixed, as data: {source}")
    return work.held(array, node, "held", source)


def _central(work: Translation, node: Node) -> bool:
    """Whether the mean is held in mean((x - held mean of x)^2) alone: there the derivative by it is zero anyway."""
    average = work.graph.nodes[node.inputs[0].node]
    axes = _axes_of(work, average) if average.type == "Mean" else None
    if axes is None or not average.attribute("keep_dims"):
        return False
    source = average.inputs[0]
    for reader in work.graph.readers(Ref(node.name)):
        if reader.type in {"Shape", "Squeeze"}:
            continue
        others = [ref for ref in reader.inputs if ref != Ref(node.name)]
        means = work.graph.readers(Ref(reader.name))
        good = reader.type == "SquaredDifference" and others == [source]
        if not good or any(m.type != "Mean" or _axes_of(work, m) != axes for m in means):
            return False
    return True


def _axes_of(work: Translation, node: Node) -> list[int] | None:
    """The constant axes of a reduction, perhaps one that is not read yet, as they are written."""
    axes = work.graph.nodes[node.inputs[1].node]
    return (
        sorted(imported().make_ndarray(axes.attribute("value")).reshape(-1).tolist()) if axes.type == "Const" else None
    )


# Contractions


@meaning("MatMul")
def _matmul(work: Translation, node: Node) -> Array:
    left = "ji" if node.attribute("transpose_a") else "ij"
    right = "kj" if node.attribute("transpose_b") else "jk"
    return work.contracted([work.array(ref) for ref in node.inputs], [left, right], "ik")


@meaning("BatchMatMulV2", "BatchMatMul", "BatchMatMulV3")
def _batch_matmul(work: Translation, node: Node) -> Array:
    arrays = [work.array(ref) for ref in node.inputs]
    rank = max(len(array.axes) for array in arrays) - 2
    marks = [[f"b{k}" for k in range(rank - len(array.axes) + 2, rank)] for array in arrays]
    left = ["j", "i"] if node.attribute("adj_x") else ["i", "j"]
    right = ["k", "j"] if node.attribute("adj_y") else ["j", "k"]
    kept = [*(f"b{k}" for k in range(rank)), "i", "k"]
    return work.contracted(arrays, [[*marks[0], *left], [*marks[1], *right]], kept)


@meaning("Einsum")
def _einsum(work: Translation, node: Node) -> Array:
    equation = node.attribute("equation").decode().replace(" ", "")
    given, arrow, kept = equation.partition("->")
    marks = given.split(",")
    if not arrow or "." in equation or any(len(set(m)) != len(m) for m in (*marks, kept)):
        raise InputError(f"the equation {equation} is not read, expected one letter for each axis, none repeated")
    return work.contracted([work.array(ref) for ref in node.inputs], marks, kept)


# Reductions


@meaning("Sum", "Mean", "Max", "Min")
def _reduce(work: Translation, node: Node) -> Array:
    array = work.array(node.inputs[0])
    rank = len(array.axes)
    gone = set(shaping.positions(work.value(node.inputs[1]), rank))
    array = work.sizes.array(work.sizes.fresh(array))
    summed = [letter for k in gone for letter in array.axes[k]]
    keep = node.attribute("keep_dims")
    axes = tuple(() if k in gone else axis for k, axis in enumerate(array.axes) if keep or k not in gone)
    return Array(_reduction(node.type, summed, array.term), axes, {"Mean": "m", "Sum": "s"}.get(node.type, "t"))


def _reduction(kind: str, summed: Sequence[Any], term: Term) -> Term:
    if kind == "Max":
        return over([i for i in summed if i in letters(term)], term, Largest)
    if kind == "Min":
        return negative(over([i for i in summed if i in letters(term)], negative(term), Largest))
    present = [i for i in summed if i in letters(term)]
    if kind == "Mean":
        return mean(present, term)
    return times(*(Size(i.size) for i in summed if i not in present), over(present, term))


# Classification


def _softmax(work: Translation, array: Array) -> tuple[Array, Term]:
    """The argument, by name, and its softmax over the last axis."""
    array = work.sizes.array(work.named(array))
    axis = array.axes[-1]
    if not axis or not any(i in letters(array.term) for i in axis):
        raise InputError("a softmax over a single class, or over equal numbers, is a constant")
    if len(axis) == 1:
        return array, softmax(axis[0], array.term)
    exponential = call("exp", array.term)
    return array, times(exponential, inverse(over(axis, exponential)))


@meaning("Softmax", "LogSoftmax")
def _softmaxes(work: Translation, node: Node) -> Array:
    array, made = _softmax(work, work.array(node.inputs[0]))
    return replace(array, term=made if node.type == "Softmax" else call("log", made), stem="p")


@meaning("SoftmaxCrossEntropyWithLogits")
def _cross_entropy(work: Translation, node: Node) -> tuple[Array, ...]:
    logits, labels = (work.array(ref) for ref in node.inputs)
    logits, made = _softmax(work, logits)
    both = work.broadcast(times, replace(logits, term=call("log", made)), labels)
    total = work.sizes.array(work.sizes.fresh(labels))
    total = replace(total, term=over(total.axes[-1], total.term))
    work.note(
        "the gradient of tf.nn.softmax_cross_entropy_with_logits is softmax minus label, "
        "the derivative of its value only where the labels sum to one"
    )
    if work.normalised:
        work.sums.append(total.term)
    return (Array(negative(over(both.axes[-1], both.term)), both.axes[:-1], "l"),)


@meaning("SparseSoftmaxCrossEntropyWithLogits")
def _sparse_cross_entropy(work: Translation, node: Node) -> tuple[Array, ...]:
    labels = work.value(node.inputs[1])
    if not isinstance(labels, Labels):
        raise InputError("its labels are computed, expected an integer argument of the function")
    logits, made = _softmax(work, work.array(node.inputs[0]))
    (letter,) = logits.axes[-1]
    entry, k = work.indicator(labels, letter.size)
    chosen = Array(entry, (*labels.axes, (k,)))
    both = work.broadcast(times, chosen, replace(logits, term=call("log", made)))
    return (Array(negative(over(both.axes[-1], both.term)), both.axes[:-1], "l"),)


@meaning("OneHot")
def _one_hot(work: Translation, node: Node) -> Array:
    labels = work.value(node.inputs[0])
    depth = int(shaping.known(work.value(node.inputs[1]), "the number of classes"))
    on, off = (work.array(ref).term for ref in node.inputs[2:])
    if not isinstance(labels, Labels) or depth < 2:
        raise InputError("its labels are computed, expected an integer argument of the function")
    entry, k = work.indicator(labels, work.sizes.new(depth))
    term = entry if (on, off) == (ONE, ZERO) else plus(times(minus(on, off), entry), off)
    axes = list(labels.axes)
    at = node.attribute("axis")
    axes.insert(at if at >= 0 else len(axes), (k,))
    return Array(term, tuple(axes))


@meaning("L2Loss")
def _half_square(work: Translation, node: Node) -> Array:
    array = work.array(node.inputs[0])
    return Array(times(Number(Fraction(1, 2)), over(array.letters, power(array.term, 2))), (), "s")


@meaning("GatherV2", "ResourceGather")
def _gather(work: Translation, node: Node) -> Array:
    table = work.array(node.inputs[0])
    rows = work.value(node.inputs[1])
    at = shaping.positions(work.value(node.inputs[2]), len(table.axes))[0] if len(node.inputs) > 2 else 0
    if node.attribute("batch_dims"):
        raise InputError("batch_dims is not read, expected a one-hot label and a sum")
    if isinstance(rows, Known) and rows.fixed and rows.values[0].ndim <= 1:
        places = rows.values[0].reshape(-1).tolist()
        return shaping.chosen(work, table, at, places, keep=rows.values[0].ndim == 1)
    if not isinstance(rows, Labels):
        raise InputError("its indices are computed, expected an integer argument of the function")
    table = work.sizes.array(work.operand(table))
    if len(table.axes[at]) != 1:
        raise InputError("it chooses along a flattened axis")
    (letter,) = table.axes[at]
    entry, k = work.indicator(rows, letter.size)
    marks = [f"t{i}" for i in range(len(table.axes))]
    label_marks = [f"y{i}" for i in range(len(rows.axes))]
    kept = [*marks[:at], *label_marks, *marks[at + 1 :]]
    chosen = Array(entry, (*rows.axes, (k,)))
    return replace(work.contracted([table, chosen], [marks, [*label_marks, marks[at]]], kept), stem="e")


# Axes


@meaning("Reshape")
def _reshape(work: Translation, node: Node) -> Value:
    return shaping.reshaped(work, _movable(work, node), work.value(node.inputs[1]))


@meaning("ExpandDims")
def _expand(work: Translation, node: Node) -> Value:
    at = int(shaping.known(work.value(node.inputs[1]), "the axis"))
    return shaping.expanded(_movable(work, node), at)  # type: ignore[no-any-return]


@meaning("Squeeze")
def _squeeze(work: Translation, node: Node) -> Value:
    return shaping.squeezed(_movable(work, node), node.attribute("squeeze_dims"))  # type: ignore[no-any-return]


@meaning("Transpose")
def _transpose(work: Translation, node: Node) -> Value:
    array = _movable(work, node)
    return shaping.transposed(array, shaping.positions(work.value(node.inputs[1]), len(array.axes)))  # type: ignore[no-any-return]


def _movable(work: Translation, node: Node) -> Array | Labels:
    value = work.value(node.inputs[0])
    return value if isinstance(value, Labels) else work.array(node.inputs[0])


@meaning("ConcatV2")
def _concat(work: Translation, node: Node) -> Array:
    arrays = [work.array(ref) for ref in node.inputs[:-1]]
    at = shaping.positions(work.value(node.inputs[-1]), len(arrays[0].axes))[0]
    return shaping.joined(work, arrays, at)


@meaning("Pack")
def _pack(work: Translation, node: Node) -> Array:
    arrays = [work.array(ref) for ref in node.inputs]
    return shaping.stacked(work, arrays, node.attribute("axis") % (len(arrays[0].axes) + 1))


@meaning("StridedSlice")
def _strided_slice(work: Translation, node: Node) -> Value:
    array = _movable(work, node)
    begin, end, strides = (work.value(ref) for ref in node.inputs[1:])
    marks = shaping.bounds(begin, end, strides, node, array.axes)
    return shaping.sliced(work, array, marks)  # type: ignore[no-any-return]


@meaning("Slice")
def _slice(work: Translation, node: Node) -> Value:
    array = _movable(work, node)
    begin, count = (shaping.known(work.value(ref), "a bound of the slice").tolist() for ref in node.inputs[1:])
    marks = [slice(b, None if c < 0 else b + c) for b, c in zip(begin, count, strict=True)]
    return shaping.sliced(work, array, marks)  # type: ignore[no-any-return]


@meaning("Split", "SplitV")
def _split(work: Translation, node: Node) -> tuple[Array, ...]:
    if node.type == "Split":
        array, count = work.array(node.inputs[1]), node.attribute("num_split")
        at = shaping.positions(work.value(node.inputs[0]), len(array.axes))[0]
        whole = shaping.length(work, array.axes[at])
        counts = [whole // count] * count
    else:
        array = work.array(node.inputs[0])
        at = shaping.positions(work.value(node.inputs[2]), len(array.axes))[0]
        whole = shaping.length(work, array.axes[at])
        counts = shaping.known(work.value(node.inputs[1]), "the lengths").tolist()
        counts = [c if c >= 0 else whole - sum(k for k in counts if k >= 0) for c in counts]
    array = work.operand(array)
    starts = np.cumsum([0, *counts]).tolist()
    spans = pairwise(starts)
    return tuple(shaping.chosen(work, array, at, range(a, b), keep=True) for a, b in spans)


@meaning("Unpack")
def _unpack(work: Translation, node: Node) -> tuple[Array, ...]:
    array = work.operand(work.array(node.inputs[0]))
    at = node.attribute("axis") % len(array.axes)
    whole = shaping.length(work, array.axes[at])
    return tuple(shaping.chosen(work, array, at, [k], keep=False) for k in range(whole))


@meaning("BroadcastTo", "Fill")
def _broadcast_to(work: Translation, node: Node) -> Array:
    source, shape = (node.inputs[0], node.inputs[1])
    if node.type == "Fill":
        source, shape = shape, source
    target = Array(ZERO, shape_axes(work, work.value(shape)))
    return work.broadcast(lambda f, _: f, work.array(source), target)


def shape_axes(work: Translation, shape: Any) -> tuple[Any, ...]:
    """New axes of a computed shape."""
    try:
        lengths = shape.lengths()
    except ValueError as error:
        raise InputError(f"a shape cannot be read: {error}") from None
    if any((p and c != 1) or p > 1 for c, p in lengths):
        raise InputError("a shape holds a multiple of the batch size")
    return tuple(work.sizes.axis(None if p else c) for c, p in lengths)


# Noise


@meaning(*NOISE)
def _noise(work: Translation, node: Node) -> Array:
    axes = shape_axes(work, work.value(node.inputs[0]))
    work.note(f"noise held fixed, as data: {node.type} at {node.place}")
    return work.held(Array(ZERO, axes), node, "eps", f"the noise of {node.type}")


# Sizes


@meaning("Shape", "Rank", "Size")
def _shape(work: Translation, node: Node) -> Known:
    array: Any = work.value(node.inputs[0])
    measures = [work.sizes.measure(axis) for axis in array.axes]
    if node.type == "Rank":
        return Known(tuple(np.array(len(measures), np.int32) for _ in PROBES))
    vectors = [np.array([c * n**p for c, p in measures], np.int64) for n in PROBES]
    whole = node.type == "Size"
    return Known(
        tuple(np.asarray(v.prod() if whole else v, node.attribute("out_type").as_numpy_dtype) for v in vectors)
    )
