"""Labels from the text to the numbers: ``data y[n] : K``, ``z[n, y[n]]`` and ``delta(k, y[n])``."""

import random

import numpy as np
import pytest
from second_reader import Reading, agree, drawn, read

from symgrad.calculus import derive
from symgrad.errors import InputError
from symgrad.kernel.terms import ONE, Entry, Index, Times, sigma
from symgrad.lang.parser import parse_formula, parse_model
from symgrad.lang.text import formula_text, model_text
from symgrad.oracles.comparison import Outcome, check
from symgrad.oracles.data import load_data
from symgrad.oracles.points import sample_point, sample_sizes
from symgrad.render.names import tex_name, text_name
from symgrad.render.plain import Plain
from symgrad.render.setting import Matter

HEAD = """index n : N, t : T, d : D, k : K, i : K
batch n
data x[n, d], y[n] : K, word[n, t] : K
parameter W[d, k], E[k, i], c[k]
"""
TEXT = (
    HEAD
    + """z[n, k] = sum(d, W[d, k] * x[n, d]) + mean(t, E[word[n, t], k]) + c[k]
loss[n] = logsumexp(k, z[n, k]) - z[n, y[n]]
claim d(loss[n]) / d(c[k]) = softmax(k, z[n, k]) - delta(k, y[n])
claim c[y[n]] = sum(k, c[k] * delta(k, y[n]))
claim d(loss[n]) / d(c[k]) = softmax(k, z[n, k])
expect claim refuted
"""
)
MODEL = parse_model(TEXT, "labelled")
n, k = Index("n", "N"), Index("k", "K")


def test_a_label_is_a_tensor_of_indicators_that_add_up_to_one():
    assert MODEL.labels == ("y", "word")
    assert [t.shape for t in MODEL.program.inputs if t.name in MODEL.labels] == [("N", "K"), ("N", "T", "K")]
    first = MODEL.assumptions[0]
    assert (first.left, first.relation, first.right) == (sigma(k, Entry("y", (n, k))), "=", ONE)
    assert len(MODEL.assumptions) == 2


def test_an_entry_at_a_label_is_a_sum_over_its_indicators():
    chosen = Times((Entry("y", (n, k)), Entry("z", (n, k))))
    assert parse_formula("z[n, y[n]]", MODEL) == sigma(k, chosen)
    assert parse_formula("delta(k, y[n])", MODEL) == parse_formula("delta(y[n], k)", MODEL) == Entry("y", (n, k))


@pytest.mark.parametrize(
    "text",
    [
        "z[n, y[n]]",
        "E[y[n], i]",
        "E[y[n], word[n, t]]",
        "E[y[n], y[n]]",
        "delta(k, y[n]) * z[n, k]",
        "sum(t, c[word[n, t]]) - 2 * c[y[n]]",
        "sum(k, delta(k, y[n]) * E[k, k])",
        "sum(k, delta(k, y[n]) * delta(k, word[n, t]))",
        "sum(k, z[n, k] * delta(k, y[n]))",
        "sum(n, z[n, y[n]])",
    ],
)
def test_a_formula_with_labels_is_printed_as_it_is_read(text):
    term = parse_formula(text, MODEL)
    assert formula_text(term, MODEL) == text
    assert parse_formula(formula_text(term, MODEL), MODEL) == term


def test_a_model_with_labels_is_printed_and_read_again():
    assert parse_model(model_text(MODEL), "labelled") == MODEL
    assert "data x[n, d], y[n] : K, word[n, t] : K\n" in model_text(MODEL)
    assert "assume" not in model_text(MODEL)


REFUSED = {
    "y[n]": "y is a label, not a number, expected it as an index z[y[n]] or in delta(k, y[n])",
    "y[n, k]": "y is a label, not a number",
    "z[n, q[n]]": "undeclared name q, expected one of",
    "z[n, x[n]]": "x is no label; expected a letter, or a label that is declared as in data x[n] : K",
    "z[y[n], k]": "the label y runs over K but this position of z over N",
    "z[n, word[n]]": "word has 2 indices, expected word[n, t]",
    "z[n, y[d]]": "d runs over D but this position of y over N",
    "delta(d, y[n])": "d runs over D but y over K, expected a letter of K",
    "delta(k, c[k])": "delta does not fit its arguments",
    "z[n, y[word[n, t]]]": "unexpected",
}


@pytest.mark.parametrize(("formula", "message"), REFUSED.items(), ids=REFUSED)
def test_a_label_in_a_place_that_it_does_not_fit_is_refused(formula, message):
    with pytest.raises(InputError) as error:
        parse_formula(formula, MODEL)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("data v[n] : Q", "Q is no size"),
        ("data v[n] : k", "k is an index letter, not a size"),
        ("data y[n] : K", "y is data already"),
        ("parameter v[n] : K", "unexpected ':'"),
        ("data v[q] : K", "undeclared index letter q"),
    ],
)
def test_a_bad_declaration_of_labels_is_refused(line, message):
    with pytest.raises(InputError) as error:
        parse_model(f"{HEAD}{line}\n{TEXT.removeprefix(HEAD)}", "bad")
    assert message in str(error.value)


