"""How pictures are drawn and written, with matplotlib.

The same bytes on every run and wherever matplotlib is the same: every setting and font is matplotlib's own or stands
here, whatever the user's matplotlibrc says, and no file carries a date or a program's name. The colours are those of
Okabe and Ito, which colour-blind readers can tell apart.
"""

from __future__ import annotations

import io
import logging
import re
from contextlib import contextmanager
from hashlib import sha256
from html import escape
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, get_args

from symgrad.errors import InputError, MissingDependencyError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.figure import Figure

Form = Literal["pdf", "svg", "png"]
FORMS: tuple[str, ...] = get_args(Form)

BLUE, ORANGE, GREEN, BLACK, GREY = "#0072B2", "#D55E00", "#009E73", "#000000", "#7F7F7F"

_STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 8.0,
    "mathtext.fontset": "cm",
    "axes.titlesize": 8.0,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.labelsize": 7.0,
    "ytick.labelsize": 7.0,
    "legend.fontsize": 7.0,
    "legend.frameon": False,
    "svg.fonttype": "path",
    "svg.hashsalt": "symgrad",
    "pdf.fonttype": 42,
    "pdf.compression": 9,
    "savefig.dpi": 200.0,
}


_ROOT_STYLE = "max-width: 100%; height: auto; stroke-linejoin: round; stroke-linecap: butt"


def require() -> None:
    """Make sure that matplotlib is there.

    Raises:
        MissingDependencyError: if it is not installed, or does not load.
    """
    try:
        import_module("matplotlib")
    except ImportError:
        raise MissingDependencyError('pictures need matplotlib: pip install "symgrad[plot]"') from None
    except ValueError as error:  # MPLBACKEND names nothing
        raise MissingDependencyError(f"matplotlib does not load: {error}") from None


@contextmanager
def settings() -> Iterator[None]:
    """matplotlib with its own defaults and our style, until the end of the block.

    Raises:
        MissingDependencyError: if matplotlib is not installed.
    """
    require()
    import matplotlib as mpl

    embedding = logging.getLogger("fontTools")
    level = embedding.level
    embedding.setLevel(logging.ERROR)  # it remarks on the age of matplotlib's own fonts
    try:
        with mpl.rc_context():
            mpl.rcdefaults()
            mpl.rcParams.update(_STYLE)
            yield
    finally:
        embedding.setLevel(level)


def written(figure: Figure, form: Form, title: str, description: str) -> bytes:
    """A figure as the bytes of a file; call it within ``settings``.

    Raises:
        InputError: if there is no such format.
    """
    if form not in FORMS:
        raise InputError(f"no format {form!r}; there are: {', '.join(FORMS)}")
    nothing: dict[Form, dict[str, Any]] = {
        "pdf": {"Title": title, "Creator": None, "Producer": None, "CreationDate": None},
        "svg": dict.fromkeys(("Creator", "Date", "Format", "Type")),
        "png": {"Software": None, "Title": title, "Description": description},
    }
    buffer = io.BytesIO()
    figure.savefig(buffer, format=form, metadata=nothing[form], bbox_inches="tight", pad_inches=0.03)
    return _accessible(buffer.getvalue().decode(), title, description).encode() if form == "svg" else buffer.getvalue()


def _accessible(svg: str, title: str, description: str) -> str:
    """The drawing as an element that can stand in a page: it scales, says what it shows, and its names are its own."""
    start = svg.index("<svg")
    opening, body = svg[start : svg.index(">", start)], svg[svg.index(">", start) + 1 :]
    body = re.sub(r"\s*<defs>\s*<style.*?</style>\s*</defs>", "", body, count=1, flags=re.DOTALL)
    body = re.sub(r' d="[^"]*"', _shorter, body)
    body = re.sub(r"\s*<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    mark = f"fig{sha256(body.encode()).hexdigest()[:10]}-"
    body = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{mark}", body)
    told = f'<title id="{mark}title">{escape(title)}</title>\n <desc id="{mark}desc">{escape(description)}</desc>'
    attributes = f'role="img" aria-labelledby="{mark}title {mark}desc" style="{_ROOT_STYLE}"'
    return f"{opening} {attributes}>\n {told}{body}"


def _shorter(path: re.Match[str]) -> str:
    """Coordinates to a hundredth of a point, which nobody sees."""
    return re.sub(r"\d+\.\d+", lambda number: f"{float(number[0]):.2f}".rstrip("0").rstrip("."), path[0])
