#!/usr/bin/env bash
# Stands in for rustc when fuzz.sh builds: what is ours is compiled with the coverage that libFuzzer follows, all else as always.
set -euo pipefail

rustc=$1
shift
name=
for ((i = 1; i < $#; i++)); do
    if [ "${!i}" = --crate-name ]; then
        next=$((i + 1))
        name=${!next}
    fi
done
case " ${FUZZ_TARGETS:-} fastgate fastgate_shared " in
*" $name "*)
    exec "$rustc" "$@" -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
        -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
        -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing
    ;;
*) exec "$rustc" "$@" ;;
esac
