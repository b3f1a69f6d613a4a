# make run   the whole platform with its practice tenant, and a sample HR feed played through it
# make test  everything, browser tests included          make check  format, lint, types, import contracts
# make histories  records what the replay tests replay    make tenant-page  the table of all calls, from the code
# make bench throughput and requests, measured           make setup  only the environment, in .venv

PYTHON ?= python3
BIN := .venv/bin
ONCE ?=
WRITE ?=

# uv does not read pip's settings: give it pip's index, unless it has one of its own.
UV = index="$${UV_DEFAULT_INDEX:-$${UV_INDEX_URL:-$${PIP_INDEX_URL:-$$($(BIN)/pip config get global.index-url 2>/dev/null)}}}"; \
	if [ -n "$$index" ]; then export UV_DEFAULT_INDEX="$$index"; fi; \
	VIRTUAL_ENV="$(CURDIR)/.venv" $(BIN)/uv

.PHONY: run up setup setup-dev check test bench histories tenant-page lock clean

run: setup
	@$(BIN)/jml run $(if $(ONCE),--once)

up: setup
	@$(BIN)/jml up

setup: .venv/.run

setup-dev: .venv/.dev

check: setup-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: setup-dev
	$(BIN)/pytest

bench: setup-dev
	$(BIN)/python -m bench.bench $(if $(WRITE),--write)
	$(BIN)/python -m bench.tenant $(if $(WRITE),--write)

# Histories of every kind of workflow, recorded anew on a platform of their own; `make test` replays them.
histories: setup-dev
	$(BIN)/python -m tests.histories.record

# docs/tenant.md from the connectors' docstrings; `make test` finds out when it is behind.
tenant-page: setup-dev
	$(BIN)/python -m tests.tenant_page --write

.venv/.tools: requirements-build.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 …")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-build.lock
	@touch $@

.venv/.run: .venv/.tools requirements.lock pyproject.toml
	@$(UV) pip install --quiet --require-hashes -r requirements.lock
	@$(UV) pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.dev: .venv/.run requirements-dev.lock
	@$(UV) pip install --quiet --require-hashes -r requirements-dev.lock
	@touch $@

# The locks: plain requirements, because uv's own lock file would write the registry's address into the repository.
lock: .venv/.tools
	@$(UV) pip compile --quiet --upgrade --universal --generate-hashes --python-version 3.11 pyproject.toml -o requirements.lock
	@$(UV) pip compile --quiet --upgrade --universal --generate-hashes --python-version 3.11 --extra dev pyproject.toml -o requirements-dev.lock
	@echo '# The build tools: uv installs everything else, hatchling builds the editable install. Made by `make lock`.' > requirements-build.lock
	@printf 'editables\nhatchling\nuv\n' | $(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-annotate --no-header - >> requirements-build.lock

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis *.egg-info
