//! HTTP clients: the system's proxy and certificates, and the authorities that the user added.

use std::path::Path;
use std::time::Duration;

use reqwest::{Certificate, Client, ClientBuilder, redirect};

/// Long enough for a phone's network, short enough to say that nothing answers.
const CONNECT: Duration = Duration::from_secs(15);
/// Between two parts of an answer.
const SILENCE: Duration = Duration::from_secs(90);
const MOST_REDIRECTS: usize = 5;

pub struct Clients {
    /// Everything but sockets.
    pub http: Client,
    /// A WebSocket begins as a request of HTTP/1.1.
    pub socket: Client,
}

impl Clients {
    /// `certificates` is a folder of PEM files.
    pub fn new(certificates: &Path) -> Result<Self, reqwest::Error> {
        let added = authorities(certificates);
        let make = || -> ClientBuilder {
            Client::builder()
                .user_agent(concat!("Besedka-Desktop/", env!("CARGO_PKG_VERSION")))
                .connect_timeout(CONNECT)
                .redirect(redirect::Policy::limited(MOST_REDIRECTS))
                .tls_certs_merge(added.clone())
        };
        Ok(Self { http: make().read_timeout(SILENCE).build()?, socket: make().http1_only().build()? })
    }
}

/// Prepares TLS; once, before any client.
pub fn start() {
    // Fails only if it was done before.
    drop(rustls::crypto::ring::default_provider().install_default());
}

/// The certificates of a PEM file; empty if there are none. One that TLS does not take is left out: no client could be
/// made with it.
pub fn read_authorities(pem: &[u8]) -> Vec<Certificate> {
    let mut found = Certificate::from_pem_bundle(pem).unwrap_or_default();
    found.retain(|one| Client::builder().tls_certs_merge([one.clone()]).build().is_ok());
    found
}

fn authorities(folder: &Path) -> Vec<Certificate> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let files = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "pem"));
    files
        .flat_map(|path| {
            let found = std::fs::read(&path).map(|pem| read_authorities(&pem)).unwrap_or_default();
            if found.is_empty() {
                log::warn!("{} contains no certificate", path.display());
            }
            found
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BROKEN: &str = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";

    #[test]
    fn a_certificate_that_is_none_keeps_nobody_from_starting() {
        start();
        assert!(read_authorities(BROKEN.as_bytes()).is_empty());
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("broken.pem"), BROKEN).unwrap();
        assert!(Clients::new(folder.path()).is_ok());
    }
}
