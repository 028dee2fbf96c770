"""Names for what an import found, and the model written with them.

The model is printed and read again, so that it is exactly what its file says, and passes every check of a file.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from symgrad.importers.arrays import BATCH
from symgrad.kernel.terms import (
    ONE,
    Entry,
    Index,
    Largest,
    Size,
    Sum,
    Term,
    children,
    letters,
    rebuilt,
    renamed,
    subterms,
)
from symgrad.lang.draft import Draft
from symgrad.lang.parser import parse_model
from symgrad.lang.text import model_text
from symgrad.lang.words import RESERVED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from symgrad.importers.translate import Translation
    from symgrad.lang.model import Model

_LABELS = re.compile(r"y|ys|y_true|label|labels|target|targets|t")
_LATENT = "Normal"
"""What the source of normal noise mentions; its size is that of latent variables."""
_POOL = "jmpqrstuvcgio"


class Names:
    """The names that a model will have.

    Attributes:
        tensors: from the name for the time being to the one that is written.
        sizes: from the symbol to the written name.
        letters: for each written size, its letters.
    """

    def __init__(self, work: Translation) -> None:
        self.work = work
        self.tensors: dict[str, str] = {}
        self.sizes: dict[str, str] = {BATCH: BATCH}
        self.letters: dict[str, list[str]] = {BATCH: ["n"]}
        self._taken: set[str] = {"loss", "objective", "n", BATCH, *RESERVED}

    def choose(self, inputs: list[str], definitions: list[str], ranks: Counter[str]) -> None:
        """Choose all names: inputs first, then sizes and their letters, then definitions."""
        stems = Counter(self.work.inputs[name].stem for name in inputs)
        for name in inputs:
            stem = self.work.inputs[name].stem
            self.tensors[name] = self._free(stem, numbered=stems[stem] > 1)
        self._choose_sizes(inputs, ranks)
        self._choose_letters(ranks)
        stems = Counter(self.work.definitions[name].stem for name in definitions)
        for name in definitions:
            stem = self.work.definitions[name].stem
            self.tensors[name] = self._free(stem, numbered=stems[stem] > 1)

    def _free(self, stem: str, *, numbered: bool = False) -> str:
        stem = re.sub(r"\W", "_", stem, flags=re.ASCII)[:60]
        stem = stem if re.match(r"[A-Za-z]", stem) else f"x{stem}"
        count = 1
        name = f"{stem}1" if numbered else stem
        while name in self._taken:
            name = f"{stem}{count}"
            count += 1
        self._taken.add(name)
        return name

    def size(self, symbol: str) -> str:
        """The written name of a size."""
        return self.sizes[symbol]

    def _choose_sizes(self, inputs: list[str], ranks: Counter[str]) -> None:
        sizes, made = self.work.sizes, self.work.inputs
        wanted: dict[str, str] = {}
        data = [name for name in inputs if _LATENT in made[name].source or made[name].source in self.work.graph.inputs]
        ordered = [*data, *(name for name in inputs if name not in data)]
        hidden: list[str] = []
        for name in ordered:
            tensor = made[name]
            shape = [p.size for s in tensor.shape for p in sizes.parts(Index("", s))]
            roots = [sizes.root(s) for s in shape if s != BATCH]
            for at, root in enumerate(roots):
                if root in wanted or root in hidden:
                    continue
                if name not in data:
                    hidden.append(root)
                    continue
                label = tensor.indicator or _LABELS.fullmatch(tensor.source)
                last = at == len(roots) - 1
                wanted[root] = "K" if label and last else "L" if _LATENT in tensor.source else "D" if last else "T"
        hidden += [root for root in ranks if root not in hidden and root != BATCH]
        hidden = [root for root in hidden if root not in wanted]
        for root in hidden:
            wanted[root] = "H"
        stems = Counter(wanted.values())
        for root, stem in wanted.items():
            self.sizes[root] = self._free(stem, numbered=stems[stem] > 1)

    def _choose_letters(self, ranks: Counter[str]) -> None:
        pool = [c for c in _POOL if c not in self._taken]
        for root, name in self.sizes.items():
            letters = self.letters.setdefault(name, [])
            while len(letters) < max(1, ranks[root]):
                first = name.lower() if len(name) == 1 else name[0].lower() if name[0] in "DKT" else ""
                if first and first not in self._taken and not letters:
                    letter = self._free(first)
                else:
                    while pool and pool[0] in self._taken:
                        pool.pop(0)
                    letter = self._free(pool.pop(0) if pool else "i")
                letters.append(letter)

    def final(self, term: Term) -> Term:
        """A term with the written names of tensors; its sizes are named already."""
        if isinstance(term, Entry):
            return Entry(self.tensors.get(term.tensor, term.tensor), term.indices)
        return rebuilt(term, [self.final(part) for part in children(term)])

    def example(self, sizes: Iterable[str]) -> list[Index]:
        """Different letters for these written sizes."""
        used: Counter[str] = Counter()
        found = []
        for size in sizes:
            found.append(Index(self.letters[size][used[size]], size))
            used[size] += 1
        return found


def written(
    work: Translation, names: Names, name: str, loss: tuple[Index, Term], objective: Term, described: str
) -> Model:
    """The model, with everything that the objective needs."""
    batch, body = loss
    needed = _needed(work, [body, objective])
    definitions = [d for d in work.definitions if d in needed]
    inputs = [i for i in work.inputs if i in needed or (work.inputs[i].kind == "parameter")]
    shapes = {i: _expanded(work, [Index("", s) for s in work.inputs[i].shape]) for i in inputs}
    places = {d: [p for k in work.definitions[d].letters for p in work.sizes.parts(k)] for d in definitions}
    ranks: Counter[str] = Counter()
    for sizes in [*shapes.values(), *([work.sizes.root(p.size) for p in found] for found in places.values())]:
        ranks |= Counter(sizes)
    for term in [body, objective, *(work.definitions[d].term for d in definitions)]:
        symbols = {
            t.name if isinstance(t, Size) else t.size for t in subterms(term) if isinstance(t, Size | Sum | Largest)
        }
        roots = {work.sizes.root(symbol) for symbol in symbols}
        ranks |= Counter({p: 1 for r in roots for p in _expanded(work, [Index("", r)])})
    names.choose(inputs, definitions, ranks)
    draft = Draft(name)
    draft.introduction = tuple(_introduction(work, names, inputs, described))
    for size, found in names.letters.items():
        if size == BATCH or any(names.sizes[r] == size and ranks[r] for r in names.sizes if r != BATCH):
            for letter in found:
                draft.index(letter, size)
    draft.set_batch("n")
    for kind in ("data", "parameter"):
        for i in inputs:
            if work.inputs[i].kind == kind:
                example = names.example(names.sizes[s] for s in shapes[i])
                draft.tensor(kind, names.tensors[i], [k.name for k in example])
    for total in work.sums:
        if all(part.tensor in names.tensors for part in subterms(total) if isinstance(part, Entry)):
            draft.assume("=", _relettered(names, names.final(work.sizes.expanded(total, names.size))), ONE)

    def define(left: str, found: list[Index], term: Term) -> None:
        own = [Index(p.name, names.sizes[work.sizes.root(p.size)]) for p in found]
        example = names.example(k.size for k in own)
        term = renamed(names.final(work.sizes.expanded(term, names.size)), dict(zip(own, example, strict=True)))
        draft.define(left, draft.open_definition(left, [k.name for k in example]), term)

    for d in definitions:
        define(names.tensors[d], places[d], work.definitions[d].term)
    define("loss", [batch], body)
    define("objective", [], objective)
    return parse_model(model_text(draft.model()), name, f"<{name}>")


def _relettered(names: Names, term: Term) -> Term:
    found = letters(term)
    return renamed(term, dict(zip(found, names.example(i.size for i in found), strict=True)))


def _expanded(work: Translation, letters: list[Index]) -> list[str]:
    return [work.sizes.root(p.size) if p.size != BATCH else BATCH for i in letters for p in work.sizes.parts(i)]


def _needed(work: Translation, roots: list[Term]) -> set[str]:
    found: set[str] = set()
    stack: list[Any] = list(roots)
    while stack:
        for part in subterms(stack.pop()):
            if isinstance(part, Entry) and part.tensor not in found:
                found.add(part.tensor)
                if part.tensor in work.definitions:
                    stack.append(work.definitions[part.tensor].term)
    return found


def _introduction(work: Translation, names: Names, inputs: list[str], described: str) -> list[str]:
    """The comment at the top: where the model comes from, what its names mean, and what was held fixed."""
    lines = [f"Read from the graph that TensorFlow traced of {described}."]
    for i in inputs:
        made = work.inputs[i]
        if names.tensors[i] != made.source:
            lines.append(f"{names.tensors[i]} is {made.source}")
    return [*lines, *work.notes]
