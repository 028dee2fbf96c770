"""Terms as SymPy expressions and back, through a closed set of nodes.

SymPy tells symbols apart by name *and* assumptions, so two spellings of one name would silently differentiate to zero.
Hence one constructor per kind of name here, and a symbol made in any other way is refused on the way back.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any

import sympy

from symgrad.errors import IllFormedError, InputError
from symgrad.kernel.terms import (
    ONE,
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
    opened,
    sigma,
)
from symgrad.lang.source import MAX_DEPTH, suggestion
from symgrad.lang.text import Printer
from symgrad.lang.words import paired

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from symgrad.kernel.program import Tensor

_EXACT_DIGITS = 12
"""A float of at most so many decimal digits is what somebody typed, not what a computation left over."""


def no_text(value: Any) -> sympy.Basic:
    """``value`` as a SymPy object; a text never is one, since SymPy reads texts by running them as Python.

    Raises:
        InputError: if it is a text, or anything else that SymPy could only guess at.
    """
    try:
        return sympy.sympify(value, strict=True)
    except (sympy.SympifyError, TypeError, ValueError):
        shown = f"{value[:60]!r}, a text," if isinstance(value, str) else type(value).__name__
        raise InputError(f"{shown} is not a formula, expected a SymPy expression or a number") from None


class _RealFunction(sympy.Function):
    """A function of one argument, real on the reals, that SymPy evaluates in numbers only."""

    nargs = 1

    def __new__(cls, *arguments: Any, **options: Any) -> Any:
        return super().__new__(cls, *map(no_text, arguments), **options)

    def written_out(self) -> sympy.Expr:
        """The same function of SymPy's own."""
        raise NotImplementedError

    def _eval_evalf(self, prec: int) -> sympy.Expr:
        return self.written_out()._eval_evalf(prec)

    def _eval_is_real(self) -> bool | None:
        return True if self.args[0].is_real else None


class sigmoid(_RealFunction):  # noqa: N801, the name that SymPy prints
    """1 / (1 + exp(-x))."""

    def fdiff(self, _argindex: int = 1) -> sympy.Expr:
        """The derivative."""
        return self * (1 - self)

    def written_out(self) -> sympy.Expr:
        """The definition."""
        return 1 / (1 + sympy.exp(-self.args[0]))

    def _eval_is_positive(self) -> bool | None:
        return self._eval_is_real()


class softplus(_RealFunction):  # noqa: N801
    """log(1 + exp(x))."""

    def fdiff(self, _argindex: int = 1) -> sympy.Expr:
        """The derivative."""
        return sigmoid(self.args[0])

    def written_out(self) -> sympy.Expr:
        """The definition."""
        return sympy.log(1 + sympy.exp(self.args[0]))

    def _eval_is_positive(self) -> bool | None:
        return self._eval_is_real()


class relu(_RealFunction):  # noqa: N801
    """max(x, 0)."""

    def fdiff(self, _argindex: int = 1) -> sympy.Expr:
        """The derivative where x is not zero."""
        return step(self.args[0])

    def written_out(self) -> sympy.Expr:
        """The definition."""
        return sympy.Max(self.args[0], 0)

    def _eval_is_nonnegative(self) -> bool | None:
        return self._eval_is_real()


class step(_RealFunction):  # noqa: N801
    """1 where x is positive, else 0."""

    def fdiff(self, _argindex: int = 1) -> sympy.Expr:
        """The derivative where x is not zero."""
        return sympy.S.Zero

    def written_out(self) -> sympy.Expr:
        """The definition."""
        return sympy.Heaviside(self.args[0], 0)

    def _eval_is_nonnegative(self) -> bool | None:
        return self._eval_is_real()


class largest(sympy.Function):  # noqa: N801
    """The largest value of its first argument over the index letter that is its second: SymPy has no such maximum."""

    nargs = 2

    def __new__(cls, *arguments: Any, **options: Any) -> Any:
        """As SymPy makes it, but of no text."""
        return super().__new__(cls, *map(no_text, arguments), **options)

    @property
    def bound_symbols(self) -> list[sympy.Basic]:
        """The letter."""
        return [self.args[1]]

    @property
    def free_symbols(self) -> set[sympy.Basic]:
        """All but the letter and its range."""
        return set(self.args[0].free_symbols) - set(self.args[1].free_symbols)


