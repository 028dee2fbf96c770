import logging
import sys

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure

from symgrad.errors import InputError, MissingDependencyError
from symgrad.render import canvas
from symgrad.render.canvas import FORMS, require, settings, written


def drawing():
    figure = Figure(figsize=(2, 1))
    figure.subplots().plot([0, 1], [0, 1])
    return figure


def test_an_unknown_format_is_refused():
    with settings(), pytest.raises(InputError, match="no format 'gif'; there are: pdf, svg, png"):
        written(drawing(), "gif", "a", "b")


def test_what_a_picture_says_of_itself_is_escaped():
    with settings():
        text = written(drawing(), "svg", "a < b", "c & d").decode()
    assert ">a &lt; b</title>" in text
    assert ">c &amp; d</desc>" in text


def test_without_matplotlib_the_error_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingDependencyError, match=r'pip install "symgrad\[plot\]"') as missing, settings():
        pass
    assert missing.value.exit_code == 4


def test_a_matplotlib_that_does_not_load_is_told(monkeypatch):
    def broken(_):
        raise ValueError("Key backend: 'nonsense'")

    monkeypatch.setattr(canvas, "import_module", broken)
    with pytest.raises(MissingDependencyError, match="matplotlib does not load: Key backend"):
        require()


def test_inside_the_settings_are_ours_and_afterwards_the_users():
    with mpl.rc_context({"font.size": 23.0, "svg.hashsalt": "mine", "axes.facecolor": "red"}):
        before = dict(mpl.rcParams)
        with settings():
            assert mpl.rcParams["font.size"] == 8.0
            assert mpl.rcParams["axes.facecolor"] == mpl.rcParamsDefault["axes.facecolor"]
            for form in FORMS:
                written(drawing(), form, "a", "b")
        assert dict(mpl.rcParams) == before


def test_an_error_inside_leaves_nothing_changed():
    level, size = logging.getLogger("fontTools").level, mpl.rcParams["font.size"]
    with pytest.raises(KeyError), settings():
        raise KeyError
    assert (logging.getLogger("fontTools").level, mpl.rcParams["font.size"]) == (level, size)
