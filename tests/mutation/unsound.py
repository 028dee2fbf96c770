"""Edits by hand that make a program believe what is false; the tests have to notice each.

Each is a module, what stands there (once), and what is put in its place.
"""

KERNEL = {
    "sym drops the hypotheses": (
        "rules",
        'return theorem.sequent._replace(conclusion=t.Judgement("=", theorem.right, theorem.left))',
        'return Sequent(theorem.program, t.Judgement("=", theorem.right, theorem.left), uses=theorem.uses)',
    ),
    "premises bring no hypotheses": (
        "rules",
        "under = sequent.hypotheses.union(*(p.hypotheses for p in premises))",
        "under = sequent.hypotheses",
    ),
    "premises bring no uses": (
        "rules",
        "return sequent._replace(hypotheses=under, uses=sequent.uses.union(*(p.uses for p in premises)))",
        "return sequent._replace(hypotheses=under)",
    ),
    "a function without its chain factor": (
        "rules",
        "t.Times((DERIVATIVES[f.function][k](*f.arguments), du))",
        "t.Times((DERIVATIVES[f.function][k](*f.arguments),))",
    ),
    "a power without its exponent": (
        "rules",
        "t.Times((t.Number(u.exponent), lower(u), du))",
        "t.Times((lower(u), du))",
    ),
    "a product keeps only the slope": ("rules", "t.Times((*u.factors[:k], du, *u.factors[k + 1 :]))", "du"),
    "the slope of tanh is 1 + tanh^2": (
        "functions",
        "minus(ONE, square(_tanh(u)))",
        "Plus((ONE, square(_tanh(u))))",
    ),
    "the slope of cos is sin": ("functions", "(lambda u: negative(_sin(u)),)", "(_sin,)"),
    "the logarithm is defined everywhere": ("functions", '{"log": positive}', "{}"),
    "nothing has a kink": ("functions", '("relu", "abs", "sign", "step", "max", "min"), away', "(), away"),
    "the logarithm of a product needs no signs": (
        "functions",
        "(positive(u) + positive(v), _log(Times((u, v)))",
        "((), _log(Times((u, v)))",
    ),
    "relu is positive": ("functions", '"softplus", "pi"}', '"softplus", "pi", "relu"}'),
    "letters below a sum are captured": (
        "terms",
        "names = {i + 1 if isinstance(i, int) else i: k + 1 if isinstance(k, int) else k for i, k in names.items()}",
        "pass",
    ),
    "a delta of two sizes": (
        "program",
        "good = size(left) == size(right) is not None",
        "good = size(left) is not None",
    ),
    "any size fits an entry": (
        "program",
        "good = known and tuple(map(size, indices)) == program.tensors[name].shape",
        "good = known and len(indices) == len(program.tensors[name].shape)",
    ),
    "letters of another size fit": (
        "theorem",
        "return bool(a.size == b.size and binding.setdefault(a, b) == b)",
        "return bool(binding.setdefault(a, b) == b)",
    ),
    "one letter fits two": (
        "theorem",
        "return bool(a.size == b.size and binding.setdefault(a, b) == b)",
        "return bool(a.size == b.size and binding.setdefault(a, b))",
    ),
    "a consumer is left out": (
        "rules",
        "for definition in program.definitions:\n        if variable",
        "for definition in program.definitions[:-1]:\n        if variable",
    ),
    "the chain asks for no smoothness": (
        "rules",
        "under = w.smooth(program, term.body, variable, True)",
        "under = frozenset()",
    ),
    "the constant of a sum is not counted": (
        "rules",
        "t.Times((t.Size(term.size), term.body))",
        "term.body",
    ),
    "the ring forgets its conditions": (
        "rules",
        "hypotheses=frozenset(map(t.closure, found or ()))",
        "hypotheses=frozenset()",
    ),
    "what is stated need not be defined": (
        "rules",
        "under = set(theorem.hypotheses | w.defined(theorem.program, theorem.conclusion))",
        "under = set(theorem.hypotheses)",
    ),
    "what proves a sign brings nothing": (
        "rules",
        "under = under - {proved} | known.hypotheses",
        "under = under - {proved}",
    ),
    "a maximum has a slope at ties": (
        "program",
        "case t.Largest(size, body) if kinks:",
        "case t.Largest(size, body) if False:",
    ),
    "hypotheses of one sample are not lifted": (
        "rules",
        "moved = frozenset(t.closure(h.map(lambda u: w.lifted(program, u, n))) for h in theorem.hypotheses)",
        "moved = frozenset()",
    ),
}
CHECKER = {
    "premises bring no hypotheses": (
        "checker",
        "hypotheses = made.hypotheses.union(*[premise.hypotheses for premise in premises])",
        "hypotheses = made.hypotheses",
    ),
    "premises bring no uses": (
        "checker",
        "return made._replace(hypotheses=hypotheses, uses=made.uses.union(*[premise.uses for premise in premises]))",
        "return made._replace(hypotheses=hypotheses)",
    ),
    "a function without its chain factor": (
        "checker",
        'result = terms.make("times", (slope, result))',
        "result = slope",
    ),
    "a power without its exponent": (
        "checker",
        'result = terms.make("times", (terms.number(body.label), lower, result))',
        'result = terms.make("times", (lower, result))',
    ),
    "a product keeps only the slope": ("checker", "result = terms.replace(inside, at, result)", "pass"),
    "the slope of tanh is 1 + tanh^2": ("checker", "tanh: - 1 ^ tanh u 2", "tanh: + 1 ^ tanh u 2"),
    "the slope of cos is sin": ("checker", "cos: ~ sin u;", "cos: sin u;"),
    "the logarithm is defined everywhere": (
        "checker",
        'name == "log" or exponent.denominator > 1',
        "exponent.denominator > 1",
    ),
    "nothing has a kink": ("checker", 'KINKED = ("relu", "abs", "sign", "step", "max", "min")', "KINKED = ()"),
    "the logarithm of a product needs no signs": ("checker", '{"log_product": ">", ', "{"),
    "relu is positive": (
        "checker",
        '("exp", "sigmoid", "softplus", "pi"), ">") | dict.fromkeys(("relu", "abs", "step"), ">=")',
        '("exp", "sigmoid", "softplus", "pi", "relu"), ">") | dict.fromkeys(("abs", "step"), ">=")',
    ),
    "letters below a sum are captured": (
        "checker",
        "return new + below if isinstance(new, int) and not isinstance(old, int) else new",
        "return new",
    ),
    "a letter stands for what is bound inside": (
        "checker",
        'need(not isinstance(place, int) or place >= 0, "a letter cannot stand for what is bound inside")',
        "place = choice[old] = abs(place) if isinstance(place, int) else place",
    ),
    "a delta of two sizes": (
        "checker",
        'need(row.kind != "delta" or sizes[0] == sizes[1], "a delta of two sizes")',
        "pass",
    ),
    "a letter of another size fits": (
        "checker",
        'need(size == old[1], "a letter cannot stand for a position of another size")',
        "pass",
    ),
    "a consumer is left out": (
        "checker",
        "for name, body in program.definitions.items():\n            letters",
        "for name, body in list(program.definitions.items())[:-1]:\n            letters",
    ),
    "the chain asks for no smoothness": (
        "checker",
        "smooth, uses = program.smooth(root, tensor, True), frozenset(program.definitions)",
        "smooth, uses = frozenset(), frozenset(program.definitions)",
    ),
    "the constant of a sum is not counted": (
        "checker",
        'right = terms.make("times", (terms.make("size", (), size), inside))',
        "right = inside",
    ),
    "the ring forgets its conditions": (
        "checker",
        "return made._replace(hypotheses=first | second)",
        "return made",
    ),
    "what is stated need not be defined": (
        "checker",
        "left = first.hypotheses | first.program.defined(*first.judgement[1:])",
        "left = first.hypotheses",
    ),
    "what proves a sign brings nothing": (
        "checker",
        "left = left - {closed} | other.hypotheses",
        "left = left - {closed}",
    ),
    "a maximum has a slope at ties": ("checker", 'if row.kind == "largest" and kinks:', 'if row.kind == "" and kinks:'),
    "any equation may be supposed": ("checker", "need(equations <= allowed[which], ", "need(True, "),
    "hypotheses of one sample are not lifted": (
        "checker",
        '("=", left, right), frozenset(given), frozenset(batch.definitions)), first)',
        '("=", left, right), frozenset(), frozenset(batch.definitions)), first)',
    ),
    "every statement counts as established": (
        "checker",
        "or told[name] not in stated])",
        "])",
    ),
    "the certificate is not compared with the goal": (
        "checker",
        "for name in told | wanted if told.get(name) != wanted.get(name) or",
        "for name in told if",
    ),
}
