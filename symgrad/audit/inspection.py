"""The audit of a loss: import, proof, check, and what follows from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from symgrad.audit.bench import BATCH, Bench
from symgrad.audit.casts import rounding
from symgrad.audit.findings import Case, Finding, discovered, factors
from symgrad.calculus import derive
from symgrad.errors import InputError
from symgrad.importers.function import from_function
from symgrad.kernel.program import mentioned
from symgrad.oracles.tensorflow import imported

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from symgrad.audit.fitting import Fitted
    from symgrad.calculus import Derivation
    from symgrad.importers.keras_model import Objective
    from symgrad.lang.model import Model


@dataclass(frozen=True)
class Audit:
    """What was found out about a loss.

    Attributes:
        derivation: of what the function computes, with its verdicts and its numeric check.
        findings: those that matter most first.
        factors: what stands between the losses of the samples and the scalar that is differentiated, name and value.
        fitted: what ``fit`` reported and did in one step, if it was a Keras model.
    """

    derivation: Derivation
    findings: tuple[Finding, ...]
    factors: tuple[tuple[str, str], ...]
    fitted: Fitted | None = None

    @property
    def exit_code(self) -> int:
        """That of ``symgrad prove --check``: 1 if something is refuted or the numbers disagree, 3 if undecided."""
        report = self.derivation.check_report
        codes = {self.derivation.exit_code, report.outcome.exit_code if report is not None else 0}
        codes.add(0 if self.derivation.confirmed else 1)
        return next(code for code in (1, 3, 0) if code in codes)


def audit(
    function: Callable[..., Any],
    specs: Mapping[str, Any],
    *,
    keras: Objective | None = None,
    parts: Sequence[int] = (),
    progress: Callable[[str], None] = lambda _: None,
) -> Audit:
    """Audit a loss: what it computes, what is proved of its gradient, and what its averaging does.

    Args:
        function: takes data by name; returns a scalar or a vector of losses.
        specs: a ``tf.TensorSpec`` for each argument, the first dimension ``None``.
        keras: the objective that ``function`` is, if it comes from a Keras model.
        parts: lengths of the parts in which a batch is differentiated, by replicas or for accumulation.
        progress: told what is being done.

    Raises:
        InputError: if the function cannot be imported.
        MissingDependencyError: if TensorFlow is not installed.
    """
    tf = imported()
    progress("reading the graph")
    traceable = tf.function(function)
    traced = traceable.get_concrete_function(**specs)
    model = from_function(traceable, normalized_labels=True, **specs)
    labels = _labels(model)
    derivation = _derived(model, progress)
    lengths = (tuple(parts), "as asked") if parts else _lengths(keras)
    bench = _bench(model, sum(lengths[0]) if lengths else BATCH, labels)
    case = Case(derivation, bench, vector=bool(traced.outputs[0].shape.rank), parts=lengths)
    if labels:
        progress("trying labels that do not sum to one")
        unassumed = derive(from_function(traceable, **specs))
        case.unnormalised = (unassumed, unassumed.check("tensorflow", points=1), labels[0])
    told: list[tuple[str, str]] = []
    fitted = None
    if keras is not None:
        from symgrad.audit import fitting

        progress("watching one step of fit")
        fitted = fitting.fitted_once(keras)
        case.layers = tuple(fitting.coupling_layers(keras))
        case.facts += fitting.penalised_layers(keras)
        told += fitting.factors_of_training(keras)
    progress("measuring")
    case.facts += rounding(traced, specs)
    return Audit(derivation, tuple(discovered(case)), (*factors(case), *told), fitted)


def _labels(model: Model) -> list[str]:
    """Data that the import takes to sum to one; what stands for integer labels does so by itself."""
    whole = model.origin.indicators if model.origin is not None else ()
    return sorted({name for given in model.assumptions for name in mentioned(given.left)} - {*whole})


def _derived(model: Model, progress: Callable[[str], None]) -> Derivation:
    """Derived, replayed and checked against the function itself."""
    derivation = derive(model, progress=progress)
    if derivation.exit_code == 0:
        progress("replaying the certificate in the checker")
        derivation.verify()
    progress("checking against tensorflow")
    derivation.check("tensorflow")
    return derivation


def _lengths(keras: Objective | None) -> tuple[tuple[int, ...], str] | None:
    if keras is None:
        return None
    from symgrad.audit.fitting import parts

    return parts(keras)


def _bench(model: Model, batch: int, labels: Sequence[str]) -> Bench:
    origin = model.origin
    if origin is None:
        raise InputError("the model was not read from a function")
    bench = Bench(model, origin.oracle(), sizes=origin.sizes, fixed=origin.constants, batch=batch)
    for name in origin.indicators:
        bench.choose(name)
    for name in labels:
        bench.normalise(name)
    return bench
