#!/usr/bin/env bash
# Every check and test: format and lints, rooms and journeys on both databases, the real executable with real clients,
# scripted clients and upstreams, and a real browser. FASTGATE_BIN tells the latter which executable to drive.
. "$(dirname "$0")/common.sh"

need_rust
need_node

scripts/check.sh

# The tests start a private server of their own.
need_debian initdb postgresql
need_debian faketime faketime
say "building the tests and the executable, side by side"
# The latter ends with minutes in one thread.
scripts/build.sh &
executable=$!
compiled=0
cargo test --locked --quiet --no-run || compiled=$?
wait "$executable"
[ "$compiled" = 0 ] || exit "$compiled"
say "tests: server and shared"
cargo test --locked --quiet
scripts/executable.sh
export FASTGATE_BIN="$ROOT/target/release/fastgate"

say "tests: instructions of a request"
scripts/instructions.sh

say "tests: the official Python client"
scripts/venv.sh end2end/clients/python/requirements.txt
target/venv/bin/python -m pytest -q -p no:cacheprovider end2end/clients/python

need_debian curl curl
need_debian openssl openssl
PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 scripts/npm-ci.sh end2end
say "tests: the official JavaScript client"
npm --prefix end2end run --silent clients
say "tests: the use cases"
npm --prefix end2end run --silent use-cases
need_varnishtest
say "tests: the gateway's conduct between a client and an upstream"
npm --prefix end2end run --silent conduct
need_debian slowhttptest slowhttptest
say "tests: upstreams that fail under load, and clients that are slow on purpose"
npm --prefix end2end run --silent traffic
say "tests: the dashboard in a browser"
[ -n "${CHROMIUM:-}" ] || need_debian chromium chromium
CHROMIUM=${CHROMIUM:-$(command -v chromium)}
export CHROMIUM
npm --prefix end2end run --silent dashboard
say "all passed"
