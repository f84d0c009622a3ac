# One way to do each thing. `make demo` and `make test` are all a newcomer needs.
.DEFAULT_GOAL := help
BUILD := swift build
EXECUTABLES := .build/debug
SWIFT_FOLDERS := Shared Services Tools Tests Benchmarks Fuzz/Package.swift Fuzz/Sources/Main

.PHONY: help bootstrap build demo test check docs lint format up down bench fuzz sanitize clean

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
	@swift format lint -r --strict -p Package.swift $(SWIFT_FOLDERS)

format: ## Rewrites the sources in the project's format
	@swift format -r -i -p Package.swift $(SWIFT_FOLDERS)

up: build ## Starts the whole stack in the foreground, state in .latchkey
	@$(EXECUTABLES)/latchkey up

down: ## Stops the stack
	@$(EXECUTABLES)/latchkey down

bench: bootstrap ## Measures what docs/performance.md reports (a release build)
	@scripts/bench

fuzz: bootstrap ## Feeds every parser and session generated input (SECONDS=60 for each, KEEP=1 keeps what is new)
	@scripts/fuzz --seconds $(or $(SECONDS),60) $(if $(KEEP),--keep) $(TARGETS)

sanitize: bootstrap ## Tests core and drivers under AddressSanitizer, leaks included, and ThreadSanitizer
	@scripts/sanitize $(SANITIZERS)
