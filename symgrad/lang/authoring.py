"""The Python way to state a model: SymPy objects in, the same ``lang.model.Model`` as from a file out.

Names are remembered here when they are declared, since a SymPy object cannot carry whether it is data or a parameter.
A model takes a name's declaration when a formula first mentions it, so declaring the name anew for another model is
harmless. Text given to any function here is read by the language's own grammar, never by SymPy.
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
from symgrad.lang.sympy_bridge import (
    from_sympy,
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
    from symgrad.lang.syntax import Named

__all__ = [
    "Model",
    "Sum",
    "data",
    "elu",
    "gelu",
    "indices",
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

_letters: dict[str, Index] = {}
_tensors: dict[str, tuple[Tensor, tuple[str, ...]]] = {}
"""What was declared last under each name: the tensor, and the letters it was declared with."""


def _one_or_all(made: list[Any]) -> Any:
    return made[0] if len(made) == 1 else tuple(made)


def _listed(text: str) -> str:
    """``text`` with commas between its parts, which may also be parted by blanks."""
    return re.sub(r"(?<=[\w\]])\s+(?=[A-Za-z])", ", ", text.strip())


def indices(text: str) -> Any:
    """Declare index letters with the sizes they run over, 1..SIZE.

    Returns:
        A SymPy ``Idx``, or a tuple of them if several are declared.

    Raises:
        InputError: if the text is not a list of ``letter:SIZE``.

    Example:
        >>> n, d = indices("n:N d:D")
        >>> n.upper
        N
    """
    made = []
    draft = Draft("letters")
    for letter, size_name in statement(f"index {_listed(_text(text))}", "<indices>"):
        index = _letters[letter.text] = draft.index(letter.text, size_name.text)
        made.append(letter_symbol(index))
    return _one_or_all(made)


def data(text: str) -> Any:
    """Declare data by example of its indices, as in ``data("x[n,d] y[n]")``.

    Returns:
        A SymPy ``IndexedBase``, or a ``Symbol`` for a scalar; a tuple if several are declared.

    Raises:
        InputError: if the text is not a list of names with declared letters.
    """
    return _declared("data", text)


def parameters(text: str) -> Any:
    """Declare parameters by example of their indices, as in ``parameters("w[d] b")``; see ``data``."""
    return _declared("parameter", text)


def _declared(kind: Literal["data", "parameter"], text: str) -> Any:
    made = []
    draft = Draft("tensors")
    draft.letters = dict(_letters)
    for pattern in statement(f"{kind} {_listed(_text(text))}", f"<{kind}>"):
        example = _names(pattern)
        _tensors.pop(pattern.name, None)
        _tensors[pattern.name] = draft.tensor(kind, pattern.name, example), example
        made.append(tensor_symbol(pattern.name, scalar=not example))
    return _one_or_all(made)


def _names(pattern: Named) -> tuple[str, ...]:
    return tuple(word.text for word in pattern.indices or ())


def _text(text: object) -> str:
    if not isinstance(text, str):
        raise InputError(f"{type(text).__name__} is not a text, expected names such as 'x[n,d] y[n]'")
    return text


def _over(letter: Any) -> tuple[Any, int, Any]:
    if not isinstance(letter, sympy.Idx) or letter.upper is None:
        raise InputError(f"{letter} is not an index letter, expected one that indices gave")
    return letter, 1, letter.upper


def Sum(body: Any, *letters: Any) -> Any:  # noqa: N802, it makes SymPy's Sum
    """The sum of ``body`` over index letters, each from 1 to its size."""
    return sympy.Sum(body, *(_over(letter) for letter in letters))


def mean(body: Any, letter: Any) -> Any:
    """The mean of ``body`` over an index letter."""
    return Sum(body, letter) / size(letter)


def size(letter: Any) -> Any:
    """The size that an index letter runs over, as a number."""
    return _over(letter)[2]


def softmax(body: Any, letter: Any) -> Any:
    """exp(body) over the sum of exp(body) along a letter, which stays free."""
    top = sympy.exp(body)
    _, first, last = _over(letter)
    inner = sympy.Idx(f"{letter.label}_", (1, last))
    return top / sympy.Sum(top.xreplace({letter: inner}), (inner, first, last))


def logsumexp(body: Any, letter: Any) -> Any:
    """The logarithm of the sum of exp(body) over a letter."""
    return sympy.log(Sum(sympy.exp(body), letter))


def square(x: Any) -> Any:
    """The square of x."""
    return sympy.sympify(x, strict=True) ** 2


def silu(x: Any) -> Any:
    """The product x * sigmoid(x)."""
    return x * sigmoid(x)


def gelu(x: Any) -> Any:
    """The product x/2 * (1 + erf(x / sqrt(2)))."""
    return x / 2 * (1 + sympy.erf(x / sympy.sqrt(2)))


def elu(x: Any, alpha: Any) -> Any:
    """The value of x where it is positive, else alpha * (exp(x) - 1)."""
    return relu(x) + alpha * (sympy.exp(x - relu(x)) - 1)


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
        _over(batch)
        self._name, self._title = _text(name), _text(title)
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
        pattern = statement(f"{_text(left)} = 0", "<define>")[0]
        example = _names(pattern)
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
        self._require(OBJECTIVE)
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
        if not isinstance(text, str) or not text.strip() or re.search(r"(^|\s)#|[^\S ]", text):
            raise InputError(f"{text!r} is not a source, expected one line of text without a comment mark")
        self._sources.append(text.strip())

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
        known = {**_letters, **self._mentioned.letters}
        if name not in known:
            raise IllFormedError(f"undeclared index letter {name}{suggestion(name, known)}")
        return known[name]

    def _known_tensors(self) -> dict[str, Tensor]:
        declared = {name: tensor for name, (tensor, _) in {**_tensors, **self._mentioned.tensors}.items()}
        return {**declared, **self._defined()}

    def _scope(self, free: frozenset[str] | None) -> Scope:
        known = {**_letters, **self._mentioned.letters}
        return Scope(known, self._known_tensors(), free, derivatives=free is None, infer=free is None)

    def _term(self, body: Any, free: frozenset[str] | None) -> Term:
        """The term of a formula in which only the letters ``free`` may be free (any, if None)."""
        if isinstance(body, str):
            term = formula(body, self._scope(free), "<formula>")
            self._mention(body, term)
            return term
        term = from_sympy(body, tensors=self._known_tensors())
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
            if name in _letters:
                self._mention_letter(self._known_letter(name))
        for entry in (t for term in terms for t in subterms(term) if isinstance(t, Entry)):
            if entry.tensor in _tensors and entry.tensor not in self._defined():
                declared = self._mentioned.tensors.setdefault(entry.tensor, _tensors[entry.tensor])
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
        order = {name: place for place, name in enumerate(_letters)}
        for letter in sorted(self._mentioned.letters.values(), key=lambda i: order.get(i.name, len(order))):
            draft.index(letter.name, letter.size)
        draft.set_batch(self._batch.name)
        place = {name: at for at, name in enumerate(_tensors)}
        for name, (tensor, example) in sorted(self._mentioned.tensors.items(), key=lambda item: place.get(item[0], -1)):
            draft.tensor(tensor.kind, name, example)  # type: ignore[arg-type]
        for stated in self._statements:
            if isinstance(stated, _Definition):
                draft.define(stated.name, draft.open_definition(stated.name, stated.letters), stated.body)
            else:
                getattr(draft, stated.method)(*stated.arguments)
        return draft
