#!/bin/sh
# Installs Besedka as a systemd service. Run it again with a newer binary to upgrade: data and settings stay.
#
# A binary that was built elsewhere needs no compiler here: copy it next to this script, or name it with --binary.
#
#   sudo ./install.sh [--binary FILE] [--prefix DIR] [--no-service]
#   sudo ./install.sh --uninstall [--prefix DIR]
#
#   --binary FILE   the binary to install; by default the newest of ./besedka and the builds in this folder
#   --prefix DIR    installs to DIR/bin/besedka (default: /usr/local)
#   --no-service    installs only the binary: no user, no settings, no service
#   --uninstall     removes the binary and the service; data and settings stay
#
# For packagers: with DESTDIR set, all files go below that folder and nothing is started.
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
case $prefix in /*) ;; *) fail '--prefix must be an absolute path' ;; esac
target=$destdir$prefix/bin/besedka
# With DESTDIR, files are not for this machine: no user is created and no service is started.
live=no
if [ "$service" = yes ] && [ -z "$destdir" ]; then
    live=yes
    [ "$(id -u)" = 0 ] || fail 'run it as root (sudo ./install.sh), or with --no-service --prefix ~/.local'
    [ -d /run/systemd/system ] || [ "$uninstall" = yes ] ||
        fail 'systemd is not running here: use --no-service, and run "besedka serve" with your own service manager'
fi

if [ "$uninstall" = yes ]; then
    if [ "$live" = yes ] && [ -d /run/systemd/system ]; then
        systemctl disable --now --quiet besedka 2>/dev/null || true
    fi
    rm -f "$target"
    [ "$service" = no ] || rm -f "$unit"
    [ "$live" = no ] || [ ! -d /run/systemd/system ] || systemctl daemon-reload
    say "Removed $target"
    [ "$service" = yes ] || exit 0
    say "The data was kept in $data, the settings in $settings"
    say "To delete them too: rm -rf $data $settings && userdel besedka"
    exit
fi

# The binary.
here=$(cd "$(dirname "$0")" && pwd)
if [ -z "$binary" ]; then
    # The newest binary built here.
    # shellcheck disable=SC2012 # our own file names
    binary=$(ls -t "$here/besedka" "$here"/target/*/release/besedka "$here"/target/release/besedka 2>/dev/null | head -n 1) || true
    [ -n "$binary" ] || fail 'no binary found here: give one with --binary FILE, or build one with "make release"'
fi
[ -f "$binary" ] || fail "$binary does not exist"
chmod +x "$binary" 2>/dev/null || true
version=$("$binary" --version) || fail "$binary does not run on this machine ($(uname -m))"

mkdir -p "$destdir$prefix/bin"
# Copy next to the old binary, then rename over it: the old one may be running.
cp "$binary" "$target.new"
chmod 755 "$target.new"
mv -f "$target.new" "$target"
say "Installed $version as $target"
[ "$service" = yes ] || exit 0

# The settings file is written once; after that it belongs to the administrator.
mkdir -p "$(dirname "$settings")" "$(dirname "$unit")"
if [ ! -e "$settings" ]; then
    (
        umask 077 # it may hold secrets; systemd reads it as root
        cat >"$settings"
    ) <<'SETTINGS'
# Besedka's settings. Remove the # from those you change, then run: systemctl restart besedka
# All settings are explained by: besedka serve --help

# The address and port to listen on. Behind a reverse proxy on this machine: 127.0.0.1:8000
BESEDKA_LISTEN=0.0.0.0:8000
# The address that people type. Set it when there is a domain name with HTTPS.
#BESEDKA_PUBLIC_URL=https://chat.example.org
# Reverse proxies whose X-Forwarded-For and X-Forwarded-Proto headers are trusted.
#BESEDKA_TRUSTED_PROXIES=127.0.0.1,::1
# Other origins whose pages may use the API.
#BESEDKA_CORS_ORIGINS=https://app.example.org

# Who may create an account: open (everybody who can reach the server), invite, closed.
#BESEDKA_REGISTRATION=invite
# The largest file that may be uploaded, in bytes.
#BESEDKA_UPLOAD_LIMIT=104857600
# Whether to limit the rate of requests: on, off.
#BESEDKA_RATE_LIMITS=on

# The database and the files, if not in the data folder.
#BESEDKA_DATABASE_URL=mysql://besedka:password@db.example.org/besedka
#BESEDKA_STORAGE_URL=file:/srv/besedka

# What to log, and the format: text, json.
#BESEDKA_LOG=info
#BESEDKA_LOG_FORMAT=text
SETTINGS
fi

cat >"$unit" <<UNIT
# Written by install.sh and overwritten at every upgrade. Change settings in /etc/besedka.env,
# and this unit with "systemctl edit besedka".
[Unit]
Description=Besedka team messenger
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
# Every open web client is a connection.
LimitNOFILE=65536

# It may access its own folder and the network, nothing else.
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

# A service that fails to start does so within this time.
sleep 2
systemctl is-active --quiet besedka || {
    journalctl -u besedka -n 20 --no-pager >&2 || true
    fail 'the service did not start; see the log above'
}

# The address to print: the public URL from the settings, or this machine's address and port.
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
say "Besedka is running: $url"
say "Settings: $settings   Log: journalctl -u besedka   Data: $data"
say "The first account to register becomes the administrator. Everybody who can reach the server may register,"
say "unless BESEDKA_REGISTRATION in the settings says otherwise."
say "To add an account yourself: sudo -u besedka $prefix/bin/besedka user add NAME --data-dir $data"
