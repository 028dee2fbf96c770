from __future__ import annotations

import numpy as np
import pytest

from symgrad.errors import InputError
from symgrad.oracles.comparison import Outcome, check
from symgrad.oracles.data import load_data


def saved(path, **arrays):
    np.savez(path, **arrays)
    return str(path)


@pytest.fixture(scope="module")
def tables():
    """Two tables of scikit-learn, standardised."""
    datasets = pytest.importorskip("sklearn.datasets", reason="scikit-learn is not installed")

    def standardised(x):
        spread = x.std(axis=0)
        return (x - x.mean(axis=0)) / np.where(spread > 0, spread, 1)

    cancer, digits = datasets.load_breast_cancer(), datasets.load_digits()
    return {
        "logistic_regression": {"x": standardised(cancer.data), "y": cancer.target},
        "softmax_regression": {"x": standardised(digits.data), "y": np.eye(10)[digits.target]},
    }


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", ["logistic_regression", "softmax_regression"])
def test_real_data_agree(name, dtype, tables, entry, claimed):
    model = entry(name)
    report = check(model, claimed(model), dtype=dtype, data=tables[name]).require()
    assert (report.oracle, report.real_data, report.points) == ("keras", True, 2)
    assert report.sizes[0]["N"] == len(tables[name]["x"])


def test_real_data_are_read_from_a_file(tables, entry, claimed, tmp_path):
    model = entry("logistic_regression")
    data = load_data(saved(tmp_path / "breast_cancer.npz", **tables[model.name]), None, model, "float64")
    report = check(model, claimed(model), data=data).require()
    assert {tuple(sizes.items()) for sizes in report.sizes} == {(("N", 569), ("D", 30))}


def test_a_wrong_formula_is_rejected_on_real_data(tables, entry, claimed):
    right = claimed(entry("softmax_regression_any_labels"))
    wrong = claimed(entry("linear_regression"))
    model = entry("logistic_regression")
    with pytest.raises(InputError):
        check(model, right, data=tables["logistic_regression"])
    with pytest.raises(InputError, match="tensor f"):
        check(model, wrong, data=tables["logistic_regression"])
    weighted = claimed(entry("poisson_regression"))
    report = check(model, weighted, data=tables["logistic_regression"])
    assert report.outcome is Outcome.DISAGREE


X, Y = np.array([[0.5, 1.25], [-2.0, 0.75], [1.5, -0.25]]), np.array([1, 0, 1])


def test_parameters_in_the_file_are_used(entry, claimed, tmp_path):
    model = entry("logistic_regression")
    path = saved(tmp_path / "d.npz", x=X, y=Y, w=np.array([0.3, -0.7]), b=np.array(0.1))
    data = load_data(path, None, model, "float64")
    assert set(data) == {"x", "y", "w", "b"}
    assert check(model, claimed(model), data=data).outcome is Outcome.AGREE


def test_data_are_rounded_to_the_tested_precision(entry, tmp_path):
    data = load_data(saved(tmp_path / "d.npz", x=X + 0.1, y=Y), None, entry("logistic_regression"), "float32")
    assert data["x"].dtype == np.float32
    assert data["y"].tolist() == [1.0, 0.0, 1.0]


def test_columns_of_a_table_make_the_tensors(entry, tmp_path):
    path = tmp_path / "d.csv"
    path.write_text("name,age,weight,label\nann,0.5,1.25,1\nbob,-2,0.75,0\n")
    data = load_data(str(path), "x=age, weight; y=label", entry("logistic_regression"), "float64")
    assert data["x"].tolist() == [[0.5, 1.25], [-2.0, 0.75]]
    assert data["y"].tolist() == [1.0, 0.0]
    ridge = load_data(str(path), "x=age;y=label;lam=0.5", entry("ridge_regression"), "float64")
    assert ridge["lam"].shape == ()
    assert ridge["x"].shape == (2, 1)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": X}, r"data tensor y\[N\]"),
        ({"x": X, "y": Y[:, None]}, "1 axes"),
        ({"x": X, "y": Y[:2]}, "size N is 3 in x but 2 in y"),
        ({"x": X, "y": np.array([1, np.nan, 0])}, r"y\[2\] is not finite"),
        ({"x": X * 1e300, "y": Y}, r"x\[1, 1\] is not finite in float32"),
        ({"x": X[:0], "y": Y[:0]}, "empty"),
        ({"x": X, "y": np.array(["a", "b", "c"])}, "expected numbers"),
        ({"x": X, "y": np.array([1, None, 0], dtype=object)}, "not a readable"),
        ({"x": X, "y": Y, "q": Y}, "no tensor named q"),
    ],
)
def test_unusable_arrays_are_refused(arrays, message, entry, tmp_path):
    with pytest.raises(InputError, match=message):
        load_data(saved(tmp_path / "d.npz", **arrays), None, entry("logistic_regression"), "float32")


def test_a_broken_assumption_is_named_with_its_place(entry, tmp_path):
    labels = np.array([[1, 0], [0.5, 0.25], [0, 1]])
    with pytest.raises(InputError, match=r"assumption 1 of softmax_regression does not hold on these data at n = 2"):
        load_data(saved(tmp_path / "d.npz", x=X, y=labels), None, entry("softmax_regression"), "float64")
    with pytest.raises(InputError, match="assumption 1 of weighted_logistic does not hold"):
        load_data(saved(tmp_path / "e.npz", x=X, y=Y, s=-Y), None, entry("weighted_logistic"), "float64")


@pytest.mark.parametrize(
    ("text", "mapping", "message"),
    [
        ("a,b\n1,2\n", None, "say which columns"),
        ("a,b\n1,2\n", "x=a;y=c", "no column c"),
        ("a,b\n1,2\n", "x=a;z=b", "expected one of x, y, w, b"),
        ("a,b\n1,2\n", "x=a;y=a,b", "2 columns"),
        ("a,b\n1,2\n3\n", "x=a;y=b", "line 3"),
        ("a,b\n1,two\n", "x=a;y=b", "line 2, column b: 'two' is not a number"),
        ("a,a\n1,2\n", "x=a;y=a", "same name"),
        ("a,b\n", "x=a;y=b", "header line and rows"),
        ("a,b\n1,nan\n", "x=a;y=b", "not finite"),
    ],
)
def test_unusable_tables_are_refused(text, mapping, message, entry, tmp_path):
    path = tmp_path / "d.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        load_data(str(path), mapping, entry("logistic_regression"), "float64")


def test_other_files_are_refused(entry, tmp_path):
    model = entry("logistic_regression")
    with pytest.raises(InputError, match="no file"):
        load_data(str(tmp_path / "none.npz"), None, model, "float64")
    (tmp_path / "d.pkl").write_bytes(b"")
    with pytest.raises(InputError, match=r"\.npz or \.csv"):
        load_data(str(tmp_path / "d.pkl"), None, model, "float64")
    (tmp_path / "d.npz").write_bytes(b"PK nothing of the kind")
    with pytest.raises(InputError, match="not a readable"):
        load_data(str(tmp_path / "d.npz"), None, model, "float64")
    with pytest.raises(InputError, match="mapping is for"):
        load_data(saved(tmp_path / "e.npz", x=X, y=Y), "x=a", model, "float64")
