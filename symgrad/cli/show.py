"""``symgrad show``."""

from __future__ import annotations

import click

from symgrad import catalogue
from symgrad.cli.inputs import complete_name
from symgrad.cli.manner import Manner, common, put


@click.command("show")
@click.argument("name", shell_complete=complete_name)
@common
def command(manner: Manner, name: str) -> int:
    """Print a derivation of the catalogue as its file: a good one to begin your own with."""
    path = catalogue.find(name)
    text = path.read_text(encoding="utf-8")
    if manner.json:
        manner.give({"schema": 1, "name": name, "file": str(path), "text": text})
    else:
        put(text)
    return 0
