import json

from symgrad import catalogue


def test_an_entry_is_shown_as_its_file(symgrad):
    text = catalogue.find("logistic_regression").read_text()
    assert symgrad("show", "logistic_regression").out == text
    answer = json.loads(symgrad("show", "logistic_regression", "--json").out)
    assert (answer["schema"], answer["name"], answer["text"]) == (1, "logistic_regression", text)
