"""Emitted code against JAX on the same model: interleaved, in one process, as ratios of medians with their spread.

JAX differentiates the model's own formulas, compiled, with ``vmap`` where gradients of samples are asked for.
"""

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
from symgrad.export.numpy.module import jax_text, module_text
from symgrad.kernel import terms as t

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from symgrad.export.numpy.plan import Plan

LEAST = 0.01
"""Seconds that a sample of a clock takes at least."""


@dataclass(frozen=True)
class Timing:
    """One job: seconds of either side, in every round.

    Attributes:
        job: the function.
        ours: of the emitted code.
        theirs: of JAX.
    """

    job: str
    ours: tuple[float, ...]
    theirs: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """How many times longer JAX takes."""
        return statistics.median(self.theirs) / statistics.median(self.ours)

    @property
    def spread(self) -> tuple[float, float]:
        """The quartiles of the ratios, round by round."""
        low, _, high = statistics.quantiles(b / a for a, b in zip(self.ours, self.theirs, strict=True))
        return low, high


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


def timings(plan: Plan, given: list[Any], *, rounds: int, fast: bool) -> list[Timing]:
    """Time every job that both sides can do.

    Raises:
        MissingDependencyError: if JAX is not installed.
        InputError: if the two sides differ in a result.
    """
    code = loaded(module_text(plan, fast=fast), "symgrad_emitted")
    peers = _jax(plan, given)
    out = code.per_sample_gradients(*given)
    ours: dict[str, Callable[[], Any]] = {
        "mean_gradient": lambda: code.mean_gradient(*given),
        "per_sample_gradients": lambda: code.per_sample_gradients(*given, out=out),
        "per_sample_norms": lambda: code.per_sample_norms(*given),
        "clipped_mean_gradient": lambda: code.clipped_mean_gradient(*given, clip=1.0),
        "second_moment": lambda: code.second_moment(*given),
        "gram": lambda: code.gram(*given),
    }
    return [_timed(job, ours[job], peers[job], rounds) for job in ours]


def _timed(job: str, ours: Callable[[], Any], theirs: Callable[[], Any], rounds: int) -> Timing:
    _compare(job, ours(), theirs())
    now, _ = clock()
    sides = (ours, theirs)
    repeats = []
    for run in sides:
        start = now()
        run()
        repeats.append(max(1, int(LEAST / max(now() - start, 1e-6))))
    found: tuple[list[float], list[float]] = ([], [])
    order = [0, 1]
    for number in range(rounds):
        random.Random(number).shuffle(order)
        for k in order:
            sides[k]()
            start = now()
            for _ in range(repeats[k]):
                sides[k]()
            found[k].append((now() - start) / repeats[k])
    return Timing(job, tuple(found[0]), tuple(found[1]))


def _compare(job: str, ours: Any, theirs: Any) -> None:
    pairs = [(ours[k], theirs[k]) for k in ours] if isinstance(ours, dict) else [(ours, theirs)]
    scale = max(float(np.abs(np.asarray(b)).max()) for _, b in pairs)
    for a, b in pairs:
        if a.shape != b.shape or not np.allclose(a, np.asarray(b), rtol=1e-2, atol=1e-3 * scale):
            raise InputError(f"{job}: JAX finds other numbers, so there is nothing to time")


def _jax(plan: Plan, given: list[Any]) -> dict[str, Callable[[], Any]]:
    """JAX's way to each job: the gradient compiled, mapped over the samples."""
    try:
        import jax
    except ImportError:
        raise MissingDependencyError("JAX is not installed; pip install 'symgrad[bench]'") from None
    jax.config.update("jax_enable_x64", True)  # type: ignore[no-untyped-call]
    jnp = jax.numpy
    code = loaded(jax_text(plan), "symgrad_emitted_jax")
    inputs = [tensor.name for tensor in plan.inputs]
    arrays = {name: jnp.asarray(array) for name, array in zip(inputs, given, strict=True)}
    names = list(plan.blocks)
    parameters = {name: arrays[name] for name in names}
    data = {name: arrays[name] for name in inputs if name not in parameters}
    batch = plan.sample.size
    axes = {i.name: (i.shape.index(batch) if batch in i.shape else None) for i in plan.inputs if i.name in data}
    count = next(data[name].shape[axis] for name, axis in axes.items() if axis is not None)

    def objective(p: Any, d: Any) -> Any:
        return code.loss(*({**d, **p}[name] for name in inputs))

    def alone(p: Any, d: Any) -> Any:
        one = {k: v if (axis := axes[k]) is None else jnp.expand_dims(v, axis) for k, v in d.items()}
        return code.per_sample_loss(*({**one, **p}[name] for name in inputs))[0]

    each = jax.vmap(jax.grad(alone), in_axes=(None, axes))

    def flat(p: Any, d: Any) -> Any:
        return jnp.concatenate([g.reshape(count, -1) for g in each(p, d).values()], axis=1)

    def clipped(p: Any, d: Any) -> Any:
        gradients = each(p, d)
        norm = jnp.sqrt(sum((g * g).reshape(count, -1).sum(1) for g in gradients.values()))
        factor = 1.0 / jnp.maximum(norm, 1.0) / count
        return {k: jnp.tensordot(factor, g, 1) for k, g in gradients.items()}

    def inner(p: Any, d: Any) -> Any:
        rows = flat(p, d)
        return rows @ rows.T

    jobs = {
        "mean_gradient": jax.grad(objective),
        "per_sample_gradients": each,
        "per_sample_norms": lambda p, d: jnp.sqrt(jnp.square(flat(p, d)).sum(1)),
        "clipped_mean_gradient": clipped,
        "second_moment": lambda p, d: {k: (g * g).mean(0) for k, g in each(p, d).items()},
        "gram": inner,
    }

    def ready(job: Callable[..., Any]) -> Callable[[], Any]:
        compiled = jax.jit(job)
        return lambda: jax.block_until_ready(compiled(parameters, data))  # type: ignore[no-untyped-call]

    return {name: ready(job) for name, job in jobs.items()}
