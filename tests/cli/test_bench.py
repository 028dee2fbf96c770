"""``symgrad bench``: both sides on the same loss, in turn."""

import json

import pytest

pytest.importorskip("jax", reason="pip install 'symgrad[bench]'")


def test_every_job_is_timed_against_jax(symgrad):
    ran = symgrad("bench", "softmax_regression", "--sizes", "N=8,D=3,K=4", "--rounds", "3", "--json")
    assert ran.code == 0
    jobs = json.loads(ran.out)["jobs"]
    assert list(jobs) == [
        "mean_gradient", "per_sample_gradients", "per_sample_norms", "clipped_mean_gradient", "second_moment", "gram",
    ]  # fmt: skip
    for job in jobs.values():
        assert len(job["emitted"]) == len(job["jax"]) == 3
        assert job["ratio"] > 0


def test_the_table_shows_ratios_with_their_quartiles(symgrad):
    ran = symgrad("bench", "logistic_regression", "--sizes", "N=4,D=3", "--rounds", "3", "--dtype", "float64")
    assert ran.code == 0
    assert "JAX / emitted (quartiles)" in ran.out
    assert ran.out.count(" us ") >= 6


@pytest.mark.parametrize(
    ("sizes", "said"), [("N", "'N' is not SIZE=LENGTH"), ("N=0", "'N=0' is not"), ("Q=3", "no array has the size Q")]
)
def test_sizes_that_are_none_are_refused(symgrad, sizes, said):
    ran = symgrad("bench", "logistic_regression", "--sizes", sizes)
    assert ran.code == 2
    assert said in ran.err
