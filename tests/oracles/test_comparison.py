from __future__ import annotations

import dataclasses
import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from few_entries import FEW

from symgrad.errors import DisagreementError, InputError
from symgrad.kernel.functions import inverse, minus
from symgrad.kernel.program import Definition
from symgrad.kernel.terms import ONE, Apply, Entry, Index, Number, Partial, Plus, Size, Times, sigma, subterms
from symgrad.lang.parser import parse_model
from symgrad.oracles.comparison import Formulas, Outcome, check
from symgrad.oracles.report import Measured, Oracle
from symgrad.oracles.tensorflow import generated


def number(value: int | Fraction) -> Number:
    return Number(Fraction(value))


n, d, j, k, c = Index("n", "N"), Index("d", "D"), Index("j", "D"), Index("k", "K"), Index("c", "K")
CATALOGUE = sorted(path.parent.name for path in (Path(__file__).parents[2] / "derivations").glob("*/derivation.sg"))
over_n = inverse(Size("N"))


def sigmoid(u):
    return Apply("sigmoid", (u,))


def logistic(adjoint=None):
    """Gradients of logistic regression by hand, with the adjoint of the logit named."""
    z, y = Entry("z", (n,)), Entry("y", (n,))
    bar = Entry("z_bar", (n,))
    return Formulas(
        (Definition("z_bar", (n,), adjoint or Times((over_n, minus(sigmoid(z), y)))),),
        {"w": ((d,), sigma(n, Times((bar, Entry("x", (n, d)))))), "b": ((), sigma(n, bar))},
    )


def softmax():
    """Gradients of softmax regression by hand, in one formula each."""

    def weight(letter):
        return Apply("exp", (Entry("z", (n, letter)),))

    gap = minus(Times((weight(k), inverse(sigma(c, weight(c))))), Entry("y", (n, k)))
    return Formulas(
        (),
        {
            "W": ((d, k), Times((over_n, sigma(n, Times((gap, Entry("x", (n, d)))))))),
            "b": ((k,), Times((over_n, sigma(n, gap)))),
        },
    )


def answering(change):
    """An oracle that answers as the true one does, changed."""

    def make(model, formulas, dtype="float64"):
        true = generated(model.program)

        def run(arrays):
            answer = true.run(arrays)
            return change(answer)

        return check(model, formulas, dtype=dtype, oracle=Oracle("given", "a test", run))

    return make


def scaled(name, factor):
    def change(answer):
        gradients = dict(answer.gradients)
        gradients[name] = (gradients[name].astype(np.float64) * factor).astype(gradients[name].dtype)
        return Measured(answer.objective, gradients)

    return change


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", CATALOGUE)
def test_every_entry_agrees_with_its_own_implementation(name, dtype, entry, claimed):
    model = entry(name)
    report = check(model, claimed(model), dtype=dtype).require()
    assert report.oracle in {"keras", "tensorflow"}
    assert report.error_over_bound < 1
    assert report.points >= 5
    assert report.survived == ()
    for parameter in claimed(model).gradients:
        assert sum(name.startswith(f"{parameter}: ") for name in report.tried) >= 4


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("name", "formulas"), [("logistic_regression", logistic()), ("softmax_regression", softmax())])
def test_hand_written_formulas_agree(name, formulas, dtype, entry):
    report = check(entry(name), formulas, dtype=dtype).require()
    assert report.oracle == "keras"
    assert "W: dropped term" in report.tried or "w: dropped term" in report.tried


def test_a_users_own_formula_is_compared_with_generated_operations(entry):
    model = dataclasses.replace(entry("logistic_regression"), name="mine")
    report = check(model, logistic()).require()
    assert report.oracle == "generated"
    assert "generated" in str(report)


def test_a_size_that_no_array_has_is_the_same_for_both_sides():
    text = """index n : N, r : R, b : B
batch n
data y[n]
parameter w
loss[n] = sum(r, (w - y[n])^2) * size(B)
claim d(loss[n]) / d(w) = 2 * size(R) * size(B) * (w - y[n])
"""
    model = parse_model(text, "copies", "copies.sg")
    gradient = Times((over_n, sigma(n, model.claims[0].right)))
    report = check(model, Formulas((), {"w": ((), gradient)}))
    assert report.outcome is Outcome.AGREE
    assert report.oracle == "generated"
    assert report.survived == ()


