"""Kernel and checker are changed in many small ways, and the tests have to notice: a test of the tests.

Each change runs in a process of its own. Changes that no test can notice are listed in ``survivors.txt``, with the
reason.
"""

import json
import subprocess
import sys
from pathlib import Path

import mutators
import pytest
import runner
from soundness import FULL, length, record

HERE = Path(__file__).parent
SEED = 1
SAMPLE = {"unsound": length(1, None), "guards": length(1, None), "others": length(1, 400)}
"""How many changes of each kind; None for all."""


def excused():
    """What may survive, with the reason."""
    lines = (HERE / "survivors.txt").read_text(encoding="utf-8").splitlines()
    entries = [line.split(" -- ", 1) for line in lines if line and not line.startswith("#")]
    return {" ".join(change.split()): reason for change, reason in entries}


def ran(part, kind):
    """Every change that was tried, and whether the tests noticed it; figures are recorded one by one."""
    count = SAMPLE[kind]
    command = [sys.executable, str(HERE / "runner.py"), part, kind, *([str(count), str(SEED)] if count else [])]
    found = {}
    with subprocess.Popen(command, cwd=runner.ROOT, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            told = json.loads(line)
            found[told["change"]] = told["noticed"]
            kept = [] if told["noticed"] else [told["change"]]
            unlisted = [change for change in kept if change not in excused()]
            record(f"{part}_{kind}", told["change"], tried=1, survived=kept, unlisted=unlisted)
    assert process.returncode == 0
    return found


@pytest.mark.parametrize("part", runner.MODULES)
def test_without_a_guard_a_test_fails(part):
    found = ran(part, "guards")
    assert [change for change, noticed in found.items() if not noticed and change not in excused()] == []
    assert len(found) >= length(1, 40)


@pytest.mark.parametrize("part", runner.MODULES)
def test_what_makes_it_believe_something_false_is_noticed(part):
    found = ran(part, "unsound")
    assert [change for change, noticed in found.items() if not noticed] == []
    assert len(found) >= length(1, 20)


@pytest.mark.parametrize("part", runner.MODULES)
def test_of_other_changes_nineteen_in_twenty_are_noticed_and_the_rest_is_explained(part):
    found = ran(part, "others")
    survived = [change for change, noticed in found.items() if not noticed]
    assert [change for change in survived if change not in excused()] == []
    if FULL:
        assert len(found) >= 400
        assert len(survived) <= 0.05 * len(found)


@pytest.mark.parametrize("part", runner.MODULES)
def test_every_change_has_a_name_and_makes_another_program(part):
    """Which can at least be read."""
    for kind in ("unsound", "guards", "others"):
        changes = runner.changes(part, kind)
        assert len({what for what, _, _ in changes}) == len(changes)
        for _, name, source in changes[:: 1 if kind == "unsound" else 60]:
            made = source()
            compile(made, name, "exec")
            assert made != runner.path_of(name).read_text(encoding="utf-8")


def test_a_change_is_made_at_one_place():
    source = "def f(a, b):\n    need(a < b, 'no')\n    return a + 1\n"
    made = {mutant.key: mutant.source() for mutant in mutators.mutants(source)}
    assert made["f: guard: need(a < b, 'no')"] == "def f(a, b):\n    None\n    return a + 1"
    assert made["f: operator: Sub: a + 1"] == "def f(a, b):\n    need(a < b, 'no')\n    return a - 1"
    assert {key.split(": ")[1] for key in made} == {"guard", "comparison", "operator", "number"}


def test_an_unchanged_program_passes():
    """So that a change is noticed for what it is."""
    said = "import runner as r; print(r.fails('terms', r.path_of('terms').read_text(), r.STAGES['terms'][0], 300))"
    done = subprocess.run([sys.executable, "-c", said], cwd=HERE, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
