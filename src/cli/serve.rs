//! `besedka serve`: runs the server until it is asked to stop.

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::{Failure, log};
use crate::config::Config;
use crate::server::Server;
use besedka_core::messenger::RegistrationPolicy;

pub(super) async fn run(config: Config) -> Result<(), Failure> {
    log::start(&config)?;
    let listener = TcpListener::bind(&config.listen).await;
    let listener = listener.map_err(|error| format!("can't listen on {}: {error}", config.listen))?;
    let (public_url, registration) = (config.public_url.clone(), config.registration);
    let running = Server::start(config, listener).await?;
    let url = public_url.unwrap_or_else(|| format!("http://{}", running.address));
    tracing::info!(version = env!("CARGO_PKG_VERSION"), %url, "besedka is ready");
    if registration.policy == RegistrationPolicy::Open && !running.address.ip().is_loopback() {
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
