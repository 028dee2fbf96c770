"""Theorems and goals as canonical JSON: what the checker reads.

A certificate is a table of terms and a list of steps; each names its rule, the steps it builds on, and its other
arguments.
It holds no conclusion, no comment and nothing that is not used, and the hash of the rest, so that whatever is altered
afterwards is refused. The goal is written without looking at it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

from symgrad.kernel import terms as t
from symgrad.kernel.program import Program, single
from symgrad.kernel.terms import Judgement
from symgrad.kernel.theorem import Theorem

FORMAT = 1


def dumps(value: Any) -> str:
    """Canonical JSON: sorted keys, no spaces but line feeds between the top-level parts, a final line feed."""
    parts = (
        f"{json.dumps(key)}:{json.dumps(value[key], sort_keys=True, separators=(',', ':'))}" for key in sorted(value)
    )
    return "{" + ",\n".join(parts) + "}\n"


def sealed(content: dict[str, Any]) -> dict[str, Any]:
    """A certificate with its ``sha256``: the hash of all the rest, in one line with sorted keys and no spaces."""
    line = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return content | {"sha256": hashlib.sha256(line.encode()).hexdigest()}


def altered(text: str) -> bool:
    """Whether a text is a certificate that is no longer what was written."""
    try:
        held = json.loads(text)
        told = held.pop("sha256")
        return bool(sealed(held)["sha256"] != told)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return False


def _index(i: t.Position) -> Any:
    return i if isinstance(i, int) else [i.name, i.size]


def term_json(term: t.Term, parts: Sequence[Any]) -> list[Any]:
    """One node, its immediate subterms given as ``parts``."""
    match term:
        case t.Number(value):
            return ["number", str(Fraction(value))]
        case t.Size(name):
            return ["size", name]
        case t.Entry(tensor, indices):
            return ["entry", tensor, [_index(i) for i in indices]]
        case t.Delta(left, right):
            return ["delta", _index(left), _index(right)]
        case t.Plus():
            return ["plus", list(parts)]
        case t.Times():
            return ["times", list(parts)]
        case t.Power(_, exponent):
            return ["power", parts[0], str(exponent)]
        case t.Apply(function, _):
            return ["apply", function, list(parts)]
        case t.Sum(size, _):
            return ["sum", size, parts[0]]
        case t.Largest(size, _):
            return ["largest", size, parts[0]]
        case t.Partial(_, _, total):
            return ["total" if total else "direct", *parts]
    raise TypeError(f"{type(term).__name__} is not a term")


def tree(term: t.Term) -> list[Any]:
    """A term as nested JSON."""
    return term_json(term, [tree(part) for part in t.children(term)])


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


def write_certificate(program: Program, statements: Iterable[tuple[str, Theorem]]) -> str:
    """The proofs of named statements about ``program`` and its single-sample program, as one certificate."""
    return dumps(sealed(_Writer(program).written(list(statements))))


class _Writer:
    """Numbers the terms and the steps of a certificate, each once."""

    def __init__(self, program: Program) -> None:
        self.program, self.alone = program, single(program)
        self.terms: dict[t.Term, int] = {}
        self.table: list[list[Any]] = []
        self.steps: dict[int, int] = {}
        self.lines: list[list[Any]] = []
        self.known: dict[str, int] = {}

    def written(self, statements: list[tuple[str, Theorem]]) -> dict[str, Any]:
        for _, theorem in statements:
            self._prove(theorem)
        listed = []
        for name, s in statements:
            under = sorted(map(self._argument, sorted(s.hypotheses, key=repr)))
            listed.append([name, self._argument(s.program), under, self._argument(s.conclusion)])
        return {"format": FORMAT, "statements": listed, "steps": self.lines, "terms": self.table}

    def _term(self, term: t.Term) -> int:
        if term not in self.terms:
            parts = [self._term(part) for part in t.children(term)]
            self.terms[term] = len(self.table)
            self.table.append(term_json(term, parts))
        return self.terms[term]

    def _argument(self, value: Any) -> Any:
        match value:
            case Program():
                return "single" if value == self.alone and value != self.program else "batch"
            case Theorem():
                return self.steps[id(value)]
            case t.Term():
                return self._term(value)
            case Judgement():
                return [value.relation, self._term(value.left), self._term(value.right)]
            case tuple():
                return [self._argument(v) for v in value]
        return value

    def _prove(self, root: Theorem) -> None:
        """Write the steps behind a theorem, each after those that it builds on; equal steps are one."""
        stack = [root]
        while stack:
            theorem = stack[-1]
            waiting = [p for p in premises(theorem) if id(p) not in self.steps]
            if id(theorem) not in self.steps and not waiting:
                line = [theorem.rule, [self._argument(a) for a in theorem.arguments]]
                key = json.dumps(line)
                if key not in self.known:
                    self.known[key] = len(self.lines)
                    self.lines.append(line)
                self.steps[id(theorem)] = self.known[key]
            if id(theorem) in self.steps:
                stack.pop()
            stack += reversed(waiting)


def premises(theorem: Theorem) -> list[Theorem]:
    """The theorems that a theorem was made from."""
    flat = (v for a in theorem.arguments for v in (a if isinstance(a, tuple) else (a,)))
    return [v for v in flat if isinstance(v, Theorem)]


def write_goal(program: Program, assumptions: Iterable[Judgement], statements: Iterable[tuple[str, Theorem]]) -> str:
    """What the certificate has to establish: the model, and each named statement with its hypotheses."""
    return dumps({
        "format": FORMAT,
        "model": program_json(program) | {"assumptions": [judgement_json(a) for a in assumptions]},
        "statements": [
            [name, "batch" if s.program == program else "single",
             sorted((judgement_json(h) for h in s.hypotheses), key=json.dumps), judgement_json(s.conclusion)]
            for name, s in statements
        ],
    })  # fmt: skip
