"""The terminal: one line per formula, colours only where wanted, ASCII where needed."""

import io
from dataclasses import replace

import pytest
from by_hand import logistic, perceptron
from rich.console import Console

from symgrad.render.terminal import to_terminal, to_text


def console(encoding="utf-8", **options):
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    return Console(file=file, **options), file


def printed(file):
    file.flush()
    return file.buffer.getvalue().decode(file.encoding)


def test_the_document_has_its_parts_in_order():
    text = to_text(logistic())
    heads = ["Logistic regression", "Setting", "Assumptions", "Proposition", "Proof", "Machine check", "Source: "]
    assert [text.index(head) for head in heads] == sorted(text.index(head) for head in heads)


def test_a_formula_and_its_reason_share_a_line():
    lines = to_text(logistic()).splitlines()
    assert any(line.strip().startswith("∂z[n]/∂w[j] = ") and "| definition of z[n]" in line for line in lines)
    assert any("= x[n, j]" in line and "| δ[d, j] selects d = j  (4)" in line for line in lines)


def test_the_ascii_text_is_ascii_and_says_the_same():
    plain, unicode = to_text(perceptron(), unicode=False), to_text(perceptron())
    assert plain.isascii()
    assert len(plain.splitlines()) >= len(unicode.splitlines())
    assert "d(objective)/d(a[n, h]) = 1/N * " in plain
    assert "?" not in plain


def test_free_text_outside_ascii_is_replaced_where_only_ascii_goes():
    model = replace(logistic().model, title="Noël Σ")
    assert to_text(logistic(model=model), unicode=False).splitlines()[0] == "No?l ?"
    assert to_text(logistic(model=model)).splitlines()[0] == "Noël Σ"


def test_colours_are_written_to_a_terminal_and_not_with_no_color(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    coloured, file = console(force_terminal=True)
    to_terminal(logistic(), coloured)
    assert "\x1b[1;36mSetting" in printed(file)
    monkeypatch.setenv("NO_COLOR", "1")
    plain, file = console(force_terminal=True)
    to_terminal(logistic(), plain)
    assert "\x1b[36m" not in printed(file)
    assert "\x1b[1;36m" not in printed(file)


def test_without_a_terminal_the_text_is_the_plain_text():
    target, file = console(width=300)
    to_terminal(logistic(), target)
    assert [line.rstrip() for line in printed(file).splitlines()] == to_text(logistic()).splitlines()


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "latin-1"])
def test_a_stream_that_cannot_take_unicode_gets_ascii(encoding):
    target, file = console(encoding, width=300)
    to_terminal(logistic(), target)
    assert printed(file).isascii()
    assert "d(loss[n])/d(w[j]) = (sigmoid(z[n]) - y[n]) * x[n, j]" in printed(file)


def test_rich_markup_in_free_text_is_text():
    model = replace(logistic().model, title="[red]x[/red]")
    target, file = console(width=300)
    to_terminal(logistic(model=model), target)
    assert printed(file).splitlines()[0] == "[red]x[/red]"
