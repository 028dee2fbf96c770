"""Small certificates by hand: terms as nested lists, steps that name their terms, and the goal that belongs to them."""

import hashlib
import json
import re

SHAPES = {
    "sym": "s",
    "trans": "ss",
    "congruence": "stI",
    "unfold": "gt",
    "hypothesis": "gj",
    "ring": "gtt",
    "identity": "gnT",
    "sum_split": "gt",
    "sum_factor": "gt",
    "sum_exchange": "gt",
    "sum_delta": "gt",
    "sum_constant": "gt",
    "largest_constant": "gt",
    "partial_constant": "gt",
    "partial_entry": "gt",
    "partial_plus": "gt",
    "partial_times": "gt",
    "partial_power": "gt",
    "partial_apply": "gt",
    "partial_sum": "gt",
    "partial_largest": "gt",
    "chain": "gt",
    "sign": "gtS",
    "sign_weaken": "sr",
    "sign_equal": "ss",
    "separable": "gtS",
    "lift": "ss",
    "state": "sS",
}
"""What each rule is given: program, term or list of terms, step or list of steps, judgement, path, name, relation."""


def position(text):
    """``"j:D"`` is the letter j over D; a number stays."""
    return text if isinstance(text, int) else text.split(":")


def num(value):
    return ["number", str(value)]


def entry(name, *places):
    return ["entry", name, [position(place) for place in places]]


def delta(left, right):
    return ["delta", position(left), position(right)]


def plus(*terms):
    return ["plus", list(terms)]


def times(*terms):
    return ["times", list(terms)]


def neg(term):
    return times(num(-1), term)


def minus(left, right):
    return plus(left, neg(right))


def power(base, exponent):
    return ["power", base, str(exponent)]


def call(name, *terms):
    return ["apply", name, list(terms)]


def total(body, variable):
    return ["total", body, variable]


def direct(body, variable):
    return ["direct", body, variable]


def over(size, body):
    return ["sum", size, body]


def largest(size, body):
    return ["largest", size, body]


def gap(first, second, *places):
    """How much a value exceeds another one of the same family, and -1 if it is the same one."""
    return plus(first, neg(second), neg(delta(*places)))


def chosen(size, first, second):
    """Below a sum: 1 where no value, ``first`` of the inner sum's index, exceeds that of the outer index."""
    return call("step", plus(num("1/2"), neg(over(size, call("step", gap(first, second, 0, 1))))))


def size(name):
    return ["size", name]


def eq(left, right):
    return ["=", left, right]


def sign(relation, term):
    return [relation, term, num(0)]


Z_BODY = plus(over("D", times(entry("w", 0), entry("x", "n:N", 0))), entry("b"))
LOSS_BODY = plus(times(entry("a", "n:N"), entry("q")), neg(entry("y", "n:N")), times(entry("b"), entry("z", "n:N")))
MODEL = {
    "batch": "N",
    "inputs": [
        ["x", "data", ["N", "D"]],
        ["y", "data", ["N"]],
        ["w", "parameter", ["D"]],
        ["v", "parameter", ["D"]],
        ["b", "parameter", []],
        ["unused", "data", ["N"]],
    ],
    "definitions": [
        ["z", [["n", "N"]], Z_BODY],
        ["q", [], over("D", power(entry("v", 0), 2))],
        ["a", [["n", "N"]], call("relu", entry("z", "n:N"))],
        ["loss", [["n", "N"]], LOSS_BODY],
        ["objective", [], times(power(size("N"), -1), over("N", entry("loss", 0)))],
    ],
    "assumptions": [eq(over("D", entry("x", "n:N", 0)), num(1)), sign(">", entry("y", "n:N")), eq(entry("b"), num(2))],
}
"""A loss with a kink, a definition without samples, two that use z and two that use b, and assumptions."""

LEANING = {
    "batch": "N",
    "inputs": [["y", "data", ["N"]], ["w", "parameter", []]],
    "definitions": [
        ["z", [["n", "N"]], entry("w")],
        [
            "loss",
            [["n", "N"]],
            plus(
                times(entry("y", "n:N"), entry("z", "n:N")),
                times(plus(size("N"), num(-1)), plus(entry("z", "n:N"), neg(entry("w")))),
            ),
        ],
    ],
    "assumptions": [eq(size("N"), num(3)), eq(entry("w"), num(3))],
}
"""Separable only by an equation, and the derivative of loss[n] with respect to z[n] is y[n] + N - 1, alone it is y."""


def seal(certificate):
    """The hash of all of a certificate but its hash."""
    content = {key: value for key, value in certificate.items() if key != "sha256"}
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def sealed(certificate):
    """A certificate with the hash that belongs to it, whatever is written there; what is no object as it is."""
    return certificate | {"sha256": seal(certificate)} if isinstance(certificate, dict) else certificate


def resealed(text):
    """The same for a text, of which nothing else changes; where it cannot be read, nothing at all."""
    try:
        fitting = seal(json.loads(text))
    except (ValueError, AttributeError, RecursionError):
        return text
    return re.sub('"sha256": ?"[0-9a-f]{64}"', f'"sha256": "{fitting}"', text)


class Certificate:
    """Steps and statements, with the table of terms made on the way."""

    def __init__(self, model=MODEL):
        self.model = model
        self.terms = []
        self.steps = []
        self.statements = []
        self.wanted = []
        self.rows = {}

    def term(self, tree):
        """The row of a term, after the rows of its subterms."""
        kind, *parts = tree
        where = {"plus": [0], "times": [0], "power": [0], "apply": [1], "sum": [1], "largest": [1]}
        where |= {"total": [0, 1], "direct": [0, 1]}
        for at in where.get(kind, []):
            many = kind in ("plus", "times", "apply")
            parts[at] = [self.term(part) for part in parts[at]] if many else self.term(parts[at])
        node = [kind, *parts]
        key = json.dumps(node)
        if key not in self.rows:
            self.rows[key] = len(self.terms)
            self.terms.append(node)
        return self.rows[key]

    def judgement(self, tree):
        relation, left, right = tree
        return [relation, self.term(left), self.term(right)]

    def step(self, rule, *arguments):
        """Add a step; what it refers to are trees, numbers of steps, names."""
        read = {"t": self.term, "T": lambda trees: [self.term(tree) for tree in trees], "j": self.judgement}
        given = [read.get(code, lambda it: it)(part) for code, part in zip(SHAPES[rule], arguments, strict=True)]
        self.steps.append([rule, given])
        return len(self.steps) - 1

    def statement(self, name, program, hypotheses, judgement):
        """Say in goal and certificate what has been stated."""
        ordered = sorted(hypotheses, key=json.dumps)
        self.wanted.append([name, program, ordered, judgement])
        referred = sorted(self.judgement(hypothesis) for hypothesis in hypotheses)
        self.statements.append([name, program, referred, self.judgement(judgement)])

    def goal(self):
        return {"format": 1, "model": self.model, "statements": self.wanted}

    def certificate(self):
        return sealed({"format": 1, "terms": self.terms, "steps": self.steps, "statements": self.statements})


def proof(steps, program, judgement, hypotheses=(), model=MODEL, discharges=()):
    """Goal and certificate for what the last of some steps concludes."""
    made = Certificate(model)
    for rule, *arguments in steps:
        made.step(rule, *arguments)
    made.step("state", len(steps) - 1, list(discharges))
    made.statement("it", program, list(hypotheses), judgement)
    return made.goal(), made.certificate()
