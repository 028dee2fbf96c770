"""Every entry of the catalogue, from its text to what is stored beside it."""

import ast
import json
import subprocess
import sys
from fractions import Fraction
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from matrix_reader import MatrixReading
from second_reader import Reading, agree, drawn, normalised, parsed, pattern, read
from test_keras_entries import HYPOTHESES as KERAS

from symgrad import catalogue
from symgrad.calculus import Verdict
from symgrad.errors import InputError
from symgrad.kernel.terms import Number, Plus, Power, Times, children
from symgrad.lang.parser import parse_formula
from symgrad.render import to_tex

NAMES = (
    "autoencoder",
    "linear_regression",
    "logistic_regression",
    "logistic_regression_probability",
    "mlp_relu",
    "mlp_softmax",
    "mlp_tanh",
    "poisson_regression",
    "ridge_outside_mean",
    "ridge_regression",
    "softmax_regression",
    "softmax_regression_any_labels",
    "weighted_logistic",
)

QUESTIONS = (
    "averaged_input",
    "duplicated_batch",
    "loss_after_step",
    "lost_in_the_mean",
    "minibatch_with_replacement",
    "minibatch_without_replacement",
    "sequential_logistic",
    "sequential_updates",
    "spread_of_gradients",
    "tape_reads_back",
    "vector_of_losses",
)
"""The entries that answer the standing questions; test_questions.py holds them to their claims."""

GALLERY = (
    "batch_max",
    "batch_norm",
    "gradient_accumulation",
    "info_nce",
    "l2_penalty_counted_twice",
    "log_of_mean",
    "masked_mean",
    "mean_with_sample_weight",
    "rmse",
    "sum_reduction",
    "unequal_shards",
)
"""The entries in which the answer is no; test_gallery.py holds them to what they say."""

HYPOTHESES = {name: [] for name in NAMES} | {
    "mlp_relu": ["a[n, j] != 0"],
    "mlp_softmax": ["sum(k, y[n, k]) = 1"],
    "softmax_regression": ["sum(k, y[n, k]) = 1"],
    "weighted_logistic": ["sum(n, s[n]) > 0"],
}

REFUTED = {"ridge_outside_mean": {"w"}, "weighted_logistic": {"w", "b"}}
"""The parameters for which the batch gradient is not the mean of the per-sample ones."""

ERROR, LABEL = "(f[n] - y[n])", "(softmax(k, z[n, k]) - y[n, k])"
BACK = f"sum(k, W3[q, k] * {LABEL})"
DEEP = f"h2[n, q] * (1 - h2[n, q]) * {BACK}"
RESIDUAL = "2 * sum(e, W[e, j] * (r[n, e] - x[n, e]))"
ANY = "(sum(c, y[n, c]) * softmax(k, z[n, k]) - y[n, k])"

