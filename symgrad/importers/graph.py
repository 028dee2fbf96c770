"""A traced TensorFlow function as a flat list of operations: nested calls inlined, only what the result needs.

Everything that symgrad knows of a program, and everything that it runs again, is this list.
"""

from __future__ import annotations

import linecache
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symgrad.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

CALLS = frozenset({"PartitionedCall", "StatefulPartitionedCall"})

NOISE = frozenset(
    {
        "RandomStandardNormal",
        "RandomUniform",
        "TruncatedNormal",
        "StatelessRandomNormal",
        "StatelessRandomNormalV2",
        "StatelessRandomUniform",
        "StatelessRandomUniformV2",
        "StatelessTruncatedNormal",
        "StatelessTruncatedNormalV2",
    }
)
"""Operations that draw numbers; of their inputs only the shape matters."""

_HOUSE = Path(__file__).parent.parent


@dataclass(frozen=True)
class Ref:
    """One output of an operation."""

    node: str
    output: int = 0

    def __str__(self) -> str:
        return f"{self.node}:{self.output}"


@dataclass
class Node:
    """One operation of the flat list.

    Attributes:
        name: unique in the list.
        type: TensorFlow's name of the operation.
        inputs: what it reads, in order.
        operation: the operation as TensorFlow holds it, with attributes and traceback.
        variable: what a ``ReadVariableOp`` or ``ResourceGather`` reads.
        value: what a captured tensor holds.
    """

    name: str
    type: str
    inputs: tuple[Ref, ...]
    operation: Any
    variable: Any = None
    value: Any = None

    def attribute(self, name: str) -> Any:
        """An attribute of the operation."""
        return self.operation.get_attr(name)

    def made_by(self, file: str, function: str) -> bool:
        """Whether a function of TensorFlow's own created the operation."""
        frames = ((Path(frame.filename), frame.name) for frame in self.operation.traceback)
        return any(path.name == file and name == function and "tensorflow" in path.parts for path, name in frames)

    def _line(self) -> tuple[str, int]:
        """The user's line that created the operation: the last one outside TensorFlow, Keras and symgrad."""
        for frame in reversed(list(self.operation.traceback)):
            path = Path(frame.filename)
            library = "site-packages" in path.parts or "dist-packages" in path.parts or path.is_relative_to(_HOUSE)
            if not library and not frame.filename.startswith("<frozen"):
                return frame.filename, frame.lineno
        return "", 0

    @property
    def place(self) -> str:
        """The user's line that created the operation, as file and number."""
        file, number = self._line()
        return f"{Path(file).name}:{number}" if file else f"operation {self.operation.name}"

    @property
    def where(self) -> str:
        """The place, with what is written there."""
        line = linecache.getline(*self._line()).strip()
        return f"{self.place} ({line})" if line else self.place


@dataclass
class Graph:
    """The operations that one output needs, in an order in which each reads only what stands above it.

    Attributes:
        inputs: the function's arguments by name.
        nodes: by name.
        output: what the function returns.
        uses: how often each output is read.
    """

    inputs: dict[str, Ref]
    nodes: dict[str, Node]
    output: Ref
    uses: Counter[Ref] = field(default_factory=Counter)

    def readers(self, ref: Ref) -> list[Node]:
        """The operations that read ``ref``."""
        return [node for node in self.nodes.values() if ref in node.inputs]


def flattened(concrete: Any) -> Graph:
    """The flat list of a concrete function.

    Raises:
        InputError: if it does not return one tensor, or reads a variable that it has assigned before.
    """
    graph = concrete.graph
    outputs = concrete.outputs
    if len(outputs) != 1 or not hasattr(concrete.structured_outputs, "dtype"):
        what = f"the function returns {_described(concrete.structured_outputs)}"
        raise InputError(f"{what}, expected one tensor: the loss, or a vector of per-sample losses")
    reader = _Reader()
    captured = {internal.op.name: external for external, internal in graph.captures}
    variables = {id(variable.handle): variable for variable in graph.variables}
    inputs: dict[str, Ref] = {}
    for tensor in graph.inputs:
        name = tensor.op.name
        if name not in captured:
            shown = tensor.op.node_def.attr["_user_specified_name"].s.decode() or name
            inputs[shown] = reader.add("", tensor.op, ())
        elif id(captured[name]) in variables:
            reader.resources[reader.add("", tensor.op, ())] = variables[id(captured[name])]
        else:
            reader.add("", tensor.op, ())
            reader.nodes[name].value = captured[name]
    arguments = {tensor.op.name: Ref(tensor.op.name) for tensor in graph.inputs}
    (output,) = reader.read("", graph, arguments)
    return _needed(Graph(inputs, reader.nodes, output))


