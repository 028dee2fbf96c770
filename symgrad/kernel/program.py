"""Programs: what they are, when a term has a meaning in one, what depends on what, and where a term is smooth."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache

from symgrad.errors import IllFormedError
from symgrad.kernel import terms as t
from symgrad.kernel.functions import DERIVATIVES, DOMAIN, KINK

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}|_{1,2}[0-9]{1,6}")


@dataclass(frozen=True)
class Tensor:
    """A tensor, of kind data, parameter or definition; ``shape`` names the size of each index position."""

    name: str
    kind: str
    shape: tuple[str, ...]


@dataclass(frozen=True)
class Definition:
    """``name[letters] = body``; the body mentions no free letter but these."""

    name: str
    letters: tuple[t.Index, ...]
    body: t.Term


@dataclass(frozen=True)
class Program:
    """Tensors and definitions, each using only what stands above it.

    ``definitions`` ends with ``loss``, whose shape is ``(batch,)``, or ``()`` in the single-sample program, followed,
    in the batch program, by the scalar ``objective`` (definitions may stand between the two).
    """

    batch: str  # name of the size that counts samples
    inputs: tuple[Tensor, ...]  # data and parameters, in the order declared
    definitions: tuple[Definition, ...]

    @cached_property
    def tensors(self) -> dict[str, Tensor]:
        """Every tensor by name."""
        made = [Tensor(d.name, "definition", tuple(i.size for i in d.letters)) for d in self.definitions]
        return {t.name: t for t in (*self.inputs, *made)}

    @cached_property
    def bodies(self) -> dict[str, Definition]:
        """Every definition by name."""
        return {d.name: d for d in self.definitions}


def _need(condition: object, what: str) -> None:
    if not condition:
        raise IllFormedError(what)


@lru_cache(maxsize=65536)
def check_term(program: Program, term: t.Term, derivative: bool = True, depth: int = 0) -> None:
    """Check that ``term`` has a meaning in ``program``; without ``derivative``, that it holds none.

    Raises:
        IllFormedError: undeclared name, wrong rank, index of another size, loose number, derivative inside a derivative or
            with respect to data, or a node that is not of the closed set.
    """

    def size(i: t.Position) -> str:
        _need(type(i) is t.Index and NAME.fullmatch(i.name) and NAME.fullmatch(i.size), f"{i!r} is no index")
        return i.size  # type: ignore[union-attr]

    match term:
        case t.Entry(name, indices):
            shape = program.tensors[name].shape if name in program.tensors else None
            _need(tuple(map(size, indices)) == shape, f"{name}{list(map(str, indices))} does not fit the shape {shape}")
        case t.Delta(left, right):
            _need(size(left) == size(right), f"a delta of two sizes: {term}")
        case t.Apply(function, arguments):
            known = function in DERIVATIVES and len(arguments) == len(DERIVATIVES[function])
            _need(known, f"no function {function} of {len(arguments)} arguments")
        case t.Partial(body, wrt, total):
            _need(derivative and type(wrt) is t.Entry and program.tensors[wrt.tensor].kind != "data"
                  and type(total) is bool and (not total or type(body) is t.Entry), f"no derivative: {term}")  # fmt: skip
        case t.Number(value):
            _need(type(value) is Fraction, f"{value!r} is not an exact rational")
        case t.Power(_, exponent):
            _need(type(exponent) is Fraction and abs(exponent) <= 64, f"{exponent!r} is not an exponent")
        case t.Size(name) | t.Sum(name, _):
            _need(NAME.fullmatch(name), f"{name!r} is no size")
    _need(type(term) in t.CONSTRUCTS, f"{type(term).__name__} is not a term")
    for part in t.children(term):
        inner = t.opened(part, t.Index(f"__{depth}", term.size)) if isinstance(term, t.Sum) else part
        check_term(program, inner, derivative and type(term) is not t.Partial, depth + 1)


@lru_cache(maxsize=256)
def check_program(program: Program) -> Program:
    """Check that each definition uses only what stands above it, and that ``loss`` carries the sample index alone.

    Raises:
        IllFormedError: if not, or if a name is declared twice or a parameter carries the batch size.
    """
    _need(type(program) is Program, "not a program")
    for number, definition in enumerate(program.definitions):
        above = Program(program.batch, program.inputs, program.definitions[:number])
        check_term(above, definition.body, False)
        stray = set(t.letters(definition.body)) - set(definition.letters)
        _need(not stray and len(set(definition.letters)) == len(definition.letters), f"{definition.name}: letters")
    for name, tensor in program.tensors.items():
        _need(NAME.fullmatch(name) and tensor.kind in {"data", "parameter", "definition"}, f"{name!r} is no name")
        _need(tensor.kind != "parameter" or program.batch not in tensor.shape, f"parameter {name} carries a sample")
    _need(len(program.tensors) == len(program.inputs) + len(program.definitions), "a name is declared twice")
    _need("loss" in program.bodies and program.tensors["loss"].shape in {(program.batch,), ()}, "loss[n] is missing")
    return program


@lru_cache(maxsize=4096)
def ancestors(program: Program, name: str) -> frozenset[str]:
    """Every tensor that ``name`` depends on, itself included."""
    direct = mentioned(program.bodies[name].body) if name in program.bodies else frozenset()
    return frozenset({name}).union(*(ancestors(program, other) for other in direct))


@lru_cache(maxsize=65536)
def mentioned(term: t.Term) -> frozenset[str]:
    """The tensors whose entries occur in ``term``."""
    return frozenset(part.tensor for part in t.subterms(term) if isinstance(part, t.Entry))


def reached(program: Program, term: t.Term) -> frozenset[str]:
    """The tensors that ``term`` depends on, through the program."""
    return frozenset[str]().union(*(ancestors(program, name) for name in mentioned(term)))


def depends(program: Program, term: t.Term, tensor: str, *, total: bool) -> bool:
    """Whether ``term`` can change with ``tensor``, through the program if ``total``."""
    return tensor in (reached(program, term) if total else mentioned(term))


Relevant = Callable[[t.Term], bool]


def conditions(term: t.Term, relevant: Relevant, depth: int = 0, *, kinks: bool) -> Iterator[t.Judgement]:
    """Where ``term`` is defined, with ``kinks`` where it is smooth, as closed judgements about ``relevant`` arguments."""
    found: list[tuple[str, t.Term]] = []
    match term:
        case t.Power(base, exponent) if exponent.denominator > 1 or exponent < 0:
            found = [(">" if exponent.denominator > 1 else "!=", base)]
        case t.Apply(function, arguments):
            tables = (DOMAIN, KINK) if kinks else (DOMAIN,)
            found = [c for table in tables if function in table for c in table[function](*arguments)]
    for relation, argument in found:
        if relevant(argument) and not isinstance(argument, t.Size):
            yield t.closure(t.Judgement(relation, argument, t.ZERO))
    for part in t.children(term):
        inner = t.opened(part, t.Index(f"__{depth}", term.size)) if isinstance(term, t.Sum) else part
        yield from conditions(inner, relevant, depth + isinstance(term, t.Sum), kinks=kinks)


@lru_cache(maxsize=65536)
def smooth(program: Program, term: t.Term, tensor: str, total: bool) -> frozenset[t.Judgement]:
    """Conditions under which ``term`` is continuously differentiable in ``tensor`` near the point."""
    names = reached(program, term) - {tensor} if total else ()
    bodies = (term, *(program.bodies[name].body for name in names if name in program.bodies))
    moved = lambda u: depends(program, u, tensor, total=total)
    return frozenset(c for body in bodies for c in conditions(body, moved, kinks=True))


def defined(program: Program, judgement: t.Judgement) -> frozenset[t.Judgement]:
    """Conditions under which everything that the judgement speaks of is defined."""
    sides = (judgement.left, judgement.right)
    names = frozenset[str]().union(*(reached(program, side) for side in sides))
    bodies = (*sides, *(d.body for d in program.definitions if d.name in names))
    return frozenset(c for body in bodies for c in conditions(body, lambda _: True, kinks=False))


def collapsed(term: t.Term, batch: str, depth: int = 0) -> t.Term:
    """``term`` as the single-sample program computes it: N is 1, and every position of size N is dropped."""
    match term:
        case t.Entry(tensor, indices):
            return t.Entry(tensor, tuple(i for i in indices if i.size != batch))  # type: ignore[union-attr]
        case t.Sum(size, body):
            letter = t.Index(f"__{depth}", size)
            inside = collapsed(t.opened(body, letter), batch, depth + 1)
            return inside if size == batch else t.sigma(letter, inside)
    one = term == t.Size(batch) or (isinstance(term, t.Delta) and term.left.size == batch)  # type: ignore[union-attr]
    return t.ONE if one else t.rebuilt(term, (collapsed(part, batch, depth) for part in t.children(term)))


@lru_cache(maxsize=256)
def single(program: Program) -> Program:
    """The single-sample program: what ``loss`` needs, at N = 1, every position of size N holding the one sample."""
    batch, needed = program.batch, ancestors(program, "loss")
    inputs = (
        Tensor(i.name, i.kind, tuple(s for s in i.shape if s != batch)) for i in program.inputs if i.name in needed
    )
    letters = {d.name: tuple(i for i in d.letters if i.size != batch) for d in program.definitions if d.name in needed}
    made = (Definition(name, kept, collapsed(program.bodies[name].body, batch)) for name, kept in letters.items())
    return check_program(Program(batch, tuple(inputs), tuple(made)))


def lifted(program: Program, term: t.Term, sample: t.Index) -> t.Term:
    """``term`` of the single-sample program, spoken of sample ``sample`` in the batch ``program``."""
    if isinstance(term, t.Entry):
        shape, rest = program.tensors[term.tensor].shape, iter(term.indices)
        return t.Entry(term.tensor, tuple(sample if size == program.batch else next(rest) for size in shape))
    return t.rebuilt(term, (lifted(program, part, sample) for part in t.children(term)))
