"""What a Keras model does in training: one step of ``fit`` watched from outside, and layers tried one by one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from symgrad.audit.casts import drawn
from symgrad.audit.findings import Finding, Weight
from symgrad.importers.keras_model import objective
from symgrad.oracles.tensorflow import imported

if TYPE_CHECKING:
    from symgrad.importers.keras_model import Objective

CLOSE = 1e-4
"""Relative difference up to which two numbers in float32 are called equal."""


@dataclass(frozen=True)
class Fitted:
    """One step of ``fit`` with plain gradient descent at learning rate one, on a copy of the model.

    Attributes:
        samples: of the batch.
        reported: the loss that ``fit`` reports.
        differentiated: the scalar whose gradient it applied; a vector of losses counts by its sum.
        applied: how many times the gradient of that scalar the step was.
    """

    samples: int
    reported: float
    differentiated: float
    applied: float

    @property
    def agrees(self) -> bool:
        """Whether what is reported is what was differentiated."""
        return bool(np.isclose(self.reported, self.differentiated, rtol=CLOSE))


def fitted_once(given: Objective) -> Fitted | None:
    """Let a copy of the model make one step, and compare; nothing if it cannot be copied or draws random numbers."""
    tf = imported()
    import keras

    try:
        copy = keras.models.clone_model(given.model)
    except (ValueError, TypeError, NotImplementedError):
        return None
    if any("seed_generator" in variable.path for variable in copy.variables):
        return None
    copy.set_weights(given.model.get_weights())
    weighted = "sample_weight" in given.specs
    loss = given.loss if given.loss is not None else given.model.loss
    copy.compile(loss=loss, optimizer=keras.optimizers.SGD(1.0))
    own = objective(copy, given.loss, sample_weight=weighted)
    data = drawn(given.specs)
    with tf.GradientTape() as tape:
        value = tf.reduce_sum(own.function(**data))
    variables = [v.value for v in copy.trainable_variables]
    gradients = tape.gradient(value, variables, unconnected_gradients="zero")
    before = [v.numpy() for v in variables]
    copy.set_weights(given.model.get_weights())  # statistics that the first pass moved
    names = [name for name in given.specs if name not in {"y", "sample_weight"}]
    inputs = [data[name].numpy() for name in names]
    reported = copy.train_on_batch(
        inputs if len(inputs) > 1 else inputs[0], data["y"].numpy(), data["sample_weight"].numpy() if weighted else None
    )
    steps = [b - v.numpy() for b, v in zip(before, variables, strict=True)]
    at = int(np.argmax([float(np.max(np.abs(g.numpy()))) for g in gradients]))
    place = np.unravel_index(np.argmax(np.abs(gradients[at].numpy())), gradients[at].shape)
    applied = float(steps[at][place] / gradients[at].numpy()[place])
    samples = int(data["y"].shape[0])
    return Fitted(samples, float(np.ravel(reported)[0]), float(value.numpy()), applied)


def coupling_layers(given: Objective) -> list[tuple[str, float]]:
    """Layers that let a sample reach another, with how far: each is tried alone, one sample changed."""
    tf = imported()
    found = []
    for layer in given.model.layers:
        shape = getattr(getattr(layer, "input", None), "shape", None) if _single(layer) else None
        if shape is None or not shape or None in shape[1:]:
            continue
        kind = layer.input.dtype
        if not tf.as_dtype(kind).is_floating:
            continue
        first = tf.cast(tf.random.stateless_uniform([5, *shape[1:]], (3, 1), 0.1, 1.5), kind)
        other = tf.concat([first[:4], first[4:] * 3], 0)
        weights = layer.get_weights()
        outputs = [_called(layer, value, training=True) for value in (first, first, other)]
        layer.set_weights(weights)
        if any(output is None for output in outputs) or not np.array_equal(outputs[0], outputs[1]):
            continue  # it draws random numbers
        apart = float(np.max(np.abs(outputs[2][:4] - outputs[0][:4]), initial=0.0))
        if apart > CLOSE:
            found.append((layer.name, apart))
    return found


def _single(layer: Any) -> bool:
    return len(getattr(layer, "_inbound_nodes", ())) == 1 and not isinstance(getattr(layer, "input", None), list)


def _called(layer: Any, value: Any, *, training: bool) -> Any:
    try:
        output = layer(value, training=training)
    except TypeError:
        output = layer(value)
    return np.asarray(output.numpy()) if hasattr(output, "numpy") else None


def penalised_layers(given: Objective) -> list[Finding]:
    """Layers with an activity regulariser, tried on a batch and on the batch twice."""
    tf = imported()
    found = []
    for layer in given.model.layers:
        if getattr(layer, "activity_regularizer", None) is None or not _single(layer):
            continue
        value = tf.cast(tf.random.stateless_uniform([3, *layer.input.shape[1:]], (3, 1), 0.1, 1.5), layer.input.dtype)
        once, twice = (_penalty(layer, batch) for batch in (value, tf.concat([value, value], 0)))
        if not once:
            continue
        ratio = twice / once
        divided = bool(np.isclose(ratio, 1, rtol=CLOSE))
        said = (
            f"The activity regulariser of layer '{layer.name}' is divided by the batch size, whatever the reduction of"
            " the loss: under a mean it is part of every sample's loss, beside a sum its weight falls with the batch."
            if divided
            else f"The activity regulariser of layer '{layer.name}' is added up over the batch and not divided: it"
            " grows with the batch."
        )
        evidence = f"Measured: on 3 samples the penalty is {once:.6g}, with every sample twice {twice:.6g}."
        weight = Weight.KNOW if divided else Weight.BEWARE
        found.append(Finding("activity_regularizer", weight, said, (evidence,)))
    return found


def _penalty(layer: Any, value: Any) -> float:
    """The activity penalty of one call, without those on weights."""
    tf = imported()
    layer(value)
    own = [loss for loss in layer.losses if loss is not None]
    fixed = [v.regularizer(v) for v in layer.trainable_variables if getattr(v, "regularizer", None) is not None]
    return float(tf.add_n([tf.cast(x, tf.float64) for x in own]) - sum(tf.cast(x, tf.float64) for x in fixed))


def factors_of_training(given: Objective) -> list[tuple[str, str]]:
    """What the optimizer and the strategy of a compiled model put between the objective and the step."""
    optimizer = getattr(given.model, "optimizer", None)
    told = []
    if replicas(given) > 1:
        told.append(("replicas", f"{replicas(given)}: the mean on each, then the mean of these"))
    if steps(given) > 1:
        told.append(("gradient accumulation", f"the mean of {steps(given)} batches' gradients, with equal weights"))
    scale = getattr(optimizer, "loss_scale_factor", None)
    if scale:
        told.append(("loss scaling", f"times {scale:g} before, divided again after differentiation"))
    elif type(optimizer).__name__ == "LossScaleOptimizer":
        told.append(("loss scaling", "a power of two before, divided again after differentiation"))
    return told


def steps(given: Objective) -> int:
    """Batches whose gradients the optimizer averages before a step."""
    return int(getattr(getattr(given.model, "optimizer", None), "gradient_accumulation_steps", None) or 1)


def replicas(given: Objective) -> int:
    """Replicas among which a batch is divided."""
    strategy = getattr(given.model, "distribute_strategy", None)
    return int(getattr(strategy, "num_replicas_in_sync", 1) or 1)


def parts(given: Objective) -> tuple[tuple[int, ...], str] | None:
    """Lengths of unequal parts, for a model whose training averages over parts, and what splits its batches."""
    if steps(given) > 1:
        return (5, *([3] * (steps(given) - 1))), f"gradient_accumulation_steps={steps(given)}"
    if replicas(given) > 1:
        return (4, *([3] * (replicas(given) - 1))), f"{replicas(given)} replicas"
    return None
