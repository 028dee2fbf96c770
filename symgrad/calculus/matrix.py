"""Matrix forms: proposed where the formula is a chain of products, then proved entry by entry.

A form is a tree of tuples: ``("sym", name)``, ``("num", p)``, ``("inv_size", N)``, ``("ones", N)``, ``("T", a)``,
``("mul", a, b, ...)``, ``("add", a, ...)``, ``("sub", a, b)``, ``("neg", a)``, ``("had", a, b, ...)`` for the entrywise
product, ``("fun", f, a)`` and ``("pow", a, p)`` entrywise, ``("diag", v)``, ``("softmax_rows", a)``. Numbers stand for
matrices full of them. ``entry_of`` says what a tree means; it shares nothing with the code that proposes the tree.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from symgrad.calculus import rewrite as rw
from symgrad.calculus.local import Chain
from symgrad.calculus.normal import meet
from symgrad.calculus.polynomials import written_in_order
from symgrad.calculus.reverse import Cotangent, Letters, Reverse
from symgrad.calculus.short import nodes
from symgrad.calculus.signs import stated
from symgrad.errors import RuleError
from symgrad.kernel import rules
from symgrad.kernel import terms as t
from symgrad.kernel.functions import inverse
from symgrad.kernel.program import Program, reached
from symgrad.kernel.theorem import Theorem
from symgrad.lang.model import Model

Tree = tuple[Any, ...]
Place = t.Index | None


@dataclass(frozen=True)
class MatrixForm:
    """The gradient with respect to one parameter as a matrix formula."""

    text: str
    tree: Tree
    chain: Chain


class _NoFormError(Exception):
    """The formula is not a chain of products of tensors of at most two indices."""


def matrix_forms(
    model: Model, reverse: Reverse, letters: Letters, statements: dict[str, Theorem]
) -> dict[str, MatrixForm]:
    """The matrix forms that are found and proved, by parameter; each is stated as ``matrix <name>``."""
    found: dict[str, MatrixForm] = {}
    for tensor in model.program.inputs:
        cotangent = reverse.cotangents.get(tensor.name)
        if tensor.kind != "parameter" or cotangent is None or cotangent.closed is None or len(tensor.shape) > 2:
            continue
        try:
            form = _Proposer(model.program, letters).form(cotangent)
        except (_NoFormError, *rw.REFUSALS):
            continue
        if form is not None:
            statements[f"matrix {tensor.name}"] = stated(form.chain.theorem(), model.assumptions)
            found[tensor.name] = form
    return found


class _Proposer:
    """Reads a matrix formula off an index formula."""

    def __init__(self, program: Program, letters: Letters) -> None:
        self.program, self.letters = program, letters
        self.opened: set[str] = set()

    def form(self, cotangent: Cotangent) -> MatrixForm | None:
        closed = cotangent.closed
        if closed is None or nodes(closed.right) > 150:
            return None
        row, col = (*cotangent.wrt.indices, None, None)[:2]
        tree = flat(self.of(closed.right, row, col))  # type: ignore[arg-type]
        chain = Chain(self.program, closed.left, cites=[closed])
        chain.add(closed)
        chain.add(rw.everywhere(self._unfold))
        target = entry_of(self.program, tree, row, col)  # type: ignore[arg-type]
        met = meet(self.program, chain.right, target)
        if met is None:
            return None
        chain.add(met)
        return MatrixForm(text(self.program, tree), tree, chain)

    def _unfold(self, program: Program, term: t.Term) -> Theorem | None:
        opened = isinstance(term, t.Entry) and term.tensor in self.opened
        return rules.unfold(program, term) if opened else None

    def of(self, term: t.Term, row: Place, col: Place) -> Tree:
        """The tree whose entry at (row, col) is ``term``; without ``col`` a column, without both a scalar."""
        match term:
            case t.Number(value):
                return ("num", value)
            case t.Power(t.Size(size), exponent) if exponent == -1:
                return ("inv_size", size)
            case t.Entry():
                return self._entry(term, row, col)
            case t.Plus(parts):
                return self._plus(parts, row, col)
            case t.Times(parts):
                return self._times(list(parts), row, col)
            case t.Power() if row is not None and col is None and not t.letters(term):
                return ("mul", self.of(term, None, None), ("ones", row.size))
            case t.Power(base, exponent):
                return ("pow", self.of(base, row, col), exponent)
            case t.Apply(function, (argument,)):
                return ("fun", function, self.of(argument, row, col))
            case t.Sum(size, body):
                return self._sum(size, body, row, col)
        raise _NoFormError

    def _entry(self, term: t.Entry, row: Place, col: Place) -> Tree:
        sym, places = ("sym", term.tensor), term.indices
        definition = self.program.bodies.get(term.tensor)
        if definition is not None and len(places) == 1 and not reached_definitions(self.program, definition.body):
            try:
                inner = t.renamed(definition.body, dict(zip(definition.letters, places, strict=True)))
                tree = self.of(inner, row, col)
            except _NoFormError:
                pass
            else:
                self.opened.add(term.tensor)
                return tree
        if places == tuple(p for p in (row, col) if p is not None):
            return sym
        if row is not None and col is not None and places == (col, row):
            return ("T", sym)
        if places == (row,) and col is not None:
            return ("mul", sym, ("T", ("ones", col.size)))
        if places == (col,) and row is not None:
            return ("mul", ("ones", row.size), ("T", sym))
        if places == () and row is not None and col is None:
            return ("mul", sym, ("ones", row.size))
        raise _NoFormError

    def _plus(self, parts: tuple[t.Term, ...], row: Place, col: Place) -> Tree:
        made: Tree | None = None
        for part in parts:
            lead = part.factors[0] if isinstance(part, t.Times) else part
            negative = isinstance(lead, t.Number) and lead.value < 0
            turned = written_in_order(t.Times((t.MINUS, part))) if negative else part
            tree = self.of(turned, row, col)
            if made is None:
                made = ("neg", tree) if negative else tree
            elif negative:
                made = ("sub", made, tree)
            else:
                made = (*made, tree) if made[0] == "add" else ("add", made, tree)
        return made or ("num", Fraction(0))

    def _times(self, parts: list[t.Term], row: Place, col: Place) -> Tree:
        scalars = [p for p in parts if not t.letters(p)]
        parts = [p for p in parts if t.letters(p)]
        made: list[Tree] = []
        softmax = self._softmax(parts, row, col)
        if softmax is not None:
            made.append(softmax)
        if col is None:
            made += [self.of(p, row, None) for p in parts]
        else:
            both = [p for p in parts if row in t.letters(p) and col in t.letters(p)]
            first = [p for p in parts if row in t.letters(p) and col not in t.letters(p)]
            second = [p for p in parts if col in t.letters(p) and row not in t.letters(p)]
            made += [self.either(p, row, col) for p in both if row is not None]
            left, right = (self._times(ps, place, None) if ps else None for ps, place in ((first, row), (second, col)))
            if left and right:
                made.append(("mul", left, ("T", right)))
            elif left or right:
                whole = made[0] if len(made) == 1 else ("had", *made)
                if not made:
                    raise _NoFormError
                made = [("mul", ("diag", left), whole) if left else ("mul", whole, ("diag", right))]
        body = made if len(made) < 2 else [("had", *made)]
        product = [*(self.of(p, None, None) for p in scalars), *body]
        return product[0] if len(product) == 1 else ("mul", *product)

    def _softmax(self, parts: list[t.Term], row: Place, col: Place) -> Tree | None:
        """Take exp(z) and the inverse of its sum along one index out of ``parts``, as a softmax along the rows."""
        if row is None or col is None:
            return None
        for top in [p for p in parts if isinstance(p, t.Apply) and p.function == "exp"]:
            for along, other in ((col, row), (row, col)):
                below = inverse(t.sigma(along, top))
                if below in parts:
                    parts.remove(top)
                    parts.remove(below)
                    tree = ("softmax_rows", self.of(top.arguments[0], other, along))
                    return tree if along == col else ("T", tree)
        return None

    def either(self, term: t.Term, row: t.Index, col: t.Index) -> Tree:
        """The tree, or the transpose of the transposed one's: samples go down, else as the first tensor lies."""
        batch = self.program.batch
        lying = next(
            (
                part.indices
                for part in t.subterms(term)
                if isinstance(part, t.Entry) and {row, col} <= set(part.indices)
            ),
            (row, col),
        )
        turned = col.size == batch if batch in {row.size, col.size} else lying.index(row) > lying.index(col)
        return ("T", self.of(term, col, row)) if turned else self.of(term, row, col)

    def _sum(self, size: str, body: t.Term, row: Place, col: Place) -> Tree:
        taken = [i for i in (row, col) if i is not None] + list(t.letters(body))
        i = self.letters.new(size, {letter.name for letter in taken})
        inside = t.opened(body, i)
        parts = list(inside.factors) if isinstance(inside, t.Times) else [inside]
        if row is None:
            return self._inner(parts, i)
        left = [p for p in parts if row in t.letters(p)]
        right = [p for p in parts if row not in t.letters(p)]
        if not left:
            raise _NoFormError
        first = self.either(_product(left), row, i)
        if col is None:
            return ("mul", first, self._times(right, i, None) if right else ("ones", size))
        if any(col in t.letters(p) for p in left) or not right:
            raise _NoFormError
        if all(col not in t.letters(p) for p in right):
            raise _NoFormError
        return ("mul", first, self.either(_product(right), i, col))

    def _inner(self, parts: list[t.Term], i: t.Index) -> Tree:
        """A sum without free letters: an inner product."""
        if len(parts) == 1:
            return ("mul", ("T", ("ones", i.size)), self.of(parts[0], i, None))
        return ("mul", ("T", self.of(parts[0], i, None)), self._times(parts[1:], i, None))


