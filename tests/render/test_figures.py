import dataclasses
import hashlib
import io
import itertools
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.image import imread
from matplotlib.quiver import Quiver

from symgrad.errors import InputError
from symgrad.oracles.report import CheckReport, Outcome
from symgrad.oracles.slices import chosen, gradients, sliced
from symgrad.render import figures
from symgrad.render.canvas import FORMS, settings
from symgrad.render.figures import draw_errors, draw_noise, draw_slice, errors, noise, surfaces

ROOT = Path(__file__).parents[2]
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def logistic(derived):
    return derived("logistic_regression")


@pytest.fixture(scope="module")
def cut(logistic):
    """The slice that ``surfaces`` draws."""
    at = figures.example()
    both = logistic.sample_formulas, logistic.formulas
    return sliced(logistic.model, *both, at, chosen(None, logistic.model, at.sizes), ((-2.5, 2.5), (-2.5, 2.5)))


def report(**found):
    return CheckReport(
        outcome=Outcome.AGREE, reason="", model="m", backend="tensorflow", dtype="float64", oracle="keras",
        oracle_reason="", environment={}, error_over_bound=0.1, ulp=1.0, by_parameter={}, points=5, skipped=0,
        sizes=(), real_data=False, tried=(), survived=(), errors=found,
    )  # fmt: skip


REPORT = report(w=(0.001, 0.02, 0.02, 0.5), b=(0.0, 0.3))


@pytest.fixture(scope="module")
def picture(logistic):
    """The bytes of each picture, by name and format."""
    made = {"surfaces": lambda form: surfaces(logistic, form), "noise": lambda form: noise(logistic, form)}
    made["errors"] = lambda form: errors(REPORT, form)
    return cache(lambda name, form: made[name](form))


def arrows(ax):
    """Start and end of every arrow of a panel, with its colour."""
    found = [part for part in ax.collections if isinstance(part, Quiver)]
    return [
        (np.array([q.X[0], q.Y[0]]), np.array([q.X[0] + q.U[0], q.Y[0] + q.V[0]]), q.get_facecolor()[0]) for q in found
    ]


# -- what is drawn ----------------------------------------------------------------------------------------------------


def test_every_panel_has_the_derived_gradient_of_its_loss_as_its_arrow(cut):
    with settings():
        panels = draw_slice(cut).axes
    ends = [arrows(ax) for ax in panels]
    assert [len(some) for some in ends] == [1, 1, 1, 4]
    tips = [some[0][1] for some in ends[:3]]
    scale = (tips[0] - cut.theta)[0] / cut.gradients[0][0]
    assert scale > 0
    for k in range(3):
        start, tip, colour = ends[k][0]
        assert start == pytest.approx(cut.theta)
        assert tip - start == pytest.approx(scale * cut.gradients[k])
        assert colour[:3] == pytest.approx(to_rgb(figures.SAMPLE_COLOURS[k]))
        assert ends[3][k][1] == pytest.approx(tip)


def test_an_arrow_is_the_slope_of_the_surface_under_it(cut):
    i, j = (np.abs(grid - value).argmin() for grid, value in zip(cut.grid[::-1], cut.theta[::-1], strict=True))
    for k in range(3):
        slopes = np.gradient(cut.losses[k], *cut.grid[::-1])
        assert cut.gradients[k] == pytest.approx([slopes[1][i, j], slopes[0][i, j]], abs=0.02)


def test_the_gradient_of_the_mean_is_at_the_centroid_of_the_tips(cut):
    with settings():
        last = draw_slice(cut).axes[-1]
    *samples, (_, tip, colour) = arrows(last)
    assert colour[:3].tolist() == [0, 0, 0]
    assert tip == pytest.approx(np.mean([end for _, end, _ in samples], axis=0), rel=1e-12)
    ring = [line for line in last.lines if line.get_markerfacecolor() == "none"]
    assert len(ring) == 1
    assert ring[0].get_xydata()[0] == pytest.approx(tip)


def test_where_it_is_not_the_mean_the_picture_says_so(cut):
    bent = dataclasses.replace(cut, batch=cut.batch + 0.5, mean=False, coupled=True)
    with settings():
        figure = draw_slice(bent)
    assert "it is not the mean of the per-sample gradients" in figure.get_supxlabel()
    assert "per-sample losses in this batch" in figure.get_supxlabel()
    assert "objective" in figure.axes[-1].get_title()
    with settings():
        told = draw_slice(cut).get_supxlabel()
    assert "its tip is that centroid" in told
    assert "in this batch" not in told


@pytest.mark.parametrize("stretch", [1e-9, 0.03, 1, 700, 1e12])
def test_arrows_of_any_length_stay_in_the_panel_and_can_be_seen(cut, stretch):
    long = dataclasses.replace(cut, gradients=cut.gradients * stretch, batch=cut.batch * stretch)
    with settings():
        last = draw_slice(long).axes[-1]
    (low, high), (left, right) = long.spans
    for _, tip, _ in arrows(last):
        assert low < tip[0] < high
        assert left < tip[1] < right
    assert max(np.hypot(*(tip - start)) for start, tip, _ in arrows(last)) > 0.1 * (high - low)


