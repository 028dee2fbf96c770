"""Each operation: imported, derived, and compared with the tape of the very function; each refusal by its words."""

import numpy as np
import pytest

from symgrad.calculus import derive
from symgrad.errors import InputError
from symgrad.lang.parser import parse_model
from symgrad.oracles.report import Outcome
from symgrad.tensorflow import from_function

pytestmark = pytest.mark.tensorflow

POINTS = 2


class Bench:
    """A layer z = x W + b, further variables, and short names of TensorFlow's."""

    def __init__(self, tf):
        rng = np.random.default_rng(0)

        def variable(name, *shape):
            return tf.Variable(rng.uniform(0.3, 1.2, shape).astype(np.float32), name=name)

        self.tf, self.mean, self.sum = tf, tf.reduce_mean, tf.reduce_sum
        self.W, self.b, self.v = variable("W", 3, 4), variable("b", 4), variable("v", 4)
        self.w, self.A, self.K = variable("w", 3), variable("A", 2, 3, 4), variable("K", 6, 4)

    def z(self, x):
        return self.tf.matmul(x, self.W) + self.b

    def weighed(self, value):
        """A scalar in which every entry of ``value`` counts differently."""
        return self.mean(self.sum(value * self.v, axis=1))

    def spec(self, *shape, dtype="float32"):
        return self.tf.TensorSpec([None, *shape], self.tf.dtypes.as_dtype(dtype))


@pytest.fixture(scope="module")
def bench():
    import tensorflow as tf

    return Bench(tf)


def agrees(function, **inputs):
    """Import, derive and compare; the model."""
    model = from_function(function, **inputs)
    assert parse_model(model.to_sg(), model.name) == model
    report = derive(model).check("tensorflow", points=POINTS)
    assert report.outcome is Outcome.AGREE, (model.to_sg(), str(report))
    assert report.oracle == "given"
    return model


def loss_of(model):
    """What is written on the right of loss[n]."""
    return next(line for line in model.to_sg().splitlines() if line.startswith("loss")).partition(" = ")[2]


SMOOTH = {
    "trigonometry": lambda tf, z: tf.sin(z) + tf.cos(2.0 * z) + tf.tanh(z) - tf.sigmoid(-z),
    "exponentials": lambda tf, z: tf.exp(z) - tf.math.expm1(0.5 * z) + tf.math.softplus(z),
    "logarithms": lambda tf, z: tf.math.log(tf.square(z) + 0.1) + tf.math.log1p(tf.square(z)),
    "roots": lambda tf, z: tf.sqrt(tf.square(z) + 0.1) - tf.math.rsqrt(tf.square(z) + 0.5),
    "powers": lambda tf, z: tf.pow(tf.square(z), 1.5) + z**3 - tf.math.reciprocal(2.0 + tf.square(z)),
    "quotients": lambda tf, z: tf.math.divide_no_nan(z, 2.0 + tf.square(z)) + z / 3.0,
    "error function": lambda tf, z: tf.math.erf(z) * tf.math.erfc(0.5 * z),
    "gelu and silu": lambda tf, z: tf.nn.gelu(z) - tf.nn.silu(z),
    "softmax": lambda tf, z: tf.nn.softmax(z) + tf.nn.log_softmax(z),
    "log-sum-exp": lambda tf, z: z * tf.reduce_logsumexp(z, axis=1, keepdims=True),
    "differences": lambda tf, z: tf.math.squared_difference(z, 0.3) - tf.add_n([z, 2.0 * z]) + tf.nn.l2_loss(z) * 0.0,
    "casts": lambda tf, z: z * tf.cast(tf.shape(z)[1], tf.float32) + tf.cast(tf.cast(z, tf.float64), tf.float32),
    "alike": lambda tf, z: tf.square(z - tf.ones_like(z)) + tf.zeros_like(z) + tf.fill([4], 0.5),
}

