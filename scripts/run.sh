#!/usr/bin/env bash
# Builds what changed and runs the gateway; arguments are handed on to it.
. "$(dirname "$0")/common.sh"

scripts/build.sh
exec target/release/fastgate "$@"
