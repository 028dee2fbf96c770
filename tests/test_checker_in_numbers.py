"""Whatever the checker's rules conclude from random terms holds in numbers, wherever the hypotheses hold."""

import json
import random
from fractions import Fraction

import pytest
import test_checker
from certificates import call, entry, largest, over, plus, power, proof, times
from meaning import Unknown, World

from symgrad import checker

INPUTS = [["x", "data", ["N", "D"]], ["y", "data", ["N"]], ["w", "parameter", ["D"]], ["b", "parameter", []]]
Z = plus(over("D", times(entry("w", 0), entry("x", "n:N", 0))), entry("b"))
Y, TOP = entry("y", "n:N"), entry("top")
COUPLED = [
    ["z", [["n", "N"]], Z],
    ["top", [], largest("N", entry("z", 0))],
    ["s", [["d", "D"]], plus(largest("N", times(entry("x", 0, "d:D"), entry("w", "d:D"))), entry("b"))],
    ["loss", [["n", "N"]], plus(times(Y, call("abs", entry("z", "n:N"))), times(TOP, over("D", entry("s", 0))))],
    ["objective", [], largest("N", entry("loss", 0))],
]  # fmt: skip
ALONE = [
    ["z", [["n", "N"]], Z],
    ["s", [["n", "N"]], largest("D", times(entry("w", 0), entry("x", "n:N", 0)))],
    ["loss", [["n", "N"]], plus(times(Y, call("relu", entry("z", "n:N"))), power(entry("s", "n:N"), 2))],
    ["objective", [], times(power(["size", "N"], -1), over("N", entry("loss", 0)))],
]  # fmt: skip


class Draw(random.Random):
    """Random terms of a model, as rows of the checker."""

    def set(self, rules, definitions):
        self.rules, self.terms = rules, rules.terms
        self.shapes = {name: [size for _, size in letters] for name, letters, _ in definitions}
        self.shapes |= {name: shape for name, _, shape in INPUTS}
        return self

    def letter(self, size):
        return (self.choice("ij" if size == "D" else "mn"), size)

    def entry(self, names=None):
        name = self.choice(names or sorted(self.shapes))
        return self.terms.make("entry", (), name, [self.letter(size) for size in self.shapes[name]])

    def bound(self, kind, letter, body):
        """A sum or a largest value over what a letter stands for."""
        inside = self.terms.move(body, lambda old, below: below if old == letter else old)
        return self.terms.make(kind, (inside,), letter[1])

    def term(self, depth, given=()):
        """A term without derivatives; ``given`` are terms that it may hold."""
        terms = self.terms
        if given and self.random() < 0.3:
            return self.choice(given)
        if depth == 0 or self.random() < 0.15:
            return self.choice([self.entry, self.entry, self.number, self.delta])()
        kind = self.choice(["plus", "plus", "times", "times", "power", "apply", "sum", "largest", "largest"])
        if kind in ("sum", "largest"):
            return self.bound(kind, self.letter(self.choice("ND")), self.term(depth - 1, given))
        if kind == "power":
            return terms.make(kind, (self.term(depth - 1, given),), Fraction(self.choice([-2, -1, 0, 1, 2, 3])))
        if kind == "apply":
            name = self.choice(["step", "abs", "relu", "sign", "max", "min"])
            return terms.make(kind, [self.term(depth - 1, given) for _ in range(checker.ARITY[name])], name)
        return terms.make(kind, [self.term(depth - 1, given) for _ in range(self.randint(1, 3))])

    def number(self):
        return self.terms.number(self.choice([0, 1, -1, 2, Fraction(1, 2)]))

    def delta(self):
        size = self.choice("ND")
        return self.terms.make("delta", (), "", [self.letter(size), self.letter(size)])

    def derivative(self, body):
        names = sorted(name for name in self.shapes if name not in ("x", "y"))
        inside = sorted(self.terms[body].tensors & set(names))
        return self.terms.make("direct", (body, self.entry(inside if inside and self.random() < 0.9 else names)))

    def total(self, program):
        known = sorted(program.kinds)
        root = self.entry([name for name in known if name in program.definitions])
        return self.terms.make("total", (root, self.entry([name for name in known if program.kinds[name] != "data"])))

    def alike(self, term):
        """Another term that has the same value under some conditions, or nearly."""
        terms = self.terms
        row = terms[term]
        way = self.randrange(10)
        if way == 0 and row.kids and row.kind not in ("total", "direct"):
            at = self.randrange(len(row.kids))
            return terms.replace(term, at, self.alike(row.kids[at]))
        if way == 1 and row.kind in ("plus", "times"):
            return terms.make(row.kind, self.sample(row.kids, len(row.kids)))
        if way == 2:
            return terms.make("times", (term, term, terms.make("power", (term,), Fraction(-1))))
        if way == 3 and row.kind == "times":
            parts = [plus_ for plus_ in row.kids if terms[plus_].kind == "plus"]
            if parts:
                others = list(row.kids)
                others.remove(parts[0])
                return terms.make("plus", [terms.make("times", (*others, kid)) for kid in terms[parts[0]].kids])
        if way == 4 and row.kind == "power":
            return terms.make("times", (row.kids[0], terms.make("power", row.kids, row.label - 1)))
        if way == 5 and row.kind == "delta":
            return terms.make("delta", (), "", row.places[::-1])
        if way == 6:
            return terms.make("power", (terms.make("power", (term,), Fraction(-1)),), Fraction(-1))
        if way == 8:
            other = self.term(1)
            return terms.make("times", (term, other, terms.make("power", (other,), Fraction(-1))))
        if way == 7:
            other = self.entry()
            return terms.make("plus", (term, other, terms.minus(other)))
        return terms.make("times", (term, terms.number(1)))


