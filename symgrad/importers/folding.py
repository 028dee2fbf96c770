"""Shape arithmetic and constants: computed by TensorFlow itself, at several batch sizes."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from symgrad.errors import InputError
from symgrad.importers.arrays import PROBES, Known
from symgrad.oracles.tensorflow import imported

if TYPE_CHECKING:
    from collections.abc import Sequence

    from symgrad.importers.graph import Node

_PASSED_ON = frozenset({"Identity", "Snapshot", "StopGradient", "EnsureShape", "PreventGradient", "IdentityN"})


def folded(node: Node, inputs: Sequence[Known]) -> Any:
    """The outputs of an operation on constants and sizes, or ``None`` if it makes real numbers of the batch size.

    Raises:
        InputError: if TensorFlow refuses it.
    """
    if node.type in _PASSED_ON:
        return tuple(inputs)
    fixed = all(value.fixed for value in inputs)
    outputs = node.operation.outputs
    if not fixed and any(tensor.dtype.is_floating for tensor in outputs):
        return None
    tf = imported()
    try:
        runs = [_run(tf, node, [value.values[k] for value in inputs]) for k in range(1 if fixed else len(PROBES))]
    except (tf.errors.OpError, ValueError, TypeError) as error:
        raise InputError(f"it cannot be computed beforehand: {str(error).splitlines()[0]}") from None
    if fixed:
        runs *= len(PROBES)
    return tuple(Known(tuple(run[k] for run in runs)) for k in range(len(outputs)))


def _run(tf: Any, node: Node, values: Sequence[Any]) -> list[Any]:
    """The outputs as arrays."""
    function = getattr(tf.raw_ops, node.type, None)
    if function is None:
        raise InputError("this operation is not read")
    accepted = inspect.signature(function).parameters
    rest = list(values)
    arguments: dict[str, Any] = {}
    names = list(accepted)  # inputs come first; a few are called differently from the operation's definition
    for place, argument in enumerate(node.operation.op_def.input_arg):
        name = argument.name if argument.name in accepted else names[place]
        if argument.number_attr or argument.type_list_attr:
            listed = node.attribute(argument.number_attr or argument.type_list_attr)
            count = listed if argument.number_attr else len(listed)
            arguments[name] = [tf.constant(rest.pop(0)) for _ in range(count)]
        else:
            arguments[name] = tf.constant(rest.pop(0))
    for attribute in node.operation.op_def.attr:
        if attribute.name in accepted:
            arguments[attribute.name] = node.attribute(attribute.name)
    with tf.init_scope():
        made = function(**arguments)
    listed = made if isinstance(made, list | tuple) else [made]
    return [tensor.numpy() for tensor in listed]
