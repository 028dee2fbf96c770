"""What every function of an emitted module should return, in ball arithmetic from the per-sample formulas."""

import random
from math import prod

import numpy as np
from flint import arb, ctx

from symgrad.kernel.terms import Entry
from symgrad.oracles.balls import BITS, Evaluator, ball
from symgrad.oracles.data import as_arrays
from symgrad.oracles.points import loose_sizes, sample_point

CLIP = 0.75


def point_of(model, sizes, seed=0):
    """A point with these sizes that satisfies the model's assumptions."""
    rng = random.Random(seed)
    for _ in range(20):
        point = sample_point(model, {**loose_sizes(model.program), **sizes}, rng, "float32")
        if point is not None:
            return point
    raise AssertionError(f"no point for {model.name} with sizes {sizes}")


def arguments(model, point, dtype):
    """The arrays that the functions take, labels as whole numbers."""
    arrays = as_arrays(model, point, dtype)
    for name in model.labels:
        arrays[name] = arrays[name].argmax(axis=-1)
    return list(arrays.values())


class Exact:
    """All results at a point, as arrays of balls."""

    def __init__(self, derivation, point):
        model = derivation.model
        self.n = point.sizes[model.batch.size]
        ctx.prec = BITS
        formulas = derivation.sample_formulas
        evaluator = Evaluator(model.program, point, formulas.adjoints, total=True)
        whole = Evaluator(model.program, point, derivation.formulas.adjoints, total=True)

        def values(letters, term, by=evaluator):
            shape = [point.sizes[i.size] for i in letters]
            found = np.empty(shape, dtype=object)
            for where in np.ndindex(*shape):
                found[where] = ball(by.value(term, dict(zip(letters, where, strict=True))))
            return found

        n = model.batch
        self.loss = values((), Entry("objective", ()))
        self.per_sample_loss = values((n,), Entry("loss", (n,)))
        weight = derivation.statements["weight"]
        [own] = weight.left.wrt.indices
        self.weight = values((own,), weight.right)
        self.per_sample_gradients, self.mean_gradient = {}, {}
        for name, (letters, term) in formulas.gradients.items():
            found = values(letters, term)
            if n not in letters:  # zero
                found = np.broadcast_to(found, (self.n, *found.shape))
            self.per_sample_gradients[name] = found
        for name, (letters, term) in derivation.formulas.gradients.items():
            self.mean_gradient[name] = values(letters, term, whole)
        self.flat = np.concatenate([g.reshape(self.n, -1) for g in self.per_sample_gradients.values()], axis=1)
        self.per_sample_norms = np.array([(sum(row * row, arb(0))).sqrt() for row in self.flat], dtype=object)
        factor = [min(arb(1), arb(CLIP) / norm, key=float) if norm > 0 else arb(1) for norm in self.per_sample_norms]
        self.clipped_mean_gradient = self.summed(lambda g, k: self.weight[k] * factor[k] * g)
        self.second_moment = self.summed(lambda g, k: self.weight[k] * g * g)
        self.gram = self.flat.dot(self.flat.T)

    def summed(self, part):
        """A sum over the samples, by parameter."""
        return {
            name: np.asarray(sum((part(g[k], k) for k in range(self.n)), arb(0)), dtype=object)
            for name, g in self.per_sample_gradients.items()
        }

    def variance(self):
        total = sum(self.weight, arb(0))
        mean = self.summed(lambda g, k: self.weight[k] / total * g)
        second = self.summed(lambda g, k: self.weight[k] / total * g * g)
        return {name: np.asarray(second[name] - mean[name] * mean[name]) for name in second}


def error(found, exact, dtype, scale=None):
    """The largest error in units of roundoff, relative to the largest exact entry, or ``scale``."""
    exact = np.asarray(exact, dtype=object)
    found = np.asarray(found)
    assert found.shape == exact.shape, (found.shape, exact.shape)
    assert found.dtype == np.dtype(dtype), found.dtype
    if not prod(exact.shape):
        raise AssertionError("nothing compared")
    worst = max((abs(float(arb(float(f)) - e)) for f, e in zip(found.flat, exact.flat, strict=True)), default=0.0)
    size = scale or max(abs(float(e)) for e in exact.flat)
    assert np.isfinite(worst)
    return worst / (np.finfo(dtype).eps / 2) / size if size else float("inf") if worst else 0.0
