from __future__ import annotations

import pytest

from symgrad.errors import DisagreementError
from symgrad.oracles.report import CheckReport, Outcome


def report(outcome, **changes):
    known = {
        "outcome": outcome,
        "reason": "the reason",
        "model": "m",
        "backend": "tensorflow",
        "dtype": "float64",
        "oracle": "keras",
        "oracle_reason": "why",
        "environment": {"version": "2.21.0"},
        "error_over_bound": 0.125,
        "ulp": 2.0,
        "by_parameter": {"w": 0.125},
        "points": 5,
        "skipped": 1,
        "sizes": ({"N": 3},),
        "real_data": False,
        "tried": ("w: sign", "w: factor 2"),
        "survived": (),
    }
    return CheckReport(**{**known, **changes})


def test_only_agreement_passes():
    assert report(Outcome.AGREE).require() == report(Outcome.AGREE)
    for outcome in (Outcome.DISAGREE, Outcome.INCONCLUSIVE):
        with pytest.raises(DisagreementError, match="the reason"):
            report(outcome).require()


def test_exit_codes_are_those_of_the_command():
    assert [outcome.exit_code for outcome in Outcome] == [0, 1, 3]


def test_one_line_says_what_was_measured():
    assert str(report(Outcome.AGREE)) == (
        "AGREE with tensorflow 2.21.0 (keras, float64): 5 points, error 0.12 of the rounding bound, 2 ulp; "
        "2 of 2 wrong formulas rejected"
    )
    assert str(report(Outcome.INCONCLUSIVE, error_over_bound=None, ulp=None)).endswith("(keras, float64): the reason")


def test_json_has_no_infinity():
    data = report(Outcome.DISAGREE, error_over_bound=float("inf"), by_parameter={"w": float("nan")}).to_json()
    assert data["error_over_bound"] is None
    assert data["by_parameter"] == {"w": None}
    assert data["controls"] == {"tried": 2, "rejected": 2, "survived": []}
