"""The second opinion: replays a certificate, in a process of its own, with code of its own.

    python -I symgrad/checker.py GOAL.json CERTIFICATE.json

GOAL.json says what is to be established: a model and statements about it. CERTIFICATE.json lists terms, and steps that
each apply one rule of inference to terms and to earlier steps; and the hash of all this, so that an altered certificate
is refused even where it would still prove the same. One line is printed, and the exit code says the same:

    accepted                            0   every statement of the goal follows, and nothing in the certificate is idle
    refused: step K (rule): reason      1   a rule does not apply, or something is left over or missing
    malformed: reason                   2   this is no certificate, or no goal

Nothing of symgrad is imported: this file and Python's standard library are all that has to be trusted.

A term is an integer: its row in a table where no row stands twice, so that equal terms are equal integers, and what is
known of a term is computed once. Bound letters are de Bruijn numbers, free letters are pairs (name, size). Meaning is
real-valued and total: 1/0 is 0, logarithms and broken powers are 0 outside their domain, sign(0) = step(0) = 0, and
sizes are at least 1.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from functools import partial, reduce
from pathlib import Path
from typing import Any, NamedTuple

FORMAT = 1
# Limits of a file, of what stands in it, and of arithmetic.
MAX_BYTES, MAX_STEPS, MAX_TERMS, MAX_DEPTH, MAX_DIGITS = 64 * 1024 * 1024, 200_000, 400_000, 1_000, 4_000
MAX_EXPONENT, MAX_PAIRS, HUGE, RECURSION = 64, 20_000, 1 << 200_000, 12_000

NAME = "[A-Za-z][A-Za-z0-9_]{0,63}"
LETTER = NAME + "|_{1,2}[0-9]{1,6}"
FRACTION = f"-?(0|[1-9][0-9]{{0,{MAX_DIGITS - 1}}})(/[1-9][0-9]{{0,{MAX_DIGITS - 1}}})?"

UNARY = ("exp", "log", "sin", "cos", "tanh", "sigmoid", "softplus", "relu", "abs", "sign", "step", "erf")
ARITY = {"pi": 0, "max": 2, "min": 2} | dict.fromkeys(UNARY, 1)
KINKED = ("relu", "abs", "sign", "step", "max", "min")
SIGNS = (">", ">=", "!=")
DERIVATIVES = ("total", "direct")
# What binds an index: a sum over it, or the largest value over it. Where only binding counts, both are called sums.
BINDERS = ("sum", "largest")

Letter = tuple[str, str]
Position = int | Letter
Judgement = tuple[str, int, int]
Hypotheses = frozenset[Judgement]
Statement = tuple[str, Hypotheses, Judgement]


def rows(table: str) -> dict[str, list[str]]:
    """The rows of a table by their first member."""
    return {name.strip(): rest for name, *rest in [row.split(":") for row in table.split(";")]}


# What follows the kind of a term, and what a rule is given: see Reader. The laws sum_* and partial_* are one rule each.
PARTS = rows(
    "number:f; size:n; entry:nP; delta:pp; plus:T; times:T; power:tf; apply:nT; sum:nt; largest:nt; total:tt; direct:tt"
)
RULES = rows(
    "sym:s; trans:ss; congruence:stI; unfold:gt; hypothesis:gj; ring:gtt; identity:gnT; sum_split:gt; sum_factor:gt;"
    "sum_exchange:gt; sum_delta:gt; sum_constant:gt; largest_constant:gt; partial_constant:gt; partial_entry:gt;"
    "partial_plus:gt; partial_times:gt; partial_power:gt; partial_apply:gt; partial_sum:gt; partial_largest:gt;"
    "chain:gt; sign:gtS; sign_weaken:sr; sign_equal:ss; separable:gtS; lift:ss; state:sS"
)

# Terms in the tables, in prefix notation: u and v are given; "~ a" is -a, that is times(-1, a); "- a b" is plus(a, -b);
# "^ a r" is a power, "** a b c" one product of three.
OPERATORS = {"+": ("plus", 2), "*": ("times", 2), "**": ("times", 3), "~": ("minus", 1), "-": ("minus", 2)}

# The derivative of a function in its argument u, where it is smooth; v is the other argument, if there are two.
SLOPES = rows(
    "exp: exp u; log: ^ u -1; sin: cos u; cos: ~ sin u; tanh: - 1 ^ tanh u 2; sigmoid: * sigmoid u - 1 sigmoid u;"
    "softplus: sigmoid u; relu: step u; abs: sign u; sign: 0; step: 0; erf: ** 2 ^ pi -1/2 exp ~ ^ u 2;"
    "max: step - u v; min: step - v u"
)

# Both sides of each identity.
IDENTITIES = rows(
    "exp_zero: exp 0 = 1; exp_sum: exp + u v = * exp u exp v; exp_negative: exp ~ u = ^ exp u -1; log_one: log 1 = 0;"
    "log_exp: log exp u = u; log_product: log * u v = + log u log v; log_inverse: log ^ u -1 = ~ log u;"
    "sigmoid_exp: sigmoid u = * exp u ^ + 1 exp u -1; sigmoid_negative: sigmoid ~ u = - 1 sigmoid u;"
    "softplus_log: softplus u = log + 1 exp u; softplus_negative: softplus ~ u = - softplus u u;"
    "tanh_sigmoid: tanh u = - * 2 sigmoid * 2 u 1; tanh_negative: tanh ~ u = ~ tanh u;"
    "sin_negative: sin ~ u = ~ sin u; cos_negative: cos ~ u = cos u; relu_step: relu u = * u step u;"
    "abs_step: abs u = * u - * 2 step u 1; step_squared: ^ step u 2 = step u; sign_step: sign u = - * 2 step u 1;"
    "max_relu: max u v = + v relu - u v; min_relu: min u v = - u relu - u v"
)
# The sign that an identity asks of each of its arguments.
ASKED = {"log_product": ">", "log_inverse": ">", "sign_step": "!="}

# Functions of one sign everywhere.
SIGNED = dict.fromkeys(("exp", "sigmoid", "softplus", "pi"), ">") | dict.fromkeys(("relu", "abs", "step"), ">=")


class MalformedError(Exception):
    """The text is not a goal, or not a certificate."""


class RefusedError(Exception):
    """What is written does not follow."""


def need(condition: bool, reason: str, error: type[Exception] = RefusedError) -> None:
    """Refuse unless the condition holds."""
    if not condition:
        raise error(reason)


def shaped(condition: bool, reason: str) -> None:
    """Call the text malformed unless the condition holds."""
    need(condition, reason, MalformedError)


class Row(NamedTuple):
    """A term: its kind, what it says beside its subterms, its positions, its subterms; and what is known of it.

    The label is the value of a number, the exponent of a power, the size of a sum, the name of a tensor or function.
    ``open``: how many sums around the term its numbers reach; ``letters``: its free letters by first occurrence;
    ``tensors``: the names that it mentions; ``derived``: the derivatives in it, itself included.
    """

    kind: str
    label: Any
    places: tuple[Position, ...]
    kids: tuple[int, ...]
    depth: int
    open: int
    letters: tuple[Letter, ...]
    tensors: frozenset[str]
    derived: frozenset[int]


class Terms(list[Row]):
    """The table of terms; subterms stand above what they are part of."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[tuple[Any, ...], int] = {}
        self.closures: dict[Judgement, Judgement] = {}
        self.found: dict[tuple[int, bool], Hypotheses] = {}

    def make(self, kind: str, kids: Iterable[int] = (), label: Any = "", places: Iterable[Position] = ()) -> int:
        """The number of a row, new or old."""
        key = (kind, label, tuple(places), tuple(kids))
        if key in self.rows:
            return self.rows[key]
        below = [self[kid] for kid in key[3]]
        depth = 1 + max([part.depth for part in below], default=0)
        need(depth <= MAX_DEPTH, f"a term is deeper than {MAX_DEPTH}")
        numbers = [place + 1 for place in key[2] if isinstance(place, int)]
        reach = max(numbers + [part.open for part in below], default=0) - (kind in BINDERS)
        free = [[place for place in key[2] if isinstance(place, tuple)], *[part.letters for part in below]]
        letters = tuple(dict.fromkeys([letter for group in free for letter in group]))
        tensors = frozenset([str(label)] if kind == "entry" else []).union(*[part.tensors for part in below])
        derived = frozenset([len(self)] if kind in DERIVATIVES else []).union(*[part.derived for part in below])
        self.rows[key] = len(self)
        self.append(Row(*key, depth, max(reach, 0), letters, tensors, derived))
        return len(self) - 1

    def joined(self, kind: str, kids: list[int]) -> int:
        """A sum of terms, or a product, where one operand stands alone."""
        return kids[0] if len(kids) == 1 else self.make(kind, kids)

    def number(self, value: int | Fraction) -> int:
        """A rational number."""
        return self.make("number", (), Fraction(value))

    def minus(self, *operands: int) -> int:
        """``-u``, or ``u - v``."""
        negative = self.make("times", (self.number(-1), operands[-1]))
        return self.make("plus", (operands[0], negative)) if len(operands) == 2 else negative

    def gap(self, first: int, second: int, *places: Position) -> int:
        """How much a value exceeds another one of the same family, and -1 if it is the same one."""
        return self.make("plus", (first, self.minus(second), self.minus(self.make("delta", (), "", places))))

    def replace(self, term: int, at: int, new: int) -> int:
        """The term with another subterm at one place."""
        kind, label, places, kids = self[term][:4]
        return self.make(kind, (*kids[:at], new, *kids[at + 1 :]), label, places)

    def rebuild(self, term: int, place: Callable[[Row, int], Iterable[Position]]) -> int:
        """The term with the positions ``place(row, k)`` in each entry and delta below k sums."""
        memo: dict[tuple[int, int], int] = {}

        def go(part: int, below: int) -> int:
            if (part, below) not in memo:
                row = self[part]
                places = place(row, below) if row.kind in ("entry", "delta") else ()
                kids = [go(kid, below + (row.kind in BINDERS)) for kid in row.kids]
                memo[part, below] = self.make(row.kind, kids, row.label, places)
            return memo[part, below]

        return go(term, 0)

    def move(self, term: int, place: Callable[[Position, int], Position]) -> int:
        """The term with ``place(p, k)`` for each position p below k sums."""
        return self.rebuild(term, lambda row, below: [place(old, below) for old in row.places])

    def instance(self, term: int, choice: dict[Letter, Position]) -> int:
        """A term that reaches no sum, with positions put for letters, all at once; numbers count the sums around it."""

        def place(old: Position, below: int) -> Position:
            new = old if isinstance(old, int) else choice.get(old, old)
            return new + below if isinstance(new, int) and not isinstance(old, int) else new

        return self.move(term, place) if self[term].letters else term

    def opened(self, body: int, letter: Position) -> int:
        """The body of a sum that stands under no other, with a letter for the index."""
        return self.move(body, lambda old, below: letter if old == below else old) if self[body].open else body

    def closure(self, judgement: Judgement) -> Judgement:
        """The judgement for all values of its letters: they are named by order of first occurrence."""
        if judgement not in self.closures:
            relation, left, right = judgement
            letters = dict.fromkeys(self[left].letters + self[right].letters)
            names: dict[Letter, Position] = {old: (f"_{k}", old[1]) for k, old in enumerate(letters)}
            self.closures[judgement] = (relation, self.instance(left, names), self.instance(right, names))
        return self.closures[judgement]

    def conditions(self, term: int, kinks: bool) -> Hypotheses:
        """What must hold for the term to be defined, and with ``kinks`` also for it to be smooth, everywhere in it."""
        if (term, kinks) not in self.found:
            row = self[term]
            # Sums inside are less deep, so they get other letters; and no letter that is read has such a name.
            kids = (self.opened(row.kids[0], (f"#{row.depth}", row.label)),) if row.kind in BINDERS else row.kids
            found: Hypotheses = frozenset().union(*[self.conditions(kid, kinks) for kid in kids])
            name, exponent = row.label if row.kind == "apply" else "", row.label if row.kind == "power" else Fraction(1)
            positive, nonzero = name == "log" or exponent.denominator > 1, exponent < 0 or (kinks and name in KINKED)
            relation = ">" if positive else "!=" if nonzero else ""
            about = self.minus(*kids) if name in ("max", "min") else kids[0] if kids else term
            if relation and self[about].kind != "size":
                found |= {self.closure((relation, about, self.number(0)))}
            if row.kind == "largest" and kinks:
                # No two values are equal; the second letter is the first one's other name, and nobody else's.
                two = [(f"{marks}{row.depth}", row.label) for marks in ("##", "#")]
                gap = self.gap(*[self.opened(row.kids[0], letter) for letter in two], *two)
                found |= {self.closure(("!=", gap, self.number(0)))}
            self.found[term, kinks] = found
        return self.found[term, kinks]


