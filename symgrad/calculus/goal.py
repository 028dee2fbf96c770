"""The goal of a certificate, rebuilt from the statement of the model."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

from symgrad.calculus.certificate import FORMAT, dumps, judgement_json, program_json
from symgrad.errors import InputError
from symgrad.kernel import terms as t
from symgrad.kernel.functions import inverse
from symgrad.kernel.program import ancestors
from symgrad.kernel.terms import Judgement, closure
from symgrad.lang.model import Model
from symgrad.lang.text import Printer


def rebuild(model: Model, certificate_text: str) -> tuple[str, list[str]]:
    """The goal that a certificate has to meet, and what it establishes, a line each.

    What the question asks (separable, identity, claims) is taken from the model, unless the model expects it refuted;
    the other equations are the certificate's own.

    Raises:
        InputError: if the certificate is not readable as one.
    """
    try:
        listed = _statements(certificate_text)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError, ArithmeticError) as error:
        raise InputError(f"the certificate is not readable: {type(error).__name__}") from None
    wanted = _wanted(model)
    printer = Printer.of(model)
    stated: list[list[Any]] = []
    lines: list[str] = []
    for name, program, hypotheses, judgement in listed:
        asked = wanted.pop(name, None)
        if asked is not None and closure(asked) != closure(judgement):
            judgement = asked  # noqa: PLW2901  (the model decides what is claimed)
        sides = sorted((judgement_json(h) for h in hypotheses), key=json.dumps)
        stated.append([name, program, sides, judgement_json(judgement)])
        under = "".join(f", if {_text(printer, h)}" for h in hypotheses)
        lines.append(f"{name}: {_text(printer, judgement)}{under}")
    stated += [[name, "batch", [], judgement_json(asked)] for name, asked in wanted.items()]
    goal = {
        "format": FORMAT,
        "model": program_json(model.program) | {"assumptions": [judgement_json(a) for a in model.assumptions]},
        "statements": stated,
    }
    return dumps(goal), lines


def _wanted(model: Model) -> dict[str, Judgement]:
    """What the question asks of this model, by the names that certificates use."""
    n, found = model.batch, {}
    if "separable" not in model.expected:
        found["separable"] = Judgement("separable", t.Entry("loss", (n,)), t.ONE)
    if "identity" not in model.expected:
        for tensor in model.program.inputs:
            if tensor.kind == "parameter" and _occurs(model, tensor.name):
                wrt = t.Entry(tensor.name, tuple(t.Index(f"w{k}_", s) for k, s in enumerate(tensor.shape)))
                whole, each = (
                    t.Partial(root, wrt, total=True) for root in (t.Entry("objective", ()), t.Entry("loss", (n,)))
                )
                mean = t.Times((inverse(t.Size(n.size)), t.sigma(n, each)))
                found[f"identity {tensor.name}"] = Judgement("=", whole, mean)
    for number, claim in enumerate(model.claims, 1):
        if not claim.expect_refuted:
            found[f"claim {number}"] = Judgement("=", claim.left, claim.right)
    return found


def _occurs(model: Model, name: str) -> bool:
    return any(name in ancestors(model.program, root) for root in ("loss", "objective"))


def _statements(text: str) -> list[tuple[str, str, list[Judgement], Judgement]]:
    held = json.loads(text)
    terms: list[t.Term] = []
    for node in held["terms"]:
        terms.append(_term(node, terms))

    def judgement(value: Any) -> Judgement:
        relation, left, right = value
        return Judgement(relation, terms[left], terms[right])

    return [
        (str(name), str(program), [judgement(h) for h in under], judgement(j))
        for name, program, under, j in held["statements"]
    ]


def _place(value: Any) -> t.Position:
    return value if isinstance(value, int) else t.Index(*value)


def _term(node: Any, known: list[t.Term]) -> t.Term:
    match node:
        case ["number", value]:
            return t.Number(Fraction(value))
        case ["size", name]:
            return t.Size(name)
        case ["entry", tensor, places]:
            return t.Entry(tensor, tuple(map(_place, places)))
        case ["delta", left, right]:
            return t.Delta(_place(left), _place(right))
        case ["plus", parts]:
            return t.Plus(tuple(known[k] for k in parts))
        case ["times", parts]:
            return t.Times(tuple(known[k] for k in parts))
        case ["power", base, exponent]:
            return t.Power(known[base], Fraction(exponent))
        case ["apply", function, parts]:
            return t.Apply(function, tuple(known[k] for k in parts))
        case ["sum", size, body]:
            return t.Sum(size, known[body])
        case ["largest", size, body]:
            return t.Largest(size, known[body])
        case ["total" | "direct" as kind, body, wrt]:
            return t.Partial(known[body], known[wrt], total=kind == "total")
    raise ValueError("unknown node")


def _text(printer: Printer, judgement: Judgement) -> str:
    if judgement.relation == "separable":
        return f"{printer.text(judgement.left)} is the loss of the single-sample program at this sample"
    names = {i: t.Index(i.name.replace("_", "i"), i.size) for side in (judgement.left, judgement.right)
             for i in t.letters(side) if i.name.startswith("_")}  # fmt: skip
    left, right = (printer.text(t.renamed(side, names)) for side in (judgement.left, judgement.right))
    return f"{left} {judgement.relation} {right}"
