"""The inference rules: what each concludes, each refusal, and that what they conclude is true."""

import copy
import pickle
from types import SimpleNamespace
from unittest.mock import Mock

import pytest

from symgrad.errors import IllFormedError, RuleError
from symgrad.kernel import rules as r
from symgrad.kernel import terms as t
from symgrad.kernel.functions import DERIVATIVES, IDENTITIES
from symgrad.kernel.program import Definition, Program, single
from symgrad.kernel.terms import MINUS, ONE, ZERO, Index, Judgement, closure
from symgrad.kernel.theorem import RULES, Theorem, fitting
from tests.kernel.world import (
    INPUTS,
    PROGRAM,
    Growing,
    World,
    b,
    d,
    e,
    f,
    h,
    k,
    loss,
    m,
    n,
    num,
    objective,
    plus,
    power,
    s,
    times,
    true_somewhere,
    v,
    w,
    x,
    y,
    z,
)

ALL = frozenset(PROGRAM.bodies)


def equation(left, right):
    return Judgement("=", left, right)


def positive(u):
    return Judgement(">", u, ZERO)


def away(u):
    return Judgement("!=", u, ZERO)


def assumed(left, right, program=PROGRAM):
    return r.hypothesis(program, equation(left, right))


def direct(body, wrt):
    return t.Partial(body, wrt, False)


def total(body, wrt):
    return t.Partial(body, wrt, True)


def concludes(theorem, conclusion, under=(), uses=()):
    """The theorem is exactly this one, and true in some worlds."""
    assert theorem.conclusion == conclusion
    assert theorem.hypotheses == frozenset(map(closure, under))
    assert theorem.uses == frozenset(uses)
    assert true_somewhere(theorem, range(30))


def refuses(rule, *arguments, because):
    with pytest.raises(RuleError, match=because) as refused:
        rule(*arguments)
    assert refused.value.rule in {rule.__name__, "fitting", "premises"}


# ---------------------------------------------------------------------------------------------------------------------
# What every rule asks of its arguments


def some_theorem():
    return r.ring(PROGRAM, b, b)


