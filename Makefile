# Two commands do all the set-up on a fresh machine: `make demo` and `make test`. The environment is .venv, here.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.lptui-dev
DEMO_ARGS ?=

.PHONY: demo test test-torch lint types layers unit env clean help

help:
	@echo "make demo        set up, then train a small policy here and watch it (DEMO_ARGS='--fail nan' and so on)"
	@echo "make test        set up, then lint, types, layer contracts and tests"
	@echo "make test-torch  add torch, then the tests that write fresh checkpoints"
	@echo "make clean       remove the environment"

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "lptui needs Python 3.11 or newer, but %s is %s; try: make PYTHON=python3.12" % (sys.executable, sys.version.split()[0]))'
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "this Python has no venv module (Debian: apt-get install python3-venv)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing lptui and its development tools into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --compile --editable '.[dev]' --constraint constraints.txt || \
		{ echo "the packages could not be installed: is there a network, and a package index that pip may reach? (run: $(BIN)/python -m pip install textual)"; exit 1; }
	@$(BIN)/python -m compileall -q lptui
	@touch $(STAMP)

env: $(STAMP)

demo: $(STAMP)
	@$(BIN)/lptui demo $(DEMO_ARGS)

lint: $(STAMP)
	@$(BIN)/ruff check lptui tests benchmarks
	@$(BIN)/ruff format --check lptui tests benchmarks

types: $(STAMP)
	@$(BIN)/basedpyright

layers: $(STAMP)
	@$(BIN)/lint-imports --no-cache

unit: $(STAMP)
	@$(BIN)/python -m pytest -m 'not torch'

test: lint types layers unit

$(VENV)/.lptui-torch: $(STAMP)
	@echo "installing torch into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check torch --constraint constraints.txt || \
		{ echo "torch could not be installed: is there a network, and a package index that pip may reach?"; exit 1; }
	@touch $@

test-torch: $(VENV)/.lptui-torch
	@$(BIN)/python -m pytest -m torch

clean:
	rm -rf $(VENV)
