"""The questions that people ask about averaged losses, and the answers: words, and the theorems that they rest on.

In the words, ``{...}`` is a formula in the notation of the derivation that is spoken of, and ``<claim 3>`` the number
of one of its statements; ``<name/claim 3>`` of another derivation's. Every statement that the words refer to is shown.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Say:
    """A paragraph that speaks of the derivation ``about``; ``lead`` is what stands over it."""

    about: str
    text: str
    lead: str = ""


@dataclass(frozen=True, slots=True)
class Theorem:
    """Statements of a derivation, by the names that they have in its certificate, after the definitions they use."""

    about: str
    definitions: tuple[str, ...]
    statements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wrong:
    """A claim of a derivation that is refuted, counted from one, with its witness; ``title`` says what it claims."""

    about: str
    claim: int
    title: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure, by its name."""

    about: str
    name: str
    caption: str


@dataclass(frozen=True, slots=True)
class Measured:
    """A table of numbers, by its name.

    Attributes:
        about: the derivation that is spoken of.
        name: the table's name.
        head: what stands over its columns.
        before: words before the table.
        otherwise: words where nothing was measured; if there are none, it has to be.
    """

    about: str
    name: str
    head: tuple[str, ...]
    before: str = ""
    otherwise: str = ""


@dataclass(frozen=True, slots=True)
class Program:
    """What to write in Keras."""

    text: str


Item = Say | Theorem | Wrong | Picture | Measured | Program


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its answer."""

    title: str
    items: tuple[Item, ...]


NODES = ("what", "by what", "numbers", "largest error")
"""What stands over a comparison with the tape, node by node."""

TITLE = "Is the gradient of the mean loss the mean of the gradients?"
OPENING = (
    "Frameworks average the losses of a batch and differentiate one number. What becomes of the samples?",
    "Six questions that come back again and again, each answered by theorems for every batch size and every dimension.",
)

READING_BACK = """\
with tf.GradientTape(persistent=True) as tape:
    a = hidden(x)                      # Dense, without activation
    tape.watch(a)
    loss = bce(y, output(tf.tanh(a)))  # one number: the mean over the batch
v = tape.gradient(loss, a)             # one row for each sample
per_sample = len(x) * x[:, :, None] * v[:, None, :]
kernel = tape.gradient(loss, hidden.kernel)  # the mean of per_sample"""

ROWS = """\
with tf.GradientTape(persistent=True) as tape:
    losses = tf.square(tf.linalg.matvec(x, w) - y) / 2  # one for each sample
summed = tape.gradient(losses, w)  # the gradient of the sum
rows = tape.jacobian(losses, w)    # one row for each sample"""

WHAT = Question(
    "What is differentiated?",
    (
        Say(
            "logistic_regression",
            "One function of the parameters. Take logistic regression. The inputs {x[n, d]} and the labels {y[n]} are"
            " numbers that stay as they are while {w[d]} and {b} move, so they are constants in everything that is"
            " differentiated. Each sample has its own loss {loss[n]}, which is a function of the same {w[d]} and {b}"
            " for every sample, and the objective {objective} is the mean of these functions. At any one value of the"
            " parameters each of them has its own slope, and so has their mean.",
        ),
        Picture(
            "logistic_regression",
            "surfaces",
            "Three losses {loss[n]} as functions of the same two parameters, and their mean {objective}. All gradients"
            " are taken at the same point.",
        ),
        Say(
            "logistic_regression",
            "What is averaged is therefore neither the samples nor numbers that were found at different places. All"
            " the slopes are taken at one and the same value of the parameters, and their mean is the slope of the"
            " mean: <identity w> and <identity b>.",
        ),
        Theorem(
            "logistic_regression",
            ("z", "loss", "objective"),
            ("sample w", "sample b", "identity w", "identity b", "batch w", "batch b"),
        ),
        Say(
            "logistic_regression",
            "For the formula this is one line, since a derivative passes through a finite sum. If that left you"
            " unconvinced, you were right to ask: a framework does not run the formula. It runs a program that computes"
            " all the samples at once, and it differentiates by walking back through that program. So there is more to"
            " prove, and it is proved: that the program for the batch gives each sample the loss that it would have"
            " alone (symgrad prove calls this separable), that"
            " the walk back returns exactly <batch w> and <batch b>, and what it holds on its way, which is"
            " the next question.",
        ),
    ),
)

