#!/usr/bin/env bash
# Every check and test: format and lints, rooms and journeys on both databases, the real executable with real clients and
# a real browser. FASTGATE_BIN tells the latter which executable to drive.
. "$(dirname "$0")/common.sh"

need_rust
need_node

scripts/check.sh

postgres=$(mktemp -d "${TMPDIR:-/tmp}/fastgate-postgres.XXXXXX")
chmod 755 "$postgres"
trap 'scripts/postgres.sh stop "$postgres"' EXIT
say "starting a private PostgreSQL"
FASTGATE_TEST_POSTGRES_URL=$(scripts/postgres.sh start "$postgres")
export FASTGATE_TEST_POSTGRES_URL

say "tests: server and shared"
if cargo nextest --version >/dev/null 2>&1; then
    cargo nextest run --locked --status-level fail --final-status-level fail
else
    cargo test --locked --quiet
fi

scripts/build.sh
scripts/executable.sh
export FASTGATE_BIN="$ROOT/target/release/fastgate"

say "tests: the official Python client"
scripts/venv.sh end2end/clients/python/requirements.txt
target/venv/bin/python -m pytest -q -p no:cacheprovider end2end/clients/python

need_debian curl curl
PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 scripts/npm-ci.sh end2end
say "tests: the official JavaScript client"
npm --prefix end2end run --silent clients
say "tests: the use cases"
npm --prefix end2end run --silent use-cases
say "tests: the dashboard in a browser"
[ -n "${CHROMIUM:-}" ] || need_debian chromium chromium
CHROMIUM=${CHROMIUM:-$(command -v chromium)}
export CHROMIUM
npm --prefix end2end run --silent dashboard
say "all passed"
