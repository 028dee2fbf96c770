"""Small ``.keras`` files, good and hostile, written for a test."""

import copy
import json
import stat
import zipfile

TENSOR = {"class_name": "__keras_tensor__", "config": {"shape": [None, 4], "dtype": "float32"}}


def tensor(layer, call=0):
    return {**TENSOR, "config": {**TENSOR["config"], "keras_history": [layer, call, 0]}}


def layer(kind, name, module="keras.layers", **settings):
    return {"module": module, "class_name": kind, "config": {"name": name, **settings}, "registered_name": None}


def dense(name="dense", **changed):
    return layer("Dense", name, **{"units": 3, "activation": "relu", "use_bias": True} | changed)


INPUT = layer("InputLayer", "x", batch_shape=[None, 4], dtype="float32")


def sequential(*layers):
    config = {"name": "model", "layers": [INPUT, *layers]}
    return {"module": "keras", "class_name": "Sequential", "config": config, "registered_name": None}


def functional(*layers, outputs=("dense", 0, 0)):
    """Layers with their calls, after an input ``x``."""
    config = {
        "name": "model",
        "layers": [{**copy.deepcopy(INPUT), "inbound_nodes": []}, *layers],
        "input_layers": ["x", 0, 0],
        "output_layers": list(outputs),
    }
    return {"module": "keras", "class_name": "Functional", "config": config, "registered_name": "Functional"}


def called(stored, *inputs, **named):
    """``stored``, called once on each of ``inputs``."""
    return {**stored, "inbound_nodes": [{"args": [each], "kwargs": named} for each in inputs]}


def archive(path, config, *, extra=(), members=None):
    """A ``.keras`` file; ``config`` is JSON values, text or bytes."""
    content = config if isinstance(config, bytes | str) else json.dumps(config)
    with zipfile.ZipFile(path, "w") as file:
        for name, inside in members if members is not None else [("metadata.json", "{}"), ("config.json", content)]:
            file.writestr(name, inside)
        for name, inside in extra:
            file.writestr(name, inside)
    return path


def link(name):
    """The entry of a symbolic link."""
    entry = zipfile.ZipInfo(name)
    entry.create_system = 3
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry
