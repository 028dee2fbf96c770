import hashlib
import json

import pytest
from second_reader import Reading, agree, drawn, parsed, pattern, read

from symgrad import catalogue
from symgrad.lang.parser import parse_formula, parse_model

KEYS = [
    "schema", "model", "verdict", "indices", "batch", "data", "parameters", "definitions", "hypotheses", "per_sample",
    "batch_mean", "closed", "weights", "verdicts", "claims", "warnings", "certificate_sha256", "check",
]  # fmt: skip

NAMES = (
    "logistic_regression",
    "softmax_regression",
    "mlp_softmax",
    "autoencoder",
    "ridge_outside_mean",
    "weighted_logistic",
)
every = pytest.mark.parametrize("name", NAMES)

CENTRED = """index n : N, m : N, d : D
batch n
data x[n, d], y[n]
parameter w[d]
a[n] = sum(d, w[d] * x[n, d])
mu = mean(m, a[m])
loss[n] = (a[n] - mu - y[n])^2
expect separable refuted
expect identity refuted
"""


def test_a_report_looks_as_documented(derived):
    report = derived("logistic_regression").to_json()
    assert sorted(report) == sorted(KEYS)
    assert report["schema"] == 1
    assert report["model"] == "logistic_regression"
    assert report["verdict"] == "proved"
    assert report["batch"] == "n"
    assert report["data"] == ["x[n, d]", "y[n]"]
    assert report["parameters"] == ["w[d]", "b"]
    assert report["definitions"] == [
        ["z[n]", "sum(d, w[d] * x[n, d]) + b"],
        ["loss[n]", "softplus(z[n]) - y[n] * z[n]"],
        ["objective", "mean(n, loss[n])"],
    ]
    assert report["hypotheses"] == []
    assert report["per_sample"] == {
        "adjoints": [["z_bar[n]", "sigmoid(z[n]) - y[n]"]],
        "gradients": {"w[j]": "z_bar[n] * x[n, j]", "b": "z_bar[n]"},
    }
    assert report["closed"]["per_sample"] == {"w[j]": "(sigmoid(z[n]) - y[n]) * x[n, j]", "b": "sigmoid(z[n]) - y[n]"}
    assert report["closed"]["matrix"]["w"] == "1/N * X^T * (sigmoid(X*w + b*1) - y)"
    assert report["weights"] == {"c[n]": "1/size(N)", "kind": "mean"}
    assert report["check"] is None
    assert report["indices"] == {"n": "N", "d": "D", "j": "D"}


@every
def test_a_report_is_plain_json_with_the_hash_of_its_certificate(derived, name):
    report = derived(name).to_json()
    assert json.loads(json.dumps(report)) == report
    assert report["certificate_sha256"] == hashlib.sha256(derived(name).certificate().encode()).hexdigest()


@every
def test_every_formula_reads_back_with_the_adjoints_declared(derived, name):
    derivation = derived(name)
    report = derivation.to_json()
    text = catalogue.find(name).read_text(encoding="utf-8")
    index = "index " + ", ".join(f"{i} : {size}" for i, size in report["indices"].items())
    lines = [line for line in text.splitlines() if line.split(" ")[0] not in {"index", "expect", "claim"}]
    objective = [line for line in lines if line.startswith("objective")]
    lines = [line for line in lines if line not in objective]
    read_back = 0
    for side in ("per_sample", "batch_mean"):
        adjoints = [f"{left} = {right}" for left, right in report[side]["adjoints"]]
        model = parse_model("\n".join([index, *lines, *adjoints, *objective]), name)
        for formulas in (report[side]["gradients"], report["closed"][side]):
            for left, right in formulas.items():
                parse_formula(left, model)
                parse_formula(right, model)
                read_back += 1
    assert read_back >= 8


@every
def test_every_letter_of_a_report_has_one_size(derived, name):
    report = derived(name).to_json()
    source = read(catalogue.find(name).read_text(encoding="utf-8")).also(
        [*report["per_sample"]["adjoints"], *report["batch_mean"]["adjoints"]], report["indices"]
    )
    reading = Reading(source, *drawn(source, 1))
    for side in ("per_sample", "batch_mean"):
        for left, right in [*report["closed"][side].items(), *report[side]["gradients"].items()]:
            for formula in (left, right):
                for letter, size in reading.letters_of(formula).items():
                    assert report["indices"][letter] == size, (left, right)


