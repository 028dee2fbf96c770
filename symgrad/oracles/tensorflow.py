"""TensorFlow's side: a model's definitions written as TensorFlow operations, and differentiated by its tape.

Generated code is the weaker witness, since the same definitions stand on both sides; it serves a bare formula, for
which nobody has written another implementation.
"""

from __future__ import annotations

import importlib
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symgrad.errors import IllFormedError, MissingDependencyError
from symgrad.kernel.program import ancestors
from symgrad.kernel.terms import Apply, Delta, Entry, Index, Largest, Number, Plus, Power, Size, Sum, Term, Times
from symgrad.oracles.report import Measured, Oracle

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from symgrad.kernel.program import Definition, Program
    from symgrad.oracles.report import Arrays


def imported() -> Any:
    """The ``tensorflow`` module, with its start-up chatter off.

    Raises:
        MissingDependencyError: if it is not installed.
    """
    if "tensorflow" in sys.modules:
        return sys.modules["tensorflow"]
    try:
        with _hushed():
            return importlib.import_module("tensorflow")
    except ImportError as error:
        raise MissingDependencyError(
            'TensorFlow is not installed. Install it with: pip install "symgrad[tf-cpu]"'
        ) from error


@contextmanager
def _hushed() -> Iterator[None]:
    """Keep off standard error what TensorFlow's C++ says while loading, unless the user set its log level."""
    if "TF_CPP_MIN_LOG_LEVEL" in os.environ:
        yield
        return
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
            yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def environment() -> dict[str, str]:
    """Version and thread settings, which decide the order of sums; 0 threads means that TensorFlow chooses."""
    tf = imported()
    return {
        "version": str(tf.__version__),
        "inter_op_threads": str(tf.config.threading.get_inter_op_parallelism_threads()),
        "intra_op_threads": str(tf.config.threading.get_intra_op_parallelism_threads()),
        "onednn": os.environ.get("TF_ENABLE_ONEDNN_OPTS", "default"),
        "cpus": str(os.cpu_count()),
    }


def measured(tape: Any, objective: Any, parameters: Mapping[str, Any]) -> Measured:
    """What the tape says of the objective and of the parameters."""
    gradients = tape.gradient(objective, list(parameters.values()))
    dense = imported().convert_to_tensor  # the gradient of an embedding is a list of rows until then
    return Measured(
        objective.numpy(),
        {name: None if g is None else dense(g).numpy() for name, g in zip(parameters, gradients, strict=True)},
    )


def generated(program: Program, sizes: Mapping[str, int] | None = None) -> Oracle:
    """An oracle made from the program's own definitions, those that the objective rests on.

    Sizes are read from the arrays; ``sizes`` adds those that no array has.
    """
    tf, needed = imported(), ancestors(program, "objective")

    def run(arrays: Arrays) -> Measured:
        known = dict(sizes or {})
        for tensor in program.inputs:
            known.update(zip(tensor.shape, arrays[tensor.name].shape, strict=True))
        parameters = {t.name: tf.Variable(arrays[t.name]) for t in program.inputs if t.kind == "parameter"}
        values = {t.name: tf.constant(arrays[t.name]) for t in program.inputs if t.kind == "data"}
        with tf.GradientTape() as tape:
            writer = _Writer(tf, known, {**values, **{n: p.read_value() for n, p in parameters.items()}})
            for definition in program.definitions:
                if definition.name in needed:
                    writer.define(definition)
            objective = writer.tensors["objective"]
        return measured(tape, objective, parameters)

    reason = "no other implementation of this formula is known, so TensorFlow operations were generated from it"
    return Oracle("generated", reason, run, environment())


class Recording:
    """A program run once in TensorFlow, with a tape from which any derivative can be read.

    Attributes:
        tensors: every tensor of the program by name; more may be added for ``value`` to use.
        version: of TensorFlow.
    """

    def __init__(self, program: Program, arrays: Arrays, sizes: Mapping[str, int]) -> None:
        self._tf = imported()
        self._sizes = sizes
        self.version = str(self._tf.__version__)
        self.tensors: dict[str, Any] = {}
        with self._tf.GradientTape(persistent=True) as self._tape:
            for tensor in program.inputs:
                self.tensors[tensor.name] = self._tf.constant(arrays[tensor.name])
                self._tape.watch(self.tensors[tensor.name])
            self._writer = _Writer(self._tf, sizes, self.tensors)
            for definition in program.definitions:
                self._writer.define(definition)
                self._tape.watch(self.tensors[definition.name])  # a constant is not on the tape by itself

    def value(self, term: Term, at: Mapping[Index, int]) -> float:
        """The value of a Partial-free term where its letters have the values ``at``, counted from 0."""
        letters = tuple(at)
        whole = self._tf.broadcast_to(self._writer.write(term, letters), [self._sizes[i.size] for i in letters])
        return float(whole.numpy()[tuple(at.values())])

    def slopes(self, root: str, wrt: str) -> Any:
        """The derivative of every entry of ``root`` with respect to every entry of ``wrt``, in this order."""
        target, source = self.tensors[root], self.tensors[wrt]
        rows = [
            self._tape.gradient(target, source, output_gradients=one, unconnected_gradients="zero")
            for one in self._tf.reshape(self._tf.eye(self._tf.size(target), dtype=target.dtype), [-1, *target.shape])
        ]
        return self._tf.reshape(self._tf.stack(rows), [*target.shape, *source.shape])


