#!/usr/bin/env bash
# deploy/release/pack.sh BINARY TARGET FOLDER: makes besedka-VERSION-TARGET.tar.gz in a folder, with its checksum.
# In it: the binary, install.sh, the texts, what it consists of (besedka.cdx.json, CycloneDX) and under which licences
# (LICENSES.txt). The same binary and sources make the same archive, byte for byte.
set -euo pipefail
binary=$(realpath "$1") target=$2
mkdir -p "$3"
out=$(realpath "$3")
cd "$(dirname "$0")/../.."

version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)
name=besedka-$version-$target
# The time of the sources, not of the packing.
time=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
inside=$folder/$name
mkdir "$inside"
install -m 755 "$binary" "$inside/besedka"
install -m 755 install.sh "$inside/"
install -m 644 README.md CHANGELOG.md LICENSE-MIT LICENSE-APACHE "$inside/"
SOURCE_DATE_EPOCH=$time node deploy/release/parts.mjs "$target" "$inside/besedka.cdx.json" "$inside/LICENSES.txt"
chmod 644 "$inside"/*.json "$inside"/*.txt

tar --sort=name --mtime="@$time" --owner=0 --group=0 --numeric-owner --format=ustar -C "$folder" -cf - "$name" |
    gzip -n9 >"$out/$name.tar.gz"
cp "$inside/besedka.cdx.json" "$out/$name.cdx.json"
(cd "$out" && sha256sum "$name.tar.gz" "$name.cdx.json" >"$name.sha256")
echo "$out/$name.tar.gz"
