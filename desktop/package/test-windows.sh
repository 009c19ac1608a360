#!/usr/bin/env bash
# desktop/package/test-windows.sh SETUP [TESTS...]: runs the setup program and the app under Wine, in a prefix of its own: what the setup
# program contains, what it installs and says, how an update replaces the app, what is left after the uninstaller. Wine has
# no WebView2, so the app gets as far as saying so. TESTS are the programs of the tests in Rust, which run there too.
set -euo pipefail
here=$(realpath "$(dirname "$0")")
setup=$(realpath "$1")
tests=()
for one in "${@:2}"; do tests+=("$(realpath "$one")"); done
for tool in wine 7z xvfb-run openbox x86_64-w64-mingw32-gcc; do
    command -v "$tool" >/dev/null || { echo "skipped: $tool is missing" >&2; exit 0; }
done
if [ -z "${BESEDKA_SCREEN:-}" ]; then
    BESEDKA_SCREEN=own exec xvfb-run -a -s '-screen 0 1400x1000x24' "$0" "$setup" "${tests[@]}"
fi

work=$(mktemp -d)
export WINEPREFIX=$work/prefix
# shellcheck disable=SC2317,SC2329 # called by the trap
end() {
    WINEPREFIX=$work/prefix wineserver --kill 2>/dev/null || true
    [ -z "${manager:-}" ] || kill "$manager" 2>/dev/null || true
    rm -rf "$work"
}
trap end EXIT
openbox --sm-disable 2>/dev/null &
manager=$!
windows() { "$here/../tests/windows/wine.sh" "$@"; }
in_language() { LC_ALL=$1 LANG=$1 windows "${@:2}"; }
fail() { echo "failed: $*" >&2; exit 1; }
pass() { echo "ok: $*" >&2; }
# until COMMAND...: waits till it succeeds.
until_() { for _ in $(seq "${PATIENCE:-60}"); do "$@" && return 0; sleep 1; done; return 1; }
x86_64-w64-mingw32-gcc -municode -O2 -o "$work/dialog.exe" "$here/../tests/windows/dialog.c"
says() { windows "$work/dialog.exe" "$1" >"$work/said" 2>/dev/null; }
press() { windows "$work/dialog.exe" "$1" "$2" >/dev/null; }
shots=$here/../tests/screenshots
mkdir -p "$shots"
shot() { ! command -v import >/dev/null || import -window root "$shots/$1.png"; }

content=$(7z l -ba "$setup" | awk '{ print $NF }')
for file in besedka-desktop.exe WebView2Loader.dll uninstall.exe; do
    grep -qx "$file" <<<"$content" || fail "the setup program has no $file"
done
pass "the setup program has the app, the loader of WebView2 and an uninstaller"

windows cmd /c ver >/dev/null
for one in "${tests[@]}"; do
    # Wine 8 knows neither an authority of one's own (CERT_CHAIN_ENGINE_CONFIG.dwExclusiveFlags) nor that word of Windows for one
    # that is not trusted.
    windows "$one" --skip each_flaw_of_a_certificate --skip an_authority_that_is_not_trusted >"$work/tests" 2>&1 || { cat "$work/tests" >&2; fail "$one"; }
    pass "$(basename "$one"): $(grep '^test result' "$work/tests")"
done

# Started by hand it says that WebView2 is missing, and goes on.
in_language en_US.UTF-8 "$setup" &
running=$!
until_ says 'Besedka Setup' || fail 'the setup program says nothing'
grep -q 'WebView2 is missing' "$work/said" || { cat "$work/said" >&2; fail 'it does not say that WebView2 is missing'; }
grep -q 'https://go.microsoft.com/' "$work/said" || fail 'it does not say where WebView2 is'
shot setup-without-webview
press 'Besedka Setup' '&No' || fail 'its question cannot be answered'
asks_where() { says 'Besedka Setup' && grep -q '&Install' "$work/said"; }
until_ asks_where || { cat "$work/said" >&2; fail 'it does not go on'; }
press 'Besedka Setup' 'Cancel'
wait "$running" || true
pass 'the setup program says that WebView2 is missing and where to get it, and goes on'

home=$WINEPREFIX/drive_c/users/$(id -un)/AppData/Local
folder=$home/Programs/Besedka
registry() { windows reg query "$1" "${@:2}" 2>/dev/null; }
windows "$setup" /S
for file in besedka-desktop.exe WebView2Loader.dll uninstall.exe; do
    [ -s "$folder/$file" ] || fail "$file was not installed"
done
registry 'HKCU\Software\Classes\besedka\shell\open\command' | grep -q 'besedka-desktop.exe" "%1"' || fail 'links are not registered'
registry 'HKCU\Software\Microsoft\Windows\CurrentVersion\Uninstall\Besedka' /v DisplayVersion | grep -q REG_SZ ||
    fail 'the uninstaller is not registered'
find "$WINEPREFIX/drive_c" -name Besedka.lnk | grep -q . || fail 'the start menu has no shortcut'
pass 'installed: files, shortcut, links, uninstaller'

# without_webview LANGUAGE TITLE TEXT BUTTON: the app says what is missing, and ends.
without_webview() {
    local code=0
    in_language "$1" "$folder/besedka-desktop.exe" >/dev/null 2>&1 &
    local app=$!
    until_ says "$2" || fail "the app says nothing in $1"
    grep -q "$3" "$work/said" || { cat "$work/said" >&2; fail "the app does not say $3"; }
    grep -q 'https://go.microsoft.com/' "$work/said" || fail 'the app does not say where WebView2 is'
    shot "without-webview-$1"
    press "$2" "$4" || fail "there is no button $4"
    wait "$app" || code=$?
    [ "$code" = 1 ] || fail "the app ended with $code"
}
without_webview ru_RU.UTF-8 Беседка 'нет Microsoft Edge WebView2' 'Выйти из приложения'
without_webview en_US.UTF-8 Besedka 'WebView2 is missing' Quit
pass 'the app says that WebView2 is missing and where to get it, in both languages'

# An update waits for the app to end, replaces it and starts it again.
in_language en_US.UTF-8 "$folder/besedka-desktop.exe" >/dev/null 2>&1 &
app=$!
until_ says Besedka || fail 'the app does not start again'
touch -d 2020-01-01 "$folder/WebView2Loader.dll"
in_language en_US.UTF-8 "$setup" /S /UPDATE &
update=$!
sleep 2
[ "$(stat -c %Y "$folder/WebView2Loader.dll")" -lt 1600000000 ] || fail 'the update did not wait for the app'
press Besedka Quit
wait "$app" || true
wait "$update" || fail 'the update failed'
[ "$(stat -c %Y "$folder/WebView2Loader.dll")" -gt 1600000000 ] || fail 'the update replaced nothing'
until_ says Besedka || fail 'the update did not start the app'
press Besedka Quit
pass 'an update waits for the app, replaces it and starts it again'

until_ windows "$folder/uninstall.exe" /S || fail 'the uninstaller failed'
gone() { [ ! -e "$folder" ]; }
until_ gone || { ls "$folder" >&2; fail 'files are left behind'; }
! registry 'HKCU\Software\Classes\besedka' >/dev/null || fail 'links are left behind'
! registry 'HKCU\Software\Microsoft\Windows\CurrentVersion\Uninstall\Besedka' >/dev/null || fail 'the uninstaller is left behind'
pass 'uninstalled: neither files nor keys are left'
