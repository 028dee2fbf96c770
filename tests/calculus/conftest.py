"""What the tests of the calculus share: a small world of terms, and derivations from text."""

import sys
from pathlib import Path

import pytest

from symgrad.calculus import derive
from symgrad.lang.parser import parse_formula, parse_model

sys.path.insert(0, str(Path(__file__).parent))  # random_losses

WORLD = """
index n : N, m : N, d : D, e : D, j : D, k : K
batch n
data x[n, d], y[n], t[n, k], c
parameter w[d], b, V[d, k], A[d, e]
z[n] = sum(d, w[d] * x[n, d]) + b
p[n] = sigmoid(z[n])
q[n, k] = sum(d, V[d, k] * x[n, d])
s[n, k] = softmax(k, q[n, k])
mu = mean(m, z[m])
loss[n] = (p[n] - y[n])^2 + sum(k, (s[n, k] - t[n, k])^2) + sum(d, sum(e, A[d, e] * x[n, d] * x[n, e]))
"""


class World:
    """A model, and terms over it read from text."""

    def __init__(self, text=WORLD):
        self.text = text
        self.model = parse_model(text, "world")
        self.program = self.model.program

    def __call__(self, text):
        return parse_formula(text, self.model)


@pytest.fixture(scope="session")
def world():
    return World()


@pytest.fixture(scope="session")
def derivation():
    """The derivation of a text; lines may be separated by semicolons."""

    def made(text):
        return derive(parse_model(text.replace("; ", "\n"), "example"))

    return made
