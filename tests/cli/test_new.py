import json

import pytest

from symgrad.lang.parser import load_model

FAMILIES = [
    [],
    ["--linear"],
    ["--linear", "--outputs", "K", "--loss", "absolute", "--penalty", "ridge"],
    ["--logistic"],
    ["--softmax"],
    ["--mlp", "1"],
    ["--mlp", "2", "--activation", "relu", "--loss", "squared"],
]


@pytest.mark.parametrize("options", FAMILIES, ids=" ".join)
def test_a_new_file_states_a_model_and_says_how_to_go_on(symgrad, tmp_path, options):
    file = tmp_path / "my_loss.sg"
    ran = symgrad("new", file, *options)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.endswith(f"next: symgrad prove {file}\n")
    model = load_model(file)
    assert model.name == "my_loss"
    assert "# Edit this file" in file.read_text()


@pytest.mark.parametrize("options", FAMILIES, ids=" ".join)
def test_a_new_file_proves_as_it_is(symgrad, tmp_path, options):
    file = tmp_path / "my_loss.sg"
    symgrad("new", file, *options)
    ran = symgrad("prove", file, "--json")
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["verdict"] == "proved"


def test_the_answer_as_json_holds_the_text(symgrad, tmp_path):
    file = tmp_path / "my_loss.sg"
    answer = json.loads(symgrad("new", file, "--json").out)
    assert answer == {"schema": 1, "file": str(file), "text": file.read_text()}


def test_a_file_that_is_there_is_kept_without_force(symgrad, tmp_path):
    file = tmp_path / "my_loss.sg"
    file.write_text("mine")
    ran = symgrad("new", file)
    assert (ran.code, ran.out, file.read_text()) == (2, "", "mine")
    assert "--force" in ran.err
    assert symgrad("new", file, "--force").code == 0
    assert file.read_text() != "mine"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["x.txt"], "does not end in .sg"),
        (["a b.sg"], "no name for a file"),
        (["x.sg", "--mlp", "1", "--linear"], "two kinds of model"),
        (["x.sg", "--linear", "--activation", "tanh"], "--activation is not an option of --linear"),
        (["x.sg", "--mlp", "0"], "0 hidden layers"),
        (["x.sg", "--mlp", "1", "--activation", "reluu"], "did you mean relu?"),
        (["x.sg", "--linear", "--loss", "sqared"], "did you mean squared?"),
    ],
)
def test_wrong_usage_writes_nothing(symgrad, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    ran = symgrad("new", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err
    assert list(tmp_path.iterdir()) == []
