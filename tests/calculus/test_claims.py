import pytest

FRAME = """index n : N, m : N, d : D
batch n
data x[n, d], y[n], t[n]
parameter w[d], b
z[n] = sum(d, w[d] * x[n, d]) + b
p[n] = sigmoid(z[n])
loss[n] = softplus(z[n]) - y[n] * z[n]
claim """

TRUE = {
    "by the logit": "d(loss[n]) / d(z[n]) = sigmoid(z[n]) - y[n]",
    "through a definition": "d(loss[n]) / d(z[n]) = p[n] - y[n]",
    "by exponentials": "d(loss[n]) / d(z[n]) = exp(z[n]) / (1 + exp(z[n])) - y[n]",
    "by negative exponentials": "d(loss[n]) / d(z[n]) = 1 / (1 + exp(-z[n])) - y[n]",
    "by a hyperbolic tangent": "d(loss[n]) / d(z[n]) = (1 + tanh(z[n] / 2)) / 2 - y[n]",
    "with everything unfolded": "d(loss[n]) / d(b) = sigmoid(sum(d, w[d] * x[n, d]) + b) - y[n]",
    "at a letter that is not declared": "d(loss[n]) / d(w[j]) = (p[n] - y[n]) * x[n, j]",
    "at a letter that is bound in a definition": "d(loss[n]) / d(w[d]) = (p[n] - y[n]) * x[n, d]",
    "at another sample": "d(loss[m]) / d(b) = p[m] - y[m]",
    "between samples": "d(loss[n]) / d(z[m]) = delta(n, m) * (p[n] - y[n])",
    "of the objective": "d(objective) / d(b) = mean(n, p[n] - y[n])",
    "of the objective by a cotangent": "d(objective) / d(z[n]) = (p[n] - y[n]) / size(N)",
    "of the objective by a loss": "d(objective) / d(loss[n]) = 1 / size(N)",
    "of an intermediate": "d(z[n]) / d(w[j]) = x[n, j]",
    "of an intermediate by another": "d(p[n]) / d(z[n]) = p[n] * (1 - p[n])",
    "by itself": "d(z[n]) / d(z[m]) = delta(n, m)",
    "against the flow": "d(z[n]) / d(loss[n]) = 0",
    "an equation": "loss[n] = log(1 + exp(z[n])) - y[n] * z[n]",
    "an identity of sigmoid": "sigmoid(t[n]) = 1 - sigmoid(-t[n])",
    "an identity of softplus": "softplus(t[n]) - softplus(-t[n]) = t[n]",
    "an identity of relu": "relu(t[n]) = max(t[n], 0)",
    "an identity of abs": "abs(t[n]) = 2 * relu(t[n]) - t[n]",
    "a step that meets its like": "max(1 - t[n], 0) * step(1 - t[n]) = max(1 - t[n], 0)",
    "a third power of a step": "max(t[n], 0) * step(t[n])^3 = max(t[n], 0)",
    "an inverted square of an absolute value": "(1 + abs(t[n]) - t[n] * (2 * step(t[n]) - 1)) / (1 + abs(t[n]))^2"
    " = 1 / (1 + abs(t[n]))^2",
    "an identity of min and max": "min(t[n], y[n]) + max(t[n], y[n]) = t[n] + y[n]",
    "a logarithm": "log(exp(t[n])) = t[n]",
    "a finite sum": "sum(n, t[n])^2 = sum(n, sum(m, t[n] * t[m]))",
    "sums that are exchanged": "sum(d, sum(n, x[n, d] * y[n])) = sum(n, y[n] * sum(d, x[n, d]))",
    "a power of an exponential": "exp(2 * t[n]) = exp(t[n])^2",
}

FALSE = {
    "sign": "d(loss[n]) / d(z[n]) = y[n] - p[n]",
    "factor": "d(loss[n]) / d(z[n]) = 2 * (p[n] - y[n])",
    "size": "d(loss[n]) / d(b) = size(N) * (p[n] - y[n])",
    "sum for mean": "d(objective) / d(b) = sum(n, p[n] - y[n])",
    "letters": "d(loss[n]) / d(z[m]) = p[n] - y[n]",
    "other sample": "d(loss[n]) / d(b) = p[m] - y[m]",
    "other function": "d(loss[n]) / d(z[n]) = tanh(z[n]) - y[n]",
    "equation": "loss[n] = log(1 - exp(z[n])) - y[n] * z[n]",
    "root of a square": "sqrt(t[n]^2) = t[n]",
    "sizes": "size(N) = size(D)",
    "root": "sum(n, t[n]) = size(N) * t[n]",
    "nearly": "d(loss[n]) / d(b) = p[n] - y[n] + 1/1000000",
    "delta": "delta(n, m) = 1",
    "inverse": "sum(n, exp(t[n])) = exp(sum(n, t[n]))",
}


def judged(derivation, claim):
    found = derivation(FRAME.replace("\n", "; ").removesuffix("claim ") + "claim " + claim)
    return found, found.claims[0]


@pytest.mark.parametrize("claim", TRUE.values(), ids=TRUE)
def test_a_true_claim_is_proved(derivation, claim):
    found, result = judged(derivation, claim)
    assert result["status"] == "proved"
    assert found.exit_code == 0
    stated = found.statements["claim 1"]
    assert (stated.left, stated.right) == (found.model.claims[0].left, found.model.claims[0].right)
    found.verify()


@pytest.mark.parametrize("claim", FALSE.values(), ids=FALSE)
def test_a_false_claim_is_refuted_with_a_witness(derivation, claim):
    found, result = judged(derivation, claim)
    assert result["status"] == "refuted"
    assert result["witness"]["left"] != result["witness"]["right"]
    assert found.exit_code == 1
    assert "claim 1" not in found.statements


