# make run   train on the embedded digits and draw the figures
# make test  lint, type check, tests
# make dist  build the archive and the wheel, check both, run the wheel in a clean environment
# make docs  build the site in docs/_build, open its pages in a browser
# All create their own virtual environment the first time. Settings:
#   PYTHON=python3.12   which Python the environment is made from (3.11 or newer)
#   VENV=.venv          where it lives

VENV ?= .venv
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c $(SUPPORTED) >/dev/null 2>&1 && { echo $$p; break; }; done)
SUPPORTED := 'import sys; sys.exit(sys.version_info < (3, 11))'
# The compiler that bioplastic will look for: $CXX if the user set one, else g++ or clang++.
COMPILERS := $(if $(filter default,$(origin CXX)),g++ clang++,$(CXX))
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help run test packages lint format dist docs clean compiler

help:
	@echo "make run     train on the embedded digits and write the figures to figures/"
	@echo "make test    ruff, mypy --strict and pytest"
	@echo "make lint    ruff and mypy only"
	@echo "make dist    archive and wheel in dist/, checked and tried in a clean environment"
	@echo "make docs    the documentation site in docs/_build, every link checked"
	@echo "make format  let ruff rewrite the files"
	@echo "make clean   remove the virtual environment and all caches of this folder"

run: compiler $(VENV)/.stamp-run
	$(BIN)/bioplastic run sym_stdp --scale quick --data digits --out figures

test: compiler lint packages
	$(BIN)/python -m pytest -n auto --dist loadscope

packages: $(VENV)/.stamp-test

lint: $(VENV)/.stamp-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict bioplastic

format: $(VENV)/.stamp-test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The wheel is built from the archive, so that what is missing there is noticed.
dist: compiler $(VENV)/.stamp-dist
	rm -rf dist build
	$(BIN)/python -m build
	$(BIN)/python -m twine check --strict dist/*
	clean=$$(mktemp -d) && trap 'rm -rf "$$clean"' EXIT && wheel=$$(ls "$$PWD"/dist/*.whl) && \
	$(PYTHON) -m venv "$$clean/venv" && cd "$$clean" && \
	venv/bin/python -m pip install --quiet --disable-pip-version-check "$$wheel" && \
	venv/bin/bioplastic list >/dev/null && venv/bin/bioplastic run rules --scale smoke --out figures

docs: compiler $(VENV)/.stamp-docs
	$(BIN)/python -m sphinx -b html -W --keep-going -q docs docs/_build
	$(BIN)/python docs/check_site.py docs/_build

clean:
	rm -rf docs/_build docs/made docs/gallery_made docs/sg_execution_times.rst
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist *.egg-info
	find bioplastic experiments benchmarks tests -name __pycache__ -prune -exec rm -rf {} +

compiler:
	@for c in $(COMPILERS); do command -v $$c >/dev/null 2>&1 && exit 0; done; { \
	echo "bioplastic: no C++ compiler found (looked for: $(COMPILERS))."; \
	echo "            Install one, for example 'apt install g++', or name yours: make CXX=..."; } >&2; exit 1

# A stamp is written last, so that an interrupted installation is tried again.
$(VENV)/.stamp-venv:
	@test -n "$(PYTHON)" && $(PYTHON) -c $(SUPPORTED) || { \
	echo "bioplastic: needs Python 3.11 or newer, and $(or $(PYTHON),python3) is older."; \
	echo "            Name one: make PYTHON=/path/to/python3.12 ..."; exit 1; } >&2
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	echo "bioplastic: $(PYTHON) cannot create virtual environments. On Debian and Ubuntu:"; \
	echo "            apt install python3-venv"; exit 1; } >&2
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.stamp-run: $(VENV)/.stamp-venv setup.cfg pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.stamp-test: $(VENV)/.stamp-venv setup.cfg pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@ $(VENV)/.stamp-run

$(VENV)/.stamp-dist: $(VENV)/.stamp-venv setup.cfg
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'build>=1.2' 'twine>=6'
	@touch $@

$(VENV)/.stamp-docs: $(VENV)/.stamp-venv setup.cfg pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[docs]'
	@touch $@ $(VENV)/.stamp-run
