"""What is said after the proposition: what was refuted or left open, the weights, and what a machine checked."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from symgrad.render.diagnosis import Diagnosis
from symgrad.render.setting import Matter, joined
from symgrad.render.shapes import Related, Symbol
from symgrad.render.source import coupled, vacuous
from symgrad.render.tree import Block, Grid, Paragraph, Part, Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from symgrad.lang.model import Claim
    from symgrad.render.reasons import Text

_JUDGED = {
    "separable": "The loss of a sample does not depend on the other samples of the batch",
    "identity": "The gradient of the objective is the mean of the per-sample gradients",
}
_ALONE = "The gradient of the objective is the mean of the gradients of the samples, each as a batch of one"
"""The identity where the samples are coupled."""

_REPORTED = {
    "per_sample": "The gradient of one sample",
    "tape": "Reverse mode keeps the samples apart",
    "batch": "The gradient of the batch",
}
_SIDES = {
    "separable": ("in the batch", "as a batch of one"),
    "identity": ("gradient of the objective", "mean over the samples"),
}


class Outcome:
    """Remarks and the machine check."""

    def __init__(self, matter: Matter) -> None:
        self.matter, self.derivation, self.model = matter, matter.derivation, matter.model
        self.given: dict[str, Any] = {}

    def remarks(self) -> list[Block]:
        """One for each statement that is not proved, and one for weights that are not those of the mean."""
        if why := vacuous(self.derivation):
            words = f"None of the statements is claimed, since all are undecided: {why.strip('. ')}."
            return [Block("remark", (Paragraph((words,)),))]
        blocks: list[Block | None] = []
        told = {**_JUDGED, **({"identity": _ALONE} if coupled(self.derivation) else {}), **_REPORTED}
        for name, words in told.items():
            verdict = self.derivation.verdicts.get(name, {})
            sides = _SIDES.get(name, ("left side", "right side"))
            blocks.append(self._outcome((words,), verdict, sides, expected=name in self.model.expected))
        blocks += [self.claim(k) for k in range(1, min(len(self.model.claims), len(self.derivation.claims)) + 1)]
        diagnosis = Diagnosis(self.matter)
        blocks += [diagnosis.coupling(), diagnosis.weights()]
        return [block for block in blocks if block is not None]

    def claim(self, number: int) -> Block | None:
        """A claim of the file, counted from one, that is not simply proved."""
        claim, verdict = self.model.claims[number - 1], self.derivation.claims[number - 1]
        said = ("The claim ", self.matter.shaper.related(claim.left, claim.right))
        if verdict.get("derived") == str(verdict.get("claim")).partition(" = ")[0]:
            verdict = {**verdict, "derived": ""}  # nothing was derived: the claim's left side stands as it is
        block = self._outcome(said, verdict, ("left side", "right side"), expected=claim.expect_refuted)
        if block is not None and verdict.get("hint"):
            return replace(block, parts=(*block.parts, self._hint(claim, verdict["hint"])))
        return block

    def _outcome(
        self, said: Text, verdict: Mapping[str, Any], sides: tuple[str, str], *, expected: bool
    ) -> Block | None:
        status = verdict.get("status")
        if status == "proved" and expected:
            surprise = Paragraph((*said, ": this is proved, although the file expects it to be refuted."))
            return Block("remark", (surprise,))
        if status not in {"refuted", "undecided"}:
            return None
        parameters = [name for name, found in verdict.get("by_parameter", {}).items() if found == status]
        words: list[Text] = [
            (self.matter.whole(self.matter.tensors[p]),) for p in parameters if p in self.matter.tensors
        ]
        where: Text = (", for ", *joined(words)) if words else ()
        known = f"is {status}, as the file expects" if expected and status == "refuted" else f"is {status}"
        pieces: list[Part] = [Paragraph((*said, *where, f": this {known}."))]
        open_ = "Reason: " if verdict.get("coupled") else "What could not be closed: "
        for key, start in (("reason", "Reason: "), ("residual", open_)):
            if verdict.get(key):
                pieces.append(Paragraph((f"{start}{str(verdict[key]).strip('. ')}.",)))
        if verdict.get("derived"):
            instead = ("The left side was derived to be ", Diagnosis(self.matter).formula(verdict["derived"]), ".")
            pieces.append(Paragraph(instead))
        if verdict.get("witness"):
            pieces += self._witness(verdict["witness"], sides)
        return Block("remark", tuple(pieces))

    def _witness(self, witness: Mapping[str, Any], sides: tuple[str, str]) -> list[Part]:
        """Values at which two sides differ, sample by sample; those of the witness before it are not told again."""
        given = {key: dict(witness.get(key) or {}) for key in ("sizes", "data", "parameters")}
        parameter = self.matter.tensors.get(str(witness.get("parameter")))
        where: Text = (", for ", self.matter.whole(parameter), ",") if parameter is not None else ()
        words = "At the values above" if given == self.given else "At these values"
        inexact: Text = (_INEXACT,) if witness.get("exact") is False else ()
        found: list[Part] = [Paragraph((words, *where, " the two sides differ.", *inexact))]
        rows = [((f"at {name}",), _value(value)) for name, value in dict(witness.get("at") or {}).items()]
        samples = list(witness.get("per_sample") or ())
        columns: list[tuple[Text, list[Any]]] = [(("gradient",), samples)] if samples else []
        if given != self.given:
            split = {name: self._by_sample(name, value) for name, value in given["data"].items()}
            columns = [((name,), values) for name, values in split.items() if values] + columns
            single = {name: value for name, value in given["data"].items() if not split[name]}
            single = {**given["sizes"], **single, **given["parameters"]}
            rows = [*(((str(name),), _value(value)) for name, value in single.items()), *rows]
        self.given = given
        found += [Table(tuple(rows))] if rows else []
        if columns:
            head: tuple[Text, ...] = (("sample",), *(name for name, _ in columns))
            cells = zip(*(values for _, values in columns), strict=True)
            found.append(Grid(head, tuple((str(n), *map(_value, row)) for n, row in enumerate(cells, 1))))
        numbers = [
            (sides[0], witness["left"]),
            ("mean of the gradients" if samples else sides[1], witness["right"]),
        ]
        numbers = numbers[::-1] if samples else numbers
        if witness.get("difference"):
            numbers.append(("difference", witness["difference"]))
        found.append(Table(tuple(((name,), _value(value)) for name, value in numbers)))
        if witness.get("tensorflow"):
            found.append(Paragraph((_computed(witness["tensorflow"]),)))
        return found

    def _by_sample(self, name: str, values: Any) -> list[Any]:
        """The entries of data for each sample; none if the data do not carry the samples once."""
        tensor = self.matter.tensors.get(name)
        shape = tensor.shape if tensor is not None else ()
        batch = self.model.program.batch
        if shape.count(batch) != 1:
            return []

        def at(part: Any, depth: int, sample: int) -> Any:
            return part[sample] if depth == 0 else [at(inner, depth - 1, sample) for inner in part]

        return [at(values, shape.index(batch), k) for k in range(_length(values, shape.index(batch)))]

    def _hint(self, claim: Claim, hint: Mapping[str, Any]) -> Paragraph:
        """What would make a refuted claim right."""
        subject = str(hint["subject"])
        change: Text = {
            "factor": ("With the right side times ", Diagnosis(self.matter).formula(subject)),
            "transpose": ("With the two indices of ", Diagnosis(self.matter).formula(subject), " swapped on the right"),
            "letters": (f"With the letters {subject} swapped on the right",),
        }[str(hint["kind"])]
        right = Diagnosis(self.matter).formula(hint["right"])
        repaired: Text = (right,)
        if not isinstance(right, str):
            left = self.matter.shaper.related(claim.left, claim.right).left
            repaired = (Related(left, "=", right),)
        return Paragraph((*change, " it is proved: ", *repaired, "."))

    def check(self) -> Block | None:
        """What a machine really did: the kernel, the checker if it ran, the numbers if they were measured."""
        pieces: list[Part] = []
        if self.derivation.proof:
            sizes = [self.model.program.batch, *(s for t in self.matter.tensors.values() for s in t.shape)]
            shown: list[Text] = [(Symbol(size, (), "size"),) for size in dict.fromkeys(sizes)]
            words: list[Any] = ["Every equation of the proof was derived by the kernel of symgrad, for symbolic "]
            words += [*joined(shown), "."]
            if self.derivation.checked:
                words += [" The certificate was accepted by a second program, in a process of its own."]
            pieces.append(Paragraph(tuple(words)))
        if (coq := self.derivation.by_coq) is not None:
            pieces.append(Paragraph((_by_coq(coq),)))
        if self.derivation.check_report is not None:
            pieces.append(Paragraph((_measured(self.derivation.check_report.to_json()),)))
        return Block("check", tuple(pieces)) if pieces else None


def _by_coq(report: Any) -> str:
    """What Coq did, in a sentence or two."""
    number = len(report.theorems)
    words = f"Coq {report.version} accepted {number} theorem{'s' if number > 1 else ''} about these gradients, "
    words += f"found by forward differentiation, under the axioms of its real numbers ({', '.join(report.axioms)})."
    if report.by_interval:
        words += f" For {len(report.by_interval)} of them, refuted by bounds, it needed its library Interval."
    return words + (f" It was not asked about: {'; '.join(report.missing)}." if report.missing else "")


def _measured(told: Mapping[str, Any]) -> str:
    """The numeric check in a sentence or two: nothing that is not in the report."""
    environment = told.get("environment") or {}
    name = {"tensorflow": "TensorFlow"}.get(str(told.get("backend")), str(told.get("backend")))
    words = f"Against automatic differentiation by {name} {environment.get('version', '')}".rstrip()
    words += f" ({told['dtype']})" if told.get("dtype") else ""
    words += f" the outcome is {told.get('outcome')}"
    if told.get("points"):
        words += f", at {told['points']} point{'s' * (told['points'] != 1)}"
    if isinstance(told.get("error_over_bound"), int | float):
        words += f"; the largest error is {told['error_over_bound']:.2g} of the rounding bound"
    if isinstance(told.get("ulp"), int | float):
        words += f", {told['ulp']:.2g} ulp"
    controls = told.get("controls")
    if isinstance(controls, dict) and controls.get("tried"):
        words += f". Of {controls['tried']} wrong formulas, {controls['rejected']} were rejected"
    if told.get("reason"):
        words += f". {str(told['reason']).strip('. ')}"
    return words + "."


def _length(values: Any, depth: int) -> int:
    return len(values) if depth == 0 else _length(values[0], depth - 1)


def _computed(told: Mapping[str, Any]) -> str:
    """What TensorFlow made of a counterexample."""

    def number(value: float) -> str:
        return f"{value + 0.0:.12g}"  # no negative zero

    words = f"TensorFlow {told['version']} (float64) computes {number(told['left'])} and {number(told['right'])}"
    words += " for the two sides"
    if told.get("per_sample"):
        words += f", and {', '.join(map(number, told['per_sample']))} sample by sample"
    return f"{words}: {'the same, up to rounding' if told['agrees'] else 'other numbers than these'}."


_INEXACT = (
    " No rational evaluation was found: a number with +/- is a ball that certainly contains the value, and the balls of"
    " the two sides do not meet."
)

_BALL = re.compile(r"\[(\S*) ?\+/- (\S+)\]")
_LONG = re.compile(r"(-?\d+)/(\d+)")


def _value(value: Any) -> str:
    """A value as it was found; a ball as its middle and radius, a long fraction with its first digits."""
    if isinstance(value, list | tuple):
        return "[" + ", ".join(str(v) if not isinstance(v, list | tuple) else _value(v) for v in value) + "]"
    text = str(value)
    if ball := _BALL.fullmatch(text):
        return f"{ball[1] or 0} +/- {ball[2]}"
    if (long := _LONG.fullmatch(text)) and len(text) > _READABLE:
        return f"{text} (about {Decimal(long[1]) / Decimal(long[2]):.6g})"
    return text


_READABLE = 16
"""Characters of a fraction that needs no decimals beside it."""
