"""Findings: what a person should know of their loss, each with what was proved or measured, and what to do.

A finding is made only from evidence: a verdict of the derivation, or numbers that the audited function itself returned.
Text in braces is a formula of the language.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from symgrad.audit.bench import ROUNDING
from symgrad.errors import InputError
from symgrad.kernel.program import ancestors, mentioned
from symgrad.kernel.terms import Apply, Entry, Number, Plus, Power, Size, Sum, Times, subterms
from symgrad.lang.parser import parse_formula
from symgrad.lang.text import Printer
from symgrad.oracles.balls import Undefined

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from symgrad.audit.bench import Bench, Run
    from symgrad.calculus import Derivation
    from symgrad.kernel.terms import Term
    from symgrad.lang.model import Model
    from symgrad.oracles.report import CheckReport


class Weight(IntEnum):
    """How much a finding matters."""

    KNOW = 1
    BEWARE = 2
    SERIOUS = 3


@dataclass(frozen=True)
class Finding:
    """One thing to know.

    Attributes:
        kind: a word for programs.
        weight: how much it matters.
        said: the finding in a sentence.
        evidence: what was proved or measured, a sentence each.
        remedy: what to do, if anything is to be done.
    """

    kind: str
    weight: Weight
    said: str
    evidence: tuple[str, ...]
    remedy: str = ""


@dataclass
class Case:
    """What findings are made from.

    Attributes:
        derivation: of the imported model; labels of a fused cross-entropy are assumed to sum to one.
        bench: runs the audited function.
        vector: whether the function returns a loss for each sample, which a tape sums.
        parts: lengths of the parts in which a batch is differentiated, and what splits it.
        unnormalised: the derivation and its check without that assumption, if the two differ.
        layers: those that let samples reach each other, and how far a change of one sample moved the others.
        facts: what only the framework's objects say, such as a layer's name.
    """

    derivation: Derivation
    bench: Bench
    vector: bool = False
    parts: tuple[tuple[int, ...], str] | None = None
    unnormalised: tuple[Derivation, CheckReport, str] | None = None
    layers: tuple[tuple[str, float], ...] = ()
    facts: list[Finding] = field(default_factory=list)

    @property
    def model(self) -> Model:
        """What was imported."""
        return self.derivation.model

    @property
    def base(self) -> Run:
        """The function at the point as it was drawn."""
        return self.bench.run()

    @property
    def weight(self) -> str:
        """The weight of sample n in the gradient, as text."""
        return str(self.derivation.weights.get(f"c[{self.model.batch.name}]") or "")


def discovered(case: Case) -> list[Finding]:
    """Every finding, those that matter most first."""
    made = [finding for find in _FINDERS for finding in find(case)] + case.facts
    return sorted(made, key=lambda finding: -finding.weight)


def factors(case: Case) -> list[tuple[str, str]]:
    """What stands between the losses of the samples and the scalar that is differentiated."""
    model, weights = case.model, case.derivation.weights
    letter = model.batch.name
    kinds = {
        "mean": "mean over the batch",
        "sum": "sum over the batch" + (" (of the vector that is returned)" if case.vector else ""),
        "data": "weighted sum over the batch, the weights made by data",
        "theta": "weighted sum over the batch, the weights depend on the parameters",
    }
    kind = kinds.get(str(weights.get("kind")), f"not a weighted sum of the losses: {weights.get('reason', '')}")
    told = [("reduction", kind)]
    if case.weight:
        told.append((f"weight of sample {letter}", case.weight))
    if weights.get("remainder"):
        told.append(("added once", str(weights["remainder"])))
    return told


def summed(case: Case) -> Iterator[Finding]:
    """The objective adds losses up instead of averaging them."""
    if case.derivation.weights.get("kind") != "sum":
        return
    ratio = _ratio(case.bench.twice(), case.base)
    letter = case.model.batch.name
    what = (
        "The function returns a vector of losses. A tape differentiates their sum, so the gradient"
        if case.vector
        else "The objective is the sum of the losses, so its gradient"
    )
    yield Finding(
        "sum",
        Weight.SERIOUS,
        f"{what} is {case.model.program.batch} times that of the mean, and grows with the batch.",
        (
            f"Proved: every per-sample gradient has the weight {{c[{letter}] = 1}}.",
            f"Measured: with every sample twice in the batch, the gradient is {ratio:.6g} times as large.",
        ),
        "Average the losses inside the function, or divide the learning rate by the batch size on purpose.",
    )


def coupled(case: Case) -> Iterator[Finding]:
    """A sample's loss depends on other samples."""
    verdict = case.derivation.verdicts["separable"]
    if verdict["status"] != "refuted":
        return
    ways = [way.split(" -> ") for way in verdict.get("paths", ())]
    evidence = [
        f"Measured: layer '{name}' moves the outputs of other samples by up to {apart:.3g} when one sample changes."
        for name, apart in case.layers
    ]
    evidence += [f"Other samples reach the loss through {', then '.join(f'{{{s}}}' for s in way)}." for way in ways]
    if witness := verdict.get("witness"):
        evidence.append(
            f"Proved by an exact counterexample: in a batch the loss of a sample is {witness['left']}, alone it is"
            f" {witness['right']}."
        )
    yield Finding(
        "coupled",
        Weight.SERIOUS,
        "The loss of a sample depends on the other samples of its batch: there is no per-sample gradient of a sample"
        " alone, and batches of another size or composition give other losses.",
        tuple(evidence),
        "Per-sample gradients, clipping and accumulation need a loss that is separable; normalise per sample, or with"
        " fixed statistics.",
    )


