"""What is rendered: the shape of a derivation, as the renderers see it.

Rendering stands beside the calculus, not above it, so it names what it reads instead of importing it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from symgrad.kernel.terms import Term
    from symgrad.kernel.terms import Judgement
    from symgrad.lang.model import Model


class Step(Protocol):
    """A kernel rule that was used on a line."""

    @property
    def rule(self) -> str:
        """Name of the rule."""

    @property
    def subject(self) -> Term | None:
        """What the rule speaks of: the definition, the equation, the function."""


class Line(Protocol):
    """One line of a chain: the line above it equals ``term``."""

    @property
    def term(self) -> Term: ...

    @property
    def steps(self) -> Sequence[Step]:
        """The rules used, each once, in order of use."""


class Chain(Protocol):
    """``left`` = first line = second line = ..."""

    @property
    def left(self) -> Term: ...

    @property
    def lines(self) -> Sequence[Line]: ...


class Section(Protocol):
    """A part of the proof."""

    @property
    def kind(self) -> str:
        """``local``, ``per_sample``, ``separable``, ``batch``, ``identity``, ``matrix`` or ``claims``."""

    @property
    def subject(self) -> Term | None:
        """The definition that a local section differentiates."""

    @property
    def chains(self) -> Sequence[Chain]: ...


class Formula(Protocol):
    """An equation in closed form."""

    @property
    def left(self) -> Term: ...

    @property
    def right(self) -> Term: ...


class Side(Protocol):
    """The gradients that one of the two programs gives."""

    @property
    def gradients(self) -> Mapping[str, Formula]:
        """Closed form by parameter."""


class MatrixForm(Protocol):
    """A gradient as a matrix formula."""

    @property
    def text(self) -> str: ...

    @property
    def tree(self) -> Any:
        """Nested tuples, as ``shaping.matrix_shape`` reads them."""


class Derivation(Protocol):
    """All that a document tells."""

    @property
    def model(self) -> Model: ...

    @property
    def single(self) -> Side: ...

    @property
    def batch(self) -> Side: ...

    @property
    def matrix(self) -> Mapping[str, MatrixForm]: ...

    @property
    def hypotheses(self) -> Sequence[Judgement]: ...

    @property
    def verdicts(self) -> Mapping[str, Mapping[str, Any]]: ...

    @property
    def claims(self) -> Sequence[Mapping[str, Any]]: ...

    @property
    def weights(self) -> Mapping[str, Any]: ...

    @property
    def verdict(self) -> str: ...

    @property
    def proof(self) -> Sequence[Section]: ...

    @property
    def checked(self) -> bool:
        """Whether the checker, in a process of its own, accepted the certificate."""

    @property
    def check_report(self) -> Any:
        """What the numeric check measured, or ``None``."""