TAPE = Question(
    "Does the one number lose the per-sample gradients? How does the tape average?",
    (
        Say(
            "tape_reads_back",
            "The one number is where the way back begins, not where the samples are mixed. Take a network with one"
            " hidden layer. The tape first turns the derivative of {objective} by itself, which is 1, into one number"
            " for each loss: {1 / size(N)}, by <weight>. From there on every sample has a row of its own, at every"
            " node of the program. Row {n} is {1 / size(N)} times what the tape would hold if sample {n} were alone:"
            " <tape z>, <tape h> and <tape a>. No row knows of any other row. Only a parameter has no row for each"
            " sample; there the rows are added up, in one sum over {n}, as the very last step: <tape W1>.",
        ),
        Theorem(
            "tape_reads_back",
            ("a", "h", "z", "loss", "objective"),
            ("weight", "tape z", "tape h", "tape a", "tape W1"),
        ),
        Say(
            "tape_reads_back",
            "So the averaging is a factor {1 / size(N)} that every row carries, and one sum at the end. Up to that sum"
            " nothing is lost, and the per-sample gradients can be read back from one ordinary backward pass on the"
            " mean loss: {size(N)} times the row of a layer's pre-activation, outer the input of the layer, is the"
            " sample's own gradient of the kernel, and {size(N)} times the row alone is that of the bias. These are"
            " <claim 5> to <claim 8>.",
        ),
        Theorem(
            "tape_reads_back",
            ("u", "v"),
            ("claim 1", "claim 2", "claim 5", "claim 6", "claim 7", "claim 8", "claim 9"),
        ),
        Say("tape_reads_back", "With Keras, where the hidden layer is a Dense layer:"),
        Program(READING_BACK),
        Measured(
            "tape_reads_back",
            "tape_reads_back",
            NODES,
            "Measured for this page: these layers with random weights, in double precision. What tape.gradient and"
            " tape.jacobian return for the intermediates, node by node, against <claim 1> to <claim 9>; errors are in"
            " units of what rounding may lose. Where a loss is differentiated by the row of another sample, the tape"
            " returned exact zeros.",
            "With the option --check tensorflow this page compares <claim 1> to <claim 9> with what the tape holds,"
            " node by node.",
        ),
        Say(
            "lost_in_the_mean",
            "What is lost is lost in the last sum, as in any mean: other rows can have the same mean. Take the loss"
            " {loss[n]} whose gradient {g[n]} is the distance to a label, and a second batch in which every label is"
            " the average of the labels. Both batches have the same mean gradient at every {w}, <claim 3> and"
            " <claim 4>, but not the same per-sample gradients. From the mean alone nobody can tell which it was.",
        ),
        Theorem(
            "lost_in_the_mean", ("loss", "g", "t", "other", "others", "h"), tuple(f"claim {k}" for k in range(1, 6))
        ),
        Wrong("lost_in_the_mean", 6, "equal means, so equal gradients"),
        Say(
            "spread_of_gradients",
            "How much is lost has a name. The mean of the squared norms of the per-sample gradients exceeds the"
            " squared norm of their mean by exactly their variance, <claim 3>; the two agree only where all the"
            " per-sample gradients are equal.",
        ),
        Theorem("spread_of_gradients", ("f", "loss", "g", "gbar"), ("claim 1", "claim 2", "claim 3")),
        Wrong("spread_of_gradients", 4, "the squared norm of the mean gradient is the mean of the squared norms"),
    ),
)

MEAN_OR_SUM = Question(
    "Why the mean and not the sum?",
    (
        Say(
            "duplicated_batch",
            "Because of the scale. Both point in the same direction: the gradient of the sum is {size(N)} times that"
            " of the mean, <claim 5>. But only the mean keeps its length when the batch grows. Put {size(R)} copies of"
            " every sample into the batch, which adds no information at all. The gradient of the mean stays what it"
            " was, <claim 3>; that of the sum becomes {size(R)} times as long, <claim 6>.",
        ),
        Say(
            "duplicated_batch",
            "For a learning rate {eta} this means: a step with {eta} on the sum is a step with {eta * size(N)} on the"
            " mean, <claim 7>. Whoever trains on sums and doubles the batch doubles every step, and has to halve the"
            " learning rate to stay where they were. With means the same rate goes on meaning the same thing.",
        ),
        Theorem(
            "duplicated_batch",
            ("f", "loss", "g", "gbar", "objective", "total", "copied_mean", "copied_total", "by_mean", "by_total"),
            tuple(f"claim {k}" for k in range(1, 8)),
        ),
        Wrong("duplicated_batch", 8, "copies leave the gradient of the sum unchanged"),
    ),
)

