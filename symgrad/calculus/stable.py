"""Stable forms: the formulas that code computes by, proved equal to the textbook's."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from symgrad.kernel.program import Program
    from symgrad.kernel.theorem import Theorem
    from symgrad.lang.model import Model


def stable_forms(program: Program, model: Model) -> dict[str, Theorem]:
    """The stable forms of a model's formulas, each as a theorem."""
    return {}
