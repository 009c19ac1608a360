#!/bin/sh
# Installs Besedka as a systemd service. Run it again with a newer binary to upgrade: data and settings stay. If the
# new version does not become ready, the previous one is put back.
#
# A binary that was built elsewhere needs no compiler here: copy it next to this script, or name it with --binary.
#
#   sudo ./install.sh [--binary FILE|URL] [--sha256 SUM] [--prefix DIR] [--wait SECONDS] [--no-service]
#   ./install.sh --user [--binary FILE|URL] [--sha256 SUM] [--prefix DIR] [--wait SECONDS]
#   sudo ./install.sh --uninstall [--prefix DIR]
#   ./install.sh --user --uninstall [--prefix DIR]
#
#   --binary FILE   the binary to install, or a .tar.gz with it; by default the newest of ./besedka and the builds in
#                   this folder. A URL is downloaded and needs --sha256
#   --sha256 SUM    refuses a file whose SHA-256 checksum is another one
#   --user          installs a service of your own account, without root: ~/.local/bin/besedka, ~/.config/besedka.env
#   --prefix DIR    installs to DIR/bin/besedka (default: /usr/local; with --user: ~/.local)
#   --wait SECONDS  how long to wait until the server is ready (default: 120); migrations of a large database take time
#   --no-service    installs only the binary: no user, no settings, no service
#   --uninstall     removes the binary and the service; data and settings stay
#
# For packagers: with DESTDIR set, all files go below that folder and nothing is started.
set -eu

prefix='' binary='' checksum='' service=yes uninstall=no mode=system patience=120
destdir=${DESTDIR:-}

say() { printf '%s\n' "$*"; }
fail() {
    say "install.sh: $*" >&2
    exit 1
}

while [ $# -gt 0 ]; do
    case $1 in
    --binary=* | --sha256=* | --prefix=* | --wait=*)
        option=$1
        shift
        set -- "${option%%=*}" "${option#*=}" "$@"
        continue
        ;;
    --binary | --sha256 | --prefix | --wait)
        [ $# -ge 2 ] || fail "$1 needs a value"
        case $1 in
        --binary) binary=$2 ;;
        --sha256) checksum=$2 ;;
        --prefix) prefix=$2 ;;
        --wait) patience=$2 ;;
        esac
        shift
        ;;
    --user) mode=user ;;
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
case $patience in '' | *[!0-9]*) fail '--wait must be a number of seconds' ;; esac

# Where everything is.
if [ "$mode" = user ]; then
    [ "$(id -u)" != 0 ] || fail '--user is for an account without root: run it as that account, not with sudo'
    [ -n "${HOME:-}" ] || fail 'HOME is not set'
    prefix=${prefix:-$HOME/.local}
    data=${XDG_DATA_HOME:-$HOME/.local/share}/besedka
    settings=$destdir${XDG_CONFIG_HOME:-$HOME/.config}/besedka.env
    unit=$destdir${XDG_CONFIG_HOME:-$HOME/.config}/systemd/user/besedka.service
    manager='systemctl --user' log='journalctl --user -u besedka'
    # Not set by su and by some remote shells.
    XDG_RUNTIME_DIR=${XDG_RUNTIME_DIR:-/run/user/$(id -u)}
    export XDG_RUNTIME_DIR
else
    prefix=${prefix:-/usr/local}
    data=/var/lib/besedka
    settings=$destdir/etc/besedka.env
    unit=$destdir/etc/systemd/system/besedka.service
    manager=systemctl log='journalctl -u besedka'
fi
case $prefix in /*) ;; *) fail '--prefix must be an absolute path' ;; esac
target=$destdir$prefix/bin/besedka

# With DESTDIR, files are not for this machine: no user is created and no service is started.
live=no
if [ "$service" = yes ] && [ -z "$destdir" ]; then
    live=yes
    if [ "$mode" = system ]; then
        [ "$(id -u)" = 0 ] || fail 'run it as root (sudo ./install.sh), or without root: ./install.sh --user'
        # It answers only where systemd runs.
        check='systemctl show --property Version'
    else
        check='systemctl --user show --property Version'
    fi
    if ! $check >/dev/null 2>&1; then
        [ "$uninstall" = yes ] || fail "systemd is not running here (\"$check\" fails): use --no-service, and run" \
            '"besedka serve" with your own service manager'
        live=no
    fi
fi

if [ "$uninstall" = yes ]; then
    [ "$live" = no ] || $manager disable --now --quiet besedka 2>/dev/null || true
    if [ -e "$target" ]; then say "Removed $target"; else say "There was no $target"; fi
    rm -f "$target" "$target.new" "$target.previous"
    [ "$service" = yes ] || exit 0
    rm -f "$unit" "$unit.previous"
    [ "$live" = no ] || $manager daemon-reload
    say "The data was kept in $data, the settings in $settings"
    if [ "$mode" = user ]; then
        say "To delete them too: rm -rf '$data' '$settings'"
    else
        say "To delete them too: rm -rf $data $settings && userdel besedka"
    fi
    exit
fi

# The binary.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
here=$(cd "$(dirname "$0")" && pwd)
case $binary in
'')
    # The newest binary built here.
    # shellcheck disable=SC2012 # our own file names
    binary=$(ls -t "$here/besedka" "$here"/target/*/dist/besedka 2>/dev/null | head -n 1) || true
    [ -n "$binary" ] || fail 'no binary found here: give one with --binary FILE, or build one with "make release"'
    ;;
