"""The picture of a timing."""

import re

import pytest

from symgrad.errors import InputError
from symgrad.render.canvas import settings
from symgrad.render.ratios import draw_ratios, timing_picture

ROWS = {
    "gram": {"jax": (4.0, 3.5, 5.0), "torch": (0.5, 0.4, 0.9)},
    "norms": {"jax": (2.0, 1.9, 2.2), "torch": (9, 9, 9)},
}


def test_every_ratio_is_a_point_with_its_quartiles():
    with settings():
        [ax] = draw_ratios(ROWS, "told").axes
        drawn = {c.get_label(): c for c in ax.containers}
        for peer in ("jax", "torch"):
            line, _, [bars] = drawn[peer].lines
            assert list(line.get_xdata()) == [row[peer][0] for row in ROWS.values()]
            for (low, high), row in zip([s[:, 0] for s in bars.get_segments()], ROWS.values(), strict=True):
                assert (low, high) == pytest.approx(row[peer][1:])
        assert ax.get_xscale() == "log"


def test_the_picture_has_one_size_whatever_was_measured_and_says_what_it_shows():
    other = {
        job: {peer: (3 * r, 3 * low, 3 * high) for peer, (r, low, high) in row.items()} for job, row in ROWS.items()
    }
    pictures = [timing_picture(rows, "logistic, float32").decode() for rows in (ROWS, other)]
    widths = [float(re.search(r'width="([\d.]+)pt"', picture)[1]) for picture in pictures]
    assert widths[0] == pytest.approx(widths[1], abs=6)
    assert pictures[0] == timing_picture(ROWS, "logistic, float32").decode()
    assert "How many times longer jax, torch take than the emitted code" in pictures[0]


def test_nothing_is_no_picture():
    with pytest.raises(InputError, match="nothing was timed"):
        timing_picture({}, "told")
