"""The entries that answer the standing questions: every claim judged as the file says, and true by another reading."""

import random
from fractions import Fraction

import pytest
from second_reader import Reading, agree, drawn, read
from test_catalogue import QUESTIONS, places

from symgrad import catalogue
from symgrad.calculus import Verdict
from symgrad.kernel.terms import letters
from symgrad.lang.text import Printer
from symgrad.render.questions import needed

REFUTED = {
    "averaged_input": [4, 5],
    "duplicated_batch": [8],
    "loss_after_step": [4],
    "lost_in_the_mean": [6],
    "minibatch_with_replacement": [],
    "minibatch_without_replacement": [],
    "sequential_logistic": [3],
    "sequential_updates": [4, 5],
    "spread_of_gradients": [4],
    "tape_reads_back": [],
    "vector_of_losses": [5],
}
"""The claims, counted from one, that are false and said to be."""

SUPPOSED = {name: [] for name in QUESTIONS} | {
    "minibatch_with_replacement": [
        "q[n] = size(B) / size(N)",
        "p[n, m] = size(B) * (size(B) - 1) / size(N)^2 + delta(n, m) * size(B) / size(N)",
    ],
    "minibatch_without_replacement": [
        "size(N) - 1 > 0",
        "q[n] = size(B) / size(N)",
        "p[n, m] = size(B) * (size(B) - 1) / size(N) / (size(N) - 1) * (1 - delta(n, m))"
        " + delta(n, m) * size(B) / size(N)",
    ],
}

every = pytest.mark.parametrize("name", QUESTIONS)


def test_every_entry_here_is_spoken_of_and_every_one_spoken_of_exists():
    assert set(needed()) == {*QUESTIONS, "logistic_regression"}
    assert set(REFUTED) == set(QUESTIONS)


@every
def test_an_entry_is_decided_as_it_expects(derived, name):
    derivation = derived(name)
    assert derivation.verdict is Verdict.PROVED
    statuses = [claim["status"] for claim in derivation.to_json()["claims"]]
    wrong = [k for k, status in enumerate(statuses, 1) if status == "refuted"]
    assert wrong == REFUTED[name]
    assert statuses.count("proved") == len(statuses) - len(wrong)
    assert {v["status"] for v in derivation.to_json()["verdicts"].values()} == {"proved"}


@every
def test_an_entry_supposes_only_what_it_says(derived, name):
    assert sorted(derived(name).to_json()["hypotheses"]) == sorted(SUPPOSED[name])


@every
def test_the_checker_accepts_it(derived, name):
    derivation = derived(name)
    derivation.verify()
    assert derivation.checked


@every
def test_an_entry_has_words_and_a_source(derived, name):
    model = derived(name).model
    assert model.title
    assert len(model.introduction) >= 3
    assert model.sources


@every
def test_a_witness_is_exact_where_the_loss_is_rational(derived, name):
    for number in REFUTED[name]:
        witness = derived(name).claims[number - 1]["witness"]
        assert witness["sizes"]["N"] <= 3
        if name == "sequential_logistic":
            assert "+/-" in witness["left"]
        else:
            assert Fraction(witness["left"]) != Fraction(witness["right"])


def at_a_point(name, seed):
    """The entry by the tests' own reader at a random point; moments are set to what the entry assumes of them."""
    text = read(catalogue.find(name).read_text(encoding="utf-8"))
    sizes, values = drawn(text, seed, positive={"eta"})
    if name.startswith("minibatch"):
        size, draws = sizes["N"], random.Random(seed).randint(1, sizes["N"])
        sizes = {**sizes, "B": draws}
        one, share = Fraction(draws, size), Fraction(draws * (draws - 1))
        other = share / size**2 if name == "minibatch_with_replacement" else share / (size * (size - 1))
        same = other + one if name == "minibatch_with_replacement" else one
        values = {
            **values,
            "q": {(n,): one for n in range(size)},
            "p": {(n, m): same if n == m else other for n in range(size) for m in range(size)},
        }
    return Reading(text, sizes, values)


@every
@pytest.mark.parametrize("seed", [1, 2])
def test_every_proved_claim_is_true_by_another_reading(derived, name, seed):
    model, reading = derived(name).model, at_a_point(name, seed)
    text = Printer.of(model)
    compared = 0
    for number, claim in enumerate(model.claims, 1):
        if number in REFUTED[name]:
            continue
        free = dict.fromkeys((*letters(claim.left), *letters(claim.right)))
        for at, _ in places([i.name for i in free], reading, {i.name: i.size for i in free}):
            left, right = (reading.value(text.text(side), at).value for side in (claim.left, claim.right))
            assert agree(left, right)
            compared += 1
    assert compared >= 2


def test_the_second_step_is_the_gradient_step_from_where_the_first_one_led():
    """By the definition of a step, with no formula for the second gradient: the loss is differentiated at its place."""
    reading = at_a_point("sequential_updates", 5)
    x, y, w = (reading.values[name] for name in ("x", "y", "w"))
    eta, dimensions = reading.values["eta"][()], range(reading.sizes["D"])

    def stepped(at, n):
        loss = Reading(reading.text, reading.sizes, {**reading.values, "w": at}).value("loss[n]", {"n": n})
        error = sum(at[d,] * x[n, d] for d in dimensions) - y[n,]
        found = {(d,): at[d,] - eta * error * x[n, d] for d in dimensions}
        for d, value in found.items():
            assert float(at[d] - value) == pytest.approx(float(eta) * float(loss.slopes["w", d]), rel=1e-12)
        return found

    second = stepped(stepped(w, 1), 0)
    for d in dimensions:
        found = reading.value("second[m, n, d]", {"m": 1, "n": 0, "d": d}).value
        assert float(found) == pytest.approx(float(second[d,]), rel=1e-12)
