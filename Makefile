.DEFAULT_GOAL := help
.PHONY: help up down status reload test test-stack test-matrix smoke drills test-fast bench lint lint-workflows audit fmt lock dist release-notes \
	clean

PYTHON ?= python3
BIN := .venv/bin
UV := $(BIN)/uv
# Each file begins with the command that makes it, and the bot that moves versions runs that (renovate.json5): only options that it
# knows, each with its value behind "=". uv names no index in the file unless told to.
LOCK = $(UV) pip compile --universal --python-version=3.11 --generate-hashes --prerelease=if-necessary \
	$(if $(UPGRADE),--upgrade) pyproject.toml

help: ## Show these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: $(BIN)/.run ## Start the whole stack (MODE=containers or MODE=processes forces one way)
	@$(BIN)/burnrate stack up $(if $(MODE),--mode $(MODE)) $(if $(FOREGROUND),--foreground)

down: $(BIN)/.run ## Stop what `make up` started; data stays (WIPE=1 asks, then deletes it and the logs)
	@$(BIN)/burnrate stack down $(if $(WIPE),--wipe)

status: $(BIN)/.run ## Show each part, its address and its health
	@$(BIN)/burnrate stack status

reload: $(BIN)/.run ## Have running parts load their changed files, checked first (PART=alertmanager for one)
	@$(BIN)/burnrate stack reload $(PART)

test: $(BIN)/.dev lint ## Check and test everything (installs the system packages it needs)
	@$(BIN)/burnrate stack install --with chromium --with wrk --with victoria-metrics
	$(BIN)/pytest -n 3 --no-loadscope-reorder -m "not containers"

drills: $(BIN)/.dev ## Run only the fire drills among the tests, on a stack of their own (three minutes)
	$(BIN)/pytest -m drills

test-stack: $(BIN)/.dev ## Test the stack as containers on real engines (ENGINE=installed or newest: one); stand-ins for missing images (REAL_IMAGES=1: none)
	$(if $(ENGINE),BURNRATE_ENGINE=$(ENGINE)) $(if $(REAL_IMAGES),BURNRATE_REAL_IMAGES=1) $(BIN)/pytest -m containers $(or $(TESTS),tests/containers)

test-matrix: $(UV) ## Test the telemetry on the lowest and the highest releases that it allows (END=lowest-direct or highest: one)
	@PYTHON=$(PYTHON) .ci/test-matrix $(END)

smoke: $(BIN)/.dev ## Test the stack that `docker compose up` has started here
	BURNRATE_RUNNING=1 $(BIN)/pytest -m containers tests/containers/test_up.py

test-fast: $(BIN)/.dev ## Run only the tests that start no servers
	$(BIN)/pytest -m "not integration and not containers"

bench: $(BIN)/.dev ## Measure everything, for a quarter of an hour or more (BENCH="load --minutes 10" runs one benchmark)
	@set -e; for each in $(if $(BENCH),"$(BENCH)",telemetry scrapes load slo); do $(BIN)/python -m bench $$each; done

lint: $(BIN)/.dev ## Run the static checks
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/mypy tests
	$(BIN)/lint-imports
	$(BIN)/burnrate slo generate --check
	$(BIN)/python -m grafana.build --check

lint-workflows: ## Check .github/workflows with actionlint
	@.ci/lint-workflows

audit: $(UV) ## Check the locked dependencies for known vulnerabilities
	@.ci/audit

fmt: $(BIN)/.dev ## Format and fix
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

lock: $(UV) ## Write requirements/*.txt again (UPGRADE=1 takes newer releases)
	@$(LOCK) --extra=service --extra=cli --output-file=requirements/service.txt >/dev/null
	@$(LOCK) --extra=service --extra=cli --group=checkout \
		--constraint=requirements/service.txt --output-file=requirements/run.txt >/dev/null
	@$(LOCK) --extra=service --extra=cli --group=checkout --group=dev \
		--constraint=requirements/run.txt --output-file=requirements/dev.txt >/dev/null

dist: $(BIN)/.run ## Build the wheel and the sdist into dist/, and check them as PyPI will
	@.ci/dist

release-notes: ## Print what CHANGELOG.md says of a release (TAG=v1.2.3), or say why it cannot be released
	@$(PYTHON) .ci/release_notes.py "$(TAG)"

clean: ## Remove the virtual environment and tool caches (the stack's data stays)
	rm -rf .venv .matrix .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

$(UV): requirements/uv.txt
	@echo "making the virtual environment .venv: a minute or so, once"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $@

# `pip install` and not `sync`: .run after .dev must not take the development tools away.
$(BIN)/.run: requirements/run.txt pyproject.toml | $(UV)
	@echo "installing requirements/run.txt into .venv"
	@$(UV) pip install --quiet --python .venv --require-hashes -r requirements/run.txt
	@$(UV) pip install --quiet --python .venv --no-deps --no-build-isolation --editable .
	@touch $@

$(BIN)/.dev: requirements/dev.txt $(BIN)/.run
	@echo "installing requirements/dev.txt into .venv"
	@$(UV) pip install --quiet --python .venv --require-hashes -r requirements/dev.txt
	@touch $@
