"""The picture of a timing: how many times longer others take, with quartiles, on a logarithmic axis."""

from __future__ import annotations

from typing import TYPE_CHECKING

from symgrad.errors import InputError
from symgrad.render.canvas import BLUE, GREEN, GREY, ORANGE, settings, written

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure

COLOURS, MARKS = (BLUE, ORANGE, GREEN), "osD"


def timing_picture(rows: Mapping[str, Mapping[str, tuple[float, float, float]]], told: str) -> bytes:
    """The ratios of a timing, as SVG.

    Args:
        rows: by job and peer, the ratio and its quartiles.
        told: what was timed, and how.

    Raises:
        InputError: if there is nothing to draw.
        MissingDependencyError: if matplotlib is not installed.
    """
    if not rows:
        raise InputError("nothing was timed, so there is no picture")
    peers = list(next(iter(rows.values())))
    with settings():
        return written(
            draw_ratios(rows, told),
            "svg",
            f"How many times longer {', '.join(peers)} take than the emitted code",
            f"{told}. A point for each of {len(rows)} functions and each framework, with the quartiles of the rounds.",
        )


def draw_ratios(rows: Mapping[str, Mapping[str, tuple[float, float, float]]], told: str) -> Figure:
    """A point with its quartiles for each job and peer; call it within ``settings``."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, NullFormatter

    peers = list(next(iter(rows.values())))
    figure = Figure(figsize=(5.2, 0.5 + 0.42 * len(rows)), layout="constrained")
    ax = figure.subplots()
    ax.axvline(1, color=GREY, linewidth=0.9)
    for k, peer in enumerate(peers):
        found = [row[peer] for row in rows.values()]
        heights = [place + 0.2 * (k - (len(peers) - 1) / 2) for place in range(len(rows))]
        spread = [[max(0.0, r - low) for r, low, _ in found], [max(0.0, high - r) for r, _, high in found]]
        colour, mark = COLOURS[k % len(COLOURS)], MARKS[k % len(MARKS)]
        ax.errorbar(
            [r for r, _, _ in found],
            heights,
            xerr=spread,
            color=colour,
            fmt=mark,
            markersize=3.5,
            linewidth=1,
            label=peer,
        )
    ax.set(xscale="log", ylim=(len(rows) - 0.5, -0.5))
    ax.set_yticks(range(len(rows)), list(rows))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_xlabel("times as long as the emitted code takes")
    figure.suptitle(told, fontsize=8)
    ax.legend()
    return figure
