#!/usr/bin/env bash
# desktop/tests/windows/wine.sh PROGRAM [ARGUMENT...]: runs a program for Windows under Wine, in the prefix WINEPREFIX, which is made
# first where there is none.
set -euo pipefail
here=$(realpath "$(dirname "$0")")
export WINEPREFIX=${WINEPREFIX:?} WINEARCH=win64 WINEDEBUG=-all
system=$WINEPREFIX/drive_c/windows/system32
if [ ! -d "$system" ]; then
    mkdir -p "$WINEPREFIX"
    WINEDLLOVERRIDES='mscoree,mshtml=' wineboot --init >"$WINEPREFIX/log" 2>&1 || { cat "$WINEPREFIX/log" >&2; exit 1; }
    wineserver --wait
fi
if [ ! -e "$system/bcryptprimitives.dll" ]; then
    x86_64-w64-mingw32-gcc -shared -O2 -o "$system/bcryptprimitives.dll" "$here/bcryptprimitives.c" -ladvapi32
fi
# Debian's Wine speaks of its 32 bits on every start.
exec wine "$@" 2> >(grep -v -e 'wine32 is missing' -e 'multiarch needs' -e 'execute "dpkg' -e 'apt-get install wine32' >&2)
