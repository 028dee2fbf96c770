"""Figures that a campaign measured, for the table of ``docs/soundness.md``: one line of JSON each, where asked for."""

import json
import os
from pathlib import Path


def record(what, figure, goal):
    """Add a line to the file that ``SYMGRAD_FIGURES`` names; where it names none, nothing is written."""
    if place := os.environ.get("SYMGRAD_FIGURES"):
        with Path(place).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"what": what, "figure": figure, "goal": goal}, ensure_ascii=False) + "\n")
