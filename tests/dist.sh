#!/usr/bin/env bash
# tests/dist.sh BINARY: is an archive for people complete, checked by its checksum, and the same each time?
set -euo pipefail
binary=$(realpath "$1")
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
target=$(rustc -vV | sed -n 's/^host: //p')

archive=$(deploy/release/pack.sh "$binary" "$target" "$folder/first")
again=$(deploy/release/pack.sh "$binary" "$target" "$folder/again")
cmp "$archive" "$again" || { echo 'packed twice, the archives differ' >&2; exit 1; }
(cd "$folder/first" && sha256sum --quiet -c ./*.sha256)

tar -xzf "$archive" -C "$folder"
inside=$folder/$(basename "$archive" .tar.gz)
for file in besedka install.sh README.md CHANGELOG.md LICENSE-MIT LICENSE-APACHE LICENSES.txt besedka.cdx.json; do
    [ -s "$inside/$file" ] || { echo "$file is not in the archive" >&2; exit 1; }
done
"$inside/besedka" --version
"$inside/install.sh" --help >/dev/null
DESTDIR=$folder/root "$inside/install.sh" --binary "$archive" --sha256 "$(sha256sum "$archive" | cut -d ' ' -f 1)" --no-service
cmp "$folder/root/usr/local/bin/besedka" "$binary"
node tests/dist.mjs "$inside/besedka.cdx.json" "$inside/LICENSES.txt"
