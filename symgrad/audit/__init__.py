"""What a person's own loss does in a batch: what is proved of it, what was measured on it, and what follows."""

from symgrad.audit.findings import Finding
from symgrad.audit.inspection import Audit, audit

__all__ = ["Audit", "Finding", "audit"]
