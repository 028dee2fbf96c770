import zipfile

import pytest

from symgrad.errors import InputError
from symgrad.importers.keras_file import planned, read_plan
from tests.importers.keras_archives import called, dense, functional, layer, sequential, tensor

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),  # Keras calls NumPy the old way
]
keras = pytest.importorskip("keras", reason='pip install "symgrad[tf-cpu]"')

from symgrad.importers.keras_model import built, from_keras, objective  # noqa: E402  (after the skip)


def many_layers():
    make = keras.layers
    ends = [keras.Input((4,), name="a"), keras.Input((4,), name="b")]
    shared = make.Dense(6, activation="gelu", kernel_regularizer="l1", activity_regularizer=keras.regularizers.L2(0.1))
    first, second = (shared(end) for end in ends)
    found = [make.Add()([first, second]), make.Maximum()([first, second]), make.Dot(1)([first, second])]
    joined = make.Concatenate()(found)
    for next_layer in [
        make.LayerNormalization(),
        make.Dropout(0.25),
        make.Reshape((13, 1)),
        make.Flatten(),
        make.Dense(3, bias_constraint="non_neg", bias_initializer="ones", name="last"),
        make.LeakyReLU(),
        make.BatchNormalization(trainable=False),
        make.Softmax(),
    ]:
        joined = next_layer(joined)
    return keras.Model(ends, joined)


MODELS = {
    "sequential": lambda: keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, "tanh"), keras.layers.Dense(1)]),
    "functional": many_layers,
    "tokens": lambda: keras.Sequential(
        [keras.Input((5,), dtype="int32"), keras.layers.Embedding(7, 2), keras.layers.Flatten(), keras.layers.Dense(1)]
    ),
}


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS.keys())
def test_a_model_saved_by_keras_comes_back_as_the_same_function_of_its_weights(make, tmp_path):
    model = make()
    model.save(tmp_path / "m.keras")
    again = built(read_plan(tmp_path / "m.keras"))
    assert [w.path.split("/")[-2:] for w in again.weights] == [w.path.split("/")[-2:] for w in model.weights]
    again.set_weights(model.get_weights())
    inputs = [keras.random.uniform((3, *end.shape[1:]), 0, 5) for end in model.inputs]
    inputs = [keras.ops.cast(value, end.dtype) for value, end in zip(inputs, model.inputs, strict=True)]
    given = inputs if len(inputs) > 1 else inputs[0]
    assert keras.ops.convert_to_numpy(again(given)) == pytest.approx(keras.ops.convert_to_numpy(model(given)))
    assert [float(loss) for loss in again.losses] == pytest.approx([float(loss) for loss in model.losses])


def test_the_stored_weights_are_not_used(tmp_path):
    MODELS["sequential"]().save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as stored, zipfile.ZipFile(tmp_path / "n.keras", "w") as broken:
        for name in stored.namelist():
            broken.writestr(name, stored.read(name) if name.endswith(".json") else b"\x00broken")
    assert built(read_plan(tmp_path / "n.keras")).count_params() == 4 * 3 + 3 + 3 + 1


@pytest.mark.parametrize(
    ("stored", "reason"),
    [
        (sequential(layer("Reshape", "r", target_shape=[5])), "'r': Keras refuses it"),
        (sequential(layer("Concatenate", "c", axis=1)), "'c': Keras refuses it"),
        (sequential(layer("Permute", "p", dims=[3, 1])), "'p': Keras refuses it"),
        (sequential(dense("a", units=60_000), dense("b", units=60_000)), "'b': would make more than"),
        (sequential(*(layer("RepeatVector", f"r{k}", n=60_000) for k in range(1)), dense(units=60_000)), "would make"),
        (
            functional(called(layer("Embedding", "dense", input_dim=60_000, output_dim=60_000), tensor("x"))),
            "would make",
        ),
    ],
)
def test_what_keras_refuses_or_memory_would_not_hold_is_refused_in_one_line(stored, reason):
    with pytest.raises(InputError, match=reason) as refused:
        built(planned(stored))
    assert "\n" not in str(refused.value)


