//! The server's public address, and the addresses of clients.

use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;

use poem::http::uri::Scheme;
use poem::http::{HeaderMap, Method, header};
use poem::{Addr, Request};

/// The method of the original request: poem turns HEAD into GET, but a link is signed for one method.
#[derive(Debug, Clone)]
pub struct OriginalMethod(pub Method);

/// How the server is reached from outside.
#[derive(Debug, Clone, Default)]
pub struct Site {
    /// For example `https://chat.example.org`; if it is missing, the request's `Host` is used.
    pub public_url: Option<String>,
    /// The proxies whose `X-Forwarded-*` headers are trusted.
    pub trusted_proxies: Vec<Proxies>,
}

/// An address, a network, or a named group of networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proxies {
    /// Every address whose first bits are those of this one.
    Network(IpAddr, u8),
    /// The addresses of private networks (RFC 1918, RFC 4193) and of one's own link.
    Private,
    /// This machine.
    Loopback,
}

impl Proxies {
    fn contains(&self, address: IpAddr) -> bool {
        match (*self, address.to_canonical()) {
            (Self::Network(IpAddr::V4(network), bits), IpAddr::V4(address)) => {
                (network.to_bits() ^ address.to_bits()).checked_shr(32 - u32::from(bits)).unwrap_or(0) == 0
            }
            (Self::Network(IpAddr::V6(network), bits), IpAddr::V6(address)) => {
                (network.to_bits() ^ address.to_bits()).checked_shr(128 - u32::from(bits)).unwrap_or(0) == 0
            }
            (Self::Network(..), _) => false,
            (Self::Private, IpAddr::V4(address)) => address.is_private() || address.is_link_local(),
            (Self::Private, IpAddr::V6(address)) => {
                address.is_unique_local() || address.is_unicast_link_local()
            }
            (Self::Loopback, address) => address.is_loopback(),
        }
    }
}

impl FromStr for Proxies {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let invalid = || {
            format!("{text:?} is not an address (10.0.0.7), a network (10.0.0.0/8), `private` or `loopback`")
        };
        let text = text.trim();
        match text.to_ascii_lowercase().as_str() {
            "private" => return Ok(Self::Private),
            "loopback" | "localhost" => return Ok(Self::Loopback),
            _ => {}
        }
        let (address, bits) =
            text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let given: IpAddr = address.trim_matches(['[', ']']).parse().map_err(|_| invalid())?;
        let address = given.to_canonical();
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), |bits| bits.trim().parse::<u8>().map_err(|_| invalid()))?;
        // ::ffff:10.0.0.0/104 is 10.0.0.0/8.
        let bits = if given != address && bits > 32 { bits.saturating_sub(96) } else { bits };
        if bits > most { Err(invalid()) } else { Ok(Self::Network(address, bits)) }
    }
}

impl Site {
    /// The client's address: of the addresses that trusted proxies forward, the last one that is not a proxy. One that
    /// can't be read ends the search, because what is left of it may be invented by the client.
    pub fn address(&self, request: &Request) -> IpAddr {
        self.address_behind(peer(request), request.headers())
    }

    /// The client's address, by the site of the request's application.
    pub fn address_of(request: &Request) -> IpAddr {
        request.data::<Self>().map_or_else(|| peer(request), |site| site.address(request))
    }

    fn address_behind(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        if !self.is_proxy(peer) {
            return peer;
        }
        let forwarded = headers.get_all("x-forwarded-for").iter();
        // A value that isn't text is one hop that can't be read.
        let values: Vec<&str> = forwarded.map(|value| value.to_str().unwrap_or("unreadable")).collect();
        let hops: Vec<&str> = values.iter().flat_map(|value| value.split(',')).map(str::trim).collect();
        let mut nearest = peer;
        for hop in hops.into_iter().rev().filter(|hop| !hop.is_empty()) {
            let Some(address) = hop_address(hop) else { break };
            nearest = address;
            if !self.is_proxy(address) {
                break;
            }
        }
        nearest
    }

