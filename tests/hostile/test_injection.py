"""Whatever a text says, it stays a text: in LaTeX, HTML, Markdown, JSON, pictures and on the terminal.

Names cannot carry anything, since they are identifiers; so the free texts are tried: titles, introductions, sources,
and every place of the document tree that a renderer writes words from.
"""

import ast
import json
import re
from collections import Counter
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from symgrad.calculus import derive
from symgrad.errors import InputError
from symgrad.export.coq import develop
from symgrad.lang.parser import model_name, parse_model
from symgrad.render.canvas import settings, written
from symgrad.render.document import tell
from symgrad.render.markdown import document_to_markdown
from symgrad.render.names import tex_text
from symgrad.render.notebook import to_html_fragment, to_latex_block
from symgrad.render.page import document_to_html
from symgrad.render.pdf import compile_with_log
from symgrad.render.terminal import document_to_text
from symgrad.render.tex import document_to_tex
from symgrad.render.tree import Block, Code, Document, Grid, Items, Paragraph, Table

PAYLOADS = {
    "read a file": r"\input{/etc/passwd}",
    "run a command": r"\write18{id}\immediate\write18{touch pwned}",
    "close a group": r"} \end{document} {",
    "hidden backslash": r"^^5cinput{/etc/passwd} \^^69nput",
    "comment": "50% of it & more # $x$ ~ _ ^",
    "loop": r"\def\x{\x}\x \csname x\endcsname \catcode`\%=12",
    "end a verbatim": r"\end{verbatim}\end{sgcode}\end{lstlisting}|!+`",
    "link": r"\href{javascript:alert(1)}{x} \url{javascript:alert(1)} \unicode{<img src=x onerror=alert(1)>}",
    "script": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "leave an attribute": '" onmouseover="alert(1)" x=\'y\' `',
    "leave a script": "</script></style></title></math></svg><!-- ]]> -->",
    "template": "{{ 7 * 7 }} {% include '/etc/passwd' %} {# x #} ${7*7} %(x)s {0} {x!r}",
    "Markdown": "[a](javascript:alert(1)) ![b](http://example.org/x.png) `c` **d** | e\\ <http://example.org> $f$",
    "Markdown block": "--- ### x > y | - z $$ ``` ~~~ 1. &lt; &#60;",
    "terminal": "[bold red]x[/bold red] [link=http://example.org]y[/link] :smile:",
}
VERBATIM = r"\end{verbatim}"
WORDS = "nothing but words of letters"

SG = "title {0}\nindex n : N\nbatch n\ndata y[n]\nparameter b\nloss[n] = (b - y[n])^2\nsource {0}\n"


@cache
def derived(text):
    """The derivation of a small model with this text for its title, introduction and source."""
    plain = text.replace(" #", "#").removeprefix("#")  # a blank and a mark begin a comment
    return derive(parse_model(f"# {plain}\n# {plain}\n" + SG.format(plain), "small"))


def everywhere(text):
    """A document with this text wherever words may stand."""
    parts = (
        Paragraph((text, ", ", text), (text,)),
        Items(((text,), (text, text))),
        Table((((text,), text),)),
        Grid(((text,), (text,)), ((text, text),)),
        Code(text.replace(VERBATIM, "")),  # that one is refused
    )
    return Document(
        "small", text, (text, text), (text,), (Block("remark", parts, (text,)), Block("audit", (), (text,)))
    )


every = pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
both = pytest.mark.parametrize("make", [everywhere, lambda text: tell(derived(text))], ids=["tree", "model"])


def controls(tex):
    """The control sequences of a piece of LaTeX, and its special characters that are not escaped or verbatim."""
    tex = re.sub(r"\\begin\{verbatim\}\n.*?\\end\{verbatim\}", "", tex, flags=re.DOTALL)
    found = Counter(re.findall(r"\\(?:[A-Za-z]+|.|\n)", tex))
    bare = re.sub(r"\\(?:[A-Za-z]+|.|\n)", "", tex)
    return found, {sign: bare.count(sign) for sign in "%$#&_^~"}


SPELLED = {rf"\{sign}" for sign in r"{}$&#%_-/ "} | {
    *(r"\textbackslash", r"\textasciicircum", r"\textasciitilde", r"\textasciigrave", r"\textquotesingle"),
    *(r"\textless", r"\textgreater", r"\textbar", r"\textquotedbl", r"\allowbreak"),
}
"""What characters are spelled with."""


def holds_only_words(tex, plain):
    """Whether LaTeX does nothing that the same document with plain words does not do."""
    (found, bare), (usual, known) = controls(tex), controls(plain)
    assert {name for name in found if name not in usual} <= SPELLED
    for name in ("%", "#", "$", "&", "_", "^"):
        assert bare[name] == known[name], name
    depth = 0
    for mark in re.findall(r"\\.|[{}]", re.sub(r"\\begin\{verbatim\}\n.*?\\end\{verbatim\}", "", tex, flags=re.DOTALL)):
        depth += {"{": 1, "}": -1}.get(mark, 0)
        assert depth >= 0
    assert depth == 0


@every
@both
def test_latex_only_ever_spells_a_text(payload, make):
    tex, plain = document_to_tex(make(payload)), document_to_tex(make(WORDS))
    holds_only_words(tex, plain)


