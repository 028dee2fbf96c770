"""Shapes as one line of text, in Unicode or in ASCII.

Every product has its dot and every index its bracket, so that a line can be read in one way only.
"""

from __future__ import annotations

from fractions import Fraction
from functools import singledispatchmethod

from symgrad.errors import SymgradError
from symgrad.render.latex import ATOM, FACTOR, LOOSE, SUMMAND
from symgrad.render.names import text_name
from symgrad.render.shapes import (
    Called,
    Derivative,
    Gradient,
    Integer,
    Negative,
    Ones,
    Product,
    Quotient,
    Raised,
    Related,
    Shape,
    Space,
    Summed,
    Sums,
    Symbol,
    Transposed,
)

_SIGNS = {
    "times": (" · ", " * "),
    "minus": ("−", "-"),
    "sum": ("Σ", "sum"),
    "partial": ("∂", "d"),
    "immediate": ("∂⁺", "d+"),
    "sigmoid": ("σ", "sigmoid"),
    "root": ("√", "sqrt"),
    "pi": ("π", "pi"),
    "real": ("ℝ", "R"),
    "gradient": ("∇", "grad"),
    "transposed": ("ᵀ", "^T"),
    "odot": (" ⊙ ", " .* "),
    "delta": ("δ", "delta"),
    "by": ("×", "x"),
    ">=": ("≥", ">="),
    "!=": ("≠", "!="),
    "in": ("∈", "in"),
    "=": ("=", "="),
    ">": (">", ">"),
    ":=": (":=", ":="),
}
_DIGITS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def binding(shape: Shape) -> int:
    """The tightest place in which ``shape`` stands without brackets."""
    match shape:
        case Related() | Negative() | Sums():
            return LOOSE
        case Summed() | Product() | Quotient() | Derivative():
            return SUMMAND
        case Raised() | Transposed() | Gradient():
            return FACTOR
    return ATOM