def reached_definitions(program: Program, body: t.Term) -> bool:
    """Whether ``body`` uses another definition."""
    return any(name in program.bodies for name in reached(program, body))


def _product(parts: list[t.Term]) -> t.Term:
    return parts[0] if len(parts) == 1 else t.Times(tuple(parts))


def flat(tree: Any) -> Any:
    """The tree with nested products flattened and double transposes dropped."""
    if not isinstance(tree, tuple):
        return tree
    parts = [flat(part) for part in tree[1:]]
    if tree[0] == "T" and isinstance(parts[0], tuple) and parts[0][0] == "T":
        return parts[0][1]
    if tree[0] in {"mul", "add", "had"}:
        parts = [p for part in parts for p in (part[1:] if part[0] == tree[0] else (part,))]
    return (tree[0], *parts)


Shape = tuple[str | None, str | None]


def shape_of(program: Program, tree: Tree) -> Shape:
    """Sizes of rows and columns; None where there is but one. Numbers are taken for scalars."""
    match tree:
        case ("sym", name):
            return (*program.tensors[name].shape, None, None)[:2]  # type: ignore[return-value]
        case ("ones", size):
            return (size, None)
        case ("T", inner):
            return shape_of(program, inner)[::-1]
        case ("diag", inner):
            size = shape_of(program, inner)[0]
            return (size, size)
        case ("mul", *parts):
            shapes = [s for part in parts if (s := shape_of(program, part)) != (None, None)]
            return (shapes[0][0], shapes[-1][1]) if shapes else (None, None)
        case ("add" | "sub" | "had", *parts):
            return max((shape_of(program, part) for part in parts), key=lambda s: sum(x is not None for x in s))
        case ("fun", _, inner) | ("pow", inner, _) | ("neg", inner) | ("softmax_rows", inner):
            return shape_of(program, inner)
    return (None, None)


