# Every target does its own set-up; `make help` lists them. A second run installs nothing.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell scripts/find_python)
# What Debian has and only tests need: a browser, servers, an engine for containers, a file system without events.
# Empty (`make test DEBIAN_PACKAGES=`) installs none; the tests that need one are then skipped.
DEBIAN_PACKAGES ?= chromium postgresql docker.io docker-compose mmdebstrap bindfs

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(VENV)/installed-run ## simulate two grids and screen them in the browser (ARGS="--port 8100")
	$(BIN)/xcryonet demo $(ARGS)

.PHONY: test
test: $(VENV)/installed-test debian ## run every test (ARGS="-m 'not container'" for some)
	$(BIN)/pytest $(ARGS)

.PHONY: check
check: $(VENV)/installed-test ## lint, formatting, types and the borders between packages
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: bench
bench: $(VENV)/installed-test ## measure, and write the table benchmarks/RESULTS.md
	$(BIN)/python -m benchmarks.run $(ARGS)

.PHONY: chaos
chaos: $(VENV)/installed-test debian ## kill ingest, web and worker at random moments (ARGS="--kills 25 --rounds 4")
	$(BIN)/python -m tests.faults.chaos $(ARGS)

.PHONY: outage
outage: $(VENV)/installed-test debian ## keep service, then database away for ten minutes of a session (ARGS="--seconds 60")
	$(BIN)/python -m tests.faults.outage $(ARGS)

.PHONY: fuzz
fuzz: $(VENV)/installed-test ## read 100000 damaged inputs, ask all that can be asked (ARGS="--inputs 1000 --seed 2")
	$(BIN)/python -m tests.fuzz.fuzz $(ARGS)

.PHONY: audit
audit: $(VENV)/installed-test ## look for known holes in what we depend on; needs the internet
	scripts/audit $(BIN)/python

.PHONY: pictures
pictures: $(VENV)/installed-test ## take pictures of every view at three sizes (ARGS="--url URL" of a running service)
	$(BIN)/python -m benchmarks.screenshots $(ARGS)

.PHONY: format
format: $(VENV)/installed-test ## put the code into its one layout
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

.PHONY: install
install: $(VENV)/installed-run ## make .venv with everything that runs (no test tools)

.PHONY: clean
clean: ## remove the environment and what tools left behind
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: debian
debian:
	@scripts/install_debian_packages $(DEBIAN_PACKAGES)

# The stamps keep a second run quick: pip is asked again only when what we depend on has changed. Python compiles what
# it imports by itself, which is less than pip would compile; only tests, where a warning of the compiler is an error,
# need everything compiled before.
PIP_INSTALL := $(BIN)/python -m pip install --quiet --no-compile -c constraints.txt

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo 'no Python 3.11 or later found; give one: make PYTHON=...' >&2; exit 1; }
	scripts/make_venv "$(PYTHON)" $(VENV)

$(VENV)/installed-run: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP_INSTALL) -e ".[ingest,model,service,simulate]"
	@touch $@

$(VENV)/installed-test: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP_INSTALL) -e ".[test]"
	-@$(BIN)/python -m compileall -q -j 0 $(VENV)/lib >/dev/null 2>&1
	@touch $(VENV)/installed-run $@
