# `make check` is exactly what CI runs. The steps are in .ci/run.

PKG ?= ./...
BENCH ?= .
FUZZTIME ?= 10s

.DEFAULT_GOAL := help

.PHONY: help
help: ## Show the targets
	@sed -nE 's/^([a-z]+):.*## (.*)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

.PHONY: generate
generate: ## Write all generated code again
	go tool codegen

.PHONY: build
build: ## Build bin/redthread as it is released
	CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o bin/redthread ./cmd/redthread

.PHONY: release
release: ## Make what is released in dist/: archives, an image, checksums
	rm -rf dist
	go run ./internal/release -o dist

.PHONY: freeze
freeze: ## Write stores and promises of a version that is to be released: make freeze VERSION=0.1.0
	REDTHREAD_FREEZE=$(VERSION) go test -count=1 -run '^(TestUpgrade|TestContract)$$' ./internal/app

.PHONY: test
test: ## Run the tests; without a PostgreSQL server its half is skipped
	go test $(PKG)

.PHONY: race
race: ## Run the tests of what is concurrent under the race detector
	.ci/run race

.PHONY: lint
lint: ## Run gofmt, vet, staticcheck, errcheck and ineffassign
	.ci/run format vet lint

.PHONY: check
check: ## Run everything that CI runs
	.ci/run

.PHONY: bench
bench: ## Run benchmarks: make bench PKG=./internal/store BENCH=List
	go test -run '^$$' -bench '$(BENCH)' -benchmem $(PKG)

.PHONY: fuzz
fuzz: ## Run each fuzz target for FUZZTIME
	@set -e; grep -rlE --include='*_test.go' '^func Fuzz' . | while read -r file; do \
		for target in $$(sed -nE 's/^func (Fuzz[A-Za-z0-9_]*)\(.*/\1/p' "$$file"); do \
			echo "=== $$target in $$(dirname "$$file")"; \
			go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "$$(dirname "$$file")"; \
		done; \
	done
