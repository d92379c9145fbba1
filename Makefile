# ordermill: `make` lists what there is. Everything runs the same on every machine; settings come from here, not from
# `go env -w`.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

export GOFLAGS := -mod=readonly -buildvcs=false
export GOWORK := off
unexport GOEXPERIMENT

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
TOOL := go tool -modfile=tools/go.mod
FUZZTIME ?= 20s
PACKAGES ?= ./...

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## compile bin/ordermill
	@tools/setup.sh build
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o bin/ordermill ./cmd/ordermill

.PHONY: run
run: ## build and start everything, with a demo shop; Ctrl-C stops it (ARGS=... are passed on)
	@tools/setup.sh run
	@$(MAKE) build
	@exec bin/ordermill dev $(ARGS)

.PHONY: test
test: ## run all tests, on real servers (PACKAGES=./eventstore/... for some)
	@tools/setup.sh test
	@go test -race -shuffle=on -timeout 9m $(PACKAGES) | { grep -v 'no test files' || true; }

.PHONY: clients
clients: ## make clients of api/openapi.yaml by two foreign generators, and compile them
	@tools/clients/check.sh

.PHONY: check
check: lint test clients ## all that CI runs

.PHONY: lint
lint: ## formatting, tidiness, go vet and the linters
	go mod tidy -diff
	go vet ./...
	$(TOOL) golangci-lint run

.PHONY: format
format: ## format all Go files
	$(TOOL) golangci-lint fmt

# Real books to import, if they are there; else the benchmark makes a year of its own.
BOOKS ?= ../shared/data/online-retail/*.csv.gz

.PHONY: bench
bench: build ## measure, beside the machine's own limits (ARGS=... are passed on)
	@bin/ordermill bench --books '$(BOOKS)' $(ARGS)

.PHONY: generate
generate: ## generate code anew, such as that of api/openapi.yaml
	go generate ./...

.PHONY: golden
golden: ## write the golden files that are missing; read them before you commit them
	go test -count=1 $$(grep -rl --include='*_test.go' 'flag.Bool("golden"' . | xargs -n1 dirname | sort -u) -golden

.PHONY: fuzz
fuzz: ## run each fuzz test for FUZZTIME
	@grep -rl --include='*_test.go' '^func Fuzz' . | while read -r file; do \
		for name in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$$file"); do \
			echo "$$name in $$(dirname "$$file")"; \
			go test -run='^$$' -fuzz="^$$name\$$" -fuzztime=$(FUZZTIME) -fuzzminimizetime=20x "$$(dirname "$$file")"; \
		done; \
	done

.PHONY: clean
clean: ## remove what was built
	rm -rf bin
