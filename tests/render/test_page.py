"""The page: well formed, complete, without scripts and without the network."""

import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from by_hand import PROVED, logistic, perceptron
from test_outcome import REFUTED

from symgrad.render.page import to_html


def tree(page):
    """The page as a tree; its void elements are closed for the parser."""
    return ET.fromstring(re.sub(r"<!doctype html>", "", re.sub(r"<meta([^>]*)>", r"<meta\1/>", page)))


@pytest.mark.parametrize("derivation", [logistic(), perceptron(), logistic(verdicts={**PROVED, "identity": REFUTED})])
def test_the_page_is_well_formed_and_needs_nothing(derivation):
    page = to_html(derivation)
    root = tree(page)
    tags = {element.tag.split("}")[-1] for element in root.iter()}
    assert "math" in tags
    assert not tags & {"script", "link", "img", "iframe", "object"}
    addresses = set(re.findall(r"https?://[^\"']*", page))
    assert addresses == {"http://www.w3.org/1998/Math/MathML"}
    assert not [key for element in root.iter() for key in element.attrib if key.startswith("on") or key == "href"]


def test_every_line_of_the_proof_has_its_reason_and_its_number():
    root = tree(to_html(logistic()))
    proof = next(s for s in root.iter("section") if s.get("class") == "proof")
    rows = list(proof.iter("tr"))
    assert len(rows) > 20
    cells = [{cell.get("class"): "".join(cell.itertext()) for cell in row} for row in rows]
    assert all(cell["why"].strip() for cell in cells)
    assert [cell["number"] for cell in cells if cell["number"]] == [f"({k})" for k in range(4, 13)]


def test_free_text_cannot_become_markup():
    injected = "<script>alert(1)</script>{{ 7 * 7 }}&"
    model = replace(logistic().model, title=injected, introduction=(injected,), sources=(injected,))
    witness = {"status": "refuted", "witness": {"left": injected, "right": "0"}}
    page = to_html(logistic(model=model, verdicts={**PROVED, "identity": witness}))
    assert "<script" not in page
    assert "49" not in page
    assert page.count("&lt;script&gt;") >= 5
    tree(page)


def test_the_page_is_the_same_on_every_run():
    assert to_html(logistic()) == to_html(logistic())


def test_a_formula_that_is_wider_than_the_screen_can_be_scrolled_and_no_page_can():
    page = to_html(perceptron())
    cells = [cell for cell in tree(page).iter("td") if cell.get("class") == "formula"]
    assert len(cells) > 20
    assert all([child.tag for child in cell] == ["div"] for cell in cells)
    assert "td.formula>div{overflow-x:auto" in page
    assert "<details>" not in page
    assert "@media(max-width:640px)" in page
