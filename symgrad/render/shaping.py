"""From terms to shapes: signs, fractions, letters for bound indices, and derivatives of a definition by its name."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations
from typing import TYPE_CHECKING

from symgrad.errors import SymgradError
from symgrad.kernel.terms import (
    HALF,
    MINUS,
    ZERO,
    Apply,
    Delta,
    Entry,
    Index,
    Judgement,
    Largest,
    Number,
    Partial,
    Plus,
    Position,
    Power,
    Size,
    Sum,
    Term,
    Times,
    children,
    free,
    letters,
    opened,
    renamed,
    sigma,
    subterms,
)
from symgrad.lang.words import picked
from symgrad.render.shapes import (
    Called,
    Derivative,
    Gradient,
    Integer,
    Negative,
    Product,
    Quotient,
    Raised,
    Related,
    Shape,
    Summed,
    Sums,
    Symbol,
    number,
    parts,
    product,
)

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

    from symgrad.kernel.program import Definition, Program


_LETTERS = "ijklmpqrstuvabcdefghno"
RELATIONS = frozenset({"=", ">", ">=", "!="})


def match(pattern: Term, term: Term) -> dict[Index, Index] | None:
    """The letters of ``pattern`` that make it ``term``, or ``None``."""
    found: dict[Index, Index] = {}
    return found if _match(pattern, term, found) else None


def _match(pattern: Term, term: Term, found: dict[Index, Index]) -> bool:
    if type(pattern) is not type(term):
        return False
    match pattern, term:
        case Entry(tensor, first), Entry(other, second):
            same = tensor == other and len(first) == len(second)
            return same and all(_same(i, j, found) for i, j in zip(first, second, strict=True))
        case Delta(i, j), Delta(k, m):
            return _same(i, k, found) and _same(j, m, found)
        case (Power(_, a), Power(_, b)) | (Partial(_, _, a), Partial(_, _, b)) if a != b:
            return False
        case (Apply(a, _), Apply(b, _)) | (Sum(a, _) | Largest(a, _), Sum(b, _) | Largest(b, _)) if a != b:
            return False
        case (Number() | Size(), _):
            return pattern == term
    left, right = children(pattern), children(term)
    return len(left) == len(right) and all(_match(a, b, found) for a, b in zip(left, right, strict=True))


def _same(wanted: Position, given: Position, found: dict[Index, Index]) -> bool:
    if isinstance(wanted, int) or isinstance(given, int):
        return wanted == given
    return wanted.size == given.size and found.setdefault(wanted, given) == given


class Shaper:
    """Draws terms of one model.

    Args:
        declared: the model's index letters, first choice for bound indices.
        programs: where definitions are looked up, the most important first.
        labels: the tensors that hold labels.
    """

    def __init__(
        self, declared: Sequence[Index], programs: Sequence[Program], labels: Container[str] = frozenset()
    ) -> None:
        self.declared, self.programs, self.labels = tuple(declared), tuple(programs), labels
        self.names = frozenset(name for program in programs for name in program.tensors)
        self._reach: dict[str, set[str]] = {}
        for program in programs:
            for definition in program.definitions:
                used = {t.tensor for t in subterms(definition.body) if isinstance(t, Entry)}
                reached = used.union(*(self._reach.get(name, set()) for name in used))
                self._reach.setdefault(definition.name, set()).update(reached)

    def __call__(self, term: Term, *, naming: Mapping[Index, str] | None = None, unfolded: Iterable[str] = ()) -> Shape:
        """``term`` as a shape.

        Args:
            term: what to draw; every bound index gets a letter that is not in use.
            naming: how free letters are called, here and in the neighbouring lines; see ``naming``.
            unfolded: definitions whose derivative is drawn with the body, not by name.
        """
        names = self.naming([term], naming)
        return _Pass(self, names, frozenset(unfolded)).shape(term, ())

    def naming(self, terms: Iterable[Term], given: Mapping[Index, str] | None = None) -> dict[Index, str]:
        """What the free letters of ``terms`` are called: as they are, unless only a machine would choose the name."""
        names = dict(given or {})
        found = [i for term in terms for i in letters(term) if i not in names]
        names |= {i: i.name for i in found if i in self.declared or i.name.isalpha()}
        for i in found:
            if i not in names:
                names[i] = self.fresh(i.size, names.values())
        return names

    def related(self, left: Term, right: Term, relation: str = "=") -> Related:
        """``left relation right`` as a shape."""
        names = self.naming([left, right])
        return Related(self(left, naming=names), relation, self(right, naming=names))

    def judgement(self, given: Judgement) -> Related:
        """A hypothesis as a shape."""
        if given.relation not in RELATIONS:
            raise SymgradError(f"no way to draw a judgement of kind {given.relation!r}")
        return self.related(given.left, given.right, given.relation)

    def folded(self, body: Term) -> Entry | None:
        """The definition, at its indices, whose body is exactly ``body``."""
        for program in self.programs:
            for definition in program.definitions:
                if (entry := _instance(definition, body)) is not None:
                    return entry
        return None

    def immediate(self, partial: Partial) -> bool:
        """Whether holding the other definitions fixed makes a difference."""
        used = {t.tensor for t in subterms(partial.body) if isinstance(t, Entry)}
        target = partial.wrt.tensor
        return not partial.total and any(target in self._reach.get(name, ()) for name in used - {target})

    def fresh(self, size: str, used: Iterable[str]) -> str:
        """A letter for an index over ``size``: a declared one, else a usual one, that is not in use."""
        taken = set(used) | self.names | {i.size for i in self.declared}
        own = [i.name for i in self.declared if i.size == size]
        others = {i.name for i in self.declared if i.size != size}
        usual = [c for c in size[:1].lower() + _LETTERS if c not in others]
        for letter in (*own, *usual):
            if letter not in taken:
                return letter
        primed = (own or ["i"])[0] + "'"
        while primed in taken:
            primed += "'"
        return primed


def _instance(definition: Definition, body: Term) -> Entry | None:
    found = match(definition.body, body)
    if found is None or any(i not in found for i in definition.letters):
        return None
    return Entry(definition.name, tuple(found[i] for i in definition.letters))


def label_index(name: str, letters_: Sequence[str]) -> str:
    """A label as an index: ``y[n]``, or ``y`` in a program of one sample."""
    return name + (f"[{', '.join(letters_)}]" if letters_ else "")


class _Pass:
    """One walk over a term: each sum is opened at an index of its own.

    ``stack`` holds the names of the indices of the enclosing sums.
    """

    def __init__(self, shaper: Shaper, names: dict[Index, str], unfolded: frozenset[str]) -> None:
        self.shaper, self.names, self.unfolded = shaper, dict(names), unfolded
        self.free = tuple(names.values())

    def letter(self, position: Position) -> str:
        if isinstance(position, int):
            raise SymgradError("an index outside of its sum")
        return self.names[position]

    def shape(self, term: Term, stack: tuple[str, ...]) -> Shape:
        match term:
            case Number(value):
                return number(value)
            case Size(name):
                return Symbol(name, (), "size")
            case Entry(tensor, indices):
                places = tuple(self.letter(i) for i in indices)
                if tensor in self.shaper.labels:
                    return Symbol("delta", (places[-1], label_index(tensor, places[:-1])), "delta")
                return Symbol(tensor, places)
            case Delta(left, right):
                return Symbol("delta", (self.letter(left), self.letter(right)), "delta")
            case Plus(terms):
                return self._plus(terms, stack)
            case Times(factors):
                return self._times(factors, stack, fold=True)
            case Power(base, exponent):
                return self._power(base, exponent, stack)
            case Apply() if (pair := _chosen(term)) is not None:
                return Called("chosen", tuple(self.shape(part, stack) for part in pair))
            case Apply(function, arguments):
                return self._apply(function, tuple(self.shape(a, stack) for a in arguments))
            case Sum(size, _) if (pair := picked(term, self.shaper.labels)) is not None:
                label, taken = pair
                index = Index(f"_{len(self.names)}", size)
                self.names[index] = label_index(label.tensor, tuple(self.letter(i) for i in label.indices))
                return self.shape(opened(taken, index), stack)
            case Sum(size, body) | Largest(size, body):
                letter = self.shaper.fresh(size, (*self.free, *stack))
                index = Index(f"_{len(self.names)}", size)
                self.names[index] = letter
                inside = self.shape(opened(body, index), (letter, *stack))
                return Summed(letter, size, inside, largest=isinstance(term, Largest))
            case Partial():
                return self._partial(term, stack)
        raise SymgradError(f"no shape for a {type(term).__name__}")

    def _plus(self, terms: tuple[Term, ...], stack: tuple[str, ...]) -> Shape:
        drawn: list[Shape] = []
        for term in terms:
            shape = self.shape(term, stack)
            drawn += shape.terms if isinstance(shape, Sums) else (shape,)
        return Sums(tuple(drawn)) if len(drawn) > 1 else drawn[0] if drawn else Integer(0)

    def _power(self, base: Term, exponent: Fraction, stack: tuple[str, ...]) -> Shape:
        shape = self.shape(base, stack)
        if exponent < 0:
            return Quotient(Integer(1), shape if exponent == -1 else Raised(shape, -exponent))
        return shape if exponent == 1 else Raised(shape, exponent)

    def _apply(self, function: str, arguments: tuple[Shape, ...]) -> Shape:
        if function == "pi" and "pi" in self.shaper.names:
            return Called("arccos", (Negative(Integer(1)),))
        return Called(function, arguments, spelled=function == "sigmoid" and "sigma" in self.shaper.names)

    def _partial(self, term: Partial, stack: tuple[str, ...]) -> Shape:
        body = term.body
        if not term.total and not isinstance(body, Entry):
            entry = self.shaper.folded(body)
            body = entry if entry is not None and entry.tensor not in self.unfolded else body
        # A softmax that is about to be differentiated is written out.
        drawn = self._times(body.factors, stack, fold=False) if isinstance(body, Times) else self.shape(body, stack)
        return Derivative(drawn, self.shape(term.wrt, stack), self.shaper.immediate(term))

    def _times(self, factors: tuple[Term, ...], stack: tuple[str, ...], *, fold: bool) -> Shape:
        flat = list(_flat(factors))
        if not flat:
            return Integer(1)
        if isinstance(flat[0], Number) and flat[0].value < 0:
            rest = flat[1:] if flat[0].value == -1 and len(flat) > 1 else [Number(-flat[0].value), *flat[1:]]
            return Negative(self._fraction(rest, stack, fold=fold))
        return self._fraction(flat, stack, fold=fold)

    def _fraction(self, factors: list[Term], stack: tuple[str, ...], *, fold: bool) -> Shape:
        """Numbers and sizes in front, as one fraction; behind them what is left, over its own denominator."""
        front: tuple[list[Shape], list[Shape]] = ([], [])
        rest: tuple[list[Shape], list[Shape]] = ([], [])
        factors, softmaxes = self._softmax(factors, stack) if fold else (factors, [])
        rest[0].extend(softmaxes)
        for factor in factors:
            match factor:
                case Number(value) if value >= 0:
                    if value.numerator != 1 or value.denominator == 1:
                        front[0].append(Integer(value.numerator))
                    if value.denominator != 1:
                        front[1].append(Integer(value.denominator))
                case Size(name):
                    front[0].append(Symbol(name, (), "size"))
                case Power(Size(), exponent) | Power(Number(), exponent) if exponent == -1:
                    front[1].append(self.shape(factor.base, stack))
                case Power(base, exponent) if exponent < 0:
                    rest[1].append(self._power(base, -exponent, stack))
                case Times():
                    rest[0].append(self.shape(factor, stack))
                case _:
                    shape = self.shape(factor, stack)
                    rest[0].extend(shape.factors if isinstance(shape, Product) else (shape,))
        above, below = rest
        if below and not above:
            return Quotient(product(front[0]), product([*front[1], *below]))
        lead = [Quotient(product(front[0]), product(front[1]))] if front[1] else front[0]
        if not below:
            return product([*lead, *above])
        # What is high or long stands beside the fraction: a line can be broken there, and not inside.
        light = [shape for shape in above if not _heavy(shape)]
        heavy = [shape for shape in above if _heavy(shape)]
        if lead and not light:
            return product([Quotient(product(front[0]), product([*front[1], *below])), *heavy])
        return product([*lead, Quotient(product(light), product(below)), *heavy])

    def _softmax(self, factors: list[Term], stack: tuple[str, ...]) -> tuple[list[Term], list[Shape]]:
        """Take each pair exp(u) * (sum of exp(u))^-1 out of the factors."""
        left: list[Term] = list(factors)
        found: list[Shape] = []
        for total in factors:
            match total:
                case Power(Sum(_, Apply("exp", (body,))), exponent) if exponent == -1:
                    pass
                case _:
                    continue
            for numerator in left:
                if isinstance(numerator, Apply) and numerator.function == "exp":
                    at = _at(body, numerator.arguments[0])
                    if at is not None:
                        left.remove(numerator)
                        left.remove(total)
                        argument = self.shape(numerator.arguments[0], stack)
                        found.append(Called("softmax", (argument,), letter=self.names[at]))
                        break
        return left, found


def _chosen(term: Term) -> tuple[Term, Term] | None:
    """f_i and max_k f_k, where the term is one at the largest f and zero elsewhere.

    Where no f_k is larger than f_i, f_i is the maximum: the bracket says what the sum of steps says.
    """
    match term:
        case Apply("step", (Plus((head, Times((sign, Sum(size, Apply("step", (gap,))))))),)) if head == HALF:
            k = Index("_k", size)
            found = untied(Judgement("!=", opened(gap, k), ZERO))
            if sign == MINUS and found is not None and found[2] == k:
                return found[1], sigma(k, found[0], Largest)
    return None


def untied(judgement: Judgement) -> tuple[Term, Term, Index, Index] | None:
    """f_k, f_i, k and i, where the judgement says that f_k - f_i - δ_ki != 0: no two values are equal."""
    terms = list(children(judgement.left)) if isinstance(judgement.left, Plus) else []
    deltas = [t for t in terms if isinstance(t, Times) and t.factors[0] == MINUS and isinstance(t.factors[-1], Delta)]
    rest = [t for t in terms if t not in deltas]
    if judgement.relation != "!=" or len(deltas) != 1 or len(rest) != 2:
        return None
    for f, g in (rest, rest[::-1]):
        for k, i in permutations(letters(deltas[0])):
            if g == Times((MINUS, renamed(f, {k: i}))) and k in letters(f):
                return f, renamed(f, {k: i}), k, i
    return None


def _at(body: Term, term: Term) -> Index | None:
    """The letter at which the body of a sum is ``term``."""
    return next((i for i in letters(term) if 0 in free(body) and opened(body, i) == term), None)


def _flat(factors: Iterable[Term]) -> Iterable[Term]:
    """Factors of factors, except of a product that begins with a minus sign: -(-x) is not x."""
    for factor in factors:
        inner = list(_flat(factor.factors)) if isinstance(factor, Times) else []
        if not inner or (isinstance(inner[0], Number) and inner[0].value < 0):
            yield factor
        else:
            yield from inner


def _heavy(shape: Shape) -> bool:
    """Whether a factor of a numerator is too high, or too long, to stand in a fraction."""
    inner = list(parts(shape))
    high = (Summed, Quotient, Derivative, Gradient)
    return len(inner) > 12 or any(isinstance(s, high) and not _plain(s) for s in inner)


def _plain(shape: Shape) -> bool:
    return isinstance(shape, Quotient) and all(isinstance(s, Integer | Symbol) for s in (shape.above, shape.below))
