"""Random small functions: what is imported, proved and evaluated agrees with the tape of the function itself.

The seeds are 0, 1, 2 ...
"""

import pytest
from soundness import length, record

from symgrad.calculus import derive
from symgrad.errors import InputError
from symgrad.lang.parser import parse_model
from symgrad.tensorflow import from_function

pytestmark = pytest.mark.tensorflow

COUNT = length(12, 300)
REFUSED, POWERLESS = [], []


@pytest.mark.parametrize("seed", range(COUNT))
def test_the_formulas_of_a_random_function_agree_with_its_tape(seed):
    from random_functions import random_function

    function, inputs, word = random_function(seed)
    try:
        model = from_function(function, normalized_labels=True, **inputs)
    except InputError as refusal:
        REFUSED.append(f"{word}: {refusal}")
        return
    assert parse_model(model.to_sg(), model.name) == model
    derivation = derive(model)
    assert all(verdict["status"] != "undecided" for verdict in derivation.verdicts.values()), word
    report = derivation.check("tensorflow", points=2)
    record("imported", seed, tried=1, disagree=int(report.outcome.value == "DISAGREE"))
    assert report.outcome.value != "DISAGREE", (word, report.reason)
    if report.outcome.value == "INCONCLUSIVE":
        POWERLESS.append(f"{word}: {report.reason}")


def test_at_most_one_function_in_fifty_is_refused():
    assert len(REFUSED) <= COUNT / 50, REFUSED


def test_few_comparisons_are_inconclusive():
    assert len(POWERLESS) <= COUNT / 10, POWERLESS
