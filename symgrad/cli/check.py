"""``symgrad check``, and the numeric check that ``symgrad prove --check`` runs too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from symgrad.cli.inputs import derivation_argument, load_quietly, model_of
from symgrad.cli.manner import Manner, Progress, common, put
from symgrad.cli.output import picture_file, write

if TYPE_CHECKING:
    from collections.abc import Callable

    from symgrad.calculus import Derivation
    from symgrad.lang.model import Model
    from symgrad.oracles.report import Arrays, CheckReport


def check_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of the numeric check."""
    for option in (
        click.option("--seed", type=int, default=0, show_default=True, help="Where the drawn points begin."),
        click.option("--points", type=click.IntRange(5, 1000), default=5, show_default=True, help="How many points."),
        click.option("--map", "mapping", metavar="MAP", help="Columns of a .csv: 'x=age,weight;y=label'."),
        click.option("--data", metavar="FILE", help="Real data: .npz with arrays named like the tensors, or .csv."),
        click.option("--dtype", type=click.Choice(["float64", "float32"]), default="float64", show_default=True),
    ):
        function = option(function)
    return function


@click.command("check")
@derivation_argument
@click.option("--backend", type=click.Choice(["tensorflow"]), default="tensorflow", show_default=True)
@check_options
@click.option("--plot", metavar="FILE", help="Draw the errors in units of their bounds: .svg, .pdf or .png.")
@click.option("--force", is_flag=True, help="With --plot: replace a file that has other content.")
@common
def command(manner: Manner, what: str, backend: str, plot: str | None, force: bool, **options: Any) -> int:
    """Measure the derived formulas against automatic differentiation.

    Exit code: 0 AGREE, 1 DISAGREE, 3 INCONCLUSIVE, 4 if the backend is not installed.
    """
    from symgrad.calculus import derive

    picture = picture_file(plot) if plot else None
    model = model_of(what, manner)
    table = loaded(model, **options)
    with Progress(manner) as progress:
        derivation = derive(model, progress=progress)
        progress(f"checking against {backend}")
        report = measured(derivation, backend, table, **options)
    if picture and report.errors:
        from symgrad.render.figures import errors

        path, form = picture
        write(path.parent, {path.name: errors(report, form)}, force=force)
        manner.say(f"{path}: written")
    elif picture:
        manner.say("symgrad: warning: no gradient entry was compared, so there is no picture")
    if manner.json:
        manner.give({"schema": 1, "model": model.name, **report.to_json()})
    else:
        put(f"{report}\n")
        if not derivation.confirmed:
            put("DISAGREE: a counterexample has other numbers there\n")
    return report.outcome.exit_code if derivation.confirmed else 1


def loaded(model: Model, *, data: str | None, mapping: str | None, dtype: str, **_: Any) -> Arrays | None:
    """The real data that the options name, if any.

    Raises:
        InputError: if the data cannot be read or do not fit the model.
    """
    from symgrad.oracles.data import load_data

    if mapping and not data:
        raise click.UsageError("--map says how to read --data, which is missing")
    return load_data(data, mapping, model, dtype) if data else None


def measured(
    derivation: Derivation, backend: str, table: Arrays | None, *, dtype: str, points: int, seed: int, **_: Any
) -> CheckReport:
    """The numeric check of a derivation's formulas.

    Raises:
        MissingDependencyError: if the backend is not installed.
    """
    load_quietly(backend)
    return derivation.check(backend, dtype=dtype, points=points, seed=seed, data=table)
