"""How a name looks: one fixed table from identifiers to TeX and to Unicode.

Both maps are injective and closed: a name is an identifier of the language, so nothing that a user writes reaches TeX
except through this table, and two names never look alike.
"""

from __future__ import annotations

import re
import unicodedata

from symgrad.errors import InputError

_LOWER = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau "
_LOWER += "upsilon phi chi psi omega"
_UPPER = "Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"

GREEK: dict[str, str] = {
    **dict(zip(_LOWER.split(), "αβγδεζηθικλμνξπρστυφχψω", strict=True)),
    **dict(zip(_UPPER.split(), "ΓΔΘΛΞΠΣΥΦΨΩ", strict=True)),
}
"""Greek names that TeX has a command for, with their letter."""

_RESERVED = {"loss": (r"\sgloss", "ℓ"), "objective": (r"\sgLoss", "ℒ")}

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*'*|[1-9][0-9]*")  # or the number of an entry
_NUMBERED = re.compile(r"([A-Za-z]|[A-Za-z]{2,})(_?)([0-9]+)")

MACROS: dict[str, str] = {
    "sgvec": r"\boldsymbol",
    "sgmat": r"\boldsymbol",
    "sgT": r"^{\top}",
    "sgR": r"\mathbb{R}",
    "sgloss": r"\ell",
    "sgLoss": r"\mathcal{L}",
    "sgsigma": r"\sigma",
    "sgones": r"\boldsymbol{1}",
    "sgdef": ":=",
    "sge": r"\mathrm{e}",
    "sggrad": r"\nabla_",
}
"""What the macros stand for where symgrad-macros.tex is not loaded."""


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise InputError(f"{name!r} is not a name")
    return name


def _base(name: str) -> str | None:
    """A single letter, with a bar if it is called so, or a Greek name as TeX; ``None`` for a longer name."""
    if name in GREEK:
        return "\\" + name
    if len(name) == 4 and name.endswith("bar"):
        return rf"\bar{{{name[0]}}}"
    return name if len(name) == 1 else None


def stem(name: str) -> tuple[str, str, str]:
    r"""The TeX of a tensor's name in three parts: letter, superscript, first part of the subscript.

    Example:
        >>> stem("w"), stem("W1"), stem("mu_0"), stem("rate_1x")
        (('w', '', ''), ('W', '(1)', ''), ('\\mu', '', '0'), ('\\mathrm{rate\\_1x}', '', ''))
    """
    if _checked(name) in _RESERVED:
        return _RESERVED[name][0], "", ""
    if (found := _NUMBERED.fullmatch(name)) and (base := _base(found[1])):
        return (base, "", found[3]) if found[2] else (base, f"({found[3]})", "")
    spelled = name.replace("_", r"\_")
    return _base(name) or rf"\mathrm{{{spelled}}}", "", ""


def _label(name: str) -> tuple[str, tuple[str, ...]] | None:
    """The name and the letters of a label ``y[n]`` that stands for an index letter."""
    head, bracket, inside = name.partition("[")
    return (head, tuple(inside.removesuffix("]").split(", "))) if bracket else None


def tex_name(name: str) -> str:
    """A name that carries no index, as TeX: a size, an index letter or a label, a scalar, a whole tensor."""
    if label := _label(name):
        return tex_entry(*label)
    plain = name.rstrip("'")
    letter, above, below = stem(plain)
    return letter + (f"_{{{below}}}" if below else "") + (f"^{{{above}}}" if above else "") + name[len(plain) :]


def tex_entry(name: str, indices: tuple[str, ...]) -> str:
    r"""An entry as TeX; commas stand between the indices where one of them is longer than a letter.

    Example:
        >>> tex_entry("x", ("n", "d")), tex_entry("W1", ("h", "row"))
        ('x_{nd}', 'W^{(1)}_{h,\\mathrm{row}}')
    """
    letter, above, below = stem(name)
    written = [tex_name(i) for i in indices]
    short = not below and all(_base(i.rstrip("'")) for i in indices)
    inside = _adjacent(written) if short else ",".join([below, *written] if below else written)
    return letter + (f"^{{{above}}}" if above else "") + (f"_{{{inside}}}" if inside else "")


def _adjacent(parts: list[str]) -> str:
    """Parts side by side, with a space where a command would swallow the next letter."""
    text = ""
    for part in parts:
        text += " " + part if re.search(r"\\[A-Za-z]+$", text) and part[:1].isalpha() else part
    return text


def text_name(name: str, *, unicode: bool) -> str:
    """A name in the terminal: Greek letters, ℓ and ℒ by their sign, everything else as written."""
    if not unicode:
        return name
    if label := _label(name):
        head, *inside = (text_name(part, unicode=unicode) for part in (label[0], *label[1]))
        return f"{head}[{', '.join(inside)}]"
    plain = _checked(name).rstrip("'")
    shown = _RESERVED[plain][1] if plain in _RESERVED else GREEK.get(plain, plain)
    return shown + "′" * (len(name) - len(plain))


_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "%": r"\%",
    "#": r"\#",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
    "–": "--",
    "—": "---",
    "‘": "`",
    "’": "'",
    "“": "``",
    "”": "''",
    "ß": r"\ss{}",
    "ø": r"\o{}",
    "Ø": r"\O{}",
    "æ": r"\ae{}",
    "Æ": r"\AE{}",
    "œ": r"\oe{}",
    "ł": r"\l{}",
    "Ł": r"\L{}",
    "ı": r"\i{}",
    "§": r"\S{}",
    **{letter: rf"$\{name}$" for name, letter in GREEK.items()},
}
_ACCENTS = {0x300: "`", 0x301: "'", 0x302: "^", 0x303: "~", 0x304: "=", 0x306: "u", 0x307: ".", 0x308: '"'}
_ACCENTS |= {0x30A: "r", 0x30B: "H", 0x30C: "v", 0x327: "c", 0x328: "k"}


def _escaped(character: str) -> str:
    if character in _SPECIAL:
        return _SPECIAL[character]
    if " " <= character <= "~":
        return character
    parts = unicodedata.normalize("NFD", character)
    if len(parts) == 2 and parts[0].isascii() and ord(parts[1]) in _ACCENTS:
        return rf"\{_ACCENTS[ord(parts[1])]}{{{parts[0]}}}"
    return " " if character.isspace() else "?"


def tex_text(text: str) -> str:
    r"""Free text (a title, a source) as TeX that can neither run a command nor stop the compiler.

    Example:
        >>> print(tex_text("50% of \\input{x} & Noël"))
        50\% of \textbackslash{}input\{x\} \& No\"{e}l
    """
    return "".join(_escaped(character) for character in unicodedata.normalize("NFC", text))
