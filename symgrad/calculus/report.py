"""The JSON of a derivation, schema 1: formulas are text in the language, so that anyone can evaluate them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from symgrad.kernel import terms as t
from symgrad.lang.text import Printer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from symgrad.calculus.derivation import Derivation, Formula, Side
    from symgrad.kernel.terms import Judgement


def to_json(derivation: Derivation) -> dict[str, Any]:
    """The whole result as one JSON object."""
    return _Report(derivation).whole()


class _Report:
    """Writes one derivation; keeps the letters that its formulas used."""

    def __init__(self, derivation: Derivation) -> None:
        self.derivation, self.model = derivation, derivation.model
        self.bars = derivation.adjoint_names
        self.printer = Printer.of(self.model, avoid=(*self.bars.values(), *derivation.reverse.letters.made))
        self.letters = {i.name: i.size for i in self.model.letters}

    def text(self, term: t.Term) -> str:
        for letter in t.letters(term):
            self.letters.setdefault(letter.name, letter.size)
        found = self.printer.text(term)
        self.letters |= {name: i.size for name, i in self.printer.added.items()}
        return found

    def judgement(self, judgement: Judgement) -> str:
        """A closed judgement with letters that a reader knows."""
        taken: list[str] = []
        names = {}
        for i in dict.fromkeys((*t.letters(judgement.left), *t.letters(judgement.right))):
            own = [k for k in self.model.letters if k.size == i.size and k.name not in taken]
            letter = own[0] if own else t.Index(f"{i.size.lower()}{len(taken)}", i.size)
            taken.append(letter.name)
            names[i] = letter
        left, right = (t.renamed(side, names) for side in (judgement.left, judgement.right))
        match left:
            case t.Plus((u, t.Times((t.Number(value), *v)))) if (
                right == t.ZERO and judgement.relation == "!=" and value == -1
            ):
                left, right = u, v[0] if len(v) == 1 else t.Times(tuple(v))
        return f"{self.text(left)} {judgement.relation} {self.text(right)}"

    def adjoint(self, partial: t.Partial) -> t.Term:
        """A cotangent as an entry at the letters of its tensor and, where that has not got it, of its loss."""
        root = partial.body.indices if isinstance(partial.body, t.Entry) else ()
        if not self.derivation.rows:
            root = tuple(i for i in root if i not in partial.wrt.indices)
        return t.Entry(self.bars[partial.wrt.tensor], (*root, *partial.wrt.indices))

    def named(self, term: t.Term) -> t.Term:
        if isinstance(term, t.Partial):
            return self.adjoint(term)
        renamed: t.Term = t.rebuilt(term, [self.named(part) for part in t.children(term)])
        return renamed

    def side(self, side: Side) -> dict[str, Any]:
        gradients = side.gradients
        used = _mentioned(f.right for f in gradients.values())
        kept: list[tuple[str, Formula]] = []
        for name, formula in reversed(side.adjoints.items()):
            if name in used:
                kept.append((name, formula))
                used |= _mentioned([formula.right])
        return {
            "adjoints": [
                [self.text(self.adjoint(f.left)), self.text(self.named(f.right))] for _, f in reversed(kept)  # type: ignore[arg-type]
            ],
            "gradients": {self.text(f.left.wrt): self.text(self.named(f.right)) for f in gradients.values()},  # type: ignore[attr-defined]
        }  # fmt: skip

    def closed(self, side: Side) -> dict[str, str]:
        return {self.text(f.left.wrt): self.text(f.right) for f in side.closed.values()}  # type: ignore[attr-defined]

    def whole(self) -> dict[str, Any]:
        derivation, program = self.derivation, self.model.program
        declared = {
            kind: [self._example(i) for i in program.inputs if i.kind == kind] for kind in ("data", "parameter")
        }
        single, batch = self.side(derivation.single), self.side(derivation.batch)
        if derivation.rows:
            single["kind"] = "jacobian_rows"
        return {
            "schema": 1,
            "model": self.model.name,
            "verdict": derivation.verdict.value,
            "indices": self.letters,
            "batch": self.model.batch.name,
            "data": declared["data"],
            "parameters": declared["parameter"],
            "definitions": [[self.text(t.Entry(d.name, d.letters)), self.text(d.body)] for d in program.definitions],
            "hypotheses": [self.judgement(h) for h in derivation.hypotheses],
            "per_sample": single,
            "batch_mean": batch,
            "closed": {
                "per_sample": self.closed(derivation.single),
                "batch_mean": self.closed(derivation.batch),
                "matrix": {name: form.text for name, form in derivation.matrix.items()},
            },
            "weights": derivation.weights,
            "verdicts": derivation.verdicts,
            "claims": derivation.claims,
            "warnings": list(self.model.warnings),
            "certificate_sha256": derivation.certificate_sha256,
            "check": derivation.check_report.to_json() if derivation.check_report else None,
        }

    def _example(self, tensor: Any) -> str:
        letters: list[t.Index] = []
        for size in tensor.shape:
            own = [i for i in self.model.letters if i.size == size and i not in letters]
            letters.append(own[0] if own else t.Index(f"{size.lower()}{len(letters)}", size))
        return self.text(t.Entry(tensor.name, tuple(letters)))


def _mentioned(terms: Iterable[t.Term]) -> set[str]:
    return {p.wrt.tensor for term in terms for p in t.subterms(term) if isinstance(p, t.Partial)}


def sha256(text: str) -> str:
    """The hash by which documents name a certificate."""
    return hashlib.sha256(text.encode()).hexdigest()