STABILITY = Question(
    "Is the mean over a batch more stable?",
    (
        Say(
            "minibatch_with_replacement",
            "Yes, and it can be said how much. Draw a mini-batch of {size(B)} samples from {size(N)} and take the mean"
            " of their gradients: one coordinate of the gradient at a time, {g[n]} for sample {n}. Call the number of"
            " times that sample {n} is drawn its count. Of chance only two kinds of numbers matter: {q[n]}, the"
            " expectation of a count, and {p[n, m]}, the expectation of a product of two counts. Since expectation is"
            " linear, {expected} is the expectation of the mini-batch gradient and {variance} its variance. The rest is"
            " algebra.",
        ),
        Say(
            "minibatch_with_replacement",
            "Drawn with replacement, the mini-batch gradient is right on average, <claim 3>, and its variance is"
            " that of a single draw, {V} (in books, sigma squared), divided by {size(B)}: <claim 4>. Four times the"
            " batch, half the noise.",
        ),
        Theorem(
            "minibatch_with_replacement",
            ("g", "gbar", "V", "expected", "squared", "variance"),
            ("claim 2", "claim 3", "claim 4"),
        ),
        Say(
            "minibatch_without_replacement",
            "Drawn without replacement, as a pass over shuffled data does, it is right on average too, <claim 3>, and"
            " the noise is smaller still, <claim 4>, with {S} for what books call S squared. Against drawing with"
            " replacement <claim 5> shows the factor. If"
            " the mini-batch is the whole batch, {size(B)} being {size(N)}, no noise is left.",
        ),
        Theorem(
            "minibatch_without_replacement",
            ("g", "gbar", "V", "S", "expected", "squared", "variance"),
            ("claim 3", "claim 4", "claim 5"),
        ),
        Picture(
            "minibatch_without_replacement",
            "noise",
            "The noise of a mini-batch gradient of logistic regression against the size {size(B)} of the mini-batch:"
            " every possible mini-batch (marks) and the laws (lines).",
        ),
        Say(
            "minibatch_without_replacement",
            "That {q[n]} and {p[n, m]} are what the theorems suppose, and that {variance} is the variance, can be seen"
            " by brute force. For four samples with the gradients -1, 0, 1/2 and 3 every possible mini-batch was"
            " listed, and its gradient calculated in exact fractions. The counts have the supposed expectations, and"
            " the variances are those of <minibatch_with_replacement/claim 4> and <claim 4>, digit for digit.",
        ),
        Measured(
            "minibatch_without_replacement",
            "enumeration",
            ("drawing", "{size(B)}", "mini-batches", "mean of all", "variance of all", "the law"),
        ),
    ),
)

