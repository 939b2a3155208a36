# Everything a fresh clone can do. Each target first makes the machine ready (deploy/local/bootstrap.sh), which is
# silent and takes no time once it is.

SITES := 1
DIRECTORY := $(if $(filter 1,$(SITES)),deploy/local/directory.jsonl,deploy/local/federation.jsonl)
# How large the log is that `make bench` loads cold rooms from.
EVENTS := 50000

# What the bootstrap installed comes before what the machine has. Old versions of make look programs up along this PATH
# only when a shell other than the default starts them.
SHELL := bash
export PATH := $(CURDIR)/.local/bin:$(CURDIR)/node_modules/.bin:$(PATH)

announce = @printf '\n== %s\n' "$(1)"

.DEFAULT_GOAL := help
.PHONY: help bootstrap browser demo bench test check format-check lint types dead-code unit all-tests up down status clean

help: ## print this list
	@echo "Parley: make <target>"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

bootstrap: ## install what is missing into .local and node_modules (every other target does this first)
	@./deploy/local/bootstrap.sh

browser: ## the same, and a browser for the tests (make test does this first)
	@./deploy/local/bootstrap.sh browser

demo: bootstrap ## start two sites, play a story with real clients, print what each of them saw
	@node test/demo/main.ts

bench: bootstrap ## measure what a site and a link do, beside baselines of the same run; writes .local/bench.json
	@node test/bench/main.ts --events "$(EVENTS)"

# The prerequisites run in this order even under `make -j`: a list of checks is read from top to bottom.
.NOTPARALLEL:

test: browser format-check lint types dead-code all-tests ## every check and every test (unit, integration, system)

check: bootstrap format-check lint types dead-code unit ## every check and the unit tests, without servers

format-check:
	$(call announce,format (oxfmt))
	@oxfmt --check

lint:
	$(call announce,lint (oxlint))
	@oxlint --type-aware --deny-warnings

types:
	$(call announce,types (tsc))
	@tsc -p tsconfig.json

dead-code:
	$(call announce,dead code (knip))
	@knip

unit:
	$(call announce,unit tests (vitest))
	@vitest run --project unit

all-tests:
	$(call announce,all tests (vitest))
	@vitest run

up: bootstrap ## start sites and keep them running: make up SITES=1 DIRECTORY=file.jsonl; writes .local/stack.json
	@node libs/local-stack/src/up.ts --sites "$(SITES)" --directory "$(DIRECTORY)"

down: bootstrap ## stop what `make up` started
	@node libs/local-stack/src/down.ts

status: bootstrap ## show what `make up` started and whether it runs
	@node libs/local-stack/src/status.ts

clean: ## stop the sites and remove everything that was installed or written in this checkout
	@if [ -f .local/stack/started.jsonl ]; then node libs/local-stack/src/down.ts; fi
	@rm -rf .local node_modules libs/*/node_modules services/*/node_modules test/node_modules coverage
