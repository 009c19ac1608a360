#!/bin/sh
# Installs Besedka as a service on a Linux machine with systemd. Run it again to upgrade: data and settings stay.
#
#   sudo ./install.sh [--binary FILE] [--prefix DIR] [--no-service]
#   sudo ./install.sh --uninstall [--prefix DIR]
#
#   --binary FILE   the program to install; otherwise ./besedka, or what `cargo build --release` made here
#   --prefix DIR    where it goes: DIR/bin/besedka (/usr/local)
#   --no-service    only the program: no user, no settings, no service
#   --uninstall     take the program and the service away; data and settings stay
#
# DESTDIR puts all files below another folder and starts nothing, for those who make packages.
set -eu

prefix=/usr/local binary='' service=yes uninstall=no
data=/var/lib/besedka
destdir=${DESTDIR:-}
settings=$destdir/etc/besedka.env
unit=$destdir/etc/systemd/system/besedka.service

say() { printf '%s\n' "$*"; }
fail() {
    say "install.sh: $*" >&2
    exit 1
}

while [ $# -gt 0 ]; do
    case $1 in
    --binary | --prefix)
        [ $# -ge 2 ] || fail "$1 needs a value"
        case $1 in --binary) binary=$2 ;; --prefix) prefix=$2 ;; esac
        shift
        ;;
    --binary=*) binary=${1#*=} ;;
    --prefix=*) prefix=${1#*=} ;;
    --no-service) service=no ;;
    --uninstall) uninstall=yes ;;
    -h | --help)
        sed -n '2,/^set /{ /^#/s/^# \{0,1\}//p; }' "$0"
        exit
        ;;
    *) fail "unknown option $1 (see --help)" ;;
    esac
    shift
done
case $prefix in /*) ;; *) fail '--prefix must be a full path' ;; esac
target=$destdir$prefix/bin/besedka
# Files below DESTDIR are not this machine's: no user, no running service.
live=no
if [ "$service" = yes ] && [ -z "$destdir" ]; then
    live=yes
    [ "$(id -u)" = 0 ] || fail 'please run it as root (sudo ./install.sh), or with --no-service --prefix ~/.local'
    [ -d /run/systemd/system ] || [ "$uninstall" = yes ] ||
        fail 'systemd does not run here: use --no-service, and start "besedka serve" as your system starts services'
fi

if [ "$uninstall" = yes ]; then
    if [ "$live" = yes ] && [ -d /run/systemd/system ]; then
        systemctl disable --now --quiet besedka 2>/dev/null || true
    fi
    rm -f "$target"
    [ "$service" = no ] || rm -f "$unit"
    [ "$live" = no ] || [ ! -d /run/systemd/system ] || systemctl daemon-reload
    say "The program is gone from $target"
    [ "$service" = yes ] || exit 0
    say "What people wrote is still in $data, the settings are in $settings"
    say "To forget them too: rm -rf $data $settings && userdel besedka"
    exit
fi

# The program.
here=$(cd "$(dirname "$0")" && pwd)
if [ -z "$binary" ]; then
    # The newest of what a build left here.
    # shellcheck disable=SC2012 # our own file names
    binary=$(ls -t "$here/besedka" "$here"/target/*/release/besedka "$here"/target/release/besedka 2>/dev/null | head -n 1) || true
    [ -n "$binary" ] || fail 'no program here yet: build it with "cargo build --release", or name one with --binary FILE'
fi
[ -f "$binary" ] || fail "there is no file $binary"
chmod +x "$binary" 2>/dev/null || true
version=$("$binary" --version) || fail "$binary does not run on this machine ($(uname -m))"

mkdir -p "$destdir$prefix/bin"
# Beside the old one first, then in its place: the old one may be running.
cp "$binary" "$target.new"
chmod 755 "$target.new"
mv -f "$target.new" "$target"
say "$version is in $target"
[ "$service" = yes ] || exit 0

