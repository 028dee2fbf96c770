import pytest

from symgrad.audit.findings import Weight

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),  # Keras calls NumPy the old way
]


def kinds(audit):
    return [finding.kind for finding in audit.findings]


def finding(audit, kind):
    [found] = [each for each in audit.findings if each.kind == kind]
    return found


def evidence(audit, kind):
    return " ".join(finding(audit, kind).evidence)


def test_a_mean_of_separate_losses_has_no_finding(audited):
    audit = audited("mean")
    assert (audit.findings, audit.exit_code) == ((), 0)


@pytest.mark.parametrize("name", ["total", "vector"])
def test_a_sum_of_losses_is_found_by_its_weights_and_by_doubling_the_batch(audited, name):
    audit = audited(name)
    assert kinds(audit) == ["sum"]
    assert "{c[n] = 1}" in evidence(audit, "sum")
    assert "2 times as large" in evidence(audit, "sum")
    assert finding(audit, "sum").said.startswith("The function returns a vector") == (name == "vector")
    assert audit.exit_code == 1


def test_weights_divided_by_the_count_are_told_from_those_divided_by_their_sum(audited):
    assert kinds(audited("weights_over_count")) == ["weights_by_count"]
    assert "gradient 2 times as large" in evidence(audited("weights_over_count"), "weights_by_count")
    assert kinds(audited("weights_over_sum")) == ["batch_denominator"]
    assert "{s[n] / sum(n, s[n])}" in finding(audited("weights_over_sum"), "batch_denominator").said


def test_the_denominator_of_a_mask_is_found_to_be_the_whole_batch_s(audited):
    audit = audited("masked")
    assert kinds(audit) == ["batch_denominator"]
    assert "{m} of the whole batch" in finding(audit, "batch_denominator").said
    assert "differ from that of the batch by 0." in evidence(audit, "batch_denominator")


def test_unequal_parts_do_not_average_to_the_batch(audited):
    audit = audited("mean", parts=(4, 3))
    assert kinds(audit) == ["unequal_parts"]
    assert "parts of 4 and 3" in evidence(audit, "unequal_parts")
    assert "Weighted by their lengths" in evidence(audit, "unequal_parts")


def test_equal_parts_do(audited):
    assert kinds(audited("mean", parts=(3, 3))) == []


def test_a_sum_over_unequal_parts_is_not_given_back_by_lengths(audited):
    assert "Weighted by their lengths" not in evidence(audited("total", parts=(4, 3)), "unequal_parts")


def test_a_penalty_beside_a_sum_is_more_serious_than_beside_a_mean(audited):
    beside_sum = finding(audited("penalty_beside_sum"), "penalty_beside_sum")
    beside_mean = finding(audited("penalty_beside_mean"), "penalty")
    assert (beside_sum.weight, beside_mean.weight) == (Weight.SERIOUS, Weight.KNOW)
    assert "/ size(N)" in beside_sum.evidence[1]
    assert "/ size(N)" not in beside_mean.evidence[1]


def test_labels_that_do_not_sum_to_one_set_the_tape_apart_from_the_derivative(audited):
    audit = audited("softmax")
    assert kinds(audit) == ["labels_sum"]
    measured, without = finding(audit, "labels_sum").evidence
    value, formula = (measured.split(f"{words} ")[1].split(" ")[0].rstrip(";,") for words in ("value is", "formula's"))
    assert float(value) == pytest.approx(float(formula))
    assert "DISAGREE" in without
    assert audit.derivation.check_report.outcome.value == "AGREE"
    assert audit.exit_code == 0


def test_the_same_loss_by_log_softmax_needs_no_such_labels(audited):
    assert kinds(audited("softmax_by_hand")) == []


def test_a_clipped_probability_has_no_gradient_where_it_saturates(audited):
    audit = audited("clipped")
    assert kinds(audit) == ["clipped"]
    assert "exactly zero" in evidence(audit, "clipped")


def test_logits_are_not_clipped(audited):
    assert kinds(audited("from_logits")) == []


def test_the_sum_over_pixels_and_the_sum_over_the_latent_code_are_set_side_by_side(audited):
    audit = audited("vae")
    assert kinds(audit) == ["sums_of_different_lengths"]
    assert "a sum over D = 4" in evidence(audit, "sums_of_different_lengths")
    assert "a sum over L = 2" in evidence(audit, "sums_of_different_lengths")
    assert any("noise held fixed" in note for note in audit.derivation.model.origin.notes)


def test_labels_of_the_wrong_rank_couple_all_samples(audited):
    audit = audited("pairs")
    assert kinds(audit)[0] == "coupled"
    assert "exact counterexample" in evidence(audit, "coupled")
    assert audit.exit_code == 1


def test_float64_that_a_loss_object_rounds_to_float32_is_found(audited):
    audit = audited("rounded")
    assert kinds(audit) == ["rounded"]
    assert "float64 to float32 at conftest.py" in evidence(audit, "rounded")
    assert "leave every bit of the result" in evidence(audit, "rounded")
    assert kinds(audited("not_rounded")) == []


def test_batch_normalisation_in_training_is_found_by_name_and_in_inference_it_is_none(audited_keras):
    import keras

    make = keras.layers
    model = keras.Sequential([keras.Input((4,)), make.Dense(2), make.BatchNormalization(name="normal"), make.Dense(1)])
    audit = audited_keras(model, "mse")
    assert kinds(audit) == ["coupled"]
    assert "layer 'normal' moves the outputs of other samples" in evidence(audit, "coupled")
    assert "{loss[n]}" in evidence(audit, "coupled")
    assert "coupled" not in kinds(audited_keras(model, "mse", training=False))


def test_a_keras_loss_without_reduction_is_a_sum(audited_keras):
    import keras

    audit = audited_keras(keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)]), "mse", reduction="none")
    assert kinds(audit) == ["sum"]
    assert audit.fitted.differentiated == pytest.approx(audit.fitted.samples * audit.fitted.reported, rel=1e-4)
    assert audit.fitted.applied == pytest.approx(1, rel=1e-4)


def test_an_activity_regulariser_is_found_to_be_divided_by_the_batch(audited_keras):
    import keras

    penalised = keras.layers.Dense(2, name="penalised", activity_regularizer="l2", kernel_regularizer="l2")
    audit = audited_keras(keras.Sequential([keras.Input((4,)), penalised]), "mse")
    assert "'penalised' is divided by the batch size" in finding(audit, "activity_regularizer").said
    once, twice = evidence(audit, "activity_regularizer").split("penalty is ")[1].split(", with every sample twice ")
    assert float(once) == pytest.approx(float(twice.rstrip(".")))


def test_gradient_accumulation_over_unequal_batches_is_found_from_the_optimizer(audited_keras):
    import keras

    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    model.compile(loss="mse", optimizer=keras.optimizers.SGD(0.1, gradient_accumulation_steps=2))
    audit = audited_keras(model)
    assert kinds(audit) == ["unequal_parts"]
    assert "gradient_accumulation_steps=2" in finding(audit, "unequal_parts").said
    assert ("gradient accumulation", "the mean of 2 batches' gradients, with equal weights") in audit.factors


def test_integer_labels_are_audited(audited_keras):
    import keras

    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])
    audit = audited_keras(model, "sparse_categorical_crossentropy")
    assert (kinds(audit), audit.exit_code) == ([], 0)


def test_what_matters_most_comes_first(audited):
    weights = [each.weight for each in audited("softmax", parts=(4, 3)).findings]
    assert weights == sorted(weights, reverse=True)
    assert len(weights) == 2
