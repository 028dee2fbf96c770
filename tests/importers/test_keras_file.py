import json
import os
import warnings
import zipfile

import pytest

from symgrad.errors import InputError
from symgrad.importers.archive import CONFIG_LIMIT, FILE_LIMIT, read_config
from symgrad.importers.keras_file import LAYERS, Call, Origin, Penalty, planned, read_plan
from tests.importers.keras_archives import archive, called, dense, functional, layer, link, sequential, tensor

RUN = {"module": "builtins", "class_name": "function", "config": "eval", "registered_name": "function"}
SYSTEM = {"module": "os", "class_name": "system", "config": {"command": "touch pwned"}, "registered_name": None}


def doubled_names(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile warns of what is wanted here
        archive(path, sequential(dense()), extra=[("config.json", "{}")])


def encrypted(path):
    archive(path, sequential(dense()))
    content = path.read_bytes()
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = content.index(b"config.json") - (30 if at == 6 else 46)
        if at == 8:
            place = content.rindex(b"config.json") - 46
        assert content[place : place + 4] == mark
        content = content[: place + at] + b"\x01\x00" + content[place + at + 2 :]
    path.write_bytes(content)


def lying_size(path):
    """The archive says that the configuration is short, and holds a long one."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("config.json", " " * (CONFIG_LIMIT + 1000))
    content = bytearray(path.read_bytes())
    size = (CONFIG_LIMIT + 1000).to_bytes(4, "little")
    assert content.count(size) == 2
    path.write_bytes(bytes(content).replace(size, (100).to_bytes(4, "little")))


def bomb(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("config.json", b" " * 200_000_000)


def huge(path):
    with path.open("wb") as file:
        file.truncate(FILE_LIMIT + 1)


def truncated(path):
    archive(path, sequential(dense()))
    path.write_bytes(path.read_bytes()[:-40])


def damaged(path):
    archive(path, sequential(dense()))
    path.write_bytes(path.read_bytes().replace(b'"units": 3', b'"units": 4'))


def lzma_packed(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as file:
        file.writestr("config.json", json.dumps(sequential(dense())))


def config(value):
    return lambda path: archive(path, value)


def last(**changed):
    """A model whose only Dense layer has these settings."""
    return config(sequential(dense(**changed)))


def other(kind, module="keras.layers", **settings):
    return config(sequential(layer(kind, "bad", module, **settings)))


HOSTILE = {
    "empty file": (lambda path: path.write_bytes(b""), "not a .keras file"),
    "text": (lambda path: path.write_text("import os; os.system('touch pwned')"), "not a .keras file"),
    "HDF5": (lambda path: path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100)), "not a .keras file"),
    "folder": (lambda path: path.mkdir(), "not a regular file"),
    "pipe": (os.mkfifo, "not a regular file"),
    "absurd size": (huge, "larger than 64 MiB"),
    "truncated": (truncated, "not a .keras file"),
    "damaged": (damaged, "not a .keras file: Bad CRC"),
    "encrypted": (encrypted, "encrypted"),
    "packed oddly": (lzma_packed, "packed in a way"),
    "no config": (lambda path: archive(path, "", members=[("metadata.json", "{}")]), "holds no config.json"),
    "two configs": (doubled_names, "holds a member twice"),
    "climbing member": (
        lambda path: archive(path, sequential(dense()), extra=[("../../pwned", "x")]),
        "'../../pwned', which is no part",
    ),
    "absolute member": (
        lambda path: archive(path, sequential(dense()), extra=[("/tmp/pwned", "x")]),
        "'/tmp/pwned', which is no part",
    ),
    "assets": (
        lambda path: archive(path, sequential(dense()), extra=[("assets/vocabulary.txt", "x")]),
        "which is no part",
    ),
    "symbolic link": (
        lambda path: archive(path, "", members=[(link("config.json"), "/etc/passwd")]),
        "config.json is a link",
    ),
    "bomb": (bomb, "unpacks to more than 2 MiB"),
    "lying bomb": (lying_size, "not a .keras file|more than 2 MiB|not JSON"),
    "many members": (
        lambda path: archive(path, "", members=[(f"{k}.json", "") for k in range(5000)]),
        "which is no part",
    ),
    "not UTF-8": (config(b"\xff\xfe{}"), "not UTF-8"),
    "broken JSON": (config('{"module": "keras",'), "not JSON"),
    "deep JSON": (config("[" * 100_000 + "]" * 100_000), "nested deeper than 40"),
    "JSON list": (config("[]"), "not a JSON object"),
    "key twice": (config('{"module": "keras", "module": "os"}'), "a key twice"),
    "NaN": (config('{"module": NaN}'), "the number NaN"),
    "infinite": (config('{"module": 1e999}'), "not finite"),
    "long integer": (config('{"module": 1' + "0" * 5000 + "}"), "more than 18 digits"),
    "trailing data": (config(json.dumps(sequential(dense())) + "{}"), "not JSON"),
    "Lambda": (other("Lambda", function={"class_name": "__lambda__", "config": {"code": "4wEA"}}), "holds a program"),
    "os.system": (config(sequential(SYSTEM)), "'system' of 'os'"),
    "TFSMLayer": (other("TFSMLayer", filepath="/tmp/saved"), "'TFSMLayer'"),
    "TorchModuleWrapper": (other("TorchModuleWrapper", module_="x"), "'TorchModuleWrapper'"),
    "file reader": (other("StringLookup", vocabulary="/etc/passwd"), "'StringLookup'"),
    "unknown layer": (other("Conv2D", filters=3), "'Conv2D'"),
    "other module": (other("Dense", "evil.layers", units=3), "'Dense' of 'evil.layers'"),
    "custom class": (
        config(sequential(dense() | {"registered_name": "evil>Dense"})),
        "a custom class is not read",
    ),
    "custom model": (config({**sequential(dense()), "module": "evil", "class_name": "Net"}), "is not a Sequential"),
    "model in a model": (config(sequential(sequential(dense()))), "'Sequential'"),
    "activation object": (last(activation=RUN), "not an activation"),
    "activation name": (last(activation="__import__"), "not an activation"),
    "initializer object": (last(kernel_initializer=RUN), "not one of keras.initializers"),
    "constraint object": (last(kernel_constraint=RUN), "not one of keras.constraints"),
    "regularizer object": (last(kernel_regularizer=RUN), "is not an object"),
    "regularizer class": (
        last(bias_regularizer={"module": "keras.regularizers", "class_name": "Evil", "config": {}}),
        "not L1, L2 or L1L2",
    ),
    "dtype object": (last(dtype={"module": "os", "class_name": "system", "config": {"name": "x"}}), "dtype is a"),
    "half precision": (last(dtype="mixed_float16"), "dtype is 'mixed_float16'"),
    "no units": (last(units=0), "units is not a whole number"),
    "negative units": (last(units=-1), "units is not a whole number"),
    "too many units": (last(units=10**9), "units is not a whole number"),
    "fractional units": (last(units=1.5), "units is not a whole number"),
    "boolean units": (last(units=True), "units is not a whole number"),
    "units as text": (last(units="3"), "units is not a whole number"),
    "unknown setting": (last(callback="os.system"), "no setting 'callback'"),
    "climbing name": (last(name="../../../pwned"), "the name '../../../pwned'"),
    "markup in a name": (last(name="</math><script>"), "the name '</math><script>'"),
    "name twice": (config(sequential(dense(), dense())), "same name"),
    "no layers": (config({"module": "keras", "class_name": "Sequential", "config": {"layers": []}}), "no layers"),
    "too many layers": (config(sequential(*(dense(f"d{k}") for k in range(300)))), "more than 200 layers"),
    "circle": (config(functional(called(dense(), tensor("dense")))), "in a circle"),
    "dangling": (config(functional(called(dense(), tensor("nowhere")))), "not there"),
    "constant argument": (config(functional(called(dense(), 2.0))), "an argument of 'dense' is not an object"),
    "object argument": (config(functional(called(dense(), RUN))), "something else than a tensor"),
    "named argument": (config(functional(called(dense(), tensor("x"), mask=RUN))), "called with 'mask'"),
    "called too often": (
        config(functional(called(dense(), *[tensor("x")] * 150), called(dense("e"), *[tensor("x")] * 150))),
        "more than 200 times",
    ),
    "list as a class": (config(sequential(layer(["Dense"], "bad"))), "the layer 'list'"),
    "list as registration": (config(sequential(dense() | {"registered_name": ["Dense"]})), "custom class"),
}


@pytest.mark.parametrize(("make", "reason"), HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_file_is_refused_in_one_line_and_nothing_is_written(make, reason, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "model.keras"
    make(path)
    with pytest.raises(InputError, match=reason) as refused:
        read_plan(path)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 300 + len(str(path))
    assert list(tmp_path.iterdir()) == [path]


def test_the_corpus_has_at_least_the_22_files_of_the_first_reader():
    assert len(HOSTILE) >= 22


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_plan(tmp_path / "none.keras")


def test_the_weights_are_never_opened(tmp_path):
    path = archive(tmp_path / "m.keras", sequential(dense()), extra=[("model.weights.h5", b"anything but HDF5")])
    assert [each.kind for each in read_plan(path).layers] == ["InputLayer", "Dense"]


def test_brackets_in_a_string_do_not_count_as_depth(tmp_path):
    path = archive(tmp_path / "m.keras", '{"a": "' + "[" * 100 + '\\"{"}')
    assert read_config(path) == {"a": "[" * 100 + '"{'}


def test_a_sequential_model_becomes_a_chain():
    plan = planned(sequential(dense("first"), dense("second", activation="softmax")))
    assert [each.calls for each in plan.layers] == [
        (Call(()),),
        (Call((Origin("x", 0),)),),
        (Call((Origin("first", 0),)),),
    ]
    assert plan.outputs == (Origin("second", 0),)


def test_a_sequential_model_without_an_input_takes_the_shape_that_it_was_built_with():
    stored = sequential(dense())
    del stored["config"]["layers"][0]
    stored["build_config"] = {"input_shape": [7, 4]}
    plan = planned(stored)
    assert plan.layers[0].settings["batch_shape"] == (None, 4)
    del stored["build_config"]
    with pytest.raises(InputError, match="never built"):
        planned(stored)


def test_a_shared_layer_keeps_each_of_its_calls():
    add = {**layer("Add", "add"), "inbound_nodes": [{"args": [[tensor("dense"), tensor("dense", 1)]], "kwargs": {}}]}
    plan = planned(functional(called(dense(), tensor("x"), tensor("x")), add, outputs=("add", 0, 0)))
    assert plan.layers[-1].calls == (Call((Origin("dense", 0), Origin("dense", 1)), together=True),)


def test_initializers_and_constraints_are_dropped_and_penalties_kept():
    regularizer = {"module": "keras.regularizers", "class_name": "L2", "config": {"l2": 0.01}, "registered_name": None}
    initializer = {"module": "keras.initializers", "class_name": "Zeros", "config": {}, "registered_name": None}
    plan = planned(sequential(dense(kernel_regularizer=regularizer, kernel_initializer=initializer)))
    assert plan.layers[1].settings == {
        "units": 3,
        "activation": "relu",
        "use_bias": True,
        "kernel_regularizer": Penalty(0.0, 0.01),
    }


def test_a_setting_that_a_layer_cannot_do_without_is_asked_for():
    with pytest.raises(InputError, match="units is missing"):
        planned(sequential(layer("Dense", "d")))


def test_no_kind_of_layer_runs_what_a_file_says():
    assert {"Lambda", "TFSMLayer", "StringLookup", "TorchModuleWrapper", "Wrapper"}.isdisjoint(LAYERS)
