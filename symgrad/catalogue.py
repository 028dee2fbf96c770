"""Finds the derivations that come with symgrad, from any working folder.

In an installed wheel they lie inside the package; in a source checkout, or an editable installation of one, in the
folder ``derivations/`` beside it. Nothing else is searched, so what a name means does not depend on where it is said.
"""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from pathlib import Path

from symgrad.errors import InputError

FILE = "derivation.sg"
"""What the statement of each entry is called, in the folder that names the entry."""


@cache
def folder() -> Path:
    """The folder with one folder per derivation.

    Raises:
        InputError: if this installation has none.
    """
    package = Path(str(files("symgrad")))
    for place in (package / "derivations", package.parent / "derivations"):
        if place.is_dir():
            return place
    raise InputError("this installation of symgrad has no catalogue of derivations; install it again")


def names() -> tuple[str, ...]:
    """The names of all entries, in alphabetical order."""
    return tuple(sorted(entry.name for entry in folder().iterdir() if (entry / FILE).is_file()))


def find(name: str) -> Path:
    """The ``.sg`` file of the entry called ``name``.

    Raises:
        InputError: if there is none; the message suggests the nearest name.
    """
    if name in names():
        return folder() / name / FILE
    near = get_close_matches(name, names(), n=1)
    hint = f"did you mean {near[0]!r}?" if near else "`symgrad list` shows its names, and a file ends in .sg"
    raise InputError(f"no derivation {name!r} in the catalogue; {hint}")


def artefacts(name: str) -> dict[str, str]:
    """What is stored beside an entry: its proof as a LaTeX fragment and its certificate, which the checker accepts.

    Raises:
        InputError: if there is no such entry.
    """
    from symgrad.calculus import derive
    from symgrad.lang.parser import load_model
    from symgrad.render import to_tex

    derivation = derive(load_model(find(name)))
    derivation.verify()
    return {"proof.tex": to_tex(derivation), "certificate.json": derivation.certificate()}


def main() -> None:
    """Write again what is stored beside every entry: ``python -m symgrad.catalogue``."""
    for name in names():
        for file, text in artefacts(name).items():
            (folder() / name / file).write_text(text, encoding="utf-8", newline="")


if __name__ == "__main__":
    main()
