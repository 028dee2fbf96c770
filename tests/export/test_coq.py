"""Developments for Coq: what they state, that coqc accepts them, and that it refuses wrong ones."""

import dataclasses
import re
import shutil
import subprocess
import sys
import time
from importlib.resources import files
from pathlib import Path

import pytest
from coq_mutants import batch
from soundness import FULL, length, record

from symgrad import catalogue
from symgrad.calculus import derive
from symgrad.errors import LimitError, MissingDependencyError
from symgrad.export.coq import check, develop, library, run
from symgrad.export.coq.sharing import shared
from symgrad.export.coq.syntax import NoLemmaError, formula
from symgrad.kernel import terms as t
from symgrad.lang.parser import parse_model
from symgrad.render.terminal import to_text

sys.path.insert(0, str(Path(__file__).parent.parent / "calculus"))
from random_losses import drawn_losses

WITHOUT = {
    "batch_norm": ("the sides differ",),
    "layer_norm_mlp": ("the sides differ",),
    "log_of_mean": ("a hypothesis fails",),
}
"""Entries about which something cannot be said in Coq, and why not."""

RANDOM = length(3, 50)
"""Random losses whose developments are compiled, so many in one file."""
TOGETHER = 10

QUICK = ("logistic_regression", "rmse")
ENTRIES = catalogue.names() if FULL else QUICK
CONDITION = "index n : N\nbatch n\ndata y[n]\nparameter b\nloss[n] = log(b - y[n])"


@pytest.fixture(scope="module")
def compiled_library(tmp_path_factory):
    folder = tmp_path_factory.mktemp("coq")
    (folder / "Symgrad.v").write_text(library())
    subprocess.run(["coqc", "-q", "-Q", ".", "", "Symgrad.v"], cwd=folder, check=True)
    return folder


def coqc(folder, name, text):
    (folder / f"{name}.v").write_text(text)
    command = ["coqc", "-q", "-no-glob", "-w", "none", "-Q", ".", "", f"{name}.v"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=600)


@pytest.mark.coq
@pytest.mark.parametrize("name", ENTRIES)
def test_coq_accepts_the_entry_and_refuses_wrong_closed_forms(derived, compiled_library, name):
    development = develop(derived(name))
    assert not development.added
    known = WITHOUT.get(name, ())
    assert [missing for missing in development.missing if not any(reason in missing for reason in known)] == []
    text, tried = batch(development, 6)
    started = time.monotonic()
    ran = coqc(compiled_library, name, text)
    record(
        "coq",
        name,
        tried=len(development.theorems),
        rejected=len(development.theorems) if ran.returncode else 0,
        wrong=tried,
        seconds=time.monotonic() - started,
    )
    assert ran.returncode == 0, ran.stderr
    assert tried >= 2 * len(development.gradients)
    assert development.theorems


def proved_at_random(count):
    """Developments of random losses that the kernel proves."""
    found = []
    for piece in range(1000, 1020):
        for text in drawn_losses(piece):
            derivation = derive(parse_model(text, "random"))
            if derivation.verdicts["identity"]["status"] == "proved":
                development = develop(derivation)
                if development.theorems:
                    found.append((text, development))
            if len(found) == count:
                return found
    return found


def in_one_file(developments):
    """Developments as modules of one file."""
    head = "From Coq Require Import Reals Lra Lia List.\nRequire Import Symgrad.\n"
    modules = [f"Module M{k}.\n{made.text.replace(head, '')}\nEnd M{k}.\n" for k, (_, made) in enumerate(developments)]
    return head + "\n".join(modules)


@pytest.mark.coq
def test_coq_accepts_random_losses_that_the_kernel_proves(compiled_library):
    found = proved_at_random(RANDOM)
    rejected = []
    for start in range(0, len(found), TOGETHER):
        several = found[start : start + TOGETHER]
        if coqc(compiled_library, "Several", in_one_file(several)).returncode:
            rejected += [text for text, made in several if coqc(compiled_library, "Single", made.text).returncode]
    theorems = sum(len(made.theorems) for _, made in found)
    record("coq", "random losses", tried=theorems, rejected=len(rejected))
    assert len(found) == RANDOM
    assert rejected == []


@pytest.mark.coq
def test_a_wrong_theorem_is_refused_by_coqc(derived, compiled_library):
    development = develop(derived("logistic_regression"))
    right = "Definition d_loss_d_z (n : nat) : R :=\n  sigmoid (z w b n) - y n."
    assert right in development.text
    ran = coqc(compiled_library, "wrong", development.text.replace(right, right.replace("- y n", "+ y n")))
    assert ran.returncode != 0


def test_the_gradients_are_written_with_adjoints_and_proved_equal_to_the_closed_forms(derived):
    text = develop(derived("logistic_regression")).text
    assert "Definition d_loss_d_w (j n : nat) : R :=\n  d_loss_d_z n * x n j." in text
    assert "Definition d_objective_d_w (j : nat) : R :=\n  sumR N (fun n => d_objective_d_z n * x n j)." in text
    closed = "Theorem closed_form_of_loss_by_w j n (Hj : (j < D)%nat) (Hn : (n < N)%nat) :\n  d_loss_d_w j n ="
    assert text.count(f"{closed} (sigmoid (z w b n) - y n) * x n j.") == 2


