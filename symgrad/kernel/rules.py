"""The inference rules: the whole of what symgrad believes.

Rules about derivatives carry the conditions under which what they differentiate is smooth, so that each step is true at
every point where its hypotheses hold. All hypotheses that can mention parameters are open conditions.
"""

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, cast

from symgrad.kernel import program as w
from symgrad.kernel import terms as t
from symgrad.kernel.functions import DERIVATIVES, IDENTITIES, NONNEGATIVE, POSITIVE, call, gap, minus
from symgrad.kernel.program import Program
from symgrad.kernel.ring import equal
from symgrad.kernel.theorem import Sequent, Theorem, fitting, need, rule


def _equation(program: Program, left: t.Term, right: t.Term, **rests_on: Any) -> Sequent:
    return Sequent(program, t.Judgement("=", left, right), **rests_on)


def _resting(sequent: Sequent, *premises: Theorem) -> Sequent:
    """The sequent with what its premises, which speak of the same program, rest on."""
    need(all(p.program == sequent.program for p in premises), "premises", "of another program", premises=premises)
    under = sequent.hypotheses.union(*(p.hypotheses for p in premises))
    return sequent._replace(hypotheses=under, uses=sequent.uses.union(*(p.uses for p in premises)))


def _joined(parts: Sequence[t.Term], construct: type[t.Plus | t.Times]) -> t.Term:
    """The parts as one sum or product; of none, the number one."""
    return construct(tuple(parts)) if len(parts) > 1 else parts[0] if parts else t.ONE


# ---------------------------------------------------------------------------------------------------------------------
# Equality


@rule
def sym(theorem: Theorem) -> Sequent:
    """Turn an equation round.

    ::

        ⊢ a = b
        ---------
        ⊢ b = a

    Raises:
        RuleError: if the theorem is not an equation.
    """
    need(theorem.relation == "=", "sym", "not an equation", theorem=theorem.conclusion)
    return theorem.sequent._replace(conclusion=t.Judgement("=", theorem.right, theorem.left))


@rule
def trans(first: Theorem, second: Theorem) -> Sequent:
    """Chain two equations through their middle term.

    ::

        ⊢ a = b      ⊢ b = c
        ----------------------     one program; the same b
               ⊢ a = c

    Raises:
        RuleError: if the middle terms differ, the programs differ, or one is not an equation.
    """
    need({first.relation, second.relation} == {"="}, "trans", "not two equations")
    need(first.right == second.left, "trans", "middle terms differ", first=first.right, second=second.left)
    return _resting(_equation(first.program, first.left, second.right), first, second)


@rule
def congruence(theorem: Theorem, term: t.Term, path: tuple[int, ...]) -> Sequent:
    """Replace one subterm by an equal one; the letters of the equation are chosen to fit.

    ::

             ⊢ a = b
        -------------------     t[σa] at the path, for some choice σ of letters of the same sizes
         ⊢ t[σa] = t[σb]

    Inside a direct derivative ∂/∂u every tensor is an independent variable. There the equation must not rest on a
    definition, nor on an equality hypothesis that mentions u: from ``w = 1`` one must not get ∂(w^2)/∂w = 0. Its other
    hypotheses are open, provided that their terms are continuous near the point, which is added.

    Raises:
        RuleError: if the theorem is not an equation, there is no such subterm or choice of letters, or a derivative
            is entered where, or with what, that is not allowed.
    """
    need(theorem.relation == "=", "congruence", "not an equation", theorem=theorem.conclusion)
    continuous: set[t.Judgement] = set()

    def replaced(part: t.Term, rest: tuple[int, ...]) -> t.Term:
        if not rest:
            return t.renamed(theorem.right, fitting(theorem.left, part))
        parts = list(t.children(part))
        need(0 <= rest[0] < len(parts), "congruence", "no subterm there", term=part, path=rest)
        if isinstance(part, t.REDUCTIONS):
            letter = t.Index(f"__{len(rest)}", part.size)
            return t.sigma(letter, replaced(t.opened(part.body, letter), rest[1:]), type(part))
        if isinstance(part, t.Partial):
            need(not part.total and rest[0] == 0, "congruence", "the variable, or a total derivative, is entered")
            need(not theorem.uses, "congruence", "a definition inside a derivative", uses=theorem.uses)
            for h in theorem.hypotheses:
                both, variable = t.Plus((h.left, h.right)), part.wrt.tensor
                about_it = h.relation == "=" and variable in w.mentioned(both)
                need(not about_it, "congruence", "an equality about the variable", hypothesis=h)
                continuous.update(w.smooth(theorem.program, both, variable, False))
        parts[rest[0]] = replaced(parts[rest[0]], rest[1:])
        return t.rebuilt(part, parts)

    made = replaced(term, path)
    return _resting(_equation(theorem.program, term, made, hypotheses=frozenset(continuous)), theorem)


