"""The document as one HTML page: MathML, a style sheet inside, no script, nothing loaded from anywhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from symgrad.render.document import tell
from symgrad.render.latex import RELATION, Latex
from symgrad.render.mathml import to_mathml
from symgrad.render.reasons import Ref, Text
from symgrad.render.tree import Block, Code, Display, Document, Figure, Grid, Items, Paragraph, Part, Row, Table

if TYPE_CHECKING:
    from symgrad.render.source import Derivation


def to_html(derivation: Derivation) -> str:
    """A derivation as a page that needs nothing but a browser."""
    return document_to_html(tell(derivation))


def document_to_html(told: Document) -> str:
    """A document as a page that needs nothing but a browser."""
    introduction = " ".join(told.introduction)
    return written("page.html", told, title=told.title, introduction=introduction, sources=told.sources)


def written(template: str, told: Document, *, folded: bool = False, **more: Any) -> str:
    """A document by a template of this folder; ``folded``: the proof opens on a click."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = _Page(told)
    blocks = [page.block(block) for block in told.blocks]
    return environment.get_template(template).render(blocks=blocks, folded=folded, **more)


class _Page:
    """The tree as what the template reads; only MathML and what this class escapes is marked as safe."""

    def __init__(self, told: Document) -> None:
        self.told = told
        self.latex, self.inline = Latex(macros=False), Latex(macros=False, inline=True)

    def block(self, block: Block) -> dict[str, Any]:
        parts = [self.part(part) for part in block.parts]
        return {"kind": block.kind, "level": block.level, "heading": self.text(block.heading), "parts": parts}

    def part(self, part: Part) -> dict[str, Any]:
        match part:
            case Paragraph(text, lead):
                return {"kind": "paragraph", "text": self.text(text), "lead": self.text(lead)}
            case Items(items):
                return {"kind": "items", "entries": [self.text(item) for item in items]}
            case Table(rows):
                return {"kind": "table", "rows": [(self.text(name), value) for name, value in rows]}
            case Grid(head, grid):
                return {"kind": "grid", "head": [self.text(name) for name in head], "rows": grid}
            case Code(text):
                return {"kind": "code", "text": text}
            case Figure(_, caption, svg, _):
                from markupsafe import Markup

                return {"kind": "figure", "caption": self.text(caption), "svg": Markup(svg)}
            case Display(rows, packed):
                last = {row.label: k for k, row in enumerate(rows)}
                made = [self.row(row, last=last.get(row.label) == k) for k, row in enumerate(rows)]
                return {"kind": "display", "rows": made, "packed": packed, "reasons": any(row.reason for row in rows)}

    def row(self, row: Row, *, last: bool) -> dict[str, Any]:
        from markupsafe import Markup

        numbered = bool(row.label) and last
        return {
            "start": row.left is not None,
            "left": self.formula(self.latex(row.left), block=True) if row.left is not None else "",
            "relation": self.formula(RELATION[row.relation].replace(r"\sgdef", r"\coloneqq")),
            "right": self.formula(self.latex(row.right), block=True),
            "reason": self.text(row.reason),
            "number": Markup("({})").format(self.told.numbers[row.label]) if numbered else "",
        }

    @staticmethod
    def formula(latex: str, *, block: bool = False) -> Any:
        from markupsafe import Markup

        return Markup(to_mathml(latex, block=block))

    def text(self, text: Text) -> Any:
        from markupsafe import Markup, escape

        return Markup("").join(self.piece(piece) if not isinstance(piece, str) else escape(piece) for piece in text)

    def piece(self, piece: object) -> Any:
        if isinstance(piece, Ref):
            return f"({self.told.numbers[piece.label]})"
        return self.formula(self.inline(piece))  # type: ignore[arg-type]
