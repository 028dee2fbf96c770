"""The Python way to state a model: SymPy objects in, the same ``lang.model.Model`` as from a file out.

A model takes a name's declaration when a formula first mentions it, so declaring the name anew for another model is
harmless.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import sympy

from symgrad.errors import IllFormedError, InputError
from symgrad.kernel.program import Tensor
from symgrad.kernel.terms import Entry, Index, Term, children, letters, rebuilt, renamed, subterms
from symgrad.lang.draft import LOSS, OBJECTIVE, Draft
from symgrad.lang.elaborate import Scope
from symgrad.lang.parser import formula, statement
from symgrad.lang.source import suggestion
from symgrad.lang.symbols import (
    LETTERS,
    TENSORS,
    Sum,
    as_text,
    checked_range,
    data,
    elu,
    gelu,
    indices,
    logsumexp,
    mean,
    names_of,
    parameters,
    silu,
    size,
    softmax,
    square,
)
from symgrad.lang.sympy_bridge import (
    from_sympy,
    largest,
    letter_symbol,
    relu,
    sigmoid,
    softplus,
    step,
    tensor_symbol,
    to_sympy,
)
from symgrad.lang.text import Printer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from symgrad.lang.model import Model as StatedModel

__all__ = [
    "Model",
    "Sum",
    "data",
    "elu",
    "gelu",
    "indices",
    "largest",
    "logsumexp",
    "mean",
    "parameters",
    "relu",
    "sigmoid",
    "silu",
    "size",
    "softmax",
    "softplus",
    "square",
    "step",
]


def _line(kind: str, text: object) -> str:
    """A title or a source, which must be what a file could say."""
    if not isinstance(text, str) or not text.strip() or re.search(r"(^|\s)#|[^\S ]", text) or not text.isprintable():
        raise InputError(f"{text!r} is not a {kind}, expected one line of text without a comment mark")
    return text.strip()


@dataclass(frozen=True)
class _Definition:
    name: str
    letters: tuple[str, ...]
    body: Term


@dataclass(frozen=True)
class _Statement:
    """An assumption, a claim or an expectation: the draft's method and its arguments."""

    method: Literal["assume", "claim", "expect"]
    arguments: tuple[Any, ...]


@dataclass
class _Mentioned:
    """The names that a model's formulas mention, as they were declared then."""

    letters: dict[str, Index] = field(default_factory=dict)
    tensors: dict[str, tuple[Tensor, tuple[str, ...]]] = field(default_factory=dict)


