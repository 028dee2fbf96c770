"""A program to try the rules on, and a numeric evaluator that shares no code with the kernel.

The evaluator knows terms by the names of their classes and of their fields. Derivatives are central differences.
"""

import itertools
import math
import random
from fractions import Fraction

from symgrad.kernel.program import Definition, Program, Tensor
from symgrad.kernel.terms import ONE, Apply, Delta, Entry, Index, Number, Plus, Power, Size, Sum, Times, sigma

n, m = Index("n", "N"), Index("m", "N")
d, e = Index("d", "D"), Index("e", "D")
k = Index("k", "K")
SIZES = {"N": 3, "D": 2, "K": 4}
STEP = 1e-5


def num(value):
    return Number(Fraction(value))


def power(u, exponent):
    return Power(u, num(exponent).value)


def plus(*terms):
    return Plus(terms)


def times(*factors):
    return Times(factors)


def f(function, *arguments):
    return Apply(function, arguments)


def x(i, j):
    return Entry("x", (i, j))


def y(i):
    return Entry("y", (i,))


def w(i):
    return Entry("w", (i,))


def v(i, j):
    return Entry("v", (i, j))


def z(i):
    return Entry("z", (i,))


def h(i, j):
    return Entry("h", (i, j))


def loss(i):
    return Entry("loss", (i,))


b, s, objective = Entry("b", ()), Entry("s", ()), Entry("objective", ())

INPUTS = (
    Tensor("x", "data", ("N", "D")),
    Tensor("y", "data", ("N",)),
    Tensor("w", "parameter", ("D",)),
    Tensor("v", "parameter", ("D", "K")),
    Tensor("b", "parameter", ()),
)
DEFINITIONS = (
    Definition("z", (n,), plus(sigma(d, times(w(d), x(n, d))), b)),
    Definition("h", (n, k), f("tanh", sigma(d, times(x(n, d), v(d, k))))),
    Definition("s", (), plus(ONE, sigma(d, power(w(d), 2)))),
    Definition(
        "loss",
        (n,),
        plus(f("softplus", z(n)), times(num(-1), y(n), z(n)), times(f("log", s), sigma(k, power(h(n, k), 2)))),
    ),
    Definition("objective", (), times(power(Size("N"), -1), sigma(n, loss(n)))),
)
PROGRAM = Program("N", INPUTS, DEFINITIONS)


FUNCTIONS = {
    "pi": lambda: math.pi,
    "exp": math.exp,
    "log": lambda u: math.log(u) if u > 0 else 0.0,
    "sin": math.sin,
    "cos": math.cos,
    "tanh": math.tanh,
    "sigmoid": lambda u: 1 / (1 + math.exp(-u)),
    "softplus": lambda u: math.log1p(math.exp(u)),
    "relu": lambda u: max(u, 0.0),
    "abs": abs,
    "sign": lambda u: (u > 0) - (u < 0),
    "step": lambda u: float(u > 0),
    "erf": math.erf,
    "max": max,
    "min": min,
}


def raised(base, exponent):
    """A rational power: 1/0 is 0, fractional powers are 0 outside their domain."""
    if exponent.denominator == 1:
        return 0.0 if base == 0 and exponent < 0 else float(base) ** int(exponent)
    return float(base) ** float(exponent) if base > 0 else 0.0


class World:
    """Numbers for every entry; definitions follow the program, or are free numbers like all others."""

    def __init__(self, program, seed, *, free=False, sizes=SIZES):
        self.program, self.sizes = program, sizes
        draw = random.Random(seed)
        shapes = [(t.name, t.shape) for t in program.inputs]
        shapes += [(t.name, tuple(i.size for i in t.letters)) for t in program.definitions]
        self.values = {
            name: {at: draw.choice([-1, 1]) * draw.uniform(0.2, 1.5) for at in self.places(shape)}
            for name, shape in shapes
        }
        if not free:
            self.follow()

    def places(self, shape):
        return itertools.product(*(range(self.sizes[size]) for size in shape))

    def follow(self, besides=None, only=None):
        """Compute every definition anew, but one."""
        for definition in self.program.definitions:
            if definition.name == besides or (only is not None and definition.name not in only):
                continue
            for at in self.places(tuple(i.size for i in definition.letters)):
                letters = dict(zip(definition.letters, at, strict=True))
                self.values[definition.name][at] = self.value(definition.body, letters)

    def consumers(self, name):
        """Every definition that depends on ``name``, found by looking for its name."""
        found = {name}
        for definition in self.program.definitions:
            if any(f"Entry({other}," in repr(definition.body) for other in found):
                found.add(definition.name)
        return found - {name}

    def moved(self, tensor, at, step, *, total):
        """The world with one entry moved, and, if total, with what depends on it."""
        other = object.__new__(World)
        other.program, other.sizes = self.program, self.sizes
        other.values = {name: dict(entries) for name, entries in self.values.items()}
        other.values[tensor][at] += step
        if total:
            other.follow(besides=tensor, only=self.consumers(tensor))
        return other

    def value(self, term, letters, bound=()):
        """The number that ``term`` is at these letters; ``bound`` holds the values of the sums around, inner first."""

        def place(position):
            return bound[position] if isinstance(position, int) else letters[position]

        def part(u):
            return self.value(u, letters, bound)

        match type(term).__name__:
            case "Number":
                return float(term.value)
            case "Size":
                return float(self.sizes[term.name])
            case "Entry":
                return self.values[term.tensor][tuple(map(place, term.indices))]
            case "Plus":
                return sum(map(part, term.terms))
            case "Times":
                return math.prod(map(part, term.factors))
            case "Power":
                return raised(part(term.base), term.exponent)
            case "Apply":
                return FUNCTIONS[term.function](*map(part, term.arguments))
            case "Sum":
                return sum(self.value(term.body, letters, (i, *bound)) for i in range(self.sizes[term.size]))
            case "Largest":
                return max(self.value(term.body, letters, (i, *bound)) for i in range(self.sizes[term.size]))
            case "Delta":
                return float(place(term.left) == place(term.right))
            case "Partial":
                at = tuple(map(place, term.wrt.indices))
                up, down = (self.moved(term.wrt.tensor, at, step, total=term.total) for step in (STEP, -STEP))
                return (up.value(term.body, letters, bound) - down.value(term.body, letters, bound)) / (2 * STEP)
        raise TypeError(term)

    def assignments(self, *terms):
        """Every choice of values for the free letters of some terms."""
        found = sorted({i for term in terms for i in written(term)}, key=lambda i: (i.name, i.size))
        for at in itertools.product(*(range(self.sizes[i.size]) for i in found)):
            yield dict(zip(found, at, strict=True))

    def allows(self, judgement, margin=1e-2):
        """Whether a hypothesis holds, with something to spare."""
        values = [
            (self.value(judgement.left, at), self.value(judgement.right, at))
            for at in self.assignments(judgement.left, judgement.right)
        ]
        if judgement.relation == "=":
            return all(math.isclose(p, q, abs_tol=1e-9) for p, q in values)
        if judgement.relation == "!=":
            return all(abs(p - q) > margin for p, q in values)
        return all(p - q > margin for p, q in values)

    def holds(self, judgement):
        """Whether a conclusion holds here, up to rounding."""
        for at in self.assignments(judgement.left, judgement.right):
            p, q = self.value(judgement.left, at), self.value(judgement.right, at)
            fine = {
                "=": abs(p - q) <= 1e-5 * (1 + abs(p) + abs(q)),
                ">": p > q,
                ">=": p >= q - 1e-12,
                "!=": p != q,
            }[judgement.relation]
            if not fine:
                return False
        return True


