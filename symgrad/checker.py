"""The second opinion: replays a certificate, in a process of its own, with code of its own.

    python -I symgrad/checker.py GOAL.json CERTIFICATE.json

GOAL.json says what is to be established: a model and statements about it. CERTIFICATE.json lists terms, and steps that each
apply one rule of inference to terms and to earlier steps. One line is printed, and the exit code says the same:

    accepted                            0   every statement of the goal follows, and nothing in the certificate is idle
    refused: step K (rule): reason      1   a rule does not apply, or something is left over or missing
    malformed: reason                   2   this is no certificate, or no goal

Nothing of symgrad is imported: this file and Python's standard library are all that has to be trusted.

A term is an integer: its row in a table in which no node stands twice, so that equal terms are equal integers and whatever is
known of a term is computed once. Bound letters are de Bruijn numbers, free letters are pairs (name, size). Meaning is real-valued
and total: 1/0 is 0, logarithms and broken powers are 0 outside their domain, sign(0) = step(0) = 0, and sizes are at least 1.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

FORMAT = 1
MAX_BYTES = 64 * 1024 * 1024
MAX_STEPS = 200_000
MAX_TERMS = 400_000
MAX_DEPTH = 1_000
MAX_DIGITS = 4_000
MAX_PAIRS = 20_000
MAX_EXPONENT = 64
HUGE = 1 << 200_000
RECURSION = 10_000

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
LETTER = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}|_{1,2}[0-9]{1,6}")
NUMERAL = re.compile(r"-?(0|[1-9][0-9]*)(/[1-9][0-9]*)?")

UNARY = ("exp", "log", "sin", "cos", "tanh", "sigmoid", "softplus", "relu", "abs", "sign", "step", "erf")
ARITY = {"pi": 0, "max": 2, "min": 2} | dict.fromkeys(UNARY, 1)
KINKED = ("relu", "abs", "sign", "step", "max", "min")
SIGNS = (">", ">=", "!=")
DERIVATIVES = ("total", "direct")

Letter = tuple[str, str]
Position = int | Letter
Judgement = tuple[str, int, int]
Hypotheses = frozenset[Judgement]
Names = frozenset[str]
Pattern = int | str | Fraction | tuple[Any, ...]

# Patterns: "u" and "v" stand for arguments, "-" is one's negative or two's difference, a power has its exponent last.
TWICE_STEP = ("-", ("times", 2, ("step", "u")), 1)
SLOPES: dict[tuple[str, int], Pattern] = {
    ("exp", 0): ("exp", "u"),
    ("log", 0): ("power", "u", -1),
    ("sin", 0): ("cos", "u"),
    ("cos", 0): ("-", ("sin", "u")),
    ("tanh", 0): ("-", 1, ("power", ("tanh", "u"), 2)),
    ("sigmoid", 0): ("times", ("sigmoid", "u"), ("-", 1, ("sigmoid", "u"))),
    ("softplus", 0): ("sigmoid", "u"),
    ("relu", 0): ("step", "u"),
    ("abs", 0): ("sign", "u"),
    ("sign", 0): 0,
    ("step", 0): 0,
    ("erf", 0): ("times", 2, ("power", ("pi",), Fraction(-1, 2)), ("exp", ("-", ("power", "u", 2)))),
    ("max", 0): ("step", ("-", "u", "v")),
    ("max", 1): ("step", ("-", "v", "u")),
    ("min", 0): ("step", ("-", "v", "u")),
    ("min", 1): ("step", ("-", "u", "v")),
}
"""The derivative of each function in each of its arguments, where it is smooth."""

IDENTITIES: dict[tuple[str, int], tuple[Pattern, Pattern, tuple[tuple[str, int], ...]]] = {
    ("exp_zero", 0): (("exp", 0), 1, ()),
    ("exp_sum", 2): (("exp", ("plus", "u", "v")), ("times", ("exp", "u"), ("exp", "v")), ()),
    ("exp_negative", 1): (("exp", ("-", "u")), ("power", ("exp", "u"), -1), ()),
    ("log_one", 0): (("log", 1), 0, ()),
    ("log_exp", 1): (("log", ("exp", "u")), "u", ()),
    ("log_product", 2): (("log", ("times", "u", "v")), ("plus", ("log", "u"), ("log", "v")), ((">", 0), (">", 1))),
    ("log_inverse", 1): (("log", ("power", "u", -1)), ("-", ("log", "u")), ((">", 0),)),
    ("sigmoid_exp", 1): (("sigmoid", "u"), ("times", ("exp", "u"), ("power", ("plus", 1, ("exp", "u")), -1)), ()),
    ("sigmoid_negative", 1): (("sigmoid", ("-", "u")), ("-", 1, ("sigmoid", "u")), ()),
    ("softplus_log", 1): (("softplus", "u"), ("log", ("plus", 1, ("exp", "u"))), ()),
    ("softplus_negative", 1): (("softplus", ("-", "u")), ("-", ("softplus", "u"), "u"), ()),
    ("tanh_sigmoid", 1): (("tanh", "u"), ("-", ("times", 2, ("sigmoid", ("times", 2, "u"))), 1), ()),
    ("tanh_negative", 1): (("tanh", ("-", "u")), ("-", ("tanh", "u")), ()),
    ("sin_negative", 1): (("sin", ("-", "u")), ("-", ("sin", "u")), ()),
    ("cos_negative", 1): (("cos", ("-", "u")), ("cos", "u"), ()),
    ("relu_step", 1): (("relu", "u"), ("times", "u", ("step", "u")), ()),
    ("abs_step", 1): (("abs", "u"), ("times", "u", TWICE_STEP), ()),
    ("sign_step", 1): (("sign", "u"), TWICE_STEP, (("!=", 0),)),
    ("step_squared", 1): (("power", ("step", "u"), 2), ("step", "u"), ()),
    ("max_relu", 2): (("max", "u", "v"), ("plus", "v", ("relu", ("-", "u", "v"))), ()),
    ("min_relu", 2): (("min", "u", "v"), ("-", "u", ("relu", ("-", "u", "v"))), ()),
}
"""By name and number of arguments: both sides, and the signs that it asks of which arguments."""


class Malformed(Exception):
    """The text is not a goal, or not a certificate."""


class Refused(Exception):
    """What is written does not follow."""


def need(condition: bool, reason: str) -> None:
    """Refuse unless the condition holds."""
    if not condition:
        raise Refused(reason)


def shaped(condition: bool, reason: str) -> None:
    """Call the text malformed unless the condition holds."""
    if not condition:
        raise Malformed(reason)


class Node(NamedTuple):
    """A row of the table: its kind, what it says beside its subterms, its positions, and its subterms.

    The label is the value of a number, the exponent of a power, the size of a sum, the name of a tensor or function.
    """

    kind: str
    label: str | Fraction
    places: tuple[Position, ...]
    kids: tuple[int, ...]


class Terms:
    """The table of terms.

    Subterms are made before what they stand in, so what is known of a term is known as soon as it stands in the table:
    ``depth``; ``open``, how many sums around it its numbers reach; ``letters``, its free letters in order of first occurrence;
    ``tensors``, what it mentions; ``sums``, how deep its sums nest; ``derived``, the derivatives in it.
    """

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.rows: dict[Node, int] = {}
        self.depth: list[int] = []
        self.open: list[int] = []
        self.letters: list[tuple[Letter, ...]] = []
        self.tensors: list[Names] = []
        self.sums: list[int] = []
        self.derived: list[frozenset[int]] = []
        self.closures: dict[Judgement, Judgement] = {}
        self.found: dict[tuple[int, bool], Hypotheses] = {}

    def make(self, kind: str, label: str | Fraction, places: tuple[Position, ...], kids: tuple[int, ...]) -> int:
        """The row of a node, new or old."""
        node = Node(kind, label, places, kids)
        row = self.rows.get(node)
        if row is not None:
            return row
        depth = 1 + max([self.depth[kid] for kid in kids], default=0)
        need(depth <= MAX_DEPTH, f"a term is deeper than {MAX_DEPTH}")
        reach = max([place + 1 for place in places if isinstance(place, int)] + [self.open[kid] for kid in kids], default=0)
        letters = dict.fromkeys([place for place in places if isinstance(place, tuple)])
        tensors: Names = frozenset((str(label),)) if kind == "entry" else frozenset()
        for kid in kids:
            letters.update(dict.fromkeys(self.letters[kid]))
            if not self.tensors[kid] <= tensors:
                tensors |= self.tensors[kid]
        row = self.rows[node] = len(self.nodes)
        self.nodes.append(node)
        self.depth.append(depth)
        self.open.append(max(reach - (kind == "sum"), 0))
        self.letters.append(tuple(letters))
        self.tensors.append(tensors)
        self.sums.append(max([self.sums[kid] for kid in kids], default=0) + (kind == "sum"))
        inside = frozenset[int]().union(*[self.derived[kid] for kid in kids])
        self.derived.append(inside | {row} if kind in DERIVATIVES else inside)
        return row

    def number(self, value: int | Fraction) -> int:
        """A rational number."""
        return self.make("number", Fraction(value), (), ())

    def entry(self, name: str, places: Iterable[Position]) -> int:
        """An entry of a tensor."""
        return self.make("entry", name, tuple(places), ())

    def plus(self, *kids: int) -> int:
        """A sum of terms."""
        return self.make("plus", "", (), kids)

    def times(self, *kids: int) -> int:
        """A product."""
        return self.make("times", "", (), kids)

    def power(self, base: int, exponent: int | Fraction) -> int:
        """A power."""
        return self.make("power", Fraction(exponent), (), (base,))

    def sum(self, size: str | Fraction, body: int) -> int:
        """A sum over a size."""
        return self.make("sum", size, (), (body,))

    def derivative(self, kind: str, body: int, variable: int) -> int:
        """A total or a direct derivative."""
        return self.make(kind, "", (), (body, variable))

    def joined(self, kind: str, kids: list[int]) -> int:
        """A sum of terms or a product, where one operand stands alone."""
        return kids[0] if len(kids) == 1 else self.make(kind, "", (), tuple(kids))

    def replace(self, term: int, at: int, new: int) -> int:
        """The node with another subterm at one place."""
        kind, label, places, kids = self.nodes[term]
        return self.make(kind, label, places, (*kids[:at], new, *kids[at + 1 :]))

    def rebuild(self, term: int, place: Callable[[Node, int], Iterable[Position]], still: Callable[[int, int], bool]) -> int:
        """The term with new positions in each entry and delta below k sums; what is ``still(term, k)`` stays."""
        memo: dict[tuple[int, int], int] = {}

        def go(part: int, below: int) -> int:
            if still(part, below):
                return part
            key = (part, below)
            if key not in memo:
                node = self.nodes[part]
                inner = below + (node.kind == "sum")
                places = tuple(place(node, below)) if node.places or node.kind == "entry" else ()
                memo[key] = self.make(node.kind, node.label, places, tuple([go(kid, inner) for kid in node.kids]))
            return memo[key]

        return go(term, 0)

    def move(self, term: int, place: Callable[[Position, int], Position]) -> int:
        """The term with each position p below k sums replaced by ``place(p, k)``, which leaves the numbers under k alone."""
        return self.rebuild(
            term,
            lambda node, below: [place(old, below) for old in node.places],
            lambda part, below: not self.letters[part] and self.open[part] <= below,
        )

    def instance(self, term: int, choice: dict[Letter, Position]) -> int:
        """A term without open numbers with positions put for letters, all at once; a number counts the sums around the term."""

        def place(old: Position, below: int) -> Position:
            new = old if isinstance(old, int) else choice.get(old, old)
            return new + below if isinstance(new, int) and not isinstance(old, int) else new

        return self.move(term, place)

    def opened(self, body: int, position: Position) -> int:
        """The body of a sum that stands under no other, with a letter for the summed number."""
        return self.move(body, lambda old, below: position if old == below else old)

    def closure(self, judgement: Judgement) -> Judgement:
        """The judgement for all values of its letters: they are named by order of first occurrence."""
        known = self.closures.get(judgement)
        if known is None:
            relation, left, right = judgement
            letters = dict.fromkeys(self.letters[left] + self.letters[right])
            names: dict[Letter, Position] = {old: (f"_{k}", old[1]) for k, old in enumerate(letters)}
            known = self.closures[judgement] = (relation, self.instance(left, names), self.instance(right, names))
        return known

    def minus(self, *operands: int) -> int:
        """``-u`` or ``u - v``, as the rules write them."""
        negative = self.times(self.number(-1), operands[-1])
        return self.plus(operands[0], negative) if len(operands) == 2 else negative

    def conditions(self, term: int, kinks: bool) -> Hypotheses:
        """What must hold for the term to be defined, and with ``kinks`` also for it to be smooth, everywhere in it."""
        known = self.found.get((term, kinks))
        if known is not None:
            return known
        kind, label, _, kids = self.nodes[term]
        if kind == "sum":
            # Sums within this one nest less deep, so theirs are other letters; no letter that is read has such a name.
            kids = (self.opened(kids[0], (f"#{self.sums[term]}", str(label))),)
        found: Hypotheses = frozenset().union(*[self.conditions(kid, kinks) for kid in kids])
        relation = ""
        if isinstance(label, Fraction) and kind == "power":
            relation = ">" if label.denominator > 1 else "!=" if label < 0 else ""
        elif kind == "apply":
            relation = ">" if label == "log" else "!=" if kinks and label in KINKED else ""
        about = self.minus(*kids) if label in ("max", "min") else kids[0] if kids else term
        if relation and self.nodes[about].kind != "size":
            found |= {self.closure((relation, about, self.number(0)))}
        self.found[term, kinks] = found
        return found


class Program:
    """Inputs, and definitions in order: what a term may mention, and what each name hangs on."""

    def __init__(self, terms: Terms, batch: str) -> None:
        self.terms = terms
        self.batch = batch
        self.kinds: dict[str, str] = {}
        self.shapes: dict[str, tuple[str, ...]] = {}
        self.definitions: dict[str, tuple[tuple[Letter, ...], int]] = {}
        self.reach: dict[str, Names] = {}
        self.fitting: set[tuple[int, tuple[str, ...]]] = set()

    def declare(self, name: str, kind: str, shape: tuple[str, ...]) -> None:
        """Add a name."""
        shaped(name not in self.shapes, f"{name} is declared twice")
        self.kinds[name], self.shapes[name], self.reach[name] = kind, shape, frozenset((name,))

    def define(self, name: str, letters: tuple[Letter, ...], body: int) -> None:
        """Add a definition over what is declared and defined so far."""
        shaped(len({letter for letter, _ in letters}) == len(letters), f"a letter of {name} stands twice")
        shaped(not self.terms.derived[body], f"{name} is defined by a derivative")
        shaped(set(self.terms.letters[body]) <= set(letters), f"a letter is free in the body of {name}")
        self.fits(body)
        self.declare(name, "definition", tuple([size for _, size in letters]))
        self.definitions[name] = (letters, body)
        self.reach[name] |= self.deep(body)

    def deep(self, term: int) -> Names:
        """All that the term mentions, also through definitions."""
        return frozenset().union(*[self.reach[name] for name in self.terms.tensors[term]])

    def depends(self, term: int, name: str, through: bool) -> bool:
        """Whether the term mentions a tensor or, ``through`` the program, something that hangs on it."""
        mentioned = self.terms.tensors[term]
        return name in mentioned or (through and any(name in self.reach[other] for other in mentioned))

    def smooth(self, term: int, name: str, total: bool) -> Hypotheses:
        """What makes the term smooth in the entries of a tensor."""
        found = self.terms.conditions(term, True)
        for other in self.deep(term) & self.definitions.keys() - {name} if total else ():
            found |= self.terms.conditions(self.definitions[other][1], True)
        return frozenset([condition for condition in found if self.depends(condition[1], name, total)])

    def defined(self, judgement: Judgement) -> Hypotheses:
        """What makes both sides, and all definitions that they hang on, defined."""
        _, *sides = judgement
        names = frozenset[str]().union(*[self.deep(side) for side in sides]) & self.definitions.keys()
        told = sides + [self.definitions[name][1] for name in names]
        return frozenset().union(*[self.terms.conditions(term, False) for term in told])

    def fits(self, term: int, around: tuple[str, ...] = ()) -> None:
        """Refuse a term that says nothing in this program; ``around`` are the sizes of the sums about it, innermost first."""
        terms = self.terms
        key = (term, around[: terms.open[term]])
        if key in self.fitting:
            return
        need(terms.open[term] <= len(around), "a number points to no sum")
        kind, label, places, kids = terms.nodes[term]
        sizes = tuple([around[place] if isinstance(place, int) else place[1] for place in places])
        if kind == "entry":
            need(label in self.shapes, f"{label} is not declared")
            need(sizes == self.shapes[str(label)], f"{label} has another shape")
        elif kind == "delta":
            need(sizes[0] == sizes[1], "a delta of two sizes")
        elif isinstance(label, Fraction) and kind == "power":
            need(abs(label) <= MAX_EXPONENT, f"an exponent above {MAX_EXPONENT}")
        elif kind == "apply":
            need(ARITY.get(str(label)) == len(kids), f"no function {label} of {len(kids)} arguments")
        elif kind in DERIVATIVES:
            variable = terms.nodes[kids[1]]
            need(variable.kind == "entry", "a derivative with respect to no entry")
            need(self.kinds.get(str(variable.label)) != "data", "a derivative with respect to data")
            need(not terms.derived[kids[0]], "a derivative of a derivative")
            need(kind == "direct" or terms.nodes[kids[0]].kind == "entry", "a total derivative of no entry")
        inside = (str(label), *around) if kind == "sum" else around
        for kid in kids:
            self.fits(kid, inside)
        self.fitting.add(key)

    def collapse(self, term: int, around: tuple[str, ...] = ()) -> int:
        """The term at batch size 1: positions and sums of the batch size fall away."""
        terms, batch = self.terms, self.batch
        kind, label, places, kids = terms.nodes[term]
        sizes = [around[place] if isinstance(place, int) else place[1] for place in places]
        if (kind == "delta" and sizes[0] == batch) or (kind == "size" and label == batch):
            return terms.number(1)
        if kind == "sum":
            body = self.collapse(kids[0], (str(label), *around))
            return body if label == batch else terms.sum(label, body)
        kept: list[Position] = [
            place - around[:place].count(batch) if isinstance(place, int) else place
            for place, size in zip(places, sizes, strict=True)
            if size != batch
        ]
        return terms.make(kind, label, tuple(kept), tuple([self.collapse(kid, around) for kid in kids]))

    def single(self) -> Program:
        """The program of one sample: what the loss hangs on, at batch size 1."""
        one = Program(self.terms, self.batch)
        for name in [name for name in self.shapes if name in self.reach["loss"]]:
            if name in self.definitions:
                letters, body = self.definitions[name]
                one.define(name, tuple([letter for letter in letters if letter[1] != self.batch]), self.collapse(body))
            else:
                one.declare(name, self.kinds[name], tuple([size for size in self.shapes[name] if size != self.batch]))
        return one

    def lift(self, term: int, sample: Letter) -> int:
        """A term of the single-sample program, said of one sample in this one."""

        def place(node: Node, _: int) -> list[Position]:
            rest = iter(node.places)
            if node.kind == "delta":
                return list(rest)
            return [sample if size == self.batch else next(rest) for size in self.shapes[str(node.label)]]

        return self.terms.rebuild(term, place, lambda part, _: not self.terms.tensors[part])


class Theorem(NamedTuple):
    """A judgement of a program, under hypotheses that hold for all values of their letters, from some definitions.

    ``leant`` is meant for ``separable`` alone: whether it leant on equations.
    """

    program: Program
    hypotheses: Hypotheses
    uses: Names
    judgement: Judgement
    leant: bool = False


Monomial = frozenset[tuple[int, int]]
Polynomial = dict[Monomial, int | Fraction]
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
        return {monomial: value for monomial, value in total.items() if value}

    def times(self, left: Polynomial, right: Polynomial) -> Polynomial:
        """The product; a delta is its own square."""
        if left == ONE or right == ONE:
            return left if right == ONE else right
        need(len(left) * len(right) <= MAX_PAIRS, f"a product of more than {MAX_PAIRS} pairs of monomials")
        total: Polynomial = {}
        for first, a in left.items():
            for second, b in right.items():
                factors = dict(first)
                for atom, exponent in second:
                    idle = atom in factors and self.terms.nodes[atom].kind == "delta"
                    factors[atom] = 1 if idle else factors.get(atom, 0) + exponent
                monomial = frozenset(factors.items())
                value = total[monomial] = total.get(monomial, 0) + a * b
                need(max(abs(value.numerator), value.denominator) < HUGE, "a coefficient is too long")
        return {monomial: value for monomial, value in total.items() if value}

    def power(self, base: Polynomial, exponent: int) -> Polynomial:
        """A natural power; of one monomial at once, since exponents of roots may be large."""
        if len(base) == 1 and exponent:
            ((monomial, value),) = base.items()
            if abs(value) == 1:
                nodes = self.terms.nodes
                factors = [(atom, 1 if nodes[atom].kind == "delta" else k * exponent) for atom, k in monomial]
                return {frozenset(factors): value ** (2 - exponent % 2)}
        need(exponent <= MAX_PAIRS, "an exponent is too large")
        result = ONE
        for _ in range(exponent):
            result = self.times(result, base)
        return result

    def quotient(self, term: int, deep: bool) -> Quotient:
        """Numerator, denominator, and the conditions; powers that are not natural are looked into only if ``deep``."""
        known = self.quotients.get((term, deep))
        if known is None:
            known = self.quotients[term, deep] = self.read(term, deep)
        return known

    def read(self, term: int, deep: bool) -> Quotient:
        """The same, by kind of term."""
        kind, label, places, kids = self.terms.nodes[term]
        above, below, conditions = ONE, ONE, frozenset[Judgement]()
        if isinstance(label, Fraction):
            natural = label.denominator == 1 and label >= 0
            if kind == "power" and (deep or natural):
                return self.read_power(kids[0], label, deep)
            if kind == "number":
                value = label.numerator if label.denominator == 1 else label
                return self.plus({}, {frozenset(): value}), ONE, conditions
        if kind == "times":
            for over, under, more in [self.quotient(kid, deep) for kid in kids]:
                above, below, conditions = self.times(above, over), self.times(below, under), conditions | more
            return above, below, conditions
        if kind == "plus":
            # What stands over one denominator is added first.
            groups: dict[frozenset[tuple[Monomial, int | Fraction]], tuple[Polynomial, Polynomial]] = {}
            for over, under, more in [self.quotient(kid, deep) for kid in kids]:
                key = frozenset(under.items())
                groups[key] = (self.plus(groups[key][0] if key in groups else {}, over), under)
                conditions |= more
            above = {}
            for over, under in groups.values():
                above, below = self.plus(self.times(above, under), self.times(over, below)), self.times(below, under)
            return above, below, conditions
        if kind == "delta":
            if places[0] == places[1]:
                return ONE, ONE, conditions
            term = min(term, self.terms.make(kind, label, places[::-1], ()))
        return {frozenset(((term, 1),)): 1}, ONE, conditions

    def read_power(self, base: int, exponent: Fraction, deep: bool) -> Quotient:
        """A power: a negative exponent turns the base over, a broken one takes a root of it."""
        over, under, conditions = self.quotient(base, deep)
        times, degree = exponent.numerator, exponent.denominator
        if (times < 0 or degree > 1) and self.terms.nodes[base].kind != "size":
            relation = ">" if degree > 1 else "!="
            conditions |= {self.terms.closure((relation, base, self.terms.number(0)))}
        if degree > 1:
            root = self.terms.power(base, Fraction(1, degree))
            self.roots[root] = (base, degree)
            over, under = {frozenset(((root, 1),)): 1}, ONE
        if times < 0:
            over, under = under, over
        return self.power(over, abs(times)), self.power(under, abs(times)), conditions

    def unrooted(self, polynomial: Polynomial) -> Polynomial:
        """The polynomial with each q-th power of a q-th root replaced by what stands under the root."""
        total: Polynomial = {}
        for monomial, coefficient in polynomial.items():
            term: Polynomial = {frozenset(): coefficient}
            for atom, exponent in monomial:
                base, degree = self.roots.get(atom, (atom, exponent + 1))
                over, under, _ = self.quotient(base, True)
                whole, rest = divmod(exponent, degree) if under == ONE else (0, exponent)
                term = self.times(term, self.times(self.power(over, whole), self.power({frozenset(((atom, 1),)): 1}, rest)))
            total = self.plus(total, term)
        return total

    def equal(self, left: int, right: int) -> Hypotheses:
        """Under which conditions two terms are equal by arithmetic."""
        if self.quotient(left, False)[0] == self.quotient(right, False)[0]:
            return frozenset()
        above, below, first = self.quotient(left, True)
        over, under, second = self.quotient(right, True)
        crossed = self.unrooted(self.times(above, under)), self.unrooted(self.times(over, below))
        need(crossed[0] == crossed[1], "the two sides are not equal by arithmetic")
        return first | second


RULES: dict[str, tuple[str, Callable[..., Theorem]]] = {}


def rule(shape: str, *names: str) -> Callable[[Callable[..., Theorem]], Callable[..., Theorem]]:
    """Enter a rule in the table, under its own name or several, with the shapes of its arguments.

    p program, T term, t terms, S step, s steps, J judgement, P path, N name or relation.
    """

    def enter(function: Callable[..., Theorem]) -> Callable[..., Theorem]:
        if not names:
            RULES[function.__name__] = (shape, function)
        for name in names:
            RULES[name] = (shape, lambda rules, *arguments, law=name: function(rules, law, *arguments))
        return function

    return enter


class Rules:
    """The rules of inference; each returns a theorem or refuses."""

    def __init__(self, terms: Terms, batch: Program) -> None:
        self.terms = terms
        self.arithmetic = Ring(terms)
        self.programs = {"batch": batch, "single": batch.single()}
        self.zero = terms.number(0)

    def conclude(
        self,
        program: Program,
        judgement: Judgement,
        *premises: Theorem,
        hypotheses: Iterable[Judgement] = (),
        uses: Iterable[str] = (),
        leant: bool = False,
    ) -> Theorem:
        """A theorem with the hypotheses and uses of its premises, and more; its sides must say something."""
        need(all(premise.program is program for premise in premises), "a premise is of the other program")
        for side in judgement[1:]:
            program.fits(side)
            need(not any(name.startswith("__") for name, _ in self.terms.letters[side]), "a letter starts with __")
        given = frozenset(hypotheses).union(*[premise.hypotheses for premise in premises])
        return Theorem(program, given, frozenset(uses).union(*[premise.uses for premise in premises]), judgement, leant)

    def node(self, program: Program, term: int, *kinds: str) -> Node:
        """The node of a term that says something, which must be of one of some kinds."""
        program.fits(term)
        need(self.terms.nodes[term].kind in kinds, f"not a {' or '.join(kinds)}, but a {self.terms.nodes[term].kind}")
        return self.terms.nodes[term]

    def equation(self, theorem: Theorem) -> tuple[int, int]:
        """Both sides of an equation."""
        relation, left, right = theorem.judgement
        need(relation == "=", "a premise is no equation")
        return left, right

    def match(self, pattern: int, subject: int, around: tuple[str, ...]) -> dict[Letter, Position]:
        """The positions for the pattern's letters that make it the subject; ``around``: sizes of the sums about the subject."""
        terms = self.terms
        choice: dict[Letter, Position] = {}
        seen = {(pattern, subject, 0)}
        todo = list(seen)
        while todo:
            this, that, below = todo.pop()
            one, other = terms.nodes[this], terms.nodes[that]
            alike = (one.kind, one.label, len(one.places), len(one.kids)) == (
                *(other.kind, other.label, len(other.places), len(other.kids)),
            )
            need(alike, "the premise does not match there")
            for old, new in zip(one.places, other.places, strict=True):
                if isinstance(old, int):
                    need(old == new, "the premise does not match there")
                    continue
                need(not isinstance(new, int) or new >= below, "a letter cannot stand for a number that is bound inside")
                position = new - below if isinstance(new, int) else new
                size = around[position] if isinstance(position, int) else position[1]
                need(size == old[1], "a letter cannot stand for a position of another size")
                need(choice.setdefault(old, position) == position, "a letter cannot stand for two positions")
            inner = below + (one.kind == "sum")
            fresh = {(*pair, inner) for pair in zip(one.kids, other.kids, strict=True)} - seen
            seen |= fresh
            todo += fresh
        return choice

    def pattern(self, pattern: Pattern, given: tuple[int, ...]) -> int:
        """A term written as in the tables."""
        if isinstance(pattern, str):
            return given["uv".index(pattern)]
        if not isinstance(pattern, tuple):
            return self.terms.number(pattern)
        head, *rest = pattern
        if head == "power":
            return self.terms.power(self.pattern(rest[0], given), rest[1])
        kids = tuple([self.pattern(part, given) for part in rest])
        if head == "-":
            return self.terms.minus(*kids)
        return self.terms.make(head, "", (), kids) if head in ("plus", "times") else self.terms.make("apply", head, (), kids)

    @rule("S")
    def sym(self, first: Theorem) -> Theorem:
        """From a = b: b = a."""
        left, right = self.equation(first)
        return self.conclude(first.program, ("=", right, left), first)

    @rule("SS")
    def trans(self, first: Theorem, second: Theorem) -> Theorem:
        """From a = b and b = c: a = c."""
        (left, middle), (same, right) = self.equation(first), self.equation(second)
        need(middle == same, "the middle terms differ")
        return self.conclude(first.program, ("=", left, right), first, second)

    @rule("STP")
    def congruence(self, first: Theorem, term: int, path: tuple[int, ...]) -> Theorem:
        """From a = b: T = T with an instance of a, where the path leads, replaced by that of b.

        Inside a derivative the equation must hold in a neighbourhood: it may not hang on definitions, nor on an equation about
        what varies, and the sides of its hypotheses must be smooth, so that these are open.
        """
        terms, program = self.terms, first.program
        old, new = self.equation(first)
        program.fits(term)
        around: tuple[str, ...] = ()
        spine: list[tuple[int, int]] = []
        extra: Hypotheses = frozenset()
        place = term
        for turn in path:
            kind, label, _, kids = terms.nodes[place]
            need(turn < len(kids), "the path leads out of the term")
            if kind in DERIVATIVES:
                need(kind == "direct" and turn == 0, "only the body of a direct derivative can be rewritten")
                need(not first.uses, "an equation that uses definitions cannot go into a derivative")
                tensor = str(terms.nodes[kids[1]].label)
                for relation, *sides in first.hypotheses:
                    # Like =, the relation >= is not open; no rule brings it into an equation.
                    closed = relation in ("=", ">=") and any(tensor in terms.tensors[side] for side in sides)
                    need(not closed, "an equation that holds only for some values of the variable")
                    extra = extra.union(*[program.smooth(side, tensor, False) for side in sides])
            if kind == "sum":
                around = (str(label), *around)
            spine.append((place, turn))
            place = kids[turn]
        result = terms.instance(new, self.match(old, place, around))
        for parent, turn in reversed(spine):
            result = terms.replace(parent, turn, result)
        return self.conclude(program, ("=", term, result), first, hypotheses=extra)

    @rule("pT")
    def unfold(self, program: Program, term: int) -> Theorem:
        """u[i] = the body of u at i."""
        name = str(self.node(program, term, "entry").label)
        need(name in program.definitions, f"{name} is no definition")
        letters, body = program.definitions[name]
        right = self.terms.instance(body, dict(zip(letters, self.terms.nodes[term].places, strict=True)))
        return self.conclude(program, ("=", term, right), uses=(name,))

    @rule("pJ")
    def hypothesis(self, program: Program, judgement: Judgement) -> Theorem:
        """J, if J for all values of its letters."""
        relation, left, right = judgement
        need(relation == "=" or (relation in SIGNS and right == self.zero), "neither an equation nor a sign")
        need(not self.terms.derived[left] and not self.terms.derived[right], "a hypothesis about a derivative")
        return self.conclude(program, judgement, hypotheses=(self.terms.closure(judgement),))

    @rule("pTT")
    def ring(self, program: Program, left: int, right: int) -> Theorem:
        """a = b by arithmetic."""
        program.fits(left)
        program.fits(right)
        return self.conclude(program, ("=", left, right), hypotheses=self.arithmetic.equal(left, right))

    @rule("pNt")
    def identity(self, program: Program, name: str, given: tuple[int, ...]) -> Theorem:
        """An identity of the table."""
        for term in given:
            program.fits(term)
        need((name, len(given)) in IDENTITIES, f"no identity {name} of {len(given)} arguments")
        left, right, signs = IDENTITIES[name, len(given)]
        asked = [self.terms.closure((relation, given[at], self.zero)) for relation, at in signs]
        return self.conclude(program, ("=", self.pattern(left, given), self.pattern(right, given)), hypotheses=asked)

    @rule("pT", "sum_split", "sum_factor", "sum_exchange", "sum_delta", "sum_constant")
    def finite_sum(self, law: str, program: Program, term: int) -> Theorem:
        """Laws of finite sums; the summed number is 0 in the body."""
        terms = self.terms
        _, size, _, (body,) = self.node(program, term, "sum")
        kind, label, _, kids = terms.nodes[body]
        if law == "sum_constant":
            need(not terms.open[body], "the body is not free of the index")
            right = terms.times(terms.make("size", size, (), ()), body)
        elif law == "sum_split":
            need(kind == "plus", "the body is no sum of terms")
            right = terms.plus(*[terms.sum(size, kid) for kid in kids])
        elif law == "sum_exchange":
            need(kind == "sum", "the body is no sum")
            swapped = terms.move(kids[0], lambda old, k: 2 * k + 1 - old if old in (k, k + 1) else old)
            right = terms.sum(label, terms.sum(size, swapped))
        elif law == "sum_factor":
            free = [kid for kid in kids if not terms.open[kid]]
            bound = [kid for kid in kids if terms.open[kid]]
            need(kind == "times" and bool(free and bound), "the body is no product with factors free of the index and others")
            right = terms.times(*free, terms.sum(size, terms.joined("times", bound)))
        else:
            factors = list(kids) if kind == "times" else [body]
            nodes = [terms.nodes[factor] for factor in factors]
            at = next((k for k, node in enumerate(nodes) if node.kind == "delta" and node.places.count(0) == 1), None)
            need(at is not None, "no factor is a delta of the index and something else")
            (other,) = [place for place in nodes[at or 0].places if place != 0]
            del factors[at or 0]
            left = [terms.opened(factor, other) for factor in factors]
            right = terms.joined("times", left) if left else terms.number(1)
        return self.conclude(program, ("=", term, right))

    @rule("pT")
    def partial_constant(self, program: Program, term: int) -> Theorem:
        """The derivative of what does not vary is 0."""
        kind, _, _, (body, variable) = self.node(program, term, *DERIVATIVES)
        total = kind == "total"
        need(not program.depends(body, str(self.terms.nodes[variable].label), total), "the body varies")
        return self.conclude(program, ("=", term, self.zero), uses=program.definitions if total else ())

    @rule("pT")
    def partial_entry(self, program: Program, term: int) -> Theorem:
        """The derivative of u[i] with respect to u[j] is a delta of i and j."""
        body, variable = [self.terms.nodes[kid] for kid in self.node(program, term, *DERIVATIVES).kids]
        need((body.kind, body.label) == ("entry", variable.label), "the body is no entry of the same tensor")
        pairs = zip(body.places, variable.places, strict=True)
        deltas = [self.terms.make("delta", "", pair, ()) for pair in pairs]
        return self.conclude(program, ("=", term, self.terms.joined("times", deltas) if deltas else self.terms.number(1)))

    @rule("pT", "partial_plus", "partial_times", "partial_power", "partial_apply", "partial_sum")
    def partial(self, law: str, program: Program, term: int) -> Theorem:
        """The direct derivative of a sum of terms, product, power, function or finite sum: one term for each operand that varies."""
        terms = self.terms
        body, variable = self.node(program, term, "direct").kids
        kind, label, _, kids = terms.nodes[body]
        tensor = str(terms.nodes[variable].label)
        need(law == f"partial_{kind}", f"the body is a {kind}")
        results = []
        for at, kid in enumerate(kids):
            if tensor not in terms.tensors[kid]:
                continue
            inner = terms.derivative("direct", kid, variable)
            if kind == "times":
                inner = terms.replace(body, at, inner)
            elif kind == "power" and isinstance(label, Fraction):
                inner = terms.times(terms.number(label), kid if label == 2 else terms.power(kid, label - 1), inner)
            elif kind == "apply":
                inner = terms.times(self.pattern(SLOPES[str(label), at], kids), inner)
            elif kind == "sum":
                inner = terms.sum(label, inner)
            results.append(inner)
        need(bool(results), "nothing varies")
        right = terms.joined("plus", results)
        return self.conclude(program, ("=", term, right), hypotheses=program.smooth(body, tensor, False))

    @rule("pT")
    def chain(self, program: Program, term: int) -> Theorem:
        """dr/du[j] = the sum, over all entries c of definitions that mention u and that r hangs on, of dr/dc times dc/du[j]."""
        terms = self.terms
        root, variable = self.node(program, term, "total").kids
        tensor = str(terms.nodes[variable].label)
        need(terms.nodes[root].label != tensor, "an entry of the same tensor")
        results = []
        for name, (letters, body) in program.definitions.items():
            if tensor in terms.tensors[body] and program.depends(root, name, True):
                inside: dict[Letter, Position] = {one: len(letters) - 1 - k for k, one in enumerate(letters)}
                to_root = terms.derivative("total", root, terms.entry(name, inside.values()))
                result = terms.times(to_root, terms.derivative("direct", terms.instance(body, inside), variable))
                for _, size in reversed(letters):
                    result = terms.sum(size, result)
                results.append(result)
        need(bool(results), "nothing that the root hangs on mentions the variable")
        right = terms.joined("plus", results)
        hypotheses = program.smooth(root, tensor, True)
        return self.conclude(program, ("=", term, right), hypotheses=hypotheses, uses=program.definitions)

    @rule("pTs")
    def sign(self, program: Program, term: int, premises: tuple[Theorem, ...]) -> Theorem:
        """The sign of a term from its form, or from the signs of its parts."""
        program.fits(term)
        kind, label, _, kids = self.terms.nodes[term]
        told = kids if kind in ("plus", "times", "sum") or (kind == "power" and premises) else ()
        need(len(premises) == len(told), f"{len(premises)} premises about {len(told)} parts")
        for premise, part in zip(premises, told, strict=True):
            need(premise.judgement[0] in SIGNS, "a premise is no sign")
            if kind == "sum":
                self.match(premise.judgement[1], part, (str(label),))
            else:
                need(premise.judgement[1] == part, "a premise is about something else")
        signs = {premise.judgement[0] for premise in premises}
        found = ""
        if isinstance(label, Fraction) and kind == "number":
            found = ">" if label > 0 else "!=" if label < 0 else ">="
        elif isinstance(label, Fraction) and kind == "power":
            even = label.denominator == 1 and label % 2 == 0
            if not premises:
                found = ">=" if even and label else ""
            elif signs == {">"} or (signs == {"!="} and even):
                found = ">"
            elif signs == {"!="} and label.denominator == 1:
                found = "!="
        elif kind == "size" or (kind == "apply" and label in ("exp", "sigmoid", "softplus", "pi")):
            found = ">"
        elif kind == "apply" and label in ("relu", "abs", "step"):
            found = ">="
        elif kind in ("plus", "sum") and "!=" not in signs:
            found = ">" if ">" in signs else ">="
        elif kind == "times" and not signs >= {">=", "!="}:
            found = ">=" if ">=" in signs else "!=" if "!=" in signs else ">"
        need(bool(found), "no sign follows")
        return self.conclude(program, (found, term, self.zero), *premises)

    @rule("SN")
    def sign_weaken(self, first: Theorem, relation: str) -> Theorem:
        """From u > 0: u != 0, or u >= 0."""
        need(first.judgement[0] == ">" and relation in ("!=", ">="), "only > can be weakened, to != or >=")
        return self.conclude(first.program, (relation, *first.judgement[1:]), first)

    @rule("SS")
    def sign_equal(self, first: Theorem, second: Theorem) -> Theorem:
        """From a = b and the sign of b: that of a."""
        (left, middle), (relation, same, zero) = self.equation(first), second.judgement
        need(relation in SIGNS and middle == same, "no sign of the right side")
        return self.conclude(first.program, (relation, left, zero), first, second)

    @rule("pTs")
    def separable(self, program: Program, term: int, premises: tuple[Theorem, ...]) -> Theorem:
        """The batch program at sample n is the program of one sample, definition by definition; premises say so where it takes proof."""
        batch, single = self.programs["batch"], self.programs["single"]
        node = self.node(program, term, "entry")
        need(program is batch and node.label == "loss", "not the loss in the batch")
        sample = node.places[0]
        rest = list(premises)
        for name, (_, body) in single.definitions.items():
            letters, own = batch.definitions[name]
            here = self.terms.instance(own, {one: sample for one in letters if one[1] == batch.batch})
            there = batch.lift(body, sample)
            if here != there:
                need(bool(rest) and rest.pop(0).judgement == ("=", here, there), f"{name} differs, and no premise is about it")
        need(not rest, "a premise is not needed")
        for side in {side for premise in premises for _, *sides in premise.hypotheses for side in sides}:
            need(all(program.kinds[name] != "parameter" for name in program.deep(side)), "a hypothesis about parameters")
        judgement = ("separable", term, self.terms.number(1))
        return self.conclude(program, judgement, *premises, uses=program.definitions, leant=bool(premises))

    @rule("SS")
    def lift(self, first: Theorem, second: Theorem) -> Theorem:
        """From separability at n and an equation of the single-sample program: the equation at sample n of the batch program.

        If the two programs agree by equations only, they agree as functions of the parameters, and nothing is known of other
        derivatives: neither the equation nor its hypotheses may speak of these.
        """
        terms, (relation, loss, _), sides = self.terms, first.judgement, self.equation(second)
        need(relation == "separable" and second.program is self.programs["single"], "not separable and a single-sample equation")
        sample, batch = terms.nodes[loss].places[0], first.program
        need(all(sample not in terms.letters[side] for side in sides), "the sample's letter occurs in the equation")
        told = [*sides, *[side for _, *both in second.hypotheses for side in both]]
        for derivative in [row for side in told for row in terms.derived[side] if first.leant]:
            kind, _, _, kids = terms.nodes[derivative]
            parameter = batch.kinds[str(terms.nodes[kids[1]].label)] == "parameter"
            need(kind == "total" and parameter, "a derivative on which the two programs may differ")
        left, right = [batch.lift(side, sample) for side in sides]
        # In the hypotheses the sample gets a name that is none of their letters'.
        any_one = ("#", batch.batch)
        lifted = [(relation, batch.lift(u, any_one), batch.lift(v, any_one)) for relation, u, v in second.hypotheses]
        given = [terms.closure(judgement) for judgement in lifted]
        return self.conclude(batch, ("=", left, right), first, hypotheses=given, uses=batch.definitions)

    @rule("Ss")
    def state(self, first: Theorem, others: tuple[Theorem, ...]) -> Theorem:
        """What is stated is also defined; theorems take away hypotheses, and bring their own."""
        left = first.hypotheses | first.program.defined(first.judgement)
        for other in others:
            closed = self.terms.closure(other.judgement)
            need(other.program is first.program and closed in left, "a theorem about no hypothesis")
            left = left - {closed} | other.hypotheses
        return first._replace(hypotheses=left)


