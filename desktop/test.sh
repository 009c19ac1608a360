#!/usr/bin/env bash
# desktop/test.sh SERVER APP KEY [TEST...]: drives the app against a server of its own, on a screen and a session bus of its own.
# The app was built with the public half of the secret KEY, by which it takes updates.
set -euo pipefail
here=$(realpath "$(dirname "$0")")
app=$(realpath "$2")
key=$(realpath "$3")
# WebKit's own sandbox needs namespaces, which containers and root do not have.
export WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS=1 WEBKIT_DISABLE_COMPOSITING_MODE=1 LIBGL_ALWAYS_SOFTWARE=1
# The session bus starts no keyring: what is kept where is a part of the test.
[ $# -gt 3 ] || set -- "$@" "$here"/tests/*.test.mjs
BESEDKA_TEST_UPDATES=${BESEDKA_TEST_UPDATES-on} exec "$here/../tests/with-server.sh" "$1" \
    env BESEDKA_APP="$app" BESEDKA_UPDATE_SECRET="$key" dbus-run-session --config-file="$here/tests/bus.conf" -- xvfb-run -a -s '-screen 0 1400x1000x24' \
    bash -c 'openbox --sm-disable 2>/dev/null & exec node --test --test-concurrency=1 "$@"' - "${@:4}"
