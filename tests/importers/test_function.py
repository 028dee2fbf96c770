"""Whole models: what a practitioner writes, imported, proved, and compared with the function itself."""

import time

import numpy as np
import pytest

import symgrad
from symgrad.calculus import derive
from symgrad.errors import InputError
from symgrad.lang.parser import parse_model
from symgrad.oracles.floats import FloatEvaluator
from symgrad.oracles.report import Outcome
from symgrad.tensorflow import from_function

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def keras():
    import keras

    keras.utils.set_random_seed(0)
    return keras


@pytest.fixture(scope="module")
def tf():
    import tensorflow

    return tensorflow


def network(keras, depth, activation="tanh"):
    """Dense layers, the last one without an activation."""
    hidden = [keras.layers.Dense(3 + i % 3, activation=activation) for i in range(depth - 1)]
    return keras.Sequential([keras.Input((3,)), *hidden, keras.layers.Dense(2)])


def squared(tf, model):
    def loss(x, y):
        return tf.reduce_mean(tf.reduce_sum(tf.square(model(x, training=True) - y), axis=-1))

    return loss


def specs(tf, **shapes):
    return {name: tf.TensorSpec([None, *shape]) for name, shape in shapes.items()}


def proved(model):
    """Derive, demand that all is proved, and compare with the function itself."""
    assert parse_model(model.to_sg(), model.name) == model
    derivation = derive(model)
    assert derivation.verdict.value == "proved", derivation.verdicts
    report = derivation.check("tensorflow", points=2)
    assert report.outcome is Outcome.AGREE, str(report)
    return derivation


TWO_LAYERS = """\
index n : N, d : D, k : K, h : H
batch n
data x[n, d], y[n, k]
parameter W1[d, h], b1[h], W2[h, k], b2[k]

z1[n, h] = sum(d, W1[d, h] * x[n, d]) + b1[h]
h1[n, h] = tanh(z1[n, h])
z2[n, k] = sum(h, W2[h, k] * h1[n, h]) + b2[k]
loss[n] = sum(k, (z2[n, k] - y[n, k])^2)
objective = mean(n, loss[n])
"""


def test_two_dense_layers_read_as_a_person_would_write_them(tf, keras):
    network_ = network(keras, 2)
    begun = time.perf_counter()
    model = from_function(squared(tf, network_), **specs(tf, x=[3], y=[2]))
    taken = time.perf_counter() - begun
    assert model.to_sg().endswith(TWO_LAYERS)
    assert model.origin.variables["W2"].endswith("/kernel")
    assert model.origin.sizes == {"D": 3, "H": 3, "K": 2}
    assert any(line.startswith("W2 is sequential") for line in model.introduction)
    assert taken < 2
    proved(model)


def test_one_dense_layer_is_a_linear_model(tf, keras):
    model = from_function(squared(tf, network(keras, 1)), **specs(tf, x=[3], y=[2]))
    assert "z[n, k] = sum(d, W[d, k] * x[n, d]) + b[k]" in model.to_sg()
    proved(model)


def test_twelve_dense_layers_are_imported_and_proved_in_under_twenty_seconds(tf, keras):
    function = squared(tf, network(keras, 12))
    begun = time.perf_counter()
    model = from_function(function, **specs(tf, x=[3], y=[2]))
    derivation = derive(model)
    assert time.perf_counter() - begun < 20
    assert derivation.verdict.value == "proved"
    assert len(model.program.definitions) == 25
    assert "z12[n, k] = sum(" in model.to_sg()


def test_the_function_of_the_front_page_and_the_public_door_are_one():
    import symgrad.tensorflow as door

    assert door.from_function is from_function
    assert symgrad.Model is not None


