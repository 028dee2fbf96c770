import random

import numpy as np
import pytest

from symgrad.errors import InputError
from symgrad.lang.parser import parse_model
from symgrad.oracles import slices
from symgrad.oracles.data import as_arrays
from symgrad.oracles.points import sample_point, sample_sizes
from symgrad.oracles.slices import Setting, chosen, gradients, shown, sliced

COUPLED = """
index n : N, d : D
batch n
data x[n, d], y[n]
parameter w[d], b
z[n] = sum(d, w[d] * x[n, d]) + b
mu = mean(n, z[n])
loss[n] = (z[n] - mu - y[n])^2 + b^2
expect separable refuted
"""
ROOT = """
index n : N
batch n
data x[n], y[n]
parameter w, b
f[n] = w * x[n] + b
loss[n] = (f[n] - y[n])^2
objective = sqrt(mean(n, loss[n]))
expect identity refuted
"""
SHARED = """
index n : N, d : D
batch n
data x[n, d], y[n], lam
parameter w[d]
norm = sum(d, w[d]^2)
f[n] = sum(d, w[d] * x[n, d])
loss[n] = (f[n] - y[n])^2 + lam * norm
"""


@pytest.fixture(scope="module")
def derivation(derived):
    """A derivation of a catalogue entry, or of one of the texts above."""
    from symgrad.calculus import derive

    texts = {"coupled": COUPLED, "root": ROOT, "shared": SHARED}
    return lambda name: derive(parse_model(texts[name], name)) if name in texts else derived(name)


def drawn(model, seed=0, **sizes):
    rng = random.Random(seed)
    point = sample_point(model, sample_sizes(model.program, rng, {model.program.batch: 3, **sizes}), rng)
    return Setting(point.sizes, as_arrays(model, point, "float64"))


def cut_of(derivation, at=None, over=None, spans=None):
    at = at or drawn(derivation.model)
    over = over or chosen(None, derivation.model, at.sizes)
    return sliced(derivation.model, derivation.sample_formulas, derivation.formulas, at, over, spans)


def losses_at(derivation, at, place, step):
    """All per-sample losses and the objective where one entry is moved."""
    name, where = place
    moved = {key: array.copy() for key, array in at.arrays.items()}
    moved[name][where] += step
    evaluator = Setting(at.sizes, moved).evaluator(derivation.model)
    for definition in derivation.model.program.definitions:
        evaluator.define(definition)
    bodies = derivation.model.program.bodies
    return [evaluator.value(bodies[name].body, bodies[name].letters) for name in ("loss", "objective")]


@pytest.mark.parametrize(
    "name",
    ["logistic_regression", "mlp_tanh", "softmax_regression", "ridge_outside_mean", "weighted_logistic",
     "coupled", "root", "shared"],
)  # fmt: skip
def test_derived_gradients_are_the_finite_differences_of_the_losses(derivation, name):
    found = derivation(name)
    at = drawn(found.model)
    each, whole = gradients(found.model, found.sample_formulas, found.formulas, at)
    h = 1e-5
    for tensor in (t for t in found.model.program.inputs if t.kind == "parameter"):
        for where in np.ndindex(*(at.sizes[s] for s in tensor.shape)):
            up, down = (losses_at(found, at, (tensor.name, where), step) for step in (h, -h))
            of_losses, of_objective = ((a - b) / (2 * h) for a, b in zip(up, down, strict=True))
            assert each[tensor.name][(..., *where)] == pytest.approx(of_losses, rel=1e-6, abs=1e-7)
            assert whole[tensor.name][where] == pytest.approx(of_objective, rel=1e-6, abs=1e-7)


def test_a_slice_holds_the_losses_at_its_grid_points(derivation):
    found = derivation("logistic_regression")
    at = drawn(found.model, N=5)
    cut = cut_of(found, at, (("w", (1,)), ("b", ())), ((-3, 3), (-2, 2)))
    assert cut.losses.shape == (3, len(cut.grid[1]), len(cut.grid[0]))
    x, y, w = at.arrays["x"], at.arrays["y"], at.arrays["w"].copy()
    for i, j in ((0, 0), (7, 60), (80, 3)):
        w[1] = cut.grid[0][j]
        z = x @ w + cut.grid[1][i]
        losses = np.logaddexp(0, z) - y * z
        assert cut.losses[:, i, j] == pytest.approx(losses[:3], rel=1e-12)
        assert cut.objective[i, j] == pytest.approx(losses.mean(), rel=1e-12)
    assert (cut.grid[0][0], cut.grid[1][-1]) == (-3, 2)


