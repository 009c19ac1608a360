//! The common configuration of HTTP clients: HTTP/1.1, TLS with the same crypto library as everywhere.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder};
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Begins like a browser's, because many sites serve pages only to browsers.
const USER_AGENT: &str = concat!("Mozilla/5.0 (compatible; Besedka/", env!("CARGO_PKG_VERSION"), ")");

/// A client that follows no redirects and ignores proxy settings in the environment.
pub(super) fn client() -> Result<ClientBuilder, rustls::Error> {
    client_trusting(authorities())
}

/// The same, which trusts these authorities.
pub(super) fn client_trusting(trusted: Arc<RootCertStore>) -> Result<ClientBuilder, rustls::Error> {
    let tls = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(trusted)
        .with_no_client_auth();
    Ok(Client::builder()
        .tls_backend_preconfigured(tls)
        .user_agent(USER_AGENT)
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(Policy::none())
        .referer(false)
        .http1_only()
        .no_proxy())
}

/// The machine's trusted certificate authorities; Mozilla's where it has none, as in an empty container. Read once.
pub(super) fn authorities() -> Arc<RootCertStore> {
    static AUTHORITIES: LazyLock<Arc<RootCertStore>> = LazyLock::new(|| {
        let mut trusted = RootCertStore::empty();
        trusted.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if trusted.is_empty() {
            trusted.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        Arc::new(trusted)
    });
    AUTHORITIES.clone()
}
