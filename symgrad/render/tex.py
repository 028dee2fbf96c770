"""The document as a LaTeX fragment for a paper, and the macros that it needs.

The fragment is the same, byte for byte, on every run. Every line of it is laid out for the narrowest usual column, so
that a paper's own text width never makes a line too long.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Literal

from symgrad.errors import InputError
from symgrad.render.document import tell
from symgrad.render.latex import RELATION, Latex
from symgrad.render.layout import lines, text_width, width
from symgrad.render.names import tex_text
from symgrad.render.reasons import Ref, Text
from symgrad.render.tree import Block, Code, Display, Document, Figure, Grid, Items, Paragraph, Part, Row, Table

if TYPE_CHECKING:
    from symgrad.render.source import Derivation

_BETWEEN = {
    "persample": "for one sample,",
    "mean": "for the objective,",
    "batch": "in closed form,",
    "matrix": "and as matrices,",
    "claim": "further,",
}
"""Words before a part of a long statement."""

Reasons = Literal["side", "letters"]

_TEXT_WIDTH = {"side": 340.0, "letters": 225.0}
"""Points at a type size of 10: an ``article``; a column of a two-column paper."""

_GAP, _RELATION, _TAG, _INDENT = 11.0, 14.0, 22.0, 20.0

_MACROS = r"""% symgrad-macros.tex: the notation of every symgrad fragment.
% Load it once in the preamble, after your own macros:   \input{symgrad-macros}
% Every name starts with \sg and is only provided, so it neither clashes with your macros nor overrides them.
% To change the notation of all fragments, \renewcommand after this line.
\RequirePackage{amsmath}
\RequirePackage{amssymb}
\RequirePackage{amsthm}
\RequirePackage{bm}
\providecommand{\sgvec}[1]{\bm{#1}}                  % vectors (\mathbf: Bishop, Murphy)
\providecommand{\sgmat}[1]{\bm{#1}}                  % matrices
\providecommand{\sgT}{^{\top}}                       % transpose (^{\mathsf{T}})
\providecommand{\sgR}{\mathbb{R}}
\providecommand{\sgloss}{\ell}                       % loss of one sample
\providecommand{\sgLoss}{\mathcal{L}}                % objective of the batch (J, L, E)
\providecommand{\sgsigma}{\sigma}                    % logistic sigmoid
\providecommand{\sgones}{\sgvec{1}}                  % vector of ones
\providecommand{\sgdef}{\mathrel{:=}}                % defining equality
\providecommand{\sge}{\mathrm{e}}                    % base of the natural logarithm
\providecommand{\sgpd}[2]{\frac{\partial #1}{\partial #2}}
\providecommand{\sggrad}[1]{\nabla_{\!#1}\,}
\providecommand{\sgby}[1]{\text{\small #1}}          % a reason beside a line
\providecommand{\sgwrap}[2]{\parbox[c]{#1}{\small\raggedright\strut#2\strut}} % a long reason
\makeatletter
\@ifundefined{sgprop}{\theoremstyle{plain}\newtheorem{sgprop}{Proposition}}{}
\@ifundefined{sgasm}{\theoremstyle{definition}\newtheorem{sgasm}{Assumption}}{}
\@ifundefined{sgnote}{\theoremstyle{remark}\newtheorem*{sgnote}{Remark}}{}
\@ifundefined{sgrem}{\theoremstyle{remark}\newtheorem*{sgrem}{Machine check}}{}
\makeatother
\theoremstyle{plain}
"""


def macros() -> str:
    """The text of ``symgrad-macros.tex``."""
    return _MACROS


def to_tex(derivation: Derivation, reasons: Reasons = "side", *, standalone: bool = False) -> str:
    """A derivation as LaTeX.

    Args:
        derivation: what to tell.
        reasons: ``side``, beside each line, or ``letters``, on the equals signs with the words below (narrow columns).
        standalone: a whole file, macros included; otherwise a fragment to input, which needs symgrad-macros.tex.

    Raises:
        InputError: for another way of giving reasons.
    """
    if reasons not in _TEXT_WIDTH:
        raise InputError(f"reasons {reasons!r}: choose side or letters")
    told = tell(derivation)
    fragment = _Tex(told, reasons).fragment(_digest(derivation))
    return _whole(told, fragment) if standalone else fragment


def document_to_tex(told: Document) -> str:
    """A document that is no proof of one model, as a whole LaTeX file, macros included."""
    return _whole(told, _Tex(told, "side").fragment(""))


def _digest(derivation: Derivation) -> str:
    """Hash of the certificate; only what is proved has one."""
    if getattr(derivation.verdict, "value", derivation.verdict) != "proved":
        return ""
    return sha256(derivation.certificate().encode()).hexdigest()


def _whole(told: Document, fragment: str) -> str:
    pictures = any(isinstance(part, Figure) and part.beside for block in told.blocks for part in block.parts)
    return "\n".join(
        [
            r"\documentclass[11pt]{article}",
            r"\usepackage[a4paper,margin=1in]{geometry}",
            r"\IfFileExists{lmodern.sty}{\usepackage[T1]{fontenc}\usepackage{lmodern}}{}",
            *([r"\usepackage{graphicx}"] if pictures else []),
            _MACROS.rstrip(),
            r"\begin{document}",
            rf"\section*{{{tex_text(told.title)}}}",
            fragment.rstrip(),
            r"\end{document}",
            "",
        ]
    )


@dataclass(frozen=True, slots=True)
class _Cell:
    """A row of a display as text: what stands left and right, and the reason."""

    left: str
    relation: str
    right: str
    reason: str
    natural: float
    label: str


class _Tex:
    def __init__(self, told: Document, reasons: str) -> None:
        self.told, self.reasons = told, reasons
        self.latex, self.inline = Latex(), Latex(inline=True)
        self.room = _TEXT_WIDTH[reasons]

    def fragment(self, digest: str) -> str:
        told = self.told
        digest = f", certificate {digest}" if digest else ""
        out = [
            f"% Written by symgrad from the model {tex_label(told.name)}{digest}.",
            r"% Needs \input{symgrad-macros} in the preamble.",
        ]
        if told.introduction:
            out += [r"\noindent", *(tex_text(line) for line in told.introduction), ""]
        for block in told.blocks:
            out += [*self.block(block), ""]
        for source in told.sources:
            out.append(rf"\par\noindent{{\small\sloppy Source: {_breakable(source)}.\par}}")
        return "\n".join(out).rstrip() + "\n"

    def block(self, block: Block) -> list[str]:
        inner = [line for part in block.parts for line in self.part(part)]
        name = tex_label(self.told.name)
        match block.kind:
            case "setting":
                return [r"\paragraph{Setting.}", *inner]
            case "assumption":
                return [r"\begin{sgasm}" + rf"\label{{asm:sg:{name}}}", *inner, r"\end{sgasm}"]
            case "proposition":
                head = rf"[{{{self.text(block.title)}}}]" if block.title else ""
                start = r"\begin{sgprop}" + head + rf"\label{{prop:sg:{name}}}\allowdisplaybreaks"
                return [start, *inner, r"\end{sgprop}"]
            case "proof":
                return [r"\begin{proof}\allowdisplaybreaks", *inner, r"\end{proof}"]
            case "check":
                return [r"\begin{sgrem}", *inner, r"\end{sgrem}"]
            case "question":
                return [rf"\section*{{{self.text(block.title)}}}", *inner]
            case "audit":
                return [rf"\paragraph{{{self.text(block.title)}.}}", *inner]
            case "text":
                return inner
            case "theorem" | "example":
                return [rf"\paragraph{{{self.text(block.heading)}.}}\allowdisplaybreaks", *inner]
        return [r"\begin{sgnote}", *inner, r"\end{sgnote}"]

    def text(self, text: Text) -> str:
        out = ""
        for piece in text:
            if isinstance(piece, str):
                out += tex_text(piece)
            elif isinstance(piece, Ref):
                out += rf"\eqref{{{self.label(piece.label)}}}"
            else:
                out += f"${self.inline(piece)}$"
        return out

    def label(self, label: str) -> str:
        return f"eq:sg:{tex_label(self.told.name)}:{label}"

    def part(self, part: Part) -> list[str]:
        match part:
            case Paragraph(text, lead):
                start = rf"\emph{{{self.text(lead)}}}" if lead else ""
                return ["", (start + self.text(text)).strip()] if lead else [self.text(text).strip()]
            case Items(items):
                return [rf"\textup{{({_roman(k)})}} {self.text(item)}" for k, item in enumerate(items, 1)]
            case Table(rows):
                return self.table(rows)
            case Grid(head, grid):
                lines = [" & ".join(self.text(name) for name in head), *(" & ".join(map(_number, r)) for r in grid)]
                body = r" \\ ".join([lines[0] + r" \\ \hline", *lines[1:]]).replace(r"\hline \\", r"\hline")
                columns = "l" + "r" * (len(head) - 1)
                return [
                    rf"\par\medskip\noindent\begin{{tabular}}{{@{{}}{columns}@{{}}}} {body} \end{{tabular}}\par\medskip"
                ]
            case Code(text):
                if r"\end{verbatim}" in text:
                    raise InputError("a program that holds the end of LaTeX's verbatim cannot be shown in LaTeX")
                return [r"{\small\begin{verbatim}", text, r"\end{verbatim}}"]
            case Figure(name, caption, _, beside):
                shown = [rf"\includegraphics[width=\linewidth]{{{name}}}\par"] if beside else []
                return [r"\begin{center}", *shown, rf"\small Figure: {self.text(caption)}", r"\end{center}"]
            case Display(rows, packed):
                return self.packed(rows) if packed else self.pairs(rows) or self.grouped(rows)

    def table(self, rows: tuple[tuple[Text, str], ...]) -> list[str]:
        names = max(self._natural(name) for name, _ in rows) + _GAP + 14.0
        column = rf"p{{\dimexpr\linewidth-{names:.0f}pt\relax}}"
        out = [rf"\par\smallskip{{\small\noindent\begin{{tabular}}{{@{{}}l{column}@{{}}}}"]
        for name, value in rows:
            out.append(rf"{self.text(name)} & \raggedright\ttfamily {_breakable(value)} \tabularnewline")
        return [*out, r"\end{tabular}\par}"]

    def packed(self, rows: tuple[Row, ...]) -> list[str]:
        """Formulas that stand for themselves, as many on a line as fit."""
        done: list[str] = []
        current = ""
        for k, row in enumerate(rows):
            end = "." if k == len(rows) - 1 else ","
            left = self.latex(row.left) if row.left is not None else ""
            head = f"{left} {RELATION[row.relation]} "
            text = head + self.latex(row.right) + end
            if current and width(current) + 22 + width(text) <= self.room:
                current += r" \qquad " + text
                continue
            if current:
                done.append(current)
            current = text
            if width(text) > self.room:
                room = self.room - width(head)
                pieces = lines(self.latex.breakable(row.right) + end, room, room - _INDENT)
                body = " \\\\\n    &\\quad ".join(pieces)
                current = rf"\begin{{aligned}} {left} &{RELATION[row.relation]} {body} \end{{aligned}}"
                done.append(current)
                current = ""
        if current:
            done.append(current)
        return [r"\begin{gather*}", " \\\\\n".join(f"  {line}" for line in done), r"\end{gather*}"]

    def pairs(self, rows: tuple[Row, ...], end: str = ".") -> list[str]:
        """Rows two by two, if neighbours share a number and all fit; otherwise nothing."""
        cells = [self._cell(row, k, rows, [], end) for k, row in enumerate(rows)]
        couples: list[list[_Cell]] = []
        for cell in cells:
            if couples and cell.label and couples[-1][-1].label == cell.label:
                couples[-1].append(cell)
            else:
                couples.append([cell])
        columns = [[couple[side] for couple in couples if len(couple) > side] for side in (0, 1)]
        wide = [
            max((width(c.left) for c in column), default=0.0)
            + max((width(lines(c.right, 1e9, 1e9)[0]) for c in column), default=0.0)
            for column in columns
        ]
        if not columns[1] or sum(wide) + 2 * _RELATION + _GAP + _TAG > self.room or any(c.reason for c in cells):
            return []
        out = []
        for couple in couples:
            shown = " & ".join(f"{c.left} &{c.relation} {lines(c.right, 1e9, 1e9)[0]}" for c in couple)
            out.append(f"  {shown}{self._end(couple[0].label)}")
        return [r"\begin{align}", " \\\\\n".join(out), r"\end{align}"]

    def grouped(self, rows: tuple[Row, ...]) -> list[str]:
        """A long statement in parts, with words between them; anything else as it is."""
        kinds = list(dict.fromkeys(row.label.split(":")[0] for row in rows))
        if not all(kind in _BETWEEN for kind in kinds):
            return self.align(rows)
        out: list[str] = []
        for kind in kinds:
            part = tuple(row for row in rows if row.label.split(":")[0] == kind)
            end = "." if kind == kinds[-1] else ","
            out += [*([_BETWEEN[kind]] if out else []), *(self.pairs(part, end) or self.align(part, end))]
        return out

    def align(self, rows: tuple[Row, ...], end: str = ".") -> list[str]:
        """Chains of equations under one another, each row as wide as the text allows."""
        side = self.reasons == "side"
        given: list[str] = []
        cells = [self._cell(row, k, rows, given, end) for k, row in enumerate(rows)]
        lefts = [width(cell.left) for cell in cells]
        column = max([w for w in lefts if w <= self.room * 0.26] or [0.0])
        column = max(column, _INDENT if any(w > column for w in lefts) else 0.0)
        tag = _TAG if any(cell.label for cell in cells) else 0.0
        full = self.room - column - _RELATION - tag
        # The widest column of reasons that leaves most formulas on one line with their reason.
        natural = max(cell.natural for cell in cells)
        wide = [width(lines(cell.right, 1e9, 1e9)[0]) for cell in cells]
        shares = [min(natural, share * self.room) for share in (0.58, 0.48, 0.40, 0.34, 0.28)] if side else [0.0]
        beside, reason = 0.0, 0.0
        best = -1
        for share in shares:
            left = full - share - (_GAP if share else 0.0)
            fitting = sum(w <= left for w in wide)
            if fitting > best:
                best, beside, reason = fitting, left, share
        out: list[str] = []
        for k, cell in enumerate(cells):
            gap = "[1ex]" if k + 1 < len(cells) and cells[k + 1].left else ""
            # A number that neighbours share stands at the last of them.
            shared = k + 1 < len(cells) and cells[k + 1].label == cell.label
            made = self._rows(replace(cell, label="") if shared else cell, column, beside, full, reason)
            out += [f"  {line}" for line in made[:-1]]
            out.append(f"  {made[-1]}" + (f" \\\\{gap}" if k + 1 < len(cells) else ""))
        name = "align" if tag else "align*"
        shown = [rf"\begin{{{name}}}", *out, rf"\end{{{name}}}"]
        if not side and given:
            listed = "; ".join(f"({_letter(k)}) {text}" for k, text in enumerate(given))
            shown.append(rf"{{\sloppy\noindent Reasons: {listed}.\par}}")
        return shown

    def _cell(self, row: Row, k: int, rows: tuple[Row, ...], given: list[str], end: str) -> _Cell:
        ends = k + 1 == len(rows) or rows[k + 1].left is not None
        mark = (end if k + 1 == len(rows) else ",") if ends else ""
        reason = self.text(row.reason)
        relation = RELATION[row.relation]
        natural = 0.0
        if reason and self.reasons == "letters":
            if reason not in given:
                given.append(reason)
            relation = rf"\overset{{({_letter(given.index(reason))})}}{{{relation}}}"
            reason = ""
        elif reason:
            natural = self._natural(row.reason)
        left = self.latex(row.left) if row.left is not None else ""
        return _Cell(left, relation, self.latex.breakable(row.right) + mark, reason, natural, row.label)

    def _natural(self, text: Text) -> float:
        """How wide a reason is on one line."""
        total = 0.0
        for piece in text:
            if isinstance(piece, str):
                total += text_width(piece)
            else:
                total += 15.0 if isinstance(piece, Ref) else 0.95 * width(self.inline(piece))
        return total

    def _rows(self, cell: _Cell, column: float, beside: float, full: float, reason: float) -> list[str]:
        """The lines of one row of an alignment, each but the last with its end."""
        left, told = cell.left, ""
        out: list[str] = []
        if left and width(left) > column:
            # A left side that would push everything to the right has a line of its own.
            out.append(rf"\rlap{{$\displaystyle {left}$}} \notag \\*")
            left = ""
        if cell.reason:
            words = cell.reason if cell.natural <= reason else rf"\sgwrap{{{reason:.0f}pt}}{{{cell.reason}}}"
            told = rf" && \sgby{{{words}}}" if words == cell.reason else f" && {words}"
        whole = lines(cell.right, 1e9, 1e9)[0]
        if width(whole) <= beside:
            return [*out, f"{left} &{cell.relation} {whole}{told}{self._end(cell.label)}"]
        pieces = [whole] if width(whole) <= full else lines(cell.right, full, full - _INDENT)
        for k, piece in enumerate(pieces):
            start, indent = (f"{left} &{cell.relation} ", 0.0) if k == 0 else (r" &\phantom{=}\quad ", _INDENT)
            if k == len(pieces) - 1 and (not told or width(piece) + indent <= beside):
                return [*out, f"{start}{piece}{told}{self._end(cell.label)}"]
            # What is wider than its column reaches over the empty place of the reason, which follows below.
            held = rf"\rlap{{$\displaystyle {piece}$}}\hspace{{{beside - indent:.0f}pt}}" if told else piece
            out.append(rf"{start}{held} \notag \\*" + ("[-1ex]" if k == len(pieces) - 1 else ""))
        return [*out, f" &{told}{self._end(cell.label)}"]

    def _end(self, label: str) -> str:
        return rf" \label{{{self.label(label)}}}" if label else r" \notag"


def tex_label(name: str) -> str:
    """A model's name as part of a label: letters, digits, underscores and hyphens."""
    return "".join(c if c.isascii() and (c.isalnum() or c in "_-") else "-" for c in name)


def _roman(k: int) -> str:
    tens, ones = divmod(k, 10)
    return "x" * tens + ("", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix")[ones]


def _letter(k: int) -> str:
    return ("" if k < 26 else _letter(k // 26 - 1)) + "abcdefghijklmnopqrstuvwxyz"[k % 26]


def _number(cell: str) -> str:
    """A cell of a grid; numbers, and lists of them, have proper minus signs."""
    return f"${cell}$" if re.fullmatch(r"[-\d/, \[\]]+", cell) else tex_text(cell)


def _breakable(value: str) -> str:
    """A long value that may be broken after commas and inside long numbers."""
    words = []
    for word in value.split(" "):
        chunks = [word[k : k + 16] for k in range(0, len(word), 16)]
        words.append(r"\allowbreak{}".join(tex_text(chunk) for chunk in chunks))
    return " ".join(words)
