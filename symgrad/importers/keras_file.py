"""Reads the architecture in a ``.keras`` file through a whitelist: plain values in, a plan of plain values out.

A stored model names classes and functions to be called, so loading one means running what a stranger chose. Here a
layer is one of ``LAYERS``, each of its settings has a rule, and what has none is refused. No class is looked up by the
name that the file gives, and no value of the file reaches Keras that was not checked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from symgrad.errors import InputError
from symgrad.importers.archive import read_config

Rule = Callable[[Any], Any]
"""Takes a stored value and returns it as the plan holds it; raises ``InputError`` with what is wrong."""

LARGEST = 65_536
"""Of a dimension, and of all dimensions of an input together."""

LAYER_LIMIT = 200

# fmt: off
ACTIVATIONS = frozenset({
    "celu", "elu", "exponential", "gelu", "hard_sigmoid", "hard_silu", "hard_swish", "hard_tanh", "leaky_relu",
    "linear", "log_sigmoid", "log_softmax", "mish", "relu", "relu6", "selu", "sigmoid", "silu", "soft_shrink",
    "softmax", "softplus", "softsign", "squareplus", "swish", "tanh", "tanh_shrink",
})
# fmt: on
DTYPES = frozenset({"float32", "float64", "int32", "int64"})
PENALTIES = {"L1": frozenset({"l1"}), "L2": frozenset({"l2"}), "L1L2": frozenset({"l1", "l2"})}

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_ -]{0,99}")


@dataclass(frozen=True)
class Penalty:
    """A regulariser: ``l1`` times the sum of absolute values and ``l2`` times the sum of squares."""

    l1: float
    l2: float


@dataclass(frozen=True)
class Origin:
    """What a layer made: ``call`` counts the layer's calls from 0."""

    layer: str
    call: int


@dataclass(frozen=True)
class Call:
    """One use of a layer; ``together`` if it takes its inputs as a list."""

    inputs: tuple[Origin, ...]
    together: bool = False


@dataclass(frozen=True)
class Layer:
    """A layer of one of the kinds in ``LAYERS``, with settings that were checked, and its uses."""

    kind: str
    name: str
    settings: Mapping[str, Any]
    calls: tuple[Call, ...]


@dataclass(frozen=True)
class Plan:
    """The architecture of a model: everything but its weights."""

    name: str
    layers: tuple[Layer, ...]
    inputs: tuple[Origin, ...]
    outputs: tuple[Origin, ...]


def read_plan(path: Path) -> Plan:
    """The architecture in a ``.keras`` file.

    Raises:
        InputError: in one line, if the file is not a Keras model or holds anything outside the whitelist.
    """
    config = read_config(path)
    try:
        return planned(config)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def planned(config: Mapping[str, Any]) -> Plan:
    """The plan in the plain values of a ``config.json``.

    Raises:
        InputError: if a class, a setting or a connection is not one that the whitelist knows.
    """
    kind = (config.get("module"), config.get("class_name"))
    inner = _mapping(config.get("config"), "the model's config")
    name = _name(inner.get("name", "model"))
    stored = inner.get("layers")
    if not isinstance(stored, list) or not stored:
        raise InputError("the model has no layers")
    if len(stored) > LAYER_LIMIT:
        raise InputError(f"the model has more than {LAYER_LIMIT} layers")
    match kind:
        case ("keras", "Sequential"):
            layers = _chain(stored, inner, config)
            inputs, outputs = [Origin(layers[0].name, 0)], [Origin(layers[-1].name, 0)]
        case ("keras.src.models.functional" | "keras" | "keras.models", "Functional"):
            layers = [_layer(entry, functional=True) for entry in stored]
            inputs, outputs = _ends(inner.get("input_layers")), _ends(inner.get("output_layers"))
        case _:
            raise InputError(f"a {_shown(kind[1])} of {_shown(kind[0])} is not a Sequential or Functional model")
    _connected(layers, inputs, outputs)
    return Plan(name, tuple(layers), tuple(inputs), tuple(outputs))


def _chain(stored: list[Any], inner: Mapping[str, Any], config: Mapping[str, Any]) -> list[Layer]:
    """The layers of a Sequential model, each called on what the one before made."""
    layers = [_layer(entry, functional=False) for entry in stored]
    if layers[0].kind != "InputLayer":
        built = inner.get("build_input_shape") or _mapping(config.get("build_config") or {}, "build_config").get(
            "input_shape"
        )
        if not built:
            raise InputError("the model was never built, so the shape of its input is not known")
        given = {"batch_shape": _batch_shape(built), "dtype": layers[0].settings.get("dtype", "float32")}
        layers.insert(0, Layer("InputLayer", "input of the model", given, (Call(()),)))
    chained = [layers[0]]
    for layer in layers[1:]:
        call = Call((Origin(chained[-1].name, 0),))
        chained.append(Layer(layer.kind, layer.name, layer.settings, (call,)))
    return chained


