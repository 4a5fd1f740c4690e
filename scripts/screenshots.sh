#!/usr/bin/env bash
# Takes a picture of every page of the dashboard into target/screenshots; arguments name pages to take alone.
# FASTGATE_BIN names another executable than the release build.
. "$(dirname "$0")/common.sh"

need_rust
need_node
if [ -z "${FASTGATE_BIN:-}" ]; then
    scripts/build.sh
    scripts/executable.sh
    export FASTGATE_BIN="$ROOT/target/release/fastgate"
fi
PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 scripts/npm-ci.sh end2end
[ -n "${CHROMIUM:-}" ] || need_debian chromium chromium
CHROMIUM=${CHROMIUM:-$(command -v chromium)}
export CHROMIUM
if have fc-list && [ -z "$(fc-list :lang=zh)" ]; then
    say "no font for Chinese is installed: its pages will show boxes (Debian: fonts-noto-cjk)"
fi
say "taking screenshots"
npm --prefix end2end run --silent screenshots -- "$ROOT/target/screenshots" "$@"
say "see target/screenshots"
