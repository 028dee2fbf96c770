"""The clipped mean as a theorem: from norms by factors, what is computed is the clipped mean of the gradients.

The norm to clip to is a number that no program has, so the theorem is about the program with one datum more, ``clip``,
which is derived again; it has a goal and a certificate of its own.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from symgrad.calculus import rewrite as rw
from symgrad.calculus.certificate import write_certificate, write_goal
from symgrad.calculus.factored import rows_and_norms
from symgrad.calculus.signs import stated
from symgrad.errors import InputError
from symgrad.kernel import rules
from symgrad.kernel import terms as t
from symgrad.kernel.functions import inverse
from symgrad.kernel.program import Tensor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from symgrad.calculus.derivation import Derivation
    from symgrad.kernel.theorem import Theorem
    from symgrad.lang.model import Model


@dataclass(frozen=True)
class Clipping:
    """What was proved of the clipped mean.

    Attributes:
        statements: the theorems, by parameter.
        told: what a header says of them, a line each.
        goal: the statements as the checker reads them.
        certificate: their proofs.
    """

    statements: dict[str, Theorem]
    told: tuple[str, ...]
    goal: str = field(repr=False)
    certificate: str = field(repr=False)


def clip(derivation: Derivation) -> Clipping:
    """Prove the clipped mean of a derivation's model, for every parameter.

    ::

        Σ_n c[n] · (clip / max(|g[n]|, clip)) · g[n]  =  the same, with |g[n]| and g[n] by their factors

    Raises:
        InputError: if the samples are coupled, or the objective is not a function of their losses.
    """
    from symgrad.calculus.engine import derive

    name = next(name for name in _names() if name not in derivation.model.program.tensors)
    extended = derive(_extended(derivation.model, name))
    rows, norms, weight = rows_and_norms(extended)
    scale = _scale(norms, t.Entry(name, ()))
    n = extended.model.batch
    [own] = t.letters(weight.left)
    weight = rules.congruence(weight, t.renamed(weight.left, {own: n}), ())
    statements: dict[str, Theorem] = {}
    for parameter, row in rows.items():
        left: t.Term = t.sigma(n, t.Times((weight.left, scale.left, row.left)))
        done: Theorem | None = None
        for k, step in enumerate((weight, scale, row)):
            done = rw.chained(done, rw.replace(step, rw.result(done, left), (0, k)))
        if done is None:
            raise InputError(f"{derivation.model.name}: the clipped mean of {parameter} was not proved")
        statements[parameter] = stated(done, extended.model.assumptions)
    told = [(f"clipped {parameter}", theorem) for parameter, theorem in statements.items()]
    told = [*extended.statements.items(), *told]
    certificate = write_certificate(extended.model.program, told)
    lines = (
        f"the clipped mean of the gradients by {', '.join(statements)}, by the factor clip / max(|g|, clip), where "
        f"|g| > 0; certificate {json.loads(certificate)['sha256'][:16]}, of the model with {name} among its data",
        "not said by a theorem: that this factor is min(1, clip / |g|), for which the kernel has no rule",
    )
    goal = write_goal(extended.model.program, extended.model.assumptions, told)
    return Clipping(statements, lines, goal, certificate)


def _names() -> Sequence[str]:
    return ("clip", *(f"clip{k}" for k in range(1000)))


def _extended(model: Model, name: str) -> Model:
    """The model with one datum more."""
    program = replace(model.program, inputs=(*model.program.inputs, Tensor(name, "data", ())))
    return replace(model, program=program, claims=())


def _scale(norms: Sequence[Theorem], limit: t.Term) -> Theorem:
    """``⊢ clip / max(|g|, clip) = the same``, with the square of the norm by factors."""
    squares = tuple(norm.left for norm in norms)
    total = squares[0] if len(squares) == 1 else t.Plus(squares)
    left: t.Term = t.Times((limit, inverse(t.Apply("max", (t.Power(total, Fraction(1, 2)), limit)))))
    done: Theorem | None = None
    for k, norm in enumerate(norms):
        place = (1, 0, 0, 0) if len(norms) == 1 else (1, 0, 0, 0, k)
        done = rw.chained(done, rw.replace(norm, rw.result(done, left), place))
    return done or rules.ring(norms[0].program, left, left)
