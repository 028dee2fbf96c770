import json
import sys

import pytest

from symgrad.cli import doctor


def test_a_working_installation_is_told_so(symgrad):
    ran = symgrad("doctor")
    assert ran.code == 0
    for name in ("Python", "symgrad", *doctor.CORE, "matplotlib", "pdflatex"):
        assert f"{name} " in ran.out
    assert "proofs         work" in ran.out


def test_the_report_as_json(symgrad):
    answer = json.loads(symgrad("doctor", "--json").out)
    assert (answer["schema"], answer["works"], answer["problem"]) == (1, True, None)
    assert {row["name"] for row in answer["packages"]} == set(doctor.CORE)


def test_a_missing_core_package_ends_with_4_and_the_way_to_get_it(symgrad, monkeypatch):
    here = doctor.found
    monkeypatch.setattr(doctor, "found", lambda name: None if name == "sympy" else here(name))
    ran = symgrad("doctor")
    assert ran.code == 4
    assert "sympy          missing: pip install sympy\n" in ran.out
    assert "a core package is missing" in ran.out


def test_missing_tensorflow_is_told_with_the_way_to_get_it_and_is_no_failure(symgrad, monkeypatch):
    here = doctor.found
    monkeypatch.setattr(doctor, "found", lambda name: None if name in doctor.TENSORFLOW else here(name))
    ran = symgrad("doctor")
    assert ran.code == 0
    assert "tensorflow     missing: pip install tensorflow" in ran.out


@pytest.mark.parametrize(
    ("machine", "system", "version", "advice"),
    [
        ("x86_64", "linux", (3, 12), "pip install tensorflow-cpu "),
        ("AMD64", "win32", (3, 11), "pip install tensorflow-cpu "),
        ("aarch64", "linux", (3, 13), "pip install tensorflow "),
        ("arm64", "darwin", (3, 12), "pip install tensorflow "),
        ("x86_64", "darwin", (3, 12), "no wheel for a Mac with an Intel processor"),
        ("x86_64", "linux", (3, 14), "no wheel for Python 3.14"),
    ],
)
def test_the_advice_names_a_package_that_this_machine_can_install(monkeypatch, machine, system, version, advice):
    monkeypatch.setattr(doctor.platform, "machine", lambda: machine)
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(sys, "version_info", version)
    assert advice in doctor.tensorflow_advice()


def test_two_tensorflow_packages_are_a_problem_that_is_told(symgrad, monkeypatch):
    here = doctor.found
    monkeypatch.setattr(doctor, "found", lambda name: "2.21.0" if name in doctor.TENSORFLOW else here(name))
    assert "both packages write into the same folder" in symgrad("doctor").out


def test_a_proof_that_fails_is_told(symgrad, monkeypatch):
    monkeypatch.setattr(doctor, "proof_trouble", lambda: "do not work: no kernel")
    ran = symgrad("doctor")
    assert (ran.code, ran.out.splitlines()[-1]) == (4, "proofs         do not work: no kernel")


@pytest.mark.tensorflow
def test_tensorflow_is_imported_only_when_asked(symgrad, monkeypatch):
    monkeypatch.setattr(doctor, "loads", lambda: "does not load: ImportError: no")
    assert "does not load" not in symgrad("doctor").out
    assert "does not load: ImportError: no" in symgrad("doctor", "--tensorflow").out
