"""How JAX, TensorFlow and PyTorch spell what NumPy's functions do, and the functions that a module of theirs may need.

The emitter writes every operation as a function of ``np``; a table says where a framework has another word for it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True)
class Framework:
    """One framework's spelling.

    Attributes:
        title: as its users write it.
        imports: the lines that import it.
        prefix: of its functions.
        array: what makes an array of an argument.
        length: the length of an axis.
        words: its functions that are not called as NumPy's are.
        functions: the module's own functions, in its words; of the others, ``COMMON`` says how.
    """

    title: str
    imports: str
    prefix: str
    array: str
    length: str = "{a}.shape[{k}]"
    words: Mapping[str, str] = field(default_factory=dict)
    functions: Mapping[str, str] = field(default_factory=dict)

    def spelled(self, text: str) -> str:
        """A text with the framework's words for NumPy's."""
        return re.sub(r"\bnp\.(\w+)", lambda found: self.words.get(found[1], f"{self.prefix}.{found[1]}"), text)

    def support(self, names: Iterable[str]) -> list[str]:
        """The functions that these names need, as texts."""
        wanted = set(names)
        for name in names:
            wanted.update(_NEEDS.get(name, ()))
        known = {**COMMON, **self.functions}
        return [self.spelled(known[name].strip("\n")) for name in known if name in wanted]


_NEEDS = {
    "_sigmoid_minus": ("_sigmoid",),
    "_softmax_minus": ("_softmax",),
    "_softmax_minus_labels": ("_softmax", "_indicators"),
}

COMMON = {
    "_sigmoid_minus": '''
def _sigmoid_minus(z, y):
    """sigmoid(z) - y: nothing cancels where y is 0 or 1."""
    return (1 - y) * _sigmoid(z) - y * _sigmoid(-z)
''',
    "_softmax_minus": '''
def _softmax_minus(z, y):
    """softmax(z) - y along the last axis: at a label 1, minus the sum of the others."""
    p = _softmax(z)
    chosen = np.sum(p * y, axis=-1, keepdims=True)
    others = np.sum(p * (1 - y), axis=-1, keepdims=True)
    return p - y * chosen - y * others
''',
    "_softmax_minus_labels": '''
def _softmax_minus_labels(z, y):
    """softmax(z) minus one at the label, along the last axis: at the label, minus the sum of the others."""
    one = _indicators(y, z.shape[-1], z.dtype)
    rest = _softmax(z) * (1 - one)
    return rest - one * np.sum(rest, axis=-1, keepdims=True)
''',
    "_matmul": """
def _matmul(a, b):
    return a @ b
""",
}
"""What is written alike for all."""


def _functions(**bodies: str) -> dict[str, str]:
    """The support functions whose bodies are a line each; the arguments stand before the colon."""
    found = {}
    for name, told in bodies.items():
        arguments, _, body = told.partition(": ")
        found[f"_{name}"] = f"def _{name}({arguments}):\n    return {body}"
    return found


FRAMEWORKS = {
    "jax": Framework(
        title="JAX",
        imports="import jax\nimport jax.numpy as jnp",
        prefix="jnp",
        array="jnp.asarray",
        functions=_functions(
            constant="value, dtype: jnp.asarray(value, dtype)",
            take="a, labels, axis: jnp.take(a, labels, axis=axis)",
            sigmoid="z: jax.nn.sigmoid(z)",
            softplus="z: jax.nn.softplus(z)",
            logistic_loss="z, y: jax.nn.softplus(z) - y * z",
            softmax="z: jax.nn.softmax(z)",
            logsumexp="z: jax.nn.logsumexp(z, axis=-1)",
            log_softmax="z: jax.nn.log_softmax(z)",
            cross_entropy_labels="z, y: -jnp.take_along_axis(jax.nn.log_softmax(z), y[..., None], -1)[..., 0]",
            picked="values, y: jnp.take_along_axis(values, y[..., None], -1)[..., 0]",
            indicators="labels, size, dtype: jax.nn.one_hot(labels, size, dtype=dtype)",
            step="z: jnp.heaviside(z, 0)",
            relu="z: jnp.maximum(z, 0)",
            erf="z: jax.scipy.special.erf(z)",
        ),
    ),
    "tensorflow": Framework(
        title="TensorFlow",
        imports="import math\n\nimport tensorflow as tf",
        prefix="tf",
        array="tf.convert_to_tensor",
        length="_length({a}, {k})",
        words={"log": "tf.math.log", "sum": "tf.reduce_sum", "max": "tf.reduce_max", "pi": "math.pi"},
        functions={
            **_functions(
                constant="value, dtype: tf.cast(value, dtype)",
                take="a, labels, axis: tf.gather(a, labels, axis=axis)",
                sigmoid="z: tf.sigmoid(z)",
                softplus="z: tf.nn.softplus(z)",
                logistic_loss="z, y: tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=z)",
                softmax="z: tf.nn.softmax(z)",
                logsumexp="z: tf.reduce_logsumexp(z, axis=-1)",
                log_softmax="z: tf.nn.log_softmax(z)",
                cross_entropy_labels="z, y: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=z)",
                picked="values, y: tf.gather(values, y, axis=-1, batch_dims=y.shape.rank)",
                indicators="labels, size, dtype: tf.one_hot(labels, size, dtype=dtype)",
                step="z: tf.cast(z > 0, z.dtype)",
                relu="z: tf.nn.relu(z)",
                erf="z: tf.math.erf(z)",
            ),
            "_length": """
def _length(a, axis):
    return tf.shape(a)[axis] if a.shape[axis] is None else a.shape[axis]
""",
            "_matmul": """
def _matmul(a, b):
    if a.shape.rank == 1:
        return tf.reduce_sum(a * b) if b.shape.rank == 1 else tf.linalg.matvec(b, a, transpose_a=True)
    return tf.linalg.matvec(a, b) if b.shape.rank == 1 else a @ b
""",
        },
    ),
    "torch": Framework(
        title="torch.func",
        imports="import torch\nimport torch.nn.functional as F",
        prefix="torch",
        array="torch.as_tensor",
        words={"max": "torch.amax", "transpose": "torch.permute"},
        functions=_functions(
            constant="value, dtype: torch.as_tensor(value, dtype=dtype)",
            take="a, labels, axis: a[(slice(None),) * axis + (labels,)]",
            sigmoid="z: torch.sigmoid(z)",
            softplus="z: torch.logaddexp(z, torch.zeros_like(z))",
            logistic_loss="z, y: F.binary_cross_entropy_with_logits(z, y.broadcast_to(z.shape), reduction='none')",
            softmax="z: torch.softmax(z, -1)",
            logsumexp="z: torch.logsumexp(z, -1)",
            log_softmax="z: torch.log_softmax(z, -1)",
            cross_entropy_labels="z, y: F.cross_entropy(z.movedim(-1, 1), y, reduction='none')",
            picked="values, y: torch.gather(values, -1, y[..., None])[..., 0]",
            indicators="labels, size, dtype: F.one_hot(labels, size).to(dtype)",
            step="z: (z > 0).to(z.dtype)",
            relu="z: torch.relu(z)",
            erf="z: torch.erf(z)",
        ),
    ),
}
"""By name."""
