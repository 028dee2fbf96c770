"""The derivation as a Coq development, checked by forward differentiation with dual numbers."""

from symgrad.export.coq.development import Development, develop, library
from symgrad.export.coq.run import check, version

__all__ = ["Development", "check", "develop", "library", "version"]
