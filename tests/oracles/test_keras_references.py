from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from symgrad.errors import InputError
from symgrad.oracles import keras_references
from symgrad.oracles.keras_references import REFERENCES, reference

rng = np.random.default_rng(0)
X, LABELS = rng.normal(size=(4, 3)), np.array([1.0, 0.0, 0.5, 1.0])
LOGISTIC = {"x": X, "y": LABELS, "w": rng.normal(size=3), "b": np.asarray(0.25)}


def test_every_entry_of_the_catalogue_has_an_implementation_and_a_reason():
    derivations = Path(__file__).parents[2] / "derivations"
    assert set(REFERENCES) == {path.parent.name for path in derivations.glob("*/derivation.sg")}
    assert all(r.kind in {"keras", "tensorflow"} and r.reason for r in REFERENCES.values())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_logistic_reference_computes_the_textbooks_numbers_in_the_tested_precision(dtype, entry):
    arrays = {name: a.astype(dtype) for name, a in LOGISTIC.items()}
    answer = reference(entry("logistic_regression"), arrays).run(arrays)
    p = 1 / (1 + np.exp(-(X @ LOGISTIC["w"] + 0.25)))
    near = {"float32": 1e-5, "float64": 1e-13}[dtype]
    assert answer.objective == pytest.approx(-np.mean(LABELS * np.log(p) + (1 - LABELS) * np.log(1 - p)), rel=near)
    assert answer.gradients["w"] == pytest.approx((p - LABELS) @ X / 4, rel=near)
    assert answer.gradients["b"] == pytest.approx((p - LABELS).mean(), rel=near)
    assert answer.gradients["w"].dtype == dtype
    assert answer.gradients["b"].shape == ()


def test_another_name_or_other_tensors_have_no_reference(entry):
    model = entry("logistic_regression")
    assert reference(dataclasses.replace(model, name="mine"), LOGISTIC) is None
    assert reference(dataclasses.replace(model, name="ridge_regression"), LOGISTIC) is None


def test_the_fused_cross_entropy_is_used_only_where_labels_sum_to_one(entry):
    model = entry("softmax_regression")
    assert reference(model, {"y": np.array([[0.25, 0.75], [1.0, 0.0]])}) is not None
    assert reference(model, {"y": np.array([[0.25, 0.75], [1.0, 1.0]])}) is None


def test_keras_on_another_backend_is_refused(monkeypatch):
    monkeypatch.setattr(keras_references.keras().backend, "backend", lambda: "jax")
    with pytest.raises(InputError, match="KERAS_BACKEND=tensorflow"):
        keras_references.keras()
