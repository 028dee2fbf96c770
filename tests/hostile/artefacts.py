"""Prints the SHA-256 of every artefact of some derivations: a program for test_determinism.

The formats are those of ``symgrad prove --to`` and of its pictures, so a new one is tried as soon as it is there.
"""

import hashlib
import json
import locale
import random
import shutil
import sys
import time
from contextlib import suppress
from pathlib import Path


def made(file, *, pdf):
    """Every artefact of a derivation by name, as bytes."""
    from symgrad.calculus import derive
    from symgrad.cli.plot import setting
    from symgrad.cli.prove import FORMATS, artefacts
    from symgrad.errors import InputError
    from symgrad.lang.parser import load_model
    from symgrad.oracles.slices import chosen, sliced
    from symgrad.render.canvas import FORMS
    from symgrad.render.figures import captions, slice_picture
    from symgrad.render.notebook import to_html_fragment, to_latex_block

    model = load_model(file)
    derivation = derive(model)
    if derivation.exit_code == 0:
        derivation.verify()
    found = {"fragment.html": to_html_fragment(derivation).encode(), "block.tex": to_latex_block(derivation).encode()}
    for form in FORMATS:
        for reasons in ("side", "letters") if form == "tex" else ("side",):
            if form == "pdf" and not pdf:
                continue
            with suppress(InputError):  # coupled samples are not written as NumPy
                files = artefacts(derivation, form, reasons=reasons, standalone=form == "tex")
                found |= {f"{reasons}:{name}": content for name, content in files.items()}
    at = setting(model, None, {}, random.Random(0))
    with suppress(InputError):  # a loss of one parameter has no picture
        spot = chosen(None, model, at.sizes)
        both = derivation.sample_formulas, derivation.formulas
        coupled = derivation.verdicts["separable"]["status"] != "proved"
        cut = sliced(model, *both, at, spot, None, coupled=coupled)
        found |= {f"{model.name}.{form}": slice_picture(cut, form, captions(model, at)) for form in FORMS}
    return found


def main():
    """Print a line of JSON for the files named on the command line."""
    locale.setlocale(locale.LC_ALL, "")
    wanted, *files = sys.argv[1:]
    pdf = wanted == "pdf" and shutil.which("pdflatex") is not None
    hashes = {
        f"{Path(file).stem}/{name}": hashlib.sha256(content).hexdigest()
        for file in files
        for name, content in made(Path(file), pdf=pdf and file == files[0]).items()
    }
    where = {
        "python": ".".join(map(str, sys.version_info[:2])),
        "decimal point": locale.localeconv()["decimal_point"],
        "encoding": locale.getpreferredencoding(),
        "zone": time.tzname[0],
        "hashed": hash("a text whose hash depends on the seed"),
    }
    print(json.dumps({"where": where, "hashes": hashes}))  # noqa: T201


if __name__ == "__main__":
    main()
