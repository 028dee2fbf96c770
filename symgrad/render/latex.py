r"""Shapes as LaTeX, with the places where a line may be broken.

One table says how tightly each shape binds; a part that binds less tightly than its surroundings gets brackets, sized
by what they hold. Fixed brackets, not ``\left`` and ``\right``, since a line can be broken between those.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import singledispatchmethod

from symgrad.errors import SymgradError
from symgrad.render.names import MACROS, stem, tex_entry, tex_name
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

BREAK_TERM, BREAK_FACTOR = "\x1e", "\x1f"
"""Marks, in breakable text, before a plus or minus and between factors."""

_MARKS = re.compile(f"[{BREAK_TERM}{BREAK_FACTOR}]")

_SIZES = ("", r"\big", r"\Big", r"\bigg")
"""Brackets, from small to large."""

LOOSE, SUMMAND, FACTOR, ATOM = range(4)
"""How tightly a place holds what stands in it: nothing around, a term of a sum, a factor, a base."""

FUNCTIONS = {
    "log": r"\log",
    "sin": r"\sin",
    "cos": r"\cos",
    "tanh": r"\tanh",
    "max": r"\max",
    "min": r"\min",
    "sigmoid": r"\sgsigma",
    "softplus": r"\operatorname{softplus}",
    "relu": r"\operatorname{ReLU}",
    "sign": r"\operatorname{sign}",
    "erf": r"\operatorname{erf}",
    "softmax": r"\operatorname{softmax}",
    "diag": r"\operatorname{diag}",
    "arccos": r"\arccos",
}
"""Functions written as a sign or name before their arguments."""

RELATION = {"=": "=", ">": ">", ">=": r"\ge", "!=": r"\ne", ":=": r"\sgdef", "in": r"\in"}


def binding(shape: Shape) -> int:
    """The tightest place in which ``shape`` stands without brackets."""
    match shape:
        case Related():
            return LOOSE
        case Negative() | Sums():
            return LOOSE
        case Summed() | Product():
            return SUMMAND
        case Quotient() | Raised() | Transposed() | Derivative() | Gradient():
            return FACTOR
        case Called(function, _) if function in {"exp", "sqrt"}:
            return FACTOR
    return ATOM


class Latex:
    r"""Writes shapes.

    Args:
        macros: use the notation of symgrad-macros.tex; without, plain commands and growing brackets, for places that
            know no macros (Markdown, MathML).
        inline: derivatives on one line, for formulas among words.

    Example:
        >>> from symgrad.render.shapes import Product, Sums, Symbol
        >>> Latex()(Product((Sums((Symbol("a"), Symbol("b"))), Symbol("x", ("n",)))))
        '(a + b)\\,x_{n}'
    """

    def __init__(self, *, macros: bool = True, inline: bool = False) -> None:
        self.macros, self.inline = macros, inline

    def __call__(self, shape: Shape) -> str:
        """``shape`` as LaTeX."""
        return _MARKS.sub("", self.breakable(shape))

    def breakable(self, shape: Shape) -> str:
        """``shape`` as LaTeX with marks where a line may be broken."""
        text = self.write(shape)
        return text if self.macros else re.sub(r"\\(sg[A-Za-z]+)", lambda found: MACROS[found[1]], text)

    def inside(self, shape: Shape, place: int) -> str:
        """``shape`` in a place, in brackets if it binds less tightly."""
        text = self.write(shape)
        own = SUMMAND if self.inline and isinstance(shape, Derivative) else binding(shape)
        return self.bracket(text) if own < place else text

    def bracket(self, text: str) -> str:
        """Brackets as high as what they hold."""
        tall = 2 if re.search(r"\\(frac|sgpd|sum|max_)", text) else 1 if r"\sgT" in text else 0
        bare = re.sub(r"[_^]\{[^{}]*\}", "", text)  # brackets in a script are small
        inner = max((size + 1 for size, mark in enumerate(_SIZES) if (f"{mark}l(" if mark else "(") in bare), default=0)
        size = min(max(tall, inner), len(_SIZES) - 1)
        if not size:
            return f"({text})"
        if not self.macros:
            return rf"\left({text}\right)"
        return rf"{_SIZES[size]}l({text}{_SIZES[size]}r)"

    @singledispatchmethod
    def write(self, shape: Shape) -> str:
        """``shape`` as LaTeX, without brackets around it."""
        raise SymgradError(f"no LaTeX for the shape {type(shape).__name__}")

    @write.register
    def _integer(self, shape: Integer) -> str:
        return str(shape.value)

    @write.register
    def _symbol(self, shape: Symbol) -> str:
        if shape.role == "delta":
            return tex_entry("delta", shape.indices)
        if shape.role in {"vector", "matrix"}:
            return self._bold(shape)
        return tex_entry(shape.name, shape.indices) if shape.indices else tex_name(shape.name)

    @staticmethod
    def _bold(shape: Symbol) -> str:
        """Only the letter is bold: layer numbers are not vectors, and an entry of a vector is none."""
        letter, above, below = stem(shape.name)
        command = r"\sgvec" if shape.role == "vector" else r"\sgmat"
        whole = f"{command}{{{letter}}}" + (f"_{{{below}}}" if below else "") + (f"^{{{above}}}" if above else "")
        if not shape.indices:
            return whole
        _, _, indices = tex_entry("x", shape.indices).partition("_")
        return f"({whole})_{indices}"

    @write.register
    def _ones(self, _: Ones) -> str:
        return r"\sgones"

    @write.register
    def _space(self, shape: Space) -> str:
        sizes = r" \times ".join(map(tex_name, shape.sizes))
        return r"\sgR" + (f"^{{{sizes}}}" if sizes else "")

    @write.register
    def _related(self, shape: Related) -> str:
        return f"{self.write(shape.left)} {RELATION[shape.relation]} {self.write(shape.right)}"

    @write.register
    def _negative(self, shape: Negative) -> str:
        return "-" + self.inside(shape.body, SUMMAND)

    @write.register
    def _sums(self, shape: Sums) -> str:
        text = (
            self.write(shape.terms[0]) if isinstance(shape.terms[0], Negative) else self.inside(shape.terms[0], SUMMAND)
        )
        for term in shape.terms[1:]:
            sign, body = ("-", term.body) if isinstance(term, Negative) else ("+", term)
            text += f"{BREAK_TERM} {sign} {self.inside(body, SUMMAND)}"
        return text

    @write.register
    def _product(self, shape: Product) -> str:
        last = len(shape.factors) - 1
        text = ""
        for k, factor in enumerate(shape.factors):
            # A big sum reaches to the end of its product, so only the last factor may be one without brackets.
            open_end = k == last and isinstance(factor, Summed) and not shape.entrywise
            written = self.inside(factor, SUMMAND if open_end else FACTOR)
            text += (self._between(shape, k) if k else "") + written
        return text

    @staticmethod
    def _between(shape: Product, k: int) -> str:
        """What stands between factor ``k - 1`` and factor ``k``."""
        left, right = shape.factors[k - 1], shape.factors[k]
        if shape.entrywise:
            return rf"{BREAK_FACTOR} \odot "
        if isinstance(right, Integer) or left == Integer(1) or left == Integer(0):
            return r" \cdot "
        if isinstance(left, Integer) and isinstance(right, Quotient):
            return r" \cdot "
        short = (Symbol, Transposed, Ones)
        if isinstance(left, (*short, Integer)) and isinstance(right, short) and not _long(left) and not _long(right):
            return " "
        tight = isinstance(right, Summed) or (isinstance(left, Transposed) and isinstance(right, Sums))
        return BREAK_FACTOR if tight else BREAK_FACTOR + r"\,"

    @write.register
    def _quotient(self, shape: Quotient) -> str:
        return rf"\frac{{{self.write(shape.above)}}}{{{self.write(shape.below)}}}"

    @write.register
    def _raised(self, shape: Raised) -> str:
        if shape.exponent == Fraction(1, 2) and not shape.entrywise:
            return rf"\sqrt{{{self.write(shape.base)}}}"
        base = self.inside(shape.base, ATOM)
        if base == self.write(shape.base) and "^" in base and isinstance(shape.base, Symbol):
            base = self.bracket(base)
        exponent = shape.exponent
        over = str(exponent) if exponent.denominator == 1 else f"{exponent.numerator}/{exponent.denominator}"
        return f"{base}^{{\\odot {over}}}" if shape.entrywise else f"{base}^{{{over}}}"

    @write.register
    def _transposed(self, shape: Transposed) -> str:
        text = self.inside(shape.body, ATOM)
        if isinstance(shape.body, Symbol) and "^" in text:
            text = f"({text})"
        return text + (r"\sgT" if self.macros else r"^{\top}")

    @write.register
    def _called(self, shape: Called) -> str:
        written = [self.write(a) for a in shape.arguments]
        match shape.function:
            case "pi":
                return r"\pi"
            case "exp":
                return rf"\sge^{{{written[0]}}}"
            case "abs":
                return rf"\left|{written[0]}\right|"
            case "step":
                return rf"\mathbf{{1}}[{written[0]} > 0]"
            case "chosen":
                return rf"\mathbf{{1}}[{written[0]} = {written[1]}]"
        name = r"\operatorname{sigmoid}" if shape.spelled and shape.function == "sigmoid" else FUNCTIONS[shape.function]
        name += "'" if shape.primed else ""
        return name + (f"_{{{tex_name(shape.letter)}}}" if shape.letter else "") + self.bracket(", ".join(written))

    @write.register
    def _summed(self, shape: Summed) -> str:
        if shape.largest:
            under = rf"1 \le {tex_name(shape.letter)} \le {tex_name(shape.size)}"
            return rf"\max_{{{under}}} {self.inside(shape.body, SUMMAND)}"
        head = rf"\sum_{{{tex_name(shape.letter)}=1}}^{{{tex_name(shape.size)}}}"
        body = self.inside(shape.body, SUMMAND)
        return head + ("" if body.startswith(("\\", "(")) else " ") + body

    @write.register
    def _derivative(self, shape: Derivative) -> str:
        sign = r"\partial^{+}" if shape.immediate else r"\partial"
        simple = isinstance(shape.body, Symbol) or (isinstance(shape.body, Called) and _flat(shape.body))
        above = self.write(shape.body) if simple else ""
        below = self.write(shape.wrt)
        if self.inline:
            return rf"{sign} {above if simple else self.bracket(self.write(shape.body))}/\partial {below}"
        if self.macros and not shape.immediate:
            text = rf"\sgpd{{{above}}}{{{below}}}"
        else:
            text = rf"\frac{{{sign} {above}}}{{\partial {below}}}"
        return text if simple else text + self.bracket(self.write(shape.body))

    @write.register
    def _gradient(self, shape: Gradient) -> str:
        return rf"\sggrad{{{self.write(shape.wrt)}}}{self.inside(shape.body, FACTOR)}"


def _long(shape: Shape) -> bool:
    """Whether a name is longer than a letter, so that it needs air on both sides."""
    name = shape.name if isinstance(shape, Symbol) else ""
    return "mathrm" in tex_name(name) if name else False


def _flat(shape: Called) -> bool:
    """Whether a function is applied to plain entries only."""
    return all(isinstance(a, Symbol) for a in shape.arguments) and shape.function not in {"step", "abs"}
