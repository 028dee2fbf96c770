"""Programs: what has a meaning, what depends on what, and where it is smooth."""

from fractions import Fraction
from types import SimpleNamespace

import pytest

from symgrad.errors import IllFormedError
from symgrad.kernel import program as w_
from symgrad.kernel import terms as t
from symgrad.kernel.program import Definition, Program, Tensor, check_program, check_term
from symgrad.kernel.terms import ONE, ZERO, Index, Judgement, closure
from tests.kernel.world import (
    DEFINITIONS,
    INPUTS,
    PROGRAM,
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
    v,
    w,
    x,
    y,
    z,
)


class Lookalike(t.Plus):
    """A construct of somebody else's."""


class Name(str):
    """A text that is no plain text."""

    __slots__ = ()


ILL_FORMED = {
    "undeclared": t.Entry("q", ()),
    "rank": t.Entry("w", ()),
    "rank too high": t.Entry("b", (d,)),
    "another size": w(k),
    "transposed": x(d, n),
    "loose number": t.Entry("w", (0,)),
    "loose number in a sum": t.Sum("D", t.Entry("w", (1,))),
    "number of another size": t.Sum("K", t.Entry("w", (0,))),
    "number of the outer sum": t.Sum("D", t.Sum("K", t.Entry("w", (0,)))),
    "negative number": t.Sum("D", t.Entry("w", (-1,))),
    "bool for a position": t.Sum("K", t.Sum("D", t.Entry("v", (False, True)))),
    "text for a position": t.Entry("w", ("d",)),
    "float for a position": t.Sum("D", t.Entry("w", (0.0,))),
    "letter of the rules": w(Index("__0", "D")),
    "letter without a name": w(Index("", "D")),
    "letter with a line feed": w(Index("d\n", "D")),
    "letter of another alphabet": w(Index("đ", "D")),
    "too long a letter": w(Index("d" * 65, "D")),
    "letter that is no text": w(Index(7, "D")),
    "letter of a text class": w(Index(Name("d"), "D")),
    "delta of two sizes": t.Delta(d, k),
    "delta of two sizes inside": t.Sum("K", t.Delta(0, d)),
    "delta over what is no name": t.Delta(Index("d", "D D"), Index("e", "D D")),
    "delta of loose numbers": t.Delta(0, 0),
    "delta of junk": t.Delta("d", "d"),
    "unknown function": f("sinh", b),
    "arity": f("exp", b, b),
    "no argument": f("max"),
    "exponent too high": power(b, 65),
    "exponent too low": power(b, "-129/2"),
    "int for an exponent": t.Power(b, 2),
    "float for an exponent": t.Power(b, 0.5),
    "float": t.Number(1.0),
    "not a number": t.Number(float("nan")),
    "bool for a number": t.Number(True),
    "int for a number": t.Number(1),
    "text for a number": t.Number("1"),
    "size without a name": t.Size(""),
    "size that is no text": t.Size(3),
    "sum over no name": t.Sum("1", ONE),
    "derivative inside a derivative": t.Partial(times(t.Partial(b, b, False)), b, False),
    "derivative with respect to data": t.Partial(z(n), y(n), False),
    "derivative with respect to a formula": t.Partial(b, plus(b), False),
    "derivative with respect to nothing declared": t.Partial(b, t.Entry("q", ()), False),
    "total derivative of a formula": t.Partial(times(b, b), b, True),
    "int for total": t.Partial(b, b, 0),
    "ill-formed variable": t.Partial(z(n), w(k), False),
    "ill-formed body": t.Partial(w(k), w(d), True),
    "look-alike": Lookalike((b,)),
    "look-alike inside": plus(b, Lookalike((b,))),
    "no term": plus(b, 3),
    "base that is no term": t.Power("b", Fraction(2)),
    "generator for a tuple": t.Plus(u for u in (b, s)),
    "generator for arguments": t.Apply("exp", (u for u in (b,))),
    "generator for indices": t.Entry("w", (i for i in (d,))),
    "text for a tuple": t.Times(""),
    "set for a tuple": t.Times(frozenset({b})),
}


