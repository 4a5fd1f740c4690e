#!/usr/bin/env bash
# Measures storage at size: fills a database with RECORDS (10000000) audit records unless that was done before, then measures
# lists, figures and exports, and at last how it is to be there while old records are deleted. DATABASES (sqlite postgres) names
# the kinds. The tables are left in target/fill/report-*.md. FASTGATE_BIN names another executable. Takes an hour and 25 GB.
. "$(dirname "$0")/../scripts/common.sh"

need_rust
need_node
need_debian initdb postgresql
if [ -z "${FASTGATE_BIN:-}" ]; then
    scripts/build.sh
    export FASTGATE_BIN="$ROOT/target/release/fastgate"
fi
export RECORDS=${RECORDS:-10000000}
mkdir -p target/fill

measure() {
    say "$1: lists, figures, exports"
    node bench/size.mjs "$2" | tee "target/fill/report-$1.md" || true
    say "$1: while old records are deleted"
    node bench/retention.mjs "$2" | tee -a "target/fill/report-$1.md"
}

for kind in ${DATABASES:-sqlite postgres}; do
    if [ "$kind" = postgres ]; then
        # Under /tmp, where another user may enter: PostgreSQL does not run as root.
        folder=${POSTGRES_FOLDER:-/tmp/fastgate-fill}
        coproc server { exec node bench/postgres.mjs "$folder"; }
        read -r place <&"${server[0]}"
        trap 'kill -TERM "$server_PID"; wait "$server_PID" || true' EXIT
        filled=$folder/filled
        how=(--postgres "$place")
    else
        place=target/fill/fastgate.db
        filled=target/fill/filled
        how=(--sqlite "$place")
    fi
    if [ "$(cat "$filled" 2>/dev/null)" != "$RECORDS" ]; then
        say "$kind: filling with $RECORDS records"
        [ "$kind" = postgres ] || rm -f "$place"*
        bench/fill.sh "${how[@]}"
        echo "$RECORDS" >"$filled"
    fi
    measure "$kind" "$place"
    # It is not the same any more.
    rm -f "$filled"
done
