"""The model: what a ``.sg`` file or a Python script says, checked and ready to derive."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from symgrad.kernel.program import Program
    from symgrad.kernel.terms import Index, Judgement, Term


@dataclass(frozen=True)
class Claim:
    """An equation that somebody believes, or expects to be refuted."""

    left: Term
    right: Term
    expect_refuted: bool = False


@dataclass(frozen=True)
class Origin:
    """The program that a model was read from.

    Attributes:
        oracle: gives the program itself as an implementation to compare with.
        sizes: the length that each named size has in the program.
        constants: data that the program fixes, as arrays.
        indicators: data that say by zeros and a one what an integer label says.
        variables: for each parameter, the program's name of it.
        notes: what the import held fixed or took for granted, a sentence each.
    """

    oracle: Callable[[], Any]
    sizes: Mapping[str, int]
    constants: Mapping[str, Any]
    indicators: tuple[str, ...]
    variables: Mapping[str, str]
    notes: tuple[str, ...]


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
        origin: the program that the model was read from, if it was; two models that state the same are equal
            whatever their origin.
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
    origin: Origin | None = field(default=None, compare=False, repr=False)

    def to_sg(self) -> str:
        """The model as the text of a ``.sg`` file; reading it gives the same model."""
        from symgrad.lang.text import model_text

        return model_text(self)
