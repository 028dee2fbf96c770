"""Moving axes about leaves values where they belong: compared with the tape, entry by entry weighed differently."""

import numpy as np
import pytest

from symgrad.calculus import derive
from symgrad.lang.parser import parse_model
from symgrad.oracles.report import Outcome
from symgrad.tensorflow import from_function

pytestmark = pytest.mark.tensorflow

SHAPES = {
    "concat": lambda tf, x, p: tf.matmul(tf.concat([x, x * p["w"]], axis=1), p["K"]),
    "slices": lambda tf, x, p: (x @ p["W"])[:, :2] * (x @ p["W"])[:, 2:] + (x @ p["W"])[:, 1:2],
    "reversed": lambda tf, x, p: (x @ p["W"])[:, ::-1] * p["v"],
    "one feature": lambda tf, x, p: (x @ p["W"])[:, 1] * x[:, 0],
    "new axis": lambda tf, x, p: tf.reduce_sum((x @ p["W"])[:, tf.newaxis, :] * p["v"][..., None], axis=[1]),
    "split": lambda tf, x, p: tf.exp(tf.split(x @ p["W"], 2, axis=1)[0]) * tf.split(x @ p["W"], [2, 2], axis=1)[1],
    "stack": lambda tf, x, p: tf.stack([tf.reduce_sum(x @ p["W"], 1), tf.reduce_sum(x * p["w"], 1)], axis=1) ** 2,
    "unstack": lambda tf, x, p: tf.unstack(x @ p["W"], axis=1)[2] * x[:, 1],
    "take apart": lambda tf, x, p: tf.reshape(x @ p["W"], [-1, 2, 2]) * tf.reshape(p["v"], [2, 2]),
    "flatten": lambda tf, x, p: tf.reshape(tf.reshape(x @ p["W"], [-1, 2, 2]), [-1, 4]) * p["v"],
    "transpose": lambda tf, x, p: tf.transpose(tf.transpose(x @ p["W"]) * p["v"][:, None]),
    "constant": lambda tf, x, p: (x @ p["W"]) * tf.constant([0.1, 0.2, 0.3, 0.4]),
    "gathered columns": lambda tf, x, p: tf.gather(x @ p["W"], [3, 0, 0], axis=1) * p["w"],
    "broadcast": lambda tf, x, p: tf.broadcast_to(tf.reduce_sum(x @ p["W"], 1, True), [tf.shape(x)[0], 4]) * p["v"],
}


@pytest.fixture(scope="module")
def parameters():
    import tensorflow as tf

    rng = np.random.default_rng(1)
    shapes = {"W": (3, 4), "K": (6, 4), "w": (3,), "v": (4,)}
    return {name: tf.Variable(rng.normal(size=shape).astype(np.float32), name=name) for name, shape in shapes.items()}


def agrees(function, **inputs):
    model = from_function(function, **inputs)
    assert parse_model(model.to_sg(), model.name) == model
    report = derive(model).check("tensorflow", points=2)
    assert report.outcome is Outcome.AGREE, (model.to_sg(), str(report))
    return model


@pytest.mark.parametrize("name", SHAPES)
def test_what_is_moved_keeps_its_values(parameters, name):
    import tensorflow as tf

    agrees(lambda x: tf.reduce_mean(tf.square(SHAPES[name](tf, x, parameters))), x=tf.TensorSpec([None, 3]))


def test_a_flattened_picture_keeps_both_of_its_axes(parameters):
    import tensorflow as tf

    model = agrees(
        lambda x: tf.reduce_mean(tf.square(tf.reshape(x, [-1, 6]) @ parameters["K"])), x=tf.TensorSpec([None, 2, 3])
    )
    assert "sum(d, sum(t, K[t, d, h] * x[n, t, d]))" in model.to_sg()


def test_a_layer_on_every_step_of_a_sequence_is_one_formula(parameters):
    import tensorflow as tf

    model = agrees(
        lambda x: tf.reduce_mean(tf.square(tf.tensordot(x, parameters["W"], 1))), x=tf.TensorSpec([None, 2, 3])
    )
    assert "z[n, t, h] = sum(d, W[d, h] * x[n, t, d])" in model.to_sg()


def test_an_axis_of_length_one_is_not_written(parameters):
    import tensorflow as tf

    model = agrees(
        lambda x, y: tf.reduce_mean(tf.square(y - x @ parameters["w"][:, None])),
        x=tf.TensorSpec([None, 3]),
        y=tf.TensorSpec([None, 1]),
    )
    assert "data x[n, d], y[n]" in model.to_sg()


def test_a_row_against_a_column_makes_pairs_of_samples(parameters):
    import tensorflow as tf

    model = agrees(
        lambda x, y: tf.reduce_mean(tf.square(y - x @ parameters["w"][:, None])),
        x=tf.TensorSpec([None, 3]),
        y=tf.TensorSpec([None]),
    )
    assert derive(model).verdicts["separable"]["status"] == "refuted"
