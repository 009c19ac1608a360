#!/bin/sh
# Tool: Wine 8.0 (Debian 12: libwine and wine64 8.0~repack-4), with mingw-w64 10.0.0 to compile the programs.
#
# Rust's standard library asks Windows for the random keys of its hash maps by `ProcessPrng` of bcryptprimitives.dll. This
# Wine has bcrypt.dll, but no bcryptprimitives.dll. So a Windows program that was written in Rust ends before `main`, with the
# exit code 53 and, unless WINEDEBUG asks for it, without a word: it looks like a fault of one's own program or of the cross
# build. A DLL of one function beside the program, which passes the call on to advapi32, is enough.
#
# Seen: the program without the import prints "started"; the one with it ends with 53 and `status c0000135`.
#
# The 600 MB of Wine are unpacked in a temporary folder. A C compiler for Windows is taken from there too.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
version=10.0.0-3
apt-get -qq -o APT::Sandbox::User=root download libwine=8.0~repack-4 wine64=8.0~repack-4 libz-mingw-w64=1.2.13+dfsg-1 \
    mingw-w64-common=$version mingw-w64-x86-64-dev=$version binutils-mingw-w64-x86-64=2.40-2+10.4 \
    gcc-mingw-w64-x86-64-win32=12.2.0-14+deb12u1+25.2+b1 gcc-mingw-w64-x86-64-win32-runtime=12.2.0-14+deb12u1+25.2+b1
for package in *.deb; do dpkg -x "$package" root; done
modules=$folder/root/usr/lib/x86_64-linux-gnu/wine/x86_64-windows
cp root/usr/x86_64-w64-mingw32/lib/zlib1.dll "$modules"
PATH=$folder/root/usr/bin:$PATH
export WINEPREFIX="$folder/prefix" WINEDEBUG=-all,err+module

cat >without.c <<'C'
#include <stdio.h>
int main(void) { puts("started"); return 0; }
C
cat >with.c <<'C'
#include <stdio.h>
__declspec(dllimport) int __stdcall ProcessPrng(unsigned char *, unsigned long long);
int main(void) { unsigned char byte; puts(ProcessPrng(&byte, 1) ? "started" : "failed"); return 0; }
C
printf 'LIBRARY bcryptprimitives.dll\nEXPORTS\nProcessPrng\n' >random.def
x86_64-w64-mingw32-dlltool -d random.def -l librandom.a
x86_64-w64-mingw32-gcc-win32 without.c -o without.exe
x86_64-w64-mingw32-gcc-win32 with.c -L. -lrandom -o with.exe

wine() {
    timeout 300 root/usr/lib/wine/wine64 "$@"
}
wine without.exe >first.txt 2>first.err
status=0
wine with.exe >second.txt 2>second.err || status=$?
grep -h . first.txt second.err
[ "$(tr -d '\r' <first.txt)" = started ] || { echo "Changed: Wine does not run a plain program here"; exit 1; }
[ "$status" = 53 ] || { echo "Changed: the program that asks for random numbers ended with $status"; exit 1; }
grep -q 'bcryptprimitives.dll.*not found' second.err || { echo "Changed: another reason"; exit 1; }
root/usr/lib/wine/wine64 wineboot --kill >/dev/null 2>&1 || true
echo "As described: exit code $status, before main"
