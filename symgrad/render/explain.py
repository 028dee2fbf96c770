"""The page that answers the standing questions: sentences from ``questions``, theorems from derivations."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from symgrad.errors import SymgradError
from symgrad.kernel.terms import Entry, letters
from symgrad.lang.parser import parse_formula
from symgrad.render.outcome import Outcome
from symgrad.render.questions import (
    OPENING,
    QUESTIONS,
    TITLE,
    Item,
    Measured,
    Picture,
    Program,
    Question,
    Say,
    Theorem,
    Wrong,
)
from symgrad.render.reasons import Ref, Text
from symgrad.render.setting import Matter, Setting, joined, letter
from symgrad.render.shapes import parts
from symgrad.render.tree import Block, Code, Display, Document, Figure, Grid, Paragraph, Part, Row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from symgrad.kernel.terms import Judgement
    from symgrad.kernel.theorem import Theorem as Proved
    from symgrad.render.source import Derivation

_MARK = re.compile(r"\{([^{}]*)\}|<([^<>]*)>")


def explanation(
    derivations: Mapping[str, Derivation],
    figures: Mapping[str, str],
    tables: Mapping[str, Sequence[tuple[str, ...]]],
    *,
    beside: bool = False,
) -> Document:
    """The answers as a document.

    Args:
        derivations: what is spoken of, by name; ``questions.needed()`` lists them.
        figures: the pictures as SVG, by name; one that is missing is only described.
        tables: the rows of the measured tables, by name.
        beside: whether the pictures' files will lie beside the document.

    Raises:
        SymgradError: if something that the answers state was not proved, or what they deny not refuted.
    """
    return _Answers(derivations, figures, tables, beside=beside).document()


class _Answers:
    def __init__(
        self,
        derivations: Mapping[str, Derivation],
        figures: Mapping[str, str],
        tables: Mapping[str, Sequence[tuple[str, ...]]],
        *,
        beside: bool,
    ) -> None:
        self.derivations, self.figures, self.tables, self.beside = derivations, figures, tables, beside
        for name, derivation in derivations.items():
            if derivation.verdicts["separable"].get("status") != "proved":
                raise SymgradError(f"the explanation speaks of samples that are kept apart, in {name} they are not")
        self.matters = {name: Matter(derivation) for name, derivation in derivations.items()}

    def document(self) -> Document:
        blocks = [block for number, question in enumerate(QUESTIONS, 1) for block in self.question(number, question)]
        cited = dict.fromkeys(source for derivation in self.derivations.values() for source in derivation.model.sources)
        return Document("explain", TITLE, OPENING, tuple(cited), (*blocks, self.check()))

    def question(self, number: int, question: Question) -> list[Block]:
        """The blocks of an answer; what follows a theorem goes on without a heading."""
        blocks = [Block("question", (), (f"{number}. {question.title}",))]
        for item in question.items:
            made = self.block(item)
            last = blocks[-1]
            if made.kind == "text" and last.kind in {"question", "text"}:
                blocks[-1] = Block(last.kind, (*last.parts, *made.parts), last.title)
            else:
                blocks.append(made)
        return blocks

    def block(self, item: Item) -> Block:
        match item:
            case Say(about, text, lead):
                return Block("text", (Paragraph(self.words(about, text), (lead,) if lead else ()),))
            case Picture(about, name, caption):
                words = self.words(about, caption)
                return Block("text", (Figure(name, words, self.figures.get(name, ""), self.beside),))
            case Measured():
                return self.measured(item)
            case Program(text):
                return Block("text", (Code(text),))
            case Wrong():
                return self.wrong(item)
            case Theorem():
                return self.theorem(item)

    def measured(self, item: Measured) -> Block:
        """A table with the words before it, or the words that stand in its place."""
        rows = self.tables.get(item.name)
        if rows is None and not item.otherwise:
            raise SymgradError(f"the explanation shows a table {item.name!r}, which was not measured")
        said = item.before if rows is not None else item.otherwise
        pieces: list[Part] = [Paragraph(self.words(item.about, said))] if said else []
        if rows is not None:
            pieces.append(Grid(tuple(self.words(item.about, text) for text in item.head), tuple(rows)))
        return Block("text", tuple(pieces))

    def words(self, about: str, text: str) -> Text:
        """Words with their formulas and references."""
        found: list[object] = []
        at = 0
        for mark in _MARK.finditer(text):
            formula, reference = mark.groups()
            found += [text[at : mark.start()]] if mark.start() > at else []
            if formula is not None:
                found.append(self.formula(about, formula))
            else:
                found.append(Ref(reference.replace("/", ":") if "/" in reference else f"{about}:{reference}"))
            at = mark.end()
        return (*found, *([text[at:]] if at < len(text) else []))  # type: ignore[arg-type]

    def formula(self, about: str, text: str) -> object:
        """A formula in the notation of a derivation; a lone letter is one of its index letters."""
        matter = self.matters[about]
        alone = next((i for i in matter.model.letters if i.name == text), None)
        if alone is not None:
            return letter(alone, {alone: text})
        return matter.shaper(parse_formula(text, matter.model))

    def theorem(self, item: Theorem) -> Block:
        """Statements with the definitions and hypotheses that they need."""
        matter, derivation = self.matters[item.about], self.derivations[item.about]
        proved = {name: self.statement(derivation, name) for name in item.statements}
        rows = []
        for name, theorem in proved.items():
            shown = matter.shaper.related(theorem.left, theorem.right)
            rows.append(Row(shown.left, shown.right, "=", (), f"{item.about}:{name}"))
        hypotheses = dict.fromkeys(h for theorem in proved.values() for h in sorted(theorem.hypotheses, key=str))
        words = "For all sizes, data, parameters and indices,"
        if supposed := self.hypotheses(matter, list(hypotheses)):
            words = f", then f{words[1:]}"
        pieces: list[Part] = [Paragraph(("With",)), self.definitions(matter, item.definitions, rows)]
        pieces += [Paragraph((*supposed, words)), Display(tuple(rows))]
        pieces.append(Paragraph((f"The proof, line by line: symgrad prove {item.about}",)))
        return Block("theorem", tuple(pieces), (matter.model.title,))

    @staticmethod
    def statement(derivation: Derivation, name: str) -> Proved:
        """A theorem by its name; what a sentence rests on has to be proved."""
        found = derivation.statements.get(name)
        if found is None:
            raise SymgradError(f"the explanation rests on {name!r} of {derivation.model.name}, which was not proved")
        return found

    @staticmethod
    def definitions(matter: Matter, names: Sequence[str], stated: Sequence[Row]) -> Display:
        """What the names mean, and the functions in them and in what is stated."""
        rows: list[Row] = []
        for name in names:
            definition = matter.model.program.bodies[name]
            entry = Entry(name, definition.letters)
            called = matter.shaper.naming([entry])
            left = matter.shaper(entry, naming=called)
            rows.append(Row(left, matter.shaper(definition.body, naming=called), ":="))
        drawn = [shape for row in (*rows, *stated) for shape in parts(row.right)]
        return Display((*rows, *Setting(matter, ()).functions(drawn)), packed=True)

    @staticmethod
    def hypotheses(matter: Matter, given: Sequence[Judgement]) -> Text:
        pieces: list[Text] = []
        for judgement in given:
            called = matter.shaper.naming([judgement.left, judgement.right])
            free = dict.fromkeys([*letters(judgement.left), *letters(judgement.right)])
            over: Text = (" for all ", *joined([(letter(i, called),) for i in free])) if free else ()
            pieces.append((matter.shaper.judgement(judgement), *over))
        return ("If ", *joined(pieces)) if pieces else ()

    def wrong(self, item: Wrong) -> Block:
        """A refuted claim with its witness."""
        derivation = self.derivations[item.about]
        found = Outcome(self.matters[item.about]).claim(item.claim)
        if derivation.claims[item.claim - 1].get("status") != "refuted" or found is None:
            raise SymgradError(f"the explanation denies claim {item.claim} of {item.about}, which was not refuted")
        matter, claim = self.matters[item.about], self.derivations[item.about].model.claims[item.claim - 1]
        words = ("It is not true that ", matter.shaper.related(claim.left, claim.right), ".")
        return Block("example", (Paragraph(words), *found.parts[1:]), (item.title,))

    def check(self) -> Block:
        """What a machine did for this page."""
        count = len(self.derivations)
        words = f"Every theorem of this page was derived by the kernel of symgrad, in {count} derivations."
        if all(derivation.checked for derivation in self.derivations.values()):
            words += " Their certificates were accepted by a second program, in a process of its own."
        return Block("check", (Paragraph((words,)),))