def weighted(case: Case) -> Iterator[Finding]:
    """Sample weights: divided by their count, or by their sum."""
    batch, letter = case.model.program.batch, case.model.batch.name
    named = _tensors(case.model, case.weight)
    classes = case.model.origin.indicators if case.model.origin is not None else ()
    for tensor in case.model.program.inputs:
        name = tensor.name
        if tensor.kind != "data" or batch not in tensor.shape or name in classes:
            continue
        if name not in named and not (tensor.shape == (batch,) and _annihilates(case, name)):
            continue
        once, double = case.base, case.bench.run(**{name: 2 * case.bench.arrays[name]})
        without = case.bench.run(**{name: 0 * case.bench.arrays[name]})
        if (double + once * -1.0).gap(once + without * -1.0) < ROUNDING and once.gap(double) > ROUNDING:
            if case.derivation.weights.get("kind") == "sum":
                continue
            ratio = _ratio(double + without * -1.0, once + without * -1.0)
            mean = float(np.mean(case.bench.arrays[name]))
            yield Finding(
                "weights_by_count",
                Weight.BEWARE,
                f"The weights {{{name}[{letter}]}} are divided by the number of samples, not by their sum: the gradient"
                " is that of a weighted mean times the mean weight.",
                (
                    f"Measured: weights twice as large give a gradient {ratio:.6g} times as large, and with weights"
                    " zero nothing of the losses is left.",
                    f"At the measured point the mean weight is {mean:.6g}, so the step is {mean:.6g} times that of the"
                    " weighted mean, which metrics report.",
                ),
                "Scale the weights to mean one, or use the reduction mean_with_sample_weight.",
            )
        elif once.gap(double) < ROUNDING and name in named:
            yield _shares(case, name)


def _shares(case: Case, name: str) -> Finding:
    """Denominators that the whole batch makes."""
    half = case.bench.batch // 2
    parts = case.bench.parts([half, case.bench.batch - half])
    mean = parts[0] * (half / case.bench.batch) + parts[1] * (1 - half / case.bench.batch)
    return Finding(
        "batch_denominator",
        Weight.BEWARE,
        f"The share of a sample is {{{case.weight}}}: its denominator is made by {{{name}}} of the whole batch, so the"
        " same sample counts differently in another batch.",
        (
            "Proved: the weights of the per-sample gradients are these, and do not depend on the parameters.",
            f"Measured: twice the {name} gives the same gradient; and the gradients of two parts of the batch, averaged"
            f" by their numbers of samples, differ from that of the batch by {mean.gap(case.base):.3g} of its largest"
            " entry.",
        ),
        "When batches are split, over replicas or for accumulation, add up numerators and denominators separately.",
    )


def split(case: Case) -> Iterator[Finding]:
    """The mean of means over parts of different lengths."""
    if case.parts is None:
        return
    lengths, why = case.parts
    runs = case.bench.parts(lengths)
    plain, fair = (
        _total(runs) * (1 / len(runs)),
        _total([r * (k / sum(lengths)) for r, k in zip(runs, lengths, strict=True)]),
    )
    whole = case.base
    if plain.gap(whole) < ROUNDING:
        return
    told = " and ".join(map(str, lengths))
    counts = " : ".join(f"{len(lengths)}·{k}" for k in lengths)
    evidence = [
        f"Measured at {sum(lengths)} samples: the mean of the gradients of parts of {told} differs from the gradient"
        f" of the whole by {plain.gap(whole):.3g} of its largest entry.",
    ]
    if fair.gap(whole) < ROUNDING:
        evidence.append(
            f"Weighted by their lengths, the parts' gradients do give it, up to rounding ({fair.gap(whole):.1g}); with"
            f" equal weights a sample counts one part in {counts}, by its part."
        )
    yield Finding(
        "unequal_parts",
        Weight.SERIOUS,
        f"The batch is differentiated in parts of {told} samples ({why}), and their gradients are averaged with equal"
        " weights: samples of a short part count more.",
        tuple(evidence),
        "Divide each part's sum of losses by the length of the whole batch, and add.",
    )


