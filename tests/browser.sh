#!/usr/bin/env bash
# tests/browser.sh [FILE...]: everything a browser can tell about the server at BESEDKA_URL (started by with-server.sh), or
# what some files of web/ do.
set -euo pipefail
cd "$(dirname "$0")/../web"
export CHROMIUM=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome)}
# In one run, for one sum. Each file starts a browser of its own; a story waits for most of its time, so two run at once.
[ $# -gt 0 ] || set -- e2e/*.test.mjs docs/*.test.mjs
run=(node --test --test-concurrency=2 --test-reporter=spec)
[ -n "${CI:-}" ] || exec "${run[@]}" "$@"
# In CI a file in which a story failed runs once more: what passes then is told as flaky.
failed=$(mktemp)
trap 'rm -f "$failed"' EXIT
"${run[@]}" --test-reporter-destination=stdout \
    --test-reporter=./e2e/failed-files.mjs --test-reporter-destination="$failed" "$@" && exit
mapfile -t files < <(sort -u "$failed")
[ "${#files[@]}" -gt 0 ] || exit 1
echo "once more: ${files[*]}"
"${run[@]}" "${files[@]}"
echo "flaky: ${files[*]}"
