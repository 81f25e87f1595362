# make run    sets up and starts Callboard on port 7007 with the example catalog
# make ui     builds the portal that make run then serves (Node.js 22 or later; without one, that of the test tools)
# make test   sets up and passes everything CI demands
# make e2e    builds the portal, walks through it and signs in to it in a browser, on SQLite and on PostgreSQL (DATABASE= for
#             one of them; STOCK=, a stock frontend's packages/app/dist, for that one too)
# make bench  generates a catalog and measures ingestion and reads (ENTITIES=, DATABASE=, PEER=)
# make bench-scale  compares what reads cost in small and large catalogs (ENTITIES="10000 1000000", DATABASE=)
# make bench-search  measures indexing and queries (ENTITIES=, DATABASE=, PEER=)
# make bench-scaffolder  measures tasks, templates and watchers (DATABASE=, PEER=)
# make tables  writes anew what the migrations say to an empty database, after a new migration
# make attacks  takes each defence against a known attack away, in a copy, and sees its tests fail (ten minutes)
# make fuzz   holds the template language against the npm engines for ten minutes
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CONFIG ?= examples/app-config.yaml
# One more than processors: some tests wait for servers most of the time.
WORKERS ?= 3
# Once here, or at every start where the environment forbids Python to keep what it has compiled.
COMPILE := $(BIN)/python -m compileall -q app catalog scaffolder plugins || true
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1
export PIP_ROOT_USER_ACTION := ignore

.PHONY: run setup setup-dev ui test format check check-style check-types suite bench bench-scale bench-scaffolder bench-search tables attacks fuzz e2e e2e-auth clean

run: $(VENV)/.run
	@echo "Callboard is starting: http://localhost:7007"
	$(BIN)/callboard serve --config $(CONFIG)

setup: $(VENV)/.run
setup-dev: $(VENV)/.dev

# Debian ships python3 without ensurepip: then its python3-venv package is needed once.
$(BIN)/python:
	@echo "Making the virtual environment"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "Installing python3-venv"; \
	  if [ "$$(id -u)" = 0 ]; then s=; else s=sudo; fi; \
	  $$s apt-get update -qq && $$s apt-get install -y -qq --no-install-recommends python3-venv && $(PYTHON) -m venv $(VENV); }

$(VENV)/.run: requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing what Callboard runs on"
	@$(BIN)/pip install -q --require-hashes -r requirements.lock
	@$(BIN)/pip install -q --no-deps --no-build-isolation -e .
	@$(COMPILE)
	@touch $@

$(VENV)/.dev: requirements-dev.lock pyproject.toml | $(BIN)/python
	@echo "Installing what the tests need"
	@$(BIN)/pip install -q --require-hashes -r requirements-dev.lock
	@$(BIN)/pip install -q --no-deps --no-build-isolation -e .
	@$(COMPILE)
	@touch $@ $(VENV)/.run

UI_FROM := $(shell find ui/src ui/public -type f) $(addprefix ui/,package.json package-lock.json app-config.yaml compress.mjs)
ui: ui/dist/index.html

ui/dist/index.html: $(UI_FROM)
	@node -e 'process.exit(parseInt(process.versions.node) < 22)' 2>/dev/null || $(MAKE) --no-print-directory setup-dev
	@echo "Installing what the portal is built from (some minutes the first time)"
	@cd ui && PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --silent
	@echo "Building the portal"
	@cd ui && PATH="$(CURDIR)/$(BIN):$$PATH" npm run --silent build > build.log 2>&1 || { tail -40 build.log; exit 1; }
	@echo "The portal is in ui/dist; make run serves it"

# mypy uses one processor: the tests run beside it.
test: check-style
	@$(MAKE) --no-print-directory --jobs 2 check-types suite

check: check-style check-types

check-style: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports

check-types: $(VENV)/.dev
	$(BIN)/mypy

suite: $(VENV)/.dev
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The stock frontend walks through Callboard too, where one has been built.
STOCK ?= $(wildcard $(HOME)/.cache/callboard-peer/backstage/packages/app/dist)
e2e: $(VENV)/.dev ui/dist/index.html
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m tests.e2e $(if $(STOCK),--stock $(STOCK)) $(if $(filter command line environment,$(origin DATABASE)),--database $(DATABASE))

ENTITIES ?= 10000
DATABASE ?= sqlite
bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks.catalog --entities $(ENTITIES) --database $(DATABASE) $(if $(PEER),--peer $(PEER))

bench-scale: $(VENV)/.dev
	$(BIN)/python -m benchmarks.scale --entities $(if $(filter command line environment,$(origin ENTITIES)),$(ENTITIES),10000 100000) --database $(DATABASE)

bench-search: $(VENV)/.dev
	$(BIN)/python -m benchmarks.search --entities $(ENTITIES) --database $(DATABASE) $(if $(PEER),--peer $(PEER))

bench-scaffolder: $(VENV)/.dev
	$(BIN)/python -m benchmarks.scaffolder --database $(DATABASE) $(if $(PEER),--peer $(PEER))

tables: $(VENV)/.dev
	$(BIN)/python -m tests.new_tables

attacks: $(VENV)/.dev
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m tests.attacks

fuzz: $(VENV)/.dev
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m tests.scaffolder.language.fuzz --seconds 300 --what newest
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m tests.scaffolder.language.fuzz --seconds 300 --what patterns

# A real browser signs in with real identity providers. Needs Chromium: apt-get install chromium.
e2e-auth: $(VENV)/.dev ui/dist/index.html
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest tests/e2e_browser/signing_in/in_chromium.py -s

e2e: e2e-auth

clean:
	rm -rf ui/node_modules ui/dist $(VENV) .callboard .mypy_cache .ruff_cache .pytest_cache .hypothesis