# The settings: written once, then the administrator's.
mkdir -p "$(dirname "$settings")" "$(dirname "$unit")"
if [ ! -e "$settings" ]; then
    (
        umask 077 # secrets may come here; systemd reads it as root
        cat >"$settings"
    ) <<'SETTINGS'
# Besedka's settings. Take the # away from what you change, then: systemctl restart besedka
# What each means: besedka serve --help

# Where it listens. Behind a proxy on this machine: 127.0.0.1:8000
BESEDKA_LISTEN=0.0.0.0:8000
# The address people type. Set it as soon as there is a name and HTTPS.
#BESEDKA_PUBLIC_URL=https://chat.example.org
# Proxies whose X-Forwarded-For and X-Forwarded-Proto are believed.
#BESEDKA_TRUSTED_PROXIES=127.0.0.1,::1
# Other sites whose pages may call the API.
#BESEDKA_CORS_ORIGINS=https://app.example.org

# Who may make an account: open (everybody who reaches the server), invite, closed.
#BESEDKA_REGISTRATION=invite
# The largest file, in bytes.
#BESEDKA_UPLOAD_LIMIT=104857600
# How often one may ask: on, off.
#BESEDKA_RATE_LIMITS=on

# Where things are kept, if not in the data folder.
#BESEDKA_DATABASE_URL=mysql://besedka:password@db.example.org/besedka
#BESEDKA_STORAGE_URL=file:/srv/besedka

# What to log, and how: text, json.
#BESEDKA_LOG=info
#BESEDKA_LOG_FORMAT=text
SETTINGS
fi

cat >"$unit" <<UNIT
# Written by install.sh, and again at every upgrade: settings belong in /etc/besedka.env,
# changes to this file in "systemctl edit besedka".
[Unit]
Description=Besedka, a team's messenger
Wants=network-online.target
After=network-online.target

[Service]
ExecStart=$prefix/bin/besedka serve
Environment=BESEDKA_DATA_DIR=$data
EnvironmentFile=-/etc/besedka.env
User=besedka
Group=besedka
StateDirectory=besedka
StateDirectoryMode=0700
WorkingDirectory=$data
UMask=0077
Restart=always
RestartSec=2
TimeoutStopSec=30
# Each open page is a connection.
LimitNOFILE=65536

# It reads and writes its own folder and talks to the network: nothing else.
NoNewPrivileges=yes
CapabilityBoundingSet=CAP_NET_BIND_SERVICE
AmbientCapabilities=CAP_NET_BIND_SERVICE
ProtectSystem=strict
ProtectHome=yes
ProtectProc=invisible
ProcSubset=pid
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
PrivateTmp=yes
PrivateDevices=yes
DevicePolicy=closed
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RemoveIPC=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
UNIT
chmod 644 "$unit"
[ "$live" = yes ] || exit 0

if ! id besedka >/dev/null 2>&1; then
    useradd --system --user-group --home-dir "$data" --shell /usr/sbin/nologin besedka
fi
systemctl daemon-reload
systemctl enable --quiet besedka
systemctl restart besedka

# A service that fails at once fails within this time.
sleep 2
systemctl is-active --quiet besedka || {
    journalctl -u besedka -n 20 --no-pager >&2 || true
    fail 'it did not start; the lines above tell why'
}

# The address as the settings have it: the public one, or this machine's with the port it listens on.
setting() { sed -n "s/^$1=//p" "$settings" | tail -n 1 | tr -d "\"'"; }
url=$(setting BESEDKA_PUBLIC_URL)
if [ -z "$url" ]; then
    listen=$(setting BESEDKA_LISTEN)
    port=${listen##*:}
    host=${listen%:*}
    case $host in
    '' | 0.0.0.0 | '[::]') host=$(hostname -I 2>/dev/null | cut -d ' ' -f 1) ;;
    esac
    url=http://${host:-localhost}:${port:-8000}
fi
say "It runs: $url"
say "Settings: $settings   Log: journalctl -u besedka   Data: $data"
say "Everybody who reaches that address may make an account, unless the settings say otherwise."
say "To make one by hand: sudo -u besedka $prefix/bin/besedka user add NAME --data-dir $data"
