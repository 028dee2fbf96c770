"""Prove, typeset and measure the gradient of a batch loss.

Names are loaded when they are first used: ``import symgrad`` imports none of the libraries that it stands on.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from symgrad import models
    from symgrad.calculus import Derivation, Verdict, derive
    from symgrad.errors import SymgradError
    from symgrad.lang.authoring import (
        Model,
        Sum,
        data,
        elu,
        gelu,
        indices,
        largest,
        logsumexp,
        mean,
        parameters,
        relu,
        sigmoid,
        silu,
        size,
        softmax,
        softplus,
        square,
        step,
    )
    from symgrad.lang.parser import load_model, parse_model

__version__ = "0.1.0"

_HOME = {
    "indices": "symgrad.lang.authoring",
    "data": "symgrad.lang.authoring",
    "parameters": "symgrad.lang.authoring",
    "Sum": "symgrad.lang.authoring",
    "mean": "symgrad.lang.authoring",
    "Model": "symgrad.lang.authoring",
    "sigmoid": "symgrad.lang.authoring",
    "softplus": "symgrad.lang.authoring",
    "softmax": "symgrad.lang.authoring",
    "logsumexp": "symgrad.lang.authoring",
    "largest": "symgrad.lang.authoring",
    "relu": "symgrad.lang.authoring",
    "silu": "symgrad.lang.authoring",
    "gelu": "symgrad.lang.authoring",
    "elu": "symgrad.lang.authoring",
    "square": "symgrad.lang.authoring",
    "step": "symgrad.lang.authoring",
    "size": "symgrad.lang.authoring",
    "models": "symgrad",
    "parse_model": "symgrad.lang.parser",
    "load_model": "symgrad.lang.parser",
    "derive": "symgrad.calculus",
    "Derivation": "symgrad.calculus",
    "Verdict": "symgrad.calculus",
    "SymgradError": "symgrad.errors",
}
"""Where each public name lives, in the order in which a newcomer meets them."""

__all__ = [  # noqa: RUF022  (the order a newcomer meets them in, not the alphabet's)
    "indices",
    "data",
    "parameters",
    "Sum",
    "mean",
    "Model",
    "sigmoid",
    "softplus",
    "softmax",
    "logsumexp",
    "largest",
    "relu",
    "silu",
    "gelu",
    "elu",
    "square",
    "step",
    "size",
    "models",
    "parse_model",
    "load_model",
    "derive",
    "Derivation",
    "Verdict",
    "SymgradError",
]


def __getattr__(name: str) -> Any:
    """Load a public name on first use."""
    if name not in _HOME:
        raise AttributeError(f"module 'symgrad' has no attribute {name!r}")
    home = _HOME[name]
    value = import_module(f"symgrad.{name}") if home == "symgrad" else getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names."""
    return [*__all__, "__version__"]
