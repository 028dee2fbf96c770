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
@click.argument("certificate", metavar="CERTIFICATE.json|NAME")
@click.option("--with", "second", type=click.Choice(["coq"]), help="Let Coq check the derivation called NAME.")
@click.option("--goal", metavar="NAME|FILE.sg|GOAL.json", help="What the certificate must establish.")
@common
def command(manner: Manner, certificate: str, second: str | None, goal: str | None) -> int:
    """Let the checker, a second program in a process of its own, replay a certificate.

    With `NAME --with coq`, or a file that ends in .sg: derive it, let coqc check the theorems about its gradients,
    as `prove --to coq` writes them, and say how long that took and on which axioms they rest.

    The goal is rebuilt from the statement in FILE.sg; with GOAL.json it is taken as it stands. A certificate that was
    altered after it was written is refused, even if it would still prove the goal.

    Exit code: 0 accepted, 1 refused, 2 malformed, 4 a limit or no coqc.
    """
    if second is not None:
        if goal is not None:
            raise click.UsageError("--goal is for certificates; --with coq takes the statement itself")
        return with_coq(manner, certificate)
    if goal is None:
        raise click.UsageError("say what the certificate must establish: --goal NAME, FILE.sg or GOAL.json")
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


def with_coq(manner: Manner, what: str) -> int:
    """Derive a model and let Coq check it."""
    from dataclasses import asdict

    from symgrad.calculus import derive
    from symgrad.cli.inputs import model_of
    from symgrad.cli.prove import told_by_coq
    from symgrad.export.coq import check, version

    version()  # so that a missing coqc is told before the work
    model = model_of(what, manner)
    with Progress(manner) as progress:
        derivation = derive(model, progress=progress)
        progress("compiling in Coq")
        report = check(derivation)
    if manner.json:
        manner.give({"schema": 1, "model": model.name, **asdict(report)})
    else:
        put(told_by_coq(report) + "\n")
    return 0 if report.accepted else 1
