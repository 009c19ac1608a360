#!/usr/bin/env bash
# tests/browser.sh [FILE...]: everything a browser can tell about the server at BESEDKA_URL (started by with-server.sh), or
# what some files of web/ do.
set -euo pipefail
cd "$(dirname "$0")/../web"
export CHROMIUM=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome)}
# In one run, for one sum. Each file starts a browser of its own; a story waits for most of its time, so two run at once.
[ $# -gt 0 ] || set -- e2e/*.test.mjs docs/*.test.mjs
node --test --test-concurrency=2 "$@"