def test_a_letter_inside_a_label_is_inferred_in_a_claim():
    model = parse_model(TEXT + "claim c[word[n, s]] = sum(k, c[k] * delta(k, word[n, s]))\n", "labelled")
    assert {i.name: i.size for i in derive(model).model.letters}["t"] == "T"
    assert derive(model).claims[-1]["status"] == "proved"


def test_claims_with_labels_are_proved_or_refuted_with_labels_for_a_witness():
    derivation = derive(MODEL)
    derivation.verify()
    assert derivation.checked
    assert derivation.exit_code == 0
    witness = derivation.claims[2]["witness"]
    assert all(sorted(row) == ["0"] * (len(row) - 1) + ["1"] for row in witness["data"]["y"])


def test_drawn_points_hold_labels():
    rng = random.Random(1)
    for _ in range(5):
        point = sample_point(MODEL, sample_sizes(MODEL.program, rng), rng)
        rows = {}
        for where, value in point.values["word"].items():
            rows.setdefault(where[:-1], []).append(value)
        assert all(sorted(row) == [0] * (len(row) - 1) + [1] for row in rows.values())
        assert len(set(map(tuple, rows.values()))) > 1


@pytest.fixture
def arrays():
    rng = np.random.default_rng(3)
    return {"x": rng.normal(size=(4, 3)), "y": np.array([2, 0, 1, 1]), "word": rng.integers(0, 3, size=(4, 2))}


def test_labels_of_a_file_are_whole_numbers_from_zero(tmp_path, arrays):
    np.savez(tmp_path / "some.npz", **arrays)
    found = load_data(str(tmp_path / "some.npz"), None, MODEL, "float64")
    assert found["y"].tolist() == np.eye(3)[[2, 0, 1, 1]].tolist()
    assert found["word"].shape == (4, 2, 3)
    again = check(MODEL, derive(MODEL).formulas, data=found)
    assert (again.outcome, again.real_data) == (Outcome.AGREE, True)


def test_labels_of_a_table_are_a_column(tmp_path):
    model = parse_model(
        "index n : N, k : K\nbatch n\ndata y[n] : K\nparameter c[k]\nloss[n] = logsumexp(k, c[k]) - c[y[n]]", "table"
    )
    (tmp_path / "some.csv").write_text("kind\n2\n0\n2\n")
    found = load_data(str(tmp_path / "some.csv"), "y=kind", model, "float64")
    assert found["y"].tolist() == [[0, 0, 1], [1, 0, 0], [0, 0, 1]]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"y": np.array([2, 0, -1, 1])}, r"y\[3\] is -1, expected a label: a whole number from 0 to 2"),
        ({"y": np.array([2, 0.5, 1, 1])}, r"y\[2\] is 0.5, expected a label"),
        ({"y": np.array([2, 3, 1, 1]), "E": np.ones((3, 3))}, r"y\[2\] is 3, expected a label: .* from 0 to 2"),
        ({"y": np.array([2, 0, 10**9, 1])}, r"y\[3\] is 1000000000, expected a label"),
        ({"y": np.array([2, 0, 1])}, "the size N is 4 in x but 3 in y"),
        ({"y": np.ones((4, 3)) / 3}, r"y\[N\] needs 1 axes, the array has shape \(4, 3\)"),
        ({"y": np.array(["a"] * 4)}, "y: expected numbers"),
    ],
)
def test_what_is_no_label_is_refused(wrong, message, tmp_path, arrays):
    np.savez(tmp_path / "some.npz", **{**arrays, **wrong})
    with pytest.raises(InputError, match=message):
        load_data(str(tmp_path / "some.npz"), None, MODEL, "float64")


def test_a_label_is_drawn_as_an_index():
    matter = Matter(derive(MODEL))
    drawn_ = [Plain()(matter.shaper(parse_formula(text, MODEL))) for text in ("z[n, y[n]]", "delta(k, y[n])")]
    assert drawn_ == ["z[n, y[n]]", "δ[k, y[n]]"]
    assert tex_name("y[n]") == "y_{n}"
    assert text_name("phi[n, t]", unicode=True) == "φ[n, t]"
    assert r"z_{n,y_{n}}" in derive(MODEL).to_latex()


def test_the_second_reader_reads_labels_too():
    text = read(TEXT)
    sizes, values = drawn(text, 1)
    reading = Reading(text, sizes, values)
    label = next(where[-1] for where, value in values["y"].items() if value and where[0] == 1)
    assert agree(reading.value("z[n, y[n]]", {"n": 1}).value, reading.value("z[n, k]", {"n": 1, "k": label}).value)
