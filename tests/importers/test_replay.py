"""The traced function run again: the very numbers that the function itself gives."""

import numpy as np
import pytest

from symgrad.errors import InputError
from symgrad.tensorflow import from_function

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def tf():
    import tensorflow

    return tensorflow


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_objective_and_gradients_are_those_of_the_function(tf, dtype):
    W = tf.Variable(np.arange(6, dtype=np.float32).reshape(3, 2) / 8, name="W")
    b = tf.Variable([0.25, -0.5], name="b")

    def loss(x, y):
        return tf.reduce_mean(tf.square(tf.tanh(x @ W + b) - y), axis=1)

    x = np.linspace(-1, 1, 12).reshape(4, 3)
    y = np.linspace(0, 1, 8).reshape(4, 2)
    model = from_function(loss, x=tf.TensorSpec([None, 3]), y=tf.TensorSpec([None, 2]))
    arrays = {"x": x, "y": y, "W": W.numpy(), "b": b.numpy()}
    measured = model.origin.oracle().run({name: a.astype(dtype) for name, a in arrays.items()})
    with tf.GradientTape() as tape:
        vector = loss(tf.constant(x, tf.float32), tf.constant(y, tf.float32))
    gradients = tape.gradient(vector, [W, b])
    assert measured.objective.dtype == dtype
    assert measured.objective == pytest.approx(vector.numpy().sum(), rel=1e-6)
    for name, gradient in zip("Wb", gradients, strict=True):
        assert measured.gradients[name] == pytest.approx(gradient.numpy(), rel=1e-5)
    assert (W.numpy() == arrays["W"]).all()


def test_classes_must_be_said_by_zeros_and_a_one(tf):
    W = tf.Variable(np.ones((2, 3), np.float32), name="W")

    def loss(x, y):
        return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=x @ W))

    model = from_function(loss, x=tf.TensorSpec([None, 2]), y=tf.TensorSpec([None], tf.int32))
    with pytest.raises(InputError, match="y does not say by zeros and a one"):
        model.origin.oracle().run({"x": np.ones((2, 2)), "y": np.full((2, 3), 0.5), "W": np.ones((2, 3))})


def test_what_is_held_fixed_takes_the_given_value(tf):
    w = tf.Variable(2.0, name="w")
    model = from_function(lambda x: tf.reduce_mean(tf.stop_gradient(w * x) * w), x=tf.TensorSpec([None]))
    arrays = {"x": np.ones(2), "held": np.array([3.0, 5.0]), "w": np.array(1.0)}
    measured = model.origin.oracle().run(arrays)
    assert measured.objective == 4.0
    assert measured.gradients["w"] == 4.0


def test_a_variable_that_cannot_move_the_loss_has_no_gradient(tf):
    w, idle = tf.Variable(2.0, name="w"), tf.Variable(1.0, name="idle")
    model = from_function(lambda x: tf.reduce_mean(w * x) + 0.0 * tf.stop_gradient(idle), x=tf.TensorSpec([None]))
    arrays = {"x": np.ones(2), "w": np.array(1.0), "idle": np.array(1.0)}
    measured = model.origin.oracle().run({name: arrays[name] for name in (t.name for t in model.program.inputs)})
    assert measured.objective == 1.0
    assert measured.gradients["idle"] is None