def test_an_entry_is_recognised_by_its_loss_and_not_by_its_name_alone(entry):
    model = entry("logistic_regression")
    program = model.program
    *before, loss, objective = program.definitions
    twice = dataclasses.replace(loss, body=Times((number(2), loss.body)))
    other = dataclasses.replace(model, program=dataclasses.replace(program, definitions=(*before, twice, objective)))
    assert check(other, logistic()).outcome is Outcome.DISAGREE
    doubled = Times((number(2), over_n, minus(sigmoid(Entry("z", (n,))), Entry("y", (n,)))))
    assert check(other, logistic(doubled)).require().oracle == "generated"


def test_without_the_assumption_on_labels_the_fused_loss_is_not_used(entry, claimed):
    model = dataclasses.replace(entry("softmax_regression"), assumptions=())
    report = check(model, claimed(model))
    assert report.oracle == "generated"
    assert report.outcome is Outcome.DISAGREE
    right = claimed(entry("softmax_regression_any_labels"))
    assert check(model, right).outcome is Outcome.AGREE


WRONG = {
    "sign": lambda t: Times((number(-1), t)),
    "factor 2": lambda t: Times((number(2), t)),
    "factor N": lambda t: Times((Size("N"), t)),
    "relative 1e-11": lambda t: Times((number(1 + Fraction(1, 10**11)), t)),
    "added 1e-9": lambda t: Plus((t, number(Fraction(1, 10**9)))),
    "mean over N - 1": lambda t: Times((Size("N"), inverse(minus(Size("N"), ONE)), t)),
}


def moving(model, formulas):
    """The gradients that are not claimed to be exactly zero: no factor makes those wrong."""
    stated = [claim for claim in model.claims if isinstance(claim.left, Partial) and claim.right == number(0)]
    zero = {claim.left.wrt.tensor for claim in stated}
    return [(name, gradient) for name, gradient in formulas.gradients.items() if name not in zero]


@pytest.mark.parametrize("name", FEW)
@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_formula_is_rejected(name, wrong, entry, claimed):
    model = entry(name)
    right = claimed(model)
    for parameter, (letters, term) in moving(model, right):
        changed = Formulas((), {**right.gradients, parameter: (letters, WRONG[wrong](term))})
        report = check(model, changed)
        assert report.outcome is Outcome.DISAGREE
        assert f"gradient of {parameter}" in report.reason


@pytest.mark.parametrize("name", FEW)
def test_a_relative_error_of_a_thousandth_is_rejected_in_float32(name, entry, claimed):
    model = entry(name)
    right = claimed(model)
    for parameter, (letters, term) in moving(model, right):
        off = Times((number(1 + Fraction(1, 1000)), term))
        changed = Formulas((), {**right.gradients, parameter: (letters, off)})
        assert check(model, changed, dtype="float32").outcome is Outcome.DISAGREE


def test_a_swapped_index_is_rejected(entry):
    model = entry("linear_regression")
    first = Entry("x", (n, d))
    term = sigma(n, sigma(j, Times((Entry("f", (n,)), Entry("x", (n, j)), first))))
    formulas = Formulas((), {"w": ((d,), term), "b": ((), sigma(n, Entry("f", (n,))))})
    assert check(model, formulas).outcome is Outcome.DISAGREE


@pytest.mark.parametrize(
    ("factor", "dtype", "outcome"),
    [
        (1, "float64", Outcome.AGREE),
        (1 + 1e-12, "float64", Outcome.DISAGREE),
        (1 + 1e-3, "float32", Outcome.DISAGREE),
        (np.nan, "float64", Outcome.INCONCLUSIVE),
        (np.inf, "float32", Outcome.INCONCLUSIVE),
    ],
)
def test_the_frameworks_numbers_decide(factor, dtype, outcome, entry):
    assert answering(scaled("w", factor))(entry("logistic_regression"), logistic(), dtype).outcome is outcome


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda a: Measured(a.objective, {**a.gradients, "w": None}), "no gradient of w"),
        (lambda a: Measured(a.objective, {"b": a.gradients["b"]}), "no gradient of w"),
        (lambda a: Measured(None, a.gradients), "no objective"),
        (lambda a: Measured(np.asarray(np.nan), a.gradients), "not finite"),
        (lambda a: Measured(a.objective, {**a.gradients, "w": a.gradients["w"][:0]}), "empty"),
    ],
    ids=["none", "missing", "no objective", "nan", "empty"],
)
def test_what_is_missing_is_inconclusive(change, reason, entry):
    report = answering(change)(entry("logistic_regression"), logistic())
    assert report.outcome is Outcome.INCONCLUSIVE
    assert reason in report.reason
    with pytest.raises(DisagreementError, match="INCONCLUSIVE"):
        report.require()


