"""Judgements and theorems, and the one door through which a theorem is made.

Python cannot hide a constructor. So this file aims lower: an accidental forgery is impossible, a deliberate one is
visible in review, and the checker, a second program, replays every theorem from its recorded steps.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from types import MappingProxyType
from typing import Any, NamedTuple

from symgrad.errors import RuleError
from symgrad.kernel import terms as t
from symgrad.kernel.program import Program


class Sequent(NamedTuple):
    """What a rule concludes.

    Attributes:
        program: the program whose tensors it speaks of.
        hypotheses: closed judgements: each holds for all values of its letters.
        uses: definitions whose defining equation is used, so that their tensors are not independent variables in it.
        conclusion: the judgement.
    """

    program: Program
    hypotheses: frozenset[t.Judgement]
    uses: frozenset[str]
    conclusion: t.Judgement


class Theorem:
    """A sequent that rules have made; ``rule`` and ``arguments`` tell how."""

    __slots__ = ("arguments", "rule", "sequent")
    sequent: Sequent
    rule: str
    arguments: tuple[Any, ...]

    def __getattr__(self, name: str) -> Any:
        """The fields of the sequent and of its conclusion are those of the theorem."""
        return getattr(self.sequent if name in Sequent._fields else self.sequent.conclusion, name)

    def _refuse(self, *_: object) -> Any:
        raise TypeError("only an inference rule makes a theorem, and none changes or copies one")

    __init__ = __setattr__ = __reduce_ex__ = _refuse  # type: ignore[assignment]


_RULES: dict[str, Callable[..., Theorem]] = {}
# Every inference rule by name.
RULES = MappingProxyType(_RULES)


def need(condition: object, rule: str, reason: str, **shown: object) -> None:
    """Refuse unless the condition holds.

    Raises:
        RuleError: with the rule's name, the reason and the culprits.
    """
    if not condition:
        raise RuleError(rule, reason, **shown)


def rule(body: Callable[..., Sequent]) -> Callable[..., Theorem]:
    """Turn a function that concludes a sequent into an inference rule; the only maker of theorems."""
    name = body.__name__
    wanted = [kind for key, kind in body.__annotations__.items() if key != "return"]

    @wraps(body)
    def apply(*arguments: Any) -> Theorem:
        need(len(arguments) == len(wanted), name, f"takes {len(wanted)} arguments, got {len(arguments)}")
        for argument, kind in zip(arguments, wanted, strict=True):
            parts = argument if type(argument) is tuple else (argument,)
            genuine = "Theorem" not in kind or all(type(part) is Theorem for part in parts)
            need(genuine, name, f"expected a {kind}", got=type(argument).__name__)
        made = object.__new__(Theorem)
        for field, value in (("sequent", body(*arguments)), ("rule", name), ("arguments", arguments)):
            object.__setattr__(made, field, value)
        return made

    _RULES[name] = apply
    return apply


def fitting(pattern: t.Term, term: t.Term) -> dict[t.Index, t.Index]:
    """The letters of ``term``, of the same sizes, that make ``pattern`` it.

    Raises:
        RuleError: if no choice of letters does.
    """
    binding: dict[t.Index, t.Index] = {}

    def fits(a: Any, b: Any) -> bool:
        if type(a) is not type(b):
            return False
        if isinstance(a, t.Index):
            return bool(a.size == b.size and binding.setdefault(a, b) == b)
        if isinstance(a, t.Term):
            a, b = (tuple(getattr(x, s) for s in a.__slots__) for x in (a, b))
        return all(map(fits, a, b)) and len(a) == len(b) if isinstance(a, tuple) else bool(a == b)

    need(fits(pattern, term), "fitting", "the terms differ in more than letters", pattern=pattern, term=term)
    return binding
