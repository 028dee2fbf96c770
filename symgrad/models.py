"""The usual families of models, each written as the text of a ``.sg`` file and read like any other file.

``text_of`` gives the text, to be edited; the functions named like the families give the model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from symgrad.errors import InputError
from symgrad.lang.source import suggestion
from symgrad.lang.words import NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from symgrad.lang.model import Model

ACTIVATIONS = {
    "tanh": "tanh({})",
    "sigmoid": "sigmoid({})",
    "relu": "relu({})",
    "softplus": "softplus({})",
    "silu": "silu({})",
    "gelu": "gelu({})",
    "elu": "elu({}, 1)",
    "sin": "sin({})",
}
"""Activations of ``mlp``, and how the language writes them."""

LINEAR_LOSSES = {
    "squared": ("({f} - {y})^2", "squared loss"),
    "absolute": ("abs({f} - {y})", "absolute loss"),
    "poisson": ("exp({f}) - {y} * {f}", "Poisson loss of the logarithm of the rate"),
}
"""Losses of ``linear``: formula and words."""

PENALTIES = {"ridge": "{w}^2", "lasso": "abs({w})"}
"""Penalties of ``linear``, per weight."""

MLP_LOSSES = ("cross_entropy", "binary_cross_entropy", "squared")
"""Losses of ``mlp``."""

MAX_HIDDEN = 100


def linear(outputs: str | None = None, loss: str = "squared", penalty: str | None = None) -> Model:
    """A linear model with bias.

    Args:
        outputs: None for one output per sample, else the name of the size that counts them.
        loss: a key of ``LINEAR_LOSSES``.
        penalty: None, or a key of ``PENALTIES``; inside loss[n], with the scalar ``lam`` as its weight.

    Raises:
        InputError: for an option that is not one of these.
    """
    return _model("linear", outputs=outputs, loss=loss, penalty=penalty)


def logistic() -> Model:
    """Binary logistic regression, the loss computed from the logit."""
    return _model("logistic")


def softmax() -> Model:
    """Softmax regression with the cross-entropy of labels that sum to one."""
    return _model("softmax")


def mlp(hidden: int = 2, activation: str = "tanh", loss: str = "cross_entropy") -> Model:
    """A fully connected network.

    Args:
        hidden: number of hidden layers, at least one.
        activation: a key of ``ACTIVATIONS``, after each hidden layer.
        loss: one of ``MLP_LOSSES``.

    Raises:
        InputError: for an option that is not one of these.
    """
    return _model("mlp", hidden=hidden, activation=activation, loss=loss)


def text_of(kind: str, **options: Any) -> str:
    """The text of a family as a ``.sg`` file.

    Args:
        kind: ``linear``, ``logistic``, ``softmax`` or ``mlp``.
        options: those of the function of that name.

    Raises:
        InputError: for an unknown family or option.

    Example:
        >>> print(text_of("logistic"))  # doctest: +ELLIPSIS
        # Binary logistic regression, the loss computed from the logit.
        title     Logistic regression
        ...
    """
    _one_of("model", kind, _TEXTS)
    write, defaults = _TEXTS[kind]
    for name in options:
        _one_of(f"option of {kind}", name, defaults)
    return write(**{**defaults, **options})


def _model(kind: str, **options: Any) -> Model:
    from symgrad.lang.parser import parse_model  # the text alone needs no parser

    return parse_model(text_of(kind, **options), kind, f"<{kind}>")


def _one_of(what: str, given: object, known: Iterable[str]) -> None:
    known = list(known)
    if given not in known:
        raise InputError(f"unknown {what} {given!r}, expected {', '.join(known)}{suggestion(str(given), known)}")


def _linear(outputs: str | None, loss: str, penalty: str | None) -> str:
    if outputs is not None and not (isinstance(outputs, str) and NAME.fullmatch(outputs)):
        raise InputError(f"outputs {outputs!r} is not a name, expected the name of a size such as 'K'")
    _one_of("loss", loss, LINEAR_LOSSES)
    if penalty is not None:
        _one_of("penalty", penalty, PENALTIES)
    formula, words = LINEAR_LOSSES[loss]
    several = outputs is not None
    w, k = ("w[d, k]", ", k") if several else ("w[d]", "")
    term = formula.format(f=f"f[n{k}]", y=f"y[n{k}]")
    total = f"sum(k, {term})" if several else term
    if penalty:
        inner = PENALTIES[penalty].format(w=w)
        total += f" + lam * sum(d, {f'sum(k, {inner})' if several else inner})"
    return f"""# A linear model with {words}.
