"""The table of what the campaigns found."""

import json

import pytest
import soundness

KEPT = "{} of 400 noticed, {} unexplained"


@pytest.fixture
def figures(tmp_path, monkeypatch):
    """A folder into which figures are recorded."""
    monkeypatch.setenv("SYMGRAD_FIGURES", str(tmp_path / "figures"))
    return tmp_path / "figures"


def test_figures_are_added_up_and_what_is_recorded_again_replaces_what_was_there(figures):
    soundness.record("power", "a", wrong=2, wrong_passed=[], largest_error_over_bound=0.25)
    soundness.record("power", "b", wrong=3, wrong_passed=["x"], largest_error_over_bound=0.5)
    soundness.record("power", "b", wrong=4, wrong_passed=["y"], largest_error_over_bound=0.125)
    totals, days = soundness.gathered(figures)
    assert totals == {"power": {"wrong": 6, "wrong_passed": ["y"], "largest_error_over_bound": 0.25}}
    assert len(days) == 1


def test_nothing_is_recorded_unless_somebody_asks(tmp_path, monkeypatch):
    monkeypatch.delenv("SYMGRAD_FIGURES", raising=False)
    monkeypatch.chdir(tmp_path)
    soundness.record("power", "a", wrong=2)
    assert list(tmp_path.iterdir()) == []


def row(campaign, what):
    return next(r for r in soundness.ROWS if r.campaign == campaign and what in r.what)


@pytest.mark.parametrize(
    ("campaign", "what", "counted", "figure", "reached"),
    [
        ("random_losses", "false", {"tried": 3000, "false": 0}, "0 of 3,000", True),
        ("random_losses", "false", {"tried": 2999, "false": 0}, "0 of 2,999", False),
        ("random_losses", "false", {"tried": 3000, "false": 1}, "1 of 3,000", False),
        ("random_losses", "undecided", {"tried": 200, "undecided": 4}, "2.0% of 200", True),
        ("random_losses", "undecided", {"tried": 200, "undecided": 5}, "2.5% of 200", False),
        ("power", "wrong gradients", {"wrong": 1000, "wrong_passed": ["x"]}, "1 of 1,000", False),
        ("power", "largest", {"largest_error_over_bound": 0.5}, "0.50", True),
        ("kernel_others", "small", {"tried": 400, "survived": ["x"] * 20, "unlisted": []}, KEPT.format(380, 0), True),
        ("kernel_others", "small", {"tried": 400, "survived": ["x"] * 21, "unlisted": []}, KEPT.format(379, 0), False),
        ("kernel_others", "small", {"tried": 400, "survived": ["x"], "unlisted": ["x"]}, KEPT.format(399, 1), False),
        ("reach", "corpus", {"tried": 60, "proved": 57}, "57 of 60", True),
        ("reach", "corpus", {"tried": 60, "proved": 56}, "56 of 60", False),
    ],
)  # fmt: skip
def test_a_figure_stands_beside_its_goal(campaign, what, counted, figure, reached):
    found = row(campaign, what)
    assert (found.figure(counted), found.reached(counted)) == (figure, reached)


def test_the_baselines_must_score_nothing():
    def judges(parsed):
        shares = {"always accept": 0, "always reject": 200, "parse only": parsed}
        return {"judges": {name: {"bad": 200, "bad_rejected": number} for name, number in shares.items()}}

    found = row("arena", "reject always")
    assert found.figure(judges(30)) == "0% / 100% / 15%"
    assert found.reached(judges(30))
    assert not found.reached(judges(31))


@pytest.mark.parametrize(
    ("told", "figure", "reached"),
    [
        ((4, 4, 30, 30), "4 of 4 accepted, 30 of 30 rejected", True),
        ((3, 4, 30, 30), "3 of 4 accepted, 30 of 30 rejected", False),
        ((4, 4, 29, 30), "4 of 4 accepted, 29 of 30 rejected", False),
        ((0, 0, 0, 0), "0 of 0 accepted, 0 of 0 rejected", False),
    ],
)
def test_coq_must_be_right_about_every_goal_that_it_was_asked_about(told, figure, reached):
    counted = dict(zip(("good_accepted", "good", "bad_rejected", "bad"), told, strict=True))
    found = row("arena", "Coq")
    assert found.figure({"judges": {"Coq": counted}}) == figure
    assert found.reached({"judges": {"Coq": counted}}) is reached
    assert not found.reached({"judges": {}})


def test_the_page_says_what_was_not_run_and_that_not_every_goal_is_reached(figures, tmp_path, capsys):
    soundness.record("random_losses", 1, tried=3100, false=0, undecided=1)
    assert soundness.main(figures, tmp_path / "docs" / "soundness.md") == 1
    page = (tmp_path / "docs" / "soundness.md").read_text(encoding="utf-8")
    assert capsys.readouterr().out in page
    others = [row for row in soundness.ROWS if row.campaign != "random_losses"]
    assert page.count("| not run") == len(others)
    assert json.loads((figures / "random_losses.jsonl").read_text())["on"] in page
