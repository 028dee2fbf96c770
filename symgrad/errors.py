"""Every exception that symgrad raises on purpose, with the exit code that the command line gives it."""

from __future__ import annotations


class SymgradError(Exception):
    """The root of all errors raised on purpose; one line of text."""

    exit_code = 70


class InputError(SymgradError):
    """Something the user wrote is not acceptable: a formula, a file, an option."""

    exit_code = 2


class IllFormedError(InputError):
    """A term that has no meaning: a wrong rank, an index of another size, an undeclared name."""


class RuleError(SymgradError):
    """An inference rule refused its arguments.

    Attributes:
        rule: name of the rule.
        reason: the side condition that failed.
    """

    def __init__(self, rule: str, reason: str, **shown: object) -> None:
        super().__init__(rule, reason)
        self.rule, self.reason, self.shown = rule, reason, shown

    def __str__(self) -> str:
        """The refusal and its culprits, written when somebody asks: conversions try rules that may refuse."""
        return f"{self.rule}: {self.reason}" + "".join(f"\n{name:>10}: {value}" for name, value in self.shown.items())


class LimitError(SymgradError):
    """A resource limit was reached: time, memory or the size of the input."""

    exit_code = 4


class MissingDependencyError(SymgradError):
    """An optional dependency is not installed; the text says how to get it."""

    exit_code = 4


class DisagreementError(SymgradError):
    """A numeric check that was required to agree did not."""

    exit_code = 1