@pytest.mark.parametrize(
    "change",
    [
        lambda a: Measured(a.objective * (1 + 1e-12), a.gradients),
        lambda a: Measured(a.objective, {**a.gradients, "w": a.gradients["w"][:, None]}),
        lambda a: Measured(a.objective, {**a.gradients, "b": a.gradients["b"][None]}),
        lambda a: Measured(a.objective, {**a.gradients, "w": a.gradients["w"].mean()}),
    ],
    ids=["objective", "column", "vector of one", "scalar"],
)
def test_another_value_or_shape_disagrees(change, entry):
    assert answering(change)(entry("logistic_regression"), logistic()).outcome is Outcome.DISAGREE


def parsed(text):
    head = "index n : N\nbatch n\ndata x[n]\nparameter w\n"
    return parse_model(head + text, "mine", "mine.sg")


def test_a_piece_that_is_never_visited_is_inconclusive():
    model = parsed("loss[n] = relu(1 + x[n]^2) * w")
    formulas = Formulas((), {"w": ((), Times((over_n, sigma(n, Apply("relu", (argument_of_relu(model),))))))})
    report = check(model, formulas)
    assert report.outcome is Outcome.INCONCLUSIVE
    assert "never visited" in report.reason


def argument_of_relu(model):
    (relu,) = [t for t in subterms(model.program.bodies["loss"].body) if isinstance(t, Apply)]
    return relu.arguments[0]


def test_a_parameter_without_effect_gives_no_power():
    model = parsed("loss[n] = x[n] + 0 * w")
    report = check(model, Formulas((), {"w": ((), number(0))}))
    assert report.outcome is Outcome.INCONCLUSIVE
    assert "no power" in report.reason


def test_assumptions_that_cannot_be_met_are_inconclusive():
    model = parsed("assume x[n] - x[n] > 0\nloss[n] = x[n] * w")
    report = check(model, Formulas((), {"w": ((), Times((over_n, sigma(n, Entry("x", (n,))))))}))
    assert (report.outcome, report.points) == (Outcome.INCONCLUSIVE, 0)


def test_rounding_that_loses_everything_is_inconclusive():
    model = parsed("loss[n] = (x[n] + 100000000 * w^2)^2 - 10000000000000000 * w^4")
    w, x = Entry("w", ()), Entry("x", (n,))
    big = number(10**8)
    inner = Plus((x, Times((big, w, w))))
    term = minus(Times((number(4), big, w, inner)), Times((number(4), big, big, w, w, w)))
    report = check(model, Formulas((), {"w": ((), Times((over_n, sigma(n, term))))}), dtype="float32")
    assert report.outcome is Outcome.INCONCLUSIVE
    assert "rounding in float32" in report.reason


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"backend": "torch"}, "backend"),
        ({"dtype": "float16"}, "float32, float64"),
        ({"points": 0}, "at least one"),
    ],
)
def test_options_without_meaning_are_refused(options, message, entry):
    with pytest.raises(InputError, match=message):
        check(entry("logistic_regression"), logistic(), **options)


def test_formulas_must_match_the_parameters(entry):
    with pytest.raises(InputError, match="b"):
        check(entry("logistic_regression"), Formulas((), {"w": logistic().gradients["w"]}))
    wrong = {**logistic().gradients, "w": ((), ONE)}
    with pytest.raises(InputError, match="indices"):
        check(entry("logistic_regression"), Formulas((), wrong))


def test_the_report_says_what_was_measured(entry):
    report = check(entry("logistic_regression"), logistic(), dtype="float32", seed=7)
    data = json.loads(json.dumps(report.to_json(), allow_nan=False))
    assert data["outcome"] == "AGREE"
    assert data["controls"]["tried"] == data["controls"]["rejected"] >= 8
    assert (data["points"], data["dtype"], data["backend"], data["oracle"]) == (5, "float32", "tensorflow", "keras")
    assert 0 < data["error_over_bound"] < 1
    assert len(data["sizes"]) == 5
    assert set(data["environment"]) >= {"version", "keras", "intra_op_threads", "inter_op_threads", "onednn"}
    assert "\n" not in str(report)


