import pytest

from symgrad.audit import audit
from symgrad.errors import InputError

pytestmark = pytest.mark.tensorflow


@pytest.mark.parametrize(("name", "code"), [("mean", 0), ("total", 1), ("softmax", 0), ("pairs", 1)])
def test_the_exit_code_is_that_of_the_verdict(audited, name, code):
    assert audited(name).exit_code == code


def test_the_factors_say_how_the_losses_are_reduced(audited):
    assert audited("mean").factors[0] == ("reduction", "mean over the batch")
    assert audited("vector").factors[0] == ("reduction", "sum over the batch (of the vector that is returned)")
    assert ("added once", "1/2 * sum(k, sum(d, w[d, k]^2))") in audited("penalty_beside_mean").factors


def test_the_certificate_is_replayed_before_anything_is_called_proved(audited):
    assert audited("mean").derivation.checked


def test_a_function_that_cannot_be_read_is_refused():
    import tensorflow as tf

    with pytest.raises(InputError, match="Cholesky"):
        audit(lambda x: tf.reduce_mean(tf.linalg.cholesky(x)), {"x": tf.TensorSpec([None, 2, 2])})
