import json

import pytest

from symgrad import catalogue
from symgrad.calculus.derivation import replay
from symgrad.calculus.goal import rebuild
from symgrad.errors import InputError
from symgrad.lang.parser import parse_model

NAMES = ("linear_regression", "logistic_regression", "softmax_regression", "mlp_relu", "weighted_logistic")
TEXT = """index n : N, d : D
batch n
data x[n, d], y[n]
parameter w[d], unused
f[n] = sum(d, w[d] * x[n, d])
loss[n] = (f[n] - y[n])^2
claim d(loss[n]) / d(w[j]) = 2 * (f[n] - y[n]) * x[n, j]
"""


def closed(value, names):
    """A judgement with its letters numbered in the order they occur."""
    if not isinstance(value, list):
        return value
    if len(value) == 2 and all(isinstance(part, str) for part in value) and value[0] not in {"number", "size"}:
        return [names.setdefault(tuple(value), f"_{len(names)}"), value[1]]
    return [closed(part, names) for part in value]


def statements(goal):
    """The statements of a goal by name."""
    return {
        name: (program, under, closed(stated, {})) for name, program, under, stated in json.loads(goal)["statements"]
    }


@pytest.mark.parametrize("name", NAMES)
def test_the_rebuilt_goal_is_the_derivations_own(derived, name):
    derivation = derived(name)
    goal, lines = rebuild(derivation.model, derivation.certificate())
    own, again = json.loads(derivation.goal()), json.loads(goal)
    assert again["model"] == own["model"]
    assert statements(goal) == statements(derivation.goal())
    assert len(lines) == len(derivation.statements)
    assert replay(goal, derivation.certificate()) == (0, "accepted")


def test_the_lines_say_what_is_established_and_under_what(derived):
    derivation = derived("mlp_relu")
    _, lines = rebuild(derivation.model, derivation.certificate())
    assert any(line.startswith("identity W1: ") and "!= 0" in line for line in lines)
    assert any("is the loss of the single-sample program" in line for line in lines)


@pytest.fixture(scope="module")
def small():
    from symgrad.calculus import derive

    return derive(parse_model(TEXT, "small"))


def test_an_identity_that_the_certificate_leaves_out_is_asked_for_and_refused(small):
    held = json.loads(small.certificate())
    held["statements"] = [s for s in held["statements"] if s[0] != "identity w"]
    goal, _ = rebuild(small.model, json.dumps(held))
    assert "identity w" in statements(goal)
    code, said = replay(goal, json.dumps(held))
    assert code != 0
    assert said.startswith(("refused", "malformed"))


@pytest.mark.parametrize("name", ["separable", "identity w", "claim 1"])
def test_what_is_asked_cannot_be_renamed_away(small, name):
    held = json.loads(small.certificate())
    for statement in held["statements"]:
        if statement[0] == name:
            statement[0] = "something else"
    goal, _ = rebuild(small.model, json.dumps(held))
    assert name in statements(goal)
    assert replay(goal, json.dumps(held))[0] != 0


@pytest.mark.parametrize("name", ["identity w", "claim 1"])
def test_what_is_asked_is_the_models_even_if_the_certificate_says_otherwise(small, name):
    held = json.loads(small.certificate())
    other = next(s for s in held["statements"] if s[0] == "batch w")
    for statement in held["statements"]:
        if statement[0] == name:
            statement[2:] = other[2:]
    goal, _ = rebuild(small.model, json.dumps(held))
    assert statements(goal)[name] == statements(small.goal())[name]
    assert replay(goal, json.dumps(held))[0] != 0


def test_a_certificate_of_another_model_is_refused(small):
    text = TEXT.replace("(f[n] - y[n])^2", "(f[n] - y[n])^4").replace("2 * (f[n] - y[n])", "4 * (f[n] - y[n])^3")
    other = parse_model(text, "other")
    goal, _ = rebuild(other, small.certificate())
    assert replay(goal, small.certificate())[0] != 0


def test_a_claim_that_the_certificate_does_not_hold_is_asked_for(small):
    more = parse_model(TEXT + "claim d(objective) / d(w[j]) = 0\n", "more")
    goal, _ = rebuild(more, small.certificate())
    assert "claim 2" in statements(goal)
    assert replay(goal, small.certificate())[0] != 0


def test_what_the_model_expects_refuted_is_not_asked_for(derived):
    derivation = derived("ridge_outside_mean")
    goal, _ = rebuild(derivation.model, derivation.certificate())
    assert "identity w" not in statements(goal)
    assert replay(goal, derivation.certificate()) == (0, "accepted")


def test_of_a_parameter_that_does_not_occur_nothing_is_asked(small):
    assert "identity unused" not in statements(rebuild(small.model, small.certificate())[0])


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", "null", "{", '{"terms": [["sum", "N", 0]], "statements": []}', '{"terms": 3}', "[" * 50_000],
)
def test_what_is_no_certificate_is_an_error_of_input(small, text):
    with pytest.raises(InputError, match="not readable"):
        rebuild(small.model, text)


def test_the_goal_is_the_same_every_time():
    from symgrad.calculus import derive
    from symgrad.lang.parser import load_model

    path = catalogue.find("softmax_regression")
    assert derive(load_model(path)).goal() == derive(load_model(path)).goal()
