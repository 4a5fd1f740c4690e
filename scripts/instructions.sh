#!/usr/bin/env bash
# Holds what a request costs, counted in instructions, to the committed figures (bench/instructions.json). With --renew it
# writes those of the executable of now there.
. "$(dirname "$0")/common.sh"

need_node
need_debian valgrind valgrind
need_debian python3 python3
export FASTGATE_BIN="${FASTGATE_BIN:-$ROOT/target/release/fastgate}"
node bench/instructions.mjs "$@"
