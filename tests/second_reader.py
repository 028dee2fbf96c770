"""A second reader of the language, for tests: Python's own grammar, ball arithmetic, forward differentiation.

It reads the text of a derivation, not its model, and uses nothing of symgrad. Every entry of every tensor is a seed, so
one evaluation gives the value of a formula and its derivative with respect to everything, each with what depends on it
moving along.
"""

import ast
import random
import re
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import product

from flint import arb, ctx, fmpq

BITS = 240
MARK = re.compile(r"[A-Za-z]\w*")


class UndefinedError(ArithmeticError):
    """The formula has no value at this point, or is at a kink."""


class IrrationalError(ArithmeticError):
    """What was to be evaluated in rationals is not rational, or not for certain."""


def exact(value):
    return arb(fmpq(value.numerator, value.denominator))


@dataclass
class Dual:
    """A value, and its derivatives by seed: balls, or exact rationals."""

    value: arb | fmpq
    slopes: dict = field(default_factory=dict)

    def constant(self, value):
        """A constant of the same kind of number."""
        return number(value, exactly=isinstance(self.value, fmpq))

    def scaled(self, value, slope):
        """Another value of which ``slope`` is the derivative with respect to this one."""
        return Dual(value, {seed: slope * s for seed, s in self.slopes.items()})

    def __add__(self, other):
        slopes = dict(self.slopes)
        for seed, s in other.slopes.items():
            slopes[seed] = slopes[seed] + s if seed in slopes else s
        return Dual(self.value + other.value, slopes)

    def __neg__(self):
        return self.scaled(-self.value, -1)

    def __sub__(self, other):
        return self + -other

    def __mul__(self, other):
        return self.scaled(self.value * other.value, other.value) + other.scaled(fmpq(0), self.value)

    def inverse(self):
        if not self.value < 0 and not self.value > 0:
            raise UndefinedError("division by zero")
        return self.scaled(1 / self.value, -1 / self.value**2)

    def __truediv__(self, other):
        return self * other.inverse()

    def raised(self, exponent):
        if exponent == 0:
            return self.constant(1)
        if exponent.denominator > 1 and isinstance(self.value, fmpq):
            raise IrrationalError("a fractional power")
        if exponent.denominator > 1 and not self.value > 0:
            raise UndefinedError("a fractional power outside its domain")
        if exponent < 0 and not self.value < 0 and not self.value > 0:
            raise UndefinedError("division by zero")

        def power(e):
            return self.value**e.numerator if e.denominator == 1 else (self.value.log() * exact(e)).exp()

        factor = fmpq(exponent.numerator, exponent.denominator)
        return self.scaled(power(exponent), factor * power(exponent - 1) if exponent != 1 else fmpq(1))


def number(value, *, exactly=False):
    value = Fraction(value)
    return Dual(fmpq(value.numerator, value.denominator) if exactly else exact(value))


def positive(x):
    """Whether a value is above zero; it must not be at it."""
    if x.value > 0:
        return True
    if x.value < 0:
        return False
    raise UndefinedError("at a kink")


def transcendental(function):
    """A function of balls alone."""

    def of_balls(x):
        if isinstance(x.value, fmpq):
            raise IrrationalError("a function that is not rational")
        return function(x)

    return of_balls


@transcendental
def _exp(x):
    return x.scaled(x.value.exp(), x.value.exp())


@transcendental
def _log(x):
    if not x.value > 0:
        raise UndefinedError("log outside its domain")
    return x.scaled(x.value.log(), 1 / x.value)


@transcendental
def _sigmoid(x):
    s = 1 / (1 + (-x.value).exp())
    return x.scaled(s, s - s * s)


@transcendental
def _softplus(x):
    return x.scaled((1 + x.value.exp()).log(), 1 / (1 + (-x.value).exp()))


@transcendental
def _tanh(x):
    slope = 4 / (x.value.exp() + (-x.value).exp()) ** 2
    return x.scaled(x.value.tanh(), slope)


@transcendental
def _erf(x):
    return x.scaled(x.value.erf(), 2 / arb.pi().sqrt() * (-x.value * x.value).exp())


def _elu(x, alpha):
    return x if positive(x) else alpha * (_exp(x) - x.constant(1))


