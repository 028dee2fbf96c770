import pytest

from symgrad.lang.source import Source, SourceError, Statement, character, suggestion


def test_statements_are_cut_at_line_ends_outside_brackets():
    text = "# intro\n\n a = (b\n + c) # note\ntitle x ( y\n  z[n,\n# inner )\nd] = 1"
    pieces = Source(text, "t").statements()
    assert pieces == [
        Statement("a = (b\n + c) # note", 10),
        Statement("title x ( y", 30),
        Statement("z[n,\n# inner )\nd] = 1", 44),
    ]
    assert all(text[piece.at :].startswith(piece.text) for piece in pieces)


def test_a_name_that_starts_like_title_is_no_title():
    with pytest.raises(SourceError, match="is never closed"):
        Source("titles = (", "t").statements()


def test_a_long_line_is_shown_around_the_place():
    error = Source("a" * 300 + "!" + "b" * 300, "t").error(300, "odd")
    shown, caret = str(error).split("\n")[1:]
    assert len(shown) <= 104
    assert shown[caret.index("^")] == "!"
    assert (error.line, error.column, error.what) == (1, 301, "odd")


def test_tabs_and_hidden_characters_do_not_move_the_caret():
    error = Source("\ta\u202eb\x00!", "t").error(5, "odd")
    shown, caret = str(error).split("\n")[1:]
    assert shown == "     a?b?!"
    assert shown[caret.index("^")] == "!"


def test_a_place_behind_the_end_is_the_end():
    error = Source("ab\n", "t").error(99, "odd")
    assert (error.line, error.column) == (2, 1)


@pytest.mark.parametrize(
    ("mark", "shown"),
    [("a", "'a'"), ("é", "U+00E9 (latin small letter e with acute)"), ("\x00", "U+0000 (a control character)")],
)
def test_characters_that_could_be_mistaken_are_named(mark, shown):
    assert character(mark) == shown


@pytest.mark.parametrize(
    ("name", "known", "end"),
    [
        ("tahn", ["tanh", "exp"], ", did you mean tanh?"),
        ("W", ["w"], ", did you mean w?"),
        ("q", ["n", "d"], ", expected one of n, d"),
        ("q", [], ""),
        ("q", [f"name{i}" for i in range(20)], ""),
    ],
)
def test_the_nearest_known_name_is_suggested(name, known, end):
    assert suggestion(name, known) == end
