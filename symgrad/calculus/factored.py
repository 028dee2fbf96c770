"""Products of per-sample gradients by their factors: what lets code avoid the gradients themselves.

A per-sample gradient that is an outer product, or a sum of outer products where a parameter is shared, has norms and
inner products by its factors alone. Each such equation is proved here for the model at hand.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from symgrad.calculus import rewrite as rw
from symgrad.calculus.certificate import write_certificate, write_goal
from symgrad.calculus.normal import meet
from symgrad.calculus.reverse import Letters, first_of
from symgrad.calculus.signs import stated
from symgrad.calculus.stable import stable_forms
from symgrad.errors import InputError
from symgrad.export.numpy.plan import Block, Plan
from symgrad.kernel import rules
from symgrad.kernel import terms as t
from symgrad.kernel.functions import square
from symgrad.kernel.program import Definition
from symgrad.lang.text import Printer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from symgrad.calculus.derivation import Derivation
    from symgrad.kernel.theorem import Theorem

Group = tuple[tuple[t.Index, ...], tuple[t.Term, ...]]
"""Letters of a parameter, and the factors that hold them."""


@dataclass
class Factored:
    """What was proved for the code of a derivation.

    Attributes:
        statements: the theorems by name.
        plan: what is to be written.
        goal: the statements as the checker reads them.
        certificate: their proofs.
    """

    statements: dict[str, Theorem]
    plan: Plan
    goal: str = field(repr=False)
    certificate: str = field(repr=False)


def factor(derivation: Derivation) -> Factored:
    """Prove what code for a derivation is written from.

    Raises:
        InputError: if the samples are coupled, or the objective is not a function of their losses.
    """
    return _Work(derivation).result()


def rows_and_norms(derivation: Derivation) -> tuple[dict[str, Theorem], list[Theorem], Theorem]:
    """By parameter the gradient of sample n's loss, the squares of their norms by factors, and the samples' weight.

    Raises:
        InputError: as ``factor``.
    """
    work = _Work(derivation)
    for tensor in work.program.inputs:
        if tensor.kind == "parameter":
            work._block(tensor.name, tensor.shape)
    held = {name: _unstated(theorem) for name, theorem in work.statements.items()}
    rows = {name.removeprefix("row "): theorem for name, theorem in held.items() if name.startswith("row ")}
    norms = [theorem for name, theorem in held.items() if name.startswith("norm ")]
    return rows, norms, _unstated(derivation.statements["weight"])


class _Work:
    """The theorems of one model, in order."""

    def __init__(self, derivation: Derivation) -> None:
        name = derivation.model.name
        if derivation.verdicts["separable"]["status"] != "proved":
            raise InputError(f"{name}: code is written for separable programs; here the samples are coupled")
        if "weight" not in derivation.statements:
            raise InputError(f"{name}: the objective does not depend on the samples' losses")
        self.derivation, self.model, self.program = derivation, derivation.model, derivation.model.program
        self.n = self.model.batch
        self.letters = Letters(self.model.letters, (*self.program.tensors, *(i.size for i in self.model.letters)))
        self.m = self.letters.new(self.n.size, {self.n.name})
        self.bars = derivation.adjoint_names
        self.statements: dict[str, Theorem] = {}
        apart = derivation.statements["separable"]
        self.apart = _unstated(apart)

    def result(self) -> Factored:
        """All theorems, and the plan that rests on them."""
        blocks: dict[str, Block] = {}
        proved: list[str] = []
        for tensor in self.program.inputs:
            if tensor.kind == "parameter":
                blocks[tensor.name] = self._block(tensor.name, tensor.shape)
        stable = stable_forms(self.program, self._written())
        for number, theorem in enumerate(stable.values(), 1):
            self._state(f"stable {number}", theorem)
        statements = [*self.derivation.statements.items(), *self.statements.items()]
        certificate = write_certificate(self.program, statements)
        goal = write_goal(self.program, self.model.assumptions, statements)
        hypotheses = sorted({str(h) for s in self.statements.values() for h in s.hypotheses})
        names = ", ".join(blocks)
        proved.append(f"the gradient of the objective, and of each sample's loss, with respect to {names}")
        proved += self._told(blocks)
        if stable:
            proved += [f"stable: {self._text(s.left)} = {self._text(s.right)}" for s in stable.values()]
            proved.append(
                "not said by a theorem, since the language has no word for the place of a largest entry: that these "
                "are computed by exp(-|z|), and log(sum) as log1p of the sum without its largest entry"
            )
        if hypotheses:
            proved.append(f"under {len(hypotheses)} hypotheses, which the certificate lists")
        weight = self.derivation.statements["weight"]
        [own] = t.letters(weight.left)
        plan = Plan(
            name=self.model.name,
            title=self.model.title,
            sample=self.n,
            other=self.m,
            inputs=self.program.inputs,
            labels=self.model.labels,
            definitions=self.program.definitions,
            adjoints=self._adjoints(),
            blocks=blocks,
            weight=t.renamed(weight.right, {own: self.n}),
            whole_adjoints=self._whole_adjoints(),
            gradients={name: self._whole(name) for name in blocks},
            assumptions=self.model.assumptions,
            proved=tuple(proved),
            stable=frozenset(stable),
            sha256=json.loads(certificate)["sha256"],
        )
        return Factored(self.statements, plan, goal, certificate)

    def _text(self, term: t.Term) -> str:
        """The term as text of the language, in the model's own letters where it can be."""
        names: dict[t.Index, t.Index] = {}
        for letter in t.letters(term):
            if letter not in self.model.letters:
                names[letter] = self.letters.pick(letter.size, (*t.letters(term), *names.values()))
        return Printer.of(self.model).text(t.renamed(term, names))

    def _told(self, blocks: dict[str, Block]) -> list[str]:
        by_factors = [name for name, block in blocks.items() if block.factored]
        told = []
        if by_factors:
            told.append(f"norms, inner products and squares by factors, of {', '.join(by_factors)}")
        return told

    def _written(self) -> list[t.Term]:
        """Every formula that is written as code."""
        sides = (self.derivation.single, self.derivation.batch)
        found = [d.body for d in self.program.definitions]
        found += [formula.right for side in sides for formula in (*side.adjoints.values(), *side.gradients.values())]
        return found

    # -- rows -------------------------------------------------------------------------------------------------------

    def _row(self, name: str, shape: tuple[str, ...]) -> tuple[t.Entry, Theorem | None]:
        """The entry of a parameter, and ``⊢ d loss[n] / d entry = ...`` by cotangents; None if it is zero."""
        held = self.derivation.statements.get(f"cotangent {name}")
        if held is None:
            return self.letters.entry(name, shape, (self.n, self.m)), None
        if self.apart.arguments[2]:  # only closed forms may be spoken of sample n
            closed = self.derivation.statements.get(f"sample {name}")
            if closed is None:
                raise InputError(f"{self.model.name}: the per-sample gradient of {name} has no closed form")
            return closed.left.wrt, _unstated(closed)
        row = rules.lift(self.apart, _unstated(held))
        return row.left.wrt, row

    def _block(self, name: str, shape: tuple[str, ...]) -> Block:
        wrt, row = self._row(name, shape)
        letters = t.letters(wrt)
        if row is None:
            return Block(letters, t.ZERO, (), (), t.ZERO, t.ZERO, t.ZERO)
        self._state(f"row {name}", row)
        parts = _split(row.right, letters, self.letters, (self.n, self.m, *letters))
        shared, groups = parts if parts is not None else ((), [(letters, (row.right,))])
        terms = [(own, _product(factors)) for own, factors in groups]
        slope = row.left
        there = t.renamed(slope, {self.n: self.m})
        gram_left = _summed(letters, t.Times((slope, there)))
        gram = self._gram(f"gram {name}", row, gram_left, shared, terms)
        norm = self._norm(f"norm {name}", row, _summed(letters, square(slope)), shared, terms, gram)
        second = self._second(f"second {name}", row, shared, terms)
        return Block(
            letters=letters,
            row=self._named(row.right),
            shared=shared,
            groups=tuple((own, self._named(term)) for own, term in terms),
            norm=self._named(norm.right),
            gram=self._named(gram.right),
            second=self._named(second.right),
        )

    def _gram(
        self,
        name: str,
        row: Theorem,
        left: t.Term,
        shared: Sequence[t.Index],
        groups: Sequence[tuple[tuple[t.Index, ...], t.Term]],
    ) -> Theorem:
        """``⊢ Σ g[n] g[m] = Π (Σ a[n] a[m])``, over the letters of each factor; under the sums of both rows."""
        copies = {i: self._copy(i, k) for k, i in enumerate(shared)}
        there = {self.n: self.m, **copies}
        products = [_summed(own, t.Times((term, t.renamed(term, there)))) for own, term in groups]
        right = _summed((*shared, *copies.values()), _product(products))
        return self._proved(name, left, right, [row])

    def _copy(self, letter: t.Index, k: int) -> t.Index:
        return t.Index(f"s{k}_", letter.size)

    def _norm(
        self,
        name: str,
        row: Theorem,
        left: t.Term,
        shared: Sequence[t.Index],
        groups: Sequence[tuple[tuple[t.Index, ...], t.Term]],
        gram: Theorem,
    ) -> Theorem:
        """``⊢ Σ g[n]^2 = Π (Σ a[n]^2)``; of a sum of products, the inner product of a sample with itself."""
        if not shared:
            products = [_summed(own, square(term)) for own, term in groups]
            return self._proved(name, left, _product(products), [row])
        same = t.renamed(gram.left, {self.m: self.n})
        one = meet(self.program, left, same)
        if one is None:
            raise InputError(f"{self.model.name}: {name} was not proved")
        theorem = rules.trans(one, rules.congruence(gram, same, ()))
        self._state(name, theorem)
        return theorem

    def _second(
        self,
        name: str,
        row: Theorem,
        shared: Sequence[t.Index],
        groups: Sequence[tuple[tuple[t.Index, ...], t.Term]],
    ) -> Theorem:
        """``⊢ Σ_n c[n] g[n]^2 = Σ_n c[n] Π a[n]^2``; of a sum of products, of the squared row."""
        weight = _unstated(self.derivation.statements["weight"])
        [own] = t.letters(weight.left)
        at_n = {own: self.n}
        squares = [square(row.right)] if shared else [square(term) for _, term in groups]
        left = t.sigma(self.n, t.Times((t.renamed(weight.left, at_n), square(row.left))))
        right = t.sigma(self.n, t.Times((t.renamed(weight.right, at_n), *squares)))
        return self._proved(name, left, right, [row, weight])

    def _proved(self, name: str, left: t.Term, right: t.Term, by: Sequence[Theorem]) -> Theorem:
        """``⊢ left = right``: the equations are put in, then both sides meet."""
        opened = first_of(list(by))(self.program, left)
        middle = meet(self.program, rw.result(opened, left), right)
        if middle is None:
            raise InputError(f"{self.model.name}: {name} was not proved")
        theorem = rw.chained(opened, middle) or middle
        self._state(name, theorem)
        return theorem

    def _state(self, name: str, theorem: Theorem) -> None:
        self.statements[name] = stated(theorem, self.model.assumptions)

    # -- with cotangents as tensors ---------------------------------------------------------------------------------

    def _named(self, term: t.Term) -> t.Term:
        """The term with each cotangent of a sample's loss as an entry of a tensor: its sample first."""
        if isinstance(term, t.Partial):
            shape = self.program.tensors[term.wrt.tensor].shape
            kept = [i for i, size in zip(term.wrt.indices, shape, strict=True) if size != self.program.batch]
            sample = term.body.indices if isinstance(term.body, t.Entry) else ()
            return t.Entry(self.bars[term.wrt.tensor], (*sample, *kept))
        return t.rebuilt(term, [self._named(part) for part in t.children(term)])

    def _adjoints(self) -> tuple[Definition, ...]:
        """The cotangents of a sample's loss, in order."""
        return tuple(d for d in self.derivation.sample_formulas.adjoints if d.name != self.bars["loss"])

    def _whole_named(self, term: t.Term) -> t.Term:
        if isinstance(term, t.Partial):
            return t.Entry(self.bars[term.wrt.tensor], term.wrt.indices)
        return t.rebuilt(term, [self._whole_named(part) for part in t.children(term)])

    def _whole_adjoints(self) -> tuple[Definition, ...]:
        """The cotangents of the objective, in order."""
        return self.derivation.formulas.adjoints

    def _whole(self, name: str) -> tuple[tuple[t.Index, ...], t.Term]:
        """The gradient of the objective by one parameter, by cotangents."""
        found = self.derivation.batch.gradients[name]
        wrt = found.left.wrt  # type: ignore[attr-defined]
        return t.letters(wrt), self._whole_named(found.right)


