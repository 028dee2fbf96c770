"""Shapes of terms: letters, fractions, folding."""

from dataclasses import replace
from fractions import Fraction
from itertools import permutations

import pytest
from by_hand import LOSS, call, d, e, j, k, logistic, mean, n, number, perceptron, plus, times

from symgrad.errors import SymgradError
from symgrad.kernel.functions import inverse, minus, negative
from symgrad.kernel.terms import (
    HALF,
    ONE,
    ZERO,
    Delta,
    Entry,
    Index,
    Judgement,
    Largest,
    Partial,
    Plus,
    Power,
    Size,
    sigma,
)
from symgrad.render.latex import Latex
from symgrad.render.plain import Plain
from symgrad.render.shapes import Called, parts
from symgrad.render.shaping import Shaper, match, untied

PROGRAM = logistic().model.program
SHAPER = Shaper((n, d, j), [PROGRAM])
SHAPED = {definition.name: definition.body for definition in PROGRAM.definitions}


def text(term, **options):
    return Plain()(SHAPER(term, **options))


def test_a_bound_index_takes_the_declared_letter_that_is_free():
    assert text(sigma(j, times(e("w", j), e("x", n, j)))) == "Σ_d w[d] · x[n, d]"
    assert text(times(e("w", d), sigma(j, e("w", j)))) == "w[d] · Σ_j w[j]"
    assert text(sigma(d, sigma(j, times(e("w", d), e("w", j))))) == "Σ_d Σ_j w[d] · w[j]"


def test_a_bound_index_takes_a_fresh_letter_where_all_declared_ones_are_used():
    shown = text(times(e("w", d), e("w", j), sigma(Index("q", "D"), e("w", Index("q", "D")))))
    assert shown == "w[d] · w[j] · Σ_i w[i]"


def test_a_bound_index_never_takes_the_name_of_a_tensor_a_size_or_another_letter():
    shaper = Shaper((n, d), [PROGRAM])
    used = [shaper.fresh("B", "ijklmpqrstuvac")]
    assert not set(used) & {"b", "w", "x", "y", "z", "n", "d"}
    assert shaper.fresh("D", "dijklmpqrstuvacefgho") == "d'"


def test_a_machine_made_letter_gets_a_name():
    letter = Index("q0_", "D")
    assert text(times(e("w", letter), e("w", d))) == "w[j] · w[d]"


def test_neighbouring_lines_call_their_letters_alike():
    letter = Index("q0_", "D")
    names = SHAPER.naming([e("w", letter), sigma(d, e("w", d)), e("w", d)])
    assert names == {letter: "j", d: "d"}
    assert text(sigma(d, e("w", d)), naming=names) == "Σ_i w[i]"


def test_the_derivative_of_a_body_goes_by_the_name_of_its_definition():
    partial = Partial(SHAPED["z"], e("w", j), False)
    assert text(partial) == "∂z[n]/∂w[j]"
    assert text(partial, unfolded=["z"]) == "∂(Σ_d w[d] · x[n, d] + b)/∂w[j]"


def test_the_name_stands_with_the_indices_of_the_body():
    m = Index("m", "N")
    under_a_sum = sigma(m, Partial(plus(sigma(d, times(e("w", d), e("x", m, d))), e("b")), e("w", j), False))
    assert text(under_a_sum) == "Σ_n ∂z[n]/∂w[j]"


def test_a_body_that_differs_is_not_folded():
    other = plus(sigma(d, times(e("w", d), e("x", n, d))), e("y", n))
    assert text(Partial(other, e("w", j), False)) == "∂(Σ_d w[d] · x[n, d] + y[n])/∂w[j]"


def test_direct_and_total_derivatives_look_different_where_they_differ():
    body = plus(e("z", n), e("b"))
    assert text(Partial(body, e("b"), True)) == "∂(z[n] + b)/∂b"
    assert text(Partial(body, e("b"), False)) == "∂⁺(z[n] + b)/∂b"
    assert text(Partial(SHAPED["loss"], e("w", j), False)) == "∂⁺ℓ[n]/∂w[j]"
    assert text(Partial(SHAPED["loss"], e("z", n), False)) == "∂ℓ[n]/∂z[n]"


def test_sizes_and_numbers_stand_in_front_as_one_fraction():
    assert text(mean(times(number(2), e("y", n)))) == "1/N · Σ_n 2 · y[n]"
    assert text(times(e("b"), number(2), inverse(Size("N")))) == "2/N · b"
    assert text(times(number(Fraction(1, 2)), e("b"))) == "1/2 · b"
    assert text(inverse(number(2))) == "1/2"


def test_signs_are_kept():
    assert text(negative(e("b"))) == "−b"
    assert text(negative(negative(e("b")))) == "−(−b)"
    assert text(negative(number(1))) == "−1"
    assert text(plus(e("b"), negative(e("y", n)), number(-2))) == "b − y[n] − 2"
    assert text(times(e("b"), number(-1))) == "b · (−1)"


def test_high_factors_stand_beside_a_fraction():
    shown = text(times(e("b"), sigma(d, e("w", d)), inverse(e("y", n))))
    assert shown == "b/y[n] · Σ_d w[d]"


