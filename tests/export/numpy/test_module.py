"""Every function of an emitted module against ball arithmetic, and what it does with odd arguments."""

import ast
import inspect
import random
import re
import subprocess
import sys
import warnings

import numpy as np
import pytest

import symgrad as sg
from symgrad import catalogue
from symgrad.errors import InputError
from symgrad.export.numpy.exact import FLAT, Exact, accuracy, arguments, call, worst
from symgrad.export.numpy.module import PUBLIC
from symgrad.oracles.points import sample_sizes
from tests.export.numpy.exact import point_of
from tests.soundness import length

FEW = (
    "logistic_regression",
    "softmax_regression",
    "loss_sparse_categorical_crossentropy",
    "mlp_tanh",
    "weighted_logistic",
    "ridge_regression",
    "masked_mean",
    "embedding_softmax",
    "attention_pooling",
    "autoencoder",
)
"""Entries that speak for their families: scalar and outer blocks, labels, weights, penalties, shared parameters."""

ALL = [n for n in catalogue.names() if n not in {"batch_norm", "info_nce"}]
NAMES = length(FEW, ALL)

ALLOWED = 40
"""Units of roundoff of the largest entry; the worst that was seen in the whole catalogue is below 25."""


@pytest.fixture(scope="module")
def compiled():
    """Derivations and their code, each made once."""
    known = {}

    def of(name):
        if name not in known:
            derivation = sg.derive(sg.load_model(catalogue.find(name)))
            known[name] = derivation, derivation.compile()
        return known[name]

    return of


@pytest.mark.parametrize("name", NAMES)
def test_every_function_agrees_with_ball_arithmetic_in_both_precisions(compiled, name):
    derivation, code = compiled(name)
    point = point_of(derivation.model, sample_sizes(derivation.model.program, random.Random(1)))
    exact = Exact(derivation, point)
    for dtype in ("float32", "float64"):
        errors = worst(code, exact, arguments(derivation.model, point, dtype), dtype)
        assert max(errors.values()) < ALLOWED, (dtype, errors)


@pytest.mark.parametrize("name", ["logistic_regression", "softmax_regression", "mlp_softmax"])
def test_one_sample_and_axes_of_length_one_are_no_special_case(compiled, name):
    derivation, code = compiled(name)
    sizes = dict.fromkeys(sample_sizes(derivation.model.program, random.Random(1)), 1) | {"K": 3}
    point = point_of(derivation.model, sizes)
    errors = worst(code, Exact(derivation, point), arguments(derivation.model, point, "float64"), "float64")
    assert max(errors.values()) < ALLOWED, errors


def test_the_comparison_notices_a_wrong_sign(compiled):
    derivation, code = compiled("mlp_tanh")
    point = point_of(derivation.model, sample_sizes(derivation.model.program, random.Random(1)))
    exact = Exact(derivation, point)
    given = arguments(derivation.model, point, "float64")
    given[0] = -given[0]
    assert min(worst(code, exact, given, "float64").values()) > 1e6


WORKLOADS = ["logistic_regression", "loss_sparse_categorical_crossentropy", "mlp_tanh", "mlp_softmax"]
"""The four of the benchmarks: a logit, classes, a hidden layer, two of them."""


@pytest.mark.parametrize("name", length(WORKLOADS, [*WORKLOADS, *FEW]))
def test_rounded_is_within_half_an_ulp_in_float32(compiled, name):
    derivation, code = compiled(name)
    sizes = {s: k + 3 for s, k in sample_sizes(derivation.model.program, random.Random(2)).items()}
    point = point_of(derivation.model, sizes)
    exact = Exact(derivation, point)
    given = arguments(derivation.model, point, "float32")
    for function in ("mean_gradient", "per_sample_gradients", "second_moment", "clipped_mean_gradient"):
        result = call(code, function, given, precision="rounded")
        for parameter, wanted in getattr(exact, function).items():
            ulps = ulp_errors(result[parameter], wanted)
            assert ulps.max() <= 0.5 + 1e-6, (function, parameter, ulps.max())
    for function in FLAT:
        assert (
            ulp_errors(call(code, function, given, precision="rounded"), getattr(exact, function)).max() <= 0.5 + 1e-6
        )


def ulp_errors(found, exact):
    assert found.dtype == np.float32
    off = [abs(float(e - float(f))) for f, e in zip(found.flat, np.asarray(exact).flat, strict=True)]
    return np.array(off) / np.spacing(np.abs(found)).astype(float).ravel()


def variance_of(exact):
    return {name: np.maximum(np.vectorize(float)(part), 0) for name, part in exact.variance().items()}


