"""LaTeX to MathML Core.

latex2mathml converts; what browsers no longer understand in its output (variants of letters, scripts beside big sums,
named spaces) is put right here. Whatever could not be converted is refused instead of printed.
"""

from __future__ import annotations

import html
import xml.etree.ElementTree as ET
from functools import lru_cache

from symgrad.errors import SymgradError

_UPPER, _LOWER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"
_GREEK_UPPER = "".join(map(chr, range(0x391, 0x3A2))) + "ϴ" + "".join(map(chr, range(0x3A3, 0x3AA))) + "∇"
_GREEK_LOWER = "".join(map(chr, range(0x3B1, 0x3CA)))


def _run(start: int, characters: str) -> dict[str, str]:
    return {character: chr(start + k) for k, character in enumerate(characters)}


_BOLD_ITALIC = {
    **_run(0x1D468, _UPPER),
    **_run(0x1D482, _LOWER),
    **_run(0x1D7CE, "0123456789"),
    **_run(0x1D71C, _GREEK_UPPER),
    **_run(0x1D736, _GREEK_LOWER),
}
_BOLD = {**_run(0x1D400, _UPPER), **_run(0x1D41A, _LOWER), **_run(0x1D7CE, "0123456789")}
_VARIANTS = {"bold-italic": _BOLD_ITALIC, "bold": _BOLD}
_ARITY = {"mfrac": 2, "msup": 2, "msub": 2, "msubsup": 3, "munder": 2, "mover": 2, "munderover": 3, "mroot": 2}
_FUNCTIONS = {"log", "sin", "cos", "tanh", "arccos"}


@lru_cache(maxsize=4096)
def to_mathml(latex: str, *, block: bool = False) -> str:
    """One formula as a ``math`` element.

    Args:
        latex: what ``Latex(macros=False)`` wrote.
        block: displayed, not among words.

    Raises:
        SymgradError: for LaTeX that does not convert to well-formed MathML Core.
    """
    from latex2mathml.converter import Converter

    root = Converter(display="block" if block else "inline").convert_to_element(latex)
    for element in root.iter():
        _put_right(element, latex)
    _space(root)
    for element in root.iter():
        if element.tag in _ARITY and len(element) != _ARITY[element.tag]:
            raise SymgradError(f"MathML: {element.tag} with {len(element)} parts, from {latex}")
    return ET.tostring(root, encoding="unicode")


def _put_right(element: ET.Element, latex: str) -> None:
    text = html.unescape(element.text or "")
    if "\\" in text or (text == "&" and element.tag == "mi"):
        raise SymgradError(f"MathML: no conversion of {text}, from {latex}")
    if element.tag == "mi" and (element.text or "").startswith("&#x000") and len(text) == 1 and text.isalpha():
        element.set("mathvariant", "normal")  # an upright letter, \mathrm{e}
    variant = element.get("mathvariant", "")
    if variant in _VARIANTS:
        text = "".join(_VARIANTS[variant].get(character, character) for character in text)
        del element.attrib["mathvariant"]
    if text == "∂" and element.tag == "mo":
        element.tag = "mi"
        element.set("mathvariant", "normal")
    if element.tag == "mo" and text == "/":
        element.attrib.update({"lspace": "0", "rspace": "0"})
    if element.tag == "mo" and len(text) > 1 and text.isalpha():
        element.tag = "mi"  # an operator's name stands as close as a letter
        element.attrib.clear()
    if element.tag in {"msub", "msubsup"} and len(element) and (element[0].text or "") in {"∑", "&#x02211;"}:
        element.tag = "munder" if element.tag == "msub" else "munderover"
    if element.text is not None:
        element.text = text


def _space(parent: ET.Element) -> None:
    """A thin space between a function's name and an argument without brackets, and before the name."""
    for child in list(parent):
        _space(child)
    if parent.tag not in {"mrow", "math", "mtd", "mstyle"}:
        return
    children = list(parent)
    for k, child in enumerate(children):
        before = children[k - 1] if k else None
        if child.text in {"−", "-"} and (before is None or (before.tag == "mo" and before.text in _OPENING)):
            child.set("form", "prefix")  # a sign, not a difference
    for k in range(len(children) - 1, 0, -1):
        if _head(children[k]).text in _FUNCTIONS and children[k - 1].tag in {"mi", "mn", "msub", "msup", "mfrac"}:
            parent.insert(k, ET.Element("mspace", {"width": "0.167em"}))


_OPENING = {"(", "[", ",", "=", "<", ">", "≥", "≠"}


def _head(element: ET.Element) -> ET.Element:
    while element.tag in _ARITY and len(element):
        element = element[0]
    return element