def test_softmax_is_recognised_and_nothing_else_is():
    def exp(*indices):
        return call("exp", e("u", *indices))

    shaper = perceptron().model
    shaper = Shaper(shaper.letters, [shaper.program])
    m = Index("m", "K")
    write = Plain()
    assert write(shaper(times(exp(n, k), inverse(sigma(m, exp(n, m)))))) == "softmax_k(u[n, k])"
    assert write(shaper(times(e("y", n, k), exp(n, k), inverse(sigma(m, exp(n, m)))))) == "softmax_k(u[n, k]) · y[n, k]"
    other = Index("q", "N")
    assert "softmax" not in write(shaper(times(exp(n, k), inverse(sigma(m, exp(other, m))))))
    assert "softmax" not in write(shaper(times(exp(n, k), inverse(sigma(m, exp(n, k))))))
    body = times(exp(n, k), inverse(sigma(m, exp(n, m))))
    assert "softmax" not in write(shaper(Partial(body, e("u", n, k), False), unfolded=["p"]))


def test_the_softmax_of_a_bound_index_runs_along_it():
    model = perceptron().model
    m = Index("m", "K")
    body = times(call("exp", e("u", n, k)), inverse(sigma(m, call("exp", e("u", n, m)))))
    assert Plain()(Shaper(model.letters, [model.program])(sigma(k, body))) == "Σ_k softmax_k(u[n, k])"


@pytest.mark.parametrize("function", ["sigmoid", "pi"])
def test_a_function_gives_way_to_a_tensor_of_its_sign(function):
    tensors = (*PROGRAM.inputs, replace(PROGRAM.inputs[3], name="sigma"), replace(PROGRAM.inputs[3], name="pi"))
    shaper = Shaper((n, d), [replace(PROGRAM, inputs=tensors)])
    shown = Latex()(shaper(call(function, *[e("b")] * (function == "sigmoid"))))
    assert shown == {"sigmoid": r"\operatorname{sigmoid}(b)", "pi": r"\arccos(-1)"}[function]


@pytest.mark.parametrize(("relation", "shown"), [("=", "b = 0"), (">", "b > 0"), (">=", "b ≥ 0"), ("!=", "b ≠ 0")])
def test_a_hypothesis_keeps_its_relation(relation, shown):
    assert Plain()(SHAPER.judgement(Judgement(relation, e("b"), number(0)))) == shown


def test_an_unknown_relation_is_refused():
    with pytest.raises(SymgradError, match="separable"):
        SHAPER.judgement(Judgement("separable", e("b"), number(0)))


def test_matching_finds_letters_and_refuses_a_second_value():
    assert match(times(e("w", d), e("w", j)), times(e("w", j), e("w", j))) == {d: j, j: j}
    assert match(times(e("w", d), e("w", d)), times(e("w", d), e("w", j))) is None
    assert match(e("w", d), e("b")) is None
    assert match(Power(e("b"), Fraction(2)), Power(e("b"), Fraction(3))) is None
    assert match(Partial(LOSS, e("w", d), True), Partial(LOSS, e("w", j), False)) is None


def test_matching_tells_bound_indices_from_letters():
    pattern = sigma(d, times(e("w", d), e("w", j)))
    assert match(pattern, sigma(j, times(e("w", j), e("w", d)))) == {j: d}
    assert match(pattern, sigma(d, times(e("w", d), e("w", d)))) is None
    assert match(pattern, sigma(d, times(e("w", j), e("w", d)))) is None


def test_an_index_outside_of_its_sum_is_refused():
    with pytest.raises(SymgradError, match="outside of its sum"):
        SHAPER(Entry("w", (0,)))


def test_minus_is_drawn_from_the_sum_of_a_negative():
    assert text(minus(e("b"), e("y", n))) == "b − y[n]"


def test_the_slope_of_a_maximum_is_drawn_as_a_bracket_that_says_which_value_is_the_largest():
    k, i = Index("k", "N"), Index("i", "N")
    values = [Entry("y", (index,)) for index in (k, i)]
    gap = Plus((values[0], negative(values[1]), negative(Delta(k, i))))
    chosen = call("step", minus(HALF, sigma(k, call("step", gap))))
    shape = SHAPER(chosen)
    assert shape == Called("chosen", (SHAPER(values[1]), SHAPER(sigma(k, values[0], Largest))))
    for other in (
        call("step", minus(ONE, sigma(k, call("step", gap)))),
        call("step", minus(HALF, sigma(k, call("sign", gap)))),
        call("step", minus(HALF, sigma(k, call("step", minus(*values))))),
        call("step", minus(HALF, sigma(i, call("step", gap)))),
    ):
        assert "chosen" not in {part.function for part in parts(SHAPER(other)) if isinstance(part, Called)}


def test_untied_values_are_recognized_in_any_order_and_nothing_else_is():
    k, i = Index("k", "N"), Index("i", "N")
    y_k, y_i = (Entry("y", (index,)) for index in (k, i))
    for terms in permutations((y_k, negative(y_i), negative(Delta(i, k)))):
        assert untied(Judgement("!=", Plus(terms), ZERO)) == (y_k, y_i, k, i)
    for terms in (
        (y_k, negative(y_i)),
        (y_k, y_i, negative(Delta(k, i))),
        (y_k, negative(y_i), Delta(k, i)),
        (y_k, negative(Entry("x", (i, i))), negative(Delta(k, i))),
    ):
        assert untied(Judgement("!=", Plus(terms), ZERO)) is None
    assert untied(Judgement(">", Plus((y_k, negative(y_i), negative(Delta(k, i)))), ZERO)) is None