http://* | https://*)
    [ -n "$checksum" ] || fail 'a download needs its checksum: --sha256 SUM'
    say "Downloading $binary"
    download=$work/${binary##*/}
    if command -v curl >/dev/null; then
        curl -fsSL --retry 3 -o "$download" "$binary" || fail "the download failed: $binary"
    elif command -v wget >/dev/null; then
        wget -qO "$download" "$binary" || fail "the download failed: $binary"
    else
        fail 'neither curl nor wget is here: download the file yourself, and name it with --binary FILE'
    fi
    binary=$download
    ;;
esac
[ -f "$binary" ] || fail "$binary does not exist"
if [ -n "$checksum" ]; then
    found=$(sha256sum "$binary" | cut -d ' ' -f 1)
    # Checksums are written in small or in capital letters.
    [ "$found" = "$(printf %s "$checksum" | tr 'A-F' 'a-f')" ] ||
        fail "$binary is not the expected file: its SHA-256 is $found. Nothing was changed"
fi
case $binary in
*.tar.gz | *.tgz)
    mkdir "$work/archive"
    tar -xzf "$binary" -C "$work/archive" || fail "$binary can't be unpacked"
    binary=$(find "$work/archive" -type f -name besedka | head -n 1)
    [ -n "$binary" ] || fail 'there is no file named besedka in the archive'
    ;;
esac
cp "$binary" "$work/besedka"
chmod 755 "$work/besedka"
version=$("$work/besedka" --version) || fail "$binary does not run on this machine ($(uname -m))"

if [ "$service" = no ]; then
    mkdir -p "$destdir$prefix/bin"
    cp "$work/besedka" "$target.new"
    mv -f "$target.new" "$target"
    say "Installed $version as $target"
    exit 0
fi

# The unit.
common() { # SETTINGS
    cat <<UNIT
# Written by install.sh and overwritten at every upgrade. Change settings in $1,
# and this unit with "$manager edit besedka".
[Unit]
Description=Besedka team messenger
UNIT
}
service_of() { # SETTINGS
    cat <<UNIT

[Service]
ExecStart="$prefix/bin/besedka" serve
Environment="BESEDKA_DATA_DIR=$data"
EnvironmentFile=-$1
WorkingDirectory=$data
UMask=0077
Restart=always
RestartSec=2
TimeoutStopSec=30
# Every open web client is a connection.
LimitNOFILE=65536
UNIT
}
system_unit() {
    common "$1"
    cat <<UNIT
Wants=network-online.target
After=network-online.target
UNIT
    service_of "$1"
    cat <<'UNIT'
User=besedka
Group=besedka
StateDirectory=besedka
StateDirectoryMode=0700

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
}
# Without root, what needs namespaces may not be there; what needs only system call filters is.
user_unit() {
    common "$1"
    service_of "$1"
    cat <<'UNIT'

NoNewPrivileges=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM

[Install]
WantedBy=default.target
UNIT
}
"${mode}_unit" "${settings#"$destdir"}" >"$work/besedka.service"

running() { [ "$live" = yes ] && $manager is-active --quiet besedka; }
same() { [ -e "$2" ] && cmp -s "$1" "$2"; }

# The settings file is written once; after that it belongs to the administrator.
mkdir -p "$destdir$prefix/bin" "$(dirname "$settings")" "$(dirname "$unit")"
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

# Who may create an account: open (everybody who can reach the server), invite, mail,
# closed. Without it, what the first administrator chooses.
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
    # The command that applies them.
    [ "$mode" = system ] || sed -i 's/systemctl restart besedka/systemctl --user restart besedka/' "$settings"
fi

