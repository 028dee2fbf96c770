"""Why a line holds: one phrase for each kernel rule, and no phrase without its rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from symgrad.errors import SymgradError
from symgrad.kernel.functions import DERIVATIVES
from symgrad.kernel.terms import (
    ONE,
    Apply,
    Delta,
    Entry,
    Index,
    Partial,
    Sum,
    Term,
    Times,
    free,
    letters,
    opened,
    subterms,
)
from symgrad.render.shapes import Called, Derivative, Related, Shape, Symbol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from symgrad.render.shaping import Shaper
    from symgrad.render.source import Step


@dataclass(frozen=True, slots=True)
class Ref:
    """A reference to a numbered equation of the document."""

    label: str


Text = tuple["str | Shape | Ref", ...]
"""Words with formulas and references between them; the words are never markup."""

SILENT = frozenset(
    {"refl", "congruence", "trans", "sym", "instantiate", "rename", "sign_weaken", "sign_equal", "state"}
)
"""Rules that carry equations about and are no reason by themselves."""

NOTATION = "notation"
"""Not a rule: a derivative written by the name of a definition is written out; the term stays the same."""

AGAIN = "again"
"""Not a rule: the lines, and the rules used on each, are those of an equation proved before, with the sample put in."""


@dataclass(frozen=True, slots=True)
class Context:
    """Where a line stands.

    Attributes:
        shaper: draws the formulas inside a phrase.
        naming: how the chain calls its letters.
        previous: the term that the line rewrites.
        wrt: what the chain differentiates by.
        cited: says where an equation stands, by its left side.
    """

    shaper: Shaper
    naming: Mapping[Index, str]
    previous: Term
    wrt: Entry | None
    cited: Callable[[Term], Text | None]

    def draw(self, term: Term) -> Shape:
        """``term`` with the letters of the chain."""
        return self.shaper(term, naming=self.naming)


def _definition(subject: Term | None, context: Context) -> Text:
    if isinstance(subject, Partial):
        subject = subject.body
    return ("definition of ", context.draw(subject)) if subject is not None else ("by definition",)


def _function(subject: Term | None, context: Context) -> Text:
    subject = subject.body if isinstance(subject, Partial) else subject
    if not isinstance(subject, Apply):
        return ("chain rule",)
    name = subject.function
    spelled = "sigma" in context.shaper.names
    if len(subject.arguments) != 1 or name not in DERIVATIVES:
        shown: Shape = Called(name, tuple(Symbol(t) for t in "uv"[: len(subject.arguments)]), spelled=spelled)
        return ("chain rule for ", shown)
    t = next(c for c in ("t", "u", "s", "r", "v") if c not in context.shaper.names)
    signs = name in {"exp", "abs", "step"}
    left: Shape = Called(name, (Symbol(t),), spelled=spelled, primed=not signs)
    left = Derivative(left, Symbol(t)) if signs else left
    return ("chain rule with ", Related(left, "=", context.draw(DERIVATIVES[name][0](Entry(t, ())))))


def _constant(subject: Term | None, context: Context) -> Text:
    if context.wrt is None:
        return ("constants have derivative zero",)
    target = context.wrt
    body = subject.body if isinstance(subject, Partial) else subject
    bodies = [body] if body is not None else []
    if not bodies:
        partials = [t for t in subterms(context.previous) if isinstance(t, Partial) and t.wrt == target]
        bodies = [t.body for t in partials if not _mentions(t.body, target.tensor) and _is_closed(t.body)]
    shown = list(dict.fromkeys(bodies))
    if not shown or len(shown) > 2:
        return ("the rest does not depend on ", context.draw(target))
    pieces: list[str | Shape | Ref] = [context.draw(shown[0])]
    for other in shown[1:]:
        pieces += [" and ", context.draw(other)]
    return (*pieces, " does not depend on " if len(shown) == 1 else " do not depend on ", context.draw(target))


def _mentions(term: Term, tensor: str) -> bool:
    return any(isinstance(t, Entry) and t.tensor == tensor for t in subterms(term))


def _is_closed(term: Term) -> bool:
    return all(isinstance(i, Index) for i in free(term))


def _entry(subject: Term | None, context: Context) -> Text:
    wrt = subject.wrt if isinstance(subject, Partial) else context.wrt
    if wrt is None:
        return ("derivative of an entry",)
    met = {t for t in subterms(context.previous) if isinstance(t, Entry) and t.tensor == wrt.tensor}
    body = subject.body if isinstance(subject, Partial) else wrt if met == {wrt} else None
    if not isinstance(body, Entry) or body.tensor != wrt.tensor:
        names = dict(context.naming)
        other = []
        for i in wrt.indices:
            if not isinstance(i, Index):
                return ("derivative of an entry of ", Symbol(wrt.tensor))
            other.append(Index(f"{i.name}_", i.size))
            names[other[-1]] = context.shaper.fresh(i.size, names.values())
        body = Entry(wrt.tensor, tuple(other))
    else:
        names = context.shaper.naming([body, wrt], context.naming)
    pairs = [(i, j) for i, j in zip(body.indices, wrt.indices, strict=True) if i != j]
    value = Times(tuple(Delta(i, j) for i, j in pairs)) if pairs else ONE
    left = context.shaper(Partial(body, wrt, total=False), naming=names)
    return (Related(left, "=", context.shaper(value, naming=names)),)


def _delta(subject: Term | None, context: Context) -> Text:
    delta = subject
    if isinstance(subject, Sum):
        body = opened(subject.body, Index("_", subject.size))
        delta = next((t for t in subterms(body) if isinstance(t, Delta) and "_" in {i.name for i in letters(t)}), None)
    if not isinstance(delta, Delta) or len(letters(delta)) != 2:
        return ("the Kronecker delta selects one term",)
    first, second = sorted(letters(delta), key=lambda i: i.name != "_")
    names = context.shaper.naming([delta], context.naming)
    shown = [Symbol(names[i], (), "letter") for i in (first, second)]
    return (context.shaper(delta, naming=names), " selects ", Related(shown[0], "=", shown[1]))


def _cite(subject: Term | None, context: Context) -> Text:
    found = context.cited(subject) if subject is not None else None
    if found is not None:
        return ("by ", *found)
    if isinstance(subject, Partial):
        return (context.draw(subject), " is derived in the same way")
    return ("value of ", context.draw(subject)) if subject is not None else ("by an equation proved before",)


def _identity(subject: Term | None, context: Context) -> Text:
    return ("identity for ", context.draw(subject)) if subject is not None else ("function identity",)


def _ring(subject: Term | None, _: Context) -> Text:
    # That a Kronecker delta is symmetric goes without saying where something else happens on the line.
    factors = subject.factors if isinstance(subject, Times) else (subject,)
    return () if all(isinstance(factor, Delta) for factor in factors) else ("collecting terms",)


def _words(text: str) -> Callable[[Term | None, Context], Text]:
    return lambda _subject, _context: (text,)


PHRASES: dict[str, Callable[[Term | None, Context], Text]] = {
    NOTATION: _definition,
    "unfold": _definition,
    "hypothesis": _words("by assumption"),
    "ring": _ring,
    "sum_split": _words("the sum is taken term by term"),
    "sum_factor": _words("constant factors come out of the sum"),
    "sum_exchange": _words("finite sums are exchanged"),
    "sum_delta": _delta,
    "sum_constant": _words("the summand is the same for every index"),
    "delta_move": _words("the Kronecker delta makes its indices equal"),
    "identity": _identity,
    "partial_constant": _constant,
    "partial_entry": _entry,
    "partial_plus": _words("linearity"),
    "partial_times": _words("product rule"),
    "partial_power": _words("power rule"),
    "partial_apply": _function,
    "partial_sum": _words("the derivative passes through the finite sum"),
    "partial_largest": _words("near the point the same value stays the largest"),
    "chain": _words("chain rule"),
    "lift": _words("the single-sample program at each sample"),
    "separable": _words("the batch program keeps the samples apart"),
    "sign": _words("a sign is known"),
    "cite": _cite,
}
"""The phrase for each rule."""


def reason(steps: Sequence[Step], context: Context) -> Text:
    """The reason of a line, from the rules used on it, in order.

    Raises:
        SymgradError: for a rule that has no phrase, and for a line where no rule gives a reason.
    """
    phrases: list[Text] = []
    cites: list[Text] = []
    for step in steps:
        if step.rule in SILENT:
            continue
        if step.rule not in PHRASES:
            raise SymgradError(f"no phrase for the rule {step.rule!r}")
        phrase = PHRASES[step.rule](step.subject, context)
        if not phrase:
            continue
        if phrase[0] == "by ":
            # Equations cited on one line are named together, where the first is used.
            place = phrases.index(_together(cites)) if cites else len(phrases)
            cites += [phrase] if phrase not in cites else []
            phrases[place : place + 1] = [_together(cites)]
        elif phrase not in phrases:
            phrases.append(phrase)
    if not phrases and any(step.rule == "ring" for step in steps):
        phrases = [("collecting terms",)]
    if not phrases:
        raise SymgradError(f"a line of the proof has no reason: {context.previous}")
    joined: list[str | Shape | Ref] = []
    for phrase in phrases:
        joined += [*(["; "] if joined else []), *phrase]
    return tuple(joined)


def _together(cites: list[Text]) -> Text:
    """``by (1)`` and ``by (2)`` as one phrase."""
    found: list[str | Shape | Ref] = list(cites[0])
    for k, cite in enumerate(cites[1:], 2):
        found += [" and " if k == len(cites) else ", ", *cite[1:]]
    return tuple(found)
