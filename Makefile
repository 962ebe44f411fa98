# Everything that is run by hand or by CI. Each target sets up what it needs first.

VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
ARGS   ?=

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup check format format-check lint types test test-all demo drawing generated messages bench clean FORCE

help:  ## say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY)  ## make .venv with all that development needs

check: format-check lint types test-all  ## all that CI checks

format: $(READY)  ## lay the code out and mend what can be mended
	$(BIN)/ruff check --fix $(ARGS)
	$(BIN)/ruff format $(ARGS)

format-check: $(READY)  ## is the code laid out?
	$(BIN)/ruff format --check

lint: $(READY)  ## ruff's rules, and who may import whom
	$(BIN)/ruff check
	$(BIN)/lint-imports --no-logo

types: $(READY)  ## mypy, strictly
	$(BIN)/mypy

# One thread for BLAS: the workers share the cores among them. What is imported is compiled once, for
# hundreds of tests start a Python of their own.
PYTEST := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MPLBACKEND=Agg PYTHONDONTWRITEBYTECODE= \
	$(BIN)/python -m pytest -n auto --dist worksteal

test: $(READY)  ## every law, on a part of the models and seeds; make test ARGS="-k softmax -x" for some
	$(PYTEST) $(ARGS)

test-all: $(READY)  ## every law, on all models and seeds; tells the slowest
	$(PYTEST) --all --durations=10 $(ARGS)

demo: $(READY)  ## the main job on real data, into build/demo
	$(BIN)/chainrule demo -o build/demo

generated: $(READY)  ## write generated/ anew
	$(BIN)/python -m codegen.demo.showcase

drawing: $(READY)  ## draw the rooms for docs/how-it-works.md anew
	$(BIN)/python docs/house.py

messages: $(READY)  ## compile the messages of documents, in every language
	$(BIN)/pybabel compile --domain chainrule --directory codegen/locale

bench: $(READY)  ## time it
	$(BIN)/python -m tests.benchmarks $(ARGS)

clean:  ## remove all that was built, except .venv
	rm -rf build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find derive codegen generated tests -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

# Ways to an environment with pip in it, for Debian keeps a part of venv in a package of its own.
define new_venv
{ $(PYTHON) -m venv --clear $(VENV) \
	|| { $(PYTHON) -m venv --clear --without-pip $(VENV) \
		&& $(PYTHON) -m pip --quiet --python $(BIN)/python install --ignore-installed pip; } \
	|| uv venv --quiet --clear --seed --python "$(PYTHON)" $(VENV) \
	|| { test "$$(id -u)" = 0 && apt-get update -qq && apt-get install -y -qq python3-venv \
		&& $(PYTHON) -m venv --clear $(VENV); }; } >/dev/null 2>&1
endef

# The stamp holds the checkout's place, since an environment doesn't survive being moved. It is
# written last: after a set-up that broke off, the next one begins with what stands, or anew.
ifneq ($(shell cat $(READY) 2>/dev/null),$(CURDIR))
$(READY): FORCE
endif
$(READY): pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: make PYTHON=/its/path" >&2; exit 1; }
	@if [ -e $@ ] && [ "$$(cat $@)" != "$(CURDIR)" ]; then rm -rf $(VENV); fi
	@rm -f $@
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { echo "Making $(VENV) with $(PYTHON)"; $(new_venv); } \
		|| { echo "Install Python's venv module first (Debian: apt install python3-venv)." >&2; exit 1; }
	@echo "Installing what pyproject.toml asks for"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv || true
	@$(BIN)/python -m uv pip install --quiet --python $(BIN)/python --editable '.[dev]' \
		|| $(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@printf '%s\n' "$(CURDIR)" > $@