PUBLISHED = {
    "autoencoder": {
        "W": f"2 * (r[n, d] - x[n, d]) * h[n, j] + (1 - h[n, j]^2) * {RESIDUAL} * x[n, d]",
        "b": f"(1 - h[n, j]^2) * {RESIDUAL}",
        "c": "2 * (r[n, d] - x[n, d])",
    },
    "linear_regression": {"w": f"2 * {ERROR} * x[n, j]", "b": f"2 * {ERROR}"},
    "logistic_regression": {"w": "(sigmoid(z[n]) - y[n]) * x[n, j]", "b": "sigmoid(z[n]) - y[n]"},
    "logistic_regression_probability": {"w": "(p[n] - y[n]) * x[n, j]", "b": "p[n] - y[n]"},
    "mlp_relu": {
        "W1": f"2 * {ERROR} * w2[j] * step(a[n, j]) * x[n, d]",
        "b1": f"2 * {ERROR} * w2[j] * step(a[n, j])",
        "w2": f"2 * {ERROR} * h[n, j]",
        "b2": f"2 * {ERROR}",
    },
    "mlp_softmax": {
        "W1": f"(1 - h1[n, p]^2) * sum(q, W2[p, q] * {DEEP}) * x[n, d]",
        "b1": f"(1 - h1[n, p]^2) * sum(q, W2[p, q] * {DEEP})",
        "W2": f"{DEEP} * h1[n, p]",
        "b2": DEEP,
        "W3": f"{LABEL} * h2[n, q]",
        "b3": LABEL,
    },
    "mlp_tanh": {
        "W1": f"2 * {ERROR} * w2[j] * (1 - h[n, j]^2) * x[n, d]",
        "b1": f"2 * {ERROR} * w2[j] * (1 - h[n, j]^2)",
        "w2": f"2 * {ERROR} * h[n, j]",
        "b2": f"2 * {ERROR}",
    },
    "poisson_regression": {"w": "(exp(z[n]) - y[n]) * x[n, j]", "b": "exp(z[n]) - y[n]"},
    "ridge_outside_mean": {"w": f"2 * {ERROR} * x[n, j]", "b": f"2 * {ERROR}"},
    "ridge_regression": {"w": f"2 * {ERROR} * x[n, j] + 2 * lam * w[j]", "b": f"2 * {ERROR}"},
    "softmax_regression": {"W": f"{LABEL} * x[n, d]", "b": LABEL},
    "softmax_regression_any_labels": {"W": f"{ANY} * x[n, d]", "b": ANY},
    "weighted_logistic": {"w": "(sigmoid(z[n]) - y[n]) * x[n, j]", "b": "sigmoid(z[n]) - y[n]"},
}
"""The per-sample gradients as textbooks write them."""

PUBLISHED_BATCH = {
    name: {parameter: f"mean(n, {formula})" for parameter, formula in formulas.items()}
    for name, formulas in PUBLISHED.items()
} | {
    "ridge_outside_mean": {"w": f"mean(n, 2 * {ERROR} * x[n, j]) + 2 * lam * w[j]", "b": f"mean(n, 2 * {ERROR})"},
    "ridge_regression": {"w": f"mean(n, 2 * {ERROR} * x[n, j]) + 2 * lam * w[j]", "b": f"mean(n, 2 * {ERROR})"},
    "weighted_logistic": {
        "w": "sum(n, s[n] * (sigmoid(z[n]) - y[n]) * x[n, j]) / sum(n, s[n])",
        "b": "sum(n, s[n] * (sigmoid(z[n]) - y[n])) / sum(n, s[n])",
    },
}

MATRICES = {
    "autoencoder": {"W", "b", "c"},
    "linear_regression": {"w", "b"},
    "logistic_regression": {"w", "b"},
    "mlp_softmax": {"W1", "b1", "W2", "b2", "W3", "b3"},
    "mlp_tanh": {"W1", "b1", "w2", "b2"},
    "poisson_regression": {"w", "b"},
    "ridge_outside_mean": {"w", "b"},
    "ridge_regression": {"w", "b"},
    "softmax_regression": {"W", "b"},
    "weighted_logistic": {"w", "b"},
}

every = pytest.mark.parametrize("name", NAMES)


def count(term):
    """The operations and leaves of a term; a difference or a quotient is one operation."""
    match term:
        case Times((Number(value), *rest)) if value == -1:
            return 1 + count(rest[0] if len(rest) == 1 else Times(tuple(rest)))
        case Times(factors):
            return len(factors) - 1 + sum(count(f.base if _below(f) else f) for f in factors)
        case Plus(terms):
            return len(terms) - 1 + sum(count(part) - _minus(part) for part in terms)
        case Power(base, _) if _below(term):
            return 2 + count(base)
    return 1 + sum(map(count, children(term)))


def _below(term):
    return isinstance(term, Power) and term.exponent == -1


def _minus(term):
    return isinstance(term, Times) and term.factors[0] == Number(Fraction(-1))


def spoken(text):
    """The operations and leaves of a formula as it is written: each name, number, function and sign is one."""
    return sum(
        isinstance(node, ast.BinOp | ast.UnaryOp | ast.Call | ast.Constant | ast.Subscript)
        for node in ast.walk(parsed(text))
    )