class Model:
    """A model stated piece by piece in Python; ``to_model`` gives the finished one.

    Formulas are SymPy expressions made of what ``indices``, ``data``, ``parameters`` and ``define`` gave, or texts in
    the language. SymPy evaluates while it builds, so what is stated is what it holds after building.

    Args:
        name: of the model, a valid name of the language.
        batch: the letter of the samples.
        title: what the documents call it.

    Example:
        >>> n, d = indices("n:N d:D")
        >>> x, y = data("x[n,d] y[n]")
        >>> w = parameters("w[d]")
        >>> m = Model("least_squares", batch=n)
        >>> f = m.define("f[n]", Sum(w[d] * x[n, d], d))
        >>> m.loss = (f[n] - y[n]) ** 2
        >>> m.closed_form()
        (-y[n] + Sum(w[d]*x[n, d], (d, 1, D)))**2
    """

    def __init__(self, name: str, *, batch: Any, title: str = "") -> None:
        checked_range(batch)
        self._name, self._title = as_text(name), _line("title", title) if title else ""
        self._batch = Index(str(batch.label), batch.upper.name)
        self._statements: list[_Definition | _Statement] = []
        self._sources: list[str] = []
        self._mentioned = _Mentioned({self._batch.name: self._batch})
        self._draft()

    def define(self, left: str, body: Any) -> Any:
        """Add the definition ``left = body``; it may use only what is defined before.

        Returns:
            The SymPy object of what is defined, to be used in later formulas.

        Raises:
            InputError: if the left side is not a new name with declared letters, or the body does not fit it.
        """
        pattern = statement(f"{as_text(left)} = 0", "<define>")[0]
        example = names_of(pattern)
        for name in example:
            self._mention_letter(self._known_letter(name))
        self._add(_Definition(pattern.name, example, self._term(body, frozenset(example))))
        return tensor_symbol(pattern.name, scalar=not example)

    @property
    def loss(self) -> Any:
        """The per-sample loss; set it once, then read it to use it in a formula."""
        self._require(LOSS)
        return tensor_symbol(LOSS, scalar=False)[letter_symbol(self._batch)]

    @loss.setter
    def loss(self, body: Any) -> None:
        self.define(f"{LOSS}[{self._batch}]", body)

    @property
    def objective(self) -> Any:
        """The scalar that is differentiated; left out, it is the mean of the loss over the batch."""
        self._require(LOSS)
        return tensor_symbol(OBJECTIVE, scalar=True)

    @objective.setter
    def objective(self, body: Any) -> None:
        self.define(OBJECTIVE, body)

    def _require(self, name: str) -> None:
        if name not in self._defined():
            raise InputError(f"{name} is not defined yet, expected a definition of it first")

    def assume(self, relation: Any) -> None:
        """Add an assumption.

        Args:
            relation: ``sympy.Eq(f, g)``, ``f > 0`` or ``sympy.Ne(f, 0)``, or a text such as ``"s[n] > 0"``.

        Raises:
            InputError: for any other relation, or one that mentions what an assumption may not.
        """
        signs: dict[Any, Literal["=", ">", "!="]] = {sympy.Eq: "=", sympy.StrictGreaterThan: ">", sympy.Ne: "!="}
        if isinstance(relation, str):
            left, word, right = statement(f"assume {relation}", "<assume>")
            terms = self._scope(None).term(left, right)
            self._mention(relation, *terms)
            self._add(_Statement("assume", (word.text, *terms)))
            return
        if getattr(relation, "func", None) not in signs:
            raise InputError(f"{relation} is not an assumption, expected Eq(f, g), f > 0 or Ne(f, 0)")
        terms = tuple(self._term(side, None) for side in relation.args)
        self._add(_Statement("assume", (signs[relation.func], *terms)))

    def claim(self, left: Any, right: Any) -> None:
        """Add a claim.

        Args:
            left: ``sympy.Derivative(m.loss, w[j])``, another formula, or a text such as ``"d(loss[n]) / d(w[j])"``.
            right: what it is believed to equal.

        Raises:
            InputError: if either side mentions what is not declared.
        """
        self._add(_Statement("claim", (self._term(left, None), self._term(right, None))))

    def expect(self, what: Literal["identity", "separable", "claim"]) -> None:
        """State that the identity, separability, or the claim added last is refuted."""
        self._add(_Statement("expect", (what, "refuted")))

    def source(self, text: str) -> None:
        """Name where the result is printed, down to the equation."""
        self._sources.append(_line("source", text))

    def to_model(self) -> StatedModel:
        """The finished model.

        Raises:
            InputError: if the loss is missing, or anything else that a file would be refused for.
        """
        draft = self._draft()
        made = draft.model()
        printer = Printer.of(made)
        for term in (d.body for d in made.program.definitions):
            printer.text(term)
        draft.letters |= printer.added  # so that the model, printed as a file, declares every letter it needs
        return draft.model()

    def closed_form(self) -> Any:
        """The loss as a SymPy expression, with every intermediate substituted."""
        self._require(LOSS)
        defined = {s.name: s for s in self._statements if isinstance(s, _Definition)}
        return to_sympy(self._unfolded(defined[LOSS].body, defined), self._mentioned.letters.values())

    def _unfolded(self, term: Term, defined: Mapping[str, _Definition]) -> Term:
        if isinstance(term, Entry) and term.tensor in defined:
            definition = defined[term.tensor]
            names = {self._mentioned.letters[n]: i for n, i in zip(definition.letters, term.indices, strict=True)}
            return self._unfolded(renamed(definition.body, names), defined)
        return rebuilt(term, tuple(self._unfolded(part, defined) for part in children(term)))

    def _defined(self) -> dict[str, Tensor]:
        sizes = {name: letter.size for name, letter in self._mentioned.letters.items()}
        found = (s for s in self._statements if isinstance(s, _Definition))
        return {s.name: Tensor(s.name, "definition", tuple(sizes[n] for n in s.letters)) for s in found}

    def _known_letter(self, name: str) -> Index:
        known = {**LETTERS, **self._mentioned.letters}
        if name not in known:
            raise IllFormedError(f"undeclared index letter {name}{suggestion(name, known)}")
        return known[name]

    def _known_tensors(self, free: frozenset[str] | None) -> dict[str, Tensor]:
        """What may be mentioned: in assumptions and claims also the objective that is added where it is left out."""
        said = free is None and LOSS in self._defined()
        implied = {OBJECTIVE: Tensor(OBJECTIVE, "definition", ())} if said else {}
        declared = {name: tensor for name, (tensor, _) in {**TENSORS, **self._mentioned.tensors}.items()}
        return {**implied, **declared, **self._defined()}

    def _scope(self, free: frozenset[str] | None) -> Scope:
        known = {**LETTERS, **self._mentioned.letters}
        return Scope(known, self._known_tensors(free), free, derivatives=free is None, infer=free is None)

    def _term(self, body: Any, free: frozenset[str] | None) -> Term:
        """The term of a formula in which only the letters ``free`` may be free (any, if None)."""
        if isinstance(body, str):
            term = formula(body, self._scope(free), "<formula>")
            self._mention(body, term)
            return term
        term = from_sympy(body, tensors=self._known_tensors(free))
        for letter in letters(term):
            if free is not None and letter.name not in free:
                raise IllFormedError(f"{letter} is left free, expected a sum over {letter} or {letter} on the left")
        for symbol in sorted(body.atoms(sympy.Idx), key=str) if isinstance(body, sympy.Basic) else ():
            if not str(symbol.label).endswith("_"):
                self._mention_letter(Index(str(symbol.label), symbol.upper.name))
        self._mention("", term)
        return term

    def _mention(self, text: str, *terms: Term) -> None:
        """Keep the declarations of what a formula mentions."""
        for name in re.findall(r"[A-Za-z]\w*", text):
            if name in LETTERS:
                self._mention_letter(self._known_letter(name))
        for entry in (t for term in terms for t in subterms(term) if isinstance(t, Entry)):
            if entry.tensor in TENSORS and entry.tensor not in self._defined():
                declared = self._mentioned.tensors.setdefault(entry.tensor, TENSORS[entry.tensor])
                for name, size_name in zip(declared[1], declared[0].shape, strict=True):
                    self._mention_letter(Index(name, size_name))

    def _mention_letter(self, letter: Index) -> None:
        known = self._mentioned.letters.setdefault(letter.name, letter)
        if known != letter:
            raise IllFormedError(f"{letter} runs over {known.size} here and over {letter.size} there")

    def _add(self, made: _Definition | _Statement) -> None:
        self._statements.append(made)
        try:
            self._draft()
        except InputError:
            self._statements.pop()
            raise

    def _draft(self) -> Draft:
        """Everything stated so far, in the order in which a file would state it."""
        draft = Draft(self._name)
        draft.title, draft.sources = self._title, list(self._sources)
        order = {name: place for place, name in enumerate(LETTERS)}
        for letter in sorted(self._mentioned.letters.values(), key=lambda i: order.get(i.name, len(order))):
            draft.index(letter.name, letter.size)
        draft.set_batch(self._batch.name)
        place = {name: at for at, name in enumerate(TENSORS)}
        for name, (tensor, example) in sorted(self._mentioned.tensors.items(), key=lambda item: place.get(item[0], -1)):
            draft.tensor(tensor.kind, name, example)  # type: ignore[arg-type]
        for stated in self._statements:
            if isinstance(stated, _Definition):
                draft.define(stated.name, draft.open_definition(stated.name, stated.letters), stated.body)
            else:
                getattr(draft, stated.method)(*stated.arguments)
        return draft
