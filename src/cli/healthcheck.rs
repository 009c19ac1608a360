//! `besedka healthcheck`: whether the server answers, for containers and service managers.

use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use clap::Args;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Failure;
use crate::config::listen_address;

/// How much of a response is read: the answer of a healthy server is far shorter.
const MAX_RESPONSE: u64 = 16 * 1024;

#[derive(Args)]
pub(super) struct Healthcheck {
    /// The address that the server listens on.
    #[arg(long, env = "BESEDKA_LISTEN", default_value = "127.0.0.1:8000", value_name = "ADDRESS:PORT",
          value_parser = listen_address)]
    listen: String,

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
        let asked = tokio::time::timeout(Duration::from_secs(self.timeout), ask(listen, path)).await;
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
async fn ask(listen: &str, path: &str) -> std::io::Result<String> {
    let mut last = std::io::Error::new(std::io::ErrorKind::NotFound, "the host name has no address");
    for address in tokio::net::lookup_host(listen).await? {
        match TcpStream::connect(reachable(address)).await {
            Ok(mut stream) => {
                let request = format!("GET {path} HTTP/1.1\r\nHost: {listen}\r\nConnection: close\r\n\r\n");
                stream.write_all(request.as_bytes()).await?;
                let mut response = Vec::new();
                stream.take(MAX_RESPONSE).read_to_end(&mut response).await?;
                return Ok(String::from_utf8_lossy(&response).into_owned());
            }
            Err(error) => last = error,
        }
    }
    Err(last)
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
