"""A model while it is being stated, by a file or by Python: every check that is not about one formula's letters.

Both ways of writing end here, so they cannot differ in what they accept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from symgrad.errors import IllFormedError
from symgrad.kernel.program import Definition, Program, Tensor
from symgrad.kernel.terms import ONE, ZERO, Entry, Index, Judgement, Partial, Term, sigma, subterms
from symgrad.lang.model import Claim, Model
from symgrad.lang.source import suggestion
from symgrad.lang.words import NAME, RESERVED, mean

if TYPE_CHECKING:
    from collections.abc import Sequence

LOSS, OBJECTIVE = "loss", "objective"

_KINDS = {"data": "data", "parameter": "a parameter", "definition": "a definition"}


class Draft:
    """What has been stated so far.

    Every method refuses with ``IllFormedError`` and one line of text, which does not name a place.
    """

    def __init__(self, name: str) -> None:
        _valid(name, reserved=False)
        self.name = name
        self.title = ""
        self.introduction: tuple[str, ...] = ()
        self.batch: Index | None = None
        self.letters: dict[str, Index] = {}
        self.tensors: dict[str, Tensor] = {}
        self.definitions: list[Definition] = []
        self.assumptions: list[Judgement] = []
        self.claims: list[Claim] = []
        self.expected: set[str] = set()
        self.sources: list[str] = []
        self.labels: list[str] = []
        self._memberships: list[Judgement] = []
        self._sizes: dict[str, None] = {}
        self._last_is_claim = False

    @property
    def mentionable(self) -> dict[str, Tensor]:
        """What assumptions and claims may mention: also the objective that is added where it is left out."""
        implied = {OBJECTIVE: Tensor(OBJECTIVE, "definition", ())} if LOSS in self.tensors else {}
        return implied | self.tensors

    def _declare(self, name: str, kind: str) -> None:
        _valid(name)
        if name in {LOSS, OBJECTIVE} and kind != "a definition":
            raise IllFormedError(f"{name} cannot be {kind}, it is always a definition; expected another name")
        taken = {**dict.fromkeys(self._sizes, "a size"), **dict.fromkeys(self.letters, "an index letter")}
        taken |= {tensor.name: _KINDS[tensor.kind] for tensor in self.tensors.values()}
        if name in taken:
            raise IllFormedError(f"{name} is {taken[name]} already, expected a name that is not declared yet")

    def index(self, letter: str, size: str) -> Index:
        """Declare an index letter that runs over 1..``size``."""
        self._declare(letter, "an index letter")
        if size not in self._sizes:
            self._declare(size, "a size")
        if letter == size:
            raise IllFormedError(f"{letter} cannot be letter and size, expected two names, as in n : N")
        self._sizes[size] = None
        made = self.letters[letter] = Index(letter, size)
        return made

    def set_batch(self, letter: str) -> None:
        """Name the letter of the samples."""
        if self.batch is not None:
            raise IllFormedError(f"the batch is declared already as {self.batch}, expected one batch letter")
        self.batch = self.letter(letter)
        for tensor in self.tensors.values():
            self._check_parameter(tensor)

    def letter(self, name: str) -> Index:
        """A declared letter by name."""
        if name not in self.letters:
            raise IllFormedError(f"undeclared index letter {name}{suggestion(name, self.letters)}")
        return self.letters[name]

    def tensor(self, kind: Literal["data", "parameter"], name: str, letters: Sequence[str]) -> Tensor:
        """Declare data or a parameter by example of its indices."""
        self._declare(name, _KINDS[kind])
        made = Tensor(name, kind, tuple(self.letter(letter).size for letter in letters))
        self._check_parameter(made)
        self.tensors[name] = made
        return made

    def label(self, name: str, letters: Sequence[str], size: str) -> Tensor:
        """Declare labels from 1 to a size: each sample's entries are one at its label, zero elsewhere."""
        if size not in self._sizes:
            what = "an index letter, not a size" if size in self.letters else "no size"
            raise IllFormedError(f"{size} is {what}{suggestion(size, self._sizes)}")
        self._declare(name, _KINDS["data"])
        own = tuple(map(self.letter, letters))
        last = Index(f"{name} ", size)
        made = self.tensors[name] = Tensor(name, "data", (*(letter.size for letter in own), size))
        self.labels.append(name)
        self._memberships.append(Judgement("=", sigma(last, Entry(name, (*own, last))), ONE))
        return made

    def _check_parameter(self, tensor: Tensor) -> None:
        if tensor.kind == "parameter" and self.batch and self.batch.size in tensor.shape:
            what = f"parameter {tensor.name} carries the batch size {self.batch.size}"
            raise IllFormedError(f"{what}, expected parameters that all samples share")

    def open_definition(self, name: str, letters: Sequence[str]) -> tuple[Index, ...]:
        """The letters on the left side of a definition, once they are found fit."""
        if self.definitions and self.definitions[-1].name == OBJECTIVE:
            what = f"{name} is defined below objective" if name != OBJECTIVE else "objective is defined twice"
            raise IllFormedError(f"{what}, expected objective to be the last definition")
        self._declare(name, "a definition")
        if len(set(letters)) != len(letters):
            raise IllFormedError(f"a letter stands twice on the left of {name}, expected different letters")
        found = tuple(self.letter(letter) for letter in letters)
        if name == LOSS:
            if self.batch is None:
                raise IllFormedError("loss stands above batch, expected a statement such as batch n above it")
            if found != (self.batch,):
                raise IllFormedError(f"loss carries other indices than the batch letter, expected loss[{self.batch}]")
        if name == OBJECTIVE and found:
            raise IllFormedError("objective carries an index, expected a scalar")
        if name == OBJECTIVE and LOSS not in self.tensors:
            raise IllFormedError("objective stands above loss, expected loss above it")
        return found

    def define(self, name: str, letters: Sequence[Index], body: Term) -> Definition:
        """Add a definition whose left side ``open_definition`` found fit."""
        made = Definition(name, tuple(letters), body)
        self.definitions.append(made)
        self.tensors[name] = Tensor(name, "definition", tuple(letter.size for letter in letters))
        self._last_is_claim = False
        return made

    def assume(self, relation: Literal["=", ">", "!="], left: Term, right: Term) -> None:
        """Add an assumption."""
        if relation == "=":
            for entry in (t for side in (left, right) for t in subterms(side) if isinstance(t, Entry)):
                kind = self.mentionable[entry.tensor].kind
                if kind != "data":
                    what = f"an assumed equation mentions {entry.tensor}, a {kind}"
                    raise IllFormedError(f"{what}, expected data and numbers only")
        elif right != ZERO:
            raise IllFormedError(f"an assumption with {relation} compares with 0, expected {relation} 0")
        self.assumptions.append(Judgement(relation, left, right))
        self._last_is_claim = False

    def claim(self, left: Term, right: Term) -> None:
        """Add a claim."""
        inner = [t for side in (left, right) for t in subterms(side) if isinstance(t, Partial) and t is not left]
        if inner:
            raise IllFormedError("a derivative inside a formula, expected d(A) / d(P) as the whole left side")
        if isinstance(left, Partial):
            if not isinstance(left.body, Entry) or self.mentionable[left.body.tensor].kind != "definition":
                what = (
                    "the derivative of a formula"
                    if not isinstance(left.body, Entry)
                    else f"{left.body.tensor} is given"
                )
                raise IllFormedError(f"{what}, expected the derivative of loss, objective or another definition")
            if self.mentionable[left.wrt.tensor].kind == "data":
                raise IllFormedError(f"{left.wrt.tensor} is data, expected a parameter or a definition below d")
        self.claims.append(Claim(left, right))
        self._last_is_claim = True

    def expect(self, what: str, verdict: str) -> None:
        """State that something does not hold."""
        if verdict != "refuted":
            raise IllFormedError(f"unknown verdict {verdict}, expected refuted")
        if what == "claim":
            if not self._last_is_claim:
                raise IllFormedError("there is no claim directly above, expected a claim above it")
            last = self.claims.pop()
            self.claims.append(Claim(last.left, last.right, expect_refuted=True))
        elif what in {"identity", "separable"}:
            self.expected.add(what)
        else:
            near = suggestion(what, ("identity", "separable", "claim"))
            raise IllFormedError(f"{what} cannot be expected{near}")
        self._last_is_claim = False

    def model(self) -> Model:
        """The finished model, with ``objective`` added where it was left out."""
        if self.batch is None:
            raise IllFormedError("the batch letter is missing, expected a statement such as batch n")
        if LOSS not in self.tensors:
            raise IllFormedError(f"the loss is missing, expected a definition loss[{self.batch}] = ...")
        definitions = tuple(self.definitions)
        if OBJECTIVE not in self.tensors:
            definitions += (Definition(OBJECTIVE, (), mean(self.batch, Entry(LOSS, (self.batch,)))),)
        inputs = tuple(t for t in self.tensors.values() if t.kind != "definition")
        program = Program(self.batch.size, inputs, definitions)
        return Model(
            name=self.name,
            title=self.title or self.name.replace("_", " ").capitalize(),
            introduction=self.introduction,
            batch=self.batch,
            letters=tuple(self.letters.values()),
            program=program,
            assumptions=(*self._memberships, *self.assumptions),
            claims=tuple(self.claims),
            expected=frozenset(self.expected),
            sources=tuple(self.sources),
            labels=tuple(self.labels),
            warnings=_warnings(program),
        )


def _valid(name: str, *, reserved: bool = True) -> None:
    if not NAME.fullmatch(name):
        what = f"{name[:64]!r} is not a name"
        raise IllFormedError(f"{what}, expected a letter followed by at most 63 letters, digits or underscores")
    if reserved and name in RESERVED:
        raise IllFormedError(f"{name} is a word of the language, expected another name")


def _warnings(program: Program) -> tuple[str, ...]:
    """Parameters on which neither the loss nor the objective depends."""
    needed = {LOSS, OBJECTIVE}
    for definition in reversed(program.definitions):
        if definition.name in needed:
            needed |= {t.tensor for t in subterms(definition.body) if isinstance(t, Entry)}
    idle = (t.name for t in program.inputs if t.kind == "parameter" and t.name not in needed)
    return tuple(f"parameter {name} does not occur in the loss or the objective: its gradient is zero" for name in idle)
