"""A program: the tensors of a model and its Wengert list, as the kernel sees them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from symgrad.kernel.terms import Index, Term


@dataclass(frozen=True)
class Tensor:
    """A declared tensor; ``shape`` names the size of each index position."""

    name: str
    kind: Literal["data", "parameter", "definition"]
    shape: tuple[str, ...]


@dataclass(frozen=True)
class Definition:
    """``name[letters] = body``; the body mentions no free letter but these."""

    name: str
    letters: tuple[Index, ...]
    body: Term


@dataclass(frozen=True)
class Program:
    """Tensors and definitions, each using only what stands above it.

    ``definitions`` ends with ``loss``, whose shape is ``(batch,)``, or ``()`` in the single-sample program, followed,
    in the batch program, by the scalar ``objective`` (definitions may stand between the two).
    """

    batch: str
    """Name of the size that counts samples."""
    inputs: tuple[Tensor, ...]
    """Data and parameters, in the order declared."""
    definitions: tuple[Definition, ...]

    @cached_property
    def tensors(self) -> dict[str, Tensor]:
        """Every tensor by name."""
        made = [Tensor(d.name, "definition", tuple(i.size for i in d.letters)) for d in self.definitions]
        return {t.name: t for t in (*self.inputs, *made)}

    @cached_property
    def bodies(self) -> dict[str, Definition]:
        """Every definition by name."""
        return {d.name: d for d in self.definitions}
