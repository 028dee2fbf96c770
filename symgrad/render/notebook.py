"""What a notebook shows of a derivation: its result as a formula, or the document with the proof folded."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from symgrad.render.document import tell
from symgrad.render.markdown import aligned
from symgrad.render.names import tex_text
from symgrad.render.page import written
from symgrad.render.tree import Display

if TYPE_CHECKING:
    from symgrad.render.source import Derivation

_RESULT = {"persample", "batch", "matrix"}


def to_latex_block(derivation: Derivation) -> str:
    """The gradients of one sample and of the batch as one displayed formula, for MathJax and KaTeX.

    What was not proved is not stated; where nothing was, the block says so.
    """
    told = tell(derivation)
    rows = [
        replace(row, label="")
        for block in told.blocks
        if block.kind == "proposition"
        for part in block.parts
        if isinstance(part, Display)
        for row in part.rows
        if row.label.split(":")[0] in _RESULT
    ]
    if not rows:
        return rf"$$\text{{Nothing was proved of the gradients of {tex_text(told.title)}.}}$$"
    return aligned(rows)


def to_html_fragment(derivation: Derivation) -> str:
    """A derivation as HTML to put into a page: setting, statements and remarks; the proof opens on a click."""
    return written("fragment.html", tell(derivation), folded=True)
