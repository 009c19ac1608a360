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
trap 'rm -rf "$work"; rm -f "$target.new"' EXIT
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
# Next to the old binary, because programs may not be allowed to run from /tmp.
mkdir -p "$destdir$prefix/bin"
cp "$binary" "$target.new"
chmod 755 "$target.new"
version=$("$target.new" --version) || fail "$binary does not run on this machine ($(uname -m))"

if [ "$service" = no ]; then
    mv -f "$target.new" "$target"
    say "Installed $version as $target"
    exit 0
fi

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

# Who may create an account: open (everybody who can reach the server), invite, mail,
# closed. Without it, what the first administrator chooses.
#BESEDKA_REGISTRATION=invite
# The largest file that may be uploaded, in bytes.
#BESEDKA_UPLOAD_LIMIT=104857600
# Whether to limit the rate of requests: on, off.
#BESEDKA_RATE_LIMITS=on

# The database and the files, if not in the data folder, and backups. After a change of a folder,
# run install.sh again: it creates the folder and lets the service write there.
#BESEDKA_DATABASE_URL=mysql://besedka:password@db.example.org/besedka
#BESEDKA_STORAGE_URL=file:/srv/besedka
#BESEDKA_BACKUP_EVERY=24h
#BESEDKA_BACKUP_TO=/var/backups/besedka

# What to log, and the format: text, json.
#BESEDKA_LOG=info
#BESEDKA_LOG_FORMAT=text
SETTINGS
    # The command that applies them.
    [ "$mode" = system ] || sed -i 's/systemctl restart besedka/systemctl --user restart besedka/' "$settings"
fi

# The value of a setting, read as systemd reads it; a value of several lines is not understood.
setting() {
    sed -n "s/^[[:space:]]*$1[[:space:]]*=[[:space:]]*//p" "$settings" | tail -n 1 | sed -e 's/[[:space:]]*$//' \
        -e "/^'.*'\$/{s/^.//;s/.\$//;b" -e '}' -e '/^".*"$/{s/^.//;s/.$//' -e '}' -e 's/\\\(.\)/\1/g'
}
# The folders outside the data folder that the settings name. The program takes file: and sqlite: with // and without.
folders() {
    {
        setting BESEDKA_DATA_DIR
        setting BESEDKA_BACKUP_TO | sed -e 's/^file://' -e '/\.tar\.zst$/s|/[^/]*$||' -e '/\.tar\.zst\.age$/s|/[^/]*$||'
        for name in BESEDKA_STORAGE_URL BESEDKA_STORAGE_FALLBACK_URL; do
            setting "$name" | sed -n 's/^file://p' | sed 's|^//||'
        done
        setting BESEDKA_DATABASE_URL | sed -n 's/^sqlite://p' | sed -e 's|^//||' -e 's|/[^/]*$||'
    } | sed -e 's|//*|/|g' -e 's|/$||' | sort -u | while IFS= read -r folder; do
        case $folder in "$data" | "$data"/*) ;; /*) say "$folder" ;; esac
    done
}

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
# Longer than BESEDKA_DRAIN + 40.
TimeoutStopSec=60
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

# It may access its own folder, those in its settings and the network, nothing else.
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
UNIT
    # Also those that are missing, such as a disk that is not there now.
    folders | sed -e 's/[\\"]/\\&/g' -e 's/%/%%/g' -e 's/.*/ReadWritePaths="-&"/'
    cat <<'UNIT'

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

# What the service does not see, such as settings of the shell that runs this script, must not matter below.
for name in $(env | sed -n 's/^\(BESEDKA_[A-Z_]*\)=.*/\1/p'); do unset "$name"; done

# The address to ask and the one to print, from the settings.
listen=$(setting BESEDKA_LISTEN)
listen=${listen:-127.0.0.1:8000}
port=${listen##*:}
host=${listen%:*}
certificate=$(setting BESEDKA_TLS_CERT)
key=$(setting BESEDKA_TLS_KEY)
domains=$(setting BESEDKA_TLS_DOMAIN)
if [ -n "$certificate$domains" ]; then scheme=https usual=443; else scheme=http usual=80; fi
public=$(setting BESEDKA_PUBLIC_URL)
if [ -z "$public" ]; then
    name=${domains%%,*}
    [ -n "$name" ] || case $host in
    '' | 0.0.0.0 | '[::]') name=$(hostname -I 2>/dev/null | cut -d ' ' -f 1) ;;
    *) name=$host ;;
    esac
    case $name in '') name=localhost ;; \[*) ;; *:*) name="[$name]" ;; esac
    public=$scheme://$name
    [ "$port" = "$usual" ] || public=$public:$port
fi
case $host in
'' | 0.0.0.0) asked=127.0.0.1:$port ;;
'[::]') asked="[::1]:$port" ;;
*) asked=$listen ;;
esac

running() { [ "$live" = yes ] && $manager is-active --quiet besedka; }
same() { [ -e "$2" ] && cmp -s "$1" "$2"; }

