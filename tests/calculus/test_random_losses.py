"""Random losses: whatever is derived agrees with forward differentiation of the text."""

import random_losses
from hypothesis import HealthCheck, Phase, given, settings
from second_reader import Reading, UndefinedError, agree, drawn, pattern, read

from symgrad.calculus import derive
from symgrad.lang.parser import parse_model

EXAMPLES = 60
OUTCOMES = []


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(random_losses.losses())
def test_every_formula_that_is_derived_is_the_derivative(text):
    derivation = derive(parse_model(text, "random"))
    report = derivation.to_json()
    OUTCOMES.append(report["verdict"])
    assert report["verdict"] != "refuted", text
    source = read(text)
    for seed in (1, 2):
        sizes, values = drawn(source, seed, {"N": 3 - seed % 2, "D": 2, "K": 3})
        plain = Reading(source, sizes, values)
        try:
            truth = plain.value("objective").slopes
            samples = [plain.alone(n).value("loss[n]", {"n": 0}).slopes for n in range(sizes["N"])]
        except UndefinedError:
            continue
        for side in ("batch_mean", "per_sample"):
            reading = Reading(source.also(report[side]["adjoints"], report["indices"]), sizes, values)
            for formulas in (report[side]["gradients"], report["closed"][side]):
                for left, right in formulas.items():
                    name, letters = pattern(left)
                    for where in plain.places(name):
                        at = dict(zip(letters, where, strict=True))
                        if side == "batch_mean":
                            assert agree(reading.value(right, at).value, truth.get((name, where), 0)), text
                            continue
                        for n, slopes in enumerate(samples):
                            found = reading.value(right, {**at, "n": n}).value
                            assert agree(found, slopes.get((name, where), 0)), text


def test_few_random_losses_stay_undecided():
    assert len(OUTCOMES) >= EXAMPLES / 2
    assert OUTCOMES.count("undecided") <= len(OUTCOMES) / 10
