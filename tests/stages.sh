#!/usr/bin/env bash
# tests/stages.sh TARGET...: makes one target after the other, and says at the end how long each took.
set -uo pipefail
times=()
failed=0
for stage in "$@"; do
    start=$SECONDS
    "${MAKE:-make}" --no-print-directory "$stage" || failed=$?
    times+=("$((SECONDS - start)) s  $stage")
    [ "$failed" -eq 0 ] || break
done
printf '%s\n' "${times[@]}" "$SECONDS s  in all"
exit "$failed"
