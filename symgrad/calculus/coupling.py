"""Through which definitions one sample of a batch reaches the loss of another."""

from __future__ import annotations

from symgrad.kernel import terms as t
from symgrad.kernel.program import Definition, Program, ancestors, mentioned


def paths(program: Program) -> list[tuple[t.Entry, ...]]:
    r"""For each definition that reads other samples than its own, the shortest way from it to ``loss``.

    A definition reads other samples if its body runs over them, or if it carries no sample index itself and mentions
    one, or the number of samples.

    Example:
        >>> from symgrad.lang.parser import parse_model
        >>> head = "index n : N, m : N\nbatch n\ndata x[n]\nparameter w\n"
        >>> text = "mu = mean(m, w * x[m])\nloss[n] = x[n] - mu"
        >>> paths(parse_model(head + text, "centred").program)
        [(Entry(mu, ()), Entry(loss, (n,)))]
    """
    needed = ancestors(program, "loss")
    definitions = [d for d in program.definitions if d.name in needed]
    return [_down(definitions, d) for d in definitions if _reads_others(d, program.batch)]


def _reads_others(definition: Definition, batch: str) -> bool:
    own = set(definition.letters)

    def reads(term: t.Term, around: tuple[str, ...]) -> bool:
        match term:
            case t.Size(name):
                return name == batch
            case t.Entry(_, indices):
                return any(isinstance(i, int) and around[i] == batch for i in indices) or _two(indices)
            case t.Sum(size, body) | t.Largest(size, body):
                return reads(body, (size, *around))
        return any(reads(part, around) for part in t.children(term))

    def _two(indices: tuple[t.Position, ...]) -> bool:
        """Whether the positions speak of two samples, or of one that is not the definition's own."""
        samples = {i for i in indices if isinstance(i, t.Index) and i.size == batch}
        return len(samples) > 1 or not samples <= own

    return reads(definition.body, ())


def _down(definitions: list[Definition], start: Definition) -> tuple[t.Entry, ...]:
    """The shortest way from ``start`` to ``loss`` along consumers; the first in program order where several are."""
    came: dict[str, Definition | None] = {start.name: None}
    waiting = [start]
    for now in waiting:
        for consumer in definitions:
            if now.name in mentioned(consumer.body) and consumer.name not in came:
                came[consumer.name] = now
                waiting.append(consumer)
    named = {d.name: d for d in definitions}
    found: list[t.Entry] = []
    step: Definition | None = named["loss"]
    while step is not None:
        found.append(t.Entry(step.name, step.letters))
        step = came[step.name]
    return tuple(reversed(found))
