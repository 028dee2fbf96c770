"""Per-sample results block by block, from memory maps, here and by workers."""

import numpy as np
import pytest

import symgrad as sg
from symgrad import catalogue
from symgrad.errors import InputError
from symgrad.export.numpy.blocks import mapped


@pytest.fixture(scope="module")
def logistic():
    derivation = sg.derive(sg.load_model(catalogue.find("logistic_regression")))
    rng = np.random.default_rng(0)
    arrays = {"x": rng.normal(size=(103, 4)), "y": rng.integers(0, 2, 103), "w": rng.normal(size=4), "b": np.array(0.5)}
    return derivation, arrays, derivation.compile()


def test_blocks_give_what_the_whole_gives_and_tell_how_far_they_are(logistic):
    derivation, arrays, code = logistic
    told = []
    found = derivation.in_blocks("per_sample_norms", arrays, rows=40, progress=lambda done, of: told.append((done, of)))
    np.testing.assert_allclose(found, code.per_sample_norms(**arrays), rtol=1e-15)
    assert told == [(40, 103), (80, 103), (103, 103)]


def test_gradients_go_from_memory_maps_to_memory_maps(logistic, tmp_path):
    derivation, arrays, code = logistic
    np.savez(tmp_path / "data.npz", **arrays)
    np.savez_compressed(tmp_path / "small.npz", **arrays)
    given = mapped(tmp_path / "data.npz")
    assert isinstance(given["x"], np.memmap)
    assert not isinstance(mapped(tmp_path / "small.npz")["x"], np.memmap)
    for name, array in arrays.items():
        np.testing.assert_array_equal(given[name], array)
        np.testing.assert_array_equal(mapped(tmp_path / "small.npz")[name], array)
    np.save(tmp_path / "x.npy", arrays["x"])
    given["x"] = tmp_path / "x.npy"
    out = {
        "w": np.lib.format.open_memmap(tmp_path / "w.npy", "w+", np.float64, (103, 4)),
        "b": np.lib.format.open_memmap(tmp_path / "b.npy", "w+", np.float64, (103,)),
    }
    assert derivation.in_blocks("per_sample_gradients", given, rows=17, out=out) is out
    for name, wanted in code.per_sample_gradients(**arrays).items():
        np.testing.assert_allclose(np.load(tmp_path / f"{name}.npy"), wanted, rtol=1e-15)


def test_a_memory_map_of_objects_is_refused(tmp_path):
    np.savez(tmp_path / "odd.npz", x=np.array([{}], dtype=object))
    with pytest.raises(InputError, match="an array of Python objects"):
        mapped(tmp_path / "odd.npz")


@pytest.mark.parametrize("backend", ["loky", "dask"])
def test_workers_give_the_same_numbers_in_the_same_order(logistic, backend):
    joblib = pytest.importorskip("joblib", reason="pip install 'symgrad[parallel]'")
    derivation, arrays, code = logistic
    wanted = code.per_sample_loss(**arrays)
    if backend == "loky":
        found = derivation.in_blocks("per_sample_loss", arrays, rows=30, jobs=2)
    else:
        distributed = pytest.importorskip("distributed", reason="pip install distributed")
        with (
            distributed.LocalCluster(n_workers=1, processes=False, dashboard_address=None) as cluster,
            distributed.Client(cluster),
            joblib.parallel_config(backend="dask"),
        ):
            found = derivation.in_blocks("per_sample_loss", arrays, rows=30, jobs=2)
    np.testing.assert_allclose(found, wanted, rtol=1e-15)


@pytest.mark.parametrize(
    ("function", "change", "options", "said"),
    [
        ("gram", {}, {}, "'gram' is not computed block by block"),
        ("per_sample_gradients", {}, {}, "out is where per_sample_gradients are written"),
        ("per_sample_loss", {}, {"out": {}}, "out is where per_sample_gradients are written"),
        ("per_sample_loss", {}, {"rows": 0}, "a block of 0 samples is none"),
        ("per_sample_loss", {"w": None}, {}, "no array for w"),
    ],
)
def test_what_cannot_be_done_in_blocks_is_refused(logistic, function, change, options, said):
    derivation, arrays, _ = logistic
    given = {name: array for name, array in arrays.items() if name not in change}
    with pytest.raises(InputError, match=said):
        derivation.in_blocks(function, given, **options)
