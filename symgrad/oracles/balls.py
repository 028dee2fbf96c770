"""Values of terms at a point: exact rationals where possible, else balls that certainly contain the value.

Nothing here is shared with the kernel's rules: a term is read, never rewritten. Index values count from 0. The meaning
is the kernel's (real-valued, total), but a point where a formula is undefined, or where a kink may be hit, is reported
instead of being given the conventional value, so that callers can skip it.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import isqrt, prod
from typing import TYPE_CHECKING

from flint import arb, ctx, fmpq

from symgrad.errors import IllFormedError, LimitError
from symgrad.kernel.terms import Apply, Delta, Entry, Index, Largest, Number, Plus, Power, Size, Sum, Term, Times

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from symgrad.kernel.program import Definition, Program
    from symgrad.kernel.terms import Position

Real = Fraction | arb
"""A value: exact, or a ball that contains it."""

BITS = 200
"""Working precision of balls."""

_LARGEST_EXACT = 1 << 14
"""Rationals of more bits become balls, so that repeated squaring stays cheap."""


class Undefined(ArithmeticError):  # noqa: N818 - it names a state of the point, not a fault
    """The term is, or may be, undefined or not smooth at the point; the text says where."""


@dataclass(frozen=True)
class Point:
    """Sizes, and a value for every entry of every data and parameter tensor.

    Attributes:
        sizes: the value of each size.
        values: for each tensor, its entries by index tuple, counted from 0.
    """

    sizes: Mapping[str, int]
    values: Mapping[str, Mapping[tuple[int, ...], Fraction]]


def ball(value: Real) -> arb:
    """``value`` as a ball at the working precision."""
    return arb(fmpq(value.numerator, value.denominator)) if isinstance(value, Fraction) else value


def whole_power(value: arb, exponent: int) -> arb:
    """A whole power by multiplication: flint's own power of a ball around zero is not a number."""
    found = prod([value] * abs(exponent), start=arb(1))
    return found if exponent >= 0 else 1 / found


def separated(a: Real, b: Real) -> bool:
    """Whether the two values are certainly different."""
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        return a != b
    with ctx.workprec(BITS):
        return not ball(a).overlaps(ball(b))


def equal_exactly(a: Real, b: Real) -> bool:
    """Whether the two values are certainly equal: both exact, and the same rational."""
    return isinstance(a, Fraction) and isinstance(b, Fraction) and a == b


def difference(a: Real, b: Real) -> Real:
    """The first value less the second."""
    with ctx.workprec(BITS):
        return _plus(a, _times(Fraction(-1), b))


def sign_of(value: Real) -> int | None:
    """-1, 0 or 1 where it is certain, else ``None``."""
    if isinstance(value, Fraction):
        return (value > 0) - (value < 0)
    return 1 if value > 0 else -1 if value < 0 else 0 if value == 0 else None


