"""What JAX, TensorFlow and PyTorch do for the same jobs, by differentiating the model's own formulas.

Each in the way that its users would choose for speed: JAX compiles the mapped gradient, so does TensorFlow, by XLA or
without, whichever is faster; torch.func runs it as it is, since ``torch.compile`` needs a C++ compiler beside it.
"""

from __future__ import annotations

import os
import time
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from symgrad.export.numpy.loading import loaded
from symgrad.export.numpy.module import framework_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType

    from symgrad.export.numpy.plan import Plan

Jobs = dict[str, "Callable[[], Any]"]
"""By the name of an emitted function, a call without arguments that does the same."""

PEERS = ("jax", "tensorflow", "torch")
"""The frameworks that are known."""


def installed() -> list[str]:
    """The frameworks that are installed here."""
    return [name for name in PEERS if find_spec(name) is not None]


def jobs(name: str, plan: Plan, given: Sequence[Any], clip: float) -> Jobs:
    """Every job as a framework does it.

    Args:
        name: one of ``PEERS``.
        plan: of the model.
        given: the arguments, as for the emitted code.
        clip: the norm that gradients are clipped to.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    code = loaded(framework_text(plan, name, ("loss", "per_sample_loss")), f"symgrad_emitted_{name}")
    return _WAYS[name](import_module(name), _Split(code, plan, given), clip)


class _Split:
    """The loss as a function of parameters and data, and of one sample.

    Attributes:
        parameters: their names.
        data: the names of data.
        arrays: all by name.
        axes: for each of the data the axis of the samples, or None.
        count: of samples.
    """

    def __init__(self, code: ModuleType, plan: Plan, given: Sequence[Any]) -> None:
        self.code, self.names = code, [tensor.name for tensor in plan.inputs]
        self.arrays = dict(zip(self.names, given, strict=True))
        self.parameters = list(plan.blocks)
        self.data = [name for name in self.names if name not in plan.blocks]
        batch = plan.sample.size
        self.axes = {
            t.name: t.shape.index(batch) if batch in t.shape else None for t in plan.inputs if t.name in self.data
        }
        self.count = next(self.arrays[name].shape[axis] for name, axis in self.axes.items() if axis is not None)

    def objective(self, parameters: Any, data: Any) -> Any:
        """The loss of the batch."""
        return self.code.loss(*({**data, **parameters}[name] for name in self.names))

    def alone(self, parameters: Any, data: Any, expand: Callable[[Any, int], Any]) -> Any:
        """The loss of one sample, as a batch of one."""
        one = {k: v if (axis := self.axes[k]) is None else expand(v, axis) for k, v in data.items()}
        return self.code.per_sample_loss(*({**one, **parameters}[name] for name in self.names))[0]


def _jax(jax: Any, split: _Split, clip: float) -> Jobs:
    jax.config.update("jax_enable_x64", True)
    jnp = jax.numpy
    arrays = {name: jnp.asarray(array) for name, array in split.arrays.items()}
    parameters, data = ({k: arrays[k] for k in names} for names in (split.parameters, split.data))
    each = jax.vmap(jax.grad(lambda p, d: split.alone(p, d, jnp.expand_dims)), in_axes=(None, split.axes))
    ways = {"mean_gradient": jax.grad(split.objective), **_by_rows(jnp, each, split.count, clip)}

    def ready(job: Callable[..., Any]) -> Callable[[], Any]:
        compiled = jax.jit(job)
        return lambda: jax.block_until_ready(compiled(parameters, data))

    return {name: ready(job) for name, job in ways.items()}


def _by_rows(np_: Any, each: Callable[..., Any], count: int, clip: float) -> dict[str, Callable[..., Any]]:
    """What is made of all samples' gradients, in functions that are called as NumPy's."""

    def norms(found: Any) -> Any:
        return np_.sqrt(sum(np_.sum(np_.reshape(g, (count, -1)) ** 2, 1) for g in found.values()))

    def clipped(p: Any, d: Any) -> Any:
        found = each(p, d)
        factor = clip / np_.maximum(norms(found), clip) / count
        return {k: np_.tensordot(factor, g, 1) for k, g in found.items()}

    def gram(p: Any, d: Any) -> Any:
        rows = [np_.reshape(g, (count, -1)) for g in each(p, d).values()]
        return sum(row @ np_.transpose(row, (1, 0)) for row in rows)

    return {
        "per_sample_gradients": each,
        "per_sample_norms": lambda p, d: norms(each(p, d)),
        "clipped_mean_gradient": clipped,
        "second_moment": lambda p, d: {k: np_.sum(g * g, 0) / count for k, g in each(p, d).items()},
        "gram": gram,
    }


class _Words:
    """A framework's functions under the names that NumPy has for them."""

    def __init__(self, library: Any, **others: Any) -> None:
        self.library, self.others = library, others

    def __getattr__(self, name: str) -> Any:
        return self.others.get(name) or getattr(self.library, name)


def _tensorflow(tf: Any, split: _Split, clip: float) -> Jobs:
    data = {name: tf.constant(split.arrays[name]) for name in split.data}
    parameters = {name: tf.Variable(split.arrays[name]) for name in split.parameters}
    mapped = {k: v for k, v in data.items() if split.axes[k] is not None}
    fixed = {k: v for k, v in data.items() if split.axes[k] is None}

    def gradient(loss: Callable[[], Any]) -> Any:
        with tf.GradientTape() as tape:
            value = loss()
        return tape.gradient(value, parameters, unconnected_gradients="zero")

    def each(_: Any, d: Any) -> Any:
        moved = {k: tf.experimental.numpy.moveaxis(d[k], split.axes[k], 0) for k in mapped}

        def one(sample: Any) -> Any:
            return gradient(lambda: split.alone(parameters, {**sample, **fixed}, tf.expand_dims))

        return tf.vectorized_map(one, moved, fallback_to_while_loop=False)

    words = _Words(tf, sum=tf.reduce_sum)
    ways = {"mean_gradient": lambda p, d: gradient(lambda: split.objective(p, d))}
    ways.update(_by_rows(words, each, split.count, clip))

    def ready(job: Callable[..., Any]) -> Callable[[], Any]:
        ways = [tf.function(partial(job, parameters), jit_compile=xla, autograph=False) for xla in (True, False)]
        return partial(min(ways, key=lambda way: _seconds(partial(way, data))), data)

    return {name: ready(job) for name, job in ways.items()}


def _seconds(run: Callable[[], Any]) -> float:
    """How long a call takes once it is compiled."""
    taken = []
    for _ in range(5):
        start = time.process_time()
        run()
        taken.append(time.process_time() - start)
    return min(taken[1:])


def _torch(torch: Any, split: _Split, clip: float) -> Jobs:
    if hasattr(os, "sched_getaffinity"):
        torch.set_num_threads(len(os.sched_getaffinity(0)))
    arrays = {name: torch.from_numpy(np.array(array)) for name, array in split.arrays.items()}
    parameters, data = ({k: arrays[k] for k in names} for names in (split.parameters, split.data))
    func = torch.func
    each = func.vmap(func.grad(lambda p, d: split.alone(p, d, torch.unsqueeze)), in_dims=(None, split.axes))
    words = _Words(torch, transpose=torch.permute, maximum=lambda a, least: torch.clamp(a, min=least))
    ways = {"mean_gradient": func.grad(split.objective), **_by_rows(words, each, split.count, clip)}
    return {name: partial(job, parameters, data) for name, job in ways.items()}


_WAYS: dict[str, Callable[[Any, _Split, float], Jobs]] = {"jax": _jax, "tensorflow": _tensorflow, "torch": _torch}
