import json

import pytest

from symgrad import catalogue

NAME = "logistic_regression"


@pytest.fixture(scope="module")
def stored():
    return catalogue.find(NAME).parent / "certificate.json"


@pytest.fixture
def altered(stored, tmp_path):
    def alter(old, new):
        text = stored.read_text()
        assert old in text
        file = tmp_path / "certificate.json"
        file.write_text(text.replace(old, new, 1))
        return file

    return alter


def test_a_certificate_is_accepted_for_its_statement(symgrad, stored):
    ran = symgrad("verify", stored, "--goal", stored.parent / "derivation.sg")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("accepted")
    assert symgrad("verify", stored, "--goal", NAME).out == ran.out


def test_what_is_established_is_told(symgrad, stored):
    ran = symgrad("verify", stored, "--goal", NAME)
    assert len(ran.out.splitlines()) > 3
    answer = json.loads(symgrad("verify", stored, "--goal", NAME, "--json").out)
    assert (answer["schema"], answer["accepted"]) == (1, True)
    assert answer["established"]


def test_what_prove_writes_is_accepted_with_the_goal_beside_it(symgrad, tmp_path):
    symgrad("prove", "ridge_outside_mean", "-o", tmp_path)
    certificate, goal = (tmp_path / f"ridge_outside_mean.{kind}.json" for kind in ("certificate", "goal"))
    assert symgrad("verify", certificate, "--goal", goal).code == 0
    assert symgrad("verify", certificate, "--goal", "ridge_outside_mean").code == 0


def test_a_certificate_of_another_loss_is_refused(symgrad, stored):
    ran = symgrad("verify", stored, "--goal", "linear_regression")
    assert ran.code == 1
    assert "accepted" not in ran.out


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"sigmoid"', '"softplus"'),
        ('"sigmoid"', '"no function"'),
        ('["entry","b",[]]', '["entry","b",[7]]'),
        ('["entry","b",[]]', '["nothing"]'),
        ('"trans"', '"sym"'),
        ('"separable"', '"another name"'),
    ],
)
def test_an_altered_certificate_is_refused_and_said_to_be_altered(symgrad, altered, stored, old, new):
    """Whether it can still be read, or would still prove the goal, does not matter."""
    said = "refused: the certificate was altered: its sha256 is not that of its content"
    file = altered(old, new)
    for goal in (NAME, stored.parent / "derivation.sg"):
        ran = symgrad("verify", file, "--goal", goal)
        assert (ran.code, ran.out, ran.err) == (1, said + "\n", "")
    answer = json.loads(symgrad("verify", file, "--goal", NAME, "--json").out)
    assert answer == {"schema": 1, "accepted": False, "checker": said, "established": None}


def test_a_certificate_without_its_hash_is_malformed(symgrad, stored, tmp_path):
    held = json.loads(stored.read_text())
    del held["sha256"]
    file = tmp_path / "certificate.json"
    file.write_text(json.dumps(held))
    ran = symgrad("verify", file, "--goal", NAME)
    assert (ran.code, ran.out) == (2, "malformed: not an object with just format, terms, steps, statements, sha256\n")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"a": NaN}', '{"a": 1, "a": 2}', "[" * 100_000, "\x00"])
def test_what_is_no_certificate_is_malformed(symgrad, tmp_path, text):
    file = tmp_path / "certificate.json"
    file.write_text(text)
    ran = symgrad("verify", file, "--goal", NAME)
    assert ran.code == 2
    assert "Traceback" not in ran.err + ran.out


def test_invalid_utf_8_is_malformed(symgrad, tmp_path):
    file = tmp_path / "certificate.json"
    file.write_bytes(b"\xff\xfe")
    assert symgrad("verify", file, "--goal", NAME).code == 2


def test_a_missing_file_is_bad_input(symgrad, stored, tmp_path):
    assert symgrad("verify", tmp_path / "none.json", "--goal", NAME).code == 2
    assert symgrad("verify", stored, "--goal", tmp_path / "none.sg").code == 2
    assert symgrad("verify", stored, "--goal", tmp_path / "none.json").code == 2
    assert "--goal" in symgrad("verify", stored).err
