"""How it looks: one document tree, written as LaTeX, PDF, HTML, Markdown and text."""

from symgrad.render.markdown import to_markdown
from symgrad.render.notebook import to_html_fragment, to_latex_block
from symgrad.render.page import to_html
from symgrad.render.pdf import compile_pdf
from symgrad.render.terminal import to_terminal, to_text
from symgrad.render.tex import macros, to_tex

__all__ = [
    "compile_pdf",
    "macros",
    "to_html",
    "to_html_fragment",
    "to_latex_block",
    "to_markdown",
    "to_terminal",
    "to_tex",
    "to_text",
]
