"""Terms as NumPy expressions over whole arrays: what is summed becomes a matrix product wherever it can."""

from __future__ import annotations

import keyword
import re
from collections import Counter
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from symgrad.errors import InputError
from symgrad.export.numpy import patterns
from symgrad.kernel import terms as t
from symgrad.kernel.program import mentioned

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from symgrad.export.numpy.plan import Plan
    from symgrad.kernel.program import Definition

SUM, PRODUCT, UNARY, ATOM = range(4)
"""How tightly an expression binds."""

LETTERS = "abcdefghijklmnopqrstuvwxyz"

FUNCTIONS = {
    "exp": "np.exp",
    "log": "np.log",
    "sin": "np.sin",
    "cos": "np.cos",
    "tanh": "np.tanh",
    "abs": "np.abs",
    "sign": "np.sign",
    "max": "np.maximum",
    "min": "np.minimum",
    "sigmoid": "_sigmoid",
    "softplus": "_softplus",
    "step": "_step",
    "relu": "_relu",
    "erf": "_erf",
}
"""The functions of the language; those with an underscore are written into the module."""


@dataclass(frozen=True)
class Array:
    """An expression whose value has one axis for each of ``axes``, in this order.

    Attributes:
        code: the expression.
        axes: the letters.
        binds: how tightly it binds.
        fresh: whether nothing else holds the array, so that it may be written over.
    """

    code: str
    axes: tuple[t.Index, ...]
    binds: int = ATOM
    fresh: bool = False

    def at(self, level: int) -> str:
        """The expression, in brackets if it binds less tightly."""
        return self.code if self.binds >= level else f"({self.code})"


class Names:
    """Python names for tensors and sizes: their own wherever Python and the module leave them free."""

    def __init__(self, taken: Iterable[str]) -> None:
        self.taken = {*keyword.kwlist, *keyword.softkwlist, *taken}
        self.known: dict[tuple[str, str], str] = {}

    def copy(self) -> Names:
        """The same names, for one function that will add its own."""
        made = Names(self.taken)
        made.known = dict(self.known)
        return made

    def of(self, kind: str, name: str) -> str:
        """The Python name of a ``tensor``, a ``size`` or a ``local`` of the module's own."""
        if (kind, name) not in self.known:
            self.known[kind, name] = self.new(name)
        return self.known[kind, name]

    def new(self, name: str) -> str:
        """A name that nothing has yet."""
        while name in self.taken:
            name += "_"
        self.taken.add(name)
        return name