def test_a_derivative_that_is_used_by_no_theorem_is_not_defined():
    text = "index n : N\nbatch n\ndata x[n]\nparameter w\nloss[n] = w * x[n]\nobjective = mean(n, erf(loss[n]))"
    made = develop(derive(parse_model(text, "half"))).text
    assert "Definition d_loss_d_w" in made
    assert "d_objective_d_" not in made


def test_the_statements_stand_at_the_top(derived):
    text = develop(derived("logistic_regression")).text
    head = text[: text.index("Section ")]
    assert "Theorem mean_of_gradients_by_w j (Hj : (j < D)%nat)" in head
    assert "is_derive (fun t => objective (upd1 w j t) b) (w j)" in head
    assert "/ INR N * sumR N (fun n => d_loss_d_w j n)" in head


def test_what_is_refuted_is_a_theorem_too(derived):
    development = develop(derived("unequal_shards"))
    refuted = [name for name in development.theorems if name.endswith("_is_refuted")]
    assert refuted == ["mean_of_gradients_by_w_is_refuted", "claim_2_is_refuted", "claim_7_is_refuted"]
    head = development.text[: development.text.index("Section ")]
    assert "~ (forall (N : nat) (K : nat) (D : nat)" in " ".join(head.split())


@pytest.mark.coq
def test_a_refutation_with_another_number_is_refused(derived, compiled_library):
    text = develop(derived("rmse")).text
    assert "(p := 5) (q := 4)" in text
    assert coqc(compiled_library, "number", text.replace("(p := 5) (q := 4)", "(p := 5) (q := 3)")).returncode != 0


@pytest.mark.coq
def test_a_claim_that_decimals_refute_is_refuted_by_interval_and_a_true_one_is_not(derived, compiled_library):
    development = develop(derived("sequential_logistic"))
    assert development.bounded == ("claim_3_is_refuted",)
    assert "Interval" not in development.text
    ran = coqc(compiled_library, "sequential_logistic", development.text)
    assert ran.returncode == 0, ran.stderr
    head, _, theorem = development.by_interval.partition("Theorem claim_3_is_refuted")
    # at w = 0, x = 0 and y = 0 both sides are zero, so that the claim is true there
    wrong = theorem.replace("((1 :: nil) :: (0 :: nil) :: nil)", "((0 :: nil) :: (0 :: nil) :: nil)")
    assert wrong != theorem
    wrong = wrong.replace("  refine (", "  Fail (refine (").replace("by_interval.\nQed.", "by_interval).\nAbort.")
    text = run.asking(f"{head}Theorem wrong{wrong}\nTheorem claim_3_is_refuted{theorem}", development.bounded)
    ran = coqc(compiled_library, "sequential_logistic_by_interval", text)
    if "physical path bound to" in " ".join(ran.stderr.split()):
        pytest.skip("no library Interval for Coq: apt-get install libcoq-interval")
    assert ran.returncode == 0, ran.stderr
    assert set(run.axioms_in(ran.stdout)) == {*run.REALS, run.LOGARITHM}


def test_a_development_without_decimals_has_no_second_file(derived):
    for name in QUICK:
        assert develop(derived(name)).by_interval == ""


@pytest.mark.coq
def test_without_the_library_interval_the_rest_is_accepted_and_that_is_said(derived, monkeypatch):
    text = run.develop(derived("sequential_logistic"))
    absent = dataclasses.replace(text, by_interval=text.by_interval.replace("From Interval ", "From Nowhere "))
    monkeypatch.setattr(run, "develop", lambda _: absent)
    report = check(derived("sequential_logistic"))
    derived("sequential_logistic").coq_report = None
    assert (report.accepted, report.by_interval) == (True, ())
    assert "claim_3_is_refuted" not in report.theorems
    assert [line for line in report.missing if "claim_3" in line and "apt-get install libcoq-interval" in line]


def test_the_second_file_is_written_beside_the_development(symgrad, tmp_path):
    assert symgrad("prove", "sequential_logistic", "--to", "coq", "-o", tmp_path).code == 0
    assert "From Interval" in (tmp_path / "sequential_logistic_by_interval.v").read_text()
    assert "From Interval" not in (tmp_path / "sequential_logistic.v").read_text()


@pytest.mark.coq
def test_the_largest_value_has_the_slope_of_the_one_that_is_largest(compiled_library):
    text = "index n : N, k : K\nbatch n\ndata x[n, k]\nparameter w[k]\nloss[n] = max(k, w[k] * x[n, k])"
    made = develop(derive(parse_model(text, "largest")))
    assert made.missing == made.added == ()
    assert "maxR K (fun k => w k * x n k)" in made.text
    assert coqc(compiled_library, "largest", made.text).returncode == 0
    tied = made.text.replace("- delta k k1) <> 0", "- delta k k1) <> 1")
    assert tied != made.text
    assert coqc(compiled_library, "tied", tied).returncode != 0


