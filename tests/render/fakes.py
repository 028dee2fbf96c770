"""Hand-made derivations for the tests of the renderers."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from symgrad.kernel.functions import inverse, minus, negative, number, square
from symgrad.kernel.program import Definition, Program, Tensor
from symgrad.kernel.terms import ONE, Apply, Delta, Entry, Index, Partial, Plus, Power, Size, Term, Times, renamed, sigma
from symgrad.kernel.terms import Judgement
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
    gradients: dict[str, Formula]
    program: Program | None = None


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
    certificate_sha256: str = "0" * 64


PROVED = {name: {"status": "proved"} for name in ("separable", "per_sample", "tape", "batch", "identity")}

n, d, j, h, k = Index("n", "N"), Index("d", "D"), Index("j", "D"), Index("h", "H"), Index("k", "K")
LOSS, OBJECTIVE = Entry("loss", ()), Entry("objective", ())


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
                (plus(Partial(call("softplus", z), z, False), Partial(negative(times(y, z)), z, False)), "partial_plus"),
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
                batch_b, (mean(residual), (Step("cite", batch_b),)), (mean(sample_b), (Step("cite", by_b), Step("lift")))
            ),
        ),
    )
    linear = ("add", ("mul", ("sym", "X"), ("sym", "w")), ("mul", ("sym", "b"), ("ones", "N")))
    error = ("sub", ("fun", "sigmoid", linear), ("sym", "y"))
    given: dict[str, Any] = {
        "model": model,
        "single": Side({"w": Formula(by_w, times(residual, x_j)), "b": Formula(by_b, residual)}, single),
        "batch": Side({"w": Formula(batch_w, mean(times(residual, x_j))), "b": Formula(batch_b, mean(residual))}, program),
        "matrix": {
            "w": Matrix("", ("mul", ("inv_size", "N"), ("T", ("sym", "X")), error)),
            "b": Matrix("", ("mul", ("inv_size", "N"), ("T", ("ones", "N")), error)),
        },
        "verdicts": PROVED,
        "claims": [{"claim": "...", "status": "proved", "expected": False}],
        "proof": (local_z, local_loss, per_sample, batch, identity),
    }
    return Derivation(**{**given, **changes})
