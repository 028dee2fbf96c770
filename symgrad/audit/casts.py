"""Where a loss leaves the precision of its data, and what is lost there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from symgrad.audit.bench import BATCH
from symgrad.audit.findings import Finding, Weight
from symgrad.importers.graph import flattened
from symgrad.oracles.tensorflow import imported

if TYPE_CHECKING:
    from collections.abc import Mapping

NUDGE = 2.0**-40
"""A relative change that float64 tells apart and float32 does not."""


def rounding(concrete: Any, specs: Mapping[str, Any]) -> list[Finding]:
    """A finding if the traced function rounds float64 to a shorter type on the way to its result.

    Args:
        concrete: the traced function.
        specs: a ``tf.TensorSpec`` for each argument.
    """
    tf = imported()
    graph = flattened(concrete)
    short = [
        node
        for node in graph.nodes.values()
        if node.type == "Cast"
        and node.attribute("SrcT") == tf.float64
        and node.attribute("DstT") in {tf.float32, tf.float16, tf.bfloat16}
    ]
    if not short:
        return []
    kinds = " and ".join(sorted({node.attribute("DstT").name for node in short}))
    places = list(dict.fromkeys(node.where for node in short))
    evidence = [f"The graph casts float64 to {kinds} at {place}." for place in places[:3]]
    data = drawn(specs)
    wide = [name for name, spec in specs.items() if spec.dtype == tf.float64]
    if wide:
        before = concrete(**data)
        after = concrete(**{k: v * (1 + NUDGE) if k in wide else v for k, v in data.items()})
        if not bool(tf.reduce_all(before == after)):
            return []
        evidence.append(
            f"Measured: {' and '.join(wide)} larger by one part in 2^40, which float64 tells apart, leave every bit of"
            " the result as it was."
        )
    remedy = (
        "Give the Loss and the layers dtype='float64', or write the loss as a function; a Loss object casts to floatx."
    )
    said = f"Numbers in float64 are rounded to {kinds} inside the loss: value and gradient have no more digits."
    return [Finding("rounded", Weight.BEWARE, said, tuple(evidence), remedy)]


def drawn(specs: Mapping[str, Any], batch: int = BATCH) -> dict[str, Any]:
    """Tensors that fit the specs: positive numbers, labels 0 and 1; the same every time."""
    tf = imported()
    found = {}
    for k, (name, spec) in enumerate(specs.items()):
        shape = [batch if length is None else length for length in spec.shape]
        if spec.dtype.is_floating:
            value = tf.random.stateless_uniform(shape, (7, k), 0.1, 1.5, tf.float64)
        else:
            value = tf.random.stateless_uniform(shape, (7, k), 0, 2, tf.int64)
        found[name] = tf.cast(value, spec.dtype)
    return found
