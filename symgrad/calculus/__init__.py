"""How proofs are found: SymPy proposes, conversions rewrite, the kernel proves."""

from symgrad.calculus.derivation import Derivation, Verdict
from symgrad.calculus.engine import derive

__all__ = ["Derivation", "Verdict", "derive"]
