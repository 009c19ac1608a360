#!/usr/bin/env bash
# desktop/test.sh SERVER APP [TEST...]: drives the app against a server of its own, on a screen and a session bus of its own; by
# all tests, or some. The app takes the updates that are signed with the secret key in the file UPDATE_KEY.
set -euo pipefail
here=$(realpath "$(dirname "$0")")
app=$(realpath "$2")
# WebKit's own sandbox needs namespaces, which containers and root do not have.
export WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS=1 WEBKIT_DISABLE_COMPOSITING_MODE=1 LIBGL_ALWAYS_SOFTWARE=1
export UPDATE_KEY=${UPDATE_KEY:+$(realpath "$UPDATE_KEY")}
if [ $# -eq 2 ]; then
    set -- "$@" "$here"/tests/{app,files,keyring,spelling,system,updates}.test.mjs
fi
# The session bus starts no keyring: what is kept where is a part of the test.
BESEDKA_TEST_UPDATES=${UPDATE_KEY:+on} exec "$here/../tests/with-server.sh" "$1" \
    env BESEDKA_APP="$app" dbus-run-session --config-file="$here/tests/bus.conf" -- xvfb-run -a -s '-screen 0 1400x1000x24' \
    bash -c 'openbox --sm-disable 2>/dev/null & exec node --test --test-concurrency=1 "$@"' - "${@:3}"
