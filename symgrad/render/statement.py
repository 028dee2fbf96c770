"""What is said around the proof: setting, assumptions, proposition, refutations and the machine check."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from symgrad.kernel.terms import Entry, Index, Partial, Power, Size, Sum, Term, Times, closed, letters
from symgrad.render.reasons import Ref, Text
from symgrad.render.shapes import (
    Called,
    Derivative,
    Gradient,
    Integer,
    Negative,
    Quotient,
    Related,
    Shape,
    Space,
    Summed,
    Sums,
    Symbol,
    parts,
)
from symgrad.render.shaping import Shaper, matrix_shape
from symgrad.render.tree import Block, Display, Items, Paragraph, Part, Row, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from symgrad.kernel.program import Tensor
    from symgrad.render.source import Derivation, Formula

_STATEMENTS = {
    "separable": "that the loss of a sample does not depend on the other samples of the batch",
    "identity": "that the gradient of the objective is the mean of the per-sample gradients",
}


def joined(pieces: Sequence[Text], last: str = " and ") -> Text:
    """Pieces as an enumeration."""
    found: list[str | Shape | Ref] = []
    for k, piece in enumerate(pieces):
        found += [*([] if k == 0 else [last if k == len(pieces) - 1 else ", "]), *piece]
    return tuple(found)


class Teller:
    """Words and displays for one derivation."""

    def __init__(self, derivation: Derivation) -> None:
        self.derivation, self.model = derivation, derivation.model
        single = getattr(derivation.single, "program", None)
        programs = [self.model.program, *([single] if single is not None else [])]
        self.shaper = Shaper(self.model.letters, programs)
        self.tensors = self.model.program.tensors
        self.ranks = {name: len(tensor.shape) for name, tensor in self.tensors.items()}
        self.whole = {name: name for name in self.tensors}
        for symbol in {s for form in derivation.matrix.values() for s in _symbols(form.tree)} - set(self.tensors):
            for name in self.tensors:
                if name.upper() == symbol or name[:1].upper() + name[1:] == symbol:
                    self.whole[name], self.ranks[symbol] = symbol, self.ranks[name]
        self.labels: list[str] = []
        self.statement = self._statement()

    # --- setting -----------------------------------------------------------------------------------------------------

    def setting(self) -> Block:
        """Sizes, data, parameters, definitions and notation."""
        program = self.model.program
        sizes = list(dict.fromkeys(s for t in self.tensors.values() for s in t.shape))
        sizes += [i.size for i in self.model.letters if i.size not in sizes]
        shown: list[Text] = [(Symbol(size, (), "size"),) for size in dict.fromkeys([program.batch, *sizes])]
        words: list[Any] = ["Let ", *joined(shown), " be arbitrary integers, each at least one. "]
        data = [t for t in program.inputs if t.kind == "data"]
        parameters = [t for t in program.inputs if t.kind == "parameter"]
        if data:
            words += ["The data are ", *joined([self._typed(t) for t in data]), "; the "]
        else:
            words += ["The "]
        words += ["parameters are ", *joined([self._typed(t) for t in parameters])]
        words += [". " if parameters else "none. ", "For each sample ", self._letter(self.model.batch), " put"]
        rows = []
        for definition in program.definitions:
            avoid = {i.name for i in definition.letters}
            left = self.shaper(Entry(definition.name, definition.letters))
            rows.append(Row(left, self.shaper(definition.body, avoid=avoid), ":="))
        drawn = [shape for row in [*rows, *self.statement] for shape in parts(row.right)]
        functions = self._functions(drawn)
        pieces: list[Part] = [Paragraph(tuple(words)), Display((*rows, *functions), packed=True)]
        return Block("setting", (*pieces, Paragraph(self._conventions(drawn))))

    def _typed(self, tensor: Tensor) -> Text:
        rank = len(tensor.shape)
        if rank == 0:
            return (Related(Symbol(tensor.name), "in", Space(())),)
        whole = self.whole[tensor.name]
        space = Related(Symbol(whole, (), "vector" if rank == 1 else "matrix"), "in", Space(tensor.shape))
        if whole == tensor.name:
            return (space,)
        return (space, " with entries ", Symbol(tensor.name, self._indices(tensor)))

    def _indices(self, tensor: Tensor) -> tuple[str, ...]:
        used: set[str] = set()
        for size in tensor.shape:
            own = [i.name for i in self.model.letters if i.size == size and i.name not in used]
            used.add(own[0] if own else self.shaper.fresh(size, used))
        names: list[str] = []
        for size in tensor.shape:
            own = [i.name for i in self.model.letters if i.size == size and i.name not in names]
            names.append(own[0] if own else self.shaper.fresh(size, names))
        return tuple(names)

    @staticmethod
    def _letter(letter: Index) -> Shape:
        return Symbol(letter.name, (), "letter")

    def _functions(self, drawn: Iterable[Shape]) -> list[Row]:
        """Definitions of the functions that are not common knowledge."""
        used = {(s.function, s.spelled) for s in drawn if isinstance(s, Called)}
        t = Symbol(next(c for c in ("t", "u", "s", "r", "v") if c not in self.shaper.names))
        exp, one = Called("exp", (t,)), Integer(1)
        meaning: dict[str, Shape] = {
            "sigmoid": Quotient(one, Sums((one, Called("exp", (Negative(t),))))),
            "softplus": Called("log", (Sums((one, exp)),)),
            "relu": Called("max", (t, Integer(0))),
        }
        rows = []
        for function, right in meaning.items():
            rows += [Row(Called(f, (t,), spelled=spelled), right, ":=") for f, spelled in sorted(used) if f == function]
        size = next((s.size for s in self.model.letters), "K")
        if any(function == "softmax" for function, _ in used):
            softmax = [s for s in drawn if isinstance(s, Called) and s.function == "softmax" and s.letter]
            size = next((i.size for s in softmax for i in self.model.letters if i.name == s.letter), size)
            k = self.shaper.fresh(size, ())
            m = self.shaper.fresh(size, (k,))
            each = [Called("exp", (Symbol(t.name, (i,)),)) for i in (k, m)]
            left = Called("softmax", (Symbol(t.name, (k,)),), letter=k)
            rows.append(Row(left, Quotient(each[0], Summed(m, size, each[1])), ":="))
        return rows

    def _conventions(self, drawn: Sequence[Shape]) -> Text:
        words: list[Any] = []
        if any(isinstance(s, Called) and s.function == "step" for s in drawn):
            words += ["A bracket ", Called("step", (Symbol("t"),)), " is 1 where its condition holds and 0 elsewhere. "]
        if self.derivation.matrix:
            others = [(self.tensors[d], self.whole[d]) for d in self.whole if self.tensors[d].kind == "definition"]
            for tensor, whole in others:
                if whole != tensor.name:
                    shown = Symbol(whole, (), "vector" if len(tensor.shape) == 1 else "matrix")
                    words += [shown, " has the entries ", Symbol(tensor.name, self._indices(tensor)), ". "]
            words += ["Functions act on matrices entry by entry"]
            if any(isinstance(s, Called) and s.function == "softmax" and not s.letter for s in drawn):
                words += [", softmax row by row"]
            words += [". "]
            if any(isinstance(s, Sums) and any(isinstance(t, Integer) for t in s.terms) for s in self._matrices()):
                words += ["A number beside a matrix stands for the matrix with this entry everywhere. "]
        words += ["The gradient by a parameter has the shape of the parameter (denominator layout)."]
        return tuple(words)

    def _matrices(self) -> list[Shape]:
        return [s for row in self.statement if row.label.startswith("matrix:") for s in parts(row.right)]

    # --- assumptions -------------------------------------------------------------------------------------------------

    def assumption(self) -> Block:
        """What every statement rests on."""
        program = self.model.program
        names = [(self._whole(t),) for t in program.inputs if t.kind == "parameter"]
        items: list[Text] = [
            ("The data do not depend on the parameters.",),
            (
                "All ",
                self.shaper(Entry("loss", (self.model.batch,))),
                " are evaluated at the same parameters ",
                *joined(names),
                ".",
            ),
        ]
        for given in self.derivation.hypotheses:
            free = dict.fromkeys([*letters(given.left), *letters(given.right)])
            ending: Text = (" for all ", *joined([(self._letter(i),) for i in free]), ".") if free else (".",)
            items.append((self.shaper.judgement(given), *ending))
        return Block("assumption", (Items(tuple(items)),))

    def _whole(self, tensor: Tensor) -> Shape:
        rank = len(tensor.shape)
        return Symbol(self.whole[tensor.name], (), ("tensor", "vector", "matrix")[min(rank, 2)])

    # --- proposition -------------------------------------------------------------------------------------------------

    def _proved(self, name: str) -> bool:
        return bool(self.derivation.verdicts.get(name, {}).get("status") == "proved")

    def _identity_of(self, parameter: str) -> bool:
        verdict = self.derivation.verdicts.get("identity", {})
        return bool(verdict.get("by_parameter", {}).get(parameter, verdict.get("status")) == "proved")

    def _at_sample(self, left: Term) -> Term:
        """The left side of a per-sample formula with the sample put in."""
        if isinstance(left, Partial) and left.body == Entry("loss", ()):
            return Partial(Entry("loss", (self.model.batch,)), left.wrt, left.total)
        return left

    def _row(self, left: Term, right: Term, label: str) -> Row:
        avoid = {i.name for t in (left, right) for i in letters(t)}
        self.labels.append(label)
        return Row(self.shaper(left, avoid=avoid), self.shaper(right, avoid=avoid), "=", (), label)

    def _statement(self) -> list[Row]:
        given = self.derivation
        rows: list[Row] = []
        if self._proved("per_sample"):
            for name, formula in given.single.gradients.items():
                rows.append(self._row(self._at_sample(formula.left), formula.right, f"persample:{name}"))
        for name, formula in given.batch.gradients.items():
            if self._identity_of(name):
                rows.append(self._row(formula.left, self._mean(formula), f"mean:{name}"))
        if self._proved("batch"):
            for name, formula in given.batch.gradients.items():
                if name not in given.matrix:
                    rows.append(self._row(formula.left, formula.right, f"batch:{name}"))
                    continue
                self.labels.append(f"matrix:{name}")
                whole = self._whole(self.tensors[name])
                left = (Gradient if self.ranks[name] else Derivative)(Symbol("objective"), whole)
                rows.append(Row(left, matrix_shape(given.matrix[name].tree, self.ranks), "=", (), f"matrix:{name}"))
        for k, (claim, verdict) in enumerate(zip(self.model.claims, given.claims, strict=False)):
            if verdict.get("status") == "proved" and not self._stated(claim.left, claim.right, rows):
                rows.append(self._row(claim.left, claim.right, f"claim:{k + 1}"))
        return self._paired(rows)

    def _paired(self, rows: list[Row]) -> list[Row]:
        """Statements of one kind share a number two by two."""
        done: list[Row] = []
        alone = False
        for row in rows:
            kind = row.label.split(":")[0]
            alone = bool(done) and not alone and done[-1].label.split(":")[0] == kind
            done.append(replace(row, label=done[-1].label) if alone else row)
        self.labels[:] = dict.fromkeys(row.label for row in done)
        return done

    def _stated(self, left: Term, right: Term, rows: Sequence[Row]) -> bool:
        avoid = {i.name for t in (left, right) for i in letters(t)}
        shown = (self.shaper(left, avoid=avoid), self.shaper(right, avoid=avoid))
        return any((row.left, row.right) == shown for row in rows)

    def _mean(self, formula: Formula) -> Term:
        """The mean over the samples of the per-sample derivative."""
        batch = self.model.batch
        if not isinstance(formula.left, Partial):
            return formula.right
        each = Partial(Entry("loss", (batch,)), formula.left.wrt, total=True)
        return Times((Power(Size(batch.size), Fraction(-1)), Sum(batch.size, closed(each, batch))))

    def proposition(self) -> Block | None:
        """What is proved."""
        if not self.statement:
            return None
        words = "For all sizes, data and parameters that satisfy the assumption, and for all indices,"
        pieces: list[Part] = [Paragraph((words,)), Display(tuple(self.statement))]
        if not self._proved("separable") and any(row.label.startswith("persample:") for row in self.statement):
            loss = self.shaper(Entry("loss", (self.model.batch,)))
            pieces.append(
                Paragraph(("The samples are coupled: the derivatives of ", loss, " are rows of the Jacobian."))
            )
        return Block("proposition", tuple(pieces), (self.model.title,))

    # --- refutations -------------------------------------------------------------------------------------------------

    def outcomes(self) -> list[Block]:
        """A remark for each statement that was judged and not proved, and for weights other than the mean."""
        blocks: list[Block | None] = []
        for name, words in _STATEMENTS.items():
            verdict = self.derivation.verdicts.get(name, {})
            blocks.append(self._outcome(words, None, verdict, expected=name in self.model.expected))
        for k, verdict in enumerate(self.derivation.claims):
            claim = self.model.claims[k] if k < len(self.model.claims) else None
            shape: Shape | None = None
            if claim is not None:
                avoid = {i.name for t in (claim.left, claim.right) for i in letters(t)}
                shape = Related(self.shaper(claim.left, avoid=avoid), "=", self.shaper(claim.right, avoid=avoid))
            expected = bool(claim.expect_refuted if claim is not None else verdict.get("expected"))
            text = "the claim" if shape is not None else f"the claim {verdict.get('claim', '')}"
            blocks.append(self._outcome(text, shape, verdict, expected=expected))
        kind = self.derivation.weights.get("kind")
        if kind not in {None, "mean"}:
            blocks.append(self._weights(str(kind)))
        return [block for block in blocks if block is not None]

    def _weights(self, kind: str) -> Block:
        weights = self.derivation.weights
        text = next((str(value) for key, value in weights.items() if key.startswith("c[")), "")
        if kind == "none" or not text:
            why = str(weights.get("reason", "")).strip(". ")
            return Block(
                "remark",
                (Paragraph((f"No weights of the per-sample gradients are given{': ' + why if why else ''}.",)),),
            )
        words = "The gradient of the objective is the sum of the per-sample gradients with the weights"
        label = next(key for key in weights if key.startswith("c["))
        return Block("remark", (Paragraph((words + ":",)), Table((((label,), text),))))

    def _outcome(self, words: str, shape: Shape | None, verdict: Mapping[str, Any], *, expected: bool) -> Block | None:
        status = verdict.get("status")
        if status == "refuted":
            start = "Refuted, as the file expects: " if expected else "Refuted: "
        elif status == "undecided":
            start = "Undecided: "
        else:
            return None
        said: Text = (start + words, *((" ", shape) if shape is not None else ()), ".")
        pieces: list[Part] = [Paragraph(said)]
        for key, label in (("reason", "Reason: "), ("residual", "What could not be closed: "), ("repair", "Repair: ")):
            if verdict.get(key):
                pieces.append(Paragraph((f"{label}{str(verdict[key]).strip('. ')}.",)))
        witness = verdict.get("witness")
        if witness:
            pieces += [Paragraph(("At these values the two sides differ:",)), Table(_witness(witness))]
        return Block("remark", tuple(pieces))

    # --- machine check -----------------------------------------------------------------------------------------------

    def check(self) -> Block | None:
        """What a machine really did: the kernel, the checker if it ran, the numbers if they were measured."""
        pieces: list[Part] = []
        if self.derivation.proof:
            sizes = dict.fromkeys([self.model.program.batch, *(s for t in self.tensors.values() for s in t.shape)])
            shown: list[Text] = [(Symbol(size, (), "size"),) for size in sizes]
            words: list[Any] = [
                "Every equation of the proof was derived by the kernel of symgrad, for symbolic ",
                *joined(shown),
                ".",
            ]
            if self.derivation.checked:
                words += [" The certificate was accepted by a second program, in a process of its own."]
            pieces.append(Paragraph(tuple(words)))
        measured = self._measured()
        if measured:
            pieces.append(Paragraph((measured,)))
        return Block("check", tuple(pieces)) if pieces else None

    def _measured(self) -> str:
        report = self.derivation.check_report
        if report is None:
            return ""
        told: Mapping[str, Any] = report if isinstance(report, dict) else report.to_json()
        words = f"The numeric check ended with {told.get('outcome', 'no outcome')}"
        details = [
            (name.replace("_", " "), told[name])
            for name in ("backend", "dtype", "points", "error_over_bound", "controls")
            if isinstance(told.get(name), (str, int, float))
        ]
        return words + (": " + ", ".join(f"{name} {value}" for name, value in details) if details else "") + "."


def _symbols(tree: Any) -> set[str]:
    if not isinstance(tree, tuple) or not tree:
        return set()
    if tree[0] == "sym":
        return {str(tree[1])}
    return {name for child in tree[1:] for name in _symbols(child)}


def _witness(witness: Mapping[str, Any]) -> tuple[tuple[Text, str], ...]:
    rows: list[tuple[Text, str]] = []
    for group in ("sizes", "data", "parameters", "indices"):
        for name, value in dict(witness.get(group) or {}).items():
            rows.append(((str(name),), _value(value)))
    for side in ("left", "right"):
        if side in witness:
            rows.append(((f"{side} side",), _value(witness[side])))
    return tuple(rows)


def _value(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_value(v) for v in value) + "]"
    if isinstance(value, dict):
        return ", ".join(f"{k}: {_value(v)}" for k, v in value.items())
    return str(value)