def _described(structure: Any) -> str:
    if structure is None:
        return "nothing"
    return f"a {type(structure).__name__}" if not hasattr(structure, "dtype") else "several tensors"


class _Reader:
    """Reads graphs, each nested call's body in place of the call."""

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}
        self.resources: dict[Ref, Any] = {}
        self.assigned: set[Ref] = set()
        self._results: dict[tuple[str, str], tuple[Ref, ...]] = {}

    def add(self, scope: str, operation: Any, inputs: tuple[Ref, ...]) -> Ref:
        name = scope + operation.name
        self.nodes[name] = Node(name, operation.type, inputs, operation)
        return Ref(name)

    def read(self, scope: str, graph: Any, arguments: dict[str, Ref]) -> tuple[Ref, ...]:
        """The flat names of a graph's outputs, what they need added in the order in which it was written."""
        needed: set[str] = set()
        stack = [tensor.op for tensor in graph.outputs]
        while stack:
            operation = stack.pop()
            if operation.name not in needed and operation.name not in arguments:
                needed.add(operation.name)
                stack += [tensor.op for tensor in operation.inputs]
        for operation in graph.get_operations():
            if operation.name in needed:
                self._enter(scope, operation, arguments)
            self.assigned |= {self._ref(scope, tensor, arguments) for tensor in _assigned(operation)}
        return tuple(self._ref(scope, tensor, arguments) for tensor in graph.outputs)

    def _ref(self, scope: str, tensor: Any, arguments: dict[str, Ref]) -> Ref:
        name, output = str(tensor.op.name), int(tensor.value_index)
        if name in arguments:
            return arguments[name]
        results = self._results.get((scope, name))
        return results[output] if results else Ref(scope + name, output)

    def _enter(self, scope: str, operation: Any, arguments: dict[str, Ref]) -> None:
        inputs = tuple(self._ref(scope, tensor, arguments) for tensor in operation.inputs)
        if operation.type in CALLS:
            body = _body(operation)
            inner_scope = f"{scope}{operation.name}>"  # no operation has such a name
            given = {tensor.op.name: ref for tensor, ref in zip(body.inputs, inputs, strict=True)}
            self._results[scope, operation.name] = self.read(inner_scope, body, given)
            return
        name = self.add(scope, operation, inputs[:1] if operation.type in NOISE else inputs).node
        variable = self.resources.get(inputs[0]) if inputs else None
        if variable is not None:
            node = self.nodes[name]
            if operation.type == "ResourceGather":  # a read, and a choice among what was read
                del self.nodes[name]
                self.nodes[f"{name}>read"] = Node(f"{name}>read", "ReadVariableOp", inputs[:1], operation, variable)
                self.nodes[name] = Node(name, "ResourceGather", (Ref(f"{name}>read"), *inputs[1:]), operation)
                node = self.nodes[f"{name}>read"]
            if inputs[0] in self.assigned:
                what = f"the variable {variable.name} is assigned before it is read ({node.where})"
                raise InputError(f"{what}, expected a loss that reads it only as it was when the step began")
            node.variable = variable


def _body(operation: Any) -> Any:
    return operation.graph._get_function(operation.get_attr("f").name).graph  # with tracebacks


def _assigned(operation: Any) -> list[Any]:
    """The resources that an operation assigns, itself or in a nested call."""
    if operation.type not in CALLS:
        return list(operation.inputs)[:1] if operation.type.startswith("Assign") else []
    body = _body(operation)
    inside = {id(tensor) for inner in body.get_operations() for tensor in _assigned(inner)}
    return [outer for outer, tensor in zip(operation.inputs, body.inputs, strict=True) if id(tensor) in inside]


def _needed(graph: Graph) -> Graph:
    """The part of a graph that its output needs."""
    found: set[str] = set()
    stack = [graph.output.node]
    while stack:
        name = stack.pop()
        if name not in found:
            found.add(name)
            stack += [ref.node for ref in graph.nodes[name].inputs]
    nodes = {name: node for name, node in graph.nodes.items() if name in found}
    return Graph(graph.inputs, nodes, graph.output, Counter(_reads(nodes)))


def _reads(nodes: dict[str, Node]) -> Iterator[Ref]:
    for node in nodes.values():
        yield from node.inputs
