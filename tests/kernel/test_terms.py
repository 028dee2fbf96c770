"""Terms: inert trees that compare by structure, and substitution that cannot capture."""

import copy
import dataclasses
import pickle
from fractions import Fraction

import pytest

from symgrad.kernel import terms as t
from symgrad.kernel.program import check_term, collapsed, conditions, lifted, mentioned
from symgrad.kernel.terms import CONSTRUCTS, ONE, ZERO, Index, Judgement, closure
from tests.kernel.world import PROGRAM, World, b, d, e, f, h, k, loss, m, n, num, plus, power, s, times, v, w, x, y, z

EACH = {
    t.Number: num("2/3"),
    t.Size: t.Size("N"),
    t.Entry: x(n, d),
    t.Plus: plus(z(n), b, ONE),
    t.Times: times(z(n), w(d)),
    t.Power: power(z(n), "-1/2"),
    t.Apply: f("max", z(n), y(n)),
    t.Sum: t.sigma(d, times(x(n, d), w(d), w(e))),
    t.Largest: t.Largest("D", times(t.Entry("w", (0,)), y(n))),
    t.Delta: t.Delta(n, m),
    t.Partial: t.Partial(loss(n), w(e), True),
}
"""One example of every construct; a new construct needs one."""

OPERATIONS = {
    "children": t.children,
    "rebuilt": lambda u: t.rebuilt(u, t.children(u)),
    "free": t.free,
    "renamed": lambda u: t.renamed(u, {n: m}),
    "opened": lambda u: t.opened(u, n),
    "closed": lambda u: t.closed(u, n),
    "sigma": lambda u: t.sigma(n, u),
    "subterms": lambda u: list(t.subterms(u)),
    "letters": t.letters,
    "closure": lambda u: closure(Judgement("=", u, u)),
    "check_term": lambda u: check_term(PROGRAM, u),
    "mentioned": mentioned,
    "conditions": lambda u: conditions(u, True),
    "collapsed": lambda u: collapsed(u, "N"),
    "lifted": lambda u: lifted(PROGRAM, collapsed(u, "N"), n),
    "repr": repr,
    "hash": hash,
    "copy": copy.deepcopy,
    "value": lambda u: [World(PROGRAM, 0).value(u, at) for at in World(PROGRAM, 0).assignments(u)],
}


def test_every_construct_has_an_example():
    assert set(EACH) == set(CONSTRUCTS)
    assert all(type(example) is construct for construct, example in EACH.items())


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
@pytest.mark.parametrize("example", EACH.values(), ids=[construct.__name__ for construct in EACH])
def test_every_operation_takes_every_construct(operation, example):
    before = repr(example)
    operation(example)
    assert repr(example) == before


@pytest.mark.parametrize("example", EACH.values(), ids=[construct.__name__ for construct in EACH])
def test_a_term_is_frozen(example):
    field = dataclasses.fields(example)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(example, field, None)


@pytest.mark.parametrize("example", EACH.values(), ids=[construct.__name__ for construct in EACH])
def test_a_term_rebuilt_from_its_parts_is_the_same(example):
    assert t.rebuilt(example, t.children(example)) == example
    assert t.rebuilt(example, iter(t.children(example))) == example
    assert copy.copy(example) == example == copy.deepcopy(example)
    assert hash(copy.deepcopy(example)) == hash(example)


def test_rebuilt_puts_other_parts_in_order():
    assert t.rebuilt(plus(b, s), (s, b)) == plus(s, b)
    assert t.rebuilt(f("max", b, s), (s, b)) == f("max", s, b)
    assert t.rebuilt(power(b, 3), (s,)) == power(s, 3)
    assert t.rebuilt(t.Sum("N", b), (s,)) == t.Sum("N", s)
    assert t.rebuilt(t.Partial(z(n), b, True), (h(n, k), s)) == t.Partial(h(n, k), s, True)


def test_terms_are_equal_only_if_they_are_the_same_tree():
    examples = [*EACH.values(), b, ONE, ZERO, t.Partial(loss(n), w(e), False), times(z(n), b, ONE)]
    for i, left in enumerate(examples):
        for j, right in enumerate(examples):
            assert (left == right) == (i == j)
    assert plus(b, s) != times(b, s)
    assert plus(b, s) != plus(s, b)
    assert ONE != 1
    assert num(1) == ONE
    assert hash(ONE) == hash(num(1))


def test_terms_with_one_hash_are_not_taken_for_equal():
    assert hash(num(-1)) == hash(num(-2))
    assert num(-1) != num(-2)
    assert plus(b, num(-1)) != plus(b, num(-2))


