#!/usr/bin/env bash
# Drives the real executable from outside: the official clients, the use cases, the dashboard in a browser.
# `scripts/end2end.sh [clients] [use-cases] [dashboard]` runs these parts, or all. FASTGATE_BIN names the executable;
# without it, the debug build that the other tests use as well is brought up to date.
. "$(dirname "$0")/common.sh"

VENV="$ROOT/target/venv"

install_node_packages() {
    need_node
    local wanted
    wanted=$(fingerprint end2end/package.json end2end/package-lock.json)
    if ! fresh end2end "$wanted" || [ ! -d end2end/node_modules ]; then
        say "installing the npm packages of end2end/"
        # The browser is Debian's; Playwright's own would be a download from elsewhere.
        PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --prefix end2end --no-audit --no-fund --loglevel=error >&2
        done_for end2end "$wanted"
    fi
}

install_python_packages() {
    need_debian python3 python3 python3-venv
    local list=end2end/clients/python/requirements.txt wanted
    wanted=$(fingerprint "$list")
    if ! fresh venv "$wanted" || [ ! -x "$VENV/bin/pytest" ]; then
        say "installing the Python packages of end2end/clients/python into target/venv"
        rm -rf "$VENV"
        # Debian's python3 has `venv` in a package of its own.
        python3 -m venv "$VENV" >/dev/null 2>&1 || { need_python_venv && python3 -m venv "$VENV" >&2; }
        "$VENV/bin/pip" install --quiet --disable-pip-version-check -r "$list" >&2
        done_for venv "$wanted"
    fi
}

need_python_venv() {
    have apt-get || fail "'python3 -m venv' does not work; install your system's package for it"
    say "installing python3-venv"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq update >&2
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 install -y --no-install-recommends python3-venv >&2
}

find_chromium() {
    local name
    for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome; do
        if [ -n "$name" ] && have "$name"; then
            CHROMIUM=$(command -v "$name")
            export CHROMIUM
            return
        fi
    done
    need_debian chromium chromium
    CHROMIUM=$(command -v chromium)
    export CHROMIUM
}

run_part() {
    case $1 in
        clients)
            install_python_packages
            say "the official npm client"
            npm run --silent --prefix end2end clients
            say "the official Python client"
            "$VENV/bin/pytest" -q -p no:cacheprovider end2end/clients/python
            ;;
        use-cases)
            need_debian curl curl
            say "the use cases"
            npm run --silent --prefix end2end use-cases
            ;;
        dashboard)
            find_chromium
            say "the dashboard in $CHROMIUM"
            npm run --silent --prefix end2end dashboard
            ;;
        *) fail "there is no part '$1': clients, use-cases, dashboard" ;;
    esac
}

install_node_packages
if [ -z "${FASTGATE_BIN:-}" ]; then
    need_rust
    scripts/dashboard.sh # The executable embeds it.
    cargo build --locked --quiet -p fastgate
    export FASTGATE_BIN="$ROOT/target/debug/fastgate"
fi
[ $# -gt 0 ] || set -- clients use-cases dashboard
for part in "$@"; do
    run_part "$part"
done
