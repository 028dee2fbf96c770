import pytest

from symgrad.kernel import terms as t

LINEAR = "index n : N, d : D; batch n; data x[n, d], y[n], s[n], lam; parameter w[d], b"
FIT = "f[n] = sum(d, w[d] * x[n, d]) + b; loss[n] = (f[n] - y[n])^2"


def names(derivation, kind):
    return {name.split()[1] for name in derivation.statements if name.split()[0] == kind}


def test_the_tape_keeps_each_tensor_of_a_separable_program(derivation):
    found = derivation(f"{LINEAR}; {FIT}")
    assert found.verdicts["tape"] == {"status": "proved"}
    assert names(found, "tape") == {"f", "w", "b"}


def test_a_tensor_that_carries_the_sample_gets_its_own_cotangent_alone(derivation):
    found = derivation(f"{LINEAR}; {FIT}")
    kept = found.statements["tape f"].right
    assert not any(isinstance(part, t.Sum) for part in t.subterms(kept))
    assert [p.body.tensor for p in t.subterms(kept) if isinstance(p, t.Partial)] == ["loss"]


def test_a_tensor_without_the_sample_gets_the_weighted_sum(derivation):
    found = derivation(f"{LINEAR}; {FIT}; objective = sum(n, s[n] * loss[n])")
    kept = found.statements["tape b"].right
    assert isinstance(kept, t.Sum)
    assert kept.size == "N"
    assert "s" in {p.tensor for p in t.subterms(kept) if isinstance(p, t.Entry)}


def test_what_the_objective_adds_is_a_remainder(derivation):
    found = derivation(f"{LINEAR}; {FIT}; objective = mean(n, loss[n]) + lam * sum(d, w[d]^2)")
    assert found.verdicts["tape"] == {"status": "proved"}
    assert isinstance(found.statements["tape w"].right, t.Plus)
    assert not isinstance(found.statements["tape b"].right, t.Plus)


def test_an_objective_without_the_losses_has_no_tape(derivation):
    found = derivation(f"{LINEAR}; {FIT}; objective = lam * b^2")
    assert found.verdicts["tape"]["status"] == "undecided"
    assert not names(found, "tape")


@pytest.mark.parametrize(
    "text",
    [
        "a[n] = sum(d, w[d] * x[n, d]); mu = mean(n, a[n]); loss[n] = (a[n] - mu - y[n])^2",
        "W2 = 0 * b; loss[n] = sum(d, w[d] * mean(n, x[n, d])) * y[n] + W2",
    ],
)
def test_of_coupled_samples_the_tape_is_not_said_to_keep_them_apart(derivation, text):
    found = derivation(f"{LINEAR}; {text}; expect separable refuted; expect identity refuted")
    assert found.verdicts["tape"]["status"] == "undecided"
    assert found.verdicts["tape"]["coupled"]


def test_of_coupled_samples_the_rows_are_still_weighted(derivation):
    text = "a[n] = sum(d, w[d] * x[n, d]); mu = mean(n, a[n]); loss[n] = (a[n] - mu - y[n])^2"
    found = derivation(f"{LINEAR}; {text}; expect separable refuted; expect identity refuted")
    assert {"a", "mu", "w"} <= names(found, "tape")
    assert found.verdicts["identity"]["jacobian_rows"]["by_parameter"]["w"] == "proved"


def test_a_program_that_is_separable_after_a_calculation_keeps_its_tape(derivation):
    found = derivation("index n : N, m : N; batch n; data x[n]; parameter w; loss[n] = w * sum(m, delta(n, m) * x[m])")
    assert found.verdicts["separable"]["status"] == "proved"
    assert found.verdicts["tape"]["status"] == "proved"
    assert found.exit_code == 0


def test_a_rest_that_is_zero_only_when_both_sides_are_fractions_is_no_rest(derivation):
    found = derivation(
        "index n : N, k : K; batch n; data x[n], y[n, k]; parameter w[k]; z[n, k] = w[k] * x[n]; "
        "loss[n] = mean(k, exp(z[n, k]) - y[n, k] * log(exp(z[n, k]) + 1 / 10))"
    )
    assert not isinstance(found.statements["tape z"].right, t.Plus)
    assert found.verdicts["identity"]["status"] == "proved"


def test_a_side_that_was_folded_into_a_definition_where_the_other_was_not_is_opened(derivation):
    """The identity of a SiLU unit was undecided: h + s - s h on one side, (1 + z - h) s on the other, where h = z s."""
    unit = "z[n] = sum(d, w[d] * x[n, d]) + b; h[n] = silu(z[n]); loss[n] = (h[n] - y[n])^2 / 2"
    found = derivation(f"{LINEAR}; {unit}")
    assert found.verdicts["tape"] == {"status": "proved"}
    assert found.verdicts["identity"]["status"] == "proved"
    found.verify()
