"""Every loss of Keras that is a loss of each sample, on a linear model with several outputs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from symgrad.oracles.keras_run import SAME, Reference, Run

if TYPE_CHECKING:
    from collections.abc import Callable

    from symgrad.oracles.report import Measured


_OF_LABELS = {"SparseCategoricalCrossentropy", "CategoricalGeneralizedCrossEntropy"}
"""The losses that take whole numbers."""


def _loss(name: str, activation: str | None = None, **options: Any) -> Callable[[Run], Measured]:
    """A loss of Keras behind one dense layer; an option that names a scalar of the model takes its value.

    The model's ``epsilon`` is Keras' fuzz factor. Probabilities pass through an identity, so that Keras does not find
    the logits that they were made of.
    """

    def compute(run: Run) -> Measured:
        given = {key: float(run.arrays[value]) if value in run.arrays else value for key, value in options.items()}
        layer, loss = run.dense("W", "b", activation), run.loss(name, **given)
        labels = run.labels("y") if name in _OF_LABELS else run["y"]
        with run.fuzz():
            return run.measured(lambda: loss(labels, run.tf.identity(layer(run["x"]))))

    return compute


def _log_cosh(run: Run) -> Measured:
    layer, loss = run.dense("W", "b"), run.loss("LogCosh")
    rounded = float(run.tf.constant(math.log(2), "float32")) - math.log(2)
    return run.measured(lambda: loss(run["y"], layer(run["x"])) + rounded)


_ONE, _TWO = "x/2 y/2 W/2 b/1", "x/2 y/2 {}/0 W/2 b/1"
_HIDDEN = "Keras' layer and its loss compute this very function, where Keras does not find the logits"

REFERENCES = {
    "loss_binary_crossentropy": Reference(
        "keras",
        SAME,
        _loss("BinaryCrossentropy", from_logits=True, label_smoothing="smooth"),
        _TWO.format("smooth"),
    ),
    "loss_binary_crossentropy_clipped": Reference(
        "keras", _HIDDEN, _loss("BinaryCrossentropy", "sigmoid"), _TWO.format("epsilon")
    ),
    "loss_binary_focal_crossentropy": Reference(
        "keras", SAME, _loss("BinaryFocalCrossentropy", from_logits=True, gamma=2.0), _ONE
    ),
    "loss_categorical_crossentropy": Reference(
        "keras",
        "Keras' layer and its loss compute this very function, since the labels sum to one",
        _loss("CategoricalCrossentropy", from_logits=True, label_smoothing="smooth"),
        _TWO.format("smooth"),
        "y",
    ),
    "loss_categorical_crossentropy_clipped": Reference(
        "keras", _HIDDEN, _loss("CategoricalCrossentropy", "sigmoid"), _TWO.format("epsilon")
    ),
    "loss_categorical_focal_crossentropy": Reference(
        "keras",
        SAME,
        _loss("CategoricalFocalCrossentropy", from_logits=True, alpha=0.25, gamma=2.0),
        _TWO.format("epsilon"),
    ),
    "loss_categorical_hinge": Reference("keras", SAME, _loss("CategoricalHinge"), _ONE),
    "loss_categorical_generalized_cross_entropy": Reference(
        "keras", SAME, _loss("CategoricalGeneralizedCrossEntropy", "softmax", q=0.5), _ONE
    ),
    "loss_cosine_similarity": Reference("keras", SAME, _loss("CosineSimilarity"), _TWO.format("epsilon")),
    "loss_dice": Reference("keras", SAME, _loss("Dice", "sigmoid", axis=1), _TWO.format("epsilon")),
    "loss_hinge": Reference("keras", SAME, _loss("Hinge"), _ONE),
    "loss_huber": Reference("keras", SAME, _loss("Huber", delta="width"), _TWO.format("width")),
    "loss_kl_divergence": Reference("keras", SAME, _loss("KLDivergence", "softmax"), _TWO.format("epsilon")),
    "loss_log_cosh": Reference(
        "tensorflow", "layer and loss are Keras', but its log(2), rounded to float32, is put right", _log_cosh, _ONE
    ),
    "loss_mean_absolute_error": Reference("keras", SAME, _loss("MeanAbsoluteError"), _ONE),
    "loss_mean_absolute_percentage_error": Reference(
        "keras", SAME, _loss("MeanAbsolutePercentageError"), _TWO.format("epsilon")
    ),
    "loss_mean_squared_error": Reference("keras", SAME, _loss("MeanSquaredError"), _ONE),
    "loss_mean_squared_logarithmic_error": Reference(
        "keras", SAME, _loss("MeanSquaredLogarithmicError"), _TWO.format("epsilon")
    ),
    "loss_poisson": Reference("keras", SAME, _loss("Poisson", "exponential"), _TWO.format("epsilon")),
    "loss_sparse_categorical_crossentropy": Reference(
        "keras", SAME, _loss("SparseCategoricalCrossentropy", from_logits=True), _ONE
    ),
    "loss_sparse_categorical_crossentropy_clipped": Reference(
        "keras", _HIDDEN, _loss("SparseCategoricalCrossentropy", "sigmoid"), _TWO.format("epsilon")
    ),
    "loss_squared_hinge": Reference("keras", SAME, _loss("SquaredHinge"), _ONE),
    "loss_tversky": Reference(
        "keras",
        SAME,
        _loss("Tversky", "sigmoid", axis=1, alpha="alpha", beta="beta"),
        "x/2 y/2 epsilon/0 alpha/0 beta/0 W/2 b/1",
    ),
}
