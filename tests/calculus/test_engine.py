import pytest

from symgrad import Model, derive, indices, parameters
from symgrad.calculus import Verdict

LINEAR = "index n : N, m : N, d : D; batch n; data x[n, d], y[n], lam, mu; parameter w[d], b"
FIT = "f[n] = sum(d, w[d] * x[n, d]) + b; loss[n] = (f[n] - y[n])^2"
ONE = "index n : N; batch n; data x[n], y[n]; parameter w"
BOTH = "expect separable refuted; expect identity refuted"

COUPLED = {
    "batch centring": f"{LINEAR}; a[n] = sum(d, w[d] * x[n, d]); mid = mean(m, a[m]); loss[n] = (a[n] - mid - y[n])^2",
    "softmax over the batch": f"{LINEAR}; a[n] = sum(d, w[d] * x[n, d]); loss[n] = -y[n] * log(softmax(n, a[n]))",
    "in-batch negatives": "index n : N, m : N, d : D, k : K; batch n; data x[n, d], y[n, d]; parameter W[d, k]"
    "; u[n, k] = sum(d, x[n, d] * W[d, k]); v[n, k] = sum(d, y[n, d] * W[d, k])"
    "; s[n, m] = sum(k, u[n, k] * v[m, k]); loss[n] = logsumexp(m, s[n, m]) - s[n, n]",
    "batch statistics of the data": f"{LINEAR}; mid[d] = mean(n, x[n, d])"
    "; loss[n] = (sum(d, w[d] * (x[n, d] - mid[d])) - y[n])^2",
    "tied weights": "index n : N, m : N, d : D, k : K; batch n; data x[n, d]; parameter W[d, k]"
    "; h[n, k] = tanh(sum(d, W[d, k] * x[n, d])); mid[k] = mean(m, h[m, k])"
    "; r[n, d] = sum(k, W[d, k] * (h[n, k] - mid[k])); loss[n] = sum(d, (r[n, d] - x[n, d])^2)",
    "the size of the batch": f"{ONE}; loss[n] = size(N) * (w * x[n] - y[n])^2",
    "pairs in the data": "index n : N, m : N; batch n; data K[n, m], y[n]; parameter w"
    "; f[n] = sum(m, K[n, m] * w); loss[n] = (f[n] - y[n])^2",
}

OPEN = {
    "contradictory assumptions": f"{ONE}; assume sum(n, x[n]) = 1; assume sum(n, x[n]) = 2; loss[n] = w * x[n]",
    "contradictory signs": f"{ONE}; assume w > 0; assume -w > 0; loss[n] = w * x[n]",
    "an impossible assumption": f"{ONE}; assume 0 = 1; loss[n] = w * x[n]",
    "always at a kink": f"{ONE}; loss[n] = relu(0 * w) + w * x[n]",
    "always at a hidden kink": f"{ONE}; u[n] = w * x[n]; v[n] = u[n] - w * x[n]; h[n] = abs(v[n]); loss[n] = h[n]",
    "maximum of a number and itself": f"{ONE}; u[n] = w * x[n]; loss[n] = max(u[n], w * x[n])",
    "division by zero": f"{ONE}; loss[n] = w / (x[n] - x[n])",
    "division by zero times zero": f"{ONE}; loss[n] = w * x[n] + 0 / (w - w)",
    "logarithm of a negative number": f"{ONE}; loss[n] = log(-exp(w * x[n]))",
    "root of a negative number": f"{ONE}; loss[n] = sqrt(-1 - w^2) * x[n]",
    "data that are assumed away": f"{ONE}; assume x[n] = 0; loss[n] = w / x[n]",
    "no value anywhere": f"{ONE}; assume x[n] - x[n] != 0; loss[n] = w * x[n]",
    "deviation that is zero": f"{ONE}; v[n] = (x[n] - x[n])^2 * w^2; loss[n] = sqrt(v[n])",
}

UNEQUAL = {
    "sum": ("sum(n, loss[n])", "sum"),
    "root of the mean": ("sqrt(mean(n, loss[n]))", "theta"),
    "logarithm of the mean": ("log(mean(n, loss[n]))", "theta"),
    "mean of squares": ("mean(n, loss[n]^2)", "theta"),
    "weighted by data": ("sum(n, y[n]^2 * loss[n])", "data"),
    "penalised": ("mean(n, loss[n]) + lam * sum(d, w[d]^2)", "mean"),
    "two penalties": ("mean(n, loss[n]) + lam * sum(d, w[d]^2) + mu * sum(d, exp(w[d]))", "mean"),
    "scaled": ("2 * mean(n, loss[n])", "data"),
    "times a parameter": ("b * mean(n, loss[n])", "theta"),
}

EQUAL = {
    "mean": "mean(n, loss[n])",
    "sum over size": "sum(n, loss[n]) / size(N)",
    "with something of the data": "mean(n, loss[n]) + sum(n, y[n])^2",
    "mean of means": "mean(m, mean(n, loss[n]))",
    "by another name": "sum(n, loss[n] / size(N)) + lam - lam",
}


