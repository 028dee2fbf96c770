"""The weights: dL/dtheta = sum_n c_n dl_n/dtheta + dR/dtheta, with c_n in closed form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from symgrad.calculus import numbers
from symgrad.calculus.normal import meet
from symgrad.kernel import terms as t
from symgrad.kernel.functions import inverse
from symgrad.kernel.program import reached
from symgrad.lang.text import Printer
from symgrad.oracles.balls import Point, Undefined, separated

if TYPE_CHECKING:
    from symgrad.calculus.tape import Tape
    from symgrad.kernel.theorem import Theorem
    from symgrad.lang.model import Model


def judge_weights(model: Model, tape: Tape | None, parameters: list[str]) -> tuple[dict[str, Any], Theorem | None]:
    """The entry ``weights``, and ``⊢ c[n] = 1/N`` if that holds.

    The kind is ``mean`` (1/N), ``sum`` (one), ``data`` (constant in the parameters), ``theta`` (shown to move with them
    by two evaluations on the same data) or ``none``, with the reason. With a remainder comes the per-sample loss that
    repairs the average.
    """
    key = f"c[{model.batch.name}]"
    if tape is None:
        return {key: "0", "kind": "none", "reason": "the objective does not use the losses"}, None
    program, weight = model.program, tape.weight_at(model.batch)
    if any(isinstance(p, t.Partial) for p in t.subterms(weight)):
        return {key: None, "kind": "none", "reason": "no closed form of the weight was found"}, None
    mean = meet(program, weight, inverse(t.Size(program.batch)))
    if mean is not None:
        kind = "mean"
    elif meet(program, weight, t.ONE) is not None:
        kind = "sum"
    elif not reached(program, weight) & set(parameters):
        kind = "data"
    else:
        kind = "theta" if _moves(model, weight) else "none"
    printer = Printer.of(model)
    found = {key: printer.text(weight), "kind": kind}
    if kind == "none":
        found["reason"] = "the weight depends on the parameters, and was not seen to move with them"
    if tape.failed:
        return found | {"kind": "none", "reason": "; ".join(f"{k}: {v}" for k, v in tape.failed.items())}, mean
    if any(kept.remainder != t.ZERO for name, kept in tape.kept.items() if name in parameters):
        found |= _remainder(model, printer, kind)
    return found, mean


def _moves(model: Model, weight: t.Term) -> bool:
    """Whether the weight takes two values on the same data: two evaluations that are certainly apart."""
    side = numbers.formula(model.program, weight)
    kinds = {i.name: i.kind for i in model.program.inputs}
    for point, other in zip(numbers.points(model, ()), numbers.points(model, (), seed=1), strict=False):
        mixed = {name: (point if kinds[name] == "data" else other).values[name] for name in kinds}
        try:
            if point.sizes == other.sizes and separated(
                side(point, {model.batch: 0}), side(Point(point.sizes, mixed), {model.batch: 0})
            ):
                return True
        except Undefined:
            continue
    return False


def _remainder(model: Model, printer: Printer, kind: str) -> dict[str, str]:
    """R, as the terms of the objective that do not use the losses, and the per-sample loss that repairs the average."""
    body = model.program.bodies["objective"].body
    terms = body.terms if isinstance(body, t.Plus) else ()
    parts = [p for p in terms if "loss" not in reached(model.program, p)]
    if not parts or kind not in {"mean", "sum"}:
        return {"reason": "the objective holds more than the losses"}
    rest = parts[0] if len(parts) == 1 else t.Plus(tuple(parts))
    share = rest if kind == "mean" else t.Times((rest, inverse(t.Size(model.program.batch))))
    return {"remainder": printer.text(rest), "repair": f"loss[{model.batch.name}] + {printer.text(share)}"}
