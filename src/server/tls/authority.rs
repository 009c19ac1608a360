//! A certificate that the server gets from an authority by itself, stores in the data folder and renews in time.

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{CertificateParams, CustomExtension, KeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::certificates::{Certificates, parse, unchecked};
use super::plain::Proofs;
use crate::config::Config;
use besedka_core::integrations::{Acme, Challenge, Proof, validity, write_private};
use besedka_core::messenger::Clock;
use besedka_core::model::Time;

/// The folder in the data folder, and the file in it with the certificate.
const FOLDER: &str = "acme";
const CERTIFICATE: &str = "certificate.json";
/// How often it is looked whether a certificate is due.
const INTERVAL: Duration = Duration::from_secs(1);
/// A certificate is renewed when this share of its life is left: after two thirds, as Let's Encrypt advises.
const LEFT: i64 = 3;
/// How long to wait after a failure. Authorities allow few failures an hour; each further one doubles it.
const FIRST_RETRY: Duration = Duration::from_secs(5 * 60);
const LONGEST_RETRY: Duration = Duration::from_secs(6 * 3_600);

/// Keeps the server's certificate valid.
pub(in crate::server) struct Authority {
    acme: Acme,
    directory: String,
    hosts: Vec<String>,
    file: PathBuf,
    certificates: Arc<Certificates>,
    /// Shown on the plain listener, if there is one.
    proofs: Option<Proofs>,
    clock: Clock,
}

/// The certificate as it is stored.
#[derive(Serialize, Deserialize)]
struct Stored {
    directory: String,
    hosts: Vec<String>,
    chain: String,
    key: String,
}

/// The chain of the stored certificate (PEM), if it is for the host names and of the authority in the settings.
pub(super) fn stored_chain(config: &Config) -> Option<String> {
    let text = fs::read(config.data.data_dir.join(FOLDER).join(CERTIFICATE)).ok()?;
    let stored: Stored = serde_json::from_slice(&text).ok()?;
    let tls = &config.tls;
    (stored.directory == tls.acme_directory && stored.hosts == tls.tls_domain).then_some(stored.chain)
}

/// When a certificate is to be renewed.
pub(super) fn due(from: Time, until: Time) -> Time {
    Time(until.0 - (until.0 - from.0) / LEFT)
}

impl Authority {
    /// Opens the folder `acme` in the data folder. The error is a sentence.
    pub(in crate::server) fn new(
        config: &Config,
        certificates: Arc<Certificates>,
        proofs: Option<Proofs>,
    ) -> Result<Self, String> {
        let folder = config.data.data_dir.join(FOLDER);
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder)
            .map_err(|error| format!("the folder {} can't be created: {error}", folder.display()))?;
        let tls = &config.tls;
        let acme = Acme::new(
            &tls.acme_directory,
            tls.acme_email.as_deref(),
            folder.join("account.json"),
            tls.acme_ca.as_deref(),
        )?;
        Ok(Self {
            acme,
            directory: tls.acme_directory.clone(),
            hosts: tls.tls_domain.clone(),
            file: folder.join(CERTIFICATE),
            certificates,
            proofs,
            clock: config.clock.clone(),
        })
    }

    /// Shows the stored certificate, and gets another one whenever it is due.
    pub(in crate::server) async fn run(self, stop: CancellationToken) {
        let mut due = self.stored();
        let mut retry = FIRST_RETRY;
        loop {
            if due <= self.clock.now() {
                let ordered = tokio::select! {
                    () = stop.cancelled() => return,
                    ordered = self.order() => ordered,
                };
                match ordered {
                    Ok(next) => {
                        tracing::info!(hosts = ?self.hosts, renewal = %next.iso(), "the server has a new certificate");
                        (due, retry) = (next, FIRST_RETRY);
                    }
                    Err(why) => {
                        tracing::error!(
                            why,
                            seconds = retry.as_secs(),
                            "there is no new certificate; trying again"
                        );
                        due = self.clock.now() + retry;
                        retry = (retry * 2).min(LONGEST_RETRY);
                    }
                }
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(INTERVAL) => {}
            }
        }
    }

    /// Shows the stored certificate. Tells when another one is due: at once, if this one is for other host names or of
    /// another authority. It is shown all the same, because without one there would be no HTTPS for the names that stayed
    /// until the authority has issued the other.
    fn stored(&self) -> Time {
        let text = fs::read(&self.file).ok();
        let Some(stored) = text.and_then(|text| serde_json::from_slice::<Stored>(&text).ok()) else {
            return Time(0);
        };
        let due = self.show(&stored.chain, &stored.key).unwrap_or(Time(0));
        match stored.directory == self.directory && stored.hosts == self.hosts {
            true => due,
            false => Time(0),
        }
    }

    /// Shows a certificate. Tells when another one is due.
    fn show(&self, chain: &str, key: &str) -> Result<Time, String> {
        let certificate = parse(chain.as_bytes(), key.as_bytes())?;
        let leaf = certificate.cert.first().ok_or("the chain is empty")?;
        let (from, until) = validity(leaf).ok_or("it is not seen until when the certificate is valid")?;
        self.certificates.set(certificate);
        Ok(due(from, until))
    }

    /// Gets a certificate, stores and shows it. First by a handshake, which needs no other port; then by plain HTTP.
    async fn order(&self) -> Result<Time, String> {
        let issued = match self.acme.order(&self.hosts, Challenge::TlsAlpn, |proof| self.prove(proof)).await {
            Err(first) if self.proofs.is_some() => {
                let show = |proof| self.prove(proof);
                let second = self.acme.order(&self.hosts, Challenge::Http, show).await;
                second.map_err(|second| format!("over TLS: {first}; over HTTP: {second}"))
            }
            issued => issued.map_err(|error| error.to_string()),
        };
        self.certificates.forget_proofs();
        if let Some(proofs) = &self.proofs {
            proofs.forget();
        }
        let issued = issued?;
        let due = self.show(&issued.chain, &issued.key)?;
        let stored = Stored {
            directory: self.directory.clone(),
            hosts: self.hosts.clone(),
            chain: issued.chain,
            key: issued.key,
        };
        let text = serde_json::to_vec(&stored).map_err(|error| error.to_string())?;
        write_private(&self.file, &text)
            .map_err(|error| format!("{} can't be written: {error}", self.file.display()))?;
        Ok(due)
    }

    /// Shows a proof in both places; the authority looks at one.
    fn prove(&self, proof: Proof) {
        if let Some(proofs) = &self.proofs {
            proofs.show(proof.token.clone(), proof.answer.clone());
        }
        let host = proof.host.clone();
        match proof_certificate(&proof) {
            Ok(certificate) => self.certificates.prove(host, certificate),
            Err(why) => tracing::error!(host, why, "no certificate for the proof could be made"),
        }
    }
}

/// A self-signed certificate with the hash that the authority looks for.
fn proof_certificate(proof: &Proof) -> Result<rustls::sign::CertifiedKey, String> {
    let make = || {
        let mut params = CertificateParams::new([proof.host.clone()])?;
        params.custom_extensions = vec![CustomExtension::new_acme_identifier(&proof.digest)];
        let key = KeyPair::generate()?;
        Ok::<_, rcgen::Error>((params.self_signed(&key)?.der().clone(), key.serialize_der()))
    };
    let (certificate, key) = make().map_err(|error| error.to_string())?;
    let key = PrivatePkcs8KeyDer::from(key).into();
    unchecked(certificate, key).map_err(|error| error.to_string())
}
