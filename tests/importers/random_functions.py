"""Random small TensorFlow functions, made of the operations that the importer reads."""

import random

import numpy as np
import tensorflow as tf

KINKED = ["relu", "leaky_relu", "elu", "abs", "maximum", "clip", "where"]
SMOOTH = [
    "tanh",
    "sigmoid",
    "softplus",
    "softsign",
    "erf",
    "sin",
    "square",
    "gelu",
    "silu",
    "softmax",
    "exp",
    "identity",
]
SHAPING = ["concat", "split", "slice", "reshape", "transpose", "stack", "none"]
LOSSES = ["squared", "absolute", "huber", "cross_entropy", "sparse", "log_softmax", "bce", "logcosh"]
REDUCTIONS = ["mean", "mean", "mean", "count", "sum", "vector", "regularised", "weighted"]
RATIONAL = ["relu", "leaky_relu", "abs", "maximum", "clip", "where", "square", "identity"]
"""Of rational numbers they make rational numbers: a refutation is found at once."""


def activation(kind, z, rng):
    table = {
        "relu": tf.nn.relu,
        "leaky_relu": tf.nn.leaky_relu,
        "elu": tf.nn.elu,
        "abs": tf.abs,
        "maximum": lambda v: tf.maximum(v, 0.25 * v + 0.1),
        "clip": lambda v: tf.clip_by_value(v, -0.75, 0.75),
        "where": lambda v: tf.where(v > 0.125, v, 0.5 * tf.square(v)),
        "tanh": tf.tanh,
        "sigmoid": tf.sigmoid,
        "softplus": tf.math.softplus,
        "softsign": lambda v: tf.math.softsign(v + 0.0625),
        "erf": tf.math.erf,
        "sin": lambda v: tf.sin(v) + tf.cos(2.0 * v),
        "square": lambda v: tf.square(v) / 4.0,
        "gelu": tf.nn.gelu,
        "silu": tf.nn.silu,
        "softmax": tf.nn.softmax,
        "exp": lambda v: tf.math.log1p(tf.exp(-v)) + tf.math.expm1(0.1 * v),
        "identity": tf.identity,
    }
    return table[kind](z)


def shaped(kind, h, width):
    """``h`` of ``width`` features, moved about; the width afterwards."""
    if kind == "concat":
        return tf.concat([h, tf.tanh(h)], axis=1), 2 * width
    if kind == "split" and width % 2 == 0:
        left, right = tf.split(h, 2, axis=-1)
        return left * right, width // 2
    if kind == "slice":
        return h[:, : width - 1], width - 1
    if kind == "reshape" and width % 2 == 0:
        folded = tf.reshape(h, [-1, 2, width // 2])
        return tf.reduce_mean(folded, axis=1), width // 2
    if kind == "transpose":
        return tf.transpose(tf.square(tf.transpose(h))), width
    if kind == "stack":
        return tf.stack([tf.reduce_sum(h, axis=1), tf.reduce_mean(tf.square(h), axis=1)], axis=1), 2
    return h, width


def normalised(h):
    mean, variance = tf.nn.moments(h, axes=[1], keepdims=True)
    return (h - mean) * tf.math.rsqrt(variance + 1e-3)


def sample_loss(kind, y, z):
    table = {
        "squared": lambda: tf.reduce_mean(tf.math.squared_difference(z, y), axis=-1),
        "absolute": lambda: tf.reduce_mean(tf.abs(z - y), axis=-1),
        "huber": lambda: tf.reduce_mean(
            tf.where(tf.abs(y - z) <= 0.5, 0.5 * tf.square(y - z), 0.5 * tf.abs(y - z) - 0.125), axis=-1
        ),
        "cross_entropy": lambda: tf.nn.softmax_cross_entropy_with_logits(labels=y, logits=z),
        "sparse": lambda: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=z),
        "log_softmax": lambda: -tf.reduce_sum(y * tf.nn.log_softmax(z), axis=1),
        "bce": lambda: tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=z), axis=1),
        "logcosh": lambda: tf.reduce_sum(z - y + tf.math.softplus(-2.0 * (z - y)), axis=1),
    }
    return table[kind]()


def reduced(kind, losses, weights, variables):
    count = tf.cast(tf.shape(losses)[0], tf.float32)
    table = {
        "mean": lambda: tf.reduce_mean(losses),
        "sum": lambda: tf.reduce_sum(losses),
        "vector": lambda: losses,
        "count": lambda: tf.reduce_sum(losses * weights) / count,
        "regularised": lambda: (
            tf.reduce_mean(losses) + 0.01 * tf.add_n([tf.reduce_sum(tf.square(v)) for v in variables])
        ),
        "weighted": lambda: tf.math.divide_no_nan(tf.reduce_sum(weights * losses), tf.reduce_sum(weights)),
    }
    return table[kind]()


def random_function(seed):
    """A function for ``from_function``, its specifications, and a word about it."""
    rng, values = random.Random(seed), np.random.default_rng(seed)
    features, classes = rng.choice([2, 3]), rng.choice([2, 3])
    loss, reduction = rng.choice(LOSSES), rng.choice(REDUCTIONS)
    refuted = reduction not in {"mean", "count"}
    if refuted:
        loss = rng.choice(["squared", "absolute", "huber"])
    plan, variables, width = [], [], features
    for _ in range(1 if refuted else rng.choice([1, 1, 1, 2])):
        wide = rng.choice([2, 3, 4])
        act = rng.choice(RATIONAL if refuted else SMOOTH + KINKED)
        move = rng.choice(["slice", "transpose", "stack", "none"] if refuted else SHAPING)
        norm = not refuted and rng.random() < 0.1
        kernel = tf.Variable(values.normal(size=[width, wide]).astype(np.float32), name="kernel")
        bias = tf.Variable(values.normal(size=[wide]).astype(np.float32), name="bias")
        variables += [kernel, bias]
        width = {"concat": 2 * wide, "slice": wide - 1, "stack": 2}.get(move, wide)
        if move in {"split", "reshape"} and wide % 2 == 0:
            width = wide // 2
        plan.append((kernel, bias, act, move, norm, wide))
    out = tf.Variable(values.normal(size=[width, classes]).astype(np.float32), name="out")
    variables.append(out)

    def function(x, y, s):
        h = x
        for kernel, bias, act, move, norm, wide in plan:
            h = activation(act, tf.matmul(h, kernel) + bias, rng)
            h = normalised(h) if norm else h
            h, _ = shaped(move, h, wide)
        z = tf.matmul(h, out)
        return reduced(reduction, sample_loss(loss, y, z), s, variables)

    labels = tf.TensorSpec([None], tf.int32) if loss == "sparse" else tf.TensorSpec([None, classes])
    specs = {"x": tf.TensorSpec([None, features]), "y": labels, "s": tf.TensorSpec([None])}
    layers = [f"{act} {move}{' norm' if norm else ''}" for _, _, act, move, norm, _ in plan]
    return function, specs, f"{', '.join(layers)}, {loss}, {reduction}"
