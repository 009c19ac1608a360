//! `besedka healthcheck`: whether the server answers, for containers and service managers.

use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use clap::Args;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::Failure;
use super::any_certificate::any_certificate;
use crate::config::{Tls, listen_address};

/// How much of a response is read: the answer of a healthy server is far shorter.
const MAX_RESPONSE: u64 = 16 * 1024;

#[derive(Args)]
pub(super) struct Healthcheck {
    /// The address that the server listens on.
    #[arg(long, env = "BESEDKA_LISTEN", default_value = "127.0.0.1:8000", value_name = "ADDRESS:PORT",
          value_parser = listen_address)]
    listen: String,

    #[command(flatten)]
    tls: Tls,

    /// Ask whether the server can serve requests (/ready: the database and the storage answer), not only whether it
    /// runs (/health).
    #[arg(long)]
    ready: bool,

    /// How many seconds to wait for the answer.
    #[arg(long, default_value_t = 5, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=600))]
    timeout: u64,
}

impl Healthcheck {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let path = if self.ready { "/ready" } else { "/health" };
        let listen = &self.listen;
        let asked =
            tokio::time::timeout(Duration::from_secs(self.timeout), ask(listen, path, self.tls.is_on()))
                .await;
        let response = match asked {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(format!("the server at {listen} does not answer: {error}").into()),
            Err(_) => {
                return Err(
                    format!("the server at {listen} did not answer within {} seconds", self.timeout).into()
                );
            }
        };
        let status = response.split_whitespace().nth(1).unwrap_or_default();
        if status != "200" {
            let first = response.lines().next().unwrap_or_default();
            return Err(format!("the server at {listen} answered {path} with {first:?}").into());
        }
        Ok(writeln!(std::io::stdout(), "ok")?)
    }
}

/// The response to a GET request, headers included.
async fn ask(listen: &str, path: &str, is_encrypted: bool) -> std::io::Result<String> {
    let mut last = std::io::Error::new(std::io::ErrorKind::NotFound, "the host name has no address");
    for address in tokio::net::lookup_host(listen).await? {
        match TcpStream::connect(reachable(address)).await {
            Ok(stream) if is_encrypted => {
                // The certificate is for the public name, and nothing secret is sent.
                let name = ServerName::IpAddress(reachable(address).ip().into());
                let stream = TlsConnector::from(any_certificate()?).connect(name, stream).await?;
                return exchange(stream, listen, path).await;
            }
            Ok(stream) => return exchange(stream, listen, path).await,
            Err(error) => last = error,
        }
    }
    Err(last)
}

async fn exchange<S>(mut stream: S, listen: &str, path: &str) -> std::io::Result<String>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let request = format!("GET {path} HTTP/1.1\r\nHost: {listen}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut response = Vec::new();
    stream.take(MAX_RESPONSE).read_to_end(&mut response).await?;
    Ok(String::from_utf8_lossy(&response).into_owned())
}

/// A server that listens on all addresses is asked at this machine's own.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => IpAddr::from([127, 0, 0, 1]),
            IpAddr::V6(_) => IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]),
        });
    }
    address
}
