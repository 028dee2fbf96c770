from __future__ import annotations

import importlib
import sys
from fractions import Fraction

import numpy as np
import pytest

from symgrad.errors import MissingDependencyError
from symgrad.kernel.terms import Entry
from symgrad.lang.parser import parse_model
from symgrad.oracles import tensorflow
from symgrad.oracles.balls import Evaluator, Point

HEAD = "index n : N, d : D, e : D\nbatch n\ndata x[n, d]\nparameter w[d], A[d, e]\n"
rng = np.random.default_rng(0)
ARRAYS = {"x": rng.uniform(0.2, 1.5, (4, 3)), "w": rng.uniform(0.2, 1.5, 3), "A": rng.uniform(0.2, 1.5, (3, 3))}
x, w, A = ARRAYS.values()


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ("sum(d, w[d] * x[n, d])", (x @ w).mean()),
        ("sum(d, A[d, d] * x[n, d])", (x @ np.diag(A)).mean()),
        ("sum(d, sum(e, A[e, d] * x[n, d] * w[e]))", (x @ (A.T @ w)).mean()),
        ("sum(d, sum(e, delta(d, e) * A[d, e]))", np.trace(A)),
        ("size(D) * sum(d, sum(e, w[d]))", 9 * w.sum()),
        ("sum(d, (w[d] * x[n, d])^(3/2) / x[n, d]^2)", ((w * x) ** 1.5 / x**2).sum(1).mean()),
        ("sum(d, relu(x[n, d] - 1) + abs(w[d] - 1) + max(x[n, d], w[d]))", None),
        ("sum(d, sigmoid(x[n, d]) * tanh(w[d]) - softplus(w[d]) + exp(-x[n, d]) * log(w[d]))", None),
        (
            "sum(d, sin(x[n, d]) * cos(w[d]) + erf(w[d]) - min(x[n, d], w[d]) + step(x[n, d] - 1) * sign(w[d] - 1))",
            None,
        ),
    ],
)
def test_generated_operations_compute_the_loss(loss, expected):
    model = parse_model(HEAD + f"loss[n] = {loss}\n", "mine", "mine.sg")
    value = tensorflow.generated(model.program).run(ARRAYS).objective
    if expected is None:
        exact = {name: {i: Fraction(float(v)) for i, v in np.ndenumerate(a)} for name, a in ARRAYS.items()}
        point = Point({"N": 4, "D": 3}, exact)
        reference = float(Evaluator(model.program, point).value(Entry("objective", ()), {}))
    else:
        reference = expected
    assert value == pytest.approx(reference, rel=1e-13)


def test_a_parameter_that_does_not_occur_has_no_gradient():
    model = parse_model(HEAD + "loss[n] = sum(d, w[d] * x[n, d])\n", "mine", "mine.sg")
    gradients = tensorflow.generated(model.program).run(ARRAYS).gradients
    assert gradients["A"] is None
    assert gradients["w"] == pytest.approx(x.mean(0))


def test_a_missing_tensorflow_is_named_with_the_way_to_get_it(monkeypatch):
    def absent(name):
        raise ImportError(name)

    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)
    monkeypatch.setattr(importlib, "import_module", absent)
    with pytest.raises(MissingDependencyError, match=r'pip install "symgrad\[tf-cpu\]"') as refused:
        tensorflow.imported()
    assert refused.value.exit_code == 4
