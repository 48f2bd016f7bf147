# The commands of the project; `make` alone lists them.
PYTHON ?= python3
VENV   := .venv

.DEFAULT_GOAL := help
.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/ -/'

# One environment for the local mode and the tests: proxy, app and test tools, all locked with hashes.
$(VENV)/.ready: requirements/tests.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 12) else f"Python 3.12 or newer is needed (this is {sys.version.split()[0]}). Install it, or name it: make PYTHON=python3.13 ...")'
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/tests.txt
	@touch $@

.PHONY: lint
lint: $(VENV)/.ready ## ruff, mypy, shellcheck
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	git ls-files '*.sh' '.ci/*' | xargs -r $(VENV)/bin/shellcheck -x

.PHONY: test
test: lint ## lint, types, and every test that can run here (stack tests need a Docker engine)
	$(VENV)/bin/python -m pytest

.PHONY: lock
lock: ## re-resolve requirements/*.txt to the latest versions that work together
	requirements/lock
