"""Emitted code against frameworks on the same model: in turn, in one process, as ratios with their spread."""

from __future__ import annotations

import os
import random
import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from symgrad.errors import InputError, MissingDependencyError
from symgrad.export.numpy.loading import loaded
from symgrad.export.numpy.module import module_text
from symgrad.export.numpy.peers import jobs
from symgrad.kernel import terms as t
from symgrad.kernel.functions import inverse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from symgrad.export.numpy.peers import Jobs
    from symgrad.export.numpy.plan import Plan

LEAST = 0.01
"""Seconds that a sample of a clock takes at least."""

PAUSE = 0.02
"""Seconds before a sample, until the threads of the one before have gone to rest: processor time would count them."""

CLIP = 1.0
"""The norm that gradients are clipped to."""


@dataclass(frozen=True)
class Timing:
    """One job: seconds of the emitted code and of every peer, in every round.

    Attributes:
        job: the function.
        ours: of the emitted code.
        theirs: of the peers, by name.
    """

    job: str
    ours: tuple[float, ...]
    theirs: Mapping[str, tuple[float, ...]]

    def ratio(self, peer: str) -> float:
        """How many times longer a peer takes."""
        return statistics.median(self.theirs[peer]) / statistics.median(self.ours)

    def spread(self, peer: str) -> tuple[float, float]:
        """The quartiles of the ratios, round by round."""
        low, _, high = statistics.quantiles(b / a for a, b in zip(self.ours, self.theirs[peer], strict=True))
        return low, high

    @property
    def best(self) -> str:
        """The fastest peer."""
        return min(self.theirs, key=self.ratio)


WEIGHTED = ("clipped_mean_gradient", "second_moment")
"""What is weighted as in the objective; peers take the mean, so it is timed only where that is the same."""


def clock() -> tuple[Callable[[], float], str]:
    """Processor time where this process has one core, since neighbours do not count there; else time on the wall."""
    one = hasattr(os, "sched_getaffinity") and len(os.sched_getaffinity(0)) == 1
    return (time.process_time, "processor time, one core") if one else (time.perf_counter, "wall time")


def drawn(plan: Plan, sizes: Mapping[str, int], dtype: str, seed: int = 0) -> list[Any]:
    """Arguments with these sizes; targets that are assumed to sum to one do.

    Raises:
        InputError: for a size that no array has.
    """
    known = {size for tensor in plan.inputs for size in tensor.shape}
    if odd := [name for name in sizes if name not in known]:
        raise InputError(f"no array has the size {odd[0]}; there are {', '.join(sorted(known))}")
    rng = np.random.default_rng(seed)
    lengths = {size: sizes.get(size, 256 if size == plan.sample.size else 32) for size in known}
    found: list[Any] = []
    sums = (a.left for a in plan.assumptions if a.relation == "=" and a.right == t.ONE)
    ones = {s.body.tensor for s in sums if isinstance(s, t.Sum) and isinstance(s.body, t.Entry)}
    for tensor in plan.inputs:
        shape = tuple(lengths[s] for s in tensor.shape)
        if tensor.name in plan.labels:
            found.append(rng.integers(0, shape[-1], shape[:-1]))
            continue
        if tensor.name in ones:
            found.append(rng.dirichlet(np.ones(shape[-1]), shape[:-1]).astype(dtype))
            continue
        fan = shape[0] if tensor.kind == "parameter" and len(shape) > 1 else 1
        found.append((rng.uniform(0.1, 1.0, shape) / np.sqrt(fan)).astype(dtype))
    return found


def emitted(plan: Plan, given: Sequence[Any], *, fast: bool = False, clip: float = CLIP) -> Jobs:
    """Every job as the emitted code does it."""
    code = loaded(module_text(plan, fast=fast), "symgrad_emitted")
    out = code.per_sample_gradients(*given)
    return {
        "mean_gradient": lambda: code.mean_gradient(*given),
        "per_sample_gradients": lambda: code.per_sample_gradients(*given, out=out),
        "per_sample_norms": lambda: code.per_sample_norms(*given),
        "clipped_mean_gradient": lambda: code.clipped_mean_gradient(*given, clip=clip),
        "second_moment": lambda: code.second_moment(*given),
        "gram": lambda: code.gram(*given),
    }


def timings(plan: Plan, given: Sequence[Any], *, rounds: int, fast: bool, peers: Sequence[str]) -> list[Timing]:
    """Time every job on all sides, in turn.

    Args:
        plan: of the model.
        given: the arguments.
        rounds: samples of the clock.
        fast: outer products by numba.
        peers: some of ``PEERS``.

    Raises:
        MissingDependencyError: if there is no peer.
        InputError: if a peer differs in a result.
    """
    if not peers:
        raise MissingDependencyError("JAX, TensorFlow and PyTorch are not installed; pip install 'symgrad[bench]'")
    ours = emitted(plan, given, fast=fast)
    if plan.weight != inverse(t.Size(plan.sample.size)):
        for job in WEIGHTED:
            del ours[job]
    theirs = {name: jobs(name, plan, given, CLIP) for name in peers}
    found = []
    for job, run in ours.items():
        sides = {name: done[job] for name, done in theirs.items()}
        own = run()
        for name, side in sides.items():
            compare(f"{job}: {name}", own, side())
        found.append(timed(job, run, sides, rounds))
    return found


def timed(job: str, ours: Callable[[], Any], theirs: Mapping[str, Callable[[], Any]], rounds: int) -> Timing:
    """One job on all sides, in turn, in another order each round."""
    now, _ = clock()
    sides = (ours, *theirs.values())
    repeats = []
    for run in sides:
        start = now()
        run()
        repeats.append(max(1, int(LEAST / max(now() - start, 1e-6))))
    found: list[list[float]] = [[] for _ in sides]
    order = list(range(len(sides)))
    for number in range(rounds):
        random.Random(number).shuffle(order)
        for k in order:
            time.sleep(PAUSE)
            for _ in range(min(3, repeats[k])):
                sides[k]()
            start = now()
            for _ in range(repeats[k]):
                sides[k]()
            found[k].append((now() - start) / repeats[k])
    first, *others = map(tuple, found)
    return Timing(job, first, dict(zip(theirs, others, strict=True)))


def compare(told: str, ours: Any, theirs: Any) -> None:
    """Make sure that two results are the same job's.

    Raises:
        InputError: if they differ by more than rounding.
    """
    pairs = [(ours[k], theirs[k]) for k in ours] if isinstance(ours, dict) else [(ours, theirs)]
    arrays = [(a, np.asarray(b)) for a, b in pairs]
    scale = max(float(np.abs(b).max()) for _, b in arrays)
    for a, b in arrays:
        if a.shape != b.shape or not np.allclose(a, b, rtol=1e-2, atol=1e-3 * scale):
            raise InputError(f"{told} finds other numbers, so there is nothing to time")
