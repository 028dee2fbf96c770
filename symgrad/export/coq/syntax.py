"""Formulas of Coq: what a kernel term is there, and how it prints.

A formula is a tree of tuples. Sums bind de Bruijn numbers, as in the kernel, so that two formulas that print with other
letters are one tree.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from symgrad.errors import SymgradError
from symgrad.kernel import terms as t
from symgrad.kernel.program import ancestors

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from symgrad.kernel.program import Program
    from symgrad.lang.model import Model

Formula = tuple[Any, ...]
Scope = dict[t.Index, str]

FUNCTIONS = {
    "exp": "exp",
    "log": "ln",
    "sin": "sin",
    "cos": "cos",
    "tanh": "tanh",
    "sigmoid": "sigmoid",
    "softplus": "softplus",
    "relu": "relu",
    "abs": "Rabs",
    "sign": "sign",
    "step": "step",
    "max": "Rmax",
    "min": "Rmin",
}
"""What each function of the kernel is called in the library."""

REDUCED = {t.Sum: "sumR", t.Largest: "maxR"}
"""What a term is called in the library that binds an index."""

HOLE = t.Entry("'", ())
"""Stands for the part of a term that an equation replaces."""

_KEYWORDS = """as at cofix else end exists exists2 fix for forall fun if in let match mod return then where with using
    Axiom Definition Fixpoint Hypothesis Lemma Ltac Proof Prop Qed Section Set SProp Theorem Type Variable Variables IF
    R S O I Z nat is_derive dual delta sumR maxR upd1 upd2 upd3 exp ln sqrt sin cos tanh sinh cosh sigmoid softplus relu
    Rabs sign step Rmax Rmin Rpower PI INR IZR Rinv Rplus Rmult Ropp Rminus Rdiv pow eq eq_refl eq_sym eq_trans f_equal
    id le lt ge gt not and or True False t z_ mean fact ring field lra lia
    upd4 nth nil cons put_in claimed neg pos nonneg nonpos nonzero cond given every_theorem lead"""


class NoLemmaError(SymgradError):
    """A derivation holds what the library has no lemma for; the message names it."""


@dataclass
class Names:
    """What everything is called in the development; a name that Coq or the library has is lengthened."""

    given: dict[str, str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=lambda: set(_KEYWORDS.split()))

    def fresh(self, wanted: str) -> str:
        """A name nobody has, like the one wanted."""
        stem = wanted.strip("_'").replace("'", "") or "a"
        name, number = (stem, 0) if not stem[0].isdigit() else (f"a{stem}", 0)
        while name in self.taken:
            number += 1
            name = f"{stem}_{number}"
        self.taken.add(name)
        return name

    def of(self, name: str) -> str:
        """The name of a tensor or size."""
        if name not in self.given:
            self.given[name] = self.fresh(name)
        return self.given[name]


def formula(term: t.Term) -> Formula:
    """The formula that stands for a kernel term.

    Raises:
        NoLemmaError: if the library has no word for it.
    """
    match term:
        case t.Number(value):
            if value < 0:
                return ("neg", formula(t.Number(-value)))
            whole = ("num", value.numerator)
            return whole if value.denominator == 1 else ("div", whole, ("num", value.denominator))
        case t.Size(name):
            return ("size", name)
        case t.Entry("'", ()):
            return ("hole",)
        case t.Entry(name, places):
            return ("entry", name, places)
        case t.Delta(left, right):
            return ("delta", left, right)
        case t.Plus(parts):
            return _sum_of(parts)
        case t.Times() if (positive := turned(term)) is not None:
            return ("neg", _product(positive))
        case t.Times(parts):
            return _product(parts)
        case t.Power(base, exponent):
            return _power(base, exponent)
        case t.Apply("pi", ()):
            return ("pi",)
        case t.Apply(function, arguments) if function in FUNCTIONS:
            return ("call", FUNCTIONS[function], *map(formula, arguments))
        case t.Sum(size, body) | t.Largest(size, body):
            return (REDUCED[type(term)], size, formula(body))
        case t.Apply(function, _):
            raise NoLemmaError(f"the library has no lemma for {function}")
    raise NoLemmaError("the library has no lemma for a derivative that has no closed form")


def turned(term: t.Term) -> tuple[t.Term, ...] | None:
    """The factors of the negative of a term that is written with a minus; None if it is not."""
    match term:
        case t.Number(value) if value < 0:
            return (t.Number(-value),)
        case t.Times((t.Number(value), *rest)) if value < 0 and rest:
            return tuple(rest) if value == -1 else (t.Number(-value), *rest)
    return None


def _sum_of(parts: tuple[t.Term, ...]) -> Formula:
    made: Formula | None = None
    for part in parts:
        positive = turned(part)
        if made is None:
            made = formula(part)
        elif positive is not None:
            made = ("sub", made, _product(positive))
        else:
            made = ("add", made, formula(part))
    return made or ("num", 0)


def _product(parts: Iterable[t.Term]) -> Formula:
    made: Formula | None = None
    for part in parts:
        if made is None:
            made = formula(part)
        elif isinstance(part, t.Power) and part.exponent < 0:
            made = ("div", made, _power(part.base, -part.exponent))
        else:
            made = ("mul", made, formula(part))
    return made or ("num", 1)


def _power(base: t.Term, exponent: Fraction) -> Formula:
    if exponent < 0:
        return ("inv", _power(base, -exponent))
    if exponent == 1:
        return formula(base)
    if exponent.denominator == 1:
        return ("pow", formula(base), exponent.numerator)
    if exponent.denominator == 2:
        root = ("call", "sqrt", formula(base))
        return root if exponent.numerator == 1 else ("pow", root, exponent.numerator)
    return ("call", "Rpower", formula(base), formula(t.Number(exponent)))


def filled(made: Formula, part: Formula) -> Formula:
    """The formula with its hole filled."""
    if made == ("hole",):
        return part
    if made[0] in {"entry", "delta"}:
        return made
    return tuple(filled(p, part) if isinstance(p, tuple) else p for p in made)


class Printer:
    """Prints formulas of one program.

    Attributes:
        heads: for each tensor, what stands before its indices: its name and the parameters that it depends on.
    """

    def __init__(
        self, model: Model, program: Program, names: Names, *, given: str = "", like: Printer | None = None
    ) -> None:
        """Print what speaks of ``program``.

        Args:
            model: gives the letters and the labels.
            program: gives the tensors.
            names: what everything is called.
            given: an intermediate that the program takes as given; what follows it has names of its own.
            like: the printer of the model's own program; the names of everything else are its.
        """
        self.model, self.names = model, names
        self.parameters = [i.name for i in program.inputs if i.kind == "parameter" or i.name == given]
        self.uses = {
            name: [p for p in self.parameters if p in ancestors(program, name) and name not in self.parameters]
            for name in program.tensors
        }
        self.called: dict[str, str] = {
            name: like.called[name]
            if like and not (given and given in ancestors(program, name))
            else names.fresh(f"{name}_of_{given}" if given and name != given else name)
            for name in program.tensors
        }

    def head(self, tensor: str, moved: Mapping[str, str]) -> str:
        """A tensor with the parameters that it depends on; ``moved`` has those that stand for something else."""
        if tensor in moved:
            return moved[tensor]
        return " ".join([self.called[tensor], *(moved.get(p, self.called[p]) for p in self.uses[tensor])])

    def text(self, made: Formula, scope: Scope, moved: Mapping[str, str] | None = None) -> str:
        """A formula, where letters are called as the scope says."""
        return self._print(made, scope, (), moved or {})[0]

    def term(self, term: t.Term, scope: Scope) -> str:
        """The formula of a kernel term, as an argument."""
        text, level = self._print(formula(term), scope, (), {})
        return text if level == 0 else f"({text})"

    def binder(self, size: str, taken: Iterable[str]) -> str:
        """A letter for a bound index."""
        used = set(taken)
        own = [i.name for i in self.model.letters if i.size == size]
        stem = size.lower()
        for name in (*own, *(f"{stem}{k}" for k in range(1, 100))):
            if name not in used and name not in self.names.taken:
                return name
        raise NoLemmaError("sums nested too deeply to be printed")

    def _print(self, made: Formula, scope: Scope, around: tuple[str, ...], moved: Mapping[str, str]) -> tuple[str, int]:
        def inner(part: Formula, most: int) -> str:
            text, level = self._print(part, scope, around, moved)
            return text if level <= most else f"({text})"

        def place(i: t.Position) -> str:
            return around[i] if isinstance(i, int) else scope[i]

        match made:
            case ("num", value):
                return str(value), 0
            case ("hole",):
                return "z_", 0
            case ("pi",):
                return "PI", 0
            case ("size", name):
                return f"INR {self.names.of(name)}", 10
            case ("entry", name, places) if name in self.model.labels:
                *own, last = map(place, places)
                label = " ".join([self.called[name], *own])
                return f"delta {f'({label})' if own else label} {last}", 10
            case ("entry", name, places):
                text = " ".join([self.head(name, moved), *map(place, places)])
                return text, 10 if " " in text else 0
            case ("delta", left, right):
                return f"delta {place(left)} {place(right)}", 10
            case ("add" | "sub" as operation, a, b):
                return f"{inner(a, 50)} {'+' if operation == 'add' else '-'} {inner(b, 49)}", 50
            case ("mul" | "div" as operation, a, b):
                return f"{inner(a, 40)} {'*' if operation == 'mul' else '/'} {inner(b, 30)}", 40
            case ("neg", a):
                return f"- {inner(a, 30)}", 35
            case ("inv", a):
                return f"/ {inner(a, 30)}", 35
            case ("pow", a, exponent):
                return f"{inner(a, 10)} ^ {exponent}", 30
            case ("call", function, *arguments):
                return " ".join([function, *(inner(a, 0) for a in arguments)]), 10
            case ("sumR" | "maxR" as reduced, size, body):
                letter = self.binder(size, (*scope.values(), *around))
                text, _ = self._print(body, scope, (letter, *around), moved)
                return f"{reduced} {self.names.of(size)} (fun {letter} => {text})", 10
        raise NoLemmaError(f"no way to print {made[0]}")
