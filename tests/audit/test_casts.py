import pytest

pytestmark = pytest.mark.tensorflow
tf = pytest.importorskip("tensorflow", reason='pip install "symgrad[tf-cpu]"')

from symgrad.audit.casts import drawn, rounding  # noqa: E402  (after the skip)

SPECS = {"x": tf.TensorSpec([None, 2], tf.float64)}


def traced(function, specs=SPECS):
    return tf.function(function).get_concrete_function(**specs)


def test_a_cast_that_loses_digits_is_found_with_its_line():
    [found] = rounding(traced(lambda x: tf.reduce_mean(tf.cast(x, tf.float32))), SPECS)
    assert found.kind == "rounded"
    assert "test_casts.py" in found.evidence[0]


def test_a_cast_beside_the_way_of_the_digits_is_none():
    function = traced(lambda x: tf.reduce_mean(x) + tf.cast(tf.cast(tf.reduce_sum(x), tf.float32), tf.float64))
    assert rounding(function, SPECS) == []


def test_float32_from_the_start_is_none():
    specs = {"x": tf.TensorSpec([None, 2], tf.float32)}
    assert rounding(traced(tf.reduce_mean, {"input_tensor": specs["x"]}), specs) == []


def test_what_is_drawn_fits_and_is_the_same_every_time():
    specs = {**SPECS, "y": tf.TensorSpec([None], tf.int32)}
    first, second = drawn(specs, 3), drawn(specs, 3)
    assert (first["x"].shape, first["x"].dtype, first["y"].dtype) == ((3, 2), tf.float64, tf.int32)
    assert bool(tf.reduce_all(first["x"] == second["x"]))
    assert set(first["y"].numpy()) <= {0, 1}