def _unstated(theorem: Theorem) -> Theorem:
    """The theorem that a statement states."""
    while theorem.rule == "state":
        theorem = theorem.arguments[0]
    return theorem


def _summed(letters: Sequence[t.Index], term: t.Term) -> t.Term:
    for letter in reversed(letters):
        term = t.sigma(letter, term)
    return term


def _product(factors: Sequence[t.Term]) -> t.Term:
    flat = tuple(f for part in factors for f in (part.factors if isinstance(part, t.Times) else (part,)))
    return flat[0] if len(flat) == 1 else t.Times(flat) if flat else t.ONE


def _split(
    row: t.Term, letters: Sequence[t.Index], source: Letters, taken: Sequence[t.Index]
) -> tuple[tuple[t.Index, ...], list[Group]] | None:
    """A row as a product of factors with letters of their own, under sums if need be; None if it is none."""
    shared: list[t.Index] = []
    factors = list(row.factors) if isinstance(row, t.Times) else [row]
    while True:
        groups = _groups(factors, letters)
        if len(groups) > 1 and (sum(bool(own) for own, _ in groups) > 1 or not shared):
            return tuple(shared), groups
        place = next((k for k, f in enumerate(factors) if isinstance(f, t.Sum) and len(_own(f, letters)) > 1), None)
        if place is None:
            return None
        body = factors.pop(place)
        letter = source.pick(body.size, (*taken, *shared))  # type: ignore[attr-defined]
        shared.append(letter)
        inner = t.opened(t.children(body)[0], letter)
        factors += inner.factors if isinstance(inner, t.Times) else (inner,)


def _own(term: t.Term, letters: Sequence[t.Index]) -> tuple[t.Index, ...]:
    held = set(t.letters(term))
    return tuple(i for i in letters if i in held)


def _groups(factors: Sequence[t.Term], letters: Sequence[t.Index]) -> list[Group]:
    """The factors by the letters that they hold together; those without stand apart, beside a single group."""
    groups: list[Group] = []
    loose: list[t.Term] = []
    for factor in factors:
        own = _own(factor, letters)
        if not own:
            loose.append(factor)
            continue
        joined = [g for g in groups if set(g[0]) & set(own)]
        groups = [g for g in groups if g not in joined]
        held = {i for g in joined for i in g[0]} | set(own)
        groups.append((tuple(i for i in letters if i in held), (*(f for g in joined for f in g[1]), factor)))
    if not loose:
        return groups
    if len(groups) > 1:
        small = min(range(len(groups)), key=lambda k: len(groups[k][1]))
        groups[small] = (groups[small][0], (*loose, *groups[small][1]))
        return groups
    return [((), tuple(loose)), *groups]
