"""``symgrad bench``: all sides on the same loss, in turn."""

import json

import pytest

pytest.importorskip("jax", reason="pip install 'symgrad[bench]'")


def test_every_job_is_timed_against_jax(symgrad):
    ran = symgrad(
        "bench", "softmax_regression", "--sizes", "N=8,D=3,K=4", "--rounds", "3", "--json", "--against", "jax"
    )
    assert ran.code == 0
    jobs = json.loads(ran.out)["jobs"]
    assert list(jobs) == [
        "mean_gradient", "per_sample_gradients", "per_sample_norms", "clipped_mean_gradient", "second_moment", "gram",
    ]  # fmt: skip
    for job in jobs.values():
        assert len(job["emitted"]) == len(job["jax"]) == 3
        assert job["ratio"]["jax"] > 0


def test_the_table_shows_ratios_with_their_quartiles_and_the_picture_goes_where_o_says(symgrad, tmp_path):
    given = ("bench", "weighted_logistic", "--sizes", "N=4,D=3", "--rounds", "3", "--dtype", "float64")
    ran = symgrad(*given, "--against", "jax", "-o", str(tmp_path))
    assert ran.code == 0
    assert "jax / emitted (quartiles)" in ran.out
    assert ran.out.count(" us ") == 4
    assert "clipped_mean_gradient" not in ran.out  # of other weights than the mean's, which peers would take
    assert (tmp_path / "bench.svg").read_bytes().startswith(b"<")
    assert [p.name for p in tmp_path.iterdir()] == ["bench.svg"]


@pytest.mark.parametrize(
    ("names", "code", "said"),
    [("pytorch", 2, "'pytorch' is none of jax, tensorflow, torch"), ("jax,", 2, "'' is none of")],
)
def test_frameworks_that_are_not_known_are_refused(symgrad, names, code, said):
    ran = symgrad("bench", "logistic_regression", "--against", names)
    assert ran.code == code
    assert said in ran.err


@pytest.mark.parametrize(
    ("sizes", "said"), [("N", "'N' is not SIZE=LENGTH"), ("N=0", "'N=0' is not"), ("Q=3", "no array has the size Q")]
)
def test_sizes_that_are_none_are_refused(symgrad, sizes, said):
    ran = symgrad("bench", "logistic_regression", "--sizes", sizes, "--against", "jax")
    assert ran.code == 2
    assert said in ran.err