def _layer(entry: Any, *, functional: bool) -> Layer:
    stored = _mapping(entry, "a layer")
    module, kind = stored.get("module"), stored.get("class_name")
    if kind == "Lambda":
        raise InputError("a Lambda layer holds a program; symgrad does not run it")
    if module != "keras.layers" or not isinstance(kind, str) or kind not in LAYERS:
        raise InputError(f"the layer {_shown(kind)} of {_shown(module)} is not one that symgrad reads")
    registered = stored.get("registered_name")
    if registered is not None and registered != kind:
        raise InputError(f"the layer {kind} is registered as {_shown(registered)}: a custom class is not read")
    config = _mapping(stored.get("config"), f"the config of a {kind}")
    name = _name(config.get("name"))
    rules = COMMON | LAYERS[kind]
    settings = {}
    for key, value in config.items():
        if key not in rules:
            raise InputError(f"layer {name!r}: {kind} has no setting {_shown(key)} that symgrad knows")
        try:
            settings[key] = rules[key](value)
        except InputError as error:
            raise InputError(f"layer {name!r}: {key} {error}") from None
    if missing := sorted(NEEDED.get(kind, frozenset()) - settings.keys()):
        raise InputError(f"layer {name!r}: {missing[0]} is missing")
    kept = {key: value for key, value in settings.items() if value is not _DROPPED and key != "name"}
    return Layer(kind, name, kept, _calls(stored, kind, name) if functional else (Call(()),))


def _calls(stored: Mapping[str, Any], kind: str, name: str) -> tuple[Call, ...]:
    nodes = stored.get("inbound_nodes")
    if not isinstance(nodes, list) or len(nodes) > LAYER_LIMIT:
        raise InputError(f"layer {name!r}: inbound_nodes is not a short list")
    if kind == "InputLayer":
        if nodes:
            raise InputError(f"layer {name!r}: an input takes nothing in")
        return (Call(()),)
    return tuple(_call(node, name) for node in nodes)


def _call(node: Any, name: str) -> Call:
    stored = _mapping(node, f"a call of {name!r}")
    arguments, named = stored.get("args"), stored.get("kwargs")
    if not isinstance(arguments, list) or len(arguments) != 1:
        raise InputError(f"layer {name!r}: is not called on one argument")
    for key, value in _mapping(named or {}, f"a call of {name!r}").items():
        if value is not None and not (key == "training" and isinstance(value, bool)):
            raise InputError(f"layer {name!r}: is called with {_shown(key)}")
    [argument] = arguments
    together = isinstance(argument, list)
    listed = argument if together else [argument]
    if not listed or len(listed) > LAYER_LIMIT:
        raise InputError(f"layer {name!r}: is called on no or too many tensors")
    return Call(tuple(_tensor(each, name) for each in listed), together)


def _tensor(stored: Any, name: str) -> Origin:
    tensor = _mapping(stored, f"an argument of {name!r}")
    if tensor.get("class_name") != "__keras_tensor__":
        raise InputError(f"layer {name!r}: is called on something else than a tensor")
    return _origin(_mapping(tensor.get("config"), "a tensor").get("keras_history"))


def _origin(stored: Any) -> Origin:
    match stored:
        case [str(layer), int(call), 0] if 0 <= call < LAYER_LIMIT and not isinstance(call, bool):
            return Origin(layer, call)
    raise InputError("a connection is not [layer, call, 0]")


def _ends(stored: Any) -> list[Origin]:
    """``input_layers`` or ``output_layers``: one connection, or a list of them."""
    if isinstance(stored, list) and stored and isinstance(stored[0], str):
        stored = [stored]
    if not isinstance(stored, list) or not 1 <= len(stored) <= LAYER_LIMIT:
        raise InputError("the model's inputs or outputs are not a list of connections")
    return [_origin(end) for end in stored]