def at_a_point(name, seed, sizes=None):
    """An entry, read by the tests' own reader, at a random point that its assumptions allow."""
    text = read(catalogue.find(name).read_text(encoding="utf-8"))
    sizes, values = drawn(text, seed, sizes, positive={"s"})
    if "sum(k, y[n, k]) = 1" in text.assumptions:
        values = normalised(values, "y")
    return Reading(text, sizes, values)


def places(letters, reading, indices):
    """Every assignment of places to letters."""
    for where in product(*(range(reading.sizes[indices[i]]) for i in letters)):
        yield dict(zip(letters, where, strict=True)), where


def test_the_catalogue_holds_what_it_should():
    assert set(catalogue.names()) == {*NAMES, *QUESTIONS, *GALLERY, *KERAS}


@every
def test_an_entry_is_proved(derived, name):
    derivation = derived(name)
    assert derivation.verdict is Verdict.PROVED
    assert derivation.exit_code == 0


@every
def test_every_claim_of_an_entry_is_proved(derived, name):
    claims = derived(name).to_json()["claims"]
    assert len(claims) >= 3
    assert {claim["status"] for claim in claims} == {"proved"}


@every
def test_an_entry_supposes_what_the_mathematics_needs_and_no_more(derived, name):
    assert derived(name).to_json()["hypotheses"] == HYPOTHESES[name]


def test_only_the_hidden_weights_of_the_rectified_network_need_its_hypothesis(derived):
    statements = derived("mlp_relu").statements
    for kind in ("batch", "identity"):
        needing = {name for name in ("W1", "b1", "w2", "b2") if statements[f"{kind} {name}"].hypotheses}
        assert needing == {"W1", "b1"}


@every
def test_every_verdict_of_an_entry_is_as_the_file_expects(derived, name):
    verdicts = derived(name).to_json()["verdicts"]
    for key in ("separable", "per_sample", "tape", "batch"):
        assert verdicts[key]["status"] == "proved"
    refuted = REFUTED.get(name, set())
    assert verdicts["identity"]["status"] == ("refuted" if refuted else "proved")
    by_parameter = verdicts["identity"]["by_parameter"]
    assert {k for k, status in by_parameter.items() if status == "refuted"} == refuted
    assert {k for k, status in by_parameter.items() if status == "proved"} == set(PUBLISHED[name]) - refuted


@every
def test_the_weights_of_an_entry_are_those_of_its_objective(derived, name):
    weights = derived(name).to_json()["weights"]
    if name == "weighted_logistic":
        assert weights == {"c[n]": "s[n] / sum(n, s[n])", "kind": "data"}
    elif name == "ridge_outside_mean":
        penalty = "lam * sum(d, w[d]^2)"
        assert weights["kind"] == "mean"
        assert weights["remainder"] == penalty
        assert weights["repair"] == f"loss[n] + {penalty}"
    else:
        assert weights == {"c[n]": "1/size(N)", "kind": "mean"}


@every
@pytest.mark.parametrize(("side", "published"), [("per_sample", PUBLISHED), ("batch_mean", PUBLISHED_BATCH)])
def test_a_closed_form_is_as_short_as_a_textbooks(derived, name, side, published):
    derivation = derived(name)
    found = derivation.single.closed if side == "per_sample" else derivation.batch.closed
    printed = {pattern(left)[0]: text for left, text in derivation.to_json()["closed"][side].items()}
    assert set(found) == set(published[name])
    for parameter, formula in published[name].items():
        allowed = count(parse_formula(formula, derivation.model))
        assert count(found[parameter].right) <= 1.3 * allowed, f"{parameter}: {printed[parameter]}"
        assert spoken(printed[parameter]) <= 1.3 * spoken(formula), f"{parameter}: {printed[parameter]}"


