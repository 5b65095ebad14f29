# The whole interface for contributors. `make` alone lists the targets.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help install demo test lint types layers secrets unit test-containers test-browser test-monitoring fmt bench lock clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Hash-checked requirements cannot hold an editable project, hence the two steps.
$(READY): requirements/dev.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

install: $(READY) ## create .venv with the pinned, hash-checked dependencies

demo: $(READY) ## the main job, live: a real server, a real application, a rotation, an outage
	@$(BIN)/injector demo

test: lint types layers secrets unit ## everything CI runs

lint: $(READY) ## format and lint (ruff)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(READY) ## mypy --strict
	$(BIN)/mypy

layers: $(READY) ## imports point one way (import-linter)
	$(BIN)/lint-imports

secrets: $(READY) ## no secret in any file of the repository (detect-secrets)
	PYTHON=$(BIN)/python .ci/secrets

unit: $(READY) ## the tests, against a real OpenBao
	$(BIN)/pytest

test-containers: $(READY) ## the image, pods and the compose example in real containers (podman, root, minutes)
	INJECTOR_TEST_CONTAINERS=1 $(BIN)/pytest tests/containers

test-differential: $(READY) ## configurations and templates, random ones too, through the real agent and through us (a minute)
	INJECTOR_TEST_DIFFERENTIAL=1 $(BIN)/pytest --timeout 300 tests/dialects/test_hcl.py tests/dialects/gotemplate/test_differential.py tests/dialects/gotemplate/test_regex.py

test-browser: $(READY) ## the status page in a real browser (Debian's chromium)
	INJECTOR_TEST_BROWSER=1 $(BIN)/pytest tests/status/test_status_browser.py

test-monitoring: $(READY) ## alerts and dashboard in a real Prometheus (Debian's prometheus)
	INJECTOR_TEST_PROMETHEUS=1 $(BIN)/pytest tests/documents/test_monitoring.py

fmt: $(READY) ## format, and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(READY) ## beside `bao agent`, in the same run; writes benchmarks/results.md
	$(BIN)/python -m benchmarks

lock: ## resolve pyproject.toml again into requirements/*.txt (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  pyproject.toml -o requirements/run.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  -c requirements/run.txt --group dev pyproject.toml -o requirements/dev.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  -c requirements/dev.txt --group build -o requirements/build.txt

clean: ## remove .venv and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
