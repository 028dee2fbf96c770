"""Programs whose samples are coupled, and statements that are not proved: told as what they are, in every format."""

from functools import cache

import pytest

from symgrad.calculus import derive
from symgrad.lang.parser import parse_model
from symgrad.render import to_html, to_html_fragment, to_latex_block, to_markdown, to_tex, to_text
from symgrad.render.document import tell
from symgrad.render.pdf import compile_with_log
from symgrad.render.tree import Display

CENTRED = """
index n : N, m : N, d : D
batch n
data x[n, d], y[n]
parameter w[d]
a[n] = sum(d, w[d] * x[n, d])
mu = mean(m, a[m])
loss[n] = (a[n] - mu - y[n])^2
expect separable refuted
"""
ROOT = """
index n : N
batch n
data x[n], y[n]
parameter w
f[n] = w * x[n]
loss[n] = (f[n] - y[n])^2
objective = sqrt(mean(n, loss[n]))
expect identity refuted
"""
WRONG = """
index n : N
batch n
data x[n], y[n]
parameter w
f[n] = w * x[n]
loss[n] = (f[n] - y[n])^2
claim d(loss[n]) / d(w) = 2 * (y[n] - f[n]) * x[n]
claim d(loss[n]) / d(w) = (f[n] - y[n]) * x[n]
claim d(loss[n]) / d(f[n]) = 2 * f[n] - 2 * y[n]
claim d(loss[n]) / d(f[n]) = f[n] + f[n] - 2 * y[n]
claim d(f[n]) / d(w) = x[n]
expect identity refuted
"""
EMPTY = """
index n : N
batch n
data x[n]
parameter w
assume sum(n, x[n]) = 1
assume sum(n, x[n]) = 2
loss[n] = w * x[n]
"""
GIVEN = {"centred": CENTRED, "root": ROOT, "wrong": WRONG, "empty": EMPTY}


@cache
def derived(name):
    return derive(parse_model(GIVEN[name], name))


def text(name):
    return " ".join(to_text(derived(name)).split())


@pytest.mark.parametrize("name", GIVEN)
@pytest.mark.parametrize("write", [to_tex, to_html, to_html_fragment, to_latex_block, to_markdown, to_text])
def test_every_format_tells_it(name, write):
    assert write(derived(name)) == write(derived(name))


@pytest.mark.tex
@pytest.mark.parametrize("name", GIVEN)
def test_the_file_compiles_and_no_line_is_too_long(name):
    _, log = compile_with_log(to_tex(derived(name), standalone=True))
    assert "Overfull" not in log
    assert "Warning" not in log


def test_of_coupled_samples_nothing_is_said_by_what_holds_for_one_alone():
    shown = text("centred")
    assert "at sample n" not in shown
    assert "With the sample put in, this is" not in shown
    assert "Step 4: the gradient of a batch of one." in shown
    assert "the derivatives of ℓ[n] are rows of the Jacobian" in shown


def test_the_rows_of_the_jacobian_are_proved_before_they_are_used():
    told = tell(derived("centred"))
    proof = next(block for block in told.blocks if block.kind == "proof")
    said = [part.text + part.lead for part in proof.parts if not isinstance(part, Display)]
    words = ["".join(piece for piece in line if isinstance(piece, str)) for line in said]
    rows = next(k for k, line in enumerate(words) if "the rows of the Jacobian." in line)
    assert "from the loss of one sample backwards" in words[rows]
    assert words[rows + 1] == "This is ."
    assert words.index("Step 11: the batch as a sum over the rows of the Jacobian.") > rows


def test_both_meanings_of_the_identity_are_told_apart():
    shown = text("centred")
    assert "∂ℒ/∂w[j] = 1/N · Σ_n ∂ℓ[n]/∂w[j] (2)" in shown
    assert "is the mean of the gradients of the samples, each as a batch of one, for w: this is refuted." in shown
    assert "depend on the other samples of the batch: this is refuted, as the file expects." in shown


def test_a_refuted_claim_is_told_with_what_was_derived():
    shown = text("wrong")
    claim = "The claim ∂ℓ[n]/∂w = 2 · (y[n] − f[n]) · x[n]: this is refuted."
    assert f"{claim} The left side was derived to be 2 · (f[n] − y[n]) · x[n]. At these values" in shown
    assert "The claim ∂ℓ[n]/∂w = (f[n] − y[n]) · x[n]: this is refuted." in shown


def test_a_claim_is_not_proved_by_another_claim():
    shown = to_text(derived("wrong")).split("the claims.")[1]
    reasons = [line.partition("| ")[2] for line in shown.splitlines() if "∂ℓ[n]/∂f[n] =" in line]
    assert len(reasons) == 2
    assert reasons[0] == reasons[1]
    assert " at sample n" in reasons[0]


def test_a_derivative_with_one_way_only_is_the_one_that_was_found_first():
    shown = text("wrong")
    number = shown.split("∂f[n]/∂w = x[n] | line by line as (")[1].split("put in (")[1].split(")")[0]
    assert f"∂f[n]/∂w = x[n] | by ({number})" in shown


def test_what_is_proved_against_the_file_is_said():
    assert "mean of the per-sample gradients: this is proved, although the file expects it to be refuted." in text(
        "wrong"
    )


def test_nothing_is_claimed_where_no_point_satisfies_the_hypotheses():
    shown = text("empty")
    assert "None of the statements is claimed, since all are undecided: hypotheses not shown satisfiable." in shown
    assert shown.count("Remark") == 1
    assert "Proposition" not in shown
    assert "(3) Σ_n x[n] = 1. (4) Σ_n x[n] = 2." in shown


def test_an_assumption_is_listed_once():
    assert text("root").count("> 0.") == 1


def test_a_root_of_a_number_is_no_root_of_entries():
    assert "⊙" not in text("root")