@pytest.mark.parametrize("text", COUPLED.values(), ids=COUPLED)
def test_coupled_samples_are_refuted_as_separable_with_a_witness(derivation, text):
    found = derivation(f"{text}; {BOTH}")
    assert found.verdicts["separable"]["status"] == "refuted"
    witness = found.verdicts["separable"]["witness"]
    assert witness["left"] != witness["right"]
    assert witness["sizes"]["N"] >= 2
    assert found.verdicts["identity"]["status"] == "refuted"
    assert found.verdict is Verdict.PROVED
    found.verify()


@pytest.mark.parametrize("text", COUPLED.values(), ids=COUPLED)
def test_coupled_samples_that_are_not_expected_give_exit_code_one(derivation, text):
    assert derivation(text).exit_code == 1


@pytest.mark.parametrize("text", OPEN.values(), ids=OPEN)
def test_what_holds_of_no_point_is_not_proved(derivation, text):
    found = derivation(text)
    assert found.exit_code == 3
    assert found.verdict is Verdict.UNDECIDED
    statuses = [verdict["status"] for verdict in found.verdicts.values()]
    assert "proved" not in statuses
    assert found.certificate_sha256 is None
    assert found.to_json()["verdict"] == "undecided"


@pytest.mark.parametrize(("objective", "kind"), UNEQUAL.values(), ids=UNEQUAL)
def test_an_objective_that_is_no_mean_refutes_the_identity(derivation, objective, kind):
    found = derivation(f"{LINEAR}; {FIT}; objective = {objective}; expect identity refuted")
    assert found.verdicts["identity"]["status"] == "refuted"
    assert found.weights["kind"] == kind
    assert found.exit_code == 0
    found.verify()


@pytest.mark.parametrize("objective", EQUAL.values(), ids=EQUAL)
def test_an_objective_that_is_the_mean_by_any_name_has_the_identity(derivation, objective):
    found = derivation(f"{LINEAR}; {FIT}; objective = {objective}")
    assert found.verdicts["identity"]["status"] == "proved"
    assert found.weights["kind"] == "mean"
    assert found.exit_code == 0


def test_the_weights_of_a_root_mean_square_move_with_the_parameters(derivation):
    found = derivation(f"{LINEAR}; {FIT}; objective = sqrt(mean(n, loss[n])); expect identity refuted")
    assert found.weights["kind"] == "theta"
    assert found.to_json()["hypotheses"] == ["mean(n, loss[n]) > 0"]


def test_the_repair_of_a_penalty_beside_a_sum_shares_it_among_the_samples(derivation):
    found = derivation(f"{LINEAR}; {FIT}; objective = sum(n, loss[n]) + lam * b^2; expect identity refuted")
    assert found.weights["remainder"] == "lam * b^2"
    repaired = derivation(
        f"{LINEAR}; f[n] = sum(d, w[d] * x[n, d]) + b; base[n] = (f[n] - y[n])^2"
        f"; loss[n] = {found.weights['repair'].replace('loss', 'base')}; objective = sum(n, loss[n])"
        "; expect identity refuted; claim objective = sum(n, base[n]) + lam * b^2"
    )
    assert repaired.claims[0]["status"] == "proved"


@pytest.mark.parametrize("expectation", ["identity", "separable"])
def test_an_expected_refutation_that_turns_out_proved_gives_exit_code_one(derivation, expectation):
    found = derivation(f"{LINEAR}; {FIT}; expect {expectation} refuted")
    assert found.verdict is Verdict.REFUTED
    assert found.exit_code == 1


def test_a_refutation_counts_before_an_open_claim(derivation):
    found = derivation(f"{LINEAR}; {FIT}; claim d(loss[n])/d(b) = 0; claim sin(y[n])^2 + cos(y[n])^2 = 1")
    assert [claim["status"] for claim in found.claims] == ["refuted", "undecided"]
    assert found.exit_code == 1


def test_a_parameter_that_does_not_occur_has_gradient_zero(derivation):
    found = derivation(f"{LINEAR}, unused, U[d, d]; {FIT}".replace("U[d, d]", "U[d]"))
    assert found.verdicts["identity"]["by_parameter"]["unused"] == "proved"
    report = found.to_json()
    for side in (report["closed"]["batch_mean"], report["closed"]["per_sample"], report["batch_mean"]["gradients"]):
        zero = {left.split("[")[0]: right for left, right in side.items()}
        assert zero["unused"] == zero["U"] == "0"
    assert any("unused" in warning for warning in report["warnings"])


def test_a_parameter_of_the_penalty_alone_has_a_per_sample_gradient_of_zero(derivation):
    found = derivation(f"{LINEAR}, v; {FIT}; objective = mean(n, loss[n]) + v^2; expect identity refuted")
    assert found.to_json()["closed"]["per_sample"]["v"] == "0"
    assert found.verdicts["identity"]["by_parameter"] == {"w": "proved", "b": "proved", "v": "refuted"}


