#!/usr/bin/env bash
# tests/release.sh BINARY: is a release small enough, and complete?
set -euo pipefail
binary=$(realpath "$1")

# Decoders of pictures and sounds, search, S3, NATS, mail, five APIs and two hundred operations are in it.
limit=42000000
size=$(wc -c <"$binary")
echo "$((size / 1000)) KB"
if [ "$size" -gt "$limit" ]; then
    echo "larger than $((limit / 1000)) KB: find out what was added" >&2
    exit 1
fi
"$(dirname "$0")/binary.sh" "$binary"
