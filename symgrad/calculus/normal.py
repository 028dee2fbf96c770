"""Sums over indices, the tidy form that is printed, and the normal form in which equal terms meet."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import permutations

from symgrad.calculus.effort import ring
from symgrad.calculus.polynomials import ONE, arithmetic, expanded, key, monomial, poly, written
from symgrad.calculus.rewrite import (
    REFUSALS,
    Conversion,
    chained,
    everywhere,
    fresh,
    inside,
    remembered,
    repeated,
    replace,
    result,
)
from symgrad.kernel import rules
from symgrad.kernel import terms as t
from symgrad.kernel.functions import IDENTITIES
from symgrad.kernel.program import Program
from symgrad.kernel.theorem import Theorem
from symgrad.lang.words import is_mean


def sums(program: Program, term: t.Term) -> Theorem | None:
    """Collapse deltas, pull out what is free of the index, add up constants: one sum, outermost."""
    if not isinstance(term, t.Sum):
        return None
    body = term.body
    if 0 not in t.free(body):
        return rules.sum_constant(program, term)
    factors = body.factors if isinstance(body, t.Times) else (body,)
    if any(isinstance(f, t.Delta) and (f.left == 0) != (f.right == 0) for f in factors):
        return rules.sum_delta(program, term)
    if isinstance(body, t.Times) and not all(0 in t.free(f) for f in factors):
        return rules.sum_factor(program, term)
    if isinstance(body, t.Plus) and any(_waits(part) for part in body.terms):
        return rules.sum_split(program, term)
    return None


def _waits(part: t.Term) -> bool:
    """Whether a term of a sum would collapse or leave it."""
    factors = part.factors if isinstance(part, t.Times) else (part,)
    return any(isinstance(f, t.Delta) and 0 in (f.left, f.right) for f in factors) or 0 not in t.free(part)


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
    free = [f for f in factors if 0 not in t.free(f)]
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
    pair = _apart(argument) if name == "exp" else None
    if pair is not None:
        first, tail = pair
        grouped = rules.ring(program, argument, t.Plus((first, tail)))
        done = chained(replace(grouped, term, (0,)), rules.identity(program, "exp_sum", (first, tail)))
        return chained(done, normal(program, result(done, term)))
    least = min(parts, key=lambda m: key(monomial(m, ONE)), default=None)
    value = parts[least] if least is not None else ONE
    law = f"{name}_negative"
    if law not in IDENTITIES or value >= 0:
        return None
    turned = written({m: -v for m, v in parts.items()})
    flipped = rules.ring(program, argument, t.Times((t.MINUS, turned)))
    done = chained(replace(flipped, term, (0,)), rules.identity(program, law, (turned,)))
    return chained(done, normal(program, result(done, term)))


def _apart(argument: t.Term) -> tuple[t.Term, t.Term] | None:
    """An argument of exp as a sum of two: its first term and the rest, or u and (k - 1) u of k u."""
    match argument:
        case t.Plus((first, second)):
            return first, second
        case t.Plus((first, *rest)):
            return first, t.Plus(tuple(rest))
        case t.Times((t.Number(value), *rest)) if value.denominator == 1 and 2 <= value <= 8:
            u = rest[0] if len(rest) == 1 else t.Times(tuple(rest))
            return u, written(poly(t.Times((t.Number(value - 1), u)), expand=False))
    return None


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
        loose = any(0 not in t.free(f) for f in t.children(t.children(factors[place])[0]))
        freed = replace(rules.sum_factor(program, factors[place]), core, (place,)) if loose and len(lows) > 1 else None
        grouped = rules.ring(program, result(freed, core), pulled.right)
        merged = chained(chained(freed, grouped), rules.sym(pulled))
        done = chained(done, replace(merged, result(done, term), (0,) * len(row)))


def _exchanged(program: Program, term: t.Term, order: list[t.Index], core: t.Term, k: int) -> Theorem | None:
    """A row of sums with the sum at ``k`` exchanged with the one around it; ``order`` is updated."""
    part = _summed(order[k - 1 :], core)
    order[k - 1], order[k] = order[k], order[k - 1]
    return replace(rules.sum_exchange(program, part), term, (0,) * (k - 1))


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
            done = chained(done, _exchanged(program, current, now, core, k))
    current, wanted = result(done, term), made(best)
    if current == wanted:
        return done
    (_, here), (_, there) = _row(current), _row(wanted)
    return chained(done, replace(rules.ring(program, here, there), current, (0,) * len(row)))


def within(convert: Conversion) -> Conversion:
    """Apply a conversion of a sum inside a row of sums too, where what it speaks of stands apart from the other sums.

    Σ_k Σ_n f(n) s(n, k) is Σ_n f(n) Σ_k s(n, k), so that an equation about the inner sum can be used.
    """

    def converted(program: Program, term: t.Term) -> Theorem | None:
        here = convert(program, term)
        if here is not None:
            return here
        row, core = _row(term)
        factors = core.factors if isinstance(core, t.Times) else (core,)
        for place, letter in enumerate(row):
            bound = tuple(f for f in factors if letter in t.letters(f))
            found = convert(program, t.sigma(letter, t.Times(bound) if len(bound) > 1 else bound[0])) if bound else None
            if found is not None:
                order, path = list(row), (0,) * (len(row) - 1)
                done: Theorem | None = None
                for k in range(place + 1, len(row)):
                    done = chained(done, _exchanged(program, result(done, term), order, core, k))
                if len(bound) < len(factors):
                    pulled = rules.sum_factor(program, t.sigma(letter, core))
                    done = chained(done, replace(pulled, result(done, term), path))
                    path += (len(factors) - len(bound),)
                return chained(done, replace(found, result(done, term), path))
        return None

    return converted


def _mean_opened(program: Program, term: t.Term) -> Theorem | None:
    """Unfold a definition that is a mean: deviations from it add up to zero."""
    if not isinstance(term, t.Entry) or term.tensor not in program.bodies:
        return None
    parts = t.children(program.bodies[term.tensor].body)
    return rules.unfold(program, term) if len(parts) == 2 and is_mean(*parts) else None


MEANS = everywhere(_mean_opened)
"""Unfold the definitions that are means."""


def _means_opened(program: Program, term: t.Term) -> Theorem | None:
    done = MEANS(program, term)
    return chained(done, normal(program, result(done, term)))


def meet(program: Program, left: t.Term, right: t.Term, *, largest: int = 4_000) -> Theorem | None:
    """``⊢ left = right`` if both tidy up, or multiply out, to one form, or are one fraction; None if that is not seen.

    Definitions that are means are opened last. Sides whose texts are longer than ``largest`` are not multiplied out:
    that may grow exponentially with the depth.
    """
    if left == right:
        return rules.ring(program, left, right)
    for convert in (tidy, normal, _means_opened):
        if convert is not tidy and len(key(left)) + len(key(right)) > largest:
            return None
        try:
            if convert is _means_opened and not (MEANS(program, left) or MEANS(program, right)):
                return None
            there, back = convert(program, left), convert(program, right)
            a, b = result(there, left), result(back, right)
            middle = ring(program, a, b) if a != b else None
        except REFUSALS:
            continue
        return chained(chained(there, middle), rules.sym(back) if back else None)
    return None
