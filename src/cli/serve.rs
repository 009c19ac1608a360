//! `besedka serve`: runs the server until it is asked to stop.

use std::io::Write;
use std::net::SocketAddr;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::{Failure, log};
use crate::config::Config;
use crate::server::Server;
use besedka_core::messenger::{RegistrationPolicy, SetupToken};

pub(super) async fn run(config: Config) -> Result<(), Failure> {
    let traces = log::start(&config)?;
    raise_file_limit();
    let listener = TcpListener::bind(&config.listen).await;
    let listener = listener.map_err(|error| format!("can't listen on {}: {error}", config.listen))?;
    let public_url = config.public_url.clone();
    let scheme = if config.tls.is_on() { "https" } else { "http" };
    let host = config.tls.tls_domain.first().cloned();
    let mut running = Server::start(config, listener).await?;
    let url = public_url.unwrap_or_else(|| local_url(scheme, host, running.address));
    tracing::info!(version = env!("CARGO_PKG_VERSION"), %url, "besedka is ready");
    let is_open = running.messenger.registration().await? == RegistrationPolicy::Open;
    if is_open && !running.address.ip().is_loopback() {
        tracing::warn!("everybody who can reach this server may register; see --registration");
    }
    if let Some(token) = running.setup_token.take() {
        tracing::info!(
            "the server has no administrator yet: open the link on standard output, or print another one with \
             `besedka user setup-link`"
        );
        show_setup_link(&url, &token);
    }
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping");
    running.stop().await;
    if let Some(traces) = traces {
        traces.finish().await;
    }
    Ok(())
}

/// Raises the soft limit of open files to the hard one: shells and service managers usually begin with 1,024, for programs
/// that use `select`.
pub(super) fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    // A unit that filters system calls sets both.
    if limit.current == limit.maximum {
        return;
    }
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }) {
        tracing::warn!(%error, "the limit of open files can't be raised");
    }
}

/// Where a browser finds the server; without a host name, one on this machine.
fn local_url(scheme: &str, host: Option<String>, address: SocketAddr) -> String {
    let is_usual = (scheme, address.port()) == ("https", 443);
    match host.or_else(|| address.ip().is_unspecified().then(|| "localhost".to_owned())) {
        Some(host) if is_usual => format!("{scheme}://{host}"),
        Some(host) => format!("{scheme}://{host}:{}", address.port()),
        None => format!("{scheme}://{address}"),
    }
}

/// Prints the link. It is not logged: logs are collected, sent to other machines and kept.
fn show_setup_link(url: &str, token: &SetupToken) {
    let link = setup_link(url, token);
    let text =
        format!("Open this link to create the administrator's account. It works once:\n\n    {link}\n\n");
    // Whoever closed the standard output prints the link with the command.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

/// The token is behind `#`, which browsers do not send to servers.
pub(super) fn setup_link(url: &str, token: &SetupToken) -> String {
    format!("{}/setup#{}", url.trim_end_matches('/'), token.token)
}
