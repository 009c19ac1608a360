//! Updates of the app. An account's server offers them below `/desktop-updates/`: packages, and a manifest that names
//! the version and the packages' hashes. The manifest is signed (minisign), so a server cannot offer anything that
//! the publisher of the app has not signed, nor an older version under a newer number.

use std::collections::BTreeMap;

use minisign_verify::{PublicKey, Signature};
use reqwest::{Client, StatusCode};
use serde::Deserialize;
use url::Url;

use crate::accounts::Server;
use crate::address::numbers;
use crate::download::Expected;

/// The publisher's public key, which is chosen when the app is built. Without one the app looks for no updates.
pub const KEY: Option<&str> = option_env!("DESKTOP_UPDATE_KEY");

/// How the manifest names the package for this system.
pub const PLATFORM: &str = if cfg!(windows) {
    "windows-x86_64"
} else if cfg!(target_os = "macos") {
    "macos"
} else if cfg!(target_arch = "aarch64") {
    "linux-aarch64"
} else {
    "linux-x86_64"
};

const MANIFEST: &str = "manifest.json";
const SIGNATURE: &str = "manifest.json.minisig";
const MOST_BYTES: usize = 64 * 1024;

#[derive(Debug, Deserialize)]
struct Manifest {
    version: String,
    packages: BTreeMap<String, Package>,
}

#[derive(Debug, Deserialize)]
struct Package {
    file: String,
    size: u64,
    sha256: String,
}

/// A version that is newer than this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    pub version: String,
    /// The plain name of the package.
    pub file: String,
    pub expected: Expected,
    pub url: Url,
}

impl Update {
    pub fn is_newer_than(&self, other: &Self) -> bool {
        numbers(&self.version) > numbers(&other.version)
    }
}

/// Why there is no knowing whether there is an update.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    Unreachable(String),
    Unsigned,
    /// Signed by another key, or changed afterwards.
    Forged,
    Malformed,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Unreachable(reason) => reason,
            Self::Unsigned => "the manifest of updates is not signed",
            Self::Forged => "the signature of the manifest of updates is not the publisher's",
            Self::Malformed => "the manifest of updates is malformed",
        })
    }
}

/// Looks for an update on a server. None if it has none that is newer than `own` for `platform`.
pub async fn look(
    client: &Client,
    server: &Server,
    key: &str,
    own: &str,
    platform: &str,
) -> Result<Option<Update>, Refusal> {
    let Some(manifest) = get(client, address(server, MANIFEST)).await? else { return Ok(None) };
    let Some(signature) = get(client, address(server, SIGNATURE)).await? else {
        return Err(Refusal::Unsigned);
    };
    verify(&manifest, &signature, key)?;
    let manifest: Manifest = serde_json::from_slice(&manifest).map_err(|_| Refusal::Malformed)?;
    choose(manifest, server, own, platform)
}

fn verify(manifest: &[u8], signature: &[u8], key: &str) -> Result<(), Refusal> {
    let key = PublicKey::from_base64(key.trim()).map_err(|_| Refusal::Forged)?;
    let signature = std::str::from_utf8(signature).ok().and_then(|text| Signature::decode(text).ok());
    let signature = signature.ok_or(Refusal::Unsigned)?;
    key.verify(manifest, &signature, false).map_err(|_| Refusal::Forged)
}

fn choose(manifest: Manifest, server: &Server, own: &str, platform: &str) -> Result<Option<Update>, Refusal> {
    let Manifest { version, mut packages } = manifest;
    let number = numbers(&version).ok_or(Refusal::Malformed)?;
    if Some(number) <= numbers(own) {
        return Ok(None);
    }
    let Some(Package { file, size, sha256 }) = packages.remove(platform) else { return Ok(None) };
    let is_plain = !file.starts_with('.')
        && !file.is_empty()
        && file.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'));
    if !is_plain {
        return Err(Refusal::Malformed);
    }
    let url = address(server, &file);
    Ok(Some(Update { version, file, expected: Expected { size, sha256 }, url }))
}

fn address(server: &Server, file: &str) -> Url {
    let mut url = server.url.clone();
    let path = format!("{}/desktop-updates/{file}", url.path().trim_end_matches('/'));
    url.set_path(&path);
    url
}

/// A small file; None if the server has no such file.
async fn get(client: &Client, url: Url) -> Result<Option<Vec<u8>>, Refusal> {
    let unreachable = |error: reqwest::Error| Refusal::Unreachable(error.without_url().to_string());
    let answer = client.get(url).send().await.map_err(unreachable)?;
    if answer.status() == StatusCode::NOT_FOUND {
        return Ok(None);
    }
    let mut answer = answer.error_for_status().map_err(unreachable)?;
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MOST_BYTES {
            return Err(Refusal::Malformed);
        }
    }
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn server() -> Server {
        Server { url: Url::parse("https://a.example/chat").unwrap(), version: "0.1.0".to_owned() }
    }

    fn manifest(version: &str, file: &str) -> Manifest {
        let text = format!(
            r#"{{"version":"{version}","packages":{{"linux-x86_64":{{"file":"{file}","size":7,"sha256":"00"}}}}}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn only_the_publishers_signature_of_the_same_text_counts() {
        let ours = minisign::KeyPair::generate_unencrypted_keypair().unwrap();
        let other = minisign::KeyPair::generate_unencrypted_keypair().unwrap();
        let key = ours.pk.to_base64();
        let sign = |pair: &minisign::KeyPair, text: &str| {
            minisign::sign(None, &pair.sk, Cursor::new(text), None, None).unwrap().into_string().into_bytes()
        };
        let signature = sign(&ours, "text");
        assert_eq!(verify(b"text", &signature, &key), Ok(()));
        assert_eq!(verify(b"other text", &signature, &key), Err(Refusal::Forged));
        assert_eq!(verify(b"text", &sign(&other, "text"), &key), Err(Refusal::Forged));
        assert_eq!(verify(b"text", b"", &key), Err(Refusal::Unsigned));
        assert_eq!(verify(b"text", b"nonsense", &key), Err(Refusal::Unsigned));
        assert_eq!(verify(b"text", &signature, "nonsense"), Err(Refusal::Forged));
    }

    #[test]
    fn only_a_newer_version_for_this_system_is_an_update() {
        let found = |version: &str, own: &str, platform: &str| {
            choose(manifest(version, "a_1.deb"), &server(), own, platform).unwrap()
        };
        let update = found("0.2.0", "0.1.9", "linux-x86_64").unwrap();
        assert_eq!(update.url.as_str(), "https://a.example/chat/desktop-updates/a_1.deb");
        assert!(found("0.10.0", "0.9.0", "linux-x86_64").is_some());
        assert_eq!(found("0.1.9", "0.1.9", "linux-x86_64"), None);
        assert_eq!(found("0.1.8", "0.1.9", "linux-x86_64"), None);
        assert_eq!(found("0.2.0", "0.1.9", "windows-x86_64"), None);
    }

    #[test]
    fn a_package_is_named_without_a_path() {
        for file in ["", ".x", "../x", "a/b", "https://evil.example/x", "C:x"] {
            let found = choose(manifest("0.2.0", file), &server(), "0.1.0", "linux-x86_64");
            assert_eq!(found, Err(Refusal::Malformed), "{file}");
        }
        let found = choose(manifest("newest", "a.deb"), &server(), "0.1.0", "linux-x86_64");
        assert_eq!(found, Err(Refusal::Malformed));
    }
}
