"""Stable forms: the formulas that code computes by, each proved equal to the one that it stands for."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from symgrad.calculus import rewrite as rw
from symgrad.calculus.normal import meet
from symgrad.export.numpy.patterns import Form, form_of, key_of
from symgrad.kernel import rules
from symgrad.kernel import terms as t
from symgrad.kernel.functions import inverse, minus, negative

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from symgrad.kernel.program import Program
    from symgrad.kernel.theorem import Theorem


_BY_EXP = {"sigmoid": "sigmoid_exp", "softplus": "softplus_log"}
"""Functions that are what an exponential makes of their argument, with the identity that says so."""


def stable_forms(program: Program, terms: Iterable[t.Term]) -> dict[t.Term, Theorem]:
    """The stable forms that occur in terms, as ``⊢ formula = stable form``, by the formula's key; each once.

    A form that cannot be proved is left out, and code then computes the formula as it is written.
    """
    found: dict[t.Term, Theorem] = {}
    for term in terms:
        for part in _parts(term):
            form = form_of(part)
            if form is not None and key_of(part) not in found:
                theorem = _proved(program, part, form)
                if theorem is not None:
                    found[key_of(part)] = theorem
    return found


def _parts(term: t.Term, depth: int = 0) -> Iterator[t.Term]:
    """Every subterm, innermost last, each sum opened; pairs of factors of a product are parts too."""
    yield term
    if isinstance(term, t.Times) and len(term.factors) > 2:
        yield from (t.Times((a, b)) for k, a in enumerate(term.factors) for b in term.factors[k + 1 :])
    for part in () if isinstance(term, t.Partial) else t.children(term):
        inner = t.opened(part, t.Index(f"k{depth}_", term.size)) if isinstance(term, t.REDUCTIONS) else part
        yield from _parts(inner, depth + 1)


def _proved(program: Program, term: t.Term, form: Form) -> Theorem | None:
    try:
        right = _stable(form)
        if form.kind in _BY_EXP:
            there: Theorem | None = rules.identity(program, _BY_EXP[form.kind], (form.argument,))
            back = _opened_logarithms(program, right)
        else:
            there, back = _LOGARITHMS(program, term), _opened_logarithms(program, right)
        left, end = rw.result(there, term), rw.result(back, right)
        middle = meet(program, left, end)
        if middle is None:
            return None
        return rw.chained(rw.chained(there, middle), rules.sym(back) if back else None)
    except rw.REFUSALS:
        return None


def _stable(form: Form) -> t.Term:
    """The stable form."""
    z, k, y = form.argument, form.letter, form.label
    if k is None:
        return _of_one(form.kind, z, y if y is not None else t.ZERO)
    m = t.sigma(k, z, t.Largest)
    shifted = t.Apply("exp", (minus(z, m),))
    total = t.sigma(k, shifted)
    match form.kind:
        case "softmax":
            return t.Times((shifted, inverse(total)))
        case "logsumexp":
            return t.Plus((m, t.Apply("log", (total,))))
        case "log_softmax":
            return t.Plus((minus(z, m), negative(t.Apply("log", (total,)))))
    label = y if y is not None else t.ZERO
    if form.kind == "cross_entropy":
        return t.Plus((minus(m, t.sigma(k, t.Times((label, z)))), t.Apply("log", (total,))))
    power = t.Apply("exp", (z,))
    p = t.Times((power, inverse(t.sigma(k, power))))
    chosen = t.sigma(k, t.Times((label, p)))
    others = t.sigma(k, t.Times((minus(t.ONE, label), p)))
    return t.Plus((p, negative(t.Times((label, chosen))), negative(t.Times((label, others)))))


def _of_one(kind: str, z: t.Term, y: t.Term) -> t.Term:
    """The stable form of a function of one logit."""
    match kind:
        case "sigmoid":
            return inverse(t.Plus((t.ONE, t.Apply("exp", (negative(z),)))))
        case "softplus":
            return t.Plus((z, t.Apply("log", (t.Plus((t.ONE, t.Apply("exp", (negative(z),)))),))))
    function = "sigmoid" if kind == "sigmoid_minus" else "softplus"
    here, there = t.Apply(function, (z,)), t.Apply(function, (negative(z),))
    second = t.Times((y, there))
    return t.Plus((t.Times((minus(t.ONE, y), here)), negative(second) if kind == "sigmoid_minus" else second))


def _logarithm(program: Program, term: t.Term) -> Theorem | None:
    """The logarithm of a product, of an inverse, of an exponential."""
    match term:
        case t.Apply("log", (t.Times((first, second)),)):
            return rules.identity(program, "log_product", (first, second))
        case t.Apply("log", (t.Power(u, exponent),)) if exponent == Fraction(-1):
            return rules.identity(program, "log_inverse", (u,))
        case t.Apply("log", (t.Apply("exp", (u,)),)):
            return rules.identity(program, "log_exp", (u,))
    return None


_LOGARITHMS = rw.repeated(rw.everywhere(_logarithm))


def _opened_logarithms(program: Program, term: t.Term) -> Theorem | None:
    """exp(-m) taken out of the sums under logarithms, and these opened."""

    def out(program: Program, part: t.Term) -> Theorem | None:
        match part:
            case t.Apply("log", (t.Sum(size, t.Apply("exp", (t.Plus((_, last)),))) as total,)):
                letter = rw.fresh(size, total)
                first = t.children(t.children(t.opened(total.body, letter))[0])[0]
                factored = t.Times((t.Apply("exp", (last,)), t.sigma(letter, t.Apply("exp", (first,)))))
                return rw.replace(meet(program, total, factored), part, (0,))
            case t.Apply("log", (t.Plus((t.Number(), t.Apply("exp", (t.Times((_, z)),)))) as total,)):
                power = t.Apply("exp", (z,))
                quotient = t.Times((t.Plus((t.ONE, power)), inverse(power)))
                return rw.replace(meet(program, total, quotient), part, (0,))
        return None

    done = rw.everywhere(out)(program, term)
    return rw.chained(done, _LOGARITHMS(program, rw.result(done, term)))
