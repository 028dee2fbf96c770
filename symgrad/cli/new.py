"""``symgrad new``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from symgrad.cli.manner import Manner, common, put
from symgrad.cli.output import write

if TYPE_CHECKING:
    from collections.abc import Callable

KINDS = {
    "linear": ("outputs", "loss", "penalty"),
    "logistic": (),
    "softmax": (),
    "mlp": ("hidden", "activation", "loss"),
}
"""The families, and the options that each has."""

HINTS = """
# Edit this file, then run: symgrad prove {file}
# What else it may say, each on a line of its own:
#   claim d(loss[n]) / d({parameter}) = ...   a gradient you believe in: it is proved, or refuted with an example
#   objective = ...                           what is differentiated, if not mean(n, loss[n])
#   assume f = g                              something that holds of the data
#   data y[n] : K                             labels from 1 to K: z[n, y[n]] is the entry of the label,
#                                             and delta(k, y[n]) is 1 where the label is k, else 0
#   expect identity refuted                   you know that the gradients do not average
#   source Author Year, eq. (1)               where the loss is printed
# Functions: exp log sqrt sin cos tanh sigmoid softplus relu abs sign step erf max min square silu gelu elu softmax
# logsumexp; sums are written sum(i, f), averages mean(i, f), maxima max(i, f), the number of samples size(N).
"""


def kind_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give the command one flag for each family, and the families' options."""
    for option in (
        click.option("--penalty", metavar="ridge|lasso", help="Of --linear: inside the loss of each sample."),
        click.option("--outputs", metavar="SIZE", help="Of --linear: the name of the size that counts outputs."),
        click.option("--loss", metavar="NAME", help="Of --linear and --mlp, such as squared or cross_entropy."),
        click.option("--activation", metavar="NAME", help="Of --mlp, such as tanh or relu."),
        click.option("--mlp", "hidden", type=int, metavar="LAYERS", help="A network with so many hidden layers."),
        click.option("--softmax", "kind", flag_value="softmax", help="Softmax regression."),
        click.option("--logistic", "kind", flag_value="logistic", help="Logistic regression; the default."),
        click.option("--linear", "kind", flag_value="linear", help="A linear model."),
    ):
        function = option(function)
    return function


@click.command("new")
@click.argument("file", metavar="FILE.sg")
@kind_options
@click.option("--force", is_flag=True, help="Replace a file that has other content.")
@common
def command(manner: Manner, file: str, kind: str | None, force: bool, **given: Any) -> int:
    """Write a loss as a file to edit; it proves as it is.

    Example: symgrad new my_loss.sg --mlp 2 --activation relu --loss squared
    """
    from symgrad.models import text_of

    options = {name: value for name, value in given.items() if value is not None}
    if "hidden" in options and kind:
        raise click.UsageError(f"--mlp and --{kind} are two kinds of model; choose one")
    kind = kind or ("mlp" if "hidden" in options else "logistic")
    if odd := [name for name in options if name not in KINDS[kind]]:
        raise click.UsageError(f"--{odd[0]} is not an option of --{kind}")
    path = Path(file)
    if path.suffix != ".sg":
        raise click.UsageError(f"{file!r} does not end in .sg, as the name of a derivation does")
    parameter = "W1[d, h1]" if kind == "mlp" else "b"
    text = text_of(kind, **options) + HINTS.format(file=path.name, parameter=parameter)
    write(path.parent, {path.name: text.encode()}, force=force)
    if manner.json:
        manner.give({"schema": 1, "file": str(path), "text": text})
    else:
        put(f"{path}: written; next: symgrad prove {path}\n")
    return 0
