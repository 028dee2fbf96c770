"""From a syntax tree to a kernel term: letters, ranks and sizes are checked, shorthand is written out.

Arithmetic becomes terms so that printing can be undone exactly: a chain of one bracket level is one flat ``Plus`` or
``Times``, a bracketed chain stays nested. ``a - b`` is ``a + (-1) * b`` with the factors of an unbracketed ``b`` beside
the -1, or with the sign taken into a literal that ``b`` starts with. ``a / b`` is ``a * b^-1``; literal over literal is
one number; the 1 of ``1 / f`` is dropped. Shorthand for a product joins the chain that it stands in.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, cast

from symgrad.kernel.functions import inverse
from symgrad.kernel.terms import (
    MINUS,
    ONE,
    Apply,
    Delta,
    Entry,
    Index,
    Number,
    Partial,
    Plus,
    Power,
    Size,
    Term,
    Times,
    children,
    letters,
    sigma,
)
from symgrad.lang.source import MAX_DEPTH, MAX_DIGITS, suggestion
from symgrad.lang.syntax import Bracket, Call, Chain, Label, Literal, Misplaced, Named, Negative, Node, Raised, Word
from symgrad.lang.words import ARITY, FUNCTIONS, OVER, RESERVED, SHORTHAND

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from symgrad.kernel.program import Tensor

MAX_PARTS = 100_000
"""How many parts a formula may have once its shorthand is written out: shorthand may repeat its argument."""

_DERIVATIVE = "d"


@dataclass
class Scope:
    """What a formula may mention.

    Attributes:
        letters: the index letters by name.
        tensors: what is declared above.
        free: the letters that may stay free; None if any may.
        derivatives: whether ``d(A) / d(P)`` may stand in the formula.
        infer: whether an undeclared letter takes the size of the first tensor position where it stands.
        labels: the tensors that hold labels: ``z[n, y[n]]`` is the sum over k of y's entries [n, k] times z[n, k].
    """

    letters: Mapping[str, Index]
    tensors: Mapping[str, Tensor]
    free: frozenset[str] | None = None
    derivatives: bool = False
    infer: bool = False
    labels: frozenset[str] = frozenset()
    _measured: dict[int, tuple[Term, int, int]] = field(default_factory=dict)

    def term(self, *nodes: Node) -> tuple[Term, ...]:
        """The terms of syntax trees that share their letters.

        Raises:
            Misplaced: if one has no meaning here.
        """
        if self.infer:
            self.letters = {**self.letters, **self._inferred(nodes)}
        made = tuple(self._term(node, frozenset()) for node in nodes)
        self._measured.clear()
        return made

    def _inferred(self, nodes: tuple[Node, ...]) -> dict[str, Index]:
        found: dict[str, Index] = {}
        for entry in (entry for node in nodes for entry in _entries(node)):
            for word, size in self._placed(entry.name, entry.indices or ()):
                taken = word.text in self.tensors or word.text in RESERVED or word.text in self._sizes()
                if word.text not in self.letters and not taken:
                    found.setdefault(word.text, Index(word.text, size))
        return found

    def _placed(self, name: str, words: tuple[Word, ...]) -> Iterator[tuple[Word, str]]:
        """The letters in the brackets of a tensor, and in those of the labels there, with the sizes of their places."""
        tensor = self.tensors.get(name)
        shape = () if tensor is None else tensor.shape[:-1] if name in self.labels else tensor.shape
        for word, size in zip(words, shape, strict=False) if len(words) == len(shape) else ():
            if isinstance(word, Label):
                yield from self._placed(word.text, word.letters)
            else:
                yield word, size

    def _sizes(self) -> dict[str, None]:
        return dict.fromkeys(letter.size for letter in self.letters.values())

    def _term(self, node: Node, bound: frozenset[str]) -> Term:
        """The term of ``node``; ``bound`` holds the letters bound around it."""
        match node:
            case Literal(value=value):
                return Number(value)
            case Bracket(body=body):
                return self._term(body, bound)
            case Raised(base=base, exponent=exponent):
                made = _meaningful(Power(self._term(base, bound), exponent), node.at)
            case Chain(items=items) if items[0][0] == "+":
                made = Plus(tuple(self._product(item, bound, minus=sign == "-") for sign, item in items))
            case Chain() | Negative():
                made = self._product(node, bound)
            case Call():
                made = self._call(node, bound)
            case Named():
                made = self._named(node, bound)
            case _:
                raise Misplaced(node.at, "this is not a formula, expected a formula")
        self._measure(made, node.at)
        return made

    def _measure(self, term: Term, at: int) -> tuple[int, int]:
        """Number of parts and depth of a term, the parts that were measured before looked up."""
        if known := self._measured.get(id(term)):
            return known[1:]
        below = [self._measure(part, at) for part in children(term)]
        count, depth = 1 + sum(c for c, _ in below), 1 + max((d for _, d in below), default=0)
        if count > MAX_PARTS or depth > MAX_DEPTH + 1:
            much = f"at most {MAX_PARTS:,}" if count > MAX_PARTS else f"at most {MAX_DEPTH} levels"
            what = "has too many parts" if count > MAX_PARTS else "nests too deep"
            raise Misplaced(at, f"the formula {what} once its shorthand is written out, expected {much}")
        self._measured[id(term)] = term, count, depth
        return count, depth

    def _product(self, node: Node, bound: frozenset[str], *, minus: bool = False) -> Term:
        """A product, or a single factor, with a minus sign before it or not."""
        items = node.items if isinstance(node, Chain) and node.items[0][0] == "*" else (("*", node),)
        first = items[0][1]
        negatives = minus + isinstance(first, Negative)
        if isinstance(first, Negative):
            first = first.body
        factors: list[Term] = [MINUS] * negatives
        rest = iter((("*", first), *items[1:]))
        literal = False  # whether the last factor is a literal that a literal divisor may join
        if isinstance(first, Literal):
            factors = [Number(first.value * (-1) ** negatives)]
            literal = True
            next(rest)
        for operator, item in rest:
            body = item.body if isinstance(item, Negative) else item
            if operator == "*" and isinstance(item, Call) and item.name == _DERIVATIVE:
                factors.append(self._partial(item, next(rest, None), bound))
                literal = False
            elif isinstance(body, Literal):
                value = -body.value if body is not item else body.value
                literal = _put_literal(operator, value, factors, item.at, joins=literal)
            elif operator == "*":
                factor = self._term(item, bound)
                factors.extend(factor.factors if isinstance(item, Call) and isinstance(factor, Times) else [factor])
                literal = False
            else:
                divisor = self._term(item, bound)
                if literal and factors == [ONE]:
                    factors.clear()
                factors.append(_meaningful(inverse(divisor), item.at))
                literal = False
        return factors[0] if len(factors) == 1 else Times(tuple(factors))

    def _partial(self, above: Call, after: tuple[str, Node] | None, bound: frozenset[str]) -> Partial:
        """``d(A) / d(P)``, of which ``above`` is the upper half."""
        if not self.derivatives:
            raise Misplaced(above.at, "a derivative cannot stand here, expected it on the left of a claim")
        lower = after[1] if after and after[0] == "/" else None
        if not isinstance(lower, Call) or lower.name != _DERIVATIVE:
            raise Misplaced(above.at, "half a derivative, expected d(A) / d(P[indices])")
        if len(above.arguments) != 1 or len(lower.arguments) != 1:
            raise Misplaced(above.at, "a derivative of several things, expected d(A) / d(P[indices])")
        wrt = self._term(lower.arguments[0], bound)
        where = lower.arguments[0].at
        if not isinstance(wrt, Entry):
            raise Misplaced(where, "a derivative with respect to a formula, expected a parameter or a definition")
        return Partial(self._term(above.arguments[0], bound), wrt, total=True)

    def _call(self, node: Call, bound: frozenset[str]) -> Term:
        name, arguments = node.name, node.arguments
        if (name in OVER and (name not in ARITY or self._over_letter(node))) or name in {"delta", "size"}:
            return self._indexed_call(node, bound)
        if name not in SHORTHAND and not ARITY.get(name):
            if name == _DERIVATIVE:
                raise Misplaced(node.at, "half a derivative, expected d(A) / d(P[indices])")
            if name in self.tensors:
                raise Misplaced(node.at, f"{name} is a tensor, expected its indices in square brackets: {name}[...]")
            raise Misplaced(node.at, f"unknown function {name}{suggestion(name, FUNCTIONS)}")
        arity = SHORTHAND[name][0] if name in SHORTHAND else ARITY[name]
        if len(arguments) != arity:
            raise Misplaced(node.at, f"{name} has {_counted(len(arguments), 'argument')}, expected {arity}")
        parts = tuple(self._term(argument, bound) for argument in arguments)
        return _meaningful(SHORTHAND[name][1](*parts) if name in SHORTHAND else Apply(name, parts), node.at)

    def _over_letter(self, node: Call) -> bool:
        """Whether what takes a letter or two formulas, ``max``, is given a letter."""
        first = node.arguments[0] if node.arguments else None
        return isinstance(first, Named) and first.indices is None and first.name in self.letters

    def _indexed_call(self, node: Call, bound: frozenset[str]) -> Term:
        """What takes a letter or a size: ``sum(i, f)`` and its kind, ``delta(i, j)``, ``size(N)``."""
        name, wanted = node.name, _FORMS.get(node.name, f"{node.name}(letter, formula)")
        bare = [a for a in node.arguments if isinstance(a, Named) and a.indices is None]
        if name == "size":
            if len(node.arguments) != 1 or not bare:
                raise Misplaced(node.at, f"size takes the name of a size, expected {wanted}")
            if bare[0].name not in self._sizes():
                raise Misplaced(bare[0].at, f"unknown size {bare[0].name}{suggestion(bare[0].name, self._sizes())}")
            return Size(bare[0].name)
        labels = [a for a in node.arguments if isinstance(a, Named) and a.indices is not None and a.name in self.labels]
        if name == "delta" and len(node.arguments) == 2 and len(bare) == len(labels) == 1:
            return self._indicator(Word(bare[0].at, bare[0].name), labels[0], bound)
        if len(node.arguments) != 2 or node.arguments[0] not in bare or (name == "delta" and len(bare) != 2):
            raise Misplaced(node.at, f"{name} does not fit its arguments, expected {wanted}")
        word = Word(bare[0].at, bare[0].name)
        if name == "delta":
            left = self._letter(word, bound)
            right = self._letter(Word(bare[1].at, bare[1].name), bound)
            if left.size != right.size:
                what = f"{left} runs over {left.size} but {right} over {right.size}"
                raise Misplaced(bare[1].at, f"{what}, expected two letters of one size")
            return Delta(left, right)
        binds = name != "softmax"
        if binds and word.text in bound:
            raise Misplaced(word.at, f"{word.text} is bound already by a sum around this one, expected another letter")
        letter = self._letter(word, bound | {word.text} if binds else bound)
        body = self._term(node.arguments[1], bound | {word.text})
        if not binds and letter not in letters(body):
            raise Misplaced(
                word.at, f"softmax over {word.text} of a constant, expected {word.text} in its second argument"
            )
        return OVER[name](letter, body)

    def _indicator(self, word: Word, label: Named, bound: frozenset[str]) -> Entry:
        """``delta(k, y[n])``: one where the letter is the label."""
        letter, size = self._letter(word, bound), self.tensors[label.name].shape[-1]
        if letter.size != size:
            what = f"{letter} runs over {letter.size} but {label.name} over {size}"
            raise Misplaced(word.at, f"{what}, expected a letter of {size}")
        own = self._places(label.at, label.name, label.indices or (), self.tensors[label.name].shape[:-1], bound)
        return Entry(label.name, (*own, letter))

    def _label(self, word: Label, size: str, name: str, bound: frozenset[str]) -> Entry:
        """A label in the brackets of another tensor, with a letter of its own for what it chooses."""
        if word.text not in self.labels:
            declared = f"data {word.text}[{', '.join(w.text for w in word.letters)}] : {size}"
            why = self._why_unknown(word.text) if word.text not in self.tensors else f"{word.text} is no label"
            raise Misplaced(word.at, f"{why}; expected a letter, or a label that is declared as in {declared}")
        *own, last = self.tensors[word.text].shape
        if last != size:
            what = f"the label {word.text} runs over {last} but this position of {name} over {size}"
            raise Misplaced(word.at, f"{what}, expected a letter or a label of {size}")
        places = self._places(word.at, word.text, word.letters, tuple(own), bound)
        return Entry(word.text, (*places, Index(f"{word.text} {word.at}", size)))

    def _named(self, node: Named, bound: frozenset[str]) -> Term:
        name, words = node.name, node.indices
        if name == "pi" and words is None:
            return Apply("pi", ())
        tensor = self.tensors.get(name)
        if tensor is None:
            raise Misplaced(node.at, self._why_unknown(name))
        if name in self.labels:
            label = f"{name}[{', '.join(self._example(tensor.shape[:-1]))}]" if tensor.shape[1:] else name
            what = f"{name} is a label, not a number"
            raise Misplaced(node.at, f"{what}, expected it as an index z[{label}] or in delta(k, {label})")
        chosen = {
            word.at: self._label(word, size, name, bound)
            for word, size in zip(words or (), tensor.shape, strict=False)
            if isinstance(word, Label)
        }
        found = self._places(node.at, name, words or (), tensor.shape, bound, chosen)
        term: Term = Entry(name, found)
        for label_entry in reversed(chosen.values()):
            term = sigma(cast("Index", label_entry.indices[-1]), Times((label_entry, term)))
        return term

    def _places(
        self,
        at: int,
        name: str,
        words: tuple[Word, ...],
        shape: tuple[str, ...],
        bound: frozenset[str],
        chosen: Mapping[int, Entry] | None = None,
    ) -> tuple[Index, ...]:
        """The letters in the brackets of a tensor; a label there has its own, by its place in the text."""
        if len(words) != len(shape):
            example = f"{name}[{', '.join(self._example(shape))}]" if shape else name
            raise Misplaced(at, f"{name} has {_counted(len(shape), 'index', 'indices')}, expected {example}")
        found = []
        for word, size in zip(words, shape, strict=True):
            if chosen and word.at in chosen:
                found.append(cast("Index", chosen[word.at].indices[-1]))
                continue
            letter = self._letter(word, bound)
            if letter.size != size:
                fitting = [i.name for i in self.letters.values() if i.size == size]
                wanted = f" such as {fitting[0]}" if fitting else ""
                what = f"{letter} runs over {letter.size} but this position of {name} over {size}"
                raise Misplaced(word.at, f"{what}, expected a letter of {size}{wanted}")
            found.append(letter)
        return tuple(found)

    def _why_unknown(self, name: str) -> str:
        if name in self.letters:
            return f"{name} is an index letter, expected a tensor, a number or a function"
        if name in self._sizes():
            return f"{name} is a size, expected size({name}) for its value"
        if name in RESERVED:
            return f"{name} is a word of the language, expected a tensor, a number or a function"
        return f"undeclared name {name}{suggestion(name, self.tensors)}"

    def _example(self, shape: tuple[str, ...]) -> list[str]:
        """A letter for each position, to show how a tensor is written."""
        left = list(self.letters.values())
        shown = []
        for size in shape:
            fitting = next((letter for letter in left if letter.size == size), None)
            if fitting is not None:
                left.remove(fitting)
            shown.append(fitting.name if fitting else size.lower())
        return shown

    def _letter(self, word: Word, bound: frozenset[str]) -> Index:
        """The index letter ``word``, if it may stand here."""
        letter = self.letters.get(word.text)
        if letter is None:
            raise Misplaced(word.at, f"undeclared index letter {word.text}{suggestion(word.text, self.letters)}")
        if self.free is not None and word.text not in bound and word.text not in self.free:
            raise Misplaced(
                word.at, f"{word.text} is left free, expected a sum over {word.text} or {word.text} on the left"
            )
        return letter


_FORMS = {"delta": "delta(letter, letter)", "size": "size(NAME)"}


def _counted(count: int, one: str, many: str | None = None) -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"


def _put_literal(operator: str, value: Fraction, factors: list[Term], at: int, *, joins: bool) -> bool:
    """Put a literal into a product; whether a literal divisor after it may join it."""
    if operator == "*":
        factors.append(Number(value))
        return True
    if not value:
        raise Misplaced(at, "division by zero, expected another divisor")
    last = factors[-1]
    joined = last.value / value if joins and isinstance(last, Number) else None
    if joined is not None and max(abs(joined.numerator), joined.denominator) < 10**MAX_DIGITS:
        factors[-1] = Number(joined)
        return True
    factors.append(Number(1 / value))
    return False


def _meaningful(term: Term, at: int) -> Term:
    """``term``, unless it is a function of a literal outside the function's domain."""
    match term:
        case Power(Number(value), exponent) if not value and exponent < 0:
            raise Misplaced(at, "division by zero, expected another divisor")
        case Power(Number(value), exponent) if value < 0 and exponent.denominator > 1:
            raise Misplaced(at, "a fractional power of a negative number, expected a positive one")
        case Apply("log", (Number(value),)) if value <= 0:
            raise Misplaced(at, "the logarithm of a number that is not positive, expected a positive one")
    return term


def _entries(node: Node) -> Iterator[Named]:
    """The tensor entries of a syntax tree, left to right."""
    match node:
        case Named():
            yield node
        case Call(arguments=parts):
            for part in parts:
                yield from _entries(part)
        case Chain(items=items):
            for _, part in items:
                yield from _entries(part)
        case Raised(base=body) | Negative(body=body) | Bracket(body=body):
            yield from _entries(body)