def _gelu(x):
    return x * x.constant(Fraction(1, 2)) * (x.constant(1) + _erf(x / Dual(arb(2).sqrt())))


FUNCTIONS = {
    "exp": _exp,
    "log": _log,
    "sigmoid": _sigmoid,
    "softplus": _softplus,
    "tanh": _tanh,
    "erf": _erf,
    "sin": transcendental(lambda x: x.scaled(x.value.sin(), x.value.cos())),
    "cos": transcendental(lambda x: x.scaled(x.value.cos(), -x.value.sin())),
    "sqrt": lambda x: x.raised(Fraction(1, 2)),
    "square": lambda x: x * x,
    "relu": lambda x: x if positive(x) else x.constant(0),
    "abs": lambda x: x if positive(x) else -x,
    "sign": lambda x: x.constant(1 if positive(x) else -1),
    "step": lambda x: x.constant(1 if positive(x) else 0),
    "max": lambda u, v: u if positive(u - v) else v,
    "min": lambda u, v: v if positive(u - v) else u,
    "silu": lambda x: x * _sigmoid(x),
    "gelu": _gelu,
    "elu": _elu,
}


def parsed(text):
    """The syntax tree of a formula; ``^`` binds as ``**`` does in Python."""
    return ast.parse(text.strip().replace("^", "**"), mode="eval").body


def pattern(text):
    """``name[i, j]`` as its name and letters."""
    name, *letters = MARK.findall(text)
    return name, tuple(letters)


@dataclass(frozen=True)
class Text:
    """A derivation as it stands in its file."""

    batch: str
    letters: dict  # letter: size
    data: dict  # name: sizes
    parameters: dict
    definitions: tuple  # (name, letters, formula)
    claims: tuple
    assumptions: tuple
    labels: tuple = ()  # data that are one at a label and zero elsewhere, along the last index

    @property
    def shapes(self):
        made = {name: tuple(self.letters[i] for i in letters) for name, letters, _ in self.definitions}
        return {**self.data, **self.parameters, **made}

    def also(self, lines, letters=()):
        """With further definitions, ``[["u_bar[n]", "formula"], ...]``, and letters."""
        made = tuple((*pattern(left), right) for left, right in lines)
        return replace(self, definitions=(*self.definitions, *made), letters={**self.letters, **dict(letters)})

    def sizes(self):
        return sorted(set(self.letters.values()))


def read(text):
    """The derivation in a ``.sg`` text."""
    lines = [line.split("#")[0].rstrip() for line in text.splitlines()]
    letters, data, parameters, definitions, claims, assumptions = {}, {}, {}, [], [], []
    batch, labels = "", []
    for line in filter(None, lines):
        word, _, rest = line.partition(" ")
        rest = rest.strip()
        if word == "index":
            letters |= dict(pair.replace(" ", "").split(":") for pair in rest.split(","))
        elif word == "batch":
            batch = rest
        elif word in {"data", "parameter"}:
            for piece, _, size in re.findall(r"([A-Za-z]\w*(?:\[[^\]]*\])?)(\s*:\s*(\w+))?", rest):
                name, own = pattern(piece)
                labels += [name] if size else []
                (data if word == "data" else parameters)[name] = (
                    *(letters[i] for i in own),
                    *([size] if size else []),
                )
        elif word == "claim":
            claims.append(tuple(side.strip() for side in rest.split("=")))
        elif word == "assume":
            assumptions.append(rest)
        elif word not in {"title", "source", "expect"}:
            left, _, right = line.partition("=")
            definitions.append((*pattern(left), right.strip()))
    if not any(name == "objective" for name, _, _ in definitions):
        definitions.append(("objective", (), f"mean({batch}, loss[{batch}])"))
    return Text(batch, letters, data, parameters, tuple(definitions), tuple(claims), tuple(assumptions), tuple(labels))