def test_the_same_seed_gives_the_same_points(entry):
    first, again = (check(entry("logistic_regression"), logistic(), seed=3) for _ in range(2))
    assert first.sizes == again.sizes
    assert check(entry("logistic_regression"), logistic(), seed=4).sizes != first.sizes


def test_an_infinite_error_is_null_in_json(entry):
    report = answering(lambda a: Measured(a.objective, {**a.gradients, "w": a.gradients["w"].mean()}))(
        entry("logistic_regression"), logistic()
    )
    assert report.to_json()["error_over_bound"] is None
    json.dumps(report.to_json(), allow_nan=False)


def test_true_formulas_are_never_called_wrong(entry, claimed):
    for name in ("logistic_regression_probability", "mlp_tanh", "softmax_regression_any_labels"):
        model = entry(name)
        for seed in range(20):
            for dtype in ("float32", "float64"):
                assert check(model, claimed(model), seed=seed, dtype=dtype).error_over_bound < 1


@pytest.mark.tensorflow
def test_the_report_keeps_the_error_of_every_gradient_entry(entry, claimed):
    model = entry("logistic_regression")
    found = check(model, claimed(model))
    assert {name: len(some) for name, some in found.errors.items()} == {
        "w": sum(sizes["D"] for sizes in found.sizes),
        "b": found.points,
    }
    assert {name: max(some) for name, some in found.errors.items()} == found.by_parameter


CENTRED = """
index n : N, m : N
batch n
data x[n], y[n]
parameter w, b
a[n] = w * x[n] + b
mu = mean(n, a[n])
loss[n] = (a[n] - mu - y[n])^2
g[n] = 2 / size(N) * (a[n] - mu - y[n])
r[n] = g[n] - mean(m, g[m])
objective = mean(n, loss[n])
"""


def centred():
    r = Entry("r", (n,))
    return Formulas((), {"w": ((), sigma(n, Times((r, Entry("x", (n,)))))), "b": ((), sigma(n, r))})


def test_a_gradient_that_is_exactly_zero_is_measured_by_what_cancels():
    report = check(parse_model(CENTRED, "a"), centred()).require()
    assert {"b: small error upwards", "b: small error downwards", "b: an adjoint too many"} <= set(report.tried)
    assert report.survived == ()
    assert report.ulp < 1000


def test_a_gradient_that_should_vanish_and_does_not_disagrees():
    def change(answer):
        return Measured(answer.objective, {**answer.gradients, "b": np.asarray(1e-9)})

    model = parse_model(CENTRED, "a")
    assert answering(change)(model, centred()).outcome is Outcome.DISAGREE


@pytest.mark.tensorflow
def test_a_piece_far_out_is_reached_by_larger_parameters():
    text = "index n : N\nbatch n\ndata x[n]\nparameter w\nloss[n] = x[n] * min(w * x[n], 8)\n"
    model = parse_model(text, "clipped", "clipped.sg")
    inside = Apply("step", (minus(number(8), Times((Entry("w", ()), Entry("x", (n,))))),))
    slope = Times((over_n, sigma(n, Times((inside, Entry("x", (n,)), Entry("x", (n,)))))))
    report = check(model, Formulas((), {"w": ((), slope)}))
    assert report.outcome is Outcome.AGREE, str(report)
    assert report.points > 5


@pytest.mark.parametrize(("left", "outcome"), [(1e-17, Outcome.INCONCLUSIVE), (1e-9, Outcome.DISAGREE)])
def test_what_cancels_in_the_framework_alone_is_no_disagreement_while_it_is_tiny(left, outcome):
    text = "index n : N\nbatch n\ndata x[n]\nparameter w\nloss[n] = x[n] + w - w\n"
    model = parse_model(text, "cancelled", "cancelled.sg")
    oracle = Oracle("given", "a test", lambda arrays: Measured(arrays["x"].mean(), {"w": np.array(left)}))
    report = check(model, Formulas((), {"w": ((), number(0))}), oracle=oracle)
    assert report.outcome is outcome, str(report)
