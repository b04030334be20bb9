# kellect-tui: `make run` starts the monitor, `make test` checks everything. `make help` lists the rest.
SHELL := /bin/bash
SYSTEM_PYTHON ?= /usr/bin/python3
VENV := .venv
PYTHON := $(VENV)/bin/python
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)
PREFIX ?= /opt/kellect-tui
LAUNCHER ?= /usr/local/bin/kellect-tui
APT_RUN := python3-venv python3-bpfcc
APT_PEERS := strace linux-perf bpftrace auditd sqlite3
APT_TEST := gcc libc6-dev git curl strace tmux fonts-dejavu-core
export KELLECT_REQUIRE_BPF ?= 0

.DEFAULT_GOAL := help
.PHONY: help setup setup-test run demo test test-unit test-bpf attack mutations exactness kernels snapshots lint format bench peers screenshots docs install uninstall demo-session clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | awk -F'\t' '{printf "  make %-13s %s\n", $$1, $$2}'

setup: $(VENV)/.installed ## install what the monitor needs: apt packages and a venv

setup-test: $(VENV)/.installed-test ## the same for the tests

# Only what is missing is installed; apt is not asked where nothing is.
define apt_install
	@missing=$$(for package in $(1); do dpkg-query -W -f '$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || echo $$package; done); \
	if [ -n "$$missing" ]; then \
	  command -v apt-get >/dev/null || { echo "install these with your package manager, then again: $$missing"; exit 1; }; \
	  $(SUDO) apt-get update -qq && $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing </dev/null; \
	fi
endef

$(VENV)/bin/python:
	$(call apt_install,$(APT_RUN))
	$(SYSTEM_PYTHON) -m venv --system-site-packages $(VENV)

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	$(call apt_install,$(APT_RUN))
	$(PYTHON) -m pip install --quiet --disable-pip-version-check -e .
	$(PYTHON) -m compileall -q kellect_tui
	@touch $@

$(VENV)/.installed-test: pyproject.toml | $(VENV)/bin/python
	$(call apt_install,$(APT_RUN) $(APT_TEST))
	$(PYTHON) -m pip install --quiet --disable-pip-version-check -e '.[test]'
	$(PYTHON) -m compileall -q kellect_tui
	@touch $@ $(VENV)/.installed

run: setup ## install what is missing and start the monitor
	$(SUDO) $(VENV)/bin/kellect-tui

demo: setup ## the monitor over a recorded session: no root, no BPF
	$(VENV)/bin/kellect-tui --demo

test: setup-test lint ## lint, types, layers, and all tests (BPF tests need root)
	$(PYTHON) -m pytest

test-unit: setup-test ## only what needs neither root nor a terminal
	$(PYTHON) -m pytest tests/unit

test-bpf: setup-test ## the real probes (root)
	KELLECT_REQUIRE_BPF=1 $(PYTHON) -m pytest tests/bpf

attack: setup-test ## the tests that attack what the monitor says, at full size (root; some minutes)
	KELLECT_REQUIRE_BPF=1 KELLECT_CHURN_ROUNDS=80000 KELLECT_RACE_ROUNDS=40000 $(PYTHON) -m pytest tests/bpf/test_churn.py tests/bpf/test_races.py

mutations: setup-test ## break the monitor in one place at a time: do the tests notice? (root; some minutes)
	$(PYTHON) tests/mutations.py

exactness: setup-test ## strace as a second opinion: event type × program, calls compared and agreeing (root)
	$(PYTHON) -m tests.oracle

kernels: setup-test ## the hard cases under another kernel: make kernels BOOT='vng --run bzImage --' (what boots it with this tree and runs a command in it as root)
	$(PYTHON) -m tests.kernels build .kernels
	$(BOOT) $(CURDIR)/$(PYTHON) -m tests.kernels run .kernels

snapshots: setup-test ## draw the screens' snapshots anew; look at them before you commit
	$(PYTHON) -m pytest tests/tui --snapshot-update

lint: setup-test ## ruff, mypy, layers, generated texts
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(PYTHON) docs/generate.py --check

format: setup-test ## let ruff mend what it can
	$(VENV)/bin/ruff check --fix .

docs: setup-test ## write the generated parts of README anew
	$(PYTHON) docs/generate.py

bench: setup-test ## every goal of the speed table, measured, and the tables of README and docs made from it (root; 15 minutes)
	$(PYTHON) benchmarks/table.py; status=$$?; $(PYTHON) docs/generate.py; exit $$status

peers: setup-test ## the same work under other tracers, side by side (root; installs strace, linux-perf, bpftrace, auditd; 10 minutes)
	$(call apt_install,$(APT_PEERS))
	$(PYTHON) benchmarks/peers.py
	$(PYTHON) docs/generate.py

screenshots: setup-test ## PNG and SVG of the main screens
	$(PYTHON) screenshots/render.py

demo-session: setup ## record the session of `make demo` anew (root)
	$(SUDO) $(PYTHON) screenshots/demo.py

install: ## put the monitor under /opt and a launcher into /usr/local/bin (sudo make install)
	$(call apt_install,$(APT_RUN))
	$(SYSTEM_PYTHON) -m venv --system-site-packages $(PREFIX)
	$(PREFIX)/bin/python -m pip install --quiet --disable-pip-version-check .
	printf '#!/bin/sh\nexec %s/bin/kellect-tui "$$@"\n' '$(PREFIX)' > $(LAUNCHER)
	chmod 755 $(LAUNCHER)

uninstall: ## take it away again (sudo make uninstall)
	rm -rf $(PREFIX) $(LAUNCHER) /var/cache/kellect-tui

clean: ## remove the venv and all caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .kernels build dist *.egg-info snapshot_report.html
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
