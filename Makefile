# install: .venv with the locked dependencies and the programs; with EXTRAS=postgres also what
# PostgreSQL needs, with EXTRAS=holidays the public holidays.   run: a demo federation, served.
# test: everything that CI runs.   check: the quick half of it (style, types, floors).
SHELL := /bin/sh
PYTHON ?= python3
UV := .tools/bin/uv
BIN := .venv/bin
RUN_DIR ?= .run
# An extra once installed stays: its lock file is in force, beside others, until `make clean`.
ALL_EXTRAS := $(sort $(EXTRAS) $(patsubst .venv/with-%,%,$(wildcard .venv/with-*)))
LOCKED := $(patsubst %,requirements/%.txt,$(or $(ALL_EXTRAS),run))
# More than there are cores: most tests wait for something.
TEST_PROCESSES ?= 4
TORTURE_SEEDS ?= 1 2 3

# Every process starts three times as fast from bytecode, so it is written once, at installation;
# a setting of the caller's that forbids it must not cost each start of a role a second.
unexport PYTHONDONTWRITEBYTECODE
export UV_COMPILE_BYTECODE := 1

# Behind a proxy with an authority of its own, the machine's store knows it and uv's own does not.
# pip may have been told of one besides; uv asks for it under another name.
ifneq ($(wildcard /etc/ssl/certs/ca-certificates.crt),)
export UV_SYSTEM_CERTS ?= 1
endif
ifdef PIP_CERT
export SSL_CERT_FILE ?= $(PIP_CERT)
endif

.PHONY: install run test torture bench simulation first-run check servers lock hook.pyz clean

install: .venv/installed-run
ifdef EXTRAS
.venv/installed-run: $(EXTRAS:%=.venv/with-%)
endif

run: .venv/installed-run
	@test -e $(RUN_DIR)/config.toml || $(BIN)/ticketgate init $(RUN_DIR)
	$(BIN)/ticketgate serve --config $(RUN_DIR)/config.toml

test: check servers
	$(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist load $(PYTEST_ARGS)

check: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

servers: .venv/installed-dev
	sh tests/servers/install

# Half an hour for each seed: 300 blows under load, 80 while the clock ticks, on SQLite and with two
# daemons on PostgreSQL; every promise checked (docs/torture.md).
torture: servers
	for seed in $(TORTURE_SEEDS); do \
	  $(BIN)/python tests/torture/driver.py --mails 1000 --kills 100 --mode kill --seed $$seed && \
	  $(BIN)/python tests/torture/driver.py --mails 1000 --kills 100 --mode mixed --seed $$seed && \
	  $(BIN)/python tests/torture/driver.py --mails 1000 --kills 100 --mode term --seed $$seed && \
	  $(BIN)/python tests/torture/driver.py --tickets 1000 --kills 40 --mode clock --seed $$seed && \
	  $(BIN)/python tests/torture/driver.py --tickets 1000 --kills 40 --mode clock --postgresql \
	    --seed $$seed || exit 1; \
	done

# Our figures against a stock SMTP sink and other ticket systems (docs/benchmarks.md): an hour, and
# 25 GB of disk for the full store. BENCH_ARGS="--row 1" runs one row, --quick a small version.
bench: .venv/installed-dev
	$(BIN)/python tests/bench/run.py $(BENCH_ARGS)

# Two years of the clock in some minutes, several hundred lives, checked minute by minute
# (docs/clock.md). SIMULATION_ARGS="--seed 7" runs the same years again.
simulation: .venv/installed-dev
	$(BIN)/python tests/simulation/run.py $(SIMULATION_ARGS)

# A mailbox with 50,000 old mails, read by a daemon that is killed in the middle (docs/imap.md).
first-run: .venv/installed-dev
	PYTHONPATH=tests $(BIN)/python -m tests.imap.first_run $(FIRST_RUN_ARGS)

lock: $(UV)
	requirements/compile

# The site's alarm hook as one file, for a machine that has nothing but Python (docs/hook.md).
hook.pyz:
	$(PYTHON) packaging/hook_pyz.py

clean:
	rm -rf .venv .tools .bench dist $(RUN_DIR)

$(UV):
	$(PYTHON) -m pip install --quiet --root-user-action=ignore --target .tools 'uv>=0.13,<0.14'

.venv/bin/python: | $(UV)
	$(UV) venv --quiet --python $(PYTHON) .venv

.venv/installed-run: $(LOCKED) pyproject.toml Makefile | .venv/bin/python
	@test -e .venv/installed-dev || $(UV) pip sync --quiet --python $(BIN)/python --require-hashes $(LOCKED)
	@rm -f .venv/project
	@$(MAKE) --no-print-directory .venv/project
	@touch $@

.venv/with-%: | .venv/bin/python
	@touch $@

.venv/installed-dev: requirements/dev.txt pyproject.toml Makefile | .venv/bin/python
	$(UV) pip sync --quiet --python $(BIN)/python --require-hashes requirements/dev.txt
	@rm -f .venv/project
	@$(MAKE) --no-print-directory .venv/project
	@touch $@ .venv/installed-run

# `pip sync` takes away whatever the lock file does not name, our program with it: it comes after.
# hatchling is pinned in [build-system] and installed first, so that the build needs no isolation.
.venv/project: pyproject.toml Makefile
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements/build.txt
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	$(BIN)/python -m compileall -q gateway parsers router store templates
	@touch $@