def test_a_loss_without_parameters_has_gradient_zero(derivation):
    found = derivation(f"{ONE}; loss[n] = x[n]^2")
    assert found.exit_code == 0
    assert found.to_json()["closed"]["batch_mean"] == {"w": "0"}


@pytest.mark.parametrize("objective", ["w^2", "3", "mean(n, y[n])"])
def test_an_objective_that_does_not_use_the_losses_has_no_weights(derivation, objective):
    found = derivation(f"{ONE}; loss[n] = (w * x[n] - y[n])^2; objective = {objective}; expect identity refuted")
    assert found.weights["kind"] == "none"
    assert "does not use the losses" in found.weights["reason"]
    assert found.verdicts["identity"]["status"] == "refuted"


def test_a_definition_that_the_loss_does_not_use_changes_nothing(derivation):
    plain = "softplus(f[n]) - y[n] * f[n]"
    found = derivation(f"{LINEAR}; f[n] = sum(d, w[d] * x[n, d]) + b; p[n] = sigmoid(f[n]); loss[n] = {plain}")
    assert found.exit_code == 0


def test_a_hypothesis_is_that_of_a_kink_hidden_in_an_intermediate(derivation):
    found = derivation(f"{ONE}; a[n] = w * x[n]; h[n] = relu(a[n]); g[n] = h[n]^2; loss[n] = g[n] + x[n]")
    assert found.exit_code == 0
    assert found.to_json()["hypotheses"] == ["a[n] != 0"]


def test_a_kink_in_the_data_is_no_hypothesis(derivation):
    found = derivation(f"{ONE}; loss[n] = abs(x[n]) * w")
    assert found.exit_code == 0
    assert not found.hypotheses


@pytest.mark.parametrize(
    "loss",
    ["sqrt(1 + (w * x[n])^2)", "log(1 + exp(w * x[n]))", "1 / (1 + w^2)", "log(sigmoid(w * x[n]))", "(1 + w^2)^(-3/2)"],
)
def test_positivity_that_can_be_proved_is_no_hypothesis(derivation, loss):
    found = derivation(f"{ONE}; loss[n] = {loss}")
    assert found.exit_code == 0
    assert not found.hypotheses


def test_layer_normalisation_needs_only_its_assumption(derivation):
    found = derivation(
        "index n : N, d : D, k : D; batch n; data x[n, d], eps; parameter g[d], W[d, k]; assume eps > 0"
        "; a[n, k] = sum(d, x[n, d] * W[d, k]); mid[n] = mean(k, a[n, k]); v[n] = mean(k, (a[n, k] - mid[n])^2)"
        "; loss[n] = sum(k, g[k] * (a[n, k] - mid[n]) / sqrt(v[n] + eps))"
    )
    assert found.exit_code == 0
    assert found.to_json()["hypotheses"] == ["eps > 0"]


def test_the_batch_of_one_decides_and_the_rows_are_told_apart(derivation):
    found = derivation(f"{COUPLED['batch centring']}; {BOTH}")
    identity = found.verdicts["identity"]
    assert identity["batch_of_one"]["status"] == "refuted"
    assert identity["jacobian_rows"]["status"] == "proved"
    assert identity["by_parameter"] == identity["batch_of_one"]["by_parameter"]


def test_one_definition_per_layer_is_as_short_as_two(derivation):
    frame = "index n : N, d : D, j : H; batch n; data x[n, d], y[n]; parameter W[d, j], b[j], v[j]"
    head = "f[n] = sum(j, v[j] * h[n, j]); loss[n] = (f[n] - y[n])^2"
    found = derivation(f"{frame}; h[n, j] = tanh(sum(d, W[d, j] * x[n, d]) + b[j]); {head}")
    assert all("tanh" not in formula for formula in found.to_json()["closed"]["per_sample"].values())


def test_powers_of_long_sums_are_not_multiplied_out(derivation):
    frame = "index n : N; batch n; data x[n]; parameter p, q, r, s, t, u"
    line = "p * x[n] + q * x[n]^2 + r * x[n]^3 + s * x[n]^4 + t * x[n]^5 + u"
    assert derivation(f"{frame}; loss[n] = ({line})^6").exit_code == 0


def test_progress_is_told_stage_by_stage():
    from symgrad.lang.parser import parse_model

    said = []
    derive(parse_model(f"{LINEAR}\n{FIT}".replace("; ", "\n"), "linear"), said.append)
    assert said == ["single-sample program", "batch program", "rows", "identity", "claims"]


def test_a_model_built_in_python_is_derived_as_it_is():
    n = indices("n:N")
    n = n[0] if isinstance(n, tuple) else n
    b = parameters("b")
    b = b[0] if isinstance(b, tuple) else b
    model = Model("constant", batch=n)
    model.loss = b**2
    assert derive(model).verdict is Verdict.PROVED