class Body:
    """The body of one function: statements, and the values that they hold.

    Args:
        names: the names of the module.
        plan: says which tensors are labels, which forms are stable, and which axis comes first: the samples'.
        terms: everything that will be asked for, so that what is used twice is computed once.
        functional: whether functions are written where arrays of NumPy have methods and operators of their own, as
            other frameworks need.
    """

    def __init__(self, names: Names, plan: Plan, terms: Iterable[t.Term], *, functional: bool = False) -> None:
        self.functional = functional
        self.names, self.labels, self.stable, self.batch = names.copy(), plan.labels, plan.stable, plan.sample
        self.lines: list[str] = []
        self.functions: set[str] = set()
        self.stored: dict[t.Term, Array] = {}
        self.products: dict[t.Term, Array] = {}
        self.count: Counter[t.Term] = Counter()
        for term in terms:
            self._counted(term)
        self.fresh = 0

    def _counted(self, term: t.Term, depth: int = 0) -> None:
        """Count where a term is used, each sum opened; inside what is computed once, nothing is used again."""
        key, _ = _canonical(term)
        self.count[key] += 1
        if self.count[key] > 1 and not isinstance(term, (t.Times, *t.REDUCTIONS)):
            return
        for part in t.children(term):
            inner = t.opened(part, t.Index(f"_o{depth}", term.size)) if isinstance(term, t.REDUCTIONS) else part
            self._counted(inner, depth + 1)

    # -- statements -----------------------------------------------------------------------------------------------

    def define(self, definition: Definition) -> None:
        """Compute a definition under its own name."""
        start, name = len(self.lines), self.names.of("tensor", definition.name)
        found = self.ordered(self.value(definition.body, definition.letters), definition.letters)
        code = self.exactly(found, definition.letters)
        if found.fresh and code.isidentifier():  # it was made here, under a name of its own
            self.lines[start:] = [re.sub(rf"\b{code}\b", name, line) for line in self.lines[start:]]
        else:
            self.lines.append(f"{name} = {code}")

    def exactly(self, found: Array, letters: Sequence[t.Index]) -> str:
        """The expression with one axis for each of these letters, of full length."""
        if found.axes == tuple(letters):
            return found.code
        shape = ", ".join(self.size(i.size) for i in letters) + ("," if len(letters) == 1 else "")
        code = self.spread(found, letters) if found.axes else self._number_of(found.code)
        return f"np.broadcast_to({code}, ({shape}))"

    def size(self, name: str) -> str:
        """A size as a number."""
        return self.names.of("size", name)

    def store(self, found: Array, name: str = "t") -> Array:
        """Compute a value once, under a new name."""
        if found.binds == ATOM and found.code.isidentifier():
            return found
        stem = self.names.new(f"{name}{self._number()}")
        self.lines.append(f"{stem} = {found.code}")
        return replace(found, code=stem, binds=ATOM, fresh=False)

    def _mine(self, found: Array) -> Array:
        """A fresh value under a name, so that it can be written over."""
        return replace(self.store(found), fresh=True)

    def _number(self) -> int:
        self.fresh += 1
        return self.fresh

    def call(self, function: str, *arguments: str) -> str:
        """A call of one of the module's own functions."""
        self.functions.add(function)
        return f"{function}({', '.join(arguments)})"

    # -- spellings ------------------------------------------------------------------------------------------------

    def _number_of(self, code: str) -> str:
        """A number in the precision that is computed in."""
        if self.functional and code.startswith("_constant(") and code.find(")") == len(code) - 1:
            return code
        return self.call("_constant", code, self.kind()) if self.functional else f"{self.kind()}.type({code})"

    def _reduced(self, how: str, found: Array, at: str, axes: tuple[t.Index, ...]) -> Array:
        """The ``sum`` or ``max`` along some axes."""
        if self.functional:
            return Array(f"np.{how}({found.code}, axis={at})", axes)
        return Array(f"{found.at(ATOM)}.{how}(axis={at})", axes)

    def _matrix_product(self, first: Array, second: Array, axes: tuple[t.Index, ...]) -> Array:
        if self.functional:
            return Array(self.call("_matmul", first.code, second.code), axes)
        return Array(f"{first.at(UNARY)} @ {second.at(UNARY)}", axes, PRODUCT, fresh=len(axes) > 1)

    def taken(self, found: Array, label: str, at: int, axes: tuple[t.Index, ...]) -> Array:
        """The entries along one axis that labels choose."""
        if self.functional:
            return Array(self.call("_take", found.code, label, str(at)), axes)
        if at == 0 and found.code.isidentifier():
            return Array(f"{found.code}[{label}]", axes)
        return Array(f"{found.code}.take({label}, {at})", axes)

    # -- axes -----------------------------------------------------------------------------------------------------

    def ordered(self, found: Array, wanted: Sequence[t.Index]) -> Array:
        """The same value with its axes in the order of ``wanted``, which may name more."""
        order = tuple(i for i in wanted if i in found.axes)
        if order == found.axes:
            return found
        if len(order) != len(found.axes):
            raise InputError(f"an axis of {found.code} is not among those wanted")
        places = ", ".join(str(found.axes.index(i)) for i in order)
        if self.functional:
            return Array(f"np.transpose({found.code}, ({places}))", order)
        return Array(f"{found.at(ATOM)}.{'T' if len(order) == 2 else f'transpose({places})'}", order)

    def spread(self, found: Array, wanted: Sequence[t.Index], level: int = SUM) -> str:
        """The expression, with axes of length one where it lacks one; those in front are left to broadcasting."""
        found = self.ordered(found, wanted)
        missing = [i not in found.axes for i in wanted]
        front = missing.index(False) if not all(missing) else len(missing)
        places = ", ".join("None" if gone else ":" for gone in missing[front:])
        return f"{found.at(ATOM)}[{places}]" if any(missing[front:]) else found.at(level)

    def union(self, arrays: Iterable[Array]) -> tuple[t.Index, ...]:
        """All axes, the samples' first, then those of the largest array."""
        several = sorted((a.axes for a in arrays), key=len, reverse=True)
        found = dict.fromkeys(i for axes in several for i in axes)
        first = [i for i in found if i.size == self.batch.size]
        return (*first, *(i for i in found if i not in first))

    # -- values ---------------------------------------------------------------------------------------------------

    def value(self, term: t.Term, wanted: Sequence[t.Index] = ()) -> Array:
        """The value of a term; ``wanted`` is the order in which its axes are best."""
        known = _recalled(self.stored, term)
        if known is not None:
            return known
        found = self._value(term, tuple(wanted))
        if not mentioned(term) and "(" in found.code and not found.axes:  # NumPy's own float64 would spread
            found = Array(self._number_of(found.code), ())
        heavy = not isinstance(term, t.Entry | t.Number | t.Size) and found.axes
        if heavy and self.count[_canonical(term)[0]] > 1:
            found = replace(self.store(found), fresh=False)
            self._remember(self.stored, term, found)
        return found

    def _remember(self, known: dict[t.Term, Array], term: t.Term, found: Array) -> None:
        """Keep a value for the same term in any letters."""
        key, own = _canonical(term)
        there = {i: _place(k, i) for k, i in enumerate(own)}
        known[key] = replace(found, axes=tuple(there[i] for i in found.axes))

    def _value(self, term: t.Term, wanted: tuple[t.Index, ...]) -> Array:
        special = patterns.match(self, term)
        if special is not None:
            return special
        match term:
            case t.Number(value):
                return _number(value)
            case t.Size(name):
                return Array(self._number_of(self.size(name)) if self.functional else self.size(name), ())
            case t.Entry(tensor, indices):
                return self._entry(tensor, tuple(i for i in indices if isinstance(i, t.Index)))
            case t.Delta(t.Index() as left, t.Index() as right):
                if left == right:
                    return Array("1", ())
                return Array(f"np.eye({self.size(left.size)}, dtype={self.kind()})", (left, right))
            case t.Plus(parts):
                return self._plus(parts, wanted)
            case t.Times():
                return self.product(_factors(term), wanted)
            case t.Power():
                return self.product([term], wanted)
            case t.Apply("pi", ()):
                return Array("np.pi", ())
            case t.Apply(function, arguments):
                return self._apply(function, arguments)
            case t.Sum():
                return self._sum([term], wanted)
            case t.Largest(size, body):
                letter = self.letter(size)
                inner = self.value(t.opened(body, letter))
                axes = tuple(i for i in inner.axes if i != letter)
                return self._reduced("max", inner, str(inner.axes.index(letter)), axes)
        raise InputError(f"a {type(term).__name__} is not written as NumPy")

    def letter(self, size: str) -> t.Index:
        """A letter that stands nowhere else."""
        return t.Index(f"_{self._number()}", size)

    def _entry(self, tensor: str, indices: tuple[t.Index, ...]) -> Array:
        if tensor in self.labels:
            return self._indicator(tensor, indices)
        code = self.names.of("tensor", tensor)
        distinct = tuple(dict.fromkeys(indices))
        if len(distinct) == len(indices):
            return Array(code, indices)
        spelled = {i: LETTERS[k] for k, i in enumerate(distinct)}
        pattern = f"{''.join(spelled[i] for i in indices)}->{''.join(spelled[i] for i in distinct)}"
        return Array(f'np.einsum("{pattern}", {code})', distinct)

    def _indicator(self, tensor: str, indices: tuple[t.Index, ...]) -> Array:
        """A label as zeros and a one."""
        *own, last = indices
        label = Array(self.names.of("tensor", tensor), tuple(own))
        if len(set(indices)) < len(indices):
            raise InputError(f"{tensor} stands at one letter twice; this is not written as NumPy")
        return Array(self.call("_indicators", label.code, self.size(last.size), self.kind()), indices)

    def kind(self) -> str:
        """The precision that is computed in."""
        return self.names.of("local", "inside")

    def _apply(self, function: str, arguments: tuple[t.Term, ...]) -> Array:
        values = [self.value(a) for a in arguments]
        axes = self.union(values)
        spread = [self.spread(v, axes) if len(values) > 1 else self.ordered(v, axes).code for v in values]
        if self.functional:  # not every framework has functions of Python's numbers
            spread = [c if mentioned(a) else self._number_of(c) for c, a in zip(spread, arguments, strict=True)]
        name = FUNCTIONS[function]
        if len(values) == 1 and values[0].fresh and name[0] != "_" and function != "sign":
            held = self._mine(values[0])
            self.lines.append(f"{name}({held.code}, out={held.code})")
            return held
        return Array(self.call(name, *spread) if name[0] == "_" else f"{name}({', '.join(spread)})", axes)

    def _plus(self, parts: Sequence[t.Term], wanted: tuple[t.Index, ...]) -> Array:
        values = []
        for part in parts:
            sign, bare = _signed(part)
            values.append((sign, self.value(bare, wanted)))
        axes = self.union(v for _, v in values)
        values.sort(key=lambda pair: pair[0] < 0)  # what is subtracted comes last: -a + b is b - a
        whole = next((pair for pair in values if pair[1].fresh and pair[1].axes == axes), None)
        if whole is not None and len(values) == 2:
            return self._plus_in_place(whole, next(pair for pair in values if pair is not whole), axes)
        code = ""
        for sign, found in values:
            spread = self.spread(found, axes, PRODUCT)
            code += f" {'+' if sign > 0 else '-'} {spread}" if code else spread if sign > 0 else f"-{spread}"
        return Array(code, axes, SUM)

    def _plus_in_place(self, whole: tuple[int, Array], other: tuple[int, Array], axes: tuple[t.Index, ...]) -> Array:
        """A sum written over one of its two parts."""
        held = self._mine(whole[1])
        part = self.spread(other[1], axes, PRODUCT)
        match whole[0], other[0]:
            case 1, sign:
                self.lines.append(f"{held.code} {'+' if sign > 0 else '-'}= {part}")
            case _, 1:
                self.lines.append(f"np.subtract({part}, {held.code}, out={held.code})")
            case _:
                self.lines += [f"{held.code} += {part}", f"np.negative({held.code}, out={held.code})"]
        return held

    def product(self, factors: Sequence[Array | t.Term], wanted: tuple[t.Index, ...] = ()) -> Array:
        """An entrywise product, with what stands in a denominator divided by."""
        if (known := self._known(factors)) is not None:
            return known
        above: list[Array] = []
        below: list[Array] = []
        value = Fraction(1)
        for factor in patterns.grouped(self, factors):
            if isinstance(factor, Array):
                above.append(factor)
            elif isinstance(factor, t.Number):
                value *= factor.value
            elif isinstance(factor, t.Power) and factor.exponent < 0:
                below.append(self._power(factor.base, -factor.exponent))
            elif isinstance(factor, t.Power) and len(factors) == 1:
                above.append(self._power(factor.base, factor.exponent))
            else:
                above.append(self.value(factor, wanted))
        if len(above) == 1 and not below and value == 1:
            return above[0]
        above.sort(key=lambda a: len(a.axes))
        if above and above[-1].fresh and not any(a.axes for a in (*above[:-1], *below)):
            return self._scaled_in_place(above, below, value)
        axes = self.union((*above, *below))
        negative, value = value < 0, abs(value)
        top = [self.spread(a, axes, UNARY) for a in above]
        if value.numerator != 1 or not top:
            top.insert(0, str(value.numerator))
        bottom = [self.spread(a, axes, UNARY) for a in below]
        if value.denominator != 1:
            bottom.insert(0, str(value.denominator))
        code = " * ".join(top)
        for part in bottom:
            code += f" / {part}"
        binds = PRODUCT if len(top) + len(bottom) > 1 else ATOM
        return Array(f"-{code}" if negative else code, axes, SUM if negative else binds)

    def _scaled_in_place(self, above: Sequence[Array], below: Sequence[Array], value: Fraction) -> Array:
        """The last factor times numbers, written over it: a large temporary costs more than what is done with it."""
        held = self._mine(above[-1])
        times = [a.at(UNARY) for a in above[:-1]]
        divisors = [b.at(UNARY) for b in below]
        if value.numerator != 1:
            times.insert(0, str(value.numerator))
        if value.denominator != 1:
            divisors.insert(0, str(value.denominator))
        self.lines += [f"{held.code} *= {code}" for code in times]
        self.lines += [f"{held.code} /= {code}" for code in divisors]
        return held

    def _power(self, base: t.Term, exponent: Fraction) -> Array:
        """A positive power."""
        found = self.value(base)
        if exponent == 1:
            return found
        if exponent == 2:
            if found.axes and not found.code.isidentifier():
                return Array(f"np.square({found.code})", found.axes)
            fresh = len(found.axes) > 1 and not self.functional
            return Array(f"{found.at(ATOM)} * {found.at(ATOM)}", found.axes, PRODUCT, fresh)
        if exponent == Fraction(1, 2):
            return Array(f"np.sqrt({found.code})", found.axes)
        power = str(exponent) if exponent.denominator == 1 else repr(float(exponent))
        return Array(f"{found.at(ATOM)} ** {power}", found.axes, PRODUCT)

    # -- sums -----------------------------------------------------------------------------------------------------

    def _sum(self, factors: Sequence[t.Term], wanted: tuple[t.Index, ...]) -> Array:
        """A row of sums of a product: opened, sorted into what is summed over and what is not, and contracted."""
        letters: list[t.Index] = []
        inside = list(factors)
        while len(inside) == 1 and isinstance(inside[0], t.Sum):
            letters.append(self.letter(inside[0].size))
            inside = _factors(t.opened(inside[0].body, letters[-1]))
        free = [f for f in inside if not set(letters) & set(t.letters(f))]
        bound = [f for f in inside if set(letters) & set(t.letters(f))]
        times = [t.Size(i.size) for i in letters if all(i not in t.letters(f) for f in bound)]
        letters = [i for i in letters if any(i in t.letters(f) for f in bound)]
        found = self._contracted(letters, bound, wanted) if bound else None
        if found is None:
            return self.product([*times, *free], wanted)
        if not free and not times:
            return found
        return self.product([found, *times, *free], wanted)

    def _contracted(self, letters: Sequence[t.Index], factors: Sequence[t.Term], wanted: tuple[t.Index, ...]) -> Array:
        taken = patterns.picked(self, letters, factors)
        if taken is not None:
            return taken
        if len(factors) == 1 and isinstance(factors[0], t.Power) and factors[0].exponent == 2:
            base = self.store(self.value(factors[0].base))
            return self._two(letters, base, base, wanted)
        values = self._merged(letters, factors)
        if len(values) == 1:
            found = values[0]
            axes = tuple(i for i in found.axes if i not in letters)
            whole = len(letters) == 1 and found.axes[:1] == (*letters,) and len(axes) == 1 and not self.functional
            if whole and letters[0].size == self.batch.size:
                ones = f"np.ones({self.size(letters[0].size)}, {self.kind()})"
                return Array(f"{ones} @ {found.at(UNARY)}", axes, PRODUCT)  # faster than a sum, and rounds less
            at = ", ".join(str(k) for k, i in enumerate(found.axes) if i in letters)
            return self._reduced("sum", found, at if at.isdigit() else f"({at})", axes)
        if len(values) == 2:
            return self._two(letters, values[0], values[1], wanted)
        return self._einsum(letters, values, wanted)

    def _merged(self, letters: Sequence[t.Index], factors: Sequence[t.Term]) -> list[Array]:
        """The factors as few arrays, none larger than one of them, but two where that makes a matrix product."""
        grouped = patterns.grouped(self, factors)
        grouped.sort(key=lambda f: -len(_axes(f)))
        held: list[list[Array | t.Term]] = []
        for factor in grouped:
            place = next((part for part in reversed(held) if _axes(factor) <= _axes(part[0])), None)
            if place is None:
                held.append([factor])
            else:
                place.append(factor)
        whole = len(held) == 1 and self._known(held[0]) is None
        if whole and (_axes(grouped[0]) - set(letters)) and len(grouped) > 1:
            apart = [f for f in grouped[1:] if set(letters) <= _axes(f)]
            if apart:
                held = [[f for f in grouped if f not in apart], apart]
        return [self._joined(part) for part in held]

    def _joined(self, parts: Sequence[Array | t.Term]) -> Array:
        if len(parts) > 1 and (known := self._known(parts)) is not None:
            return known
        values = [part if isinstance(part, Array) else self.product([part]) for part in parts]
        if len(values) == 1:
            return values[0]
        axes = self.union(values)
        found = Array(" * ".join(self.spread(v, axes, UNARY) for v in values), axes, PRODUCT)
        terms = [part for part in parts if not isinstance(part, Array)]
        if len(terms) == len(parts) and len(axes) > 1 and not self.functional:
            found = self.store(found)
            self._remember(self.products, t.Times(tuple(sorted(terms, key=str))), found)
        return found

    def _known(self, parts: Sequence[Array | t.Term]) -> Array | None:
        """The product of these factors, if it was computed before, in the same letters or in others."""
        terms = [part for part in parts if not isinstance(part, Array)]
        if len(terms) < max(2, len(parts)):
            return None
        return _recalled(self.products, t.Times(tuple(sorted(terms, key=str))))

    def _two(self, letters: Sequence[t.Index], first: Array, second: Array, wanted: tuple[t.Index, ...]) -> Array:
        """The contraction of two arrays: a matrix product unless entries of both belong together."""
        alone = [[i for i in a.axes if i in letters and i not in b.axes] for a, b in ((first, second), (second, first))]
        if any(alone):
            return self._einsum(letters, [first, second], wanted)
        shared = [i for i in first.axes if i in second.axes and i not in letters]
        left = [i for i in first.axes if i not in letters and i not in shared]
        right = [i for i in second.axes if i not in letters and i not in shared]
        if shared:
            return self._stacked(letters, shared, (first, left), (second, right), wanted)
        order = list(wanted) or [i for i in (*left, *right) if i.size == self.batch.size]
        rank = {i: k for k, i in enumerate(order)}
        swap = right and (not left or min(rank.get(i, 99) for i in right) < min(rank.get(i, 99) for i in left))
        if swap:
            first, second, left, right = second, first, right, left
        if max(len(left), len(right), len(letters)) == 1:
            a, b = self.ordered(first, (*left, *letters)), self.ordered(second, (*letters, *right))
            if b.at(UNARY) == f"{a.at(UNARY)}.T":
                return Array(self.call("_products", a.at(UNARY)), (*left, *right))
            return self._matrix_product(a, b, (*left, *right))
        if not left and not right:
            return self._einsum(letters, [first, second], wanted)
        pairs = [[array.axes.index(i) for i in letters] for array in (first, second)]
        return Array(f"np.tensordot({first.code}, {second.code}, {(pairs[0], pairs[1])})", (*left, *right))

    def _stacked(
        self,
        letters: Sequence[t.Index],
        shared: Sequence[t.Index],
        one: tuple[Array, list[t.Index]],
        other: tuple[Array, list[t.Index]],
        wanted: tuple[t.Index, ...],
    ) -> Array:
        """A matrix product for every value of the shared letters."""
        (first, left), (second, right) = one, other
        if len(letters) != 1 or len(left) != 1 or len(right) != 1:
            return self._einsum(letters, [first, second], wanted)
        if wanted and wanted.index(left[0]) > wanted.index(right[0]) if {*left, *right} <= set(wanted) else False:
            first, second, left, right = second, first, right, left
        a = self.ordered(first, (*shared, *left, *letters))
        b = self.ordered(second, (*shared, *letters, *right))
        return self._matrix_product(a, b, (*shared, *left, *right))

    def _einsum(self, letters: Sequence[t.Index], values: Sequence[Array], wanted: tuple[t.Index, ...]) -> Array:
        axes = self.union(values)
        kept = tuple(i for i in axes if i not in letters)
        if wanted and set(kept) <= set(wanted):
            kept = tuple(i for i in wanted if i in kept)
        spelled = {i: LETTERS[k] for k, i in enumerate(axes)}
        pattern = (
            f"{','.join(''.join(spelled[i] for i in v.axes) for v in values)}->{''.join(spelled[i] for i in kept)}"
        )
        more = ", optimize=True" if len(values) > 2 and not self.functional else ""
        return Array(f'np.einsum("{pattern}", {", ".join(v.code for v in values)}{more})', kept)


