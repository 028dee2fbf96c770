"""The figures of the campaigns. Tests add what they counted; run as a script, this file makes one table of it.

SYMGRAD_CAMPAIGN=1 SYMGRAD_FIGURES=folder python -m pytest ...
python tests/soundness.py folder docs/soundness.md
"""

import datetime
import json
import os
import sys
from collections import defaultdict
from pathlib import Path

FULL = bool(os.environ.get("SYMGRAD_CAMPAIGN"))
"""Whether the campaigns run at full length, as ``make test-soundness`` has it."""


def length(short, full):
    """How much to try: little in ``make test``, all of it in a campaign."""
    return full if FULL else short


def record(campaign, key, **counted):
    """Add figures of one test: numbers, which are summed (``largest_...``: the largest), or lists of names.

    What is recorded again under the same key replaces what was there, so that a campaign may run in pieces.
    """
    folder = os.environ.get("SYMGRAD_FIGURES")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        line = {"key": key, "on": datetime.date.today().isoformat(), **counted}
        with (Path(folder) / f"{campaign}.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def gathered(folder):
    """What all tests of each campaign counted together, and on which days."""
    totals, days = defaultdict(dict), set()
    for path in sorted(Path(folder).glob("*.jsonl")):
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        for line in {line["key"]: line for line in lines}.values():
            days.add(line.pop("on"))
            line.pop("key")
            total = totals[path.stem]
            for name, value in line.items():
                old = total.get(name)
                joined = max(old, value) if name.startswith("largest_") and old is not None else None
                total[name] = value if old is None else joined if joined is not None else old + value
    return totals, sorted(days)