def written(term):
    """Every letter in a term, read off its fields."""
    if isinstance(term, Index):
        return {term}
    if isinstance(term, tuple):
        return set().union(*map(written, term))
    return set().union(*(written(getattr(term, name)) for name in getattr(term, "__match_args__", ())))


def true_somewhere(theorem, seeds=range(12)):
    """Try a theorem in many worlds where its hypotheses hold; the number of them. It must hold in each.

    Where no definition is used, the tensors that have one are free numbers.
    """
    tried = 0
    for seed in seeds:
        world = World(theorem.program, seed, free=not theorem.uses)
        try:
            if all(map(world.allows, theorem.hypotheses)):
                assert world.holds(theorem.conclusion), (theorem, seed)
                tried += 1
        except OverflowError:
            continue
    return tried


class Growing:
    """Random terms of a program, at most ``depth`` deep."""

    def __init__(self, seed):
        self.draw = random.Random(seed)

    def entry(self, scope):
        """An entry whose positions are in scope: pairs of a position and its size."""
        fitting = []
        for name, shape in (("x", "ND"), ("y", "N"), ("w", "D"), ("v", "DK"), ("b", ""), ("z", "N"), ("h", "NK")):
            choices = [[position for position, size in scope if size == wanted] for wanted in shape]
            if all(choices):
                fitting.append((name, choices))
        name, choices = self.draw.choice(fitting)
        return Entry(name, tuple(map(self.draw.choice, choices)))

    def delta(self, scope):
        size = self.draw.choice([size for _, size in scope])
        ends = [position for position, other in scope if other == size]
        return Delta(self.draw.choice(ends), self.draw.choice(ends))

    def term(self, depth, scope=((n, "N"), (m, "N"), (d, "D"), (k, "K"))):
        if depth == 0 or self.draw.random() < 0.1:
            kind = self.draw.choice(["entry", "entry", "entry", "number", "size", "delta"])
        else:
            kind = self.draw.choice(["plus", "times", "power", "apply", "apply2", "sum", "sum"])
        below = depth - 1
        match kind:
            case "entry":
                return self.entry(scope)
            case "number":
                return num(f"{self.draw.choice([-2, -1, 0, 1, 2, 3])}/{self.draw.choice([1, 1, 2])}")
            case "size":
                return Size(self.draw.choice("NDK"))
            case "delta":
                return self.delta(scope)
            case "plus":
                return Plus(tuple(self.term(below, scope) for _ in range(self.draw.choice([1, 2, 3]))))
            case "times":
                return Times(tuple(self.term(below, scope) for _ in range(self.draw.choice([1, 2, 3]))))
            case "power":
                return power(self.term(below, scope), self.draw.choice(["2", "3", "0", "1", "-1", "-2", "1/2", "-1/2"]))
            case "apply":
                function = self.draw.choice(["exp", "log", "sin", "cos", "tanh", "sigmoid", "softplus", "relu", "abs"])
                return f(self.draw.choice([function, "sign", "step", "erf", function]), self.term(below, scope))
            case "apply2":
                return f(self.draw.choice(["max", "min"]), self.term(below, scope), self.term(below, scope))
        size = self.draw.choice("NDK")
        inner = tuple((i + 1 if isinstance(i, int) else i, of) for i, of in scope)
        return Sum(size, self.term(below, ((0, size), *inner)))
