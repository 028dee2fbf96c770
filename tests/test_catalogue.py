import pytest

from symgrad import catalogue
from symgrad.errors import InputError


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    for name in ("ridge_regression", "poisson_regression"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "derivation.sg").write_text("")
    (tmp_path / "no_entry").mkdir()
    monkeypatch.setattr(catalogue, "folder", lambda: tmp_path)
    return tmp_path


def test_an_entry_is_a_folder_with_a_derivation(shelf):
    assert catalogue.names() == ("poisson_regression", "ridge_regression")


def test_an_entry_is_found_by_its_name(shelf):
    assert catalogue.find("ridge_regression") == shelf / "ridge_regression" / "derivation.sg"


def test_an_unknown_name_is_answered_with_the_nearest(shelf):
    with pytest.raises(InputError, match="no derivation 'ridge_regresion' .* did you mean 'ridge_regression'"):
        catalogue.find("ridge_regresion")


@pytest.mark.parametrize("name", ["", "..", "../ridge_regression", "no_entry", "/etc/passwd", "Ridge_Regression"])
def test_a_name_is_never_a_way_out_of_the_catalogue(shelf, name):
    with pytest.raises(InputError, match="no derivation"):
        catalogue.find(name)


def test_the_catalogue_is_found_from_any_folder(tmp_path, monkeypatch):
    here = catalogue.names()
    catalogue.folder.cache_clear()
    monkeypatch.chdir(tmp_path)
    assert catalogue.names() == here
    assert "logistic_regression" in here
