"""Wrong closed forms: one change each, in a number, a sign, a letter, a power or a term."""

from fractions import Fraction

from symgrad.kernel import terms as t


def mutants(term, letters):
    """Terms that differ from ``term`` in one place; ``letters`` may stand in place of one another."""
    match term:
        case t.Number(value):
            yield t.Number(value + 1)
            yield t.Number(-value)
        case t.Entry(name, places):
            for k, place in enumerate(places):
                for other in letters:
                    if isinstance(place, t.Index) and other.size == place.size and other != place:
                        yield t.Entry(name, (*places[:k], other, *places[k + 1 :]))
        case t.Power(base, exponent):
            yield t.Power(base, exponent + 1)
        case t.Plus(parts) if len(parts) > 1:
            yield parts[0]
            yield t.Plus((*parts[:-1], t.Times((t.MINUS, parts[-1]))))
        case t.Times(parts) if len(parts) > 1:
            yield t.Times((t.Number(Fraction(2)), *parts))
            yield parts[0] if len(parts) == 2 else t.Times(parts[:-1])
    for k, part in enumerate(t.children(term)):
        for made in mutants(part, letters):
            rest = list(t.children(term))
            rest[k] = made
            yield t.rebuilt(term, rest)


def judged(name, gradient, text):
    """A theorem that a derivative is what ``text`` says, if that equals its closed form by the laws of a field."""
    proof = f"eq_trans ({gradient.closed} : {gradient.called} = {gradient.text(gradient.right)}) ltac:(close_ring)"
    return f"Definition {name}{gradient.binders} : {gradient.called} = {text} := {proof}."


def batch(development, most):
    """The development with up to ``most`` wrong theorems for each gradient, each under ``Fail``; and how many.

    coqc accepts the file only if each of them fails. The right theorem stands beside them in the same words, without
    ``Fail``: so it is the formula that makes the others fail, and not the way in which they are put.
    """
    tried, lines = 0, []
    for number, g in enumerate(development.gradients):
        right = g.text(g.right)
        seen = {right}
        lines.append(judged(f"right_{number}", g, right))
        for wrong in mutants(g.right, t.letters(g.right)):
            text = g.text(wrong)
            if text not in seen and len(seen) <= most:
                seen.add(text)
                tried += 1
                lines.append(f"Fail {judged(f'wrong_{tried}', g, text)}")
    before, end, after = development.text.partition("End Derivation.\n")
    return before + "\n".join([*lines, ""]) + end + after, tried
