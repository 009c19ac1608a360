#!/usr/bin/env bash
# tests/install.sh BINARY: does install.sh install, upgrade, put back and remove, with root and without?
# It runs in a root folder and a network of its own, where a script stands for systemd. That needs root.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

if [ "${1:-}" != --inside ]; then
    binary=$(realpath "$1")
    if [ "$(id -u)" != 0 ] || ! command -v ip >/dev/null; then
        [ -z "${CI:-}" ] || { echo 'the test of install.sh needs root and iproute2' >&2; exit 1; }
        echo 'skipped: the test of install.sh needs root and iproute2'
        exit 0
    fi
    if ! unshare --mount --net --pid --fork ip link set lo up 2>/dev/null; then
        echo 'skipped: the test of install.sh needs namespaces, which containers may not have'
        exit 0
    fi
    folder=$(mktemp -d)
    trap 'rm -rf --one-file-system "$folder"' EXIT
    unshare --mount --net --pid --fork --kill-child bash "$here/install.sh" --inside "$folder" "$binary"
    exit
fi

# Inside: what is mounted here ends with this process.
folder=$2
binary=$3
mount --make-rprivate /
mount -t tmpfs none "$folder"
mkdir "$folder"/{usr,etc,proc,dev,tmp,run,home,fake,source}
mkdir -p "$folder"/var/lib "$folder"/etc/systemd/system
# As on machines where nothing may be run from there.
mount -t tmpfs -o noexec,mode=1777 none "$folder/tmp"
for name in bin sbin lib lib64; do
    [ ! -L "/$name" ] || cp -P "/$name" "$folder/"
    [ -L "/$name" ] || [ ! -d "/$name" ] || { mkdir "$folder/$name" && mount --bind "/$name" "$folder/$name"; }
done
mount --rbind /usr "$folder/usr"
mount -t tmpfs none "$folder/usr/local"
mount --rbind /dev "$folder/dev"
mount -t proc none "$folder/proc"
ip link set lo up
printf 'root:x:0:0::/root:/bin/sh\nanna:x:1000:1000::/home/anna:/bin/sh\n' >"$folder/etc/passwd"
printf 'root:x:0:\nanna:x:1000:\n' >"$folder/etc/group"
touch "$folder/etc/shadow" "$folder/etc/gshadow"
mkdir "$folder/home/anna" && chown 1000:1000 "$folder/home/anna"
cp "$here/../install.sh" "$folder/source/"
cp "$binary" "$folder/source/new"

# They stand for systemd. Settings are read as systemd reads them, which is not how a shell does.
cat >"$folder/fake/settings" <<'FAKE'
load() { # FILE
    local line value
    while IFS= read -r line || [ -n "$line" ]; do
        [[ $line =~ ^[[:space:]]*([A-Za-z_][A-Za-z0-9_]*)=(.*)$ ]] || continue
        value=${BASH_REMATCH[2]}
        case $value in \"*\" | \'*\') value=${value:1:-1} ;; esac
        export "${BASH_REMATCH[1]}=$value"
    done <"$1"
}
FAKE
cat >"$folder/fake/systemd-run" <<'FAKE'
#!/usr/bin/env bash
set -euo pipefail
. /fake/settings
[ ! -e /run/broken ] || { echo 'Failed to connect to bus' >&2; exit 1; }
settings='' as=()
while [[ ${1:-} == -* ]]; do
    case $1 in
    --user | -qPG | --wait) ;;
    --uid=*) as=(setpriv --reuid "${1#*=}" --regid "${1#*=}" --clear-groups) ;;
    -E) export "${2?}" && shift ;;
    -p) settings=${2#EnvironmentFile=} && shift ;;
    *) echo "systemd-run $1?" >&2 && exit 1 ;;
    esac
    shift
done
# Wins over -E.
[ -z "$settings" ] || load "$settings"
cd /
exec "${as[@]}" "$@"
FAKE
# This one starts what the unit says, again and again, and counts: also when it is started anew, unless it is told to forget.
cat >"$folder/fake/systemctl" <<'FAKE'
#!/usr/bin/env bash
set -euo pipefail
. /fake/settings
unit=/etc/systemd/system/besedka.service state=/run/service
if [ "$1" = --user ]; then
    shift
    unit=$HOME/.config/systemd/user/besedka.service state=/tmp/service-of-user
