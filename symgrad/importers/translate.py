"""From the operations of a graph to definitions: the state of one import, and what every operation needs of it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from symgrad.errors import InputError
from symgrad.importers.arrays import (
    BATCH,
    Array,
    Axis,
    Labels,
    Sizes,
    Value,
    number,
    over,
    relettered,
    times,
    weight,
)
from symgrad.importers.graph import Ref
from symgrad.kernel.terms import REDUCTIONS, Apply, Entry, Index, Number, Size, Term, letters, renamed, subterms

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from symgrad.importers.graph import Graph, Node

_HEAVY = 40
"""A term with more parts gets a name of its own."""

_CHEAP = 3
"""A term with at most so many parts is repeated rather than named."""

_SHAPE_READERS = frozenset({"Shape", "ShapeN", "Rank", "Size", "ZerosLike", "OnesLike"})


@dataclass
class Input:
    """Data or a parameter of the program that is being written.

    Attributes:
        kind: ``data`` or ``parameter``.
        stem: how its name begins.
        shape: the symbol of each axis that is not of length one.
        source: what it is in the program that was traced.
        feeds: the outputs in the graph that hold it.
        lengths: its shape in the graph; ``None`` is the batch.
        constant: its value, if the program fixes it.
        indicator: whether it says by zeros and a one what an integer label says.
    """

    kind: str
    stem: str
    shape: tuple[str, ...]
    source: str
    feeds: list[Ref] = field(default_factory=list)
    lengths: tuple[int | None, ...] = ()
    constant: Any = None
    indicator: bool = False


@dataclass
class Defined:
    """An intermediate with the parameters that it depends on."""

    stem: str
    letters: tuple[Index, ...]
    term: Term
    depends: frozenset[str]


class Translation:
    """What has been read so far.

    Attributes:
        inputs: data and parameters by their name for the time being.
        definitions: intermediates by their name for the time being, in order.
        notes: what a reader has to know about the import.
        normalised: whether labels of a cross-entropy may be assumed to sum to one.
        sums: the terms that are then assumed to be one.
    """

    def __init__(self, graph: Graph, *, normalised: bool = False) -> None:
        self.graph, self.normalised = graph, normalised
        self.sizes = Sizes()
        self.values: dict[str, tuple[Value, ...]] = {}
        self.inputs: dict[str, Input] = {}
        self.definitions: dict[str, Defined] = {}
        self.notes: dict[str, None] = {}
        self.sums: list[Term] = []
        self._constants: dict[Ref, Array] = {}
        self._variables: dict[int, str] = {}
        self.numbers: dict[Ref, Labels] = {}
        """Integer data that were cast to real numbers; cast back, they are labels again."""
        self._labels: dict[str, str] = {}
        self._named: dict[tuple[Term, tuple[Index, ...]], str] = {}
        self._uses: Counter[Ref] = Counter()
        for node in graph.nodes.values():
            if node.type not in _SHAPE_READERS:
                self._uses.update(node.inputs)

    # Inputs

    def input(self, made: Input, axes: tuple[Axis, ...]) -> Array:
        """Declare data or a parameter with these axes."""
        name = f"{made.stem}.{len(self.inputs)}"
        self.inputs[name] = made
        found = [letter for axis in axes for letter in axis]
        made.shape = tuple(letter.size for letter in found)
        return Array(Entry(name, tuple(found)), axes)

    def axes(self, shape: Sequence[int | None], what: str) -> tuple[Axis, ...]:
        """The axes of a new tensor; only the first may be of unknown length, which is the batch."""
        if any(length is None for length in shape[1:]):
            raise InputError(f"{what} has an unknown length besides the first, expected fixed lengths there")
        return tuple(self.sizes.axis(length) for length in shape)

    def variable(self, node: Node) -> Array:
        """What a variable holds: a parameter if it is trainable, else data."""
        variable = node.variable
        shape = tuple(variable.shape.as_list())
        known = self._variables.get(id(variable))
        if known is None:
            path = variable.name.partition(":")[0]
            kind = "parameter" if variable.trainable else "data"
            added = any(r.type in _ADDERS for r in self.graph.readers(Ref(node.name)))
            stem = variable_stem(path, sum(k != 1 for k in shape), added=added)
            made = Input(kind, stem, (), path, lengths=shape)
            self._variables[id(variable)] = f"{made.stem}.{len(self.inputs)}"
            self.input(made, self.axes(shape, f"variable {path}"))
            known = self._variables[id(variable)]
        made = self.inputs[known]
        made.feeds.append(Ref(node.name))
        sizes = iter(made.shape)
        axes = tuple(() if k == 1 else (self.sizes.letter(next(sizes)),) for k in shape)
        return Array(Entry(known, tuple(i for axis in axes for i in axis)), axes)

    def indicator(self, labels: Labels, size: str) -> tuple[Term, Index]:
        """The entry that is one where a label is the letter that is returned, else zero."""
        found = [letter for axis in labels.axes for letter in axis]
        known = self._labels.get(labels.source)
        letter = self.sizes.letter(size)
        if known is None:
            made = Input("data", labels.source, (), labels.source, indicator=True)
            known = self._labels[labels.source] = f"{made.stem}.{len(self.inputs)}"
            self.input(made, (*labels.axes, (letter,)))
            ref = self.graph.inputs[labels.source]
            made.feeds.append(ref)
            made.lengths = tuple(self.graph.nodes[ref.node].operation.outputs[0].shape.as_list())
            self.note(f"the integer labels {labels.source} are data that say by zeros and a one which class it is")
            self.sums.append(over([letter], Entry(known, (*found, letter))))
        else:
            last = Index("", self.inputs[known].shape[-1])
            if self.sizes.length(last) != self.sizes.length(letter):
                raise InputError(
                    f"{labels.source} chooses among {self.sizes.length(letter)} here, and others elsewhere"
                )
            self.sizes.unite(last, letter)
        return Entry(known, (*found, letter)), letter

    def held(self, array: Array, node: Node, stem: str, source: str) -> Array:
        """Data that stand for a value that the program computes and that does not move with the parameters."""
        fresh = self.sizes.fresh(array)
        made = Input("data", stem, (), source, feeds=[Ref(node.name)], lengths=_static(node))
        return self.input(made, fresh.axes)

    def note(self, text: str) -> None:
        """Tell the reader something, once."""
        self.notes[text] = None

    # Reading values

    def value(self, ref: Ref) -> Value:
        """What an output is."""
        return self.values[ref.node][ref.output]

    def array(self, ref: Ref) -> Array:
        """An output as an array of real numbers.

        Raises:
            InputError: if it is a label, or shape arithmetic.
        """
        value = self.value(ref)
        if isinstance(value, Array):
            return value
        if isinstance(value, Labels):
            raise InputError(f"the integer data {value.source} are used as a number, expected them to choose a class")
        if not value.fixed:
            raise InputError("sizes that depend on the batch meet real numbers before they are cast")
        if ref not in self._constants:
            self._constants[ref] = self.constant(value.values[0])
        return self._constants[ref]

    def constant(self, value: Any) -> Array:
        """A constant: a number where all entries are equal, else data with known values."""
        axes = tuple(self.sizes.axis(length) for length in value.shape)
        first = value.reshape(-1)[0] if value.size else 0
        if (value == first).all():
            return Array(number(float(first), str(first)), axes)
        made = Input("data", "c", (), "a constant", lengths=value.shape, constant=value.astype(np.float64))
        return self.input(made, axes)

    def selection(self, matrix: Any, axes: tuple[Axis, ...]) -> Term:
        """A matrix of zeros and ones, as data with known values, at these letters."""
        made = Input("data", "S", (), "a selection", lengths=matrix.shape, constant=matrix)
        return self.input(made, axes).term

    # Names

    def depends(self, term: Term) -> frozenset[str]:
        """The parameters on which a term depends."""
        found: set[str] = set()
        for part in subterms(term):
            if isinstance(part, Entry):
                known = self.definitions.get(part.tensor)
                if known is not None:
                    found |= known.depends
                elif self.inputs[part.tensor].kind == "parameter":
                    found.add(part.tensor)
        return frozenset(found)

    def named(self, array: Array) -> Array:
        """The array as an entry of a definition, its own if need be."""
        if atomic(array.term):
            return array
        array = self.sizes.array(array)
        free = set(letters(array.term))
        kept = tuple(letter for letter in array.letters if letter in free)
        roots = [Index(i.name, self.sizes.written(i.size)) for i in kept]
        places = {i: Index(f"{k}", i.size) for k, i in enumerate(roots)}
        same = renamed(self.sizes.expanded(array.term, self.sizes.written), places), tuple(places.values())
        if same not in self._named:
            self._named[same] = name = f"{array.stem}.{len(self.definitions)}.d"
            self.definitions[name] = Defined(array.stem, kept, array.term, self.depends(array.term))
        return replace(array, term=Entry(self._named[same], kept))

    def placed(self, ref: Ref, array: Array) -> Array:
        """The array, with a name if it is read several times or is long."""
        size = weight(array.term)
        if not array.letters and batch_reduced(array.term):
            return array  # part of the objective, which is written as one formula
        if size > _HEAVY or (size > _CHEAP and self._uses[ref] > 1):
            return self.named(array)
        return array

    def argument(self, array: Array) -> Array:
        """What a nonlinear function is applied to: by name, if it contains a sum."""
        return self.named(array) if array.letters and reduced(array.term) else array

    # Aligning

    def aligned(self, arrays: Sequence[Array], labels: Sequence[Sequence[str]]) -> tuple[list[Array], dict[str, Axis]]:
        """The arrays with the same letters on axes of the same label, and the letters of each label."""
        arrays = [arrays[0], *(self.sizes.fresh(array) for array in arrays[1:])]
        axes: dict[str, Axis] = {}
        for _ in range(2):  # the first time sizes may be split, which renames letters
            arrays = [self.sizes.array(array) for array in arrays]
            axes, names = {}, dict[Index, Index]()
            for array, marks in zip(arrays, labels, strict=True):
                for axis, mark in zip(array.axes, marks, strict=True):
                    if not axes.get(mark):
                        axes[mark] = axis
                    elif axis and axis != axes[mark]:
                        names |= self.sizes.align(axes[mark], axis)
        return [relettered(array, names) for array in arrays], axes

    def broadcast(self, function: Callable[..., Term], *arrays: Array, stem: str = "u") -> Array:
        """A function entry by entry, axes counted from the last."""
        rank = max(len(array.axes) for array in arrays)
        marks = [[str(k) for k in range(rank - len(array.axes), rank)] for array in arrays]
        made, axes = self.aligned(arrays, marks)
        result = tuple(axes[str(k)] for k in range(rank))
        free = {letter for axis in result for letter in axis}
        made = [self.named(a) if reduced(a.term) and set(letters(a.term)) < free else a for a in made]
        return Array(function(*(array.term for array in made)), result, stem)

    def contracted(self, arrays: Sequence[Array], labels: Sequence[Sequence[str]], kept: Sequence[str]) -> Array:
        """The sum of products over every label that is not kept."""
        operands = [self.operand(array) for array in arrays]
        made, axes = self.aligned(operands, labels)
        terms = sorted((array.term for array in made), key=self._rank)
        summed = [letter for mark, axis in axes.items() if mark not in kept for letter in axis]
        absent = [i for i in summed if not any(i in letters(term) for term in terms)]
        body = over((i for i in summed if i not in absent), times(*terms))
        return Array(times(*(Size(i.size) for i in absent), body), tuple(axes[mark] for mark in kept), "z")

    def operand(self, array: Array) -> Array:
        """A factor of a contraction: a name, perhaps times a number."""
        return (
            array
            if weight(array.term) <= _CHEAP and not reduced(array.term) and not _calls(array.term)
            else self.named(array)
        )

    def _rank(self, term: Term) -> int:
        """Parameters are written before what they multiply."""
        kind = self.inputs[term.tensor].kind if isinstance(term, Entry) and term.tensor in self.inputs else ""
        return 0 if kind == "parameter" else 1


def _static(node: Node) -> tuple[int | None, ...]:
    return tuple(node.operation.outputs[0].shape.as_list())


def atomic(term: Term) -> bool:
    """Whether a term is as short as a name."""
    return isinstance(term, Entry | Number | Size)


def reduced(term: Term) -> bool:
    """Whether a term holds a sum or a maximum over an index."""
    return any(isinstance(part, REDUCTIONS) for part in subterms(term))


def batch_reduced(term: Term) -> bool:
    """Whether a term holds a sum or a maximum over the batch."""
    return any(isinstance(part, REDUCTIONS) and part.size == BATCH for part in subterms(term))


def _calls(term: Term) -> bool:
    return any(isinstance(part, Apply) and part.arguments for part in subterms(term))


_STEMS = {"kernel": "W", "bias": "b", "embeddings": "E", "moving_mean": "mu", "moving_variance": "var"}


_ADDERS = frozenset({"Add", "AddV2", "BiasAdd"})


def variable_stem(path: str, rank: int, *, added: bool) -> str:
    """How the name of a variable begins, from its path in the user's program and whether it is added to something."""
    last = path.rsplit("/", maxsplit=1)[-1]
    if last in _STEMS:
        return "w" if last == "kernel" and rank < 2 else _STEMS[last]
    if last == "Variable" or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", last):
        return "W" if rank >= 2 else "b" if added else "w"
    return last