class Program:
    """Inputs, and definitions in order: what a term may mention, and what each name hangs on."""

    def __init__(self, terms: Terms, batch: str) -> None:
        self.terms, self.batch = terms, batch
        self.kinds: dict[str, str] = {}
        self.shapes: dict[str, tuple[str, ...]] = {}
        self.letters: dict[str, tuple[Letter, ...]] = {}
        self.definitions: dict[str, int] = {}
        self.reach: dict[str, frozenset[str]] = {}
        self.fitting: set[tuple[int, tuple[str, ...]]] = set()

    def declare(self, name: str, kind: str, letters: tuple[Letter, ...], body: int | None = None) -> None:
        """Add a name: an input, or a definition over what is declared so far."""
        shape = tuple([size for _, size in letters])
        fine = name not in self.kinds and len({letter for letter, _ in letters}) == len(letters)
        shaped(fine and (kind != "parameter" or self.batch not in shape), f"{name} cannot be declared so, or not again")
        self.reach[name] = frozenset((name,))
        if body is not None:
            row = self.terms[body]
            shaped(set(row.letters) <= set(letters) and not row.derived, f"a free letter or derivative defines {name}")
            self.fits(body)
            self.definitions[name] = body
            self.reach[name] |= self.deep(body)
        self.kinds[name], self.shapes[name], self.letters[name] = kind, shape, letters

    def deep(self, *terms: int) -> frozenset[str]:
        """All that the terms mention, also through definitions."""
        return frozenset().union(*[self.reach[name] for term in terms for name in self.terms[term].tensors])

    def depends(self, term: int, name: str, through: bool) -> bool:
        """Whether the term mentions a tensor or, ``through`` the program, something that hangs on it."""
        return name in (self.deep(term) if through else self.terms[term].tensors)

    def smooth(self, term: int, name: str, total: bool) -> Hypotheses:
        """What makes the term smooth in the entries of a tensor."""
        others = self.deep(term) & self.definitions.keys() - {name} if total else ()
        told = [term, *[self.definitions[other] for other in others]]
        found = frozenset[Judgement]().union(*[self.terms.conditions(part, True) for part in told])
        return frozenset([condition for condition in found if self.depends(condition[1], name, total)])

    def defined(self, *sides: int) -> Hypotheses:
        """What makes both sides of a judgement, and all definitions that they hang on, defined."""
        told = [*sides, *[self.definitions[name] for name in self.deep(*sides) & self.definitions.keys()]]
        return frozenset().union(*[self.terms.conditions(term, False) for term in told])

    def fits(self, term: int, around: tuple[str, ...] = ()) -> None:
        """Refuse a term that says nothing here; ``around`` are the sizes of the sums about it, innermost first."""
        row = self.terms[term]
        key = (term, around[: row.open])
        if key in self.fitting:
            return
        need(row.open <= len(around), "a number points to no sum")
        sizes = tuple([around[place] if isinstance(place, int) else place[1] for place in row.places])
        need(row.kind != "entry" or sizes == self.shapes.get(row.label), f"{row.label} is not declared so")
        need(row.kind != "delta" or sizes[0] == sizes[1], "a delta of two sizes")
        need(row.kind != "power" or abs(row.label) <= MAX_EXPONENT, f"an exponent above {MAX_EXPONENT}")
        need(row.kind != "apply" or ARITY.get(row.label) == len(row.kids), f"no function {row.label} of so many terms")
        if row.kind in DERIVATIVES:
            body, variable = [self.terms[kid] for kid in row.kids]
            varies = variable.kind == "entry" and self.kinds.get(variable.label) != "data"
            need(varies and not body.derived and (row.kind == "direct" or body.kind == "entry"), "no such derivative")
        for kid in row.kids:
            self.fits(kid, (row.label, *around) if row.kind in BINDERS else around)
        self.fitting.add(key)

    def collapse(self, term: int, around: tuple[str, ...] = ()) -> int:
        """The term at batch size 1: positions and sums of the batch size fall away."""
        batch, row = self.batch, self.terms[term]
        sizes = [around[place] if isinstance(place, int) else place[1] for place in row.places]
        if (row.kind == "delta" and sizes[0] == batch) or (row.kind == "size" and row.label == batch):
            return self.terms.number(1)
        inside = (row.label, *around) if row.kind in BINDERS else around
        kids = [self.collapse(kid, inside) for kid in row.kids]
        if row.kind in BINDERS and row.label == batch:
            return kids[0]
        kept = [place for place, size in zip(row.places, sizes, strict=True) if size != batch]
        places = [place - around[:place].count(batch) if isinstance(place, int) else place for place in kept]
        return self.terms.make(row.kind, kids, row.label, places)

    def single(self) -> Program:
        """The program of one sample: what the loss hangs on, at batch size 1."""
        one = Program(self.terms, self.batch)
        for name in [name for name in self.kinds if name in self.reach["loss"]]:
            letters = tuple([letter for letter in self.letters[name] if letter[1] != self.batch])
            body = self.collapse(self.definitions[name]) if name in self.definitions else None
            one.declare(name, self.kinds[name], letters, body)
        return one

    def lift(self, sample: Position, term: int) -> int:
        """A term of the single-sample program, said of one sample in this one."""

        def place(row: Row, _: int) -> Iterable[Position]:
            rest = iter(row.places)
            shape = self.shapes[row.label] if row.kind == "entry" else ("", "")
            return [sample if size == self.batch else next(rest) for size in shape]

        return self.terms.rebuild(term, place)