def penalties(case: Case) -> Iterator[Finding]:
    """A term beside a sum, or a mean, of losses."""
    weights = case.derivation.weights
    if not weights.get("remainder") or not weights.get("repair"):
        return
    certain = case.derivation.verdicts["tape"]["status"] == "proved"
    evidence = (
        f"{'Proved' if certain else 'Derived'}: the gradient is the weighted sum of the per-sample gradients, and the"
        " gradient of the penalty once.",
        f"So each sample's share is {{{weights['repair']}}}.",
    )
    if weights.get("kind") == "sum":
        yield Finding(
            "penalty_beside_sum",
            Weight.SERIOUS,
            f"The penalty {{{weights['remainder']}}} is added once to a sum of losses: the larger the batch, the less"
            " it weighs.",
            evidence,
            "Average the losses, or multiply the penalty by the batch size.",
        )
    else:
        yield Finding(
            "penalty",
            Weight.KNOW,
            f"The penalty {{{weights['remainder']}}} is added once, whatever the batch: the gradient is the mean of the"
            " per-sample gradients and that of the penalty.",
            evidence,
        )


def scales(case: Case) -> Iterator[Finding]:
    """Terms of the loss that are summed over different dimensions."""
    model = case.model
    terms = [(t, sizes) for t, sizes in _summands(model) if _moves(model, t)]
    if len(terms) < 2 or len({sizes for _, sizes in terms}) < 2:
        return
    printer = Printer.of(model)
    evidence = []
    for term, sizes in terms:
        text = printer.text(term)
        shown = f"{{{text}}}" if len(text) <= 80 else "a term"
        known = " times ".join(f"{s} = {case.bench.sizes[s]}" for s in sizes)
        evidence.append(
            f"In the loss of a sample, {shown} is a sum over {known}."
            if sizes
            else f"In the loss of a sample, {shown} is no sum, or a mean over what it runs over."
        )
    yield Finding(
        "sums_of_different_lengths",
        Weight.KNOW,
        "The loss of a sample adds up sums over different dimensions, and only the batch is averaged: how its terms"
        " compare depends on the dimensions.",
        tuple(evidence),
        "Averaging one of them over its dimension instead is another objective, with another balance of the terms.",
    )


def labels(case: Case) -> Iterator[Finding]:
    """Labels that do not sum to one, for a fused softmax cross-entropy."""
    if case.unnormalised is None:
        return
    derivation, report, name = case.unnormalised
    doubled = 2 * case.bench.arrays[name]
    tape = case.bench.run(**{name: doubled})
    try:
        true = case.bench.formulas(derivation.formulas, **{name: doubled})
    except Undefined:
        return
    if tape.gap(true) < ROUNDING:
        return
    parameter = max(true.gradients, key=lambda k: float(np.max(np.abs(true.gradients[k] - tape.gradients[k]))))
    at = np.unravel_index(
        np.argmax(np.abs(true.gradients[parameter] - tape.gradients[parameter])), true.gradients[parameter].shape
    )
    yield Finding(
        "labels_sum",
        Weight.BEWARE,
        "TensorFlow's fused softmax cross-entropy takes for granted that the labels of a sample sum to one. Where"
        f" they do not (a {name} that is multi-hot, all zero or weighted), the tape returns softmax minus labels, which"
        " is not the gradient of the value that is reported.",
        (
            f"Measured: with labels that sum to two, TensorFlow's value is {tape.value:.10g} and the formula's"
            f" {true.value:.10g}; for one entry of the gradient by {parameter} the tape says"
            f" {tape.gradients[parameter][at]:.10g}, the derivative is {true.gradients[parameter][at]:.10g}.",
            f"Without the assumption, the numeric check says: {report.outcome.value}, {report.reason}.",
        ),
        "Let the labels sum to one, or write minus the sum of labels times log_softmax, which the tape differentiates"
        " as it stands.",
    )


