"""The document tree: what every renderer writes."""

from __future__ import annotations

from dataclasses import dataclass, field

from symgrad.render.reasons import Text
from symgrad.render.shapes import Shape

HEADINGS = {
    "setting": "Setting",
    "assumption": "Assumptions",
    "proposition": "Proposition",
    "remark": "Remark",
    "proof": "Proof",
    "check": "Machine check",
}
"""The kinds of blocks, with their headings."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a display: ``left relation right``, why, and its label if other lines refer to it.

    ``left`` is ``None`` where the line goes on from the one above.
    """

    left: Shape | None
    right: Shape
    relation: str = "="
    reason: Text = ()
    label: str = ""
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Words; ``lead`` is what they begin with, set apart."""

    text: Text
    lead: Text = ()


@dataclass(frozen=True, slots=True)
class Items:
    """Numbered words."""

    items: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Display:
    """Displayed formulas. ``packed``: several may share a line, since none goes on from another."""

    rows: tuple[Row, ...]
    packed: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A small table: a name and its value on each line."""

    rows: tuple[tuple[Text, str], ...]


Part = Paragraph | Items | Display | Table


@dataclass(frozen=True, slots=True)
class Block:
    """A part of one of the kinds in ``HEADINGS``."""

    kind: str
    parts: tuple[Part, ...]
    title: Text = ()


@dataclass(frozen=True)
class Document:
    """What is told, in order.

    Attributes:
        name: the model's name.
        title: its title; free text.
        introduction: what the author says first; free text, a line each.
        sources: where the claims come from; free text.
        blocks: the parts.
    """

    name: str
    title: str
    introduction: tuple[str, ...]
    sources: tuple[str, ...]
    blocks: tuple[Block, ...]
    numbers: dict[str, int] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        for block in self.blocks:
            for part in block.parts:
                for row in part.rows if isinstance(part, Display) else ():
                    if row.label:
                        self.numbers.setdefault(row.label, len(self.numbers) + 1)
