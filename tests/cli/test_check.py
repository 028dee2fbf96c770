import json

import pytest

pytestmark = pytest.mark.tensorflow


def test_the_catalogue_agrees_in_both_precisions(symgrad):
    for dtype in ("float64", "float32"):
        ran = symgrad("check", "mlp_tanh", "--backend", "tensorflow", "--dtype", dtype, "--json")
        answer = json.loads(ran.out)
        assert (ran.code, answer["schema"], answer["model"], answer["outcome"]) == (0, 1, "mlp_tanh", "AGREE")
        assert answer["dtype"] == dtype


def test_the_outcome_is_one_line(symgrad):
    ran = symgrad("check", "logistic_regression")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("AGREE")
    assert ran.out.count("\n") == 1


def test_real_data_are_read_from_a_file(symgrad, tmp_path):
    import numpy as np

    rng = np.random.default_rng(1)
    file = tmp_path / "data.npz"
    np.savez(file, x=rng.normal(size=(7, 3)), y=np.array([0, 1, 1, 0, 1, 0, 0]))
    ran = symgrad("check", "logistic_regression", "--data", file, "--json")
    answer = json.loads(ran.out)
    assert (ran.code, answer["outcome"], answer["real_data"]) == (0, "AGREE", True)


def test_columns_of_a_table_are_mapped_to_tensors(symgrad, tmp_path):
    file = tmp_path / "data.csv"
    file.write_text("age,weight,label\n1.5,2.25,1\n0.5,-1.75,0\n-2.5,0.375,1\n3.5,1.125,0\n")
    ran = symgrad("check", "logistic_regression", "--data", file, "--map", "x=age,weight;y=label")
    assert (ran.code, ran.err) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--map", "x=a"], "--map says how to read --data"),
        (["--data", "missing.npz"], "no file missing.npz"),
        (["--points", "4"], "'--points'"),
        (["--dtype", "float16"], "'float16' is not one of"),
        (["--backend", "torch"], "is not"),
    ],
)
def test_wrong_usage_is_told(symgrad, arguments, message):
    ran = symgrad("check", "logistic_regression", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err


@pytest.mark.parametrize("code", [0, 1, 3])
def test_the_exit_code_is_the_outcomes(symgrad, monkeypatch, code):
    from symgrad.calculus import Derivation

    class Report:
        class outcome:  # noqa: N801
            exit_code = code

    monkeypatch.setattr(Derivation, "check", lambda *_, **__: Report())
    assert symgrad("check", "logistic_regression").code == code


def test_the_errors_are_drawn(symgrad, tmp_path):
    for form in ("svg", "pdf", "png"):
        file = tmp_path / f"errors.{form}"
        ran = symgrad("check", "logistic_regression", "--plot", file)
        assert (ran.code, ran.err) == (0, f"{file}: written\n")
        assert ran.out.startswith("AGREE")
        before = file.read_bytes()
        symgrad("check", "logistic_regression", "--plot", file, "--force")
        assert file.read_bytes() == before


def test_a_picture_of_errors_replaces_nothing_without_force(symgrad, tmp_path):
    file = tmp_path / "errors.svg"
    file.write_text("mine")
    ran = symgrad("check", "logistic_regression", "--plot", file)
    assert (ran.code, ran.out, file.read_text()) == (2, "", "mine")
    assert "--force" in ran.err


def test_the_name_of_a_picture_is_looked_at_before_anything_is_computed(symgrad):
    ran = symgrad("check", "no_such_loss", "--plot", "errors.gif")
    assert (ran.code, ran.out) == (2, "")
    assert "'errors.gif' does not end in" in ran.err


def test_a_check_that_compared_nothing_draws_nothing_and_says_so(symgrad, monkeypatch, tmp_path):
    from symgrad.calculus import Derivation
    from symgrad.oracles.report import Outcome

    class Report:
        outcome, errors = Outcome.INCONCLUSIVE, {}

    monkeypatch.setattr(Derivation, "check", lambda *_, **__: Report())
    ran = symgrad("check", "logistic_regression", "--plot", tmp_path / "errors.svg")
    assert ran.code == 3
    assert "no gradient entry was compared, so there is no picture" in ran.err
    assert list(tmp_path.iterdir()) == []
