"""The catalogue's networks that are built of more than dense layers and a loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from symgrad.oracles.keras_run import SAME, Reference, Run

if TYPE_CHECKING:
    from symgrad.oracles.report import Measured


def _vae(run: Run) -> Measured:
    tf = run.tf
    hidden, mean, log_variance = run.dense("We", "be", "tanh"), run.dense("Wm", "bm"), run.dense("Wv", "bv")
    decoder, output = run.dense("Wd", "bd", "tanh"), run.dense("Wo", "bo")

    def objective() -> Any:
        data = run["x"]
        code = hidden(data)
        z_mean, z_log_var = mean(code), log_variance(code)
        z = z_mean + tf.exp(0.5 * z_log_var) * run["noise"]
        pixels = data[:, :, None], output(decoder(z))[:, :, None]
        cross = run.keras.losses.binary_crossentropy(*pixels, from_logits=True)
        kl = -0.5 * (1 + z_log_var - tf.square(z_mean) - tf.exp(z_log_var))
        return tf.reduce_mean(tf.reduce_sum(cross, axis=1)) + tf.reduce_mean(tf.reduce_sum(kl, axis=1))

    return run.measured(objective)


def _layer_norm_mlp(run: Run) -> Measured:
    inner, outer, loss = run.dense("W1", "b1"), run.dense("w2", "b2"), run.loss("MeanSquaredError")
    layer = run.normalisation("LayerNormalization", inner.units)
    tanh = run.keras.activations.tanh
    return run.measured(lambda: loss(run.column("y"), outer(tanh(layer(inner(run["x"]))))))


def _attention_pooling(run: Run) -> Measured:
    tf, hidden, outer = run.tf, run.dense("W", "b", "tanh"), run.dense("v", "c")
    query, loss = run.variable("q"), run.loss("MeanSquaredError")
    softmax = run.keras.layers.Softmax(axis=1, dtype=run.dtype)

    def objective() -> Any:
        weights = softmax(tf.linalg.matvec(hidden(run["x"]), query))
        return loss(run.column("y"), outer(tf.reduce_sum(weights[:, :, None] * run["x"], axis=1)))

    return run.measured(objective)


def _self_attention(run: Run) -> Measured:
    tf, keras, output = run.tf, run.keras, run.dense("w", "b")
    query, key, value = (run.variable(name) for name in "QKV")
    attention, loss = keras.layers.Attention(dtype=run.dtype), run.loss("BinaryCrossentropy", from_logits=True)

    def objective() -> Any:
        x = run["x"]
        seen = attention([run["scale"] * (x @ query), x @ value, x @ key])
        return loss(run.column("y"), output(tf.reduce_mean(x + seen, axis=1)))

    return run.measured(objective)


def _embedding_softmax(run: Run) -> Measured:
    embedding, output = run.embedding("E"), run.dense("W", "b")
    loss = run.loss("SparseCategoricalCrossentropy", from_logits=True)
    words, labels = run.labels("word"), run.labels("y")
    return run.measured(lambda: loss(labels, output(run.tf.reduce_mean(embedding(words), axis=1))))


def _matrix_factorization(run: Run) -> Measured:
    tf, users, items = run.tf, run.embedding("P"), run.embedding("Q")

    def objective() -> Any:
        p, q = users(run.labels("user")), items(run.labels("item"))
        error = tf.math.squared_difference(tf.reduce_sum(p * q, axis=1), run["y"])
        penalty = tf.reduce_sum(tf.square(p), axis=1) + tf.reduce_sum(tf.square(q), axis=1)
        return tf.reduce_mean(error + run["lam"] * penalty)

    return run.measured(objective)


REFERENCES = {
    "attention_pooling": Reference(
        "tensorflow",
        "layers, softmax and loss are Keras', the scores and the weighted mean are written by hand: a layer's kernel "
        "is a column with a bias",
        _attention_pooling,
        "x/3 y/1 W/2 b/1 q/1 v/1 c/0",
    ),
    "embedding_softmax": Reference("keras", SAME, _embedding_softmax, "word/3 y/2 E/2 W/2 b/1"),
    "matrix_factorization": Reference(
        "tensorflow",
        "the embeddings are Keras', the losses are written by hand: Keras has no loss that sees the rows",
        _matrix_factorization,
        "user/2 item/2 y/1 lam/0 P/2 Q/2",
    ),
    "self_attention": Reference(
        "keras",
        "Keras' attention, layer and loss compute this very function, from products written by hand",
        _self_attention,
        "x/3 y/1 scale/0 Q/2 K/2 V/2 w/1 b/0",
    ),
    "vae": Reference(
        "keras",
        "Keras' layers and its binary cross-entropy, put together as in the train step of its example",
        _vae,
        "x/2 noise/2 We/2 be/1 Wm/2 bm/1 Wv/2 bv/1 Wd/2 bd/1 Wo/2 bo/1",
    ),
    "layer_norm_mlp": Reference("keras", SAME, _layer_norm_mlp, "x/2 y/1 epsilon/0 W1/2 b1/1 gamma/1 beta/1 w2/1 b2/0"),
}
