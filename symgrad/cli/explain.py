"""``symgrad explain``: the page that answers the standing questions."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from symgrad import catalogue
from symgrad.cli.inputs import load_quietly
from symgrad.cli.manner import Manner, Progress, common, put
from symgrad.cli.output import write
from symgrad.errors import DisagreementError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from symgrad.calculus import Derivation
    from symgrad.render.tree import Document

Tables = list[tuple[str, ...]]

FIGURES = {"html": "", "md": "svg", "tex": "pdf"}
"""The form of a picture that lies beside a document; the page holds its own."""

GRADIENTS = tuple(map(Fraction, ("-1", "0", "1/2", "3")))
"""Of the four samples whose mini-batches are listed."""

RATES = tuple(Fraction(1, 4**k) for k in range(1, 6))
"""At which two updates are compared with one."""


@click.command("explain")
@click.option("--to", "form", type=click.Choice(list(FIGURES)), default="html", show_default=True, help="The format.")
@click.option("-o", "--output", metavar="DIR", help="Write explain.<ext>, and its pictures, there, not to stdout.")
@click.option("--force", is_flag=True, help="With -o: replace files that have other content.")
@click.option("--check", "backend", type=click.Choice(["tensorflow"]), help="Measure what its tape holds, too.")
@common
def command(manner: Manner, form: str, output: str | None, force: bool, backend: str | None) -> int:
    """Answer the standing questions about averaged losses, with theorems and pictures.

    The page needs nothing but a browser. TeX and Markdown refer to their pictures, which are written beside them with
    -o; on stdout they only describe them.
    """
    from symgrad.render.canvas import require

    require()
    with Progress(manner) as progress:
        derivations = derived(progress)
        shown = tables(derivations)
        if backend:
            progress(f"checking against {backend}")
            shown |= on_the_tape(derivations, backend)
        progress("writing")
        files = artefacts(derivations, shown, form, beside=output is not None)
    if output:
        for path in write(Path(output), files, force=force):
            manner.say(str(path))
    if manner.json:
        verdicts = {name: derivation.verdict.value for name, derivation in derivations.items()}
        manner.give({"schema": 1, "derivations": verdicts})
    elif output:
        put(f"explain: {len(derivations)} derivations proved\n")
    else:
        put(files[f"explain.{form}"].decode())
    return 0


def derived(progress: Progress) -> dict[str, Derivation]:
    """What the answers speak of, proved and replayed by the checker."""
    from symgrad.calculus import derive
    from symgrad.lang.parser import load_model
    from symgrad.render.questions import needed

    found = {}
    for name in needed():
        progress(f"proving {name}")
        found[name] = derive(load_model(catalogue.find(name)))
        found[name].verify()
    return found


def artefacts(
    derivations: Mapping[str, Derivation], shown: Mapping[str, Tables], form: str, *, beside: bool
) -> dict[str, bytes]:
    """The document and, if they are to lie beside it, its pictures."""
    from symgrad.render.explain import explanation

    pictures = drawn(derivations, FIGURES[form]) if beside and FIGURES[form] else {}
    inside = {name: svg.decode() for name, svg in drawn(derivations, "svg").items()} if form == "html" else {}
    told = explanation(derivations, inside, shown, beside=bool(pictures))
    return {f"explain.{form}": text(told, form).encode()} | {
        f"{name}.{FIGURES[form]}": picture for name, picture in pictures.items()
    }


def text(told: Document, form: str) -> str:
    """The document in a format."""
    match form:
        case "tex":
            from symgrad.render.tex import document_to_tex

            return document_to_tex(told)
        case "md":
            from symgrad.render.markdown import document_to_markdown

            return document_to_markdown(told)
    from symgrad.render.page import document_to_html

    return document_to_html(told)


def drawn(derivations: Mapping[str, Derivation], form: Any) -> dict[str, bytes]:
    """The pictures, by name."""
    from symgrad.render.figures import noise, surfaces

    about = derivations["logistic_regression"]
    return {"surfaces": surfaces(about, form), "noise": noise(about, form)}


def on_the_tape(derivations: Mapping[str, Derivation], backend: str) -> dict[str, Tables]:
    """What the tape holds, node by node.

    Raises:
        DisagreementError: if it is not what was proved.
    """
    from symgrad.oracles.controls import ALLOWED
    from symgrad.oracles.nodes import NETWORKS, node_by_node

    load_quietly(backend)
    found: dict[str, Tables] = {}
    for name in NETWORKS:
        compared = node_by_node(derivations[name].model)
        if wrong := next((node for node in compared if not node.error <= ALLOWED), None):
            raise DisagreementError(
                f"{name}: claim {wrong.claim} differs by {wrong.error:.3g} times the rounding bound"
            )
        found[name] = [(node.value, node.wrt, str(node.entries), f"{node.error:.2g}") for node in compared]
    return found


def tables(derivations: Mapping[str, Derivation]) -> dict[str, Tables]:
    """What is measured for the answers: mini-batches counted out, and two updates against one at small rates."""
    from symgrad.oracles.balls import Point
    from symgrad.oracles.experiments import enumerated, small_rates

    counted = []
    for words, replacement in (("with", True), ("without", False)):
        model = derivations[f"minibatch_{words}_replacement"].model
        for row in enumerated(model, GRADIENTS, 4, replacement=replacement):
            numbers = (row.draws, row.batches, row.mean, row.variance, row.law)
            counted.append((f"{words} replacement", *map(str, numbers)))
    values = {"x": ("1", "-2", "3/2", "1"), "y": ("0", "1"), "w": ("1/2", "1")}
    x, y, w = ([Fraction(value) for value in values[name]] for name in ("x", "y", "w"))
    point = Point(
        {"N": 2, "D": 2},
        {
            "x": {(n, d): x[2 * n + d] for n in range(2) for d in range(2)},
            "y": {(n,): y[n] for n in range(2)},
            "w": {(d,): w[d] for d in range(2)},
        },
    )
    rates = small_rates(derivations["sequential_logistic"].model, point, RATES)
    measured = [
        (str(r.rate), *(value.str(8, radius=False) for value in (r.difference, r.rest, r.ratio))) for r in rates
    ]
    return {"enumeration": counted, "rates": measured}