def _place(k: int, letter: t.Index) -> t.Index:
    """The letter that stands for the k-th letter of a term."""
    return t.Index(f"_{k}", letter.size)


def _canonical(term: t.Term) -> tuple[t.Term, tuple[t.Index, ...]]:
    """The term with its letters renamed in the order they occur, and these: what differs in letters is one array."""
    own = t.letters(term)
    return t.renamed(term, {i: _place(k, i) for k, i in enumerate(own)}), own


def _recalled(known: Mapping[t.Term, Array], term: t.Term) -> Array | None:
    """What was computed for a term, in its own letters."""
    key, own = _canonical(term)
    if key not in known:
        return None
    back = {_place(k, i): i for k, i in enumerate(own)}
    return replace(known[key], axes=tuple(back[i] for i in known[key].axes))


def _axes(factor: Array | t.Term) -> set[t.Index]:
    return set(factor.axes if isinstance(factor, Array) else t.letters(factor))


def _factors(term: t.Term) -> list[t.Term]:
    """The factors of a product, nested ones too."""
    if isinstance(term, t.Times):
        return [f for part in term.factors for f in _factors(part)]
    return [term]


def _signed(term: t.Term) -> tuple[int, t.Term]:
    """A term of a sum without its sign."""
    match term:
        case t.Number(value) if value < 0:
            return -1, t.Number(-value)
        case t.Times((t.Number(value), *rest)) if value < 0:
            first = [] if value == -1 else [t.Number(-value)]
            parts = (*first, *rest)
            return -1, parts[0] if len(parts) == 1 else t.Times(parts)
    return 1, term


def _number(value: Fraction) -> Array:
    if value.denominator == 1:
        return Array(str(value), (), ATOM if value >= 0 else SUM)
    return Array(f"{value.numerator} / {value.denominator}", (), PRODUCT if value > 0 else SUM)