title     Linear regression
index     n : N, d : D{f", k : {outputs}" if several else ""}
batch     n
data      x[n, d], y[n{k}]{", lam" if penalty else ""}
parameter {w}, b{"[k]" if several else ""}

f[n{k}] = sum(d, x[n, d] * {w}) + b{"[k]" if several else ""}
loss[n] = {total}
"""


def _logistic() -> str:
    return """# Binary logistic regression, the loss computed from the logit.
title     Logistic regression
index     n : N, d : D
batch     n
data      x[n, d], y[n]
parameter w[d], b

z[n]    = sum(d, w[d] * x[n, d]) + b
loss[n] = softplus(z[n]) - y[n] * z[n]
"""


def _softmax() -> str:
    return """# Softmax regression with the cross-entropy of labels that sum to one.
title     Softmax regression
index     n : N, d : D, k : K
batch     n
data      x[n, d], y[n, k]
parameter W[d, k], b[k]
assume    sum(k, y[n, k]) = 1

z[n, k] = sum(d, x[n, d] * W[d, k]) + b[k]
loss[n] = -sum(k, y[n, k] * log(softmax(k, z[n, k])))
"""


_LOSS_LINES = {
    "cross_entropy": "-sum(k, y[n, k] * log(softmax(k, {z}[n, k])))",
    "binary_cross_entropy": "softplus({z}[n]) - y[n] * {z}[n]",
    "squared": "sum(k, ({z}[n, k] - y[n, k])^2)",
}


def _mlp(hidden: int, activation: str, loss: str) -> str:
    if isinstance(hidden, bool) or not isinstance(hidden, int) or not 1 <= hidden <= MAX_HIDDEN:
        raise InputError(f"{hidden!r} hidden layers cannot be made, expected a number from 1 to {MAX_HIDDEN}")
    _one_of("activation", activation, ACTIVATIONS)
    _one_of("loss", loss, MLP_LOSSES)
    several = loss != "binary_cross_entropy"
    letters = ["d", *(f"h{layer}" for layer in range(1, hidden + 1)), *(["k"] if several else [])]
    sizes = [letter.upper() for letter in letters]
    parameters, lines = [], []
    below = "x"
    for layer in range(1, hidden + 2):
        i, o = letters[layer - 1], letters[layer] if layer < len(letters) else None
        weight, bias = f"W{layer}[{i}{f', {o}' if o else ''}]", f"b{layer}{f'[{o}]' if o else ''}"
        place = f"[n{f', {o}' if o else ''}]"
        parameters.append(f"parameter {weight}, {bias}")
        lines.append(f"z{layer}{place} = sum({i}, {below}[n, {i}] * {weight}) + {bias}")
        if layer <= hidden:
            lines.append(f"a{layer}{place} = {ACTIVATIONS[activation].format(f'z{layer}{place}')}")
        below = f"a{layer}"
    ranges = "\n".join(f"index     {i} : {size}" for i, size in zip(["n", *letters], ["N", *sizes], strict=True))
    made_of = f"{hidden} hidden layer{'s' if hidden > 1 else ''}, {activation}, {loss.replace('_', ' ')}"
    assumption = "assume    sum(k, y[n, k]) = 1\n" if loss == "cross_entropy" else ""
    return f"""# A fully connected network: {made_of}.
title     Multilayer perceptron
{ranges}
batch     n
data      x[n, d], y[n{", k" if several else ""}]
{chr(10).join(parameters)}
{assumption}
{chr(10).join(lines)}
loss[n] = {_LOSS_LINES[loss].format(z=f"z{hidden + 1}")}
"""


_TEXTS: dict[str, tuple[Callable[..., str], dict[str, Any]]] = {
    "linear": (_linear, {"outputs": None, "loss": "squared", "penalty": None}),
    "logistic": (_logistic, {}),
    "softmax": (_softmax, {}),
    "mlp": (_mlp, {"hidden": 2, "activation": "tanh", "loss": "cross_entropy"}),
}
