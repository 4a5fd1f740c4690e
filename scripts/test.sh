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

if [ -f end2end/clients/python/requirements.txt ]; then
    say "tests: the official Python client"
    venv=target/venv
    if ! fresh venv "$(fingerprint end2end/clients/python/requirements.txt)" || [ ! -x "$venv/bin/python" ]; then
        python3 -m venv --clear "$venv" || { as_root apt-get install -y -qq python3-venv >&2 && python3 -m venv --clear "$venv"; }
        "$venv/bin/python" -m pip install --quiet -r end2end/clients/python/requirements.txt
        done_for venv "$(fingerprint end2end/clients/python/requirements.txt)"
    fi
    "$venv/bin/python" -m pytest -q end2end/clients/python
fi
if [ -f end2end/clients/node/package.json ]; then
    say "tests: the official JavaScript client"
    scripts/npm-ci.sh end2end/clients/node
    npm --prefix end2end/clients/node test
fi
if [ -f end2end/package.json ]; then
    say "tests: the dashboard in a browser"
    need_debian chromium chromium
    PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 scripts/npm-ci.sh end2end
    FASTGATE_CHROMIUM=$(command -v chromium) npm --prefix end2end test
fi
say "all passed"
