"""What is rendered: the shape of a derivation, as the renderers see it.

Rendering stands beside the calculus, not above it, so it names what it reads instead of importing it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from symgrad.kernel.program import Program
    from symgrad.kernel.terms import Judgement, Term
    from symgrad.kernel.theorem import Theorem
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
    """``left`` = first line = second line = ..., about the tensors of ``program``."""

    @property
    def program(self) -> Program: ...

    @property
    def left(self) -> Term: ...

    @property
    def lines(self) -> Sequence[Line]: ...


class Section(Protocol):
    """A part of the proof."""

    @property
    def kind(self) -> str:
        """Which part, such as ``local`` or ``identity``; see the titles in ``proof``."""

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
    """The gradients that one of the two programs gives, by parameter."""

    @property
    def adjoints(self) -> Mapping[str, Formula]:
        """Derivatives with respect to the intermediates, by those that are nearer to the end of the program."""

    @property
    def gradients(self) -> Mapping[str, Formula]:
        """By the derivatives with respect to the intermediates."""

    @property
    def closed(self) -> Mapping[str, Formula]:
        """In closed form, where one was found."""


class MatrixForm(Protocol):
    """A gradient as a matrix formula."""

    @property
    def text(self) -> str: ...

    @property
    def tree(self) -> Any:
        """Nested tuples, as ``matrices.matrix_shape`` reads them."""


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
    def statements(self) -> Mapping[str, Theorem]:
        """Every stated theorem by name, ``claim 1`` for example."""

    @property
    def weights(self) -> Mapping[str, Any]: ...

    @property
    def verdict(self) -> Any:
        """The verdict, or an enumeration of which it is the value."""

    def certificate(self) -> str:
        """The proofs as canonical text."""

    @property
    def proof(self) -> Sequence[Section]: ...

    @property
    def checked(self) -> bool:
        """Whether the checker, in a process of its own, accepted the certificate."""

    @property
    def check_report(self) -> Any:
        """What the numeric check measured, or ``None``."""

    @property
    def by_coq(self) -> Any:
        """What Coq said, if it accepted this very derivation, or ``None``."""


def coupled(derivation: Derivation) -> bool:
    """Whether per-sample derivatives are rows of the Jacobian, since a loss depends on other samples."""
    separable = derivation.verdicts.get("separable", {}).get("status")
    rows = bool(derivation.verdicts.get("tape", {}).get("coupled"))
    return separable == "refuted" or (separable != "proved" and rows)


def vacuous(derivation: Derivation) -> str:
    """Why nothing is claimed, where that is so for every verdict alike; else empty."""
    told = {(v.get("status"), str(v.get("residual", ""))) for v in derivation.verdicts.values()}
    ((status, residual), *more) = told or {("", "")}
    return residual if status == "undecided" and not more and len(derivation.verdicts) > 1 else ""