def test_of_many_samples_the_tips_are_drawn_instead_of_arrows(cut):
    rows = np.random.default_rng(0).normal(size=(500, 2))
    with settings():
        last = draw_slice(dataclasses.replace(cut, gradients=rows, batch=rows.mean(axis=0))).axes[-1]
    found = arrows(last)
    assert len(found) == 4
    scale = (found[0][1] - cut.theta)[0] / rows[0][0]
    tips = max((line.get_xydata() for line in last.lines), key=len)
    assert tips == pytest.approx(np.asarray(cut.theta) + scale * rows)


def test_gradients_that_vanish_and_losses_that_are_undefined_are_drawn(cut):
    nothing = np.full_like(cut.losses, np.nan)
    flat = dataclasses.replace(cut, gradients=cut.gradients * 0, batch=cut.batch * 0, losses=nothing)
    with settings():
        assert len(draw_slice(flat).axes) == 4


def test_titles_do_not_overlap_and_stay_in_the_picture(cut, logistic):
    with settings():
        figure = draw_slice(cut, figures.captions(logistic.model, figures.example()))
        figure.draw_without_rendering()
        boxes = [ax.title.get_window_extent() for ax in figure.axes]
    assert "x = (1.4, 0.3), y = 0" in figure.axes[0].get_title()
    assert all(not a.overlaps(b) for a, b in itertools.combinations(boxes, 2))
    assert all(box.x0 >= 0 and box.x1 <= figure.bbox.x1 for box in boxes)


def test_data_are_told_only_where_they_are_short(logistic):
    at = figures.example()
    assert figures.captions(logistic.model, at)[1] == "x = (−0.5, 1.3), y = 1"
    long = dataclasses.replace(at, arrays={**at.arrays, "x": at.arrays["x"] + 0.001})
    assert figures.captions(logistic.model, long) == []
    wide = dataclasses.replace(at, sizes={"N": 3, "D": 9}, arrays={**at.arrays, "x": np.ones((3, 9))})
    assert figures.captions(logistic.model, wide) == []


# -- noise ------------------------------------------------------------------------------------------------------------


def test_enumerated_variances_are_those_of_every_single_draw():
    rows = [(Fraction(1), Fraction(3)), (Fraction(-2), Fraction(1, 2)), (Fraction(5, 4), Fraction(0)), (0, 1)]
    mean = [sum(column) / 4 for column in zip(*rows, strict=True)]
    for replacement in (False, True):
        found = figures.variances(np.array(rows, dtype=float), replacement=replacement)
        for size in range(1, 5):
            draws = itertools.product(rows, repeat=size) if replacement else itertools.permutations(rows, size)
            squares = [
                sum((sum(c) / size - m) ** 2 for c, m in zip(zip(*draw, strict=True), mean, strict=True))
                for draw in draws
            ]
            assert found[size - 1] == pytest.approx(float(sum(squares) / len(squares)), rel=1e-12, abs=1e-15)


def test_every_enumerated_point_of_the_noise_lies_on_its_law(logistic):
    at = figures.ten_samples()
    each, _ = gradients(logistic.model, logistic.sample_formulas, logistic.formulas, at)
    rows = np.column_stack([each["w"], each["b"]])
    with settings():
        ax = draw_noise(rows).axes[0]
    lines = {line.get_label(): line.get_xydata() for line in ax.lines}
    sigma2 = rows.var(axis=0).sum()
    size, found = lines["with replacement"].T
    assert found == pytest.approx(sigma2 / size, rel=1e-12)
    assert size.tolist() == list(range(1, 11))
    size, found = lines["without replacement"].T
    assert found == pytest.approx(10 / 9 * sigma2 / size * (1 - size / 10), rel=1e-12)
    assert size.tolist() == list(range(1, 10))
    law = lines[r"$\sigma^2/B$"]
    assert law[:, 1] == pytest.approx(sigma2 / law[:, 0])
    law = lines[r"$(S^2/B)\,(1 - B/N)$"]
    assert law[:, 1] == pytest.approx(10 / 9 * sigma2 / law[:, 0] * (1 - law[:, 0] / 10))
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")


def test_the_noise_is_that_of_all_parameters(logistic, monkeypatch):
    seen = []
    monkeypatch.setattr(figures, "draw_noise", lambda rows: seen.append(rows) or draw_noise(rows))
    noise(logistic, "png")
    assert seen[0].shape == (10, 3)


# -- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "found", [(0.001, 0.02, 0.5), (0.0, 0.3), (0.0,), (1e-30, 5.0), (3e9, 0.1), (float("inf"), 0.1)]
)
def test_the_histogram_counts_every_entry_once(found):
    with settings():
        ax = draw_errors(report(w=found, b=(0.25,))).axes[0]
    assert sum(bar.get_height() for bar in ax.patches) == len(found) + 1
    assert [line.get_xdata()[0] for line in ax.lines] == [1.0, 4.0]
    assert ax.get_xlim()[1] >= 10
    assert f"{len(found) + 1} entries" in ax.get_title()
    assert ("without error" in ax.get_title()) is (0.0 in found)


