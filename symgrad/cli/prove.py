"""``symgrad prove``: the main job."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from symgrad.cli.check import check_options, loaded, measured
from symgrad.cli.inputs import imported_model, model_of, optional_derivation_argument
from symgrad.cli.manner import Manner, Progress, common, put
from symgrad.cli.output import write

if TYPE_CHECKING:
    from symgrad.calculus import Derivation
    from symgrad.calculus.derivation import CoqReport

FORMATS = ("txt", "tex", "md", "html", "json", "sg", "sympy", "coq", "numpy", "jax", "tensorflow", "pdf")
CODE = ("numpy", "jax", "tensorflow")
ENDINGS = {"coq": "v", **dict.fromkeys(CODE, "py")}
"""What a file of a format ends in, where that is not the format's name."""

PROVED, REFUTED, UNDECIDED = 0, 1, 3


@click.command("prove")
@optional_derivation_argument
@click.option("--from", "source", metavar="MODULE:FUNCTION", help="A TensorFlow loss of yours; runs its module.")
@click.option("--spec", "specs", multiple=True, metavar="SPEC", help="With --from: an argument, 'x=float32[N,784]'.")
@click.option("--normalized-labels", is_flag=True, help="With --from: labels of a fused cross-entropy sum to one.")
@click.option("--to", "form", type=click.Choice(FORMATS), help="What to make of it. Default: txt.")
@click.option("-o", "--output", metavar="DIR", help="Write NAME.<ext>, certificate and goal there, not to stdout.")
@click.option("--force", is_flag=True, help="With -o: replace files that have other content.")
@click.option("--fast", is_flag=True, help="With --to numpy: numba writes the outer products.")
@click.option("--standalone", is_flag=True, help="TeX that compiles as it is, not a fragment for \\input.")
@click.option("--reasons", type=click.Choice(["side", "letters"]), default="side", show_default=True, help="TeX, PDF.")
@click.option("--with", "second", type=click.Choice(["coq"]), help="Let Coq check the derivation, too.")
@click.option("--check", "backend", type=click.Choice(["tensorflow"]), help="Measure the formulas against it, too.")
@check_options
@common
def command(
    manner: Manner,
    what: str | None,
    source: str | None,
    specs: tuple[str, ...],
    normalized_labels: bool,
    form: str | None,
    output: str | None,
    force: bool,
    fast: bool,
    standalone: bool,
    reasons: str,
    second: str | None,
    backend: str | None,
    **options: Any,
) -> int:
    """Derive the gradients of a loss, prove them and show the proof.

    NAME is an entry of the catalogue (`symgrad list`); a file ends in .sg; - reads standard input. With --from, the
    function is imported from the current folder, which runs your code.

    With --check, a counterexample is computed by TensorFlow too.

    Exit code: 0 proved, 1 refuted (or DISAGREE), 2 bad input, 3 undecided (or INCONCLUSIVE), 4 a limit or something
    not installed.
    """
    from symgrad.calculus import derive

    _consistent(form, output, options, fast=fast, checked=bool(backend))
    if (what is None) == (source is None):
        raise click.UsageError("say what to prove: NAME, a file, - or --from MODULE:FUNCTION")
    if (specs or normalized_labels) and source is None:
        raise click.UsageError("--spec and --normalized-labels go with --from")
    if source is not None:
        model = imported_model(source, specs, manner, normalized_labels=normalized_labels)
    else:
        model = model_of(what or "", manner)
    table = loaded(model, **options)
    code = PROVED
    with Progress(manner) as progress:
        derivation = derive(model, progress=progress)
        if derivation.exit_code == PROVED:
            progress("replaying the certificate in the checker")
            derivation.verify()
        if second and derivation.exit_code == PROVED:
            from symgrad.export.coq import check

            progress("compiling in Coq")
            told = check(derivation)
            code = PROVED if told.accepted else REFUTED
        if backend:
            progress(f"checking against {backend}")
            report = measured(derivation, backend, table, **options)
            code = code or (report.outcome.exit_code if derivation.confirmed else REFUTED)
        progress("writing")
        files = (
            artefacts(derivation, form or "txt", reasons=reasons, standalone=standalone, fast=fast) if output else {}
        )
    if output:
        for path in write(Path(output), files, force=force):
            manner.say(str(path))
    if manner.json:
        manner.give(derivation.to_json())
    elif output:
        put(f"{model.name}: {derivation.verdict.value}\n")
    elif form is None:
        show(derivation)
    else:
        put(document(derivation, form, reasons=reasons, standalone=standalone, fast=fast))
    if form == "numpy":
        from symgrad.export.numpy.module import choices

        manner.say(
            "\n".join(["chosen by the cost model:", *(f"  {line}" for line in choices(derivation.factored.plan))])
        )
    if derivation.coq_report is not None and not manner.json:
        manner.say(told_by_coq(derivation.coq_report))
    if backend and not manner.json and (output or form not in {None, "txt"}):
        manner.say(str(derivation.check_report))
        if derivation.refuted:
            manner.say(
                f"counterexamples computed by {backend}, too: {'as told' if derivation.confirmed else 'DISAGREE'}"
            )
    codes = {derivation.exit_code, code}
    return next(code for code in (REFUTED, UNDECIDED, PROVED) if code in codes)