class Theorem(NamedTuple):
    """A judgement of a program, under hypotheses that hold for all values of their letters, from some definitions.

    ``leant`` is meant for ``separable`` alone: whether it leant on equations.
    """

    program: Program
    judgement: Judgement
    hypotheses: Hypotheses = frozenset()
    uses: frozenset[str] = frozenset()
    leant: bool = False


Polynomial = dict[frozenset[tuple[int, int]], int | Fraction]
Quotient = tuple[Polynomial, Polynomial, Hypotheses]
ONE: Polynomial = {frozenset(): 1}


class Ring:
    """Arithmetic of terms, read as quotients of polynomials, with the conditions of reading them so.

    A polynomial maps monomials to coefficients that are not 0; a monomial is the set of its (atom, exponent).
    """

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.quotients: dict[tuple[int, bool], Quotient] = {}
        self.roots: dict[int, tuple[int, int]] = {}

    def plus(self, left: Polynomial, right: Polynomial) -> Polynomial:
        """The sum."""
        total = dict(left)
        for monomial, coefficient in right.items():
            total[monomial] = total.get(monomial, 0) + coefficient
            need(abs(total[monomial].numerator) + total[monomial].denominator < HUGE, "a coefficient is too long")
        return {monomial: value for monomial, value in total.items() if value}

    def times(self, left: Polynomial, right: Polynomial) -> Polynomial:
        """The product; a delta is its own square."""
        if ONE in (left, right):
            return left if right == ONE else right
        need(len(left) * len(right) <= MAX_PAIRS, f"a product of more than {MAX_PAIRS} pairs of monomials")
        total: Polynomial = {}
        for first, a in left.items():
            for second, b in right.items():
                factors = dict(first)
                for atom, exponent in second:
                    factors[atom] = 1 if self.terms[atom].kind == "delta" else factors.get(atom, 0) + exponent
                monomial = frozenset(factors.items())
                total[monomial] = total.get(monomial, 0) + a * b
        return self.plus({}, total)

    def power(self, base: Polynomial, exponent: int) -> Polynomial:
        """A natural power."""
        need(exponent <= MAX_PAIRS, "an exponent is too large")
        return reduce(self.times, [base] * exponent, ONE)

    def quotient(self, term: int, deep: bool) -> Quotient:
        """Numerator, denominator, and the conditions; powers that are not natural are looked into only if ``deep``."""
        if (term, deep) not in self.quotients:
            self.quotients[term, deep] = self.read(term, deep)
        return self.quotients[term, deep]

    def read(self, term: int, deep: bool) -> Quotient:
        """The same, by kind of term."""
        row = self.terms[term]
        above, below, conditions = ONE, ONE, frozenset[Judgement]()
        if row.kind == "power" and (deep or (row.label.denominator == 1 and row.label >= 0)):
            return self.read_power(row.kids[0], row.label, deep)
        if row.kind == "number":
            value = row.label.numerator if row.label.denominator == 1 else row.label
            return self.plus({}, {frozenset(): value}), ONE, conditions
        if row.kind in ("plus", "times"):
            above = {} if row.kind == "plus" else ONE
            for over, under, more in [self.quotient(kid, deep) for kid in row.kids]:
                conditions |= more
                if row.kind == "times":
                    above, below = self.times(above, over), self.times(below, under)
                elif under == below:
                    above = self.plus(above, over)
                else:
                    above = self.plus(self.times(above, under), self.times(over, below))
                    below = self.times(below, under)
            return above, below, conditions
        if row.kind == "delta":
            if row.places[0] == row.places[1]:
                return ONE, ONE, conditions
            term = min(term, self.terms.make("delta", (), "", row.places[::-1]))
        return {frozenset(((term, 1),)): 1}, ONE, conditions

    def read_power(self, base: int, exponent: Fraction, deep: bool) -> Quotient:
        """A power: a negative exponent turns the base over, a broken one takes a root of it."""
        over, under, conditions = self.quotient(base, deep)
        times, degree = exponent.numerator, exponent.denominator
        if (times < 0 or degree > 1) and self.terms[base].kind != "size":
            conditions |= {self.terms.closure((">" if degree > 1 else "!=", base, self.terms.number(0)))}
        if degree > 1:
            root = self.terms.make("power", (base,), Fraction(1, degree))
            self.roots[root] = (base, degree)
            over, under = {frozenset(((root, 1),)): 1}, ONE
        over, under = (under, over) if times < 0 else (over, under)
        return self.power(over, abs(times)), self.power(under, abs(times)), conditions

    def unrooted(self, polynomial: Polynomial) -> Polynomial:
        """The polynomial with each q-th power of a q-th root replaced by what stands under the root."""
        total: Polynomial = {}
        for monomial, coefficient in polynomial.items():
            term: Polynomial = {frozenset[tuple[int, int]](): coefficient}
            for atom, exponent in monomial:
                base, degree = self.roots.get(atom, (atom, exponent + 1))
                over, under, _ = self.quotient(base, True)
                whole, rest = divmod(exponent, degree) if under == ONE else (0, exponent)
                single: Polynomial = {frozenset(((atom, 1),)): 1}
                term = reduce(self.times, [self.power(over, whole), self.power(single, rest)], term)
            total = self.plus(total, term)
        return total


