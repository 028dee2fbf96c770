"""Local derivatives: the body of a definition with respect to an entry that it mentions, all other tensors fixed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from symgrad.calculus import rewrite as rw
from symgrad.calculus.normal import MEANS, meet, normal, tidy, within
from symgrad.calculus.polynomials import arithmetic
from symgrad.calculus.short import LARGEST, differentiated, folded, nodes, shortest
from symgrad.kernel import rules
from symgrad.kernel import terms as t
from symgrad.kernel.program import Program, mentioned
from symgrad.kernel.terms import Judgement
from symgrad.kernel.theorem import Theorem

WORTH = 9
"""Local derivatives of at most so many nodes are not looked at twice."""

_PUSH: dict[type[t.Term], Callable[[Program, t.Term], Theorem]] = {
    t.Entry: rules.partial_entry,
    t.Plus: rules.partial_plus,
    t.Times: rules.partial_times,
    t.Power: rules.partial_power,
    t.Apply: rules.partial_apply,
    t.Sum: rules.partial_sum,
    t.Largest: rules.partial_largest,
}


@dataclass
class Chain:
    """left = line = line = ..., each line by its own theorem."""

    program: Program
    left: t.Term
    theorems: list[Theorem] = field(default_factory=list)
    cites: list[Theorem] = field(default_factory=list)
    """Equations proved elsewhere, by which lines may go on."""
    whole: Theorem | None = None

    @property
    def right(self) -> t.Term:
        """The last line."""
        return self.theorems[-1].right if self.theorems else self.left

    def add(self, convert: rw.Conversion | Theorem | None) -> bool:
        """Go on by a conversion of the last line, or by an equation about it; tell whether anything changed."""
        try:
            found = convert(self.program, self.right) if callable(convert) else convert
        except rw.REFUSALS:
            return False  # a conversion that fails leaves the line as it is
        if found is not None and found.left != found.right:
            self.theorems.append(found)
            return True
        return False

    def theorem(self) -> Theorem:
        """``⊢ left = right``, made once."""
        if self.whole is None or self.whole.right != self.right:
            self.whole = self.theorems[0] if self.theorems else rules.ring(self.program, self.left, self.left)
            for theorem in self.theorems[1:]:
                self.whole = rules.trans(self.whole, theorem)
        return self.whole

    @property
    def lines(self) -> tuple[Line, ...]:
        """The lines with the rules used on each."""
        known = {id(theorem) for theorem in self.cites}
        return tuple(Line(theorem.right, tuple(_steps(theorem, known))) for theorem in self.theorems)


class Step(NamedTuple):
    """One inference on a line: the rule, or ``cite``, and what it was about."""

    rule: str
    subject: t.Term | None


class Line(NamedTuple):
    """One line of a chain, with the rules used on it, each once, in order of use."""

    term: t.Term
    steps: tuple[Step, ...]


_SILENT = {"congruence", "trans", "sym"}


def _steps(theorem: Theorem, known: set[int]) -> dict[Step, None]:
    """The inferences behind a theorem, down to equations that are known."""
    found: dict[Step, None] = {}
    seen: set[int] = set()
    stack: list[tuple[Theorem, bool]] = [(theorem, False)]
    while stack:
        now, done = stack.pop()
        if id(now) in known:
            found[Step("cite", now.left)] = None
        elif done:
            if now.rule not in _SILENT:
                found[Step(now.rule, now.left)] = None
        elif id(now) not in seen:
            seen.add(id(now))
            stack.append((now, True))
            stack += [(a, False) for a in reversed(now.arguments) if isinstance(a, Theorem)]
    return found


def rule_for(term: t.Term) -> Callable[[Program, t.Term], Theorem] | None:
    """The rule that carries out the derivative ``term``, if it is a direct one."""
    if not isinstance(term, t.Partial) or term.total:
        return None
    if term.wrt.tensor not in mentioned(term.body):
        return rules.partial_constant
    return _PUSH[type(term.body)]


SHORTEST, FOLDED = rw.everywhere(shortest), rw.everywhere(folded)
ARITHMETIC = rw.everywhere(arithmetic)


def push(program: Program, term: t.Term) -> Theorem | None:
    """Carry out, everywhere in ``term``, the derivatives that want the same rule as the first one."""
    wanted = next((r for part in t.subterms(term) if (r := rule_for(part))), None)
    if wanted is None:
        return None

    def step(program: Program, part: t.Term) -> Theorem | None:
        return wanted(program, part) if rule_for(part) is wanted else None

    done = rw.everywhere(step)(program, term)
    return rw.chained(done, ARITHMETIC(program, rw.result(done, term)))


def assumed(program: Program, assumptions: Iterable[Judgement]) -> rw.Conversion:
    """Rewrite with the equalities that the model assumes: an entry by its formula, else towards the shorter side."""
    supposed = [rules.hypothesis(program, a) for a in assumptions if a.relation == "="]
    equations = [e if _explained(e) or nodes(e.right) <= nodes(e.left) else rules.sym(e) for e in supposed]

    def convert(program: Program, term: t.Term) -> Theorem | None:
        return next((found for e in equations if (found := rw.using(e)(program, term))), None)

    return within(convert) if any(isinstance(e.left, t.Sum) for e in equations) else convert


def _explained(equation: Theorem) -> bool:
    """Whether the left side is any entry of a tensor that the right side does not mention."""
    left, right = equation.left, equation.right
    return isinstance(left, t.Entry) and t.letters(left) == left.indices and left.tensor not in mentioned(right)


def simplify(chain: Chain, assumptions: Iterable[Judgement], *, thorough: bool = False) -> None:
    """Go on to the shortest form found.

    Tried: tidied as it stands, with the means in it opened, and if ``thorough`` multiplied out under assumptions.
    """
    program, assumptions = chain.program, tuple(assumptions)
    chain.add(tidy)
    start = chain.right
    ways: list[Chain] = []
    small = nodes(start) <= LARGEST
    for opened, multiplied in ((False, False), (False, thorough and _worth(start)), (True, False)):
        way = Chain(program, start)
        if (multiplied and not small) or (opened and not way.add(MEANS)):
            continue
        if multiplied:
            way.add(normal)
            way.add(rw.everywhere(assumed(program, assumptions)))
        if opened or multiplied:
            way.add(tidy)
        way.add(SHORTEST)
        way.add(FOLDED)
        way.add(tidy)
        if way.add(SHORTEST):
            way.add(tidy)
        ways.append(way)
    best = min(ways, key=lambda way: nodes(way.right))
    for theorem in best.theorems:
        chain.add(theorem)


def _worth(term: t.Term) -> bool:
    """Whether multiplying out can help: something cancels, or an assumption could be used."""
    return any(
        isinstance(p, t.Sum | t.Power) and not isinstance(getattr(p, "base", None), t.Size) for p in t.subterms(term)
    )


def local_derivative(program: Program, name: str, wrt: t.Entry, assumptions: Iterable[Judgement]) -> Chain:
    """The derivative of the body of ``name`` with respect to ``wrt``, which shares no letter with it."""
    chain = Chain(program, t.Partial(program.bodies[name].body, wrt, total=False))
    while chain.add(push):
        pass
    simplify(chain, assumptions, thorough=True)
    _shortened(chain, assumptions)
    return chain


def _shortened(chain: Chain, assumptions: Iterable[Judgement]) -> None:
    """Go on to the derivative as SymPy finds it, tidied, where that is shorter and the two are proved equal."""
    partial, known = chain.left, nodes(chain.right)
    proposal = differentiated(partial.body, partial.wrt) if isinstance(partial, t.Partial) and known > WORTH else None
    if proposal is not None and nodes(proposal) <= LARGEST:
        other = Chain(chain.program, proposal)
        simplify(other, assumptions)
        if nodes(other.right) < known:
            chain.add(lambda program, term: meet(program, term, other.right))
