"""The document in the terminal: one line per formula, the reason beside it."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

from symgrad.render.document import tell
from symgrad.render.plain import Plain
from symgrad.render.reasons import Ref, Text
from symgrad.render.tree import Block, Display, Document, Grid, Items, Paragraph, Row, Table

if TYPE_CHECKING:
    from rich.console import Console

    from symgrad.render.source import Derivation

_REASON_COLUMN = 64

Segment = tuple[str, str]
"""Text and its style: empty, ``title``, ``heading``, ``lead``, ``formula``, ``reason`` or ``number``."""

STYLES = {"title": "bold", "heading": "bold cyan", "lead": "italic", "formula": "", "reason": "dim", "number": "green"}


def to_text(derivation: Derivation, *, unicode: bool = True) -> str:
    """A derivation as text without colours; with ``unicode`` false, as ASCII."""
    return document_to_text(tell(derivation), unicode=unicode)


def document_to_text(told: Document, *, unicode: bool = True) -> str:
    """A document as text without colours; with ``unicode`` false, as ASCII."""
    text = "\n".join("".join(part for part, _ in line).rstrip() for line in _Lines(told, unicode=unicode).all()) + "\n"
    return text if unicode else ascii_text(text)


def to_terminal(derivation: Derivation, console: Console) -> None:
    """Print a derivation on a rich console, which honours NO_COLOR; in ASCII where it cannot take Unicode."""
    document_to_terminal(tell(derivation), console)


def document_to_terminal(told: Document, console: Console) -> None:
    """Print a document likewise."""
    from rich.text import Text as Styled

    unicode = "utf" in (console.encoding or "").lower()
    for line in _Lines(told, unicode=unicode).all():
        styled = Styled()
        for part, style in line:
            styled.append(part if unicode else ascii_text(part), style=STYLES.get(style, ""))
        console.print(styled, soft_wrap=True, highlight=False)


def ascii_text(text: str) -> str:
    """Text with every character outside ASCII replaced."""
    return text.encode("ascii", "replace").decode("ascii")


class _Lines:
    def __init__(self, told: Document, *, unicode: bool) -> None:
        self.told, self.unicode = told, unicode
        self.plain = Plain(unicode=unicode)

    def all(self) -> list[list[Segment]]:
        told = self.told
        out: list[list[Segment]] = [[(told.title, "title")]]
        out += [[(line, "")] for line in told.introduction]
        for block in told.blocks:
            out += [[], *self.block(block)]
        if told.sources:
            out += [[], *([("Source: " + source, "")] for source in told.sources)]
        return out

    def block(self, block: Block) -> list[list[Segment]]:
        out: list[list[Segment]] = [[(self.text(block.heading), "heading")]]
        for part in block.parts:
            match part:
                case Paragraph(text, lead):
                    out += [[], [("  ", ""), (self.text(lead), "lead")]] if lead else []
                    out += [
                        [(line, "")] for line in wrap(self.text(text), 96, initial_indent="  ", subsequent_indent="  ")
                    ]
                case Items(items):
                    for k, item in enumerate(items, 1):
                        lead_in, rest = f"  ({k}) ", " " * 6
                        wrapped = wrap(self.text(item), 96, initial_indent=lead_in, subsequent_indent=rest)
                        out += [[(line, "")] for line in wrapped]
                case Table(rows):
                    widest = max(len(self.text(name)) for name, _ in rows)
                    out += [
                        [("    " + self.text(name).ljust(widest) + "  ", ""), (value, "formula")]
                        for name, value in rows
                    ]
                case Grid(head, grid):
                    cells = [tuple(self.text(name) for name in head), *grid]
                    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
                    for k, row in enumerate(cells):
                        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
                        out.append([(f"    {line.rstrip()}", "formula" if k else "")])
                case Display(rows, _):
                    out += self.display(rows)
        if block.kind == "proof":
            out.append([("  ∎" if self.unicode else "  QED", "")])
        return out

    def text(self, text: Text) -> str:
        return "".join(self.piece(piece) for piece in text).strip(" \n") if text else ""

    def piece(self, piece: object) -> str:
        if isinstance(piece, str):
            return piece
        if isinstance(piece, Ref):
            number = self.told.numbers.get(piece.label)
            return f"({number})" if number else "above"
        return self.plain(piece)  # type: ignore[arg-type]

    def display(self, rows: tuple[Row, ...]) -> list[list[Segment]]:
        out: list[list[Segment]] = []
        indent = 0
        for k, row in enumerate(rows):
            left = self.plain(row.left) if row.left is not None else ""
            if row.left is not None:
                if out and any(r.left is None for r in rows):
                    out.append([])
                indent = min(len(left), 24)
            relation = self.plain.sign(row.relation)
            formula = f"    {left or ' ' * indent} {relation} {self.plain(row.right)}"
            line: list[Segment] = [(formula, "formula")]
            if row.reason:
                line.append((" " * max(2, _REASON_COLUMN - len(formula)) + "| ", "reason"))
                line.append((self.text(row.reason), "reason"))
            if row.label in self.told.numbers and row.label not in {r.label for r in rows[k + 1 :]}:
                line.append((f"  ({self.told.numbers[row.label]})", "number"))
            out.append(line)
        return out
