#!/usr/bin/env bash
# tests/deps.sh PART...: installs what a part needs and this machine lacks, or says what to install.
# Parts: rust (to compile), bus (to run several nodes), web (to build the client), browser (to test it),
# databases (to test on), tls (to get certificates in tests), backup (to decrypt backups in tests), cross (to compile for
# another processor), desktop (to build and test the desktop app), desktop-deb (to try its package), desktop-windows (to
# build it for Windows), wine (to try that), balancer (to put before nodes), deploy (to try deploy/ and install.sh), shell
# (to lint scripts).
set -euo pipefail

packages=() missing=()
# lack SENTENCE PACKAGE...: what to say where there is no apt-get, and what to install where there is.
lack() {
    missing+=("$1")
    packages+=("${@:2}")
}
has() { command -v "$1" >/dev/null; }
stop() {
    printf '%s\n' "$@" >&2
    exit 1
}

for part in "$@"; do
    case $part in
    rust)
        has cargo || stop 'Rust 1.95 or newer is missing: install it (rustup.rs), then run make again.'
        has cc || lack 'a C compiler (gcc or clang)' build-essential
        # The binary is static: it takes the C library in.
        if has cc && [ "$(uname)" = Linux ] && [ ! -e "$(cc -print-file-name=libc.a)" ]; then
            lack 'the static C library (glibc-static in Fedora)' libc6-dev
        fi
        ;;
    web)
        node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' \
            2>/dev/null || stop 'Node.js 20.19 or newer is missing: install it (nodejs.org), then run make again.'
        has npm || stop 'npm is missing: it comes with Node.js (nodejs.org).'
        ;;
    browser)
        has chromium || has chromium-browser || has google-chrome || lack 'Chromium' chromium
        # Without fonts a page is measured in boxes: letters (Cyrillic too), and emoji.
        [ -n "$(fc-list :lang=ru 2>/dev/null)" ] || lack 'a font with Cyrillic letters' fontconfig fonts-liberation
        [ -n "$(fc-list 'Noto Color Emoji' 2>/dev/null)" ] || lack 'Noto Color Emoji' fonts-noto-color-emoji
        ;;
    databases)
        # MySQL is in no stable Debian: tests/databases.sh fetches it when it is needed.
        has mariadbd || [ -x /usr/sbin/mariadbd ] || lack 'MariaDB' mariadb-server-core mariadb-client-core
        has openssl || lack 'OpenSSL (openssl)' openssl
        ;;
    desktop)
        pkg-config --exists webkit2gtk-4.1 2>/dev/null || lack 'WebKitGTK 4.1 for building' pkg-config libwebkit2gtk-4.1-dev
        has WebKitWebDriver || lack 'the WebDriver of WebKitGTK' webkit2gtk-driver
        has Xvfb || lack 'Xvfb' xvfb xauth
        has dbus-run-session || lack 'D-Bus' dbus
        has openbox || lack 'a window manager (openbox)' openbox
        has xdotool || lack 'xdotool' xdotool
        has gnome-keyring-daemon || lack 'a keyring (gnome-keyring)' gnome-keyring
        has minisign || lack 'minisign' minisign
        /usr/bin/python3 -c 'import dbus, gi; gi.require_version("GdkPixbuf", "2.0"); gi.require_version("Gtk", "3.0")' 2>/dev/null ||
            lack 'D-Bus and GTK for Python' python3-dbus python3-gi gir1.2-gdkpixbuf-2.0 gir1.2-gtk-3.0
        ldconfig -p | grep -q ayatana-appindicator3 || lack 'the tray library' libayatana-appindicator3-1
        ;;
    desktop-deb)
        has debootstrap || [ -x /usr/sbin/debootstrap ] || lack 'debootstrap' debootstrap
        has Xvfb || lack 'Xvfb' xvfb xauth
        has xdotool || lack 'xdotool' xdotool
        ;;
    desktop-windows)
        has x86_64-w64-mingw32-gcc || lack 'mingw-w64' gcc-mingw-w64-x86-64
        has makensis || lack 'NSIS' nsis
        ;;
    wine)
        has wine || lack 'Wine' wine wine64
        has 7z || lack '7-Zip' p7zip-full
        has Xvfb || lack 'Xvfb' xvfb xauth
        has openbox || lack 'a window manager (openbox)' openbox
        ;;
    balancer) has haproxy || [ -x /usr/sbin/haproxy ] || lack 'HAProxy' haproxy ;;
    deploy)
        PATH=$PATH:/usr/sbin
        has caddy || lack 'Caddy' caddy
        has nginx || lack 'nginx' nginx-light
        has haproxy || lack 'HAProxy' haproxy
        has apache2 || lack 'Apache' apache2
        has ip || lack 'iproute2' iproute2
        has curl || lack 'curl' curl
        ;;
    bus) has nats-server || [ -x /usr/sbin/nats-server ] || lack 'NATS (nats-server)' nats-server ;;
    cross)
        has aarch64-linux-gnu-gcc || lack 'a C compiler for ARM' gcc-aarch64-linux-gnu libc6-dev-arm64-cross
        ;;
    backup) has age || lack 'age' age ;;
    tls)
        has pebble || lack 'Pebble, the test server of ACME' pebble
        has curl || lack 'curl' curl
        ;;
    shell) has shellcheck || lack 'shellcheck' shellcheck ;;
    *) stop "deps.sh knows no part $part" ;;
    esac
done
[ ${#missing[@]} -gt 0 ] || exit 0

has apt-get || stop 'Please install, then run make again:' "${missing[@]/#/  }"
root=()
if [ "$(id -u)" != 0 ]; then
    has sudo || stop 'Please ask an administrator for these packages:' "${packages[@]/#/  }"
    root=(sudo)
fi
echo "installing ${packages[*]}"
export DEBIAN_FRONTEND=noninteractive
"${root[@]}" apt-get update -qq
"${root[@]}" apt-get install -qq -y --no-install-recommends "${packages[@]}" >/dev/null
