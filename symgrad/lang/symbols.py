"""The names and functions that Python formulas are made of: SymPy objects, read by the language's own grammar.

Names are remembered here when they are declared, since a SymPy object cannot carry whether it is data or a parameter.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

import sympy

from symgrad.errors import InputError
from symgrad.lang.draft import Draft
from symgrad.lang.parser import statement
from symgrad.lang.sympy_bridge import letter_symbol, no_text, relu, sigmoid, tensor_symbol

if TYPE_CHECKING:
    from symgrad.kernel.program import Tensor
    from symgrad.kernel.terms import Index
    from symgrad.lang.syntax import Named, Word

LETTERS: dict[str, Index] = {}
"""The letter declared last under each name."""

TENSORS: dict[str, tuple[Tensor, tuple[str, ...]]] = {}
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
    for letter, size_name in statement(f"index {_listed(as_text(text))}", "<indices>"):
        index = LETTERS[letter.text] = draft.index(letter.text, size_name.text)
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
    draft.letters = dict(LETTERS)
    for pattern, size_name in _patterns(kind, statement(f"{kind} {_listed(as_text(text))}", f"<{kind}>")):
        if size_name is not None:
            raise InputError(f"{pattern.name} : {size_name.text} declares labels, which only a .sg file can hold")
        example = names_of(pattern)
        TENSORS.pop(pattern.name, None)
        TENSORS[pattern.name] = draft.tensor(kind, pattern.name, example), example
        made.append(tensor_symbol(pattern.name, scalar=not example))
    return _one_or_all(made)


def _patterns(kind: str, parts: list[Any]) -> list[tuple[Named, Word | None]]:
    return parts if kind == "data" else [(pattern, None) for pattern in parts]


def names_of(pattern: Named) -> tuple[str, ...]:
    """The letters of ``name[letters]``."""
    return tuple(word.text for word in pattern.indices or ())


def as_text(text: object) -> str:
    """``text``, if it is one."""
    if not isinstance(text, str):
        raise InputError(f"{type(text).__name__} is not a text, expected names such as 'x[n,d] y[n]'")
    return text


def checked_range(letter: Any) -> tuple[Any, int, Any]:
    """An index letter with the range that it carries, as SymPy's ``Sum`` takes it."""
    if not isinstance(letter, sympy.Idx) or letter.upper is None:
        raise InputError(f"{letter} is not an index letter, expected one that indices gave")
    return letter, 1, letter.upper


def Sum(body: Any, *letters: Any) -> Any:  # noqa: N802, it makes SymPy's Sum
    """The sum of ``body`` over index letters, each from 1 to its size."""
    return sympy.Sum(no_text(body), *(checked_range(letter) for letter in letters))


def mean(body: Any, letter: Any) -> Any:
    """The mean of ``body`` over an index letter."""
    return Sum(body, letter) / size(letter)


def size(letter: Any) -> Any:
    """The size that an index letter runs over, as a number."""
    return checked_range(letter)[2]


def softmax(body: Any, letter: Any) -> Any:
    """exp(body) over the sum of exp(body) along a letter, which stays free."""
    top = sympy.exp(no_text(body))
    _, first, last = checked_range(letter)
    inner = sympy.Idx(f"{letter.label}_", (1, last))
    return top / sympy.Sum(top.xreplace({letter: inner}), (inner, first, last))


def logsumexp(body: Any, letter: Any) -> Any:
    """The logarithm of the sum of exp(body) over a letter."""
    return sympy.log(Sum(sympy.exp(no_text(body)), letter))


def square(x: Any) -> Any:
    """The square of x."""
    return no_text(x) ** 2


def silu(x: Any) -> Any:
    """The product x * sigmoid(x)."""
    return no_text(x) * sigmoid(x)


def gelu(x: Any) -> Any:
    """The product x/2 * (1 + erf(x / sqrt(2)))."""
    x = no_text(x)
    return x / 2 * (1 + sympy.erf(x / sympy.sqrt(2)))


def elu(x: Any, alpha: Any) -> Any:
    """The value of x where it is positive, else alpha * (exp(x) - 1)."""
    return relu(x) + no_text(alpha) * (sympy.exp(x - relu(x)) - 1)