# Whether the server is ready to serve, by the means that are here.
lacks_certificate=no
answers() {
    lacks_certificate=no
    if "$target" healthcheck --help >/dev/null 2>&1; then
        # By the environment, because older versions do not know these options.
        said=$(
            [ -z "$certificate" ] || export BESEDKA_TLS_CERT="$certificate" BESEDKA_TLS_KEY="$key"
            [ -z "$domains" ] || export BESEDKA_TLS_DOMAIN="$domains"
            "$target" healthcheck --ready --listen "$asked" 2>&1
        ) && return 0
        # While a server waits for its first certificate it refuses handshakes, which it does not before the database is
        # open. It may wait for long, for example for DNS, and another version could not serve either.
        case $domains:$said in :*) return 1 ;; *'fatal alert'*) lacks_certificate=yes ;; *) return 1 ;; esac
    elif command -v curl >/dev/null; then
        curl -fsk --max-time 5 -o /dev/null "$scheme://$asked/ready"
    elif command -v wget >/dev/null; then
        wget -q --no-check-certificate -T 5 -O /dev/null "$scheme://$asked/ready"
    else
        sleep 3
        running
    fi
}
restarts() {
    count=$($manager show --property NRestarts --value besedka 2>/dev/null) || true
    say "${count:-0}"
}
# Waits until the server is ready. One that ends again and again will not be.
becomes_ready() {
    waited=0
    # Some versions of systemd go on counting when a service that was restarting is started anew.
    first=$(restarts)
    while [ "$waited" -le "$patience" ]; do
        before=$(restarts)
        [ "$((before - first))" -lt 3 ] || return 1
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

works=no
if [ -e "$target" ] && [ -e "$unit" ] && running && answers; then works=yes; fi
if [ "$works" = yes ] && same "$target.new" "$target" && same "$work/besedka.service" "$unit"; then
    # Of an upgrade that was interrupted after all it had to do.
    rm -f "$target.previous" "$unit.previous"
    say "$version is installed and running already: $public"
    say "After a change of the settings: $manager restart besedka"
    exit 0
fi

# What the service needs besides.
if [ "$live" = yes ] && [ "$mode" = system ]; then
    id besedka >/dev/null 2>&1 ||
        useradd --system --user-group --home-dir "$data" --shell /usr/sbin/nologin besedka
    folders | while IFS= read -r folder; do
        case $folder/ in
        /home/* | /root/* | /run/user/* | /tmp/* | /var/tmp/*)
            say "The service has no access to $folder, which $settings names: choose another folder" >&2
            continue
            ;;
        esac
        [ -e "$folder" ] || install -d -o besedka -g besedka -m 700 "$folder" || true
        setpriv --reuid besedka --regid besedka --init-groups test -w "$folder" ||
            say "The service can't write to $folder, which $settings names. To allow it: chown besedka: $folder" >&2
    done
elif [ "$live" = yes ]; then
    (umask 077 && mkdir -p "$data")
    # So that the service starts with the machine and stays when its user logs out.
    loginctl enable-linger 2>/dev/null ||
        say "The service runs while you are logged in. To keep it running: sudo loginctl enable-linger $(id -un)"
fi

# What is replaced is kept until the new one is ready.
upgrade=no
if [ -e "$target" ] && [ -e "$unit" ]; then
    upgrade=yes
    # There already: an upgrade was interrupted. That one is known to work, and the installed one only if it answers.
    for file in "$target" "$unit"; do
        if [ "$works" = yes ] || [ ! -e "$file.previous" ]; then cp -p "$file" "$file.previous"; fi
    done
fi
# Renamed over the old binary, which may be running.
mv -f "$target.new" "$target"
cp "$work/besedka.service" "$unit"
chmod 644 "$unit"
say "Installed $version as $target"
if [ "$live" = no ]; then
    rm -f "$target.previous" "$unit.previous"
    exit 0
fi

start() {
    $manager daemon-reload
    $manager enable --quiet besedka
    # A service that has failed too often would not be started again.
    $manager reset-failed besedka 2>/dev/null || true
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
if [ "$lacks_certificate" = yes ]; then
    say "It has no certificate for $domains yet, and goes on asking for one. If that fails, the log says why: $log"
fi
moved=$(setting BESEDKA_DATA_DIR)
say "Settings: $settings   Log: $log   Data: ${moved:-$data}"
# Commands need the account and the settings of the service. A shell would read the file of settings in another way.
as_service() {
    if [ "$mode" = user ]; then
        systemd-run --user -qPG --wait -E "BESEDKA_DATA_DIR=$data" -p "EnvironmentFile=$settings" "$@"
    else
        systemd-run -qPG --wait --uid=besedka -E "BESEDKA_DATA_DIR=$data" -p "EnvironmentFile=$settings" "$@"
    fi
}
if [ "$mode" = user ]; then
    command="systemd-run --user -qPG --wait -E BESEDKA_DATA_DIR='$data' -p EnvironmentFile='$settings' '$target'"
else
    command="sudo systemd-run -qPG --wait --uid=besedka -E BESEDKA_DATA_DIR=$data -p EnvironmentFile=$settings $target"
fi
# A server that has an administrator gives no link.
if link=$(as_service "$target" user setup-link --public-url "$public" 2>"$work/why" </dev/null); then
    say "To create the administrator's account, open this link, which works once: $link"
elif ! grep -q 'has an administrator already' "$work/why"; then
    say "There is no link to create the administrator's account: $(tail -n 1 "$work/why")" >&2
    say "To try again: $command user setup-link --public-url $public" >&2
fi
say "To add an account yourself: $command user add NAME"
