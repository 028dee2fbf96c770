"""The model: what a ``.sg`` file or a Python script says, checked and ready to derive."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from symgrad.kernel.program import Program
    from symgrad.kernel.terms import Index, Judgement, Term


@dataclass(frozen=True)
class Claim:
    """An equation that somebody believes, or expects to be refuted."""

    left: Term
    right: Term
    expect_refuted: bool = False


@dataclass(frozen=True)
class Model:
    """A loss in index notation, with symbolic sizes.

    Attributes:
        name: identifier, from the file's folder or name.
        title: what the documents call it.
        introduction: the comment block at the top of the file, a line each.
        batch: the letter of the samples.
        letters: every declared index letter, in order (``n`` : N ...).
        program: tensors and definitions, with ``loss`` and ``objective``.
        assumptions: the ``assume`` statements.
        claims: the ``claim`` statements, in order.
        expected: ``identity`` and ``separable`` if the file expects them refuted.
        sources: the ``source`` statements.
        labels: the data that are labels, as ``y[n] : K`` declares them: a tensor y[n, k] that is one where k is the
            label of n and zero elsewhere.
        warnings: what the reader should know, such as a parameter that does not occur.
    """

    name: str
    title: str
    introduction: tuple[str, ...]
    batch: Index
    letters: tuple[Index, ...]
    program: Program
    assumptions: tuple[Judgement, ...] = ()
    claims: tuple[Claim, ...] = ()
    expected: frozenset[str] = frozenset()
    sources: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    warnings: tuple[str, ...] = field(default=(), compare=False)
