"""Short closed forms: SymPy proposes, the ring rule proves, the smallest wins."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from typing import Any

from symgrad.calculus import rewrite as rw
from symgrad.calculus.normal import tidy
from symgrad.calculus.polynomials import written_in_order
from symgrad.errors import InputError, RuleError
from symgrad.kernel import rules
from symgrad.kernel import terms as t
from symgrad.kernel.program import Definition, Program, ancestors
from symgrad.kernel.theorem import Theorem, fitting

LARGEST = 120
"""Terms of more nodes than this are left as they are: SymPy's factoring is not linear."""


def nodes(term: t.Term) -> int:
    """The number of operations and leaves, as a reader counts them: a quotient or a difference is one operation."""
    match term:
        case t.Times((t.Number(value), *rest)) if value == -1:
            return 1 + nodes(rest[0] if len(rest) == 1 else t.Times(tuple(rest)))
        case t.Power(base, exponent) if exponent == -1:
            return 1 + nodes(base)
    return 1 + sum(nodes(part) for part in t.children(term))


def differentiated(body: t.Term, wrt: t.Entry) -> t.Term | None:
    """The derivative of ``body`` with respect to ``wrt`` as SymPy finds it; None where SymPy has no word for it."""
    import sympy

    from symgrad.lang.sympy_bridge import from_sympy, to_sympy

    letters = dict.fromkeys((*t.letters(body), *t.letters(wrt)))
    try:
        slope = sympy.diff(to_sympy(body, tuple(letters)), to_sympy(wrt, tuple(letters)))
        return from_sympy(slope, tuple(letters))
    except (InputError, NotImplementedError, TypeError, ValueError, AttributeError):
        return None


def proposals(term: t.Term) -> list[t.Term]:
    """Factored and cancelled forms of ``term``, by SymPy, with everything that is no arithmetic kept as an atom."""
    import sympy

    atoms: dict[t.Term, Any] = {}

    def there(part: t.Term) -> Any:
        match part:
            case t.Number(value):
                return sympy.Rational(value.numerator, value.denominator)
            case t.Plus(parts):
                return sympy.Add(*map(there, parts))
            case t.Times(parts):
                return sympy.Mul(*map(there, parts))
            case t.Power(base, exponent) if exponent.denominator == 1:
                return sympy.Pow(there(base), exponent.numerator)
        return atoms.setdefault(part, sympy.Symbol(f"a{len(atoms):04}", positive=True))

    whole = there(term)
    names = {symbol: part for part, symbol in atoms.items()}

    def back(expression: Any) -> t.Term:
        if expression.is_Rational:
            return t.Number(Fraction(int(expression.p), int(expression.q)))
        if expression.is_Symbol:
            return names[expression]
        if expression.is_Pow and expression.exp.is_Rational:
            return t.Power(back(expression.base), Fraction(int(expression.exp.p), int(expression.exp.q)))
        parts = tuple(back(part) for part in sorted(expression.args, key=lambda e: e.sort_key()))
        return t.Plus(parts) if expression.is_Add else t.Times(parts)

    cancelled = sympy.cancel(whole) if any(isinstance(p, t.Power) for p in t.subterms(term)) else whole
    found = [sympy.factor_terms(whole), sympy.factor(cancelled)]
    return [written_in_order(back(expression)) for expression in dict.fromkeys(found)]


def _shortest(program: Program, term: t.Term) -> Theorem | None:
    """``⊢ term = s`` with the shortest ``s`` that is proposed and proved; None if ``term`` is that already."""
    if not isinstance(term, t.Plus | t.Times) or nodes(term) > LARGEST or not _interesting(term) or _explodes(term):
        return None
    best: Theorem | None = None
    least = nodes(term)
    for proposal in proposals(term):
        if nodes(proposal) < least:
            try:
                best, least = rules.ring(program, term, proposal), nodes(proposal)
            except rw.REFUSALS:
                continue
    return best


shortest = rw.remembered(_shortest)


def _explodes(term: t.Term) -> bool:
    """Whether SymPy, which multiplies out to factor, would meet a high power of a sum."""
    return any(isinstance(p, t.Power) and isinstance(p.base, t.Plus) and abs(p.exponent) > 6 for p in t.subterms(term))


def _interesting(term: t.Term) -> bool:
    """Whether something may factor or cancel: terms that share an atom, or a sum over something that divides."""
    if isinstance(term, t.Times):
        divides = any(
            isinstance(f, t.Power) and f.exponent < 0 and not isinstance(f.base, t.Size) for f in term.factors
        )
        return divides and any(isinstance(f, t.Plus) for f in term.factors)
    seen: set[t.Term] = set()
    for part in t.children(term):
        own = set(part.factors if isinstance(part, t.Times) else (part,))
        own = {f.base if isinstance(f, t.Power) else f for f in own if f != t.MINUS}
        if seen & own:
            return True
        seen |= own
    return any(isinstance(p, t.Plus) for part in t.children(term) for p in t.children(part))


def _folded(program: Program, term: t.Term) -> Theorem | None:
    """``term``, or some of its factors, as an entry of a definition whose body it is, as written or tidied."""
    used = ancestors(program, "loss")  # the single-sample program has no other definitions to fold into
    for definition in reversed(program.definitions):
        if (
            definition.name not in used
            or isinstance(definition.body, t.Entry | t.Number | t.Sum)
            or definition.name in {"loss", "objective"}
        ):
            continue
        tidied = rw.result(tidy(program, definition.body), definition.body)
        for body in dict.fromkeys((definition.body, tidied)):
            found = _as_entry(program, term, definition, body)
            if found is not None:
                return found
    return None


def _as_entry(program: Program, term: t.Term, definition: Definition, body: t.Term) -> Theorem | None:
    factors = body.factors if isinstance(body, t.Times) else (body,)
    telling = max(factors, key=lambda f: len(t.letters(f)))
    product = isinstance(term, t.Times) and isinstance(body, t.Times)
    for whole in t.children(term) if product else (term,):
        try:
            binding = fitting(telling, whole)
            entry = t.Entry(definition.name, tuple(binding[i] for i in definition.letters))
            opened = rules.unfold(program, entry)
        except (RuleError, KeyError):
            continue
        if body != definition.body:
            opened = rw.chained(opened, tidy(program, opened.right)) or opened
        if opened.right == term:
            return rules.sym(opened)
        wanted, rest = t.children(opened.right), list(t.children(term)) if product else []
        if rest and Counter(wanted) <= Counter(rest):
            for f in wanted:
                rest.remove(f)
            grouped = rules.ring(program, term, t.Times((opened.right, *rest)))
            return rw.chained(grouped, rw.replace(rules.sym(opened), grouped.right, (0,)))
    return None


folded = rw.remembered(_folded)
