# Tapedeck. `make help` lists what can be done here.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

GO ?= go
TOOL := $(GO) tool -modfile=tools/go.mod
NPM := npm --prefix webapp --no-update-notifier

# What a test, a fuzz run or a chaos run may be told: make test-go PKG=./domain/... RUN=TestX
PKG ?= ./...
RUN ?=
FUZZTIME ?= 10s
KILLS ?= 200

SPA_SOURCES := $(shell find webapp/src webapp/public -type f 2>/dev/null) \
	$(wildcard webapp/index.html webapp/*.ts webapp/*.json)
SPA := webapp/node_modules/.built
NODE_MODULES := webapp/node_modules/.installed

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  \033[1m%-13s\033[0m %s\n", $$1, $$2}'

##### Use it

# A checkout is for trying things on this very machine: recorded pages may reach it.
.PHONY: run
run: build deps-record ## Build everything and serve it in one process, with a demo shop (DEMO=0: without)
	RECORDER_ALLOW_LOOPBACK=$${RECORDER_ALLOW_LOOPBACK-1} DEMO=$${DEMO-1} bin/tapedeck serve $(ARGS)

.PHONY: build
build: spa ## Build the page and bin/tapedeck
	$(GO) build -o bin/tapedeck ./cmd/tapedeck

.PHONY: spa
spa: deps $(SPA) ## Build the page into webapp/dist, where the binary embeds it

$(SPA): $(NODE_MODULES) $(SPA_SOURCES)
	$(NPM) run build
	@touch $@

$(NODE_MODULES): webapp/package-lock.json
	$(NPM) ci --loglevel=error --no-audit --no-fund </dev/null
	@touch $@

.PHONY: fake-assets
fake-assets: ## Put a placeholder page into webapp/dist, to build Go without node
	scripts/fake-assets

##### Install

.PHONY: deps
deps: ## Check for Go, node and npm, all that `make run` needs
	@scripts/deps

.PHONY: deps-record
deps-record: deps ## Install what recording needs, where that is possible: Chromium, ffmpeg, the driver
	@scripts/deps-record

.PHONY: deps-test
deps-test: deps ## Install what the tests need: redis-server, Chromium, its driver, applications to record
	@scripts/deps-test

##### Test

.PHONY: test
test: deps-test spa test-go test-web ## Install what tests need and run them all

.PHONY: test-go
test-go: ## Run the Go tests with the race detector, e2e only with SLOW=1 (PKG=./…, RUN=regexp)
	RUN='$(RUN)' scripts/test-go $(PKG)

.PHONY: test-web
test-web: $(SPA) ## Run the page's type check, unit tests and size budget
	$(NPM) run typecheck
	$(NPM) test
	$(NPM) run size

.PHONY: fuzz
fuzz: ## Run every fuzz target for FUZZTIME (10s)
	scripts/fuzz $(FUZZTIME)

.PHONY: proof
proof: deps-test spa ## Hold tests against MUTANTS (60) faults: slow
	SLOW=1 MUTANTS=$${MUTANTS:-60} RUN="FaultsTellTestsApart|WhatFailsIsRepaired" scripts/test-go ./e2e

.PHONY: slow
slow: deps-test spa ## Run the end-to-end tests that CI has no time for: repair, kills under canaries, four applications
	SLOW=1 RUN="WhatFailsIsRepaired|WhenTheServerIsKilled|RealApplications|ALongFlow" scripts/test-go ./e2e

.PHONY: smoke
smoke: deps-test build ## Run the pipeline headless on the demo shop and on MailDev, and say what it took
	scripts/smoke

.PHONY: chaos
chaos: deps-test spa ## Kill workers, API and Redis KILLS (200) times under load
	TAPEDECK_KILLS=$(KILLS) $(GO) test -count=1 -timeout 3h -v -run 'TestChaos' ./e2e/...

.PHONY: bench
bench: deps-test spa ## Measure the engine beside its peers and Redis's own ceiling
	scripts/bench

##### Keep it clean

.PHONY: lint
lint: $(NODE_MODULES) ## Lint Go, shell and the page; changes nothing
	$(TOOL) golangci-lint run
	scripts/lint-shell
	$(NPM) run lint
	$(NPM) run generate:check

.PHONY: fmt
fmt: $(NODE_MODULES) ## Format Go and the page
	$(TOOL) golangci-lint fmt
	$(NPM) run format

.PHONY: generate
generate: $(NODE_MODULES) ## Generate code from the API's description
	$(GO) generate ./...
	$(NPM) run generate

.PHONY: clean
clean: ## Remove what was built; keeps ./data and what was installed
	rm -rf bin webapp/dist/assets webapp/dist/index.html $(SPA)