def _consistent(form: str | None, output: str | None, options: dict[str, Any], *, fast: bool, checked: bool) -> None:
    if form == "pdf" and not output:
        raise click.UsageError("--to pdf writes a file; say where with -o DIR")
    if fast and form != "numpy":
        raise click.UsageError("--fast goes with --to numpy")
    if (options["data"] or options["mapping"]) and not checked:
        raise click.UsageError("--data and --map are for the numeric check; add --check tensorflow")


def told_by_coq(report: CoqReport) -> str:
    """A report of Coq's as text."""
    if not report.accepted:
        return f"Coq {report.version}: refused, {report.problem}"
    lines = [
        f"Coq {report.version}: accepted, {len(report.theorems)} theorems, {report.seconds:.1f} s",
        f"  axioms: {', '.join(report.axioms)}",
        *(f"  with Coq's library Interval: {name}" for name in report.by_interval),
    ]
    return "\n".join([*lines, *(f"  not said in Coq: {missing}" for missing in report.missing)])


def show(derivation: Derivation) -> None:
    """The document on stdout; on a terminal in colour, unless NO_COLOR is set."""
    from rich.console import Console

    from symgrad.render.terminal import to_terminal

    console = Console()
    with console.capture() as captured:  # rich itself would exit with 1, "refuted", when the reader goes away
        to_terminal(derivation, console)
    put(captured.get())


def document(derivation: Derivation, form: str, *, reasons: str, standalone: bool, fast: bool = False) -> str:
    """The derivation as text in a format."""
    match form:
        case "tex":
            from symgrad.render.tex import to_tex

            return to_tex(derivation, "letters" if reasons == "letters" else "side", standalone=standalone)
        case "md":
            from symgrad.render.markdown import to_markdown

            return to_markdown(derivation)
        case "html":
            from symgrad.render.page import to_html

            return to_html(derivation)
        case "json":
            return json.dumps(derivation.to_json(), ensure_ascii=False, allow_nan=False, indent=2) + "\n"
        case "sg":
            from symgrad.lang.text import model_text

            return model_text(derivation.model)
        case "sympy":
            return derivation.to_sympy()
        case "coq":
            from symgrad.export.coq import develop

            return develop(derivation).text
        case "numpy":
            return derivation.to_numpy(fast=fast)
        case "jax" | "tensorflow":
            return derivation.to_framework(form)
    from symgrad.render.terminal import to_text

    return to_text(derivation)


def artefacts(
    derivation: Derivation, form: str, *, reasons: str, standalone: bool, fast: bool = False
) -> dict[str, bytes]:
    """The files of a derivation: the document, the macros of TeX and, if it is proved, certificate and goal.

    Code has a certificate and a goal of its own.
    """
    name = derivation.model.name
    files: dict[str, str | bytes] = {}
    if form == "pdf":
        from symgrad.render.pdf import compile_pdf

        files[f"{name}.pdf"] = compile_pdf(document(derivation, "tex", reasons=reasons, standalone=True))
    elif form == "coq":
        from symgrad.export.coq import develop, library

        development = develop(derivation)
        files |= {f"{name}.v": development.text, "Symgrad.v": library()}
        if development.by_interval:
            files[f"{name}_by_interval.v"] = development.by_interval
    else:
        stem = f"{name}_{form}" if form in {"jax", "tensorflow"} else name
        files[f"{stem}.{ENDINGS.get(form, form)}"] = document(
            derivation, form, reasons=reasons, standalone=standalone, fast=fast
        )
    if form in CODE:
        files[f"{name}.code.certificate.json"] = derivation.factored.certificate
        files[f"{name}.code.goal.json"] = derivation.factored.goal
        files[f"{name}.clip.certificate.json"] = derivation.clipping.certificate
        files[f"{name}.clip.goal.json"] = derivation.clipping.goal
    if form == "tex":
        from symgrad.render.tex import macros

        files["symgrad-macros.tex"] = macros()
    if derivation.exit_code == PROVED:
        files[f"{name}.certificate.json"] = derivation.certificate()
        files[f"{name}.goal.json"] = derivation.goal()
    return {path: content if isinstance(content, bytes) else content.encode() for path, content in files.items()}
