#!/usr/bin/env bash
# Measures the gateway in breadth beside nginx, HAProxy and a direct connection; prints a table and leaves it in
# target/bench/breadth.md. ROUNDS (5), SECONDS_EACH (5), STREAMS (1000) and IDLE (10000) make it shorter or longer. FASTGATE_BIN names
# another executable.
. "$(dirname "$0")/../scripts/common.sh"

need_rust
need_node
need_debian nginx nginx-light
need_debian haproxy haproxy
need_debian wrk wrk
if [ -z "${FASTGATE_BIN:-}" ]; then
    scripts/release.sh
    export FASTGATE_BIN="$ROOT/target/deploy/fastgate"
fi
CARGO_TARGET_DIR="$ROOT/target/load" cargo build --release --locked --quiet --manifest-path bench/load/Cargo.toml
export LOAD_BIN="$ROOT/target/load/release/fastgate-load"
# 10,000 connections need as many descriptors.
ulimit -n 65536 2>/dev/null || ulimit -n "$(ulimit -Hn)"
node bench/breadth.mjs
