#!/bin/sh
# Library: async-nats 0.51.0 (Rust), the official client of NATS.
#
# A credentials file holds a signed name (JWT) and the seed of a key between lines of dashes. When the last of these lines
# is not followed by a line break, as in a file whose content was trimmed (a secret in an environment variable or a
# cluster's store, `$(cat file)` in a shell), `ConnectOptions::with_credentials` finds the name and not the key: "cannot
# parse nkey from the credentials file". One line break more, and the same content is read.
#
# Seen: with the line break it is read, without it is refused.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir src
cat >Cargo.toml <<'TOML'
[package]
name = "credentials"
version = "0.0.0"
edition = "2024"
[dependencies]
async-nats = { version = "=0.51.0", default-features = false, features = ["ring", "nkeys"] }
nkeys = "=0.4.5"
TOML
cat >src/main.rs <<'RUST'
fn main() {
    let seed = nkeys::KeyPair::new_user().seed().unwrap();
    let text = format!(
        "-----BEGIN NATS USER JWT-----\neyJ0eXAiOiJKV1QifQ.e30.c2ln\n------END NATS USER JWT------\n\n\
         -----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------"
    );
    for (what, text) in [("with", format!("{text}\n")), ("without", text)] {
        match async_nats::ConnectOptions::with_credentials(&text) {
            Ok(_) => println!("{what} a last line break: read"),
            Err(error) => println!("{what} a last line break: {error}"),
        }
    }
}
RUST
cargo run --quiet | tee seen
diff - seen <<'SEEN'
with a last line break: read
without a last line break: cannot parse nkey from the credentials file
SEEN
echo 'as described'