# The address to ask and the one to print, from the settings.
setting() { sed -n "s/^$1=//p" "$settings" | tail -n 1 | tr -d "\"'"; }
listen=$(setting BESEDKA_LISTEN)
listen=${listen:-127.0.0.1:8000}
port=${listen##*:}
host=${listen%:*}
public=$(setting BESEDKA_PUBLIC_URL)
if [ -z "$public" ]; then
    case $host in
    '' | 0.0.0.0 | '[::]') public=http://$(hostname -I 2>/dev/null | cut -d ' ' -f 1):$port ;;
    *) public=http://$host:$port ;;
    esac
    case $public in http://:*) public=http://localhost:$port ;; esac
fi
case $host in
'' | 0.0.0.0) asked=127.0.0.1:$port ;;
'[::]') asked="[::1]:$port" ;;
*) asked=$listen ;;
esac

# Whether the server is ready to serve, by the means that are here.
answers() {
    if "$target" healthcheck --help >/dev/null 2>&1; then
        "$target" healthcheck --ready --listen "$asked" >/dev/null 2>&1
    elif command -v curl >/dev/null; then
        curl -fs --max-time 5 -o /dev/null "http://$asked/ready"
    elif command -v wget >/dev/null; then
        wget -q -T 5 -O /dev/null "http://$asked/ready"
    else
        sleep 3
        running
    fi
}
restarts() { $manager show --property NRestarts --value besedka 2>/dev/null || say 0; }
# Waits until the server is ready. One that ends again and again will not be.
becomes_ready() {
    waited=0
    while [ "$waited" -le "$patience" ]; do
        before=$(restarts)
        [ "$before" -lt 3 ] || return 1
        if running && answers; then
            # Not another program at this address, while the service can't have it.
            sleep 2
            if running && [ "$(restarts)" = "$before" ]; then return 0; fi
        fi
        sleep 1
        waited=$((waited + 1))
    done
    return 1
}

if same "$work/besedka" "$target" && same "$work/besedka.service" "$unit" && running; then
    say "$version is installed and running already: $public"
    say "After a change of the settings: $manager restart besedka"
    exit 0
fi

# What is replaced is kept until the new one is ready.
upgrade=no
if [ -e "$target" ] && [ -e "$unit" ]; then
    upgrade=yes
    # There already: an upgrade was interrupted, and that one is known to work.
    [ -e "$target.previous" ] || cp -p "$target" "$target.previous"
    [ -e "$unit.previous" ] || cp -p "$unit" "$unit.previous"
fi
# Copy next to the old binary, then rename over it: the old one may be running.
cp "$work/besedka" "$target.new"
mv -f "$target.new" "$target"
cp "$work/besedka.service" "$unit"
chmod 644 "$unit"
say "Installed $version as $target"
if [ "$live" = no ]; then
    rm -f "$target.previous" "$unit.previous"
    exit 0
fi

if [ "$mode" = system ]; then
    id besedka >/dev/null 2>&1 ||
        useradd --system --user-group --home-dir "$data" --shell /usr/sbin/nologin besedka
else
    (umask 077 && mkdir -p "$data")
    # So that the service starts with the machine and stays when its user logs out.
    loginctl enable-linger 2>/dev/null ||
        say "The service runs while you are logged in. To keep it running: sudo loginctl enable-linger $(id -un)"
fi
start() {
    $manager daemon-reload
    $manager enable --quiet besedka
    $manager restart besedka || true
}
start
if ! becomes_ready; then
    say "The server did not become ready. Its log:" >&2
    $log -n 20 --no-pager >&2 || true
    [ "$upgrade" = yes ] || fail "the service does not start; correct $settings, then: $manager restart besedka"
    mv -f "$target.previous" "$target"
    mv -f "$unit.previous" "$unit"
    start
    if becomes_ready; then
        fail "the upgrade failed; $("$target" --version) was put back and is running"
    fi
    fail "the upgrade failed, and $("$target" --version), which was put back, does not start either. If its log ($log)" \
        "says that the tables are newer: copies of the database from before are in $data"
fi
rm -f "$target.previous" "$unit.previous"

say "Besedka is running: $public"
say "Settings: $settings   Log: $log   Data: $data"
# The account of the service, with its settings; a server that has an administrator gives no link.
as_service() {
    if [ "$mode" = user ]; then
        sh -c "set -a; . '$settings'; set +a; BESEDKA_DATA_DIR='$data' exec \"\$@\"" sh "$@"
    else
        sh -c "set -a; . '$settings'; set +a; BESEDKA_DATA_DIR='$data' exec setpriv --reuid besedka --regid besedka --clear-groups \"\$@\"" sh "$@"
    fi
}
if link=$(as_service "$target" user setup-link --public-url "$public" 2>/dev/null); then
    say "To create the administrator's account, open this link, which works once: $link"
fi
if [ "$mode" = user ]; then
    say "To add an account yourself: $target user add NAME --data-dir $data"
else
    say "To add an account yourself: sudo -u besedka $target user add NAME --data-dir $data"
fi
