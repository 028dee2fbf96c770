"""The pages in a browser: drawn, silent, and content with what is in the file."""

import json
import re
import subprocess
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from symgrad.render import to_html
from symgrad.render.explain import explanation
from symgrad.render.page import document_to_html

pytestmark = pytest.mark.browser

OWN = ("google.com", "googleapis.com", "gvt1.com")
"""Whom chromium itself asks for updates, whatever the page."""


@dataclass
class Seen:
    """What a browser made of a page."""

    dom: str
    console: list
    requests: set
    picture: Path

    @property
    def text(self):
        """The words of the page, without styles."""
        found = []

        class Reader(HTMLParser):
            kept = True

            def handle_starttag(self, tag, _):
                self.kept = tag not in {"style", "script", "pre"}

            def handle_endtag(self, _):
                self.kept = True

            def handle_data(self, data):
                found.extend([data] * self.kept)

        Reader().feed(self.dom)
        return " ".join(found)

    def ink(self, bands=8):
        """For each horizontal band of the picture down to the last mark, the share of pixels that are dark."""
        from PIL import Image

        with Image.open(self.picture) as picture:
            grey = picture.convert("L")
        width, height = grey.size
        marks = grey.point(lambda value: 255 if value < 140 else 0)
        bottom = marks.getbbox()[3] if marks.getbbox() else height
        shares = []
        for k in range(bands):
            band = marks.crop((0, k * bottom // bands, width, (k + 1) * bottom // bands))
            shares.append(band.histogram()[255] / (band.size[0] * band.size[1]))
        return shares


@pytest.fixture
def browser(tmp_path):
    """Open a page of the given HTML in headless chromium."""

    def run(*options):
        log = tmp_path / "net.json"
        command = [
            "chromium",
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--enable-logging=stderr",
        ]
        command += [
            "--disable-background-networking",
            f"--user-data-dir={tmp_path / 'profile'}",
            f"--log-net-log={log}",
        ]
        done = subprocess.run(
            [*command, *options, (tmp_path / "page.html").as_uri()],
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
        console = re.findall(r":CONSOLE[^\]]*\] (.*)", done.stderr)
        events = json.loads(log.read_text())["events"]
        asked = {e["params"]["url"] for e in events if "url" in e.get("params", {})}
        return done.stdout, console, {u for u in asked if not (urlsplit(u).hostname or "").endswith(OWN)}

    def opened(page, width=1000, height=6000):
        (tmp_path / "page.html").write_text(page, encoding="utf-8")
        dom, console, requests = run("--dump-dom")
        picture = tmp_path / "page.png"
        run(f"--window-size={width},{height}", f"--screenshot={picture}")
        return Seen(dom, console, requests, picture)

    return opened


def clean(seen):
    """Whether a page drew, kept quiet, asked for nothing, and shows no markup."""
    assert seen.console == []
    assert seen.requests == set()
    assert "\\" not in seen.text
    assert not re.search(r"\$\$|\{\{|\}\}|&[a-z]+;|&amp;", seen.text)
    assert min(seen.ink()) > 0.002, "a part of the page is blank"


@pytest.mark.parametrize("name", ["logistic_regression", "mlp_softmax", "ridge_outside_mean", "sequential_updates"])
def test_a_proof_is_drawn(browser, derived, name):
    seen = browser(to_html(derived(name)))
    clean(seen)
    assert seen.dom.count("<math") > 50
    assert "∎" in seen.text


@pytest.mark.parametrize("width", [1000, 400])
def test_the_explanation_is_drawn(browser, answers, width):
    from symgrad.cli.explain import drawn

    derivations, tables = answers
    figures = {name: picture.decode() for name, picture in drawn(derivations, "svg").items()}
    seen = browser(document_to_html(explanation(derivations, figures, tables)), width, 12000)
    clean(seen)
    assert seen.dom.count("<svg") == 2
    assert seen.text.index("What is differentiated?") < seen.text.index("return for a vector of losses?")


def test_these_tests_would_notice(browser):
    words = "<p>" + "dark words " * 900 + "</p>"
    seen = browser(
        f"<body>{words}<script>console.error('no')</script><img src='https://example.org/a.png'>\\frac{{1}}{{2}}"
    )
    assert seen.requests == {"https://example.org/a.png"}
    assert any('"no"' in line for line in seen.console)
    assert "\\frac" in seen.text
    for fault in (
        {"console": ["x"]},
        {"requests": {"x"}},
        {"dom": r"\frac"},
        {"dom": "$$"},
    ):
        with pytest.raises(AssertionError):
            clean(replace(Seen("fine", [], set(), seen.picture), **fault))
    with pytest.raises(AssertionError, match="blank"):
        clean(browser("<body><p>almost nothing</p><div style='height:3000px'></div><p>here</p>"))
