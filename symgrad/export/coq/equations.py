"""Equations and signs that the kernel proved, as proofs for Coq: one lemma of the library for each rule.

A theorem of the kernel remembers the rule and the arguments that made it. Only the rules about equality, finite sums
and signs are translated; those about derivatives have no translation, since Coq differentiates by its own rules.
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from itertools import count
from typing import TYPE_CHECKING, Any

from symgrad.calculus import rewrite as rw
from symgrad.calculus.claims import settled
from symgrad.calculus.normal import meet
from symgrad.calculus.signs import Signs
from symgrad.export.coq.sharing import Shared, shared
from symgrad.export.coq.syntax import HOLE, REDUCED, NoLemmaError, filled, formula
from symgrad.kernel import rules
from symgrad.kernel import terms as t
from symgrad.kernel.functions import IDENTITIES, NONNEGATIVE, POSITIVE
from symgrad.kernel.ring import equal, fraction, plus, times
from symgrad.kernel.terms import Judgement, closure
from symgrad.kernel.theorem import Theorem, fitting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from symgrad.export.coq.syntax import Formula, Printer, Scope
    from symgrad.kernel.program import Program

RELATIONS = {">": "0 < {}", ">=": "0 <= {}", "!=": "{} <> 0"}
_STRONG = {">": "pos", ">=": "nonneg", "!=": "nonzero"}
_LEAF = {"ring", "unfold", "hypothesis", "identity"}


class Equations:
    """Translates theorems of one program; collects the lemmas and hypotheses that they need.

    Attributes:
        lemmas: the text of every auxiliary lemma, in order.
        hypotheses: closed judgements by the name of the hypothesis.
    """

    def __init__(
        self, program: Program, printer: Printer, supposed: Iterable[Judgement], assumptions: Iterable[Judgement]
    ) -> None:
        self.program, self.printer = program, printer
        self.names = printer.names
        self.supposed = tuple(supposed)
        self.assumed = tuple(assumptions)
        self.lemmas: list[str] = []
        self.hypotheses: dict[Judgement, str] = {}
        self.added: list[Judgement] = []
        self.inline = False
        self._shared: dict[t.Term, str] = {}
        self._facts: dict[Judgement, str] = {}
        self._known: dict[int, tuple[Theorem, str, tuple[t.Index, ...]]] = {}
        self._letters = count()

    def beside(self, program: Program, printer: Printer, change: Callable[[t.Term], t.Term]) -> Equations:
        """Equations of another program, whose lemmas stand in the same file; ``change`` takes terms there."""
        supposed, assumed = ([j.map(change) for j in judged] for judged in (self.supposed, self.assumed))
        other = Equations(program, printer, supposed, assumed)
        other.lemmas, other._letters = self.lemmas, self._letters
        other.inline = True
        return other

    def kept(self) -> Callable[[], None]:
        """What takes everything back that is made from now on."""
        said, facts, known = len(self.lemmas), dict(self._facts), dict(self._known)
        hypotheses, added = dict(self.hypotheses), list(self.added)
        program, shared_ = self.program, self._shared

        def back() -> None:
            del self.lemmas[said:]
            self.program, self._shared = program, shared_
            self._facts, self._known, self.hypotheses, self.added = facts, known, hypotheses, added

        return back

    # -- scope ----------------------------------------------------------------------------------------------------

    def scope(self, letters: Iterable[t.Index], around: Scope | None = None) -> Scope:
        """A scope in which these letters have names."""
        made: Scope = dict(around or {})
        for letter in letters:
            if letter not in made:
                made[letter] = self._name(letter, made)
        return made

    def _name(self, letter: t.Index, scope: Scope) -> str:
        used = {*scope.values()}
        if letter.name not in used and letter.name not in self.names.taken and letter.name[0].isalpha():
            return letter.name
        return self.printer.binder(letter.size, used)

    def bound(self, scope: Scope, letters: Iterable[t.Index]) -> str:
        """The binders of these letters, each with its range."""
        made = [f"{scope[i]} (H{scope[i]} : ({scope[i]} < {self.names.of(i.size)})%nat)" for i in letters]
        return "".join(f" {each.split(' ')[0]}" for each in made) + "".join(f" {e.split(' ', 1)[1]}" for e in made)

    def at(self, scope: Scope, letters: Iterable[t.Index]) -> str:
        """These letters and their ranges, as arguments."""
        own = [scope[i] for i in letters]
        return "".join(f" {name}" for name in own) + "".join(f" H{name}" for name in own)

    def opened(self, size: str, scope: Scope) -> tuple[t.Index, Scope]:
        """A new letter for the bound index of a sum."""
        letter = t.Index(f"o{next(self._letters)}_", size)
        return letter, self.scope([letter], scope)

    # -- equations ------------------------------------------------------------------------------------------------

    def equation(self, theorem: Theorem, scope: Scope) -> str:
        """A proof of an equation of the kernel."""
        uses: Counter[int] = Counter()
        seen: set[int] = set()
        stack = [theorem]
        while stack:
            now = stack.pop()
            uses[id(now)] += 1
            if id(now) not in seen:
                seen.add(id(now))
                stack += [a for a in now.arguments if isinstance(a, Theorem)]
        return self._equation(theorem, scope, uses)

    def steps(self, theorems: Iterable[Theorem], scope: Scope) -> str:
        """A proof of several equations of the kernel, one after the other."""
        whole = ""
        for theorem in theorems:
            proof = self.equation(theorem, scope)
            if proof != "eq_refl":
                proof = self._typed(proof, *(self._text(side, scope) for side in (theorem.left, theorem.right)))
                whole = f"(eq_trans {whole}\n {proof})" if whole else proof
        return whole or "eq_refl"

    def met(self, left: t.Term, right: t.Term, assume: rw.Conversion) -> Theorem | None:
        """``left = right`` if both multiply out to one form, as they stand or by ``assume``; None if that is not seen.

        Sums that both sides hold are names in the equation, and so are not multiplied out, if that is enough.
        """
        found = shared(left, right, self.program, self._shared)
        if found is not None:
            theorem = _met(found.program, found.left, found.right, assume)
            if theorem is not None:
                self._call(found)
                return theorem
        return _met(self.program, left, right, assume)

    def _call(self, found: Shared) -> None:
        """Define the names of an equation."""
        for definition in found.program.definitions[len(self.program.definitions) :]:
            scope = self.scope(definition.letters)
            called = self.names.fresh(definition.name)
            self.printer.called[definition.name], self.printer.uses[definition.name] = called, []
            binders = f" ({' '.join(scope[i] for i in definition.letters)} : nat)" if definition.letters else ""
            text = self._text(definition.body, scope)
            self.lemmas.append(f"Definition {called}{binders} : R :=\n  {text}.\n")
        self.program, self._shared = found.program, found.names

    def _equation(self, theorem: Theorem, scope: Scope, uses: Counter[int]) -> str:
        if id(theorem) in self._known or (uses[id(theorem)] > 1 and theorem.rule not in _LEAF):
            return self._lemma(theorem, scope, uses)
        match theorem.rule:
            case "sym":
                return f"(eq_sym {self._equation(theorem.arguments[0], scope, uses)})"
            case "trans":
                first, second = (self._equation(a, scope, uses) for a in theorem.arguments)
                return (
                    second if first == "eq_refl" else first if second == "eq_refl" else f"(eq_trans {first}\n {second})"
                )
            case "congruence":
                equation, term, path = theorem.arguments
                return self._congruence(equation, term, path, scope, uses)
        return self._leaf(theorem, scope)

    def _lemma(self, theorem: Theorem, scope: Scope, uses: Counter[int]) -> str:
        """A theorem that is used more than once, as a lemma for all letters."""
        if id(theorem) not in self._known:
            letters = t.letters(t.Plus((theorem.left, theorem.right)))
            own = self.scope(letters)
            uses = uses.copy()
            uses[id(theorem)] = 1
            proof = self._equation(theorem, own, uses)
            name = self.names.fresh("equal")
            statement = f"{self._text(theorem.left, own)} = {self._text(theorem.right, own)}"
            self._state(name, self.bound(own, letters), statement, proof)
            self._known[id(theorem)] = theorem, name, letters
        _, name, letters = self._known[id(theorem)]
        return f"({name}{self.at(scope, letters)})" if letters else name

    def stated(self, theorem: Theorem, name: str) -> None:
        """State an equation as a lemma of its own, by which it is known wherever else it is used."""
        if id(theorem) not in self._known:
            letters = t.letters(t.Plus((theorem.left, theorem.right)))
            own, called = self.scope(letters), self.names.fresh(name)
            statement = f"{self._text(theorem.left, own)} = {self._text(theorem.right, own)}"
            self._state(called, self.bound(own, letters), statement, self.equation(theorem, own))
            self.remember(theorem, called, letters)

    def remember(self, theorem: Theorem, name: str, letters: tuple[t.Index, ...]) -> None:
        """Use a theorem of the development, stated for all these letters, wherever the equation is used."""
        self._known[id(theorem)] = theorem, name, letters

    def _state(self, name: str, binders: str, statement: str, proof: str) -> None:
        self.lemmas.append(f"Lemma {name}{binders} :\n  {statement}.\nProof. exact {proof}. Qed.\n")

    def _text(self, term: t.Term, scope: Scope) -> str:
        return self.printer.text(formula(term), scope)

    def _typed(self, proof: str, left: str, right: str) -> str:
        return f"({proof} : {left} = {right})"

    def ring(self, left: Formula, right: Formula, scope: Scope) -> str:
        """A proof that two formulas are one polynomial in what is no arithmetic."""
        if left == right:
            return "eq_refl"
        return self._typed("ltac:(close_ring)", self.printer.text(left, scope), self.printer.text(right, scope))

    def _congruence(
        self, theorem: Theorem, term: t.Term, path: tuple[int, ...], scope: Scope, uses: Counter[int]
    ) -> str:
        def go(part: t.Term, rest: tuple[int, ...], scope: Scope) -> tuple[t.Term, str]:
            if not rest:
                names = fitting(theorem.left, part)
                inner = dict(scope)
                inner.update({i: scope[k] for i, k in names.items() if k in scope})
                return t.renamed(theorem.right, names), self._equation(theorem, inner, uses)
            if isinstance(part, t.Sum | t.Largest):
                letter, inside = self.opened(part.size, scope)
                made, proof = go(t.opened(part.body, letter), rest[1:], inside)
                name = inside[letter]
                whole = t.sigma(letter, made, type(part))
                if proof == "eq_refl":
                    return whole, proof
                return (
                    whole,
                    f"({REDUCED[type(part)]}_ext {self.names.of(part.size)} _ _ (fun {name} H{name} => {proof}))",
                )
            parts = list(t.children(part))
            old = parts[rest[0]]
            parts[rest[0]], proof = go(old, rest[1:], scope)
            made = t.rebuilt(part, parts)
            if proof == "eq_refl":
                return made, self.ring(formula(part), formula(made), scope)
            holed = formula(t.rebuilt(part, [HOLE if k == rest[0] else p for k, p in enumerate(t.children(part))]))
            before, after = filled(holed, formula(old)), filled(holed, formula(parts[rest[0]]))
            proof = f"(f_equal (fun z_ : R => {self.printer.text(holed, scope)}) {proof})"
            start, end = self.ring(formula(part), before, scope), self.ring(after, formula(made), scope)
            proof = proof if start == "eq_refl" else f"(eq_trans {start} {proof})"
            return made, proof if end == "eq_refl" else f"(eq_trans {proof} {end})"

        return go(term, path, scope)[1]

    def _leaf(self, theorem: Theorem, scope: Scope) -> str:
        left, right = (self._text(side, scope) for side in (theorem.left, theorem.right))
        match theorem.rule, theorem.left:
            case "ring", _:
                return self._ring(theorem, scope)
            case "unfold", _:
                return self._typed("eq_refl", left, right)
            case "hypothesis", _:
                return self._typed(self.condition(theorem.conclusion, scope), left, right)
            case "identity", _:
                return self._identity(theorem, scope)
            case "sum_split", t.Sum(size, t.Plus(parts)):
                return self._split(size, parts, scope)
            case "sum_factor", t.Sum(size, t.Times(factors)):
                kept = [f for f in factors if 0 not in t.free(f)]
                rest = [f for f in factors if 0 in t.free(f)]
                return self._pull(size, kept, rest, theorem, scope)
            case "sum_exchange", t.Sum(size, t.Sum(other, body)):
                first, one = self.opened(size, scope)
                second, two = self.opened(other, one)
                inner = self._text(t.renamed(body, {0: second, 1: first}), two)
                proof = f"sumR_swap {self.names.of(size)} {self.names.of(other)}"
                return self._typed(f"{proof} (fun {two[first]} {two[second]} => {inner})", left, right)
            case "sum_delta", t.Sum(size, body):
                return self._collapse(size, body, theorem, scope)
            case "sum_constant", t.Sum(size, body):
                inner = self.printer.term(t.opened(body, t.Index("'", size)), scope)
                return self._typed(f"sumR_const {self.names.of(size)} {inner}", left, right)
        raise NoLemmaError(f"the library has no lemma for the rule {theorem.rule}")

    def _ring(self, theorem: Theorem, scope: Scope) -> str:
        sides = theorem.left, theorem.right
        left, right = formula(sides[0]), formula(sides[1])
        (a, b), (c, d) = (fraction(side, None) for side in sides)
        if left == right or not plus(times(a, d), times(c, b), Fraction(-1)):
            return self.ring(left, right, scope)
        said, roots = [], []
        sizes = dict.fromkeys(p.name for side in sides for p in t.subterms(side) if isinstance(p, t.Size))
        said += [f"assert (N{k} := pos_nonzero (size_pos size_{self.names.of(s)}))" for k, s in enumerate(sizes)]
        for k, judgement in enumerate(sorted(equal(*sides) or (), key=str)):
            said.append(f"assert (C{k} := {self.condition(judgement, scope)})")
            if judgement.relation == ">":
                said.append(f"assert (Q{k} := root_square C{k})")
                said.append(f"assert (P{k} := pos_nonzero (root_pos C{k}))")
                said.append(f"apply pos_nonzero in C{k}")
                roots.append(f"Q{k}")
        modulo = f" [{' '.join(roots)}]" if roots else ""
        tactic = "; ".join([*said, f"cbv beta; unfold Rdiv; field{modulo}; nonzero"])
        return self._typed(f"ltac:({tactic})", *(self.printer.text(side, scope) for side in (left, right)))

    def _identity(self, theorem: Theorem, scope: Scope) -> str:
        _, name, arguments = theorem.arguments
        conditions, _, _ = IDENTITIES[name][1](*arguments)
        given = [self.printer.term(a, scope) for a in arguments] + [self.condition(c, scope) for c in conditions]
        proof = " ".join([f"id_{name}", *given])
        # The law is stated in the library's spelling of products, which may differ in more than the arguments.
        sides = [self._text(side, scope) for side in (theorem.left, theorem.right)]
        return self._typed(f"ltac:(refine (eq_trans _ (eq_trans ({proof}) _)); close_law)", *sides)

    def _split(self, size: str, parts: tuple[t.Term, ...], scope: Scope) -> str:
        letter, inside = self.opened(size, scope)
        own, name = [t.opened(p, letter) for p in parts], inside[letter]
        whole = t.Plus(tuple(own))

        def go(upto: int) -> str:
            if upto == 1:
                return "eq_refl"
            rest, last = formula(t.Plus(tuple(own[: upto - 1])) if upto > 2 else own[0]), formula(own[upto - 1])
            before = formula(t.Plus(tuple(own[:upto])))
            bodies = (
                f"(fun {name} => {self.printer.text(rest, inside)}) (fun {name} => {self.printer.text(last, inside)})"
            )
            same = self.ring(before, ("add", rest, last), inside)
            return f"(sum_split {bodies} _ _ (fun {name} H{name} => {same}) {go(upto - 1)} eq_refl)"

        left = t.sigma(letter, whole)
        sums: Formula | None = None
        for part in own:
            term = formula(t.sigma(letter, part))
            sums = term if sums is None else ("add", sums, term)
        plain = sums or ("num", 0)
        proof = self._typed(go(len(own)), self._text(left, scope), self.printer.text(plain, scope))
        end = self.ring(plain, formula(t.Plus(tuple(t.sigma(letter, p) for p in own))), scope)
        return proof if end == "eq_refl" else f"(eq_trans {proof} {end})"

    def _pull(self, size: str, kept: list[t.Term], rest: list[t.Term], theorem: Theorem, scope: Scope) -> str:
        letter, inside = self.opened(size, scope)
        name = inside[letter]
        factor = formula(kept[0] if len(kept) == 1 else t.Times(tuple(kept)))
        inner = formula(t.opened(rest[0] if len(rest) == 1 else t.Times(tuple(rest)), letter))
        body = formula(t.opened(theorem.left.body, letter))
        same = self.ring(body, ("mul", factor, inner), inside)
        summed = formula(t.sigma(letter, t.opened(rest[0] if len(rest) == 1 else t.Times(tuple(rest)), letter)))
        end = self.ring(("mul", factor, summed), formula(theorem.right), scope)
        proof = (
            f"sum_pull ({self.printer.text(factor, scope)}) (fun {name} => {self.printer.text(inner, inside)}) _ "
            f"(fun {name} H{name} => {same}) {end}"
        )
        return self._typed(proof, self._text(theorem.left, scope), self._text(theorem.right, scope))

    def _collapse(self, size: str, body: t.Term, theorem: Theorem, scope: Scope) -> str:
        factors = list(body.factors) if isinstance(body, t.Times) else [body]
        place = next(k for k, f in enumerate(factors) if isinstance(f, t.Delta) and (f.left == 0) != (f.right == 0))
        delta: Any = factors.pop(place)
        target = delta.right if delta.left == 0 else delta.left
        letter, inside = self.opened(size, scope)
        name = inside[letter]
        rest = factors[0] if len(factors) == 1 else t.Times(tuple(factors)) if factors else t.ONE
        inner = formula(t.opened(rest, letter))
        selected = ("mul", ("delta", target, letter), inner)
        here = self.printer.text(formula(t.opened(body, letter)), inside)
        same = f"(ltac:(close_ring) : {here} = {self.printer.text(selected, inside)})"
        proof = (
            f"sum_collapse (q := {scope[target]}) (f := fun {name} => {self.printer.text(inner, inside)}) "
            f"H{scope[target]} (fun {name} H{name} => {same})"
        )
        return self._typed(proof, self._text(theorem.left, scope), self._text(theorem.right, scope))

    # -- signs ----------------------------------------------------------------------------------------------------

    def condition(self, judgement: Judgement, scope: Scope) -> str:
        """A proof of a condition: a hypothesis of the theorem, or a lemma that proves it."""
        closed = closure(judgement)
        letters = dict.fromkeys(t.letters(t.Plus((judgement.left, judgement.right))))
        at = self.at(scope, letters)
        if closed not in self._facts:
            self._facts[closed] = self._fact(closed)
        name = self._facts[closed]
        return f"({name}{at})" if at else name

    def _fact(self, closed: Judgement) -> str:
        known = {closure(j) for j in self.supposed}
        given = {closure(j) for j in self.assumed}
        if closed in known or closed in given:
            return self._suppose(closed)
        proved = None
        for supposed in (self.assumed, (*self.assumed, *self.supposed)):
            if closed.relation != "=" and proved is None:
                letters = t.letters(t.Plus((closed.left, closed.right)))
                proved = Signs(self.program, supposed).prove(closed)
        if proved is None:
            proved = self._expanded(closed)
        if proved is None:
            self.added.append(closed)
            return self._suppose(closed)
        own = self.scope(letters)
        proof = self.sign(proved, own)
        name = self.names.fresh("fact")
        self._state(name, self.bound(own, letters), self._said(closed, own), proof)
        return name

    def _expanded(self, closed: Judgement) -> Theorem | None:
        """The sign of a term that is another one, whose sign is known already, multiplied out."""
        for known in list(self._facts):
            if known.relation == closed.relation != "=" and known.left != closed.left:
                signed = Signs(self.program, (*self.assumed, *self.supposed)).prove(known)
                same = settled(self.printer.model, self.program, closed.left, known.left) if signed else None
                if signed is not None and same is not None:
                    return rules.sign_equal(same, signed)
        return None

    def _suppose(self, closed: Judgement) -> str:
        if closed not in self.hypotheses:
            self.hypotheses[closed] = self.names.fresh("given")
            if self.inline:
                self.lemmas.append(f"Hypothesis {self.hypotheses[closed]} : {self.supposition(closed)}.\n")
        return self.hypotheses[closed]

    def _said(self, judgement: Judgement, scope: Scope) -> str:
        if judgement.relation == "=":
            return f"{self._text(judgement.left, scope)} = {self._text(judgement.right, scope)}"
        shape = RELATIONS[judgement.relation]
        made = formula(judgement.left)
        # u - v <> 0 reads better than it looks, and stays what the rules ask for
        text = self.printer.text(made, scope)
        return shape.format(text if made[0] in {"entry", "call", "num"} else f"({text})")

    def supposition(self, closed: Judgement) -> str:
        """The text of a hypothesis, for all values of its letters."""
        letters = t.letters(t.Plus((closed.left, closed.right)))
        scope: Scope = {}
        for letter in letters:
            scope[letter] = self.printer.binder(letter.size, scope.values())
        said = self._said(closed, scope)
        if not letters:
            return said
        ranges = "".join(f"({scope[i]} < {self.names.of(i.size)})%nat -> " for i in letters)
        return f"forall {' '.join(scope[i] for i in letters)}, {ranges}{said}"

    def sign(self, theorem: Theorem, scope: Scope) -> str:
        """A proof of a sign that the kernel proved."""
        said = self._said(theorem.conclusion, scope)
        return f"({self._sign(theorem, scope)} : {said})"

    def _sign(self, theorem: Theorem, scope: Scope) -> str:
        match theorem.rule:
            case "hypothesis":
                return self.condition(theorem.conclusion, scope)
            case "sign_weaken":
                return f"pos_{_STRONG[theorem.relation]} {self.sign(theorem.arguments[0], scope)}"
            case "sign_equal":
                equation, signed = theorem.arguments
                proof = self._typed(
                    self.equation(equation, scope), self._text(equation.left, scope), self._text(equation.right, scope)
                )
                return f"{_STRONG[theorem.relation]}_eq {proof} {self.sign(signed, scope)}"
            case "sign":
                return self._built(theorem, scope)
        raise NoLemmaError(f"the library has no lemma for the rule {theorem.rule}")

    def _built(self, theorem: Theorem, scope: Scope) -> str:
        term, premises = theorem.left, theorem.arguments[2]
        match term:
            case t.Number():
                return "ltac:(lra)"
            case t.Size(name):
                return f"size_pos size_{self.names.of(name)}"
            case t.Apply("pi", ()):
                return "PI_RGT_0"
            case t.Apply(function, (argument,)) if function in POSITIVE:
                return f"{function}_pos {self.printer.term(argument, scope)}"
            case t.Apply(function, (argument,)) if function in NONNEGATIVE:
                lemma = {"abs": "Rabs_pos"}.get(function, f"{function}_nonneg")
                return f"{lemma} {self.printer.term(argument, scope)}"
            case t.Sum(size, body):
                [premise] = premises
                letter, inside = self.opened(size, scope)
                names = fitting(premise.left, t.opened(body, letter))
                inside.update({i: inside[k] for i, k in names.items()})
                name = inside[letter]
                proof = f"(fun {name} H{name} => {self.sign(premise, inside)})"
                return (
                    f"sum_pos size_{self.names.of(size)} {proof}" if theorem.relation == ">" else f"sum_nonneg {proof}"
                )
            case t.Plus(parts) | t.Times(parts):
                return self._joined(term, parts, premises, theorem.relation, scope)
            case t.Power(base, exponent):
                return self._powered(base, exponent, premises, theorem.relation, scope)
        raise NoLemmaError("a sign that the library has no lemma for")

    def _joined(
        self, term: t.Term, parts: tuple[t.Term, ...], premises: tuple[Theorem, ...], relation: str, scope: Scope
    ) -> str:
        word, operation = ("add", "add") if isinstance(term, t.Plus) else ("mul", "mul")
        proof, strength = self.sign(premises[0], scope), premises[0].relation
        plain: Formula = formula(parts[0])
        for part, premise in zip(parts[1:], premises[1:], strict=True):
            other, also = self.sign(premise, scope), premise.relation
            plain = (operation, plain, formula(part))
            if word == "mul" and {strength, also} != {">"}:
                wanted = "!=" if "!=" in {strength, also} else ">="
                proof, strength = self._weakened(proof, strength, wanted), wanted
                other, also = self._weakened(other, also, wanted), wanted
            proof = f"({word}_{_STRONG[strength]}_{_STRONG[also]} {proof} {other})"
            strength = ">" if word == "add" and ">" in {strength, also} else strength
        if plain == formula(term):
            return proof
        said = RELATIONS[relation].format(f"({self.printer.text(plain, scope)})")
        return f"{_STRONG[relation]}_eq {self.ring(formula(term), plain, scope)} ({proof} : {said})"

    def _weakened(self, proof: str, relation: str, wanted: str) -> str:
        return proof if relation == wanted else f"(pos_{_STRONG[wanted]} {proof})"

    def _powered(
        self, base: t.Term, exponent: Fraction, premises: tuple[Theorem, ...], relation: str, scope: Scope
    ) -> str:
        low = self.printer.term(base, scope)
        k = abs(exponent.numerator)
        if not premises:
            if exponent < 0 or exponent.denominator > 1:
                raise NoLemmaError("an even power that is not a natural one")
            return f"pow_even_nonneg {low} {k // 2}"
        [premise] = premises
        proof, strength = self.sign(premise, scope), premise.relation
        if exponent.denominator == 2:
            proof = f"(root_pos {proof})"
        elif exponent.denominator > 1:
            proof = f"(rpower_pos {low} {self.printer.term(t.Number(abs(exponent)), scope)})"
            k = 1
        if k != 1:
            if strength == "!=" and relation == ">":
                proof, strength = f"(power_even_pos {k // 2} {proof})", ">"
            else:
                proof = f"(power_{_STRONG[strength]} {k} {proof})"
        return f"(inv_{_STRONG[strength]} {proof})" if exponent < 0 else proof


def _met(program: Program, left: t.Term, right: t.Term, assume: rw.Conversion) -> Theorem | None:
    for way in (None, assume):
        there, back = (way(program, left), way(program, right)) if way else (None, None)
        met = meet(program, rw.result(there, left), rw.result(back, right))
        if met is not None:
            return rw.chained(rw.chained(there, met), rules.sym(back) if back else None)
    return None
