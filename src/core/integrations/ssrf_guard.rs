//! Protection against server-side request forgery: users can't make the server request private addresses.
//!
//! A URL is checked before the request and again on each redirect. A host's IP addresses are checked in
//! the client's DNS resolver, so that the connection goes to a checked address, whatever the name
//! resolves to a moment later (DNS rebinding).

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use super::ip_ranges::{contains, is_public};

/// A private host or network that may be requested nevertheless. Whoever may write a message can make
/// the server request pages there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AllowedTarget {
    /// A host by name, at any address and port.
    Host(String),
    /// A network in CIDR notation (address and prefix length), at any port.
    Network(IpAddr, u8),
}

impl FromStr for AllowedTarget {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (start, bits) = text.split_once('/').map_or((text, None), |(start, bits)| (start, Some(bits)));
        if let Ok(first) = start.parse::<IpAddr>() {
            let most = if first.is_ipv4() { 32 } else { 128 };
            let bits = bits.map_or(Ok(most), str::parse).ok().filter(|bits| *bits <= most);
            return bits.map(|bits| Self::Network(first, bits)).ok_or(format!("/0 to /{most} can follow"));
        }
        match Host::parse(text) {
            Ok(Host::Domain(name)) if bits.is_none() => Ok(Self::Host(name)),
            _ => Err("it must be a host, an address or a network as in 10.1.0.0/16".to_owned()),
        }
    }
}

/// Why a URL is not requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Forbidden(pub &'static str);

/// Resolves a name to its IP addresses.
type Lookup = Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> + Send + Sync>;

#[derive(Clone)]
pub(super) struct SsrfGuard {
    allowed: Arc<[AllowedTarget]>,
    lookup: Lookup,
}

impl SsrfGuard {
    pub(super) fn new(allowed: Vec<AllowedTarget>) -> Self {
        Self { allowed: allowed.into(), lookup: Arc::new(|name| Box::pin(look_up(name))) }
    }

    /// Checks a URL before its host name is resolved.
    pub(super) fn check(&self, url: &Url) -> Result<(), Forbidden> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Forbidden("it is no web address"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Forbidden("it contains a password"));
        }
        let is_public = match url.host() {
            // Its IP addresses are checked when it is resolved.
            Some(Host::Domain(_)) => true,
            Some(Host::Ipv4(address)) => is_public(address.into()),
            Some(Host::Ipv6(address)) => is_public(address.into()),
            None => return Err(Forbidden("it names no host")),
        };
        match () {
            () if self.is_allowed(url) => Ok(()),
            () if !is_public => Err(NOT_PUBLIC),
            // `port` is `None` for the scheme's default port.
            () if url.port().is_some() => Err(Forbidden("it names a port that is not the web's")),
            () => Ok(()),
        }
    }

    /// Whether a URL names a host that is allowed although it is not public.
    pub(super) fn is_allowed(&self, url: &Url) -> bool {
        match url.host() {
            Some(Host::Domain(name)) => self.allows_host(name),
            Some(Host::Ipv4(address)) => self.allows(address.into()),
            Some(Host::Ipv6(address)) => self.allows(address.into()),
            None => false,
        }
    }

    fn allows_host(&self, name: &str) -> bool {
        let name = name.trim_end_matches('.');
        self.allowed.iter().any(|target| match target {
            AllowedTarget::Host(host) => host.trim_end_matches('.').eq_ignore_ascii_case(name),
            AllowedTarget::Network(..) => false,
        })
    }

    fn allows(&self, address: IpAddr) -> bool {
        self.allowed.iter().any(|target| match target {
            AllowedTarget::Host(_) => false,
            AllowedTarget::Network(first, bits) => contains((*first, *bits), address),
        })
    }
}

const NOT_PUBLIC: Forbidden = Forbidden("it is not a public address");

