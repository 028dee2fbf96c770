import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from symgrad import catalogue

ROOT = Path(__file__).parent.parent.parent
HEAD = "index n : N, d : D\nbatch n\ndata x[n, d], y[n]\nparameter w[d]\n"
SQUARED = HEAD + "loss[n] = (sum(d, w[d] * x[n, d]) - y[n])^2\n"
RIGHT = SQUARED + "claim d(loss[n]) / d(w[j]) = 2 * (sum(d, w[d] * x[n, d]) - y[n]) * x[n, j]\n"
WRONG = RIGHT.replace("= 2 *", "= 3 *")
COUPLED = HEAD + "m = mean(n, sum(d, w[d] * x[n, d]))\nloss[n] = (sum(d, w[d] * x[n, d]) - m - y[n])^2\n"


def listing(folder):
    return sorted(path.name for path in folder.iterdir())


def test_an_entry_of_the_catalogue_is_proved_and_shown(symgrad):
    ran = symgrad("prove", "logistic_regression")
    assert (ran.code, ran.err) == (0, "")
    assert "Proposition" in ran.out
    assert "Proof" in ran.out


def test_a_file_is_proved(symgrad, tmp_path):
    file = tmp_path / "my_loss.sg"
    file.write_text(RIGHT)
    assert json.loads(symgrad("prove", file, "--json").out)["model"] == "my_loss"


def test_standard_input_is_proved(symgrad):
    ran = symgrad("prove", "-", "--json", stdin=RIGHT.encode())
    assert (ran.code, json.loads(ran.out)["verdict"]) == (0, "proved")


@pytest.mark.parametrize(
    ("text", "code", "verdict"), [(RIGHT, 0, "proved"), (WRONG, 1, "refuted"), (COUPLED, 1, "refuted")]
)
def test_json_is_one_object_whatever_the_verdict(symgrad, text, code, verdict):
    ran = symgrad("prove", "-", "--json", stdin=text.encode())
    answer = json.loads(ran.out)
    assert (ran.code, ran.err) == (code, "")
    assert (answer["schema"], answer["verdict"], answer["check"]) == (1, verdict, None)


def test_a_refuted_claim_has_a_witness(symgrad):
    claim = json.loads(symgrad("prove", "-", "--json", stdin=WRONG.encode()).out)["claims"][0]
    assert claim["status"] == "refuted"
    assert claim["witness"]["left"] != claim["witness"]["right"]


def test_what_is_expected_to_be_refuted_is_a_success(symgrad):
    expected = WRONG + "expect claim refuted\n"
    assert symgrad("prove", "-", stdin=expected.encode()).code == 0
    assert symgrad("prove", "-", stdin=(RIGHT + "expect claim refuted\n").encode()).code == 1


@pytest.mark.parametrize("form", ["txt", "tex", "md", "html", "json", "sg", "sympy"])
def test_every_format_goes_to_stdout_and_into_a_file_alike(symgrad, tmp_path, form):
    told = symgrad("prove", "logistic_regression", "--to", form)
    assert (told.code, told.err) == (0, "")
    out = tmp_path / "out"
    written = symgrad("prove", "logistic_regression", "--to", form, "-o", out)
    assert (written.code, written.out) == (0, "logistic_regression: proved\n")
    assert (out / f"logistic_regression.{form}").read_bytes().decode() == told.out
    macros = ["symgrad-macros.tex"] if form == "tex" else []
    beside = ["logistic_regression.certificate.json", "logistic_regression.goal.json"]
    names = sorted({f"logistic_regression.{form}", *beside, *macros})
    assert listing(out) == names
    assert sorted(Path(line).name for line in written.err.splitlines()) == names


def test_the_derivation_as_sg_is_the_same_derivation(symgrad):
    text = symgrad("prove", "logistic_regression", "--to", "sg").out
    first = json.loads(symgrad("prove", "logistic_regression", "--json").out)
    again = json.loads(symgrad("prove", "-", "--json", stdin=text.encode()).out)
    assert {**again, "model": "logistic_regression"} == first


def test_the_digest_in_the_json_is_that_of_the_certificate(symgrad, tmp_path):
    ran = symgrad("prove", "logistic_regression", "--json", "-o", tmp_path)
    content = (tmp_path / "logistic_regression.certificate.json").read_bytes()
    assert json.loads(ran.out)["certificate_sha256"] == hashlib.sha256(content).hexdigest()