def _connected(layers: list[Layer], inputs: list[Origin], outputs: list[Origin]) -> None:
    """Every name once, every connection to a call that exists, no circle."""
    calls = {layer.name: layer.calls for layer in layers}
    if len(calls) < len(layers):
        raise InputError("two layers have the same name")
    if sum(len(made) for made in calls.values()) > LAYER_LIMIT:
        raise InputError(f"the layers are called more than {LAYER_LIMIT} times")
    kinds = {layer.name: layer.kind for layer in layers}
    if {o.layer for o in inputs} != {name for name, kind in kinds.items() if kind == "InputLayer"}:
        raise InputError("the model's inputs are not its input layers")
    done: set[Origin] = set()
    waiting = [Origin(name, k) for name, made in calls.items() for k in range(len(made))]
    while waiting:
        ready = [o for o in waiting if done.issuperset(calls[o.layer][o.call].inputs)]
        if not ready:
            raise InputError("the layers are connected in a circle, or to something that is not there")
        done.update(ready)
        waiting = [o for o in waiting if o not in done]
    if not done.issuperset(outputs):
        raise InputError("an output is not made by any layer")


def _mapping(value: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise InputError(f"{what} is not an object")
    return value


def _shown(value: Any) -> str:
    return repr(value if isinstance(value, str) else type(value).__name__)[:80]


# The rules of settings.

_DROPPED = object()
"""Stands for a setting that does not reach the gradient, such as how weights are drawn at first."""


def _name(value: Any) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise InputError(f"the name {_shown(value)} is not made of letters, digits, '_', '-' and spaces")
    return value


def _dtype(value: Any) -> str:
    if isinstance(value, dict):
        if (value.get("module"), value.get("class_name")) != ("keras", "DTypePolicy"):
            raise InputError(f"is a {_shown(value.get('class_name'))}")
        value = _mapping(value.get("config"), "its config").get("name")
    if not isinstance(value, str) or value not in DTYPES:
        raise InputError(f"is {_shown(value)}, not one of {', '.join(sorted(DTYPES))}")
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise InputError("is not true or false")
    return value


def _whole(least: int, most: int) -> Rule:
    def rule(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise InputError(f"is not a whole number from {least} to {most:,}")
        return value

    return rule


_size, _axis = _whole(1, LARGEST), _whole(-8, 8)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e6:
        raise InputError("is not a number of at most a million")
    return value


def _rate(value: Any) -> float:
    rate = _number(value)
    if not 0 <= rate < 1:
        raise InputError("is not a number from 0 to below 1")
    return rate


def _listed(rule: Rule) -> Rule:
    def each(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list) or not 1 <= len(value) <= 8:
            raise InputError("is not a list of one to eight values")
        return tuple(rule(part) for part in value)

    return each


def _either(first: Rule, second: Rule) -> Rule:
    return lambda value: second(value) if isinstance(value, list) else first(value)


def _maybe(rule: Rule) -> Rule:
    return lambda value: None if value is None else rule(value)


def _shape(value: Any) -> tuple[int, ...]:
    sizes: tuple[int, ...] = _listed(_size)(value)
    if prod(sizes) > LARGEST:
        raise InputError(f"has more than {LARGEST:,} entries")
    return sizes


def _batch_shape(value: Any) -> tuple[int | None, ...]:
    if not isinstance(value, list) or not value:
        raise InputError("is not a list of sizes")
    _maybe(_size)(value[0])  # the batch size of a model that was built on an example; any batch will do
    return (None, *(_shape(value[1:]) if value[1:] else ()))


def _only(*allowed: Any) -> Rule:
    def rule(value: Any) -> Any:
        if not any(value is one or (isinstance(value, str) and value == one) for one in allowed):
            raise InputError("has a value that symgrad does not read")
        return value

    return rule


def _from(module: str) -> Rule:
    """Drops an object of a module of Keras that plays no part in the gradient."""

    def rule(value: Any) -> Any:
        if value is not None and (not isinstance(value, dict) or value.get("module") != module):
            raise InputError(f"is not one of {module}")
        return _DROPPED

    return rule


def _dropped(rule: Rule) -> Rule:
    def checked(value: Any) -> Any:
        rule(value)
        return _DROPPED

    return checked


def _activation(value: Any) -> str:
    if not isinstance(value, str) or value not in ACTIVATIONS:
        raise InputError(f"is {_shown(value)}, which is not an activation that symgrad reads")
    return value


def _penalty(value: Any) -> Penalty | None:
    if value is None:
        return None
    stored = _mapping(value, "it")
    kind, factors = stored.get("class_name"), _mapping(stored.get("config"), "its config")
    if stored.get("module") != "keras.regularizers" or not isinstance(kind, str) or kind not in PENALTIES:
        raise InputError(f"is a {_shown(kind)}, not L1, L2 or L1L2 of keras.regularizers")
    if factors.keys() != PENALTIES[kind]:
        raise InputError(f"has other settings than a {kind} has")
    return Penalty(_number(factors.get("l1", 0.0)), _number(factors.get("l2", 0.0)))


_INITIALIZER, _CONSTRAINT = _from("keras.initializers"), _from("keras.constraints")


def _weight(name: str) -> dict[str, Rule]:
    """The settings of one of a layer's weights; a constraint acts after the step, the gradient does not know it."""
    return {f"{name}_initializer": _INITIALIZER, f"{name}_regularizer": _penalty, f"{name}_constraint": _CONSTRAINT}


_SEED = _maybe(_whole(0, 10**18 - 1))
_NOT_USED = _dropped(_only(None, False))
_CENTRED = {"center": _flag, "scale": _flag, **_weight("gamma"), **_weight("beta")}

COMMON: dict[str, Rule] = {"name": _name, "trainable": _flag, "dtype": _dtype, "activity_regularizer": _penalty}
LAYERS: dict[str, dict[str, Rule]] = {
    "InputLayer": {
        "batch_shape": _batch_shape,
        "sparse": _NOT_USED,
        "ragged": _NOT_USED,
        "optional": _NOT_USED,
    },
    "Dense": {
        "units": _size,
        "activation": _activation,
        "use_bias": _flag,
        **_weight("kernel"),
        **_weight("bias"),
        "quantization_config": _NOT_USED,
    },
    "Embedding": {
        "input_dim": _size,
        "output_dim": _size,
        **_weight("embeddings"),
        "mask_zero": _only(False),
        "quantization_config": _NOT_USED,
    },
    "Activation": {"activation": _activation},
    "ReLU": {"max_value": _maybe(_number), "negative_slope": _number, "threshold": _number},
    "LeakyReLU": {"negative_slope": _number},
    "ELU": {"alpha": _number},
    "Softmax": {"axis": _axis},
    "Identity": {},
    "Flatten": {"data_format": _only("channels_last")},
    "Reshape": {"target_shape": _shape},
    "Permute": {"dims": _listed(_whole(1, 8))},
    "RepeatVector": {"n": _size},
    "Dropout": {"rate": _rate, "seed": _SEED, "noise_shape": _NOT_USED},
    "GaussianNoise": {"stddev": _number, "seed": _SEED},
    "GaussianDropout": {"rate": _rate, "seed": _SEED},
    "BatchNormalization": {
        "axis": _either(_axis, _listed(_axis)),
        "momentum": _number,
        "epsilon": _number,
        **_CENTRED,
        "moving_mean_initializer": _INITIALIZER,
        "moving_variance_initializer": _INITIALIZER,
        "synchronized": _NOT_USED,
        "renorm": _NOT_USED,
        "renorm_clipping": _NOT_USED,
        "renorm_momentum": _dropped(_number),
    },
    "LayerNormalization": {
        "axis": _either(_axis, _listed(_axis)),
        "epsilon": _number,
        "rms_scaling": _NOT_USED,
        **_CENTRED,
    },
    "RMSNormalization": {"axis": _either(_axis, _listed(_axis)), "epsilon": _number},
    "UnitNormalization": {"axis": _either(_axis, _listed(_axis))},
    "Add": {},
    "Subtract": {},
    "Multiply": {},
    "Average": {},
    "Maximum": {},
    "Minimum": {},
    "Concatenate": {"axis": _axis},
    "Dot": {"axes": _either(_axis, _listed(_axis)), "normalize": _flag},
    "Rescaling": {"scale": _number, "offset": _number},
    "ActivityRegularization": {"l1": _number, "l2": _number},
}
"""Every layer that is read, with the rule of each of its settings."""

NEEDED = {
    "InputLayer": frozenset({"batch_shape"}),
    "Dense": frozenset({"units"}),
    "Embedding": frozenset({"input_dim", "output_dim"}),
    "Activation": frozenset({"activation"}),
    "Reshape": frozenset({"target_shape"}),
    "Permute": frozenset({"dims"}),
    "RepeatVector": frozenset({"n"}),
    "Dropout": frozenset({"rate"}),
    "GaussianNoise": frozenset({"stddev"}),
    "GaussianDropout": frozenset({"rate"}),
    "Dot": frozenset({"axes"}),
    "Rescaling": frozenset({"scale"}),
}
"""Settings without which a layer cannot be made."""
