"""Names: injective, closed, never raw."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symgrad.errors import InputError
from symgrad.render.names import GREEK, stem, tex_entry, tex_name, tex_text, text_name

NAMES = st.one_of(
    st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,6}", fullmatch=True),
    st.builds(
        lambda base, bar, digits: f"{base}{bar}{digits}",
        st.sampled_from([*"bWx", "theta", "mu", "loss", "rate"]),
        st.sampled_from(["", "_", "__"]),
        st.sampled_from(["", "0", "1", "01", "12", "1x"]),
    ),
)


@pytest.mark.parametrize(
    ("name", "tex"),
    [
        ("w", "w"),
        ("theta", r"\theta"),
        ("Sigma", r"\Sigma"),
        ("W1", "W^{(1)}"),
        ("theta12", r"\theta^{(12)}"),
        ("mu_0", r"\mu_{0}"),
        ("xbar", r"\bar{x}"),
        ("crowbar", r"\mathrm{crowbar}"),
        ("rate", r"\mathrm{rate}"),
        ("learning_rate", r"\mathrm{learning\_rate}"),
        ("x1y", r"\mathrm{x1y}"),
        ("loss", r"\sgloss"),
        ("objective", r"\sgLoss"),
        ("d'", "d'"),
    ],
)
def test_a_name_has_one_look(name, tex):
    assert tex_name(name) == tex


@pytest.mark.parametrize(
    ("name", "indices", "tex"),
    [
        ("x", ("n", "d"), "x_{nd}"),
        ("W1", ("h", "d"), "W^{(1)}_{hd}"),
        ("W_1", ("h", "d"), "W_{1,h,d}"),
        ("x", ("n", "row"), r"x_{n,\mathrm{row}}"),
        ("x", ("alpha", "n"), r"x_{\alpha n}"),
        ("x", ("i1", "j"), "x_{i^{(1)},j}"),
        ("loss", ("n",), r"\sgloss_{n}"),
    ],
)
def test_indices_stand_side_by_side_or_with_commas(name, indices, tex):
    assert tex_entry(name, indices) == tex


@given(NAMES, NAMES)
def test_two_names_never_look_alike(first, second):
    if first != second:
        assert tex_name(first) != tex_name(second)
        assert stem(first) != stem(second)
        assert text_name(first, unicode=True) != text_name(second, unicode=True)


INDICES = st.lists(st.sampled_from(["n", "d", "alpha", "nd", "i1", "d'"]), max_size=3).map(tuple)


@given(NAMES, INDICES, NAMES, INDICES)
def test_two_entries_never_look_alike(first, here, second, there):
    if (first, here) != (second, there):
        assert tex_entry(first, here) != tex_entry(second, there)


@pytest.mark.parametrize("name", ["", "1x", "a b", r"\input", "x}", "é", "x\n", "$", "_x"])
def test_what_is_not_a_name_never_reaches_tex(name):
    with pytest.raises(InputError, match="is not a name"):
        tex_name(name)
    with pytest.raises(InputError):
        tex_entry("x", (name,))


def test_greek_letters_have_their_sign_in_the_terminal():
    assert [text_name(name, unicode=True) for name in ("theta", "loss", "objective", "W1")] == ["θ", "ℓ", "ℒ", "W1"]
    assert text_name("theta", unicode=False) == "theta"
    assert len(set(GREEK.values())) == len(GREEK)


@given(st.text())
def test_free_text_keeps_no_special_character(text):
    written = tex_text(text)
    assert written.isascii()
    bare = re.sub(r"\\[A-Za-z]+\{[A-Za-z]?\}|\\[`'^~=.\"]\{[A-Za-z]\}|\\[{}$&%#_]|\$\\[A-Za-z]+\$", "", written)
    assert not set(bare) & set("\\{}$&%#_^~\n\r")
