"""From a derivation to its document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from symgrad.render.outcome import Outcome
from symgrad.render.proof import proof_block
from symgrad.render.setting import Matter, Setting
from symgrad.render.statement import Statement
from symgrad.render.tree import Document

if TYPE_CHECKING:
    from symgrad.render.source import Derivation


def tell(derivation: Derivation) -> Document:
    """Tell a derivation: setting, assumptions, what is proved or refuted, the proof, and what was checked."""
    matter = Matter(derivation)
    statement, outcome = Statement(matter), Outcome(matter)
    setting = Setting(matter, statement.rows)
    proof = proof_block(derivation, matter.shaper, statement.stated, statement.labels)
    blocks = [setting.setting(), setting.assumption(), statement.block(), *outcome.remarks(), proof, outcome.check()]
    model = derivation.model
    kept = tuple(block for block in blocks if block is not None)
    return Document(model.name, model.title or model.name, model.introduction, model.sources, kept)
