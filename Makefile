# What a developer types. Each target is a script in scripts/ that says what it does and does nothing twice.
.PHONY: help run build release dashboard test fuzz bench breadth fill size screenshots check fmt docs clean

help: ## Show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: ## Build everything that changed, and run the gateway (ARGS="--port 9000" passes flags on)
	@scripts/run.sh $(ARGS)

build: ## Build the executable with its dashboard: target/release/fastgate
	@scripts/build.sh

release: ## Build the executable to deploy, faster than that of `build` and slower to make: target/deploy/fastgate
	@scripts/release.sh

dashboard: ## Build the dashboard alone, into dist/
	@scripts/dashboard.sh

test: ## Run every check and test, as the continuous integration does
	@scripts/test.sh

fuzz: ## Fuzz what reads strangers' bytes (SECONDS_EACH=60, ARGS="path sse" for some)
	@scripts/fuzz.sh $(ARGS)

bench: ## Measure beside nginx and a direct connection (ROUNDS=5 SECONDS_EACH=5)
	@bench/run.sh

breadth: ## Measure in breadth, beside nginx and HAProxy (ROUNDS=5 SECONDS_EACH=5 STREAMS=1000 IDLE=10000)
	@bench/breadth.sh

fill: ## Fill a database for measuring at size (RECORDS=1000000 ARGS="--sqlite FILE")
	@bench/fill.sh $(ARGS)

size: ## Measure lists, figures, exports and retention with ten million records (RECORDS=10000000 DATABASES=sqlite)
	@bench/size.sh

screenshots: ## Take a picture of every page into target/screenshots (ARGS="overview routes" for some)
	@scripts/screenshots.sh $(ARGS)

check: ## Format and lints alone
	@scripts/check.sh

fmt: ## Format the Rust sources
	@cargo fmt --all

docs: ## Rewrite the generated documents
	@UPDATE_DOCS=1 cargo test --quiet -p fastgate --lib config::docs

clean: ## Remove what was built (tools stay in ~/.cache/fastgate-tools)
	@rm -rf target dist