fi
mkdir -p "$state"
stop() {
    [ -e "$state/loop" ] || return 0
    kill "$(cat "$state/loop")" 2>/dev/null || true
    pid=$(cat "$state/pid")
    kill "$pid" 2>/dev/null || true
    while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
    rm -f "$state/loop"
}
run() {
    local settings command
    settings=$(sed -n 's/^EnvironmentFile=-//p' "$unit")
    command=$(sed -n 's/^ExecStart=//p' "$unit")
    eval "export $(sed -n 's/^Environment=//p' "$unit")"
    [ ! -e "$settings" ] || load "$settings"
    mkdir -p "$BESEDKA_DATA_DIR" && cd "$BESEDKA_DATA_DIR"
    if grep -q '^User=' "$unit"; then
        chown -R besedka:besedka "$BESEDKA_DATA_DIR"
        local ports=(--inh-caps +net_bind_service --ambient-caps +net_bind_service)
        grep -q '^AmbientCapabilities=CAP_NET_BIND_SERVICE$' "$unit" || ports=()
        command="setpriv --reuid besedka --regid besedka --clear-groups ${ports[*]} $command"
    fi
    eval "exec $command"
}
case $1 in
show) case $* in *NRestarts*) cat "$state/restarts" ;; *) echo Version=0 ;; esac ;;
daemon-reload) ;;
enable) touch "$state/enabled" ;;
disable) stop && rm -f "$state/enabled" ;;
reset-failed) echo 0 >"$state/restarts" ;;
restart)
    stop
    [ -e "$state/restarts" ] || echo 0 >"$state/restarts"
    (
        while true; do
            run &
            echo $! >"$state/pid"
            wait $! || true
            echo $(($(cat "$state/restarts") + 1)) >"$state/restarts"
            sleep 0.3
        done
    ) >>"$state/log" 2>&1 </dev/null &
    echo $! >"$state/loop"
    ;;
