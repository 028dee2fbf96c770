import hashlib
import json

import pytest

from symgrad.calculus.certificate import altered, sealed

NAME = "linear_regression"


def test_a_certificate_holds_the_hash_of_all_the_rest(derived):
    held = json.loads(derived(NAME).certificate())
    told = held.pop("sha256")
    line = json.dumps(held, sort_keys=True, separators=(",", ":"))
    assert told == hashlib.sha256(line.encode("ascii")).hexdigest()
    assert sealed(held) == held | {"sha256": told}
    assert set(held) == {"format", "terms", "steps", "statements"}


def test_a_goal_holds_no_hash(derived):
    assert set(json.loads(derived(NAME).goal())) == {"format", "model", "statements"}


def test_what_was_written_is_not_altered_and_spaces_do_not_alter_it(derived):
    text = derived(NAME).certificate()
    assert not altered(text)
    assert not altered(json.dumps(json.loads(text), indent=1))


@pytest.mark.parametrize("part", ["format", "terms", "steps", "statements", "sha256"])
def test_whatever_part_changes_alters_a_certificate(derived, part):
    held = json.loads(derived(NAME).certificate())
    held[part] = 7
    assert altered(json.dumps(held))


@pytest.mark.parametrize("text", ["", "{", "null", "[]", "7", '"sha256"', "{}", '{"terms": []}', "[" * 100_000])
def test_what_is_no_certificate_is_not_called_altered(text):
    assert not altered(text)
