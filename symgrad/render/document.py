"""From a derivation to its document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from symgrad.render.proof import proof_block
from symgrad.render.statement import Teller
from symgrad.render.tree import Document

if TYPE_CHECKING:
    from symgrad.render.source import Derivation


def document(derivation: Derivation) -> Document:
    """Tell a derivation: setting, assumptions, what is proved or refuted, the proof, and what was checked."""
    teller = Teller(derivation)
    blocks = [teller.setting(), teller.assumption(), teller.proposition(), *teller.outcomes()]
    proof = proof_block(derivation, teller.shaper, teller.labels)
    blocks += [block for block in (proof, teller.check()) if block is not None]
    model = derivation.model
    digest = str(getattr(derivation, "certificate_sha256", "") or "")
    kept = tuple(block for block in blocks if block is not None)
    return Document(model.name, model.title or model.name, model.introduction, model.sources, digest, kept)
