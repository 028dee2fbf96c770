"""Every reduction of Keras, with and without sample weights and masks, of the squared error of a linear model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from symgrad.oracles.keras_run import SAME, Reference, Run

if TYPE_CHECKING:
    from collections.abc import Callable

    from symgrad.oracles.report import Measured


def _reduced(reduction: str | None, *, steps: bool = False) -> Callable[[Run], Measured]:
    """The mean squared error of one output, reduced, with the model's weights ``s`` and mask ``m`` where it has them.

    A mask is attached to the prediction, as layers do; what no reduction leaves as a vector, the tape adds up.
    """

    def compute(run: Run) -> Measured:
        layer, loss = run.dense("w", "b"), run.loss("MeanSquaredError", reduction=reduction)
        weights = run["s"] if "s" in run.arrays else None
        weights = run.column("s") if steps else weights

        def objective() -> Any:
            predicted = layer(run["x"])
            if "m" in run.arrays:
                predicted._keras_mask = run.tf.cast(run["m"], "bool")
            return run.tf.reduce_sum(loss(run["y"][..., None], predicted, sample_weight=weights))

        return run.measured(objective)

    return compute


_MEAN, _SUM, _WEIGHTED = "sum_over_batch_size", "sum", "mean_with_sample_weight"
_PLAIN, _S, _M, _SM = (f"x/2 y/1 {data}w/1 b/0" for data in ("", "s/1 ", "m/1 ", "s/1 m/1 "))
_VECTOR = "Keras' layer and its losses, whose sum the tape differentiates"

REFERENCES = {
    "reduction_mean": Reference("keras", SAME, _reduced(_MEAN), _PLAIN),
    "reduction_mean_weighted": Reference("keras", SAME, _reduced(_MEAN), _S),
    "reduction_mean_masked": Reference("keras", SAME, _reduced(_MEAN), _M),
    "reduction_mean_weighted_masked": Reference("keras", SAME, _reduced(_MEAN), _SM),
    "reduction_mean_steps": Reference("keras", SAME, _reduced(_MEAN), "x/3 y/2 w/1 b/0"),
    "reduction_sum": Reference("keras", SAME, _reduced(_SUM), _PLAIN),
    "reduction_sum_weighted": Reference("keras", SAME, _reduced(_SUM), _S),
    "reduction_sum_masked": Reference("keras", SAME, _reduced(_SUM), _M),
    "reduction_sum_weighted_masked": Reference("keras", SAME, _reduced(_SUM), _SM),
    "reduction_weighted_mean": Reference("keras", SAME, _reduced(_WEIGHTED), _S),
    "reduction_weighted_mean_masked": Reference("keras", SAME, _reduced(_WEIGHTED), _SM),
    "reduction_weighted_mean_steps": Reference("keras", SAME, _reduced(_WEIGHTED, steps=True), "x/3 y/2 s/1 w/1 b/0"),
    "reduction_none": Reference("keras", _VECTOR, _reduced(None), _PLAIN),
    "reduction_none_weighted": Reference("keras", _VECTOR, _reduced(None), _SM),
}
