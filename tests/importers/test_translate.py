import pytest

from symgrad.importers.translate import variable_stem


@pytest.mark.parametrize(
    ("path", "rank", "added", "stem"),
    [
        ("model/dense_1/kernel", 2, False, "W"),
        ("model/dense_1/kernel", 1, False, "w"),
        ("model/dense_1/bias", 1, True, "b"),
        ("embedding/embeddings", 2, False, "E"),
        ("batch_normalization/moving_mean", 1, False, "mu"),
        ("layer_normalization/gamma", 1, False, "gamma"),
        ("my_weights", 2, False, "my_weights"),
        ("Variable", 2, False, "W"),
        ("Variable", 1, True, "b"),
        ("Variable", 1, False, "w"),
        ("größe", 0, False, "w"),
    ],
)
def test_a_variable_is_named_after_what_it_is(path, rank, added, stem):
    assert variable_stem(path, rank, added=added) == stem
