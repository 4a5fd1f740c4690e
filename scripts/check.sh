#!/usr/bin/env bash
# Format and lints, of both sides.
. "$(dirname "$0")/common.sh"

need_rust
say "format"
cargo fmt --all --check
scripts/dashboard.sh # The server embeds it.
say "lints: server and shared"
cargo clippy --locked --quiet --all-targets -- -D warnings
say "lints: dashboard"
flags=$(scripts/wasm-std.sh)
[ -z "$flags" ] || export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS="$flags"
cargo clippy --locked --quiet -p fastgate-frontend --target wasm32-unknown-unknown -- -D warnings
