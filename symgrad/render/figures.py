"""Pictures: loss surfaces with their gradients, the noise of mini-batches, and the errors of a check."""

from __future__ import annotations

from itertools import combinations, combinations_with_replacement
from math import factorial, floor, log10
from typing import TYPE_CHECKING, Any, Protocol

from symgrad.errors import InputError
from symgrad.render.canvas import BLACK, BLUE, GREEN, GREY, ORANGE, settings, written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from symgrad.lang.model import Model
    from symgrad.oracles.report import CheckReport, Formulas
    from symgrad.oracles.slices import Setting, Slice
    from symgrad.render.canvas import Form

SAMPLE_COLOURS = (BLUE, ORANGE, GREEN)

_LINES = 14
"""Contour lines between the lowest and the highest value, about."""

SHOWN = len(SAMPLE_COLOURS)
"""Samples that have a panel and a colour of their own, at most."""

_ARROWS = 20
"""Of more samples than this, the last panel shows the tips of the arrows instead."""

_CAPTION = 24
"""Characters that fit beside the name of a loss."""

_MARGIN = 0.08
"""Part of a panel that arrows leave free on each side."""


class Derived(Protocol):
    """What is drawn of a derivation."""

    @property
    def model(self) -> Model: ...

    @property
    def formulas(self) -> Formulas:
        """The gradient of the objective."""

    @property
    def sample_formulas(self) -> Formulas:
        """The gradients of the samples' losses."""


def example() -> Setting:
    """Three samples for ``logistic_regression`` with two inputs, and the parameters at which gradients are drawn."""
    import numpy as np

    from symgrad.oracles.slices import Setting

    x = np.array([[1.4, 0.3], [-0.5, 1.3], [-0.9, -1.2]])
    arrays = {"x": x, "y": np.array([0.0, 1.0, 0.0]), "w": np.array([0.3, -0.3]), "b": np.array(0.0)}
    return Setting({"N": 3, "D": 2}, arrays)


def surfaces(derivation: Derived, form: Form = "svg") -> bytes:
    """Three per-sample losses and their mean over the same two parameters, with all gradients.

    Args:
        derivation: of the catalogue's ``logistic_regression``; its formulas are what is drawn.
        form: ``svg``, ``pdf`` or ``png``.

    Raises:
        MissingDependencyError: if matplotlib is not installed.
    """
    from symgrad.oracles.slices import chosen, sliced

    at = example()
    over = chosen(None, derivation.model, at.sizes)
    both = derivation.sample_formulas, derivation.formulas
    cut = sliced(derivation.model, *both, at, over, ((-2.5, 2.5), (-2.5, 2.5)))
    return slice_picture(cut, form, captions(derivation.model, at))


def slice_picture(cut: Slice, form: Form, captions: Sequence[str] = ()) -> bytes:
    """The picture of a slice: a panel for each sample shown, and one for the objective.

    Args:
        cut: the numbers.
        form: ``svg``, ``pdf`` or ``png``.
        captions: what to write beside the name of each loss, such as the sample's data.

    Raises:
        MissingDependencyError: if matplotlib is not installed.
    """
    with settings():
        first, second = cut.over
        relation = "equals" if cut.averages else "differs from"
        return written(
            draw_slice(cut, captions),
            form,
            f"Per-sample losses and the batch loss over {first} and {second}",
            f"Contours of {len(cut.losses)} per-sample losses and of the batch loss over the same two parameters, with "
            f"every gradient at one point. The gradient of the batch loss {relation} the mean of the per-sample ones.",
        )


def ten_samples() -> Setting:
    """Ten samples for ``logistic_regression`` with two inputs: few enough to take every mini-batch there is."""
    import numpy as np

    from symgrad.oracles.slices import Setting

    x = [
        (1.4, 0.3), (-0.5, 1.3), (-1.3, -0.9), (0.8, -1.1), (0.2, 0.6),
        (-0.9, 0.4), (1.1, 1.2), (-0.3, -0.7), (0.6, 0.9), (-1.5, 0.1),
    ]  # fmt: skip
    y = np.array([0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0])
    return Setting({"N": 10, "D": 2}, {"x": np.array(x), "y": y, "w": np.array([0.5, -0.9]), "b": np.array(0.0)})


