"""Programs: what they are, when a term has a meaning in one, what depends on what, and where a term is smooth."""

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache

from symgrad.errors import IllFormedError
from symgrad.kernel import terms as t
from symgrad.kernel.functions import DERIVATIVES, DOMAIN, KINK, away, gap, positive

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}|_[0-9]{1,6}")


def named(text: object) -> bool:
    """Whether it is a name; ``__0`` is none, so that rules may open sums with letters of their own."""
    return type(text) is str and NAME.fullmatch(text) is not None


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

    def __hash__(self) -> int:
        """A quick one: programs are few, and asked for often."""
        return hash((self.batch, len(self.definitions)))

    @cached_property
    def tensors(self) -> dict[str, Tensor]:
        """Every tensor by name."""
        made = [Tensor(d.name, "definition", tuple(i.size for i in d.letters)) for d in self.definitions]
        return {tensor.name: tensor for tensor in (*self.inputs, *made)}

    @cached_property
    def bodies(self) -> dict[str, Definition]:
        """Every definition by name."""
        return {d.name: d for d in self.definitions}


def _need(condition: object, what: str) -> None:
    if not condition:
        raise IllFormedError(what)


@lru_cache(maxsize=65536)
def check_term(program: Program, term: t.Term, derivative: bool = True, around: tuple[str, ...] = ()) -> None:
    """Check that ``term`` has a meaning, inside reductions over the sizes ``around``; whether it may hold a derivative.

    Raises:
        IllFormedError: undeclared name, wrong rank, index of another size, loose number, derivative inside a
            derivative or with respect to data, or a node that is not of the closed set.
    """

    def size(i: t.Position) -> str | None:
        if type(i) is int:
            return around[i] if 0 <= i < len(around) else None
        return i.size if type(i) is t.Index and named(i.name) and named(i.size) else None

    good = type(parts := t.children(term)) is tuple
    match term:
        case t.Entry(name, indices):
            known = type(indices) is tuple and name in program.tensors
            good = known and tuple(map(size, indices)) == program.tensors[name].shape
        case t.Delta(left, right):
            good = size(left) == size(right) is not None
        case t.Apply(function, _):
            good = good and function in DERIVATIVES and len(parts) == len(DERIVATIVES[function])
        case t.Partial(body, wrt, total):
            known = derivative and type(wrt) is t.Entry and type(total) is bool and wrt.tensor in program.tensors
            good = known and program.tensors[wrt.tensor].kind != "data" and (not total or type(body) is t.Entry)
        case t.Number(value):
            good = type(value) is Fraction
        case t.Power(_, exponent):
            good = type(exponent) is Fraction and abs(exponent) <= 64
        case t.Size(name) | t.Sum(name, _) | t.Largest(name, _):
            good = named(name)
    _need(good and type(term) in t.CONSTRUCTS, f"no meaning in this program: {type(term).__name__}")
    inner = (term.size, *around) if isinstance(term, t.REDUCTIONS) else around
    for part in parts:
        check_term(program, part, derivative and type(term) is not t.Partial, inner)


@lru_cache(maxsize=256)
def check_program(program: Program) -> Program:
    """Check that each definition uses only what stands above it, and that ``loss`` carries the sample index alone.

    Raises:
        IllFormedError: if not, or if a name is declared twice or a parameter carries the batch size.
    """
    _need(type(program) is Program and type(program.inputs) is tuple is type(program.definitions), "not a program")
    for tensor in program.inputs:
        plain = type(tensor) is Tensor and type(tensor.shape) is tuple and all(map(named, (tensor.name, *tensor.shape)))
        shared = plain and (tensor.kind == "data" or (tensor.kind == "parameter" and program.batch not in tensor.shape))
        _need(shared, f"{tensor} is no data, and no parameter that all samples share")
    for number, d in enumerate(program.definitions):
        plain = type(d) is Definition and type(d.letters) is tuple and named(d.name)
        plain = plain and all(type(i) is t.Index and named(i.name) and named(i.size) for i in d.letters)
        _need(plain and len(set(d.letters)) == len(d.letters), f"{d} does not stand at different letters")
        check_term(Program(program.batch, program.inputs, program.definitions[:number]), d.body, False)
        _need(set(t.letters(d.body)) <= set(d.letters), f"{d.name}: a letter is missing on the left")
    _need(len(program.tensors) == len(program.inputs) + len(program.definitions), "a name is declared twice")
    loss = program.tensors["loss"].shape if "loss" in program.bodies else None
    _need(loss in {(program.batch,), ()}, "loss[n] is missing")
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


