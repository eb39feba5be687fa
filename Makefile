# Short lines only: what they call is in package.json, src/cli and test/support.
.DEFAULT_GOAL := help
.PHONY: help build check test test-long demo bench bench-fleet bench-build fuzz prebuild

modules := node_modules/.package-lock.json
native := dist/native/.built
sources := $(shell find src -name '*.ts' -o -path 'src/dashboard/*') package.json tsconfig.json tsconfig.build.json

help: ## Show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: dist/.built ## Compile to dist/

check: $(modules) $(native) ## Types, lint, format, dead code, unit tests: no root, no network, under a minute
	npm run --silent check

test: dist/.built ## Everything: installs what it needs (apt, npm), then check, peers and real boots; needs root
	node dist/cli/main.js setup build serve rack peers
	PEERS=required npx --no-install tsx test/support/run-all.ts

test-long: dist/.built ## What takes too long for every change: images of each source booted; needs root
	node dist/cli/main.js setup build serve rack peers
	PEERS=required npx --no-install tsx test/support/run-all.ts long

demo: dist/.built ## Build an image, raise a rack, boot two boards into Slurm; installs what it needs; needs root
	node dist/cli/main.js demo

bench: dist/.built ## Print how fast boards are served, beside other servers, and what 1,000 nodes cost; needs root
	npx --no-install tsx test/bench/boot-plane.ts
	npx --no-install tsx test/bench/load.ts

bench-fleet: dist/.built ## Print what 1,000 nodes cost: changes of role, lists, status, readers of events; needs root
	npx --no-install tsx test/bench/fleet.ts

bench-build: dist/.built ## Print how long images take, beside plain mmdebstrap, ROWS="cold publish" for some: needs root and an hour
	npx --no-install tsx test/bench/build.ts $(ROWS)

fuzz: $(modules) ## Look for bytes that break a decoder, MINUTES=1 for each of them, two at a time: no root, no network
	npx --no-install tsx test/fuzz/main.ts $(or $(MINUTES),1) $(DECODERS)

prebuild: $(modules) ## Compile the datagram addon for linux-x64 and linux-arm64 into prebuilt/, for npm pack (on Debian 12)
	sh src/host/datagram/build.sh prebuild

$(modules): package-lock.json
	@sh src/cli/install-modules.sh
	@touch $@

# npm's install script has built it; this is for a clone whose C has changed since.
$(native): $(modules) $(wildcard src/host/datagram/*.[ch]) src/host/datagram/build.sh
	@sh src/host/datagram/build.sh
	@mkdir -p $(@D) && touch $@

dist/.built: $(modules) $(native) $(sources)
	@echo "npm run build: compiles src/ to dist/, and packs the dashboard"
	npm run --silent build
	@touch $@
