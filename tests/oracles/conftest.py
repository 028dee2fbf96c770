from __future__ import annotations

from pathlib import Path

import pytest

from symgrad.kernel.functions import inverse
from symgrad.kernel.terms import ZERO, Entry, Partial, Size, Times, sigma
from symgrad.lang.parser import load_model
from symgrad.oracles.report import Formulas

DERIVATIONS = Path(__file__).parents[2] / "derivations"


@pytest.fixture(scope="session")
def entry():
    """An entry of the catalogue by name."""
    return lambda name: load_model(DERIVATIONS / name / "derivation.sg")


@pytest.fixture(scope="session")
def claimed():
    """The batch gradients that a model's claims state: of the objective, else the mean of the loss's."""

    def formulas(model):
        gradients = {}
        parameters = {t.name for t in model.program.inputs if t.kind == "parameter"}
        for claim in model.claims:
            if not isinstance(claim.left, Partial) or claim.left.wrt.tensor not in parameters or claim.expect_refuted:
                continue
            if claim.left.body not in (Entry("objective", ()), Entry("loss", (model.batch,))):
                continue
            if claim.expect_refuted or claim.left.body.tensor not in {"loss", "objective"}:
                continue
            name, letters = claim.left.wrt.tensor, claim.left.wrt.indices
            mean = Times((inverse(Size(model.batch.size)), sigma(model.batch, claim.right)))
            if claim.right == ZERO:  # what cancels bounds the rounding: a zero alone says nothing of it
                gradients[name] = letters, sigma(model.batch, Entry("r", (model.batch, *letters)))
            elif claim.left.body == Entry("objective", ()):
                gradients[name] = letters, claim.right
            else:
                gradients.setdefault(name, (letters, mean))
        return Formulas((), gradients)

    return formulas