_FUNCTIONS: dict[str, Any] = {
    "exp": sympy.exp,
    "log": sympy.log,
    "sin": sympy.sin,
    "cos": sympy.cos,
    "tanh": sympy.tanh,
    "sigmoid": sigmoid,
    "softplus": softplus,
    "relu": relu,
    "abs": sympy.Abs,
    "sign": sympy.sign,
    "step": step,
    "erf": sympy.erf,
    "max": sympy.Max,
    "min": sympy.Min,
}
_NAMES = {made: name for name, made in _FUNCTIONS.items()}


@cache
def size_symbol(name: str) -> sympy.Symbol:
    """The one SymPy symbol of a size."""
    return sympy.Symbol(name, integer=True, positive=True)


@cache
def letter_symbol(letter: Index) -> sympy.Idx:
    """The one SymPy index of a letter; it carries its range, 1..size."""
    return sympy.Idx(letter.name, (1, size_symbol(letter.size)))


class _Base(sympy.IndexedBase):
    """A base that no text can index: SymPy would run it as Python."""

    def __getitem__(self, indices: Any, **options: Any) -> Any:
        for index in indices if isinstance(indices, tuple | sympy.Tuple) else (indices,):
            no_text(index)
        return super().__getitem__(indices, **options)


_Base.__name__ = "IndexedBase"  # SymPy sorts by the names of classes


@cache
def tensor_symbol(name: str, *, scalar: bool) -> sympy.Symbol | sympy.IndexedBase:
    """The one SymPy object of a tensor: a real symbol, or a base to be indexed."""
    return sympy.Symbol(name, real=True) if scalar else _Base(name, real=True)


def to_sympy(term: Term, letters: Iterable[Index] = ()) -> sympy.Expr:
    """``term`` as a SymPy expression; SymPy evaluates while it is built.

    Args:
        term: without derivatives that hold other tensors fixed.
        letters: from which the letters of sums are chosen.

    Raises:
        InputError: if the term holds a derivative that SymPy has no word for, or SymPy refuses what it evaluates to,
            such as a maximum of infinities.
    """
    try:
        return _Writer(Printer(tuple(letters))).expression(term, frozenset())
    except (TypeError, ValueError) as error:
        raise InputError(f"SymPy cannot hold this term: {error}") from None


class _Writer:
    def __init__(self, printer: Printer) -> None:
        self.printer = printer

    def expression(self, term: Term, around: frozenset[str]) -> sympy.Expr:
        match term:
            case Number(value):
                return sympy.Rational(value.numerator, value.denominator)
            case Size(name):
                return size_symbol(name)
            case Entry(tensor, indices):
                base = tensor_symbol(tensor, scalar=not indices)
                return base[tuple(map(_symbol, indices))] if indices else base
            case Delta(left, right):
                return sympy.KroneckerDelta(_symbol(left), _symbol(right))
            case Plus(parts):
                return sympy.Add(*(self.expression(part, around) for part in parts))
            case Times(parts):
                return sympy.Mul(*(self.expression(part, around) for part in parts))
            case Power(base, exponent):
                value = sympy.Rational(exponent.numerator, exponent.denominator)
                return sympy.Pow(self.expression(base, around), value)
            case Apply("pi", ()):
                return sympy.pi
            case Apply(function, arguments):
                return _FUNCTIONS[function](*(self.expression(argument, around) for argument in arguments))
            case Sum(size, body):
                letter = self.printer.fresh(term, around)
                inside = self.expression(opened(body, letter), around | {letter.name})
                return sympy.Sum(inside, (letter_symbol(letter), 1, size_symbol(size)))
            case Largest(_, body):
                letter = self.printer.fresh(term, around)
                inside = self.expression(opened(body, letter), around | {letter.name})
                return largest(inside, letter_symbol(letter))
            case Partial(body, wrt, True):
                return sympy.Derivative(self.expression(body, around), self.expression(wrt, around))
        raise InputError(
            f"{type(term).__name__} has no counterpart in SymPy, expected a term without direct derivatives"
        )


def _symbol(position: Index | int) -> sympy.Idx:
    if isinstance(position, int):
        raise IllFormedError("an index stands outside the sum that binds it")
    return letter_symbol(position)


