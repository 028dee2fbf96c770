"""``symgrad list``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from symgrad import catalogue
from symgrad.cli.manner import Manner, common, put

if TYPE_CHECKING:
    from symgrad.lang.model import Model


@click.command("list")
@common
def command(manner: Manner) -> int:
    """List the derivations of the catalogue, with what each is expected to show."""
    from symgrad.lang.parser import load_model

    entries = [row(name, load_model(catalogue.find(name))) for name in catalogue.names()]
    if manner.json:
        manner.give({"schema": 1, "entries": entries})
        return 0
    width = max((len(entry["name"]) for entry in entries), default=0)
    middle = max((len(entry["title"]) for entry in entries), default=0)
    for entry in entries:
        put(f"{entry['name']:{width}}  {entry['title']:{middle}}  {said(entry['expected_refuted'])}\n")
    return 0


def row(name: str, model: Model) -> dict[str, Any]:
    """One entry of the list."""
    refuted = [statement for statement in ("separable", "identity") if statement in model.expected]
    claims = sum(claim.expect_refuted for claim in model.claims)
    return {"name": name, "title": model.title, "expected_refuted": refuted + ["claim"] * claims}


def said(refuted: list[str]) -> str:
    """What the entry is expected to show, in words."""
    return f"{' and '.join(dict.fromkeys(refuted))} refuted, as expected" if refuted else "proved"
