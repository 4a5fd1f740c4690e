#!/usr/bin/env bash
# Fuzzes what reads strangers' bytes: each target of fuzz/ for SECONDS_EACH (60) seconds, one after the other, or only those named.
# Needs no nightly compiler: the coverage that libFuzzer follows is a pass of the stable one. New inputs are kept in
# target/fuzz/corpus; what is worth keeping is in fuzz/corpus. An input that fails is kept in target/fuzz/findings.
. "$(dirname "$0")/common.sh"

need_rust
need_debian c++ g++

SECONDS_EACH=${SECONDS_EACH:-60}
ALL=(path header_rules sse body_schema authorization configuration log_cursor proxy_header response spill)
[ $# -gt 0 ] || set -- "${ALL[@]}"

# The same versions as in the normal build; what only fuzzing needs is added by cargo.
cp Cargo.lock fuzz/Cargo.lock
say "building instrumented (once, some minutes)"
FUZZ_TARGETS="$*" RUSTC_WRAPPER="$ROOT/scripts/instrumented.sh" CARGO_INCREMENTAL=0 CARGO_TARGET_DIR="$ROOT/target/fuzz" \
    cargo build --quiet --manifest-path fuzz/Cargo.toml $(printf -- '--bin %s ' "$@")

mkdir -p target/fuzz/findings
for name in "$@"; do
    say "$name for $SECONDS_EACH s"
    mkdir -p "target/fuzz/corpus/$name"
    log="target/fuzz/$name.log"
    if ! "target/fuzz/debug/$name" "target/fuzz/corpus/$name" "fuzz/corpus/$name" -max_total_time="$SECONDS_EACH" \
        -timeout=10 -rss_limit_mb=2048 -max_len=8192 -print_final_stats=1 -verbosity=0 \
        -artifact_prefix="target/fuzz/findings/$name-" >"$log" 2>&1; then
        tail -n 60 "$log" >&2
        fail "$name found something; the input is in target/fuzz/findings"
    fi
    grep -E "^stat::(number|average|new)" "$log" >&2
done
say "nothing found"
