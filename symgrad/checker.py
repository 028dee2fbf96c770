"""The second opinion: replays a certificate, in a process of its own, with code of its own.

    python -I symgrad/checker.py GOAL.json CERTIFICATE.json

GOAL.json says what is to be established: a model and statements about it. CERTIFICATE.json lists terms, and steps that each
apply one rule of inference to terms and to earlier steps. One line is printed, and the exit code says the same:

    accepted                            0   every statement of the goal follows, and nothing in the certificate is idle
    refused: step K (rule): reason      1   a rule does not apply, or something is left over or missing
    malformed: reason                   2   this is no certificate, or no goal

Nothing of symgrad is imported: this file and Python's standard library are all that has to be trusted.

A term is an integer: its row in a table in which no node stands twice, so that equal terms are equal integers and whatever is
known of a term is computed once. Bound letters are de Bruijn numbers, free letters are pairs (name, size).
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
MAX_BITS = 200_000
MAX_EXPONENT = 64

WORD = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
LETTER = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}|_{1,2}[0-9]{1,6}")
NUMERAL = re.compile(r"-?(0|[1-9][0-9]*)(/[1-9][0-9]*)?")

ARITY = {"pi": 0, "max": 2, "min": 2} | dict.fromkeys(
    ("exp", "log", "sin", "cos", "tanh", "sigmoid", "softplus", "relu", "abs", "sign", "step", "erf"), 1
)
SIGNS = (">", ">=", "!=")
DERIVATIVES = ("total", "direct")

Letter = tuple[str, str]
Position = int | Letter
Node = tuple[Any, ...]
Judgement = tuple[str, int, int]
Hypotheses = frozenset[Judgement]
Names = frozenset[str]


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


class Terms:
    """The table of terms.

    Children are made before their parents, so what is known of a term is known as soon as it stands in the table:
    ``depth``; ``kids``, its subterms; ``open``, how many sums around it its numbers may point to; ``letters``, its free letters in
    order of first occurrence; ``tensors``, what it mentions; ``sums``, how deep its sums nest; ``derived``, whether a derivative occurs.
    """

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.rows: dict[Node, int] = {}
        self.kids: list[tuple[int, ...]] = []
        self.depth: list[int] = []
        self.open: list[int] = []
        self.letters: list[tuple[Letter, ...]] = []
        self.tensors: list[Names] = []
        self.sums: list[int] = []
        self.derived: list[bool] = []
        self.closures: dict[Judgement, Judgement] = {}
        self.found: dict[tuple[int, bool], Hypotheses] = {}

    def make(self, *node: Any) -> int:
        """The row of a node, new or old."""
        row = self.rows.get(node)
        if row is not None:
            return row
        kind = node[0]
        kids: tuple[int, ...] = ()
        places: tuple[Position, ...] = ()
        tensors: Names = frozenset()
        if kind in ("plus", "times"):
            kids = node[1]
        elif kind == "power":
            kids = node[1:2]
        elif kind in ("apply", "sum"):
            kids = node[2] if kind == "apply" else node[2:]
        elif kind in DERIVATIVES:
            kids = node[1:]
        elif kind == "entry":
            places, tensors = node[2], frozenset((node[1],))
        elif kind == "delta":
            places = node[1:]
        depth = 1 + max((self.depth[kid] for kid in kids), default=0)
        need(depth <= MAX_DEPTH, f"a term is deeper than {MAX_DEPTH}")
        letters = dict.fromkeys(place for place in places if isinstance(place, tuple))
        for kid in kids:
            letters.update(dict.fromkeys(self.letters[kid]))
            if not self.tensors[kid] <= tensors:
                tensors |= self.tensors[kid]
        reach = max((place + 1 for place in places if isinstance(place, int)), default=0)
        reach = max((self.open[kid] for kid in kids), default=reach)
        row = self.rows[node] = len(self.nodes)
        self.nodes.append(node)
        self.kids.append(kids)
        self.depth.append(depth)
        self.open.append(max(reach - 1, 0) if kind == "sum" else reach)
        self.letters.append(tuple(letters))
        self.tensors.append(tensors)
        self.sums.append(max((self.sums[kid] for kid in kids), default=0) + (kind == "sum"))
        self.derived.append(kind in DERIVATIVES or any(self.derived[kid] for kid in kids))
        return row

    def number(self, value: int | Fraction) -> int:
        """The term of a rational number."""
        return self.make("number", Fraction(value))

    def with_kids(self, term: int, kids: tuple[int, ...]) -> int:
        """The same node over other subterms."""
        node = self.nodes[term]
        kind = node[0]
        if kind in ("plus", "times"):
            return self.make(kind, kids)
        if kind == "power":
            return self.make(kind, kids[0], node[2])
        if kind == "apply":
            return self.make(kind, node[1], kids)
        if kind == "sum":
            return self.make(kind, node[1], kids[0])
        return self.make(kind, *kids) if kind in DERIVATIVES else term

    def rebuild(self, term: int, leaf: Callable[[Node, int], int], still: Callable[[int, int], bool]) -> int:
        """The term with each entry and delta below k sums replaced by ``leaf(node, k)``; what is ``still(term, k)`` stays."""
        memo: dict[tuple[int, int], int] = {}

        def go(part: int, below: int) -> int:
            if still(part, below):
                return part
            key = (part, below)
            if key not in memo:
                node = self.nodes[part]
                if node[0] in ("entry", "delta"):
                    memo[key] = leaf(node, below)
                else:
                    inner = below + (node[0] == "sum")
                    memo[key] = self.with_kids(part, tuple([go(kid, inner) for kid in self.kids[part]]))
            return memo[key]

        return go(term, 0)

    def move(self, term: int, place: Callable[[Position, int], Position]) -> int:
        """The term with each position p below k sums replaced by ``place(p, k)``, which leaves the numbers under k alone."""

        def leaf(node: Node, below: int) -> int:
            if node[0] == "entry":
                return self.make("entry", node[1], tuple([place(old, below) for old in node[2]]))
            return self.make("delta", place(node[1], below), place(node[2], below))

        return self.rebuild(term, leaf, lambda part, below: not self.letters[part] and self.open[part] <= below)

    def instance(self, term: int, choice: dict[Letter, Position]) -> int:
        """The term with positions put for letters, all at once; a number counts the sums around the whole term."""

        def place(old: Position, below: int) -> Position:
            new = old if isinstance(old, int) else choice.get(old, old)
            return new + below if isinstance(new, int) and not isinstance(old, int) else new

        return self.move(term, place) if any(letter in choice for letter in self.letters[term]) else term

    def opened(self, body: int, letter: Position) -> int:
        """The body of a sum that stands under no other, with a letter for the summed number."""
        return self.move(body, lambda old, below: letter if old == below else old)

    def closure(self, judgement: Judgement) -> Judgement:
        """The judgement for all values of its letters: they are named by order of first occurrence."""
        known = self.closures.get(judgement)
        if known is None:
            relation, left, right = judgement
            letters = dict.fromkeys(self.letters[left] + self.letters[right])
            names: dict[Letter, Position] = {old: (f"_{k}", old[1]) for k, old in enumerate(letters)}
            known = self.closures[judgement] = (relation, self.instance(left, names), self.instance(right, names))
        return known

    def minus(self, left: int, right: int) -> int:
        """``left - right``, as the rules write it."""
        return self.make("plus", (left, self.negative(right)))

    def negative(self, term: int) -> int:
        """``-term``, as the rules write it."""
        return self.make("times", (self.number(-1), term))

    def conditions(self, term: int, kinks: bool) -> Hypotheses:
        """What must hold for the term to be defined, and with ``kinks`` also for it to be smooth, everywhere in it."""
        known = self.found.get((term, kinks))
        if known is not None:
            return known
        node, kids = self.nodes[term], self.kids[term]
        kind = node[0]
        if kind == "sum":
            # Sums within this one nest less deep, so theirs are other letters; no letter that is read has such a name.
            kids = (self.opened(kids[0], (f"#{self.sums[term]}", node[1])),)
        found: set[Judgement] = set()
        for kid in kids:
            found |= self.conditions(kid, kinks)
        relation, about = "", 0
        if kind == "power":
            exponent, about = node[2], kids[0]
            if exponent.denominator != 1:
                relation = ">"
            elif exponent < 0:
                relation = "!="
        elif kind == "apply":
            if node[1] == "log":
                relation, about = ">", kids[0]
            elif kinks and node[1] in ("relu", "abs", "sign", "step"):
                relation, about = "!=", kids[0]
            elif kinks and node[1] in ("max", "min"):
                relation, about = "!=", self.minus(*kids)
        if relation and self.nodes[about][0] != "size":
            found.add(self.closure((relation, about, self.number(0))))
        result = self.found[term, kinks] = frozenset(found)
        return result

    def within(self, term: int) -> Iterator[int]:
        """The term and all its subterms, each once."""
        seen, todo = {term}, [term]
        while todo:
            part = todo.pop()
            yield part
            for kid in self.kids[part]:
                if kid not in seen:
                    seen.add(kid)
                    todo.append(kid)


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
        """Add an input."""
        shaped(name not in self.shapes, f"{name} is declared twice")
        self.kinds[name], self.shapes[name], self.reach[name] = kind, shape, frozenset((name,))

    def define(self, name: str, letters: tuple[Letter, ...], body: int) -> None:
        """Add a definition over what is declared and defined so far."""
        terms = self.terms
        shaped(name not in self.shapes, f"{name} is declared twice")
        shaped(len({letter[0] for letter in letters}) == len(letters), f"a letter of {name} stands twice")
        shaped(not terms.derived[body], f"{name} is defined by a derivative")
        shaped(set(terms.letters[body]) <= set(letters), f"a letter is free in the body of {name}")
        self.fits(body)
        self.kinds[name], self.shapes[name] = "definition", tuple([letter[1] for letter in letters])
        self.definitions[name] = (letters, body)
        self.reach[name] = self.deep(body) | {name}

    def deep(self, term: int) -> Names:
        """All that the term mentions, also through definitions."""
        return frozenset().union(*[self.reach[name] for name in self.terms.tensors[term]])

    def depends(self, term: int, name: str, through: bool) -> bool:
        """Whether the term mentions a tensor, or, ``through`` the program, something that hangs on it."""
        mentioned = self.terms.tensors[term]
        return name in mentioned or (through and any(name in self.reach[other] for other in mentioned))

    def smooth(self, term: int, name: str, total: bool) -> Hypotheses:
        """What makes the term smooth in the entries of a tensor."""
        found = self.terms.conditions(term, True)
        if total:
            for other, (_, body) in self.definitions.items():
                if other != name and self.depends(term, other, True):
                    found |= self.terms.conditions(body, True)
        return frozenset(condition for condition in found if self.depends(condition[1], name, total))

    def defined(self, judgement: Judgement) -> Hypotheses:
        """What makes both sides, and all definitions that they hang on, defined."""
        found: Hypotheses = frozenset()
        for side in judgement[1:]:
            found |= self.terms.conditions(side, False)
            for name in self.deep(side) & self.definitions.keys():
                found |= self.terms.conditions(self.definitions[name][1], False)
        return found

    def fits(self, term: int, around: tuple[str, ...] = ()) -> None:
        """Refuse a term that says nothing in this program; ``around`` are the sizes of the sums about it, innermost first."""
        terms = self.terms
        key = (term, around[: terms.open[term]])
        if key in self.fitting:
            return
        node = terms.nodes[term]
        kind = node[0]

        def size(place: Position) -> str:
            if isinstance(place, int):
                need(place < len(around), f"the number {place} points to no sum")
                return around[place]
            return place[1]

        if kind == "entry":
            need(node[1] in self.shapes, f"{node[1]} is not declared")
            need(tuple([size(place) for place in node[2]]) == self.shapes[node[1]], f"{node[1]} has other sizes")
        elif kind == "delta":
            need(size(node[1]) == size(node[2]), "a delta of two sizes")
        elif kind == "power":
            need(abs(node[2]) <= MAX_EXPONENT, f"an exponent above {MAX_EXPONENT}")
        elif kind == "apply":
            need(ARITY.get(node[1]) == len(node[2]), f"{node[1]} of {len(node[2])} arguments")
        elif kind in DERIVATIVES:
            variable = terms.nodes[node[2]]
            need(variable[0] == "entry", "a derivative with respect to no entry")
            need(self.kinds.get(variable[1]) != "data", "a derivative with respect to data")
            need(not terms.derived[node[1]], "a derivative of a derivative")
            need(kind == "direct" or terms.nodes[node[1]][0] == "entry", "a total derivative of no entry")
        if kind == "sum":
            around = (node[1], *around)
        for kid in terms.kids[term]:
            self.fits(kid, around)
        self.fitting.add(key)

    def collapse(self, term: int, around: tuple[str, ...] = ()) -> int:
        """The term at batch size 1: positions and sums of the batch size fall away."""
        terms, batch = self.terms, self.batch
        node = terms.nodes[term]
        kind = node[0]

        def moved(place: Position) -> Position:
            return place - around[:place].count(batch) if isinstance(place, int) else place

        if kind == "entry":
            kept = zip(node[2], self.shapes[node[1]], strict=True)
            return terms.make("entry", node[1], tuple([moved(place) for place, size in kept if size != batch]))
        if kind == "delta":
            size = around[node[1]] if isinstance(node[1], int) else node[1][1]
            return terms.number(1) if size == batch else terms.make("delta", moved(node[1]), moved(node[2]))
        if kind == "size":
            return terms.number(1) if node[1] == batch else term
        if kind == "sum":
            body = self.collapse(node[2], (node[1], *around))
            return body if node[1] == batch else terms.make("sum", node[1], body)
        return terms.with_kids(term, tuple([self.collapse(kid, around) for kid in terms.kids[term]]))

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
        terms = self.terms

        def leaf(node: Node, _: int) -> int:
            if node[0] == "delta":
                return terms.make(*node)
            rest = iter(node[2])
            places = [sample if size == self.batch else next(rest) for size in self.shapes[node[1]]]
            return terms.make("entry", node[1], tuple(places))

        return terms.rebuild(term, leaf, lambda part, _: not terms.tensors[part])


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
UNIT: Monomial = frozenset()
ONE: Polynomial = {UNIT: 1}


def bits(coefficient: int | Fraction) -> int:
    """The length of a coefficient."""
    return max(coefficient.numerator.bit_length(), coefficient.denominator.bit_length())


class Ring:
    """Arithmetic of terms: polynomials over atoms, and quotients of polynomials with the conditions of reading them.

    A polynomial maps monomials to coefficients that are not 0, a monomial is the set of its (atom, exponent).
    """

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.polynomials: dict[int, Polynomial] = {}
        self.quotients: dict[int, Quotient] = {}
        self.roots: dict[int, tuple[int, int]] = {}

    def plus(self, left: Polynomial, right: Polynomial) -> Polynomial:
        """The sum."""
        total = dict(left)
        for monomial, coefficient in right.items():
            value = total.get(monomial, 0) + coefficient
            if value:
                total[monomial] = value
            else:
                del total[monomial]
        return total

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
                    idle = atom in factors and self.terms.nodes[atom][0] == "delta"
                    factors[atom] = 1 if idle else factors.get(atom, 0) + exponent
                monomial = frozenset(factors.items())
                value = total.get(monomial, 0) + a * b
                need(bits(value) <= MAX_BITS, "a coefficient is too long")
                total[monomial] = value
        return {monomial: value for monomial, value in total.items() if value}

    def power(self, base: Polynomial, exponent: int) -> Polynomial:
        """A natural power."""
        if len(base) == 1:
            ((monomial, value),) = base.items()
            need(bits(value) * exponent <= MAX_BITS or abs(value) == 1, "a coefficient is too long")
            nodes = self.terms.nodes
            factors = [(a, 1 if nodes[a][0] == "delta" else e * exponent) for a, e in monomial] if exponent else []
            return {frozenset(factors): value**exponent}
        need(exponent <= MAX_PAIRS, "an exponent is too large")
        result = ONE
        for _ in range(exponent):
            result = self.times(result, base)
        return result

    def atom(self, term: int) -> Polynomial:
        """A term that is not looked into; only deltas have laws of their own."""
        node = self.terms.nodes[term]
        if node[0] == "delta":
            if node[1] == node[2]:
                return ONE
            # Numbers before letters: any fixed order will do.
            term = self.terms.make("delta", *sorted(node[1:], key=lambda place: (isinstance(place, tuple), place)))
        return {frozenset(((term, 1),)): 1}

    def polynomial(self, term: int) -> Polynomial:
        """The term as a polynomial."""
        known = self.polynomials.get(term)
        if known is None:
            node, kids = self.terms.nodes[term], self.terms.kids[term]
            kind = node[0]
            if kind == "number":
                value = node[1].numerator if node[1].denominator == 1 else node[1]
                known = {UNIT: value} if value else {}
            elif kind == "plus":
                known = {}
                for kid in kids:
                    known = self.plus(known, self.polynomial(kid))
            elif kind == "times":
                known = ONE
                for kid in kids:
                    known = self.times(known, self.polynomial(kid))
            elif kind == "power" and node[2].denominator == 1 and node[2] >= 0:
                known = self.power(self.polynomial(kids[0]), node[2].numerator)
            else:
                known = self.atom(term)
            self.polynomials[term] = known
        return known

    def quotient(self, term: int) -> Quotient:
        """The term as numerator, denominator and the conditions under which they say the same."""
        known = self.quotients.get(term)
        if known is None:
            node, kids = self.terms.nodes[term], self.terms.kids[term]
            kind = node[0]
            if kind == "plus":
                known = self.sum([self.quotient(kid) for kid in kids])
            elif kind == "times":
                above, below, conditions = ONE, ONE, frozenset[Judgement]()
                for kid in kids:
                    over, under, more = self.quotient(kid)
                    above, below, conditions = self.times(above, over), self.times(below, under), conditions | more
                known = (above, below, conditions)
            elif kind == "power":
                known = self.fraction_power(kids[0], node[2])
            else:
                known = (self.polynomial(term), ONE, frozenset())
            self.quotients[term] = known
        return known

    def sum(self, parts: list[Quotient]) -> Quotient:
        """The sum of quotients; those over one denominator are added first."""
        groups: dict[frozenset[tuple[Monomial, int | Fraction]], tuple[Polynomial, Polynomial]] = {}
        for over, under, _ in parts:
            key = frozenset(under.items())
            groups[key] = (self.plus(groups[key][0], over) if key in groups else over, under)
        above: Polynomial = {}
        below = ONE
        for over, under in groups.values():
            above, below = self.plus(self.times(above, under), self.times(over, below)), self.times(below, under)
        return above, below, frozenset[Judgement]().union(*[conditions for _, _, conditions in parts])

    def fraction_power(self, base: int, exponent: Fraction) -> Quotient:
        """A power with any exponent: a negative one turns the base over, a broken one takes a root of it."""
        terms = self.terms
        over, under, conditions = self.quotient(base)
        times, degree = exponent.numerator, exponent.denominator
        relation = "" if terms.nodes[base][0] == "size" else ">" if degree > 1 else "!=" if times < 0 else ""
        if relation:
            conditions |= {terms.closure((relation, base, terms.number(0)))}
        if degree > 1:
            root = terms.make("power", base, Fraction(1, degree))
            self.roots[root] = (base, degree)
            over, under = {frozenset(((root, 1),)): 1}, ONE
        if times < 0:
            over, under = under, over
        return self.power(over, abs(times)), self.power(under, abs(times)), conditions

    def unrooted(self, polynomial: Polynomial) -> Polynomial:
        """The polynomial with each q-th power of a q-th root replaced by what stands under the root."""
        total: Polynomial = {}
        for monomial, coefficient in polynomial.items():
            term: Polynomial = {UNIT: coefficient}
            for atom, exponent in monomial:
                base, degree = self.roots.get(atom, (-1, exponent + 1))
                if exponent >= degree and self.quotient(base)[1] == ONE:
                    term = self.times(term, self.power(self.quotient(base)[0], exponent // degree))
                    exponent %= degree
                if exponent:
                    term = self.times(term, {frozenset(((atom, exponent),)): 1})
            total = self.plus(total, term)
        return total

    def equal(self, left: int, right: int) -> Hypotheses:
        """Under which conditions two terms are equal by arithmetic."""
        if self.polynomial(left) == self.polynomial(right):
            return frozenset()
        above, below, first = self.quotient(left)
        over, under, second = self.quotient(right)
        need(
            self.unrooted(self.times(above, under)) == self.unrooted(self.times(over, below)),
            "the two sides are not equal by arithmetic",
        )
        return first | second


def arithmetic(terms: Terms) -> dict[str, Callable[..., int]]:
    """How the two tables below write terms."""

    def apply(name: str) -> Callable[..., int]:
        return lambda *operands: terms.make("apply", name, operands)

    return {name: apply(name) for name in ARITY} | {
        "plus": lambda *operands: terms.make("plus", operands),
        "times": lambda *operands: terms.make("times", operands),
        "power": lambda base, exponent: terms.make("power", base, Fraction(exponent)),
        "number": terms.number,
        "minus": terms.minus,
        "negative": terms.negative,
    }


def slope(terms: Terms, name: str, operands: tuple[int, ...], place: int) -> int:
    """The derivative of a function in one of its arguments, where it is smooth."""
    a = arithmetic(terms)
    u, v = operands[place], operands[place - 1]
    one = terms.number(1)
    if name in ("max", "min"):
        return a["step"](terms.minus(u, v) if name == "max" else terms.minus(v, u))
    if name in ("sign", "step"):
        return terms.number(0)
    if name == "erf":
        bell = a["exp"](terms.negative(a["power"](u, 2)))
        return a["times"](terms.number(2), a["power"](a["pi"](), Fraction(-1, 2)), bell)
    if name == "tanh":
        return terms.minus(one, a["power"](a["tanh"](u), 2))
    if name == "sigmoid":
        return a["times"](a["sigmoid"](u), terms.minus(one, a["sigmoid"](u)))
    if name == "log":
        return a["power"](u, -1)
    if name == "cos":
        return terms.negative(a["sin"](u))
    return a[{"exp": "exp", "sin": "cos", "softplus": "sigmoid", "relu": "step", "abs": "sign"}[name]](u)


def identity_table(terms: Terms, name: str, given: tuple[int, ...]) -> tuple[int, int, tuple[tuple[str, int], ...]]:
    """Both sides of a named identity, and the signs it asks for."""
    a = arithmetic(terms)
    u, v = (*given, -1, -1)[:2]
    plus, times, power, minus, negative = a["plus"], a["times"], a["power"], terms.minus, terms.negative
    zero, one, two = terms.number(0), terms.number(1), terms.number(2)

    def twice_step_minus_one() -> int:
        return minus(times(two, a["step"](u)), one)

    table: dict[tuple[str, int], Callable[[], tuple[Any, ...]]] = {
        ("exp_zero", 0): lambda: (a["exp"](zero), one),
        ("exp_sum", 2): lambda: (a["exp"](plus(u, v)), times(a["exp"](u), a["exp"](v))),
        ("exp_negative", 1): lambda: (a["exp"](negative(u)), power(a["exp"](u), -1)),
        ("log_one", 0): lambda: (a["log"](one), zero),
        ("log_exp", 1): lambda: (a["log"](a["exp"](u)), u),
        ("log_product", 2): lambda: (a["log"](times(u, v)), plus(a["log"](u), a["log"](v)), (">", u), (">", v)),
        ("log_inverse", 1): lambda: (a["log"](power(u, -1)), negative(a["log"](u)), (">", u)),
        ("sigmoid_exp", 1): lambda: (a["sigmoid"](u), times(a["exp"](u), power(plus(one, a["exp"](u)), -1))),
        ("sigmoid_negative", 1): lambda: (a["sigmoid"](negative(u)), minus(one, a["sigmoid"](u))),
        ("softplus_log", 1): lambda: (a["softplus"](u), a["log"](plus(one, a["exp"](u)))),
        ("softplus_negative", 1): lambda: (a["softplus"](negative(u)), minus(a["softplus"](u), u)),
        ("tanh_sigmoid", 1): lambda: (a["tanh"](u), minus(times(two, a["sigmoid"](times(two, u))), one)),
        ("tanh_negative", 1): lambda: (a["tanh"](negative(u)), negative(a["tanh"](u))),
        ("sin_negative", 1): lambda: (a["sin"](negative(u)), negative(a["sin"](u))),
        ("cos_negative", 1): lambda: (a["cos"](negative(u)), a["cos"](u)),
        ("relu_step", 1): lambda: (a["relu"](u), times(u, a["step"](u))),
        ("abs_step", 1): lambda: (a["abs"](u), times(u, twice_step_minus_one())),
        ("sign_step", 1): lambda: (a["sign"](u), twice_step_minus_one(), ("!=", u)),
        ("step_squared", 1): lambda: (power(a["step"](u), 2), a["step"](u)),
        ("max_relu", 2): lambda: (a["max"](u, v), plus(v, a["relu"](minus(u, v)))),
        ("min_relu", 2): lambda: (a["min"](u, v), minus(u, a["relu"](minus(u, v)))),
    }
    need((name, len(given)) in table, f"no identity {name} of {len(given)} arguments")
    left, right, *signs = table[name, len(given)]()
    return left, right, tuple(signs)
