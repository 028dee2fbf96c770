"""Checkers as the arena sees them: commands that read a goal and a certificate and say yes or no by their exit code."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ACCEPT, REJECT, DECLINE, BROKEN = "accept", "reject", "decline", "broken"


@dataclass(frozen=True)
class Judge:
    """A program of its own. ``codes`` says what its exit codes mean; any other one means that it is broken."""

    name: str
    command: tuple[str, ...]
    codes: tuple[tuple[int, str], ...] = ((0, ACCEPT), (1, REJECT))
    seconds: float = 60

    def verdict(self, goal, certificate):
        """What it says of two files."""
        ran = subprocess.run(
            [*self.command, str(goal), str(certificate)], capture_output=True, timeout=self.seconds, check=False
        )
        return dict(self.codes).get(ran.returncode, BROKEN)


def baseline(manner):
    return Judge(
        f"always {manner}" if manner != "parse" else "parse only",
        (*PYTHON, str(Path(__file__).parent / "baseline.py"), manner),
    )


PYTHON = (sys.executable, "-I")
CHECKER = Judge(
    "symgrad's checker",
    (*PYTHON, str(ROOT / "symgrad" / "checker.py")),
    ((0, ACCEPT), (1, REJECT), (2, REJECT)),  # malformed is rejected as well
)
BASELINES = tuple(map(baseline, ("accept", "reject", "parse")))
JUDGES = (CHECKER, *BASELINES)
