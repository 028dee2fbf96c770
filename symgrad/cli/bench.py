"""``symgrad bench``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from symgrad.cli.inputs import derivation_argument, model_of
from symgrad.cli.manner import Manner, Progress, common, put
from symgrad.errors import InputError

if TYPE_CHECKING:
    from symgrad.export.numpy.timing import Timing


@click.command("bench")
@derivation_argument
@click.option("--sizes", metavar="N=256,D=100", default="", help="Sizes; else 256 samples and 32 of everything.")
@click.option("--dtype", type=click.Choice(["float32", "float64"]), default="float32", show_default=True)
@click.option("--rounds", type=click.IntRange(3, 1000), default=9, show_default=True, help="Samples of the clock.")
@click.option("--fast", is_flag=True, help="Outer products by numba.")
@common
def command(manner: Manner, what: str, sizes: str, dtype: str, rounds: int, fast: bool) -> int:
    """Time the emitted code against JAX on the same loss.

    Both sides run in turn, in one process; a ratio above 1 says that JAX takes longer. Pinned to one core, processor
    time is compared, else time on the wall.

    Example: symgrad bench mlp_softmax --sizes N=256,D=784,H1=128,H2=128,K=10
    """
    from symgrad.calculus import derive
    from symgrad.export.numpy.timing import clock, drawn, timings

    model = model_of(what, manner)
    with Progress(manner) as progress:
        plan = derive(model, progress=progress).factored.plan
        progress("timing")
        found = timings(plan, drawn(plan, _sizes(sizes), dtype), rounds=rounds, fast=fast)
    if manner.json:
        jobs = {f.job: {"emitted": f.ours, "jax": f.theirs, "ratio": f.ratio} for f in found}
        manner.give({"schema": 1, "model": model.name, "dtype": dtype, "clock": clock()[1], "jobs": jobs})
    else:
        put(f"{model.name}, {dtype}, {clock()[1]}, medians of {rounds} rounds\n\n{_table(found)}")
    return 0


def _sizes(text: str) -> dict[str, int]:
    found = {}
    for part in filter(None, text.split(",")):
        name, _, length = part.partition("=")
        if not length.isdecimal() or not 0 < int(length) <= 10**7:
            raise InputError(f"--sizes: {part!r} is not SIZE=LENGTH, such as N=256")
        found[name.strip()] = int(length)
    return found


def _table(found: list[Timing]) -> str:
    from statistics import median

    lines = [f"{'':24}{'emitted':>12}{'jax.jit':>12}   JAX / emitted (quartiles)"]
    for timing in found:
        ours, theirs = (f"{median(side) * 1e6:,.0f} us" for side in (timing.ours, timing.theirs))
        low, high = timing.spread
        lines.append(f"{timing.job:24}{ours:>12}{theirs:>12}   {timing.ratio:.2f} ({low:.2f} to {high:.2f})")
    return "\n".join(lines) + "\n"
