#!/usr/bin/env bash
# Builds the executable to deploy: target/deploy/fastgate. As scripts/build.sh does, and then once more with what was learnt of the
# first one under load (profile-guided optimisation): which functions are called, and which way they mostly go.
. "$(dirname "$0")/common.sh"

need_rust
need_node
need_debian nginx nginx-light
need_debian wrk wrk
scripts/dashboard.sh

TARGET=$(rustc -vV | sed -n 's/^host: //p')
PROFDATA="$(rustc --print sysroot)/lib/rustlib/$TARGET/bin/llvm-profdata"
if [ ! -x "$PROFDATA" ]; then
    have rustup || fail "llvm-profdata is missing beside rustc ($PROFDATA), and rustup, which would bring it, as well"
    say "adding the compiler's tool for profiles (rustup component add llvm-tools)"
    rustup component add llvm-tools
fi
FOLDER="$ROOT/target/profiled"
mkdir -p "$FOLDER" target/deploy

# With --target the flags are for the executable alone, and not for what runs while it is built.
build() { RUSTFLAGS="$1" cargo build --release --locked -p fastgate --target "$TARGET" --target-dir "$FOLDER/$2"; }

say "1 of 3: building the gateway so that it counts (the first time takes some minutes)"
build "-Cprofile-generate=$FOLDER/counts" counting
counting="$FOLDER/counting/$TARGET/release/fastgate"
learnt="$FOLDER/learnt.profdata"
if [ ! -e "$learnt" ] || [ "$counting" -nt "$learnt" ]; then
    say "2 of 3: letting it work for half a minute"
    PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 scripts/npm-ci.sh end2end
    rm -rf "$FOLDER/counts"
    FASTGATE_BIN=$counting node bench/train.mjs
    FASTGATE_BIN=$counting npm --prefix end2end run --silent use-cases >/dev/null
    "$PROFDATA" merge -o "$learnt" "$FOLDER/counts"
fi
say "3 of 3: building the gateway with what was learnt (the first time takes some minutes)"
# All of it, libraries as well, whenever something else was learnt.
flags="-Cprofile-use=$learnt"
# What is never called lies apart, so that memory holds less of it. The linker that Rust brings along for this target knows how.
[ "$TARGET" != x86_64-unknown-linux-gnu ] || flags+=" -Clink-arg=-Wl,-z,keep-text-section-prefix"
build "$flags" learning
cp "$FOLDER/learning/$TARGET/release/fastgate" target/deploy/fastgate
scripts/executable.sh target/deploy/fastgate
