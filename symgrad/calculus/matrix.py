"""Matrix forms: proposed where the formula is a chain of products, then proved entry by entry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from symgrad.calculus.local import Chain


@dataclass(frozen=True)
class MatrixForm:
    """The gradient with respect to one parameter as a matrix formula."""

    text: str
    tree: Any
    chain: Chain


def matrix_forms(model: Any, reverse: Any, statements: Any) -> dict[str, MatrixForm]:
    """The matrix forms that are found and proved, by parameter."""
    return {}
