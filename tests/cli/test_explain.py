"""``symgrad explain``."""

import json
import sys

import pytest

from symgrad.cli import explain
from symgrad.oracles import nodes


@pytest.fixture(autouse=True)
def known(answers, monkeypatch):
    """The derivations, derived once for all tests."""
    derivations, _ = answers
    monkeypatch.setattr(explain, "derived", lambda _: derivations)


def test_the_page_goes_to_stdout(symgrad):
    ran = symgrad("explain")
    assert ran.code == 0
    assert ran.out.startswith("<!doctype html>")
    assert ran.out.count("<svg") == 2
    assert ran.err == ""


def test_two_runs_write_the_same_bytes(symgrad):
    assert symgrad("explain").out == symgrad("explain").out


@pytest.mark.parametrize(("form", "ending"), [("md", "svg"), ("tex", "pdf")])
def test_pictures_are_written_beside_the_document(symgrad, tmp_path, form, ending):
    ran = symgrad("explain", "--to", form, "-o", tmp_path)
    assert ran.code == 0
    names = {f"explain.{form}", f"surfaces.{ending}", f"noise.{ending}"}
    assert {path.name for path in tmp_path.iterdir()} == names
    text = (tmp_path / f"explain.{form}").read_text()
    assert ("![noise](noise.svg)" if form == "md" else r"\includegraphics[width=\linewidth]{noise}") in text


@pytest.mark.parametrize("form", ["md", "tex"])
def test_on_stdout_pictures_are_described(symgrad, form):
    out = symgrad("explain", "--to", form).out
    assert "Figure: Three losses" in out
    assert "includegraphics" not in out
    assert "![" not in out


@pytest.mark.tex
def test_the_tex_compiles_with_its_pictures(symgrad, tmp_path):
    import subprocess

    symgrad("explain", "--to", "tex", "-o", tmp_path)
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "explain.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout.decode(errors="replace")[-500:]


def test_the_page_itself_is_one_file(symgrad, tmp_path):
    symgrad("explain", "-o", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["explain.html"]


def test_without_matplotlib_it_says_how_to_get_it(symgrad, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    ran = symgrad("explain")
    assert ran.code == 4
    assert ran.out == ""
    assert 'pip install "symgrad[plot]"' in ran.err


def test_json_tells_the_verdicts(symgrad):
    answer = json.loads(symgrad("explain", "--json").out)
    assert answer["schema"] == 1
    assert len(answer["derivations"]) == 12
    assert set(answer["derivations"].values()) == {"proved"}


def test_a_file_with_other_content_is_kept(symgrad, tmp_path):
    (tmp_path / "explain.html").write_text("mine")
    assert symgrad("explain", "-o", tmp_path).code == 2
    assert (tmp_path / "explain.html").read_text() == "mine"
    assert symgrad("explain", "-o", tmp_path, "--force").code == 0


@pytest.mark.tensorflow
def test_the_tape_is_compared_on_request(symgrad):
    ran = symgrad("explain", "--to", "md", "--check", "tensorflow")
    assert ran.code == 0
    assert ran.out.count("Measured for this page") == 2
    assert "| objective | a |" in ran.out


@pytest.mark.parametrize("error", [5.0, float("inf"), float("nan")])
def test_a_tape_that_holds_something_else_is_an_error(symgrad, monkeypatch, error):
    wrong = nodes.Node(2, "objective", "a", 6, error)
    monkeypatch.setattr(nodes, "node_by_node", lambda _: [wrong])
    ran = symgrad("explain", "--check", "tensorflow")
    assert ran.code == 1
    assert ran.out == ""
    assert "tape_reads_back: claim 2 differs by" in ran.err
