#!/usr/bin/env bash
# tests/with-server.sh BINARY COMMAND...: runs the command beside a fresh server, which BESEDKA_URL names.
# BESEDKA_SETUP names a file with the link for its first administrator.
# The server has its own folder and port, and ends with the command, whatever the command does. Its files are in a folder,
# or where BESEDKA_TEST_BUCKET says, a --storage-url.
set -euo pipefail
# shellcheck source=tests/beside.sh
. "$(dirname "$0")/beside.sh"

binary=$(realpath "$1")
shift
bucket=${BESEDKA_TEST_BUCKET:-}
# Other sites whose pages may ask the server.
origins=${BESEDKA_TEST_ORIGINS:-}
# Whether the desktop app finds updates, in the folder that BESEDKA_UPDATES names.
updates=${BESEDKA_TEST_UPDATES:-}
# A developer's own settings are for a developer's own server.
while read -r name; do unset "$name"; done < <(compgen -e BESEDKA_ || true)

beside "$(mktemp -d)"
mkdir "$folder/updates"
port=$(free_port)
url=http://127.0.0.1:$port

# Many people sign up here within seconds, all from one address. Receivers of webhooks listen beside the tests.
BESEDKA_LISTEN=127.0.0.1:$port BESEDKA_DATA_DIR=$folder/data \
    BESEDKA_REGISTRATION=open BESEDKA_RATE_LIMITS=off BESEDKA_WEBHOOK_ALLOW=127.0.0.1 "$binary" serve \
    ${bucket:+--storage-url "$bucket"} ${origins:+--cors-origins "$origins"} \
    ${updates:+--desktop-updates "$folder/updates"} >"$folder/setup" 2>"$folder/log" </dev/null &
server=$!
for _ in $(seq 150); do
    kill -0 "$server" 2>/dev/null || { echo 'the server did not start' >&2; exit 1; }
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
    sleep 0.1
done
# It is printed after the server is ready.
for _ in $(seq 150); do
    grep -q '/setup#' "$folder/setup" && break
    sleep 0.1
done
grep -o 'http.*/setup#.*' "$folder/setup" >"$folder/link" || true
BESEDKA_SETUP=$folder/link BESEDKA_URL=$url BESEDKA_UPDATES=$folder/updates BESEDKA_TEST_BUCKET=$bucket "$@"