class Rules(Ring):
    """The rules of inference; each returns a theorem or refuses."""

    def __init__(self, terms: Terms, batch: Program) -> None:
        super().__init__(terms)
        self.batch, self.single = batch, batch.single()

    def conclude(self, made: Theorem, *premises: Theorem) -> Theorem:
        """A theorem with the hypotheses and uses of its premises besides its own; its sides must say something."""
        need(all(premise.program is made.program for premise in premises), "a premise is of the other program")
        for side in made.judgement[1:]:
            made.program.fits(side)
            need(not any(name.startswith("__") for name, _ in self.terms[side].letters), "a letter starts with __")
        hypotheses = made.hypotheses.union(*[premise.hypotheses for premise in premises])
        return made._replace(hypotheses=hypotheses, uses=made.uses.union(*[premise.uses for premise in premises]))

    def row(self, program: Program, term: int, *kinds: str) -> Row:
        """The row of a term that says something, which must be of one of some kinds."""
        program.fits(term)
        need(not kinds or self.terms[term].kind in kinds, f"not a {' or '.join(kinds)}, but a {self.terms[term].kind}")
        return self.terms[term]

    def equation(self, theorem: Theorem) -> tuple[int, int]:
        """Both sides of an equation."""
        relation, left, right = theorem.judgement
        need(relation == "=", "a premise is no equation")
        return left, right

    def match(self, pattern: int, subject: int, around: tuple[str, ...]) -> dict[Letter, Position]:
        """What to put for the letters of the pattern to get the subject; ``around``: sizes of the sums about that."""
        choice: dict[Letter, Position] = {}
        seen = {(pattern, subject, 0)} if self.terms[pattern].letters else set()
        todo = list(seen)
        while todo:
            this, that, below = todo.pop()
            one, other = self.terms[this], self.terms[that]
            need(one.kind == other.kind, "the premise does not match there")
            for old, new in zip(one.places, other.places, strict=False):
                if isinstance(old, tuple) and old not in choice:
                    choice[old] = place = new - below if isinstance(new, int) else new
                    need(not isinstance(place, int) or place >= 0, "a letter cannot stand for what is bound inside")
                    size = around[place] if isinstance(place, int) else place[1]
                    need(size == old[1], "a letter cannot stand for a position of another size")
            fresh = {(*pair, below + (one.kind in BINDERS)) for pair in zip(one.kids, other.kids, strict=False)} - seen
            seen |= fresh
            todo += fresh
        need(self.terms.instance(pattern, choice) == subject, "the premise does not match there")
        return choice

    def written(self, words: Iterator[str], given: tuple[int, ...]) -> int:
        """A term as the tables write it."""
        word = next(words)
        if word in ("u", "v"):
            return given["uv".index(word)]
        if word == "^":
            return self.terms.make("power", [self.written(words, given)], Fraction(next(words)))
        if word not in OPERATORS and word not in ARITY:
            return self.terms.number(Fraction(word))
        kind, count = OPERATORS.get(word) or ("apply", ARITY[word])
        kids = [self.written(words, given) for _ in range(count)]
        return self.terms.minus(*kids) if kind == "minus" else self.terms.make(kind, kids, word * (kind == "apply"))

    def sym(self, first: Theorem) -> Theorem:
        """From a = b: b = a."""
        left, right = self.equation(first)
        return self.conclude(Theorem(first.program, ("=", right, left)), first)

    def trans(self, first: Theorem, second: Theorem, relations: tuple[str, ...] = ("=",)) -> Theorem:
        """From a = b and b = c: a = c."""
        (left, middle), (relation, same, right) = self.equation(first), second.judgement
        need(relation in relations and middle == same, "the premises do not meet")
        return self.conclude(Theorem(first.program, (relation, left, right)), first, second)

    def sign_equal(self, first: Theorem, second: Theorem) -> Theorem:
        """From a = b and the sign of b: that of a."""
        return self.trans(first, second, SIGNS)

    def congruence(self, first: Theorem, term: int, path: tuple[int, ...]) -> Theorem:
        """From a = b: T = T with an instance of a, where the path leads, replaced by that of b.

        Inside a derivative the equation must hold in a neighbourhood: it may not hang on definitions, nor on an
        equation about what varies, and the sides of its hypotheses must be smooth, so that these are open.
        """
        terms, program = self.terms, first.program
        old, new = self.equation(first)
        program.fits(term)
        given: set[Judgement] = set()

        def go(place: int, path: tuple[int, ...], around: tuple[str, ...]) -> int:
            if not path:
                return terms.instance(new, self.match(old, place, around))
            row, turn = terms[place], path[0]
            need(turn < len(row.kids), "the path leads out of the term")
            if row.kind in DERIVATIVES:
                inside = row.kind == "direct" and turn == 0 and not first.uses
                need(inside, "only the body of a direct derivative can be rewritten, and not by what uses definitions")
                tensor = terms[row.kids[1]].label
                for relation, *sides in first.hypotheses:
                    # Like =, the relation >= is not open; no rule brings it into an equation.
                    closed = relation in ("=", ">=") and any(tensor in terms[side].tensors for side in sides)
                    need(not closed, "an equation that holds only for some values of the variable")
                    given.update(*[program.smooth(side, tensor, False) for side in sides])
            inner = (row.label, *around) if row.kind in BINDERS else around
            return terms.replace(place, turn, go(row.kids[turn], path[1:], inner))

        result = go(term, path, ())
        return self.conclude(Theorem(program, ("=", term, result), frozenset(given)), first)

    def unfold(self, program: Program, term: int) -> Theorem:
        """u[i] = the body of u at i."""
        row = self.row(program, term, "entry")
        need(row.label in program.definitions, f"{row.label} is no definition")
        choice = dict(zip(program.letters[row.label], row.places, strict=True))
        right = self.terms.instance(program.definitions[row.label], choice)
        return self.conclude(Theorem(program, ("=", term, right), uses=frozenset((row.label,))))

    def hypothesis(self, program: Program, judgement: Judgement) -> Theorem:
        """J, if J for all values of its letters."""
        relation, left, right = judgement
        need(relation == "=" or (relation in SIGNS and right == self.terms.number(0)), "neither an equation nor a sign")
        need(not self.terms[left].derived and not self.terms[right].derived, "a hypothesis about a derivative")
        return self.conclude(Theorem(program, judgement, frozenset((self.terms.closure(judgement),))))

    def ring(self, program: Program, left: int, right: int) -> Theorem:
        """a = b by arithmetic."""
        made = self.conclude(Theorem(program, ("=", left, right)))
        if self.quotient(left, False)[0] == self.quotient(right, False)[0]:
            return made
        (above, below, first), (over, under, second) = self.quotient(left, True), self.quotient(right, True)
        one, other = self.unrooted(self.times(above, under)), self.unrooted(self.times(over, below))
        need(one == other, "the two sides are not equal by arithmetic")
        return made._replace(hypotheses=first | second)

    def identity(self, program: Program, name: str, given: tuple[int, ...]) -> Theorem:
        """An identity of the table."""
        (equation,) = IDENTITIES.get(name, [""])
        need(equation != "" and len(given) == len({"u", "v"} & set(equation.split())), f"no identity {name} of these")
        left, right = [self.written(iter(side.split()), given) for side in equation.split("=")]
        signs = [self.terms.closure((ASKED[name], term, self.terms.number(0))) for term in given if name in ASKED]
        return self.conclude(Theorem(program, ("=", left, right), frozenset(signs)))

    def sum(self, law: str, program: Program, term: int) -> Theorem:
        """The laws of finite sums."""
        terms = self.terms
        _, size, _, (inside,) = self.row(program, term, "sum")[:4]
        body = terms[inside]
        if law == "sum_constant":
            need(not body.open, "the body is not free of the index")
            right = terms.make("times", (terms.make("size", (), size), inside))
        elif law == "sum_split":
            need(body.kind == "plus", "the body is no sum of terms")
            right = terms.make("plus", [terms.make("sum", (kid,), size) for kid in body.kids])
        elif law == "sum_exchange":
            need(body.kind == "sum", "the body is no finite sum")
            swapped = terms.move(body.kids[0], lambda old, k: 2 * k + 1 - int(old) if old in (k, k + 1) else old)
            right = terms.make("sum", (terms.make("sum", (swapped,), size),), body.label)
        elif law == "sum_factor":
            free = [kid for kid in body.kids if not terms[kid].open]
            bound = [kid for kid in body.kids if terms[kid].open]
            need(body.kind == "times" and bool(free and bound), "not a product of factors with the index and without")
            right = terms.make("times", (*free, terms.make("sum", (terms.joined("times", bound),), size)))
        else:
            factors = list(body.kids) if body.kind == "times" else [inside]
            deltas = [kid for kid in factors if terms[kid].kind == "delta" and terms[kid].places.count(0) == 1]
            need(bool(deltas), "no factor is a delta of the index and something else")
            (other,) = [place for place in terms[deltas[0]].places if place != 0]
            factors.remove(deltas[0])
            moved = [terms.opened(factor, other) for factor in factors]
            right = terms.joined("times", moved) if moved else terms.number(1)
        return self.conclude(Theorem(program, ("=", term, right)))

    def largest_constant(self, program: Program, term: int) -> Theorem:
        """The largest of values that are all the same."""
        (inside,) = self.row(program, term, "largest").kids
        need(not self.terms[inside].open, "the body is not free of the index")
        return self.conclude(Theorem(program, ("=", term, inside)))

    def chosen(self, size: str, value: int) -> int:
        """Below a sum over i: 1 if no value exceeds the i-th, so that 1/2 is more than their number, else 0."""
        terms = self.terms
        outer = terms.move(value, lambda old, below: below + 1 if old == below else old)
        above = terms.make("sum", (terms.make("apply", (terms.gap(value, outer, 0, 1),), "step"),), size)
        return terms.make("apply", (terms.minus(terms.number(Fraction(1, 2)), above),), "step")

    def partial(self, law: str, program: Program, term: int) -> Theorem:
        """The laws of derivatives; an operation gives one term for each operand that varies."""
        terms = self.terms
        row = self.row(program, term, *DERIVATIVES)
        inside, variable, total = *row.kids, row.kind == "total"
        body, tensor = terms[inside], terms[variable].label
        if law == "partial_constant":
            need(not program.depends(inside, tensor, total), "the body varies")
            uses = frozenset(program.definitions if total else ())
            return self.conclude(Theorem(program, ("=", term, terms.number(0)), uses=uses))
        if law == "partial_entry":
            need(body[:2] == ("entry", tensor), "the body is no entry of the same tensor")
            places = zip(body.places, terms[variable].places, strict=True)
            deltas = [terms.make("delta", (), "", pair) for pair in places] or [terms.number(1)]
            return self.conclude(Theorem(program, ("=", term, terms.joined("times", deltas))))
        need(not total and law == f"partial_{body.kind}", f"a {row.kind} derivative of a {body.kind}")
        results = []
        for at, kid in [(at, kid) for at, kid in enumerate(body.kids) if tensor in terms[kid].tensors]:
            result = terms.make("direct", (kid, variable))
            if body.kind == "times":
                result = terms.replace(inside, at, result)
            elif body.kind == "power":
                lower = kid if body.label == 2 else terms.make("power", (kid,), body.label - 1)
                result = terms.make("times", (terms.number(body.label), lower, result))
            elif body.kind == "apply":
                slope = self.written(iter(SLOPES[body.label][0].split()), (kid, body.kids[at - 1]))
                result = terms.make("times", (slope, result))
            elif body.kind == "sum":
                result = terms.make("sum", (result,), body.label)
            elif body.kind == "largest":
                result = terms.make("times", (self.chosen(body.label, kid), result))
                result = terms.make("sum", (result,), body.label)
            results.append(result)
        need(bool(results), "nothing varies")
        smooth = program.smooth(inside, tensor, False)
        return self.conclude(Theorem(program, ("=", term, terms.joined("plus", results)), smooth))

    def chain(self, program: Program, term: int) -> Theorem:
        """dr/du[j] = the sum of dr/dc times dc/du[j] over all c that are defined with u and that r hangs on."""
        terms = self.terms
        root, variable = self.row(program, term, "total").kids
        tensor = terms[variable].label
        need(terms[root].label != tensor, "an entry of the same tensor")
        results = []
        for name, body in program.definitions.items():
            letters = program.letters[name]
            if tensor in terms[body].tensors and program.depends(root, name, True):
                numbers: dict[Letter, Position] = {one: len(letters) - 1 - k for k, one in enumerate(letters)}
                outer = terms.make("total", (root, terms.make("entry", (), name, numbers.values())))
                inner = terms.make("direct", (terms.instance(body, numbers), variable))
                result = terms.make("times", (outer, inner))
                for _, size in reversed(letters):
                    result = terms.make("sum", (result,), size)
                results.append(result)
        need(bool(results), "nothing that the root hangs on mentions the variable")
        smooth, uses = program.smooth(root, tensor, True), frozenset(program.definitions)
        return self.conclude(Theorem(program, ("=", term, terms.joined("plus", results)), smooth, uses))

    def sign(self, program: Program, term: int, premises: tuple[Theorem, ...]) -> Theorem:
        """The sign of a term from its form, or from the signs of its parts."""
        row = self.row(program, term)
        told = row.kids if row.kind in ("plus", "times", "sum") or (row.kind == "power" and premises) else ()
        need(len(premises) == len(told), f"{len(premises)} premises about {len(told)} parts")
        for premise, part in zip(premises, told, strict=True):
            relation, about, _ = premise.judgement
            need(relation in SIGNS and (row.kind == "sum" or about == part), "a premise is no sign of its part")
            if row.kind == "sum":
                self.match(about, part, (row.label,))
        signs = {premise.judgement[0] for premise in premises}
        value = row.label if row.kind in ("number", "power") else Fraction(0)
        strict, even = ">" if ">" in signs else ">=", value % 2 == 0
        based = {">": ">", "!=": ">" if even else "!=" if value.denominator == 1 else None}
        found: str | None = {
            "size": ">",
            "apply": SIGNED.get(row.label),
            "number": ">" if value > 0 else "!=" if value < 0 else ">=",
            "power": based.get(min(signs)) if signs else ">=" if even and value else None,
            "plus": None if "!=" in signs else strict,
            "sum": None if "!=" in signs else strict,
            "times": None if signs >= {">=", "!="} else min(signs, key=("!=", ">=", ">").index, default=">"),
        }.get(row.kind)
        need(found is not None, "no sign follows")
        return self.conclude(Theorem(program, (str(found), term, self.terms.number(0))), *premises)

    def sign_weaken(self, first: Theorem, relation: str) -> Theorem:
        """From u > 0: u != 0, or u >= 0."""
        need(first.judgement[0] == ">" and relation in ("!=", ">="), "only > can be weakened, to != or >=")
        return self.conclude(Theorem(first.program, (relation, *first.judgement[1:])), first)

    def separable(self, program: Program, term: int, premises: tuple[Theorem, ...]) -> Theorem:
        """At sample n, the batch program is that of one sample: each definition is the same, or a premise says so."""
        row = self.row(program, term, "entry")
        need(program is self.batch and row.label == "loss", "not the loss in the batch")
        sample, rest = row.places[0], list(premises)
        for name, body in self.single.definitions.items():
            choice = {one: sample for one in program.letters[name] if one[1] == program.batch}
            here, there = self.terms.instance(program.definitions[name], choice), program.lift(sample, body)
            said = here == there or (rest and rest.pop(0).judgement == ("=", here, there))
            need(bool(said), f"{name} differs, and no premise says otherwise")
        need(not rest, "a premise is not needed")
        mentioned = program.deep(*[side for premise in premises for _, *both in premise.hypotheses for side in both])
        need("parameter" not in [program.kinds[name] for name in mentioned], "a hypothesis about parameters")
        judgement, uses = ("separable", term, self.terms.number(1)), frozenset(program.definitions)
        return self.conclude(Theorem(program, judgement, uses=uses, leant=bool(premises)), *premises)

    def lift(self, first: Theorem, second: Theorem) -> Theorem:
        """From separability at n and an equation of the single-sample program: the equation at n in the batch program.

        If the two programs agree by equations only, they agree as functions of the parameters, and nothing is known of
        other derivatives: neither the equation nor its hypotheses may speak of these.
        """
        terms, batch, (relation, loss, _), sides = self.terms, first.program, first.judgement, self.equation(second)
        need(relation == "separable" and second.program is self.single, "not separable, and an equation of one sample")
        sample = terms[loss].places[0]
        need(not any(sample in terms[side].letters for side in sides), "the sample's letter occurs in the equation")
        told = [*sides, *[side for _, *both in second.hypotheses for side in both]]
        for row in [terms[derivative] for side in told for derivative in terms[side].derived if first.leant]:
            parameter = batch.kinds[terms[row.kids[1]].label] == "parameter"
            need(row.kind == "total" and parameter, "a derivative on which the two programs may differ")
        left, right = [batch.lift(sample, side) for side in sides]
        # In the hypotheses the sample gets a name that none of their letters has.
        some = ("#", batch.batch)
        given = [terms.closure((sign, batch.lift(some, u), batch.lift(some, v))) for sign, u, v in second.hypotheses]
        return self.conclude(Theorem(batch, ("=", left, right), frozenset(given), frozenset(batch.definitions)), first)

    def state(self, first: Theorem, others: tuple[Theorem, ...]) -> Theorem:
        """What is stated is also defined; theorems take hypotheses away, and bring their own."""
        left = first.hypotheses | first.program.defined(*first.judgement[1:])
        for other in others:
            closed = self.terms.closure(other.judgement)
            need(other.program is first.program and closed in left, "a theorem about no hypothesis")
            left = left - {closed} | other.hypotheses
        return first._replace(hypotheses=left)


