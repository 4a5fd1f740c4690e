#!/usr/bin/env bash
# A private PostgreSQL for the tests: `start FOLDER` makes one in the folder and prints its URL, `stop FOLDER` ends it and
# removes the folder. It listens on this machine only, on a free port, and keeps nothing.
. "$(dirname "$0")/common.sh"

find_pg_ctl() { ls -d /usr/lib/postgresql/*/bin/pg_ctl 2>/dev/null | sort -V | tail -n 1; }

# PostgreSQL refuses to run as root.
as_postgres() {
    if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}

pg_ctl=$(command -v pg_ctl || find_pg_ctl)
if [ -z "$pg_ctl" ]; then
    need_debian psql postgresql postgresql-client
    pg_ctl=$(find_pg_ctl)
    [ -n "$pg_ctl" ] || fail "pg_ctl is missing: install PostgreSQL"
fi
bin=$(dirname "$pg_ctl")
folder=${2:?usage: postgres.sh start|stop FOLDER}

case ${1:-} in
start)
    mkdir -p "$folder"
    [ "$(id -u)" != 0 ] || chown postgres "$folder"
    port=$(node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')
    (
        cd "$folder"
        as_postgres "$bin/initdb" -D "$folder/data" -U fastgate -A trust -E UTF8 --no-locale --no-sync >"$folder/initdb.log"
        as_postgres "$bin/pg_ctl" -D "$folder/data" -l "$folder/server.log" -w -s start \
            -o "-h 127.0.0.1 -p $port -k $folder -c fsync=off -c synchronous_commit=off -c max_connections=200" >&2 </dev/null
    )
    printf 'postgres://fastgate@127.0.0.1:%s/postgres\n' "$port"
    ;;
stop)
    (cd "$folder" && as_postgres "$bin/pg_ctl" -D "$folder/data" -m immediate -s stop >&2) || true
    rm -rf "$folder"
    ;;
*) fail "usage: postgres.sh start|stop FOLDER" ;;
esac
