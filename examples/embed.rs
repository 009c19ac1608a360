//! A poem program that has a page of its own and Besedka under `/chat`, on a temporary folder.
//!
//! `cargo run --example embed`, then open http://127.0.0.1:8080 and http://127.0.0.1:8080/chat/docs.

use std::error::Error;
use std::future::Future;
use std::path::Path;
use std::time::Duration;

use besedka::{Config, Server};
use poem::listener::TcpAcceptor;
use poem::{Route, get, handler};
use tokio::net::TcpListener;

#[handler]
fn home() -> &'static str {
    "This page is the program's own; the messenger is at /chat.\n"
}

/// Serves the program until `shutdown` completes.
pub async fn run(
    folder: &Path,
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut config = Config::default();
    config.data.data_dir = folder.to_owned();
    // Links begin with this address, so it contains the prefix.
    config.public_url = Some(format!("http://{}/chat", listener.local_addr()?));
    let besedka = Server::open(config).await?;

    let app = Route::new().at("/", get(home)).nest("/chat", besedka.endpoint());
    // poem waits for open connections, so WebSockets must be closed first.
    let drain = besedka.drain();
    let shutdown = async {
        shutdown.await;
        drain.await;
    };
    let served = poem::Server::new_with_acceptor(TcpAcceptor::from_tokio(listener)?)
        .run_with_graceful_shutdown(app, shutdown, Some(Duration::from_secs(20)))
        .await;
    besedka.stop().await;
    Ok(served?)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let folder = tempfile::tempdir()?;
    let listener = TcpListener::bind("127.0.0.1:8080").await?;
    let interrupted = async {
        let _ = tokio::signal::ctrl_c().await;
    };
    run(folder.path(), listener, interrupted).await
}
