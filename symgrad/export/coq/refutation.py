"""Refutations: a claim said of all sizes, data and parameters, and the numbers at which it fails.

Where both sides come to rational numbers there, the proof is exact algebra and stands in the development. Where they
do not, they are kept apart by Coq's library Interval, in a file of its own, so that the development needs no library.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from symgrad.export.coq.syntax import NoLemmaError
from symgrad.kernel import terms as t
from symgrad.oracles.balls import Evaluator, Point
from symgrad.oracles.points import every, free_letters

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from symgrad.export.coq.syntax import Printer
    from symgrad.kernel.program import Program, Tensor
    from symgrad.kernel.terms import Judgement
    from symgrad.lang.model import Model

BY_INTERVAL = """From Coq Require Import Reals Lra Lia List.
From Interval Require Float.Specific_ops Float.Specific_stdz Interval.Float_full Tactics.Interval_helper.
Require Import Symgrad {name}.
Open Scope R_scope.

(** Bounds by the library Interval, calculated with Coq's integers. Its tactic [interval] calculates with the
    machine's, and would bring axioms about them. *)
Module Numbers := Specific_ops.SpecificFloat Specific_stdz.StdZRadix2.
Module Intervals := Float_full.FloatIntervalFull Numbers.
Module Bounds := Interval_helper.IntervalTacticAux Intervals.
Ltac bounded :=
  Bounds.do_interval (@None R) (@nil R) (Numbers.PtoP 64%positive) 10%nat 15%nat false false Interval_helper.itm_naive.
Ltac decided :=
  match goal with
  | |- context [Rlt_dec ?a ?b] => destruct (Rlt_dec a b) as [D|D]; [ | exfalso; apply D; bounded ]
  | |- context [Rlt_dec ?a ?b] => destruct (Rlt_dec a b) as [D|D]; [ exfalso; apply (Rlt_not_le _ _ D); bounded | ]
  | |- context [Rle_dec ?a ?b] => destruct (Rle_dec a b) as [D|D]; [ | exfalso; apply D; bounded ]
  | |- context [Rle_dec ?a ?b] => destruct (Rle_dec a b) as [D|D]; [ exfalso; apply (Rle_not_lt _ _ D); bounded | ]
  end.
Ltac by_interval :=
  unfold step, relu, sign, Rmax, Rmin, sigmoid, softplus, tanh, sinh, cosh, Rpower; repeat decided;
  first [ bounded | apply Rlt_not_eq; bounded | apply Rgt_not_eq; bounded ].
Ltac closed := first [ solve [ numbers_hold ] | by_interval ].
"""
"""What stands above refutations by Interval; ``name`` is that of the development."""

HOLDS = "at_numbers put_in closed"
"""The tactic that shows a hypothesis at numbers; ``closed`` says how it ends, by exact algebra or by bounds."""

_OURS = "sumR maxR delta upd1 upd2 upd3 upd4 nth INR Nat.eqb andb"
"""What is computed with at a point besides the definitions of the model."""


def told(term: t.Term, program: Program) -> set[str]:
    """The sizes and inputs that a term speaks of, directly or through definitions."""
    found: set[str] = set()
    for part in t.subterms(term):
        match part:
            case t.Size(size) | t.Sum(size, _) | t.Largest(size, _):
                found.add(size)
            case t.Entry(name, places):
                found |= {place.size for place in places if isinstance(place, t.Index) and place.size == name}
                found |= told(program.bodies[name].body, program) if name in program.bodies else {name}
    return found


def variables(model: Model, program: Program) -> list[tuple[str, str]]:
    """The sizes, data and parameters, each with its type, in the order in which a development declares them."""
    made = [(size, "nat") for size in dict.fromkeys(i.size for i in model.letters)]
    for kind in ("data", "parameter"):
        made += [(i.name, _kind(i, model)) for i in program.inputs if i.kind == kind]
    return made


def _kind(tensor: Tensor, model: Model) -> str:
    rank = len(tensor.shape)
    return f"{'nat -> ' * (rank - 1)}nat" if tensor.name in model.labels else f"{'nat -> ' * rank}R"


def number(value: Fraction | str) -> str:
    """A rational number."""
    value = Fraction(value)
    text = f"{abs(value.numerator)}" + (f" / {value.denominator}" if value.denominator > 1 else "")
    return f"(- ({text}))" if value < 0 else f"({text})" if "/" in text else text


def tensor(value: Any, labelled: bool) -> str:
    """A number, or nested lists of them, as a function of the indices; of a label's indicators, the label."""
    if not isinstance(value, list):
        return number(value)
    depth = _depth(value)
    letters = [f"i{k}" for k in range(depth - labelled)]
    if not letters:
        return f"{_label(value)}%nat"
    made, empty = _list(value, depth, labelled), "nil"
    for k, letter in enumerate(letters):
        made = f"nth {letter} {made} {('O' if labelled else '0') if k + 1 == len(letters) else empty}"
        made = f"({made})" if k + 1 < len(letters) else made
    return f"(fun {' '.join(letters)} => {made})"


def _depth(value: Any) -> int:
    return 1 + _depth(value[0]) if isinstance(value, list) else 0


def _label(indicators: list[str]) -> int:
    return [Fraction(v) for v in indicators].index(Fraction(1))


def _list(value: list[Any], depth: int, labelled: bool) -> str:
    if depth == 1 + labelled:
        parts = [f"{_label(v)}%nat" if labelled else number(v) for v in value]
    else:
        parts = [_list(v, depth - 1, labelled) for v in value]
    return f"({' :: '.join([*parts, 'nil'])})"


def point_of(witness: Mapping[str, Any]) -> Point:
    """The point that a witness describes."""
    values = {name: dict(_entries(value, ())) for name, value in (witness["data"] | witness["parameters"]).items()}
    return Point(dict(witness["sizes"]), values)


def with_values(witness: Mapping[str, Any], program: Program, name: str, given: str) -> Mapping[str, Any]:
    """A witness that gives the values of a definition at its point to a tensor called ``given``.

    Raises:
        NoLemmaError: if they are not rational.
    """
    point, definition = point_of(witness), program.bodies[name]
    evaluator = Evaluator(program, point)

    def values(letters: tuple[t.Index, ...], at: dict[t.Index, int]) -> Any:
        if letters:
            return [values(letters[1:], {**at, letters[0]: k}) for k in range(point.sizes[letters[0].size])]
        value = evaluator.value(t.Entry(name, definition.letters), at)
        if not isinstance(value, Fraction):
            raise NoLemmaError(f"at its counterexample {name} is no rational number")
        return str(value)

    return {**witness, "data": {**witness["data"], given: values(definition.letters, {})}}


def rests_on(text: str, lemmas: Iterable[str]) -> set[str]:
    """The names that stand in a text, and in the lemmas that it mentions, and so on."""
    texts = {stated[1]: said for said in lemmas if (stated := re.match(r"(?:Lemma|Theorem) (\S+)", said))}
    found: set[str] = set()
    todo = set(re.findall(r"[\w']+", text))
    while todo:
        found |= todo
        todo = {word for name in todo & texts.keys() for word in re.findall(r"[\w']+", texts[name])} - found
    return found


def _entries(value: Any, where: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], Fraction]]:
    if isinstance(value, list):
        for k, part in enumerate(value):
            yield from _entries(part, (*where, k))
    else:
        yield where, Fraction(value)