NOT_THE_SAME = Question(
    "What is not the same?",
    (
        Say(
            "averaged_input",
            "A mean may be exchanged with a derivative, but not with a loss that is curved."
            " The loss at the averaged input and label makes one artificial sample out of the batch, and its gradient"
            " is that of this one sample, <claim 2>. With a linear model the loss of the averaged prediction has the"
            " same gradient, <claim 3>. Neither is the gradient of the mean loss, <claim 1>: errors of opposite sign"
            " cancel before they are ever squared.",
            "Averaging before the loss",
        ),
        Theorem(
            "averaged_input",
            ("f", "loss", "xbar", "ybar", "fbar", "of_mean_input", "of_mean_prediction"),
            ("claim 1", "claim 2", "claim 3"),
        ),
        Wrong("averaged_input", 4, "the gradient at the averaged input"),
        Wrong("averaged_input", 5, "the gradient of the averaged prediction"),
        Say(
            "sequential_updates",
            "Take two samples {m} and {n} of any batch, a linear model"
            " and the squared loss. First a step with rate {eta} on sample {m}, then from there a step on sample {n}:"
            " the second gradient is taken at another place. Against one step with rate {2 * eta} on the mean of the"
            " two gradients the difference is exactly {eta^2} times the matrix {H[n, d, j]} of second derivatives of"
            " the second loss, <claim 2>, times the first gradient: <claim 3>, for every {eta}. For a small rate that"
            " is little, but it is not nothing, it adds up, and it"
            " depends on the order of the samples.",
            "Updating after every sample instead of once",
        ),
        Theorem(
            "sequential_updates",
            ("f", "loss", "g", "H", "first", "second", "both", "once"),
            ("claim 1", "claim 2", "claim 3"),
        ),
        Wrong("sequential_updates", 4, "two steps on different samples are one step of twice the rate"),
        Wrong("sequential_updates", 5, "the order of the samples does not matter"),
        Say(
            "sequential_logistic",
            "For other losses the matrix of second derivatives, {H[n, d, j]} in <claim 2>, changes along the first"
            " step. Then {eta^2} times matrix times gradient is only the first term of the difference. What is left"
            " was evaluated for logistic regression, with balls of 200 bits: divided by the third power of the rate it"
            " settles down, so it shrinks with the third power. This is a measurement, not a theorem.",
        ),
        Theorem(
            "sequential_logistic",
            ("z", "loss", "g", "H", "first", "second", "both", "once", "rest"),
            ("claim 1", "claim 2"),
        ),
        Wrong("sequential_logistic", 3, "the same formula for another loss"),
        Measured(
            "sequential_logistic",
            "rates",
            ("{eta}", "{second[m, n, d] - once[m, n, d]}", "{rest[m, n, d]}", "{rest[m, n, d] / eta^3}"),
        ),
        Say(
            "loss_after_step",
            "One step with the mean gradient leads to the mean of the parameters to"
            " which every sample alone would step, <claim 3>. But the loss after it, {after_together}, is not the mean"
            " of the losses that every sample reaches for itself, {after_alone}.",
            "Averaging what the steps achieve",
        ),
        Theorem(
            "loss_after_step",
            ("f", "loss", "g", "together", "alone", "after_together", "after_alone"),
            ("claim 1", "claim 2", "claim 3"),
        ),
        Wrong("loss_after_step", 4, "the loss after the mean step is the mean of the losses after the steps"),
    ),
)

VECTOR = Question(
    "What does tape.gradient return for a vector of losses?",
    (
        Say(
            "vector_of_losses",
            "The gradient of their sum, without being asked. Reverse mode cannot start from a vector; it needs one"
            " weight {v[n]} for each loss and returns the sum of the rows with these weights, <claim 2>. For"
            " tape.gradient all the weights are one, so it returns the gradient of {total}, <claim 3>, which is"
            " {size(N)} times that of the mean, <claim 4>: nothing says so, only the learning rate is suddenly"
            " {size(N)} times too large. For tape.jacobian there is one pass for each loss, with weight one for this"
            " loss and zero for the others, and the rows {row[n, d]} of <claim 1> are kept apart.",
        ),
        Theorem(
            "vector_of_losses",
            ("f", "loss", "row", "pulled", "total"),
            ("claim 1", "claim 2", "claim 3", "claim 4"),
        ),
        Wrong("vector_of_losses", 5, "the gradient of the vector is that of the mean"),
        Program(ROWS),
        Measured(
            "vector_of_losses",
            "vector_of_losses",
            NODES,
            "Measured for this page, in the same way: tape.jacobian of the vector against <claim 1>, tape.gradient of"
            " the vector with weights against <claim 2>, and without against <claim 3> and <claim 4>.",
            "With the option --check tensorflow this page compares <claim 1> to <claim 4> with what TensorFlow"
            " returns.",
        ),
    ),
)

QUESTIONS = (WHAT, TAPE, MEAN_OR_SUM, STABILITY, NOT_THE_SAME, VECTOR)
"""In the order in which they are asked."""


def needed() -> tuple[str, ...]:
    """The derivations that the answers speak of, each once, in order."""
    items = [item for question in QUESTIONS for item in question.items]
    return tuple(dict.fromkeys(item.about for item in items if not isinstance(item, Program)))
