"""A function that TensorFlow can trace, as a model."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from symgrad.errors import InputError
from symgrad.importers import replay
from symgrad.importers.arrays import BATCH, PROBES, Array, Known, Labels, Value, over
from symgrad.importers.folding import folded
from symgrad.importers.graph import NOISE, Node, Ref, flattened
from symgrad.importers.naming import Names, written
from symgrad.importers.objective import split
from symgrad.importers.operations import MEANINGS
from symgrad.importers.translate import Input, Translation
from symgrad.kernel.terms import Entry, sigma
from symgrad.oracles.tensorflow import imported

if TYPE_CHECKING:
    from symgrad.lang.model import Model

__all__ = ["from_function"]


def from_function(function: Any, /, *, normalized_labels: bool = False, **inputs: Any) -> Model:
    """Read the mathematics of a loss from the graph that TensorFlow traces of it.

    The ``None`` dimension is the batch size N; fixed dimensions get names, those that the operations equate the same.
    Trainable variables are parameters, other variables and the arguments are data. Random numbers, and what
    ``tf.stop_gradient`` returns, are data as well: what is proved is about the function with these held fixed. The
    model's ``origin`` keeps the function as the oracle of ``check``, the names of the variables, and notes.

    Args:
        function: what ``tf.function`` takes or gives; returns a scalar, which is the objective, or per-sample losses,
            whose sum a tape differentiates.
        normalized_labels: assume that the labels of a fused softmax cross-entropy sum to one.
        inputs: a ``tf.TensorSpec`` for each argument, the first dimension ``None``.

    Raises:
        InputError: for an operation that cannot be read exactly; names it, the line that created it, and what to do.
        MissingDependencyError: if TensorFlow is not installed.

    Example:
        ``from_function(loss, x=tf.TensorSpec([None, 784]), y=tf.TensorSpec([None, 10]))``
    """
    tf = imported()
    traceable = function if hasattr(function, "get_concrete_function") else tf.function(function)
    try:
        concrete = function if hasattr(function, "structured_outputs") else traceable.get_concrete_function(**inputs)
    except (TypeError, ValueError, tf.errors.OpError) as error:
        raise InputError(f"TensorFlow cannot trace the function: {str(error).strip()}") from error
    graph = flattened(concrete)
    work = Translation(graph, normalised=normalized_labels)
    for node in graph.nodes.values():
        work.values[node.name] = _read(work, node)
    names = Names(work)
    name = getattr(function, "__name__", "")
    name = name if re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) else "imported"
    loss, objective = _sides(work)
    described = f"{getattr(function, '__module__', '') or ''}:{getattr(function, '__qualname__', name)}"
    model = written(work, names, name[:64], loss, objective, described)
    return replay.with_origin(model, work, names)


_BRANCHES = frozenset({"All", "Any", "If", "StatelessIf", "While", "StatelessWhile"})


def _read(work: Translation, node: Node) -> tuple[Value, ...]:
    """What an operation computes, output by output."""
    try:
        made = _meaning(work, node)
    except InputError as error:
        raise InputError(f"{node.type} at {node.where}: {error}") from None
    results = made if isinstance(made, tuple) else (made,)
    return tuple(
        work.placed(Ref(node.name, k), value) if isinstance(value, Array) else value for k, value in enumerate(results)
    )


def _meaning(work: Translation, node: Node) -> Any:
    if "_gradient_op_type" in node.operation.node_def.attr and not _swish(node):
        raise InputError("it has a custom gradient, which need not be the derivative of what it computes")
    if node.type == "Placeholder":
        return _argument(work, node)
    if node.type == "Const":
        return _constant(imported().make_ndarray(node.attribute("value")))
    if node.type == "ReadVariableOp":
        if not node.variable.dtype.is_floating:
            raise InputError(f"the variable {node.variable.name} holds integers, expected real numbers")
        return work.variable(node)
    values = [work.value(ref) for ref in node.inputs if work.values[ref.node]]
    constants = [value for value in values if isinstance(value, Known)]
    if values == constants and values and node.type not in NOISE:
        computed = folded(node, constants)
        if computed is not None:
            return computed
    if node.type in _BRANCHES:
        raise InputError(
            "a branch or a loop is not read (Keras' hinge asks whether all labels are 0 or 1); "
            "write the case that is meant"
        )
    if node.type not in MEANINGS:
        raise InputError(
            "this operation is not read; write the loss with others, or hold its result fixed as an argument"
        )
    return MEANINGS[node.type](work, node)


def _swish(node: Node) -> bool:
    """Whether TensorFlow's own swish gave the operation a gradient: that is the derivative, computed in less memory."""
    return node.type == "IdentityN" and node.made_by("nn_impl.py", "swish")


def _constant(value: Any) -> Known:
    return Known((value,) * len(PROBES))


def _argument(work: Translation, node: Node) -> Any:
    tensor = node.operation.outputs[0]
    if node.value is not None:
        return _constant(np.asarray(node.value))
    if tensor.dtype.name == "resource":
        return ()
    source = next((name for name, ref in work.graph.inputs.items() if ref == Ref(node.name)), node.name)
    if tensor.shape.rank is None:
        raise InputError(f"the rank of {source} is unknown, expected a tf.TensorSpec with a shape")
    shape = tuple(tensor.shape.as_list())
    axes = work.axes(shape, f"the argument {source}")
    if not tensor.dtype.is_floating:
        return Labels(source, axes)
    return work.input(Input("data", source, (), source, feeds=[Ref(node.name)], lengths=shape), axes)


def _sides(work: Translation) -> tuple[Any, Any]:
    """The loss of sample n and the objective; the letter of the sample is returned inside both."""
    value = work.value(work.graph.output)
    if not isinstance(value, Array):
        raise InputError("the function returns a constant, expected a loss that depends on data")
    array = work.sizes.array(work.sizes.fresh(value))
    batches = [letter for letter in array.letters if letter.size == BATCH]
    if len(batches) > 1:
        raise InputError("the function returns a loss for every pair of samples, expected a vector or a scalar")
    batch = batches[0] if batches else work.sizes.letter(BATCH)
    if batches:
        loss = over([letter for letter in array.letters if letter != batch], array.term)
        return (batch, loss), sigma(batch, Entry("loss", (batch,)))
    scalar = over(array.letters, array.term)
    body, objective = split(scalar, batch, moves=lambda term: bool(work.depends(term)))
    return (batch, body), objective