@every
@pytest.mark.parametrize("seed", [1, 2])
def test_the_per_sample_formulas_are_the_derivatives_of_the_program_at_one_sample(derived, name, seed):
    report, reading = derived(name).to_json(), at_a_point(name, seed)
    closed, side = report["closed"]["per_sample"], report["per_sample"]
    batch = Reading(reading.text.also(side["adjoints"], report["indices"]), reading.sizes, reading.values)
    compared = 0
    for sample in range(reading.sizes["N"]):
        losses = reading.alone(sample).value("loss[n]", {"n": 0}).slopes
        for left in closed:
            parameter, letters = pattern(left)
            for at, where in places(letters, reading, report["indices"]):
                truth = losses.get((parameter, where), 0)
                for formula in (closed[left], side["gradients"][left]):
                    assert agree(batch.value(formula, {**at, "n": sample}).value, truth)
                    compared += 1
    assert compared >= 2 * reading.sizes["N"] * len(closed)


@every
@pytest.mark.parametrize("seed", [3, 4])
def test_the_batch_formulas_are_the_derivatives_of_the_objective(derived, name, seed):
    report, reading = derived(name).to_json(), at_a_point(name, seed)
    closed, side = report["closed"]["batch_mean"], report["batch_mean"]
    batch = Reading(reading.text.also(side["adjoints"], report["indices"]), reading.sizes, reading.values)
    slopes = reading.value("objective").slopes
    assert {pattern(left)[0] for left in closed} == set(PUBLISHED[name])
    for left in closed:
        parameter, letters = pattern(left)
        for at, where in places(letters, reading, report["indices"]):
            for formula in (closed[left], side["gradients"][left]):
                assert agree(batch.value(formula, at).value, slopes.get((parameter, where), 0))


@every
def test_the_adjoints_are_the_cotangents_of_the_objective(derived, name):
    derivation = derived(name)
    report, reading = derivation.to_json(), at_a_point(name, 5)
    side = report["batch_mean"]
    batch = Reading(reading.text.also(side["adjoints"], report["indices"]), reading.sizes, reading.values)
    slopes = reading.value("objective").slopes
    tensors = {bar: tensor for tensor, bar in derivation.adjoint_names.items()}
    for left, _ in side["adjoints"]:
        bar, letters = pattern(left)
        for at, where in places(letters, reading, report["indices"]):
            assert agree(batch.value(left, at).value, slopes.get((tensors[bar], where), 0))


@every
def test_the_published_formulas_of_these_tests_are_right(name):
    reading = at_a_point(name, 6)
    slopes = reading.value("objective").slopes
    letters = {"w": ("j",), "b": ()} | {
        "autoencoder": {"W": ("d", "j"), "b": ("j",), "c": ("d",)},
        "mlp_relu": {"W1": ("d", "j"), "b1": ("j",), "w2": ("j",), "b2": ()},
        "mlp_tanh": {"W1": ("d", "j"), "b1": ("j",), "w2": ("j",), "b2": ()},
        "mlp_softmax": {"W1": ("d", "p"), "b1": ("p",), "W2": ("p", "q"), "b2": ("q",), "W3": ("q", "k"), "b3": ("k",)},
        "softmax_regression": {"W": ("d", "k"), "b": ("k",)},
        "softmax_regression_any_labels": {"W": ("d", "k"), "b": ("k",)},
    }.get(name, {})
    for parameter, formula in PUBLISHED_BATCH[name].items():
        sizes = dict(zip(letters[parameter], reading.shapes[parameter], strict=True))
        for at, where in places(letters[parameter], reading, sizes):
            assert agree(reading.value(formula, at).value, slopes.get((parameter, where), 0))


@pytest.mark.parametrize("name", MATRICES)
def test_a_matrix_form_is_the_gradient_of_the_objective(derived, name):
    forms = derived(name).to_json()["closed"]["matrix"]
    assert set(forms) == MATRICES[name]
    for seed in (7, 8):
        reading = at_a_point(name, seed)
        arrays = {}
        for tensor, shape in reading.shapes.items():
            array = np.zeros([reading.sizes[size] for size in shape])
            for where in reading.places(tensor):
                array[where] = float(reading.entry(tensor, where).value)
            arrays[tensor] = array
        slopes = reading.value("objective").slopes
        for parameter, text in forms.items():
            wanted = np.zeros_like(arrays[parameter])
            for where in reading.places(parameter):
                wanted[where] = float(slopes.get((parameter, where), 0))
            found = np.asarray(MatrixReading(arrays, reading.sizes).value(text))
            assert found.size == wanted.size
            assert found.shape[: wanted.ndim] == wanted.shape or wanted.ndim == 0
            np.testing.assert_allclose(found.reshape(wanted.shape), wanted, rtol=1e-10, atol=1e-12)


