"""What is written before the statements: sizes, data, parameters, definitions, notation and assumptions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from symgrad.kernel.terms import Entry, Index, letters
from symgrad.render.lines import bare
from symgrad.render.names import GREEK
from symgrad.render.reasons import Ref, Text
from symgrad.render.shapes import (
    Called,
    Integer,
    Negative,
    Ones,
    Product,
    Quotient,
    Related,
    Shape,
    Space,
    Summed,
    Sums,
    Symbol,
    parts,
)
from symgrad.render.shaping import Shaper, label_index, untied
from symgrad.render.source import vacuous
from symgrad.render.tree import Block, Display, Items, Paragraph, Part, Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from symgrad.kernel.program import Tensor
    from symgrad.render.source import Derivation


def joined(pieces: Sequence[Text], last: str = " and ") -> Text:
    """Pieces as an enumeration."""
    found: list[str | Shape | Ref] = []
    for k, piece in enumerate(pieces):
        found += [*([] if k == 0 else [last if k == len(pieces) - 1 else ", "]), *piece]
    return tuple(found)


class Matter:
    """What a document speaks of: its tensors, and how their terms and matrices are drawn."""

    def __init__(self, derivation: Derivation) -> None:
        self.derivation, self.model = derivation, derivation.model
        programs = dict.fromkeys(id(chain.program) for section in derivation.proof for chain in section.chains)
        found = {id(chain.program): chain.program for section in derivation.proof for chain in section.chains}
        own = [found[key] for key in programs if found[key] != self.model.program]
        self.shaper = Shaper(self.model.letters, [self.model.program, *own], self.model.labels)
        self.tensors = self.model.program.tensors
        self.ranks = {name: len(tensor.shape) for name, tensor in self.tensors.items()}
        self.matrices = {name: self._whole(tensor) for name, tensor in self.tensors.items()}
        """The name of each tensor as a whole."""

    def _whole(self, tensor: Tensor) -> str:
        """A matrix goes by the upper-case name, unless that is another tensor's."""
        upper = tensor.name[:1].upper() + tensor.name[1:]
        known = tensor.name not in GREEK or upper in GREEK
        return upper if len(tensor.shape) == 2 and known and upper not in self.tensors else tensor.name

    def whole(self, tensor: Tensor) -> Symbol:
        """A tensor without indices, bold if it is a vector or a matrix."""
        rank = len(tensor.shape)
        return Symbol(self.matrices[tensor.name], (), ("tensor", "vector", "matrix")[min(rank, 2)])

    def indices(self, tensor: Tensor) -> tuple[str, ...]:
        """Letters for the positions of a tensor."""
        names: list[str] = []
        for size in tensor.shape:
            own = [i.name for i in self.model.letters if i.size == size and i.name not in names]
            names.append(own[0] if own else self.shaper.fresh(size, names))
        return tuple(names)

    @property
    def loss(self) -> Shape:
        """The loss of the sample."""
        return self.shaper(Entry("loss", (self.model.batch,)))


def letter(index: Index, names: dict[Index, str]) -> Shape:
    """An index letter as a formula."""
    return Symbol(names[index], (), "letter")


def _symbols(tree: Any) -> set[str]:
    if not isinstance(tree, tuple) or not tree:
        return set()
    if tree[0] == "sym":
        return {str(tree[1])}
    return {name for child in tree[1:] for name in _symbols(child)}