def weights_of(made):
    return [v.numpy() for v in made.model.trainable_variables]


def batch(made, samples=5):
    import tensorflow as tf

    generator = tf.random.Generator.from_seed(5)
    return {name: generator.uniform([samples, *spec.shape[1:]]) for name, spec in made.specs.items()}


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight"])
@pytest.mark.parametrize("sample_weight", [False, True])
def test_the_objective_is_the_one_that_a_compiled_model_computes(reduction, sample_weight):
    model = many_layers()
    made = objective(model, "huber", reduction=reduction, training=False, sample_weight=sample_weight)
    model.compile(loss=keras.losses.Huber(reduction=reduction))
    data = batch(made)
    inputs = [data[name] for name in ("a", "b")]
    predicted = model(inputs, training=False)
    expected = model.compute_loss(inputs, data["y"], predicted, data.get("sample_weight"))
    assert float(made.function(**data)) == pytest.approx(float(expected), rel=1e-6)
    own = objective(model, training=False, sample_weight=sample_weight)
    assert float(own.function(**data)) == pytest.approx(float(expected), rel=1e-6)


def test_a_loss_that_is_a_function_is_wrapped_as_compile_does():
    model = MODELS["sequential"]()

    def lifted(y, p):
        return keras.ops.mean(keras.ops.abs(y - p), -1)

    made = objective(model, lifted)
    data = batch(made)
    model.compile(loss=lifted)
    expected = model.compute_loss(data["x"], data["y"], model(data["x"]))
    assert float(made.function(**data)) == pytest.approx(float(expected), rel=1e-6)


def test_sparse_labels_are_one_integer_a_sample():
    assert objective(MODELS["sequential"](), "sparse_categorical_crossentropy").specs["y"].shape.rank == 1
    assert objective(MODELS["sequential"](), "sparse_categorical_crossentropy").specs["y"].dtype.is_integer


@pytest.mark.parametrize(
    ("make", "options", "reason"),
    [
        (lambda: keras.Sequential([keras.layers.Dense(2)]), {"loss": "mse"}, "never built"),
        (MODELS["sequential"], {}, "no compiled loss"),
        (MODELS["sequential"], {"reduction": "sum"}, "no compiled loss"),
        (MODELS["sequential"], {"loss": "nonsense"}, "no loss 'nonsense'"),
        (MODELS["sequential"], {"loss": 3}, "int is no loss"),
        (MODELS["sequential"], {"loss": keras.losses.Huber(), "reduction": "sum"}, "not sum"),
    ],
)
def test_an_objective_that_is_not_there_is_refused(make, options, reason):
    with pytest.raises(InputError, match=reason):
        objective(make(), **options)


def test_an_unreduced_loss_beside_a_regulariser_is_refused_as_keras_does():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, kernel_regularizer="l2")])
    made = objective(model, "mse", reduction="none")
    with pytest.raises(InputError, match="Keras cannot fit this"):
        made.function(**batch(made))


def test_several_outputs_are_refused():
    end = keras.Input((4,))
    with pytest.raises(InputError, match="several outputs"):
        objective(keras.Model(end, [keras.layers.Dense(1)(end), keras.layers.Dense(1)(end)]), "mse")


def test_a_model_and_its_file_are_the_same_mathematics(tmp_path):
    model = MODELS["sequential"]()
    model.save(tmp_path / "m.keras")
    read = [from_keras(source, "mse") for source in (model, tmp_path / "m.keras", str(tmp_path / "m.keras"))]
    assert {each.program for each in read} == {read[0].program}
    assert [v.rpartition("/")[2] for v in read[0].origin.variables.values()] == ["kernel", "bias"] * 2


def test_weights_are_left_alone():
    made = objective(MODELS["sequential"](), "mse")
    before = weights_of(made)
    made.function(**batch(made))
    assert all((a == b).all() for a, b in zip(before, weights_of(made), strict=True))
