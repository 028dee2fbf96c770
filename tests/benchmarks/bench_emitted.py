"""The emitted code against every peer on four workloads: ratios of medians, in turn, in one process.

Run with ``make bench``; as a program, ``OPENBLAS_NUM_THREADS=1 taskset -c 1 python -W ignore -m
tests.benchmarks.bench_emitted --write docs/performance.md``, it measures the tables of that page again.
"""

import argparse
import datetime
import os
import platform
import statistics
import sys
import textwrap
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

import symgrad as sg
from symgrad.export.numpy import peers
from symgrad.export.numpy.loading import loaded
from symgrad.export.numpy.module import module_text
from symgrad.export.numpy.timing import CLIP, clock, compare, drawn, emitted, timed
from tests.benchmarks import torch_peers

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
def test_norms_clipping_and_inner_products_leave_every_peer_behind(name):
    if not peers.installed():
        pytest.skip("no peer is installed: pip install 'symgrad[bench]'")
    plan, sizes = plan_of(name)
    found = {timing.job: timing.ratio(timing.best) for timing in measured(plan, drawn(plan, sizes, "float32"), 5)}
    assert min(found["per_sample_norms"], found["clipped_mean_gradient"], found["second_moment"]) > 2, found
    assert found["gram"] > 4, found


def measured(plan, given, rounds):
    """Every job of the emitted code and of all peers that are installed, in turn."""
    ours = emitted(plan, given)
    theirs = {name: peers.jobs(name, plan, given, CLIP) for name in peers.installed()}
    network = torch_peers.Network(given, CLIP) if torch_peers.NAMES else None
    others = {name: network.jobs(name, list(plan.blocks)) for name in torch_peers.NAMES}
    found = []
    for job, run in ours.items():
        own = run()
        sides = {name: done[job] for name, done in theirs.items()}
        for name, side in sides.items():
            compare(f"{job}: {name}", own, side())
        for name, done in others.items():
            if job in done:
                sides[name], shaped = done[job]
                compare(f"{job}: {name}", own, shaped(sides[name]()))
        found.append(timed(job, run, sides, rounds))
    return found


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


def tables(workloads, dtypes, rounds):
    """The tables of docs/performance.md."""
    best, every, limit, said = [], [], [], []
    for name in workloads:
        plan, sizes = plan_of(name)
        for dtype in dtypes:
            given = drawn(plan, sizes, dtype)
            found = measured(plan, given, rounds)
            row = f"{name} {dtype}"
            best.append([row, *(cell(t, t.best, named=True) for t in found)])
            for peer in dict.fromkeys(p for t in found for p in t.theirs):
                every.append([row, peer, *(cell(t, peer) if peer in t.theirs else "" for t in found)])
            ratios = limits(name, plan, given)
            limit.append([row, *(f"{ratio:.2f}" for ratio in ratios)])
            said += missed(name, dtype, found, ratios)
            sys.stderr.write(f"{row}: done\n")
    return "\n\n".join([
        table(["workload", *JOBS], best),
        "Every peer:",
        table(["workload", "peer", *JOBS], every),
        "Ratios to what cannot be avoided: the mean gradient over its bare matrix products, and the gradients of the\n"
        "samples over filling as many numbers once, by NumPy alone and with `--fast`:",
        table(["workload", "mean / products", "N x P / write", "N x P / write with numba"], limit),
        "Behind, or short of its goal, in this run:",
        "\n".join(f"- {line}" for line in said or ["nothing"]),
    ])  # fmt: skip


JOBS = ("mean_gradient", "per_sample_gradients", "per_sample_norms", "clipped_mean_gradient", "second_moment", "gram")


def cell(timing, peer, *, named=False):
    low, high = timing.spread(peer)
    return f"{timing.ratio(peer):.2f} ({low:.2f}-{high:.2f}){' ' + peer if named else ''}"


def table(head, rows):
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows])


def missed(name, dtype, found, ratios):
    """The cells where a peer is ahead, or a goal is not reached."""
    small, said = name != "mlp2", []
    goals = (
        {"per_sample_norms": 2, "clipped_mean_gradient": 2, "second_moment": 2, "gram": 4} if name != "logistic" else {}
    )
    for timing in found:
        ratio, goal = timing.ratio(timing.best), goals.get(timing.job, 1)
        if ratio < goal:
            wanted = f", the goal is {goal}" if goal > 1 else ""
            said.append(f"{name} {dtype}, {timing.job}: {ratio:.2f} of {timing.best}{wanted}")
    mean, _, numba = ratios
    if mean > (3 if small else 1.1):
        said.append(
            f"{name} {dtype}: mean gradient {mean:.2f} times its matrix products, the goal is {3 if small else 1.1}"
        )
    if not small and numba > 1.3:
        said.append(f"{name} {dtype}: N x P with numba {numba:.2f} times writing the numbers, the goal is 1.3")
    return said


def machine():
    """What the figures were measured on."""
    text = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    model = next(
        (line.split(":")[1].strip() for line in text.splitlines() if line.startswith("model name")), platform.machine()
    )
    versions = [f"Python {platform.python_version()}"]
    for package in ("numpy", "jax", "tensorflow-cpu", "tensorflow", "torch", "opacus", "backpack-for-pytorch", "numba"):
        try:
            versions.append(f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            continue
    told = f"{model}, {os.cpu_count()} cores; {clock()[1]}; {', '.join(versions)}; {datetime.date.today().isoformat()}."
    return "\n".join(textwrap.wrap(told, 120))


MARKS = "<!-- measured: begin -->", "<!-- measured: end -->"


def main():
    parser = argparse.ArgumentParser(description="Time the emitted code against every peer that is installed.")
    parser.add_argument("--workloads", default=",".join(WORKLOADS), help="some of them (default: all)")
    parser.add_argument("--dtypes", default="float32,float64")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--write", metavar="FILE", help="replace the measured part of this page, docs/performance.md")
    asked = parser.parse_args()
    told = machine() + "\n\n" + tables(asked.workloads.split(","), asked.dtypes.split(","), asked.rounds) + "\n"
    if not asked.write:
        sys.stdout.write(told)
        return
    page = Path(asked.write)
    text = page.read_text(encoding="utf-8")
    start, end = (text.index(mark) for mark in MARKS)
    page.write_text(f"{text[: start + len(MARKS[0])]}\n\n{told}\n{text[end:]}", encoding="utf-8")


if __name__ == "__main__":
    main()