class Plain:
    """Writes shapes as text.

    Args:
        unicode: with mathematical signs; without, ASCII only.

    Example:
        >>> Plain()(Product((Sums((Symbol("a"), Negative(Symbol("b")))), Symbol("x", ("n",)))))
        '(a − b) · x[n]'
        >>> Plain(unicode=False)(Negative(Symbol("loss", ("n",))))
        '-loss[n]'
    """

    def __init__(self, *, unicode: bool = True) -> None:
        self.unicode = unicode

    def __call__(self, shape: Shape) -> str:
        """``shape`` as one line."""
        return self.write(shape)

    def sign(self, name: str) -> str:
        """A mathematical sign."""
        return _SIGNS[name][0 if self.unicode else 1]

    def inside(self, shape: Shape, place: int) -> str:
        """``shape`` in a place, in brackets if it binds less tightly."""
        text = self.write(shape)
        return f"({text})" if binding(shape) < place else text

    def name(self, name: str) -> str:
        """A name."""
        return text_name(name, unicode=self.unicode)

    @singledispatchmethod
    def write(self, shape: Shape) -> str:
        """``shape`` without brackets around it."""
        raise SymgradError(f"no text for the shape {type(shape).__name__}")

    @write.register
    def _integer(self, shape: Integer) -> str:
        return str(shape.value)

    @write.register
    def _symbol(self, shape: Symbol) -> str:
        name = self.sign("delta") if shape.role == "delta" else self.name(shape.name)
        return name + (f"[{', '.join(map(self.name, shape.indices))}]" if shape.indices else "")

    @write.register
    def _ones(self, _: Ones) -> str:
        return "𝟏" if self.unicode else "ones"

    @write.register
    def _space(self, shape: Space) -> str:
        sizes = self.sign("by").join(map(self.name, shape.sizes))
        return self.sign("real") + (f"^({sizes})" if len(shape.sizes) > 1 else f"^{sizes}" if sizes else "")

    @write.register
    def _related(self, shape: Related) -> str:
        return f"{self.write(shape.left)} {self.sign(shape.relation)} {self.write(shape.right)}"

    @write.register
    def _negative(self, shape: Negative) -> str:
        return self.sign("minus") + self.inside(shape.body, SUMMAND)

    @write.register
    def _sums(self, shape: Sums) -> str:
        text = (
            self.write(shape.terms[0]) if isinstance(shape.terms[0], Negative) else self.inside(shape.terms[0], SUMMAND)
        )
        for term in shape.terms[1:]:
            sign, body = (self.sign("minus"), term.body) if isinstance(term, Negative) else ("+", term)
            text += f" {sign} {self.inside(body, SUMMAND)}"
        return text

    @write.register
    def _product(self, shape: Product) -> str:
        written = []
        last = len(shape.factors) - 1
        for k, factor in enumerate(shape.factors):
            # a/b · c reads from left to right, but c · a/b and a big sum need to be last or in brackets.
            first = k == 0 and isinstance(factor, Quotient | Derivative)
            open_end = (k == last and isinstance(factor, Summed)) or isinstance(factor, Derivative)
            plain = (first or open_end) and not shape.entrywise
            written.append(self.inside(factor, SUMMAND if plain else FACTOR))
        return self.sign("odot" if shape.entrywise else "times").join(written)

    @write.register
    def _quotient(self, shape: Quotient) -> str:
        above = self.inside(shape.above, FACTOR)
        return f"{above}/{self.inside(shape.below, FACTOR)}"

    @write.register
    def _raised(self, shape: Raised) -> str:
        if shape.exponent == Fraction(1, 2) and not shape.entrywise:
            return f"{self.sign('root')}({self.write(shape.base)})"
        base = self.inside(shape.base, ATOM)
        exponent = shape.exponent
        if shape.entrywise:
            return f"{base}^(⊙{exponent})" if self.unicode else f"{base}.^({exponent})"
        if exponent.denominator != 1:
            return f"{base}^({exponent})"
        return base + str(exponent).translate(_DIGITS) if self.unicode else f"{base}^{exponent}"

    @write.register
    def _transposed(self, shape: Transposed) -> str:
        return self.inside(shape.body, ATOM) + self.sign("transposed")

    @write.register
    def _called(self, shape: Called) -> str:
        written = [self.write(a) for a in shape.arguments]
        match shape.function:
            case "pi":
                return self.sign("pi")
            case "abs" if self.unicode:
                return f"|{written[0]}|"
            case "step" if self.unicode:
                return f"1[{written[0]} > 0]"
            case "chosen":
                return f"1[{written[0]} = {written[1]}]"
        name = shape.function
        if name == "sigmoid" and not shape.spelled:
            name = self.sign("sigmoid")
        name += ("′" if self.unicode else "'") if shape.primed else ""
        along = f"_{self.name(shape.letter)}" if shape.letter else ""
        return f"{name}{along}({', '.join(written)})"

    @write.register
    def _summed(self, shape: Summed) -> str:
        if shape.largest:
            return f"max_{self.name(shape.letter)} {self.inside(shape.body, SUMMAND)}"
        return f"{self.sign('sum')}_{self.name(shape.letter)} {self.inside(shape.body, SUMMAND)}"

    @write.register
    def _derivative(self, shape: Derivative) -> str:
        sign = self.sign("immediate" if shape.immediate else "partial")
        simple = isinstance(shape.body, Symbol) and self.unicode
        above = self.write(shape.body) if simple else f"({self.write(shape.body)})"
        below = self.write(shape.wrt) if self.unicode else f"({self.write(shape.wrt)})"
        return f"{sign}{above}/{self.sign('partial')}{below}"

    @write.register
    def _gradient(self, shape: Gradient) -> str:
        return f"{self.sign('gradient')}_{self.write(shape.wrt)} {self.inside(shape.body, FACTOR)}"
