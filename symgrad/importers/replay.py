"""The traced function run again by TensorFlow, with given values for its arguments, variables and noise.

This is the user's own graph, nested calls written out: the same operations with the same gradients, in the precision
asked for. Where the function holds something fixed, the given data take its place.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from symgrad.errors import InputError
from symgrad.importers.arrays import BATCH, Known
from symgrad.kernel.terms import Index
from symgrad.lang.model import Origin
from symgrad.oracles.report import Measured, Oracle
from symgrad.oracles.tensorflow import environment, imported

if TYPE_CHECKING:
    from symgrad.importers.graph import Node, Ref
    from symgrad.importers.naming import Names
    from symgrad.importers.translate import Input, Translation
    from symgrad.lang.model import Model
    from symgrad.oracles.report import Arrays


def with_origin(model: Model, work: Translation, names: Names) -> Model:
    """The model with the function that it was read from as its oracle."""
    used = {tensor.name for tensor in model.program.inputs}
    inputs = {names.tensors[i]: made for i, made in work.inputs.items() if names.tensors.get(i) in used}
    sizes = {
        written: length
        for root, written in names.sizes.items()
        if root != BATCH and (length := work.sizes.length(Index("", root))) is not None
    }
    shapes = {tensor.name: tensor.shape for tensor in model.program.inputs}
    constants = {
        name: np.reshape(made.constant, [sizes[s] for s in shapes[name]])
        for name, made in inputs.items()
        if made.constant is not None
    }
    replayed = _Replay(work, inputs)
    reason = "the function that the model was read from, run as TensorFlow traced it"
    origin = Origin(
        oracle=lambda: Oracle("given", reason, replayed.run, environment()),
        sizes=sizes,
        constants=constants,
        indicators=tuple(name for name, made in inputs.items() if made.indicator),
        variables={name: made.source for name, made in inputs.items() if made.kind == "parameter"},
        notes=tuple(work.notes),
    )
    return replace(model, origin=origin)


_DROPPED = frozenset({"_class", "_output_shapes", "_gradient_op_type"})
"""Attributes that do not concern what is computed; the one custom gradient that is read is the derivative."""


class _Replay:
    """Runs the graph of one import."""

    def __init__(self, work: Translation, inputs: dict[str, Input]) -> None:
        self.work = work
        self.inputs = {name: made for name, made in inputs.items() if made.constant is None}
        self._functions: dict[str, Any] = {}

    def run(self, arrays: Arrays) -> Measured:
        """Objective and gradients, as a tape gives them, at given data and parameters."""
        tf = imported()
        dtype = next(iter(arrays.values())).dtype.name
        if dtype not in self._functions:
            self._functions[dtype] = self._function(dtype)
        function = self._functions[dtype]
        values = {name: tf.constant(self._shaped(name, arrays[name])) for name in self.inputs}
        parameters = {name: values[name] for name, made in self.inputs.items() if made.kind == "parameter"}
        with tf.GradientTape() as tape:
            tape.watch(list(parameters.values()))
            result = function(*values.values())
            result = result[0] if isinstance(result, list | tuple) else result
        gradients = tape.gradient(result, list(parameters.values()))
        found = {}
        for name, gradient in zip(parameters, gradients, strict=True):
            dense = None if gradient is None else tf.convert_to_tensor(gradient).numpy()
            found[name] = None if dense is None else np.reshape(dense, np.shape(arrays[name]))
        return Measured(np.sum(result.numpy()), found)

    def _shaped(self, name: str, array: Any) -> Any:
        """The values as the graph wants them: classes counted from 0, axes of length one put back."""
        made = self.inputs[name]
        if made.indicator:
            if not (np.sort(array, -1)[..., :-1] == 0).all() or not (array.max(-1) == 1).all():
                raise InputError(f"{name} does not say by zeros and a one which class it is")
            array = array.argmax(-1).astype(self._integer(made).as_numpy_dtype)
        return np.reshape(array, [-1 if length is None else length for length in made.lengths])

    def _function(self, dtype: str) -> Any:
        """The graph in one precision, as a function of data and parameters."""
        tf = imported()
        definition, feeds = self._definition(tf, tf.dtypes.as_dtype(dtype))
        wrapped = tf.compat.v1.wrap_function(lambda: tf.graph_util.import_graph_def(definition, name=""), [])
        inputs = [wrapped.graph.as_graph_element(f"{feed}:0") for feed in feeds]
        return wrapped.prune(inputs, wrapped.graph.as_graph_element(str(self.work.graph.output)))

    def _definition(self, tf: Any, kind: Any) -> tuple[Any, list[str]]:
        """The graph with its floating-point type replaced, and the names of its inputs."""
        definition = tf.compat.v1.GraphDef()
        fed: dict[Ref, str] = {}
        for name, made in self.inputs.items():
            feed = f"symgrad_{name}"
            fed.update(dict.fromkeys(made.feeds, feed))
            node = definition.node.add(name=feed, op="Placeholder")
            node.attr["dtype"].type = (self._integer(made) or kind).as_datatype_enum
            node.attr["shape"].shape.CopyFrom(tf.TensorShape(made.lengths).as_proto())
        for node in self._live(fed):
            constant = self._constant(node)
            if constant is not None:
                value = constant.astype(kind.as_numpy_dtype) if constant.dtype.kind == "f" else constant
                written = definition.node.add(name=node.name, op="Const")
                written.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value))
                written.attr["dtype"].type = tf.dtypes.as_dtype(value.dtype).as_datatype_enum
                continue
            written = definition.node.add(name=node.name, op=node.type)
            written.input.extend(f"{fed[ref]}:0" if ref in fed else str(ref) for ref in node.inputs)
            if node.type == "ResourceGather":
                _plain_gather(tf, definition, written, node, kind)
                continue
            for key, attribute in node.operation.node_def.attr.items():
                if key not in _DROPPED:
                    written.attr[key].CopyFrom(_retyped(tf, attribute, kind))
        return definition, [f"symgrad_{name}" for name in self.inputs]

    def _integer(self, made: Input) -> Any:
        """The integer type of an argument that holds labels."""
        return self.work.graph.nodes[made.feeds[0].node].operation.outputs[0].dtype if made.indicator else None

    def _live(self, fed: dict[Ref, str]) -> list[Node]:
        """The operations that still matter once these outputs are given."""
        nodes, found = self.work.graph.nodes, set[str]()
        stack = [self.work.graph.output]
        while stack:
            ref = stack.pop()
            if ref not in fed and ref.node not in found:
                found.add(ref.node)
                stack += nodes[ref.node].inputs
        return [node for name, node in nodes.items() if name in found]

    def _constant(self, node: Node) -> Any:
        """What a node holds if it is a constant, or was computed from constants in the precision of the program."""
        values = self.work.values[node.name]
        if len(values) != 1 or not isinstance(values[0], Known) or not values[0].fixed:
            return None
        return np.asarray(values[0].values[0])


def _plain_gather(tf: Any, definition: Any, written: Any, node: Node, kind: Any) -> None:
    """Make a choice among the rows of a variable one among the rows of a tensor."""
    axis = definition.node.add(name=f"{node.name}>axis", op="Const")
    axis.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(0))
    axis.attr["dtype"].type = axis.attr["value"].tensor.dtype
    written.op = "GatherV2"
    written.input.append(f"{axis.name}:0")
    written.attr["Tparams"].type = kind.as_datatype_enum
    written.attr["Tindices"].CopyFrom(node.operation.node_def.attr["Tindices"])
    written.attr["Taxis"].type = axis.attr["dtype"].type


def _retyped(tf: Any, attribute: Any, kind: Any) -> Any:
    """An attribute of an operation, its floating-point type replaced."""
    made = type(attribute)()
    made.CopyFrom(attribute)
    floating = {t.as_datatype_enum for t in (tf.float16, tf.bfloat16, tf.float32, tf.float64)}
    if made.WhichOneof("value") == "type" and made.type in floating:
        made.type = kind.as_datatype_enum
    if made.WhichOneof("value") == "list":
        types = [kind.as_datatype_enum if t in floating else t for t in made.list.type]
        del made.list.type[:]
        made.list.type.extend(types)
    return made
