//! HTTP clients: the system's proxy and certificates, and the authorities that the user added.

use std::path::Path;
use std::time::Duration;
use std::{fs, io};

use reqwest::{Certificate, Client, ClientBuilder, redirect};

use crate::accounts;

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

/// Keeps the certificate of an authority in the folder, also beside another of the same name: `ca.pem` is what many
/// servers call theirs.
pub fn keep_authority(folder: &Path, name: &str, pem: &[u8]) -> io::Result<()> {
    let (mut path, mut place) = (folder.join(format!("{name}.pem")), 1);
    while fs::read(&path).is_ok_and(|kept| kept != pem) {
        place += 1;
        path = folder.join(format!("{name}-{place}.pem"));
    }
    accounts::replace(&path, pem)
}

fn authorities(folder: &Path) -> Vec<Certificate> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let files = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "pem"));
    files
        .flat_map(|path| {
            let found = fs::read(&path).map(|pem| read_authorities(&pem)).unwrap_or_default();
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
        fs::write(folder.path().join("broken.pem"), BROKEN).unwrap();
        assert!(Clients::new(folder.path()).is_ok());
    }
    #[test]
    fn authorities_of_the_same_name_are_all_kept() {
        let folder = tempfile::tempdir().unwrap();
        // The last is known already.
        for pem in ["one", "another", "third", "another"] {
            keep_authority(folder.path(), "ca", pem.as_bytes()).unwrap();
        }
        let mut kept: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|path| {
                (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(path).unwrap())
            })
            .collect();
        kept.sort();
        let expected = [("ca-2.pem", "another"), ("ca-3.pem", "third"), ("ca.pem", "one")];
        assert_eq!(kept, expected.map(|(name, text)| (name.to_owned(), text.to_owned())));
    }
}