class Refutations:
    """Collects refuted statements; each is stated within the section, and refuted after it.

    Attributes:
        inside: the statements, and what they come to.
        after: the theorems that they are false.
        by_interval: those of them that need the library Interval.
    """

    def __init__(self, model: Model, program: Program, printer: Printer) -> None:
        self.model, self.program, self.printer = model, program, printer
        self.inside: list[str] = []
        self.after: list[str] = []
        self.by_interval: list[str] = []

    def beside(self, program: Program, printer: Printer) -> Refutations:
        """Refutations about another program, which stand in the same files."""
        other = Refutations(self.model, program, printer)
        other.inside, other.after, other.by_interval = self.inside, self.after, self.by_interval
        return other

    def applied(self, name: str, terms: Iterable[t.Term], sizes: Iterable[str] = ()) -> str:
        """A definition of the section, outside of it: with the sizes, data and parameters that it speaks of."""
        used = {*sizes}.union(*(told(term, self.program) for term in terms))
        return " ".join([name, *(self._called(v) for v, _ in variables(self.model, self.program) if v in used)])

    def _called(self, name: str) -> str:
        return self.printer.called.get(name) or self.printer.names.of(name)

    def alone(self, name: str, term: t.Term, sample: t.Index, letters: list[str]) -> str:
        """A definition of the section, outside of it, for batches of one: as a function of the sample and letters."""
        used, shapes = told(term, self.program), {i.name: i.shape for i in self.program.inputs}
        arguments = []
        for v, _ in variables(self.model, self.program):
            shape = shapes.get(v, ())
            if v == sample.size and v in used:
                arguments.append("1%nat")
            elif v in used and sample.size in shape:
                own = [f"i{k}" for k in range(len(shape) - (v in self.model.labels))]
                there = [letters[0] if shape[k] == sample.size else i for k, i in enumerate(own)]
                arguments.append(f"(fun {' '.join(own)} => {self._called(v)} {' '.join(there)})")
            elif v in used:
                arguments.append(self._called(v))
        return f"(fun {' '.join(letters)} => {' '.join([name, *arguments, *letters[1:]])})"

    def theorem(self, name: str, claimed: str, supposed: str, witness: Mapping[str, Any], reach: str) -> str:
        """State that a claim is false, and show where; ``reach`` is the tactic that goes there.

        Raises:
            NoLemmaError: if the counterexample leaves something open.
        """
        known = variables(self.model, self.program)
        sizes = [v for v, kind in known if kind == "nat" and v in witness["sizes"]]
        binders = " ".join(f"({self._called(v)} : {kind})" for v, kind in known)
        ranges = "".join(f"(0 < {self._called(v)})%nat -> " for v, _ in known if v in sizes)
        values = []
        for v, _ in known:
            if v in sizes:
                values.append(f"{witness['sizes'][v]}%nat")
            else:
                value = (witness["data"] | witness["parameters"]).get(v)
                if value is None:
                    raise NoLemmaError(f"its counterexample says nothing of {v}")
                values.append(tensor(value, v in self.model.labels))
        given = f"{supposed} ->\n    " if supposed else ""
        head = f"Theorem {name} :\n  ~ (forall {binders},\n    {ranges}{given}{claimed})."
        positive = " ltac:(lia)" * len(sizes) + (f" ltac:({HOLDS})" if supposed else "")
        start = f"{head}\nProof.\n  intros claimed.\n  specialize (claimed {' '.join(values)}{positive}).\n  {reach}\n"
        if witness["exact"]:
            left, right = number(witness["left"]), number(witness["right"])
            apart = f"refine (differ (p := {left}) (q := {right}) _ _ _ claimed); "
            self.after.append(f"{start}  {apart}[put_in; numbers | put_in; numbers | lra].\nQed.\n")
        else:
            self.by_interval.append(
                f"{start}  refine ((_ : _ <> _) claimed); clear claimed; put_in; by_interval.\nQed.\n"
            )
        return head

    def apart(self, name: str, opening: str) -> str:
        """The file of what needs the library Interval, if anything does, beside the development called ``name``."""
        if not self.by_interval:
            return ""
        title = "(** What is refuted by bounds on numbers that are not rational. *)\n"
        return "\n".join([title, BY_INTERVAL.format(name=name), opening, *self.by_interval])

    def opening(self, names: Iterable[str]) -> str:
        """The tactic that opens every definition of the development at a point."""
        return f"Ltac put_in := cbv beta iota zeta delta [{' '.join(names)} {_OURS}].\n"


def exactly(opening: str) -> str:
    """What stands above refutations by exact algebra."""
    return f"{opening}Ltac closed := numbers_hold.\n"


def rational(holding: Iterable[Judgement], program: Program, point: Point) -> bool:
    """Whether everything that these hypotheses speak of is a rational number at the point."""
    evaluator = Evaluator(program, point)
    return all(
        isinstance(evaluator.value(side, at), Fraction)
        for judgement in holding
        for at in every(free_letters(judgement), point.sizes)
        for side in (judgement.left, judgement.right)
    )