def noise(derivation: Derived, form: Form = "svg") -> bytes:
    """The variance of the mini-batch gradient against the size of the mini-batch, with the law on top.

    Every mini-batch of ten samples is taken, with replacement and without: nothing is simulated.

    Args:
        derivation: of the catalogue's ``logistic_regression``; its per-sample gradients are what is averaged.
        form: ``svg``, ``pdf`` or ``png``.

    Raises:
        MissingDependencyError: if matplotlib is not installed.
    """
    import numpy as np

    from symgrad.oracles.slices import gradients

    each, _ = gradients(derivation.model, derivation.sample_formulas, derivation.formulas, ten_samples())
    rows = np.concatenate([value.reshape(len(value), -1) for value in each.values()], axis=1)
    with settings():
        return written(
            draw_noise(rows),
            form,
            "Variance of the mini-batch gradient against the size of the mini-batch",
            f"Both axes are logarithmic. For mini-batches of 1 to {len(rows)} of {len(rows)} samples the mean squared "
            "distance from the batch gradient, over all mini-batches, lies on the law: sigma squared over B with "
            "replacement, S squared over B times 1 minus B over N without, where it is zero for the whole batch.",
        )


def variances(rows: Any, *, replacement: bool) -> list[float]:
    """For B = 1..N the mean of the squared distance between mini-batch gradient and batch gradient, by enumeration.

    Args:
        rows: the per-sample gradients, a row each.
        replacement: whether a sample may be drawn again; then each multiset counts as often as there are draws of it.
    """
    import numpy as np

    away, count, found = rows - rows.mean(axis=0), len(rows), []
    for size in range(1, count + 1):
        choose = combinations_with_replacement if replacement else combinations
        drawn = np.array(list(choose(range(count), size)))
        times = np.stack([(drawn == k).sum(axis=1) for k in range(count)], axis=1)
        factorials = np.array([factorial(k) for k in range(size + 1)], dtype=np.float64)
        weights = factorials[size] / factorials[times].prod(axis=1)
        distance = ((times @ away / size) ** 2).sum(axis=1)
        found.append(float(weights @ distance / weights.sum()))
    return found


def draw_noise(rows: Any) -> Figure:
    """Enumerated points and the law; call it within ``settings``."""
    import numpy as np
    from matplotlib.figure import Figure
    from matplotlib.ticker import FixedLocator, NullLocator, ScalarFormatter

    count = len(rows)
    sizes = np.arange(1, count + 1)
    sigma2 = float(((rows - rows.mean(axis=0)) ** 2).sum() / count)
    spread = count * sigma2 / (count - 1)
    fine = np.geomspace(1, count, 400)[:-1]
    figure = Figure(figsize=(3.4, 2.5), layout="constrained")
    ax = figure.subplots()
    ax.loglog([*fine, count], sigma2 / np.array([*fine, count]), color=BLUE, linewidth=1, label=r"$\sigma^2/B$")
    ax.loglog(sizes, variances(rows, replacement=True), "o", color=BLUE, markersize=3.5, label="with replacement")
    law = r"$(S^2/B)\,(1 - B/N)$"
    ax.loglog(fine, spread / fine * (1 - fine / count), color=ORANGE, linewidth=1, linestyle="--", label=law)
    without = variances(rows, replacement=False)[:-1]
    ax.loglog(sizes[:-1], without, "s", color=ORANGE, markersize=3.5, label="without replacement")
    bottom = without[-1] / 2.5
    ax.annotate("0 at $B = N$", (0.9 * count, 1.15 * bottom), color=ORANGE, ha="right", fontsize=7)
    ax.set_ylim(bottom, sigma2 * 1.8)
    ax.xaxis.set_major_locator(FixedLocator([1, 2, 3, 4, 6, 8, 10]))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(ScalarFormatter())
    ax.set_xlabel(f"size $B$ of the mini-batch, of $N = {count}$ samples")
    ax.set_ylabel(r"mean of $\|g_B - \nabla\mathcal{L}\|^2$")
    ax.legend(loc="lower left")
    return figure


def errors(report: CheckReport, form: Form = "svg") -> bytes:
    """The histogram of a check: the error of every gradient entry in units of its rounding bound.

    Args:
        report: of a check.
        form: ``svg``, ``pdf`` or ``png``.

    Raises:
        InputError: if the check compared nothing.
        MissingDependencyError: if matplotlib is not installed.
    """
    from symgrad.oracles.controls import ALLOWED

    found = [error for some in report.errors.values() for error in some]
    if not found:
        raise InputError(f"the check compared no gradient entry, so there is no picture: {report.reason}")
    with settings():
        return written(
            draw_errors(report),
            form,
            f"Errors of the gradient entries of {report.model} in units of their rounding bounds",
            f"Histogram over {len(found)} entries in {report.dtype}, on a logarithmic axis. The largest error is "
            f"{max(found):.2g} of its bound; up to {ALLOWED:g} are allowed. {report.outcome.value}.",
        )


