#!/usr/bin/env bash
# Builds the executable with its dashboard: target/release/fastgate.
. "$(dirname "$0")/common.sh"

need_rust
scripts/dashboard.sh
[ -x target/release/fastgate ] || say "building the gateway (the first time takes some minutes)"
cargo build --release --locked -p fastgate
