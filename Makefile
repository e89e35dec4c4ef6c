# Each target makes .venv and installs what it needs, from a fresh machine.
PYTHON ?= python3
BIN := .venv/bin
WORKERS ?= 2
# What is imported is compiled then; to compile all that is installed takes longer than to install it.
PIP_INSTALL := $(BIN)/python -m pip install --quiet --no-compile
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test tests test-long coverage lint bench fuzz release-check clean

demo: .venv/installed
	$(BIN)/python -m distill.run experiment=sst2_tiny

test: lint tests

# One thread each: models this small lose more by sharing work than they gain.
tests: .venv/installed-dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

# What make test leaves out for its length.
test-long: .venv/installed-dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m long -n $(WORKERS) --dist loadfile --no-loadscope-reorder

coverage: .venv/installed-dev
	$(BIN)/python -m pytest -m "" --cov --cov-report=term:skip-covered

lint: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/installed-dev
	$(BIN)/python -m pytest tests/benchmarks -s

# Bytes that a reader of files ends on with a traceback, looked for during so many seconds.
FUZZ_SECONDS ?= 300
fuzz: .venv/installed-dev
	$(PIP_INSTALL) -e '.[fuzz]'
	mkdir -p build/fuzz
	OMP_NUM_THREADS=1 $(BIN)/python tests/fuzz/readers.py -max_total_time=$(FUZZ_SECONDS) -max_len=4000 -timeout=30 \
		-rss_limit_mb=4000 -artifact_prefix=build/fuzz/

# The wheel, its materials and their licences in dist/release; fails where the release is not fit.
release-check: .venv/installed-dev
	$(PIP_INSTALL) -e '.[release]'
	$(BIN)/python .ci/release.py

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/installed: .venv/bin/python pyproject.toml
	$(PIP_INSTALL) -e .
	touch $@

.venv/installed-dev: .venv/bin/python pyproject.toml
	$(PIP_INSTALL) -e '.[dev]'
	touch $@ .venv/installed

clean:
	rm -rf .venv build dist *.egg-info