def saturated(case: Case) -> Iterator[Finding]:
    """A clipped probability, whose gradient vanishes where the loss is large."""
    clips = _clips(case.model)
    if not clips:
        return
    names = [t.name for t in case.model.program.inputs if t.kind == "parameter"]
    for factor in (10.0, 100.0, 1e3, 1e4, 1e5):
        there = case.bench.run(**{name: factor * case.bench.arrays[name] for name in names})
        if np.isfinite(there.value) and there.value > 1 and there.largest == 0:
            yield Finding(
                "clipped",
                Weight.BEWARE,
                f"A probability is clipped ({', '.join(f'{{{clip}}}' for clip in clips[:2])}) before its logarithm: a"
                " sample that is wrong with certainty has a large loss and no gradient, so it is never learned from.",
                (
                    f"Measured: with the parameters {factor:g} times as large the objective is {there.value:.6g}, and"
                    " every entry of its gradient is exactly zero.",
                ),
                "Give the loss logits (from_logits=True), or let sigmoid or softmax be the last activation of a Keras"
                " model, whose logits the loss then uses.",
            )
            return


_FINDERS: tuple[Callable[[Case], Iterator[Finding]], ...] = (
    summed,
    coupled,
    weighted,
    split,
    penalties,
    labels,
    saturated,
    scales,
)


def _ratio(first: Run, second: Run) -> float:
    """How many times as large the first gradient is, at its largest entry."""
    name = max(second.gradients, key=lambda k: float(np.max(np.abs(second.gradients[k]))))
    at = np.unravel_index(np.argmax(np.abs(second.gradients[name])), second.gradients[name].shape)
    return float(first.gradients[name][at] / second.gradients[name][at])


def _total(runs: list[Run]) -> Run:
    total = runs[0]
    for run in runs[1:]:
        total += run
    return total


def _tensors(model: Model, text: str) -> set[str]:
    """The tensors that a printed formula mentions."""
    try:
        return set(mentioned(parse_formula(text, model))) if text else set()
    except InputError:
        return set()


def _annihilates(case: Case, name: str) -> bool:
    """Whether every sample's loss is zero where this tensor is."""
    try:
        return not np.any(case.bench.losses(**{name: 0 * case.bench.arrays[name]})) and bool(
            np.any(case.bench.losses())
        )
    except Undefined:
        return False


def _moves(model: Model, term: Term) -> bool:
    parameters = {t.name for t in model.program.inputs if t.kind == "parameter"}
    return any(parameters & ancestors(model.program, name) for name in mentioned(term))


def _summands(model: Model) -> list[tuple[Term, tuple[str, ...]]]:
    """The terms of a sample's loss, each with the sizes that it is summed over and not divided by."""
    program = model.program

    def walk(term: Term, numbers: tuple[Term, ...]) -> Iterator[tuple[Term, tuple[str, ...]]]:
        match term:
            case Plus(terms):
                for part in terms:
                    yield from walk(part, numbers)
                return
            case Times(factors):
                heavy = [f for f in factors if not isinstance(f, Number | Size | Power) or mentioned(f)]
                if len(heavy) == 1:
                    rest = tuple(f for f in factors if f is not heavy[0])
                    yield from walk(heavy[0], (*numbers, *rest))
                    return
            case Entry(name, _) if (
                name in program.bodies
                and not isinstance(program.bodies[name].body, Sum)
                and (program.bodies[name].letters == (model.batch,))
            ):
                yield from walk(program.bodies[name].body, numbers)
                return
        yield Times((*numbers, term)) if numbers else term, _undivided(term, numbers)

    def _undivided(term: Term, numbers: tuple[Term, ...]) -> tuple[str, ...]:
        if isinstance(term, Entry) and term.tensor in program.bodies:
            term = program.bodies[term.tensor].body
        sizes = []
        while isinstance(term, Sum):
            sizes.append(term.size)
            term = term.body
        inner = tuple(term.factors) if isinstance(term, Times) else ()
        divided = {f.base.name for f in (*numbers, *inner) if isinstance(f, Power) and isinstance(f.base, Size)}
        return tuple(s for s in sizes if s not in divided)

    return list(walk(program.bodies["loss"].body, ()))


_TINY = Fraction(1, 10**5)


def _clips(model: Model) -> list[str]:
    """Where a value is kept from zero or one by a tiny amount."""
    printer, found = Printer.of(model), []
    needed = ancestors(model.program, "objective")
    for definition in model.program.definitions:
        if definition.name not in needed:
            continue
        for part in subterms(definition.body):
            if isinstance(part, Apply) and part.function in {"max", "min"}:
                bounds = [a.value for a in part.arguments if isinstance(a, Number)]
                if any(0 < b < _TINY or 0 < 1 - b < _TINY for b in bounds):
                    found.append(f"{part.function} with {', '.join(printer.text(Number(b)) for b in bounds)}")
    return list(dict.fromkeys(found))