PARTS = {
    "number": "q", "size": "n", "entry": "nP", "delta": "pp", "plus": "T", "times": "T", "power": "tq", "apply": "nT",
    "sum": "nt", "total": "tt", "direct": "tt",
}  # fmt: skip
"""What follows the kind of a term: q fraction, n name, p position, P positions, t subterm, T subterms."""


def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object, in which no key may stand twice."""
    shaped(len(dict(pairs)) == len(pairs), "a key stands twice")
    return dict(pairs)


def numeral(text: str) -> int:
    """A JSON number: a small natural number."""
    shaped(text.isdigit() and len(text) <= 9, "a number that is no small natural number")
    return int(text)


def load(text: str, *keys: str) -> list[Any]:
    """The values of a JSON object that has just these keys and this format."""
    try:
        raw = json.loads(text, object_pairs_hook=members, parse_int=numeral, parse_float=numeral, parse_constant=numeral)
    except ValueError as error:
        raise Malformed(f"not JSON: {error}") from None
    shaped(type(raw) is dict and raw.keys() == {"format", *keys}, f"not an object of format, {', '.join(keys)}")
    shaped(type(raw["format"]) is int and raw["format"] == FORMAT, f"not format {FORMAT}")
    return [raw[key] for key in keys]


def listed(raw: Any, length: int | None = None) -> list[Any]:
    """A list, of some length."""
    shaped(type(raw) is list and length in (None, len(raw)), "not the list that belongs there")
    return list(raw)


def chosen(raw: Any, options: Iterable[str]) -> str:
    """One of some words."""
    shaped(type(raw) is str and raw in options, f"none of {', '.join(options)}")
    return str(raw)


def named(raw: Any, spelling: re.Pattern[str] = NAME) -> str:
    """A name."""
    shaped(type(raw) is str and spelling.fullmatch(raw) is not None, "not a name")
    return str(raw)


def letter(raw: Any) -> Letter:
    """A free letter with its size."""
    name, size = listed(raw, 2)
    return named(name, LETTER), named(size)


def fraction(raw: Any) -> Fraction:
    """A fraction, in its one spelling."""
    shaped(type(raw) is str and len(raw) <= MAX_DIGITS and NUMERAL.fullmatch(raw) is not None, "not a fraction")
    try:
        value = Fraction(raw)
    except ZeroDivisionError:
        raise Malformed("a division by zero") from None
    shaped(str(value) == raw, "a fraction that is not in its one spelling")
    return value


def read_term(terms: Terms, raw: Any, subterm: Callable[[Any], int]) -> int:
    """A term from JSON."""
    kind, *parts = listed(raw) or [None]
    form = PARTS[chosen(kind, PARTS)]
    label: str | Fraction = ""
    places: list[Position] = []
    kids: list[int] = []
    for code, part in zip(form, listed(parts, len(form)), strict=True):
        if code in "nq":
            label = named(part) if code == "n" else fraction(part)
        elif code in "pP":
            places += [place if type(place) is int else letter(place) for place in (listed(part) if code == "P" else [part])]
        else:
            kids += [subterm(kid) for kid in (listed(part) if code == "T" else [part])]
    return terms.make(kind, label, tuple(places), tuple(kids))


def read_judgement(raw: Any, term: Callable[[Any], int]) -> Judgement:
    """A judgement from JSON."""
    relation, left, right = listed(raw, 3)
    return chosen(relation, ("=", *SIGNS, "separable")), term(left), term(right)


Statement = tuple[str, Hypotheses, Judgement]


def read_goal(terms: Terms, text: str) -> tuple[Program, dict[str, Statement]]:
    """The batch program, and the statements by name."""

    def tree(raw: Any) -> int:
        return read_term(terms, raw, tree)

    model, raw_statements = load(text, "model", "statements")
    shaped(type(model) is dict and model.keys() == {"batch", "inputs", "definitions", "assumptions"}, "not a model")
    batch = named(model["batch"])
    program = Program(terms, batch)
    for raw in listed(model["inputs"]):
        name, kind, shape = listed(raw, 3)
        program.declare(named(name), chosen(kind, ("data", "parameter")), tuple([named(size) for size in listed(shape)]))
        shaped(kind == "data" or batch not in shape, f"the parameter {name} carries the batch size")
    for raw in listed(model["definitions"]):
        name, letters, body = listed(raw, 3)
        program.define(named(name), tuple([letter(one) for one in listed(letters)]), tree(body))
    shaped("loss" in program.definitions and program.shapes["loss"] == (batch,), "no loss for each sample")
    allowed: dict[str, set[Judgement]] = {"batch": set(), "single": set()}
    for raw in listed(model["assumptions"]):
        relation, *sides = read_judgement(raw, tree)
        shaped(relation == "=" or (relation in SIGNS and sides[1] == terms.number(0)), "an assumption of no such kind")
        shaped(not any(terms.derived[side] for side in sides), "an assumption about a derivative")
        for side in sides:
            program.fits(side)
        allowed["batch"].add(terms.closure((relation, sides[0], sides[1])))
        allowed["single"].add(terms.closure((relation, program.collapse(sides[0]), program.collapse(sides[1]))))
    statements: dict[str, Statement] = {}
    for raw in listed(raw_statements):
        name, which, given, judgement = listed(raw, 4)
        shaped(type(name) is str and name not in statements, "a statement without a name of its own")
        hypotheses = [read_judgement(hypothesis, tree) for hypothesis in listed(given)]
        spelled = [json.dumps(hypothesis) for hypothesis in given]
        shaped(all(a < b for a, b in zip(spelled, spelled[1:], strict=False)), "hypotheses out of order")
        free = [hypothesis for hypothesis in hypotheses if hypothesis[0] == "="]
        need(allowed[chosen(which, allowed)].issuperset(free), f"{name!a} supposes an equation that is no assumption")
        statements[name] = (which, frozenset(hypotheses), read_judgement(judgement, tree))
    return program, statements


def replay(goal_text: str, certificate_text: str) -> None:
    """Read both, apply every step, and compare."""
    terms = Terms()
    try:
        program, goal = read_goal(terms, goal_text)
    except Refused as error:
        if "supposes" in str(error):
            raise
        raise Malformed(f"the goal: {error}") from None
    raw_terms, raw_steps, raw_statements = load(certificate_text, "terms", "steps", "statements")
    table: list[int] = []
    idle: set[int] = set()

    def row(raw: Any) -> int:
        shaped(type(raw) is int and 0 <= raw < len(table), "no term that stands above")
        idle.discard(raw)
        return table[raw]

    shaped(len(listed(raw_terms)) <= MAX_TERMS and len(listed(raw_steps)) <= MAX_STEPS, "too many terms or steps")
    for raw in raw_terms:
        table.append(read_term(terms, raw, row))
        idle.add(len(table) - 1)
    shaped(len(set(table)) == len(table), "a term stands twice")
    rules = Rules(terms, program)
    theorems: list[Theorem] = []
    stated: dict[Statement, list[int]] = {}
    waiting: set[int] = set()
    seen: set[str] = set()

    def premise(raw: Any) -> Theorem:
        shaped(type(raw) is int and 0 <= raw < len(theorems), "no step that stands above")
        need(raw_steps[raw][0] != "state", "a stated theorem is used")
        waiting.discard(raw)
        return theorems[raw]

    def path(raw: Any) -> tuple[int, ...]:
        shaped(all(type(turn) is int for turn in listed(raw)), "not a path")
        return tuple(raw)

    read: dict[str, Callable[[Any], Any]] = {
        "p": lambda raw: rules.programs[chosen(raw, rules.programs)],
        "T": row,
        "t": lambda raw: tuple([row(one) for one in listed(raw)]),
        "S": premise,
        "s": lambda raw: tuple([premise(one) for one in listed(raw)]),
        "J": lambda raw: read_judgement(raw, row),
        "P": path,
        "N": lambda raw: raw if raw in SIGNS else named(raw),
    }
    for number, raw in enumerate(raw_steps):
        name, given = listed(raw, 2)
        shape, apply = RULES[chosen(name, RULES)]
        try:
            need(repr(raw) not in seen, "the same step as before")
            seen.add(repr(raw))
            arguments = [read[code](part) for code, part in zip(shape, listed(given, len(shape)), strict=True)]
            theorem = apply(rules, *arguments)
        except Refused as error:
            raise Refused(f"step {number} ({name}): {error}") from None
        theorems.append(theorem)
        if name == "state":
            which = "batch" if theorem.program is program else "single"
            stated.setdefault((which, theorem.hypotheses, theorem.judgement), []).append(number)
        else:
            waiting.add(number)
    need(not waiting, f"step {min(waiting, default=0)} is not used")
    certified: dict[str, Statement] = {}
    for raw in listed(raw_statements):
        name, which, given, judgement = listed(raw, 4)
        shaped(type(name) is str and name not in certified, "a statement without a name of its own")
        hypotheses = [read_judgement(hypothesis, row) for hypothesis in listed(given)]
        shaped(all(a < b for a, b in zip(given, given[1:], strict=False)), "hypotheses out of order")
        which = chosen(which, rules.programs)
        certified[name] = (which, frozenset(hypotheses), read_judgement(judgement, row))
        need(goal.get(name) == certified[name], f"the statement {name!a} is not in the goal")
        need(certified[name] in stated, f"the statement {name!a} is not established")
    need(certified.keys() == goal.keys(), "a statement of the goal is missing")
    told = list(certified.values())
    for statement, numbers in stated.items():
        need(len(numbers) <= told.count(statement), f"step {numbers[-1]} (state): for no statement")
    need(not idle, f"term {min(idle, default=0)} is not used")


def check(goal_text: str, certificate_text: str) -> tuple[int, str]:
    """Exit code and verdict: 0 accepted, 1 refused, 2 malformed."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, RECURSION))
    try:
        replay(goal_text, certificate_text)
    except Malformed as error:
        return 2, f"malformed: {error}"
    except Refused as error:
        return 1, f"refused: {error}"
    except (RecursionError, MemoryError):
        return 2, "malformed: nested too deep, or too large"
    finally:
        sys.setrecursionlimit(limit)
    return 0, "accepted"


def main(arguments: list[str]) -> int:
    """Print the verdict about two files."""
    texts = []
    code, verdict = 2, "malformed: give GOAL.json and CERTIFICATE.json"
    try:
        for name in arguments:
            with Path(name).open("rb") as file:
                content = file.read(MAX_BYTES + 1)
            shaped(len(content) <= MAX_BYTES, "a file of more than 64 MiB")
            texts.append(content.decode("utf-8"))
        if len(texts) == 2:
            code, verdict = check(*texts)
    except (OSError, ValueError, Malformed) as error:
        verdict = f"malformed: {error}"
    sys.stdout.write(" ".join(ascii(verdict)[1:-1].split()) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
