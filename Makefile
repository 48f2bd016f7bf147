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
	git ls-files '*.sh' '.ci/*' scripts/env | xargs -r $(VENV)/bin/shellcheck -x

.PHONY: test
test: lint ## lint, types, and every test that can run here (stack tests need a Docker engine)
	$(VENV)/bin/python -m pytest

.PHONY: lock
lock: ## re-resolve requirements/*.txt to the latest versions that work together
	requirements/lock

# --- without Docker -----------------------------------------------------------------

HONCHO := $(VENV)/bin/honcho -f Procfile.local

.PHONY: local mitm serve main env
local: $(VENV)/.ready ## proxy, demo app and offline model on this host; Ctrl-C ends all
	@$(HONCHO) run $(VENV)/bin/python scripts/check_ports.py
	@$(HONCHO) start

mitm: $(VENV)/.ready ## the proxy alone, on this host
	@$(HONCHO) start proxy

serve: $(VENV)/.ready ## the demo app alone, through the sidecar that runs
	@LLM_SIDECAR_WAIT=0 $(HONCHO) start app

# The scripts' clients have an environment of their own, as an app beside the sidecar would.
EXAMPLES := httpx_chat openai_chat openai_responses openai_streaming langchain_chat langchain_tool_call

.venv-examples/.ready: requirements/examples.txt
	$(PYTHON) -m venv .venv-examples
	.venv-examples/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/examples.txt
	@touch $@

main: .venv-examples/.ready ## the example scripts, through the sidecar that runs; offline unless OPENAI_API_KEY is set
	@export OPENAI_API_KEY="$${OPENAI_API_KEY:-offline}"; for name in $(EXAMPLES); do \
	  echo "--- examples/$$name.py"; scripts/env .venv-examples/bin/python examples/$$name.py || exit 1; \
	done

env: ## eval "$(make -s env)": this shell's clients go through the sidecar that runs
	@scripts/env

# --- the matrix of clients ------------------------------------------------------------

CLIENTS := .venv-clients .venv-clients-httpx
NODES   := tests/clients/node26 tests/clients/node20

.venv-%/.ready: requirements/%.txt
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

tests/clients/%/node_modules/.ready: tests/clients/%/package.json
	cd $(<D) && npm install --no-package-lock --no-audit --no-fund --loglevel=error
	@touch $@

.PHONY: clients
clients: $(VENV)/.ready $(CLIENTS:%=%/.ready) $(NODES:%=%/node_modules/.ready) ## every client through the drop-in; writes docs/clients.md
	$(VENV)/bin/python -m tests.clients.report

# --- what it costs ----------------------------------------------------------------------

.PHONY: bench
bench: $(VENV)/.ready ## speed and memory beside going direct, and beside mitmproxy as it comes
	$(VENV)/bin/python -m bench.run
	$(VENV)/bin/python -m bench.reader

# --- safety -----------------------------------------------------------------------------

.PHONY: ca-reset
ca-reset: $(VENV)/.ready ## throw the CA away, of the local mode and of the stack; the next start makes a new one
	@if [ -d .local/state ]; then PYTHONPATH=proxy-addons $(VENV)/bin/python -m llm_sidecar.ca; fi
	@if docker image inspect llm-sidecar-proxy >/dev/null 2>&1; then \
	  docker compose --profile dev run --rm --no-deps proxy python -m llm_sidecar.ca; fi

.PHONY: torture
torture: $(VENV)/.ready ## the long tests: faults, 200 streams, soak; prints a summary
	TORTURE=1 $(VENV)/bin/python -m pytest tests/torture tests/proxy/test_faults.py tests/proxy/test_transparency.py

.PHONY: audit sbom
audit: .venv-audit/.ready ## known vulnerabilities of the locked dependencies; asks PyPI (or AUDIT_SERVICE=osv)
	scripts/audit

sbom: ## sbom-*.cdx.json: what is in the three images, as CycloneDX
	@for image in proxy app offline-llm; do python3 scripts/sbom.py llm-sidecar-$$image > sbom-$$image.cdx.json && \
	  echo "sbom-$$image.cdx.json"; done

# --- pictures ---------------------------------------------------------------------------

.PHONY: screenshots
screenshots: $(VENV)/.ready ## the pictures in docs/images, of a real proxy and its calls; needs /usr/bin/chromium
	$(VENV)/bin/python -m pytest -q tests/page/screenshots.py
