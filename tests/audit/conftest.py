"""Losses that people write, audited once for all tests."""

from functools import cache

import pytest

tf = pytest.importorskip("tensorflow", reason='pip install "symgrad[tf-cpu]"')


def spec(*shape, dtype="float32"):
    return tf.TensorSpec([None, *shape], dtype)


class Losses:
    """Each method is a loss of its arguments; the batch is the first axis."""

    def __init__(self):
        generator = tf.random.Generator.from_seed(3)
        self.w = tf.Variable(generator.normal((4, 3)), name="w")
        self.b = tf.Variable(tf.zeros(3), name="b")
        self.encoder = tf.Variable(generator.normal((4, 2)), name="encoder")
        self.decoder = tf.Variable(generator.normal((2, 4)), name="decoder")
        self.wide = tf.Variable(generator.normal((4, 3), dtype=tf.float64), name="wide")

    def scores(self, x):
        return x @ self.w + self.b

    def squared(self, x, y):
        return tf.reduce_sum(tf.square(self.scores(x) - y), -1)

    def mean(self, x, y):
        return tf.reduce_mean(self.squared(x, y))

    def total(self, x, y):
        return tf.reduce_sum(self.squared(x, y))

    def vector(self, x, y):
        return self.squared(x, y)

    def weights_over_count(self, x, y, s):
        return tf.reduce_mean(s * self.squared(x, y))

    def weights_over_sum(self, x, y, s):
        return tf.reduce_sum(s * self.squared(x, y)) / tf.reduce_sum(s)

    def masked(self, x, y, m):
        return tf.reduce_sum(tf.square(self.scores(x) - y) * m) / tf.reduce_sum(m)

    def penalty_beside_sum(self, x, y):
        return self.total(x, y) + 0.5 * tf.reduce_sum(tf.square(self.w))

    def penalty_beside_mean(self, x, y):
        return self.mean(x, y) + 0.5 * tf.reduce_sum(tf.square(self.w))

    def softmax(self, x, y):
        return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(y, self.scores(x)))

    def softmax_by_hand(self, x, y):
        return -tf.reduce_mean(tf.reduce_sum(y * tf.nn.log_softmax(self.scores(x)), -1))

    def clipped(self, x, y):
        p = tf.clip_by_value(tf.identity(tf.sigmoid(self.scores(x))), 1e-7, 1 - 1e-7)
        return -tf.reduce_mean(y * tf.math.log(p) + (1 - y) * tf.math.log(1 - p))

    def from_logits(self, x, y):
        return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(y, self.scores(x)))

    def vae(self, x):
        mu = x @ self.encoder
        noise = tf.random.normal(tf.shape(mu))
        out = (mu + noise) @ self.decoder
        reconstruction = tf.reduce_sum(tf.square(out - x), -1)
        divergence = tf.reduce_sum(tf.square(mu) / 2, -1)
        return tf.reduce_mean(reconstruction) + tf.reduce_mean(divergence)

    def pairs(self, x, y):
        """Labels (N,) against predictions (N, 1): every label against every prediction."""
        return tf.reduce_mean(tf.square(x @ self.w[:, :1] - y))

    def rounded(self, x, y):
        import keras

        return keras.losses.MeanSquaredError()(y, x @ self.wide)

    def not_rounded(self, x, y):
        return tf.reduce_mean(tf.square(y - x @ self.wide))


@pytest.fixture(scope="session")
def audited():
    """The audit of a loss above, by its name."""
    from symgrad.audit import audit

    losses = Losses()

    @cache
    def run(name, parts=()):
        function = getattr(losses, name)
        kind = "float64" if "rounded" in name else "float32"
        shapes = {"x": spec(4, dtype=kind), "y": spec(3, dtype=kind), "s": spec(), "m": spec(3)}
        if name == "pairs":
            shapes["y"] = spec()
        names = function.__code__.co_varnames[1 : function.__code__.co_argcount]
        return audit(function, {argument: shapes[argument] for argument in names}, parts=parts)

    return run


@pytest.fixture(scope="session")
def audited_keras():
    """The audit of a Keras model with a loss."""
    from symgrad.audit import audit
    from symgrad.importers.keras_model import objective

    def run(model, loss=None, **options):
        made = objective(model, loss, **options)
        return audit(made.function, made.specs, keras=made)

    return run
