#!/usr/bin/env bash
# desktop/package/macos.sh FOLDER: builds the app for macOS, on a Mac: for both processors, in a disk image.
# Needs Xcode's command line tools and Rust. With SIGN_IDENTITY (a "Developer ID Application" of the keychain) it is
# signed; with NOTARY_PROFILE too (of `xcrun notarytool store-credentials`) Apple is asked to approve it.
set -euo pipefail
[ "$(uname)" = Darwin ] || { echo 'this runs on a Mac' >&2; exit 1; }
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$here/../Cargo.toml" | head -n 1)
cd "$here/.."
# The server's flags for a static binary are not for an app.
export RUSTFLAGS=

"$here/../pages.sh"
targets=(aarch64-apple-darwin x86_64-apple-darwin)
rustup target add "${targets[@]}"
for target in "${targets[@]}"; do
    cargo build --release --locked --target "$target"
done

app=$out/Besedka.app
rm -rf "$app"
mkdir -p "$app/Contents/MacOS" "$app/Contents/Resources"
lipo -create -output "$app/Contents/MacOS/besedka-desktop" \
    "target/${targets[0]}/release/besedka-desktop" "target/${targets[1]}/release/besedka-desktop"

icons=$(mktemp -d)/besedka.iconset
mkdir -p "$icons"
for size in 16 32 128 256 512; do
    sips -z $size $size icons/icon.png --out "$icons/icon_${size}x$size.png" >/dev/null
done
iconutil -c icns "$icons" -o "$app/Contents/Resources/besedka.icns"

cat >"$app/Contents/Info.plist" <<PLIST
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>
<key>CFBundleIdentifier</key><string>org.besedka.desktop</string>
<key>CFBundleName</key><string>Besedka</string>
<key>CFBundleExecutable</key><string>besedka-desktop</string>
<key>CFBundleIconFile</key><string>besedka</string>
<key>CFBundlePackageType</key><string>APPL</string>
<key>CFBundleVersion</key><string>$version</string>
<key>CFBundleShortVersionString</key><string>$version</string>
<key>LSMinimumSystemVersion</key><string>14.0</string>
<key>NSHighResolutionCapable</key><true/>
<key>NSMicrophoneUsageDescription</key><string>Voice messages are recorded with the microphone.</string>
<key>CFBundleURLTypes</key><array><dict>
<key>CFBundleURLName</key><string>org.besedka.desktop</string>
<key>CFBundleURLSchemes</key><array><string>besedka</string></array>
</dict></array>
</dict></plist>
PLIST

if [ -n "${SIGN_IDENTITY:-}" ]; then
    codesign --force --options runtime --timestamp --sign "$SIGN_IDENTITY" "$app"
else
    # Macs with Apple's processors run nothing without any signature.
    codesign --force --sign - "$app"
fi
image=$out/besedka-desktop_$version.dmg
hdiutil create -volname Besedka -srcfolder "$app" -ov -format UDZO "$image" >/dev/null
if [ -n "${NOTARY_PROFILE:-}" ]; then
    xcrun notarytool submit "$image" --keychain-profile "$NOTARY_PROFILE" --wait
    xcrun stapler staple "$image"
fi
echo "$image"