@every
def test_adjoints_stand_in_an_order_in_which_each_uses_only_what_stands_above_it(derived, name):
    report = derived(name).to_json()
    for side in ("per_sample", "batch_mean"):
        declared = {pattern(left)[0] for left, _ in report["definitions"]}
        declared |= {pattern(example)[0] for example in (*report["data"], *report["parameters"])}
        names = {pattern(left)[0] for left, _ in report[side]["adjoints"]}
        assert not names & declared
        for left, right in report[side]["adjoints"]:
            used = {node.value.id for node in walked(right) if hasattr(node, "slice")} & names
            assert used <= declared
            declared.add(pattern(left)[0])


def walked(formula):
    import ast

    return ast.walk(parsed(formula))


def test_an_adjoint_meets_no_name_of_the_users(derivation):
    found = derivation(
        "index n : N; batch n; data x[n], z_bar[n]; parameter w, z_bar_; z[n] = w * x[n]"
        "; loss[n] = exp(z[n]) * z_bar[n] + z_bar_ * sin(z[n])"
    )
    names = {pattern(left)[0] for left, _ in found.to_json()["batch_mean"]["adjoints"]}
    assert names
    assert not names & {"z_bar", "z_bar_"}


def test_a_refuted_verdict_holds_its_witness(derived):
    identity = derived("ridge_outside_mean").to_json()["verdicts"]["identity"]
    assert identity["status"] == "refuted"
    witness = identity["witness"]
    assert {"sizes", "data", "parameters", "left", "right"} <= set(witness)
    assert witness["left"] != witness["right"]
    assert identity["by_parameter"] == {"w": "refuted", "b": "proved"}


def test_a_refuted_identity_is_refuted_by_the_numbers_of_its_witness(derived):
    from fractions import Fraction

    witness = derived("ridge_outside_mean").to_json()["verdicts"]["identity"]["witness"]

    def nested(values):
        if isinstance(values, list):
            return {(k, *where): v for k, part in enumerate(values) for where, v in nested(part).items()}
        return {(): Fraction(values)}

    values = {name: nested(value) for name, value in {**witness["data"], **witness["parameters"]}.items()}
    text = read(catalogue.find("ridge_outside_mean").read_text(encoding="utf-8"))
    reading = Reading(text, witness["sizes"], values)
    [place] = [k - 1 for letter, k in witness["at"].items() if letter != "n"]
    count = witness["sizes"]["N"]
    whole = reading.slope("objective", {}, "w", (place,))
    parts = [reading.slope("loss[n]", {"n": n}, "w", (place,)) for n in range(count)]
    assert agree(whole, reading.value(f"{witness['left']}").value)
    assert agree(sum(parts[1:], parts[0]) / count, reading.value(f"{witness['right']}").value)


def test_the_rows_of_a_coupled_program_say_so_and_carry_their_sample(derivation):
    found = derivation(CENTRED.strip().replace("\n", "; "))
    report = found.to_json()
    assert report["per_sample"]["kind"] == "jacobian_rows"
    source = read(CENTRED).also(report["per_sample"]["adjoints"], report["indices"])
    sizes, values = drawn(source, 2, {"N": 3, "D": 2})
    reading = Reading(source, sizes, values)
    [(left, formula)] = report["per_sample"]["gradients"].items()
    [letter] = pattern(left)[1]
    for n in range(3):
        for j in range(2):
            truth = Reading(read(CENTRED), sizes, values).slope("loss[n]", {"n": n}, "w", (j,))
            assert agree(reading.value(formula, {"n": n, letter: j}).value, truth)


def test_an_undecided_derivation_names_no_certificate(derivation):
    report = derivation("index n : N; batch n; data x[n]; parameter w; loss[n] = relu(0 * w) + w * x[n]").to_json()
    assert report["verdict"] == "undecided"
    assert report["certificate_sha256"] is None
    assert report["verdicts"]["identity"]["residual"]


def test_claims_are_reported_with_their_text_and_status(derived):
    claims = derived("logistic_regression").to_json()["claims"]
    assert claims[0]["claim"] == "d(loss[n]) / d(w[j]) = (sigmoid(z[n]) - y[n]) * x[n, j]"
    assert {claim["status"] for claim in claims} == {"proved"}
