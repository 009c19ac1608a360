//! The server's public address, and the addresses of clients.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use poem::http::uri::{Authority, Scheme};
use poem::http::{HeaderMap, Method, header};
use poem::{Addr, Request};
use url::Url;

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
    /// Other origins whose pages may use the API.
    pub cors_origins: Vec<String>,
    pub config_warnings: ConfigWarnings,
}

/// What was seen of requests that contradicts the settings, one sentence of each kind. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct ConfigWarnings(Arc<Mutex<BTreeMap<ConfigWarning, String>>>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConfigWarning {
    /// A page is at another address than the server's.
    Address,
    /// A proxy that is not trusted tells of clients.
    Proxy,
}

impl ConfigWarnings {
    /// Logs the first one of its kind, and keeps it for the administrator.
    pub fn note(&self, kind: ConfigWarning, text: impl FnOnce() -> String) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.entry(kind).or_insert_with(|| {
            let text = text();
            tracing::warn!("{text}");
            text
        });
    }

    pub fn all(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }
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
        self.forwarded(peer, headers).address
    }

    /// What trusted proxies tell of the client's request. Each proxy adds its part at the end: as many parts count as
    /// there are trusted proxies in a row, because what is before them may be invented by the client: without
    /// `X-Forwarded-For` only the last. `Forwarded`
    /// (RFC 7239) is read where there is no `X-Forwarded-*` of its kind.
    fn forwarded(&self, peer: IpAddr, headers: &HeaderMap) -> Forwarded {
        let mut told = Forwarded { address: peer, is_https: None, host: None };
        if !self.is_proxy(peer) {
            return told;
        }
        let list = |name: &str| {
            // A value that isn't text is one part that can't be read.
            let values = headers.get_all(name).iter().map(|value| value.to_str().unwrap_or("unreadable"));
            let parts = values.flat_map(|value| split(value, ',')).map(str::trim);
            parts.filter(|part| !part.is_empty()).map(str::to_owned).collect::<Vec<_>>()
        };
        let elements = list("forwarded");
        let of_elements = |name: &str| -> Vec<String> {
            elements.iter().map(|element| parameter(element, name).unwrap_or_default()).collect()
        };
        let either = |own: Vec<String>, name: &str| if own.is_empty() { of_elements(name) } else { own };
        let mut proxies = 1;
        for hop in either(list("x-forwarded-for"), "for").iter().rev() {
            let Some(address) = hop_address(hop) else { break };
            told.address = address;
            if !self.is_proxy(address) {
                break;
            }
            proxies += 1;
        }
        // A proxy that sets a value instead of adding to a list leaves one.
        let seen_first = |list: Vec<String>| {
            let first = list.len().saturating_sub(proxies);
            list.into_iter().nth(first).filter(|value| !value.is_empty())
        };
        let scheme = seen_first(either(list("x-forwarded-proto"), "proto"));
        told.is_https =
            scheme.map(|scheme| scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("wss"));
        let host = seen_first(either(list("x-forwarded-host"), "host"));
        told.host =
            host.filter(|host| host.parse::<Authority>().is_ok_and(|host| !host.as_str().contains('@')));
        if let Some(host) = &mut told.host
            && let Some(port) = seen_first(list("x-forwarded-port")).and_then(|port| port.parse::<u16>().ok())
            && !matches!(port, 80 | 443)
            && host.parse::<Authority>().is_ok_and(|host| host.port().is_none())
        {
            *host = format!("{host}:{port}");
        }
        told
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
        self.forwarded(peer(request), request.headers()).is_https.unwrap_or(false)
    }

    /// The address that links begin with, without a trailing slash.
    pub fn base(&self, request: &Request) -> String {
        if let Some(url) = &self.public_url {
            return url.trim_end_matches('/').to_owned();
        }
        let scheme = if self.is_https(request) { "https" } else { "http" };
        if let Some(host) = self.forwarded(peer(request), request.headers()).host
            && let Some(authority) = authority(&format!("{scheme}://{host}"))
        {
            return format!("{scheme}://{authority}");
        }
        let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
        let host = host.or_else(|| request.uri().authority().map(|authority| authority.as_str()));
        format!("{scheme}://{}", host.unwrap_or("localhost"))
    }

    /// Notes a proxy that tells of clients and is not trusted. Only of one in a private network: anybody else may send
    /// such headers.
    pub fn watch(&self, request: &Request) {
        const TOLD: [&str; 3] = ["x-forwarded-for", "x-forwarded-proto", "forwarded"];
        let peer = peer(request);
        let is_near = Proxies::Private.contains(peer) || Proxies::Loopback.contains(peer);
        if is_near && !self.is_proxy(peer) && TOLD.iter().any(|name| request.headers().contains_key(*name)) {
            self.config_warnings.note(ConfigWarning::Proxy, || {
                format!(
                    "a proxy at {peer} tells who asks and how, and is not trusted: set --trusted-proxies {peer} \
                     (BESEDKA_TRUSTED_PROXIES)"
                )
            });
        }
    }
}

/// What proxies tell of a client's request.
#[derive(Debug)]
struct Forwarded {
    address: IpAddr,
    is_https: Option<bool>,
    /// The host, perhaps with a port, to which the client sent it.
    host: Option<String>,
}

/// The parts of a list, which may contain the separator in quotes.
fn split(list: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut is_quoted = false;
    list.split(move |c| {
        is_quoted ^= c == '"';
        c == separator && !is_quoted
    })
}

/// A parameter of an element of `Forwarded`.
fn parameter(element: &str, name: &str) -> Option<String> {
    let pairs = split(element, ';').filter_map(|pair| pair.split_once('='));
    let found = pairs.into_iter().find(|(found, _)| found.trim().eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.trim().trim_matches('"').to_owned())
}

/// The host of a web address as browsers write it, with a port that is not the usual one.
pub fn authority(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    let host = url.host_str()?;
    Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
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
        let site = Site { trusted_proxies, ..Site::default() };
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        site.address_behind(IpAddr::V4(Ipv4Addr::LOCALHOST), &headers).to_string()
    }

    #[test]
    fn of_several_hosts_the_one_that_the_trusted_proxy_added_counts() {
        let site = Site { trusted_proxies: vec![Proxies::Loopback], ..Site::default() };
        for (headers, host) in [
            (&[("x-forwarded-host", "a.example, b.example")][..], "b.example"),
            (&[("x-forwarded-host", "a.example"), ("x-forwarded-host", "b.example")], "b.example"),
            (&[("x-forwarded-host", "a.example, b.example,")], "b.example"),
            (
                &[("x-forwarded-host", "a.example, b.example"), ("x-forwarded-for", "203.0.113.7")],
                "b.example",
            ),
            // Two trusted proxies, one behind the other.
            (
                &[("x-forwarded-host", "a.example, b.example"), ("x-forwarded-for", "203.0.113.7, ::1")],
                "a.example",
            ),
            (&[("x-forwarded-host", "a.example"), ("x-forwarded-for", "203.0.113.7, ::1")], "a.example"),
        ] {
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.append(*name, value.parse().unwrap());
            }
            let told = site.forwarded(IpAddr::V4(Ipv4Addr::LOCALHOST), &map);
            assert_eq!(told.host.as_deref(), Some(host), "{headers:?}");
        }
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
