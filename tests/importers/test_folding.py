import pytest

from symgrad.errors import InputError
from symgrad.tensorflow import from_function

pytestmark = pytest.mark.tensorflow


@pytest.fixture
def tf():
    import tensorflow

    return tensorflow


def imported(tf, function):
    w = tf.Variable([1.0, 2.0, 3.0], name="w")
    return from_function(lambda x: function(tf.reduce_sum(x * w, axis=1)), x=tf.TensorSpec([None, 3])).to_sg()


def test_shape_arithmetic_becomes_sizes(tf):
    text = imported(tf, lambda z: tf.reduce_sum(z) / tf.cast(2 * tf.size(z), tf.float32))
    assert "objective = mean(n, loss[n])" in text
    assert "loss[n] = 1/2 * sum(d, w[d] * x[n, d])" in text or "loss[n] = 1/2 * sum(d, x[n, d] * w[d])" in text


def test_constants_are_computed_as_the_program_computes_them(tf):
    assert "11863283/8388608" in imported(tf, lambda z: tf.reduce_mean(z) * tf.sqrt(tf.constant(2.0)))


@pytest.mark.parametrize(
    "size",
    [
        lambda tf, z: tf.shape(z)[0] + 1,
        lambda tf, z: tf.minimum(tf.shape(z)[0], 32),
        lambda tf, z: tf.shape(z)[0] // 2,
    ],
)
def test_sizes_that_are_no_multiple_of_a_power_of_the_batch_size_are_refused(tf, size):
    with pytest.raises(InputError, match="a size cannot be read"):
        imported(tf, lambda z: tf.reduce_sum(z) / tf.cast(size(tf, z), tf.float32))
