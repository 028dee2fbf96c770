"""How an entry of the catalogue is computed by Keras: layers that hold its parameters, under one tape.

Layers and losses are given the tested precision, since Keras otherwise casts to float32.
"""

from __future__ import annotations

import importlib
import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from symgrad.errors import InputError
from symgrad.oracles import tensorflow
from symgrad.oracles.report import Measured

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from symgrad.oracles.report import Arrays


def keras() -> Any:
    """The ``keras`` module, running on TensorFlow.

    Raises:
        InputError: if Keras was already imported with another backend.
    """
    tensorflow.imported()
    if "keras" not in sys.modules:
        os.environ["KERAS_BACKEND"] = "tensorflow"
    module = importlib.import_module("keras")
    if module.backend.backend() != "tensorflow":
        raise InputError(f"Keras runs on {module.backend.backend()} here; set KERAS_BACKEND=tensorflow")
    return module


class Run:
    """One evaluation: layers with given weights, under a tape."""

    def __init__(self, arrays: Arrays) -> None:
        self.tf, self.keras, self.arrays = tensorflow.imported(), keras(), arrays
        self.dtype = next(iter(arrays.values())).dtype.name
        self.watched: dict[str, tuple[Any, tuple[int, ...]]] = {}

    def __getitem__(self, name: str) -> Any:
        return self.tf.constant(self.arrays[name])

    def column(self, name: str) -> Any:
        """A tensor of one axis as a column: what Keras calls one output."""
        return self[name][:, None]

    def labels(self, name: str) -> Any:
        """Labels as whole numbers from 0."""
        return self.tf.argmax(self[name], axis=-1)

    def dense(self, kernel: str, bias: str, activation: str | None = None) -> Any:
        """A ``Dense`` layer that holds the two parameters; a kernel of one axis makes one output."""
        weights, offsets = self.arrays[kernel], self.arrays[bias]
        matrix, vector = weights.reshape(weights.shape[0], -1), offsets.reshape(-1)
        layer = self.keras.layers.Dense(matrix.shape[1], activation=activation, dtype=self.dtype)
        layer.build((None, matrix.shape[0]))
        layer.set_weights([matrix, vector])
        self.watched[kernel] = layer.kernel.value, weights.shape
        self.watched[bias] = layer.bias.value, offsets.shape
        return layer

    def embedding(self, name: str) -> Any:
        """An ``Embedding`` layer that holds a parameter."""
        table = self.arrays[name]
        layer = self.keras.layers.Embedding(*table.shape, dtype=self.dtype)
        layer.build()
        layer.set_weights([table])
        self.watched[name] = layer.embeddings.value, table.shape
        return layer

    def normalisation(self, name: str, units: int) -> Any:
        """A layer that normalises and holds ``gamma`` and ``beta``, with the model's ``epsilon``."""
        layer = getattr(self.keras.layers, name)(epsilon=float(self.arrays["epsilon"]), dtype=self.dtype)
        layer.build((None, units))
        for parameter, variable in (("gamma", layer.gamma), ("beta", layer.beta)):
            variable.assign(self.arrays[parameter])
            self.watched[parameter] = variable.value, self.arrays[parameter].shape
        return layer

    @contextmanager
    def fuzz(self) -> Iterator[None]:
        """Keras with the model's ``epsilon``, if it has one, as the small number that it adds and clips with."""
        before = self.keras.config.epsilon()
        self.keras.config.set_epsilon(float(self.arrays.get("epsilon", before)))
        try:
            yield
        finally:
            self.keras.config.set_epsilon(before)

    def loss(self, name: str, **options: Any) -> Any:
        """A Keras loss in the tested precision."""
        return getattr(self.keras.losses, name)(dtype=self.dtype, **options)

    def variable(self, name: str) -> Any:
        """A parameter that no layer holds."""
        variable = self.tf.Variable(self.arrays[name])
        self.watched[name] = variable, self.arrays[name].shape
        return variable

    def measured(self, objective: Callable[[], Any]) -> Measured:
        """The objective, and its gradient with respect to every parameter that was made."""
        with self.tf.GradientTape() as tape:
            value = objective()
        found = tensorflow.measured(tape, value, {name: variable for name, (variable, _) in self.watched.items()})
        shaped = {name: None if g is None else g.reshape(self.watched[name][1]) for name, g in found.gradients.items()}
        return Measured(found.objective, shaped)


@dataclass(frozen=True)
class Reference:
    """An implementation that symgrad did not derive: Keras layers and loss, or TensorFlow by hand, with the reason."""

    kind: str
    reason: str
    compute: Callable[[Run], Measured]
    tensors: str
    """Names and ranks of data and parameters, in order."""
    summing_to_one: str = ""
    """The labels, where the implementation's gradient is right only if each sample's sum to one."""


SAME = "Keras' layers and its loss compute this very function"
