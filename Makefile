# `make` lists the targets. Each of them sets itself up first; a second run of the setup does nothing.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
MAKEFLAGS += --no-builtin-rules

PYTHON ?= python3
SOLC_VERSION := 0.8.30
UV_VERSION := 0.13.8

# package.json names Foundry's native packages, not its launchers: those lose the exit code of a failed test.
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
export FOUNDRY_OFFLINE := true
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1
export PIP_ROOT_USER_ACTION := ignore

# `make test-red` proves that these very commands fail when a test fails.
FORGE_TEST := forge test
PYTEST := .venv/bin/python -m pytest
IN_PARALLEL := -n 2 --dist loadfile
APE_ENV := APE_DATA_FOLDER="$(CURDIR)/.cache/ape" SOLCX_BINARY_PATH="$(CURDIR)/.toolchain"
APE := $(APE_ENV) .venv-ape/bin/ape
APE_TEST := $(APE) test --network ethereum:local:foundry

HALMOS := FOUNDRY_SRC=tests/contracts/halmos FOUNDRY_TEST=tests/contracts/halmos FOUNDRY_OUT=.build/halmos/out \
	FOUNDRY_CACHE_PATH=.build/halmos/cache .venv-halmos/bin/halmos --forge-build-out .build/halmos/out --no-status --loop 8

PIP_INSTALL := -m pip install --quiet --quiet --require-hashes
COMPILE := .cache/uv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-annotate --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"
SOLIDITY := $(shell find contracts tests/contracts -name '*.sol' -not -path '*/.cache/*' 2>/dev/null)

# Stamps: one file for each finished step of the setup.
HOST := .toolchain/.host
NODE := node_modules/.package-lock.json
TOOLS := .toolchain/.tools
VENV := .venv/.installed
EDITABLE := .venv/.editable
PARTS := .toolchain/parts/.fetched
BUILT := out/.built
VENV_APE := .venv-ape/.installed
CLIENTS := tests/clients/node_modules/.package-lock.json
VENV_ANALYSIS := .venv-analysis/.installed
VENV_DATASETTE := .venv-datasette/.installed
VENV_HALMOS := .venv-halmos/.installed
VENV_OPENGRADIENT := .venv-opengradient/.installed
VENV_TRAIN := .venv-train/.installed

# Of `make world`.
N ?= 200000
SERVE ?= 1
PORT ?= 8480

EXAMPLES := iris digits_cnn transformer

define headline
@printf '\n\033[1m== %s\033[0m\n' "$(1)"
endef

##@ Use

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^##@ /{printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## /{printf "  make %-15s %s\n", $$1, $$2}' Makefile

.PHONY: setup
setup: $(NODE) $(TOOLS) $(VENV) $(EDITABLE) $(PARTS) $(BUILT) $(CLIENTS) ## Install everything into this folder and compile the contracts

.PHONY: demo
demo: setup ## Pay for, prove, settle and count inferences of all tiers on a local chain
	@.venv/bin/python tools/demo.py

.PHONY: world
world: setup ## Build a synthetic history and show it: N=2000000 for more inferences, SERVE=0 to stop after building
	@.venv/bin/python tools/world.py --inferences $(N) --port $(PORT) $(if $(filter 0,$(SERVE)),--no-serve) $(ARGS)

.PHONY: ape
ape: setup $(VENV_APE) ## Run Ape, for example: make ape ARGS="run deploy --network ethereum:local:foundry"
	@$(APE) $(ARGS)

##@ Check

.PHONY: test
test: setup test-red lint types abi-check natspec security-doc metrics-check notebook-check vectors-check test-contracts gas-check test-python test-opengradient test-datasette test-ape ## Run every check that takes minutes at most
	@printf '\nALL TESTS PASSED\n'

.PHONY: test-red
test-red: setup ## Prove that a failing test makes its step fail
	$(call headline,Safety net: a red test must make its step red)
	@.venv/bin/python tools/check_red.py "$(FORGE_TEST)" "$(PYTEST)"

.PHONY: lint
lint: setup ## Check style and import directions
	$(call headline,Style and import directions)
	@.venv/bin/ruff check || { echo "fix: make fmt, then what it leaves by hand" >&2; exit 1; }
	@.venv/bin/ruff format --check || { echo "fix: make fmt" >&2; exit 1; }
	@forge fmt --check || { echo "fix: make fmt" >&2; exit 1; }
	@.venv/bin/lint-imports

