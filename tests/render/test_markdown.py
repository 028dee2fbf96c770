"""Markdown: formulas in the dialect that KaTeX takes, free text literally."""

import re
from dataclasses import replace

import pytest
from by_hand import PROVED, logistic, perceptron
from test_outcome import REFUTED

from symgrad.render.markdown import escaped, to_markdown

KATEX = {
    *(
        "aligned",
        "partial",
        "frac",
        "sum",
        "boldsymbol",
        "mathbb",
        "mathcal",
        "mathrm",
        "mathbf",
        "operatorname",
        "text",
    ),
    *(
        "quad",
        "qquad",
        "left",
        "right",
        "ell",
        "sigma",
        "delta",
        "log",
        "tanh",
        "top",
        "times",
        "odot",
        "cdot",
        "nabla",
    ),
    *("in", "ge", "ne", "begin", "end", "sqrt"),
}


@pytest.mark.parametrize("derivation", [logistic(), perceptron()])
def test_formulas_use_only_commands_that_katex_knows(derivation):
    formulas = re.findall(r"\$\$(.*?)\$\$|\$([^$\n]+)\$", to_markdown(derivation), re.DOTALL)
    assert len(formulas) > 20
    for display, inline in formulas:
        commands = set(re.findall(r"\\([A-Za-z]+)", display or inline))
        assert commands <= KATEX
        assert (display or inline).count("{") == (display or inline).count("}")


def test_words_and_formulas_are_set_apart():
    text = to_markdown(logistic())
    assert r"Let $N$ and $D$ be arbitrary integers, each at least one." in text
    assert r"&= x_{nj} \qquad (4) && \delta_{dj}\text{ selects }d = j" in text
    assert "## Proposition (Logistic regression)" in text
    assert "With the sample put in, this is (1)." in text


def test_every_display_is_closed():
    assert to_markdown(perceptron()).count("$$") % 2 == 0


def test_a_witness_is_a_table():
    text = to_markdown(logistic(verdicts={**PROVED, "identity": REFUTED}))
    assert "| gradient of the objective | 1/3 |" in text
    assert "| sample | x | y |\n| --- | --- | --- |\n| 1 | \\[1/2\\] | 1 |\n| 2 | \\[-3/2\\] | 0 |\n" in text


def test_free_text_is_taken_literally():
    assert escaped("# <b> $x$ `a` | [l](u) *e* _i_") == r"\# \<b\> \$x\$ \`a\` \| \[l\](u) \*e\* \_i\_"
    model = replace(logistic().model, title="<script>$\\alpha$")
    assert "<script>" not in to_markdown(logistic(model=model)).replace(r"\<", "")
