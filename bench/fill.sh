#!/usr/bin/env bash
# Fills a database with RECORDS (1000000) audit records as the gateway writes them: target/fill/fastgate.db, or what the
# arguments name (--sqlite FILE, --postgres URL, --days, --keys, --routes). bench/size.mjs then measures on it.
. "$(dirname "$0")/../scripts/common.sh"

need_rust
mkdir -p target/fill
# SQLite itself is compiled for speed: it does nearly all of the work.
cargo run --locked --quiet -p fastgate --example fill --config 'profile.dev.package.libsqlite3-sys.opt-level=3' -- \
    --records "${RECORDS:-1000000}" "$@"
