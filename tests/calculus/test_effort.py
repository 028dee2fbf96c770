"""The limit on the work of one derivation: deterministic, and told in one line."""

from fractions import Fraction

import pytest

from symgrad.calculus import derive, effort
from symgrad.kernel.terms import Apply, Entry, Number, Plus, Power, Times
from symgrad.lang.parser import parse_model

HEAD = "index n : N\nbatch n\ndata x[n], y[n]\nparameter a, b, c\n"
x, y = Entry("x", ()), Entry("y", ())
BOMBS = {
    "powers in powers": "loss[n] = (((a + b*x[n])^16 + c)^16 + a)^16",
    "many factors": "loss[n] = " + " * ".join(f"(a*{k} + b*x[n] + c*y[n] + {k})" for k in range(1, 31)),
    "functions in functions": "loss[n] = " + "exp(" * 12 + "a + b*x[n]" + " * (a + c) * (b + c))" * 12,
    "products in steps": "u0[n] = a + b*x[n]\n"
    + "".join(f"u{k}[n] = (u{k - 1}[n] + c) * (u{k - 1}[n] + b) * (u{k - 1}[n] + y[n])\n" for k in range(1, 16))
    + "loss[n] = u15[n]",
}


def model(text):
    return parse_model(HEAD + text + "\n", "bomb")


@pytest.fixture
def spent(monkeypatch):
    """What every derivation spends, in order."""
    found = []
    spend = effort.spend

    def counting(units):
        found.append(units)
        spend(units)

    for module in ("rewrite", "effort"):
        monkeypatch.setattr(f"symgrad.calculus.{module}.spend", counting)
    return found


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_loss_that_explodes_is_given_up(bomb, monkeypatch):
    monkeypatch.setattr(effort, "MOST", 50_000)
    with pytest.raises(
        effort.EffortError, match="more than 50,000 steps of algebra; use smaller exponents"
    ) as given_up:
        derive(model(BOMBS[bomb]))
    assert given_up.value.exit_code == 4
    assert "\n" not in str(given_up.value)


def test_the_same_work_is_counted_on_every_run_and_little_for_an_ordinary_loss(spent):
    ordinary = model("loss[n] = (a + b*x[n] + c - y[n])^2")
    derive(ordinary)
    first = sum(spent)
    spent.clear()
    derive(ordinary)
    assert 0 < first < effort.MOST / 500
    assert 0 < sum(spent) <= first  # what is remembered is not done again


def test_what_the_ring_rule_refuses_at_once_costs_little(spent):
    """Two powers that cannot be multiplied out are proved as they stand."""
    refused = model("loss[n] = ((a + b*x[n] + c*y[n] + 1)^16 * (a - b + c*x[n])^16)^16")
    assert derive(refused).verdicts["identity"]["status"] == "proved"
    assert sum(spent) < effort.MOST / 2


def test_nothing_is_counted_outside_a_derivation_and_the_next_one_begins_anew(monkeypatch):
    effort.spend(10**12)
    monkeypatch.setattr(effort, "MOST", 10)
    for _ in range(2):
        with effort.limited():
            effort.spend(10)
            with effort.limited():
                effort.spend(10)
            for units in (1, 0):
                with pytest.raises(effort.EffortError):
                    effort.spend(units)


def test_a_claim_that_explodes_stays_open_and_the_derivation_stands(monkeypatch):
    claimed = model("loss[n] = (a - y[n])^2\nclaim a + (b + c)^12 * (b - c)^12 = a + (b^2 - c^2)^12")
    assert derive(claimed).claims[0]["status"] == "proved"
    monkeypatch.setattr(effort, "MOST", 2_000)
    given_up = derive(claimed)
    assert given_up.claims[0]["status"] == "undecided"
    assert given_up.verdicts["identity"]["status"] == "proved"


@pytest.mark.parametrize(
    ("term", "products"),
    [
        (x, 0),
        (Plus((x, y)), 0),
        (Times((Plus((x, y)), Plus((x, Number(Fraction(1)))))), 4),
        (Power(Plus((x, y)), Fraction(3)), 2 * 2 + 2 * 3),
        (Power(Plus((x, y)), Fraction(1, 2)), 0),
        (Apply("exp", (Power(Plus((x, y)), Fraction(3)),)), 0),
    ],
)
def test_products_are_counted_as_the_ring_rule_forms_them(term, products):
    assert effort.products(term) == effort._PRODUCT * products
    assert effort.products(term, term) == 2 * effort._PRODUCT * products
