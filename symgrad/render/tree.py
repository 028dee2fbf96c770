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
    "question": "",
    "theorem": "Theorem",
    "example": "Counterexample",
    "audit": "",
    "text": "",
}
"""The kinds of blocks, with their headings.

A question and a part of an audit are headed by their titles alone; text goes on without one.
"""


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


@dataclass(frozen=True, slots=True)
class Grid:
    """A table with a heading over each column; the cells are values."""

    head: tuple[Text, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Code:
    """Lines of a program, shown as they are."""

    text: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture with its caption.

    Attributes:
        name: what its file is called, without the ending.
        caption: what is seen.
        svg: the picture itself, for a page that holds it; trusted.
        beside: whether its file lies beside the document, for those that refer to it.
    """

    name: str
    caption: Text
    svg: str = ""
    beside: bool = False


Part = Paragraph | Items | Display | Table | Grid | Code | Figure


@dataclass(frozen=True, slots=True)
class Block:
    """A part of one of the kinds in ``HEADINGS``."""

    kind: str
    parts: tuple[Part, ...]
    title: Text = ()

    @property
    def heading(self) -> Text:
        """What stands over the block."""
        kind = HEADINGS[self.kind]
        return (f"{kind} (", *self.title, ")") if kind and self.title else (kind,) if kind else self.title

    @property
    def level(self) -> int:
        """How deep the heading is: 2, or 3 where the block is part of an answer."""
        return 3 if self.kind in {"theorem", "example"} else 2


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
