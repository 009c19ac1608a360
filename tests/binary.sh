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

# What install.sh tells administrators to set must be a setting.
known=$("$binary" serve --help)
while read -r name; do
    case $known in *"$name"*) ;; *)
        echo "install.sh names $name, which is no setting" >&2
        exit 1
        ;;
    esac
done < <(grep -o 'BESEDKA_[A-Z_]*' ../install.sh | sort -u)

# Away from the source tree, so that what is served can only come out of the binary.
inside=$PWD/binary.test.mjs
with_server=$PWD/with-server.sh
cd /
"$with_server" "$binary" node --test "$inside"
