"""How wide a formula is, and where a long one is broken.

Widths are estimates, in points at a type size of 10 points, a little above what Computer Modern sets; the compile test
holds them to it.
"""

from __future__ import annotations

import re

from symgrad.render.latex import BREAK_FACTOR, BREAK_TERM

_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|[{}^_]|\s+|.", re.DOTALL)

_WIDE = {
    r"\sum": 14.5,
    r"\partial": 5.8,
    r"\nabla": 8.4,
    r"\cdot": 7.3,
    r"\odot": 12.2,
    r"\times": 12.2,
    r"\log": 14.5,
    r"\exp": 17.0,
    r"\sin": 13.0,
    r"\cos": 15.0,
    r"\tanh": 22.0,
    r"\max": 20.0,
    r"\min": 18.5,
    r"\arccos": 30.0,
    r"\,": 1.7,
    r"\quad": 10.0,
    r"\qquad": 20.0,
    r"\biggl": 3.8,
    r"\biggr": 3.8,
    r"\bigl": 0.9,
    r"\bigr": 0.9,
    r"\Bigl": 2.3,
    r"\Bigr": 2.3,
    r"\left": 2.3,
    r"\right": 2.3,
    r"\sgLoss": 7.2,
    r"\sgloss": 4.5,
    r"\sgsigma": 6.2,
    r"\sge": 4.6,
    r"\sgones": 5.9,
    r"\sgR": 7.4,
    r"\sgdef": 15.0,
    r"\sggrad": 8.4,
    r"\ge": 13.4,
    r"\ne": 13.4,
    r"\in": 12.3,
    r"\dots": 13.0,
    r"\mid": 8.0,
}
_ALPHABET = (
    (5.3, 4.3, 4.4, 5.3, 4.7, 6.0, 5.3, 5.8, 3.5, 4.7, 5.6, 3.2, 8.8),
    (6.0, 4.9, 5.1, 4.9, 4.8, 4.7, 3.7, 5.8, 5.2, 7.3, 5.8, 5.3, 5.2),
)
_LETTERS = dict(zip("abcdefghijklmnopqrstuvwxyz", (*_ALPHABET[0], *_ALPHABET[1]), strict=True)) | {"M": 10.8, "W": 10.9}
_SILENT = {
    r"\bar",
    r"\operatorname",
    r"\mathrm",
    r"\mathbf",
    r"\sgvec",
    r"\sgmat",
    r"\text",
    r"\notag",
    r"\displaystyle",
}


def _groups(text: str) -> list[str]:
    """Tokens of ``text``, a braced group as one token."""
    found: list[str] = []
    depth = 0
    for token in _TOKEN.findall(text):
        if depth:
            found[-1] += token
        else:
            found.append(token)
        depth += (token == "{") - (token == "}")
    return found


def width(text: str) -> float:
    r"""Points that ``text``, a formula in display style, takes.

    Example:
        >>> width("x_{n}") < width("x_{nd}") < width(r"\frac{x_{n}}{2} + b")
        True
    """
    tokens = [t for t in _groups(text) if not t.isspace()]
    total, k = 0.0, 0
    while k < len(tokens):
        token = tokens[k]
        k += 1
        if token in {"\\frac", "\\sgpd"}:
            extra = 5.8 if token == "\\sgpd" else 0.0
            total += extra + 2.6 + max(width(tokens[k][1:-1]), width(tokens[k + 1][1:-1]))
            k += 2
        elif token in {"^", "_"}:
            other = 0.0
            own = 0.72 * width(_bare(tokens[k]))
            k += 1
            if k < len(tokens) and tokens[k] in {"^", "_"} and tokens[k] != token:
                other = 0.72 * width(_bare(tokens[k + 1]))
                k += 2
            big = k >= 4 and _is_sum(tokens, k, both=other > 0)
            total += max(0.0, max(own, other) - _WIDE[r"\sum"]) + 1.7 if big else max(own, other) + 0.6
        elif token == r"\overset":
            total += max(0.72 * width(tokens[k][1:-1]), width(tokens[k + 1][1:-1]))
            k += 2
        elif token == r"\sqrt":
            total += 9.8 + width(tokens[k][1:-1])
            k += 1
        elif token == r"\sgT":
            total += 7.0
        elif token.startswith("{"):
            total += width(token[1:-1])
        elif token in {r"\operatorname", r"\mathrm", r"\text"}:
            total += 5.0 * len(tokens[k][1:-1].replace("\\", "")) + 1.7
            k += 1
        else:
            total += _token_width(token)
    return total


