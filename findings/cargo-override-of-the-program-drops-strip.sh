#!/bin/sh
# Tool: cargo 1.95.0 (first looked at with it).
#
# A profile with `strip = true` strips the program. With a section `[profile.NAME.package.PROGRAM]` for the package of the
# program itself, which sets nothing but another `opt-level`, cargo passes `strip=debuginfo` instead of `strip=symbols`, and
# the symbols stay in the file, and nothing is said. Sections of the profile for other
# packages change nothing.
#
# Seen: `strip=symbols` without the section and with one for a library, `strip=debuginfo` with one for the program.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
unset RUSTFLAGS CARGO_TARGET_DIR CARGO_BUILD_TARGET
mkdir -p src library/src
manifest() {
	cat >Cargo.toml <<'TOML'
[package]
name = "program"
version = "0.0.0"
edition = "2024"
[dependencies]
library = { path = "library" }
[profile.release]
strip = true
TOML
	[ $# -eq 0 ] || printf '[profile.release.package.%s]\nopt-level = 2\n' "$1" >>Cargo.toml
}
printf '[package]\nname = "library"\nversion = "0.0.0"\nedition = "2024"\n' >library/Cargo.toml
echo 'pub fn text() -> &'"'"'static str { "text" }' >library/src/lib.rs
echo 'fn main() { println!("{}", library::text()) }' >src/main.rs
passed() {
	touch src/main.rs
	cargo build --release --verbose 2>&1 | grep -- '--crate-name program' | grep -o 'strip=[a-z]*'
}
cargo --version
manifest
echo "without a section: $(passed), $(stat -c %s target/release/program) bytes" | tee seen
manifest library
echo "for a library: $(passed), $(stat -c %s target/release/program) bytes" | tee -a seen
manifest program
echo "for the program: $(passed), $(stat -c %s target/release/program) bytes" | tee -a seen
grep -q '^without a section: strip=symbols' seen
grep -q '^for a library: strip=symbols' seen
grep -q '^for the program: strip=debuginfo' seen