@pytest.mark.parametrize("term", ILL_FORMED.values(), ids=ILL_FORMED)
def test_check_term_refuses(term):
    check_term.cache_clear()  # inside a tuple True and 1 are one key: another test may have asked about the number
    for _ in range(2):  # a refusal is not remembered as an acceptance
        with pytest.raises(IllFormedError, match="no meaning"):
            check_term(PROGRAM, term)


@pytest.mark.parametrize("good", [ONE, power(b, 1), plus(b, ONE)])
def test_check_term_does_not_take_a_number_for_its_twin_seen_before(good):
    check_term(PROGRAM, good)
    bad = t.rebuilt(good, [t.Number(1.0) if part == ONE else part for part in t.children(good)])
    bad = t.Number(1.0) if good == ONE else t.Power(b, 1.0) if good == power(b, 1) else bad
    with pytest.raises(IllFormedError):
        check_term(PROGRAM, bad)


@pytest.mark.parametrize(
    "term",
    [
        t.Partial(loss(n), h(m, k), True),
        t.Partial(times(w(d), w(e)), w(d), False),
        t.Sum("D", t.Partial(t.Entry("w", (0,)), t.Entry("w", (0,)), False)),
        t.Sum("Other", t.Sum("D", t.Entry("w", (0,)))),
        w(Index("_0", "D")),
        times(),
        power(b, "-64"),
        f("pi"),
    ],
)
def test_check_term_accepts(term):
    check_term(PROGRAM, term)
    with_derivative = any(isinstance(part, t.Partial) for part in t.subterms(term))
    if with_derivative:
        with pytest.raises(IllFormedError):
            check_term(PROGRAM, term, False)


def program(*definitions, inputs=INPUTS, batch="N"):
    return Program(batch, inputs, definitions)


LOSS = Definition("loss", (n,), plus(y(n), b))

BAD_PROGRAMS = {
    "look-alike": SimpleNamespace,
    "list of inputs": Program("N", list(INPUTS), (LOSS,)),
    "list of definitions": Program("N", INPUTS, [LOSS]),
    "no loss": program(Definition("z", (n,), y(n))),
    "loss that is data": program(inputs=(*INPUTS, Tensor("loss", "data", ("N",)))),
    "loss of another shape": program(Definition("loss", (d,), w(d))),
    "loss with two indices": program(Definition("loss", (n, m), times(y(n), y(m)))),
    "used before it is defined": program(LOSS, Definition("z", (), plus(t.Entry("q", ()))), Definition("q", (), b)),
    "defined by itself": program(Definition("loss", (n,), loss(n))),
    "declared twice": program(Definition("y", (n,), x(n, d)), LOSS),
    "letter missing on the left": program(Definition("z", (), y(n)), LOSS),
    "body with an input twice": program(LOSS, inputs=(*INPUTS, Tensor("b", "parameter", ()))),
    "defined twice": program(LOSS, LOSS),
    "letter twice": program(Definition("z", (n, n), y(n)), LOSS),
    "letter of another size": program(Definition("z", (Index("n", "D"),), y(n)), LOSS),
    "letter of the rules": program(Definition("z", (Index("__0", "N"),), y(n)), LOSS),
    "letter of no size": program(Definition("z", (Index("i", "?"),), ONE), LOSS),
    "letter that is no letter": program(Definition("z", ("n",), ONE), LOSS),
    "list of letters": program(Definition("z", [n], y(n)), LOSS),
    "derivative in a body": program(Definition("z", (), t.Partial(b, b, False)), LOSS),
    "name": program(Definition("1z", (), b), LOSS),
    "parameter with the sample": program(LOSS, inputs=(*INPUTS, Tensor("u", "parameter", ("N",)))),
    "kind": program(LOSS, inputs=(*INPUTS, Tensor("u", "definition", ("N",)))),
    "input of another class": program(LOSS, inputs=(*INPUTS, LOSS)),
    "definition of another class": program(INPUTS[0], LOSS),
    "list for a shape": program(LOSS, inputs=(*INPUTS, Tensor("u", "data", ["N"]))),
    "size that is no name": program(LOSS, inputs=(*INPUTS, Tensor("u", "data", ("",)))),
    "input without a name": program(LOSS, inputs=(*INPUTS, Tensor("", "data", ()))),
}


