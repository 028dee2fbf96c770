from itertools import product

import pytest

from symgrad import models
from symgrad.errors import InputError
from symgrad.lang.parser import parse_model
from symgrad.lang.text import model_text

FAMILIES = [
    *(
        ("linear", {"outputs": o, "loss": f, "penalty": p})
        for o, f, p in product([None, "K"], models.LINEAR_LOSSES, [None, *models.PENALTIES])
    ),
    ("logistic", {}),
    ("softmax", {}),
    *(
        ("mlp", {"hidden": h, "activation": a, "loss": f})
        for h, a, f in product([1, 2], models.ACTIVATIONS, models.MLP_LOSSES)
    ),
    ("mlp", {"hidden": 16}),
]


@pytest.mark.parametrize(("kind", "options"), FAMILIES)
def test_every_family_is_a_model_whose_parameters_all_occur(kind, options):
    model = getattr(models, kind)(**options)
    assert model == parse_model(models.text_of(kind, **options), kind)
    assert model == parse_model(model_text(model), kind)
    assert model.name == kind
    assert model.introduction
    assert not model.warnings


def test_the_defaults_of_the_text_are_those_of_the_model():
    for kind in ("linear", "logistic", "softmax", "mlp"):
        assert getattr(models, kind)() == parse_model(models.text_of(kind), kind)


def test_a_network_reads_like_a_paper():
    assert (
        models.text_of("mlp", hidden=1, activation="relu", loss="squared")
        == """\
# A fully connected network: 1 hidden layer, relu, squared.
title     Multilayer perceptron
index     n : N
index     d : D
index     h1 : H1
index     k : K
batch     n
data      x[n, d], y[n, k]
parameter W1[d, h1], b1[h1]
parameter W2[h1, k], b2[k]

z1[n, h1] = sum(d, x[n, d] * W1[d, h1]) + b1[h1]
a1[n, h1] = relu(z1[n, h1])
z2[n, k] = sum(h1, a1[n, h1] * W2[h1, k]) + b2[k]
loss[n] = sum(k, (z2[n, k] - y[n, k])^2)
"""
    )


def test_sixteen_layers_have_thirty_four_parameters():
    inputs = models.mlp(hidden=16).program.inputs
    assert sum(tensor.kind == "parameter" for tensor in inputs) == 34


def test_cross_entropy_assumes_that_labels_sum_to_one():
    assert len(models.softmax().assumptions) == len(models.mlp().assumptions) == 1
    assert not models.mlp(loss="squared").assumptions


def test_outputs_name_the_size_that_counts_them():
    assert models.linear(outputs="C").program.tensors["w"].shape == ("D", "C")


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: models.linear(loss="sqared"), "unknown loss 'sqared', expected .* did you mean squared"),
        (lambda: models.linear(penalty="l2"), "unknown penalty 'l2'"),
        (lambda: models.linear(outputs=3), "outputs 3 is not a name"),
        (lambda: models.linear(outputs="K\nloss[n] = 0"), "is not a name"),
        (lambda: models.mlp(activation="tahn"), "did you mean tanh"),
        (lambda: models.mlp(loss="hinge"), "unknown loss 'hinge'"),
        (lambda: models.mlp(hidden=0), "0 hidden layers cannot be made"),
        (lambda: models.mlp(hidden=101), "101 hidden layers cannot be made"),
        (lambda: models.mlp(hidden=True), "True hidden layers"),
        (lambda: models.mlp(hidden="2"), "'2' hidden layers"),
        (lambda: models.text_of("mpl"), "unknown model 'mpl', expected .* did you mean mlp"),
        (lambda: models.text_of("mlp", layers=2), "unknown option of mlp 'layers'"),
        (lambda: models.text_of("mlp", activation=["relu"]), "unknown activation"),
    ],
)
def test_an_unknown_option_is_refused(build, message):
    with pytest.raises(InputError, match=message):
        build()