def _root(value: int, degree: int) -> int | None:
    """The exact ``degree``-th root of a natural number, if it is one."""
    if degree == 2:
        found = isqrt(value)
        return found if found * found == value else None
    low, high = 0, 1 << (value.bit_length() // degree + 1)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**degree <= value else (low, middle - 1)
    return low if low**degree == value else None


def _bits(value: Fraction) -> int:
    return max(value.numerator.bit_length(), value.denominator.bit_length())


def _tamed(value: Real) -> Real:
    return ball(value) if isinstance(value, Fraction) and _bits(value) > _LARGEST_EXACT else value


def _plus(a: Real, b: Real) -> Real:
    return a + b if isinstance(a, Fraction) and isinstance(b, Fraction) else ball(a) + ball(b)


def _times(a: Real, b: Real) -> Real:
    if isinstance(a, Fraction):
        if isinstance(b, Fraction):
            return a * b
        if a == 0:
            return a
    elif isinstance(b, Fraction) and b == 0:
        return b
    return ball(a) * ball(b)


_SMOOTH: dict[str, Callable[[arb], arb]] = {
    "exp": lambda x: x.exp(),
    "sin": lambda x: x.sin(),
    "cos": lambda x: x.cos(),
    "tanh": lambda x: x.tanh(),
    "sigmoid": lambda x: 1 / (1 + (-x).exp()),
    "softplus": lambda x: (-x).exp().log1p() + x if x > 0 else x.exp().log1p(),
    "erf": lambda x: x.erf(),
}
"""Functions defined and smooth everywhere, on balls."""

_AT_ZERO = {
    "exp": Fraction(1),
    "sin": Fraction(0),
    "cos": Fraction(1),
    "tanh": Fraction(0),
    "sigmoid": Fraction(1, 2),
    "erf": Fraction(0),
}
"""Their rational values at zero."""

_ONE_SIDED: dict[str, Callable[[Real, int], Real]] = {
    "relu": lambda x, s: x if s > 0 else Fraction(0),
    "abs": lambda x, s: x if s >= 0 else -x,
    "sign": lambda _, s: Fraction(s),
    "step": lambda _, s: Fraction(int(s > 0)),
}
"""Kinked functions of one argument, given its sign."""


class Evaluator:
    """Evaluates Partial-free terms of a program at one point.

    Definitions, and the ``extra`` ones given here (adjoints, say), are evaluated entry by entry when first needed.

    Args:
        program: declares the tensors.
        point: their values.
        extra: further definitions that terms may mention.
        bits: working precision of balls.
        total: give what is certainly undefined or at a kink the kernel's conventional value (1/0 = 0, log and
            fractional powers 0 outside their domain, step(0) = sign(0) = 0) instead of raising ``Undefined``.

    Example:
        >>> from symgrad.kernel.program import Definition, Program, Tensor
        >>> from symgrad.kernel.terms import sigma
        >>> n = Index("n", "N")
        >>> program = Program("N", (Tensor("x", "data", ("N",)),), ())
        >>> point = Point({"N": 2}, {"x": {(0,): Fraction(1, 2), (1,): Fraction(3)}})
        >>> Evaluator(program, point).value(sigma(n, Entry("x", (n,))), {})
        Fraction(7, 2)
    """

    def __init__(
        self,
        program: Program,
        point: Point,
        extra: tuple[Definition, ...] = (),
        bits: int = BITS,
        *,
        total: bool = False,
    ) -> None:
        self._point, self._bits, self._total = point, bits, total
        self._bodies = {**program.bodies, **{d.name: d for d in extra}}
        self._known: dict[tuple[str, tuple[int, ...]], Real] = {}

    def value(self, term: Term, at: Mapping[Index, int]) -> Real:
        """The value of ``term`` where its free letters have the values ``at``, counted from 0.

        Raises:
            Undefined: if a denominator, the argument of a log or fractional power, or that of a kinked function is
                not certainly in the domain and away from the kink.
            IllFormedError: if a tensor or letter has no value, or the term holds a derivative.
            LimitError: if definitions and formulas nest too deeply.
        """
        try:
            with ctx.workprec(self._bits):
                return self._value(term, at, ())
        except RecursionError:
            raise LimitError("the formulas nest too deeply to be evaluated") from None

    def _index(self, position: Position, at: Mapping[Index, int], bound: tuple[int, ...]) -> int:
        if isinstance(position, int):
            return bound[-1 - position]
        try:
            return at[position]
        except KeyError:
            raise IllFormedError(f"the letter {position} has no value here") from None

    def _entry(self, tensor: str, where: tuple[int, ...]) -> Real:
        values = self._point.values.get(tensor)
        if values is not None:
            return values[where]
        known = self._known.get((tensor, where))
        if known is None:
            definition = self._bodies.get(tensor)
            if definition is None:
                raise IllFormedError(f"the tensor {tensor} has no value here")
            known = self._value(definition.body, dict(zip(definition.letters, where, strict=True)), ())
            self._known[tensor, where] = known
        return known

    def _value(self, term: Term, at: Mapping[Index, int], bound: tuple[int, ...]) -> Real:
        match term:
            case Number(value):
                return value
            case Size(name):
                return Fraction(self._point.sizes[name])
            case Entry(tensor, indices):
                return self._entry(tensor, tuple(self._index(i, at, bound) for i in indices))
            case Delta(left, right):
                return Fraction(int(self._index(left, at, bound) == self._index(right, at, bound)))
            case Plus(terms):
                total: Real = Fraction(0)
                for part in terms:
                    total = _plus(total, self._value(part, at, bound))
                return _tamed(total)
            case Sum(size, body):
                total = Fraction(0)
                for i in range(self._point.sizes[size]):
                    total = _plus(total, self._value(body, at, (*bound, i)))
                return _tamed(total)
            case Largest(size, body):
                return self._largest([self._value(body, at, (*bound, i)) for i in range(self._point.sizes[size])])
            case Times(factors):
                product: Real = Fraction(1)
                for part in factors:
                    product = _times(product, self._value(part, at, bound))
                return _tamed(product)
            case Power(base, exponent):
                return _tamed(self._power(self._value(base, at, bound), exponent))
            case Apply(function, arguments):
                return self._apply(function, [self._value(a, at, bound) for a in arguments])
        raise IllFormedError(f"a {type(term).__name__} has no numeric value here")

    def _power(self, base: Real, exponent: Fraction) -> Real:
        sign = sign_of(base)
        whole = exponent.denominator == 1
        if exponent < 0 if whole else True:
            domain = sign not in {0, None} if whole else sign == 1
            if not domain:
                if self._total and sign is not None:
                    return Fraction(0)
                raise Undefined(
                    "a denominator may be zero" if whole else "the base of a fractional power may not be positive"
                )
        if isinstance(base, Fraction) and abs(exponent.numerator) * _bits(base) <= _LARGEST_EXACT:
            if whole:
                return base**exponent.numerator
            above, below = _root(base.numerator, exponent.denominator), _root(base.denominator, exponent.denominator)
            if above is not None and below is not None:
                return Fraction(above, below) ** exponent.numerator
        value = ball(base)
        return whole_power(value, exponent.numerator) if whole else value ** ball(exponent)

    def _apply(self, function: str, arguments: list[Real]) -> Real:
        if function == "pi":
            return arb.pi()
        if function in {"max", "min"}:
            u, v = arguments
            side = self._side(function, _plus(u, _times(Fraction(-1), v)))
            return u if (side >= 0) == (function == "max") else v
        (x,) = arguments
        if function in _ONE_SIDED:
            return _ONE_SIDED[function](x, self._side(function, x))
        if function == "log":
            sign = sign_of(x)
            if sign != 1:
                if self._total and sign is not None:
                    return Fraction(0)
                raise Undefined("the argument of log may not be positive")
            return Fraction(0) if x == 1 and isinstance(x, Fraction) else ball(x).log()
        if isinstance(x, Fraction) and x == 0 and function in _AT_ZERO:
            return _AT_ZERO[function]
        if function not in _SMOOTH:
            raise IllFormedError(f"the function {function} has no numeric value here")
        return _SMOOTH[function](ball(x))

    def _largest(self, values: list[Real]) -> Real:
        """The largest value; ties are kinks."""
        best = values[0]
        for value in values[1:]:
            if self._side("max", _plus(value, _times(Fraction(-1), best))) > 0:
                best = value
        return best

    def _side(self, function: str, argument: Real) -> int:
        sign = sign_of(argument)
        if sign is None or (sign == 0 and not self._total):
            raise Undefined(f"{function} may be at its kink")
        return sign
