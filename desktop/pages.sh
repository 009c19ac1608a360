#!/usr/bin/env bash
# desktop/pages.sh: gathers what the app shows: the web client as `make web` built it, and the shell's own pages.
set -euo pipefail
cd "$(dirname "$0")"
[ -f ../web/dist/index.html ] || { echo 'web/dist is missing: run make web' >&2; exit 1; }
rm -rf dist
mkdir dist
# Without what only a server needs: compressed copies, the documentation, the service worker.
tar -C ../web/dist --exclude='*.gz' --exclude='*.br' --exclude=./docs --exclude=./.vite --exclude=./sw.js -cf - . | tar -C dist -xf -
cp pages/* dist/