    /// Whether an address is one of a trusted proxy.
    pub fn is_proxy(&self, address: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|proxies| proxies.contains(address))
    }

    /// Whether the client's connection is encrypted.
    pub fn is_https(&self, request: &Request) -> bool {
        if let Some(url) = &self.public_url {
            return url.starts_with("https://");
        }
        if *request.scheme() == Scheme::HTTPS {
            return true;
        }
        let forwarded = request.header("x-forwarded-proto").is_some_and(|scheme| scheme == "https");
        forwarded && self.is_proxy(peer(request))
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

/// The address of a hop, with or without a port: `203.0.113.7`, `203.0.113.7:51234`, `2001:db8::1`, `[2001:db8::1]`,
/// `[2001:db8::1]:51234`, each perhaps in quotes or with a zone.
fn hop_address(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim_matches('"').trim();
    let without_zone = |text: &str| text.split('%').next().unwrap_or_default().parse::<IpAddr>().ok();
    let address = match hop.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']')?;
            let is_port = |port: &str| port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok());
            without_zone(address).filter(|_| port.is_empty() || is_port(port))
        }
        None => without_zone(hop).or_else(|| {
            let (address, port) = hop.rsplit_once(':')?;
            port.parse::<u16>().ok()?;
            address.parse::<Ipv4Addr>().ok().map(IpAddr::V4)
        }),
    };
    address.map(|address| address.to_canonical())
}

fn peer(request: &Request) -> IpAddr {
    match &request.remote_addr().0 {
        Addr::SocketAddr(address) => address.ip().to_canonical(),
        _ => IpAddr::V4(Ipv4Addr::LOCALHOST),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(proxies: &[&str], forwarded: &[&str]) -> String {
        let trusted_proxies = proxies.iter().map(|text| text.parse().unwrap()).collect();
        let site = Site { public_url: None, trusted_proxies };
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        site.address_behind(IpAddr::V4(Ipv4Addr::LOCALHOST), &headers).to_string()
    }

    #[test]
    fn the_last_untrusted_hop_counts() {
        for (forwarded, address) in [
            (vec!["203.0.113.7:51234"], "203.0.113.7"),
            (vec!["198.51.100.9, 203.0.113.7:51234"], "203.0.113.7"),
            (vec!["198.51.100.9, 203.0.113.7"], "203.0.113.7"),
            (vec!["198.51.100.9", "203.0.113.7"], "203.0.113.7"),
            (vec!["203.0.113.7, 10.1.2.3"], "203.0.113.7"),
            (vec!["[2001:db8::1]:443"], "2001:db8::1"),
            (vec!["[2001:db8::1]"], "2001:db8::1"),
            (vec!["2001:db8::1"], "2001:db8::1"),
            (vec!["\"[2001:db8::1]:443\""], "2001:db8::1"),
            (vec!["::ffff:203.0.113.7"], "203.0.113.7"),
            (vec!["fe80::1%eth0"], "fe80::1"),
            (vec!["198.51.100.9, unknown"], "127.0.0.1"),
            (vec!["198.51.100.9, 10.1.2.3:99999"], "127.0.0.1"),
            (vec!["198.51.100.9, nonsense, 10.1.2.3"], "10.1.2.3"),
            (vec![], "127.0.0.1"),
            (vec!["203.0.113.7,"], "203.0.113.7"),
        ] {
            assert_eq!(taken(&["127.0.0.1", " 10.0.0.0/8 "], &forwarded), address, "{forwarded:?}");
        }
        assert_eq!(taken(&["10.0.0.0/8"], &["203.0.113.7"]), "127.0.0.1", "nobody trusts the peer");
        assert_eq!(taken(&["loopback"], &["203.0.113.7"]), "203.0.113.7");
        assert_eq!(taken(&["loopback", "private"], &["203.0.113.7, 192.168.1.1, fd00::1"]), "203.0.113.7");
        assert_eq!(taken(&["::ffff:127.0.0.0/104"], &["203.0.113.7"]), "203.0.113.7");
        for wrong in ["10.0.0.0/33", "proxies", "", "::/129", "10.0.0/8"] {
            assert!(wrong.parse::<Proxies>().is_err(), "{wrong}");
        }
    }
}
