"""The ways on which samples meet."""

import pytest

from symgrad.calculus import derive
from symgrad.calculus.coupling import paths
from symgrad.lang.parser import parse_model
from symgrad.lang.text import Printer

HEAD = "index n : N, m : N, d : D, h : H\nbatch n\ndata x[n, d], y[n], k[n, m]\nparameter w[d], W[d, h], b\n"

NORMALIZED = """
a[n, h] = sum(d, W[d, h] * x[n, d])
mu[h] = mean(m, a[m, h])
var[h] = mean(m, (a[m, h] - mu[h])^2)
zhat[n, h] = (a[n, h] - mu[h]) / sqrt(var[h] + 1)
unused = sum(n, y[n])
loss[n] = sum(h, zhat[n, h]) - y[n]
"""

WAYS = {
    "batch normalization": (NORMALIZED, ["mu[h] -> zhat[n, h] -> loss[n]", "var[h] -> zhat[n, h] -> loss[n]"]),
    "in the loss itself": ("loss[n] = b * sum(m, y[m]) * y[n]", ["loss[n]"]),
    "a maximum": ("loss[n] = b * max(m, y[m])", ["loss[n]"]),
    "the number of samples": ("c = b / size(N)\nloss[n] = c * y[n]", ["c -> loss[n]"]),
    "pairs": ("loss[n] = b * sum(m, k[n, m])", ["loss[n]"]),
    "a long way and a short one": (
        "u = sum(m, b * y[m])\nv = u^2\nf[n] = v * y[n]\nloss[n] = f[n] + u",
        ["u -> loss[n]"],
    ),
    "apart": ("z[n] = sum(d, w[d] * x[n, d]) + b\nloss[n] = z[n]^2", []),
}


@pytest.mark.parametrize(("text", "expected"), WAYS.values(), ids=WAYS)
def test_each_definition_that_reads_other_samples_starts_a_way_to_the_loss(text, expected):
    model = parse_model(HEAD + text, "ways")
    assert [" -> ".join(map(Printer.of(model).text, path)) for path in paths(model.program)] == expected


def test_the_ways_stand_beside_the_verdict_and_only_where_samples_are_coupled():
    coupled = derive(parse_model(HEAD + "mu = mean(m, b * y[m])\nloss[n] = (mu - y[n])^2", "coupled"))
    assert coupled.verdicts["separable"]["paths"] == ["mu -> loss[n]"]
    apart = derive(parse_model(HEAD + "loss[n] = (b - y[n])^2", "apart"))
    assert "paths" not in apart.verdicts["separable"]
