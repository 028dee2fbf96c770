"""``symgrad prove``: the main job."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from symgrad.cli.check import check_options, loaded, measured
from symgrad.cli.inputs import derivation_argument, model_of
from symgrad.cli.manner import Manner, Progress, common
from symgrad.cli.output import write

if TYPE_CHECKING:
    from symgrad.calculus import Derivation
    from symgrad.oracles.report import CheckReport

FORMATS = ("txt", "tex", "md", "html", "json", "sg", "sympy", "pdf")
PROVED, REFUTED, UNDECIDED = 0, 1, 3


@click.command("prove")
@derivation_argument
@click.option("--to", "form", type=click.Choice(FORMATS), help="What to make of it. Default: txt.")
@click.option("-o", "--output", metavar="DIR", help="Write NAME.<ext>, certificate and goal there, not to stdout.")
@click.option("--force", is_flag=True, help="With -o: replace files that have other content.")
@click.option("--standalone", is_flag=True, help="TeX that compiles as it is, not a fragment for \\input.")
@click.option("--reasons", type=click.Choice(["side", "letters"]), default="side", show_default=True, help="TeX, PDF.")
@click.option("--check", "backend", type=click.Choice(["tensorflow"]), help="Measure the formulas against it, too.")
@check_options
@common
def command(
    manner: Manner,
    what: str,
    form: str | None,
    output: str | None,
    force: bool,
    standalone: bool,
    reasons: str,
    backend: str | None,
    **options: Any,
) -> int:
    """Derive the gradients of a loss, prove them and show the proof.

    NAME is an entry of the catalogue (`symgrad list`); a file ends in .sg; - reads standard input.

    Exit code: 0 proved, 1 refuted (or DISAGREE), 2 bad input, 3 undecided (or INCONCLUSIVE), 4 a limit or something
    not installed.
    """
    from symgrad.calculus import derive

    if form == "pdf" and not output:
        raise click.UsageError("--to pdf writes a file; say where with -o DIR")
    if (options["data"] or options["mapping"]) and not backend:
        raise click.UsageError("--data and --map are for the numeric check; add --check tensorflow")
    model = model_of(what, manner)
    table = loaded(model, **options)
    with Progress(manner) as progress:
        derivation = derive(model, progress=progress)
        if derivation.exit_code == PROVED:
            progress("replaying the certificate in the checker")
            derivation.verify()
        if backend:
            progress(f"checking against {backend}")
        report = measured(derivation, backend, table, **options) if backend else None
        progress("writing")
        files = artefacts(derivation, report, form or "txt", reasons=reasons, standalone=standalone) if output else {}
    if output:
        for path in write(Path(output), files, force=force):
            manner.say(f"{path}")
    if manner.json or (form == "json" and not output):
        manner.give(answer(derivation, report))
    elif output:
        click.echo(f"{model.name}: {derivation.verdict.value}")
    elif form is None and sys.stdout.isatty():
        show(derivation, report)
    else:
        click.echo(document(derivation, report, form or "txt", reasons=reasons, standalone=standalone), nl=False)
    if report is not None and (output or form not in {None, "txt"}) and not manner.json:
        manner.say(str(report))
    codes = {derivation.exit_code, report.outcome.exit_code if report else PROVED}
    return next(code for code in (REFUTED, UNDECIDED, *sorted(codes)) if code in codes)


def answer(derivation: Derivation, report: CheckReport | None) -> dict[str, Any]:
    """The JSON object of a derivation, with what was measured."""
    return derivation.to_json() | ({"check": report.to_json()} if report else {})


def show(derivation: Derivation, report: CheckReport | None) -> None:
    """The document on a terminal, in colour unless NO_COLOR is set."""
    from rich.console import Console

    from symgrad.render import to_terminal

    Console(highlight=False).print(to_terminal(derivation, check=report))


def document(derivation: Derivation, report: CheckReport | None, form: str, *, reasons: str, standalone: bool) -> str:
    """The derivation as text in a format."""
    from symgrad import render

    match form:
        case "tex":
            return render.to_tex(derivation, reasons=reasons, standalone=standalone, check=report)
        case "md":
            return render.to_markdown(derivation, check=report)
        case "html":
            return render.to_html(derivation, check=report)
        case "json":
            return json.dumps(answer(derivation, report), ensure_ascii=False, allow_nan=False, indent=2) + "\n"
        case "sg":
            from symgrad.lang.text import model_text

            return model_text(derivation.model)
        case "sympy":
            return derivation.to_sympy()
    return render.to_text(derivation, check=report)


def artefacts(
    derivation: Derivation, report: CheckReport | None, form: str, *, reasons: str, standalone: bool
) -> dict[str, bytes]:
    """The files of a derivation: the document, the macros of TeX and, if it is proved, certificate and goal."""
    name = derivation.model.name
    files: dict[str, str | bytes] = {}
    if form == "pdf":
        from symgrad.render import compile_pdf

        tex = document(derivation, report, "tex", reasons=reasons, standalone=True)
        files[f"{name}.pdf"] = compile_pdf(tex)
    else:
        files[f"{name}.{form}"] = document(derivation, report, form, reasons=reasons, standalone=standalone)
    if form == "tex":
        from symgrad.render import macros

        files["symgrad-macros.tex"] = macros()
    if derivation.exit_code == PROVED:
        files[f"{name}.certificate.json"] = derivation.certificate()
        files[f"{name}.goal.json"] = derivation.goal()
    return {path: content if isinstance(content, bytes) else content.encode() for path, content in files.items()}