def reached(program: Program, term: t.Term, total: bool = True) -> frozenset[str]:
    """The tensors that ``term`` depends on, through the program if ``total``; else those that it mentions."""
    return frozenset[str]().union(*(ancestors(program, name) for name in mentioned(term))) if total else mentioned(term)


@lru_cache(maxsize=65536)
def conditions(term: t.Term, kinks: bool, depth: int = 0) -> frozenset[t.Judgement]:
    """Where ``term`` is defined, with ``kinks`` where it is smooth, as closed judgements."""
    found: tuple[t.Judgement, ...] = ()
    match term:
        case t.Power(base, exponent) if exponent.denominator > 1 or exponent < 0:
            found = positive(base) if exponent.denominator > 1 else away(base)
        case t.Apply(f, arguments):
            found = tuple(c for table in (DOMAIN, KINK)[: 1 + kinks] if f in table for c in table[f](*arguments))
        case t.Largest(size, body) if kinks:  # no ties
            k, i = t.Index(f"__{depth}", size), t.Index(f"__{depth + 1}", size)
            found = away(gap(t.opened(body, k), t.opened(body, i), k, i))
    made = frozenset(t.closure(c) for c in found if not isinstance(c.left, t.Size))
    if isinstance(term, t.REDUCTIONS):
        return made | conditions(t.opened(term.body, t.Index(f"__{depth}", term.size)), kinks, depth + 1)
    return made.union(*(conditions(part, kinks, depth) for part in t.children(term)))


def computed(program: Program, term: t.Term) -> list[t.Term]:
    """``term`` and the body of every definition that it depends on."""
    return [term, *(d.body for d in program.definitions if d.name in reached(program, term))]


@lru_cache(maxsize=65536)
def smooth(program: Program, term: t.Term, tensor: str, total: bool) -> frozenset[t.Judgement]:
    """Conditions under which ``term`` is continuously differentiable in ``tensor`` near the point."""
    # The bodies of ``tensor`` and of what it depends on cannot move with it.
    bodies = computed(program, term) if total else [term]
    return frozenset(c for body in bodies for c in conditions(body, True) if tensor in reached(program, c.left, total))


def defined(program: Program, judgement: t.Judgement) -> frozenset[t.Judgement]:
    """Conditions under which everything that the judgement speaks of is defined."""
    bodies = (body for side in (judgement.left, judgement.right) for body in computed(program, side))
    return frozenset(c for body in bodies for c in conditions(body, False))


def collapsed(term: t.Term, batch: str, depth: int = 0) -> t.Term:
    """``term`` as the single-sample program computes it: N is 1, and every position of size N is dropped."""
    match term:
        case t.Entry(tensor, indices):
            return t.Entry(tensor, tuple(i for i in indices if isinstance(i, int) or i.size != batch))
        case t.Sum(size, body) | t.Largest(size, body):
            letter = t.Index(f"__{depth}", size)
            inside = collapsed(t.opened(body, letter), batch, depth + 1)
            return inside if size == batch else t.sigma(letter, inside, type(term))
        case t.Size(size) | t.Delta(t.Index(_, size), _) if size == batch:
            return t.ONE
    return t.rebuilt(term, [collapsed(part, batch, depth) for part in t.children(term)])


@lru_cache(maxsize=256)
def single(program: Program) -> Program:
    """The single-sample program: what ``loss`` needs, at N = 1, every position of size N holding the one sample."""
    batch, needed = program.batch, ancestors(program, "loss")
    inputs = (Tensor(i.name, i.kind, tuple(s for s in i.shape if s != batch)) for i in program.inputs)
    letters = {d.name: tuple(i for i in d.letters if i.size != batch) for d in program.definitions if d.name in needed}
    made = (Definition(name, kept, collapsed(program.bodies[name].body, batch)) for name, kept in letters.items())
    return check_program(Program(batch, tuple(i for i in inputs if i.name in needed), tuple(made)))


def lifted(program: Program, term: t.Term, sample: t.Index) -> t.Term:
    """``term`` of the single-sample program, spoken of sample ``sample`` in the batch ``program``."""
    if isinstance(term, t.Entry):
        shape, rest = program.tensors[term.tensor].shape, iter(term.indices)
        return t.Entry(term.tensor, tuple(sample if size == program.batch else next(rest) for size in shape))
    return t.rebuilt(term, [lifted(program, part, sample) for part in t.children(term)])
