#!/usr/bin/env bash
# Measures the gateway side by side with nginx and a direct connection; prints a table and leaves it in
# target/bench/report.md. ROUNDS (5) and SECONDS_EACH (5) make it shorter or longer. FASTGATE_BIN names another executable.
. "$(dirname "$0")/../scripts/common.sh"

need_node
need_debian nginx nginx-light
need_debian wrk wrk
if [ -z "${FASTGATE_BIN:-}" ]; then
    scripts/release.sh
    export FASTGATE_BIN="$ROOT/target/deploy/fastgate"
fi
node bench/run.mjs