def test_a_bar_stands_where_its_entries_are():
    with settings():
        bars = [bar for bar in draw_errors(report(w=(0.003, 0.02, 0.02, 0.5))).axes[0].patches if bar.get_height() == 2]
    assert [bar.get_x() <= 0.02 <= bar.get_x() + bar.get_width() for bar in bars] == [True]


def test_a_check_that_compared_nothing_has_no_picture():
    with pytest.raises(InputError, match="compared no gradient entry"):
        errors(report(), "svg")


# -- files ------------------------------------------------------------------------------------------------------------

NAMES = ("surfaces", "noise", "errors")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", NAMES)
def test_a_picture_is_the_same_bytes_again(picture, name, form):
    assert picture.__wrapped__(name, form) == picture(name, form)


PROGRAM = """
import hashlib, sys
from symgrad import catalogue
from symgrad.calculus import derive
from symgrad.lang.parser import load_model
from symgrad.render.figures import noise, surfaces
derivation = derive(load_model(catalogue.find("logistic_regression")))
for form in ("pdf", "svg", "png"):
    print(hashlib.sha256(surfaces(derivation, form)).hexdigest(), hashlib.sha256(noise(derivation, form)).hexdigest())
"""


def test_a_picture_is_the_same_bytes_in_another_process_with_another_seed_place_and_matplotlibrc(picture, tmp_path):
    (tmp_path / "matplotlibrc").write_text(
        "font.size: 30\nfont.family: serif\ntext.usetex: True\naxes.facecolor: red\nlines.linewidth: 9\n"
        "svg.fonttype: none\nsvg.hashsalt: other\nfigure.dpi: 30\nsavefig.transparent: True\npath.sketch: 1, 100, 2\n"
    )
    changed = {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "MPLBACKEND": "tkagg", "SOURCE_DATE_EPOCH": "86400"}
    environment = {**os.environ, **changed, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    expected = [[hashlib.sha256(picture(name, form)).hexdigest() for name in NAMES[:2]] for form in FORMS]
    assert [line.split() for line in ran.stdout.splitlines()] == expected
    assert ran.stderr == ""


@pytest.mark.parametrize("name", NAMES)
def test_no_file_tells_when_or_by_what_it_was_made(picture, name):
    for form in FORMS:
        content = picture(name, form)
        for word in (b"matplotlib.org", b"Matplotlib", b"CreationDate", b"dc:date", b"Software", b"Producer"):
            assert word not in content


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_is_not_blank(picture, name):
    pixels = imread(io.BytesIO(picture(name, "png")), format="png")[..., :3]
    used = {"surfaces": figures.SAMPLE_COLOURS, "noise": (figures.BLUE, figures.ORANGE)}
    for colour in (*used.get(name, (figures.BLUE, figures.ORANGE)), figures.BLACK):
        near = np.abs(pixels - np.array(to_rgb(colour))).max(axis=-1) < 0.02
        assert near.sum() > 100
    assert (pixels.min(axis=-1) > 0.99).mean() > 0.3  # the ground stays white
    assert min(pixels.shape[:2]) > 300
    assert picture(name, "pdf").startswith(b"%PDF-")


def ids(svg):
    return [part.get("id") for part in ET.fromstring(svg).iter() if part.get("id")]


@pytest.mark.parametrize("name", NAMES)
def test_an_svg_scales_says_what_it_shows_and_needs_nothing_else(picture, name):
    text = picture(name, "svg").decode()
    root = ET.fromstring(text)
    assert root.tag == f"{SVG}svg"
    assert text.startswith("<svg")
    assert [f"{v}pt" for v in root.get("viewBox").split()[2:]] == [root.get("width"), root.get("height")]
    assert "max-width: 100%" in root.get("style")
    told = {part.get("id"): part.text for part in root if part.tag in {f"{SVG}title", f"{SVG}desc"}}
    assert [len(told[name]) > 20 for name in root.get("aria-labelledby").split()] == [True, True]
    assert root.get("role") == "img"
    links = [value for part in root.iter() for key, value in part.attrib.items() if key.endswith("href")]
    assert links
    known = set(ids(text))
    assert [link for link in links if link[0] != "#" or link[1:] not in known] == []
    for word in ("<image", "<style", "<script", "<!DOCTYPE", "<?xml", "font-family", "@import"):
        assert word not in text
    assert text.count("http") == 2  # the two names of its languages
    assert text.count("url(") == text.count("url(#fig")


def test_names_in_pictures_on_one_page_do_not_clash(picture):
    every = [name for picture_ in NAMES for name in ids(picture(picture_, "svg").decode())]
    assert len(every) == len(set(every))