@pytest.mark.parametrize("bad", BAD_PROGRAMS.values(), ids=BAD_PROGRAMS)
def test_check_program_refuses(bad):
    with pytest.raises(IllFormedError):
        check_program(bad)


def test_check_program_accepts_and_returns_the_program():
    assert check_program(PROGRAM) is PROGRAM
    assert check_program(program(LOSS)) == Program("N", INPUTS, (LOSS,))


def test_a_program_knows_its_tensors_and_is_hashable():
    assert PROGRAM.tensors["h"] == Tensor("h", "definition", ("N", "K"))
    assert PROGRAM.bodies["s"].body == DEFINITIONS[2].body
    assert hash(PROGRAM) == hash(Program("N", INPUTS, DEFINITIONS))


def test_ancestors_and_reached_go_through_the_program():
    assert w_.ancestors(PROGRAM, "b") == {"b"}
    assert w_.ancestors(PROGRAM, "z") == {"z", "w", "x", "b"}
    assert w_.ancestors(PROGRAM, "objective") == set(PROGRAM.tensors)
    assert w_.mentioned(times(z(n), w(d))) == {"z", "w"}
    assert w_.reached(PROGRAM, times(s, y(n))) == {"s", "w", "y"}
    assert w_.reached(PROGRAM, times(s, y(n)), False) == {"s", "y"}
    assert w_.reached(PROGRAM, ONE) == frozenset()


def about(relation, u):
    return closure(Judgement(relation, u, ZERO))


CONDITIONS = {
    "inverse": (power(b, -1), {about("!=", b)}, {about("!=", b)}),
    "root": (power(b, "1/2"), {about(">", b)}, {about(">", b)}),
    "inverse root": (power(b, "-1/2"), {about(">", b)}, {about(">", b)}),
    "natural power": (power(b, 3), set(), set()),
    "zeroth power": (power(b, 0), set(), set()),
    "logarithm": (f("log", b), {about(">", b)}, {about(">", b)}),
    "relu": (f("relu", b), set(), {about("!=", b)}),
    "step": (f("step", b), set(), {about("!=", b)}),
    "max": (f("max", b, s), set(), {about("!=", plus(b, times(num(-1), s)))}),
    "smooth function": (f("exp", b), set(), set()),
    "size": (power(t.Size("N"), -1), set(), set()),
    "log of a size": (f("log", t.Size("N")), set(), set()),
    "inside a function": (f("exp", power(b, -1)), {about("!=", b)}, {about("!=", b)}),
    "inside its own argument": (
        f("log", power(b, -1)),
        {about(">", power(b, -1)), about("!=", b)},
        {about(">", power(b, -1)), about("!=", b)},
    ),
    "inside a derivative": (t.Partial(f("abs", b), b, False), set(), {about("!=", b)}),
    "under sums": (
        t.sigma(d, t.sigma(e, f("log", times(w(d), w(e))))),
        {about(">", times(w(d), w(e)))},
        {about(">", times(w(d), w(e)))},
    ),
    "side by side": (
        plus(t.sigma(d, f("log", w(d))), t.sigma(d, f("log", power(w(d), 2)))),
        {about(">", w(d)), about(">", power(w(d), 2))},
        {about(">", w(d)), about(">", power(w(d), 2))},
    ),
    "free and bound": (
        t.sigma(d, f("log", times(w(d), w(Index("_0", "D"))))),
        {about(">", times(w(d), w(e)))},
        {about(">", times(w(d), w(e)))},
    ),
}


@pytest.mark.parametrize(("term", "domain", "kinks"), CONDITIONS.values(), ids=CONDITIONS)
def test_conditions_are_those_of_every_depth(term, domain, kinks):
    assert w_.conditions(term, False) == domain
    assert w_.conditions(term, True) == kinks


def test_smooth_asks_for_what_moves_with_the_variable_only():
    term = plus(f("relu", z(n)), f("relu", y(n)), f("abs", b))
    assert w_.smooth(PROGRAM, term, "b", False) == {about("!=", b)}
    assert w_.smooth(PROGRAM, term, "b", True) == {about("!=", b), about("!=", z(n))}
    assert w_.smooth(PROGRAM, term, "z", False) == {about("!=", z(n))}