.PHONY: types
types: setup ## Check the Python types
	$(call headline,Types)
	@.venv/bin/mypy

.PHONY: abi-check
abi-check: setup
	$(call headline,Committed ABIs are those of the contracts)
	@.venv/bin/python tools/generate_abi.py --check

.PHONY: vectors-check
vectors-check: setup
	$(call headline,Committed vectors are those of their generators)
	@.venv/bin/python tools/make_nitro_vectors.py --check
	@.venv/bin/python tools/make_tdx_vectors.py --check
	@.venv/bin/python tools/make_binding_vectors.py --check
	@.venv/bin/python tools/make_registration_vectors.py --check
	@.venv/bin/python tools/make_zkml_binding_vectors.py --check
	@.venv/bin/python tools/make_opengradient_vectors.py --check

.PHONY: test-contracts
test-contracts: setup ## Run the contract tests (forge)
	$(call headline,Contract tests)
	@$(FORGE_TEST)

.PHONY: gas-check
gas-check: setup
	$(call headline,Gas is what snapshots/ says)
	@.venv/bin/python tools/bench_gas.py --check

.PHONY: test-python
test-python: setup ## Run the unit and integration tests (pytest)
	$(call headline,Unit and integration tests)
	@$(PYTEST) $(IN_PARALLEL)

.PHONY: test-slow
test-slow: setup ## Run the tests that take minutes
	$(call headline,Slow tests)
	@VERITALLY_EVERY_BYTE=true $(FORGE_TEST) --match-path 'tests/contracts/*.everyByte.t.sol'
	@$(PYTEST) -m slow