FORGERIES = {
    "constructor": lambda: Theorem(equation(b, s)),
    "assignment": lambda: setattr(some_theorem(), "sequent", None),
    "deletion": lambda: delattr(some_theorem(), "sequent"),
    "copy": lambda: copy.copy(some_theorem()),
    "deep copy": lambda: copy.deepcopy(some_theorem()),
    "pickle": lambda: pickle.dumps(some_theorem()),
    "look-alike": lambda: r.sym(SimpleNamespace(relation="=", left=b, right=s, program=PROGRAM)),
    "mock": lambda: r.sym(Mock(spec=Theorem, program=PROGRAM)),
    "empty": lambda: r.sym(object.__new__(Theorem)),
    "subclass": lambda: r.sym(object.__new__(type("Forged", (Theorem,), {}))),
    "judgement": lambda: r.sym(equation(b, s)),
    "theorem in a list": lambda: r.sign(PROGRAM, plus(b), [r.hypothesis(PROGRAM, positive(b))]),
    "look-alike in a tuple": lambda: r.sign(PROGRAM, plus(b), (SimpleNamespace(relation=">", left=b),)),
    "registry": lambda: RULES.update(anything=r.ring),
    "field of the sequent": lambda: setattr(some_theorem().sequent, "conclusion", equation(b, s)),
    "field of the conclusion": lambda: setattr(some_theorem().conclusion, "left", s),
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
def test_a_theorem_cannot_be_forged_by_accident(forge):
    with pytest.raises((TypeError, AttributeError, RuleError, IllFormedError)):
        forge()


WRONG_KINDS = {
    "too few": (r.ring, (PROGRAM, b)),
    "too many": (r.sym, (some_theorem(), some_theorem())),
    "none": (r.sym, ()),
    "term for a theorem": (r.sym, (b,)),
    "look-alike for a program": (r.ring, (SimpleNamespace(bodies={}, tensors={}), b, b)),
    "text for a term": (r.ring, (PROGRAM, "b", "b")),
    "subclass of a construct": (r.ring, (PROGRAM, type("Mine", (t.Plus,), {})((b,)), b)),
    "another construct": (r.sum_split, (PROGRAM, plus(b, s))),
    "a term that is no derivative": (r.partial_plus, (PROGRAM, plus(b, s))),
    "list of terms": (r.identity, (PROGRAM, "exp_sum", [b, s])),
    "list for a path": (r.congruence, (some_theorem(), b, [])),
    "bool in a path": (r.congruence, (some_theorem(), plus(b), (False,))),
    "float in a path": (r.congruence, (some_theorem(), plus(b), (0.0,))),
    "name that is no text": (r.identity, (PROGRAM, 3, ())),
    "look-alike for a judgement": (r.hypothesis, (PROGRAM, SimpleNamespace(relation="=", left=b, right=s))),
    "term of another class in a judgement": (r.hypothesis, (PROGRAM, None)),
}


@pytest.mark.parametrize(("rule", "arguments"), WRONG_KINDS.values(), ids=WRONG_KINDS)
def test_a_rule_refuses_arguments_of_another_kind(rule, arguments):
    refuses(rule, *arguments, because="expected")


def test_a_numpy_integer_is_no_step_of_a_path():
    numpy = pytest.importorskip("numpy")
    refuses(r.congruence, some_theorem(), plus(b), (numpy.int64(0),), because="expected")


@pytest.mark.parametrize(
    "make",
    [
        lambda: r.ring(PROGRAM, w(k), w(k)),
        lambda: r.ring(Program("N", INPUTS, ()), b, b),
        lambda: r.identity(PROGRAM, "exp_sum", (b, t.Entry("q", ()))),
        lambda: r.hypothesis(PROGRAM, equation(b, w(k))),
        lambda: r.congruence(some_theorem(), plus(b, w(k)), (0,)),
        lambda: r.unfold(PROGRAM, t.Entry("z", (d,))),
        lambda: r.unfold(PROGRAM, t.Entry("z", ())),
        lambda: r.separable(PROGRAM, t.Entry("loss", (d,)), ()),
        lambda: r.sign(PROGRAM, w(k), ()),
        lambda: r.ring(PROGRAM, w(Index("__0", "D")), w(Index("__0", "D"))),
        lambda: r.chain(PROGRAM, total(loss(n), w(Index("__0", "D")))),
    ],
)
def test_every_rule_refuses_what_has_no_meaning(make):
    with pytest.raises(IllFormedError):
        make()


def test_what_a_rule_makes_is_checked_again():
    """The derivative of b^-64 would need an exponent past the limit."""
    with pytest.raises(IllFormedError):
        r.partial_power(PROGRAM, direct(power(b, -64), b))
    with pytest.raises(IllFormedError):
        r.congruence(r.partial_entry(PROGRAM, direct(b, b)), direct(direct(b, b), b), (0,))


def test_a_theorem_tells_what_it_rests_on():
    theorem = r.hypothesis(PROGRAM, positive(b))
    assert (theorem.rule, theorem.arguments) == ("hypothesis", (PROGRAM, positive(b)))
    assert theorem.relation == ">"
    assert (theorem.left, theorem.right) == (b, ZERO)
    assert str(theorem) == "Entry(b, ()) > Number(0) ⊢ Entry(b, ()) > Number(0)"
    assert str(some_theorem()) == "⊢ Entry(b, ()) = Entry(b, ())"
    with pytest.raises(AttributeError):
        _ = theorem.nothing


def test_the_rules_are_those_of_the_book():
    assert set(RULES) == {
        *("sym", "trans", "congruence", "unfold", "hypothesis", "ring", "identity"),
        *("sum_split", "sum_factor", "sum_exchange", "sum_delta", "sum_constant"),
        *("partial_constant", "partial_entry", "partial_plus", "partial_times", "partial_power", "partial_apply"),
        *("partial_sum", "partial_largest", "chain", "sign", "sign_weaken", "sign_equal", "separable", "lift", "state"),
    }
    assert all(RULES[name] is getattr(r, name) for name in RULES)


@pytest.mark.parametrize("name", sorted(RULES))
def test_each_rule_is_drawn_and_says_when_it_refuses(name):
    drawn = RULES[name].__doc__
    assert "::" in drawn
    assert "----" in drawn
    assert "⊢" in drawn
    assert "Raises:" in drawn


def test_a_rule_cannot_be_replaced_by_one_of_its_name():
    from symgrad.kernel.theorem import Sequent, rule

    def sym(theorem: Theorem) -> Sequent:
        return theorem.sequent

    sym.__annotations__ = {"theorem": Theorem, "return": Sequent}
    assert rule(sym) is r.sym


# ---------------------------------------------------------------------------------------------------------------------
# Equality


def test_sym_turns_round():
    concludes(r.sym(r.unfold(PROGRAM, s)), equation(PROGRAM.bodies["s"].body, s), uses={"s"})


def test_sym_refuses_a_sign():
    refuses(r.sym, r.hypothesis(PROGRAM, positive(b)), because="not an equation")


def test_trans_chains():
    theorem = r.trans(r.unfold(PROGRAM, s), assumed(PROGRAM.bodies["s"].body, b))
    assert theorem.conclusion == equation(s, b)
    assert theorem.hypotheses == {equation(PROGRAM.bodies["s"].body, b)}
    assert theorem.uses == {"s"}


def test_trans_refuses_different_middle_terms():
    with pytest.raises(RuleError, match="middle terms differ") as refused:
        r.trans(r.ring(PROGRAM, b, b), r.ring(PROGRAM, s, s))
    assert refused.value.shown == {"first": b, "second": s}


def test_trans_refuses_signs():
    refuses(r.trans, some_theorem(), r.hypothesis(PROGRAM, positive(b)), because="not two equations")
    refuses(r.trans, r.hypothesis(PROGRAM, positive(b)), some_theorem(), because="not two equations")


def test_trans_refuses_theorems_of_two_programs():
    refuses(r.trans, some_theorem(), r.ring(single(PROGRAM), b, b), because="another program")


def test_congruence_replaces_one_subterm():
    doubled = r.ring(PROGRAM, plus(y(n), y(n)), times(num(2), y(n)))
    term = times(b, plus(y(m), y(m)), plus(y(m), y(m)))
    theorem = r.congruence(doubled, term, (1,))
    concludes(theorem, equation(term, times(b, times(num(2), y(m)), plus(y(m), y(m)))))


@pytest.mark.parametrize(
    ("around", "path"),
    [
        (lambda u: u, ()),
        (lambda u: plus(b, u), (1,)),
        (lambda u: times(u, b), (0,)),
        (lambda u: power(u, 3), (0,)),
        (lambda u: f("max", b, u), (1,)),
        (lambda u: t.sigma(d, times(w(d), u)), (0, 1)),
        (lambda u: t.sigma(d, times(w(d), u), t.Largest), (0, 1)),
        (lambda u: direct(times(b, u), b), (0, 1)),
    ],
)
def test_congruence_enters_every_construct(around, path):
    theorem = r.congruence(r.ring(PROGRAM, plus(b, b), times(num(2), b)), around(plus(b, b)), path)
    concludes(theorem, equation(around(plus(b, b)), around(times(num(2), b))))


def test_congruence_chooses_letters_also_among_bound_indices():
    square = r.ring(PROGRAM, times(w(d), w(d)), power(w(d), 2))
    term = t.sigma(e, t.sigma(n, times(y(n), times(w(e), w(e)))))
    made = t.sigma(e, t.sigma(n, times(y(n), power(w(e), 2))))
    concludes(r.congruence(square, term, (0, 0, 1)), equation(term, made))
    both = r.ring(PROGRAM, times(w(d), w(e)), times(w(e), w(d)))
    concludes(r.congruence(both, times(w(d), w(d)), ()), equation(times(w(d), w(d)), times(w(d), w(d))))


def test_congruence_captures_nothing():
    """T1: the letter of the equation that is not matched stays free inside the sum, whatever its name."""
    theorem = r.ring(PROGRAM, ZERO, plus(w(d), times(MINUS, w(d))))
    term = t.sigma(d, times(w(d), ZERO))
    result = r.congruence(theorem, term, (0, 1))
    assert result.right == t.Sum("D", times(t.Entry("w", (0,)), plus(w(d), times(MINUS, w(d)))))
    assert t.letters(result.right) == (d,)
    assert true_somewhere(result)


def test_congruence_refuses_a_letter_for_two():
    refuses(r.congruence, r.ring(PROGRAM, times(w(d), w(d)), power(w(d), 2)), times(w(d), w(e)), (), because="letters")


def test_congruence_refuses_a_letter_of_another_size():
    other = Index("d", "K")
    theorem = r.ring(PROGRAM, t.Delta(d, e), t.Delta(e, d))
    refuses(r.congruence, theorem, t.Delta(other, k), (), because="letters")


def test_congruence_refuses_numbers_bound_inside_the_subterm():
    free = r.sum_constant(PROGRAM, t.sigma(d, w(e)))
    refuses(r.congruence, free, t.sigma(d, w(d)), (), because="letters")
    refuses(r.congruence, free, t.sigma(e, t.sigma(d, w(d))), (0,), because="letters")
    inside = t.sigma(e, t.sigma(d, w(e)))
    concludes(r.congruence(free, inside, (0,)), equation(inside, t.sigma(e, times(t.Size("D"), w(e)))))


def test_congruence_refuses_another_subterm_and_another_path():
    theorem = some_theorem()
    refuses(r.congruence, theorem, plus(s, b), (0,), because="letters")
    refuses(r.congruence, theorem, plus(s, b), (2,), because="no subterm")
    refuses(r.congruence, theorem, plus(s, b), (-1,), because="no subterm")
    refuses(r.congruence, theorem, plus(s, b), (1, 0), because="no subterm")
    refuses(r.congruence, theorem, times(b), (), because="letters")


def test_congruence_refuses_a_sign():
    refuses(r.congruence, r.hypothesis(PROGRAM, positive(b)), b, (), because="not an equation")


def test_congruence_refuses_the_variable_and_a_total_derivative():
    theorem = r.ring(PROGRAM, w(d), plus(w(d)))
    refuses(r.congruence, theorem, direct(w(d), w(d)), (1,), because="variable")
    of_loss = r.ring(PROGRAM, loss(n), plus(loss(n)))
    refuses(r.congruence, of_loss, total(loss(n), w(d)), (0,), because="variable")
    refuses(r.congruence, theorem, total(loss(n), w(d)), (1,), because="variable")


def test_from_w_is_one_one_does_not_get_that_its_square_has_no_slope():
    """The mandatory refusal: ∂(w^2)/∂w = ∂(1^2)/∂w = 0 would follow."""
    term = direct(power(w(d), 2), w(e))
    refuses(r.congruence, assumed(w(d), ONE), term, (0, 0), because="an equality about the variable")
    refuses(r.congruence, r.sym(assumed(ONE, w(d))), term, (0, 0), because="an equality about the variable")
    other = direct(times(b, w(d)), b)
    fine = r.congruence(assumed(w(d), ONE), other, (0, 1))
    assert fine.conclusion == equation(other, direct(times(b, ONE), b))


def test_congruence_refuses_a_definition_inside_a_derivative():
    """Else ∂s/∂w, which is 0 for the independent s, would be that of the body."""
    refuses(r.congruence, r.unfold(PROGRAM, s), direct(s, w(d)), (0,), because="a definition inside")


def test_a_definition_does_not_pass_for_an_equation_by_way_of_a_hypothesis():
    """Proving the hypothesis s = body by unfolding s leaves its mark: the definition is used."""
    unfolded = r.unfold(PROGRAM, s)
    free_of_hypotheses = r.state(r.hypothesis(PROGRAM, unfolded.conclusion), (unfolded,))
    assert free_of_hypotheses.hypotheses == frozenset()
    assert free_of_hypotheses.uses == {"s"}
    refuses(r.congruence, free_of_hypotheses, direct(s, w(d)), (0,), because="a definition inside")


def test_congruence_asks_that_hypotheses_stay_true_nearby():
    """log(1/u) = -log(u) needs u > 0, which holds near the point if u is continuous there."""
    step = plus(ONE, f("step", b))
    theorem = r.identity(PROGRAM, "log_inverse", (step,))
    term = direct(times(b, theorem.left), b)
    result = r.congruence(theorem, term, (0, 1))
    concludes(result, equation(term, direct(times(b, theorem.right), b)), {positive(step), away(b)})
    elsewhere = direct(times(s, theorem.left), s)
    assert r.congruence(theorem, elsewhere, (0, 1)).hypotheses == {positive(step)}


def test_unfold_opens_a_definition_at_its_indices():
    theorem = r.unfold(PROGRAM, h(m, k))
    concludes(theorem, equation(h(m, k), f("tanh", t.sigma(d, times(x(m, d), v(d, k))))), uses={"h"})


def test_unfold_captures_nothing():
    """T1: the index of the entry has the name that the body's own sum was written with."""
    other = Program(
        "N",
        INPUTS,
        (Definition("g", (e,), t.sigma(d, times(w(d), w(e)))), Definition("loss", (n,), y(n))),
    )
    theorem = r.unfold(other, t.Entry("g", (d,)))
    assert theorem.right == t.Sum("D", times(t.Entry("w", (0,)), w(d)))
    assert true_somewhere(theorem)


@pytest.mark.parametrize("term", [w(d), b, y(n)])
def test_unfold_refuses_what_has_no_definition(term):
    refuses(r.unfold, PROGRAM, term, because="not an entry of a definition")


@pytest.mark.parametrize("judgement", [equation(w(d), y(n)), positive(z(n)), away(plus(b, s))])
def test_hypothesis_takes_equations_and_open_conditions(judgement):
    theorem = r.hypothesis(PROGRAM, judgement)
    assert theorem.conclusion == judgement
    assert theorem.hypotheses == {closure(judgement)}


@pytest.mark.parametrize(
    "judgement",
    [
        Judgement(">=", b, ZERO),
        Judgement(">", b, ONE),
        Judgement("!=", b, s),
        Judgement("separable", loss(n), ONE),
        Judgement("<", b, ZERO),
    ],
)
def test_hypothesis_refuses_what_is_neither(judgement):
    refuses(r.hypothesis, PROGRAM, judgement, because="no equation")


def test_hypothesis_refuses_derivatives():
    for judgement in (equation(direct(b, b), ZERO), positive(plus(total(loss(n), b)))):
        with pytest.raises(IllFormedError):
            r.hypothesis(PROGRAM, judgement)


def test_a_hypothesis_holds_for_all_letters():
    """So it may be used at another letter, and two spellings of it are one."""
    theorem = assumed(w(d), y(n))
    assert theorem.hypotheses == assumed(w(e), y(m)).hypotheses
    assert r.congruence(theorem, plus(w(e)), (0,)).right == plus(y(n))


def test_identity_states_what_the_table_says_under_its_conditions():
    concludes(
        r.identity(PROGRAM, "log_product", (z(n), s)),
        equation(f("log", times(z(n), s)), plus(f("log", z(n)), f("log", s))),
        {positive(z(n)), positive(s)},
    )


@pytest.mark.parametrize(("name", "arguments"), [("exp_product", (b,)), ("exp_sum", (b,)), ("exp_zero", (b,))])
def test_identity_refuses_another_name_or_number_of_arguments(name, arguments):
    refuses(r.identity, PROGRAM, name, arguments, because="no identity")


@pytest.mark.parametrize("name", IDENTITIES)
def test_each_identity_is_true_of_terms(name):
    arguments = (plus(z(n), b), times(w(d), num("1/2")))[: IDENTITIES[name][0]]
    assert true_somewhere(r.identity(PROGRAM, name, arguments), range(60))


# ---------------------------------------------------------------------------------------------------------------------
# Finite sums


def test_sum_split_splits():
    term = t.sigma(d, plus(w(d), b, times(w(d), w(e))))
    concludes(
        r.sum_split(PROGRAM, term),
        equation(term, plus(t.sigma(d, w(d)), t.sigma(d, b), t.sigma(d, times(w(d), w(e))))),
    )


def test_sum_split_refuses_another_body():
    refuses(r.sum_split, PROGRAM, t.sigma(d, times(w(d), b)), because="not a sum of terms")


def test_sum_factor_pulls_out_what_is_free():
    term = t.sigma(d, times(b, w(d), t.sigma(e, w(e)), x(n, d), s))
    made = times(b, t.sigma(e, w(e)), s, t.sigma(d, times(w(d), x(n, d))))
    concludes(r.sum_factor(PROGRAM, term), equation(term, made))
    short = t.sigma(d, times(w(d), b))
    concludes(r.sum_factor(PROGRAM, short), equation(short, times(b, t.sigma(d, w(d)))))


@pytest.mark.parametrize("body", [times(w(d), x(n, d)), times(b, s), w(d), plus(b, w(d)), times(t.sigma(e, v(d, k)))])
def test_sum_factor_refuses_where_nothing_or_everything_is_free(body):
    refuses(r.sum_factor, PROGRAM, t.sigma(d, body), because="nothing to pull out")


def test_sum_exchange_exchanges():
    term = t.sigma(d, t.sigma(k, times(v(d, k), w(d), t.sigma(e, v(e, k)))))
    made = t.sigma(k, t.sigma(d, times(v(d, k), w(d), t.sigma(e, v(e, k)))))
    concludes(r.sum_exchange(PROGRAM, term), equation(term, made))
    square = t.sigma(d, t.sigma(e, times(w(d), x(n, e))))
    concludes(r.sum_exchange(PROGRAM, square), equation(square, t.sigma(e, t.sigma(d, times(w(d), x(n, e))))))


def test_sum_exchange_refuses_a_single_sum():
    refuses(r.sum_exchange, PROGRAM, t.sigma(d, w(d)), because="not a sum of a sum")


def test_sum_delta_collapses():
    term = t.sigma(d, times(w(d), t.Delta(e, d), x(n, d)))
    concludes(r.sum_delta(PROGRAM, term), equation(term, times(w(e), x(n, e))))
    one_left = t.sigma(d, times(t.Delta(d, e), w(d)))
    concludes(r.sum_delta(PROGRAM, one_left), equation(one_left, w(e)))
    alone = t.sigma(d, t.Delta(d, e))
    concludes(r.sum_delta(PROGRAM, alone), equation(alone, ONE))
    two = t.sigma(d, times(t.Delta(d, e), t.Delta(d, e)))
    concludes(r.sum_delta(PROGRAM, two), equation(two, t.Delta(e, e)))
    under = t.sigma(d, times(t.Delta(d, e), t.sigma(k, v(d, k))))
    concludes(r.sum_delta(PROGRAM, under), equation(under, t.sigma(k, v(e, k))))


def test_sum_delta_passes_over_deltas_without_the_index():
    term = t.sigma(d, times(t.Delta(n, m), t.Delta(d, d), t.Delta(d, e)))
    concludes(r.sum_delta(PROGRAM, term), equation(term, times(t.Delta(n, m), t.Delta(e, e))))


@pytest.mark.parametrize("body", [w(d), t.Delta(d, d), times(t.Delta(n, m), w(d)), plus(t.Delta(d, e))])
def test_sum_delta_refuses_without_a_delta_of_the_index(body):
    refuses(r.sum_delta, PROGRAM, t.sigma(d, body), because="no delta")


def test_sum_delta_refuses_a_delta_over_another_size():
    """T4: Σ over K of δ(k, d) w(k) is not w(d) where d runs further."""
    for term in (
        t.Sum("K", times(t.Delta(0, d), b)),
        t.Sum("K", t.Delta(0, Index("k", "D"))),
        t.Sum("D", times(t.Delta(0, Index("d", "N")), t.Entry("w", (0,)))),
    ):
        with pytest.raises(IllFormedError):
            r.sum_delta(PROGRAM, term)


def test_sum_constant_counts():
    term = t.sigma(d, times(y(n), t.sigma(e, w(e))))
    concludes(r.sum_constant(PROGRAM, term), equation(term, times(t.Size("D"), times(y(n), t.sigma(e, w(e))))))


@pytest.mark.parametrize("body", [w(d), t.sigma(e, v(d, k)), t.Delta(d, e)])
def test_sum_constant_refuses_where_the_index_occurs(body):
    refuses(r.sum_constant, PROGRAM, t.sigma(d, body), because="the index occurs")


# ---------------------------------------------------------------------------------------------------------------------
# Differentiation


def test_partial_constant_of_what_does_not_depend():
    concludes(r.partial_constant(PROGRAM, direct(times(y(n), s), w(d))), equation(direct(times(y(n), s), w(d)), ZERO))
    term = total(h(n, k), w(d))
    concludes(r.partial_constant(PROGRAM, term), equation(term, ZERO), uses=ALL)


def test_partial_constant_refuses_what_depends():
    refuses(r.partial_constant, PROGRAM, direct(w(e), w(d)), because="depends on w")
    refuses(r.partial_constant, PROGRAM, total(s, w(d)), because="depends on w")
    refuses(r.partial_constant, PROGRAM, total(objective, b), because="depends on b")
    refuses(r.partial_constant, PROGRAM, direct(t.sigma(e, w(e)), w(d)), because="depends on w")


def test_partial_entry_makes_deltas():
    for kind in (direct, total):
        one, two, none = kind(w(d), w(e)), kind(h(n, k), h(m, k)), kind(b, b)
        concludes(r.partial_entry(PROGRAM, one), equation(one, t.Delta(d, e)))
        concludes(r.partial_entry(PROGRAM, two), equation(two, times(t.Delta(n, m), t.Delta(k, k))))
        concludes(r.partial_entry(PROGRAM, none), equation(none, ONE))


def test_partial_entry_refuses_another_tensor_or_a_formula():
    refuses(r.partial_entry, PROGRAM, direct(b, s), because="another tensor")
    refuses(r.partial_entry, PROGRAM, direct(plus(w(d)), w(d)), because="another tensor")


def test_partial_plus_drops_what_does_not_move():
    term = direct(plus(power(w(d), 2), b, w(e)), w(e))
    made = plus(direct(power(w(d), 2), w(e)), direct(w(e), w(e)))
    concludes(r.partial_plus(PROGRAM, term), equation(term, made))
    single_term = direct(plus(b, w(e)), w(e))
    concludes(r.partial_plus(PROGRAM, single_term), equation(single_term, direct(w(e), w(e))))


def test_partial_times_differentiates_each_factor():
    term = direct(times(b, w(d), w(e)), w(d))
    made = plus(times(b, direct(w(d), w(d)), w(e)), times(b, w(d), direct(w(e), w(d))))
    concludes(r.partial_times(PROGRAM, term), equation(term, made))


@pytest.mark.parametrize(
    ("exponent", "lower", "under"),
    [
        (3, power(b, 2), ()),
        (2, b, ()),
        (1, power(b, 0), ()),
        (0, power(b, -1), ()),
        (-2, power(b, -3), (away(b),)),
        ("1/2", power(b, "-1/2"), (positive(b),)),
        ("-3/2", power(b, "-5/2"), (positive(b),)),
    ],
)
def test_partial_power_lowers_the_exponent(exponent, lower, under):
    term = direct(power(b, exponent), b)
    made = times(num(exponent), lower, direct(b, b))
    concludes(r.partial_power(PROGRAM, term), equation(term, made), under)


@pytest.mark.parametrize("function", [name for name, slopes in DERIVATIVES.items() if slopes])
def test_partial_apply_follows_the_chain_rule(function):
    arguments = (times(num("3/2"), b), plus(b, power(b, 2)))[: len(DERIVATIVES[function])]
    term = direct(f(function, *arguments), b)
    theorem = r.partial_apply(PROGRAM, term)
    assert true_somewhere(theorem, range(40))


@pytest.mark.parametrize("function", ["max", "min"])
def test_partial_apply_differentiates_by_the_arguments_that_move(function):
    term = direct(f(function, s, b), b)
    slope = f("step", plus(b, times(MINUS, s)) if function == "max" else plus(s, times(MINUS, b)))
    under = {away(plus(s, times(MINUS, b)))}
    concludes(r.partial_apply(PROGRAM, term), equation(term, times(slope, direct(b, b))), under)


def test_partial_apply_carries_the_conditions_of_all_that_moves():
    term = direct(f("relu", plus(f("log", b), f("abs", s))), b)
    theorem = r.partial_apply(PROGRAM, term)
    concludes(
        theorem,
        equation(term, times(f("step", term.body.arguments[0]), direct(term.body.arguments[0], b))),
        {away(term.body.arguments[0]), positive(b)},
    )


def test_partial_sum_passes_through():
    term = direct(t.sigma(d, times(w(d), w(d))), w(e))
    concludes(r.partial_sum(PROGRAM, term), equation(term, t.sigma(d, direct(times(w(d), w(d)), w(e)))))


def test_partial_sum_does_not_take_the_variable_for_the_bound_index():
    """T2: ∂(Σ_i w_i^2)/∂w_i at the free i is 2 w_i, whatever the bound index was called."""
    term = direct(t.sigma(d, power(w(d), 2)), w(d))
    inside = r.partial_sum(PROGRAM, term)
    assert inside.right == t.Sum("D", direct(power(t.Entry("w", (0,)), 2), w(d)))
    step = r.congruence(r.partial_power(PROGRAM, direct(power(w(d), 2), w(e))), inside.right, (0,))
    slope = r.congruence(r.partial_entry(PROGRAM, direct(w(d), w(e))), step.right, (0, 2))
    collapsed = r.sum_delta(PROGRAM, slope.right)
    theorem = r.trans(r.trans(r.trans(inside, step), slope), collapsed)
    concludes(theorem, equation(term, times(num(2), w(d))))


def test_partial_largest_takes_the_slope_of_the_largest_value_where_none_ties():
    term = direct(t.sigma(n, loss(n), t.Largest), loss(m))
    theorem = r.partial_largest(PROGRAM, term)
    gap = plus(loss(m), times(MINUS, loss(n)), times(MINUS, t.Delta(m, n)))
    larger = t.sigma(m, f("step", gap))
    chosen = f("step", plus(num("1/2"), times(MINUS, larger)))
    concludes(
        theorem, equation(term, t.sigma(n, times(chosen, direct(loss(n), loss(m))))), [Judgement("!=", gap, ZERO)]
    )
    assert {h.relation for h in theorem.hypotheses} == {"!="}


def test_partial_largest_says_under_a_sum_that_there_is_no_tie_at_any_of_its_indices():
    term = direct(t.sigma(n, t.sigma(k, h(n, k), t.Largest)), h(m, k))
    inside = r.partial_sum(PROGRAM, term)
    [tie] = inside.hypotheses
    assert [i.size for i in t.letters(tie.left)] == ["N", "K", "K"]


def test_the_maximum_of_what_does_not_move_needs_no_hypothesis():
    term = direct(plus(b, t.sigma(d, w(d), t.Largest)), b)
    assert not r.partial_plus(PROGRAM, term).hypotheses


def test_the_rules_of_sums_refuse_a_maximum():
    body = times(b, plus(t.Delta(d, e), w(d)))
    for rule in (r.sum_split, r.sum_factor, r.sum_exchange, r.sum_delta, r.sum_constant):
        with pytest.raises(RuleError):
            rule(PROGRAM, t.sigma(d, body, t.Largest))


def test_ring_does_not_take_a_maximum_for_a_sum():
    with pytest.raises(RuleError):
        r.ring(PROGRAM, t.sigma(d, w(d), t.Largest), t.sigma(d, w(d)))


def test_the_single_sample_program_has_the_one_value_as_its_maximum():
    largest = Definition("top", (), t.sigma(n, times(b, y(n)), t.Largest))
    per_sample = Definition("loss", (n,), times(t.Entry("top", ()), y(n)))
    program = Program("N", PROGRAM.inputs, (largest, per_sample, PROGRAM.definitions[-1]))
    assert single(program).bodies["top"].body == times(b, t.Entry("y", ()))


def test_the_variable_may_not_be_a_bound_index():
    with pytest.raises(IllFormedError):
        r.partial_sum(PROGRAM, direct(t.sigma(d, w(d)), t.Entry("w", (0,))))


LEIBNIZ = {
    r.partial_plus: plus(b, s),
    r.partial_times: times(b, s),
    r.partial_power: power(b, 2),
    r.partial_apply: f("max", b, s),
    r.partial_sum: t.sigma(k, times(b, h(n, k))),
    r.partial_largest: t.sigma(k, times(b, h(n, k)), t.Largest),
}


@pytest.mark.parametrize("rule", LEIBNIZ, ids=lambda rule: rule.__name__)
def test_the_rules_of_differentiation_refuse_what_does_not_move_and_other_constructs(rule):
    refuses(rule, PROGRAM, direct(LEIBNIZ[rule], w(d)), because="depends on w")
    for other, body in LEIBNIZ.items():
        if other is not rule:
            refuses(rule, PROGRAM, direct(body, b), because="none that depends on")
    refuses(rule, PROGRAM, direct(b, b), because="none that depends on")
    refuses(rule, PROGRAM, total(loss(n), w(d)), because="none that depends on")


def test_chain_sums_over_the_consumers_and_their_indices():
    term = total(objective, z(n))
    body = t.renamed(PROGRAM.bodies["loss"].body, {n: m})
    made = t.sigma(m, times(total(objective, loss(m)), direct(body, z(n))))
    concludes(r.chain(PROGRAM, term), equation(term, made), uses=ALL)


def test_chain_takes_every_consumer_in_the_order_of_the_program():
    term = total(loss(n), w(e))
    theorem = r.chain(PROGRAM, term)
    first, second = t.children(theorem.right)
    body_z, body_s = PROGRAM.bodies["z"].body, PROGRAM.bodies["s"].body
    assert first == t.sigma(m, times(total(loss(n), z(m)), direct(t.renamed(body_z, {n: m}), w(e))))
    assert second == times(total(loss(n), s), direct(body_s, w(e)))
    assert theorem.hypotheses == {closure(positive(s))}
    assert true_somewhere(theorem)


def test_chain_sums_the_first_letter_outermost():
    term = total(loss(n), v(d, k))
    theorem = r.chain(PROGRAM, term)
    i, j = Index("i", "N"), Index("j", "K")
    body = t.renamed(PROGRAM.bodies["h"].body, {n: i, k: j})
    assert theorem.right == t.sigma(i, t.sigma(j, times(total(loss(n), h(i, j)), direct(body, v(d, k)))))
    assert true_somewhere(theorem, range(3))


def test_chain_carries_the_conditions_on_the_way():
    assert r.chain(PROGRAM, total(loss(n), s)).hypotheses == {closure(positive(s))}
    assert r.chain(PROGRAM, total(loss(n), z(m))).hypotheses == frozenset()


def test_chain_captures_nothing():
    """T1: the letters of the term may be called as the definitions call theirs."""
    term = total(loss(n), h(n, k))
    theorem = r.chain(PROGRAM, term)
    assert set(t.letters(theorem.right)) == {n, k}
    assert true_somewhere(theorem, range(3))


def test_chain_refuses():
    refuses(r.chain, PROGRAM, direct(loss(n), w(d)), because="direct")
    refuses(r.chain, PROGRAM, total(loss(n), loss(m)), because="own tensor")
    refuses(r.chain, PROGRAM, total(z(n), s), because="does not depend")
    refuses(r.chain, PROGRAM, total(z(n), loss(n)), because="does not depend")


# ---------------------------------------------------------------------------------------------------------------------
# Signs


def given(relation, u):
    """A sign of ``u``, as a theorem; a weak one comes from a strict one."""
    if relation == ">=":
        return r.sign_weaken(r.hypothesis(PROGRAM, positive(u)), ">=")
    return r.hypothesis(PROGRAM, Judgement(relation, u, ZERO))


@pytest.mark.parametrize(
    ("term", "relation"),
    [
        (num("1/2"), ">"),
        (ZERO, ">="),
        (num(-3), "!="),
        (t.Size("D"), ">"),
        (f("exp", b), ">"),
        (f("sigmoid", b), ">"),
        (f("softplus", b), ">"),
        (f("pi"), ">"),
        (f("relu", b), ">="),
        (f("abs", b), ">="),
        (f("step", b), ">="),
        (power(b, 2), ">="),
        (power(b, -2), ">="),
        (plus(), ">="),
        (times(), ">"),
    ],
)
def test_sign_without_premises(term, relation):
    concludes(r.sign(PROGRAM, term, ()), Judgement(relation, term, ZERO))


@pytest.mark.parametrize(
    ("term", "relations", "relation"),
    [
        (plus(b, s), (">", ">="), ">"),
        (plus(b, s), (">=", ">="), ">="),
        (plus(b, s), (">", ">"), ">"),
        (times(b, s), (">", ">"), ">"),
        (times(b, s), (">=", ">"), ">="),
        (times(b, s), ("!=", ">"), "!="),
        (times(b, s), ("!=", "!="), "!="),
        (power(b, 3), (">",), ">"),
        (power(b, "-1/2"), (">",), ">"),
        (power(b, 2), ("!=",), ">"),
        (power(b, 0), ("!=",), ">"),
        (power(b, -3), ("!=",), "!="),
        (power(b, 4), (">",), ">"),
    ],
)
def test_sign_with_the_signs_of_the_parts(term, relations, relation):
    premises = tuple(given(each, u) for each, u in zip(relations, (b, s), strict=False))
    theorem = r.sign(PROGRAM, term, premises)
    concludes(theorem, Judgement(relation, term, ZERO), {h for p in premises for h in p.hypotheses})


@pytest.mark.parametrize(
    ("term", "relations"),
    [
        (f("log", b), ()),
        (f("sin", b), ()),
        (f("sign", b), ()),
        (f("exp", b), (">",)),
        (num(1), (">",)),
        (b, ()),
        (b, (">",)),
        (power(b, 3), ()),
        (power(b, 0), ()),
        (power(b, "1/2"), ()),
        (power(b, "2/3"), ("!=",)),
        (power(b, 2), (">=",)),
        (power(b, 3), (">=",)),
        (power(b, 2), ("!=", ">")),
        (plus(b, s), (">", "!=")),
        (plus(b, s), ("!=",)),
        (plus(b, s), (">",)),
        (plus(b), (">", ">")),
        (times(b, s), (">=", "!=")),
        (times(b, s), ("!=",)),
        (t.Delta(d, e), ()),
        (t.sigma(d, w(d)), ()),
        (direct(b, b), ()),
        (plus(s, b), (">", ">")),
    ],
)
def test_sign_refuses_what_the_premises_do_not_decide(term, relations):
    premises = tuple(given(each, u) for each, u in zip(relations, (b, s), strict=False))
    refuses(r.sign, PROGRAM, term, premises, because="not decided")


def test_sign_refuses_an_equation_as_premise():
    refuses(r.sign, PROGRAM, plus(b), (assumed(b, ZERO),), because="not decided")
    refuses(r.sign, PROGRAM, power(b, 2), (assumed(b, ZERO),), because="not decided")
    refuses(r.sign, PROGRAM, times(b), (assumed(b, ZERO),), because="not decided")


@pytest.mark.parametrize("relation", [">", ">="])
def test_sign_of_a_sum_over_an_index(relation):
    premise = given(relation, times(w(e), y(n)))
    term = t.sigma(d, times(w(d), y(m)))
    concludes(r.sign(PROGRAM, term, (premise,)), Judgement(relation, term, ZERO), premise.hypotheses)


def test_sign_of_a_sum_refuses():
    term = t.sigma(d, times(w(d), y(m)))
    refuses(r.sign, PROGRAM, term, (given("!=", times(w(e), y(n))),), because="not decided")
    refuses(r.sign, PROGRAM, term, (given(">", w(e)),), because="letters")
    refuses(r.sign, PROGRAM, t.sigma(d, times(w(d), w(e))), (given(">", power(w(e), 2)),), because="letters")
    premise = given(">", times(w(e), y(n)))
    refuses(r.sign, PROGRAM, term, (premise, premise), because="not decided")
    nested = t.sigma(d, t.sigma(e, times(w(d), w(e))))
    refuses(r.sign, PROGRAM, nested, (given(">", t.sigma(e, times(w(e), w(e)))),), because="letters")


def test_sign_refuses_a_premise_of_another_program():
    refuses(r.sign, PROGRAM, plus(b), (r.hypothesis(single(PROGRAM), positive(b)),), because="another program")


@pytest.mark.parametrize("relation", ["!=", ">="])
def test_sign_weaken_weakens(relation):
    concludes(r.sign_weaken(given(">", b), relation), Judgement(relation, b, ZERO), {positive(b)})


@pytest.mark.parametrize(("known", "relation"), [("!=", ">"), ("!=", ">="), (">=", ">"), (">", "="), (">", ">")])
def test_sign_weaken_refuses_anything_else(known, relation):
    refuses(r.sign_weaken, given(known, b), relation, because="only > is weakened")


@pytest.mark.parametrize("relation", [">", ">=", "!="])
def test_sign_equal_carries_a_sign_over(relation):
    body = PROGRAM.bodies["s"].body
    theorem = r.sign_equal(r.unfold(PROGRAM, s), given(relation, body))
    concludes(theorem, Judgement(relation, s, ZERO), given(relation, body).hypotheses, {"s"})


def test_sign_equal_refuses():
    unfolded = r.unfold(PROGRAM, s)
    refuses(r.sign_equal, unfolded, given(">", b), because="not an equation and a sign")
    refuses(r.sign_equal, unfolded, given(">", s), because="not an equation and a sign")
    refuses(r.sign_equal, given(">", b), given(">", b), because="not an equation and a sign")
    refuses(r.sign_equal, assumed(b, s), assumed(s, ZERO), because="not an equation and a sign")
    zero = r.sign(PROGRAM, ZERO, ())  # 0 >= 0: from b != 0 it must not make b >= 0
    refuses(r.sign_equal, given("!=", b), zero, because="not an equation and a sign")
    other = r.hypothesis(single(PROGRAM), positive(b))
    refuses(r.sign_equal, r.ring(PROGRAM, plus(b), b), other, because="another program")


# ---------------------------------------------------------------------------------------------------------------------
# The two programs


def coupled(body, *definitions):
    return Program("N", INPUTS, (*definitions, Definition("loss", (n,), body)))


def test_separable_by_looking_at_the_definitions():
    theorem = r.separable(PROGRAM, loss(m), ())
    assert theorem.conclusion == Judgement("separable", loss(m), ONE)
    assert (theorem.hypotheses, theorem.uses) == (frozenset(), ALL)


# The collapsed body holds 1 where this one holds δ(n, n).
NEAR = coupled(times(y(n), power(b, 2), t.Delta(n, n)))


def test_separable_by_an_equation():
    premise = r.ring(NEAR, NEAR.bodies["loss"].body, times(y(n), power(b, 2), ONE))
    theorem = r.separable(NEAR, loss(n), (premise,))
    assert theorem.conclusion == Judgement("separable", loss(n), ONE)
    refuses(r.separable, NEAR, loss(n), (), because="loss is not shown")
    refuses(r.separable, NEAR, loss(m), (premise,), because="loss is not shown")
    refuses(r.separable, NEAR, loss(n), (r.sym(premise),), because="loss is not shown")
    refuses(r.separable, NEAR, loss(n), (premise, premise), because="too many")


def test_separable_takes_its_premises_in_the_order_of_the_definitions():
    def g(i):
        return t.Entry("g", (i,))

    same = t.Delta(n, n)
    both = coupled(times(g(n), same), Definition("g", (n,), times(y(n), b, same)))
    first = r.ring(both, times(y(n), b, same), times(y(n), b, ONE))
    second = r.ring(both, times(g(n), same), times(g(n), ONE))
    assert r.separable(both, loss(n), (first, second)).conclusion == Judgement("separable", loss(n), ONE)
    refuses(r.separable, both, loss(n), (second, first), because="g is not shown")


@pytest.mark.parametrize(
    "body",
    [
        plus(y(n), times(power(t.Size("N"), -1), t.sigma(m, y(m)))),
        f("log", t.sigma(m, f("exp", times(y(n), y(m))))),
        times(t.Size("N"), y(n)),
        t.sigma(m, times(t.Delta(n, m), y(m), y(m), t.Size("N"))),
    ],
)
def test_separable_refuses_what_couples_the_samples(body):
    refuses(r.separable, coupled(body), loss(n), (), because="loss is not shown")


def test_separable_refuses_two_batch_axes_that_meet():
    pairs = coupled(t.sigma(m, t.Entry("g", (n, m))), Definition("g", (n, m), times(y(n), y(m))))
    refuses(r.separable, pairs, loss(n), (), because="loss is not shown")


def test_separable_refuses_a_premise_of_elsewhere():
    left, right = NEAR.bodies["loss"].body, times(y(n), power(b, 2), ONE)
    elsewhere = r.ring(PROGRAM, left, right)
    refuses(r.separable, NEAR, loss(n), (elsewhere,), because="another program")


def test_separable_refuses_premises_under_hypotheses_about_parameters():
    left, right = NEAR.bodies["loss"].body, times(y(n), power(b, 2), ONE)
    refuses(r.separable, NEAR, loss(n), (assumed(left, right, NEAR),), because="more than data")


def test_separable_takes_premises_under_hypotheses_about_data():
    odd = coupled(times(b, t.sigma(m, y(m))))
    alike = assumed(t.sigma(m, y(m)), y(n), odd)
    premise = r.congruence(alike, times(b, t.sigma(m, y(m))), (1,))
    theorem = r.separable(odd, loss(n), (premise,))
    assert theorem.hypotheses == {closure(equation(t.sigma(m, y(m)), y(n)))}


@pytest.mark.parametrize("sample", [z(n), s, objective])
def test_separable_refuses_another_entry(sample):
    refuses(r.separable, PROGRAM, sample, (), because="expected loss")


def test_separable_refuses_a_program_without_samples():
    alone = single(PROGRAM)
    refuses(r.separable, alone, t.Entry("loss", ()), (), because="expected loss")


ALONE = single(PROGRAM)
APART = r.separable(PROGRAM, loss(n), ())
LOSS, Z, Y = t.Entry("loss", ()), t.Entry("z", ()), t.Entry("y", ())


def test_lift_speaks_of_the_sample():
    theorem = r.lift(APART, r.chain(ALONE, total(LOSS, w(e))))
    first, _ = t.children(theorem.right)
    assert theorem.left == total(loss(n), w(e))
    assert first == times(total(loss(n), z(n)), direct(PROGRAM.bodies["z"].body, w(e)))
    assert theorem.hypotheses == {closure(positive(s))}
    assert theorem.uses == ALL
    assert true_somewhere(theorem)


def test_lift_lifts_hypotheses_for_every_sample():
    theorem = r.lift(APART, r.ring(ALONE, times(Z, power(Z, -1)), ONE))
    concludes(theorem, equation(times(z(n), power(z(n), -1)), ONE), {away(z(n))}, ALL)


def test_lift_refuses_what_is_not_of_its_kind():
    fine = r.ring(ALONE, Z, Z)
    refuses(r.lift, some_theorem(), fine, because="not separable")
    refuses(r.lift, APART, r.hypothesis(ALONE, positive(Z)), because="not an equation")
    refuses(r.lift, APART, some_theorem(), because="another program")
    refuses(r.lift, APART, r.ring(ALONE, t.Delta(n, m), t.Delta(m, n)), because="the letter is taken")
    refuses(r.lift, r.state(APART, ()), fine, because="not separable")


def test_lift_by_equations_takes_total_derivatives_of_parameters_only():
    premise = r.ring(NEAR, NEAR.bodies["loss"].body, times(y(n), power(b, 2), ONE))
    apart, alone = r.separable(NEAR, loss(n), (premise,)), single(NEAR)
    slope = r.chain(alone, total(LOSS, b))
    refuses(r.lift, apart, slope, because="do not carry over")
    held = direct(times(b, b), b)
    refuses(r.lift, apart, r.ring(alone, plus(held), held), because="do not carry over")
    by_itself = r.ring(alone, plus(total(LOSS, b), ZERO), total(LOSS, b))
    assert r.lift(apart, by_itself).right == total(loss(n), b)
    middle = Program(
        "N", INPUTS, (Definition("z", (n,), times(y(n), b, t.Delta(n, n))), Definition("loss", (n,), z(n)))
    )
    premise = r.ring(middle, middle.bodies["z"].body, times(y(n), b, ONE))
    apart, alone = r.separable(middle, loss(n), (premise,)), single(middle)
    refuses(r.lift, apart, r.ring(alone, plus(total(LOSS, Z)), total(LOSS, Z)), because="do not carry over")


def test_state_adds_where_everything_is_defined():
    theorem = r.state(r.ring(PROGRAM, loss(n), loss(n)), ())
    assert theorem.hypotheses == {closure(positive(s))}
    plain = r.state(r.ring(PROGRAM, f("log", y(n)), f("log", y(n))), ())
    assert plain.hypotheses == {closure(positive(y(n)))}
    assert plain.conclusion == equation(f("log", y(n)), f("log", y(n)))


def test_state_drops_what_is_proved_and_takes_what_that_rests_on():
    theorem = r.ring(PROGRAM, times(s, power(s, -1)), ONE)
    squares = r.sign(PROGRAM, power(w(d), 2), ())
    body = PROGRAM.bodies["s"].body
    summed = r.sign(PROGRAM, t.sigma(d, power(w(d), 2)), (squares,))
    known = r.sign(PROGRAM, body, (r.sign(PROGRAM, ONE, ()), summed))
    s_positive = r.sign_equal(r.unfold(PROGRAM, s), known)
    stated = r.state(theorem, (r.sign_weaken(s_positive, "!="),))
    concludes(stated, theorem.conclusion, (), {"s"})
    conditional = r.sign_weaken(r.hypothesis(PROGRAM, positive(s)), "!=")
    concludes(r.state(theorem, (conditional,)), theorem.conclusion, {positive(s)})
    in_two_steps = r.state(theorem, (conditional, s_positive))
    concludes(in_two_steps, theorem.conclusion, (), {"s"})


def test_state_refuses_what_is_not_a_hypothesis_when_its_turn_comes():
    theorem = r.ring(PROGRAM, times(s, power(s, -1)), ONE)
    conditional = r.sign_weaken(r.hypothesis(PROGRAM, positive(s)), "!=")
    refuses(r.state, theorem, (r.hypothesis(PROGRAM, positive(s)),), because="not a hypothesis")
    refuses(r.state, theorem, (conditional, conditional), because="not a hypothesis")
    refuses(r.state, some_theorem(), (conditional,), because="not a hypothesis")
    elsewhere = r.sign_weaken(r.hypothesis(single(PROGRAM), positive(s)), "!=")
    refuses(r.state, theorem, (elsewhere,), because="not a hypothesis")


# ---------------------------------------------------------------------------------------------------------------------
# Fitting


def test_fitting_finds_the_letters():
    assert fitting(x(n, d), x(m, e)) == {n: m, d: e}
    assert fitting(plus(b), plus(b)) == {}
    assert fitting(t.sigma(e, times(w(e), w(d))), t.sigma(d, times(w(d), w(e)))) == {d: e}
    assert fitting(times(w(d), w(e)), times(w(d), w(d))) == {d: d, e: d}


@pytest.mark.parametrize(
    ("pattern", "term"),
    [
        (w(d), w(Index("d", "K"))),
        (times(w(d), w(d)), times(w(d), w(e))),
        (plus(b), plus(b, b)),
        (plus(b), times(b)),
        (power(b, 2), power(b, 3)),
        (num(1), t.Number(1)),
        (t.sigma(e, w(d)), t.sigma(e, w(e))),
        (total(loss(n), b), direct(loss(n), b)),
        (f("exp", b), f("log", b)),
    ],
)
def test_fitting_refuses_what_differs_in_more(pattern, term):
    with pytest.raises(RuleError, match="more than letters"):
        fitting(pattern, term)


# ---------------------------------------------------------------------------------------------------------------------
# Random terms: whatever a rule accepts is true


def accepted(rule, make, seeds):
    """Try a rule on random terms; how many of its theorems were checked, each in some world."""
    count = 0
    for seed in range(seeds):
        try:
            theorem = rule(PROGRAM, *make(Growing(seed)))
        except RuleError:
            continue
        count += true_somewhere(theorem, range(seed, seed + 4)) > 0
    return count


SCOPE = ((n, "N"), (m, "N"), (d, "D"), (k, "K"))


def summed(growing):
    size = growing.draw.choice("NDK")
    inner = ((0, size), (0, size), *SCOPE)
    body = growing.term(1, inner)
    kind = growing.draw.choice(["plus", "times", "sum", "delta", "constant", "any"])
    if kind == "plus":
        body = plus(body, growing.term(2, inner))
    elif kind == "times":
        body = times(body, growing.term(1, SCOPE), growing.entry(SCOPE))
    elif kind == "sum":
        lower = tuple((i + 1 if isinstance(i, int) else i, of) for i, of in inner)
        body = t.Sum("K", growing.term(2, ((0, "K"), *lower)))
    elif kind == "delta":
        body = times(body, t.Delta(0, growing.draw.choice([i for i, of in SCOPE if of == size])), growing.entry(inner))
    elif kind == "constant":
        body = growing.term(2, SCOPE)
    return (t.Sum(size, body),)


def differentiated(growing):
    body = growing.term(2)
    if growing.draw.random() < 0.2:
        body = power(body, growing.draw.choice([2, 3, -1, -2, "1/2", "-3/2"]))
    wrt = growing.draw.choice([b, w(e), v(e, k), z(m), h(n, k), s])
    return (direct(body, wrt),)


RANDOM = {
    **{name: (RULES[name], summed, 150, 8) for name in RULES if name.startswith("sum_")},
    **{
        name: (RULES[name], differentiated, 1000, 8)
        for name in (
            "partial_constant",
            "partial_plus",
            "partial_times",
            "partial_power",
            "partial_apply",
            "partial_sum",
        )
    },
}


@pytest.mark.parametrize(("rule", "make", "seeds", "least"), RANDOM.values(), ids=RANDOM)
def test_what_a_rule_says_of_random_terms_is_true(rule, make, seeds, least):
    assert accepted(rule, make, seeds) >= least


@pytest.mark.parametrize("name", IDENTITIES)
def test_what_an_identity_says_of_random_terms_is_true(name):
    arity = IDENTITIES[name][0]

    def make(growing):
        return name, tuple(growing.term(1) for _ in range(arity))

    assert accepted(r.identity, make, 25) >= 3


def test_what_signs_say_of_random_terms_is_true():
    def known(growing, u):
        """The sign of a random term, from those of its parts; leaves are assumed."""
        parts = t.children(u)
        if isinstance(u, t.Apply) or (isinstance(u, t.Power) and growing.draw.random() < 0.5):
            parts = ()
        if isinstance(u, t.Sum):
            letter = Index("i", u.size)
            return r.sign(PROGRAM, u, (known(growing, t.opened(u.body, letter)),))
        if isinstance(u, t.Entry):
            return given(growing.draw.choice([">", "!=", ">="]), u)
        return r.sign(PROGRAM, u, tuple(known(growing, part) for part in parts))

    checked = 0
    for seed in range(500):
        growing = Growing(seed)
        try:
            theorem = known(growing, growing.term(2, ((n, "N"), (d, "D"))))
        except RuleError:
            continue
        checked += true_somewhere(theorem, range(seed, seed + 6)) > 0
    assert checked > 40


def test_the_chain_rule_holds_on_every_pair_of_the_program():
    checked = 0
    for root in (objective, loss(n), z(n), h(n, k), s):
        for variable in (w(e), v(e, k), b, z(m), h(m, k), s, loss(m)):
            try:
                theorem = r.chain(PROGRAM, total(root, variable))
            except RuleError:
                continue
            assert true_somewhere(theorem, range(4))
            checked += 1
    assert checked == 17


def test_worlds_hold_no_symmetry_by_chance():
    values = World(PROGRAM, 0).values
    assert len({value for entries in values.values() for value in entries.values()}) == sum(map(len, values.values()))
