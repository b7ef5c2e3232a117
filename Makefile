# `make help` lists the targets. What each needs is installed if it is missing (Debian packages, a Python venv).
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

SOURCES := $(wildcard Sources Tests Benchmarks Fuzz Package.swift)
# Options for the end-to-end tests, for example PYTEST="-k smuggling".
PYTEST ?=
# How long each parser is fuzzed.
FUZZ_SECONDS ?= 60
VENV := .build-venv
REQUIREMENTS := $(wildcard Tests/*/requirements.txt)

.PHONY: help run build test test-asan test-tsan bench fuzz fuzz-replay differential lint format documents layers clean packages test-packages client-packages end-to-end test-clients test-crash soak storm costs bench-as flood streams autobahn

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## Build a release and start the demo (installs missing packages)
	@exec .build/release/gatehouse demo

build: packages ## Build a release: .build/release/gatehouse
	swift build -c release

test: test-packages ## Run all tests: Swift, then the real binary from outside, with real clients and a browser (installs missing packages)
	swift build --build-tests
	swift test --skip-build
	@$(MAKE) differential
	@$(MAKE) end-to-end BINARY="$$(swift build --show-bin-path)/gatehouse"
	@$(MAKE) test-clients BINARY="$$(swift build --show-bin-path)/gatehouse"

test-asan: test-packages ## The same tests under AddressSanitizer
	swift build --build-tests --sanitize address --scratch-path .build-asan
	ASAN_OPTIONS=detect_leaks=0 swift test --skip-build --sanitize address --scratch-path .build-asan
	@ASAN_OPTIONS=detect_leaks=0:abort_on_error=1:quarantine_size_mb=8 GATEHOUSE_SANITIZER_MIB=16 GATEHOUSE_TIME_SCALE=4 \
	    $(MAKE) end-to-end test-clients BINARY="$$(swift build --show-bin-path --scratch-path .build-asan)/gatehouse"

test-tsan: test-packages ## The same tests under ThreadSanitizer, after it has caught a planted race
	Scripts/check-race-detection
	swift build --build-tests --sanitize thread --scratch-path .build-tsan
	TSAN_OPTIONS=halt_on_error=1 swift test --skip-build --sanitize thread --scratch-path .build-tsan
	@TSAN_OPTIONS=halt_on_error=1:abort_on_error=1 GATEHOUSE_SANITIZER_MIB=16 GATEHOUSE_TIME_SCALE=6 \
	    $(MAKE) end-to-end test-clients BINARY="$$(swift build --show-bin-path --scratch-path .build-tsan)/gatehouse"

bench: packages ## Run the micro-benchmarks
	swift run -c release benchmarks

fuzz: packages ## Fuzz every parser (FUZZ_SECONDS=60 each)
	Scripts/fuzz $(FUZZ_SECONDS)

fuzz-replay: packages ## Run the fuzzers on the inputs that are kept, and nothing more
	Scripts/fuzz --replay

differential: $(VENV)/ready ## Compare our HTTP/1.1 parser with h11 and Node's on the same inputs
	swift build --product ParserProbe
	$(VENV)/bin/python Tests/Differential/compare.py "$$(swift build --show-bin-path)/ParserProbe"

lint: ## Check the formatting and the style rules
	swift format lint --strict --parallel --recursive $(SOURCES)

format: ## Format the sources in place
	swift format --in-place --parallel --recursive $(SOURCES)

documents: ## Write gateway.schema.json and docs/configuration.md anew from the parser's descriptions
	GATEHOUSE_WRITE_DOCUMENTS=1 swift test --filter GeneratedDocumentsTests

layers: test-packages ## Check that every module imports only what Package.swift lets it, and that files are short
	python3 Scripts/check-layers --self-test
	python3 Scripts/check-layers

clean: ## Remove everything that was built
	rm -rf .build .build-*

packages:
	@Scripts/install-packages build

test-packages:
	@Scripts/install-packages build test

client-packages:
	@Scripts/install-packages test browser peers

end-to-end: $(VENV)/ready ## Only the tests of the real binary, on the newest build (PYTEST="-k smuggl", BINARY=path)
	cd Tests/EndToEnd && GATEHOUSE_BIN="$(BINARY)" $(CURDIR)/$(VENV)/bin/python -m pytest -q -n 4 --dist loadfile $(PYTEST)

test-clients: client-packages $(VENV)/ready ## Only the tests with real OAuth clients and a real browser (PYTEST="-k consent", BINARY=path)
	cd Tests/Clients && GATEHOUSE_BIN="$(BINARY)" $(CURDIR)/$(VENV)/bin/python -m pytest -q -n 4 --dist loadfile $(PYTEST)

test-crash: $(VENV)/ready ## Kill the server 200 times under load and look for what it forgot (KILLS=20, BINARY=path)
	GATEHOUSE_BIN="$(BINARY)" $(VENV)/bin/python Tests/Crash/run.py --kills $(or $(KILLS),200)

soak: $(VENV)/ready ## Long runs: restarts, held connections, reloads under load (SOAK="reload --reloads 50", BINARY=path)
	GATEHOUSE_BIN="$(BINARY)" $(VENV)/bin/python Tests/EndToEnd/soak/run.py $(SOAK)

bench-as: $(if $(BINARY),,build) $(VENV)/ready ## Measure what grants and log-ins cost (BENCH="refresh login --seconds 20", BINARY=path)
	@GATEHOUSE_BIN="$(or $(BINARY),.build/release/gatehouse)" $(VENV)/bin/python Tests/Clients/load/authorization.py $(BENCH)

flood: $(if $(BINARY),,build) $(VENV)/ready ## Proxy and sign people in during a flood of log-ins (FLOOD="--rate 500 --seconds 20", BINARY=path)
	@GATEHOUSE_BIN="$(or $(BINARY),.build/release/gatehouse)" $(VENV)/bin/python Tests/Clients/load/flood.py $(FLOOD)

streams: $(if $(BINARY),,build) $(VENV)/ready ## Hold 1,000 WebSockets and event streams, and HAProxy's beside them (STREAMS="events --seconds 20", BINARY=path)
	@GATEHOUSE_BIN="$(or $(BINARY),.build/release/gatehouse)" $(VENV)/bin/python Tests/Clients/load/streams.py $(STREAMS)

autobahn: $(if $(BINARY),,build) $(VENV)/ready ## Autobahn's WebSocket cases, straight and through the gateway; needs Python 2.7 (AUTOBAHN="--cases 1.*", BINARY=path)
	@GATEHOUSE_BIN="$(or $(BINARY),.build/release/gatehouse)" $(VENV)/bin/python Tests/Autobahn/run.py $(AUTOBAHN)

storm: $(VENV)/ready ## Random clients against random upstreams, then count what is left of them (STORM="--seed 7 --seconds 120", BINARY=path)
	GATEHOUSE_BIN="$(BINARY)" $(VENV)/bin/python Tests/EndToEnd/soak/storm.py $(STORM)

costs: $(VENV)/ready ## Measure what strangers can make the gateway spend (docs/threat-model.md; BINARY=path)
	GATEHOUSE_BIN="$(BINARY)" $(VENV)/bin/python Tests/EndToEnd/soak/costs.py

$(VENV)/ready: $(REQUIREMENTS)
	python3 -m venv $(VENV)
	$(VENV)/bin/python -m pip install -q --disable-pip-version-check $(REQUIREMENTS:%=-r %)
	touch $@