@pytest.mark.parametrize("value", [1, 1.0, True])
def test_a_number_of_another_type_is_another_term(value):
    assert t.Number(value) != ONE
    assert plus(b, t.Number(value)) != plus(b, ONE)
    assert t.Power(b, value) != t.Power(b, Fraction(1))


def test_a_pickled_term_comes_back_equal():
    term = t.sigma(d, times(w(d), x(n, d)))
    assert pickle.loads(pickle.dumps(term)) == term


def test_constructing_never_simplifies():
    assert times(ONE, b) != b
    assert plus() != ZERO
    assert power(b, 1) != b
    assert plus(plus(b, s), s) != plus(b, s, s)


def test_the_name_of_a_bound_index_does_not_matter():
    assert t.sigma(d, times(w(d), v(d, k))) == t.sigma(e, times(w(e), v(e, k)))
    assert t.sigma(d, w(d)) == t.Sum("D", t.Entry("w", (0,)))


def test_a_sum_binds_its_own_letter_alone():
    nested = t.sigma(d, times(w(d), t.sigma(d, w(d))))
    assert nested == t.sigma(d, times(w(d), t.sigma(e, w(e))))
    assert t.letters(nested) == ()


def test_a_letter_with_another_size_is_another_letter():
    other = Index("d", "N")
    assert t.sigma(other, w(d)) == t.Sum("N", w(d))
    assert t.letters(plus(w(d), y(other))) == (d, other)
    assert t.renamed(w(d), {other: n}) == w(d)


def test_opened_and_closed_are_inverse():
    body = times(w(d), t.sigma(e, times(w(e), v(d, k))))
    assert t.opened(t.closed(body, d), d) == body
    assert t.opened(t.closed(body, d), e) == t.renamed(body, {d: e})


def test_renaming_captures_nothing():
    """Σ_i k i at k := i is i Σ_j j, not Σ_i i i."""
    term = t.sigma(d, times(w(d), w(e)))
    renamed = t.renamed(term, {e: d})
    assert renamed == t.Sum("D", times(t.Entry("w", (0,)), w(d)))
    assert t.letters(renamed) == (d,)
    assert renamed != t.sigma(d, times(w(d), w(d)))


def test_renaming_is_simultaneous():
    assert t.renamed(v(d, k), {d: e, e: d}) == v(e, k)
    assert t.renamed(times(w(d), w(e)), {d: e, e: d}) == times(w(e), w(d))
    assert t.renamed(t.Delta(d, e), {d: e, e: d}) == t.Delta(e, d)


def test_renaming_what_does_not_occur_gives_the_same_object():
    term = t.sigma(d, w(d))
    assert t.renamed(term, {d: e}) is term


def test_numbers_are_renamed_at_every_depth():
    inner = t.Sum("K", t.Entry("v", (1, 0)))
    assert t.opened(inner, d) == t.sigma(k, v(d, k))
    assert t.renamed(t.Sum("K", times(t.Entry("v", (1, 0)), t.Entry("w", (2,)))), {0: 1, 1: 0}) == t.Sum(
        "K", times(t.Entry("v", (2, 0)), t.Entry("w", (1,)))
    )


def test_free_lists_letters_and_loose_numbers_in_order():
    assert t.free(plus(x(n, d), t.Entry("w", (2,)), y(n))) == (n, d, 2)
    assert t.free(t.Sum("D", plus(t.Entry("w", (0,)), t.Entry("w", (3,)), w(e)))) == (2, e)
    assert t.free(t.Partial(z(n), w(d), True)) == (n, d)
    assert t.free(t.Largest("D", t.Entry("w", (0,)))) == ()
    assert t.free(t.Largest("D", t.Entry("w", (1,)))) == (0,)


def test_a_closure_depends_on_neither_names_nor_sides_alone():
    left = Judgement("=", times(w(d), y(n)), w(d))
    right = Judgement("=", times(w(e), y(m)), w(e))
    assert closure(left) == closure(right)
    assert closure(left).left == times(w(Index("_0", "D")), y(Index("_1", "N")))
    apart = Judgement("=", times(w(d), y(n)), w(e))
    assert closure(apart) != closure(left)
    assert closure(closure(apart)) == closure(apart)


def test_a_judgement_maps_both_sides_and_reads_well():
    judgement = Judgement(">", power(b, 2), ZERO)
    assert judgement.map(lambda u: plus(u, ONE)) == Judgement(">", plus(power(b, 2), ONE), plus(ZERO, ONE))
    assert str(judgement) == "Power(Entry(b, ()), 2) > Number(0)"
