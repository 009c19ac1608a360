#!/usr/bin/env bash
# desktop/test.sh SERVER APP: drives the app against a server of its own, on a screen and a session bus of its own.
set -euo pipefail
here=$(realpath "$(dirname "$0")")
app=$(realpath "$2")
# WebKit's own sandbox needs namespaces, which containers and root do not have.
export WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS=1 WEBKIT_DISABLE_COMPOSITING_MODE=1 LIBGL_ALWAYS_SOFTWARE=1
# A session bus of its own has no keyring: what is kept where is a part of the test.
exec "$here/../tests/with-server.sh" "$1" \
    env BESEDKA_APP="$app" dbus-run-session -- xvfb-run -a -s '-screen 0 1400x1000x24' \
    node --test --test-concurrency=1 "$here"/tests/*.test.mjs