@rule
def unfold(program: Program, term: t.Entry) -> Sequent:
    """Open a definition.

    ::

        ------------------     u[k] := body is a definition of the program
        ⊢ u[i] = body(i)

    Raises:
        RuleError: if the term is not an entry of a definition.
    """
    need(term.tensor in program.bodies, "unfold", "not an entry of a definition", term=term)
    definition = program.bodies[term.tensor]
    body = t.renamed(definition.body, dict(zip(definition.letters, term.indices, strict=True)))
    return _equation(program, term, body, uses=frozenset({term.tensor}))


@rule
def hypothesis(program: Program, judgement: t.Judgement) -> Sequent:
    """Take an equation or an open condition as hypothesis, for all values of its letters.

    ::

        ---------     J is a = b, u > 0 or u != 0, without derivatives
         J ⊢ J

    There is no hypothesis u >= 0: where u is 0, it would say nothing about the points nearby.

    Raises:
        RuleError: if it is neither an equation nor an open condition.
        IllFormedError: if it holds a derivative.
    """
    condition = judgement.relation in {">", "!="} and judgement.right == t.ZERO
    need(judgement.relation == "=" or condition, "hypothesis", "no equation, > 0 or != 0", judgement=judgement)
    w.check_term(program, t.Plus((judgement.left, judgement.right)), False)
    return Sequent(program, judgement, frozenset({t.closure(judgement)}))


@rule
def ring(program: Program, left: t.Term, right: t.Term) -> Sequent:
    """Rearrange in a commutative ring; where that does not do, in its field of fractions.

    ::

        ---------     equal polynomials; or equal fractions, under u != 0 for every inverted u and u > 0 for every root
         ⊢ a = b

    Raises:
        RuleError: if the two differ.
        LimitError: if a product has too many monomials.
    """
    found = equal(left, right)
    need(found is not None, "ring", "the sides differ", left=left, right=right)
    return _equation(program, left, right, hypotheses=frozenset(map(t.closure, found or ())))


@rule
def identity(program: Program, name: str, arguments: tuple[t.Term, ...]) -> Sequent:
    """Use an identity of the table of functions, under its conditions.

    ::

        -------------     f = g is in the table
         C ⊢ f = g

    Raises:
        RuleError: if the table has no such identity of so many arguments.
    """
    arity, made = IDENTITIES.get(name, (-1, lambda: ((), t.ONE, t.ONE)))
    need(arity == len(arguments), "identity", f"no identity {name} of {len(arguments)} arguments")
    conditions, left, right = made(*arguments)
    return _equation(program, left, right, hypotheses=frozenset(map(t.closure, conditions)))


# ---------------------------------------------------------------------------------------------------------------------
# Finite sums


@rule
def sum_split(program: Program, term: t.Sum) -> Sequent:
    """Split a sum of sums.

    ::

        --------------------------
        ⊢ Σ_i (a + b) = Σ_i a + Σ_i b

    Raises:
        RuleError: if the body is not a sum of terms.
    """
    need(isinstance(term.body, t.Plus), "sum_split", "the body is not a sum of terms", term=term)
    return _equation(program, term, t.Plus(tuple(t.Sum(term.size, part) for part in t.children(term.body))))


@rule
def sum_factor(program: Program, term: t.Sum) -> Sequent:
    """Pull the factors that are free of the index out of a sum.

    ::

        ----------------------     i does not occur in c
        ⊢ Σ_i c f = c Σ_i f

    Raises:
        RuleError: if no factor, or every factor, is free of the index.
    """
    factors = term.body.factors if isinstance(term.body, t.Times) else ()
    free = [f for f in factors if 0 not in t.free(f)]
    rest = [f for f in factors if 0 in t.free(f)]
    need(free and rest, "sum_factor", "nothing to pull out, or nothing left inside", term=term)
    return _equation(program, term, t.Times((*free, t.Sum(term.size, _joined(rest, t.Times)))))