.PHONY: test-opengradient
test-opengradient: setup $(VENV_OPENGRADIENT) ## Compare our verdicts on OpenGradient's results with those of its SDK
	$(call headline,Conformance with OpenGradient's SDK)
	@$(PYTEST) -m opengradient

.PHONY: test-datasette
test-datasette: setup $(VENV_DATASETTE) ## Ask Datasette for every view and query of docs/sql.md
	$(call headline,Views and queries in Datasette)
	@$(PYTEST) -m datasette tests/unit/test_datasette.py

.PHONY: test-examples
test-examples: $(VENV_TRAIN) ## Train the models of examples/ again and compare them with the committed ones
	$(call headline,Committed examples are what their scripts write)
	@for name in $(EXAMPLES); do .venv-train/bin/python tools/train_$$name.py --check .build/examples; done

.PHONY: test-ape
test-ape: setup $(VENV_APE) ## Run the functional tests (Ape)
	$(call headline,Functional tests with Ape)
	@$(APE_TEST) tests/functional

.PHONY: test-refusals
test-refusals: setup ## Disable each refusal on the list once and require that the tests turn red (takes long)
	@.venv/bin/python tools/check_refusals.py

.PHONY: natspec
natspec: setup ## Check that everything public in the contracts is documented
	$(call headline,NatSpec)
	@.venv/bin/python tools/check_natspec.py

.PHONY: security-doc
security-doc: setup ## Check that the tests that docs/security.md names exist
	$(call headline,Tests named in docs/security.md)
	@.venv/bin/python tools/check_security_doc.py

.PHONY: metrics-check
metrics-check: setup
	$(call headline,docs/metrics.md is what the metrics say)
	@.venv/bin/python tools/make_metrics_doc.py --check

.PHONY: notebook-check
notebook-check: setup
	$(call headline,examples/notebook is what its program prints)
	@.venv/bin/python tools/make_notebook.py --check

.PHONY: analyse
analyse: setup $(VENV_ANALYSIS) ## Run slither; every finding must be explained (docs/analysis.md)
	$(call headline,Static analysis)
	@.venv/bin/python tools/check_slither.py

# What halmos leaves out, a loop for example, it only warns of.
.PHONY: test-halmos
test-halmos: setup $(VENV_HALMOS) ## Prove the checks in tests/contracts/halmos for all inputs (takes minutes)
	$(call headline,Proofs)
	@mkdir -p .build/halmos
	@$(HALMOS) 2>&1 | tee .build/halmos/log
	@! grep -q WARNING .build/halmos/log || { echo "halmos left something out: see its warning" >&2; exit 1; }

.PHONY: coverage
coverage: setup ## Check how much of the core the contract tests reach (takes minutes)
	$(call headline,Coverage)
	@mkdir -p .build
	@FOUNDRY_PROFILE=coverage FOUNDRY_OUT=.build/coverage/out FOUNDRY_CACHE_PATH=.build/coverage/cache \
		forge coverage --no-match-path '*.bench.t.sol' --no-match-test fitsIntoATransaction --report lcov --report-file .build/coverage.lcov \
		>.build/coverage.log 2>&1 || { tail -n 30 .build/coverage.log >&2; exit 1; }
	@.venv/bin/python tools/check_coverage.py .build/coverage.lcov

.PHONY: mutate
mutate: setup ## Make random mistakes in the contracts and require that the tests notice (takes half an hour)
	$(call headline,Mutants)
	@.venv/bin/python tools/mutate_contracts.py $(ARGS)

.PHONY: bench-gas
bench-gas: setup ## Measure the gas benchmarks, print them, and write snapshots/ (docs/gas.md)
	@.venv/bin/python tools/bench_gas.py $(ARGS)

.PHONY: bench-zkml
bench-zkml: setup ## Build, prove and verify networks, beside ezkl's defaults (takes ten minutes)
	@.venv/bin/python tools/bench_zkml.py $(ARGS)

.PHONY: bench-examples
bench-examples: setup ## Build and prove the models of examples/, test their circuits, print docs/zkml.md's table (takes ten minutes)
	@.venv/bin/python tools/bench_examples.py $(ARGS)

.PHONY: bench-indexer
bench-indexer: setup ## Measure how fast 250,000 events are indexed, beside the obvious way (takes minutes)
	@.venv/bin/python tools/bench_indexer.py $(ARGS)

.PHONY: bench-scale
bench-scale: setup ## Measure size, queries and export at two million rows, or more: ARGS="--rows 20000000"
	@.venv/bin/python tools/bench_scale.py $(ARGS)

.PHONY: bench-verdict
bench-verdict: setup ## Measure how often intervals and verdicts are wrong on made-up worlds (takes minutes)
	@.venv/bin/python tools/bench_verdict.py $(ARGS)

.PHONY: bench-api
bench-api: setup ## Measure the HTTP interface at two million rows, in SQLite and Postgres: ARGS="--rows 200000"
	@.venv/bin/python tools/bench_api.py $(ARGS)

.PHONY: bench-prover
bench-prover: setup ## Measure paid requests per second, beside the official facilitator (takes half an hour)
	@.venv/bin/python tools/bench_prover.py $(ARGS)

##@ Change

.PHONY: fmt
fmt: setup ## Format Python and Solidity
	@.venv/bin/ruff check --fix --quiet || true
	@.venv/bin/ruff format
	@forge fmt

.PHONY: abi
abi: setup ## Write veritally/abi from the compiled contracts
	@.venv/bin/python tools/generate_abi.py

.PHONY: metrics-doc
metrics-doc: setup ## Write docs/metrics.md from the metrics
	@.venv/bin/python tools/make_metrics_doc.py

.PHONY: notebook
notebook: setup ## Write the notebook of examples/notebook from the program beside it
	@.venv/bin/python tools/make_notebook.py

.PHONY: vectors
vectors: setup ## Write what is made in tests/vectors/attestation
	@.venv/bin/python tools/make_nitro_vectors.py
	@.venv/bin/python tools/make_tdx_vectors.py
	@.venv/bin/python tools/make_binding_vectors.py
	@.venv/bin/python tools/make_registration_vectors.py
	@.venv/bin/python tools/make_opengradient_vectors.py

.PHONY: examples
examples: $(VENV_TRAIN) ## Train the models of examples/ anew
	@for name in $(EXAMPLES); do .venv-train/bin/python tools/train_$$name.py; done

.PHONY: lock
# Pins stay as they are; for newer versions delete the files first.
lock: $(HOST) ## Write requirements/*.txt for what pyproject.toml asks for
	@test -x .cache/uv/bin/uv || { $(PYTHON) -m venv .cache/uv && .cache/uv/bin/pip install --quiet uv==$(UV_VERSION); }
	@$(COMPILE) pyproject.toml -o requirements/runtime.txt
	@$(COMPILE) pyproject.toml -c requirements/runtime.txt --group dev -o requirements/dev.txt
	@$(COMPILE) pyproject.toml -c requirements/dev.txt --group dev --group train -o requirements/train.txt
	@$(COMPILE) --group pyproject.toml:ape -o requirements/ape.txt
	@$(COMPILE) --group pyproject.toml:ape-build -o requirements/ape-build.txt
	@$(COMPILE) --group pyproject.toml:analysis -o requirements/analysis.txt
	@$(COMPILE) --group pyproject.toml:datasette -o requirements/datasette.txt
	@$(COMPILE) --group pyproject.toml:halmos -o requirements/halmos.txt
	@$(COMPILE) --group pyproject.toml:opengradient -o requirements/opengradient.txt

.PHONY: clean
clean: ## Delete what builds and tests leave behind; keep what was installed
	rm -rf out cache broadcast .build build contracts/.cache .cache
	rm -rf .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . \( -name node_modules -o -name '.venv*' \) -prune -o \
		\( -name __pycache__ -o -name .pytest_cache \) -prune -exec rm -rf {} +

# The steps of the setup

$(HOST):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "$(PYTHON) is missing or older than 3.11: install Python 3.11 or newer, or name it: make setup PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "$(PYTHON) cannot make virtual environments: install its venv package (on Debian: apt-get install python3-venv)" >&2; exit 1; }
	@node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null || \
		{ echo "node is missing or older than 20: install Node.js 20 or newer, which brings npm" >&2; exit 1; }
	@command -v npm >/dev/null || \
		{ echo "npm is missing: install the npm that belongs to your Node.js" >&2; exit 1; }
	@mkdir -p $(@D) && touch $@

# npm itself writes this file last.
$(NODE): package.json package-lock.json | $(HOST)
	$(call headline,Node packages: Foundry and the Solidity compiler)
	@npm ci --ignore-scripts --loglevel=error >/dev/null
	@touch $@

# Linux on x86-64 gets Foundry from npm; elsewhere the one on PATH is used.
$(TOOLS): $(NODE)
	@for program in forge anvil cast; do command -v $$program >/dev/null || \
		{ echo "no $$program for this machine in the npm packages: install Foundry 1.7 yourself" >&2; exit 1; }; done
	@mkdir -p $(@D)
	@ln -sfn ../tools/solc .toolchain/solc-v$(SOLC_VERSION)
	@touch $@

$(VENV): requirements/dev.txt | $(HOST)
	$(call headline,Python packages into .venv (takes about a minute))
	@test -x .venv/bin/pip || $(PYTHON) -m venv .venv
	@.venv/bin/python $(PIP_INSTALL) --only-binary :all: -r requirements/dev.txt
	@touch $@

# The build backend is pinned in the lock, so the project itself installs without the network.
$(EDITABLE): pyproject.toml $(VENV)
	@.venv/bin/python -m pip install --quiet --quiet --no-build-isolation --no-deps --editable .
	@problems=$$(.venv/bin/python -m pip check) || \
		{ echo "$$problems" >&2; echo "pyproject.toml and requirements/dev.txt do not fit: make lock" >&2; exit 1; }
	@touch $@

$(PARTS): tools/fetch_parts.py | $(HOST)
	$(call headline,Deployed contracts of others that tests and demo use)
	@$(PYTHON) tools/fetch_parts.py
	@touch $@

$(BUILT): foundry.toml tools/solc $(SOLIDITY) $(TOOLS)
	$(call headline,Contracts)
	@forge build --skip test
	@touch $@

# Apart from the root's packages: tests alone need them.
$(CLIENTS): tests/clients/package.json tests/clients/package-lock.json | $(HOST)
	$(call headline,Node packages: the official TypeScript clients of x402)
	@npm ci --prefix tests/clients --ignore-scripts --loglevel=error >/dev/null
	@touch $@

# A few packages of Ape have no wheel and are built here, with the pinned setuptools.
$(VENV_APE): requirements/ape-build.txt requirements/ape.txt | $(HOST)
	$(call headline,Ape into .venv-ape (takes about a minute))
	@test -x .venv-ape/bin/pip || $(PYTHON) -m venv .venv-ape
	@.venv-ape/bin/python $(PIP_INSTALL) --only-binary :all: -r requirements/ape-build.txt
	@.venv-ape/bin/python $(PIP_INSTALL) --use-pep517 --no-build-isolation -r requirements/ape.txt
	@touch $@

$(VENV_ANALYSIS) $(VENV_DATASETTE) $(VENV_HALMOS) $(VENV_OPENGRADIENT) $(VENV_TRAIN): .venv-%/.installed: requirements/%.txt | $(HOST)
	$(call headline,$* into .venv-$*)
	@test -x .venv-$*/bin/pip || $(PYTHON) -m venv .venv-$*
	@.venv-$*/bin/python $(PIP_INSTALL) --only-binary :all: -r requirements/$*.txt
	@touch $@
