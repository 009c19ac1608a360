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

node commands.mjs "$binary"

# Away from the source tree, so that what is served can only come out of the binary.
inside=$PWD/binary.test.mjs
with_server=$PWD/with-server.sh
cd /
"$with_server" "$binary" node --test "$inside"
