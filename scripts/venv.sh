#!/usr/bin/env bash
# Installs Python packages as a requirements file says into target/venv, unless they are there already.
. "$(dirname "$0")/common.sh"

requirements=${1:?usage: venv.sh REQUIREMENTS}
venv=target/venv
have python3 || fail "python3 is missing: install Python 3.11 or newer, then run this again"
wanted=$(fingerprint "$requirements")
if ! fresh venv "$wanted" || [ ! -x "$venv/bin/python" ]; then
    say "installing the Python packages of $requirements into $venv"
    # Debian's Python lacks the part that makes them.
    python3 -c 'import ensurepip, venv' 2>/dev/null || as_root apt-get install -y -qq python3-venv >&2
    python3 -m venv --clear "$venv"
    "$venv/bin/python" -m pip install --quiet -r "$requirements" >&2
    done_for venv "$wanted"
fi
