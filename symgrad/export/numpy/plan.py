"""What is to be written: proved formulas as terms, with cotangents as tensors of their own.

The calculus makes a plan, the emitter reads it; neither knows the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from symgrad.kernel.program import Definition, Tensor
    from symgrad.kernel.terms import Index, Judgement, Term


@dataclass(frozen=True)
class Block:
    """The per-sample gradient with respect to one parameter, and what was proved of its products.

    Attributes:
        letters: the letters of the parameter.
        row: the gradient of sample n at these letters.
        shared: the letters that the row sums over; in a sum of products, those that share the parameter.
        groups: the factors of the row's product, each with its own letters of the parameter; of a row that is no
            product, the row alone.
        norm: the sum of the squares of the row, over its letters.
        gram: the same product for samples n and m.
        second: the sum over the samples of the weight and the squared row.
    """

    letters: tuple[Index, ...]
    row: Term
    shared: tuple[Index, ...]
    groups: tuple[tuple[tuple[Index, ...], Term], ...]
    norm: Term
    gram: Term
    second: Term

    @property
    def factored(self) -> bool:
        """Whether the row is a product of factors with letters of their own."""
        return len(self.groups) > 1

    @property
    def outer(self) -> bool:
        """Whether it is an outer product of two vectors, or a sum of such."""
        return sum(bool(letters) for letters, _ in self.groups) > 1


@dataclass(frozen=True)
class Plan:
    """A model, the formulas that were proved of it, and what is said of them.

    Attributes:
        name: of the model.
        title: of the model.
        sample: the letter n.
        other: the letter m of a second sample.
        inputs: data and parameters, in the order declared.
        labels: the data that are given as whole numbers.
        definitions: those of the model, in order.
        adjoints: the cotangents of one sample's loss, in an order in which each uses what stands above it.
        blocks: the per-sample gradients, by parameter.
        weight: the derivative of the objective by loss[n].
        whole_adjoints: the cotangents of the objective.
        gradients: the gradients of the objective, by parameter.
        assumptions: what the model takes for granted of its data.
        proved: what the header says of the proof, a line each.
        stable: the formulas whose stable form was proved, by ``patterns.key_of``.
        sha256: the hash of the certificate, which the docstrings cite.
    """

    name: str
    title: str
    sample: Index
    other: Index
    inputs: tuple[Tensor, ...]
    labels: tuple[str, ...]
    definitions: tuple[Definition, ...]
    adjoints: tuple[Definition, ...]
    blocks: Mapping[str, Block]
    weight: Term
    whole_adjoints: tuple[Definition, ...]
    gradients: Mapping[str, tuple[tuple[Index, ...], Term]]
    assumptions: tuple[Judgement, ...]
    proved: tuple[str, ...]
    stable: frozenset[Term]
    sha256: str