is-active) [ -e "$state/loop" ] && kill -0 "$(cat "$state/pid")" ;;
*) echo "systemctl $*?" >&2 && exit 1 ;;
esac
FAKE
printf '#!/bin/sh\necho "the log of the service"\n' >"$folder/fake/journalctl"
printf '#!/bin/sh\n' >"$folder/fake/loginctl"
chmod 755 "$folder"/fake/*

# Another build, and one that is not ready before it may be.
{ cat "$binary" && echo; } >"$folder/source/other"
cat >"$folder/source/slow" <<'SLOW'
#!/bin/sh
case $1 in
--version) echo 'besedka 2.0.0' && exit ;;
serve) while [ ! -e /run/go ]; do sleep 0.1; done ;;
esac
exec /source/new "$@"
SLOW
# Versions that do not work: one ends at once, one is never ready.
for kind in ends hangs; do
    # shellcheck disable=SC2016 # for the script that is written
    printf '#!/bin/sh\ncase $1 in --version) echo "besedka 9.9.9" ;; serve) %s ;; *) exit 2 ;; esac\n' \
        "$([ "$kind" = ends ] && echo 'exit 1' || echo 'exec sleep 1000')" >"$folder/source/$kind"
done
chmod 755 "$folder"/source/*
tar -czf "$folder/source/new.tar.gz" -C "$folder/source" --transform 's|^new$|besedka-1.0/besedka|' new
node -e 'const [fs, http] = ["fs", "http"].map(require)
    http.createServer((ask, answer) => fs.createReadStream(process.argv[1] + ask.url).pipe(answer)).listen(8099, "127.0.0.1")' \
    "$folder/source" &

inside() { timeout 200 chroot "$folder" env -i PATH=/fake:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin HOME=/root "$@"; }
as_anna() { inside setpriv --reuid 1000 --regid 1000 --clear-groups env HOME=/home/anna "$@"; }
# The last words of the script, and whether it succeeded.
ends() { # 0|1 PATTERN COMMAND...
    local wanted=$1 pattern=$2 said status=0
    shift 2
    said=$("$@" 2>&1) || status=1
    [ "$status" = "$wanted" ] && [[ $said == *$pattern* ]] && return 0
    printf '%s\nended with %s, and should say "%s":\n%s\n' "$*" "$status" "$pattern" "$said" >&2
    exit 1
}
ok() { echo "ok - $*"; }
check() { "$@" || { echo "false: $*" >&2; exit 1; }; }
version() { inside "$1" --version; }
ready_at() { inside curl -fsSk -o /dev/null "$1/ready"; }
ready() { ready_at http://127.0.0.1:8000; }
# Waits for a condition.
until_true() {
    local left=600
    until "$@" 2>/dev/null; do
        left=$((left - 1))
        [ "$left" != 0 ] || { echo "never: $*" >&2; exit 1; }
        sleep 0.1
    done
}

sum=$(sha256sum "$binary" | cut -d ' ' -f 1)
install=(inside /source/install.sh --binary /source/new)

ends 1 'not the expected file' "${install[@]}" --sha256 "${sum//[0-9]/0}"
ends 1 'needs its checksum' inside /source/install.sh --binary http://127.0.0.1:8099/new
ends 1 'unknown option' "${install[@]}" --nonsense
check [ ! -e "$folder/usr/local/bin/besedka" ]
ok 'a wrong checksum, a download without one and an unknown option change nothing'

ends 0 'Besedka is running: http://' "${install[@]}" --sha256 "$sum"
check ready
check [ "$(stat -c %a "$folder/etc/besedka.env")" = 600 ]
check [ "$(inside stat -c %U "/proc/$(cat "$folder/run/service/pid")")" = besedka ]
ok 'it installs a service that does not run as root'

before=$(cat "$folder/run/service/pid")
ends 0 'running already' "${install[@]}"
check [ "$(cat "$folder/run/service/pid")" = "$before" ]
ok 'a second run changes nothing'

echo 'BESEDKA_REGISTRATION=invite' >>"$folder/etc/besedka.env"
for kind in ends hangs; do
    old=$(version /usr/local/bin/besedka)
    ends 1 "$old was put back and is running" inside /source/install.sh --binary "/source/$kind" --wait 2
    check [ "$(version /usr/local/bin/besedka)" = "$old" ]
    check ready
    check [ ! -e "$folder/usr/local/bin/besedka.previous" ]
done
check grep -q 'REGISTRATION=invite$' "$folder/etc/besedka.env"
ok 'an upgrade that does not become ready is put back'

sum=$(sha256sum "$folder/source/new.tar.gz" | cut -d ' ' -f 1)
cp "$folder/source/other" "$folder/usr/local/bin/besedka.other"
mv -f "$folder/usr/local/bin/besedka.other" "$folder/usr/local/bin/besedka"
ends 0 'Besedka is running' inside /source/install.sh --binary http://127.0.0.1:8099/new.tar.gz --sha256 "${sum^^}"
check cmp -s "$binary" "$folder/usr/local/bin/besedka"
check ready
ok 'an upgrade comes from an archive on a web server'

# It is killed while it waits for the other version, which then works.
for again in no yes; do
    rm -f "$folder/run/go"
    inside sh -c 'echo $$ >/run/installing && exec /source/install.sh --binary /source/slow' >/dev/null 2>&1 &
    until_true cmp -s "$folder/source/slow" "$folder/usr/local/bin/besedka"
    serves_slow() { grep -qz '^/usr/local/bin/besedka$' "$folder/proc/$(cat "$folder/run/service/pid")/cmdline" && ! ready; }
    until_true serves_slow
    kill "$(cat "$folder/run/installing")"
    wait $! || true
    check cmp -s "$binary" "$folder/usr/local/bin/besedka.previous"
    touch "$folder/run/go"
    until_true ready
    if [ "$again" = yes ]; then
        ends 0 'besedka 2.0.0 is installed and running already' inside /source/install.sh --binary /source/slow
        check [ ! -e "$folder/usr/local/bin/besedka.previous" ]
    fi
    ends 1 'besedka 2.0.0 was put back and is running' inside /source/install.sh --binary /source/ends
    ends 0 'Besedka is running' "${install[@]}"
done
ok 'an upgrade that was interrupted and works is what the next one puts back'

cp "$folder/etc/besedka.env" "$folder/etc/before"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=chat.example.org \
    -keyout "$folder/etc/key.pem" -out "$folder/etc/cert.pem" 2>/dev/null
chmod 644 "$folder/etc/key.pem"
printf '%s\n' 'BESEDKA_LISTEN="0.0.0.0:443"' BESEDKA_TLS_CERT=/etc/cert.pem BESEDKA_TLS_KEY=/etc/key.pem \
    >>"$folder/etc/besedka.env"
ends 0 $'Besedka is running: https://localhost\n' inside /source/install.sh --binary /source/other
check ready_at https://127.0.0.1
ends 0 'running already' inside /source/install.sh --binary /source/other
ends 1 'was put back and is running' inside /source/install.sh --binary /source/ends
check ready_at https://127.0.0.1
ok 'a server with a certificate of its own is upgraded'

cp "$folder/etc/before" "$folder/etc/besedka.env"
printf '%s\n' BESEDKA_LISTEN=0.0.0.0:8443 BESEDKA_TLS_DOMAIN=chat.example.org,b.example.org \
    BESEDKA_ACME_DIRECTORY=https://127.0.0.1:1/directory >>"$folder/etc/besedka.env"
ends 0 'Besedka is running: https://chat.example.org:8443' "${install[@]}"
ends 0 'has no certificate for chat.example.org,b.example.org yet' inside /source/install.sh --binary /source/other
ends 1 'was put back and is running' inside /source/install.sh --binary /source/ends
ok 'a server that waits for its first certificate is upgraded'

cp "$folder/etc/before" "$folder/etc/besedka.env"
mkdir -p "$folder/srv/files"
cat >>"$folder/etc/besedka.env" <<'SETTINGS'
BESEDKA_DATABASE_URL=sqlite:///srv/one&two/besedka.db
BESEDKA_STORAGE_URL='file:///srv/files'
BESEDKA_STORAGE_FALLBACK_URL=file:/var/lib/besedka/files
BESEDKA_BACKUP_TO="/var/backups/the 1st of \"100%\"/besedka-20261130T030000Z.tar.zst"
BESEDKA_MAIL_FROM=Besedka <besedka@example.org>
SETTINGS
ends 0 "can't write to /srv/files, which /etc/besedka.env names" "${install[@]}"
printf 'ReadWritePaths="-%s"\n' '/srv/files' '/srv/one&two' '/var/backups/the 1st of \"100%%\"' |
    diff - <(grep ReadWritePaths "$folder/etc/systemd/system/besedka.service")
for made in 'srv/one&two' 'var/backups/the 1st of "100%"'; do
    check [ "$(inside stat -c '%U:%G %a' "/$made")" = 'besedka:besedka 700' ]
done
check [ "$(stat -c %u "$folder/srv/files")" = 0 ]
inside chown besedka: /srv/files
ends 0 'running already' "${install[@]}"
sed -i '/BACKUP_TO/s|=.*|=s3://bucket/folder/|' "$folder/etc/besedka.env"
ends 0 'Besedka is running' "${install[@]}"
check [ "$(grep -c ReadWritePaths "$folder/etc/systemd/system/besedka.service")" = 2 ]
ok 'the service may write to the folders that the settings name'

said=$(inside /source/install.sh --binary /source/other)
typed=$(sed -n 's/^To add an account yourself: sudo //p' <<<"$said")
inside sh -c "${typed/NAME/olga --admin}" >/dev/null
inside setpriv --reuid besedka --regid besedka --clear-groups /usr/local/bin/besedka user list \
    --database-url 'sqlite:/srv/one&two/besedka.db' --data-dir /var/lib/besedka | grep -q olga ||
    { echo 'the account is in another database' >&2; exit 1; }
ok 'commands that it prints use the settings'

ends 0 'The data was kept' inside /source/install.sh --uninstall
ends 0 'There was no' inside /source/install.sh --uninstall
check [ ! -e "$folder/usr/local/bin/besedka" ] && check [ ! -e "$folder/etc/systemd/system/besedka.service" ]
check [ -e "$folder/var/lib/besedka/besedka.db" ]
! ready 2>/dev/null || { echo 'it still runs' >&2; exit 1; }
ok 'it is removed, and the data stays'

ends 1 'without root' inside /source/install.sh --user
ends 0 'Besedka is running: http://' as_anna /source/install.sh --user --binary /source/new
check ready
check [ -e "$folder/home/anna/.local/share/besedka/besedka.db" ]
check grep -q 'systemctl --user restart besedka' "$folder/home/anna/.config/besedka.env"
ends 1 'was put back and is running' as_anna /source/install.sh --user --binary /source/ends
check ready
ends 0 'The data was kept in /home/anna/.local/share/besedka' as_anna /source/install.sh --user --uninstall
ok 'an account without root has a service of its own'

# A newcomer types what README says, in a checkout where the first command has built the binary.
for page in README.md docs/ru/README.md; do
    # shellcheck disable=SC2016 # no command
    typed=$(sed -n '/^```sh$/,/^```$/p' "$here/../$page" | sed '/^```$/q' | grep -v '```')
    check [ "$typed" = "make release"$'\n'"sudo ./install.sh" ]
done
make -C "$here/.." --no-print-directory -n release | grep -q 'tests/release.sh .*/dist/besedka' ||
    { echo 'make release builds something else' >&2; exit 1; }
