#!/usr/bin/env bash
# Makes Rust's standard library for wasm32 available, and prints the compiler flags that find it (often none).
#
# First rustup, which takes seconds. Where rustup's server is closed: Debian's `rust-src` of exactly this compiler's
# version, built once into a sysroot of the project's own. Neither changes the rustup toolchain by hand.
# WASM_STD=debian forces the second way, for testing it.
. "$(dirname "$0")/common.sh"

TARGET=wasm32-unknown-unknown
SYSROOT="$TOOLS/wasm-sysroot"

has_std() { compgen -G "$1/lib/rustlib/$TARGET/lib/libstd-*.rlib" >/dev/null; }

# Downloads and unpacks Debian's rust-src of the given version into the given folder; installs nothing.
unpack_rust_src() {
    local version=$1 into=$2 apt="$TOOLS/apt" mirror keyring found=
    have apt-get && have dpkg-deb || fail "rustup cannot add $TARGET, and this is no Debian: add the target by hand (rustup target add $TARGET)"
    # The machine's own mirror serves the newer releases as well.
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -E '/debian/?$' | head -n 1)
    [ -n "$mirror" ] || fail "no Debian mirror in apt's sources"
    keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    mkdir -p "$apt"/{lists/partial,cache/archives/partial}
    : >"$apt/status"
    printf 'deb [signed-by=%s] %s %s main\n' "$keyring" "$mirror" trixie-backports "$keyring" "$mirror" forky "$keyring" "$mirror" sid >"$apt/sources.list"
    local options=(-qq -o "Dir::Etc::SourceList=$apt/sources.list" -o Dir::Etc::SourceParts=/dev/null
        -o "Dir::State::Lists=$apt/lists" -o "Dir::State::status=$apt/status" -o "Dir::Cache=$apt/cache"
        -o Acquire::Languages=none -o APT::Sandbox::User="$(id -un)")
    apt-get "${options[@]}" update >&2
    found=$(apt-cache "${options[@]}" madison rust-src | awk -F'|' -v v="$version" '{ gsub(/ /, "", $2) } index($2, v "+") == 1 || index($2, v "-") == 1 { print $2; exit }')
    [ -n "$found" ] || fail "Debian has no rust-src $version: add the target by hand (rustup target add $TARGET)"
    (cd "$apt" && apt-get "${options[@]}" download "rust-src=$found" >&2 && dpkg-deb -x rust-src_*.deb "$into")
    rm -rf "$apt"
}

build_std() {
    local version source="$TOOLS/rust-src" library build="$TOOLS/wasm-std-build"
    version=$(rustc --version | cut -d' ' -f2)
    say "building the standard library for $TARGET from Debian's rust-src $version (once, under a minute)"
    rm -rf "$source" "$build" "$SYSROOT"
    unpack_rust_src "$version" "$source"
    library="$source/usr/src/rustc-$version/library/sysroot"
    [ -d "$library" ] || fail "rust-src $version has no library/sysroot"
    RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Zforce-unstable-if-unmarked cargo build --locked --quiet --target-dir "$build" \
        --manifest-path "$library/Cargo.toml" --profile dist --features panic-unwind,backtrace --target "$TARGET" >&2
    mkdir -p "$SYSROOT/lib/rustlib/$TARGET/lib"
    cp "$build/$TARGET"/dist/deps/*.rlib "$SYSROOT/lib/rustlib/$TARGET/lib/"
    rustc --version >"$SYSROOT/version"
    rm -rf "$source" "$build"
}

main() {
    need_rust
    if [ "${WASM_STD:-}" != debian ]; then
        has_std "$(rustc --print sysroot)" && return
        if have rustup; then
            say "adding the target $TARGET"
            timeout 300 rustup target add "$TARGET" >&2 && has_std "$(rustc --print sysroot)" && return
        fi
    fi
    if ! has_std "$SYSROOT" || [ "$(cat "$SYSROOT/version")" != "$(rustc --version)" ]; then
        build_std
    fi
    printf -- '--sysroot=%s\n' "$SYSROOT"
}

main
