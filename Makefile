# What developers type and CI runs. `make` alone lists it.

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

TOOLS := $(CURDIR)/target/tools
export PATH := $(TOOLS):$(PATH)

# The same for tests, examples and the binary: cargo settles the features of dependencies for each set of targets, and
# another set would build half of them again.
BUILD := --locked --all-targets --all-features
BINARY := target/debug/midflow

.PHONY: help
help: ## list what there is
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1#\2/p' Makefile | column -t -s '#'

.PHONY: run
run: ## start everything on this machine: engine, sandbox, phone, demo, console
	cargo run

.PHONY: check
check: fmt clippy policies ## the quick part: format, lints, the policies of this folder

.PHONY: test
test: system tools fmt clippy unit doc policies browser deny ## everything that CI runs, in the order that fails fastest

.PHONY: release
release: ## the binary as it is shipped, optimised by a profile of its own bench: target/shipped/release/midflow
	.ci/release.sh target/shipped

.PHONY: bench
bench: release ## the table of figures of that binary, each beside its control
	target/shipped/release/midflow bench

.PHONY: soak
soak: tools ## the same tests with their long figures: thousands of kills, more callbacks, more orders
	MIDFLOW_SOAK=1 cargo nextest run --release --no-fail-fast

.PHONY: system
system:
	@.ci/system.sh

.PHONY: tools
tools:
	@.ci/tools.sh $(TOOLS)

.PHONY: fmt
fmt: ## is the code formatted?
	cargo fmt --check

.PHONY: clippy
clippy: ## lints, none of them let through
	cargo clippy $(BUILD) -- -D warnings
	cargo clippy --locked --no-default-features --lib -- -D warnings

.PHONY: unit
unit: tools ## unit, integration and architecture tests, examples
	cargo nextest run $(BUILD)

.PHONY: binary
binary:
	@cargo build --quiet $(BUILD)

.PHONY: doc
doc: ## doctests (compile-fail cases among them), and documentation without a warning
	cargo test --locked --doc --all-features
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --all-features --quiet

.PHONY: policies
policies: binary ## the policies of this folder, as a reload would load them, and their tests with what these miss
	$(BINARY) check
	$(BINARY) test --coverage --mutate

.PHONY: browser
browser: system binary tests/browser/node_modules ## journeys in a real browser, in Arabic and in English
	node tests/browser/run.mjs --binary $(BINARY)

tests/browser/node_modules: tests/browser/package-lock.json
	npm ci --prefix tests/browser --no-audit --no-fund --ignore-scripts --loglevel=error
	@touch $@

.PHONY: deny
deny: tools ## licences, bans, sources and advisories of the dependency tree
	@.ci/deny.sh "$$(command -v cargo-deny)"

.PHONY: generate
generate: ## write the generated files again (OpenAPI, JSON Schema, definitions); their tests compare them
	MIDFLOW_GENERATE=1 cargo nextest run --locked --all-features -E 'test(generated)'
