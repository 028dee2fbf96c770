import numpy as np
import pytest

from symgrad.audit.bench import Bench, Run
from symgrad.calculus import derive
from symgrad.lang.parser import parse_model
from symgrad.oracles.tensorflow import generated

pytestmark = pytest.mark.tensorflow

TEXT = """
index n : N, d : D
batch n
data x[n, d], y[n]
parameter w[d], unused
loss[n] = (sum(d, w[d] * x[n, d]) - y[n])^2
"""


@pytest.fixture
def bench():
    pytest.importorskip("tensorflow", reason='pip install "symgrad[tf-cpu]"')
    model = parse_model(TEXT, "squared")
    return Bench(model, generated(model.program), sizes={"D": 2}, fixed={}, batch=5)


def test_the_function_and_the_formulas_say_the_same(bench):
    run, exact = bench.run(), bench.formulas(derive(bench.model).formulas)
    assert run.value == pytest.approx(exact.value)
    assert run.gap(exact) < 1e-14


def test_a_parameter_without_a_gradient_has_gradient_zero(bench):
    assert bench.run().gradients["unused"] == 0


def test_the_mean_of_the_losses_is_the_value(bench):
    assert np.mean(bench.losses()) == pytest.approx(bench.run().value)


def test_what_is_changed_is_changed_for_one_run_only(bench):
    before = bench.run()
    assert bench.run(y=0 * bench.arrays["y"]).gap(before) > 0.01
    assert bench.run().gap(before) == 0


def test_every_sample_twice_leaves_a_mean_as_it_is(bench):
    assert bench.twice().gap(bench.run()) < 1e-14


def test_parts_weighted_by_their_lengths_make_the_whole(bench):
    first, second = bench.parts([2, 3])
    assert (first * 0.4 + second * 0.6).gap(bench.run()) < 1e-14
    assert (first * 0.5 + second * 0.5).gap(bench.run()) > 1e-3


def test_dimensions_that_the_function_fixes_and_their_data_are_kept():
    model = parse_model(TEXT, "squared")
    fixed = {"x": np.arange(8.0).reshape(4, 2)}
    bench = Bench(model, generated(model.program), sizes={"D": 2}, fixed=fixed, batch=4)
    assert bench.sizes == {"D": 2, "N": 4}
    assert (bench.arrays["x"] == fixed["x"]).all()


def test_rows_are_normalised_and_chosen(bench):
    bench.normalise("x")
    assert bench.arrays["x"].sum(-1) == pytest.approx(np.ones(5))
    bench.choose("x")
    assert sorted(np.unique(bench.arrays["x"])) == [0, 1]
    assert (bench.arrays["x"].sum(-1) == 1).all()


def test_a_gap_is_a_part_of_the_largest_entry():
    first, second = Run(0.0, {"w": np.array([2.0, 0.0])}), Run(0.0, {"w": np.array([2.0, 1.0])})
    assert first.gap(second) == 0.5
    assert (first * 0).gap(first * 0) == 0
