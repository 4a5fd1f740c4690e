#!/usr/bin/env bash
# What the executable (target/release/fastgate, or the one that is named) promises: no shared library beyond Debian's base, at most 60 MB, the dashboard inside.
. "$(dirname "$0")/common.sh"

program=${1:-target/release/fastgate}
LIMIT=$((60 * 1000 * 1000))
BASE='linux-vdso|ld-linux|libc\.so|libm\.so|libgcc_s\.so|libpthread\.so|libdl\.so|librt\.so'

size=$(stat -c %s "$program")
[ "$size" -le "$LIMIT" ] || fail "$program has $size bytes, more than $LIMIT"
foreign=$(ldd "$program" | grep -vE "$BASE" || true)
[ -z "$foreign" ] || fail "$program needs libraries that a base system lacks: $foreign"
say "executable: $((size / 1000000)) MB, base libraries only"