def variational_autoencoder(tf, keras):
    """The example of keras.io with dense layers, as a model with a training step of its own."""

    class Sampling(keras.layers.Layer):
        def __init__(self, **options):
            super().__init__(**options)
            self.seed_generator = keras.random.SeedGenerator(1337)

        def call(self, inputs):
            mean, log_var = inputs
            noise = keras.random.normal(shape=keras.ops.shape(mean), seed=self.seed_generator)
            return mean + keras.ops.exp(0.5 * log_var) * noise

    class Autoencoder(keras.Model):
        def __init__(self):
            super().__init__()
            self.hidden = keras.layers.Dense(4, activation="tanh", name="hidden")
            self.z_mean = keras.layers.Dense(2, name="z_mean")
            self.z_log_var = keras.layers.Dense(2, name="z_log_var")
            self.sampling = Sampling()
            self.decoder = keras.Sequential(
                [
                    keras.Input((2,)),
                    keras.layers.Dense(4, activation="tanh"),
                    keras.layers.Dense(5, activation="sigmoid"),
                ]
            )

        def total_loss(self, data):
            h = self.hidden(data)
            mean, log_var = self.z_mean(h), self.z_log_var(h)
            reconstruction = self.decoder(self.sampling([mean, log_var]))
            per_pixel = keras.losses.binary_crossentropy(
                keras.ops.expand_dims(data, -1), keras.ops.expand_dims(reconstruction, -1)
            )
            kl = -0.5 * (1 + log_var - keras.ops.square(mean) - keras.ops.exp(log_var))
            return keras.ops.mean(keras.ops.sum(per_pixel, axis=1)) + keras.ops.mean(keras.ops.sum(kl, axis=1))

        def train_step(self, data):
            with tf.GradientTape() as tape:
                loss = self.total_loss(data)
            self.optimizer.apply_gradients(
                zip(tape.gradient(loss, self.trainable_weights), self.trainable_weights, strict=True)
            )
            return {"total": loss}

    model = Autoencoder()
    model.total_loss(tf.zeros([2, 5]))
    return model


def test_a_variational_autoencoder_with_its_own_training_step_works_end_to_end(tf, keras):
    autoencoder = variational_autoencoder(tf, keras)
    model = from_function(autoencoder.total_loss, data=tf.TensorSpec([None, 5]))
    assert "data data1[n, d], eps[n, l]" in model.to_sg()  # "data" is a word of the language
    assert "exp(1/2 * " in model.to_sg()
    assert any("noise held fixed" in note for note in model.origin.notes)
    derivation = proved(model)

    # One real step with rate 1 moves every weight by its gradient.
    sampling = autoencoder.sampling.seed_generator
    x = np.random.default_rng(0).uniform(0.1, 0.9, (6, 5)).astype(np.float32)
    before = {v.path: v.numpy() for v in autoencoder.trainable_variables}
    state = sampling.state.numpy()
    noise = keras.random.normal(shape=(6, 2), seed=sampling)
    sampling.state.assign(state)
    autoencoder.compile(optimizer=keras.optimizers.SGD(1.0), run_eagerly=True)
    autoencoder.train_step(tf.constant(x))
    moved = {v.path: before[v.path] - v.numpy() for v in autoencoder.trainable_variables}

    own = {name: path.removeprefix(f"{autoencoder.name}/") for name, path in model.origin.variables.items()}
    paths = {name: next(p for p in before if p.endswith(path)) for name, path in own.items()}
    arrays = {"eps": np.asarray(noise), **{name: before[path] for name, path in paths.items()}}
    arrays[next(t.name for t in model.program.inputs if t.name not in arrays)] = x
    tensors = model.program.tensors
    evaluator = FloatEvaluator(
        {"N": 6, **model.origin.sizes},
        {name: np.asarray(a, dtype=np.float64) for name, a in arrays.items()},
        {name: len(tensors[name].shape) for name in arrays},
    )
    formulas = derivation.formulas
    for definition in (*model.program.definitions, *formulas.adjoints):
        evaluator.define(definition)
    for name, (letters, term) in formulas.gradients.items():
        expected = moved[paths[name]]
        assert evaluator.value(term, letters) == pytest.approx(expected, rel=1e-3, abs=1e-5), name


def test_layer_normalisation_is_separable_and_holds_nothing_fixed(tf, keras):
    layers = [keras.layers.Dense(4), keras.layers.LayerNormalization(), keras.layers.Dense(1)]
    network_ = keras.Sequential([keras.Input((3,)), *layers])
    model = from_function(lambda x, y: keras.losses.MeanSquaredError()(y, network_(x)), **specs(tf, x=[3], y=[1]))
    assert model.origin.notes == ()
    assert "m[n] = mean(h, z1[n, h])" in model.to_sg()
    proved(model)


def test_dropout_is_a_mask_made_of_noise_that_is_data(tf, keras):
    network_ = keras.Sequential([keras.Input((3,)), keras.layers.Dropout(0.25), keras.layers.Dense(1)])
    model = from_function(
        lambda x, y: keras.losses.MeanSquaredError()(y, network_(x, training=True)), **specs(tf, x=[3], y=[1])
    )
    assert "step(1/4 - eps[n, d])" in model.to_sg()
    proved(model)


