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
RULES = MappingProxyType(_RULES)
"""Every inference rule by name."""

_TYPES = {"Program": (Program,), "Theorem": (Theorem,), "Judgement": (t.Judgement,), "Term": t.CONSTRUCTS, "str": (str,),
          "int": (int,)}  # fmt: skip


def _fits(value: object, kind: str) -> bool:
    if kind.startswith("tuple["):
        return type(value) is tuple and all(_fits(part, kind[6:-6]) for part in value)
    return type(value) in _TYPES[kind.removeprefix("t.")]


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
            need(_fits(argument, kind), name, f"expected a {kind}", got=type(argument).__name__)
        made = object.__new__(Theorem)
        for field, value in (("sequent", body(*arguments)), ("rule", name), ("arguments", arguments)):
            object.__setattr__(made, field, value)
        return made

    _RULES[name] = apply
    return apply


def fitting(pattern: t.Term, term: t.Term) -> dict[t.Index, t.Position]:
    """The letters of ``pattern`` that make it ``term``; numbers of sums around ``term`` can be letters too.

    Raises:
        RuleError: if no choice of letters does.
    """
    binding: dict[t.Index, t.Position] = {}

    def fits(a: Any, b: Any, depth: int) -> bool:
        if isinstance(a, t.Index):
            if isinstance(b, int) and b < depth:
                return False
            index = b - depth if isinstance(b, int) else b
            return bool(binding.setdefault(a, index) == index)
        if type(a) is not type(b):
            return False
        if isinstance(a, t.Term):
            a, b, depth = [[getattr(x, s) for s in a.__slots__] for x in (a, b)] + [depth + isinstance(a, t.Sum)]
        if isinstance(a, tuple | list):
            return len(a) == len(b) and all(fits(x, y, depth) for x, y in zip(a, b, strict=True))
        return bool(a == b)

    need(fits(pattern, term, 0), "fitting", "the terms differ in more than letters", pattern=pattern, term=term)
    return binding
