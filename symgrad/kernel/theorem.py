"""Judgements and theorems, and the one door through which a theorem is made.

Python cannot hide a constructor. So this file aims lower: an accidental forgery is impossible, a deliberate one is
visible in review, and the checker, a second program, replays every theorem from its recorded steps.
"""

from collections.abc import Callable
from functools import wraps
from types import MappingProxyType
from typing import Any, NamedTuple, get_args, get_origin

from symgrad.errors import RuleError
from symgrad.kernel import terms as t
from symgrad.kernel.program import Program, check_program, check_term


class Sequent(NamedTuple):
    """What a rule concludes.

    Attributes:
        program: the program whose tensors it speaks of.
        conclusion: the judgement.
        hypotheses: closed judgements: each holds for all values of its letters.
        uses: definitions whose defining equation is used, so that their tensors are not independent variables in it.
    """

    program: Program
    conclusion: t.Judgement
    hypotheses: frozenset[t.Judgement] = frozenset()
    uses: frozenset[str] = frozenset()


class Theorem:
    """A sequent that rules have made; ``rule`` and ``arguments`` tell how."""

    __slots__ = ("arguments", "rule", "sequent")
    sequent: Sequent
    rule: str
    arguments: tuple[Any, ...]

    def __getattr__(self, name: str) -> Any:
        """The fields of the sequent and of its conclusion are those of the theorem."""
        return getattr(self.sequent if name in Sequent._fields else self.sequent.conclusion, name)

    def __repr__(self) -> str:
        return f"{', '.join(sorted(map(str, self.hypotheses)))} ⊢ {self.conclusion}".strip()

    def _refuse(self, *_: object) -> Any:
        raise TypeError("only an inference rule makes a theorem, and none changes or copies one")

    __init__ = __setattr__ = __delattr__ = __reduce_ex__ = _refuse


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


def _genuine(argument: object, kind: Any) -> bool:
    """Whether an argument is exactly of the kind annotated: no look-alike, no list for a tuple, no bool for an int."""
    if get_origin(kind) is tuple:
        return type(argument) is tuple and all(_genuine(part, get_args(kind)[0]) for part in argument)
    return type(argument) in (t.CONSTRUCTS if kind is t.Term else (kind,))


def rule(body: Callable[..., Sequent]) -> Callable[..., Theorem]:
    """Turn a function that concludes a sequent into an inference rule; the only maker of theorems.

    The rule is told only genuine objects, a checked program and terms that have a meaning in it, and what it concludes
    is checked again.
    """
    *kinds, _ = body.__annotations__.values()
    name, wanted = body.__name__, f"expected {', '.join(map(str, kinds))}"

    @wraps(body)
    def apply(*arguments: Any) -> Theorem:
        genuine = len(arguments) == len(kinds) and all(map(_genuine, arguments, kinds))
        need(genuine, name, wanted, got=arguments)
        program = check_program(getattr(arguments[0], "program", arguments[0]))
        for part in (p for a in arguments for p in (a if type(a) is tuple else (a,)) if isinstance(p, t.Term)):
            check_term(program, part)
        sequent = body(*arguments)
        check_term(sequent.program, t.Plus((sequent.conclusion.left, sequent.conclusion.right)))
        made: Theorem = object.__new__(Theorem)
        for field, value in (("sequent", sequent), ("rule", name), ("arguments", arguments)):
            object.__setattr__(made, field, value)
        return made

    return _RULES.setdefault(name, apply)


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
        a, b = (a.fields(), b.fields()) if isinstance(a, t.Term) else (a, b)
        return len(a) == len(b) and all(map(fits, a, b)) if isinstance(a, tuple) else bool(a == b)

    need(fits(pattern, term), "fitting", "the terms differ in more than letters", pattern=pattern, term=term)
    return binding
