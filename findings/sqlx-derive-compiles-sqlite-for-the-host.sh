#!/bin/sh
# Library: sqlx 0.9.0 (crates.io).
#
# Asking for `derive` alone (no compile-time checked queries, no migrations) with the driver `sqlite` makes the procedural
# macro crate depend on the driver too: `sqlite` is `sqlx-macros?/sqlite`. The bundled SQLite, two megabytes of amalgamated
# C, is compiled a second time, for the machine that builds, although `#[derive(FromRow)]` never opens a database. With
# `mysql` and a TLS backend the backend is built for the host as well. Without `derive` there is one copy.
#
# Seen: with `derive`, libsqlite3-sys is a dependency of sqlx-macros (proc-macro); without it, it is not.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir src
echo >src/lib.rs
tree() {
	cat >Cargo.toml <<TOML
[package]
name = "finding"
version = "0.0.0"
edition = "2021"
[dependencies]
sqlx = { version = "=0.9.0", default-features = false, features = [$1] }
TOML
	cargo tree --quiet --edges normal --invert libsqlite3-sys --prefix none
}
tree '"sqlite", "derive"' | tee with
echo ---
tree '"sqlite"' | tee without
grep -q '^sqlx-macros v0.9.0 (proc-macro)' with
if grep -q proc-macro without; then exit 1; fi
