# `make` says what there is. `make run` and `make test` are the two that a newcomer needs.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory

LISTEN  ?= 127.0.0.1:3000
DATA    ?= .penstock
PACE    ?= 4s
BENCH   ?= .
N       ?= 1000000
ROUNDS  ?= 200
KILLS   ?= 500
SEED    ?=
VERSION ?= $(shell git describe --tags --match 'v[0-9]*' --dirty 2>/dev/null || echo dev)
COMMIT  ?= $(shell git rev-parse HEAD 2>/dev/null || echo unknown)

# -buildvcs=false and -X: the hash must be right where Go may not read the repository (containers, other owners).
BUILD := CGO_ENABLED=0 go build -buildvcs=false -trimpath -ldflags '-X main.version=$(VERSION) -X main.commit=$(COMMIT) \
	-X github.com/penstock-run/penstock/usercode.codeVersion=$(COMMIT)'
BUF   := go tool -modfile=.ci/tools/buf.mod buf
LINT  := go tool -modfile=.ci/tools/lint.mod golangci-lint

WEB      := host/web
NPM      := cd $(WEB) && npm
# What npm itself writes last, at install and ci alike.
PACKAGES := $(WEB)/node_modules/.package-lock.json
DIST     := $(WEB)/dist/index.html
# Folders count too: a file that was deleted changes only its folder.
WEB_SOURCES := $(shell find $(WEB)/src $(WEB)/public ! -name '*.test.*' 2>/dev/null) \
	$(filter-out %.go %.md,$(wildcard $(WEB)/*.*)) $(wildcard $(WEB)/.npmrc)

heading = @printf '\n\033[1m== %s\033[0m\n' '$(1)'

.PHONY: help
help: ## Say what there is
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: build ## Build everything, start the host and the tutorial's user-code server, print the address
	@exec bin/penstock dev --listen $(LISTEN) --data $(DATA) -- bin/tutorial

.PHONY: test
test: lint check-generate build test-go test-ui test-e2e ## Everything: lint, generated code, build, Go with -race, UI, real browser
	$(call heading,make test: everything passed)

.PHONY: build
build: $(DIST) ## Build bin/penstock (with the UI in it) and bin/tutorial
	@mkdir -p bin
	$(BUILD) -o bin/ ./cmd/penstock ./cmd/tutorial

.PHONY: deps
deps: ## Install what this machine lacks, or print the one command that does
	@.ci/deps

.PHONY: generate
generate: generate-go generate-ts generate-docs ## Generate Go, TypeScript and reference pages from proto/ and the commands

.PHONY: generate-go
generate-go:
	$(BUF) generate

.PHONY: generate-ts
generate-ts: $(PACKAGES)
	$(BUF) generate --template proto/buf.gen.es.yaml

.PHONY: generate-docs
generate-docs:
	$(BUF) build -o - | go run ./cmd/internal/protodoc >docs/reference/protocol.md.new
	mv docs/reference/protocol.md.new docs/reference/protocol.md
	go test ./cmd/penstock -count=1 -run '^TestReferenceIsCurrent$$' -update

.PHONY: check-generate
check-generate: $(PACKAGES) ## Demand that generating again changes nothing
	$(call heading,generated code is current)
	@.ci/check-generate $(BUF)

.PHONY: lint
lint: ## Lint the contracts and the Go code
	$(call heading,lint: contracts)
	$(BUF) lint
	$(BUF) format --diff --exit-code
	$(if $(wildcard proto/baseline.binpb),$(BUF) breaking --against proto/baseline.binpb)
	$(call heading,lint: Go)
	go mod tidy -diff
	$(LINT) run ./...

.PHONY: baseline
baseline: ## At a release: what later versions of the contracts may not break
	$(BUF) build --exclude-source-info -o proto/baseline.binpb

.PHONY: test-go
test-go: ## Go tests with the race detector
	$(call heading,Go tests)
	go test -race -shuffle=on -timeout 10m ./...

.PHONY: test-ui
test-ui: $(PACKAGES) ## UI: lint, types, tests
	$(call heading,UI)
	$(NPM) run lint
	$(NPM) run typecheck
	$(NPM) run test

.PHONY: test-e2e
test-e2e: build ## End to end in a real browser, against bin/penstock and bin/tutorial
	$(call heading,end to end in a real browser)
	$(BUILD) -o bin/ ./cmd/internal/e2e/testcode ./host/hosttest/peerserver
	export PENSTOCK_BIN=$(CURDIR)/bin/penstock TUTORIAL_BIN=$(CURDIR)/bin/tutorial TESTCODE_BIN=$(CURDIR)/bin/testcode \
	PEERSERVER_BIN=$(CURDIR)/bin/peerserver CHROMIUM_BIN=$$(.ci/deps chromium); $(NPM) run e2e

.PHONY: compat
compat: ## Run this tree with the binaries of earlier releases, built from their tags
	$(call heading,compatibility with earlier releases)
	@.ci/compat

.PHONY: demo-upgrade
demo-upgrade: build ## Watch a rolling upgrade: three locations, runs in flight, each assertion printed (PACE=4s)
	$(BUILD) -o bin/ ./cmd/internal/e2e/testcode ./host/hosttest/peerserver ./cmd/internal/upgradedemo
	@exec bin/upgradedemo -bin bin -listen $(LISTEN) -pace $(PACE)

.PHONY: faults
faults: ## Kill, stop, cut off and fill real processes and their disk at random, and look at what is left (ROUNDS=200 SEED=… KILLS=500)
	$(call heading,faults)
	BOLTSTORE_CRASH_ROUNDS=$(KILLS) go test -count=1 -v -timeout 6h -run 'KilledWriter|FailingDisk' ./host/store/boltstore
	PENSTOCK_FAULT_ROUNDS=$(ROUNDS) PENSTOCK_FAULT_SEED=$(SEED) go test -count=1 -v -timeout 6h -run '^TestFaults$$' ./cmd/internal/e2e

.PHONY: bench
bench: ## Go benchmarks, and a table of the figures that have a goal (BENCH=Speed for those of launching alone)
	go test -run '^$$' -bench '$(BENCH)' -benchmem -timeout 60m ./... | go run ./cmd/internal/benchtable

.PHONY: bench-queue
bench-queue: ## The queue alone, as benchstat reads it: launch to dispatch when idle, 10,000 short runs drained, a decision and a place among 100,000
	go test -run '^$$' -bench 'QueueDispatch' -benchtime 500x ./host/queue
	go test -run '^$$' -bench 'QueueDrain' -benchtime 1x ./host/queue
	go test -run '^$$' -bench 'Begin|Position' ./host/queue

.PHONY: bench-store
bench-store: build ## The run store at millions of runs, beside PostgreSQL, as a table with goals (N=10000000)
	$(BUILD) -o bin/ ./cmd/internal/benchstore
	bin/benchstore -n $(N) -penstock bin/penstock | go run ./cmd/internal/benchtable

.PHONY: ui
ui: $(DIST) ## Build the UI that bin/penstock embeds

.PHONY: clean
clean: ## Remove what was built; data in $(DATA) stays
	rm -rf bin $(WEB)/node_modules
	find $(WEB)/dist -mindepth 1 ! -name .gitkeep -delete 2>/dev/null || true

$(PACKAGES): $(WEB)/package.json $(WEB)/package-lock.json $(wildcard $(WEB)/.npmrc)
	@command -v npm >/dev/null || { echo "npm is not installed; the UI needs Node.js 20 or newer: make deps" >&2; exit 1; }
	$(NPM) ci --no-audit --no-fund
	@touch $@

$(DIST): $(PACKAGES) $(WEB_SOURCES)
	$(NPM) run build
	@touch $@
