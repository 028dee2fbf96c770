"""The document as Markdown with ``$$`` formulas, in the dialect that KaTeX and MathJax share."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from symgrad.render.document import tell
from symgrad.render.latex import RELATION, Latex
from symgrad.render.names import tex_text
from symgrad.render.reasons import Ref, Text
from symgrad.render.tree import Block, Code, Display, Document, Figure, Grid, Items, Paragraph, Part, Row, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from symgrad.render.source import Derivation

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|$~&]|^[-+])")


def to_markdown(derivation: Derivation) -> str:
    """A derivation as Markdown."""
    return document_to_markdown(tell(derivation))


def document_to_markdown(told: Document) -> str:
    """A document as Markdown."""
    return _Markdown(told).all()


def escaped(text: str) -> str:
    """Free text that Markdown takes literally."""
    return _SPECIAL.sub(r"\\\1", re.sub(r"\s+", " ", text))


def aligned(rows: Sequence[Row], ends: Sequence[str] = ()) -> str:
    """Rows as one displayed formula.

    Args:
        rows: the lines.
        ends: what follows each line; nothing, if left out.
    """
    write = Latex(macros=False)
    lines = []
    for row, end in zip(rows, ends or [""] * len(rows), strict=True):
        left = write(row.left) if row.left is not None else ""
        relation = RELATION[row.relation].replace(r"\sgdef", ":=")
        lines.append(f"{left} &{relation} {write(row.right)}{end}")
    return "$$\n\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}\n$$"


class _Markdown:
    def __init__(self, told: Document) -> None:
        self.told = told
        self.inline = Latex(macros=False, inline=True)

    def all(self) -> str:
        told = self.told
        out = [f"# {escaped(told.title)}", *([" ".join(map(escaped, told.introduction))] if told.introduction else [])]
        for block in told.blocks:
            out += self.block(block)
        out += [f"Source: {escaped(source)}" for source in told.sources]
        return "\n\n".join(out) + "\n"

    def block(self, block: Block) -> list[str]:
        head = [f"{'#' * block.level} {self.text(block.heading)}"] if block.heading else []
        out = [*head, *(text for part in block.parts for text in self.part(part))]
        return [*out, "∎"] if block.kind == "proof" else out

    def part(self, part: Part) -> list[str]:
        match part:
            case Paragraph(text, lead):
                return [f"### {self.text(lead)}"] * bool(lead) + [self.text(text).strip()] * bool(text)
            case Items(items):
                return ["\n".join(f"{k}. {self.text(item)}" for k, item in enumerate(items, 1))]
            case Table(rows):
                body = "\n".join(f"| {self.text(name)} | {escaped(value)} |" for name, value in rows)
                return [f"| | |\n|---|---|\n{body}"]
            case Grid(head, grid):
                lines = [[self.text(name) for name in head], ["---"] * len(head), *(map(escaped, row) for row in grid)]
                return ["\n".join(f"| {' | '.join(line)} |" for line in lines)]
            case Code(text):
                return [f"```python\n{text}\n```"]
            case Figure(name, caption, _, beside):
                shown = [f"![{name}]({name}.svg)"] if beside else []
                return [*shown, f"*Figure: {self.text(caption)}*"]
            case Display(rows, _):
                return self.display(rows)

    def text(self, text: Text) -> str:
        return "".join(self.piece(piece) for piece in text)

    def piece(self, piece: object) -> str:
        if isinstance(piece, str):
            return escaped(piece)
        if isinstance(piece, Ref):
            return f"({self.told.numbers[piece.label]})"
        return f"${self.inline(piece)}$"  # type: ignore[arg-type]

    def display(self, rows: tuple[Row, ...]) -> list[str]:
        """One formula block for each chain, or for all where no chain has a second line."""
        chains: list[list[Row]] = []
        for row in rows:
            if not chains or (row.left is not None and any(r.left is None for r in rows)):
                chains.append([])
            chains[-1].append(row)
        last = {row.label: k for k, row in enumerate(rows)}
        out, at = [], 0
        for chain in chains:
            ends = []
            for row in chain:
                number = self.told.numbers[row.label] if row.label and last[row.label] == at else None
                why = f" && {self.words(row.reason)}" if row.reason else ""
                ends.append((rf" \qquad ({number})" if number else "") + why)
                at += 1
            out.append(aligned(chain, ends))
        return out

    def words(self, text: Text) -> str:
        """A reason inside a formula: words in text boxes, formulas between them."""
        out = ""
        for piece in text:
            if isinstance(piece, str):
                out += rf"\text{{{tex_text(piece)}}}"
            elif isinstance(piece, Ref):
                out += rf"\text{{({self.told.numbers[piece.label]})}}"
            else:
                out += self.inline(piece)
        return out
