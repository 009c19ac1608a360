//! How other servers are asked: HTTP/1.1, with TLS of the one crypto backend.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder};
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};

const CONNECT_WITHIN: Duration = Duration::from_secs(3);
/// Says who asks; pages for people are often given to browsers only, so it begins as they do.
const USER_AGENT: &str = concat!("Mozilla/5.0 (compatible; Besedka/", env!("CARGO_PKG_VERSION"), ")");

/// A client that follows nothing by itself and takes no proxy from the environment.
pub(super) fn client() -> Result<ClientBuilder, rustls::Error> {
    let tls = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(authorities())
        .with_no_client_auth();
    Ok(Client::builder()
        .tls_backend_preconfigured(tls)
        .user_agent(USER_AGENT)
        .connect_timeout(CONNECT_WITHIN)
        .redirect(Policy::none())
        .referer(false)
        .http1_only()
        .no_proxy())
}

/// Whom the machine trusts; where it has no list, as in an empty container, whom Mozilla trusts. Read once.
fn authorities() -> Arc<RootCertStore> {
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
