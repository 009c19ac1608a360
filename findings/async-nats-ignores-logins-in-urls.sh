#!/bin/sh
# Library: async-nats 0.51.0 (Rust), the official client of NATS.
#
# A NATS address may contain who connects, as in nats://user:password@host, or a token, as in nats://token@host; other
# official clients and the server's own tools sign in with it. `async_nats::connect` takes such an address without an
# error, its `ServerAddr` even has accessors for both parts, but the CONNECT message that it sends contains neither
# `user`, `pass` nor `auth_token`. A server that asks for a login then refuses the client. Only the methods of
# `ConnectOptions` count: `user_and_password`, `token`.
#
# Seen: of an address with a login, CONNECT has nothing; of the same login in the options, it has both parts.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir src
cat >Cargo.toml <<'TOML'
[package]
name = "login"
version = "0.0.0"
edition = "2024"
[dependencies]
async-nats = { version = "=0.51.0", default-features = false, features = ["ring"] }
tokio = { version = "1", features = ["io-util", "macros", "net", "rt"] }
serde_json = "1"
TOML
cat >src/main.rs <<'RUST'
use async_nats::ConnectOptions;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

/// The login in the CONNECT message of a client, whom a server greets that asks for one.
async fn sent(options: ConnectOptions, login: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("nats://{login}{}", listener.local_addr().unwrap());
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let info = r#"INFO {"server_id":"a","version":"2.10.0","proto":1,"host":"127.0.0.1","port":1,"max_payload":1024,"auth_required":true}"#;
        stream.write_all(format!("{info}\r\n").as_bytes()).await.unwrap();
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).await.unwrap();
        let connect: serde_json::Value = serde_json::from_str(line.trim().strip_prefix("CONNECT ").unwrap()).unwrap();
        format!("user {} pass {} auth_token {}", connect["user"], connect["pass"], connect["auth_token"])
    };
    tokio::select! {
        sent = server => sent,
        _ = async { let _ = options.connect(address).await; std::future::pending::<()>().await } => unreachable!(),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    println!("user and password in the address: {}", sent(ConnectOptions::new(), "ann:secret@").await);
    println!("token in the address: {}", sent(ConnectOptions::new(), "secret@").await);
    let options = ConnectOptions::with_user_and_password("ann".into(), "secret".into());
    println!("user and password in the options: {}", sent(options, "").await);
}
RUST
cargo run --quiet | tee seen
diff - seen <<'SEEN'
user and password in the address: user null pass null auth_token null
token in the address: user null pass null auth_token null
user and password in the options: user "ann" pass "secret" auth_token null
SEEN
echo 'as described'