def test_rocq_is_found_where_there_is_no_coqc(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: "/usr/bin/rocq" if name == "rocq" else None)
    assert run.program() == ["/usr/bin/rocq", "c"]


def test_hypotheses_of_the_theorem_are_those_of_coq():
    development = develop(derive(parse_model(CONDITION, "logarithm")))
    assert "forall n, (n < N)%nat -> 0 < (b - y n)" in development.text
    assert development.added == ()


def test_positivity_that_can_be_proved_is_no_hypothesis(derived):
    text = develop(derived("softmax_regression_any_labels")).text
    assert "Hypothesis given" not in text
    assert "sum_pos size_K" in text


def test_labels_index_the_output():
    text = "index n : N, k : K\nbatch n\ndata y[n] : K\nparameter z[k]\nloss[n] = -z[y[n]]"
    made = develop(derive(parse_model(text, "labels"))).text
    assert "Variable y : nat -> nat." in made
    assert "delta (y n) k" in made


def test_names_that_coq_has_are_lengthened():
    text = "index n : N\nbatch n\ndata exists[n]\nparameter fun\nloss[n] = (fun - exists[n])^2"
    made = develop(derive(parse_model(text, "keywords"))).text
    assert "Variable exists_1 : nat -> R." in made
    assert "Variable fun_1 : R." in made


@pytest.mark.parametrize("function", ["erf"])
def test_a_function_without_a_lemma_is_named(function):
    with pytest.raises(NoLemmaError, match=f"no lemma for {function}"):
        formula(t.Apply(function, (t.ONE,)))


def test_a_sum_that_both_sides_hold_is_a_name_in_the_equation(derived):
    program = derived("logistic_regression").model.program
    n = t.Index("n", "N")
    y, minus = t.Entry("y", (n,)), t.Plus((t.Entry("b", ()), t.Times((t.MINUS, t.Entry("y", (n,))))))
    found = shared(t.Times((y, minus)), t.Times((minus, t.Power(y, 2))), program, {})
    name = t.Entry("shared_1", (n,))
    assert (found.left, found.right) == (t.Times((y, name)), t.Times((name, t.Power(y, 2))))
    assert found.program.bodies["shared_1"].body == t.renamed(minus, {n: t.Index("i0", "N")})
    assert shared(t.Times((y, minus)), y, program, {}) is None


def test_nothing_that_is_shipped_is_admitted(derived):
    shipped = [library(), *(develop(derived(name)).text for name in QUICK)]
    found = [word for text in shipped for word in re.findall(r"\b(Admitted|admit|Axiom|Parameter|Conjecture)\b", text)]
    assert found == []


def test_the_library_is_part_of_the_package():
    assert files("symgrad.export.coq").joinpath("Symgrad.v").is_file()


@pytest.mark.coq
def test_the_report_tells_theorems_and_axioms_and_the_document_says_so(derived):
    derivation = derived("linear_regression")
    assert "Coq" not in to_text(derivation)
    report = check(derivation)
    assert (report.accepted, report.problem) == (True, "")
    assert set() < set(report.axioms) <= set(run.REALS)
    assert f"Coq {report.version} accepted {len(report.theorems)} theorems" in " ".join(to_text(derivation).split())
    derivation.coq_report = None


def test_a_report_about_another_certificate_says_nothing(derived):
    from symgrad.calculus.derivation import CoqReport

    derivation = derived("linear_regression")
    derivation.coq_report = CoqReport(True, "", ("a",), (), ("b",), "8.16", 1.0, "0" * 64)
    assert derivation.by_coq is None
    assert "Coq" not in to_text(derivation)
    derivation.coq_report = None


def test_foreign_axioms_are_found():
    said = "Axioms:\nClassicalDedekindReals.sig_not_dec\n  : forall P : Prop, x\nmine : False\n"
    assert run.axioms_in(said) == ("mine", "sig_not_dec")


def test_a_missing_coqc_is_told_with_the_package(monkeypatch, symgrad):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(MissingDependencyError, match="apt-get install coq"):
        run.compiled()
    assert symgrad("verify", "linear_regression", "--with", "coq").code == 4


@pytest.mark.coq
def test_the_time_limit_is_met():
    with pytest.raises(LimitError, match="longer than"):
        run.compiled(("development", ""), seconds=0.01)


@pytest.mark.coq
def test_verify_with_coq_accepts_an_entry(symgrad):
    ran = symgrad("verify", "linear_regression", "--with", "coq")
    assert ran.code == 0
    assert "accepted" in ran.out
    assert "axioms: functional_extensionality_dep, sig_forall_dec" in ran.out


def test_prove_writes_a_development_with_its_library(symgrad, tmp_path):
    assert symgrad("prove", "linear_regression", "--to", "coq", "-o", tmp_path).code == 0
    written = {path.name for path in Path(tmp_path).iterdir()}
    assert {"linear_regression.v", "Symgrad.v"} <= written
    assert (tmp_path / "Symgrad.v").read_text() == library()
