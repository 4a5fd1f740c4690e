#!/usr/bin/env bash
# Installs a folder's npm packages as its lock file says, unless they are there already.
. "$(dirname "$0")/common.sh"

folder=${1:?usage: npm-ci.sh FOLDER}
name="npm-$(printf '%s' "$folder" | tr '/' '-')"
wanted=$(fingerprint "$folder/package.json" "$folder/package-lock.json")
if ! fresh "$name" "$wanted" || [ ! -d "$folder/node_modules" ]; then
    npm --prefix "$folder" ci --no-audit --no-fund --loglevel=error >&2
    done_for "$name" "$wanted"
fi
