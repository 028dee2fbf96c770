"""From text to a checked model: one statement after the other, each error with its place."""

from __future__ import annotations

import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from symgrad.errors import IllFormedError, InputError
from symgrad.lang.draft import Draft
from symgrad.lang.elaborate import Scope
from symgrad.lang.source import MAX_CHARACTERS, MAX_NAME, Source
from symgrad.lang.syntax import Misplaced, Named, Word, parsed_formula, parsed_statement
from symgrad.lang.words import RESERVED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from symgrad.kernel.terms import Index, Term
    from symgrad.lang.model import Model


def load_model(path: str | Path) -> Model:
    """Read a derivation from a file.

    Its name is that of the folder for ``NAME/derivation.sg``, else that of the file.

    Raises:
        InputError: if the file cannot be read, is not UTF-8, or does not state a model.
    """
    path = Path(path)
    try:
        if not path.is_file():
            what = "not a file" if path.exists() else "no such file"
            raise InputError(f"{path}: {what}, expected a derivation (.sg)")
        with path.open("rb") as stream:
            data = stream.read(4 * MAX_CHARACTERS + 4)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    return parse_model(decoded(data, str(path)), model_name(path), str(path))


def decoded(data: bytes, file: str = "<text>") -> str:
    """The bytes of a derivation as text.

    Raises:
        SourceError: if they are not UTF-8; names the place of the first byte that is not.
    """
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        if len(before) > MAX_CHARACTERS:
            return before
        what = f"byte 0x{data[error.start]:02x} is not UTF-8, expected UTF-8"
        raise Source(before, file).error(len(before), what) from None


def model_name(path: Path) -> str:
    """The name that a file gives its model: always a valid name."""
    stem = path.resolve().parent.name if path.name == "derivation.sg" else path.stem
    name = re.sub(r"[^A-Za-z0-9_]", "_", stem)
    if not re.match(r"[A-Za-z]", name):
        name = f"model_{name}"
    return name[:MAX_NAME]


def parse_model(text: str, name: str, file: str = "<text>") -> Model:
    """The model that a text states.

    Args:
        text: in the language of ``.sg`` files.
        name: of the model.
        file: how errors name the text.

    Raises:
        SourceError: if the text does not state a model; the first line names file, line and column.
    """
    source = Source(text, file).checked()
    draft = Draft(name)
    draft.introduction = source.introduction()
    reader = _Reader(draft)
    for piece in source.statements():
        try:
            kind, parts = parsed_statement(piece.text)
            getattr(reader, kind)(*parts)
        except Misplaced as error:
            raise source.error(piece.at + error.at, error.what) from None
        except IllFormedError as error:
            raise source.error(piece.at, str(error)) from None
    try:
        return draft.model()
    except IllFormedError as error:
        raise source.error(len(source.text.rstrip()), str(error)) from None


def parse_formula(text: str, model: Model, file: str = "<formula>") -> Term:
    """The term of a formula that mentions what ``model`` declares.

    Any letter may stay free, an undeclared one takes the size of the tensor position where it first stands, and
    derivatives ``d(A) / d(P[j])`` may stand anywhere.

    Raises:
        SourceError: if the text is not a formula, or mentions what the model does not declare.
    """
    letters = {letter.name: letter for letter in model.letters}
    scope = Scope(letters, model.program.tensors, derivatives=True, infer=True, labels=frozenset(model.labels))
    return formula(text, scope, file)


def formula(text: str, scope: Scope, file: str = "<formula>") -> Term:
    """The term of a formula in a given scope."""
    source = Source(text, file).checked()
    source.statements()
    try:
        return scope.term(parsed_formula(source.text))[0]
    except Misplaced as error:
        raise source.error(error.at, error.what) from None


def statement(text: str, file: str) -> list[Any]:
    """The parts of a single statement.

    Raises:
        SourceError: if the text is not one statement.
    """
    source = Source(text, file).checked()
    source.statements()
    try:
        return parsed_statement(source.text)[1]
    except Misplaced as error:
        raise source.error(error.at, error.what) from None


@contextmanager
def _at(place: int) -> Iterator[None]:
    """Give an error of the draft its place."""
    try:
        yield
    except IllFormedError as error:
        raise Misplaced(place, str(error)) from None


class _Reader:
    """One method per kind of statement, named like the grammar's rules."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.inferred: dict[str, Index] = {}
        """Letters that claims used without declaring them: a letter has one size in the whole file."""

    def index(self, *ranges: tuple[Word, Word]) -> None:
        for letter, size in ranges:
            with _at(letter.at):
                self.draft.index(letter.text, size.text)

    def batch(self, letter: Word) -> None:
        with _at(letter.at):
            self.draft.set_batch(letter.text)

    def data(self, *patterns: tuple[Named, Word | None]) -> None:
        for pattern, size in patterns:
            if size is None:
                self._tensor("data", pattern)
                continue
            self._known(pattern)
            with _at(size.at if size.text not in {i.size for i in self.draft.letters.values()} else pattern.at):
                self.draft.label(pattern.name, [word.text for word in pattern.indices or ()], size.text)

    def parameter(self, *patterns: Named) -> None:
        for pattern in patterns:
            self._tensor("parameter", pattern)

    def _tensor(self, kind: Any, pattern: Named) -> None:
        self._known(pattern)
        with _at(pattern.at):
            self.draft.tensor(kind, pattern.name, [word.text for word in pattern.indices or ()])

    def _known(self, pattern: Named) -> None:
        for word in pattern.indices or ():
            with _at(word.at):
                self.draft.letter(word.text)

    @property
    def _labels(self) -> frozenset[str]:
        return frozenset(self.draft.labels)

    def definition(self, pattern: Named, body: Any) -> None:
        if pattern.name not in RESERVED:
            self._known(pattern)
        with _at(pattern.at):
            letters = self.draft.open_definition(pattern.name, [word.text for word in pattern.indices or ()])
        free = frozenset(letter.name for letter in letters)
        term = Scope(self.draft.letters, self.draft.tensors, free, labels=self._labels).term(body)[0]
        self.draft.define(pattern.name, letters, term)

    def assumption(self, left: Any, relation: Word, right: Any) -> None:
        terms = Scope(self.draft.letters, self.draft.mentionable, labels=self._labels).term(left, right)
        with _at(left.at):
            self.draft.assume(cast("Any", relation.text), *terms)

    def claim(self, left: Any, right: Any) -> None:
        letters = {**self.draft.letters, **self.inferred}
        scope = Scope(letters, self.draft.mentionable, derivatives=True, infer=True, labels=self._labels)
        terms = scope.term(left, right)
        with _at(left.at):
            self.draft.claim(*terms)
        self.inferred |= {name: i for name, i in scope.letters.items() if name not in self.draft.letters}

    def expectation(self, what: Word, verdict: Word) -> None:
        with _at(what.at):
            self.draft.expect(what.text, verdict.text)

    def title(self, text: Word) -> None:
        if self.draft.title:
            raise Misplaced(text.at, "the title is given twice, expected one title")
        self.draft.title = text.text

    def source(self, text: Word) -> None:
        self.draft.sources.append(text.text)
