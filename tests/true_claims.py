"""True claims: equations that hold, written in the ways in which people write the same thing."""

from dataclasses import replace
from fractions import Fraction

from symgrad.kernel.terms import (
    MINUS,
    ONE,
    Apply,
    Entry,
    Index,
    Number,
    Partial,
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
    renamed,
    sigma,
)
from symgrad.lang.model import Claim

TWO, HALF = Number(Fraction(2)), Number(Fraction(1, 2))


def inverse(term):
    return Power(term, Fraction(-1))


def minus(left, right):
    return Plus((left, Times((MINUS, right))))


def everywhere(change):
    """Apply a change to every subterm of a right side, innermost first."""

    def changed(term: Term) -> Term:
        if isinstance(term, Partial):
            return term
        made = rebuilt(term, [changed(part) for part in children(term)])
        return change(made) or made

    return changed


def reversed_order(term):
    match term:
        case Plus(parts) | Times(parts):
            return rebuilt(term, parts[::-1])


def grouped_to_the_right(term):
    match term:
        case Plus(parts) | Times(parts) if len(parts) > 2:
            return type(term)((parts[0], type(term)(parts[1:])))


def grouped_to_the_left(term):
    match term:
        case Plus(parts) | Times(parts) if len(parts) > 2:
            return type(term)((type(term)(parts[:-1]), parts[-1]))


def multiplied_out(term):
    match term:
        case Times(factors):
            for k, factor in enumerate(factors):
                if isinstance(factor, Plus):
                    return Plus(tuple(Times((*factors[:k], part, *factors[k + 1 :])) for part in factor.terms))
    return None


def turned_difference(term):
    """u - v as -(v - u)."""
    match term:
        case Plus(parts):
            return Times((MINUS, Plus(tuple(Times((MINUS, part)) for part in parts))))


def square_as_product(term):
    match term:
        case Power(base, exponent) if exponent == 2:
            return Times((base, base))


def sigmoid_by_exp(term):
    match term:
        case Apply("sigmoid", (u,)):
            return Times((Apply("exp", (u,)), inverse(Plus((ONE, Apply("exp", (u,)))))))


def sigmoid_by_negative_exp(term):
    match term:
        case Apply("sigmoid", (u,)):
            return inverse(Plus((ONE, Apply("exp", (Times((MINUS, u)),)))))


def sigmoid_reflected(term):
    match term:
        case Apply("sigmoid", (u,)):
            return minus(ONE, Apply("sigmoid", (Times((MINUS, u)),)))


def sigmoid_by_tanh(term):
    match term:
        case Apply("sigmoid", (u,)):
            return Times((HALF, Plus((ONE, Apply("tanh", (Times((HALF, u)),))))))


def tanh_by_sigmoid(term):
    match term:
        case Apply("tanh", (u,)):
            return minus(Times((TWO, Apply("sigmoid", (Times((TWO, u)),)))), ONE)


def tanh_reflected(term):
    match term:
        case Apply("tanh", (u,)):
            return Times((MINUS, Apply("tanh", (Times((MINUS, u)),))))


def exp_split(term):
    match term:
        case Apply("exp", (Plus((first, *rest)),)):
            tail = rest[0] if len(rest) == 1 else Plus(tuple(rest))
            return Times((Apply("exp", (first,)), Apply("exp", (tail,))))


def exp_inverted(term):
    match term:
        case Apply("exp", (u,)):
            return inverse(Apply("exp", (Times((MINUS, u)),)))


def step_reflected(term):
    """The same but at the kink, which no theorem speaks of."""
    match term:
        case Apply("step", (u,)):
            return minus(ONE, Apply("step", (Times((MINUS, u)),)))


def relu_by_step(term):
    match term:
        case Apply("relu", (u,)):
            return Times((u, Apply("step", (u,))))


def sum_split(term):
    match term:
        case Sum(size, Plus(parts)):
            return Plus(tuple(Sum(size, part) for part in parts))


def constants_into_sums(term):
    match term:
        case Times(factors):
            for k, factor in enumerate(factors):
                if isinstance(factor, Sum):
                    letter = Index("into_", factor.size)
                    rest = (*factors[:k], *factors[k + 1 :])
                    if all(not isinstance(i, int) for part in rest for i in free(part)):
                        return sigma(letter, Times((*rest, opened(factor.body, letter))))
    return None


def constants_out_of_sums(term):
    match term:
        case Sum(size, Times(factors)):
            fixed = [f for f in factors if 0 not in free(f)]
            moving = [f for f in factors if 0 in free(f)]
            letter = Index("out_", size)
            if fixed and moving and not any(isinstance(i, int) for i in free(term)):
                kept = [opened(f, letter) for f in moving]
                return Times((*(opened(f, letter) for f in fixed), sigma(letter, Times(tuple(kept)))))
    return None


def sums_exchanged(term):
    match term:
        case Sum(outer, Sum(inner, body)):
            return Sum(inner, Sum(outer, renamed(body, {0: 1, 1: 0})))


CHANGES = {
    function.__name__.replace("_", " "): everywhere(function)
    for function in (
        reversed_order,
        grouped_to_the_right,
        grouped_to_the_left,
        multiplied_out,
        turned_difference,
        square_as_product,
        sigmoid_by_exp,
        sigmoid_by_negative_exp,
        sigmoid_reflected,
        sigmoid_by_tanh,
        tanh_by_sigmoid,
        tanh_reflected,
        exp_split,
        exp_inverted,
        step_reflected,
        relu_by_step,
        sum_split,
        constants_into_sums,
        constants_out_of_sums,
        sums_exchanged,
    )
}


def variants(claim, program):
    """The claim and its rewritings, each with the name of what was done."""
    yield "as it is", claim
    for name, change in CHANGES.items():
        yield name, replace(claim, right=change(claim.right))
    yield "half of twice", replace(claim, right=Times((HALF, Times((TWO, claim.right)))))
    yield "something added and taken away", replace(claim, right=minus(Plus((claim.right, ONE)), ONE))
    yield "definitions put in", replace(claim, right=put_in(claim.right, program))
    size = Size(program.batch)
    yield "over and under the batch size", replace(claim, right=Times((size, claim.right, inverse(size))))
    new = {i: Index(f"{i.name}{k}q", i.size) for k, i in enumerate(letters_of(claim))}
    yield "letters renamed", Claim(*(renamed(side, new) for side in (claim.left, claim.right)))


def letters_of(claim):
    return tuple(dict.fromkeys((*letters(claim.left), *letters(claim.right))))


def put_in(term, program):
    """Every definition but the losses by its body, once."""
    if isinstance(term, Entry) and term.tensor in program.bodies and all(isinstance(i, Index) for i in term.indices):
        definition = program.bodies[term.tensor]
        return renamed(definition.body, dict(zip(definition.letters, term.indices, strict=True)))
    return term if isinstance(term, Partial) else rebuilt(term, [put_in(part, program) for part in children(term)])