class Setting:
    """Setting and assumptions.

    Args:
        matter: what the document speaks of.
        statement: the equations of the proposition, whose notation is explained here.
    """

    def __init__(self, matter: Matter, statement: Sequence[Row]) -> None:
        self.matter, self.statement = matter, statement
        self.derivation, self.model, self.shaper = matter.derivation, matter.model, matter.shaper
        self.tensors = matter.tensors

    def setting(self) -> Block:
        """Sizes, data, parameters, definitions and notation."""
        program = self.model.program
        sizes = list(dict.fromkeys(s for t in self.tensors.values() for s in t.shape))
        sizes += [i.size for i in self.model.letters if i.size not in sizes]
        shown: list[Text] = [(Symbol(size, (), "size"),) for size in dict.fromkeys([program.batch, *sizes])]
        many = (
            " be arbitrary integers, each at least one. "
            if len(shown) > 1
            else " be an arbitrary integer, at least one. "
        )
        words: list[Any] = ["Let ", *joined(shown), many]
        data = [t for t in program.inputs if t.kind == "data"]
        parameters = [t for t in program.inputs if t.kind == "parameter"]
        if data:
            words += ["The data are ", *joined([self._typed(t) for t in data]), "; the "]
        else:
            words += ["The "]
        words += [
            "parameter is " if len(parameters) == 1 else "parameters are ",
            *joined([self._typed(t) for t in parameters]),
        ]
        words += [
            ". " if parameters else "none. ",
            "For each sample ",
            Symbol(self.model.batch.name, (), "letter"),
            " put",
        ]
        rows = []
        for definition in program.definitions:
            names = self.shaper.naming([Entry(definition.name, definition.letters)])
            left = self.shaper(Entry(definition.name, definition.letters), naming=names)
            rows.append(Row(left, self.shaper(definition.body, naming=names), ":="))
        drawn = [shape for row in [*rows, *self.statement] for shape in parts(row.right)]
        functions = self.functions(drawn)
        pieces: list[Part] = [Paragraph(tuple(words)), Display((*rows, *functions), packed=True)]
        return Block("setting", (*pieces, Paragraph(self._conventions(drawn))))

    def _labelled(self, tensor: Tensor) -> tuple[Symbol, Symbol]:
        """A label, and its indicator at a letter."""
        *own, last = self.matter.indices(tensor)
        return Symbol(tensor.name, tuple(own)), Symbol("delta", (last, label_index(tensor.name, own)), "delta")

    def _typed(self, tensor: Tensor) -> Text:
        if tensor.name in self.model.labels:
            label, indicator = self._labelled(tensor)
            words: Text = ("labels ", label, " from 1 to ", Symbol(tensor.shape[-1], (), "size"))
            whole = self.matter.whole(tensor)
            if tensor.name in self._in_matrices():
                words += (
                    ", as a matrix ",
                    Related(replace(whole, indices=self.matter.indices(tensor)), "=", indicator),
                )
            return words
        rank = len(tensor.shape)
        if rank == 0:
            return (Related(Symbol(tensor.name), "in", Space(())),)
        whole = self.matter.whole(tensor)
        space = Related(whole, "in", Space(tensor.shape))
        return (space,) if whole.name == tensor.name else (space, " with ", self._entries(tensor))

    def _entries(self, tensor: Tensor) -> Related:
        """What stands at each place of a tensor that is spoken of as a whole."""
        whole, indices = self.matter.whole(tensor), self.matter.indices(tensor)
        return Related(replace(whole, indices=indices), "=", Symbol(tensor.name, indices))

    def functions(self, drawn: Iterable[Shape]) -> list[Row]:
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
        for tensor in (self.tensors[name] for name in self.model.labels):
            label, indicator = self._labelled(tensor)
            letter_ = Symbol(indicator.indices[0], (), "letter")
            words += [indicator, " is 1 where ", label, " is ", letter_, " and 0 elsewhere. "]
        words += ["A label in the place of an index chooses that entry. "] if self.model.labels else []
        if self.derivation.matrix:
            used = self._in_matrices()
            whole = [t for t in self.tensors.values() if t.kind == "definition" and t.shape and t.name in used]
            words += ["As matrices, write ", *joined([self._typed(t) for t in whole]), ". "] if whole else []
            words += ["Functions act on matrices entry by entry"]
            if any(isinstance(s, Called) and s.function == "softmax" and not s.letter for s in drawn):
                words += [", softmax row by row"]
            words += [". "]
            if any(isinstance(s, Sums) and any(isinstance(t, Integer) for t in s.terms) for s in self._matrices()):
                words += ["A number beside a matrix stands for the matrix with this entry everywhere. "]
            words += self._signs()
        words += ["The gradient by a parameter has the shape of the parameter (denominator layout)."]
        return tuple(words)

    def _signs(self) -> list[Any]:
        """What the signs between matrices mean, as far as they are used."""
        drawn = self._matrices()
        free = [c for c in "uvstpqrabcdefghijklmnowxyz" if c not in self.tensors]
        first, second = (Symbol(c, (), "vector") for c in [*free, "first", "second"][:2])
        words: list[Any] = []
        if any(isinstance(s, Ones) for s in drawn):
            words += [Ones(), " is a vector of ones. "]
        if any(isinstance(s, Product) and s.entrywise for s in drawn):
            words += ["The product ", Product((first, second), entrywise=True), " is taken entry by entry. "]
        if any(isinstance(s, Called) and s.function == "diag" for s in drawn):
            words += [Called("diag", (first,)), " is the diagonal matrix with ", first, " on its diagonal. "]
        return words

    def _in_matrices(self) -> set[str]:
        """The tensors that the matrix forms mention."""
        return {name for form in self.derivation.matrix.values() for name in _symbols(form.tree)}

    def _matrices(self) -> list[Shape]:
        return [s for row in self.statement if row.label.startswith("matrix:") for s in parts(row.right)]

    def assumption(self) -> Block:
        """What every statement rests on."""
        program = self.model.program
        names = [(self.matter.whole(t),) for t in program.inputs if t.kind == "parameter"]
        items: list[Text] = [
            ("The data do not depend on the parameters.",),
            (
                "All ",
                self.matter.loss,
                " are evaluated at the same " + ("parameter " if len(names) == 1 else "parameters "),
                *joined(names),
                ".",
            ),
        ]
        unmet = self.model.assumptions if vacuous(self.derivation) else ()
        for given in [judgement.map(bare) for judgement in (*self.derivation.hypotheses, *unmet)]:
            called = self.shaper.naming([given.left, given.right])
            free = dict.fromkeys([*letters(given.left), *letters(given.right)])
            ending: Text = (" for all ", *joined([(letter(i, called),) for i in free]), ".") if free else (".",)
            item = (self.shaper.judgement(given), *ending)
            if (tie := untied(given)) is not None:
                different = Related(letter(tie[2], called), "!=", letter(tie[3], called))
                values = (self.shaper(side, naming=called) for side in tie[:2])
                rest = [(letter(i, called),) for i in free if i not in tie[2:]]
                ending = (", and all ", *joined(rest), ".") if rest else (".",)
                item = (Related(next(values), "!=", next(values)), " for all ", different, *ending)
            items += [item] if item not in items else []
        return Block("assumption", (Items(tuple(items)),))
