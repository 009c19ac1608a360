#!/usr/bin/env bash
# desktop/package/deb.sh BINARY FOLDER: packs the app for Debian and Ubuntu.
set -euo pipefail
here=$(realpath "$(dirname "$0")")
binary=$(realpath "$1")
mkdir -p "$2"
out=$(realpath "$2")
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$here/../Cargo.toml" | head -n 1)
arch=$(dpkg --print-architecture)

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
chmod 755 "$root"
install -D -m 755 "$binary" "$root/usr/bin/besedka-desktop"
install -D -m 644 "$here/besedka-desktop.desktop" "$root/usr/share/applications/besedka-desktop.desktop"
for size in 32 64 128 256; do
    install -D -m 644 "$here/../icons/$size.png" "$root/usr/share/icons/hicolor/${size}x$size/apps/besedka-desktop.png"
done
install -D -m 644 "$here/../../LICENSE-MIT" "$root/usr/share/doc/besedka-desktop/copyright"

# What the binary is linked with says which packages it needs, and from which version on.
mkdir -p "$root/debian"
printf 'Source: besedka-desktop\n\nPackage: besedka-desktop\nArchitecture: any\n' >"$root/debian/control"
needs=$(cd "$root" && dpkg-shlibdeps -O usr/bin/besedka-desktop 2>/dev/null | sed -n 's/^shlibs:Depends=//p')
rm -r "$root/debian"
[ -n "$needs" ] || { echo 'what the binary needs could not be told' >&2; exit 1; }

# Besides: the tray's library is loaded when the app starts, TLS needs authorities, and notifications a session bus.
mkdir -p "$root/DEBIAN"
cat >"$root/DEBIAN/control" <<CONTROL
Package: besedka-desktop
Version: $version
Architecture: $arch
Maintainer: Besedka <besedka@localhost>
Installed-Size: $(du -sk --exclude=DEBIAN "$root" | cut -f1)
Depends: $needs, libayatana-appindicator3-1, ca-certificates, default-dbus-session-bus | dbus-session-bus
Recommends: gnome-keyring | kwalletmanager | keepassxc, hunspell-ru, hunspell-en-us
Section: net
Priority: optional
Description: Messenger of your team on your server
 The desktop app of Besedka: chats, files and voice messages of a server that
 your team hosts itself, with notifications, a tray icon and an outbox that
 loses nothing.
CONTROL
file=$out/besedka-desktop_${version}_$arch.deb
# The same input makes the same file.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$here" log -1 --format=%ct 2>/dev/null || date +%s)} \
    dpkg-deb --root-owner-group --build "$root" "$file" >/dev/null
echo "$file"