@rule
def sum_exchange(program: Program, term: t.Sum) -> Sequent:
    """Exchange two finite sums.

    ::

        --------------------------
        ⊢ Σ_i Σ_j f = Σ_j Σ_i f

    Raises:
        RuleError: if the term is not a sum of a sum.
    """
    inner: Any = term.body
    need(isinstance(inner, t.Sum), "sum_exchange", "not a sum of a sum", term=term)
    return _equation(program, term, t.Sum(inner.size, t.Sum(term.size, t.renamed(inner.body, {0: 1, 1: 0}))))


@rule
def sum_delta(program: Program, term: t.Sum) -> Sequent:
    """Collapse a sum over a Kronecker delta of the same size.

    ::

        ---------------------------     i runs over the size that j runs over
        ⊢ Σ_i δ_ij f(i) = f(j)

    The first delta of the product that holds the index is used.

    Raises:
        RuleError: if there is none.
    """
    factors = list(term.body.factors) if isinstance(term.body, t.Times) else [term.body]
    places = [k for k, f in enumerate(factors) if isinstance(f, t.Delta) and (f.left == 0) != (f.right == 0)]
    need(places, "sum_delta", "no delta with the summed index", term=term)
    delta: Any = factors.pop(places[0])
    return _equation(program, term, t.opened(_joined(factors, t.Times), delta.right if delta.left == 0 else delta.left))


@rule
def sum_constant(program: Program, term: t.Sum) -> Sequent:
    """Sum a constant.

    ::

        ------------------     i does not occur in c
        ⊢ Σ_i c = size · c

    Raises:
        RuleError: if the index occurs in the body.
    """
    need(0 not in t.free(term.body), "sum_constant", "the index occurs in the body", term=term)
    return _equation(program, term, t.Times((t.Size(term.size), term.body)))


# ---------------------------------------------------------------------------------------------------------------------
# Differentiation


def _leibniz(program: Program, term: t.Partial, construct: type[t.Term], made: Callable[..., t.Term]) -> Sequent:
    """Sum what ``made`` makes of the body, the place of each part that moves, and the derivative of that part."""
    variable = term.wrt.tensor
    parts = enumerate(t.children(term.body)) if isinstance(term.body, construct) else ()
    slopes = [made(term.body, k, t.Partial(u, term.wrt, False)) for k, u in parts if variable in w.mentioned(u)]
    need(slopes, f"partial_{construct.__name__.lower()}", f"none that depends on {variable}", term=term)
    return _equation(program, term, _joined(slopes, t.Plus), hypotheses=w.smooth(program, term.body, variable, False))


@rule
def partial_constant(program: Program, term: t.Partial) -> Sequent:
    """Differentiate what does not depend on the variable.

    ::

        ---------------     c does not depend on x
         ⊢ ∂c/∂x = 0

    Raises:
        RuleError: if it does, through the program when the derivative is total.
    """
    moving = term.wrt.tensor in w.reached(program, term.body, term.total)
    need(not moving, "partial_constant", f"it depends on {term.wrt.tensor}", term=term)
    return _equation(program, term, t.ZERO, uses=frozenset(program.bodies if term.total else ()))


@rule
def partial_entry(program: Program, term: t.Partial) -> Sequent:
    """Differentiate an entry with respect to an entry of the same tensor.

    ::

        ------------------------------
        ⊢ ∂x[i, k]/∂x[j, m] = δ_ij δ_km

    Raises:
        RuleError: if the body is not an entry of the same tensor.
    """
    body: Any = term.body
    need(isinstance(body, t.Entry) and body.tensor == term.wrt.tensor, "partial_entry", "another tensor", term=term)
    return _equation(program, term, _joined(list(map(t.Delta, body.indices, term.wrt.indices)), t.Times))


@rule
def partial_plus(program: Program, term: t.Partial) -> Sequent:
    """Differentiate a sum of terms; terms that do not depend on the variable fall away.

    ::

        ----------------------------------     c does not depend on x
        ⊢ ∂(f + g + c)/∂x = ∂f/∂x + ∂g/∂x

    Source: Rudin 1976, Principles of Mathematical Analysis, theorem 5.3(a).

    Raises:
        RuleError: if the body is not a sum of terms, or none of them depends on the variable.
    """
    return _leibniz(program, term, t.Plus, lambda _u, _k, du: du)


