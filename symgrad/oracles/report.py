"""What a framework is asked, what it answers, and the report of a comparison."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

from symgrad.errors import DisagreementError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from symgrad.kernel.program import Definition
    from symgrad.kernel.terms import Index, Term

    Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Formulas:
    """The gradient of the objective over the batch, as formulas over the program's tensors.

    Attributes:
        adjoints: further definitions, each using only tensors and what stands above it.
        gradients: for each parameter, its letters and the formula of that entry.
    """

    adjoints: tuple[Definition, ...]
    gradients: Mapping[str, tuple[tuple[Index, ...], Term]]


class Outcome(Enum):
    """What a comparison says; only ``AGREE`` is a pass."""

    AGREE = "AGREE"
    DISAGREE = "DISAGREE"
    INCONCLUSIVE = "INCONCLUSIVE"

    @property
    def exit_code(self) -> int:
        """The exit code of ``symgrad check``."""
        return {"AGREE": 0, "DISAGREE": 1, "INCONCLUSIVE": 3}[self.value]


@dataclass(frozen=True)
class Measured:
    """What a framework computed: the objective, and its gradient for each parameter (``None`` where it has none)."""

    objective: NDArray[Any] | None
    gradients: Mapping[str, NDArray[Any] | None]


@dataclass(frozen=True)
class Oracle:
    """An implementation to compare with.

    Attributes:
        kind: ``keras``, ``tensorflow`` (written by hand), ``generated`` (from the definitions) or ``given``.
        reason: why this kind, in a sentence.
        run: takes data and parameters by name, and differentiates by its own means.
        environment: versions and settings that a reader needs to repeat the run.
    """

    kind: str
    reason: str
    run: Callable[[Arrays], Measured]
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CheckReport:
    """The result of comparing formulas with a framework.

    Attributes:
        outcome: agree, disagree or inconclusive.
        reason: what it rests on, in a sentence.
        error_over_bound: the largest error in units of the rounding bound; 4 are allowed.
        ulp: the largest error in units in the last place of its tensor's largest entry.
        by_parameter: ``error_over_bound`` for each parameter.
        points: points compared.
        skipped: points drawn and not used: undefined, or a kink within the bound.
        sizes: the sizes at each point compared.
        tried: negative controls tried, as ``parameter: what is wrong``.
        survived: those that the same comparison failed to reject.
        errors: for each parameter, the error of every entry at every point in units of its rounding bound.
    """

    outcome: Outcome
    reason: str
    model: str
    backend: str
    dtype: str
    oracle: str
    oracle_reason: str
    environment: Mapping[str, str]
    error_over_bound: float | None
    ulp: float | None
    by_parameter: Mapping[str, float]
    points: int
    skipped: int
    sizes: tuple[Mapping[str, int], ...]
    real_data: bool
    tried: tuple[str, ...]
    survived: tuple[str, ...]
    errors: Mapping[str, tuple[float, ...]] = field(default_factory=dict, repr=False)

    def require(self) -> CheckReport:
        """This report, if it agrees.

        Raises:
            DisagreementError: if it disagrees or is inconclusive.
        """
        if self.outcome is not Outcome.AGREE:
            raise DisagreementError(str(self))
        return self

    def to_json(self) -> dict[str, Any]:
        """The report as JSON; an infinite error is ``null``, for JSON has no infinity."""
        return {
            "outcome": self.outcome.value,
            "reason": self.reason,
            "error_over_bound": _finite(self.error_over_bound),
            "ulp": _finite(self.ulp),
            "by_parameter": {name: _finite(value) for name, value in self.by_parameter.items()},
            "points": self.points,
            "skipped": self.skipped,
            "sizes": [dict(s) for s in self.sizes],
            "real_data": self.real_data,
            "controls": {
                "tried": len(self.tried),
                "rejected": len(self.tried) - len(self.survived),
                "survived": list(self.survived),
            },
            "dtype": self.dtype,
            "backend": self.backend,
            "oracle": self.oracle,
            "oracle_reason": self.oracle_reason,
            "environment": dict(self.environment),
        }

    def __str__(self) -> str:
        version = self.environment.get("version", "")
        start = f"{self.outcome.value} with {self.backend} {version}".rstrip() + f" ({self.oracle}, {self.dtype})"
        if self.outcome is not Outcome.AGREE or self.error_over_bound is None or self.ulp is None:
            return f"{start}: {self.reason}"
        rejected = len(self.tried) - len(self.survived)
        return (
            f"{start}: {self.points} point{'s' * (self.points != 1)}, error {self.error_over_bound:.2g} of the "
            f"rounding bound, {self.ulp:.2g} ulp; {rejected} of {len(self.tried)} wrong formulas rejected"
        )


def _finite(value: float | None) -> float | None:
    return value if value is not None and value - value == 0 else None
