"""LaTeX files: they compile, they are the same on every run, and nothing gets in."""

import re
from dataclasses import replace
from itertools import pairwise

import pytest
from by_hand import PROVED, logistic, perceptron
from test_outcome import REFUTED

from symgrad.errors import InputError
from symgrad.render.pdf import compile_with_log
from symgrad.render.tex import macros, to_tex

ARTICLE = r"""\documentclass%s{article}
\usepackage{amsmath,amssymb,amsthm,bm}
\input{symgrad-macros}
\begin{document}
%s
\end{document}
"""
COUPLED = logistic(verdicts={**PROVED, "identity": REFUTED}, weights={"c[n]": "y[n]", "kind": "data"})
DERIVATIONS = {"logistic": logistic(), "perceptron": perceptron(), "refuted": COUPLED}


@pytest.mark.tex
@pytest.mark.parametrize("name", DERIVATIONS)
@pytest.mark.parametrize(("reasons", "columns"), [("side", ""), ("letters", "[twocolumn]")])
def test_a_fragment_compiles_in_an_article_and_no_line_is_too_long(name, reasons, columns):
    pdf, log = compile_with_log(ARTICLE % (columns, to_tex(DERIVATIONS[name], reasons)))
    assert pdf.startswith(b"%PDF")
    assert "Overfull" not in log
    assert "Warning" not in log
    assert "multiply defined" not in log


@pytest.mark.tex
@pytest.mark.parametrize("name", DERIVATIONS)
def test_a_standalone_file_compiles_without_warnings(name):
    _, log = compile_with_log(to_tex(DERIVATIONS[name], standalone=True))
    assert "Overfull" not in log
    assert "Warning" not in log


@pytest.mark.tex
def test_two_fragments_stand_in_one_paper():
    both = to_tex(logistic()) + to_tex(perceptron())
    _, log = compile_with_log(ARTICLE % ("", both))
    assert "Warning" not in log


@pytest.mark.tex
def test_the_notation_is_changed_by_the_paper_and_clashes_with_nothing():
    own = r"\newcommand{\E}{x}\newcommand{\sgmat}[1]{\mathbf{#1}}\newtheorem{sgprop}{Theorem}"
    paper = (ARTICLE % ("", to_tex(logistic()))).replace(r"\input{symgrad-macros}", own + r"\input{symgrad-macros}")
    assert compile_with_log(paper)[0].startswith(b"%PDF")


def test_the_fragment_is_the_same_on_every_run_and_names_only_the_model_and_its_hash():
    first, second = to_tex(logistic()), to_tex(logistic())
    assert first == second
    head = first.splitlines()[0]
    assert re.fullmatch(r"% Written by symgrad from the model logistic_regression, certificate [0-9a-f]{64}\.", head)


def test_only_what_is_proved_has_a_hash():
    assert to_tex(logistic(verdict="refuted")).splitlines()[0].endswith("the model logistic_regression.")


def test_labels_carry_the_name_of_the_model():
    labels = re.findall(r"\\label\{([^}]*)\}", to_tex(logistic()))
    assert len(labels) == len(set(labels)) > 5
    assert all(re.fullmatch(r"(asm|prop|eq):sg:logistic_regression(:[a-z]+:\w+)?", label) for label in labels)
    references = set(re.findall(r"\\eqref\{([^}]*)\}", to_tex(logistic())))
    assert references <= set(labels)


def test_every_line_of_the_proof_has_its_reason_beside_it():
    proof = to_tex(logistic()).split(r"\begin{proof}")[1]
    lines = [line for line in proof.splitlines() if re.search(r"&(=|\\overset)", line)]
    assert len(lines) > 20
    assert all(r"\sgby{" in line or r"\sgwrap{" in line or r"\rlap" in line for line in lines)


def test_with_letters_every_equals_sign_has_one_and_all_are_explained():
    proof = to_tex(logistic(), "letters").split(r"\begin{proof}")[1]
    displays = re.split(r"\\end\{align\*?\}", proof)
    for display, after in pairwise(displays):
        used = set(re.findall(r"\\overset\{\((\w+)\)\}", display.split(r"\begin{align")[-1]))
        told = set(re.findall(r"\((\w+)\) ", after.split(r"\emph")[0].split("Reasons:")[-1]))
        assert used
        assert used <= told
    assert r"\sgby" not in proof


def test_another_way_of_giving_reasons_is_refused():
    with pytest.raises(InputError, match="side or letters"):
        to_tex(logistic(), "footnotes")


def test_the_fragment_uses_only_the_packages_it_names():
    used = set(re.findall(r"\\(sg[A-Za-z]+)", to_tex(logistic()) + to_tex(perceptron()) + to_tex(COUPLED)))
    given = set(re.findall(r"\\(?:providecommand\{\\|@ifundefined\{)(sg[A-Za-z]+)", macros()))
    environments = {"sgprop", "sgasm", "sgrem", "sgnote"}
    assert used <= given
    assert environments <= given
    assert set(re.findall(r"\\RequirePackage\{(\w+)\}", macros())) == {"amsmath", "amssymb", "amsthm", "bm"}


INJECTED = r"}\input{/etc/passwd}\immediate\write18{id}%$&#_^~ <b>é Σ 漢"


@pytest.mark.tex
def test_free_text_cannot_run_a_command():
    model = replace(logistic().model, title=INJECTED, introduction=(INJECTED, INJECTED), sources=(INJECTED,))
    tex = to_tex(logistic(model=model), standalone=True)
    assert r"\input{" not in tex.split(r"\begin{document}")[1].replace(r"\input{symgrad-macros}", "")
    assert r"\write" not in tex
    pdf, log = compile_with_log(tex)
    assert pdf.startswith(b"%PDF")
    assert "root:" not in log


def test_a_name_that_is_none_is_refused():
    model = logistic().model
    program = replace(
        model.program, inputs=(replace(model.program.inputs[0], name=r"x}\input{y"), *model.program.inputs)
    )
    with pytest.raises(InputError, match="is not a name"):
        to_tex(logistic(model=replace(model, program=program)))


def test_a_witness_is_text():
    witness = {"left": r"\input{x}", "right": "1" * 80}
    tex = to_tex(logistic(verdicts={**PROVED, "identity": {"status": "refuted", "witness": witness}}))
    assert r"\textbackslash{}input\{x\}" in tex
    assert r"1111111111111111\allowbreak{}1111" in tex


def test_the_name_of_the_model_is_safe_in_labels_and_comments():
    tex = to_tex(logistic(model=replace(logistic().model, name="a\nb}%")))
    assert tex.splitlines()[0].startswith("% Written by symgrad from the model a-b--")
    assert r"\label{prop:sg:a-b--}" in tex
