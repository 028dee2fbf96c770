"""What terms mean, for small sizes and rational values, exactly; written for nothing but to contradict the checker.

A value is a germ: what it is at the point, how fast it grows on the way that is looked at, and whether it is constant
there. From the ways to both sides follows whether there is a derivative; where there is none, it is an odd number, so
that a rule that forgets a hypothesis is found out.
"""

import itertools
from fractions import Fraction
from functools import reduce

NO_DERIVATIVE = Fraction(12345, 7)


class Unknown(Exception):  # noqa: N818
    """The first order does not tell."""


def constant(value):
    return Fraction(value), Fraction(0), True


def add(u, v):
    return u[0] + v[0], u[1] + v[1], u[2] and v[2]


def scale(number, u):
    return number * u[0], number * u[1], u[2]


def multiply(u, v):
    return u[0] * v[0], u[0] * v[1] + u[1] * v[0], u[2] and v[2]


def raised(u, exponent):
    if exponent.denominator != 1:
        raise Unknown
    if exponent < 0 and u[0] == 0:
        if u[2]:
            return constant(0)
        raise Unknown
    if exponent == 0:
        return constant(1)
    return u[0] ** int(exponent), exponent * u[0] ** int(exponent - 1) * u[1] if exponent != 1 else u[1], u[2]


def direction(u):
    """The sign that a germ has on its way: -1, 0, 1."""
    if u[0] == 0 and u[1] == 0 and not u[2]:
        raise Unknown
    lead = u[0] or u[1]
    return (lead > 0) - (lead < 0)


def bounded(u, sign):
    """A germ of a bounded function: constant on the way."""
    return Fraction(sign), Fraction(0), u[2]


def steep(u, negative, positive):
    """A function of two slopes at 0."""
    if u[0] == 0 and u[1] == 0:
        return u
    return scale(Fraction(positive if direction(u) > 0 else negative), u)


FUNCTIONS = {
    "step": lambda u: bounded(u, direction(u) > 0),
    "sign": lambda u: bounded(u, direction(u)),
    "relu": lambda u: steep(u, 0, 1),
    "abs": lambda u: steep(u, -1, 1),
    "max": lambda u, v: add(v, steep(add(u, scale(-1, v)), 0, 1)),
    "min": lambda u, v: add(v, steep(add(u, scale(-1, v)), 1, 0)),
}


class World:
    """A program of the checker with sizes and with values of its inputs."""

    def __init__(self, program, sizes, values):
        self.program, self.terms, self.sizes, self.values = program, program.terms, sizes, values
        self.known = {}

    def index(self, place, letters, around):
        return around[place] if isinstance(place, int) else letters[place]

    def tensor(self, name, at, moved):
        """An entry; ``moved``: the name and place of an entry that is moved, which way, and whether others follow."""
        if moved and moved[0] == name:
            value = self.tensor(name, at, None)
            return (value[0], Fraction(moved[2]), False) if moved[1] == at else value
        if name not in self.program.definitions:
            return constant(self.values[name][at])
        if moved and not moved[3]:
            moved = None
        key = (name, at, moved)
        if key not in self.known:
            letters = dict(zip(self.program.letters[name], at, strict=True))
            self.known[key] = self.germ(self.program.definitions[name], letters, (), moved)
        return self.known[key]

    def germ(self, term, letters, around, moved=None):
        row = self.terms[term]
        if row.kind == "number":
            return constant(row.label)
        if row.kind == "size":
            return constant(self.sizes[row.label])
        at = tuple(self.index(place, letters, around) for place in row.places)
        if row.kind == "entry":
            return self.tensor(row.label, at, moved)
        if row.kind == "delta":
            return constant(at[0] == at[1])
        if row.kind in ("sum", "largest"):
            parts = [self.germ(row.kids[0], letters, (k, *around), moved) for k in range(self.sizes[row.label])]
            return reduce(add if row.kind == "sum" else FUNCTIONS["max"], parts)
        if row.kind in ("total", "direct"):
            return constant(self.derivative(row, letters, around))
        parts = [self.germ(kid, letters, around, moved) for kid in row.kids]
        if row.kind == "plus":
            return reduce(add, parts, constant(0))
        if row.kind == "times":
            return reduce(multiply, parts, constant(1))
        if row.kind == "power":
            return raised(parts[0], row.label)
        return FUNCTIONS[row.label](*parts)

    def derivative(self, row, letters, around):
        body, variable = row.kids
        name, at = self.terms[variable].label, self.terms[variable].places
        at = tuple(self.index(place, letters, around) for place in at)
        here = self.germ(body, letters, around)[0]
        up, down = [self.germ(body, letters, around, (name, at, way, row.kind == "total")) for way in (1, -1)]
        smooth = up[0] == down[0] == here and up[1] == -down[1]
        return up[1] if smooth else NO_DERIVATIVE

    def holds(self, judgement):
        """Whether a judgement holds for all values of its letters."""
        relation, left, right = judgement
        letters = list(dict.fromkeys(self.terms[left].letters + self.terms[right].letters))
        for choice in itertools.product(*[range(self.sizes[size]) for _, size in letters]):
            named = dict(zip(letters, choice, strict=True))
            one, other = self.germ(left, named, ())[0], self.germ(right, named, ())[0]
            if not {"=": one == other, ">": one > other, ">=": one >= other, "!=": one != other}[relation]:
                return False
        return True