class Reading:
    """A derivation at a point: the values of its inputs by tensor and place, places counted from zero.

    With ``exactly``, in rationals; what is not rational is an ``IrrationalError`` then.
    """

    def __init__(self, text, sizes, values, *, exactly=False):
        self.text, self.sizes, self.values, self.exactly = text, sizes, values, exactly
        self.shapes = text.shapes
        self.bodies = {name: (letters, parsed(formula)) for name, letters, formula in text.definitions}
        self.known = {}

    def places(self, name):
        return product(*(range(self.sizes[size]) for size in self.shapes[name]))

    def alone(self, sample):
        """The batch that holds this sample and no other."""
        values = {}
        for name, entries in self.values.items():
            sizes = self.shapes[name]
            batch = self.text.letters[self.text.batch]
            kept = {}
            for where, value in entries.items():
                if all(i == sample for i, size in zip(where, sizes, strict=True) if size == batch):
                    kept[tuple(0 if size == batch else i for i, size in zip(where, sizes, strict=True))] = value
            values[name] = kept
        sizes = {**self.sizes, self.text.letters[self.text.batch]: 1}
        return Reading(self.text, sizes, values, exactly=self.exactly)

    def number(self, value):
        return number(value, exactly=self.exactly)

    def entry(self, name, where):
        """An entry of a tensor, itself a seed."""
        if (name, where) not in self.known:
            if name in self.values:
                found = self.number(self.values[name][where])
            else:
                letters, body = self.bodies[name]
                found = self._value(body, dict(zip(letters, where, strict=True)))
            self.known[name, where] = found + Dual(self.number(0).value, {(name, where): self.number(1).value})
        return self.known[name, where]

    def value(self, formula, at=None):
        """The value of a formula where its letters have the values ``at``, with its slopes."""
        before, ctx.prec = ctx.prec, BITS
        try:
            return self._value(parsed(formula) if isinstance(formula, str) else formula, dict(at or {}))
        finally:
            ctx.prec = before

    def slope(self, root, root_at, name, where):
        """d root / d name[where]."""
        return self.value(root, root_at).slopes.get((name, where), arb(0))

    def letters_of(self, formula):
        """The free letters of a formula with their sizes, also those that are not declared."""
        found, node = dict(self.text.letters), parsed(formula)
        free = {}

        def walk(node, bound):
            if isinstance(node, ast.Subscript):
                places = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
                for place, size in zip(
                    places, self.shapes[node.value.id], strict=node.value.id not in self.text.labels
                ):
                    if isinstance(place, ast.Subscript):
                        walk(place, bound)
                    elif place.id not in bound:
                        free[place.id] = found.get(place.id, size)
                return
            inner = bound
            if isinstance(node, ast.Call) and node.func.id in {"sum", "mean", "logsumexp"}:
                inner = bound | {node.args[0].id}
            arguments = node.args[1:] if inner is not bound else ast.iter_child_nodes(node)
            if isinstance(node, ast.Call) and node.func.id == "softmax":
                arguments = node.args[1:]
            if isinstance(node, ast.Call) and node.func.id == "delta":
                for place in node.args:
                    if isinstance(place, ast.Subscript):
                        walk(place, bound)
                    elif place.id not in bound:
                        free.setdefault(place.id, found.get(place.id))
                return
            for part in arguments:
                walk(part, inner)

        walk(node, frozenset())
        return free

    def _places(self, letter):
        return self.sizes[self.text.letters[letter]]

    def _over(self, letter, body, at):
        total = self.number(0)
        for k in range(self._places(letter)):
            total = total + self._value(body, {**at, letter: k})
        return total

    def _place(self, node, at):
        """Where a letter stands, or what a label is."""
        if isinstance(node, ast.Name) and node.id not in self.text.labels:
            return at[node.id]
        name = node.id if isinstance(node, ast.Name) else node.value.id
        inside = () if isinstance(node, ast.Name) else node.slice
        own = tuple(at[i.id] for i in (inside.elts if isinstance(inside, ast.Tuple) else [inside] if inside else []))
        [place] = [where[-1] for where, value in self.values[name].items() if where[:-1] == own and value == 1]
        return place

    def _value(self, node, at):
        match node:
            case ast.Constant(value):
                return self.number(Fraction(str(value)))
            case ast.Name("pi") if not self.exactly:
                return Dual(arb.pi())
            case ast.Name("pi"):
                raise IrrationalError("pi")
            case ast.Name(name):
                return self.entry(name, ())
            case ast.Subscript(ast.Name(name), places):
                found = places.elts if isinstance(places, ast.Tuple) else [places]
                return self.entry(name, tuple(self._place(i, at) for i in found))
            case ast.UnaryOp(ast.USub(), operand):
                return -self._value(operand, at)
            case ast.BinOp(ast.Call(ast.Name("d"), [root]), ast.Div(), ast.Call(ast.Name("d"), [wrt])):
                places = () if isinstance(wrt, ast.Name) else wrt.slice
                found = places.elts if isinstance(places, ast.Tuple) else [places] if places else []
                name = wrt.id if isinstance(wrt, ast.Name) else wrt.value.id
                slopes = self._value(root, at).slopes
                return Dual(slopes.get((name, tuple(at[i.id] for i in found)), arb(0)))
            case ast.BinOp(base, ast.Pow(), exponent):
                return self._value(base, at).raised(_rational(exponent))
            case ast.BinOp(left, operator, right):
                a, b = self._value(left, at), self._value(right, at)
                match operator:
                    case ast.Add():
                        return a + b
                    case ast.Sub():
                        return a - b
                    case ast.Mult():
                        return a * b
                    case ast.Div():
                        return a / b
            case ast.Call(ast.Name(name), arguments):
                return self._call(name, arguments, at)
        raise SyntaxError(ast.dump(node))

    def _call(self, name, arguments, at):
        match name, arguments:
            case "size", [ast.Name(size)]:
                return self.number(self.sizes[size])
            case "delta", [i, j]:
                return self.number(self._place(i, at) == self._place(j, at))
            case "sum", [ast.Name(letter), body]:
                return self._over(letter, body, at)
            case "mean", [ast.Name(letter), body]:
                return self._over(letter, body, at) / self.number(self.sizes[self.text.letters[letter]])
            case "max", [ast.Name(letter), body] if letter in self.text.letters:
                largest, *others = (self._value(body, {**at, letter: k}) for k in range(self._places(letter)))
                for other in others:
                    largest = FUNCTIONS["max"](largest, other)
                return largest
            case "logsumexp", [ast.Name(letter), body]:
                return _log(self._over(letter, ast.Call(ast.Name("exp"), [body], []), at))
            case "softmax", [ast.Name(letter), body]:
                exponential = ast.Call(ast.Name("exp"), [body], [])
                return self._value(exponential, at) / self._over(letter, exponential, at)
        return FUNCTIONS[name](*(self._value(part, at) for part in arguments))