@pytest.mark.parametrize("claim", [*TRUE.values(), *FALSE.values()], ids=[*TRUE, *FALSE])
def test_an_expected_refutation_turns_the_exit_code_round(derivation, claim):
    found, result = judged(derivation, f"{claim}; expect claim refuted")
    assert found.exit_code == (1 if result["status"] == "proved" else 0)


@pytest.mark.parametrize(
    ("claim", "relation"),
    [
        ("t[n] / t[n] = 1", "!="),
        ("sqrt(t[n]) * sqrt(t[n]) = t[n]", ">"),
        ("(t[n]^2 - y[n]^2) / (t[n] - y[n]) = t[n] + y[n]", "!="),
        ("sign(t[n]) = 2 * step(t[n]) - 1", "!="),
    ],
)
def test_a_claim_that_needs_a_condition_is_proved_under_it(derivation, claim, relation):
    found, result = judged(derivation, claim)
    assert result["status"] == "proved"
    assert {h.relation for h in found.statements["claim 1"].hypotheses} == {relation}


@pytest.mark.parametrize(
    "claim",
    [
        "1/(t[n] - t[n]) = 0",
        "0 * (1/(t[n] - t[n])) = 0",
        "log(-exp(t[n])) = 0",
        "step(0 * t[n]) = 0",
        "sign(0 * t[n]) = 0",
    ],
)
def test_a_claim_about_what_has_no_value_is_never_proved(derivation, claim):
    found, result = judged(derivation, claim)
    assert result["status"] == "undecided"
    assert found.exit_code == 3


def test_claims_are_judged_one_by_one(derivation):
    text = FRAME.removesuffix("claim ").replace("\n", "; ")
    claims = [TRUE["by the logit"], FALSE["sign"], TRUE["an identity of relu"]]
    found = derivation(text + "; ".join("claim " + claim for claim in claims))
    assert [claim["status"] for claim in found.claims] == ["proved", "refuted", "proved"]
    assert {name for name in found.statements if name.startswith("claim")} == {"claim 1", "claim 3"}


def test_an_assumption_is_used_and_becomes_a_hypothesis(derivation):
    text = FRAME.removesuffix("claim ").replace("\n", "; ")
    found = derivation(text + "assume y[n]^2 = y[n]; claim (y[n] - t[n])^2 = y[n] - 2 * y[n] * t[n] + t[n]^2")
    assert found.claims[0]["status"] == "proved"
    assert found.to_json()["hypotheses"] == ["y[n]^2 = y[n]"]


@pytest.mark.parametrize(
    "assumption", ["t[n] = t[n] * y[n]", "y[n] = y[n]^2", "t[n] = y[n]; assume y[n] = t[n]", "t[n] = -t[n]"]
)
def test_an_assumption_that_rewrites_for_ever_does_no_harm(derivation, assumption):
    text = FRAME.removesuffix("claim ").replace("\n", "; ")
    found = derivation(f"{text}assume {assumption}; claim d(loss[n]) / d(b) = p[n] - y[n]; claim t[n]^2 = t[n]^3")
    assert found.verdicts["identity"]["status"] in {"proved", "undecided"}


def statuses(found):
    """The status of each claim, and the hypotheses of the derivation."""
    report = found.to_json()
    return [claim["status"] for claim in report["claims"]], report["hypotheses"]


SHARES = """
index n : N, k : K
batch n
data y[n], s[n, k]
parameter w
assume sum(k, s[n, k]) = 1
loss[n] = (w - y[n])^2
"""


def test_an_assumed_sum_is_found_inside_a_row_of_sums(derivation):
    claims = """
claim sum(k, sum(n, s[n, k])) = size(N)
claim sum(k, sum(n, s[n, k] * loss[n])) = sum(n, loss[n])
claim sum(k, sum(n, s[n, k]^2 * loss[n])) = sum(n, loss[n])
claim sum(k, sum(n, s[n, k])) = size(K)
"""
    assert statuses(derivation(SHARES + claims)) == (
        ["proved", "proved", "refuted", "refuted"],
        ["sum(k, s[n, k]) = 1"],
    )


ROOT = """
index n : N
batch n
data y[n]
parameter w
loss[n] = (w - y[n])^2
objective = sqrt(mean(n, loss[n]))
"""


def test_what_both_sides_mention_stays_closed_under_a_root(derivation):
    claims = """
claim d(objective) / d(w) = mean(n, w - y[n]) / objective
claim d(objective) / d(w) = mean(n, y[n] - w) / objective
"""
    assert statuses(derivation(ROOT + claims)) == (["proved", "refuted"], ["mean(n, loss[n]) > 0"])


def test_the_sign_of_a_sum_is_known_from_that_of_its_mean(derivation):
    logarithm = ROOT.replace("sqrt", "log")
    found = derivation(logarithm + "claim d(objective) / d(loss[n]) = 1 / sum(n, loss[n])")
    assert statuses(found) == (
        ["proved"],
        ["mean(n, loss[n]) > 0"],
    )


def test_a_root_that_only_one_side_mentions_by_name_is_opened(derivation):
    found = derivation(
        """index n : N, d : D, e : D
batch n
data x[n, d]
parameter w[d]
a[n, d] = w[d] * x[n, d]
q[n] = mean(d, a[n, d]^2)
r[n] = sqrt(q[n])
loss[n] = sum(d, a[n, d] / r[n])
claim d(loss[n]) / d(a[n, d]) = (1 - a[n, d] / r[n]^2 * mean(e, a[n, e])) / r[n]"""
    )
    assert found.claims[0]["status"] == "proved"
