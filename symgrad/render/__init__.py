"""How it looks: one document tree, written as LaTeX, HTML, Markdown and text."""
