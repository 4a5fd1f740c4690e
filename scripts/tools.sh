#!/usr/bin/env bash
# Brings the tools that compile the dashboard into target/tools: trunk, wasm-bindgen of exactly Cargo.lock's version, and
# wasm-opt. What was built is kept in the user's cache folder, by version, so that another clone or work tree need not
# build it again; nothing else outside the project changes.
. "$(dirname "$0")/common.sh"

TRUNK=0.21.14    # 0.22 needs a newer Rust than rust-toolchain.toml names.
BINARYEN=132.0.0 # Debian's 108 builds a file that shows a blank page.

# The tools run for seconds: building them fast matters more than fast tools.
export CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=64
export CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_DEBUG=0

is_version() { have "$1" && [ "$("$1" --version 2>/dev/null | grep -oE '[0-9]+(\.[0-9]+)+' | head -n 1)" = "$2" ]; }

KEPT="${XDG_CACHE_HOME:-${HOME:-$ROOT/target}/.cache}/fastgate-tools"

# `build CRATE COMMAND VERSION [FLAG…]`
build() {
    local crate=$1 command=$2 version=$3 kept="$KEPT/$1-$3"
    shift 3
    is_version "$command" "$version" && return
    if ! is_version "$kept/bin/$command" "$version"; then
        say "building $crate $version into $kept (once, some minutes)"
        local install=(cargo install --root "$kept" --target-dir "$TOOLS/build" --force "$crate" --version "=$version" "$@")
        # The crate's own lock file may name a version that is no longer served.
        "${install[@]}" --locked || "${install[@]}" || fail "could not build $crate $version"
    fi
    ln -sf "$kept"/bin/* "$TOOLS/bin/"
}

need_rust
need_node
build trunk trunk "$TRUNK" --no-default-features
build wasm-bindgen-cli wasm-bindgen "$(locked_version wasm-bindgen)"
if ! fresh binaryen "$BINARYEN" || [ ! -x "$TOOLS/node_modules/.bin/wasm-opt" ]; then
    say "installing binaryen $BINARYEN (wasm-opt) into target/tools"
    npm install --prefix "$TOOLS" --no-save --no-audit --no-fund --loglevel=error "binaryen@$BINARYEN" >&2
    done_for binaryen "$BINARYEN"
fi
rm -rf "$TOOLS/build"
