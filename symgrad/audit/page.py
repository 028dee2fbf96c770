"""The page of an audit: what is differentiated, what was found, what is proved, and what was measured."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from symgrad.audit.findings import Weight
from symgrad.calculus.report import to_json
from symgrad.errors import InputError
from symgrad.lang.parser import parse_formula
from symgrad.render.outcome import Outcome
from symgrad.render.setting import Matter, Setting
from symgrad.render.tree import Block, Document, Items, Paragraph, Part, Table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from symgrad.audit.findings import Finding
    from symgrad.audit.inspection import Audit
    from symgrad.render.reasons import Text

_MARK = re.compile(r"\{([^{}]*)\}")

_WEIGHTS = {Weight.SERIOUS: "serious", Weight.BEWARE: "beware", Weight.KNOW: "good to know"}

_JUDGED = {
    "separable": "a sample's loss is its own",
    "identity": "the gradient is the mean of the samples'",
    "weights": "the weights of the samples are those of a",
}

_SIZE = re.compile(r"\bsize\((\w+)\)")
"""The language tells size(N) from a tensor N; a reader need not."""


def tell(audit: Audit) -> Document:
    """An audit as a document."""
    told = replace(audit.derivation, matrix={})  # the page speaks of entries, so it explains no matrix notation
    matter = Matter(told)
    setting, outcome, model = Setting(matter, ()), Outcome(matter), told.model
    origin = model.origin
    names = (
        _titled("What the parameters are", _table(origin.variables.items())) if origin and origin.variables else None
    )
    notes = tuple((f"{note[:1].upper()}{note[1:]}.",) for note in origin.notes) if origin else ()
    blocks = [
        setting.setting(),
        names,
        _titled(
            "The objective as it is differentiated",
            Table(tuple(((name,), _SIZE.sub(r"\1", value)) for name, value in audit.factors)),
        ),
        _found(audit, matter),
        _titled("Verdicts", _table(verdicts(audit))),
        *outcome.remarks(),
        _fit(audit),
        setting.assumption(),
        _titled("Held fixed or taken for granted by the import", Items(notes)) if notes else None,
        outcome.check(),
    ]
    title = f"Audit of {model.title or model.name}"
    return Document(
        model.name, title, model.introduction[:1], (), tuple(block for block in blocks if block is not None)
    )


def verdicts(audit: Audit) -> list[tuple[str, str]]:
    """What is asked of every loss, and the answer."""
    found = audit.derivation.verdicts
    rows = [(_JUDGED[name], found[name]["status"]) for name in ("separable", "identity")]
    return [*rows, (_JUDGED["weights"], str(audit.derivation.weights.get("kind")))]


def to_answer(audit: Audit) -> dict[str, Any]:
    """An audit as one JSON object: that of the derivation, and under ``audit`` what else was found."""
    fitted = audit.fitted
    return {
        **to_json(audit.derivation),
        "audit": {
            "notes": list(audit.derivation.model.origin.notes) if audit.derivation.model.origin else [],
            "variables": dict(audit.derivation.model.origin.variables) if audit.derivation.model.origin else {},
            "factors": dict(audit.factors),
            "findings": [
                {
                    "kind": finding.kind,
                    "weight": finding.weight.name.lower(),
                    "said": _unmarked(finding.said),
                    "evidence": [_unmarked(line) for line in finding.evidence],
                    "remedy": _unmarked(finding.remedy),
                }
                for finding in audit.findings
            ],
            "fit": None
            if fitted is None
            else {
                "samples": fitted.samples,
                "reported": fitted.reported,
                "differentiated": fitted.differentiated,
                "applied": fitted.applied,
            },
        },
    }


def _table(rows: Iterable[tuple[str, str]]) -> Table:
    return Table(tuple(((name,), value) for name, value in rows))


def _titled(title: str, *parts: Part) -> Block:
    return Block("audit", parts, (title,))


def _found(audit: Audit, matter: Matter) -> Block:
    if not audit.findings:
        return _titled("Findings", Paragraph(("None: the objective is the mean of losses of single samples.",)))
    parts: list[Part] = []
    for number, finding in enumerate(audit.findings, 1):
        parts.append(Paragraph(_words(finding.said, matter), (f"{number}. {_heading(finding)}",)))
        parts.append(Items(tuple(_words(line, matter) for line in finding.evidence)))
        if finding.remedy:
            parts.append(Paragraph(_words(finding.remedy, matter)))
    return _titled("Findings", *parts)


def _heading(finding: Finding) -> str:
    return f"{finding.kind.replace('_', ' ').capitalize()} ({_WEIGHTS[finding.weight]})"


def _fit(audit: Audit) -> Block | None:
    """What one step of ``fit`` reported and did."""
    fitted = audit.fitted
    if fitted is None:
        return None
    same = "the same" if fitted.agrees else f"{fitted.differentiated / fitted.reported:.6g} times that"
    rows: tuple[tuple[Text, str], ...] = (
        (("samples",), str(fitted.samples)),
        (("fit reports",), f"{fitted.reported:.7g}"),
        (("fit differentiates",), f"{fitted.differentiated:.7g}, {same}"),
        (("step at learning rate one",), f"{fitted.applied:.6g} times the gradient of what it differentiates"),
    )
    words = Paragraph(("Measured on a copy of the model, in one step of plain gradient descent:",))
    return _titled("What fit reports and what it differentiates", words, Table(rows))


def _words(text: str, matter: Matter) -> Text:
    """Words with their formulas; one that cannot be read back stands as it is."""
    found: list[Any] = []
    at = 0
    for mark in _MARK.finditer(text):
        found += [text[at : mark.start()], _formula(mark[1], matter)]
        at = mark.end()
    return tuple(piece for piece in (*found, text[at:]) if piece != "")


def _formula(text: str, matter: Matter) -> Any:
    left, equal, right = text.partition(" = ")
    try:
        shown = matter.shaper(parse_formula(right or left, matter.model))
    except InputError:
        return text
    if not equal:
        return shown
    return (
        text
        if left.startswith("c[")
        else matter.shaper.related(parse_formula(left, matter.model), parse_formula(right, matter.model))
    )


def _unmarked(text: str) -> str:
    return _MARK.sub(r"\1", text)
