# make demo     install into .venv and run the main job
# make test     install into .venv and run the tests
# make test-soundness   the long campaigns, and docs/soundness.md with what they found
# make bench    measure
# make lint     style and types
# make catalogue   write again the proofs and certificates stored in derivations/
# PYTHON=python3.12 chooses the interpreter; anything from 3.11 to 3.13 serves.

SUITABLE := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	if $$p -c '$(SUITABLE)' 2>/dev/null; then echo $$p; break; fi; done)
VENV ?= .venv
BIN := $(VENV)/bin
PYTEST_ARGS ?=
FIGURES := $(VENV)/figures
CAMPAIGNS := tests/test_checker.py tests/arena tests/mutation tests/test_wrong_claims_everywhere.py tests/test_wrong_claims.py \
	tests/test_true_claims.py tests/calculus/test_random_losses.py \
	tests/lang/test_text.py tests/render/test_latex.py tests/oracles/test_power.py tests/importers/test_campaign.py \
	tests/hostile tests/reach tests/export tests/mutation/campaign_coverage.py

# tensorflow-cpu has wheels for 64-bit Intel and AMD on Linux and Windows; tensorflow for ARM as well; nothing for Intel Macs.
WHEEL := import platform, sys; m = platform.machine().lower(); mac = sys.platform == "darwin"; \
	print("tf-cpu" if m in ("x86_64", "amd64") and not mac else "tf" if m in ("aarch64", "arm64") else "")

.PHONY: demo test test-soundness bench lint catalogue clean
.DELETE_ON_ERROR:

demo: $(VENV)/.demo
	$(BIN)/symgrad prove logistic_regression --check tensorflow
	$(BIN)/symgrad prove mlp_softmax --check tensorflow

test: $(VENV)/.test
	$(BIN)/python -m pytest -n auto --dist loadfile $(PYTEST_ARGS)

test-soundness: $(VENV)/.test
	rm -rf $(FIGURES)
	SYMGRAD_CAMPAIGN=1 SYMGRAD_FIGURES=$(FIGURES) $(BIN)/python -m pytest -n auto $(CAMPAIGNS) $(PYTEST_ARGS); \
		failed=$$?; $(BIN)/python tests/soundness.py $(FIGURES) docs/soundness.md && exit $$failed

bench: $(VENV)/.bench
	$(BIN)/python -m pytest tests/benchmarks -o python_files='bench_*.py' --benchmark-sort=name $(PYTEST_ARGS)

lint: $(VENV)/.test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

catalogue: $(VENV)/.test
	$(BIN)/python -m symgrad.catalogue

clean:
	rm -rf $(VENV)

$(VENV)/.python:
	@test -n "$(PYTHON)" && $(PYTHON) -c '$(SUITABLE)' 2>/dev/null || \
		{ echo "symgrad: needs Python 3.11, 3.12 or 3.13; say which with: make PYTHON=/path/to/python3.12" >&2; exit 4; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
		{ echo "symgrad: $(PYTHON) has no venv module; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 4; }
	@test -n "$$($(PYTHON) -c '$(WHEEL)')" || \
		{ echo "symgrad: TensorFlow has no wheel for this machine; proofs alone work: pip install ." >&2; exit 4; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.demo: $(VENV)/.python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[$$($(BIN)/python -c '$(WHEEL)')]"
	@touch $@

$(VENV)/.test: $(VENV)/.python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[$$($(BIN)/python -c '$(WHEEL)'),test]"
	@touch $@

$(VENV)/.bench: $(VENV)/.test
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[bench,fast]"
	@touch $@