def theorems(draw, rules, count):
    """Conclusions of random steps, each from random terms and from earlier ones."""
    found = []
    programs = [rules.batch, rules.single]
    terms = rules.terms
    laws = [name for name in checker.RULES if name.startswith(("sum_", "largest_", "partial_"))]

    def at_random():
        program = draw.choice(programs)
        same = [theorem for theorem in found if theorem.program is program]
        equations = [theorem for theorem in same if theorem.judgement[0] == "="]
        way = draw.randrange(16)
        if way == 0:
            left = draw.term(2) if draw.random() < 0.7 else draw.derivative(draw.term(2))
            right = draw.alike(draw.alike(left)) if draw.random() < 0.9 else draw.term(2)
            return rules.ring(program, *draw.sample([left, right], 2))
        if way == 1:
            law = draw.choice([law for law in laws if law.startswith("sum_")])
            inside = draw.term(2)
            if law == "sum_delta":
                inside = terms.make("times", draw.sample([draw.delta(), inside, draw.term(1)], 3))
            elif law in ("sum_split", "sum_factor"):
                inside = terms.make("plus" if law == "sum_split" else "times", [inside, draw.term(1), draw.term(0)])
            elif law == "sum_exchange":
                inside = draw.bound(draw.choice(["sum", "sum", "largest"]), draw.letter(draw.choice("ND")), inside)
            return rules.sum(
                law, program, draw.bound(draw.choice(["sum"] * 4 + ["largest"]), draw.letter(draw.choice("ND")), inside)
            )
        if way == 2:
            return rules.largest_constant(program, draw.bound("largest", draw.letter(draw.choice("ND")), draw.term(2)))
        if way in (3, 4, 5):
            body = draw.term(3) if way < 5 else draw.bound("largest", draw.letter(draw.choice("ND")), draw.term(2))
            law = f"partial_{terms[body].kind}" if draw.random() < 0.95 else draw.choice(laws)
            return rules.partial(law, program, draw.derivative(body))
        if way == 6:
            term = draw.total(program)
            law = draw.choice(["chain", "chain", "partial_constant", "partial_entry"])
            return rules.chain(program, term) if law == "chain" else rules.partial(law, program, term)
        if way == 7:
            name = draw.choice(["relu_step", "abs_step", "sign_step", "step_squared", "max_relu", "min_relu"])
            return rules.identity(program, name, tuple(draw.term(1) for _ in range(1 + (name[:3] in ("max", "min")))))
        if way == 8:
            return rules.unfold(program, draw.entry(list(program.definitions)))
        if way == 9:
            first = draw.choice(equations)
            return rules.trans(first, draw.choice([one for one in equations if one.judgement[1] == first.judgement[2]]))
        if way == 10:
            relation = draw.choice(["=", *checker.SIGNS])
            right = draw.term(1) if relation == "=" else terms.number(0)
            return rules.hypothesis(program, (relation, draw.term(1), right))
        if way == 11:
            return signed(program, draw.term(2))
        if way == 12:
            signs = [one for one in same if one.judgement[0] in checker.SIGNS]
            if draw.random() < 0.5:
                return rules.sign_weaken(draw.choice(signs), draw.choice(["!=", ">="]))
            return rules.sign_equal(draw.choice(equations), draw.choice(signs))
        if way == 13:
            return stated(draw.choice([one for one in same if one.hypotheses]))
        if way == 14:
            first = rules.separable(rules.batch, terms.make("entry", (), "loss", [draw.letter("N")]), ())
            return rules.lift(first, draw.choice([one for one in found if one.judgement[0] == "="]))
        first = draw.choice(equations)
        left = first.judgement[1]
        letters = {letter: draw.letter(letter[1]) for letter in terms[left].letters if draw.random() < 0.8}
        term = draw.term(2, [terms.instance(left, letters)])
        if not terms[term].derived and draw.random() < 0.6:
            term = draw.derivative(term)
        if draw.random() < 0.4:
            term = draw.bound(draw.choice(["sum", "largest"]), draw.letter(draw.choice("ND")), term)
        path, part = [], term
        while (terms[part].kids and terms[part].kind != terms[left].kind) or (terms[part].kids and draw.random() < 0.3):
            path.append(draw.randrange(len(terms[part].kids)))
            part = terms[part].kids[path[-1]]
        made = rules.congruence(first, term, tuple(path))
        if draw.random() < 0.3:
            made = rules.sym(made)
        return made

    def signed(program, term):
        """The sign of a term from those of its parts, where these follow, or are supposed."""
        row = terms[term]
        parts = [terms.opened(row.kids[0], ("k", row.label))] if row.kind == "sum" else row.kids
        if row.kind in ("plus", "times", "sum", "power") and not (row.kind == "power" and draw.random() < 0.5):
            return rules.sign(program, term, tuple(signed(program, part) for part in parts))
        try:
            return rules.sign(program, term, ())
        except checker.RefusedError:
            return rules.hypothesis(program, (draw.choice(checker.SIGNS), term, terms.number(0)))

    def stated(first):
        """A theorem without those of its hypotheses whose sign follows."""
        others = []
        for relation, about, _ in first.hypotheses:
            try:
                other = signed(first.program, about)
                weaker = other if other.judgement[0] == relation else rules.sign_weaken(other, relation)
                rules.state(first, (weaker,))
                others.append(weaker)
            except checker.RefusedError:
                continue
        return rules.state(first, tuple(others))

    tries = 0
    while len(found) < count and tries < 200 * count:
        tries += 1
        try:
            found.append(at_random())
        except (checker.RefusedError, IndexError):
            continue
    return found


