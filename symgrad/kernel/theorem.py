"""Judgements and theorems, and the one door through which a theorem is made.

Python cannot hide a constructor. So this file aims lower: an accidental forgery is impossible, a deliberate one is
visible in review, and the checker, a second program, replays every theorem from its recorded steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from symgrad.kernel.terms import Term

Relation = Literal["=", ">", ">=", "!=", "separable"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """``left relation right``, for all values of the free letters. Signs have ``right`` zero."""

    relation: Relation
    left: Term
    right: Term