def test_the_stored_artefacts_are_what_prove_writes(symgrad, tmp_path):
    symgrad("prove", "logistic_regression", "--to", "tex", "-o", tmp_path)
    stored = catalogue.find("logistic_regression").parent
    assert (tmp_path / "logistic_regression.certificate.json").read_bytes() == (
        stored / "certificate.json"
    ).read_bytes()


def test_a_second_run_finds_the_same_bytes_and_other_content_needs_force(symgrad, tmp_path):
    command = ("prove", "logistic_regression", "--to", "tex", "-o", tmp_path)
    assert symgrad(*command).code == 0
    assert symgrad(*command).code == 0
    (tmp_path / "logistic_regression.tex").write_text("mine")
    (tmp_path / "symgrad-macros.tex").unlink()
    ran = symgrad(*command)
    assert (ran.code, ran.out) == (2, "")
    assert "--force" in ran.err
    assert (tmp_path / "logistic_regression.tex").read_text() == "mine"
    assert not (tmp_path / "symgrad-macros.tex").exists()
    assert symgrad(*command, "--force").code == 0
    assert (tmp_path / "logistic_regression.tex").read_text() != "mine"


def test_a_refuted_statement_is_written_with_its_witness_and_no_certificate(symgrad, tmp_path):
    ran = symgrad("prove", "-", "--to", "txt", "-o", tmp_path, stdin=WRONG.encode())
    assert (ran.code, ran.out) == (1, "stdin: refuted\n")
    assert listing(tmp_path) == ["stdin.txt"]


def test_standalone_tex_has_a_document_and_a_fragment_has_none(symgrad):
    assert r"\begin{document}" in symgrad("prove", "logistic_regression", "--to", "tex", "--standalone").out
    assert r"\begin{document}" not in symgrad("prove", "logistic_regression", "--to", "tex").out


def test_reasons_stand_beside_or_as_letters(symgrad):
    beside = symgrad("prove", "logistic_regression", "--to", "tex", "--reasons", "side").out
    letters = symgrad("prove", "logistic_regression", "--to", "tex", "--reasons", "letters").out
    assert r"\sgby" in beside
    assert beside != letters