def worlds(draw, program):
    """Points with many ties and zeros, and points with few, for small sizes."""
    alone = not program.shapes["loss"]
    for _ in range(6):
        sizes = {"N": 1 if alone else draw.randint(1, 3), "D": draw.randint(1, 3)}
        few = [Fraction(k) for k in (-1, 0, 1, 2)]
        many = [Fraction(p, q) for p in range(-9, 10) for q in (2, 3, 5, 7)]
        values = {}
        for name in [name for name in program.kinds if name not in program.definitions]:
            places = [()]
            for size in program.shapes[name]:
                places = [(*place, k) for place in places for k in range(sizes[size])]
            pool = draw.choice([few, many, many])
            values[name] = {place: draw.choice(pool) for place in places}
        yield World(program, sizes, values)


def contradictions(draw, program, theorems):
    """How often theorems (hypotheses and judgement) were put to the test, and what does not hold."""
    tested, wrong = 0, []
    for hypotheses, judgement in theorems:
        for world in worlds(draw, program):
            try:
                if all(world.holds(hypothesis) for hypothesis in hypotheses):
                    tested += 1
                    if not world.holds(judgement):
                        told = [shown(program.terms, side) for side in judgement[1:]]
                        given = [(relation, shown(program.terms, side)) for relation, side, _ in hypotheses]
                        wrong.append((told, given, world.sizes, world.values))
            except Unknown:
                continue
    return tested, wrong


def shown(terms, term):
    row = terms[term]
    parts = ", ".join(shown(terms, kid) for kid in row.kids)
    return f"{row.kind}{'' if row.label == '' else f' {row.label}'}{list(row.places) or ''}({parts})"


def fuzzed(seed, definitions, count):
    """Random theorems of a model, how often they were put to the test, and what does not hold."""
    model = {"batch": "N", "inputs": INPUTS, "definitions": definitions, "assumptions": []}
    rules, _ = checker.read_goal(checker.Terms(), json.dumps({"format": 1, "model": model, "statements": []}))
    draw = Draw(seed).set(rules, definitions)
    found = theorems(draw, rules, count)
    tested, wrong = 0, []
    for program in (rules.batch, rules.single):
        said = [(one.hypotheses, one.judgement) for one in found if one.program is program]
        more, false = contradictions(draw, program, said)
        tested, wrong = tested + more, wrong + false
    return found, tested, wrong


@pytest.mark.parametrize("definitions", [COUPLED, ALONE], ids=["coupled", "alone"])
@pytest.mark.parametrize("seed", range(10))
def test_what_the_rules_conclude_holds(seed, definitions):
    found, tested, wrong = fuzzed(seed, definitions, 40)
    assert len(found) == 40
    assert tested > 2 * len(found)
    assert wrong == []


