import json

import pytest

from symgrad.audit.page import tell, to_answer
from symgrad.render.markdown import document_to_markdown
from symgrad.render.page import document_to_html
from symgrad.render.terminal import document_to_text
from symgrad.render.tex import document_to_tex

pytestmark = pytest.mark.tensorflow


@pytest.mark.parametrize("write", [document_to_text, document_to_markdown, document_to_html, document_to_tex])
def test_the_page_is_written_in_every_format(audited, write):
    text = write(tell(audited("weights_over_count")))
    assert "The objective as it is differentiated" in text
    assert "divided by the number of samples" in text
    assert "AGREE" in text


def test_the_page_names_what_was_asked_and_what_the_answer_is(audited):
    text = document_to_text(tell(audited("total")))
    assert "weight of sample n  1" in text
    assert "refuted" in text
    assert "1. Sum (serious)" in text


def test_the_size_of_the_batch_is_told_by_its_letter(audited):
    text = document_to_text(tell(audited("mean")))
    assert "weight of sample n  1/N" in text
    assert "size(" not in text


def test_a_page_without_findings_says_so(audited):
    assert "None: the objective is the mean" in document_to_text(tell(audited("mean")))


def test_notes_of_the_import_are_on_the_tell(audited):
    assert "Noise held fixed" in document_to_text(tell(audited("vae")))


def test_what_fit_reports_is_set_against_what_it_differentiates(audited_keras):
    import keras

    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    text = document_to_text(tell(audited_keras(model, "mse", reduction="none")))
    assert "fit differentiates" in text
    assert "7 times that" in text


def test_the_json_holds_the_derivation_and_plain_findings(audited):
    answer = to_answer(audited("total", parts=(4, 3)))
    json.dumps(answer, allow_nan=False)
    assert (answer["schema"], answer["verdict"], answer["audit"]["factors"]["weight of sample n"]) == (
        1,
        "refuted",
        "1",
    )
    [summed, *_] = [each for each in answer["audit"]["findings"] if each["kind"] == "sum"]
    assert summed["weight"] == "serious"
    assert "c[n] = 1" in summed["evidence"][0]
    assert "{" not in json.dumps(summed["evidence"])
    assert answer["audit"]["variables"] == {"w": "w", "b": "b"}