def entry_of(program: Program, tree: Tree, row: Place, col: Place, depth: int = 0) -> t.Term:
    """What a tree means: its entry at (row, col) as a term.

    Raises:
        RuleError: if the sizes of two factors do not fit.
    """

    def inner(part: Tree, i: Place = row, j: Place = col, deeper: int = 0) -> t.Term:
        return entry_of(program, part, i, j, depth + deeper)

    match tree:
        case ("num", value):
            return t.Number(value)
        case ("inv_size", size):
            return inverse(t.Size(size))
        case ("ones", _):
            return t.ONE
        case ("sym", name):
            return t.Entry(name, tuple(i for i in (row, col) if i is not None)[: len(program.tensors[name].shape)])
        case ("T", part):
            return inner(part, col, row)
        case ("neg", part):
            return t.Times((t.MINUS, inner(part)))
        case ("add", *parts):
            return t.Plus(tuple(inner(part) for part in parts))
        case ("sub", first, second):
            return t.Plus((inner(first), t.Times((t.MINUS, inner(second)))))
        case ("had", *parts):
            return t.Times(tuple(inner(part) for part in parts))
        case ("fun", function, part):
            return t.Apply(function, (inner(part),))
        case ("pow", part, exponent):
            return t.Power(inner(part), exponent)
        case ("diag", part) if row is not None and col is not None:
            return t.Times((t.Delta(row, col), inner(part, row, None)))
        case ("softmax_rows", part) if col is not None:
            top = t.Apply("exp", (inner(part),))
            return t.Times((top, inverse(t.sigma(col, top))))
        case ("mul", first, *rest) if rest:
            left, right = shape_of(program, first), shape_of(program, ("mul", *rest))
            if (None, None) in (left, right):
                return t.Times((inner(first), inner(("mul", *rest))))
            if left[1] != right[0]:
                raise RuleError("matrix", "the sizes of two factors do not fit", left=left, right=right)
            if left[1] is None:
                return t.Times((inner(first, row, None), inner(("mul", *rest), None, col)))
            i = t.Index(f"m{depth}_", left[1])
            return t.sigma(i, t.Times((inner(first, row, i, 1), inner(("mul", *rest), i, col, 1))))
        case ("mul", only):
            return inner(only)
    raise RuleError("matrix", "no meaning at this place", tree=tree)


