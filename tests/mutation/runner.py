"""Runs tests on changed modules: each in a forked process that has read everything but symgrad, until one test fails.

    python tests/mutation/runner.py kernel|checker guards|unsound|others [COUNT SEED]

prints a line of JSON for each change: its name, whether the tests noticed it, and after how many seconds.
"""

import importlib
import importlib.util
import json
import os
import random
import signal
import sys
import time
from functools import partial
from pathlib import Path

import mutators
import unsound

ROOT = Path(__file__).resolve().parents[2]
READ_BEFORE = ("pytest", "flint", "json", "fractions", "unittest.mock")
MODULES = {
    "kernel": ("functions", "program", "ring", "rules", "terms", "theorem"),
    "checker": ("checker",),
}
LONG = "not altered and not edit and not entry and not noise and not program and not every_other_goal"
STAGES = {
    "functions": [["tests/kernel/test_functions.py"], ["tests/kernel"]],
    "program": [["tests/kernel/test_program.py"], ["tests/kernel"]],
    "ring": [["tests/kernel/test_ring.py"], ["tests/kernel"]],
    "rules": [["tests/kernel/test_rules.py"], ["tests/kernel"]],
    "terms": [["tests/kernel/test_terms.py"], ["tests/kernel"]],
    "theorem": [["tests/kernel"]],
    "checker": [
        ["tests/test_checker.py", "-k", LONG],
        ["tests/test_checker_in_numbers.py", "tests/kernel/test_agreement.py"],
    ],
}
"""What is run on a change, one after the other, until it is noticed."""


def path_of(name):
    return ROOT / "symgrad" / ("checker.py" if name == "checker" else f"kernel/{name}.py")


class Changed:
    """Finds one module, with a source of ours, before anybody else does."""

    def __init__(self, name, path, source):
        self.name, self.path, self.source = name, path, source

    def find_spec(self, name, *_):
        return importlib.util.spec_from_loader(name, self, origin=str(self.path)) if name == self.name else None

    def create_module(self, _):
        return None

    def exec_module(self, module):
        module.__file__ = str(self.path)
        exec(compile(self.source, str(self.path), "exec"), module.__dict__)


def killed(name, source, seconds=300):
    """Whether the tests notice a changed module, and after how many seconds."""
    started = time.monotonic()
    noticed = any(fails(name, source, stage, seconds) for stage in STAGES[name])
    return noticed, time.monotonic() - started


def changes(part, kind, count=None, seed=0):
    """Name, module and source of every change of a kind; of ``count`` of them, drawn with a seed."""
    if kind == "unsound":
        table = unsound.KERNEL if part == "kernel" else unsound.CHECKER
        found = [(what, name, partial(_edited, name, old, new)) for what, (name, old, new) in table.items()]
    else:
        made = [
            (name, mutant)
            for name in MODULES[part]
            for mutant in mutators.mutants(path_of(name).read_text(encoding="utf-8"))
        ]
        found = [
            (f"{name}: {mutant.key}", name, mutant.source)
            for name, mutant in made
            if (mutant.kind == "guard") == (kind == "guards")
        ]
    return found if count is None else random.Random(seed).sample(found, min(count, len(found)))


def _edited(name, old, new):
    source = path_of(name).read_text(encoding="utf-8")
    if source.count(old) != 1:
        raise ValueError(f"{name}: does not stand there once: {old}")
    return source.replace(old, new)


def fails(name, source, stage, seconds):
    child = os.fork()
    if not child:
        _run(name, source, stage)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status) != 0
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)  # it hangs, which is noticed too
    os.waitpid(child, 0)
    return True


def _run(name, source, stage):
    """In the child: run the tests and leave with 0 if all pass."""
    code = 70
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        os.chdir(ROOT)
        os.environ.pop("SYMGRAD_CAMPAIGN", None)
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        sys.path.insert(0, str(ROOT))
        module = "symgrad.checker" if name == "checker" else f"symgrad.kernel.{name}"
        sys.meta_path.insert(0, Changed(module, path_of(name), source))
        import pytest

        code = int(pytest.main([*stage, "-x", "-q", "-p", "no:cacheprovider", "--no-header"]))
    finally:
        os._exit(code)


def main(part, kind, *sample):
    """Print what became of each change."""
    for name in READ_BEFORE:
        importlib.import_module(name)
    for what, name, source in changes(part, kind, *map(int, sample)):
        noticed, seconds = killed(name, source())
        print(json.dumps({"change": what, "noticed": noticed, "seconds": round(seconds, 1)}), flush=True)  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
