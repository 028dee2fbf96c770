"""Every line and branch of kernel and checker is run by their tests; a campaign of its own, since it takes minutes."""

import json
import os
import subprocess
import sys

from runner import LONG, ROOT
from soundness import record

WATCHED = "symgrad/kernel/*,symgrad/checker.py"


def test_every_line_and_branch_of_kernel_and_checker_is_run(tmp_path):
    environment = {**os.environ, "COVERAGE_FILE": str(tmp_path / "coverage")}
    environment.pop("SYMGRAD_CAMPAIGN", None)

    def coverage(*arguments):
        subprocess.run([sys.executable, "-m", "coverage", *arguments], cwd=ROOT, env=environment, check=True)

    tests = ["tests/kernel", "tests/test_checker.py", "-k", f"{LONG} or the_program"]
    coverage("run", "--branch", "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests)
    coverage("json", f"--include={WATCHED}", "-o", str(tmp_path / "coverage.json"))
    found = json.loads((tmp_path / "coverage.json").read_text(encoding="utf-8"))
    missing = [
        f"{name}: {place}"
        for name, file in found["files"].items()
        for place in file["missing_lines"] + file["missing_branches"]
    ]
    totals = found["totals"]
    lines = totals["num_statements"] + totals["num_branches"]
    record("coverage", "kernel and checker", lines=lines, covered=lines - len(missing), missing=missing)
    assert missing == []
