"""``symgrad plot``."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import click

from symgrad.cli.check import loaded
from symgrad.cli.inputs import derivation_argument, model_of
from symgrad.cli.manner import Manner, Progress, common, put
from symgrad.cli.output import picture_file, write
from symgrad.errors import InputError

if TYPE_CHECKING:
    from symgrad.lang.model import Model
    from symgrad.oracles.report import Arrays
    from symgrad.oracles.slices import Setting, Span

LARGEST = 100
"""A size that is drawn rather than read may be so large."""

FAR, WIDTH = 1e100, 1e-6
"""A range ends before the first, and is at least so wide for its distance from zero: a picture needs digits."""


@click.command("plot")
@derivation_argument
@click.option("--over", metavar="P,Q", help="Two parameter entries: 'w[1],w[2]' or 'w[1],b'. Default: the first two.")
@click.option("--range", "ranges", metavar="A:B[,C:D]", help="The range of both, or of each. Default: around theta.")
@click.option("--sizes", metavar="N=3,D=2", help="Sizes of the data that are drawn. Default: N=3, the others differ.")
@click.option("--data", metavar="FILE", help="Real data: .npz with arrays named like the tensors, or .csv.")
@click.option("--map", "mapping", metavar="MAP", help="Columns of a .csv: 'x=age,weight;y=label'.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of data and parameters that are drawn.")
@click.option("-o", "--output", metavar="FILE", help="A file ending in .svg, .pdf or .png. Default: NAME.svg.")
@click.option("--force", is_flag=True, help="Replace a file that has other content.")
@common
def command(
    manner: Manner,
    what: str,
    over: str | None,
    ranges: str | None,
    sizes: str | None,
    seed: int,
    output: str | None,
    force: bool,
    **options: Any,
) -> int:
    """Draw per-sample losses, the batch loss and their gradients.

    The losses of up to three samples, and of the batch, are drawn over two parameters; the gradients, all at one point,
    theta, are the derived formulas. Data and theta are drawn by --seed; an .npz of --data may hold parameters, too.

    Example: symgrad plot logistic_regression --over 'w[1],b' -o loss.pdf
    """
    from symgrad.calculus import derive
    from symgrad.oracles.slices import chosen, shown, sliced
    from symgrad.render.figures import captions, slice_picture

    spans = parsed_ranges(ranges)
    model = model_of(what, manner)
    path, form = picture_file(output or f"{model.name}.svg")
    table = loaded(model, dtype="float64", **options)
    if table is not None and sizes:
        raise click.UsageError("--sizes is for data that are drawn; --data has sizes of its own")
    at = setting(model, table, parsed_sizes(sizes, model), random.Random(seed))
    places = chosen(over, model, at.sizes)
    with Progress(manner) as progress:
        derivation = derive(model, progress=progress)
        progress("drawing")
        both = derivation.sample_formulas, derivation.formulas
        coupled = derivation.verdicts["separable"]["status"] != "proved"
        cut = sliced(model, *both, at, places, spans, coupled=coupled)
        content = slice_picture(cut, form, captions(model, at))
    write(path.parent, {path.name: content}, force=force)
    if manner.json:
        numbers = {"gradients": cut.gradients.tolist(), "centroid": cut.centroid.tolist(), "batch": cut.batch.tolist()}
        where = {"over": [shown(place) for place in places], "theta": list(cut.theta), "sizes": dict(at.sizes)}
        manner.give({"schema": 1, "model": model.name, "file": str(path), **where, **numbers})
    else:
        put(f"{path}: written\n")
    return 0


def setting(model: Model, table: Arrays | None, sizes: dict[str, int], rng: random.Random) -> Setting:
    """Numbers for everything in the model: the table's, and drawn ones for what it lacks.

    Raises:
        InputError: if none are found that satisfy the assumptions and give a loss.
    """
    from symgrad.oracles.data import as_arrays, completed
    from symgrad.oracles.points import sample_point, sample_sizes
    from symgrad.oracles.slices import Setting

    if table is not None:
        found = completed(model, table, "float64", rng)
        if found is not None:
            return Setting(*found)
    for count in (3, 4) if table is None else ():  # data such as 1/N are exact for four samples, not for three
        fixed = {model.program.batch: count, **sizes}
        point = sample_point(model, sample_sizes(model.program, rng, fixed), rng)
        if point is not None:
            return Setting(point.sizes, as_arrays(model, point, "float64"))
    raise InputError("no point was found that satisfies the assumptions and where the loss is defined; try --data")


def parsed_sizes(text: str | None, model: Model) -> dict[str, int]:
    """What ``N=3,D=2`` says.

    Raises:
        InputError: if it says something else, or names a size that the model does not have.
    """
    from symgrad.lang.source import suggestion

    known = dict.fromkeys(letter.size for letter in model.letters)
    found = {}
    for item in (text or "").split(",") if text is not None else []:
        name, _, number = (part.strip() for part in item.partition("="))
        if not number.isdecimal() or not 1 <= int(number[:9]) <= LARGEST:
            raise InputError(f"--sizes: {item.strip()!r}, expected a size and a number from 1 to {LARGEST}, as in N=3")
        if name not in known:
            raise InputError(f"--sizes: no size {name!r}{suggestion(name, known)}")
        found[name] = int(number)
    return found


def parsed_ranges(text: str | None) -> tuple[Span, Span] | None:
    """What ``-3:3`` says of both parameters, or ``-3:3,-1:1`` of each.

    Raises:
        InputError: if it says something else.
    """
    if text is None:
        return None
    spans = []
    for item in text.split(","):
        try:
            low, high = (float(part) for part in item.split(":"))
        except ValueError:
            raise InputError(f"--range: {item.strip()!r}, expected two numbers, as in -3:3") from None
        largest = max(abs(low), abs(high))
        if not (high - low > WIDTH * largest and largest < FAR):
            raise InputError(f"--range: {item.strip()!r}, expected a number and a larger one, as in -3:3")
        spans.append((low, high))
    if len(spans) > 2:
        raise InputError(f"--range: {len(spans)} ranges, expected one for both parameters, or two")
    return spans[0], spans[-1]
