"""Matrix formulas, given as nested tuples, as shapes."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from symgrad.errors import SymgradError
from symgrad.render.shapes import (
    Called,
    Integer,
    Negative,
    Ones,
    Product,
    Quotient,
    Raised,
    Shape,
    Sums,
    Symbol,
    Transposed,
    number,
    product,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


def matrix_shape(tree: Any, ranks: Mapping[str, int], names: Mapping[str, str] | None = None) -> Shape:
    """A matrix formula, given as nested tuples, as a shape; numbers and sizes stand in front as one fraction.

    Args:
        tree: ``("sym", name)``, ``("T", a)``, ``("mul", a, b, ...)``, ``("add", ...)``, ``("sub", a, b)``,
            ``("neg", a)``, ``("had", a, b, ...)``, ``("fun", name, a)``, ``("softmax_rows", a)``,
            ``("pow", a, exponent)``, ``("num", value)``, ``("inv_size", size)``, ``("ones", size)``, ``("diag", a)``.
        ranks: number of indices of each tensor by name.
        names: what tensors are called as a whole, where that is not their name.
    """
    called = names or {}

    def go(node: Any) -> Shape:
        kind, *rest = node
        match kind:
            case "sym":
                role = ("tensor", "vector", "matrix")[min(ranks.get(rest[0], 2), 2)]
                return Symbol(called.get(rest[0], rest[0]), (), role)  # type: ignore[arg-type]
            case "T":
                return Transposed(go(rest[0]))
            case "mul":
                return _gathered([shape for child in rest for shape in _factors(go(child))])
            case "add":
                terms = [go(child) for child in rest]
                return Sums(tuple(t for shape in terms for t in (shape.terms if isinstance(shape, Sums) else (shape,))))
            case "sub":
                first = go(rest[0])
                return Sums((*(first.terms if isinstance(first, Sums) else (first,)), Negative(go(rest[1]))))
            case "neg":
                return Negative(go(rest[0]))
            case "had":
                return Product(tuple(go(child) for child in rest), entrywise=True)
            case "fun":
                return Called(rest[0], tuple(go(child) for child in rest[1:]), spelled="sigma" in ranks)
            case "softmax_rows" | "diag":
                return Called("softmax" if kind == "softmax_rows" else "diag", (go(rest[0]),))
            case "pow":
                exponent = Fraction(rest[1])
                if _places(rest[0], ranks) != (False, False):
                    return Raised(go(rest[0]), exponent, entrywise=True)
                power = Raised(go(rest[0]), abs(exponent)) if abs(exponent) != 1 else go(rest[0])
                return Quotient(Integer(1), power) if exponent < 0 else power
            case "num":
                return number(Fraction(rest[0]))
            case "inv_size":
                return Quotient(Integer(1), Symbol(rest[0], (), "size"))
            case "size":
                return Symbol(rest[0], (), "size")
            case "ones":
                return Ones()
        raise SymgradError(f"no shape for the matrix operation {kind!r}")

    return go(tree)


def _factors(shape: Shape) -> tuple[Shape, ...]:
    return shape.factors if isinstance(shape, Product) and not shape.entrywise else (shape,)


def _gathered(factors: list[Shape]) -> Shape:
    """The product of matrices, with its numbers and sizes in front."""
    above: list[Shape] = []
    below: list[Shape] = []
    rest: list[Shape] = []
    minus = False
    for factor in factors:
        size = factor.body if isinstance(factor, Negative) and _scalar(factor.body) else factor
        minus ^= size is not factor
        if isinstance(size, Quotient) and size.above == Integer(1):
            below += _factors(size.below)
        elif not _scalar(size):
            rest.append(size)
        elif isinstance(size, Quotient):
            above += _factors(size.above)
            below += _factors(size.below)
        else:
            above.append(size)
    top = [shape for shape in above if shape != Integer(1)]
    lead = [Quotient(product(top), product(below))] if below else top
    made = product([*lead, *rest])
    return Negative(made) if minus else made


def _places(tree: Any, ranks: Mapping[str, int]) -> tuple[bool, bool]:
    """Whether a matrix formula has rows and columns; a number has neither."""
    kind, *rest = tree
    match kind:
        case "sym":
            rank = ranks.get(rest[0], 2)
            return rank > 0, rank > 1
        case "ones":
            return True, False
        case "T":
            rows, columns = _places(rest[0], ranks)
            return columns, rows
        case "diag":
            return True, True
        case "mul":
            shapes = [shape for part in rest if any(shape := _places(part, ranks))]
            return (shapes[0][0], shapes[-1][1]) if shapes else (False, False)
        case "num" | "inv_size" | "size":
            return False, False
    shapes = [_places(part, ranks) for part in rest if isinstance(part, tuple)]
    return any(rows for rows, _ in shapes), any(columns for _, columns in shapes)


def _scalar(shape: Shape) -> bool:
    """Whether a shape is made of numbers and sizes only."""
    match shape:
        case Integer():
            return True
        case Symbol(_, _, role):
            return role == "size"
        case Quotient(above, below):
            return _scalar(above) and _scalar(below)
        case Product(factors):
            return all(map(_scalar, factors))
    return False