class _Writer:
    """Terms as TensorFlow operations: every letter in scope has an axis, of length one where it is not mentioned."""

    def __init__(self, tf: Any, sizes: Mapping[str, int], tensors: dict[str, Any]) -> None:
        self.tf, self.sizes, self.tensors = tf, sizes, tensors
        self.dtype = next(iter(tensors.values())).dtype

    def define(self, definition: Definition) -> None:
        shape = [self.sizes[i.size] for i in definition.letters]
        self.tensors[definition.name] = self.tf.broadcast_to(self.write(definition.body, definition.letters), shape)

    def constant(self, value: float) -> Any:
        return self.tf.constant(value, self.dtype)

    def write(self, term: Term, scope: tuple[Index | str, ...]) -> Any:
        """``term`` with one axis for each of ``scope``: letters, then the sizes of the sums around it."""
        tf = self.tf
        match term:
            case Number(value):
                return self.constant(float(value))
            case Size(name):
                return self.constant(self.sizes[name])
            case Entry(tensor, indices):
                return self.placed(self.tensors[tensor], [self.axis(i, scope) for i in indices], len(scope))
            case Delta(left, right):
                letter = scope[self.axis(left, scope)]
                size = self.sizes[letter.size if isinstance(letter, Index) else letter]
                identity = tf.eye(size, dtype=self.dtype)
                return self.placed(identity, [self.axis(left, scope), self.axis(right, scope)], len(scope))
            case Plus(terms):
                found = self.write(terms[0], scope)
                for part in terms[1:]:
                    found += self.write(part, scope)
                return found
            case Times(factors):
                found = self.write(factors[0], scope)
                for part in factors[1:]:
                    found *= self.write(part, scope)
                return found
            case Sum(size, body):
                inner = self.write(body, (*scope, size))
                if inner.shape.rank == 0 or inner.shape[-1] == 1:
                    inner *= self.constant(self.sizes[size])
                    return inner if inner.shape.rank == 0 else tf.squeeze(inner, -1)
                return tf.reduce_sum(inner, -1)
            case Largest(size, body):
                return tf.reduce_max(self.write(body, (*scope, size)), -1)
            case Power(base, exponent):
                value = self.write(base, scope)
                if exponent == -1:
                    return 1 / value
                return tf.square(value) if exponent == 2 else tf.pow(value, self.constant(float(exponent)))
            case Apply(function, arguments):
                return self.called(function, [self.write(a, scope) for a in arguments])
        raise IllFormedError(f"a {type(term).__name__} cannot be written in TensorFlow")

    def axis(self, position: Index | int, scope: Sequence[Index | str]) -> int:
        return scope.index(position) if isinstance(position, Index) else len(scope) - 1 - position

    def placed(self, tensor: Any, axes: list[int], rank: int) -> Any:
        """``tensor`` with its axes moved to these places of ``rank``; a place named twice takes the diagonal."""
        label = [chr(ord("a") + a) for a in axes]
        ordered = sorted(set(axes))
        if axes != ordered:
            tensor = self.tf.einsum(f"{''.join(label)}->{''.join(chr(ord('a') + a) for a in ordered)}", tensor)
        lengths = iter(tensor.shape.as_list())
        return self.tf.reshape(tensor, [next(lengths) if a in ordered else 1 for a in range(rank)])

    def called(self, function: str, arguments: list[Any]) -> Any:
        tf = self.tf
        functions = {
            "pi": lambda: self.constant(3.141592653589793),
            "exp": tf.exp,
            "log": tf.math.log,
            "sin": tf.sin,
            "cos": tf.cos,
            "tanh": tf.tanh,
            "sigmoid": tf.sigmoid,
            "softplus": tf.math.softplus,
            "relu": tf.nn.relu,
            "abs": tf.abs,
            "sign": tf.sign,
            "step": lambda v: tf.cast(v > 0, self.dtype),
            "erf": tf.math.erf,
            "max": tf.maximum,
            "min": tf.minimum,
        }
        if function not in functions:
            raise IllFormedError(f"the function {function} cannot be written in TensorFlow")
        return functions[function](*arguments)
