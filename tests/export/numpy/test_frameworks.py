"""The emitted functions in the words of JAX and TensorFlow, against NumPy's and against their own gradients."""

import random
import subprocess
import sys

import numpy as np
import pytest

import symgrad as sg
from symgrad import catalogue
from symgrad.errors import InputError
from symgrad.export.numpy.exact import arguments, call
from symgrad.export.numpy.loading import loaded
from symgrad.export.numpy.module import FOR_FRAMEWORKS, framework_text
from symgrad.export.numpy.peers import jobs
from symgrad.export.numpy.timing import emitted
from symgrad.oracles.points import sample_sizes
from tests.export.numpy.exact import point_of
from tests.soundness import length

FEW = ["loss_sparse_categorical_crossentropy", "mlp_tanh", "ridge_regression", "attention_pooling", "autoencoder"]
ALL = [n for n in catalogue.names() if n not in {"batch_norm", "info_nce"}]
NAMES = length(FEW, ALL)

WAYS = {"jax": "pip install 'symgrad[bench]'", "tensorflow": "pip install 'symgrad[tf-cpu]'"}


@pytest.fixture(scope="module")
def derived_once():
    known = {}

    def of(name):
        if name not in known:
            derivation = sg.derive(sg.load_model(catalogue.find(name)))
            known[name] = derivation, derivation.compile()
        return known[name]

    return of


def ready(framework):
    library = pytest.importorskip(framework, reason=WAYS[framework])
    if framework == "jax":
        library.config.update("jax_enable_x64", True)


@pytest.mark.tensorflow
@pytest.mark.parametrize("framework", WAYS)
@pytest.mark.parametrize("name", NAMES)
def test_every_function_finds_what_numpys_finds(derived_once, name, framework):
    ready(framework)
    derivation, code = derived_once(name)
    other = loaded(framework_text(derivation.factored.plan, framework), f"emitted_{framework}")
    point = point_of(derivation.model, sample_sizes(derivation.model.program, random.Random(1)))
    given = arguments(derivation.model, point, "float64")
    for function in FOR_FRAMEWORKS:
        wanted, found = call(code, function, given), call(other, function, given)
        for key in wanted if isinstance(wanted, dict) else [...]:
            theirs = found if key is ... else found[key]
            np.testing.assert_allclose(np.asarray(theirs), wanted[key] if key is not ... else wanted, 1e-9, 1e-12)


@pytest.mark.tensorflow
@pytest.mark.parametrize("framework", WAYS)
@pytest.mark.parametrize("name", ["logistic_regression", "loss_sparse_categorical_crossentropy"])
def test_a_frameworks_own_gradients_of_the_losses_do_the_same_jobs(derived_once, name, framework):
    ready(framework)
    derivation, _ = derived_once(name)
    plan = derivation.factored.plan
    point = point_of(derivation.model, sample_sizes(derivation.model.program, random.Random(2)))
    given = arguments(derivation.model, point, "float64")
    ours, theirs = emitted(plan, given, clip=0.75), jobs(framework, plan, given, 0.75)
    assert list(theirs) == list(ours)
    for job, run in ours.items():
        wanted, found = run(), theirs[job]()
        for key in wanted if isinstance(wanted, dict) else [...]:
            theirs_ = found if key is ... else found[key]
            np.testing.assert_allclose(np.asarray(theirs_), wanted[key] if key is not ... else wanted, 1e-9, 1e-12)


@pytest.mark.tensorflow
def test_tensorflow_traces_a_train_step_whose_batch_size_is_not_known(derived_once):
    tf = pytest.importorskip("tensorflow", reason=WAYS["tensorflow"])
    derivation, code = derived_once("mlp_tanh")
    other = loaded(derivation.to_framework("tensorflow"), "emitted_tensorflow")
    point = point_of(derivation.model, {"N": 5, "D": 3, "H": 2})
    given = arguments(derivation.model, point, "float32")
    data, parameters = given[:2], [tf.Variable(p) for p in given[2:]]
    loose = [tf.TensorSpec((None, *array.shape[1:]), tf.float32) for array in data]

    @tf.function(input_signature=loose)
    def step(x, y):
        return other.clipped_mean_gradient(x, y, *parameters, clip=0.75)

    for name, wanted in code.clipped_mean_gradient(*given, clip=0.75).items():
        np.testing.assert_allclose(step(*data)[name], wanted, rtol=1e-5)


def test_the_stable_form_keeps_the_gradient_at_a_margin_where_jaxs_own_is_zero(derived_once):
    jax = pytest.importorskip("jax", reason=WAYS["jax"])
    derivation, _ = derived_once("loss_sparse_categorical_crossentropy")
    code = loaded(derivation.to_framework("jax"), "emitted_jax")
    given = [np.ones((1, 1), "f4"), np.array([0]), np.array([[20.0, 0.0, -1.0]], "f4"), np.zeros(3, "f4")]
    own = jax.grad(code.loss, argnums=3)(*given)
    wanted = -(1 + np.exp(-1.0)) / np.exp([20.0, 0.0, -1.0]).sum()
    assert own[0] == 0
    np.testing.assert_allclose(code.mean_gradient(*given)["b"][0], wanted, rtol=1e-6)


def test_other_frameworks_are_refused(derived_once):
    derivation, _ = derived_once("mlp_tanh")
    with pytest.raises(InputError, match="not for 'torch'"):
        derivation.to_framework("torch")


def test_a_module_for_a_framework_imports_that_alone(derived_once, tmp_path):
    ready("jax")
    (tmp_path / "emitted.py").write_text(derived_once("mlp_tanh")[0].to_framework("jax"))
    asked = "import sys, emitted; print([m for m in sys.modules if m.startswith(('symgrad', 'tensor'))])"
    told = subprocess.run(
        [sys.executable, "-c", asked],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert told.stdout.strip() == "[]"