@pytest.mark.parametrize(
    ("owner", "name", "instead"),
    [
        (checker.Terms, "conditions", lambda *_: frozenset()),
        (checker.Program, "smooth", lambda *_: frozenset()),
        (checker.Program, "depends", lambda self, term, name, _: name in self.terms[term].tensors),
        (checker.Rules, "chosen", lambda self, *_: self.terms.number(1)),
        (checker.Rules, "quotient", lambda *_: ({}, {}, frozenset())),
    ],
    ids=["nothing asked", "nothing smooth", "nothing through definitions", "every value chosen", "everything equal"],
)
def test_a_checker_with_a_fault_is_found_out(monkeypatch, owner, name, instead):
    """So the numbers do contradict what is false."""
    monkeypatch.setattr(owner, name, instead)
    assert any(fuzzed(seed, definitions, 40)[2] for seed in range(12) for definitions in (COUPLED, ALONE))


# ---- statements of certificates ------------------------------------------------------------------------------------

RATIONAL = [
    case
    for case, (steps, _, judgement, _) in test_checker.ACCEPTED.items()
    if judgement[0] != "separable"
    and not any(f'"{word}"' in json.dumps([steps, judgement]) for word in ("exp", "log", "sigmoid", "softplus", "pi"))
    and "/" not in json.dumps([steps, judgement]).replace('"1/2"', "")
    and '"power", ["entry", "w", [["j", "D"]]], "1/2"' not in json.dumps(steps)
]
"""The cases that can be evaluated exactly."""


def said(goal):
    """What a goal states, as rows of the checker: program, hypotheses, judgement."""
    rules, statements = checker.read_goal(checker.Terms(), json.dumps(goal))
    ((which, hypotheses, judgement),) = statements.values()
    return rules.batch if which == "batch" else rules.single, hypotheses, judgement


def in_numbers(seed, goal):
    program, hypotheses, judgement = said(goal)
    draw = random.Random(seed)
    return contradictions(draw, program, [(hypotheses, judgement)] * 5)


@pytest.mark.parametrize("case", RATIONAL)
def test_what_a_certificate_states_holds(case):
    goal, _ = proof(*test_checker.ACCEPTED[case])
    tested, wrong = in_numbers(case, goal)
    assert wrong == []
    assert tested > 0 or "assumption" in case or "equation" in case


def altered(tree, draw):
    """A tree in which one leaf has changed, to another leaf of its sort."""
    sorts = [
        ["plus", "times"],
        ["sum", "largest"],
        ["direct", "total"],
        ["N", "D"],
        ["i", "j", "n", "m", "_0", "_1"],
        ["w", "v"],
        ["b", "q"],
        ["y", "z", "a", "loss", "unused"],
        [0, 1, 2],
        ["0", "1", "-1", "2", "1/2"],
        ["relu", "abs", "step", "sign"],
        ["max", "min"],
        ["=", ">", ">=", "!="],
        ["batch", "single"],
        [law for law in checker.RULES if law.startswith(("sum_", "largest_", "partial_"))],
    ]
    places = []

    def walk(part):
        for key, value in enumerate(part):
            if isinstance(value, list):
                walk(value)
            else:
                places.extend((part, key, sort) for sort in sorts if value in sort)

    walk(tree)
    part, key, sort = draw.choice(places)
    part[key] = draw.choice([value for value in sort if value != part[key]])


def replaced(trees, draw):
    """One leaf is changed everywhere."""
    text = json.dumps(trees)
    swaps = [("largest", "sum"), ("D", "N"), ("w", "v"), ("b", "q"), ("y", "z"), ("n", "m"), ("j", "i")]
    pairs = [pair for one, other in swaps for pair in ((one, other), (other, one))]
    pairs = [(old, new) for old, new in pairs if f'"{old}"' in text]
    old, new = draw.choice(pairs) if pairs else ("", "")
    return json.loads(text.replace(f'"{old}"', f'"{new}"'))


@pytest.mark.parametrize("seed", range(4))
def test_what_an_altered_certificate_states_holds_if_it_is_accepted(seed):
    """Steps and statement are altered, alike or each for itself, with the hash that belongs to them."""
    draw = random.Random(seed)
    accepted, tested, false = 0, 0, []
    for case in RATIONAL * 3:
        trees = json.loads(json.dumps(test_checker.ACCEPTED[case]))
        for _ in range(draw.randint(1, 2)):
            if draw.random() < 0.5:
                trees = replaced(trees, draw)
            else:
                altered(trees, draw)
        try:
            goal, certificate = proof(*trees)
        except (TypeError, ValueError, IndexError, KeyError, AttributeError):
            continue
        if test_checker.judged(goal, certificate)[0] == 0:
            accepted += 1
            more, wrong = in_numbers(seed, goal)
            tested += more
            false += [(case, one) for one in wrong]
    assert accepted > 50
    assert tested > 500
    assert false == []
