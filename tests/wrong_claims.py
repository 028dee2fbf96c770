"""Wrong variants of a claim, by the mistakes that people make."""

from fractions import Fraction

from symgrad.kernel.terms import (
    MINUS,
    ONE,
    Apply,
    Delta,
    Entry,
    Index,
    Largest,
    Number,
    Plus,
    Power,
    Size,
    Sum,
    Term,
    Times,
    children,
    free,
    letters,
    opened,
    rebuilt,
    subterms,
)

MISTAKEN = {
    "sigmoid": "tanh",
    "tanh": "sigmoid",
    "exp": "softplus",
    "step": "relu",
    "softplus": "relu",
    "relu": "step",
    "log": "exp",
    "sin": "cos",
    "cos": "sin",
}
"""Functions that are taken for another."""


def variants(term: Term, batch: str):
    """Every wrong variant with the name of the mistake; some may be right by accident."""
    yield "sign", Times((MINUS, term))
    yield "factor 2", Times((Number(Fraction(2)), term))
    yield "factor 1/2", Times((Number(Fraction(1, 2)), term))
    yield "factor N", Times((Size(batch), term))
    yield "mean for one", Times((Power(Size(batch), Fraction(-1)), term))
    yield "off by one", Plus((term, ONE))
    found = letters(term)
    for k, i in enumerate(found):
        for j in found[k + 1 :]:
            if i.size == j.size:
                yield "swapped letters", _with_entries(term, lambda p, i=i, j=j: {i: j, j: i}.get(p, p))
    yield from inside(term, (), found)


def inside(term, around, outside):
    """The mistakes at every place of a term, under sums over the sizes ``around``."""
    for name, made in here(term, around, outside):
        yield name, made
    parts = children(term)
    under = (term.size, *around) if isinstance(term, Sum | Largest) else around
    for k, part in enumerate(parts):
        for name, made in inside(part, under, outside):
            yield name, rebuilt(term, (*parts[:k], made, *parts[k + 1 :]))


def here(term, around, outside):
    match term:
        case Plus(parts) | Times(parts):
            for k in range(len(parts)):
                rest = (*parts[:k], *parts[k + 1 :])
                kind = "dropped term" if isinstance(term, Plus) else "dropped factor"
                yield kind, rest[0] if len(rest) == 1 else rebuilt(term, rest)
                if isinstance(term, Plus):
                    turned = Times((MINUS, parts[k]))
                    yield "sign inside", rebuilt(term, (*parts[:k], turned, *parts[k + 1 :]))
        case Power(base, exponent) if exponent != -1:
            yield "wrong power", base
            yield "wrong power", Power(base, exponent + 1)
        case Apply(function, arguments) if function in MISTAKEN:
            yield "wrong activation", Apply(MISTAKEN[function], arguments)
        case Sum(size, _):
            yield "mean for sum", Times((Power(Size(size), Fraction(-1)), term))
        case Entry(tensor, indices):
            yield from _misplaced(tensor, indices, around, outside)


def _misplaced(tensor, indices, around, outside):
    sizes = [around[i] if isinstance(i, int) else i.size for i in indices]
    for k, size in enumerate(sizes):
        others = [n for n, over in enumerate(around) if over == size] + [i for i in outside if i.size == size]
        for other in (*others, Index("other", size)):
            if other != indices[k]:
                yield "renamed index", Entry(tensor, (*indices[:k], other, *indices[k + 1 :]))
    if len(indices) == 2 and sizes[0] == sizes[1] and indices[0] != indices[1]:
        yield "transposed", Entry(tensor, indices[::-1])


def _with_entries(term, change):
    if isinstance(term, Entry):
        return Entry(term.tensor, tuple(map(change, term.indices)))
    return rebuilt(term, [_with_entries(part, change) for part in children(term)])


# ---- further mistakes ------------------------------------------------------------------------------------------------

OTHER_END = {"max": "min", "min": "max"}


def further_variants(term: Term):
    """More mistakes, one at every place of a term; some may be right by accident."""
    sizes = tuple(dict.fromkeys(part.name for part in subterms(term) if isinstance(part, Size)))
    every = tuple(dict.fromkeys((*sizes, *(i.size for i in letters(term)))))
    yield from _further_inside(term, every)


def _further_inside(term, sizes):
    yield from _further(term, sizes)
    parts = children(term)
    for k, part in enumerate(parts):
        for name, made in _further_inside(part, sizes):
            yield name, rebuilt(term, (*parts[:k], made, *parts[k + 1 :]))


def _further(term, sizes):
    match term:
        case Number(value):
            yield "wrong constant", Number(value + 1)
        case Size(name):
            for other in sizes:
                if other != name:
                    yield "wrong size", Size(other)
        case Plus(parts):
            for k, part in enumerate(parts):
                doubled = Times((Number(Fraction(2)), part))
                yield "doubled term", Plus((*parts[:k], doubled, *parts[k + 1 :]))
        case Times(parts):
            for k, part in enumerate(parts):
                if part != MINUS:
                    inverse = part.base if isinstance(part, Power) else Power(part, Fraction(-1))
                    yield "divided for multiplied", Times((*parts[:k], inverse, *parts[k + 1 :]))
                    yield "squared factor", Times((*parts[:k], Power(part, Fraction(2)), *parts[k + 1 :]))
        case Apply(function, (argument,)):
            yield "missing function", argument
            yield "sign of an argument", Apply(function, (Times((MINUS, argument)),))
        case Apply(function, (u, v)):
            if function in OTHER_END:
                yield "minimum for maximum", Apply(OTHER_END[function], (u, v))
            yield "missing function", u
            yield "missing function", v
        case Sum(size, body) if not any(isinstance(i, int) and i > 0 for i in free(body)):
            yield "missing sum", opened(body, Index("other", size))
        case Delta():
            yield "missing delta", ONE