@rule
def partial_times(program: Program, term: t.Partial) -> Sequent:
    """Differentiate a product; factors that do not depend on the variable come out.

    ::

        -------------------------------------------     c does not depend on x
        ⊢ ∂(c f g)/∂x = c ∂f/∂x g + c f ∂g/∂x

    Source: Rudin 1976, theorem 5.3(b).

    Raises:
        RuleError: if the body is not a product, or no factor depends on the variable.
    """
    return _leibniz(program, term, t.Times, lambda u, k, du: t.Times((*u.factors[:k], du, *u.factors[k + 1 :])))


@rule
def partial_power(program: Program, term: t.Partial) -> Sequent:
    """Differentiate a power.

    ::

        ---------------------------------     u != 0 if r < 0; u > 0 if r is not an integer
        ⊢ ∂(u^r)/∂x = r u^(r-1) ∂u/∂x

    Source: Rudin 1976, example 5.4 with theorem 5.5.

    Raises:
        RuleError: if the body is not a power, or its base does not depend on the variable.
    """

    def lower(u: t.Power) -> t.Term:
        return u.base if u.exponent == 2 else t.Power(u.base, u.exponent - 1)

    return _leibniz(program, term, t.Power, lambda u, _k, du: t.Times((t.Number(u.exponent), lower(u), du)))


@rule
def partial_apply(program: Program, term: t.Partial) -> Sequent:
    """Differentiate a function by the chain rule.

    ::

        -----------------------------------------     f is smooth at u, v
        ⊢ ∂f(u, v)/∂x = f_1 ∂u/∂x + f_2 ∂v/∂x

    Source: Rudin 1976, theorem 5.5; the derivatives are those of ``kernel.functions``.

    Raises:
        RuleError: if the body is not a function, or no argument depends on the variable.
    """
    return _leibniz(program, term, t.Apply, lambda f, k, du: t.Times((DERIVATIVES[f.function][k](*f.arguments), du)))


@rule
def partial_sum(program: Program, term: t.Partial) -> Sequent:
    """Let a derivative pass through a finite sum.

    ::

        ----------------------------     i does not occur in x: bound indices are numbers
        ⊢ ∂(Σ_i t)/∂x = Σ_i ∂t/∂x

    A sum of finitely many differentiable functions is differentiable term by term.
    Source: Rudin 1976, theorem 5.3(a).

    Raises:
        RuleError: if the body is not a sum over an index, or does not depend on the variable.
    """
    return _leibniz(program, term, t.Sum, lambda u, _k, du: t.Sum(u.size, du))


@rule
def partial_largest(program: Program, term: t.Partial) -> Sequent:
    """Differentiate a maximum: its slope is that of the one largest value.

    ::

        ---------------------------------------     f_k != f_i for k != i
        ⊢ ∂(max_i f_i)/∂x = Σ_i s_i ∂f_i/∂x         s_i = step(1/2 - Σ_k step(f_k - f_i - δ_ki))

    Near the point the same value stays the largest; s_i is one there, where no f_k is larger, and zero elsewhere.
    Source: Rockafellar and Wets 1998, Variational Analysis, example 8.31, for a single active index.

    Raises:
        RuleError: if the body is not a maximum over an index, or does not depend on the variable.
    """

    def made(u: t.Largest, _: int, du: t.Term) -> t.Term:
        larger = t.Sum(u.size, call("step")(gap(u.body, t.renamed(u.body, {0: 1}), 0, 1)))
        return t.Sum(u.size, t.Times((call("step")(minus(t.HALF, larger)), du)))

    return _leibniz(program, term, t.Largest, made)


@rule
def chain(program: Program, term: t.Partial) -> Sequent:
    """Differentiate through the program: the chain rule over the consumers of a tensor.

    ::

        -------------------------------------------------------     c runs over all definitions that mention u
        ⊢ dr/du[j] = Σ_c Σ_k dr/dc[k] · ∂body_c(k)/∂u[j]            and that r depends on

    The consumers are read off the program, so that none can be left out.
    Source: Griewank and Walther 2008, Evaluating Derivatives, section 3.2.

    Raises:
        RuleError: if the derivative is direct, if r is an entry of u itself, or does not depend on u.
    """
    variable = term.wrt.tensor
    need(term.total and variable not in w.mentioned(term.body), "chain", "direct, or of its own tensor", term=term)
    made = []
    for definition in program.definitions:
        if variable in w.mentioned(definition.body) and definition.name in w.reached(program, term.body):
            numbers = tuple(reversed(range(len(definition.letters))))
            body = t.renamed(definition.body, dict(zip(definition.letters, numbers, strict=True)))
            into = t.Partial(term.body, t.Entry(definition.name, numbers), True)
            link = t.Times((into, t.Partial(body, term.wrt, False)))
            made.append(reduce(lambda u, i: t.Sum(i.size, u), reversed(definition.letters), cast(t.Term, link)))
    need(made, "chain", "it does not depend on the variable", term=term)
    under = w.smooth(program, term.body, variable, True)
    return _equation(program, term, _joined(made, t.Plus), hypotheses=under, uses=frozenset(program.bodies))


