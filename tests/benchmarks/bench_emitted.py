"""The emitted code against JAX on four workloads: ratios of medians, in turn, in one process. Run with ``make bench``.

As a program (``OPENBLAS_NUM_THREADS=1 taskset -c 1 python tests/benchmarks/bench_emitted.py``) it prints the table of
docs/performance.md.
"""

import statistics
import sys

import numpy as np
import pytest

import symgrad as sg
from symgrad.export.numpy.loading import loaded
from symgrad.export.numpy.module import module_text
from symgrad.export.numpy.timing import clock, drawn, timings

HEAD = "batch n\ndata x[n, d], y[n] : K\n"
LOSS = "loss[n] = logsumexp(k, z[n, k]) - z[n, y[n]]"
WORKLOADS = {
    "logistic": (sg.models.logistic, {"N": 1024, "D": 100}),
    "softmax": (
        "index n : N, d : D, k : K\n" + HEAD + "parameter W[d, k], b[k]\n"
        "z[n, k] = sum(d, W[d, k] * x[n, d]) + b[k]\n" + LOSS,
        {"N": 512, "D": 100, "K": 10},
    ),
    "mlp1": (
        "index n : N, d : D, p : H, k : K\n" + HEAD + "parameter W1[d, p], b1[p], W2[p, k], b2[k]\n"
        "h[n, p] = tanh(sum(d, W1[d, p] * x[n, d]) + b1[p])\n"
        "z[n, k] = sum(p, W2[p, k] * h[n, p]) + b2[k]\n" + LOSS,
        {"N": 256, "D": 50, "H": 64, "K": 10},
    ),
    "mlp2": (
        "index n : N, d : D, p : H1, q : H2, k : K\n"
        + HEAD
        + "parameter W1[d, p], b1[p], W2[p, q], b2[q], W3[q, k], b3[k]\n"
        "h1[n, p] = tanh(sum(d, W1[d, p] * x[n, d]) + b1[p])\n"
        "h2[n, q] = tanh(sum(p, W2[p, q] * h1[n, p]) + b2[q])\n"
        "z[n, k] = sum(q, W3[q, k] * h2[n, q]) + b3[k]\n" + LOSS,
        {"N": 256, "D": 784, "H1": 128, "H2": 128, "K": 10},
    ),
}


def plan_of(name):
    stated, sizes = WORKLOADS[name]
    model = sg.parse_model(stated, name) if isinstance(stated, str) else stated()
    return sg.derive(model).factored.plan, sizes


@pytest.mark.parametrize("name", ["softmax", "mlp1", "mlp2"])
def test_norms_clipping_and_inner_products_leave_jax_behind(name):
    pytest.importorskip("jax", reason="pip install 'symgrad[bench]'")
    plan, sizes = plan_of(name)
    found = {t.job: t.ratio for t in timings(plan, drawn(plan, sizes, "float32"), rounds=5, fast=False)}
    assert min(found["per_sample_norms"], found["clipped_mean_gradient"]) > 2, found
    assert found["gram"] > 4, found


def products(name, given):
    """The matrix products that a mean gradient cannot do without, into arrays that are there."""
    x, parameters = given[0], given[2:]
    if name == "logistic":
        z, g = np.empty(len(x), x.dtype), np.empty(x.shape[1], x.dtype)
        return lambda: (np.dot(x, parameters[0], out=z), np.dot(z, x, out=g))
    weights = parameters[0::2]
    layers = [x, *(np.full((len(x), w.shape[1]), 0.1, x.dtype) for w in weights[:-1])]
    deltas = [np.full((len(x), w.shape[1]), 0.1, x.dtype) for w in weights]
    slopes = [np.empty_like(w) for w in weights]

    def run():
        for a, w, z in zip(layers, weights, deltas, strict=True):
            np.matmul(a, w, out=z)
        for k in reversed(range(len(weights))):
            np.matmul(layers[k].T, deltas[k], out=slopes[k])
            if k:
                np.matmul(deltas[k], weights[k].T, out=deltas[k - 1])

    return run


def limits(name, plan, given):
    """Ratios to what cannot be avoided: matrix products, and writing N x P numbers; with numba and without."""
    now, _ = clock()
    codes = {fast: loaded(module_text(plan, fast=fast), "emitted") for fast in (False, True)}
    outs = {fast: code.per_sample_gradients(*given) for fast, code in codes.items()}
    whole = np.empty(sum(part.size for part in outs[False].values()), given[0].dtype)
    runs = {
        "products": products(name, given),
        "mean": lambda: codes[False].mean_gradient(*given),
        "write": lambda: whole.fill(1.0),
        "numpy": lambda: codes[False].per_sample_gradients(*given, out=outs[False]),
        "numba": lambda: codes[True].per_sample_gradients(*given, out=outs[True]),
    }
    taken = {key: [] for key in runs}
    for _ in range(15):
        for key, run in runs.items():
            run()
            start = now()
            count = 0
            while now() - start < 0.01:
                run()
                count += 1
            taken[key].append((now() - start) / count)
    best = {key: statistics.median(values) for key, values in taken.items()}
    return best["mean"] / best["products"], best["numpy"] / best["write"], best["numba"] / best["write"]


def main():
    out = sys.stdout.write
    jobs = (
        "mean_gradient",
        "per_sample_gradients",
        "per_sample_norms",
        "clipped_mean_gradient",
        "second_moment",
        "gram",
    )
    out(f"{clock()[1]}\n| workload | {' | '.join(jobs)} | mean / products | N x P / write | the same with numba |\n")
    out("|---" * 10 + "|\n")
    for name in WORKLOADS:
        plan, sizes = plan_of(name)
        for dtype in ("float32", "float64"):
            given = drawn(plan, sizes, dtype)
            found = {t.job: t for t in timings(plan, given, rounds=9, fast=False)}
            cells = [f"{found[j].ratio:.2f} ({found[j].spread[0]:.2f}-{found[j].spread[1]:.2f})" for j in jobs]
            cells += [f"{ratio:.2f}" for ratio in limits(name, plan, given)]
            out(f"| {name} {dtype} | {' | '.join(cells)} |\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
