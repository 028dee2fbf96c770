"""The Coq development of a derivation: the model, what is claimed of it, and the proofs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from typing import TYPE_CHECKING

from symgrad.calculus.identity import PROVED
from symgrad.export.coq.counterexamples import Counterexamples
from symgrad.export.coq.draft import Draft
from symgrad.export.coq.theorems import Theorems

if TYPE_CHECKING:
    from symgrad.calculus.derivation import Derivation
    from symgrad.export.coq.draft import Gradient


@dataclass(frozen=True)
class Development:
    """A derivation as Coq reads it.

    Attributes:
        text: the file, which needs the library ``Symgrad.v`` beside it.
        theorems: the names of the theorems, in order.
        missing: what could not be said in Coq, with the reason, a line each.
        added: hypotheses that the theorems of symgrad do not have.
        gradients: those of the theorems that say the printed gradients.
        name: of the file.
        by_interval: a second file, of theorems that need the library Interval; empty if there are none.
        bounded: the names of those theorems.
    """

    text: str
    theorems: tuple[str, ...]
    missing: tuple[str, ...]
    added: tuple[str, ...]
    gradients: tuple[Gradient, ...]
    name: str
    by_interval: str
    bounded: tuple[str, ...]


def library() -> str:
    """The text of ``Symgrad.v``, the library under every development."""
    return files("symgrad.export.coq").joinpath("Symgrad.v").read_text(encoding="utf-8")


def develop(derivation: Derivation) -> Development:
    """Write a derivation as a Coq development."""
    draft = Draft(derivation)
    proved = Theorems(draft)
    for parameter in [i.name for i in draft.program.inputs if i.kind == "parameter"]:
        draft.attempt(parameter, partial(proved.block, parameter))
    for number, (claim, judged) in enumerate(zip(draft.model.claims, derivation.claims, strict=True), 1):
        if judged["status"] == PROVED:
            draft.attempt(f"claim {number}", partial(proved.claim, number, claim))
    refuted = Counterexamples(draft, proved)
    refuted.refute()
    added = tuple(draft.equations.supposition(j) for j in draft.equations.added)
    return Development(
        _file(draft, refuted.outside()),
        tuple(draft.theorems),
        tuple(draft.missing),
        added,
        tuple(draft.gradients),
        draft.model.name,
        refuted.apart(),
        tuple(refuted.bounded),
    )


def _file(draft: Draft, outside: list[str]) -> str:
    model, names, printer, equations = draft.model, draft.names, draft.printer, draft.equations
    intro = "".join(f"    {line}\n" for line in model.introduction)
    claims = "\n\n".join(draft.statements)
    lines = [
        f"(** * {_plain(model.title)}\n\n{_plain(intro)}\n    Written by symgrad. Checked by coqc, with the "
        "library Symgrad.v beside it.\n    Every theorem holds for all sizes, all data and all parameters. *)\n",
        "From Coq Require Import Reals Lra Lia List.\nRequire Import Symgrad.\nOpen Scope R_scope.\n",
        "(** What is proved, in the order of the proofs. Derivatives are called d_loss_d_w and the like; they are\n    "
        f"defined below, as reverse mode finds them.\n\n{_plain(claims)} *)\n",
        f"Section {draft.section}.\n",
        "(** ** The model *)\n",
    ]
    sizes = dict.fromkeys(i.size for i in model.letters)
    lines.append(f"Variables {' '.join(map(names.of, sizes))} : nat.")
    for tensor in draft.program.inputs:
        if tensor.kind == "data":
            rank = len(tensor.shape)
            kind = f"{'nat -> ' * (rank - 1)}nat" if tensor.name in model.labels else f"{'nat -> ' * rank}R"
            lines.append(f"Variable {printer.called[tensor.name]} : {kind}.")
    lines.append("")
    own, derivatives = (
        [d for d in draft.written if (d.name in model.program.bodies) is mine] for mine in (True, False)
    )
    lines += [draft.definition(d, printer, draft.program) for d in own]
    lines.append("\n(** ** The parameters, and what is supposed *)\n")
    for tensor in draft.program.inputs:
        if tensor.kind == "parameter":
            lines.append(f"Variable {printer.called[tensor.name]} : {'nat -> ' * len(tensor.shape)}R.")
    lines += [f"Hypothesis size_{names.of(size)} : (0 < {names.of(size)})%nat." for size in sizes]
    # Those about an intermediate that is given stand where it is.
    lines += [f"Hypothesis {name} : {equations.supposition(j)}." for j, name in equations.hypotheses.items()]
    if derivatives:
        lines.append("\n(** ** The derivatives, as reverse mode finds them: each by those that stand above it *)\n")
        lines += [draft.definition(d, printer, draft.program) for d in derivatives]
    lines.append("\n(** ** The proofs *)\n")
    lines += equations.lemmas
    return "\n".join([*lines, *outside])


def _plain(text: str) -> str:
    """Text that may stand in a comment of Coq."""
    return text.replace("(*", "( *").replace("*)", "* )").replace('"', "'")