# ---------------------------------------------------------------------------------------------------------------------
# Signs


@rule
def sign(program: Program, term: t.Term, premises: tuple[Theorem, ...]) -> Sequent:
    """Tell the sign of a term from the signs of its parts.

    ::

        -------   numbers; sizes,     ----------  exp, sigmoid,     -----------  relu,     ------------  r even
        ⊢ c > 0   at least one        ⊢ f(u) > 0  softplus, pi      ⊢ f(u) >= 0  abs, step   ⊢ u^r >= 0

        ⊢ a > 0   ⊢ b >= 0     ⊢ a > 0   ⊢ b > 0     ⊢ u > 0      ⊢ u != 0              ⊢ f(i) > 0
        ------------------     -----------------     ---------    ----------  r even    ----------------
            ⊢ a + b > 0            ⊢ a b > 0         ⊢ u^r > 0    ⊢ u^r > 0             ⊢ Σ_i f(i) > 0

    A sum is strict if one of its terms is. A product is >= if a factor is; of > and != it is !=, as is an odd power of
    what is != 0. Sizes are at least one, so that no sum over an index is empty.

    Raises:
        RuleError: if the premises are not the signs of the parts, in order, or do not decide.
    """
    signs, relation = {p.relation for p in premises}, ""
    parts, told = t.children(term), [p.left for p in premises]
    match term:
        case t.Number(value):
            relation = ">" if value > 0 else "!=" if value < 0 else ">="
        case t.Size():
            relation = ">"
        case t.Apply(function, _):
            relation, parts = ">" if function in POSITIVE else ">=" if function in NONNEGATIVE else "", ()
        case t.Power(_, exponent) if not premises:
            relation, parts = ">=" if exponent and exponent % 2 == 0 else "", ()
        case t.Power(_, exponent) if signs == {">"} or (signs == {"!="} and exponent.denominator == 1):
            relation = ">" if exponent % 2 == 0 else premises[0].relation
        case t.Plus() if signs <= {">", ">="}:
            relation = ">" if ">" in signs else ">="
        case t.Times() if signs <= {">", ">=", "!="} and not {">=", "!="} <= signs:
            relation = ">=" if ">=" in signs else "!=" if "!=" in signs else ">"
        case t.Sum(size, body) if signs in ({">"}, {">="}):
            fitting(told[0], t.opened(body, t.Index("__0", size)))
            relation, parts = premises[0].relation, (told[0],)
    need(relation and list(parts) == told, "sign", "not decided by these premises", term=term)
    return _resting(Sequent(program, t.Judgement(relation, term, t.ZERO)), *premises)


@rule
def sign_weaken(theorem: Theorem, relation: str) -> Sequent:
    """Weaken a strict sign.

    ::

        ⊢ u > 0             ⊢ u > 0
        ----------         ----------
        ⊢ u != 0            ⊢ u >= 0

    Raises:
        RuleError: for anything else.
    """
    need(theorem.relation == ">" and relation in {"!=", ">="}, "sign_weaken", "only > is weakened, to != or >=")
    return theorem.sequent._replace(conclusion=t.Judgement(relation, theorem.left, t.ZERO))


@rule
def sign_equal(equation: Theorem, signed: Theorem) -> Sequent:
    """Carry a sign over an equation.

    ::

        ⊢ a = b    ⊢ b > 0
        --------------------     likewise for >= and !=
             ⊢ a > 0

    Raises:
        RuleError: if the sign is not one of the right side.
    """
    fits = equation.relation == "=" and signed.relation in {">", ">=", "!="} and equation.right == signed.left
    need(fits, "sign_equal", "not an equation and a sign of its right side", signed=signed)
    return _resting(signed.sequent._replace(conclusion=t.Judgement(signed.relation, equation.left, t.ZERO)), equation)


# ---------------------------------------------------------------------------------------------------------------------
# The two programs, and the last word


