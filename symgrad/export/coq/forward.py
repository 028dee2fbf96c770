"""Forward differentiation with dual numbers: a slope for every definition, and a library rule for every node."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from symgrad.calculus.local import Chain, simplify
from symgrad.calculus.normal import tidy
from symgrad.export.coq.syntax import NoLemmaError, formula, turned
from symgrad.kernel import terms as t
from symgrad.kernel.functions import DERIVATIVES, away, call, gap, minus
from symgrad.kernel.program import ancestors, reached

if TYPE_CHECKING:
    from collections.abc import Callable
    from fractions import Fraction

    from symgrad.export.coq.equations import Equations
    from symgrad.export.coq.syntax import Scope
    from symgrad.kernel.program import Definition, Program
    from symgrad.kernel.theorem import Theorem

_RULES = {
    "exp": ("dual_exp", ""),
    "sin": ("dual_sin", ""),
    "cos": ("dual_cos", ""),
    "tanh": ("dual_tanh", ""),
    "sigmoid": ("dual_sigmoid", ""),
    "softplus": ("dual_softplus", ""),
    "log": ("dual_ln", ">"),
    "relu": ("dual_relu", "!="),
    "abs": ("dual_abs", "!="),
    "sign": ("dual_sign", "!="),
    "step": ("dual_step", "!="),
}
"""For each function of one argument its rule, and what the rule asks of the argument."""

_OF_TWO = {"max": "dual_maximum", "min": "dual_minimum"}


RANKS = 4
"""The library moves one coordinate of a tensor with so many indices."""


@dataclass(frozen=True)
class Slope:
    """The derivative of a definition at ``letters`` by one entry of a parameter, and the lemma that says so."""

    letters: tuple[t.Index, ...]
    right: t.Term
    lemma: str


def _joined(parts: list[t.Term]) -> t.Term:
    return t.Plus(tuple(parts)) if len(parts) > 1 else parts[0]


class Forward:
    """Differentiates the definitions of a program by one entry of a parameter, forwards.

    Attributes:
        slopes: for each definition that moves, its derivative.
    """

    def __init__(self, program: Program, wrt: t.Entry, equations: Equations, assumptions: Iterable[object]) -> None:
        self.program, self.wrt, self.equations = program, wrt, equations
        self.assumptions = tuple(assumptions)
        self.printer = equations.printer
        self.slopes: dict[str, Slope] = {}

    @property
    def coordinates(self) -> tuple[t.Index, ...]:
        """The letters of the coordinate that moves."""
        return tuple(i for i in self.wrt.indices if isinstance(i, t.Index))

    def moved(self, scope: Scope, at: t.Entry) -> dict[str, str]:
        """What stands for the parameter when its coordinate ``at`` is t."""
        name = self.printer.called[self.wrt.tensor]
        own = " ".join(scope[i] for i in at.indices if isinstance(i, t.Index))
        if len(at.indices) > RANKS:
            raise NoLemmaError(f"the library has no lemma for a tensor with {len(at.indices)} indices")
        return {self.wrt.tensor: f"(upd{len(at.indices)} {name} {own} t)" if own else "t"}

    def point(self, scope: Scope, at: t.Entry) -> str:
        """The coordinate at which everything is differentiated."""
        text = self.printer.text(formula(at), scope)
        return f"({text})" if " " in text else text

    # -- the derivative as a term -------------------------------------------------------------------------------------

    def moves(self, term: t.Term) -> bool:
        """Whether a term depends on the parameter."""
        return self.wrt.tensor in reached(self.program, term)

    def derivative(self, term: t.Term, depth: int = 0) -> t.Term:
        """The derivative of a term, by the rules forwards; what does not move falls away."""
        parts = t.children(term)
        moving = [(k, p) for k, p in enumerate(parts) if self.moves(p)]
        match term:
            case _ if not self.moves(term):
                return t.ZERO
            case t.Entry(name, places) if name == self.wrt.tensor:
                deltas = tuple(map(t.Delta, self.wrt.indices, places))
                return t.ONE if not deltas else deltas[0] if len(deltas) == 1 else t.Times(deltas)
            case t.Entry(name, places):
                slope = self.slopes[name]
                return t.renamed(slope.right, dict(zip(slope.letters, places, strict=True)))
            case t.Plus():
                return _joined([self.derivative(p, depth) for _, p in moving])
            case t.Times():
                return _joined([t.Times((*parts[:k], self.derivative(p, depth), *parts[k + 1 :])) for k, p in moving])
            case t.Power(base, exponent):
                low = base if exponent == 2 else t.Power(base, exponent - 1)
                return t.Times((t.Number(exponent), low, self.derivative(base, depth)))
            case t.Apply(function, arguments):
                outer = DERIVATIVES[function]
                return _joined([t.Times((outer[k](*arguments), self.derivative(p, depth))) for k, p in moving])
            case t.Sum(size, body):
                letter = t.Index(f"s{depth}_", size)
                return t.sigma(letter, self.derivative(t.opened(body, letter), depth + 1))
            case t.Largest(size, body):
                letter, other = t.Index(f"s{depth}_", size), t.Index(f"s{depth + 1}_", size)
                inner = t.opened(body, letter)
                above = call("step")(gap(t.opened(body, other), inner, other, letter))
                first = call("step")(minus(t.HALF, t.sigma(other, above)))
                return t.sigma(letter, t.Times((first, self.derivative(inner, depth + 1))))
        formula(term)  # which says what there is no lemma for
        raise NoLemmaError("no derivative forwards")

    # -- the derivative as a proof ------------------------------------------------------------------------------------

    def define(self, definition: Definition) -> None:
        """Differentiate a definition, if it moves, and state that as a lemma."""
        if self.wrt.tensor not in ancestors(self.program, definition.name):
            return
        equations, printer = self.equations, self.printer
        own = tuple(t.Index(f"{i.name[:60]}_", i.size) for i in definition.letters)
        scope = self.equations.scope(self.coordinates)
        for mine, theirs in zip(own, definition.letters, strict=True):
            used = scope.values()
            name = theirs.name
            free = name not in used and name not in printer.names.taken
            scope[mine] = name if free else printer.binder(mine.size, used)
        body = t.renamed(definition.body, dict(zip(definition.letters, own, strict=True)))
        raw = self.derivative(body)
        chain = Chain(self.program, raw)
        if definition.name == "objective":  # the printed form holds what the samples' does, if that is left alone
            chain.add(tidy)
        else:
            simplify(chain, self.assumptions, thorough=True)  # type: ignore[arg-type]
        rules = self.rules(body, scope)
        rawly = printer.text(formula(raw), scope)
        proof = f"dual_eq (d' := {rawly})\n    {rules} ltac:(close_ring)"
        if chain.theorems:
            proof = f"dual_eq ({proof})\n    {equations.equation(chain.theorem(), scope)}"
        unfolded = f"unfold {printer.called[definition.name]}.\n  "
        self._lemma(t.Entry(definition.name, own), chain.right, scope, f"{unfolded}exact ({proof})")

    def settle(
        self, entry: t.Entry, right: t.Term, same: Callable[[t.Term, t.Term, Equations], tuple[Theorem, ...]]
    ) -> None:
        """Go on with another form of a slope: the lemma is stated once more, and used from then on."""
        slope = self.slopes[entry.tensor]
        letters = tuple(i for i in entry.indices if isinstance(i, t.Index))
        derived = t.renamed(slope.right, dict(zip(slope.letters, letters, strict=True)))
        if derived == right:
            return
        scope = self.equations.scope((*self.coordinates, *letters))
        proof = self.equations.steps(same(derived, right, self.equations), scope)
        self._lemma(entry, right, scope, f"exact (dual_eq {self.lemma(entry, scope)}\n  {proof})")

    def _lemma(self, entry: t.Entry, right: t.Term, scope: Scope, proof: str) -> None:
        equations, printer, made = self.equations, self.printer, formula(entry)
        own = tuple(i for i in entry.indices if isinstance(i, t.Index))
        name = printer.names.fresh(f"{entry.tensor}_by_{self.wrt.tensor}")
        before, after = printer.text(made, scope, self.moved(scope, self.wrt)), printer.text(made, scope)
        value = f"({after})" if " " in after else after
        equations.lemmas.append(
            f"Lemma {name}{equations.bound(scope, (*self.coordinates, *own))} :\n"
            f"  dual (fun t => {before}) {self.point(scope, self.wrt)} {value}\n"
            f"    ({printer.text(formula(right), scope)}).\n"
            f"Proof.\n  {proof}.\nQed.\n"
        )
        self.slopes[entry.tensor] = Slope(own, right, name)

    def lemma(self, entry: t.Entry, scope: Scope, at: t.Entry | None = None) -> str:
        """The lemma about a definition, at letters of one's own, and at another coordinate than the usual one."""
        letters = (*(at or self.wrt).indices, *entry.indices)
        own = [scope[i] for i in letters if isinstance(i, t.Index)]
        text = " ".join([self.slopes[entry.tensor].lemma, *own, *(f"H{i}" for i in own)])
        return f"({text})" if own else text

    def slope(self, entry: t.Entry, at: t.Entry) -> t.Term:
        """The derivative of an entry by the parameter's entry ``at``."""
        known = self.slopes[entry.tensor]
        names = dict(zip((*self.wrt.indices, *known.letters), (*at.indices, *entry.indices), strict=True))
        return t.renamed(known.right, names)

    def rules(self, term: t.Term, scope: Scope) -> str:
        """The rules of the library for a term, one for each node of its formula."""
        if not self.moves(term):
            return "dual_const"
        match term:
            case t.Entry(name, places) if name == self.wrt.tensor:
                return f"dual_upd{len(places)}" if places else "dual_var"
            case t.Entry():
                return self.lemma(term, scope)
            case t.Plus((first, *rest)):
                made = self.rules(first, scope)
                for part in rest:
                    negative = turned(part)
                    other = self.rules(part, scope) if negative is None else self._product(negative, scope)
                    made = f"({'dual_add' if negative is None else 'dual_sub'} {made} {other})"
                return made
            case t.Times(parts):
                negative = turned(term)
                return (
                    self._product(parts, scope) if negative is None else f"(dual_opp {self._product(negative, scope)})"
                )
            case t.Power(base, exponent):
                return self._power(base, exponent, scope)
            case t.Apply("max" | "min" as function, (a, b)):
                about = self.equations.condition(away(a, b)[0], scope)
                return f"({_OF_TWO[function]} {about} {self.rules(a, scope)} {self.rules(b, scope)})"
            case t.Apply(function, (argument,)):
                rule, relation = _RULES[function]
                about = f" {self._about(argument, relation, scope)}" if relation else ""
                return f"({rule}{about} {self.rules(argument, scope)})"
            case t.Sum(size, body):
                letter, inside = self.equations.opened(size, scope)
                inner, name = t.opened(body, letter), inside[letter]
                raw = self.printer.text(formula(self.derivative(inner)), inside)
                return (
                    f"(dual_sum (d := fun {name} => {raw})\n      (fun {name} H{name} => "
                    f"dual_eq {self.rules(inner, inside)} ltac:(close_ring)))"
                )
            case t.Largest(size, body):
                rival, around = self.equations.opened(size, scope)
                letter, inside = self.equations.opened(size, around)
                inner, name, above = t.opened(body, letter), inside[letter], inside[rival]
                apart = self.equations.condition(away(gap(t.opened(body, rival), inner, rival, letter))[0], inside)
                raw = self.printer.text(formula(self.derivative(inner)), inside)
                return (
                    f"(dual_largest (d := fun {name} => {raw})\n      "
                    f"(fun {above} {name} H{above} H{name} => {apart})\n      (fun {name} H{name} => "
                    f"dual_eq {self.rules(inner, inside)} ltac:(close_ring)))"
                )
        raise NoLemmaError("no rule forwards")

    def _product(self, parts: tuple[t.Term, ...], scope: Scope) -> str:
        made, still = self.rules(parts[0], scope), not self.moves(parts[0])
        for part in parts[1:]:
            fixed = not self.moves(part)
            if isinstance(part, t.Power) and part.exponent < 0:
                made = self._quotient(made, part, scope, still=still)
            elif still and fixed:
                made = "dual_const"
            elif still:
                made = f"(dual_scal {self.rules(part, scope)})"
            elif fixed:
                made = f"(dual_scal_r {made})"
            else:
                made = f"(dual_mul {made} {self.rules(part, scope)})"
            still = still and fixed
        return made

    def _quotient(self, above: str, part: t.Power, scope: Scope, *, still: bool) -> str:
        if not self.moves(part):
            return above if still else f"(dual_divc {above})"
        below = t.Power(part.base, -part.exponent)
        nonzero, inner = self._below(below, scope)
        return f"(dual_divby {nonzero} {above} {inner})"

    def _below(self, below: t.Power, scope: Scope) -> tuple[str, str]:
        """That a denominator is not zero, and the rules for it."""
        base, exponent = below.base, below.exponent
        if exponent.denominator > 1:
            nonzero = f"(pos_nonzero {self._about(base, '>', scope)})"
            if exponent.denominator > 2:
                nonzero = "(pos_nonzero (rpower_pos _ _))"
            else:
                nonzero = f"(pos_nonzero (root_pos {self._about(base, '>', scope)}))"
            if exponent.denominator == 2 and exponent.numerator > 1:
                nonzero = f"(power_nonzero {exponent.numerator} {nonzero})"
            return nonzero, self._power(base, exponent, scope)
        nonzero = self._about(base, "!=", scope)
        if exponent == 1:
            return nonzero, self.rules(base, scope)
        return f"(power_nonzero {exponent} {nonzero})", self._power(base, exponent, scope)

    def _power(self, base: t.Term, exponent: Fraction, scope: Scope) -> str:
        if exponent < 0:
            if exponent.denominator == 1 and exponent < -1:
                nonzero = self._about(base, "!=", scope)
                return f"(dual_invpow {-exponent - 1} {nonzero} {self.rules(base, scope)})"
            nonzero, inner = self._below(t.Power(base, -exponent), scope)
            return f"(dual_inverse {nonzero} {inner})"
        if exponent == 0:
            return "dual_const"
        inner = self.rules(base, scope)
        if exponent.denominator == 2:
            inner = f"(dual_sqrt {self._about(base, '>', scope)} {inner})"
        elif exponent.denominator > 1:
            power = self.printer.term(t.Number(exponent), scope)
            return f"(dual_rpower {power} {self._about(base, '>', scope)} {inner})"
        k = exponent.numerator
        return inner if k == 1 else f"(dual_sqr {inner})" if k == 2 else f"(dual_powS (n := {k - 1}) {inner})"

    def _about(self, term: t.Term, relation: str, scope: Scope) -> str:
        return self.equations.condition(t.Judgement(relation, term, t.ZERO), scope)