def test_a_program_that_would_end_its_verbatim_is_refused():
    told = Document("small", "", (), (), (Block("text", (Code(f"x {VERBATIM} y"),)),))
    with pytest.raises(InputError, match="verbatim"):
        document_to_tex(told)


@every
def test_latex_for_notebooks_only_ever_spells_a_text(payload):
    assert to_latex_block(derived(payload)) == to_latex_block(derived(WORDS))  # it holds formulas alone


@pytest.mark.tex
def test_all_payloads_together_compile_to_a_page_and_do_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = tuple(block for text in PAYLOADS.values() for block in everywhere(text).blocks)
    title = " ".join(PAYLOADS.values())
    told = Document("small", title, tuple(PAYLOADS.values()), tuple(PAYLOADS.values()), blocks)
    pdf, log = compile_with_log(document_to_tex(told))
    assert pdf.startswith(b"%PDF-")
    assert "root:" not in log
    assert list(tmp_path.iterdir()) == []


class Tags(HTMLParser):
    """Every element with its attributes, and the text of those that a browser does not show."""

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.found, self.values, self.comments = Counter(), [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found[tag, tuple(sorted(name for name, _ in attrs))] += 1
        self.values += [(name, value) for name, value in attrs if name in {"href", "src", "style"}]

    def handle_comment(self, data):
        self.comments.append(data)


@every
@both
def test_html_holds_the_same_elements_whatever_a_text_says(payload, make):
    page, plain = Tags(document_to_html(make(payload))), Tags(document_to_html(make(WORDS)))
    assert page.found == plain.found
    assert page.values == plain.values
    assert page.comments == plain.comments
    assert not any(name.startswith("on") for _, names in page.found for name in names)


@every
def test_html_for_notebooks_holds_the_same_elements_whatever_a_text_says(payload):
    assert Tags(to_html_fragment(derived(payload))).found == Tags(to_html_fragment(derived(WORDS))).found


@every
@both
def test_markdown_escapes_whatever_could_be_markup(payload, make):
    def bare(text):
        """What is left when escaped characters and the fences of code with their content are taken out."""
        text = re.sub(r"(`{3,}|~{3,})[^\n]*\n.*?\n\1", "", text, flags=re.DOTALL)
        return Counter(re.findall(r"[<>\[\]`*|$]|(?m:^ *(?:#+|[-+>]|\d+\.) )", re.sub(r"\\[^A-Za-z\s]", "", text)))

    assert bare(document_to_markdown(make(payload))) == bare(document_to_markdown(make(WORDS)))


@every
def test_the_text_on_a_terminal_is_as_it_was_written(payload):
    told = document_to_text(everywhere(payload))
    assert "".join(payload.split()) in "".join(told.split())
    assert "\x1b" not in told


@every
def test_json_and_the_file_give_a_text_back(payload):
    derivation = derived(payload)
    assert json.loads(json.dumps(derivation.to_json())) == derivation.to_json()
    model = derivation.model
    again = parse_model(model.to_sg(), model.name)
    assert (again.title, again.sources, again.introduction) == (model.title, model.sources, model.introduction)


@every
def test_a_picture_says_a_text_as_text(payload):
    from matplotlib.figure import Figure

    with settings():
        drawing = ElementTree.fromstring(written(Figure(figsize=(1, 1)), "svg", payload, payload))
    said = [element.text for element in drawing if element.tag.endswith(("title", "desc"))]
    assert said == [payload, payload]
    assert not any(name.startswith("on") for element in drawing.iter() for name in element.attrib)


@every
def test_no_name_carries_a_payload(payload):
    with pytest.raises(InputError):
        parse_model(SG.format("x").replace("b", payload), "small")
    with pytest.raises(InputError):
        parse_model(SG.format("x"), payload)
    assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,63}", model_name(Path(payload.replace("/", "_") + ".sg")))


def test_the_measure_of_these_tests_sees_what_is_not_escaped():
    plain = "A title: nothing."
    for raw in (r"\input{x}", "50% x", "$x$", "a_b", "}{", "{", r"\textbackslash{} \write"):
        with pytest.raises(AssertionError):
            holds_only_words(f"A title: {raw}", plain)
    holds_only_words(f"A title: {tex_text(' '.join(PAYLOADS.values()))}", plain)


HOSTILE = """# Words {0}
title     A title {0}
index     n : N
batch     n
data      x[n]
parameter w
loss[n] = (w * x[n])^2
source    A source {0}
"""


def test_no_text_ends_the_docstring_of_emitted_code():
    payload = '""" + __import__("pathlib").Path("pwned").touch() + """ \\'
    told = ast.parse(derive(parse_model(HOSTILE.format(payload), "small")).to_numpy())
    clean = ast.parse(derive(parse_model(HOSTILE.format(""), "small")).to_numpy())
    assert "pwned" in ast.get_docstring(told)
    assert [ast.dump(line) for line in told.body[1:]] == [ast.dump(line) for line in clean.body[1:]]


def test_no_text_ends_a_comment_of_coq():
    told = develop(derive(parse_model(HOSTILE.format('*) Axiom oops : False. (* " (*) '), "small"))).text
    depth, outside = 0, ""
    for part in re.split(r"(\(\*|\*\))", told):
        depth += {"(*": 1, "*)": -1}.get(part, 0)
        assert depth >= 0
        outside += "" if depth or part == "*)" else part
    assert depth == 0
    assert "Axiom" not in outside
    assert "Theorem" in outside
    assert '"' not in told
