//! The check of a server's address: is it Besedka, which version, is TLS right. What is wrong is said in plain words.

use std::error::Error as _;
use std::net::IpAddr;

use reqwest::{Client, StatusCode};
use rustls::CertificateError;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::accounts::Server;
use crate::texts::Texts;

/// The oldest server whose API this app knows.
pub const OLDEST: &str = "0.1.0";
/// The description of the API is the only answer that tells name and version without an account.
const DESCRIPTION: &str = "openapi/v1.json";
/// The description is a twentieth of this.
const MOST_BYTES: usize = 16 * 1024 * 1024;

#[derive(Debug, PartialEq, Eq)]
pub enum Trouble {
    Malformed,
    NoHost { host: String },
    Unreachable { host: String },
    NotTls { host: String },
    NotBesedka { host: String },
    Failing { host: String, status: u16 },
    TooOld { host: String, version: String },
    CertificateExpired { host: String },
    CertificateName { host: String },
    CertificateIssuer { host: String },
    Certificate { host: String },
}

impl Trouble {
    pub fn text(&self, texts: &Texts) -> String {
        let say = |key: &str, more: &[(&str, &str)]| texts.with(&format!("desktop.trouble.{key}"), more);
        match self {
            Self::Malformed => say("malformed", &[]),
            Self::NoHost { host } => say("no_host", &[("host", host)]),
            Self::Unreachable { host } => say("unreachable", &[("host", host)]),
            Self::NotTls { host } => say("not_tls", &[("host", host)]),
            Self::NotBesedka { host } => say("not_besedka", &[("host", host)]),
            Self::Failing { host, status } => {
                say("failing", &[("host", host), ("status", &status.to_string())])
            }
            Self::TooOld { host, version } => {
                say("too_old", &[("host", host), ("version", version), ("oldest", OLDEST)])
            }
            Self::CertificateExpired { host } => say("certificate_expired", &[("host", host)]),
            Self::CertificateName { host } => say("certificate_name", &[("host", host)]),
            Self::CertificateIssuer { host } => say("certificate_issuer", &[("host", host)]),
            Self::Certificate { host } => say("certificate", &[("host", host)]),
        }
    }
}

/// What is worth a word although the server can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Note {
    Newer,
    Plain,
}

#[derive(Debug)]
pub struct Found {
    pub server: Server,
    pub notes: Vec<Note>,
    /// Where an entered link leads on this server, such as `/join/…`.
    pub path: String,
}

/// What was entered: the address of a server, or any link to a page of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Entered {
    url: Url,
    /// Whether the scheme was entered too.
    is_explicit: bool,
    path: String,
}

pub fn parse(text: &str) -> Result<Entered, Trouble> {
    let text = text.trim();
    let is_explicit = text.contains("://");
    let whole = if is_explicit { text.to_owned() } else { format!("https://{text}") };
    let mut url = Url::parse(&whole).map_err(|_| Trouble::Malformed)?;
    let is_web = matches!(url.scheme(), "http" | "https");
    // A password in an address would be kept in a file.
    if !is_web
        || url.host_str().is_none_or(|host| host.is_empty() || host == ".")
        || url.username() != ""
        || url.password().is_some()
    {
        return Err(Trouble::Malformed);
    }
    url.set_query(None);
    url.set_fragment(None);
    let whole = url.path().to_owned();
    let page = ["/join/", "/chats/"].iter().filter_map(|start| whole.find(start)).min();
    let (base, path) = whole.split_at(page.unwrap_or(whole.len()));
    url.set_path(base.trim_end_matches('/'));
    Ok(Entered { url, is_explicit, path: path.to_owned() })
}

/// Asks the server who it is. Without a scheme, TLS is meant; a server on this very computer may do without.
pub async fn check(client: &Client, text: &str, own_version: &str) -> Result<Found, Trouble> {
    let Entered { url, is_explicit, path } = parse(text)?;
    let found = match ask(client, &url, own_version).await {
        Err(Trouble::NotTls { .. } | Trouble::Unreachable { .. }) if !is_explicit && is_local(&url) => {
            let mut plain = url.clone();
            plain.set_scheme("http").map_err(|()| Trouble::Malformed)?;
            ask(client, &plain, own_version).await
        }
        answer => answer,
    };
    found.map(|(server, notes)| Found { server, notes, path })
}

fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(url::Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}