def draw_errors(report: CheckReport) -> Figure:
    """The histogram, with the bound and what is allowed; call it within ``settings``."""
    import numpy as np
    from matplotlib.figure import Figure

    from symgrad.oracles.controls import ALLOWED

    found = np.array([error for some in report.errors.values() for error in some])
    usual = found[(found > 0) & np.isfinite(found)]
    low = max(-8, floor(np.log10(usual.min()))) if usual.size else -2
    high = min(20, max(1, floor(np.log10(usual.max())) + 1)) if usual.size else 1
    edges = np.logspace(low, high, 1 + (high - low) * (4 if high - low <= 10 else 1))
    figure = Figure(figsize=(3.4, 2.3), layout="constrained")
    ax = figure.subplots()
    counts, _, _ = ax.hist(
        np.clip(found, edges[0], edges[-1]), bins=edges.tolist(), color=BLUE, edgecolor="white", linewidth=0.4
    )
    ax.set(xscale="log", xlim=(edges[0], edges[-1]), ylim=(0, 1.3 * max(counts)))
    for place, style, name in ((1.0, "-", "bound"), (ALLOWED, "--", "allowed")):
        ax.axvline(place, color=ORANGE, linewidth=0.9, linestyle=style)
        ax.annotate(
            name,
            (place, 1.27 * max(counts)),
            (-1.5, 0),
            textcoords="offset points",
            color=ORANGE,
            fontsize=7,
            rotation=90,
            ha="right",
            va="top",
        )
    exact = int((found == 0).sum())
    ax.set_title(
        f"{report.model}, {report.dtype}: {len(found)} entries" + (f", {exact} without error" if exact else "")
    )
    ax.set_xlabel("error in units of its rounding bound")
    ax.set_ylabel("gradient entries")
    return figure


