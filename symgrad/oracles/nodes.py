"""The claims of a derivation against a tape, node by node: not only where the way back ends, but also on the way.

The networks are Keras layers or TensorFlow written by hand; what is compared is what the tape holds for intermediates.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from symgrad.errors import InputError
from symgrad.kernel.terms import Entry, Partial, letters
from symgrad.oracles import tensorflow
from symgrad.oracles.bounds import BoundEvaluator
from symgrad.oracles.controls import gap
from symgrad.oracles.keras_run import keras
from symgrad.oracles.points import sample_point, sample_sizes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from symgrad.lang.model import Model

    Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Node:
    """One derivative: of ``value`` by ``wrt``, as the tape holds it against what claim ``claim`` says.

    ``error`` is the largest difference of an entry, in units of what rounding may lose; 4 are allowed.
    """

    claim: int
    value: str
    wrt: str
    entries: int
    error: float


def node_by_node(model: Model, seed: int = 0) -> list[Node]:
    """Every claimed derivative of a model that has a network here, on real layers in double precision.

    Args:
        model: ``tape_reads_back`` or ``vector_of_losses`` of the catalogue.
        seed: of the values.

    Raises:
        InputError: if there is no network for the model.
        MissingDependencyError: if TensorFlow is not installed.
    """
    if model.name not in NETWORKS:
        raise InputError(f"no network to compare {model.name!r} with, node by node")
    rng = random.Random(seed)
    sizes = sample_sizes(model.program, rng)
    point = sample_point(model, sizes, rng)
    if point is None:
        raise InputError(f"no point for {model.name!r}")
    arrays = {
        tensor.name: np.array(
            [float(value) for _, value in sorted(point.values[tensor.name].items())], "float64"
        ).reshape([sizes[size] for size in tensor.shape])
        for tensor in model.program.inputs
    }
    held = NETWORKS[model.name](arrays)
    evaluator = BoundEvaluator(sizes, arrays, "float64", {})
    for definition in model.program.definitions:
        evaluator.define(definition)
    found = []
    for number, claim in enumerate(model.claims, 1):
        if claim.expect_refuted or not isinstance(claim.left, Partial) or not isinstance(claim.left.body, Entry):
            continue
        value, wrt = claim.left.body.tensor, claim.left.wrt.tensor
        wanted = evaluator.value(claim.right, tuple(dict.fromkeys(letters(claim.left))))
        actual = held[value, wrt].reshape(wanted.x.shape)
        found.append(Node(number, value, wrt, actual.size, gap(wanted, actual)[0]))
    return found


def _reads_back(arrays: Arrays) -> dict[tuple[str, str], NDArray[Any]]:
    """Two ``Dense`` layers and Keras' cross-entropy; the rows by ``tape.jacobian``, the rest by ``tape.gradient``."""
    tf, layers = tensorflow.imported(), keras().layers
    hidden = layers.Dense(arrays["W1"].shape[1], dtype="float64")
    output = layers.Dense(1, dtype="float64")
    hidden.build((None, arrays["W1"].shape[0]))
    output.build((None, arrays["W1"].shape[1]))
    hidden.set_weights([arrays["W1"], arrays["b1"]])
    output.set_weights([arrays["w2"][:, None], arrays["b2"].reshape(1)])
    x, y = tf.constant(arrays["x"]), tf.constant(arrays["y"][:, None])
    options = {"from_logits": True, "dtype": "float64"}
    each = keras().losses.BinaryCrossentropy(reduction="none", **options)
    whole = keras().losses.BinaryCrossentropy(**options)
    with tf.GradientTape(persistent=True) as tape:
        a = hidden(x)
        tape.watch(a)
        z = output(tf.tanh(a))
        losses, objective = each(y, z), whole(y, z)
    weights = {"W1": hidden.kernel.value, "b1": hidden.bias.value, "w2": output.kernel.value, "b2": output.bias.value}
    known = {"a": a, "z": z, **weights}
    held = {("objective", name): tape.gradient(objective, value).numpy() for name, value in known.items()}
    held |= {
        ("loss", name): tape.jacobian(losses, value, experimental_use_pfor=False).numpy()
        for name, value in known.items()
    }
    for name in ("a", "z"):  # the rows of other samples are zero, and the tape says so
        rows = held["loss", name]
        samples = np.arange(len(rows))
        own = rows[samples, samples].copy()
        rows[samples, samples] = 0.0
        held["loss", name] = own if not rows.any() else np.full_like(own, np.nan)
    return held


def _vector(arrays: Arrays) -> dict[tuple[str, str], NDArray[Any]]:
    """A vector of losses given to the tape as it is, with weights, and row by row."""
    tf = tensorflow.imported()
    w = tf.Variable(arrays["w"])
    with tf.GradientTape(persistent=True) as tape:
        losses = tf.square(tf.linalg.matvec(arrays["x"], w) - arrays["y"]) / 2
    return {
        ("loss", "w"): tape.jacobian(losses, w, experimental_use_pfor=False).numpy(),
        ("total", "w"): tape.gradient(losses, w).numpy(),
        ("pulled", "w"): tape.gradient(losses, w, output_gradients=tf.constant(arrays["v"])).numpy(),
    }


NETWORKS: dict[str, Callable[[Arrays], dict[tuple[str, str], NDArray[Any]]]] = {
    "tape_reads_back": _reads_back,
    "vector_of_losses": _vector,
}
"""For each model, every derivative that its claims speak of, by what is differentiated and by what."""