def from_sympy(expression: Any, letters: Iterable[Index] = (), tensors: Mapping[str, Tensor] | None = None) -> Term:
    """The term of a SymPy expression, or of a Python number.

    Sums become nested sums over 1..size, ``Max`` of several things nested maxima. ``Heaviside`` is read as ``step``:
    the two differ at 0 only, where every theorem that uses a step has the hypothesis that it is not.

    Args:
        expression: made of what ``indices``, ``data`` and ``parameters`` gave, or of what ``to_sympy`` gave.
        letters: what plain integer symbols may stand for as indices; a SymPy ``Idx`` knows its range itself.
        tensors: if given, what may be mentioned; ranks and sizes are then checked.

    Raises:
        InputError: for any other node, naming it; for a float that is not a short decimal; for a symbol with the name
            of a tensor but other assumptions; for an index of another size.
    """
    return _Reader({letter.name: letter for letter in letters}, tensors).term(expression, {}, 0)


class _Reader:
    def __init__(self, letters: Mapping[str, Index], tensors: Mapping[str, Tensor] | None) -> None:
        self.letters, self.tensors = letters, tensors

    def term(self, e: Any, bound: Mapping[sympy.Basic, Index], depth: int) -> Term:
        """The term of ``e`` inside ``depth`` nodes and the sums that bind ``bound``."""
        if depth > MAX_DEPTH:
            raise InputError(f"the expression nests too deep, expected at most {MAX_DEPTH} levels")
        if isinstance(e, (int, Fraction)) and not isinstance(e, bool):
            return Number(Fraction(e))
        if isinstance(e, float):
            return Number(_decimal(e))
        if not isinstance(e, sympy.Basic):
            raise InputError(f"{type(e).__name__} is not a formula, expected a SymPy expression or a number")
        if isinstance(e, sympy.Rational):
            return Number(Fraction(int(e.p), int(e.q)))
        if isinstance(e, sympy.Float):
            return Number(_decimal(float(e)))
        if e is sympy.pi:
            return Apply("pi", ())
        if e is sympy.E:
            return Apply("exp", (ONE,))
        inner = depth + 1
        if isinstance(e, sympy.Add):
            return Plus(tuple(self.term(part, bound, inner) for part in e.as_ordered_terms()))
        if isinstance(e, sympy.Mul):
            return Times(paired([self.term(part, bound, inner) for part in e.as_ordered_factors()]))
        if isinstance(e, sympy.Pow):
            return self._power(e, bound, inner)
        if isinstance(e, sympy.Indexed):
            return self._entry(e, bound)
        if isinstance(e, sympy.Symbol | sympy.Idx):
            return self._scalar(e)
        if isinstance(e, sympy.Sum):
            return self._sum(e, bound, inner)
        if isinstance(e, largest):
            free = self._letter(e.args[1], {})
            inside = Index(f"{free.name}'{inner}", free.size)
            return sigma(inside, self.term(e.args[0], {**bound, e.args[1]: inside}, inner), Largest)
        if isinstance(e, sympy.KroneckerDelta):
            left, right = (self._letter(index, bound) for index in e.args[:2])
            if left.size != right.size:
                raise IllFormedError(f"{e}: {left} runs over {left.size} but {right} over {right.size}")
            return Delta(left, right)
        if isinstance(e, sympy.Derivative):
            return self._derivative(e, bound, inner)
        if isinstance(e, sympy.Heaviside):
            return Apply("step", (self.term(e.args[0], bound, inner),))
        return self._apply(e, bound, inner)

    def _apply(self, e: sympy.Basic, bound: Mapping[sympy.Basic, Index], depth: int) -> Term:
        name = _NAMES.get(e.func)
        if name is None:
            shown = str(e)
            what = f"{type(e).__name__} is not in the language"
            raise InputError(f"{what}: {shown if len(shown) <= 60 else shown[:60] + '...'}")
        parts = [self.term(argument, bound, depth) for argument in e.args]
        if name not in {"max", "min"}:
            return Apply(name, tuple(parts))
        made = parts.pop()
        while parts:
            made = Apply(name, (parts.pop(), made))
        return made

    def _power(self, e: sympy.Pow, bound: Mapping[sympy.Basic, Index], depth: int) -> Term:
        exponent = self.term(e.exp, bound, depth)
        base = self.term(e.base, bound, depth)
        if not isinstance(exponent, Number):
            raise InputError(f"{e}: the exponent {e.exp} is not a number, expected exp or a rational exponent")
        return Power(base, exponent.value)

    def _entry(self, e: sympy.Indexed, bound: Mapping[sympy.Basic, Index]) -> Entry:
        name = str(e.base)
        if e.base != tensor_symbol(name, scalar=False):
            raise InputError(f"{e}: {name} was made in another way than data, parameters or define make it")
        made = Entry(name, tuple(self._letter(index, bound) for index in e.indices))
        self._check(made)
        return made

    def _scalar(self, e: sympy.Symbol | sympy.Idx) -> Term:
        if isinstance(e, sympy.Symbol) and e == size_symbol(e.name):
            return Size(e.name)
        if isinstance(e, sympy.Idx) or e.is_integer:
            raise InputError(f"{e} is an index letter, expected a tensor, a number or a function")
        if e != tensor_symbol(e.name, scalar=True):
            raise InputError(f"{e} was made in another way than data, parameters or define make it")
        made = Entry(e.name, ())
        self._check(made)
        return made

    def _check(self, entry: Entry) -> None:
        """Whether ``entry`` is of a declared tensor and fits its shape."""
        if self.tensors is None:
            return
        tensor = self.tensors.get(entry.tensor)
        if tensor is None:
            raise IllFormedError(f"undeclared name {entry.tensor}{suggestion(entry.tensor, self.tensors)}")
        sizes = tuple(i.size for i in entry.indices if isinstance(i, Index))
        if sizes != tensor.shape:
            shown = f"{entry.tensor}[{', '.join(map(str, entry.indices))}]" if entry.indices else entry.tensor
            wanted, given = (f"({', '.join(shape)})" for shape in (tensor.shape, sizes))
            raise IllFormedError(f"{shown}: the indices run over {given}, expected {wanted}")

    def _letter(self, e: sympy.Basic, bound: Mapping[sympy.Basic, Index]) -> Index:
        if e in bound:
            return bound[e]
        if isinstance(e, sympy.Idx) and isinstance(e.upper, sympy.Symbol):
            letter = Index(str(e.label), e.upper.name)
            if e == letter_symbol(letter):
                return letter
        if isinstance(e, sympy.Symbol) and e.is_integer and e.name in self.letters:
            return self.letters[e.name]
        raise InputError(f"{e} is not an index letter, expected one that indices gave")

    def _sum(self, e: sympy.Sum, bound: Mapping[sympy.Basic, Index], depth: int) -> Term:
        letters = []
        inside = dict(bound)
        for limit in reversed(e.limits):  # SymPy writes the innermost sum first
            symbol, lower, upper = limit if len(limit) == 3 else (*limit, None, None)
            if lower != 1 or not isinstance(upper, sympy.Symbol) or upper != size_symbol(upper.name):
                raise InputError(f"{e}: the sum does not run from 1 to a size, expected one such as Sum(f, d)")
            name = str(symbol.label) if isinstance(symbol, sympy.Idx) else symbol.name
            # A name that no letter can have: a bound letter must not meet a free one of the same name.
            inside[symbol] = Index(f"{name}'{depth}", upper.name)
            letters.append(inside[symbol])
        made = self.term(e.function, inside, depth)
        for letter in reversed(letters):
            made = sigma(letter, made)
        return made

    def _derivative(self, e: sympy.Derivative, bound: Mapping[sympy.Basic, Index], depth: int) -> Term:
        wrt = self.term(e.variables[0], bound, depth)
        if len(e.variables) != 1 or not isinstance(wrt, Entry):
            raise InputError(f"{e} is not a first derivative with respect to one entry")
        return Partial(self.term(e.expr, bound, depth), wrt, total=True)


def _decimal(value: float) -> Fraction:
    """The decimal that a float was typed as."""
    shown = repr(value)
    digits = shown.partition("e")[0].replace(".", "").replace("-", "").strip("0")
    if value - value != 0 or "e" in shown or len(digits) > _EXACT_DIGITS:
        raise InputError(f"{shown} is not exact, expected a rational number such as Rational(1, 3)")
    return Fraction(Decimal(shown))
