"""pdflatex: safe, repeatable, with clear errors."""

import subprocess

import pytest
from by_hand import logistic

from symgrad.errors import LimitError, MissingDependencyError, SymgradError
from symgrad.render import pdf
from symgrad.render.tex import to_tex

SMALL = r"\documentclass{article}\begin{document}%s\end{document}"


@pytest.mark.tex
def test_the_same_file_gives_the_same_bytes():
    tex = to_tex(logistic(), standalone=True)
    assert pdf.compile_pdf(tex) == pdf.compile_pdf(tex)


@pytest.mark.tex
def test_an_error_of_tex_is_told():
    with pytest.raises(SymgradError, match="Undefined control sequence"):
        pdf.compile_pdf(SMALL % r"\nonsense")


@pytest.mark.tex
def test_no_command_is_run_and_no_file_outside_is_read(tmp_path):
    secret = tmp_path / "secret.tex"
    secret.write_text("secret")
    made = tmp_path / "made"
    _, log = pdf.compile_with_log(SMALL % rf"x\immediate\write18{{touch {made}}}")
    assert not made.exists()
    assert "disabled" in log
    with pytest.raises(SymgradError):
        pdf.compile_pdf(SMALL % rf"\input{{{secret}}}")


@pytest.mark.tex
def test_an_endless_file_meets_the_time_limit():
    with pytest.raises(LimitError, match="1 seconds"):
        pdf.compile_pdf(SMALL % r"\def\a{\a}\a", seconds=1)


def test_without_pdflatex_the_packages_are_named(monkeypatch):
    monkeypatch.setattr(pdf.shutil, "which", lambda _: None)
    with pytest.raises(MissingDependencyError, match="apt-get install texlive-latex-recommended"):
        pdf.compile_pdf(SMALL)


def test_a_refusal_without_a_log_is_still_an_error(monkeypatch):
    monkeypatch.setattr(pdf.shutil, "which", lambda _: "pdflatex")
    monkeypatch.setattr(pdf.subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 1))
    with pytest.raises(SymgradError, match="no error in its log"):
        pdf.compile_pdf(SMALL)