def _rational(node):
    match node:
        case ast.Constant(value):
            return Fraction(str(value))
        case ast.UnaryOp(ast.USub(), operand):
            return -_rational(operand)
        case ast.BinOp(a, ast.Div(), b):
            return _rational(a) / _rational(b)
    raise SyntaxError("no literal exponent")


def drawn(text, seed, sizes=None, positive=()):
    """A random point: sizes pairwise different, values odd multiples of 2^-10 of size about one."""
    rng = random.Random(seed)
    names = text.sizes()
    if sizes is None:
        order = [2, 3, 4, 5, 6, 7][: len(names)]
        rng.shuffle(order)
        sizes = dict(zip(names, order, strict=True))
    values = {}
    for name, shape in {**text.data, **text.parameters}.items():
        values[name] = {}
        if name in text.labels:
            for own in product(*(range(sizes[size]) for size in shape[:-1])):
                label = rng.randrange(sizes[shape[-1]])
                values[name] |= {(*own, k): Fraction(k == label) for k in range(sizes[shape[-1]])}
            continue
        for where in product(*(range(sizes[size]) for size in shape)):
            k = rng.randrange(101, 1501) | 1
            values[name][where] = Fraction(k if name in positive or rng.random() < 0.5 else -k, 1024)
    return sizes, values


def normalised(values, name):
    """Labels made positive and divided by their sum over the last place."""
    entries = values[name]
    totals = {}
    for where, value in entries.items():
        totals[where[:-1]] = totals.get(where[:-1], 0) + abs(value)
    return {**values, name: {where: abs(value) / totals[where[:-1]] for where, value in entries.items()}}


def agree(a, b):
    """Whether two balls are the same to thirty digits, or two rationals the same."""
    if isinstance(a, fmpq):
        return a == b
    gap = abs(a - b)
    return bool(gap < arb(10) ** -30 * (1 + abs(a)))


def differ(a, b):
    """Whether two balls are certainly different."""
    return not a.overlaps(b)