def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object, in which no key may stand twice."""
    shaped(len(dict(pairs)) == len(pairs), "a key stands twice")
    return dict(pairs)


def natural(text: str) -> int:
    """A JSON number, which must be a small natural number."""
    shaped(text.isdigit() and len(text) <= 9, "a number that is no small natural number")
    return int(text)


def load(text: str, *keys: str) -> list[Any]:
    """The values of a JSON object of our format, with just these keys beside it.

    A hash, if it is among them, must be that of the object without it, in one line with sorted keys and no spaces.
    """
    try:
        numbers: dict[str, Any] = dict.fromkeys(("parse_int", "parse_float", "parse_constant"), natural)
        raw = json.loads(text, object_pairs_hook=members, **numbers)
    except ValueError as error:
        raise MalformedError(f"not JSON: {error}") from None
    version, *rest = values(raw, "format", *keys)
    shaped(typed(int, version) == FORMAT, f"not format {FORMAT}")
    if "sha256" in raw:
        told = spelled("[0-9a-f]{64}", raw.pop("sha256"))
        found = hashlib.sha256(json.dumps(raw, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
        need(told == found, "the certificate was altered: its sha256 is not that of its content")
    return rest


def values(raw: Any, *keys: str) -> list[Any]:
    """The values of an object that has just these keys, in this order."""
    shaped(typed(dict, raw).keys() == set(keys), f"not an object with just {', '.join(keys)}")
    return [raw[key] for key in keys]


def typed(kind: type, raw: Any) -> Any:
    """What is of one type exactly: true and false are no integers."""
    shaped(type(raw) is kind, f"something that is no {kind.__name__}")
    return raw


def spelled(pattern: str, raw: Any) -> str:
    """A text of some form."""
    shaped(re.fullmatch(pattern, typed(str, raw)) is not None, f"not spelled like {pattern:.60}")
    return str(raw)


def fraction(raw: Any) -> Fraction:
    """A fraction, in its one spelling."""
    value = Fraction(spelled(FRACTION, raw))
    shaped(str(value) == raw, "a fraction that is not in its one spelling")
    return value


class Reader:
    """How each part is read from JSON. A small letter stands for one thing, its capital for a list of such things."""

    def __init__(self, terms: Terms, **more: Callable[[Any], Any]) -> None:
        self.terms = terms
        self.forms: dict[str, Any] = {
            "f": fraction,
            "g": partial(spelled, "batch|single"),  # program
            "i": partial(typed, int),
            "j": lambda raw: tuple(self.fields(raw, "rtt")),  # judgement
            "k": partial(spelled, "data|parameter"),
            "l": lambda raw: tuple(self.fields(raw, "mn")),  # letter with its size
            "m": partial(spelled, LETTER),
            "n": partial(spelled, NAME),
            "p": lambda raw: raw if type(raw) is int else self.forms["l"](raw),  # position
            "r": partial(spelled, "|".join(("=", "separable", *SIGNS))),
            "t": self.term,
            "x": partial(spelled, "(?s).*"),
        } | more  # and "s", a step, in steps

    def fields(self, raw: Any, shape: str) -> list[Any]:
        """The members of a list, each by its letter."""
        shaped(len(typed(list, raw)) == len(shape), f"a list of {len(raw)} where {len(shape)} belong")
        readers = [(self.forms[code.lower()], code.islower()) for code in shape]
        parts = zip(readers, raw, strict=True)
        return [form(part) if one else tuple([form(each) for each in typed(list, part)]) for (form, one), part in parts]

    def term(self, raw: Any) -> int:
        """A term."""
        kind, *parts = typed(list, raw) or [""]
        (shape,) = PARTS[spelled("|".join(PARTS), kind)]
        told: dict[str, list[Any]] = defaultdict(list)
        for code, value in zip(shape, self.fields(parts, shape), strict=True):
            told[code.lower()] += value if code.isupper() else [value]
        return self.terms.make(kind, told["t"], (told["n"] + told["f"] + [""])[0], told["p"])

    def statements(self, raw: Any, key: Callable[[Any], Any]) -> dict[str, Statement]:
        """Statements by name; their hypotheses are ordered by a key."""
        result: dict[str, Statement] = {}
        for one in typed(list, raw):
            name, program, hypotheses, judgement = self.fields(one, "xgJj")
            keys = [key(hypothesis) for hypothesis in one[2]]
            shaped(keys == sorted(set(keys)), f"the hypotheses of {name!a} are out of order")
            shaped(name not in result, f"two statements {name!a}")
            result[name] = (program, frozenset(hypotheses), judgement)
        return result


def read_goal(terms: Terms, text: str) -> tuple[Rules, dict[str, Statement]]:
    """The rules about the model, and the statements by name."""
    model, statements = load(text, "model", "statements")
    batch, inputs, definitions, assumptions = values(model, "batch", "inputs", "definitions", "assumptions")
    reader = Reader(terms)
    program = Program(terms, spelled(NAME, batch))
    for name, kind, shape in [reader.fields(raw, "nkN") for raw in typed(list, inputs)]:
        program.declare(name, kind, tuple([(f"#{k}", size) for k, size in enumerate(shape)]))
    for name, letters, body in [reader.fields(raw, "nLt") for raw in typed(list, definitions)]:
        program.declare(name, "definition", letters, body)
    fine = "loss" in program.definitions and [size for _, size in program.letters["loss"]] == [batch]
    shaped(fine, "no loss for each sample")
    rules = Rules(terms, program)
    allowed: dict[str, set[Judgement]] = {"batch": set(), "single": set()}
    for judgement in reader.fields([assumptions], "J")[0]:
        allowed["batch"] |= rules.hypothesis(program, judgement).hypotheses
        relation, left, right = judgement
        allowed["single"].add(terms.closure((relation, program.collapse(left), program.collapse(right))))
    result = reader.statements(statements, json.dumps)
    for name, (which, hypotheses, _) in result.items():
        equations = {hypothesis for hypothesis in hypotheses if hypothesis[0] == "="}
        need(equations <= allowed[which], f"{name!a} supposes an equation that is no assumption")
    return rules, result


def use(table: list[Any], used: set[int], raw: Any) -> Any:
    """What stands above, at a number."""
    shaped(0 <= typed(int, raw) < len(table), "nothing with this number stands above")
    need(table[raw] is not None, "a stated theorem is used")
    used.add(raw)
    return table[raw]


def replay(goal_text: str, certificate_text: str) -> None:
    """Read both, apply every step, and compare."""
    nodes, steps, statements, _ = load(certificate_text, "terms", "steps", "statements", "sha256")
    terms = Terms()
    rules, wanted = read_goal(terms, goal_text)
    shaped(len(typed(list, nodes)) <= MAX_TERMS and len(typed(list, steps)) <= MAX_STEPS, "too many terms or steps")
    table: list[int] = []
    theorems: list[Theorem | None] = []
    used_terms, used_steps, seen, stated = set[int](), set[int](), set[str](), Counter[Statement]()
    programs = {"batch": rules.batch, "single": rules.single}
    reader = Reader(terms, t=partial(use, table, used_terms))
    inner = Reader(terms, g=lambda raw: programs[reader.forms["g"](raw)], s=partial(use, theorems, used_steps))
    inner.forms["t"] = reader.forms["t"]
    for raw in nodes:
        table.append(reader.term(raw))
    shaped(len(set(table)) == len(table), "a term stands twice")
    for raw in steps:
        shaped(len(typed(list, raw)) == 2, "not a step")
        name = spelled("|".join(RULES), raw[0])
        try:
            need(repr(raw) not in seen, "the same step stands above")
            # A law that is no method is one of those that make up a rule.
            method = getattr(rules, name, None) or partial(getattr(rules, name.split("_", 1)[0]), name)
            theorem = method(*inner.fields(raw[1], RULES[name][0]))
        except RefusedError as error:
            raise RefusedError(f"step {len(theorems)} ({name}): {error}") from None
        seen.add(repr(raw))
        theorems.append(None if name == "state" else theorem)
        if name == "state":
            stated["batch" if theorem.program is rules.batch else "single", theorem.hypotheses, theorem.judgement] += 1
    told = reader.statements(statements, tuple)
    odd = sorted([name for name in told | wanted if told.get(name) != wanted.get(name) or told[name] not in stated])
    need(not odd, f"the statement {odd[:1]!a} is not in goal and certificate alike, or not established")
    need(stated <= Counter(told.values()), "a step states what no statement says")
    need(len(used_steps) + stated.total() == len(theorems), "a step is not used")
    need(len(used_terms) == len(table), "a term is not used")


def check(goal_text: str, certificate_text: str) -> tuple[int, str]:
    """Exit code and verdict: 0 accepted, 1 refused, 2 malformed."""
    sys.setrecursionlimit(max(sys.getrecursionlimit(), RECURSION))
    try:
        replay(goal_text, certificate_text)
    except RefusedError as error:
        return 1, f"refused: {error}"
    except (MalformedError, RecursionError, MemoryError) as error:
        return 2, f"malformed: {str(error) or 'too large'}"
    return 0, "accepted"


def main(arguments: list[str]) -> int:
    """Print the verdict about two files."""
    try:
        texts = []
        for name in arguments:
            with Path(name).open("rb") as file:
                texts.append(file.read(MAX_BYTES + 1))
        shaped(len(texts) == 2 and max(map(len, texts)) <= MAX_BYTES, "give two files, of at most 64 MiB each")
        code, verdict = check(*[content.decode("utf-8") for content in texts])
    except (OSError, ValueError, MalformedError) as error:
        code, verdict = 2, f"malformed: {error}"
    sys.stdout.write(" ".join(verdict.encode("ascii", "backslashreplace").decode().split()) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
