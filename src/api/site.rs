//! The server's public address, and the addresses of clients.

use std::net::{IpAddr, Ipv4Addr};

use poem::http::{Method, header};
use poem::{Addr, Request};

/// The method of the original request: poem turns HEAD into GET, but a link is signed for one method.
#[derive(Debug, Clone)]
pub struct Asked(pub Method);

/// How the server is reached from outside.
#[derive(Debug, Clone, Default)]
pub struct Site {
    /// For example `https://chat.example.org`; if it is missing, the request's `Host` is used.
    pub public_url: Option<String>,
    /// The proxies whose `X-Forwarded-*` headers are trusted.
    pub trusted_proxies: Vec<IpAddr>,
}

impl Site {
    /// The client's address: of the addresses that trusted proxies forward, the last one that is not a proxy.
    pub fn address(&self, request: &Request) -> IpAddr {
        let peer = peer(request);
        if !self.trusted_proxies.contains(&peer) {
            return peer;
        }
        let forwarded =
            request.headers().get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
        let hops: Vec<IpAddr> =
            forwarded.flat_map(|value| value.split(',')).filter_map(|hop| hop.trim().parse().ok()).collect();
        hops.into_iter().rev().find(|hop| !self.trusted_proxies.contains(hop)).unwrap_or(peer)
    }

    /// Whether the client's connection is encrypted.
    pub fn is_https(&self, request: &Request) -> bool {
        if let Some(url) = &self.public_url {
            return url.starts_with("https://");
        }
        let forwarded = request.header("x-forwarded-proto").is_some_and(|scheme| scheme == "https");
        forwarded && self.trusted_proxies.contains(&peer(request))
    }

    /// The address that links begin with, without a trailing slash.
    pub fn base(&self, request: &Request) -> String {
        if let Some(url) = &self.public_url {
            return url.trim_end_matches('/').to_owned();
        }
        let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
        let host = host.or_else(|| request.uri().authority().map(|authority| authority.as_str()));
        let scheme = if self.is_https(request) { "https" } else { "http" };
        format!("{scheme}://{}", host.unwrap_or("localhost"))
    }
}

fn peer(request: &Request) -> IpAddr {
    match &request.remote_addr().0 {
        Addr::SocketAddr(address) => address.ip().to_canonical(),
        _ => IpAddr::V4(Ipv4Addr::LOCALHOST),
    }
}
