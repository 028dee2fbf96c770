"""Keras models: built from a plan, and the scalar that ``fit`` differentiates as one function of the data."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from symgrad.errors import InputError
from symgrad.importers.function import from_function
from symgrad.importers.keras_file import Origin, Penalty, Plan, read_plan
from symgrad.oracles.tensorflow import imported

if TYPE_CHECKING:
    from collections.abc import Callable

    from symgrad.importers.keras_file import Layer
    from symgrad.lang.model import Model

Reduction = Literal["sum_over_batch_size", "mean", "mean_with_sample_weight", "sum", "none"]

ENTRIES = 2**24
"""Weights that a model built from a file may have, and entries that one of its tensors may have per sample."""


def built(plan: Plan) -> Any:
    """The model of a plan, with fresh weights: every layer is made by its class, none by a name from the file.

    Raises:
        InputError: if Keras refuses a layer or a connection, or the model would be larger than ``ENTRIES`` weights.
        MissingDependencyError: if TensorFlow is not installed.
    """
    imported()
    import keras

    classes = {kind: getattr(keras.layers, kind) for kind in {layer.kind for layer in plan.layers}}
    layers = {layer.name: layer for layer in plan.layers}
    made: dict[Origin, Any] = {}
    objects: dict[str, Any] = {}
    weights = 0
    waiting = [Origin(layer.name, k) for layer in plan.layers for k in range(len(layer.calls))]
    while waiting:
        for origin in waiting:
            layer = layers[origin.layer]
            call = layer.calls[origin.call]
            if not made.keys() >= set(call.inputs):
                continue
            inputs = [made[i] for i in call.inputs]
            try:
                if layer.kind == "InputLayer":
                    made[origin] = _input(keras, layer)
                    continue
                if layer.name not in objects:
                    weights += _weights(layer, inputs[0].shape)
                    _limited(layer, weights)
                    objects[layer.name] = classes[layer.kind](name=layer.name, **_settings(keras, layer))
                made[origin] = objects[layer.name](inputs if call.together else inputs[0])
            except (ValueError, TypeError, IndexError, ZeroDivisionError) as error:
                told = str(error).strip().partition("\n")[0]
                raise InputError(f"layer {layer.name!r}: Keras refuses it: {told}") from None
            _limited(layer, prod(size or 1 for size in made[origin].shape))
        waiting = [origin for origin in waiting if origin not in made]
    ins, outs = [made[o] for o in plan.inputs], [made[o] for o in plan.outputs]
    return keras.Model(ins if len(ins) > 1 else ins[0], outs if len(outs) > 1 else outs[0])


def _input(keras: Any, layer: Layer) -> Any:
    settings = layer.settings
    return keras.Input(settings["batch_shape"][1:], dtype=settings.get("dtype"), name=layer.name.replace(" ", "_"))


def _settings(keras: Any, layer: Layer) -> dict[str, Any]:
    regularizer = keras.regularizers.L1L2
    return {
        key: regularizer(value.l1, value.l2) if isinstance(value, Penalty) else value
        for key, value in layer.settings.items()
    }


def _weights(layer: Layer, shape: tuple[int | None, ...]) -> int:
    """How many weights a layer will have on an input of this shape, at most."""
    settings = layer.settings
    last = shape[-1] or 1
    match layer.kind:
        case "Dense":
            return (last + 1) * int(settings["units"])
        case "Embedding":
            return int(settings["input_dim"]) * int(settings["output_dim"])
        case "BatchNormalization" | "LayerNormalization" | "RMSNormalization":
            return 4 * prod(size or 1 for size in shape)
    return 0


def _limited(layer: Layer, entries: int) -> None:
    if entries > ENTRIES:
        raise InputError(f"layer {layer.name!r}: would make more than {ENTRIES:,} entries")


def from_keras(
    model: Any,
    loss: Any = None,
    *,
    reduction: Reduction | None = None,
    training: bool = True,
    sample_weight: bool = False,
    normalized_labels: bool = False,
) -> Model:
    """Read the mathematics of what ``fit`` differentiates for a Keras model.

    The reduced loss, regularisers, activity regularisers and added losses are all part of the objective. Weights of the
    model are parameters; a ``.keras`` file is read for its architecture alone, through a whitelist.

    Args:
        model: a Keras model, or the path of a ``.keras`` file.
        loss: a Keras loss, its name, or a function of labels and predictions; left out, the model's compiled loss.
        reduction: of a loss given by name or as a function; left out, that of ``compile``, the sum over the batch size.
        training: whether layers run as in training.
        sample_weight: whether each sample comes with a weight.
        normalized_labels: assume that the labels of a fused softmax cross-entropy sum to one.

    Raises:
        InputError: if the file is refused, the loss is not known, or the graph cannot be read exactly.
        MissingDependencyError: if TensorFlow is not installed.

    Example:
        ``from_keras(model, "mse", sample_weight=True)``
    """
    if isinstance(model, str | Path):
        model = built(read_plan(Path(model)))
    made = objective(model, loss, reduction=reduction, training=training, sample_weight=sample_weight)
    return from_function(made.function, normalized_labels=normalized_labels, **made.specs)


@dataclass(frozen=True)
class Objective:
    """What ``fit`` differentiates, as a function of the data alone.

    Attributes:
        function: takes the data by name; returns the scalar, or the vector, that the tape is given.
        specs: a ``tf.TensorSpec`` for each of its arguments.
        model: the Keras model inside.
        loss: the Keras loss inside; ``None`` for the model's own, as it was compiled.
    """

    function: Callable[..., Any]
    specs: dict[str, Any]
    model: Any
    loss: Any


def objective(
    model: Any,
    loss: Any = None,
    *,
    reduction: Reduction | None = None,
    training: bool = True,
    sample_weight: bool = False,
) -> Objective:
    """The objective of a Keras model: the reduced loss, and every regulariser and added loss, each summed and added.

    Args:
        model: built, or compiled and called once.
        loss: a Keras loss, its name, or a function of labels and predictions; left out, the model's compiled loss.
        reduction: of a loss that is given by name or as a function; left out, that of ``compile``, the sum over the
            batch size.
        training: whether layers run as in training.
        sample_weight: whether the function takes ``sample_weight``, one number for each sample.

    Raises:
        InputError: if the model was never built, has several outputs and no compiled loss, or the loss is not known.
    """
    tf = imported()
    inputs, outputs = (getattr(model, side, None) or () for side in ("inputs", "outputs"))
    if not inputs or not outputs:
        raise InputError("the Keras model was never built; call it on an example first, or give it an Input")
    if loss is None and not getattr(model, "compiled", False):
        raise InputError("the Keras model has no compiled loss; say which loss")
    if loss is None and reduction is not None:
        raise InputError("a reduction goes with a loss; the compiled loss has its own")
    if len(outputs) > 1:
        raise InputError("the Keras model has several outputs; audit a function that adds up their losses")
    names = ["x"] if len(inputs) == 1 else [_argument(end.name) for end in inputs]
    specs = {name: tf.TensorSpec(end.shape, end.dtype) for name, end in zip(names, inputs, strict=True)}
    [output] = outputs
    chosen = None if loss is None else loss_object(loss, reduction)
    specs["y"] = _labels(tf, output, chosen if loss is not None else model.loss)
    if sample_weight:
        specs["sample_weight"] = tf.TensorSpec([None], output.dtype)

    def fitted(**data: Any) -> Any:
        given = [data[name] for name in names]
        labels, weights = data["y"], data.get("sample_weight")
        predicted = model(given if len(given) > 1 else given[0], training=training)
        if chosen is None:
            return model.compute_loss(given, labels, predicted, weights, training=training)
        total = chosen(labels, predicted, sample_weight=weights)
        if model.losses and total.shape.rank:
            raise InputError("Keras cannot fit this: an unreduced loss and a regulariser do not add up to one number")
        return tf.add_n([total, *map(tf.reduce_sum, model.losses)]) if model.losses else total

    fitted.__name__ = _argument(model.name)
    fitted.__qualname__, fitted.__module__ = model.name, "keras"
    return Objective(fitted, specs, model, chosen)


def _argument(name: str) -> str:
    """A name as Python and the language write one."""
    plain = re.sub(r"[^A-Za-z0-9_]", "_", name)
    return plain if plain[:1].isalpha() else f"x{plain}"


def loss_object(loss: Any, reduction: Reduction | None = None, *, from_logits: bool = False) -> Any:
    """The Keras loss that ``compile`` would make of ``loss``; ``from_logits`` is for a loss that is given by name.

    Raises:
        InputError: if there is no loss of that name, or a loss that has a reduction is given another.
    """
    imported()
    import keras

    if isinstance(loss, keras.losses.Loss):
        if reduction is not None and reduction != loss.reduction:
            raise InputError(f"the loss has the reduction {loss.reduction}, not {reduction}")
        return loss
    reduced = "sum_over_batch_size" if reduction is None else reduction
    if isinstance(loss, str):
        return _named(keras, loss, reduced, from_logits=from_logits)
    if not callable(loss):
        raise InputError(f"{type(loss).__name__} is no loss: a Keras loss, its name or a function is")
    wrapper = keras.losses.MeanSquaredError.__base__  # which compile puts around a function
    return wrapper(loss, name=getattr(loss, "__name__", "loss"), reduction=reduced)


def _named(keras: Any, name: str, reduction: str, *, from_logits: bool) -> Any:
    """The loss class whose function, or whose own name, is ``name``."""
    try:
        found = keras.losses.get(name)
    except ValueError:
        raise InputError(f"Keras has no loss {name!r}") from None
    classes = [c for c in vars(keras.losses).values() if isinstance(c, type) and c is not keras.losses.Loss]
    for each in classes:
        if type(found) is each or getattr(each(), "fn", None) is found:
            if not from_logits:
                return each(reduction=reduction)
            try:
                return each(reduction=reduction, from_logits=True)
            except TypeError:
                raise InputError(f"the loss {name!r} does not know from_logits") from None
    return keras.losses.MeanSquaredError.__base__(found, name=name, reduction=reduction)


def _labels(tf: Any, output: Any, loss: Any) -> Any:
    """The shape of the labels: the output's, or one class a sample for the sparse losses."""
    name = loss if isinstance(loss, str) else getattr(loss, "name", "") or getattr(loss, "__name__", "")
    if "sparse" in str(name).lower():
        return tf.TensorSpec(output.shape[:-1], "int32")
    return tf.TensorSpec(output.shape, output.dtype)
