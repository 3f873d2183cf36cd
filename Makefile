# Two commands do everything from nothing: `make run` and `make test`.
PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo $$python && break; done)
BIN := .venv/bin
INSTALLED := .venv/installed

# No tool reports home, and DuckDB's extensions come from its wheel alone.
export DO_NOT_TRACK = 1
export DBT_SEND_ANONYMOUS_USAGE_STATS = false
export DAGSTER_DISABLE_TELEMETRY = 1
export GX_ANALYTICS_ENABLED = false
# Networks of companies sign what passes with certificates of their own, which the system knows.
export UV_SYSTEM_CERTS = 1

.DEFAULT_GOAL := help
.PHONY: help run test test-spark test-latest ui check format lock clean bench

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: install ## build and publish the warehouse of the demo company, or of lifecycle.yml if there is one
	@$(BIN)/lifecycle run

test: install ## run every test
	@$(BIN)/pytest -q

test-spark: install-spark ## run the tests of Spark, in an environment of its own; needs Java 17
	@.venv-spark/bin/pytest -q -n 0 tests/spark

test-latest: install ## run the tests on the newest DuckDB that we allow, in an environment of its own
	@$(PYTHON) -m venv .venv-latest
	$(call fill,.venv-latest,requirements.lock)
	@.venv-latest/bin/pip install -qq --upgrade --no-deps 'duckdb>=2,<3'
	@.venv-latest/bin/pytest -q

ui: install ## Dagster's web UI and daemon on http://127.0.0.1:3000
	@$(BIN)/lifecycle ui

check: install ## lint, types, SQL style, directions between packages
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/sqlfluff lint --processes 0 --disable-progress-bar dbt_project/models dbt_project/tests

format: install ## rewrite Python and SQL in the project's style
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@$(BIN)/sqlfluff fix --disable-progress-bar dbt_project/models dbt_project/tests

bench: install ## the whole warehouse beside a script by hand, at 1.1 million orders (BENCH="--customers 10000" for other sizes)
	@$(BIN)/python -m benchmarks.warehouse $(BENCH)

LOCKED := --generate-hashes --no-strip-extras --no-annotate --no-header --no-emit-index-url --quiet
lock: install ## resolve the dependencies again, for every Python that we allow
	@$(BIN)/uv pip compile pyproject.toml --universal --extra ui --extra dev --constraint .ci/constraints.txt \
		$(LOCKED) --upgrade --output-file requirements.lock
	@$(BIN)/uv pip compile pyproject.toml --universal --extra spark --extra dev --constraint .ci/constraints.txt \
		--constraint requirements.lock $(LOCKED) --output-file requirements-spark.lock

clean: ## remove everything that was built, published data included
	@rm -rf .venv .venv-latest .venv-spark var target logs .pytest_cache .mypy_cache .ruff_cache .import_linter_cache

.PHONY: install install-spark
install-spark: install .venv-spark/installed
install:
	@if [ -n "$$(find $(INSTALLED) -newer requirements.lock -newer pyproject.toml 2>/dev/null)" ]; then \
		echo "The environment is up to date: nothing to install."; \
	else $(MAKE) --no-print-directory $(INSTALLED); fi

# uv takes a fraction of pip's time, and the second environment links most of what the first one holds; where only pip
# is told which index to ask, pip does it.
PIP := bin/pip install -qq --disable-pip-version-check
define fill
	@$(BIN)/uv pip install --quiet --python $(1) --compile-bytecode --require-hashes --requirement $(2) \
		|| $(1)/$(PIP) --require-hashes --requirement $(2)
	@$(1)/$(PIP) --no-deps --no-build-isolation --editable .
endef

$(INSTALLED): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed, and none is on PATH."; exit 2; }
	@echo "Installing the locked dependencies into .venv (about a minute, once)."
	@$(PYTHON) -m venv .venv
	@sed -n '/^uv==/,/[^\\]$$/p' requirements.lock | .venv/$(PIP) --require-hashes --requirement /dev/stdin
	$(call fill,.venv,requirements.lock)
	@touch $(INSTALLED)

.venv-spark/installed: requirements-spark.lock pyproject.toml
	@echo "Installing the locked dependencies and Spark into .venv-spark (about a minute, once)."
	@$(PYTHON) -m venv .venv-spark
	$(call fill,.venv-spark,requirements-spark.lock)
	@touch .venv-spark/installed
