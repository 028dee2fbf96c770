"""The tape, node by node, on real Keras layers."""

from dataclasses import replace

import numpy as np
import pytest

from symgrad.errors import InputError
from symgrad.kernel.functions import minus
from symgrad.oracles import nodes
from symgrad.oracles.controls import ALLOWED
from symgrad.render.questions import READING_BACK, ROWS

pytestmark = pytest.mark.tensorflow


@pytest.mark.parametrize(
    ("name", "derivatives"),
    [
        (
            "tape_reads_back",
            [
                "objective z",
                "objective a",
                "loss z",
                "loss a",
                "loss W1",
                "loss b1",
                "loss w2",
                "loss b2",
                "objective W1",
            ],
        ),
        ("vector_of_losses", ["loss w", "pulled w", "total w", "total w"]),
    ],
)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_tape_holds_what_the_claims_say_at_every_node(entry, name, derivatives, seed):
    found = nodes.node_by_node(entry(name), seed)
    assert [f"{node.value} {node.wrt}" for node in found] == derivatives
    assert all(node.entries >= 2 for node in found)
    assert all(node.error <= ALLOWED for node in found)


def wrong(model, number):
    """The model with the opposite of a claim."""
    claims = list(model.claims)
    claims[number - 1] = replace(claims[number - 1], right=minus(claims[number - 1].right, claims[number - 1].right))
    return replace(model, claims=tuple(claims))


@pytest.mark.parametrize("name", ["tape_reads_back", "vector_of_losses"])
def test_a_wrong_claim_does_not_agree(entry, name):
    model = entry(name)
    for node in nodes.node_by_node(model):
        errors = [n.error for n in nodes.node_by_node(wrong(model, node.claim)) if n.claim == node.claim]
        assert errors[0] > ALLOWED


def test_the_rows_of_other_samples_have_to_be_zero(entry, monkeypatch):
    network = nodes.NETWORKS["tape_reads_back"]

    def coupled(arrays):
        return network(arrays) | {("loss", "a"): np.full_like(network(arrays)["loss", "a"], np.nan)}

    monkeypatch.setitem(nodes.NETWORKS, "tape_reads_back", coupled)
    (node,) = [n for n in nodes.node_by_node(entry("tape_reads_back")) if (n.value, n.wrt) == ("loss", "a")]
    assert not node.error <= ALLOWED


def test_a_model_without_a_network_is_refused(entry):
    with pytest.raises(InputError, match="no network to compare 'linear_regression' with"):
        nodes.node_by_node(entry("linear_regression"))


def test_what_the_page_tells_people_to_write_does_what_it_says():
    import keras
    import tensorflow as tf

    rng = np.random.default_rng(0)
    x, y = tf.constant(rng.normal(size=(5, 3))), tf.constant(rng.integers(0, 2, (5, 1)).astype("float64"))
    hidden, output = keras.layers.Dense(4, dtype="float64"), keras.layers.Dense(1, dtype="float64")
    bce = keras.losses.BinaryCrossentropy(from_logits=True, dtype="float64")
    names = {"tf": tf, "x": x, "y": y, "hidden": hidden, "output": output, "bce": bce}
    exec(compile(READING_BACK, "page", "exec"), names)
    per_sample = names["per_sample"].numpy()
    assert per_sample.shape == (5, 3, 4)
    for n in range(5):
        with tf.GradientTape() as tape:
            alone = bce(y[n : n + 1], output(tf.tanh(hidden(x[n : n + 1]))))
        np.testing.assert_allclose(per_sample[n], tape.gradient(alone, hidden.kernel.value).numpy(), rtol=1e-10)
    np.testing.assert_allclose(per_sample.mean(axis=0), names["kernel"].numpy(), rtol=1e-10)


def test_the_page_is_right_about_a_vector_of_losses():
    import tensorflow as tf

    rng = np.random.default_rng(1)
    x, y, w = tf.constant(rng.normal(size=(5, 3))), tf.constant(rng.normal(size=5)), tf.Variable(rng.normal(size=3))
    names = {"tf": tf, "x": x, "y": y, "w": w}
    exec(
        compile(
            ROWS.replace("jacobian(losses, w)", "jacobian(losses, w, experimental_use_pfor=False)"), "page", "exec"
        ),
        names,
    )
    rows = (x.numpy() @ w.numpy() - y.numpy())[:, None] * x.numpy()
    np.testing.assert_allclose(names["rows"].numpy(), rows, rtol=1e-12)
    np.testing.assert_allclose(names["summed"].numpy(), rows.sum(axis=0), rtol=1e-12)
