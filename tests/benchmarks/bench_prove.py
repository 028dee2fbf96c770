"""Time to derive and prove, size of certificates, time to check them. Run with ``make bench``."""

import os
import subprocess
import sys
import time

import pytest
import sympy  # noqa: F401, its import is no part of a derivation

from symgrad import catalogue
from symgrad.calculus import derive
from symgrad.lang.parser import load_model
from symgrad.models import mlp

DEPTHS = (1, 2, 4, 8, 16)
MAIN_JOB = [sys.executable, "-m", "symgrad", "prove", "logistic_regression"]


@pytest.mark.parametrize("name", catalogue.names())
def test_derive_and_prove_an_entry(benchmark, name):
    # One round of a model that is new: a second derivation of the same program finds its conversions made.
    derivation = benchmark.pedantic(derive, (load_model(catalogue.find(name)),), rounds=1, warmup_rounds=0)
    assert derivation.exit_code == 0
    assert benchmark.stats.stats.min < 1


def test_derive_and_prove_the_catalogue(benchmark):
    models = [load_model(catalogue.find(name)) for name in catalogue.names()]
    benchmark.pedantic(lambda: [derive(model) for model in models], rounds=1, warmup_rounds=0)
    assert benchmark.stats.stats.max < 120


@pytest.mark.parametrize("hidden", DEPTHS)
def test_derive_and_prove_a_deep_network(benchmark, hidden):
    model = mlp(hidden=hidden)
    derivation = benchmark.pedantic(derive, (model,), rounds=1, warmup_rounds=0)
    benchmark.extra_info["certificate bytes"] = len(derivation.certificate().encode())
    assert derivation.exit_code == 0
    assert benchmark.stats.stats.max < 30


def blocks_times_intermediates(model):
    parameters = sum(tensor.kind == "parameter" for tensor in model.program.inputs)
    return parameters * len(model.program.definitions)


def test_the_cost_of_depth_is_at_most_linear_in_blocks_times_intermediates():
    cost = {}
    for hidden in (4, 16):
        model = mlp(hidden=hidden)
        begun = time.perf_counter()
        derive(model)
        cost[hidden] = (time.perf_counter() - begun) / blocks_times_intermediates(model)
    assert cost[16] <= 1.5 * cost[4]  # half as much again is noise of the machine


@pytest.mark.parametrize("name", catalogue.names())
def test_check_a_certificate(benchmark, name):
    derivation = derive(load_model(catalogue.find(name)))
    benchmark.extra_info["certificate bytes"] = len(derivation.certificate().encode())
    benchmark.pedantic(derivation.verify, rounds=3, warmup_rounds=1)


def test_the_main_job_as_a_whole_process(benchmark):
    ran = benchmark.pedantic(
        subprocess.run, (MAIN_JOB,), {"check": True, "capture_output": True, "env": os.environ}, rounds=5
    )
    assert ran.returncode == 0
    assert benchmark.stats.stats.median < 2
