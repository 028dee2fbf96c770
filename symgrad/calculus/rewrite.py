"""Conversions: functions that take a term and return a theorem that it equals another.

A conversion can fail, but it cannot lie: whatever it returns was made by inference rules. ``None`` stands for "no change".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from functools import lru_cache
from itertools import permutations

from symgrad.errors import LimitError, RuleError
from symgrad.kernel import rules
from symgrad.kernel import terms as t
from symgrad.kernel.program import Program
from symgrad.kernel.theorem import Theorem

Conversion = Callable[[Program, t.Term], Theorem | None]
Monomial = frozenset[tuple[t.Term, Fraction]]
Poly = dict[Monomial, Fraction]
ONE = Fraction(1)


def chained(first: Theorem | None, second: Theorem | None) -> Theorem | None:
    """Transitivity, where either side may be "no change"."""
    if first is None or second is None:
        return first or second
    return rules.trans(first, second)


def result(theorem: Theorem | None, term: t.Term) -> t.Term:
    """What ``term`` became."""
    return theorem.right if theorem else term


def replace(found: Theorem | None, term: t.Term, path: tuple[int, ...]) -> Theorem | None:
    """``term`` with the subterm at ``path`` replaced."""
    return rules.congruence(found, term, path) if found and found.left != found.right else None


def fresh(size: str, term: t.Term) -> t.Index:
    """A letter that does not occur in ``term``."""
    taken = {i.name for i in t.letters(term)}
    return next(t.Index(name, size) for k in range(10**6) if (name := f"i{k}_") not in taken)


def remembered(convert: Conversion) -> Conversion:
    """The same conversion, which does each term of each program once."""
    known: dict[tuple[int, t.Term], tuple[Program, Theorem | None]] = {}

    def converted(program: Program, term: t.Term) -> Theorem | None:
        found = known.get((id(program), term))
        if found is None:
            if len(known) > 50_000:
                known.clear()
            found = known[id(program), term] = (program, convert(program, term))  # the program lives on with its id
        return found[1]

    return converted


def inside(convert: Conversion) -> Conversion:
    """Apply a conversion to every immediate subterm."""

    def converted(program: Program, term: t.Term) -> Theorem | None:
        done: Theorem | None = None
        if isinstance(term, t.Partial):
            return None
        for k in range(len(t.children(term))):
            now = result(done, term)
            part = t.children(now)[k]
            if isinstance(now, t.Sum):
                part = t.opened(part, fresh(now.size, part))
            done = chained(done, replace(convert(program, part), now, (k,)))
        return done

    return converted


def everywhere(convert: Conversion) -> Conversion:
    """Apply a conversion to every subterm, innermost first."""

    def converted(program: Program, term: t.Term) -> Theorem | None:
        done = below(program, term)
        return chained(done, convert(program, result(done, term)))

    kept = remembered(converted)
    below = inside(kept)
    return kept


def using(theorem: Theorem) -> Conversion:
    """Rewrite with an equation, left to right, where its left side fits."""

    def converted(_: Program, term: t.Term) -> Theorem | None:
        if type(term) is not type(theorem.left):
            return None
        try:
            return rules.congruence(theorem, term, ())
        except RuleError:
            return None

    return converted


# ---------------------------------------------------------------------------------------------------------------------
# Order and polynomials


@lru_cache(maxsize=262144)
def key(term: t.Term) -> str:
    """A text that orders terms, the same on every run."""

    def place(i: t.Position) -> str:
        return f"~{i}" if isinstance(i, int) else i.name

    match term:
        case t.Number(value):
            return f"0{value}"
        case t.Size(name):
            return f"1{name}"
        case t.Entry(tensor, indices):
            return f"3{tensor}[{','.join(map(place, indices))}]"
        case t.Delta(left, right):
            return f"2[{place(left)},{place(right)}]"
        case t.Power(base, exponent):
            return f"{key(base)}^{exponent}"
        case t.Apply(function, arguments):
            return f"5{function}({','.join(map(key, arguments))})"
        case t.Sum(size, body):
            return f"7{size}({key(body)})"
        case t.Partial(body, wrt, total):
            return f"6{'d' if total else 'p'}({key(body)}/{key(wrt)})"
    return f"8{type(term).__name__}({','.join(map(key, t.children(term)))})"


def _product(m: Monomial, n: Monomial) -> Monomial:
    exponents = dict(m)
    for base, e in n:
        exponents[base] = ONE if isinstance(base, t.Delta) else exponents.get(base, Fraction(0)) + e
    return frozenset((base, e) for base, e in exponents.items() if e)


def poly(term: t.Term, *, expand: bool, limit: int = 400) -> Poly:
    """``term`` as a polynomial in its atoms, with rational exponents; powers of one base are merged.

    Merging x * x^-1 is optimistic: the ring rule will ask for x != 0.

    Raises:
        LimitError: if there are more than ``limit`` monomials.
    """
    match term:
        case t.Number(value):
            return {frozenset(): value} if value else {}
        case t.Delta(left, right) if left == right:
            return {frozenset(): ONE}
        case t.Delta(left, right):
            ends = sorted((left, right), key=str)
            return {frozenset({(t.Delta(*ends), ONE)}): ONE}
        case t.Plus(parts):
            total: Poly = {}
            for part in parts:
                for m, value in poly(part, expand=expand, limit=limit).items():
                    total[m] = total.get(m, Fraction(0)) + value
            return {m: value for m, value in total.items() if value}
        case t.Times(parts):
            product: Poly = {frozenset(): ONE}
            for part in parts:
                factor = poly(part, expand=expand, limit=limit)
                if not expand and len(factor) > 1:
                    factor = {frozenset({(written(factor), ONE)}): ONE}
                product = _multiplied(product, factor, limit)
            return product
        case t.Power(base, exponent):
            inner = poly(base, expand=expand, limit=limit)
            if not inner:
                return {} if exponent else {frozenset(): ONE}
            if len(inner) == 1 and exponent.denominator == 1:
                [(m, value)] = inner.items()
                return {frozenset((b, ONE if isinstance(b, t.Delta) else e * exponent) for b, e in m):
                        value**exponent.numerator}  # fmt: skip
            if expand and exponent.denominator == 1 and exponent > 0:
                product = {frozenset(): ONE}
                for _ in range(exponent.numerator):
                    product = _multiplied(product, inner, limit)
                return product
            flip = exponent.denominator == 1 and exponent.numerator % 2 and inner.get(frozenset(), ONE) < 0
            turned = {m: -value for m, value in inner.items()} if flip else inner
            return {frozenset({(written(turned), exponent)}): -ONE if flip else ONE}
    return {frozenset({(term, ONE)}): ONE}


def _multiplied(p: Poly, q: Poly, limit: int) -> Poly:
    if len(p) * len(q) > limit:
        raise LimitError("a polynomial grows too large")
    total: Poly = {}
    for m, a in p.items():
        for n, b in q.items():
            joined = _product(m, n)
            total[joined] = total.get(joined, Fraction(0)) + a * b
    return {m: value for m, value in total.items() if value}


def _rank(base: t.Term) -> tuple[int, str]:
    """The order of factors: sizes, deltas, then cotangents, entries and functions, sums last."""
    order = {t.Size: 1, t.Delta: 2, t.Partial: 3, t.Plus: 4, t.Apply: 5, t.Entry: 6, t.Power: 6, t.Sum: 8}
    return order.get(type(base), 7), key(base)


def monomial(m: Monomial, value: Fraction) -> t.Term:
    """One monomial as a term."""
    factors: list[t.Term] = [] if value == 1 and m else [t.Number(value)]
    for base, e in sorted(m, key=lambda pair: (_rank(pair[0]), pair[1])):
        factors.append(base if e == 1 else t.Power(base, e))
    return factors[0] if len(factors) == 1 else t.Times(tuple(factors))


def written(p: Poly) -> t.Term:
    """A polynomial as a term, its monomials in a fixed order: positive ones first."""
    parts = [(monomial(m, value), value < 0) for m, value in p.items()]
    ordered = [part for part, _ in sorted(parts, key=lambda pair: (pair[1], key(pair[0])))]
    return t.ZERO if not ordered else ordered[0] if len(ordered) == 1 else t.Plus(tuple(ordered))


def written_in_order(term: t.Term) -> t.Term:
    """``term`` with its numbers collected and its factors and terms in the fixed order, not multiplied out."""
    inner = t.rebuilt(term, tuple(written_in_order(part) for part in t.children(term)))
    return written(poly(inner, expand=False)) if isinstance(inner, t.Plus | t.Times | t.Power) else inner


def arithmetic(program: Program, term: t.Term) -> Theorem | None:
    """Collect numbers and like factors, without multiplying out."""
    return _by_ring(program, term, expand=False)


def expanded(program: Program, term: t.Term) -> Theorem | None:
    """Multiply out and collect."""
    return _by_ring(program, term, expand=True)


def _by_ring(program: Program, term: t.Term, *, expand: bool) -> Theorem | None:
    if not isinstance(term, t.Plus | t.Times | t.Power | t.Delta):
        return None
    new = written(poly(term, expand=expand))
    return rules.ring(program, term, new) if new != term else None


# ---------------------------------------------------------------------------------------------------------------------
# Sums over indices


def sums(program: Program, term: t.Term) -> Theorem | None:
    """Collapse deltas, pull out what is free of the index, add up constants: one sum, outermost."""
    if not isinstance(term, t.Sum):
        return None
    body = term.body
    if not t.mentions_bound(body):
        return rules.sum_constant(program, term)
    factors = body.factors if isinstance(body, t.Times) else (body,)
    if any(isinstance(f, t.Delta) and (f.left == 0) != (f.right == 0) for f in factors):
        return rules.sum_delta(program, term)
    if isinstance(body, t.Times) and not all(map(t.mentions_bound, factors)):
        return rules.sum_factor(program, term)
    if isinstance(body, t.Plus) and any(_waits(part) for part in body.terms):
        return rules.sum_split(program, term)
    return None


def _waits(part: t.Term) -> bool:
    """Whether a term of a sum would collapse or leave it."""
    factors = part.factors if isinstance(part, t.Times) else (part,)
    return any(isinstance(f, t.Delta) and 0 in (f.left, f.right) for f in factors) or not t.mentions_bound(part)


def repeated(convert: Conversion) -> Conversion:
    """Apply a conversion until nothing changes."""

    def converted(program: Program, term: t.Term) -> Theorem | None:
        done: Theorem | None = None
        for _ in range(200):
            step = convert(program, result(done, term))
            if step is None:
                return done
            done = chained(done, step)
        raise LimitError("a conversion does not end")

    return converted


def _both(program: Program, term: t.Term) -> Theorem | None:
    done = arithmetic(program, term)
    return chained(done, sums(program, result(done, term)))


tidy = remembered(repeated(everywhere(_both)))
"""Flatten, collapse deltas and pull constants out of sums; never multiply out."""


def _normal(program: Program, term: t.Term) -> Theorem | None:
    done = inside(normal)(program, term)
    done = chained(done, expanded(program, result(done, term)))
    now = result(done, term)
    if isinstance(now, t.Apply):
        return chained(done, _function(program, now))
    if isinstance(now, t.Times | t.Plus):
        move = inside(_moved)(program, now) if isinstance(now, t.Plus) else _moved(program, now)
        return chained(chained(done, move), normal(program, move.right)) if move else done
    if not isinstance(now, t.Sum):
        return done
    if isinstance(now.body, t.Plus):
        split = rules.sum_split(program, now)
        return chained(chained(done, split), normal(program, split.right))
    factors = now.body.factors if isinstance(now.body, t.Times) else (now.body,)
    free = [f for f in factors if not t.mentions_bound(f)]
    if free or any(isinstance(f, t.Delta) and 0 in (f.left, f.right) for f in factors):
        step = sums(program, now)
        return chained(chained(done, step), normal(program, result(step, now)))
    return chained(done, _nested(program, now))


normal = remembered(_normal)
"""The normal form in which equal terms meet: multiplied out, sums split, merged and put in a fixed order."""


def _moved(program: Program, term: t.Term) -> Theorem | None:
    """δ_ij f(i) = δ_ij f(j): the other factors of a delta speak of its first letter.

    Both sides are Σ_k δ_ki δ_kj f(k), collapsed by one delta or by the other.
    """
    for delta in term.factors if isinstance(term, t.Times) else ():
        match delta:
            case t.Delta(t.Index() as kept, t.Index() as gone):
                rest = [f for f in t.children(term) if f != delta]
                if all(gone not in t.letters(f) for f in rest):
                    continue
                k = fresh(kept.size, term)
                inner = [t.renamed(f, {gone: k}) for f in rest]
                ends = [t.Delta(k, gone), t.Delta(k, kept)]
                there, back = (rules.sum_delta(program, t.sigma(k, t.Times((*e, *inner)))) for e in (ends, ends[::-1]))
                swapped = rules.ring(program, t.Times((*ends, *inner)), t.Times((*ends[::-1], *inner)))
                done = chained(rules.ring(program, term, there.right), rules.sym(there))
                done = chained(done, replace(swapped, there.left, (0,)))
                return chained(done, back)
    return None


def _function(program: Program, term: t.Apply) -> Theorem | None:
    """Odd and even functions take the sign of their argument out; exp turns sums into products."""
    name, [argument] = term.function, term.arguments if len(term.arguments) == 1 else (t.ONE,)
    parts = poly(argument, expand=True)
    if not parts and name in {"exp"}:
        return rules.identity(program, "exp_zero", ()) if argument == t.ZERO else None
    if name == "exp" and isinstance(argument, t.Plus):
        first, rest = argument.terms[0], argument.terms[1:]
        tail = rest[0] if len(rest) == 1 else t.Plus(rest)
        grouped = rules.ring(program, argument, t.Plus((first, tail)))
        done = chained(replace(grouped, term, (0,)), rules.identity(program, "exp_sum", (first, tail)))
        return chained(done, normal(program, result(done, term)))
    lead = written(parts)
    front = lead.terms[0] if isinstance(lead, t.Plus) else lead
    [value] = poly(front, expand=True).values() or [ONE]
    law = {"exp": "exp_negative", "sigmoid": "sigmoid_negative", "tanh": "tanh_negative", "softplus": "softplus_negative",
           "sin": "sin_negative", "cos": "cos_negative"}.get(name)  # fmt: skip
    if law is None or value >= 0:
        return None
    turned = written({m: -v for m, v in parts.items()})
    flipped = rules.ring(program, argument, t.Times((t.MINUS, turned)))
    done = chained(replace(flipped, term, (0,)), rules.identity(program, law, (turned,)))
    return chained(done, normal(program, result(done, term)))


def _row(term: t.Term) -> tuple[list[t.Index], t.Term]:
    """The letters of a row of sums, and what stands under it."""
    row: list[t.Index] = []
    while isinstance(term, t.Sum):
        row.append(t.Index(f"q{len(row)}_", term.size))
        term = t.opened(term.body, row[-1])
    return row, term


def _summed(row: Iterable[t.Index], core: t.Term) -> t.Term:
    for letter in reversed(list(row)):
        core = t.sigma(letter, core)
    return core


def _nested(program: Program, term: t.Sum) -> Theorem | None:
    """Merge the sums that a product holds into one row of sums, and put the row in a fixed order."""
    done: Theorem | None = None
    while True:
        row, core = _row(result(done, term))
        factors = core.factors if isinstance(core, t.Times) else ()
        place = next((k for k, f in enumerate(factors) if isinstance(f, t.Sum)), None)
        if place is None:
            return chained(done, _ordered(program, result(done, term)))
        rest = (*factors[:place], *factors[place + 1 :])
        letter = t.Index(f"q{len(row)}_", factors[place].size)  # type: ignore[attr-defined]
        low = t.opened(t.children(factors[place])[0], letter)
        lows = low.factors if isinstance(low, t.Times) else (low,)
        pulled = rules.sum_factor(program, t.sigma(letter, t.Times((*rest, *lows))))
        loose = any(not t.mentions_bound(f) for f in t.children(t.children(factors[place])[0]))
        freed = replace(rules.sum_factor(program, factors[place]), core, (place,)) if loose and len(lows) > 1 else None
        grouped = rules.ring(program, result(freed, core), pulled.right)
        merged = chained(chained(freed, grouped), rules.sym(pulled))
        done = chained(done, replace(merged, result(done, term), (0,) * len(row)))


def _ordered(program: Program, term: t.Term) -> Theorem | None:
    row, core = _row(term)
    if len(row) > 5:
        return None

    def made(order: tuple[t.Index, ...]) -> t.Term:
        names = {letter: t.Index(f"q{k}_", letter.size) for k, letter in enumerate(order)}
        return _summed(names.values(), written(poly(t.renamed(core, names), expand=True)))

    best = min(permutations(row), key=lambda order: key(made(order)))
    done: Theorem | None = None
    now = list(row)
    for target, letter in enumerate(best):
        for k in range(now.index(letter), target, -1):
            current = result(done, term)
            part = _summed(now[k - 1 :], core)
            done = chained(done, replace(rules.sum_exchange(program, part), current, (0,) * (k - 1)))
            now[k - 1], now[k] = now[k], now[k - 1]
    current, wanted = result(done, term), made(best)
    if current == wanted:
        return done
    (_, here), (_, there) = _row(current), _row(wanted)
    return chained(done, replace(rules.ring(program, here, there), current, (0,) * len(row)))


def meet(program: Program, left: t.Term, right: t.Term, *, largest: int = 4_000) -> Theorem | None:
    """``⊢ left = right`` if both tidy up, or multiply out, to one form, or are one fraction; None if that is not seen.

    Sides whose texts are longer than ``largest`` are not multiplied out: that may grow exponentially with the depth.
    """
    if left == right:
        return rules.ring(program, left, right)
    for convert in (tidy, normal):
        if convert is normal and len(key(left)) + len(key(right)) > largest:
            return None
        try:
            there, back = convert(program, left), convert(program, right)
            a, b = result(there, left), result(back, right)
            middle = rules.ring(program, a, b) if a != b else None
        except (RuleError, LimitError):
            continue
        return chained(chained(there, middle), rules.sym(back) if back else None)
    return None
