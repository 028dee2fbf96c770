import json

from symgrad import catalogue


def test_every_entry_is_listed_with_its_title_and_what_it_shows(symgrad):
    ran = symgrad("list")
    lines = ran.out.splitlines()
    assert ran.code == 0
    assert [line.split()[0] for line in lines] == list(catalogue.names())
    plain, weighted = (
        next(line for line in lines if line.startswith(name)) for name in ("logistic_regression ", "weighted_logistic ")
    )
    assert plain.endswith("proved")
    assert weighted.endswith("identity refuted, as expected")


def test_the_list_as_json_says_the_same(symgrad):
    answer = json.loads(symgrad("list", "--json").out)
    assert answer["schema"] == 1
    entries = {entry["name"]: entry for entry in answer["entries"]}
    assert tuple(entries) == catalogue.names()
    assert entries["logistic_regression"]["expected_refuted"] == []
    assert entries["weighted_logistic"]["expected_refuted"] == ["identity"]
    assert all(entry["title"] for entry in entries.values())
