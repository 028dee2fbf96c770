"""Wrong variants of a claim, by the mistakes that people make."""

from fractions import Fraction

from symgrad.kernel.terms import (
    MINUS,
    ONE,
    Apply,
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
    letters,
    rebuilt,
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
    free = letters(term)
    for k, i in enumerate(free):
        for j in free[k + 1 :]:
            if i.size == j.size:
                yield "swapped letters", _with_entries(term, lambda p, i=i, j=j: {i: j, j: i}.get(p, p))
    yield from inside(term, (), free)


def inside(term, around, free):
    """The mistakes at every place of a term, under sums over the sizes ``around``."""
    for name, made in here(term, around, free):
        yield name, made
    parts = children(term)
    under = (term.size, *around) if isinstance(term, Sum | Largest) else around
    for k, part in enumerate(parts):
        for name, made in inside(part, under, free):
            yield name, rebuilt(term, (*parts[:k], made, *parts[k + 1 :]))


def here(term, around, free):
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
            yield from _misplaced(tensor, indices, around, free)


def _misplaced(tensor, indices, around, free):
    sizes = [around[i] if isinstance(i, int) else i.size for i in indices]
    for k, size in enumerate(sizes):
        others = [n for n, over in enumerate(around) if over == size] + [i for i in free if i.size == size]
        for other in (*others, Index("other", size)):
            if other != indices[k]:
                yield "renamed index", Entry(tensor, (*indices[:k], other, *indices[k + 1 :]))
    if len(indices) == 2 and sizes[0] == sizes[1] and indices[0] != indices[1]:
        yield "transposed", Entry(tensor, indices[::-1])


def _with_entries(term, change):
    if isinstance(term, Entry):
        return Entry(term.tensor, tuple(map(change, term.indices)))
    return rebuilt(term, [_with_entries(part, change) for part in children(term)])
