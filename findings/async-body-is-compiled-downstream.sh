#!/bin/sh
# Tool: rustc 1.95.0 (first looked at with it), with the crate async-recursion 1.1.1.
#
# In an optimized build the body of a public, non-generic `async fn` is not in the library that defines it. It is compiled by whichever crate
# awaits it, once for each such crate, together with every `async fn` that it awaits in turn. So splitting a crate in two
# does not split the work: the upper one compiles the lower one's async code again after each change of its own. A plain
# `pub fn` of the same library is where it is defined. When the function returns its future in a box, the body is in the
# defining library, since the table of the trait object needs its code.
#
# Seen: of `plain`, `awaited` and `boxed`, defined in `lower` and used in `upper`, `lower` holds `plain` and the body of
# `boxed`; the body of `awaited` is in `upper` alone.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir -p lower upper
cat >Cargo.toml <<'TOML'
[workspace]
members = ["lower", "upper"]
resolver = "3"
[profile.release]
opt-level = 1
TOML
cat >lower/Cargo.toml <<'TOML'
[package]
name = "lower"
version = "0.0.0"
edition = "2024"
[lib]
path = "lib.rs"
[dependencies]
async-recursion = "=1.1.1"
TOML
cat >lower/lib.rs <<'RUST'
#[inline(never)]
pub fn plain(text: &str) -> usize {
    text.split(' ').count()
}
pub async fn awaited(text: String) -> usize {
    let mut words = 0;
    for part in text.split(',') {
        std::future::ready(()).await;
        words += plain(part) + part.trim().len();
    }
    words
}
#[async_recursion::async_recursion]
pub async fn boxed(text: String) -> usize {
    let mut words = 0;
    for part in text.split(';') {
        std::future::ready(()).await;
        words += plain(part) * part.trim().len();
    }
    words
}
RUST
cat >upper/Cargo.toml <<'TOML'
[package]
name = "upper"
version = "0.0.0"
edition = "2024"
[lib]
path = "lib.rs"
[dependencies]
lower = { path = "../lower" }
TOML
cat >upper/lib.rs <<'RUST'
pub fn one(text: String) -> std::pin::Pin<Box<dyn Future<Output = usize>>> {
    Box::pin(async { lower::awaited(text.clone()).await + lower::boxed(text).await })
}
pub fn other(text: String) -> std::pin::Pin<Box<dyn Future<Output = usize>>> {
    Box::pin(async { lower::awaited(text.clone()).await * lower::boxed(text).await })
}
RUST
rustc --version
cargo build --quiet --release
defined() { nm --demangle "target/release/lib$1.rlib" 2>/dev/null | grep -E " [tT] .*lower::$2(::\{|\$)" | grep -cv drop || true; }
for library in lower upper; do
	for function in plain awaited boxed; do
		echo "$library defines code of $function: $(defined $library $function)"
	done
done | tee seen
grep -qx 'lower defines code of awaited: 0' seen
grep -qxE 'upper defines code of awaited: [1-9].*' seen
grep -qxE 'lower defines code of plain: [1-9].*' seen
grep -qxE 'lower defines code of boxed: [1-9].*' seen
grep -qx 'upper defines code of boxed: 0' seen
