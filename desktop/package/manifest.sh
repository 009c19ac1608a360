#!/usr/bin/env bash
# desktop/package/manifest.sh FOLDER VERSION KEY: writes the manifest of the packages of VERSION in a folder, which a server offers
# with `--desktop-updates FOLDER`, and signs it with a secret key of minisign (`minisign -G` makes one).
set -euo pipefail
folder=$1 version=$2 key=$3
cd "$folder"
packages=
# add PLATFORM FILE: a package, if it is there.
add() {
    [ -f "$2" ] || return 0
    packages+="${packages:+,}"$'\n'"$(printf '    "%s": {"file": "%s", "size": %d, "sha256": "%s"}' \
        "$1" "$2" "$(wc -c <"$2")" "$(sha256sum "$2" | cut -d' ' -f1)")"
}
add linux-x86_64 "besedka-desktop_${version}_amd64.deb"
add linux-aarch64 "besedka-desktop_${version}_arm64.deb"
add windows-x86_64 "besedka-desktop_${version}_x64-setup.exe"
add macos "besedka-desktop_$version.dmg"
[ -n "$packages" ] || { echo "there is no package of version $version in $folder" >&2; exit 1; }
printf '{\n  "version": "%s",\n  "packages": {%s\n  }\n}\n' "$version" "$packages" >manifest.json.new
# The signature first: an app that comes between the two refuses, and looks again later.
minisign -S -s "$key" -t "besedka-desktop $version" -m manifest.json.new -x manifest.json.minisig >/dev/null
mv manifest.json.new manifest.json
echo "$folder/manifest.json"
