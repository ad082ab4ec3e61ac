# Every target sets up its own .venv; a second call finds it there. Needs Python 3.11 and make.

python := .venv/bin/python
pip := $(python) -m pip --disable-pip-version-check install -qq -c constraints.txt
settings := pyproject.toml constraints.txt

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help demo test test-slow setup lint types bench docs clean

help:  ## this list
	@echo "make <target>, where <target> is one of"
	@sed -n 's/^\([a-z-]*\):.*## */  \1	/p' Makefile | expand -t 14

demo: .venv/.run  ## the report on the sample log, into skillphysics-report/
	@.venv/bin/skillphysics report

test: .venv/.dev  ## the tests and the examples in docstrings
	$(python) -m pytest -n 2 --dist loadfile

test-slow: .venv/.dev  ## only the slow tests: kill tests, fuzzing, statistics of many draws
	$(python) -m pytest -n 2 --dist loadfile -m slow

setup: .venv/.dev  ## .venv with everything that developers use

lint: .venv/.dev  ## ruff: mistakes and layout
	$(python) -m ruff check
	$(python) -m ruff format --check

types: .venv/.dev  ## pyright on everything
	$(python) -m pyright --warnings

bench: .venv/.bench  ## measure speed, against SciPy, JAX and plain PyTorch loops
	@for file in benchmarks/*.py; do \
	  if [ $$file != benchmarks/timing.py ]; then echo "== $$file"; $(python) $$file || exit 1; fi; \
	done

docs: .venv/.docs  ## the documentation, into docs/_build/html/
	$(python) -m sphinx -b html -W --keep-going -q docs docs/_build/html
	@echo "The documentation is docs/_build/html/index.html"

clean:  ## remove .venv and everything that is made
	rm -rf .venv docs/_build docs/generated skillphysics-report .pytest_cache .ruff_cache .hypothesis
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp is made last, so an interrupted step is done again.
.venv/.made:
	@for python in python3 python3.11 python3.12 python3.13; do \
	  if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    if $$python -c 'import ensurepip' 2>/dev/null; then \
	      $$python -m venv --clear .venv && touch $@; exit; \
	    fi; \
	    without=$${without:-$$python}; \
	  fi; \
	done; \
	if [ "$$without" ]; then \
	  echo "$$without cannot make virtual environments: install its package $$without-venv" \
	    "(on Debian: apt-get install $$without-venv), then call make again." >&2; \
	else \
	  echo "Python 3.11 or newer is wanted, as python3 or python3.11: install it," \
	    "then call make again." >&2; \
	fi; \
	exit 1

.venv/.run: .venv/.made $(settings)
	@echo "Installing into .venv (a minute or so)"
	@$(pip) -e .
	@touch $@

.venv/.dev: .venv/.made $(settings)
	@echo "Installing into .venv, with what the tests need (a minute or so)"
	@$(pip) -e '.[dev]'
	@touch .venv/.run $@

.venv/.bench: .venv/.dev
	@echo "Installing PyTorch into .venv"
	@$(pip) -e '.[dev,torch]'
	@touch $@

.venv/.docs: .venv/.run
	@echo "Installing what the documentation needs into .venv"
	@$(pip) -e '.[docs]'
	@touch $@