def test_self_attention_is_read_with_two_letters_for_time(tf, keras):
    inputs = keras.Input((4, 3))
    attended = keras.layers.MultiHeadAttention(1, 2)(inputs, inputs)
    network_ = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.GlobalAveragePooling1D()(attended)))
    model = from_function(lambda x, y: keras.losses.MeanSquaredError()(y, network_(x)), **specs(tf, x=[4, 3], y=[1]))
    assert "softmax(j, u[n, t, j])" in model.to_sg()
    proved(model)


@pytest.mark.parametrize(
    ("reduction", "loss", "objective"),
    [
        ("sum_over_batch_size", "(y[n] - z[n])^2 * s[n]", "mean(n, loss[n])"),
        ("mean_with_sample_weight", "(y[n] - z[n])^2", "sum(n, s[n] * loss[n]) / sum(n, s[n])"),
        ("sum", "(y[n] - z[n])^2 * s[n]", "sum(n, loss[n])"),
        (None, "(y[n] - z[n])^2 * s[n]", "sum(n, loss[n])"),
    ],
)
def test_the_objective_is_what_is_differentiated_with_every_factor(tf, keras, reduction, loss, objective):
    network_ = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    criterion = keras.losses.MeanSquaredError(reduction=reduction)
    model = from_function(lambda x, y, s: criterion(y, network_(x), sample_weight=s), **specs(tf, x=[3], y=[1], s=[]))
    assert f"loss[n] = {loss}\n" in model.to_sg()
    assert f"objective = {objective}\n" in model.to_sg()


def test_a_regulariser_stands_beside_the_mean(tf, keras):
    layer = keras.layers.Dense(1, kernel_regularizer=keras.regularizers.L2(0.25))
    network_ = keras.Sequential([keras.Input((3,)), layer])

    def loss(x, y):
        return keras.losses.MeanSquaredError()(y, network_(x)) + sum(network_.losses)

    model = from_function(loss, **specs(tf, x=[3], y=[1]))
    assert "objective = mean(n, loss[n]) + 1/4 * sum(d, w[d]^2)\n" in model.to_sg()
    assert derive(model).weights["remainder"] == "1/4 * sum(d, w[d]^2)"


def test_variables_that_are_not_trained_are_data(tf, keras):
    network_ = keras.Sequential([keras.Input((3,)), keras.layers.BatchNormalization(), keras.layers.Dense(1)])
    model = from_function(
        lambda x, y: keras.losses.MeanSquaredError()(y, network_(x, training=False)), **specs(tf, x=[3], y=[1])
    )
    assert "data x[n, d], y[n], mu[d], var[d]" in model.to_sg()
    assert {t.name for t in model.program.inputs if t.kind == "parameter"} == {"gamma", "beta", "w", "b"}


def test_names_of_the_language_are_not_taken_by_variables(tf):
    size, n, loss = (tf.Variable(float(k), name=name) for k, name in enumerate(["size", "n", "loss"]))
    model = from_function(lambda x: tf.reduce_mean(x * size * n * loss), x=tf.TensorSpec([None]))
    names = {t.name for t in model.program.inputs}
    assert names == {"x", "size1", "n1", "loss1"}
    assert "size1 is size" in model.introduction


@pytest.mark.parametrize(
    ("function", "shape", "words"),
    [
        (lambda tf, x, w: tf.reduce_sum(w) * 2.0, [None], "does not run over the batch|constant"),
        (lambda tf, x, w: tf.constant(1.0), [None], "a constant"),
        (lambda tf, x, w: tf.reduce_mean(w * x), [None, None], "unknown length besides the first"),
        (lambda tf, x, w: x[:, None] * x[None, :] * w, [None], "every pair of samples"),
    ],
)
def test_a_loss_that_says_nothing_of_samples_is_refused(tf, function, shape, words):
    w = tf.Variable(1.0, name="w")
    with pytest.raises(InputError, match=words):
        from_function(lambda x: function(tf, x, w), x=tf.TensorSpec(shape))


def test_a_function_that_cannot_be_traced_is_refused_in_words(tf):
    with pytest.raises(InputError, match="cannot trace the function"):
        from_function(lambda x, y: tf.reduce_mean(x), x=tf.TensorSpec([None]))


def test_the_origin_changes_neither_equality_nor_the_text(tf):
    w = tf.Variable(1.0, name="w")
    model = from_function(lambda x: tf.reduce_mean(w * x), x=tf.TensorSpec([None]))
    read = parse_model(model.to_sg(), model.name)
    assert read.origin is None
    assert read == model
    assert repr(read) == repr(model)
