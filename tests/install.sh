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
chmod 1777 "$folder/tmp"
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

# It stands for systemd: it starts what the unit says, again and again, and counts.
cat >"$folder/fake/systemctl" <<'FAKE'
#!/usr/bin/env bash
set -euo pipefail
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
    set -a
    eval "export $(sed -n 's/^Environment=//p' "$unit")"
    [ ! -e "$settings" ] || . "$settings"
    set +a
    mkdir -p "$BESEDKA_DATA_DIR" && cd "$BESEDKA_DATA_DIR"
    if grep -q '^User=' "$unit"; then
        chown -R besedka:besedka "$BESEDKA_DATA_DIR"
        command="setpriv --reuid besedka --regid besedka --clear-groups $command"
    fi
    eval "exec $command"
}
case $1 in
show) case $* in *NRestarts*) cat "$state/restarts" ;; *) echo Version=0 ;; esac ;;
daemon-reload) ;;
enable) touch "$state/enabled" ;;
disable) stop && rm -f "$state/enabled" ;;
restart)
    stop
    echo 0 >"$state/restarts"
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

inside() { timeout 100 chroot "$folder" env -i PATH=/fake:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin HOME=/root "$@"; }
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
ready() { inside curl -fsS -o /dev/null http://127.0.0.1:8000/ready; }

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
# Another build.
{ cat "$binary" && echo; } >"$folder/tmp/besedka"
chmod 755 "$folder/tmp/besedka"
mv -f "$folder/tmp/besedka" "$folder/usr/local/bin/besedka"
ends 0 'Besedka is running' inside /source/install.sh --binary http://127.0.0.1:8099/new.tar.gz --sha256 "${sum^^}"
check cmp -s "$binary" "$folder/usr/local/bin/besedka"
check ready
ok 'an upgrade comes from an archive on a web server'

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
inside /checkout/install.sh --uninstall >/dev/null
ok "README's commands lead to the first message"

ends 0 'Installed' inside env DESTDIR=/tmp/package /source/install.sh --binary /source/new --prefix=/usr
check [ -x "$folder/tmp/package/usr/bin/besedka" ] && check [ -e "$folder/tmp/package/etc/systemd/system/besedka.service" ]
check [ ! -e "$folder/usr/bin/besedka" ]
ok 'packagers get the files and nothing is started'

if command -v systemd-analyze >/dev/null; then
    for unit in "$folder/tmp/package/etc/systemd/system/besedka.service" "$here/../deploy/besedka@.service"; do
        level=$(systemd-analyze security --offline=true --no-pager "$unit" 2>/dev/null |
            sed -n 's/.*exposure level for.*: \([0-9.]*\) .*/\1/p')
        check [ "$(printf '%s\n2.0\n' "$level" | sort -g | tail -n 1)" = 2.0 ]
        ok "the exposure of $(basename "$unit") is $level, at most 2.0"
    done
fi
