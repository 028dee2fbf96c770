import pytest

from symgrad.errors import InputError
from symgrad.importers.objective import split
from symgrad.kernel.ring import equal
from symgrad.kernel.terms import Entry, Index, subterms
from symgrad.lang.parser import parse_formula, parse_model
from symgrad.lang.text import formula_text

MODEL = parse_model(
    "index n : N, m : N, d : D\nbatch n\ndata y[n], s[n], t[n, d]\nparameter w[d], b\n"
    "f[n] = b * y[n]\ng[n] = b + y[n]\nloss[n] = f[n]\n",
    "parts",
)


def moves(term):
    return any(isinstance(part, Entry) and part.tensor in {"w", "b", "f", "g"} for part in subterms(term))


@pytest.mark.parametrize(
    ("scalar", "loss", "objective"),
    [
        ("mean(n, f[n])", "f[n]", "mean(n, loss[n])"),
        ("sum(n, f[n])", "f[n]", "sum(n, loss[n])"),
        ("sum(n, f[n]) / size(N)", "f[n]", "mean(n, loss[n])"),
        ("mean(n, f[n]) + mean(n, g[n])", "f[n] + g[n]", "mean(n, loss[n])"),
        ("3 * mean(n, f[n]) + mean(n, g[n])", "3 * f[n] + g[n]", "mean(n, loss[n])"),
        ("mean(n, f[n]) + sum(n, g[n])", "f[n] + g[n] * size(N)", "mean(n, loss[n])"),
        ("mean(n, f[n]) + 2 * sum(d, w[d]^2)", "f[n]", "mean(n, loss[n]) + 2 * sum(d, w[d]^2)"),
        ("(mean(n, f[n]) + mean(n, g[n])) / 2", "f[n] / 2 + g[n] / 2", "mean(n, loss[n])"),
        ("sum(n, s[n] * f[n]) / sum(n, s[n])", "f[n]", "sum(n, s[n] * loss[n]) / sum(n, s[n])"),
        ("mean(n, s[n] * f[n])", "s[n] * f[n]", "mean(n, loss[n])"),
        ("sqrt(mean(n, f[n]))", "f[n]", "sqrt(mean(n, loss[n]))"),
        ("1 - sum(n, f[n]) / sum(n, g[n])", "g[n]", "1 - sum(n, f[n]) / sum(n, loss[n])"),
        ("max(n, f[n])", "f[n]", "max(n, loss[n])"),
        ("mean(n, sum(m, f[n] * g[m]))", "sum(m, f[n] * g[m])", "mean(n, loss[n])"),
    ],
)
def test_the_objective_is_taken_apart_into_losses_of_samples(scalar, loss, objective):
    found, whole = split(parse_formula(scalar, MODEL), Index("n", "N"), moves=moves)
    assert equal(found, parse_formula(loss, MODEL)) is not None, formula_text(found, MODEL)
    assert equal(whole, parse_formula(objective, MODEL)) is not None, formula_text(whole, MODEL)


def test_a_loss_that_does_not_run_over_the_batch_is_refused():
    with pytest.raises(InputError, match="does not run over the batch"):
        split(parse_formula("sum(d, w[d]^2)", MODEL), Index("n", "N"), moves=moves)
