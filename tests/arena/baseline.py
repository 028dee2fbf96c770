"""Checkers that know nothing: ``accept`` and ``reject`` do so always, ``parse`` accepts whatever looks right.

    python -I baseline.py accept|reject|parse GOAL.json CERTIFICATE.json

What they score shows whether the arena can tell a checker from none.
"""

import json
import sys
from pathlib import Path


def looks_right(goal, certificate):
    """Two objects of the known format, each with its keys and with lists where lists belong."""
    return (
        goal["format"] == certificate["format"] == 1
        and goal.keys() == {"format", "model", "statements"}
        and certificate.keys() == {"format", "terms", "steps", "statements", "sha256"}
        and all(isinstance(certificate[key], list) for key in ("terms", "steps", "statements"))
        and all(isinstance(row, list) and row for row in [*certificate["terms"], *certificate["steps"]])
    )


def main(manner, *names):
    """The exit code: 0 accepts, 1 rejects."""
    if manner != "parse":
        return 0 if manner == "accept" else 1
    try:
        return 0 if looks_right(*[json.loads(Path(name).read_text(encoding="utf-8")) for name in names]) else 1
    except (ValueError, KeyError, TypeError, AttributeError):
        return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