impl Resolve for SsrfGuard {
    fn resolve(&self, name: Name) -> Resolving {
        let (guard, name) = (self.clone(), name.as_str().to_owned());
        Box::pin(async move {
            let mut addresses = (guard.lookup)(name.clone()).await?;
            if !guard.allows_host(&name) {
                addresses.retain(|address| guard.allows(*address) || is_public(*address));
            }
            if addresses.is_empty() {
                return Err(NOT_PUBLIC.into());
            }
            // Port 0 means the port of the URL.
            let addresses = addresses.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}

async fn look_up(name: String) -> io::Result<Vec<IpAddr>> {
    Ok(tokio::net::lookup_host((name, 0)).await?.map(|address| address.ip()).collect())
}

#[cfg(test)]
impl SsrfGuard {
    /// With another resolver than the machine's.
    pub(super) fn with_lookup(self, lookup: Lookup) -> Self {
        Self { lookup, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(address: &str, exceptions: &[&str]) -> Result<(), &'static str> {
        let exceptions = exceptions.iter().map(|text| text.parse().unwrap()).collect();
        SsrfGuard::new(exceptions).check(&Url::parse(address).unwrap()).map_err(|refusal| refusal.0)
    }

    #[test]
    fn addresses_of_the_machine_are_refused_however_they_are_written() {
        for address in [
            "http://127.0.0.1/",
            "http://127.1/",
            "http://127.0.0.1./",
            "http://2130706433/",
            "http://0x7f000001/",
            "http://0x7f.1/",
            "http://0177.0.0.1/",
            "http://017700000001/",
            "http://127.0.0.1%2e/",
            "http://１２７.０.０.１/",
            "http://①②⑦.⓪.⓪.①/",
            "http://0/",
            "http://0.0.0.0/",
            "http://169.254.169.254/latest/meta-data/",
            "http://2852039166/",
            "http://10.1/",
            "http://192.168.1.1/",
            "http://[::1]/",
            "http://[::]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:7f00:1]/",
            "http://[0:0:0:0:0:ffff:a9fe:a9fe]/",
            "http://[fd00::1]/",
            "http://[fe80::1]/",
            "http://[64:ff9b::7f00:1]/",
        ] {
            assert_eq!(check(address, &[]), Err("it is not a public address"), "{address}");
        }
    }

    #[test]
    fn only_plain_web_addresses_are_asked() {
        for address in [
            "ftp://example.org/",
            "file:///etc/passwd",
            "gopher://example.org/",
            "javascript:alert(1)",
            "data:,a",
        ] {
            assert_eq!(check(address, &[]), Err("it is no web address"), "{address}");
        }
        for address in
            ["http://user@example.org/", "https://:secret@example.org/", "http://8.8.8.8@127.0.0.1/"]
        {
            assert_eq!(check(address, &[]), Err("it contains a password"), "{address}");
        }
        for address in [
            "http://example.org:8080/",
            "http://example.org:443/",
            "https://example.org:80/",
            "http://8.8.8.8:22/",
        ] {
            assert_eq!(check(address, &[]), Err("it names a port that is not the web's"), "{address}");
        }
        for address in
            ["http://example.org:80/", "https://example.org:443/", "https://пример.рф/", "http://8.8.8.8/"]
        {
            assert_eq!(check(address, &[]), Ok(()), "{address}");
        }
    }

    #[test]
    fn an_exception_opens_what_it_names_and_no_more() {
        assert_eq!(check("http://127.0.0.1:9/", &["127.0.0.1"]), Ok(()));
        assert!(check("http://127.0.0.2/", &["127.0.0.1"]).is_err());
        assert_eq!(check("http://10.1.200.3:8080/", &["10.1.0.0/16"]), Ok(()));
        assert!(check("http://10.2.0.1/", &["10.1.0.0/16"]).is_err());
        assert_eq!(check("http://wiki.corp.:8080/", &["Wiki.Corp"]), Ok(()));
        assert!(check("http://wiki.corp.example:8080/", &["wiki.corp"]).is_err());
        assert!(check("http://[::ffff:127.0.0.1]/", &["127.0.0.1"]).is_err());
        assert!(check("http://user@127.0.0.1/", &["127.0.0.1"]).is_err());
    }

    #[test]
    fn exceptions_are_read_or_refused() {
        for text in ["10.0.0.0/8", "::/0", "fd00::/8", "127.0.0.1", "wiki", "вики.рф"] {
            assert!(text.parse::<AllowedTarget>().is_ok(), "{text}");
        }
        for text in ["", "10.0.0.0/33", "10.0.0.0/x", "wiki/8", "http://wiki", "a b", "fd00::/129"] {
            assert!(text.parse::<AllowedTarget>().is_err(), "{text}");
        }
    }

    #[tokio::test]
    async fn of_a_hosts_addresses_only_the_public_ones_are_connected_to() {
        let names = |_| -> BoxFuture<'static, _> {
            let addresses = ["127.0.0.1", "::1", "8.8.8.8", "::ffff:10.0.0.1", "10.0.0.1"];
            Box::pin(async move { Ok(addresses.map(|text| text.parse().unwrap()).to_vec()) })
        };
        let guard = SsrfGuard::new(Vec::new()).with_lookup(Arc::new(names));
        let found = guard.resolve("example.org".parse().unwrap()).await.unwrap();
        assert_eq!(found.map(|address| address.to_string()).collect::<Vec<_>>(), ["8.8.8.8:0"]);
    }
}
