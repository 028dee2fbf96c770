"""The entries of the catalogue on which dear tests run: of the two families on a linear model some speak for all."""

from symgrad import catalogue

SPEAKERS = {
    "loss_huber",
    "loss_kl_divergence",
    "loss_sparse_categorical_crossentropy",
    "reduction_mean_steps",
    "reduction_weighted_mean_masked",
}


def of_a_family(name):
    """Whether an entry is one of Keras' losses or reductions, which differ in a formula only."""
    return name.startswith(("loss_", "reduction_")) and name != "loss_after_step"


FEW = tuple(name for name in catalogue.names() if name in SPEAKERS or not of_a_family(name))

LONG = {"attention_pooling", "layer_norm_mlp", "self_attention", "vae"}
"""Of these the entries with proofs so long that changing each of many places in turn takes minutes."""