KINKED = {
    "relu and absolute value": lambda tf, z: tf.nn.relu(z) + tf.abs(z - 0.1),
    "relu6": lambda tf, z: tf.nn.relu6(4.0 * z),
    "leaky relu": lambda tf, z: tf.nn.leaky_relu(z) + tf.nn.leaky_relu(z, alpha=0.05),
    "elu and selu": lambda tf, z: tf.nn.elu(z) + tf.nn.selu(z),
    "softsign": lambda tf, z: tf.math.softsign(z),
    "extremes": lambda tf, z: tf.maximum(z, 0.5 * z + 0.1) - tf.minimum(z, 0.0),
    "clip": lambda tf, z: tf.clip_by_value(z, -0.5, 0.5),
    "choice": lambda tf, z: tf.where(z > 0.125, 2.0 * z, tf.square(z)) + tf.where(z <= 0.5, z, 0.0),
    "sign": lambda tf, z: z * tf.sign(z) + tf.where(tf.logical_and(z > 0.0, z < 1.0), z, 0.0),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_a_smooth_function_agrees_with_the_tape(bench, name):
    model = agrees(lambda x: bench.weighed(SMOOTH[name](bench.tf, bench.z(x))), x=bench.spec(3))
    assert not model.origin.notes


@pytest.mark.parametrize("name", KINKED)
def test_a_function_with_kinks_agrees_with_the_tape(bench, name):
    agrees(lambda x: bench.weighed(KINKED[name](bench.tf, bench.z(x))), x=bench.spec(3))


def test_what_is_computed_stably_is_read_as_what_it_is(bench):
    tf = bench.tf
    bce = from_function(
        lambda x, y: bench.mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=bench.z(x))),
        x=bench.spec(3),
        y=bench.spec(4),
    )
    assert loss_of(bce) == "mean(k, softplus(z[n, k]) - z[n, k] * y[n, k])"
    lse = from_function(lambda x: tf.reduce_logsumexp(bench.z(x), axis=1), x=bench.spec(3))
    assert "held" not in lse.to_sg()


def test_a_select_is_written_with_steps_that_are_exact_at_the_edge(bench):
    tf = bench.tf
    greater = from_function(lambda x: bench.sum(tf.where(x > 0.5, bench.w * x, 0.0)), x=bench.spec(3))
    at_least = from_function(lambda x: bench.sum(tf.where(x >= 0.5, bench.w * x, 0.0)), x=bench.spec(3))
    assert "step(x[n, d] - 1/2)" in loss_of(greater)
    assert "(1 - step(1/2 - x[n, d]))" in loss_of(at_least)


CONTRACTIONS = {
    "matmul": lambda tf, b, x: tf.matmul(tf.matmul(x, b.W), b.W, transpose_b=True),
    "transposed": lambda tf, b, x: tf.transpose(tf.matmul(b.W, x, transpose_a=True, transpose_b=True)),
    "einsum": lambda tf, b, x: tf.einsum("ni,aij->na", x, b.A) * 2.0,
    "batched": lambda tf, b, x: tf.matmul(tf.expand_dims(x, 1), tf.expand_dims(b.W, 0))[:, 0, :],
    "tensordot": lambda tf, b, x: tf.tensordot(x, b.W, 1),
    "maximum": lambda tf, b, x: tf.reduce_max(b.z(x), axis=1, keepdims=True) + tf.reduce_min(b.z(x), 1, True),
    "moments": lambda tf, b, x: b.z(x) * tf.nn.moments(b.z(x), [1], keepdims=True)[1],
}


@pytest.mark.parametrize("name", CONTRACTIONS)
def test_a_contraction_or_reduction_agrees_with_the_tape(bench, name):
    model = agrees(lambda x: bench.mean(bench.tf.square(CONTRACTIONS[name](bench.tf, bench, x))), x=bench.spec(3))
    assert not model.origin.notes


def test_fused_cross_entropy_agrees_where_labels_sum_to_one_and_says_so(bench):
    def loss(x, y):
        return bench.mean(bench.tf.nn.softmax_cross_entropy_with_logits(labels=y, logits=bench.z(x)))

    inputs = {"x": bench.spec(3), "y": bench.spec(4)}
    free = from_function(loss, **inputs)
    assert loss_of(free) == "-sum(k, log(softmax(k, z[n, k])) * y[n, k])"
    assert any("only where the labels sum to one" in note for note in free.origin.notes)
    derivation = derive(free)
    report = derivation.check("tensorflow", points=POINTS)
    assert report.outcome is Outcome.DISAGREE
    assert "note that the gradient of tf.nn.softmax_cross_entropy_with_logits" in str(report)
    model = from_function(loss, normalized_labels=True, **inputs)
    assert "assume sum(k, y[n, k]) = 1" in model.to_sg()
    assert derive(model).check("tensorflow", points=POINTS).outcome is Outcome.AGREE


def test_integer_labels_are_data_of_zeros_and_a_one(bench):
    tf = bench.tf

    def sparse(x, y):
        return bench.mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=bench.z(x)))

    def spelt_out(x, y):
        chosen = tf.one_hot(y, 4) * tf.nn.log_softmax(bench.z(x)) + 0.25 * tf.gather(bench.K[:4], y)
        return -bench.mean(bench.sum(chosen, axis=1))

    for function in (sparse, spelt_out):
        model = agrees(function, x=bench.spec(3), y=bench.spec(dtype="int32"))
        assert "data x[n, d], y[n, k]" in model.to_sg()
        assert model.origin.indicators == ("y",)


