#!/usr/bin/env bash
# desktop/package/windows.sh BINARY FOLDER: packs besedka-desktop.exe and WebView2Loader.dll as a setup program.
set -euo pipefail
here=$(realpath "$(dirname "$0")")
binary=$(realpath "$1")
mkdir -p "$2"
out=$(realpath "$2")
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$here/../Cargo.toml" | head -n 1)
# The gnu target loads the loader of WebView2 as a library, which its build leaves beside the program.
loader=$(dirname "$binary")/WebView2Loader.dll
[ -f "$loader" ] || { echo "$loader is missing" >&2; exit 1; }
file=$out/besedka-desktop_${version}_x64-setup.exe
makensis -V2 -DVERSION="$version" -DBINARY="$binary" -DLOADER="$loader" -DICON="$here/../icons/icon.ico" \
    -DOUT="$file" "$here/setup.nsi"
echo "$file"
