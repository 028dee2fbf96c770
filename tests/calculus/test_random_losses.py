"""Random losses: whatever is derived agrees with forward differentiation of the text."""

from collections import Counter

import pytest
from flint import fmpq
from random_losses import drawn_losses
from second_reader import IrrationalError, Reading, UndefinedError, agree, drawn, pattern, read
from soundness import length, record

from symgrad.calculus import derive
from symgrad.lang.parser import parse_model

PIECES = length(1, 54)
OUTCOMES = []


def contradictions(text, report):
    """Every formula of a derivation that is not the derivative at one of two points; and how often it was compared.

    Compared are exact rationals where the program is rational at rational points, and the formulas with it; else balls.
    """
    source, false, compared = read(text), [], Counter()
    for point in (1, 2):
        sizes, values = drawn(source, point, {"N": 3 - point % 2, "D": 2, "K": 3})
        for exactly in (True, False):
            try:
                differing, times = at_one_point(source, report, sizes, values, exactly)
            except UndefinedError:
                break
            except IrrationalError:
                continue
            false += differing
            compared["exactly" if exactly else "balls"] += times
            break
    return false, compared


def at_one_point(source, report, sizes, values, exactly):
    false, compared = [], 0
    plain = Reading(source, sizes, values, exactly=exactly)
    truth = plain.value("objective").slopes
    samples = [plain.alone(n).value("loss[n]", {"n": 0}).slopes for n in range(sizes["N"])]
    for side in ("batch_mean", "per_sample"):
        more = source.also(report[side]["adjoints"], report["indices"])
        reading = Reading(more, sizes, values, exactly=exactly)
        for formulas in (report[side]["gradients"], report["closed"][side]):
            for left, right in formulas.items():
                name, letters = pattern(left)
                for where in plain.places(name):
                    at = dict(zip(letters, where, strict=True))
                    alone = [({}, truth)] if side == "batch_mean" else [({"n": n}, s) for n, s in enumerate(samples)]
                    for more_letters, slopes in alone:
                        compared += 1
                        found, slope = reading.value(right, {**at, **more_letters}).value, slopes.get((name, where), 0)
                        assert isinstance(found, fmpq) is exactly
                        assert isinstance(slope, fmpq | int) or not exactly
                        if not agree(found, slope):
                            false.append(f"{left} = {right}")
    return false, compared


@pytest.mark.parametrize("piece", range(PIECES))
def test_every_formula_that_is_derived_is_the_derivative(piece):
    false, undecided, compared = [], [], Counter()
    losses = drawn_losses(piece)
    for text in losses:
        report = derive(parse_model(text, "random")).to_json()
        OUTCOMES.append(report["verdict"])
        wrong, times = contradictions(text, report)
        compared.update(times)
        false += [text] if wrong or report["verdict"] == "refuted" else []
        undecided += [text] if report["verdict"] == "undecided" else []
    counted = {"tried": len(losses), **compared, "undecided": len(undecided), "false": len(false)}
    record("random_losses", piece, **counted, left_open=undecided)
    assert not false
    assert compared.total() > len(losses)
    assert compared["exactly"] > 0


def test_few_random_losses_stay_undecided():
    assert len(OUTCOMES) >= 30
    assert OUTCOMES.count("undecided") <= len(OUTCOMES) / 20
