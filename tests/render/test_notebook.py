"""What a notebook shows."""

import xml.etree.ElementTree as ET
from dataclasses import replace

from by_hand import PROVED, logistic, perceptron
from test_outcome import REFUTED

from symgrad.render.notebook import to_html_fragment, to_latex_block

UNDECIDED = {name: {"status": "undecided"} for name in PROVED}


def test_the_block_holds_the_gradients_of_a_sample_and_of_the_batch_and_nothing_else():
    block = to_latex_block(logistic())
    assert block.startswith("$$\n\\begin{aligned}\n")
    assert block.endswith("\n\\end{aligned}\n$$")
    lines = block.splitlines()[2:-2]
    assert len(lines) == 4
    assert lines[0] == (r"\frac{\partial \ell_{n}}{\partial w_{j}} &= \left(\sigma(z_{n}) - y_{n}\right)\,x_{nj} \\")
    assert lines[3].startswith(r"\frac{\partial \mathcal{L}}{\partial b} &= \frac{1}{N}\,\boldsymbol{1}^{\top}")


def test_the_block_needs_no_macros():
    assert r"\sg" not in to_latex_block(logistic()) + to_latex_block(perceptron())


def test_the_block_never_states_what_is_not_proved():
    model = replace(logistic().model, title="50% & more")
    block = to_latex_block(logistic(model=model, verdicts=UNDECIDED, claims=[{"status": "refuted"}]))
    assert block == r"$$\text{Nothing was proved of the gradients of 50\% \& more.}$$"


def test_the_fragment_is_one_element_with_the_proof_folded():
    for derivation in (logistic(), perceptron(), logistic(verdicts={**PROVED, "identity": REFUTED})):
        root = ET.fromstring(to_html_fragment(derivation))
        assert (root.tag, root.get("class")) == ("div", "symgrad")
        (folded,) = root.iter("details")
        assert folded.find("summary").text == "Proof"
        assert len(list(folded.iter("tr"))) >= 5
        assert not {"script", "body", "html", "link"} & {element.tag for element in root.iter()}


def test_the_style_of_a_fragment_touches_nothing_else():
    style = next(ET.fromstring(to_html_fragment(logistic())).iter("style")).text
    rules = [line for line in style.strip().splitlines() if "{" in line and not line.startswith("@media(")]
    selectors = [s for rule in rules for s in rule.removeprefix("@media print{").partition("{")[0].split(",")]
    assert len(selectors) > 20
    assert all(selector.startswith(".symgrad ") for selector in selectors)