@rule
def separable(program: Program, sample: t.Entry, premises: tuple[Theorem, ...]) -> Sequent:
    """Say that loss[n] of the batch program is the loss of the single-sample program at sample n.

    ::

        ⊢ body_u = body_u of the single-sample program, at n     (for each u where the two are not the same term)
        ----------------------------------------------------------------------------------------------------------
                                 ⊢ loss[n] separable

    By induction along the program: each definition has the value, at n, that the single-sample program gives it.

    Raises:
        RuleError: if the term is not loss[n], a definition differs and its premise is missing or is another equation, a
            premise is left over or of another program, or its hypotheses are about more than data.
    """
    need(sample.tensor == "loss" and sample.indices, "separable", "expected loss[n]", sample=sample)
    [n], rest = t.letters(sample), list(premises)
    for definition in w.single(program).definitions:
        batch = program.bodies[definition.name]
        here = t.renamed(batch.body, {i: n for i in batch.letters if i.size == program.batch})
        there = w.lifted(program, definition.body, n)
        same = here == there or (rest and rest.pop(0).conclusion == t.Judgement("=", here, there))
        need(same, "separable", f"{definition.name} is not shown to be the same", batch=here, single=there)
    need(not rest, "separable", "a premise too many", premises=rest)
    sides = [side for p in premises for h in p.hypotheses for side in (h.left, h.right)]
    free = all(program.tensors[name].kind == "data" for side in sides for name in w.reached(program, side))
    need(free, "separable", "a premise under hypotheses about more than data", premises=premises)
    apart = t.Judgement("separable", sample, t.ONE)
    return _resting(Sequent(program, apart, uses=frozenset(program.bodies)), *premises)


@rule
def lift(apart: Theorem, theorem: Theorem) -> Sequent:
    """Speak of sample n what holds for the single-sample program.

    ::

        ⊢ loss[n] separable      ⊢ a = b in the single-sample program
        ----------------------------------------------------------------
                     ⊢ a = b at sample n, in the batch program

    If definitions were shown to be the same by equations, the theorem and its hypotheses may hold no derivative but
    total ones with respect to parameters: only those are the same function of the same variable.

    Raises:
        RuleError: if the first is not what ``separable`` made, the second not an equation of its single-sample
            program, it mentions the letter n, or it holds a derivative that it may not.
    """
    sides = [side for j in (theorem.conclusion, *theorem.hypotheses) for side in (j.left, j.right)]
    need(apart.rule == "separable" and theorem.relation == "=", "lift", "not separable, or not an equation")
    program, [n] = apart.program, t.letters(apart.left)
    need(theorem.program == w.single(program), "lift", "the equation is of another program")
    need(all(n not in t.letters(side) for side in sides), "lift", "the letter is taken", letter=n)
    for part in (p for side in sides for p in t.subterms(side) if isinstance(p, t.Partial) and apart.arguments[2]):
        kept = part.total and program.tensors[part.wrt.tensor].kind == "parameter"
        need(kept, "lift", "a derivative that the equations do not carry over", partial=part)
    moved = frozenset(t.closure(h.map(lambda u: w.lifted(program, u, n))) for h in theorem.hypotheses)
    lifted = theorem.conclusion.map(lambda u: w.lifted(program, u, n))
    return _resting(Sequent(program, lifted, moved, frozenset(program.bodies)), apart)


@rule
def state(theorem: Theorem, signs: tuple[Theorem, ...]) -> Sequent:
    """State a theorem: add where everything that it speaks of is defined, and drop the hypotheses that are proved.

    ::

        H ⊢ J      G_k ⊢ S_k
        -------------------------------------     each S_k is among the hypotheses when its turn comes
        H ∪ D(J) ∪ G_1 .. minus S_1 .. ⊢ J

    What the proofs of the S_k use counts as used: else a definition could pass for an equation of free tensors.

    Raises:
        RuleError: if a sign is not among the hypotheses, or belongs to another program.
    """
    under = set(theorem.hypotheses | w.defined(theorem.program, theorem.conclusion))
    for known in signs:
        proved = t.closure(known.conclusion)
        need(proved in under and known.program == theorem.program, "state", "not a hypothesis", sign=known.conclusion)
        under = under - {proved} | known.hypotheses
    return theorem.sequent._replace(hypotheses=frozenset(under), uses=theorem.uses.union(*(s.uses for s in signs)))
