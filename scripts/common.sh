# Sourced by the other scripts: where things are, how to say what happens, how to install what is missing.
# Nothing here changes the machine by itself; `need_debian` does, only for what is missing, and says so.

set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
TOOLS="$ROOT/target/tools"
STAMPS="$ROOT/target/stamps"
export PATH="$TOOLS/bin:$TOOLS/node_modules/.bin:$PATH"
cd "$ROOT"
mkdir -p "$STAMPS" "$TOOLS/bin"

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }

fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# Debian keeps the programs of PostgreSQL in a folder of their own.
have() { command -v "$1" >/dev/null 2>&1 || compgen -G "/usr/lib/postgresql/*/bin/$1" >/dev/null; }

# The version of a crate in Cargo.lock.
locked_version() {
    awk -v name="$1" '$1 == "name" { found = ($3 == "\"" name "\"") } found && $1 == "version" { gsub(/"/, "", $3); print $3; exit }' Cargo.lock
}

# A hash of the contents and names of all files below the given paths; what is not there counts as nothing.
fingerprint() {
    local path
    for path in "$@"; do
        [ -e "$path" ] && find "$path" -type f -not -path '*/node_modules/*' -not -path '*/target/*'
    done | LC_ALL=C sort | xargs -r -d '\n' sha256sum | sha256sum | cut -d' ' -f1
}

# `fresh NAME HASH`: was the step NAME last done for exactly this HASH?
fresh() { [ "$(cat "$STAMPS/$1" 2>/dev/null)" = "$2" ]; }
done_for() { printf '%s\n' "$2" >"$STAMPS/$1"; }

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif have sudo; then
        sudo "$@"
    else
        fail "this needs root: $*"
    fi
}

# `need_debian COMMAND PACKAGE…`: installs the packages when the command is missing.
need_debian() {
    local command=$1
    shift
    have "$command" && return
    have apt-get || fail "'$command' is missing; install it with your system's package manager (Debian calls it: $*)"
    say "installing $* (for '$command')"
    local quiet=(-qq -o Dpkg::Use-Pty=0)
    as_root env DEBIAN_FRONTEND=noninteractive apt-get "${quiet[@]}" update >&2
    as_root env DEBIAN_FRONTEND=noninteractive apt-get "${quiet[@]}" install -y --no-install-recommends "$@" >&2
    have "$command" || fail "'$command' is still missing after installing $*"
}

# The test runner of the Varnish cache. Debian starts the cache with it where systemd runs: only the runner is wanted.
need_varnishtest() {
    have varnishtest && return
    need_debian varnishtest varnish
    [ ! -d /run/systemd/system ] || as_root systemctl disable --quiet --now varnish varnishncsa
}

need_rust() {
    have cargo || fail "cargo is missing: install Rust, then run this again"
    need_debian cc build-essential
}

need_node() {
    have node || fail "node is missing: install Node.js 20 or newer, then run this again"
    have npm || need_debian npm npm
}
