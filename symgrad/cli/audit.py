"""``symgrad audit``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from symgrad.cli.inputs import function_of, load_quietly, specs_of
from symgrad.cli.manner import Manner, Progress, common, put
from symgrad.cli.output import write
from symgrad.errors import InputError

if TYPE_CHECKING:
    from symgrad.audit import Audit

REDUCTIONS = ("sum_over_batch_size", "mean_with_sample_weight", "sum", "none")


@click.command("audit")
@click.argument("what", metavar="MODULE:FUNCTION|MODEL.keras")
@click.option("--spec", "specs", multiple=True, metavar="SPEC", help="An argument of FUNCTION: 'x=float32[N,784]'.")
@click.option("--loss", metavar="NAME", help="The Keras loss of a .keras file: categorical_crossentropy, mse ...")
@click.option("--reduction", type=click.Choice(REDUCTIONS), help="How that loss is reduced, as in Keras.")
@click.option("--from-logits", is_flag=True, help="That loss takes logits, not probabilities.")
@click.option("--sample-weight", is_flag=True, help="Each sample comes with a weight.")
@click.option("--inference", is_flag=True, help="Layers run as in inference, not as in training.")
@click.option("--parts", metavar="LENGTHS", help="A batch is differentiated in parts of these lengths: '4,3'.")
@click.option("--to", "form", type=click.Choice(["txt", "md", "html", "tex"]), help="The format. Default: txt.")
@click.option("-o", "--output", metavar="DIR", help="Write NAME.audit.<ext> there, not to stdout.")
@click.option("--force", is_flag=True, help="With -o: replace a file that has other content.")
@common
def command(manner: Manner, what: str, form: str | None, output: str | None, force: bool, **options: Any) -> int:
    """Say what a loss of yours really computes, and what its averaging does.

    MODULE:FUNCTION imports MODULE from the current folder, which runs your code. A .keras file is only read: nothing
    in it is run, its weights are not opened.

    Exit code: 0 proved, 1 refuted (or DISAGREE), 2 bad input, 3 undecided (or INCONCLUSIVE), 4 a limit or something
    not installed.
    """
    from symgrad.audit.page import to_answer

    with Progress(manner) as progress:
        found = audited(manner, what, progress, **options)
        progress("writing")
        text = document(found, form or "txt") if output or form else ""
    if output:
        name = f"{found.derivation.model.name}.audit.{form or 'txt'}"
        for path in write(Path(output), {name: text.encode()}, force=force):
            manner.say(str(path))
    if manner.json:
        manner.give(to_answer(found))
    elif output:
        put(f"{found.derivation.model.name}: {len(found.findings)} findings\n")
    elif form is None:
        show(found)
    else:
        put(text)
    return found.exit_code


def audited(
    manner: Manner,
    what: str,
    progress: Progress,
    *,
    specs: tuple[str, ...],
    loss: str | None,
    reduction: Any,
    from_logits: bool,
    sample_weight: bool,
    inference: bool,
    parts: str | None,
) -> Audit:
    """The audit of what the arguments name.

    Raises:
        InputError: if there is no such function or file, or the options do not go with it.
    """
    lengths = lengths_of(parts)
    if not what.endswith(".keras"):
        for name, given in (("--loss", loss), ("--reduction", reduction), ("--from-logits", from_logits)):
            if given:
                raise click.UsageError(f"{name} is for a .keras file; a function says itself what it computes")
        function = function_of(what, manner)
        from symgrad.audit import audit

        return audit(function, specs_of(specs), parts=lengths, progress=progress)
    if specs:
        raise click.UsageError("--spec is for a function; a .keras file says what its inputs are")
    if loss is None:
        raise click.UsageError("say which loss with --loss NAME; symgrad does not read the one that was compiled")
    from symgrad.importers.keras_file import read_plan

    plan = read_plan(Path(what))
    load_quietly("tensorflow")
    from symgrad.audit import audit
    from symgrad.importers.keras_model import built, loss_object, objective

    made = objective(
        built(plan),
        loss_object(loss, reduction, from_logits=from_logits),
        training=not inference,
        sample_weight=sample_weight,
    )
    return audit(made.function, made.specs, keras=made, parts=lengths, progress=progress)


def lengths_of(text: str | None) -> tuple[int, ...]:
    """The lengths of parts: ``4,3``."""
    if text is None:
        return ()
    words = [word.strip() for word in text.split(",")]
    if not 2 <= len(words) <= 8 or not all(word.isdecimal() and 1 <= int(word[:4]) <= 64 for word in words):
        raise InputError(f"--parts {text!r}: two to eight lengths from 1 to 64 are expected, like 4,3")
    return tuple(int(word) for word in words)


def show(found: Audit) -> None:
    """The page on stdout; on a terminal in colour, unless NO_COLOR is set."""
    from rich.console import Console

    from symgrad.audit.page import tell
    from symgrad.render.terminal import document_to_terminal

    console = Console()
    with console.capture() as captured:
        document_to_terminal(tell(found), console)
    put(captured.get())


def document(found: Audit, form: str) -> str:
    """The page as text in a format."""
    from symgrad.audit.page import tell

    told = tell(found)
    match form:
        case "tex":
            from symgrad.render.tex import document_to_tex

            return document_to_tex(told)
        case "md":
            from symgrad.render.markdown import document_to_markdown

            return document_to_markdown(told)
        case "html":
            from symgrad.render.page import document_to_html

            return document_to_html(told)
    from symgrad.render.terminal import document_to_text

    return document_to_text(told)
