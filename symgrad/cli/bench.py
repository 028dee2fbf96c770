"""``symgrad bench``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from symgrad.cli.inputs import derivation_argument, model_of
from symgrad.cli.manner import Manner, Progress, common, put
from symgrad.errors import InputError, MissingDependencyError

if TYPE_CHECKING:
    from symgrad.export.numpy.timing import Timing


@click.command("bench")
@derivation_argument
@click.option("--sizes", metavar="N=256,D=100", default="", help="Sizes; else 256 samples and 32 of everything.")
@click.option("--dtype", type=click.Choice(["float32", "float64"]), default="float32", show_default=True)
@click.option("--rounds", type=click.IntRange(3, 1000), default=9, show_default=True, help="Samples of the clock.")
@click.option("--fast", is_flag=True, help="Outer products by numba.")
@click.option("--against", metavar="NAMES", help="Some of jax,tensorflow,torch. Default: those that are installed.")
@click.option("-o", "--output", metavar="DIR", help="Draw the ratios there, as bench.svg.")
@click.option("--force", is_flag=True, help="With -o: replace a picture that has other content.")
@common
def command(
    manner: Manner,
    what: str,
    sizes: str,
    dtype: str,
    rounds: int,
    fast: bool,
    against: str | None,
    output: str | None,
    force: bool,
) -> int:
    """Time the emitted code against frameworks on the same loss.

    JAX and TensorFlow (both compiled) and torch.func differentiate the loss and run in turn with the emitted code, in
    one process; a ratio above 1 says that they take longer. Pinned to one core, processor time is compared, else time
    on the wall.

    Example: taskset -c 1 symgrad bench mlp_softmax --sizes N=256,D=784,H1=128,H2=128,K=10
    """
    from symgrad.calculus import derive
    from symgrad.export.numpy.peers import PEERS, installed
    from symgrad.export.numpy.timing import clock, drawn, timings

    peers = installed() if against is None else [name.strip() for name in against.split(",")]
    if odd := [name for name in peers if name not in PEERS]:
        raise InputError(f"--against: {odd[0]!r} is none of {', '.join(PEERS)}")
    if absent := [name for name in peers if name not in installed()]:
        raise MissingDependencyError(f"{absent[0]} is not installed; pip install 'symgrad[bench]'")
    model = model_of(what, manner)
    with Progress(manner) as progress:
        plan = derive(model, progress=progress).factored.plan
        progress("timing")
        found = timings(plan, drawn(plan, _sizes(sizes), dtype), rounds=rounds, fast=fast, peers=peers)
    told = f"{model.name}, {dtype}, {clock()[1]}, medians of {rounds} rounds"
    if output:
        from symgrad.cli.output import write
        from symgrad.render.ratios import timing_picture

        rows = {f.job: {peer: (f.ratio(peer), *f.spread(peer)) for peer in f.theirs} for f in found}
        for path in write(Path(output), {"bench.svg": timing_picture(rows, told)}, force=force):
            manner.say(str(path))
    if manner.json:
        jobs = {
            f.job: {"emitted": f.ours, **f.theirs, "ratio": {peer: f.ratio(peer) for peer in f.theirs}} for f in found
        }
        manner.give({"schema": 1, "model": model.name, "dtype": dtype, "clock": clock()[1], "jobs": jobs})
    else:
        put(f"{told}\n\n{_table(found)}")
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

    peers = list(found[0].theirs)
    lines = [f"{'':24}{'emitted':>12}" + "".join(f"   {f'{peer} / emitted (quartiles)':32}" for peer in peers)]
    for timing in found:
        line = f"{timing.job:24}{f'{median(timing.ours) * 1e6:,.0f} us':>12}"
        for peer in peers:
            low, high = timing.spread(peer)
            line += f"   {f'{timing.ratio(peer):.2f} ({low:.2f} to {high:.2f})':32}"
        lines.append(line)
    return "\n".join(line.rstrip() for line in lines) + "\n"
