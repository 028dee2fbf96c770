"""Terms and models as text of the language, so that reading the text gives the same term back.

What the language has no word for still prints: a derivative that holds other tensors fixed is ``partial(A) /
partial(P)``. Sums and products of fewer than two parts, which the parser never makes, print as the part.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import groupby
from typing import TYPE_CHECKING

from symgrad.kernel.terms import (
    MINUS,
    Apply,
    Delta,
    Entry,
    Index,
    Largest,
    Number,
    Partial,
    Plus,
    Power,
    Size,
    Sum,
    Term,
    Times,
    letters,
    opened,
    subterms,
)
from symgrad.lang.words import HALF, RESERVED, is_mean, picked, softmax_letter

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

    from symgrad.kernel.program import Tensor
    from symgrad.lang.model import Model

_INVERSE = Fraction(-1)

SUM, PRODUCT, FACTOR = range(3)
"""How tightly a text binds: a chain of + and -, a chain of * and /, or something that needs no brackets anywhere."""


class Printer:
    """Prints terms.

    Args:
        letters: index letters to choose from for sums, the preferred ones first.
        avoid: further names that a made-up letter must not meet.
        adjoint_names: for a tensor u, the name under which the total derivative with respect to u prints.
        labels: the tensors that hold labels.

    Attributes:
        added: letters that were made up because those given did not suffice.
    """

    def __init__(
        self,
        letters: Sequence[Index],
        avoid: Iterable[str] = (),
        adjoint_names: Mapping[str, str] | None = None,
        labels: Container[str] = (),
    ) -> None:
        self.letters = tuple(letters)
        self.added: dict[str, Index] = {}
        self._avoid = frozenset(avoid) | RESERVED
        self._adjoint_names = adjoint_names or {}
        self._labels = labels

    @classmethod
    def of(cls, model: Model, adjoint_names: Mapping[str, str] | None = None, avoid: Iterable[str] = ()) -> Printer:
        """The printer that knows the names of a model."""
        names = {*model.program.tensors, *(letter.size for letter in model.letters), *avoid}
        return cls(model.letters, names | set((adjoint_names or {}).values()), adjoint_names, model.labels)

    def text(self, term: Term) -> str:
        """``term`` in the language."""
        return self._write(term, frozenset())[0]

    def fresh(self, term: Sum | Largest, around: Iterable[str] = ()) -> Index:
        """A letter for the index of a sum or maximum: declared for its size if one is left, else a new one.

        Args:
            term: the sum or maximum.
            around: names of the letters bound around it.
        """
        taken = {*around, *(letter.name for letter in letters(term))}
        for letter in (*self.letters, *self.added.values()):
            if letter.size == term.size and letter.name not in taken:
                return letter
        taken |= self._avoid | {letter.name for letter in self.letters} | set(self.added)
        stem, number = term.size.lower(), 0
        name = stem
        while name in taken or name == term.size:
            number += 1
            name = f"{stem}{number}"
        self.added[name] = Index(name, term.size)
        return self.added[name]

    def _write(self, term: Term, around: frozenset[str]) -> tuple[str, int]:
        """The text of ``term`` and how tightly it binds; ``around`` are the letters bound around it."""
        match term:
            case Number(value):
                return str(value), FACTOR if value >= 0 and value.denominator == 1 else PRODUCT
            case Size(name):
                return f"size({name})", FACTOR
            case Entry(tensor, (*own, last)) if tensor in self._labels:
                return f"delta({last}, {_entry(tensor, own)})", FACTOR
            case Entry(tensor, indices):
                return _entry(tensor, indices), FACTOR
            case Delta(left, right):
                return f"delta({left}, {right})", FACTOR
            case Apply(function, arguments):
                inner = ", ".join(self._write(argument, around)[0] for argument in arguments)
                return f"{function}({inner})" if arguments else function, FACTOR
            case Sum(size, _):
                if found := picked(term, self._labels):
                    label, taken = found
                    return self._write(opened(taken, Index(_entry(label.tensor, label.indices), size)), around)
                return self._over("sum", term, around), FACTOR
            case Largest():
                return self._over("max", term, around), FACTOR
            case Partial():
                return self._partial(term, around)
            case Power():
                return self._power(term, around)
            case Times(factors):
                return self._times(factors, around) if factors else ("1", FACTOR)
            case Plus(terms):
                return self._plus(terms, around) if terms else ("0", FACTOR)
        raise TypeError(f"not a term: {term!r}")

    def _factor(self, term: Term, around: frozenset[str]) -> str:
        """``term`` in brackets unless it needs none anywhere."""
        text, binding = self._write(term, around)
        return text if binding == FACTOR else f"({text})"

    def _over(self, word: str, term: Sum | Largest, around: frozenset[str]) -> str:
        letter = self.fresh(term, around)
        body = self._write(opened(term.body, letter), around | {letter.name})[0]
        return f"{word}({letter}, {body})"

    def _partial(self, term: Partial, around: frozenset[str]) -> tuple[str, int]:
        name = self._adjoint_names.get(term.wrt.tensor)
        if term.total and name and isinstance(term.body, Entry):
            return self._write(Entry(name, term.wrt.indices), around)
        word = "d" if term.total else "partial"
        body, wrt = (self._write(part, around)[0] for part in (term.body, term.wrt))
        return f"{word}({body}) / {word}({wrt})", PRODUCT

    def _power(self, term: Power, around: frozenset[str]) -> tuple[str, int]:
        base, exponent = term.base, term.exponent
        if exponent == HALF:
            return f"sqrt({self._write(base, around)[0]})", FACTOR
        if exponent == _INVERSE and not isinstance(base, Number):
            return f"1/{self._base(base, around, divides=True)}", PRODUCT
        return self._raised(term, around), PRODUCT

    def _raised(self, term: Power, around: frozenset[str]) -> str:
        """``term`` with ``^``, or as a square root."""
        if term.exponent == HALF:
            return f"sqrt({self._write(term.base, around)[0]})"
        value = term.exponent
        exponent = str(value) if value.denominator == 1 else f"({value})"
        return f"{self._base(term.base, around)}^{exponent}"

    def _base(self, base: Term, around: frozenset[str], *, divides: bool = False) -> str:
        """What stands before ``^``, or after ``/``, where a power needs no brackets."""
        if divides and isinstance(base, Power) and not (base.exponent == _INVERSE and isinstance(base.base, Number)):
            return self._raised(base, around)
        if divides and isinstance(base, Number):
            return f"({self._write(base, around)[0]})"
        return self._factor(base, around)

    def _plus(self, terms: tuple[Term, ...], around: frozenset[str]) -> tuple[str, int]:
        if len(terms) == 1:
            return self._write(terms[0], around)
        text = self._summand(terms[0], around)
        for term in terms[1:]:
            piece = self._summand(term, around)
            text += f" - {piece[1:]}" if piece.startswith("-") else f" + {piece}"
        return text, SUM

    def _summand(self, term: Term, around: frozenset[str]) -> str:
        text, binding = self._write(term, around)
        return f"({text})" if binding == SUM else text

    def _times(self, factors: tuple[Term, ...], around: frozenset[str]) -> tuple[str, int]:
        """A product; a sign comes first and can be taken off by a sum around it."""
        if len(factors) == 1:
            return self._write(factors[0], around)
        sign = ""
        if factors[0] == MINUS:
            sign, factors = "-", factors[1:]
            if isinstance(factors[0], Number):
                if len(factors) == 1:
                    return f"-({self._write(factors[0], around)[0]})", PRODUCT
                sign, factors = "", (MINUS, *factors)
        text, literal, at = "", False, 0
        while at < len(factors):
            piece, taken = self._shorthand(factors[at : at + 2], around)
            if piece:
                text, literal = (f"{text} * {piece}" if text else piece), False
            else:
                text, literal = self._joined(text, factors[at], around, literal=literal)
            at += taken
        alone = not sign and self._shorthand(factors, around)[1] == len(factors) == 2
        return sign + text, FACTOR if alone else PRODUCT

    def _joined(self, text: str, factor: Term, around: frozenset[str], *, literal: bool) -> tuple[str, bool]:
        """``text`` times ``factor``, and whether it ends in a literal that a literal divisor would join."""
        match factor:
            case Number(value):
                if not text:
                    return str(value), True
                if value < 0:
                    return f"{text} * ({value})", False
                if value.numerator == 1 and value != 1:
                    return (f"{text} * ({value})" if literal else f"{text} / {value.denominator}"), False
                return f"{text} * {value}", True
            case Power(base, exponent) if exponent == _INVERSE and not isinstance(base, Number):
                if not text:
                    return self._power(factor, around)[0], False
                if text == "1" and literal:
                    return f"{text} * {self._raised(factor, around)}", False
                return f"{text} / {self._base(base, around, divides=True)}", False
            case Power():
                piece = self._raised(factor, around)
            case Partial():
                piece = self._partial(factor, around)[0]
            case _:
                piece = self._factor(factor, around)
                if isinstance(factor, Times) and not piece.startswith("("):
                    piece = f"({piece})"
        return (f"{text} * {piece}" if text else piece), False

    def _shorthand(self, factors: tuple[Term, ...], around: frozenset[str]) -> tuple[str, int]:
        """The text of the first two factors if shorthand stands for them, and how many factors it covers."""
        if len(factors) < 2:
            return "", 1
        first, second = factors[:2]
        if isinstance(second, Sum) and is_mean(first, second):
            return self._over("mean", second, around), 2
        if isinstance(first, Apply) and (letter := softmax_letter(first, second)):
            return f"softmax({letter}, {self._write(first.arguments[0], around | {letter.name})[0]})", 2
        return "", 1


def _entry(tensor: str, indices: Sequence[object]) -> str:
    return tensor + (f"[{', '.join(map(str, indices))}]" if indices else "")


def formula_text(term: Term, model: Model, adjoint_names: Mapping[str, str] | None = None) -> str:
    r"""``term`` in the language, with the letters of a model.

    Example:
        >>> from symgrad.lang.parser import parse_formula, parse_model
        >>> model = parse_model("index n : N\nbatch n\ndata y[n]\nparameter b\nloss[n] = b - y[n]", "shift")
        >>> formula_text(parse_formula("-2 * mean(n, y[n]-b)", model), model)
        '-2 * mean(n, y[n] - b)'
    """
    return Printer.of(model, adjoint_names).text(term)


def model_text(model: Model) -> str:
    """A whole model as the text of a ``.sg`` file; reading it gives the same model."""
    printer = Printer.of(model)
    used_in_claims = {i.name for claim in model.claims for side in (claim.left, claim.right) for i in letters(side)}
    # A letter made up for a claim need not be declared, but must not meet one that another claim uses undeclared.
    claim_printer = Printer.of(model, avoid=used_in_claims)
    claims = []
    for claim in model.claims:
        claims.append(f"claim {claim_printer.text(claim.left)} = {claim_printer.text(claim.right)}")
        claims.extend(["expect claim refuted"] if claim.expect_refuted else [])
    stated = model.assumptions[len(model.labels) :]  # a label's own assumption is in its declaration
    assumptions = [f"assume {printer.text(a.left)} {a.relation} {printer.text(a.right)}" for a in stated]
    defined = {definition.name for definition in model.program.definitions}
    sides = [side for a in stated for side in (a.left, a.right)]
    used = {t.tensor for side in sides for t in subterms(side) if isinstance(t, Entry)}
    definitions = [
        f"{printer.text(Entry(d.name, d.letters))} = {printer.text(d.body)}" for d in model.program.definitions
    ]
    inputs = []
    for kind, tensors in groupby(model.program.inputs, key=lambda tensor: tensor.kind):
        inputs.append(f"{kind} {', '.join(_declared(tensor, model) for tensor in tensors)}")
    ranges = ", ".join(f"{letter} : {letter.size}" for letter in (*model.letters, *printer.added.values()))
    head = [*(f"# {line}".rstrip() for line in model.introduction), f"title {model.title}"]
    blocks = [
        [*head, f"index {ranges}", f"batch {model.batch}", *inputs],
        [] if used & defined else assumptions,
        definitions,
        assumptions if used & defined else [],
        claims,
        [f"expect {what} refuted" for what in sorted(model.expected)],
        [f"source {source}" for source in model.sources],
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _declared(tensor: Tensor, model: Model) -> str:
    if tensor.name not in model.labels:
        return _example(tensor.name, tensor.shape, model.letters)
    return f"{_example(tensor.name, tensor.shape[:-1], model.letters)} : {tensor.shape[-1]}"


def _example(name: str, shape: tuple[str, ...], letters: tuple[Index, ...]) -> str:
    """A tensor as ``data`` declares it: with different letters where there are enough."""
    left = list(letters)
    shown = []
    for size in shape:
        letter = next((i for i in left if i.size == size), None) or next(i for i in letters if i.size == size)
        if letter in left:
            left.remove(letter)
        shown.append(letter)
    return str(name) + (f"[{', '.join(map(str, shown))}]" if shown else "")