def test_tokens_choose_rows_of_an_embedding(bench):
    def loss(t):
        return bench.mean(bench.sum(bench.tf.tanh(bench.tf.gather(bench.W, t)), axis=[1, 2]))

    model = agrees(loss, t=bench.spec(5, dtype="int64"))
    assert "e[n, j, h] = sum(k, W[k, h] * t[n, j, k])" in model.to_sg()


def test_integers_that_are_cast_are_numbers(bench):
    model = agrees(
        lambda x, c: bench.mean(bench.tf.cast(c, bench.tf.float32) * bench.sum(bench.z(x) ** 2, axis=1)),
        x=bench.spec(3),
        c=bench.spec(dtype="int32"),
    )
    assert "data x[n, d], c[n]" in model.to_sg()


def test_noise_is_data_and_the_reader_is_told(bench):
    tf = bench.tf
    model = agrees(
        lambda x: bench.mean(tf.square(bench.z(x) + tf.random.normal(tf.shape(bench.z(x))))), x=bench.spec(3)
    )
    assert "eps[n, l]" in model.to_sg()
    assert any("noise held fixed" in note for note in model.origin.notes)


def test_a_stopped_gradient_is_data_with_the_value_that_the_program_gives_it(bench):
    tf = bench.tf
    model = agrees(lambda x: bench.mean(tf.stop_gradient(bench.z(x)) * tf.square(bench.z(x))), x=bench.spec(3))
    assert "data x[n, d], held[n, h]" in model.to_sg()
    assert any("tf.stop_gradient at test_operations.py" in note for note in model.origin.notes)


def test_a_stopped_gradient_of_data_is_just_the_data(bench):
    model = from_function(lambda x: bench.mean(bench.tf.stop_gradient(x) * bench.w), x=bench.spec(3))
    assert "held" not in model.to_sg()


def test_batch_normalisation_in_training_couples_the_samples(bench):
    tf = bench.tf

    def loss(x):
        h = bench.tf.nn.batch_normalization(x * bench.w, *tf.nn.moments(x * bench.w, [0]), 0.5, bench.w, 1e-3)
        return bench.mean(tf.square(bench.sum(h, axis=1)))

    model = agrees(loss, x=bench.spec(3))
    assert "mean(n, " in model.to_sg()
    assert "held" not in model.to_sg()


REFUSED = {
    "cumsum": (lambda tf, b, x: tf.cumsum(b.z(x), axis=1), r"Cumsum at test_operations.py:\d+ .*not read"),
    "rounding": (lambda tf, b, x: tf.cast(tf.cast(b.z(x), tf.int32), tf.float32), "rounded to an integer"),
    "variable exponent": (lambda tf, b, x: tf.pow(tf.abs(b.z(x)) + 1.0, b.b), "exponent that is no constant"),
    "large exponent": (lambda tf, b, x: tf.pow(b.z(x), 17.0), "at most 16"),
    "a part of the batch": (lambda tf, b, x: b.z(x)[1:], "a part of the batch"),
    "batch as features": (lambda tf, b, x: x + b.w[: tf.shape(x)[0]], "not a constant"),
    "loop": (
        lambda tf, b, x: tf.while_loop(lambda v: tf.reduce_sum(v) < 1.0, lambda v: [2.0 * v], [b.z(x)])[0],
        "While at .* a branch or a loop is not read",
    ),
    "branch": (lambda tf, b, x: tf.cond(tf.reduce_sum(x) > 0.0, lambda: b.z(x), lambda: -b.z(x)), "If at .* a branch"),
    "keras hinge": (
        lambda tf, b, x: tf.where(tf.reduce_all(tf.equal(x, 1.0)), b.z(x), 0.0),
        "All at .* write the case that is meant",
    ),
    "trace": (
        lambda tf, b, x: tf.einsum("ni,njj->n", x, tf.zeros_like(x)[:, :, None] * x[:, None, :]),
        "none repeated",
    ),
    "rearranged": (lambda tf, b, x: tf.reshape(tf.transpose(b.z(x)), [-1, 4]), "rearranged"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_exactly_is_refused_with_the_users_line(bench, name):
    function, words = REFUSED[name]
    with pytest.raises(InputError, match=words) as refused:
        from_function(lambda x: bench.mean(function(bench.tf, bench, x)), x=bench.spec(3))
    assert "test_operations.py:" in str(refused.value)


def test_a_custom_gradient_is_refused_unless_it_is_known_to_be_the_derivative(bench):
    tf = bench.tf

    @tf.custom_gradient
    def reversed_gradient(v):
        return tf.identity(v), lambda upstream: -upstream

    with pytest.raises(InputError, match="custom gradient"):
        from_function(lambda x: bench.mean(reversed_gradient(bench.z(x))), x=bench.spec(3))
