//! The certificate that the server shows, which may change while it runs.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::ACME_PROTOCOL;

/// The current certificate, and those that show a certificate authority that a host name is the server's.
#[derive(Default)]
pub(in crate::server) struct Certificates {
    current: RwLock<Option<Arc<CertifiedKey>>>,
    proofs: Mutex<HashMap<String, Arc<CertifiedKey>>>,
}

impl Certificates {
    /// Shows this certificate from now on. Connections that are open keep theirs.
    pub(super) fn set(&self, certificate: CertifiedKey) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(certificate));
    }

    /// Shows a certificate to the authority that asks for a host name.
    pub(super) fn prove(&self, host: String, certificate: CertifiedKey) {
        self.proofs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(host.to_ascii_lowercase(), Arc::new(certificate));
    }

    pub(super) fn forget_proofs(&self) {
        self.proofs.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl fmt::Debug for Certificates {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Certificates").finish_non_exhaustive()
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let wants_proof = hello.alpn().is_some_and(|mut offered| offered.any(|one| one == ACME_PROTOCOL));
        if wants_proof {
            let host = hello.server_name()?.to_ascii_lowercase();
            return self.proofs.lock().unwrap_or_else(PoisonError::into_inner).get(&host).cloned();
        }
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Reads a certificate with its chain, and its private key. The error is a sentence.
pub(super) fn parse(chain: &[u8], key: &[u8]) -> Result<CertifiedKey, String> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(chain).collect();
    let chain = chain.map_err(|error| format!("the certificate can't be read: {error}"))?;
    if chain.is_empty() {
        return Err("the file of the certificate has none".to_owned());
    }
    let key = PrivateKeyDer::from_pem_slice(key)
        .map_err(|error| format!("the private key can't be read: {error}"))?;
    CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider())
        .map_err(|error| format!("the private key can't be used with the certificate: {error}"))
}

/// A certificate and its key as they are. [`parse`] compares them, for which it reads the certificate, and refuses one
/// with a critical extension that it does not know, as a proof has.
pub(super) fn unchecked(
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
) -> Result<CertifiedKey, rustls::Error> {
    let key = aws_lc_rs::default_provider().key_provider.load_private_key(key)?;
    Ok(CertifiedKey::new(vec![certificate], key))
}
