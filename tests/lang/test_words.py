import math

import pytest

from symgrad.kernel.functions import DERIVATIVES
from symgrad.kernel.terms import Apply, Entry, Index, Number, Plus, Power, Sum, Times
from symgrad.lang.words import ARITY, NAME, OVER, RESERVED, SHORTHAND, is_mean, mean, paired, softmax, softmax_letter

B, D = Entry("b", ()), Index("d", "D")
WD = Entry("w", (D,))


def value(term, b):
    match term:
        case Number(number):
            return float(number)
        case Entry():
            return b
        case Plus(parts):
            return math.fsum(value(part, b) for part in parts)
        case Times(parts):
            return math.prod(value(part, b) for part in parts)
        case Power(base, exponent):
            return value(base, b) ** float(exponent)
        case Apply("relu", (f,)):
            return max(value(f, b), 0.0)
        case Apply("sigmoid", (f,)):
            return 1 / (1 + math.exp(-value(f, b)))
        case Apply(name, (f,)):
            return getattr(math, name)(value(f, b))
    raise TypeError(term)


@pytest.mark.parametrize("b", [-700.0, -2.0, -0.5, 0.5, 2.0, 700.0])
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("square", lambda b: b * b),
        ("silu", lambda b: b / (1 + math.exp(-b))),
        ("gelu", lambda b: b * 0.5 * math.erfc(-b / math.sqrt(2))),
        ("elu", lambda b: b if b > 0 else 1.5 * math.expm1(b)),
    ],
)
def test_shorthand_has_the_value_of_the_function_it_is_named_after(name, expected, b):
    arity, expand = SHORTHAND[name]
    term = expand(B) if arity == 1 else expand(B, Number(1.5))
    assert value(term, b) == pytest.approx(expected(b), rel=1e-12, abs=1e-12)


def test_the_root_is_a_power():
    assert value(SHORTHAND["sqrt"][1](B), 9.0) == 3.0


def test_every_function_of_the_kernel_is_a_word_of_the_language():
    assert set(ARITY) == set(DERIVATIVES) <= RESERVED
    assert {*SHORTHAND, *OVER, "delta", "size"} <= RESERVED


@pytest.mark.parametrize(("text", "good"), [("w", True), ("W_1x", True), ("a" * 64, True), ("a" * 65, False)])
def test_names_are_letters_digits_and_underscores(text, good):
    assert bool(NAME.fullmatch(text)) == good


@pytest.mark.parametrize("text", ["", "_x", "1x", "x y", "x\n", "é", "x-y", "\\input"])
def test_nothing_else_is_a_name(text):
    assert not NAME.fullmatch(text)


def test_what_shorthand_stands_for_is_recognised_and_nothing_else():
    assert is_mean(*mean(D, WD).factors)
    assert not is_mean(*mean(Index("n", "N"), B).factors[:1], Sum("D", Entry("w", (0,))))
    assert softmax_letter(*softmax(D, WD).factors) == D
    assert softmax_letter(softmax(D, WD).factors[0], softmax(D, Times((WD, B))).factors[1]) is None
    assert softmax_letter(Apply("exp", (B,)), softmax(D, WD).factors[1]) is None


def test_the_factors_of_shorthand_are_brought_together():
    top, bottom = softmax(D, WD).factors
    over, total = mean(D, WD).factors
    assert paired([bottom, B, top]) == (top, bottom, B)
    assert paired([B, total, B, over]) == (B, over, total, B)
    assert paired([B, top, WD]) == (B, top, WD)