_SUM, _PRODUCT, _ATOM = range(3)


def text(program: Program, tree: Tree) -> str:
    """A tree as one line: ``1/N * X^T * (sigmoid(X*w + b*1) - y)``; ``.*`` is the entrywise product."""
    taken = set(program.tensors) | {size for tensor in program.tensors.values() for size in tensor.shape}

    def named(name: str) -> str:
        upper = name[0].upper() + name[1:]
        return upper if len(program.tensors[name].shape) == 2 and upper not in taken else name

    def write(part: Tree, outermost: bool) -> tuple[str, int]:
        def at(inner: Tree, level: int, top: bool = False) -> str:
            string, binding = write(inner, top)
            return string if binding >= level else f"({string})"

        match part:
            case ("sym", name):
                return named(name), _ATOM
            case ("num", value):
                return str(value), _ATOM if value.denominator == 1 and value >= 0 else _PRODUCT
            case ("inv_size", size):
                return f"1/{size}", _PRODUCT
            case ("ones", _):
                return "1", _ATOM
            case ("T", inner):
                return f"{at(inner, _ATOM)}^T", _ATOM
            case ("neg", inner):
                return f"-{at(inner, _PRODUCT)}", _SUM
            case ("add", *parts):
                return " + ".join(at(p, _PRODUCT) for p in parts), _SUM
            case ("sub", first, second):
                return f"{at(first, _SUM)} - {at(second, _PRODUCT)}", _SUM
            case ("had", *parts):
                return " .* ".join(at(p, _ATOM) for p in parts), _PRODUCT
            case ("mul", ("num", value), ("inv_size", size), *parts) if value.denominator == 1:
                rest = (" * " if outermost else "*").join(at(p, _PRODUCT if p[0] != "had" else _ATOM) for p in parts)
                return f"{value}/{size}{' * ' if outermost else '*'}{rest}", _PRODUCT
            case ("mul", *parts):
                return (" * " if outermost else "*").join(
                    at(p, _PRODUCT if p[0] != "had" else _ATOM) for p in parts
                ), _PRODUCT
            case ("fun", function, inner):
                return f"{function}({at(inner, _SUM)})", _ATOM
            case ("softmax_rows", inner):
                return f"softmax({at(inner, _SUM)})", _ATOM
            case ("diag", inner):
                return f"diag({at(inner, _SUM)})", _ATOM
            case ("pow", inner, exponent):
                power = str(exponent) if exponent.denominator == 1 and exponent >= 0 else f"({exponent})"
                return f"{at(inner, _ATOM)}.^{power}", _ATOM
        raise RuleError("matrix", "no text", tree=part)

    return write(tree, True)[0]
