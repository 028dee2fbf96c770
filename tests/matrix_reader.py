"""A reader of matrix formulas for tests, by NumPy.

``2/N * X^T*((1 - H.^2) .* (R*W))``: vectors are columns, ``1`` in a matrix product is a vector of ones.
"""

import re

import numpy as np

TOKEN = re.compile(r"\s*(\.\*|\.\^|\^T|\d+|[A-Za-z]\w*|[-+*/()])")
FUNCTIONS = {
    "exp": np.exp,
    "tanh": np.tanh,
    "sigmoid": lambda a: 1 / (1 + np.exp(-a)),
    "softplus": lambda a: np.log1p(np.exp(a)),
    "step": lambda a: (a > 0).astype(float),
    "softmax": lambda a: np.exp(a) / np.exp(a).sum(axis=1, keepdims=True),
    "diag": lambda a: np.diag(a[:, 0]),
}
ONES, ONES_T = object(), object()


class MatrixReading:
    """Evaluates matrix formulas; vectors are columns.

    Args:
        arrays: the tensors by name, as arrays of the rank they are declared with.
        sizes: the sizes by name.
    """

    def __init__(self, arrays, sizes):
        self.arrays = {name: a.reshape(-1, 1) if a.ndim == 1 else a for name, a in arrays.items()}
        self.sizes = sizes

    def value(self, text):
        self.tokens, rest = [], text
        while rest.strip():
            found = TOKEN.match(rest)
            if not found:
                raise SyntaxError(rest)
            self.tokens.append(found[1])
            rest = rest[found.end() :]
        value = self._sum()
        if self.tokens:
            raise SyntaxError(" ".join(self.tokens))
        return value

    def _next(self, *wanted):
        return self.tokens.pop(0) if self.tokens and self.tokens[0] in wanted else None

    def _sum(self):
        total = -self._product() if self._next("-") else self._product()
        while sign := self._next("+", "-"):
            total = total + self._product() if sign == "+" else total - self._product()
        return total

    def _product(self):
        """A chain of products, from the left; an entrywise product binds what stands beside it."""
        value = self._power()
        while sign := self._next("*", ".*", "/"):
            other = self._power(size=sign == "/")
            if sign == "/":
                value = number(value) / number(other)
            elif sign == ".*":
                value = number(value) * number(other)
            else:
                value = times(value, other)
        return number(value)

    def _power(self, *, size=False):
        value = self._atom(size)
        while sign := self._next("^T", ".^"):
            if sign == "^T":
                value = ONES_T if value is ONES else value.T if isinstance(value, np.ndarray) else value
            elif self._next("("):
                value = number(value) ** float(self._sum())
                self._close()
            else:
                value = number(value) ** float(self.tokens.pop(0))
        return value

    def _close(self):
        if not self._next(")"):
            raise SyntaxError("a bracket stays open")

    def _atom(self, size):
        """A name after a slash is that of a size."""
        token = self.tokens.pop(0)
        if token == "(":
            value = self._sum()
            self._close()
            return value
        if token.isdigit():
            return ONES if token == "1" and not (self.tokens and self.tokens[0] == "/") else float(token)
        if token in FUNCTIONS and self._next("("):
            value = self._sum()
            self._close()
            return FUNCTIONS[token](value)
        name = token if token in self.arrays else token[0].lower() + token[1:]
        return self.arrays[name] if name in self.arrays and not size else float(self.sizes[token])


def number(value):
    """What a one is that stands in no matrix product: a number, for every entry."""
    return 1.0 if value is ONES or value is ONES_T else value


def times(left, right):
    """A product of matrices or numbers; ones take the length that fits."""
    if left is ONES_T:
        return number(right) if np.ndim(right) == 0 else right.sum(axis=0, keepdims=True)
    if right is ONES and np.ndim(left) == 2:
        return left.sum(axis=1, keepdims=True)
    if right is ONES_T:
        return Waiting(left)
    if isinstance(left, Waiting):
        return left.number * right.sum(axis=0, keepdims=True)
    left, right = number(left), number(right)
    if np.ndim(left) == 0 or np.ndim(right) == 0 or np.size(left) == 1 or np.size(right) == 1:
        return left * right
    return left @ right


class Waiting:
    """A number times a row of ones, before it is known how long the row is."""

    def __init__(self, factor):
        self.number = factor
