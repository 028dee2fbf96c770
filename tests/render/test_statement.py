"""The proposition: only what was proved."""

from dataclasses import replace

from by_hand import LOSS, PROVED, Claim, Formula, Matrix, Side, d, e, j, logistic, n, perceptron, times

from symgrad.kernel.terms import ONE, Partial
from symgrad.render.document import tell
from symgrad.render.plain import Plain
from symgrad.render.tree import Display


def stated(derivation):
    """The equations of the proposition, as text with their labels."""
    block = next((b for b in tell(derivation).blocks if b.kind == "proposition"), None)
    rows = [row for part in (block.parts if block else ()) if isinstance(part, Display) for row in part.rows]
    write = Plain()
    return [(f"{write(row.left)} = {write(row.right)}", row.label) for row in rows]


def test_the_three_kinds_are_stated_two_by_two_under_one_number():
    assert stated(logistic()) == [
        ("∂ℓ[n]/∂w[j] = (σ(z[n]) − y[n]) · x[n, j]", "persample:w"),
        ("∂ℓ[n]/∂b = σ(z[n]) − y[n]", "persample:w"),
        ("∂ℒ/∂w[j] = 1/N · Σ_n ∂ℓ[n]/∂w[j]", "mean:w"),
        ("∂ℒ/∂b = 1/N · Σ_n ∂ℓ[n]/∂b", "mean:w"),
        ("∇_w ℒ = 1/N · Xᵀ · (σ(X · w + b · 𝟏) − y)", "matrix:w"),
        ("∂ℒ/∂b = 1/N · 𝟏ᵀ · (σ(X · w + b · 𝟏) − y)", "matrix:w"),
    ]


def test_without_a_matrix_form_the_batch_gradient_stands_in_index_form():
    found = stated(logistic(matrix={"w": Matrix("", ("sym", "w"))}))
    assert found[-1] == ("∂ℒ/∂b = 1/N · Σ_n (σ(z[n]) − y[n])", "batch:b")


def test_a_refuted_identity_is_not_stated_for_the_parameter_it_fails_for():
    identity = {"status": "refuted", "by_parameter": {"w": "refuted", "b": "proved"}}
    found = stated(logistic(verdicts={**PROVED, "identity": identity}))
    assert [label for _, label in found if label.startswith("mean")] == ["mean:b"]


def test_what_is_undecided_is_not_stated():
    undecided = {name: {"status": "undecided"} for name in PROVED}
    assert stated(logistic(verdicts=undecided, claims=[{"status": "refuted"}])) == []


def test_a_claim_is_stated_once_and_only_if_it_is_proved():
    model = logistic().model
    claim = Claim(Partial(e("loss", n), e("z", n), True), ONE)
    model = replace(model, claims=(*model.claims, claim))
    both = [{"status": "proved"}, {"status": "proved"}]
    assert stated(logistic(model=model, claims=both))[6:] == [("∂ℓ[n]/∂z[n] = 1", "claim:2")]
    assert len(stated(logistic(model=model, claims=[both[0], {"status": "undecided"}]))) == 6


def test_without_a_closed_form_the_derivatives_that_it_needs_are_stated_above_it():
    by_w, by_z = Partial(LOSS, e("w", j), True), Partial(e("loss", n), e("z", n), True)
    adjoints = {"z": Formula(by_z, e("y", n)), "unused": Formula(e("b"), ONE)}
    side = Side({"w": Formula(by_w, times(by_z, e("x", n, j)))}, adjoints)
    assert [text for text, label in stated(logistic(single=side)) if label.startswith("persample")] == [
        "∂ℓ[n]/∂z[n] = y[n]",
        "∂ℓ[n]/∂w[j] = ∂ℓ[n]/∂z[n] · x[n, j]",
    ]


def test_coupled_samples_are_said_to_be_rows_of_the_jacobian():
    verdicts = {**PROVED, "separable": {"status": "refuted"}}
    block = next(b for b in tell(logistic(verdicts=verdicts)).blocks if b.kind == "proposition")
    assert "rows of the Jacobian" in str(block.parts[-1])
    assert "Jacobian" not in str(tell(logistic()).blocks)


def test_numbered_names_are_stated():
    assert ("∂ℓ[n]/∂b2[k] = p[n, k] − y[n, k]", "persample:W2") in stated(perceptron())


def test_an_index_of_the_parameter_keeps_its_letter():
    side = Side({"w": Formula(Partial(LOSS, e("w", d), True), e("x", n, d))})
    assert stated(logistic(single=side))[0][0] == "∂ℓ[n]/∂w[d] = x[n, d]"
