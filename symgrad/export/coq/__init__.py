"""The derivation as a Coq development, checked by forward differentiation with dual numbers."""

from symgrad.export.coq.development import Development, develop, library

__all__ = ["Development", "develop", "library"]
