//! `besedka serve`: runs the server until it is asked to stop.

use std::io::IsTerminal;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::Failure;
use crate::config::{Config, LogFormat, Registration};
use crate::server::Server;

pub(super) async fn run(config: Config) -> Result<(), Failure> {
    log(&config)?;
    let listener = TcpListener::bind(&config.listen).await;
    let listener = listener.map_err(|error| format!("can't listen on {}: {error}", config.listen))?;
    let (public_url, registration) = (config.public_url.clone(), config.registration);
    let running = Server::start(config, listener).await?;
    let url = public_url.unwrap_or_else(|| format!("http://{}", running.address));
    tracing::info!(version = env!("CARGO_PKG_VERSION"), %url, "besedka is ready");
    if registration == Registration::Open && !running.address.ip().is_loopback() {
        tracing::warn!("everybody who can reach this server may register; see --registration");
    }
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping");
    running.stop().await;
    Ok(())
}

fn log(config: &Config) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(&config.log).map_err(|error| format!("--log {}: {error}", config.log))?;
    // At trace level it would log every frame, with tokens and message texts.
    let filter = filter.add_directive("tungstenite=info".parse()?);
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match config.log_format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
    Ok(())
}