@pytest.mark.tex
def test_a_pdf_is_written(symgrad, tmp_path):
    assert symgrad("prove", "logistic_regression", "--to", "pdf", "-o", tmp_path).code == 0
    assert (tmp_path / "logistic_regression.pdf").read_bytes().startswith(b"%PDF-")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--to", "pdf"], "say where with -o"),
        (["--data", "x.npz"], "add --check tensorflow"),
        (["--check", "tensorflow", "--map", "x=a"], "--data"),
        (["--check", "tensorflow", "--data", "missing.npz"], "missing.npz"),
    ],
)
def test_options_that_need_another_say_so(symgrad, arguments, message):
    ran = symgrad("prove", "logistic_regression", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err


@pytest.mark.tensorflow
def test_the_numbers_are_in_the_proof_and_in_the_json(symgrad):
    assert "AGREE" in symgrad("prove", "logistic_regression", "--check", "tensorflow").out
    ran = symgrad("prove", "logistic_regression", "--check", "tensorflow", "--json", "--dtype", "float32")
    check = json.loads(ran.out)["check"]
    assert (ran.code, check["outcome"], check["dtype"]) == (0, "AGREE", "float32")


@pytest.mark.tensorflow
def test_numbers_that_disagree_end_with_1(symgrad, monkeypatch):
    from symgrad.calculus import Derivation

    class Report:
        class outcome:  # noqa: N801
            exit_code = 1

    monkeypatch.setattr(Derivation, "check", lambda *_, **__: Report())
    assert symgrad("prove", "logistic_regression", "--check", "tensorflow", "-q").code == 1


@pytest.mark.parametrize(("derived", "measured", "code"), [(0, 3, 3), (3, 1, 1), (1, 3, 1), (3, 0, 3)])
def test_the_worse_of_proof_and_numbers_decides(symgrad, monkeypatch, derived, measured, code):
    from symgrad.calculus import Derivation

    class Report:
        class outcome:  # noqa: N801
            exit_code = measured

    monkeypatch.setattr(Derivation, "check", lambda *_, **__: Report())
    monkeypatch.setattr(Derivation, "exit_code", derived)
    assert symgrad("prove", "logistic_regression", "--check", "tensorflow", "-q").code == code


def test_missing_tensorflow_is_told_with_the_way_to_get_it(tmp_path):
    (tmp_path / "tensorflow.py").write_text(
        "raise ModuleNotFoundError('No module named tensorflow', name='tensorflow')"
    )
    ran = subprocess.run(
        [sys.executable, "-m", "symgrad", "prove", "logistic_regression", "--check", "tensorflow"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (4, "")
    assert "pip install" in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_no_colour_reaches_what_is_no_terminal(symgrad, monkeypatch):
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    assert "\x1b" not in symgrad("prove", "logistic_regression").out


def test_verbose_tells_what_takes_time(symgrad):
    lines = symgrad("prove", "logistic_regression", "-v").err.splitlines()
    assert len(lines) >= 3
    assert all(" s  " in line for line in lines)


RMSE = """index n : N
batch n
data y[n]
parameter b
loss[n] = (b - y[n])^2
objective = mean(n, loss[n])^(1/2)
"""


@pytest.mark.tensorflow
def test_a_counterexample_is_computed_by_tensorflow_only_where_a_check_is_asked_for(symgrad):
    plain = symgrad("prove", "-", "--json", stdin=RMSE.encode())
    checked = symgrad("prove", "-", "--json", "--check", "tensorflow", stdin=RMSE.encode())
    witness = [json.loads(ran.out)["verdicts"]["identity"]["witness"] for ran in (plain, checked)]
    assert (plain.code, checked.code) == (1, 1)
    assert witness[1].pop("tensorflow")["agrees"] is True
    assert witness[0] == witness[1]


@pytest.mark.tensorflow
def test_an_expected_refutation_whose_counterexample_tensorflow_contradicts_is_a_failure(symgrad, monkeypatch):
    expected = f"{RMSE}expect identity refuted\n"
    told = {"version": "0", "left": 1.0, "right": 2.0, "agrees": False}
    command = ("prove", "-", "--check", "tensorflow", "--to", "md")
    ran = symgrad(*command, stdin=expected.encode())
    assert ran.code == 0
    assert "counterexamples computed by tensorflow, too: as told" in ran.err
    monkeypatch.setattr("symgrad.oracles.witness.reevaluated", lambda *_: told)
    ran = symgrad(*command, stdin=expected.encode())
    assert ran.code == 1
    assert "other numbers than these" in ran.out
    assert "DISAGREE" in ran.err
    ran = symgrad("check", "-", stdin=expected.encode())
    assert (ran.code, "DISAGREE: a counterexample has other numbers there" in ran.out) == (1, True)


def test_code_is_written_with_a_certificate_of_its_own_that_verifies(symgrad, tmp_path):
    ran = symgrad("prove", "logistic_regression", "--to", "numpy", "-o", tmp_path)
    assert ran.code == 0
    text = (tmp_path / "logistic_regression.py").read_text()
    certificate = tmp_path / "logistic_regression.code.certificate.json"
    assert f"Hash of the certificate: {json.loads(certificate.read_text())['sha256']}" in text
    assert symgrad("prove", "logistic_regression", "--to", "numpy").out == text
    verified = symgrad("verify", certificate, "--goal", catalogue.find("logistic_regression"))
    assert verified.code == 0
    assert "norm w: " in verified.out


def test_code_for_jax_stands_beside_numpys_with_the_certificates_of_code_and_of_the_clipped_mean(symgrad, tmp_path):
    ran = symgrad("prove", "logistic_regression", "--to", "numpy", "-o", tmp_path)
    assert "chosen by the cost model:\n  w: per-sample gradients entry by entry, norms by factors" in ran.err
    assert symgrad("prove", "logistic_regression", "--to", "jax", "-o", tmp_path).code == 0
    shared = [f"{part}{kind}.json" for part in (".", ".clip.", ".code.") for kind in ("certificate", "goal")]
    names = [*shared, ".py", "_jax.py"]
    assert listing(tmp_path) == sorted(f"logistic_regression{name}" for name in names)
    assert "import jax" in (tmp_path / "logistic_regression_jax.py").read_text()


@pytest.mark.tensorflow
def test_a_check_puts_what_was_measured_into_the_header_of_the_code(symgrad):
    pytest.importorskip("tensorflow", reason="pip install 'symgrad[tf-cpu]'")
    told = symgrad("prove", "logistic_regression", "--to", "numpy", "--check", "tensorflow").out.split("import numpy")[
        0
    ]
    assert "- the formulas: AGREE with tensorflow" in told
    assert "- these functions by ball arithmetic: largest error in units of roundoff" in told


def test_numba_is_for_code_only(symgrad):
    ran = symgrad("prove", "logistic_regression", "--fast")
    assert (ran.code, ran.err.strip().splitlines()[-1]) == (2, "symgrad: error: --fast goes with --to numpy")
