# One way to do each thing. `make demo` and `make test` are all a newcomer needs.
.DEFAULT_GOAL := help
BUILD := swift build
EXECUTABLES := .build/debug

.PHONY: help bootstrap build demo test check docs lint format up down bench clean

help: ## Shows this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

bootstrap:
	@scripts/bootstrap

build: bootstrap ## Builds everything (the first time takes some minutes)
	@scripts/build

demo: build ## Runs the main job: pair, open, start, share, revoke (PAUSE=1 waits between steps)
	@$(EXECUTABLES)/latchkey demo $(if $(PAUSE),--pause)

test: bootstrap ## Runs all checks and tests
	@scripts/test

check: bootstrap ## Formatting, layers, sizes and compose files
	@scripts/check

docs: build ## Writes the byte examples of docs/ anew from the vectors
	@LATCHKEY_WRITE_DOCS=1 swift test --skip-build --disable-xctest --filter DocumentedBytesTests

lint: ## Formatting only
	@swift format lint -r --strict -p Package.swift Shared Services Tools Tests Benchmarks

format: ## Rewrites the sources in the project's format
	@swift format -r -i -p Package.swift Shared Services Tools Tests Benchmarks

up: build ## Starts the whole stack in the foreground, state in .latchkey
	@$(EXECUTABLES)/latchkey up

down: ## Stops the stack
	@$(EXECUTABLES)/latchkey down

bench: bootstrap ## Measures what docs/performance.md reports (a release build)
	@scripts/bench