def draw_slice(cut: Slice, captions: Sequence[str] = ()) -> Figure:
    """The panels, each with its contours and arrows; call it within ``settings``."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    panels = len(cut.losses) + 1
    figure = Figure(figsize=(0.5 + 1.66 * panels, 2.6), layout="constrained")
    axes = figure.subplots(1, panels, sharex=True, sharey=True, squeeze=False)[0]
    scale = _arrow_scale(cut)
    step = _step([*cut.losses, cut.objective])
    for k, (ax, loss) in enumerate(zip(axes, cut.losses, strict=False)):
        colour = SAMPLE_COLOURS[k]
        _contours(ax, cut, loss, step)
        _arrow(ax, cut, cut.gradients[k], scale, colour)
        extra = f": {captions[k]}" if k < len(captions) and captions[k] else ""
        ax.set_title(f"$\\ell_{{{k + 1}}}${extra}", color=colour)
    last = axes[-1]
    _contours(last, cut, cut.objective, step)
    _mean_panel(last, cut, scale)
    axes[0].set_ylabel(cut.over[1])
    for ax in axes:
        ax.set_xlabel(cut.over[0])
        ax.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    figure.supxlabel(_legend(cut, scale), fontsize=7)
    return figure


def _legend(cut: Slice, scale: float) -> str:
    """What the last panel shows, in two lines."""
    count = len(cut.gradients)
    many = "all of them" if count <= SHOWN else f"all {count}{'' if count <= _ARROWS else ', their tips only'}"
    times = "" if scale == 1 else f", {scale:g} times their length"
    end = "that centroid." if cut.averages else "elsewhere: it is not the mean of the per-sample gradients."
    batch = " in this batch" if cut.coupled else ""
    return (
        f"Coloured arrows: the gradients of the per-sample losses{batch}{times}; right: {many}, and the "
        "centroid of the tips (circle).\nBlack arrow: the gradient of the batch loss, by the formula derived for the "
        f"batch; its tip is {end}"
    )


def _mean_panel(ax: Axes, cut: Slice, scale: float) -> None:
    """All per-sample arrows, pale, the polygon of their tips, its centroid, and the gradient of the objective."""
    import numpy as np

    tips = np.asarray(cut.theta) + scale * cut.gradients
    if len(tips) > _ARROWS:
        ax.plot(*tips.T, linestyle="none", marker=".", markersize=2, markeredgewidth=0, color=GREY, zorder=3)
    for k, gradient in enumerate(cut.gradients[: SHOWN if len(tips) > _ARROWS else None]):
        _arrow(ax, cut, gradient, scale, SAMPLE_COLOURS[k] if k < SHOWN else GREY, pale=True)
    if 1 < len(tips) <= SHOWN:
        ax.plot(*np.vstack([tips, tips[:1]]).T, color=GREY, linewidth=0.7, linestyle=(0, (4, 2)), zorder=3)
    _arrow(ax, cut, cut.batch, scale, BLACK)
    ring: dict[str, Any] = {"marker": "o", "markersize": 7.5, "markerfacecolor": "none", "markeredgewidth": 0.8}
    ax.plot(*(np.asarray(cut.theta) + scale * cut.centroid), color=BLACK, zorder=7, **ring)
    ax.set_title(("mean loss" if cut.mean else "objective") + r" $\mathcal{L}$")


def _arrow(ax: Axes, cut: Slice, gradient: Any, scale: float, colour: str, *, pale: bool = False) -> None:
    """A gradient at theta."""
    ax.quiver(
        *cut.theta,
        *(scale * gradient),
        angles="xy",
        scale_units="xy",
        scale=1,
        color=colour,
        alpha=0.45 if pale else 1.0,
        width=0.014,
        headwidth=3.6,
        headlength=4.6,
        headaxislength=4.2,
        zorder=4 if pale else 5,
    )
    ax.plot(*cut.theta, marker="o", color=BLACK, markersize=3, zorder=6)


def _contours(ax: Axes, cut: Slice, values: Any, step: float) -> None:
    import numpy as np

    finite = np.ma.masked_invalid(values)
    if finite.count():
        low, high = float(finite.min()), float(finite.max())
        levels = step * np.arange(floor(low / step) + 1, floor(high / step) + 1)
        if len(levels) < 4 and high > low:
            levels = np.linspace(low, high, 6)[1:-1]
        if len(levels):
            greys = [str(g) for g in np.linspace(0.82, 0.45, len(levels))]
            ax.contour(*cut.grid, finite, levels=levels, colors=greys, linewidths=0.6, zorder=1)
    ax.set(xlim=cut.spans[0], ylim=cut.spans[1], box_aspect=1)


def _step(panels: Sequence[Any]) -> float:
    """One step between contour lines for all panels, so that lines lie closer where a gradient is longer."""
    import numpy as np

    ranges = [np.ptp(finite) for p in panels if (finite := p[np.isfinite(p)]).size]
    return _nice(float(max(ranges, default=1.0)) / _LINES) or 1.0


def _arrow_scale(cut: Slice) -> float:
    """The largest round factor that keeps every arrow inside the panel."""
    room = []
    for g in (*cut.gradients, cut.batch):
        for value, part, (low, high) in zip(cut.theta, g, cut.spans, strict=True):
            free = (high - value if part > 0 else value - low) - _MARGIN * (high - low)
            if part:
                room.append(max(free, _MARGIN * (high - low)) / abs(part))
    return _nice(min(room)) if room else 1.0


def _nice(value: float) -> float:
    """The largest of 1, 1.5, 2, 3, 5 and 7 times a power of ten that is not above ``value``; zero for zero."""
    if value <= 0:
        return 0.0
    power = 10.0 ** floor(log10(value))
    return power * max(k for k in (0.7, 1, 1.5, 2, 3, 5, 7) if k * power <= value)


def captions(model: Model, at: Setting) -> list[str]:
    """The data of each sample shown, where they are few and have at most two digits; else nothing."""
    batch, found = model.batch.size, []
    of = [t for t in model.program.inputs if t.kind == "data" and t.shape[:1] == (batch,)]
    for k in range(min(SHOWN, at.sizes[batch])):
        parts = []
        for tensor in of:
            row = at.arrays[tensor.name][k]
            values = [f"{v:.2g}" for v in row.ravel()]
            if row.ndim > 1 or [float(v) for v in values] != row.ravel().tolist():
                return []
            parts.append(f"{tensor.name} = {'(' + ', '.join(values) + ')' if row.ndim else values[0]}")
        found.append(", ".join(parts).replace("-", "\N{MINUS SIGN}"))
    return found if max(map(len, found)) <= _CAPTION else []
