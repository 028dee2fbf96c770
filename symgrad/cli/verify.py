"""``symgrad verify``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from symgrad import catalogue
from symgrad.cli.inputs import is_path, read_limited
from symgrad.cli.manner import Manner, Progress, common, put
from symgrad.errors import InputError

LIMIT = 64 * 1024 * 1024
"""Bytes that a certificate may have."""


@click.command("verify")
@click.argument("certificate", metavar="CERTIFICATE.json")
@click.option("--goal", required=True, metavar="NAME|FILE.sg|GOAL.json", help="What the certificate must establish.")
@common
def command(manner: Manner, certificate: str, goal: str) -> int:
    """Let the checker, a second program in a process of its own, replay a certificate.

    The goal is rebuilt from the statement in FILE.sg; with GOAL.json it is taken as it stands. A certificate that was
    altered after it was written is refused, even if it would still prove the goal.

    Exit code: 0 accepted, 1 refused, 2 malformed.
    """
    content = read_limited(Path(certificate), LIMIT)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise InputError(f"{certificate}: not UTF-8 text") from None
    from symgrad.calculus.certificate import altered
    from symgrad.calculus.derivation import replay

    established: Any = None
    wanted = ""  # for a certificate that was altered, and so may not even be readable: the checker refuses it at once
    with Progress(manner) as progress:
        if goal.endswith(".json"):
            wanted = read_limited(Path(goal), LIMIT).decode("utf-8", errors="replace")
        elif not altered(text):
            from symgrad.calculus.goal import rebuild
            from symgrad.lang.parser import load_model

            progress("rebuilding the goal")
            model = load_model(Path(goal) if is_path(goal) else catalogue.find(goal))
            wanted, established = rebuild(model, text)
        progress("replaying the certificate")
        code, verdict = replay(wanted, text)
    if manner.json:
        manner.give({"schema": 1, "accepted": code == 0, "checker": verdict, "established": established})
        return code
    put(verdict + "\n")
    if code == 0 and established:
        for line in established:
            put(f"  {line}\n")
    return code
