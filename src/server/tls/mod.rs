//! Encryption by the server itself: certificates, handshakes, and the plain listener beside it.

mod authority;
mod certificates;
mod examine;
mod files;
mod plain;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::connections::Connection;
pub(super) use authority::Authority;
pub(super) use certificates::Certificates;
pub(crate) use examine::examine;
pub(super) use files::watch;
pub(super) use plain::{Destinations, Proofs, redirect};

/// The time for a handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// The protocol of a handshake in which a certificate authority looks for a proof (RFC 8737).
const ACME_PROTOCOL: &[u8] = b"acme-tls/1";

/// Encrypts the connections of a listener.
#[derive(Clone)]
pub(super) struct Tls(TlsAcceptor);

impl Tls {
    pub(super) fn new(certificates: Arc<Certificates>) -> Result<Self, rustls::Error> {
        let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(certificates);
        config.alpn_protocols = [&b"h2"[..], b"http/1.1", ACME_PROTOCOL].map(<[u8]>::to_vec).into();
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }

    /// The encrypted connection; `None` if there is nothing to serve: the handshake failed or took too long, the
    /// connection had to make place for another one, or a certificate authority wanted to see a proof.
    pub(super) async fn handshake<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
        connection: &Connection,
    ) -> Option<TlsStream<S>> {
        let handshake = tokio::time::timeout(HANDSHAKE_TIMEOUT, self.0.accept(stream));
        let finished: io::Result<_> = tokio::select! {
            () = connection.close.cancelled() => return None,
            finished = handshake => finished.ok()?,
        };
        // A client that sends something else is not an error of the server.
        let stream = finished.inspect_err(|error| tracing::debug!(%error, "a handshake failed")).ok()?;
        let is_proof = stream.get_ref().1.alpn_protocol() == Some(ACME_PROTOCOL);
        (!is_proof).then_some(stream)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_handshake_that_does_not_end_is_given_up() {
        let tls = Tls::new(Arc::default()).unwrap();
        let (mut client, stream) = tokio::io::duplex(1024);
        // The beginning of a handshake, and nothing more.
        client.write_all(&[0x16, 0x03, 0x01, 0x02]).await.unwrap();
        let started = Instant::now();
        assert!(tls.handshake(stream, &Connection::default()).await.is_none());
        assert_eq!(started.elapsed(), HANDSHAKE_TIMEOUT);
    }

    #[tokio::test(start_paused = true)]
    async fn a_handshake_makes_place_for_another_connection() {
        let tls = Tls::new(Arc::default()).unwrap();
        let (_client, stream) = tokio::io::duplex(1024);
        let (connection, started) = (Connection::default(), Instant::now());
        connection.close.cancel();
        assert!(tls.handshake(stream, &connection).await.is_none());
        assert_eq!(started.elapsed(), Duration::ZERO);
    }
}
