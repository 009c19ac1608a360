#!/usr/bin/env bash
# tests/binary.sh BINARY: is it one static file with the web client inside?
set -euo pipefail
binary=$(realpath "$1")
cd "$(dirname "$0")"

if [ "$(uname)" = Linux ]; then
    linked=$(ldd "$binary" 2>&1 || true)
    case $linked in
    *'statically linked'* | *'not a dynamic executable'* | *'Not a valid dynamic program'*) ;;
    *)
        echo "not static: $linked" >&2
        exit 1
        ;;
    esac
fi

# What administrators are told to set must be a setting, and every setting must be explained.
known=$("$binary" serve --help)
while read -r name; do
    case $known in *"[env: $name"[=\]]*) ;; *)
        echo "install.sh, deploy/ or docs/ name $name, which is no setting" >&2
        exit 1
        ;;
    esac
done < <(grep -rhoE 'BESEDKA_[A-Z_]*[A-Z]' ../install.sh ../deploy ../docs/run ../docs/api ../docs/ru ../README.md | sort -u)
for page in ../docs/run/configuration.md ../docs/ru/run/configuration.md; do
    while read -r name; do
        grep -q "\`$name\`" "$page" || { echo "$page lacks $name" >&2; exit 1; }
    done < <(grep -oE '\[env: BESEDKA_[A-Z_]*' <<<"$known" | cut -d ' ' -f 2 | grep -v '_FILE$')
done

# Service managers must not kill a server that stops gracefully, which takes as long as it may drain and these two.
timeouts=$(sed -nE 's/^const (REQUESTS|BACKGROUND)_TIMEOUT: Duration = Duration::from_secs\(([0-9]+)\);$/\2/p' \
    ../src/server/mod.rs)
[ "$(wc -w <<<"$timeouts")" = 2 ] || { echo 'src/server/mod.rs has other timeouts than expected' >&2; exit 1; }
drain=$(grep -rhoE 'BESEDKA_DRAIN[=:] *[0-9]+' ../install.sh ../deploy | grep -oE '[0-9]+$' | sort -n | tail -n 1)
needed=$((drain + ${timeouts/$'\n'/ + }))
while IFS=: read -r file granted; do
    [ "$granted" -gt "$needed" ] || { echo "$file grants $granted s to stop, which may take $needed s" >&2; exit 1; }
done < <(grep -roE '(TimeoutStopSec=|stop_grace_period: )[0-9]+' ../install.sh ../deploy | sed -E 's/:.*[^0-9]([0-9]+)$/:\1/')

node commands.mjs "$binary"

# Away from the source tree, so that what is served can only come out of the binary.
inside=$PWD/binary.test.mjs
with_server=$PWD/with-server.sh
cd /
"$with_server" "$binary" node --test "$inside"
