import json

import pytest

from tests.importers.keras_archives import archive, dense, layer, sequential

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),  # Keras calls NumPy the old way
]

MODULE = """
import tensorflow as tf
from pathlib import Path

Path("imported").touch()
w = tf.Variable(tf.ones((4, 3)), name="w")

def mean(x, y):
    return tf.reduce_mean(tf.square(x @ w - y))

def total(x, y):
    return tf.reduce_sum(tf.square(x @ w - y))

class Inner:
    @staticmethod
    def mean(x, y):
        return mean(x, y)

number = 3
"""

SPECS = ("--spec", "x=float32[N,4]", "--spec", "y = float32[N, 3]")


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with a module of somebody's, under a name that no other test has imported."""
    pytest.importorskip("tensorflow", reason='pip install "symgrad[tf-cpu]"')
    monkeypatch.chdir(tmp_path)
    name = f"mine_{tmp_path.name}"
    (tmp_path / f"{name}.py").write_text(MODULE)
    return name


def test_a_function_of_the_current_folder_is_audited_and_its_import_is_said(symgrad, here):
    ran = symgrad("audit", f"{here}:mean", *SPECS)
    assert ran.code == 0
    assert "Audit of Mean" in ran.out
    assert ran.err == f"symgrad: importing {here}, which runs its code\n"


def test_a_sum_is_refuted_and_json_holds_its_findings(symgrad, here):
    ran = symgrad("audit", f"{here}:total", *SPECS, "--json", "--parts", "4,3")
    answer = json.loads(ran.out)
    assert (ran.code, answer["verdict"]) == (1, "refuted")
    assert {each["kind"] for each in answer["audit"]["findings"]} == {"sum", "unequal_parts"}


def test_a_function_inside_a_class_is_found(symgrad, here):
    assert symgrad("audit", f"{here}:Inner.mean", *SPECS).code == 0


def test_the_page_is_written_beside_and_never_over_another(symgrad, here, tmp_path):
    ran = symgrad("audit", f"{here}:mean", *SPECS, "--to", "md", "-o", "out")
    assert (ran.code, ran.out) == (0, "mean: 0 findings\n")
    page = tmp_path / "out" / "mean.audit.md"
    assert page.read_text().startswith("# Audit of Mean")
    page.write_text("mine")
    assert symgrad("audit", f"{here}:mean", *SPECS, "--to", "md", "-o", "out").code == 2
    assert page.read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["nonsense", *SPECS], "neither module:function nor a .keras file"),
        (["os:system; x", *SPECS], "neither module:function nor a .keras file"),
        (["no_such_module_anywhere:f", *SPECS], "cannot be imported: ModuleNotFoundError"),
        (["HERE:none", *SPECS], "has no none"),
        (["HERE:number", *SPECS], "is not a function"),
        (["HERE:mean"], "say what the function takes"),
        (["HERE:mean", "--spec", "x"], "expected name=float32"),
        (["HERE:mean", "--spec", "x=float16[N]"], "expected name=float32"),
        (["HERE:mean", "--spec", "x=float32[4,N]"], "may only be the first size"),
        (["HERE:mean", "--spec", "x=float32[N,0]"], "a size is N or a number"),
        (["HERE:mean", "--spec", "x=float32[N,9999999999]"], "a size is N or a number"),
        (["HERE:mean", "--spec", "x=float32[N,4]", "--spec", "x=float32[N]"], "x comes twice"),
        (["HERE:mean", *SPECS, "--loss", "mse"], "--loss is for a .keras file"),
        (["HERE:mean", *SPECS, "--parts", "7"], "two to eight lengths"),
        (["HERE:mean", *SPECS, "--parts", "0,3"], "two to eight lengths"),
        (["model.keras"], "say which loss"),
        (["model.keras", "--loss", "nonsense"], "Keras has no loss 'nonsense'"),
        (["model.keras", "--loss", "mse", "--from-logits"], "does not know from_logits"),
        (["model.keras", "--loss", "mse", *SPECS], "--spec is for a function"),
        (["evil.keras", "--loss", "mse"], "holds a program"),
        (["none.keras", "--loss", "mse"], "no such file"),
    ],
)
def test_what_cannot_be_audited_is_refused_in_one_line(symgrad, here, tmp_path, arguments, reason):
    archive(tmp_path / "model.keras", sequential(dense()))
    archive(tmp_path / "evil.keras", sequential(layer("Lambda", "l", function="4wEA")))
    ran = symgrad("audit", *(word.replace("HERE", here) for word in arguments))
    assert (ran.code, ran.out) == (2, "")
    told = [line for line in ran.err.splitlines() if not line.startswith("symgrad: importing")]
    assert len(told) == 1
    assert reason in told[0]


def test_a_module_that_fails_is_one_line(symgrad, here, tmp_path):
    (tmp_path / f"broken_{here}.py").write_text("raise ValueError('first line\\nsecond line')")
    ran = symgrad("audit", f"broken_{here}:f", *SPECS)
    assert ran.code == 2
    assert ran.err.splitlines()[-1].endswith("cannot be imported: ValueError: first line")


def test_nothing_is_imported_before_the_options_are_understood(symgrad, here, tmp_path):
    assert symgrad("audit", f"{here}:mean", *SPECS, "--parts", "x").code == 2
    assert not (tmp_path / "imported").exists()


def test_a_keras_file_is_audited_with_its_loss_and_reduction(symgrad, here, tmp_path):
    archive(tmp_path / "model.keras", sequential(dense(activation="linear")))
    ran = symgrad("audit", "model.keras", "--loss", "mean_squared_error", "--reduction", "none", "--json")
    answer = json.loads(ran.out)
    assert (ran.code, ran.err) == (1, "")
    assert [each["kind"] for each in answer["audit"]["findings"]] == ["sum"]
    assert answer["audit"]["fit"]["differentiated"] == pytest.approx(7 * answer["audit"]["fit"]["reported"], rel=1e-4)


def test_logits_and_sample_weights_of_a_keras_file_are_heeded(symgrad, here, tmp_path):
    archive(tmp_path / "model.keras", sequential(dense(activation="linear")))
    found = {}
    for options in ((), ("--from-logits",), ("--from-logits", "--sample-weight")):
        ran = symgrad("audit", "model.keras", "--loss", "binary_crossentropy", *options, "--json")
        assert ran.err == ""
        found[options] = [each["kind"] for each in json.loads(ran.out)["audit"]["findings"]]
    assert list(found.values())[1:] == [[], ["weights_by_count"]]


def test_prove_takes_a_function_of_the_current_folder_too(symgrad, here):
    ran = symgrad("prove", "--from", f"{here}:mean", *SPECS, "--to", "sg")
    assert ran.code == 0
    assert "objective = mean(n, loss[n])" in ran.out
    assert "importing" in ran.err


@pytest.mark.parametrize(
    "arguments", [[], ["logistic_regression", "--from", "a:b"], ["logistic_regression", "--spec", "x=float32[N]"]]
)
def test_prove_takes_one_thing_to_prove(symgrad, arguments):
    assert symgrad("prove", *arguments).code == 2