def test_smooth_looks_into_the_definitions_that_a_total_derivative_passes():
    kinked = program(
        Definition("a", (n,), plus(f("relu", y(n)), f("relu", b))),
        Definition("c", (n,), f("abs", t.Entry("a", (n,)))),
        Definition("loss", (n,), f("log", t.Entry("c", (n,)))),
    )
    a, c = t.Entry("a", (n,)), t.Entry("c", (n,))
    assert w_.smooth(kinked, loss(n), "b", True) == {about("!=", b), about("!=", a), about(">", c)}
    assert w_.smooth(kinked, loss(n), "a", True) == {about("!=", a), about(">", c)}
    assert w_.smooth(kinked, loss(n), "c", True) == {about(">", c)}
    assert w_.smooth(kinked, loss(n), "w", True) == frozenset()


def test_defined_looks_into_every_definition():
    roots = program(Definition("a", (), power(b, "1/2")), Definition("loss", (n,), times(y(n), t.Entry("a", ()))))
    asked = w_.defined(roots, Judgement("=", loss(n), power(y(n), -1)))
    assert asked == {about(">", b), about("!=", y(n))}


def test_the_single_program_drops_every_position_of_the_sample():
    alone = w_.single(PROGRAM)
    assert alone.tensors["x"].shape == ("D",)
    assert alone.tensors["loss"].shape == ()
    assert "objective" not in alone.tensors
    assert {*w_.single(program(LOSS)).tensors} == {"y", "b", "loss"}
    assert alone.bodies["h"].letters == (k,)
    assert alone.bodies["z"].body == plus(t.sigma(d, times(w(d), t.Entry("x", (d,)))), b)
    assert all("N" not in tensor.shape for tensor in alone.tensors.values())


def test_collapsing_makes_the_size_one():
    assert w_.collapsed(t.Size("N"), "N") == ONE
    assert w_.collapsed(t.Size("D"), "N") == t.Size("D")
    assert w_.collapsed(t.Delta(n, m), "N") == ONE
    assert w_.collapsed(t.Delta(d, e), "N") == t.Delta(d, e)
    assert w_.collapsed(t.sigma(n, times(y(n), t.Delta(n, m))), "N") == times(t.Entry("y", ()), ONE)
    inner = t.sigma(d, t.sigma(n, times(x(n, d), t.sigma(e, v(e, k)), w(d))))
    assert w_.collapsed(inner, "N") == t.sigma(d, times(t.Entry("x", (d,)), t.sigma(e, v(e, k)), w(d)))


def test_collapsing_keeps_the_letters_of_sums_inside_sums_apart():
    for both in (t.sigma(d, t.sigma(e, times(w(d), v(e, k)))), t.sigma(d, times(t.sigma(e, times(w(e), w(d))), w(d)))):
        assert w_.collapsed(both, "N") == both


def test_two_batch_axes_hold_the_same_sample():
    pairs = program(
        Definition("g", (n, m), times(y(n), y(m))),
        Definition("loss", (n,), t.sigma(m, t.Entry("g", (n, m)))),
    )
    alone = w_.single(pairs)
    assert alone.bodies["g"] == Definition("g", (), times(t.Entry("y", ()), t.Entry("y", ())))
    assert alone.bodies["loss"].body == t.Entry("g", ())
    assert w_.lifted(pairs, t.Entry("g", ()), n) == t.Entry("g", (n, n))


def test_lifting_puts_the_sample_back():
    assert w_.lifted(PROGRAM, plus(t.Entry("x", (d,)), b), m) == plus(x(m, d), b)
    under_a_sum = t.Sum("D", times(t.Entry("x", (0,)), t.Entry("w", (0,))))
    assert w_.lifted(PROGRAM, under_a_sum, n) == t.sigma(d, times(x(n, d), w(d)))


def test_the_objective_may_use_anything_above():
    check_term(PROGRAM, times(objective, h(n, k), v(d, k)))
