import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

COUPLED = """
index n : N
batch n
data x[n], y[n]
parameter w, b
z[n] = w * x[n] + b
mu = mean(n, z[n])
loss[n] = (z[n] - mu - y[n])^2 + b^2
expect separable refuted
"""


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_picture_is_written_under_the_name_of_the_model(symgrad, here):
    ran = symgrad("plot", "logistic_regression")
    assert (ran.code, ran.out, ran.err) == (0, "logistic_regression.svg: written\n", "")
    assert [path.name for path in here.iterdir()] == ["logistic_regression.svg"]
    ET.fromstring((here / "logistic_regression.svg").read_text())


@pytest.mark.parametrize(
    ("name", "start"), [("a.pdf", b"%PDF-"), ("a.png", b"\x89PNG"), ("a.PNG", b"\x89PNG"), ("sub/a.svg", b"<svg")]
)
def test_the_ending_chooses_the_format(symgrad, here, name, start):
    assert symgrad("plot", "linear_regression", "-o", name).code == 0
    assert (here / name).read_bytes().startswith(start)


def test_the_same_bytes_are_written_again_also_by_another_process(symgrad, here):
    root = Path(__file__).parents[2]
    for form in ("svg", "pdf", "png"):
        symgrad("plot", "mlp_tanh", "-o", f"a.{form}")
        subprocess.run(
            [sys.executable, "-m", "symgrad", "plot", "mlp_tanh", "-o", f"b.{form}"],
            env={"PYTHONPATH": str(root), "PYTHONHASHSEED": "11", "HOME": str(here), "PATH": ""},
            check=True,
            capture_output=True,
        )
        assert (here / f"a.{form}").read_bytes() == (here / f"b.{form}").read_bytes()


def test_the_numbers_are_given_as_json(symgrad):
    answer = json.loads(symgrad("plot", "logistic_regression", "--over", "w[2],b", "--sizes", "N=5,D=4", "--json").out)
    assert (answer["schema"], answer["model"], answer["file"]) == (1, "logistic_regression", "logistic_regression.svg")
    assert (answer["over"], answer["sizes"]) == (["w[2]", "b"], {"N": 5, "D": 4})
    assert np.shape(answer["gradients"]) == (5, 2)
    assert answer["centroid"] == pytest.approx(np.mean(answer["gradients"], axis=0))
    assert answer["batch"] == pytest.approx(answer["centroid"], rel=1e-12)


def test_the_seed_moves_the_point_and_nothing_else_does(symgrad):
    def theta(*options):
        return json.loads(symgrad("plot", "linear_regression", "--json", "--force", *options).out)["theta"]

    assert theta() == theta("--seed", "0") != theta("--seed", "1")


def test_real_data_and_parameters_are_read_from_a_file(symgrad, here):
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(7, 3)), np.array([0, 1, 1, 0, 1, 0, 0])
    w, b = np.array([0.5, -1.0, 0.25]), np.array(0.125)
    np.savez(here / "data.npz", x=x, y=y, w=w, b=b)
    answer = json.loads(symgrad("plot", "logistic_regression", "--data", "data.npz", "--over", "w[3],b", "--json").out)
    assert answer["theta"] == [0.25, 0.125]
    away = 1 / (1 + np.exp(-(x @ w + b))) - y
    assert np.array(answer["gradients"]) == pytest.approx(np.column_stack([away * x[:, 2], away]))


def test_columns_of_a_table_are_mapped_to_tensors(symgrad, here):
    (here / "data.csv").write_text("age,weight,label\n1.5,2.25,1\n0.5,-1.75,0\n-2.5,0.375,1\n3.5,1.125,0\n")
    ran = symgrad("plot", "logistic_regression", "--data", "data.csv", "--map", "x=age,weight;y=label", "--json")
    assert json.loads(ran.out)["sizes"] == {"N": 4, "D": 2}


def test_the_range_is_one_for_both_or_one_for_each(symgrad, here):
    for name, text in (("a", "-3:3"), ("b", "-3:3,-3:3"), ("c", "-3:3,-2:2")):
        assert symgrad("plot", "logistic_regression", "--range", text, "-o", f"{name}.svg").code == 0
    a, b, c = ((here / f"{name}.svg").read_bytes() for name in "abc")
    assert a == b != c


@pytest.mark.parametrize("name", ["poisson_regression", "linear_regression"])
@pytest.mark.parametrize("text", ["-1e3:1e3", "-1e99:1e99"])
def test_a_range_where_the_loss_overflows_is_drawn(symgrad, name, text):
    ran = symgrad("plot", name, "--range", text)
    assert (ran.code, ran.err) == (0, "")


@pytest.mark.parametrize("size", ["1", "2", "9"])
def test_any_number_of_samples_is_drawn(symgrad, size):
    assert symgrad("plot", "mlp_tanh", "--sizes", f"N={size}").code == 0


