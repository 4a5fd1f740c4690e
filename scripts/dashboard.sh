#!/usr/bin/env bash
# Builds the dashboard into dist/, compressed, ready to be embedded. Does nothing when its sources are unchanged.
. "$(dirname "$0")/common.sh"

sources=$(fingerprint frontend shared style Trunk.toml Cargo.toml Cargo.lock rust-toolchain.toml scripts/dashboard.sh scripts/bundle.mjs scripts/program.mjs scripts/texts.mjs scripts/compress.mjs)
if fresh dashboard "$sources" && [ -f dist/index.html ]; then
    exit 0
fi

scripts/tools.sh
# Types of views are erased: a page costs less to transfer (docs/performance.md), and to compile.
flags="$(scripts/wasm-std.sh) --cfg erase_components"
export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS="$flags"
# Set for the whole machine, it would win over these flags.
unset RUSTFLAGS

# Trunk must not download tools: it gets them from PATH, and cargo's packages are fetched here.
cargo fetch --locked --target wasm32-unknown-unknown
say "building the dashboard"
# NO_COLOR=1 as some systems set it is not a value that trunk accepts.
env -u NO_COLOR trunk build --release --offline --locked --dist target/dist-new
node scripts/bundle.mjs target/dist-new
node scripts/program.mjs target/dist-new
node scripts/texts.mjs target/dist-new
node scripts/compress.mjs target/dist-new
# In one step, so that a failed build never leaves half a dashboard behind.
rm -rf dist
mv target/dist-new dist
done_for dashboard "$sources"
