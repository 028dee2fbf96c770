"""Hand-made derivations for the tests of the renderers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from symgrad.kernel.functions import inverse, minus, negative, square
from symgrad.kernel.program import Definition, Program, Tensor
from symgrad.kernel.terms import (
    ONE,
    Apply,
    Delta,
    Entry,
    Index,
    Judgement,
    Number,
    Partial,
    Plus,
    Size,
    Term,
    Times,
    sigma,
)
from symgrad.lang.model import Claim, Model


@dataclass(frozen=True)
class Step:
    rule: str
    subject: Term | None = None


@dataclass(frozen=True)
class Line:
    term: Term
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Chain:
    left: Term
    lines: tuple[Line, ...]
    program: Program | None = None


@dataclass(frozen=True)
class Section:
    kind: str
    subject: Term | None
    chains: tuple[Chain, ...]


@dataclass(frozen=True)
class Formula:
    left: Term
    right: Term


@dataclass(frozen=True)
class Side:
    closed: dict[str, Formula]
    adjoints: dict[str, Formula] = field(default_factory=dict)

    @property
    def gradients(self):
        """As ``closed``: the fakes have closed forms for all."""
        return self.closed


@dataclass(frozen=True)
class Matrix:
    text: str
    tree: Any


@dataclass(frozen=True)
class Derivation:
    model: Model
    single: Side
    batch: Side
    matrix: dict[str, Matrix] = field(default_factory=dict)
    hypotheses: tuple[Judgement, ...] = ()
    verdicts: dict[str, dict[str, Any]] = field(default_factory=dict)
    claims: list[dict[str, Any]] = field(default_factory=list)
    weights: dict[str, Any] = field(default_factory=lambda: {"c[n]": "1/size(N)", "kind": "mean"})
    verdict: str = "proved"
    proof: tuple[Section, ...] = ()
    checked: bool = True
    check_report: Any = None
    by_coq: Any = None

    def certificate(self) -> str:
        """A certificate that nobody checks."""
        return "{}"


PROVED = {name: {"status": "proved"} for name in ("separable", "per_sample", "tape", "batch", "identity")}

n, d, j, h, k = Index("n", "N"), Index("d", "D"), Index("j", "D"), Index("h", "H"), Index("k", "K")
LOSS, OBJECTIVE = Entry("loss", ()), Entry("objective", ())


def number(value: int | Fraction) -> Number:
    """An exact rational."""
    return Number(Fraction(value))


def e(tensor: str, *indices: Index) -> Entry:
    """An entry."""
    return Entry(tensor, indices)


def call(function: str, *arguments: Term) -> Apply:
    """A function applied."""
    return Apply(function, arguments)


def times(*factors: Term) -> Times:
    """A product."""
    return Times(factors)


def plus(*terms: Term) -> Plus:
    """A sum of terms."""
    return Plus(terms)


def mean(body: Term) -> Term:
    """The mean over the samples."""
    return times(inverse(Size("N")), sigma(n, body))


def chain(left: Term, *lines: tuple[Term, str | tuple[Step, ...]]) -> Chain:
    """A chain, its steps given by their names."""
    made = []
    for term, steps in lines:
        given = tuple(Step(rule) for rule in steps.split()) if isinstance(steps, str) else steps
        made.append(Line(term, given))
    return Chain(left, tuple(made))


def within(program: Program, *sections: Section) -> tuple[Section, ...]:
    """Sections whose chains speak of one program."""
    return tuple(replace(s, chains=tuple(replace(c, program=program) for c in s.chains)) for s in sections)


def logistic(**changes: Any) -> Derivation:
    """Logistic regression, with the proof that the calculus would give."""
    x, y, z, w, b = e("x", n, d), e("y", n), e("z", n), e("w", d), e("b")
    z_body = plus(sigma(d, times(w, x)), b)
    loss_body = plus(call("softplus", z), negative(times(y, z)))
    objective = mean(e("loss", n))
    inputs = (
        Tensor("x", "data", ("N", "D")),
        Tensor("y", "data", ("N",)),
        Tensor("w", "parameter", ("D",)),
        Tensor("b", "parameter", ()),
    )
    definitions = (
        Definition("z", (n,), z_body),
        Definition("loss", (n,), loss_body),
        Definition("objective", (), objective),
    )
    program = Program("N", inputs, definitions)
    x1, y1, z1 = e("x", d), e("y"), e("z")
    z1_body = plus(sigma(d, times(w, x1)), b)
    loss1_body = plus(call("softplus", z1), negative(times(y1, z1)))
    single = Program(
        "N",
        (Tensor("x", "data", ("D",)), Tensor("y", "data", ()), *inputs[2:]),
        (Definition("z", (), z1_body), Definition("loss", (), loss1_body)),
    )
    residual = minus(call("sigmoid", z), y)
    claim = Claim(Partial(e("loss", n), e("w", j), True), times(residual, e("x", n, j)))
    model = Model(
        "logistic_regression",
        "Logistic regression",
        ("Binary logistic regression, loss computed from the logit.",),
        n,
        (n, d, j),
        program,
        (),
        (claim,),
        frozenset(),
        ("Bishop 2006, Pattern Recognition and Machine Learning, eq. (4.91)",),
    )
    wj = e("w", j)
    z_by_w, z_by_b = Partial(z_body, wj, False), Partial(z_body, b, False)
    loss_by_z = Partial(loss_body, z, False)
    x_j = e("x", n, j)
    entry = Partial(w, wj, False)
    local_z = Section(
        "local",
        z,
        (
            chain(
                z_by_w,
                (plus(Partial(z_body.terms[0], wj, False), Partial(b, wj, False)), "partial_plus"),
                (Partial(z_body.terms[0], wj, False), "partial_constant ring"),
                (sigma(d, Partial(times(w, x), wj, False)), "partial_sum"),
                (sigma(d, times(x, entry)), "partial_times partial_constant"),
                (sigma(d, times(x, Delta(d, j))), "partial_entry"),
                (x_j, (Step("sum_delta", Delta(d, j)),)),
            ),
            chain(z_by_b, (ONE, "partial_plus partial_constant partial_entry")),
        ),
    )
    local_loss = Section(
        "local",
        e("loss", n),
        (
            chain(
                loss_by_z,
                (
                    plus(Partial(call("softplus", z), z, False), Partial(negative(times(y, z)), z, False)),
                    "partial_plus",
                ),
                (
                    plus(call("sigmoid", z), Partial(negative(times(y, z)), z, False)),
                    (Step("partial_apply", call("softplus", z)), Step("partial_entry")),
                ),
                (residual, "partial_times partial_entry"),
            ),
        ),
    )
    by_w, by_b, by_z = Partial(LOSS, wj, True), Partial(LOSS, b, True), Partial(LOSS, z1, True)
    residual1 = minus(call("sigmoid", z1), y1)
    per_sample = Section(
        "per_sample",
        None,
        (
            chain(by_z, (Partial(loss1_body, z1, False), "chain"), (residual1, (Step("cite", loss_by_z),))),
            chain(
                by_w,
                (times(by_z, Partial(z1_body, wj, False)), "chain"),
                (times(residual1, e("x", j)), (Step("cite", by_z), Step("cite", z_by_w))),
            ),
            chain(
                by_b,
                (times(by_z, Partial(z1_body, b, False)), "chain"),
                (residual1, (Step("cite", by_z), Step("cite", z_by_b), Step("ring"))),
            ),
        ),
    )
    batch_z = Partial(OBJECTIVE, z, True)
    batch_w, batch_b = Partial(OBJECTIVE, wj, True), Partial(OBJECTIVE, b, True)
    adjoint = times(inverse(Size("N")), residual)
    batch = Section(
        "batch",
        None,
        (
            chain(
                batch_z,
                (times(Partial(OBJECTIVE, e("loss", n), True), loss_by_z), "chain"),
                (adjoint, (Step("cite", loss_by_z),)),
            ),
            chain(
                batch_w,
                (sigma(n, times(batch_z, z_by_w)), "chain"),
                (sigma(n, times(adjoint, x_j)), (Step("cite", batch_z), Step("cite", z_by_w))),
                (mean(times(residual, x_j)), "sum_factor"),
            ),
            chain(
                batch_b,
                (sigma(n, times(batch_z, z_by_b)), "chain"),
                (mean(residual), (Step("cite", batch_z), Step("cite", z_by_b), Step("sum_factor"))),
            ),
        ),
    )
    sample_w, sample_b = (Partial(e("loss", n), p, True) for p in (wj, b))
    identity = Section(
        "identity",
        None,
        (
            chain(
                batch_w,
                (mean(times(residual, x_j)), (Step("cite", batch_w),)),
                (mean(sample_w), (Step("cite", by_w), Step("lift"))),
            ),
            chain(
                batch_b,
                (mean(residual), (Step("cite", batch_b),)),
                (mean(sample_b), (Step("cite", by_b), Step("lift"))),
            ),
        ),
    )
    linear = ("add", ("mul", ("sym", "x"), ("sym", "w")), ("mul", ("sym", "b"), ("ones", "N")))
    error = ("sub", ("fun", "sigmoid", linear), ("sym", "y"))
    given: dict[str, Any] = {
        "model": model,
        "single": Side({"w": Formula(by_w, times(residual, x_j)), "b": Formula(by_b, residual)}),
        "batch": Side({"w": Formula(batch_w, mean(times(residual, x_j))), "b": Formula(batch_b, mean(residual))}),
        "matrix": {
            "w": Matrix("", ("mul", ("inv_size", "N"), ("T", ("sym", "x")), error)),
            "b": Matrix("", ("mul", ("inv_size", "N"), ("T", ("ones", "N")), error)),
        },
        "verdicts": PROVED,
        "claims": [{"claim": "...", "status": "proved", "expected": False}],
        "proof": within(program, local_z, local_loss) + within(single, per_sample) + within(program, batch, identity),
    }
    return Derivation(**{**given, **changes})


def perceptron(**changes: Any) -> Derivation:
    """A network with one hidden layer and cross-entropy: long formulas, numbered names, a softmax."""
    m = Index("m", "K")
    x, y, w1, b1, w2, b2 = e("x", n, d), e("y", n, k), e("W1", h, d), e("b1", h), e("W2", k, h), e("b2", k)
    a, u, p = e("a", n, h), e("u", n, k), e("p", n, k)
    a_body = plus(sigma(d, times(w1, x)), b1)
    h_body = call("tanh", a)
    u_body = plus(sigma(h, times(w2, e("g", n, h))), b2)
    p_body = times(call("exp", u), inverse(sigma(m, call("exp", e("u", n, m)))))
    loss_body = negative(sigma(k, times(y, call("log", p))))
    inputs = (
        Tensor("x", "data", ("N", "D")),
        Tensor("y", "data", ("N", "K")),
        Tensor("W1", "parameter", ("H", "D")),
        Tensor("b1", "parameter", ("H",)),
        Tensor("W2", "parameter", ("K", "H")),
        Tensor("b2", "parameter", ("K",)),
    )
    definitions = (
        Definition("a", (n, h), a_body),
        Definition("g", (n, h), h_body),
        Definition("u", (n, k), u_body),
        Definition("p", (n, k), p_body),
        Definition("loss", (n,), loss_body),
        Definition("objective", (), mean(e("loss", n))),
    )
    program = Program("N", inputs, definitions)
    residual = minus(p, y)
    slope = minus(ONE, square(e("g", n, h)))
    back = sigma(k, times(residual, w2))
    given = {"W1": (w1, times(back, slope, x)), "b1": (b1, times(back, slope)), "b2": (b2, residual)}
    given = {"W1": given["W1"], "b1": given["b1"], "W2": (w2, times(residual, e("g", n, h))), "b2": given["b2"]}
    per_sample = {name: Formula(Partial(LOSS, wrt, True), right) for name, (wrt, right) in given.items()}
    batch = {name: Formula(Partial(OBJECTIVE, wrt, True), mean(right)) for name, (wrt, right) in given.items()}
    error = ("sub", ("softmax_rows", ("sym", "u")), ("sym", "y"))
    hidden = ("had", ("mul", error, ("sym", "W2")), ("sub", ("num", Fraction(1)), ("pow", ("sym", "g"), Fraction(2))))
    ones = ("ones", "N")
    average = ("inv_size", "N")
    matrix = {
        "W1": Matrix("", ("mul", average, ("T", hidden), ("sym", "x"))),
        "b1": Matrix("", ("mul", average, ("T", hidden), ones)),
        "W2": Matrix("", ("mul", average, ("T", error), ("sym", "g"))),
        "b2": Matrix("", ("mul", average, ("T", error), ones)),
    }
    wrt = e("W1", h, d)
    batch_a = Partial(OBJECTIVE, a, True)
    long = sigma(n, times(inverse(Size("N")), back, slope, x))
    longer = sigma(
        n, plus(times(inverse(Size("N")), back, x), negative(times(inverse(Size("N")), back, square(e("g", n, h)), x)))
    )
    proof = (
        Section(
            "batch",
            None,
            (
                chain(batch_a, (times(inverse(Size("N")), back, slope), "chain ring")),
                chain(
                    Partial(OBJECTIVE, wrt, True),
                    (sigma(n, sigma(h, times(batch_a, Partial(a_body, wrt, False)))), "chain"),
                    (long, (Step("cite", batch_a), Step("partial_times"), Step("partial_constant"), Step("sum_delta"))),
                    (longer, "ring sum_split"),
                    (mean(times(back, slope, x)), "sum_factor ring"),
                ),
            ),
        ),
    )
    fields: dict[str, Any] = {
        "model": Model(
            "mlp_softmax", "Perceptron: one hidden layer", (), n, (n, d, h, k, m), program, (), (), frozenset(), ()
        ),
        "single": Side(per_sample),
        "batch": Side(batch),
        "matrix": matrix,
        "verdicts": PROVED,
        "hypotheses": (Judgement("=", sigma(k, y), ONE), Judgement("!=", a, number(0))),
        "proof": within(program, *proof),
    }
    return Derivation(**{**fields, **changes})
