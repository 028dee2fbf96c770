"""Points at which emitted functions are compared with ball arithmetic."""

import random

from symgrad.oracles.points import loose_sizes, sample_point


def point_of(model, sizes, seed=0):
    """A point with these sizes that satisfies the model's assumptions."""
    rng = random.Random(seed)
    for _ in range(20):
        point = sample_point(model, {**loose_sizes(model.program), **sizes}, rng, "float32")
        if point is not None:
            return point
    raise AssertionError(f"no point for {model.name} with sizes {sizes}")