def test_a_grid_that_is_too_large_is_evaluated_in_parts(derivation, monkeypatch):
    found = derivation("mlp_tanh")
    at_once = cut_of(found)
    monkeypatch.setattr(slices, "_ROOM", 1000)
    assert cut_of(found).losses == pytest.approx(at_once.losses, rel=1e-12)


def test_the_grid_is_coarser_where_the_batch_is_large(derivation, monkeypatch):
    found = derivation("logistic_regression")
    assert cut_of(found).losses.shape[1:] == (81, 81)
    monkeypatch.setattr(slices, "_WORK", 15_000)
    assert cut_of(found).losses.shape[1:] == (50, 50)
    monkeypatch.setattr(slices, "_WORK", 1)
    assert cut_of(found).losses.shape[1:] == (33, 33)


@pytest.mark.parametrize(
    ("name", "averages", "mean"),
    [("logistic_regression", True, True), ("coupled", True, True), ("root", False, False),
     ("ridge_outside_mean", False, False)],
)  # fmt: skip
def test_the_gradient_of_the_objective_is_the_centroid_exactly_where_that_is_true(derivation, name, averages, mean):
    cut = cut_of(derivation(name))
    assert (cut.averages, cut.mean) == (averages, mean)
    assert cut.centroid == pytest.approx(cut.gradients.mean(axis=0))
    assert (cut.batch == pytest.approx(cut.centroid, rel=1e-9)) is averages


def test_entries_are_named_as_documents_name_them(derivation):
    model = derivation("mlp_tanh").model
    sizes = {"N": 3, "D": 2, "H": 4}
    assert [shown(place) for place in chosen(None, model, sizes)] == ["W1[1, 1]", "W1[1, 2]"]
    assert chosen("W1[2, 4], b2", model, sizes) == (("W1", (1, 3)), ("b2", ()))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("w[1]", "'w[1]' names 1 entry, expected two entries, such as w[1],w[2]"),
        ("w[1],w[2],b", "names 3 entries"),
        ("b,b", "names b twice"),
        ("w[3],b", r"there is no w[3] at these sizes; the nearest is w[2]"),
        ("w[0],b", r"the nearest is w[1]"),
        ("w,b", "'w' is no entry of w, expected w[1]"),
        ("w[1,1],b", "'w[1,1]' is no entry of w"),
        ("b[1],w[1]", "'b[1]' is no entry of b, expected b"),
        ("w[d],b", "'w[d]' is no entry of w"),
        ("ww[1],b", "ww is not declared, did you mean w?"),
        ("x[1,1],b", "x is not a parameter"),
        ("z[1],b", "z is not a parameter"),
        ("", "'' is no entry of a parameter"),
        ("w[1", "'w[1' is no entry of a parameter"),
    ],
)
def test_a_wrong_choice_is_answered_with_the_nearest_right_one(derivation, text, message):
    with pytest.raises(InputError) as refused:
        chosen(text, derivation("logistic_regression").model, {"N": 3, "D": 2})
    assert message in str(refused.value)


def test_a_model_with_a_single_parameter_entry_has_no_slice():
    model = parse_model("index n : N\nbatch n\ndata y[n]\nparameter b\nloss[n] = (b - y[n])^2", "mean")
    with pytest.raises(InputError, match="mean has 1 at these sizes"):
        chosen(None, model, {"N": 3})


def test_a_point_outside_the_range_is_refused(derivation):
    with pytest.raises(InputError, match=r"w\[1\] is .*, which is not between 5 and 6"):
        cut_of(derivation("logistic_regression"), spans=((5, 6), (-9, 9)))


def test_a_gradient_that_is_not_finite_is_refused(derivation):
    found = derivation("root")
    at = Setting({"N": 2}, {"x": np.ones(2), "y": np.ones(2), "w": np.array(1.0), "b": np.array(0.0)})
    with pytest.raises(InputError, match="the gradient with respect to w is not finite at this point"):
        cut_of(found, at)