#[derive(Deserialize)]
struct Description {
    info: Info,
}

#[derive(Deserialize)]
struct Info {
    title: String,
    version: String,
}

async fn ask(client: &Client, url: &Url, own_version: &str) -> Result<(Server, Vec<Note>), Trouble> {
    let host = authority(url);
    let asked = format!("{}/{DESCRIPTION}", url.as_str().trim_end_matches('/'));
    let answer = client.get(asked).send().await.map_err(|error| trouble(&error, url))?;
    let status = answer.status();
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        return Err(Trouble::Failing { host, status: status.as_u16() });
    }
    // The server may have moved, as from http to https: what answered is what is kept.
    let mut address = answer.url().clone();
    let Some(base) =
        address.path().strip_suffix(DESCRIPTION).map(|base| base.trim_end_matches('/').to_owned())
    else {
        return Err(Trouble::NotBesedka { host });
    };
    address.set_path(&base);
    address.set_query(None);
    // Never from an encrypted address to one that is not.
    if url.scheme() == "https" && address.scheme() != "https" {
        return Err(Trouble::NotTls { host });
    }
    let Info { title, version } = description(answer).await.map_err(|error| match error {
        Some(error) => trouble(&error, url),
        None => Trouble::NotBesedka { host: host.clone() },
    })?;
    if !title.starts_with("Besedka") {
        return Err(Trouble::NotBesedka { host });
    }
    let Some(number) = numbers(&version) else { return Err(Trouble::NotBesedka { host }) };
    if Some(number) < numbers(OLDEST) {
        return Err(Trouble::TooOld { host, version });
    }
    let mut notes = Vec::new();
    if numbers(own_version).is_some_and(|own| (number.0, number.1) > (own.0, own.1)) {
        notes.push(Note::Newer);
    }
    if address.scheme() == "http" && !is_local(&address) {
        notes.push(Note::Plain);
    }
    Ok((Server { url: address, version }, notes))
}

/// The description's head; None as an error if it is none.
async fn description(mut answer: reqwest::Response) -> Result<Info, Option<reqwest::Error>> {
    if !answer.status().is_success() {
        return Err(None);
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(Some)? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MOST_BYTES {
            return Err(None);
        }
    }
    serde_json::from_slice::<Description>(&bytes).map(|description| description.info).map_err(|_| None)
}

/// A version as numbers, to compare it.
pub fn numbers(version: &str) -> Option<(u32, u32, u32)> {
    let plain = version.split(['-', '+']).next()?;
    let mut parts = plain.split('.').map(|part| part.parse().ok());
    Some((parts.next()??, parts.next()??, parts.next()??))
}

pub fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Why a request failed, from the chain of its causes.
fn trouble(error: &reqwest::Error, url: &Url) -> Trouble {
    let host = authority(error.url().unwrap_or(url));
    let mut cause: Option<&(dyn std::error::Error + 'static)> = error.source();
    while let Some(current) = cause {
        match current.downcast_ref::<rustls::Error>() {
            Some(rustls::Error::InvalidCertificate(reason)) => return certificate(reason, host),
            Some(rustls::Error::InvalidMessage(_)) => return Trouble::NotTls { host },
            Some(_) => return Trouble::Certificate { host },
            None => {}
        }
        if current.to_string().starts_with("dns error") {
            return Trouble::NoHost { host };
        }
        // An I/O error names the source of what it wraps, not what it wraps.
        cause = match current.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => current.source(),
        };
    }
    Trouble::Unreachable { host }
}

/// Whether what only some verifiers say is that they do not trust who signed: a certificate that signed itself is an authority
/// of its own at once, and Windows has a number for a chain that ends before its root (CERT_E_CHAINING).
fn is_issuer(said: &str) -> bool {
    said.contains("CaUsedAsEndEntity") || said.contains("(os error -2146762486)")
}

fn certificate(reason: &CertificateError, host: String) -> Trouble {
    match reason {
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => Trouble::CertificateExpired { host },
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            Trouble::CertificateName { host }
        }
        CertificateError::UnknownIssuer => Trouble::CertificateIssuer { host },
        CertificateError::Other(other) if is_issuer(&other.to_string()) => {
            Trouble::CertificateIssuer { host }
        }
        _ => Trouble::Certificate { host },
    }
}

#[cfg(test)]
#[path = "address_tests.rs"]
mod tests;