def test_a_module_measured_by_ball_arithmetic_says_its_largest_error_and_the_same_each_time(compiled):
    derivation, code = compiled("mlp_tanh")
    told = accuracy(derivation, code)
    assert told == accuracy(derivation, code)
    for dtype in ("float32", "float64"):
        found = re.search(rf"([\d.e+-]+) in {dtype} \((\w+)\)", told)
        assert 0 < float(found[1]) < ALLOWED
        assert found[2] in PUBLIC


def test_the_header_holds_measurements_only_when_a_check_was_asked_for(compiled):
    derivation, _ = compiled("logistic_regression")
    assert "Measured:\n- nothing, since no check was asked for" in derivation.to_numpy()


def test_a_gradient_that_is_a_sum_of_outer_products_is_clipped_without_building_it(compiled):
    _, code = compiled("autoencoder")
    source = inspect.getsource(code.clipped_mean_gradient)
    assert "x.T @ a_bar_scaled" in source
    assert "r_bar_scaled.T @ h" in source


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_variance_is_that_of_the_samples_and_its_noise_scale(compiled, dtype):
    derivation, code = compiled("mlp_tanh")
    point = point_of(derivation.model, {"N": 5, "D": 3, "H": 2})
    exact = Exact(derivation, point)
    result = code.gradient_variance(*arguments(derivation.model, point, dtype))
    wanted = variance_of(exact)
    for name, part in wanted.items():
        assert result["variance"][name].dtype == dtype
        np.testing.assert_allclose(result["variance"][name], part, rtol=1e-5 if dtype == "float32" else 1e-11)
    trace = sum(part.sum() for part in wanted.values())
    signal = sum(float(e) ** 2 for g in exact.mean_gradient.values() for e in g.flat)
    np.testing.assert_allclose([result["trace"], result["noise_scale"]], [trace, trace / signal], rtol=1e-5)


def mlp(compiled, dtype="float64"):
    derivation, code = compiled("mlp_softmax")
    point = point_of(derivation.model, {"N": 5, "D": 3, "H1": 4, "H2": 6, "K": 3})
    return code, arguments(derivation.model, point, dtype)


def test_arrays_may_be_views_and_read_only_and_are_never_written_to(compiled):
    code, given = mlp(compiled)
    odd = []
    for array in given:
        wide = np.full([2 * k for k in array.shape], np.nan)
        view = wide[tuple(slice(None, None, 2) for _ in array.shape)]
        view[...] = array
        view = np.asfortranarray(view) if array.ndim == 2 and array.shape[0] == 3 else view
        view.flags.writeable = False
        odd.append(view)
    before = [array.copy() for array in odd]
    for function in PUBLIC:
        plain, other = call(code, function, given), call(code, function, odd)
        for a, b in zip(leaves(plain), leaves(other), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-13)
    assert all(np.array_equal(a, b) for a, b in zip(before, odd, strict=True))


def leaves(value):
    if isinstance(value, dict):
        return [leaf for part in value.values() for leaf in leaves(part)]
    return [np.asarray(value)]


def test_no_result_shares_memory_with_another_or_with_an_argument(compiled):
    code, given = mlp(compiled)
    for function in PUBLIC:
        arrays = leaves(call(code, function, given))
        for k, array in enumerate(arrays):
            assert not any(np.shares_memory(array, other) for other in (*arrays[:k], *given)), function


