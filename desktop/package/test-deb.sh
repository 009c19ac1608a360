#!/usr/bin/env bash
# desktop/package/test-deb.sh DEB [ROOT]: installs the package in a fresh Debian with nothing but what it depends on, starts the app
# there, and removes it. Needs root, debootstrap, Xvfb and xdotool. ROOT is a fresh system made before.
set -euo pipefail
deb=$(realpath "$1")
shots=$(realpath "$(dirname "$0")/../tests")/screenshots
mkdir -p "$shots"
say() { printf '%s\n' "$*" >&2; }

work=$(mktemp -d)
root=${2:-$work/root}
screen=
# shellcheck disable=SC2317,SC2329 # called by the trap
end() {
    [ -z "$screen" ] || kill "$screen" 2>/dev/null || true
    for place in tmp/.X11-unix dev/shm proc; do
        umount "$root/$place" 2>/dev/null || true
    done
    rm -rf "$work"
}
trap end EXIT

if [ ! -e "$root/bin/sh" ]; then
    # shellcheck source=/dev/null
    suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
    debootstrap --variant=minbase "$suite" "$root" "${MIRROR:-http://deb.debian.org/debian}" >"$work/log" || { cat "$work/log" >&2; exit 1; }
fi
# With this machine's sources of packages.
rm -f "$root/etc/apt/sources.list"
cp -a /etc/apt/. "$root/etc/apt/"
cp /etc/resolv.conf "$root/etc/"
cp "$deb" "$root/root/besedka-desktop.deb"
mount -t proc proc "$root/proc"
mkdir -p "$root/dev/shm" "$root/tmp/.X11-unix"
mount -t tmpfs shm "$root/dev/shm"
inside() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive "$@"; }

inside apt-get update -qq
inside apt-get install -qq -y --no-install-recommends /root/besedka-desktop.deb >"$work/log" 2>&1 || { tail -n 30 "$work/log" >&2; exit 1; }
say "installed: $(inside dpkg-query -W besedka-desktop), $(inside dpkg-query -s besedka-desktop | sed -n 's/^Installed-Size: //p') KB"
inside dpkg-query -L besedka-desktop | while read -r path; do [ -d "$root$path" ] || echo "$path"; done | sort >"$work/files"
say "its files: $(tr '\n' ' ' <"$work/files")"
if inside ldd /usr/bin/besedka-desktop | grep 'not found'; then
    say 'a library is missing: the package depends on too little'
    exit 1
fi
inside grep -q 'MimeType=x-scheme-handler/besedka;' /usr/share/applications/besedka-desktop.desktop

# The screen is this machine's, so that nothing is installed there for the test.
Xvfb -displayfd 3 -screen 0 1400x1000x24 -nolisten tcp 3>"$work/display" 2>/dev/null &
screen=$!
for _ in $(seq 100); do
    [ ! -s "$work/display" ] || break
    sleep 0.1
done
DISPLAY=:$(cat "$work/display")
export DISPLAY
mount --bind /tmp/.X11-unix "$root/tmp/.X11-unix"
inside id anna >/dev/null 2>&1 || inside useradd --create-home anna
inside su anna -c "env DISPLAY=$DISPLAY LANG=C.UTF-8 LANGUAGE=ru WEBKIT_DISABLE_COMPOSITING_MODE=1 LIBGL_ALWAYS_SOFTWARE=1 \
    WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS=1 dbus-run-session -- besedka-desktop" >"$work/app" 2>&1 &
app=$!
window=
for _ in $(seq "${PATIENCE:-60}"); do
    kill -0 "$app" 2>/dev/null || { cat "$work/app" >&2; say 'the app ended'; exit 1; }
    window=$(xdotool search --onlyvisible --class besedka-desktop 2>/dev/null | head -n 1 || true)
    [ -n "$window" ] && [ -e "$root/home/anna/.local/share/org.besedka.desktop" ] && break
    sleep 1
done
[ -n "$window" ] || { cat "$work/app" >&2; say 'no window'; exit 1; }
say "its window: $(xdotool getwindowname "$window"), $(xdotool getwindowgeometry "$window" | sed -n 's/.*Geometry: //p')"
if command -v import >/dev/null; then
    sleep "${PAINT:-5}"
    import -window root "$shots/installed.png"
fi
# Only what this test started.
inside pkill -KILL -u anna
wait "$app" || true

inside apt-get purge -qq -y besedka-desktop >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
if inside dpkg-query -W besedka-desktop 2>/dev/null; then exit 1; fi
left=$(while read -r path; do [ ! -e "$root$path" ] || echo "$path"; done <"$work/files")
[ -z "$left" ] || { say "left behind: $left"; exit 1; }
say 'removed: none of its files is left'