def test_a_matrix_form_reads_as_in_a_textbook(derived):
    assert derived("softmax_regression").matrix["W"].text == "1/N * X^T * (softmax(Z) - Y)"
    assert derived("logistic_regression").matrix["w"].text == "1/N * X^T * (sigmoid(X*w + b*1) - y)"
    assert derived("linear_regression").matrix["w"].text == "2/N * X^T * (X*w + b*1 - y)"


@every
def test_an_entry_says_where_its_formulas_come_from(derived, name):
    model = derived(name).model
    assert model.sources
    assert model.introduction
    assert model.title


@every
def test_the_checker_accepts_the_certificate_of_an_entry(derived, name):
    derivation = derived(name)
    derivation.verify()
    assert derivation.checked


SCRIPT = """
import sys
from symgrad import catalogue, derive, load_model
import ast
import json
for name in sys.argv[1:]:
    derivation = derive(load_model(catalogue.find(name)))
    print(derivation.certificate(), derivation.goal(), json.dumps(derivation.to_json()), sep="\\n")
"""


def test_two_processes_derive_the_same_bytes():
    names = ("logistic_regression", "weighted_logistic", "softmax_regression", "mlp_tanh", "autoencoder")
    root = Path(__file__).parent.parent

    def run(seed):
        environment = {"PYTHONHASHSEED": seed, "PYTHONPATH": str(root), "PATH": ""}
        command = [sys.executable, "-c", SCRIPT, *names]
        return subprocess.run(command, capture_output=True, check=True, env=environment).stdout

    first = run("1")
    assert len(first) > 10_000
    assert run("2718") == first


@every
def test_the_stored_certificate_of_an_entry_is_what_is_made_anew(derived, name):
    stored = catalogue.find(name).with_name("certificate.json").read_bytes()
    assert stored == derived(name).certificate().encode()


@every
def test_the_stored_proof_of_an_entry_is_what_is_made_anew(derived, name):
    derivation = derived(name)
    derivation.verify()
    stored = catalogue.find(name).with_name("proof.tex").read_bytes()
    assert stored == to_tex(derivation).encode()


@every
def test_the_json_of_an_entry_is_json(derived, name):
    report = derived(name).to_json()
    assert json.loads(json.dumps(report)) == report


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    for name in ("ridge_regression", "poisson_regression"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "derivation.sg").write_text("")
    (tmp_path / "no_entry").mkdir()
    monkeypatch.setattr(catalogue, "folder", lambda: tmp_path)
    return tmp_path


def test_an_entry_is_a_folder_with_a_derivation(shelf):
    assert catalogue.names() == ("poisson_regression", "ridge_regression")


def test_an_entry_is_found_by_its_name(shelf):
    assert catalogue.find("ridge_regression") == shelf / "ridge_regression" / "derivation.sg"


def test_an_unknown_name_is_answered_with_the_nearest(shelf):
    with pytest.raises(InputError, match="no derivation 'ridge_regresion' .* did you mean 'ridge_regression'"):
        catalogue.find("ridge_regresion")


@pytest.mark.parametrize("name", ["", "..", "../ridge_regression", "no_entry", "/etc/passwd", "Ridge_Regression"])
def test_a_name_is_never_a_way_out_of_the_catalogue(shelf, name):
    with pytest.raises(InputError, match="no derivation"):
        catalogue.find(name)


def test_the_catalogue_is_found_from_any_folder(tmp_path, monkeypatch):
    here = catalogue.names()
    catalogue.folder.cache_clear()
    monkeypatch.chdir(tmp_path)
    assert catalogue.names() == here
    assert "logistic_regression" in here
