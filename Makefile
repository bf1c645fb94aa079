# Every target is one line: what it does is in the file it calls. `make help` lists them.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
    "$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && break; done)
VENV := .venv/bin

.DEFAULT_GOAL := help
.PHONY: setup demo test soak spoil check bench docs airflow lock format clean help

setup:  ## make .venv, find or install Java, fetch the JARs, prepare Airflow; done once, then skipped
	@$(or $(PYTHON),python3) -m infra.setup

demo: setup  ## land the demo hospital, let Airflow run everything, show what happened
	@$(VENV)/python -m infra.demo

test: setup  ## run all tests
	@$(VENV)/python -m pytest -n 2

soak: setup  ## run the tests that take too long for every change: killed runs, undone merges
	@$(VENV)/python -m pytest -m soak -n 2

spoil: setup  ## give each parser 50,000 spoilt inputs
	@LAKEWARD_SPOILT=50000 $(VENV)/python -m pytest -n 2 -k spoilt tests/jobs/formats

check: setup  ## formatting, lint and types
	@$(VENV)/ruff format --check . && $(VENV)/ruff check . && $(VENV)/mypy

bench: setup  ## measure speed of every format, memory, the gates' catch rate and identity
	@$(VENV)/python -m infra.bench

docs: setup  ## render the data dictionary
	@$(VENV)/lakeward docs

airflow: setup  ## open the Airflow UI on a real scheduler
	@infra/airflow/ui.sh

format: setup  ## let ruff format and fix
	@$(VENV)/ruff format . && $(VENV)/ruff check --fix .

lock: setup  ## resolve requirements.in again into requirements.lock
	@$(VENV)/python -m infra.setup.lock

clean:  ## remove what set-up and the tools made; the lake stays
	@rm -rf .venv .tools .airflow .bench build *.egg-info .pytest_cache .mypy_cache .ruff_cache

help:  ## show this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1|/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do printf '%-16s %s\n' "$$name" "$$text"; done