def _is_sum(tokens: list[str], k: int, *, both: bool) -> bool:
    """Whether the scripts that end before ``k`` belong to a big sum."""
    return tokens[k - (5 if both else 3)] == r"\sum"


def _bare(token: str) -> str:
    return token[1:-1] if token.startswith("{") else token


def _token_width(token: str) -> float:
    if token in _WIDE:
        return _WIDE[token]
    if token in _SILENT:
        return 0.0
    if token in "+-":
        return 12.3
    if token in "=<>":
        return 13.4
    if token in "()[]|,.;:!'":
        return 4.0
    if token.isdigit():
        return 5.1
    return _LETTERS.get(token, 8.8 if token.isupper() else 6.2)


def text_width(text: str) -> float:
    """Points that words in the small size take."""
    return 4.35 * len(text)


def _split(text: str) -> tuple[list[str], list[str]]:
    """Cut ``text`` at its outermost marks: the pieces, and the mark before each piece but the first."""
    depths: list[tuple[int, int, str]] = []
    braces = brackets = 0
    for at, character in enumerate(text):
        if character in "{}":
            braces += 1 if character == "{" else -1
        elif braces == 0 and character in "([":
            brackets += 1
        elif braces == 0 and character in ")]":
            brackets -= 1
        elif braces == 0 and character in {BREAK_TERM, BREAK_FACTOR}:
            depths.append((2 * brackets + (character == BREAK_FACTOR), at, character))
    if not depths:
        return [text], []
    least = min(depth for depth, _, _ in depths)
    cuts = [(at, mark) for depth, at, mark in depths if depth == least]
    pieces, start = [], 0
    for at, _ in cuts:
        pieces.append(text[start:at])
        start = at + 1
    return [*pieces, text[start:]], [mark for _, mark in cuts]


def lines(text: str, first: float, later: float) -> list[str]:
    """``text``, breakable LaTeX, as lines that are as few and as full as fit.

    A term begins its line with its sign and a factor with a times sign. What cannot be broken further stays too long.

    Args:
        text: what ``Latex.breakable`` wrote.
        first: points that the first line may take.
        later: points that each later line may take.
    """
    done: list[str] = []
    current = ""
    pieces, marks = _split(text)
    for k, piece in enumerate(pieces):
        joined = current + piece
        room = later if done else first
        if width(_clean(joined)) <= room:
            current = joined
            continue
        if current and not (k == 1 and _head(current)):
            done.append(current)
            times = marks[k - 1] == BREAK_FACTOR and not piece.lstrip().startswith(r"\odot")
            lead = (r"{}\cdot " if times else "{}") + piece.removeprefix(r"\,")
            current = lead
            if width(_clean(lead)) <= later:
                continue
            joined = current
        if len(pieces) > 1:
            *full, current = lines(joined, later if done else first, later) if _split(joined)[1] else [joined]
            done.extend(full)
        else:
            current = joined
    return [_clean(line) for line in [*done, current]]


def _head(text: str) -> bool:
    """Whether ``text`` is only a coefficient, which never stands alone on a line."""
    return width(_clean(text)) < 30


def _clean(text: str) -> str:
    return text.replace(BREAK_TERM, "").replace(BREAK_FACTOR, "")