mkdir -p "$folder/checkout/target/here/dist"
cp "$here/../install.sh" "$folder/checkout/"
cp "$binary" "$folder/checkout/target/here/dist/besedka"
rm -rf "$folder/var/lib/besedka" "$folder/etc/besedka.env"
said=$(inside sh -c "cd /checkout && ${typed##*sudo }")
[[ $said =~ /setup#([^[:space:]]+) ]] || { printf 'no link to create the administrator:\n%s\n' "$said" >&2; exit 1; }
call() { # PATH BODY [HEADER]
    inside curl -fsS "http://127.0.0.1:8000/api/v1$1" -d "$2" -H 'Content-Type: application/json' \
        -H "Idempotency-Key: $(cat /proc/sys/kernel/random/uuid)" ${3:+-H "$3"}
}
field() { grep -o "\"$1\":\"*[^\",}]*" | head -n 1 | sed 's/.*:"*//'; }
about='"username":"anna","password":"correct horse battery","display_name":"Anna"'
token=$(call /auth/setup "{\"token\":\"${BASH_REMATCH[1]}\",$about}" | field access_token)
signed_in="Authorization: Bearer $token"
chat=$(call /chats '{"title":"Team","is_group":true,"member_ids":[]}' "$signed_in" | field id)
first=$(call /messages "{\"chat_id\":$chat,\"type\":\"text\",\"content\":\"Hello\"}" "$signed_in")
check grep -q '"content":"Hello"' <<<"$first"
touch "$folder/run/broken"
ends 0 'There is no link to create the administrator'"'"'s account: Failed to connect to bus' \
    inside /source/install.sh --binary /source/other
rm "$folder/run/broken"
said=$("${install[@]}" 2>&1)
[[ $said != *link* ]] || { printf 'a link for a server that has an administrator:\n%s\n' "$said" >&2; exit 1; }
inside /checkout/install.sh --uninstall >/dev/null
ok "README's commands lead to the first message"

mkdir -p "$folder/package/etc"
echo BESEDKA_BACKUP_TO=/var/backups/besedka >"$folder/package/etc/besedka.env"
ends 0 'Installed' inside env DESTDIR=/package /source/install.sh --binary /source/new --prefix=/usr
check [ -x "$folder/package/usr/bin/besedka" ] && check [ -e "$folder/package/etc/systemd/system/besedka.service" ]
check [ ! -e "$folder/usr/bin/besedka" ]
ok 'packagers get the files and nothing is started'

if command -v systemd-analyze >/dev/null; then
    for unit in "$folder/package/etc/systemd/system/besedka.service" "$here/../deploy/besedka@.service"; do
        level=$(systemd-analyze security --offline=true --no-pager "$unit" 2>/dev/null |
            sed -n 's/.*exposure level for.*: \([0-9.]*\) .*/\1/p')
        check [ "$(printf '%s\n2.0\n' "$level" | sort -g | tail -n 1)" = 2.0 ]
        ok "the exposure of $(basename "$unit") is $level, at most 2.0"
    done
fi