def test_per_sample_gradients_are_written_into_the_arrays_given(compiled):
    code, given = mlp(compiled)
    plain = code.per_sample_gradients(*given)
    out = {name: np.full(array.shape, np.nan) for name, array in plain.items()}
    assert code.per_sample_gradients(*given, out=out) is out
    for name, array in plain.items():
        np.testing.assert_array_equal(out[name], array)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda out: out.pop("b1"), "a dict with an array for each of W1, b1"),
        (lambda out: out.update(b1=np.empty((2, 2))), r"out\['b1'\] is not an array of float64 with shape \(5, 4\)"),
        (lambda out: out.update(b1=out["b1"].astype("float32")), r"out\['b1'\] is not an array of float64"),
        (lambda out: out["b1"].setflags(write=False), r"out\['b1'\] is read-only"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(compiled, change, said):
    code, given = mlp(compiled)
    out = code.per_sample_gradients(*given)
    change(out)
    with pytest.raises(ValueError, match=said):
        code.per_sample_gradients(*given, out=out)


@pytest.mark.parametrize(
    ("position", "value", "kind", "said"),
    [
        (0, np.zeros(5), ValueError, r"x has shape \(5,\), expected \(N, D\)"),
        (1, np.zeros((4, 3)), ValueError, r"y has shape \(4, 3\), but N is 5: \(N, K\)"),
        (2, np.zeros((3, 4), "float32"), TypeError, "W1 is float32, but other arrays are float64"),
        (2, np.zeros((3, 4), complex), TypeError, "W1 is complex128, expected numbers"),
        (2, np.full((3, 4), "a"), TypeError, "W1 is <U1, expected numbers"),
        (2, np.zeros((3, 4), "float16"), TypeError, "W1 is float16, expected float32 or float64"),
        (0, np.zeros((0, 3)), ValueError, r"x has shape \(0, 3\): nothing along N"),
    ],
)
def test_wrong_shapes_and_kinds_are_refused_with_the_name_of_the_array(compiled, position, value, kind, said):
    code, given = mlp(compiled)
    given[position] = value
    for function in PUBLIC:
        with pytest.raises(kind, match=said):
            call(code, function, given)


def test_labels_out_of_range_and_wrong_options_are_refused(compiled):
    derivation, code = compiled("loss_sparse_categorical_crossentropy")
    given = arguments(derivation.model, point_of(derivation.model, {"N": 3, "D": 2, "K": 4}), "float64")
    for labels, kind, said in (
        ([0, 1, 4], ValueError, "y holds labels outside 0 to 3"),
        ([0, -1, 2], ValueError, "y holds labels outside 0 to 3"),
        ([0.0, 1.0, 2.0], TypeError, "y is float64, expected labels"),
    ):
        with pytest.raises(kind, match=said):
            code.loss(given[0], np.array(labels), *given[2:])
    with pytest.raises(ValueError, match="precision is 'double'"):
        code.loss(*given, precision="double")
    for clip in (0.0, -1.0, np.inf, np.nan):
        with pytest.raises(ValueError, match="expected a positive number"):
            code.clipped_mean_gradient(*given, clip=clip)


def test_what_is_not_a_number_goes_through_to_the_samples_that_hold_it(compiled):
    code, given = mlp(compiled)
    given[0][1, 2] = np.nan
    assert np.isnan(code.per_sample_norms(*given)).tolist() == [False, True, False, False, False]
    assert np.isnan(code.mean_gradient(*given)["W1"]).all()
    assert np.isnan(code.loss(*given))


def test_whole_numbers_and_lists_are_converted(compiled):
    _, code = compiled("logistic_regression")
    found = code.mean_gradient([[1, 2], [3, 4]], [0, 1], np.zeros(2), 0)
    np.testing.assert_array_equal(found["w"], [-0.5, -0.5])


def test_a_coupled_program_is_refused():
    text = "index n : N\nbatch n\ndata x[n]\nparameter w\nc[n] = x[n] - mean(n, x[n])\nloss[n] = (w * c[n])^2"
    derivation = sg.derive(sg.parse_model(text, "centred"))
    with pytest.raises(InputError, match="the samples are coupled"):
        derivation.to_numpy()


def test_the_text_is_the_same_on_every_run_and_stands_alone(tmp_path):
    texts = [sg.derive(sg.load_model(catalogue.find("softmax_regression"))).to_numpy() for _ in range(2)]
    assert texts[0] == texts[1]
    tree = ast.parse(texts[0])
    imported = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    assert imported == {"numpy"}
    (tmp_path / "emitted.py").write_text(texts[0])
    told = subprocess.run(
        [sys.executable, "-c", "import sys, emitted; print(sorted(m for m in sys.modules if 'symgrad' in m))"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert told.stdout.strip() == "[]"


def test_names_that_python_or_the_module_has_taken_are_changed_and_work():
    text = "index n : N, d : D\nbatch n\ndata np[n, d], out[n], scale\nparameter lambda[d], dtype\n"
    text += "f[n] = sum(d, lambda[d] * np[n, d]) + dtype\nloss[n] = scale * (f[n] - out[n])^2"
    code = sg.derive(sg.parse_model(text, "odd")).compile()
    rng = np.random.default_rng(0)
    given = [rng.normal(size=s) for s in ((4, 3), (4,), (), (3,), ())]
    residual = given[0] @ given[3] + given[4] - given[1]
    found = code.mean_gradient(*given)
    np.testing.assert_allclose(found["lambda"], 2 * given[2] * given[0].T @ residual / 4)
    np.testing.assert_allclose(found["dtype"], 2 * given[2] * residual.mean())


@pytest.mark.parametrize("margin", [12.0, 16.0, 18.0, 50.0, 80.0])
def test_a_softmax_keeps_its_gradient_far_from_the_margin_in_float32(compiled, margin):
    """What frameworks round to zero from a margin of 18 on."""
    z = np.array([[margin, 0.0, -1.0]])
    wanted = np.exp(z) / np.exp(z).sum()
    wanted[0, 0] = -(1 + np.exp(-1.0)) / np.exp(z).sum()
    for name, label in (("loss_sparse_categorical_crossentropy", np.array([0])), ("softmax_regression", np.eye(3)[:1])):
        _, code = compiled(name)
        given = [
            np.ones((1, 1), "f4"),
            label.astype("f4" if label.ndim == 2 else "i8"),
            z.astype("f4"),
            np.zeros(3, "f4"),
        ]
        np.testing.assert_allclose(code.mean_gradient(*given)["b"], wanted[0], rtol=1e-6)
        np.testing.assert_allclose(code.loss(*given), np.log1p(np.exp(-margin) + np.exp(-margin - 1)), rtol=1e-6)


@pytest.mark.parametrize("label", [0, 1])
@pytest.mark.parametrize("logit", [-80.0, -20.0, -3.0, 0.5, 20.0, 80.0])
def test_a_logistic_loss_keeps_its_digits_far_from_zero_in_float32(compiled, logit, label):
    _, code = compiled("logistic_regression")
    given = [np.ones((1, 1), "f4"), np.array([label]), np.array([logit], "f4"), np.float32(0)]
    toward = logit if label == 0 else -logit
    wanted = np.exp(toward) / (1 + np.exp(toward))
    found = code.mean_gradient(*given)["b"]
    np.testing.assert_allclose(found, wanted if label == 0 else -wanted, rtol=1e-6)
    np.testing.assert_allclose(
        code.loss(*given), np.logaddexp(0, toward) if toward > -30 else np.exp(toward), rtol=1e-6
    )


def test_nothing_overflows_and_nothing_warns(compiled):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in ("softmax_regression", "logistic_regression"):
            derivation, code = compiled(name)
            given = arguments(derivation.model, point_of(derivation.model, {"N": 3, "D": 2, "K": 4}), "float32")
            given[-2] = given[-2] * np.float32(1e4)
            for function in PUBLIC:
                assert all(np.isfinite(leaf).all() for leaf in leaves(call(code, function, given))), function


def test_outer_products_by_numba_are_the_same_numbers():
    pytest.importorskip("numba", reason="pip install 'symgrad[fast]'")
    derivation = sg.derive(sg.load_model(catalogue.find("mlp_softmax")))
    plain, fast = derivation.compile(), derivation.compile(fast=True)
    point = point_of(derivation.model, {"N": 5, "D": 7, "H1": 4, "H2": 6, "K": 3})
    for dtype in ("float32", "float64"):
        given = arguments(derivation.model, point, dtype)
        wanted = plain.per_sample_gradients(*given)
        contiguous = {name: np.empty(array.shape, dtype) for name, array in wanted.items()}
        for found in (fast.per_sample_gradients(*given), fast.per_sample_gradients(*given, out=contiguous)):
            for name, array in wanted.items():
                np.testing.assert_array_equal(found[name], array)


@pytest.mark.tensorflow
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["logistic_regression", "mlp_softmax", "loss_sparse_categorical_crossentropy"])
def test_tensorflow_finds_the_same_gradients_of_the_batch_and_of_batches_of_one(compiled, name, dtype):
    pytest.importorskip("tensorflow", reason="pip install 'symgrad[tf-cpu]'")
    from symgrad.oracles.data import as_arrays
    from symgrad.oracles.keras_references import reference

    derivation, code = compiled(name)
    model = derivation.model
    point = point_of(model, sample_sizes(model.program, random.Random(3)))
    arrays, given = as_arrays(model, point, dtype), arguments(model, point, dtype)
    oracle = reference(model, arrays)
    assert oracle is not None
    answer = oracle.run(arrays)
    near = {"rtol": 1e-4 if dtype == "float32" else 1e-11, "atol": 1e-6 if dtype == "float32" else 1e-14}
    np.testing.assert_allclose(code.loss(*given), answer.objective, **near)
    each = code.per_sample_gradients(*given)
    for parameter, found in code.mean_gradient(*given).items():
        np.testing.assert_allclose(found, answer.gradients[parameter], **near)
    for k in range(point.sizes[model.batch.size]):
        alone = {
            t.name: arrays[t.name][tuple(slice(k, k + 1) if s == model.batch.size else slice(None) for s in t.shape)]
            for t in model.program.inputs
        }
        for parameter, wanted in oracle.run(alone).gradients.items():
            np.testing.assert_allclose(each[parameter][k], wanted, **near)
