"""What documents say of weights and of coupled samples."""

import pytest

from symgrad.calculus import derive
from symgrad.lang.parser import parse_model
from symgrad.render import to_html, to_markdown, to_tex, to_text

HEAD = "index n : N, m : N\nbatch n\ndata x[n], y[n], s[n]\nparameter w, b\n"
LOSS = "loss[n] = (w * x[n] + b - y[n])^2\n"


@pytest.fixture(scope="module")
def told():
    texts = {}

    def tell(text):
        if text not in texts:
            texts[text] = derive(parse_model(HEAD + text, "told"))
        return texts[text]

    return tell


ROOT = LOSS + "objective = sqrt(mean(n, loss[n]))\nexpect identity refuted\n"
WEIGHTED = LOSS + "objective = mean(n, s[n] * loss[n])\nexpect identity refuted\n"
SUM = LOSS + "objective = sum(n, loss[n])\nexpect identity refuted\n"
CENTRED = (
    "a[n] = w * x[n]\nmu = mean(m, a[m])\nloss[n] = (a[n] - mu - y[n])^2 + b^2\n"
    "expect separable refuted\nexpect identity refuted\n"
)


def words(text):
    return " ".join(text.split())


def test_weights_that_move_are_shown_moving_and_fixed_ones_are_refused(told):
    text = words(to_text(told(ROOT)))
    assert "The weights depend on the parameters: ∇_θ ℒ = Σ_n c[n] · ∇_θ ℓ[n]" in text
    assert "the weight of the first sample takes two values." in text
    assert "No fixed weights are right." in text
    given = told(ROOT).weights["no_fixed"]
    assert text.count("· a[") + text.count("a[") >= len(given["equations"])
    assert "These equations contradict each other." in text


def test_data_weights_are_called_constant_in_the_parameters(told):
    text = words(to_text(told(WEIGHTED)))
    assert "The weights do not depend on the parameters: ∇_θ ℒ = Σ_n c[n] · ∇_θ ℓ[n] c[n] = 1/N · s[n]" in text
    assert "fixed weights" not in text


def test_a_sum_says_that_every_weight_is_one(told):
    assert "every per-sample gradient has the weight one" in words(to_text(told(SUM)))


def test_coupled_samples_are_told_with_the_way_and_both_verdicts(told):
    text = words(to_text(told(CENTRED)))
    assert "Other samples reach ℓ[n] through μ, then ℓ[n]." in text
    assert "w rows proved, batches of one refuted b rows proved, batches of one proved" in text


def test_a_program_that_keeps_samples_apart_says_nothing_of_them_meeting(told):
    assert "Other samples reach" not in to_text(told(ROOT))


@pytest.mark.parametrize("source", [ROOT, WEIGHTED, CENTRED])
@pytest.mark.parametrize("write", [to_tex, to_markdown, to_html, to_text])
def test_every_format_tells_it(told, source, write):
    text = write(told(source))
    assert text
    assert "contradict" in text or source != ROOT
    assert "batches of one refuted" in text or source != CENTRED
