"""What the weights of the samples are; where samples are coupled, how they meet, and what is true of either meaning."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from symgrad.errors import InputError
from symgrad.render.setting import Matter, joined
from symgrad.render.shapes import Gradient, Negative, Product, Shape, Summed, Sums, Symbol, number
from symgrad.render.source import coupled
from symgrad.render.tree import Block, Display, Paragraph, Part, Row, Table

if TYPE_CHECKING:
    from symgrad.render.reasons import Text

_KINDS = {
    "sum": "The objective adds the losses up: every per-sample gradient has the weight one.",
    "data": "The gradient of the objective is a weighted sum of the per-sample gradients. The weights do not depend on"
    " the parameters:",
    "theta": "The gradient of the objective is a weighted sum of the per-sample gradients. The weights depend on the"
    " parameters:",
}


class Diagnosis:
    """Remarks on weights and on coupled samples."""

    def __init__(self, matter: Matter) -> None:
        self.matter, self.derivation, self.model = matter, matter.derivation, matter.model

    def weights(self) -> Block | None:
        """The weights, unless they are those of the mean."""
        given = self.derivation.weights
        pieces: list[Part] = []
        if given.get("kind") == "none":
            why = str(given.get("reason", "")).strip(". ")
            words = f"No weights for the per-sample gradients were found{': ' + why if why else ''}."
            pieces.append(Paragraph((words,)))
        elif given.get("kind") in _KINDS:
            pieces += self._theorem(given)
        if given.get("moves"):
            pieces += self._moves(given["moves"])
        if given.get("no_fixed"):
            pieces += self._no_fixed(given["no_fixed"])
        if given.get("remainder"):
            pieces.append(
                Paragraph(("Besides the losses the objective holds the term ", self.formula(given["remainder"]), "."))
            )
        if given.get("repair"):
            words = "Repair: with this term in the loss of each sample, that is with "
            repaired = (words, self.formula(given["repair"]), " for ", self.matter.loss, ", the identity is restored.")
            pieces.append(Paragraph(repaired))
        return Block("remark", tuple(pieces)) if pieces else None

    def _theorem(self, given: Mapping[str, Any]) -> list[Part]:
        """The gradient as a weighted sum, for any parameter, and the weights in closed form."""
        text = next((str(value) for key, value in given.items() if key.startswith("c[")), "")
        batch, shape = self.model.batch, self.formula(text)
        left = Symbol(self._name("c", "omega", "kappa", "c_"), (batch.name,))
        words = Paragraph((_KINDS[str(given["kind"])],))
        if given["kind"] == "sum" or not text or given.get("remainder"):
            return [words]
        theta = Symbol(self._name("theta", "vartheta", "phi", "theta_"))
        slope = Gradient(self.matter.loss, theta)
        whole = Row(
            Gradient(Symbol("objective"), theta), Summed(batch.name, batch.size, Product((left, slope))), reason=()
        )
        if isinstance(shape, str):
            return [words, Display((whole,)), Table((((left,), text),))]
        return [words, Display((whole, Row(left, shape)), packed=True)]

    def _name(self, *names: str) -> str:
        return next(name for name in names if name not in self.matter.tensors)

    def _moves(self, moves: Mapping[str, Any]) -> list[Part]:
        """Two evaluations on the same data."""
        words = "On the same data, at two values of the parameters, the weight of the first sample takes two values"
        words += "." if moves["exact"] else ", certainly apart in ball arithmetic."
        rows = [*_held(moves), *_both(moves["parameters"]), (("weight",), _pair(moves["weights"]))]
        return [Paragraph((words,)), Table(tuple(rows))]

    def _no_fixed(self, given: Mapping[str, Any]) -> list[Part]:
        """Equations for fixed weights that contradict each other."""
        name = self._name("a", "alpha", "kappa", "a_")
        rows = []
        for equation in given["equations"]:
            slopes = [Fraction(slope) for slope in equation["per_sample"]]
            terms = tuple(_times(s, Symbol(name, (str(k),))) for k, s in enumerate(slopes, 1) if s or not any(slopes))
            left = Sums(terms) if len(terms) > 1 else terms[0]
            where = f"gradient by {equation['entry']}, at the {_ORDINALS[equation['point'] - 1]} parameters"
            rows.append(Row(left, number(Fraction(equation["batch"])), reason=(where,)))
        words = (
            "No fixed weights are right. At these data and parameters, weights of the samples that did not depend on"
            " the parameters would have to satisfy the equations below."
        )
        contradicted = Paragraph(("These equations contradict each other.",))
        table = Table((*_held(given), *_both(given["parameters"])))
        return [
            Paragraph((words,)),
            table,
            Display(tuple(rows)),
            contradicted,
        ]

    def coupling(self) -> Block | None:
        """How samples meet, and both meanings of the per-sample gradient with their verdicts."""
        verdicts = self.derivation.verdicts
        ways = verdicts.get("separable", {}).get("paths")
        if not ways:
            return None
        pieces: list[Part] = []
        for way in ways:
            steps: list[Text] = [(self.formula(step),) for step in way.split(" -> ")]
            through = joined(steps, ", then ") if len(steps) > 1 else steps[0]
            pieces.append(Paragraph(("Other samples reach ", self.matter.loss, " through ", *through, ".")))
        identity = verdicts.get("identity", {})
        rows, ones = (identity.get(key, {}).get("by_parameter", {}) for key in ("jacobian_rows", "batch_of_one"))
        if coupled(self.derivation) and rows and ones:
            words = (
                "So the gradient of one sample has two meanings: the row of the Jacobian, in which the batch stays as"
                " it is, and the gradient of the sample alone, as a batch of one. That the gradient of the objective"
                " is the mean of these is"
            )
            table = [
                ((self.matter.whole(self.matter.tensors[name]),), f"rows {rows[name]}, batches of one {ones[name]}")
                for name in rows
                if name in ones
            ]
            pieces += [Paragraph((words,)), Table(tuple(table))]
        return Block("remark", tuple(pieces))

    def formula(self, text: object) -> Shape | str:
        """A formula of the language; as it stands, if it cannot be read back."""
        from symgrad.lang.parser import parse_formula

        try:
            return self.matter.shaper(parse_formula(str(text), self.model))
        except InputError:
            return str(text)


def _times(factor: Fraction, symbol: Shape) -> Shape:
    size = symbol if abs(factor) == 1 else Product((number(abs(factor)), symbol))
    return Negative(size) if factor < 0 else size


_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")


def _held(given: Mapping[str, Any]) -> list[tuple[Text, str]]:
    """Sizes and data."""
    return [((str(name),), plain(value)) for group in ("sizes", "data") for name, value in given[group].items()]


def _both(parameters: Iterable[Mapping[str, Any]]) -> list[tuple[Text, str]]:
    """What each parameter is at each of several points."""
    several = list(parameters)
    return [((name,), _pair(point[name] for point in several)) for name in several[0]]


def _pair(values: Iterable[Any]) -> str:
    return " and ".join(map(plain, values))


def plain(value: Any) -> str:
    """A value as it was found."""
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(plain, value)) + "]"
    return str(value)
