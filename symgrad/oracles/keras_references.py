"""The catalogue's entries as Keras models, or TensorFlow written by hand where Keras computes another function.

Nothing here is derived from a model's definitions: each function is what a practitioner would write.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from symgrad.oracles import keras_losses, keras_networks, keras_reductions, tensorflow
from symgrad.oracles.keras_run import SAME, Reference, Run, keras
from symgrad.oracles.report import Measured, Oracle

if TYPE_CHECKING:
    from collections.abc import Callable

    from symgrad.lang.model import Model
    from symgrad.oracles.report import Arrays


def _linear_regression(run: Run) -> Measured:
    layer, loss = run.dense("w", "b"), run.loss("MeanSquaredError")
    return run.measured(lambda: loss(run.column("y"), layer(run["x"])))


def _ridge(run: Run) -> Measured:
    layer, loss = run.dense("w", "b"), run.loss("MeanSquaredError")

    def objective() -> Any:
        penalty = run["lam"] * run.tf.reduce_sum(run.tf.square(layer.kernel.value))
        return loss(run.column("y"), layer(run["x"])) + penalty

    return run.measured(objective)


def _poisson_regression(run: Run) -> Measured:
    layer, tf = run.dense("w", "b"), run.tf
    return run.measured(lambda: tf.reduce_mean(tf.nn.log_poisson_loss(run["y"], layer(run["x"])[:, 0])))


def _logistic_regression(run: Run) -> Measured:
    layer, loss = run.dense("w", "b"), run.loss("BinaryCrossentropy", from_logits=True)
    return run.measured(lambda: loss(run.column("y"), layer(run["x"])))


def _logistic_regression_probability(run: Run) -> Measured:
    layer, loss = run.dense("w", "b", "sigmoid"), run.loss("BinaryCrossentropy", from_logits=False)
    return run.measured(lambda: loss(run.column("y"), layer(run["x"])))


def _weighted_logistic(run: Run) -> Measured:
    loss = run.loss("BinaryCrossentropy", from_logits=True, reduction="mean_with_sample_weight")
    layer = run.dense("w", "b")
    return run.measured(lambda: loss(run.column("y"), layer(run["x"]), sample_weight=run["s"]))


def _softmax_regression(run: Run) -> Measured:
    layer, loss = run.dense("W", "b"), run.loss("CategoricalCrossentropy", from_logits=True)
    return run.measured(lambda: loss(run["y"], layer(run["x"])))


def _softmax_regression_any_labels(run: Run) -> Measured:
    layer, tf = run.dense("W", "b"), run.tf

    def objective() -> Any:
        return tf.reduce_mean(-tf.reduce_sum(run["y"] * tf.nn.log_softmax(layer(run["x"])), axis=1))

    return run.measured(objective)


def _mlp(activation: str) -> Callable[[Run], Measured]:
    def compute(run: Run) -> Measured:
        network = run.keras.Sequential([run.dense("W1", "b1", activation), run.dense("w2", "b2")])
        loss = run.loss("MeanSquaredError")
        return run.measured(lambda: loss(run.column("y"), network(run["x"])))

    return compute


def _mlp_softmax(run: Run) -> Measured:
    layers = [run.dense("W1", "b1", "tanh"), run.dense("W2", "b2", "sigmoid"), run.dense("W3", "b3")]
    network, loss = run.keras.Sequential(layers), run.loss("CategoricalCrossentropy", from_logits=True)
    return run.measured(lambda: loss(run["y"], network(run["x"])))


def _autoencoder(run: Run) -> Measured:
    tf, encoder, offset = run.tf, run.dense("W", "b", "tanh"), run.variable("c")

    def objective() -> Any:
        output = tf.matmul(encoder(run["x"]), encoder.kernel.value, transpose_b=True) + offset
        return tf.reduce_mean(tf.reduce_sum(tf.math.squared_difference(output, run["x"]), axis=1))

    return run.measured(objective)


def _rmse(run: Run) -> Measured:
    layer, loss = run.dense("w", "b"), run.loss("MeanSquaredError")
    return run.measured(lambda: run.tf.sqrt(loss(run.column("y"), layer(run["x"]))))


def _log_of_mean(run: Run) -> Measured:
    layer, loss = run.dense("w", "b"), run.loss("MeanSquaredError")
    return run.measured(lambda: run.tf.math.log(loss(run.column("y"), layer(run["x"]))))


def _batch_max(run: Run) -> Measured:
    layer, loss = run.dense("w", "b"), run.loss("MeanSquaredError", reduction=None)
    return run.measured(lambda: run.tf.reduce_max(loss(run.column("y"), layer(run["x"]))))


def _sum_reduction(run: Run) -> Measured:
    layer, loss = run.dense("w", "b"), run.loss("BinaryCrossentropy", from_logits=True, reduction="sum")
    return run.measured(lambda: loss(run.column("y"), layer(run["x"])))


def _mean_with_sample_weight(run: Run) -> Measured:
    layer, loss = run.dense("w", "b"), run.loss("MeanSquaredError", reduction="mean_with_sample_weight")
    return run.measured(lambda: loss(run.column("y"), layer(run["x"]), sample_weight=run["s"]))


def _masked_mean(run: Run) -> Measured:
    layer, loss = run.dense("w", "b"), run.loss("MeanSquaredError", reduction="mean_with_sample_weight")
    return run.measured(lambda: loss(run["y"][:, :, None], layer(run["x"]), sample_weight=run["m"]))


def _unequal_shards(run: Run) -> Measured:
    layer, loss = run.dense("w", "b"), run.loss("MeanSquaredError", reduction="mean_with_sample_weight")

    def objective() -> Any:
        parts = run.tf.unstack(run["s"], axis=1)
        means = [loss(run.column("y"), layer(run["x"]), sample_weight=part) for part in parts]
        return run.tf.reduce_mean(run.tf.stack(means))

    return run.measured(objective)


def _gradient_accumulation(run: Run) -> Measured:
    loss = run.loss("CategoricalCrossentropy", from_logits=True, reduction="mean_with_sample_weight")
    layer = run.dense("W", "b")

    def objective() -> Any:
        parts = run.tf.unstack(run["s"], axis=1)
        means = [loss(run["y"], layer(run["x"]), sample_weight=part[:, None] * run["m"]) for part in parts]
        return run.tf.reduce_mean(run.tf.stack(means))

    return run.measured(objective)


def _l2_penalty_counted_twice(run: Run) -> Measured:
    tf, layer = run.tf, run.dense("w", "b")

    def objective() -> Any:
        penalty = run["lam"] * tf.reduce_sum(tf.square(layer.kernel.value))
        each = tf.math.squared_difference(layer(run["x"])[:, 0], run["y"]) + penalty
        return tf.reduce_mean(each) + penalty

    return run.measured(objective)


def _batch_norm(run: Run) -> Measured:
    inner, outer, loss = run.dense("W", "b"), run.dense("v", "c"), run.loss("MeanSquaredError")
    layer = run.normalisation("BatchNormalization", inner.units)
    tanh = run.keras.activations.tanh
    return run.measured(lambda: loss(run.column("y"), outer(tanh(layer(inner(run["x"]), training=True)))))


def _info_nce(run: Run) -> Measured:
    tf, loss = run.tf, run.loss("SparseCategoricalCrossentropy", from_logits=True)
    queries, keys = run.variable("W"), run.variable("V")

    def objective() -> Any:
        similar = run["scale"] * tf.matmul(run["x"] @ queries, run["y"] @ keys, transpose_b=True)
        return loss(tf.range(len(run.arrays["x"])), similar)

    return run.measured(objective)


def _half_squared(run: Run) -> Measured:
    w, tf = run.variable("w"), run.tf
    return run.measured(lambda: tf.reduce_mean(tf.square(tf.linalg.matvec(run["x"], w) - run["y"])) / 2)


def _half_squared_with_bias(run: Run) -> Measured:
    layer, loss = run.dense("w", "b"), run.loss("MeanSquaredError")
    return run.measured(lambda: loss(run.column("y"), layer(run["x"])) / 2)


def _half_squared_distance(run: Run) -> Measured:
    w, tf = run.variable("w"), run.tf
    return run.measured(lambda: tf.reduce_mean(tf.square(w - run["y"])) / 2)


def _logistic_without_bias(run: Run) -> Measured:
    w, loss = run.variable("w"), run.loss("BinaryCrossentropy", from_logits=True)
    return run.measured(lambda: loss(run.column("y"), run.tf.linalg.matvec(run["x"], w)[:, None]))


def _mlp_logistic(run: Run) -> Measured:
    network = run.keras.Sequential([run.dense("W1", "b1", "tanh"), run.dense("w2", "b2")])
    loss = run.loss("BinaryCrossentropy", from_logits=True)
    return run.measured(lambda: loss(run.column("y"), network(run["x"])))


REFERENCES = {
    "linear_regression": Reference("keras", SAME, _linear_regression, "x/2 y/1 w/1 b/0"),
    "ridge_regression": Reference(
        "tensorflow",
        "layer and squared loss are Keras', the penalty is written by hand: Keras rounds its factor to float32",
        _ridge,
        "x/2 y/1 lam/0 w/1 b/0",
    ),
    "ridge_outside_mean": Reference(
        "tensorflow",
        "layer and squared loss are Keras', the penalty is written by hand: Keras rounds its factor to float32",
        _ridge,
        "x/2 y/1 lam/0 w/1 b/0",
    ),
    "poisson_regression": Reference(
        "tensorflow",
        "the layer is Keras', the loss TensorFlow's log_poisson_loss: Keras' Poisson adds an epsilon in the logarithm",
        _poisson_regression,
        "x/2 y/1 w/1 b/0",
    ),
    "logistic_regression": Reference("keras", SAME, _logistic_regression, "x/2 y/1 w/1 b/0"),
    "logistic_regression_probability": Reference(
        "keras",
        "Keras' layers and its loss compute this very function: after a sigmoid layer it uses the logits, unclipped",
        _logistic_regression_probability,
        "x/2 y/1 w/1 b/0",
    ),
    "softmax_regression": Reference(
        "keras",
        "Keras' layers and its loss compute this very function, since the labels sum to one",
        _softmax_regression,
        "x/2 y/2 W/2 b/1",
        "y",
    ),
    "softmax_regression_any_labels": Reference(
        "tensorflow",
        "the layer is Keras', the loss is written by hand: the fused cross-entropy's gradient is wrong for labels that "
        "do not sum to one",
        _softmax_regression_any_labels,
        "x/2 y/2 W/2 b/1",
    ),
    "mlp_tanh": Reference("keras", SAME, _mlp("tanh"), "x/2 y/1 W1/2 b1/1 w2/1 b2/0"),
    "mlp_relu": Reference("keras", SAME, _mlp("relu"), "x/2 y/1 W1/2 b1/1 w2/1 b2/0"),
    "mlp_softmax": Reference(
        "keras",
        "Keras' layers and its loss compute this very function, since the labels sum to one",
        _mlp_softmax,
        "x/2 y/2 W1/2 b1/1 W2/2 b2/1 W3/2 b3/1",
        "y",
    ),
    "autoencoder": Reference(
        "tensorflow",
        "the encoder is Keras', the decoder is written by hand: Keras has no layer with tied weights, and its squared "
        "loss is a mean over the inputs",
        _autoencoder,
        "x/2 W/2 b/1 c/1",
    ),
    "weighted_logistic": Reference("keras", SAME, _weighted_logistic, "x/2 y/1 s/1 w/1 b/0"),
    "rmse": Reference(
        "tensorflow",
        "layer and squared loss are Keras', the root is written by hand: Keras has it as a metric only",
        _rmse,
        "x/2 y/1 w/1 b/0",
    ),
    "log_of_mean": Reference(
        "tensorflow",
        "layer and squared loss are Keras', the logarithm is written by hand: no loss of Keras takes it of the mean",
        _log_of_mean,
        "x/2 y/1 w/1 b/0",
    ),
    "batch_max": Reference(
        "tensorflow",
        "layer and squared losses are Keras', the maximum is written by hand: no reduction of Keras takes it",
        _batch_max,
        "x/2 y/1 w/1 b/0",
    ),
    "sum_reduction": Reference("keras", SAME, _sum_reduction, "x/2 y/1 w/1 b/0"),
    "mean_with_sample_weight": Reference("keras", SAME, _mean_with_sample_weight, "x/2 y/1 s/1 w/1 b/0"),
    "masked_mean": Reference(
        "keras",
        "Keras' layers and its loss compute this very function, with the mask as weights of the steps",
        _masked_mean,
        "x/3 y/2 m/2 w/1 b/0",
    ),
    "unequal_shards": Reference(
        "tensorflow",
        "layer and the mean loss of each shard are Keras', the mean of these is written by hand",
        _unequal_shards,
        "x/2 y/1 s/2 w/1 b/0",
    ),
    "gradient_accumulation": Reference(
        "tensorflow",
        "layer and the mean loss of each micro-batch are Keras', the mean of these is written by hand",
        _gradient_accumulation,
        "x/3 y/3 m/2 s/2 W/2 b/1",
        "y",
    ),
    "l2_penalty_counted_twice": Reference(
        "tensorflow",
        "the layer is Keras', the losses are written by hand: a loss of Keras sees no weights, and Keras rounds the "
        "factor of a penalty to float32",
        _l2_penalty_counted_twice,
        "x/2 y/1 lam/0 w/1 b/0",
    ),
    "batch_norm": Reference("keras", SAME, _batch_norm, "x/2 y/1 epsilon/0 W/2 b/1 gamma/1 beta/1 v/1 c/0"),
    "info_nce": Reference(
        "tensorflow",
        "the loss is Keras', the similarities are written by hand: Keras has no layer that compares samples",
        _info_nce,
        "x/2 y/2 scale/0 W/2 V/2",
    ),
}
"""One implementation for each entry of the catalogue."""

_HALF = "half the squared error, without a bias, is written by hand: Keras' loss has no half, its layer a column"

REFERENCES |= {
    "averaged_input": Reference(
        "tensorflow",
        "layer and squared loss are Keras', the half is written by hand",
        _half_squared_with_bias,
        "x/2 y/1 w/1 b/0",
    ),
    "duplicated_batch": Reference("tensorflow", _HALF, _half_squared, "x/2 y/1 eta/0 w/1"),
    "loss_after_step": Reference("tensorflow", _HALF, _half_squared, "x/2 y/1 eta/0 w/1"),
    "lost_in_the_mean": Reference(
        "tensorflow", "there is no layer without an input", _half_squared_distance, "y/1 w/0"
    ),
    "minibatch_with_replacement": Reference(
        "tensorflow", "there is no layer without an input", _half_squared_distance, "y/1 q/1 p/2 w/0"
    ),
    "minibatch_without_replacement": Reference(
        "tensorflow", "there is no layer without an input", _half_squared_distance, "y/1 q/1 p/2 w/0"
    ),
    "sequential_logistic": Reference(
        "tensorflow",
        "the loss is Keras', the product is written by hand: the layer's kernel is a column",
        _logistic_without_bias,
        "x/2 y/1 eta/0 w/1",
    ),
    "sequential_updates": Reference("tensorflow", _HALF, _half_squared, "x/2 y/1 eta/0 w/1"),
    "spread_of_gradients": Reference("tensorflow", _HALF, _half_squared, "x/2 y/1 w/1"),
    "tape_reads_back": Reference("keras", SAME, _mlp_logistic, "x/2 y/1 W1/2 b1/1 w2/1 b2/0"),
    "vector_of_losses": Reference("tensorflow", _HALF, _half_squared, "x/2 y/1 v/1 w/1"),
}
"""Those of the entries that answer questions."""

REFERENCES |= keras_losses.REFERENCES | keras_networks.REFERENCES | keras_reductions.REFERENCES


def reference(model: Model, arrays: Arrays) -> Oracle | None:
    """The catalogue's implementation for a model of this name and these tensors, or ``None``.

    Whether it computes the model's own loss is for the caller to find out; ``arrays``, a point that satisfies the
    model's assumptions, tells whether the labels are what the implementation needs.
    """
    entry = REFERENCES.get(model.name)
    if entry is None or entry.tensors != " ".join(f"{t.name}/{len(t.shape)}" for t in model.program.inputs):
        return None
    if entry.summing_to_one and not (arrays[entry.summing_to_one].sum(axis=-1) == 1).all():
        return None
    environment = {**tensorflow.environment(), "keras": str(keras().__version__)}
    return Oracle(entry.kind, entry.reason, lambda values: entry.compute(Run(values)), environment)