def test_a_loss_whose_samples_are_coupled_is_drawn_by_the_rows_of_its_jacobian(symgrad, here):
    (here / "mine.sg").write_text(COUPLED)
    answer = json.loads(symgrad("plot", "mine.sg", "--json").out)
    assert (answer["file"], answer["over"]) == ("mine.svg", ["w", "b"])
    assert answer["batch"] == pytest.approx(answer["centroid"], rel=1e-12)


def test_a_file_that_is_there_is_kept_without_force(symgrad, here):
    file = here / "logistic_regression.svg"
    file.write_text("mine")
    ran = symgrad("plot", "logistic_regression")
    assert (ran.code, ran.out, file.read_text()) == (2, "", "mine")
    assert "--force" in ran.err
    assert symgrad("plot", "logistic_regression", "--force").code == 0
    assert file.read_text() != "mine"
    assert [path.name for path in here.iterdir()] == [file.name]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--over", "w[3],b"], "there is no w[3] at these sizes; the nearest is w[2]"),
        (["--over", "w[1]"], "expected two entries, such as w[1],w[2]"),
        (["--over", "bb,w[1]"], "bb is not declared, did you mean b?"),
        (["--over", "x[1, 1],b"], "x is not a parameter"),
        (["--range", "3"], "--range: '3', expected two numbers, as in -3:3"),
        (["--range", "3:-3"], "--range: '3:-3', expected a number and a larger one"),
        (["--range", "-inf:3"], "--range: '-inf:3', expected a number and a larger one"),
        (["--range", "nan:3"], "--range: 'nan:3', expected a number and a larger one"),
        (["--range", "-1e300:1e300"], "--range: '-1e300:1e300', expected a number and a larger one"),
        (["--range", "1:1.0000000001"], "expected a number and a larger one"),
        (["--range", "0:1:2"], "--range: '0:1:2', expected two numbers"),
        (["--range", "0:1,0:1,0:1"], "--range: 3 ranges, expected one for both parameters, or two"),
        (["--range", "50:51"], "which is not between 50 and 51"),
        (["--sizes", "M=3"], "--sizes: no size 'M', expected one of N, D"),
        (["--sizes", "N"], "--sizes: 'N', expected a size and a number from 1 to 100"),
        (["--sizes", "N=0"], "--sizes: 'N=0', expected"),
        (["--sizes", "N=101"], "--sizes: 'N=101', expected"),
        (["--sizes", f"N={10**30}"], "from 1 to 100"),
        (["--sizes", ""], "--sizes: '', expected"),
        (["-o", "x.jpg"], "'x.jpg' does not end in .pdf, .svg, .png"),
        (["-o", "x"], "'x' does not end in"),
        (["-o", "a b.svg"], "no name for a file"),
        (["--data", "missing.npz"], "no file missing.npz"),
        (["--map", "x=a"], "--map says how to read --data"),
    ],
)
def test_wrong_usage_is_one_line(symgrad, here, arguments, message):
    ran = symgrad("plot", "logistic_regression", "--sizes", "D=2", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err
    assert ran.err.count("\n") == 1
    assert list(here.iterdir()) == []


def test_sizes_of_data_that_are_read_cannot_be_chosen(symgrad, here):
    np.savez(here / "data.npz", x=np.ones((2, 2)), y=np.ones(2))
    ran = symgrad("plot", "logistic_regression", "--data", "data.npz", "--sizes", "N=4")
    assert ran.code == 2
    assert "--data has sizes of its own" in ran.err


def test_a_loss_that_is_defined_nowhere_is_told(symgrad, here):
    (here / "never.sg").write_text(
        "index n : N\nbatch n\ndata y[n]\nparameter a, b\nloss[n] = log(-(a - y[n])^2 - b^2)\n"
    )
    ran = symgrad("plot", "never.sg")
    assert (ran.code, ran.out) == (2, "")
    assert "no point was found" in ran.err


@pytest.mark.parametrize(
    "command", [["plot", "logistic_regression"], ["check", "logistic_regression", "--plot", "a.svg"]]
)
def test_without_matplotlib_the_exit_code_is_4_and_the_way_to_get_it_is_told(symgrad, here, monkeypatch, command):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    ran = symgrad(*command)
    assert (ran.code, ran.out) == (4, "")
    assert ran.err == 'symgrad: error: pictures need matplotlib: pip install "symgrad[plot]"\n'
    assert list(here.iterdir()) == []


def test_data_that_no_three_samples_can_hold_exactly_are_drawn_for_four(symgrad, here):
    (here / "share.sg").write_text(
        "index n : N\nbatch n\ndata y[n], q[n]\nparameter a, b\nassume q[n] = 1 / size(N)\n"
        "loss[n] = (a - y[n])^2 + q[n] * b^2\n"
    )
    assert json.loads(symgrad("plot", "share.sg", "--json").out)["sizes"] == {"N": 4}
    assert "no point was found" in symgrad("plot", "share.sg", "--sizes", "N=3").err
