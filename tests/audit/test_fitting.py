import numpy as np
import pytest

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),  # Keras calls NumPy the old way
]
keras = pytest.importorskip("keras", reason='pip install "symgrad[tf-cpu]"')

from symgrad.audit.fitting import (  # noqa: E402  (after the skip)
    coupling_layers,
    factors_of_training,
    fitted_once,
    parts,
    penalised_layers,
)
from symgrad.importers.keras_model import objective  # noqa: E402


def dense(*layers):
    return keras.Sequential([keras.Input((4,)), *layers, keras.layers.Dense(2)])


def test_one_step_of_fit_is_the_gradient_of_what_it_reports():
    fitted = fitted_once(objective(dense(), "mse"))
    assert fitted.agrees
    assert fitted.applied == pytest.approx(1, rel=1e-4)


def test_the_audited_model_is_left_as_it_was():
    model = dense(keras.layers.BatchNormalization())
    before = model.get_weights()
    made = objective(model, "mse")
    fitted_once(made)
    coupling_layers(made)
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))


def test_a_model_that_draws_random_numbers_is_not_compared():
    assert fitted_once(objective(dense(keras.layers.Dropout(0.5)), "mse")) is None


def test_only_layers_that_mix_samples_are_named():
    model = dense(
        keras.layers.Dense(3),
        keras.layers.LayerNormalization(),
        keras.layers.Dropout(0.5),
        keras.layers.BatchNormalization(name="mixes"),
    )
    assert [name for name, _ in coupling_layers(objective(model, "mse"))] == ["mixes"]


def test_an_activity_penalty_is_told_from_one_on_weights():
    penalised = keras.layers.Dense(3, kernel_regularizer=keras.regularizers.L2(1e6), activity_regularizer="l2")
    [found] = penalised_layers(objective(dense(penalised), "mse"))
    assert float(found.evidence[0].split("penalty is ")[1].split(",")[0]) < 100


def test_a_model_that_was_not_compiled_has_no_factors_of_training():
    made = objective(dense(), "mse")
    assert (factors_of_training(made), parts(made)) == ([], None)


def test_loss_scaling_is_told():
    model = dense()
    model.compile(loss="mse", optimizer=keras.optimizers.SGD(0.1, loss_scale_factor=128.0))
    assert factors_of_training(objective(model)) == [
        ("loss scaling", "times 128 before, divided again after differentiation")
    ]


def test_accumulated_steps_are_what_the_measured_parts_stand_for():
    """Keras itself, in two steps of 5 and 3 samples, moves by the plain mean of the two gradients."""
    model = dense()
    optimizer = keras.optimizers.SGD(1.0, gradient_accumulation_steps=2)
    model.compile(loss="mse", optimizer=optimizer)
    made = objective(model)
    lengths, _ = parts(made)
    assert lengths == (5, 3)
    x, y = (np.asarray(keras.random.normal((8, k), seed=k)) for k in (4, 2))

    def gradient(*where):
        import tensorflow as tf

        with tf.GradientTape() as tape:
            value = made.function(x=x[slice(*where)], y=y[slice(*where)])
        return tape.gradient(value, [v.value for v in model.trainable_variables])[0].numpy()

    mean, whole = (gradient(0, 5) + gradient(5, 8)) / 2, gradient(0, 8)
    before = model.layers[0].kernel.numpy()
    model.train_on_batch(x[:5], y[:5])
    model.train_on_batch(x[5:], y[5:])
    step = before - model.layers[0].kernel.numpy()
    assert step == pytest.approx(mean, abs=1e-5)
    assert np.abs(step - whole).max() > 1e-3
