#!/usr/bin/env bash
# Everything a browser can tell about the server at BESEDKA_URL (started by with-server.sh).
set -euo pipefail
cd "$(dirname "$0")/../web"
export CHROMIUM=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome)}
# In one run, for one sum; one file after the other, since each starts a browser of its own.
node --test --test-concurrency=1 e2e/*.test.mjs docs/*.test.mjs
