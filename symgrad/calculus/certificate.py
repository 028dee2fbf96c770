"""Theorems and goals as canonical JSON: what the checker reads.

A certificate is a table of terms and a list of steps; each names its rule, the steps it builds on and its other arguments.
It holds no conclusion, no comment and nothing that is not used. The goal is written without looking at it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

from symgrad.kernel.program import Program
from symgrad.kernel.terms import (
    Apply,
    Delta,
    Entry,
    Index,
    Number,
    Partial,
    Plus,
    Position,
    Power,
    Size,
    Sum,
    Term,
    Times,
    children,
)
from symgrad.kernel.terms import Judgement
from symgrad.kernel.theorem import Theorem
from symgrad.kernel.program import single

FORMAT = 1


def dumps(value: Any) -> str:
    """Canonical JSON: sorted keys, no spaces but line feeds between the top-level parts, a final line feed."""
    parts = (f"{json.dumps(key)}:{json.dumps(value[key], sort_keys=True, separators=(',', ':'))}" for key in sorted(value))
    return "{" + ",\n".join(parts) + "}\n"


def _index(i: Position) -> Any:
    return i if isinstance(i, int) else [i.name, i.size]


def term_json(term: Term, parts: Sequence[Any]) -> list[Any]:
    """One node, its immediate subterms given as ``parts``."""
    match term:
        case Number(value):
            return ["number", str(Fraction(value))]
        case Size(name):
            return ["size", name]
        case Entry(tensor, indices):
            return ["entry", tensor, [_index(i) for i in indices]]
        case Delta(left, right):
            return ["delta", _index(left), _index(right)]
        case Plus():
            return ["plus", list(parts)]
        case Times():
            return ["times", list(parts)]
        case Power(_, exponent):
            return ["power", parts[0], str(exponent)]
        case Apply(function, _):
            return ["apply", function, list(parts)]
        case Sum(size, _):
            return ["sum", size, parts[0]]
        case Partial(_, _, total):
            return ["total" if total else "direct", *parts]
    raise TypeError(f"{type(term).__name__} is not a term")


def tree(term: Term) -> list[Any]:
    """A term as nested JSON."""
    return term_json(term, [tree(part) for part in children(term)])


def judgement_json(judgement: Judgement) -> list[Any]:
    """A judgement as nested JSON."""
    return [judgement.relation, tree(judgement.left), tree(judgement.right)]


def program_json(program: Program) -> dict[str, Any]:
    """The batch program as nested JSON."""
    return {
        "batch": program.batch,
        "inputs": [[t.name, t.kind, list(t.shape)] for t in program.inputs],
        "definitions": [[d.name, [_index(i) for i in d.letters], tree(d.body)] for d in program.definitions],
    }


def certificate(program: Program, theorems: Iterable[Theorem]) -> str:
    """The proofs of ``theorems`` about ``program`` and its single-sample program, as one certificate."""
    alone = single(program)
    terms: dict[Term, int] = {}
    steps: dict[int, int] = {}
    lines: list[list[Any]] = []
    table: list[list[Any]] = []

    def term_id(term: Term) -> int:
        if term not in terms:
            parts = [term_id(part) for part in children(term)]
            terms[term] = len(table)
            table.append(term_json(term, parts))
        return terms[term]

    def argument(value: Any) -> Any:
        match value:
            case Program():
                return "single" if value == alone and value != program else "batch"
            case Theorem():
                return steps[id(value)]
            case Term():
                return term_id(value)
            case Judgement():
                return [value.relation, term_id(value.left), term_id(value.right)]
            case tuple():
                return [argument(v) for v in value]
        return value

    def premises(theorem: Theorem) -> list[Theorem]:
        flat = (v for a in theorem.step.arguments for v in (a if isinstance(a, tuple) else (a,)))
        return [v for v in flat if isinstance(v, Theorem)]

    known: dict[tuple[str, str], int] = {}
    for root in theorems:
        stack = [root]
        while stack:
            theorem = stack[-1]
            waiting = [p for p in premises(theorem) if id(p) not in steps]
            if id(theorem) in steps or waiting:
                stack = stack[:-1] if id(theorem) in steps else stack + waiting[::-1]
                continue
            line = [theorem.step.rule, [argument(a) for a in theorem.step.arguments]]
            key = (line[0], json.dumps(line[1]))
            if key not in known:
                known[key] = len(lines)
                lines.append(line)
            steps[id(theorem)] = known[key]
            stack.pop()
    return dumps({"format": FORMAT, "steps": lines, "terms": table})


def goal(program: Program, assumptions: Iterable[Judgement], statements: Iterable[tuple[str, Theorem]]) -> str:
    """What the certificate has to establish: the model, and each named statement with its hypotheses."""
    stated = [
        {
            "name": name,
            "program": "batch" if theorem.program == program else "single",
            "hypotheses": sorted((judgement_json(h) for h in theorem.hypotheses), key=json.dumps),
            "judgement": judgement_json(theorem.conclusion),
        }
        for name, theorem in statements
    ]
    return dumps({
        "format": FORMAT,
        "model": program_json(program) | {"assumptions": [judgement_json(a) for a in assumptions]},
        "statements": stated,
    })
