//! Sends pushes to push services: Web Push (RFC 8030), encrypted (RFC 8291), signed with the server's key (RFC 8292).
//! UnifiedPush is the same protocol.

use std::time::Duration;

use aws_lc_rs::agreement::{ECDH_P256, PrivateKey};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::Client;
use reqwest::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use serde::Serialize;
use url::Url;

use super::ssrf_guard::{AllowedTarget, SsrfGuard};
use super::{http, push_encryption};
use crate::boxed;
use crate::model::{PushKeys, Time};
use crate::traces;

/// How long a push service may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long a signature is valid; RFC 8292 allows a day.
const SIGNATURE_LIFE: Duration = Duration::from_secs(12 * 3_600);
/// The longest endpoint.
const MAX_ENDPOINT: usize = 2_048;

/// A client of push services.
pub struct PushClient {
    http: Client,
    guard: SsrfGuard,
    signing_key: EncodingKey,
    /// The public key in Base64.
    public_key: String,
    /// Where operators of push services reach the server's.
    contact: Option<String>,
}

/// How urgent a push is to its recipient; a phone that saves power waits with the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    Normal,
    High,
}

/// A push for one device.
#[derive(Debug, Clone)]
pub struct Push<'a> {
    pub endpoint: &'a str,
    pub keys: &'a PushKeys,
    /// What the device is told.
    pub text: &'a [u8],
    /// How long the push service keeps it for a device that is off.
    pub ttl: Duration,
    /// It replaces an earlier one with the same topic that was not delivered yet; up to 32 characters of Base64.
    pub topic: &'a str,
    pub urgency: Urgency,
}

/// Why a push was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PushError {
    /// The push service does not know the device any more.
    Gone(u16),
    /// It may be accepted later: the push service is overloaded, or there was no answer.
    Later { status: Option<u16>, after: Option<Duration> },
    /// It was refused.
    Refused(Option<u16>),
}

#[derive(Serialize)]
struct Claims<'a> {
    aud: String,
    exp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<&'a str>,
}

impl PushClient {
    /// `seeds` gives secrets of 32 bytes, of which the first that is a private key on P-256 becomes the server's: all but
    /// one in 2³² are. `allowed` are hosts and networks that may be push services although they are not public.
    pub fn new(
        seeds: impl IntoIterator<Item = [u8; 32]>,
        contact: Option<&str>,
        allowed: Vec<AllowedTarget>,
    ) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let key = seeds.into_iter().find_map(|seed| PrivateKey::from_private_key(&ECDH_P256, &seed).ok());
        let key = key.ok_or("there is no private key")?;
        let der: Pkcs8V1Der<'_> = key.as_der()?;
        let guard = SsrfGuard::new(allowed);
        Ok(Self {
            http: http::client()?.timeout(TIMEOUT).dns_resolver(guard.clone()).build()?,
            guard,
            signing_key: EncodingKey::from_ec_der(der.as_ref()),
            public_key: URL_SAFE_NO_PAD.encode(key.compute_public_key()?.as_ref()),
            contact: contact.map(str::to_owned),
        })
    }

    /// The server's public key, an uncompressed point in Base64, by which a browser knows whose pushes it accepts.
    pub fn public_key(&self) -> &str {
        &self.public_key
    }

    /// Why an endpoint or keys are none, as a sentence about the field.
    pub fn check(&self, endpoint: &str, keys: &PushKeys) -> Result<(), (&'static str, String)> {
        let refuse = |reason: &str| Err(("endpoint", reason.to_owned()));
        if endpoint.len() > MAX_ENDPOINT {
            return refuse("is too long");
        }
        let Ok(url) = Url::parse(endpoint) else { return refuse("must be an address") };
        if let Err(forbidden) = self.guard.check(&url) {
            return Err(("endpoint", format!("cannot be used: {forbidden}")));
        }
        if url.scheme() != "https" && !self.guard.is_allowed(&url) {
            return refuse("must begin with https://");
        }
        if push_encryption::encrypt(keys, b"test").is_err() {
            return Err(("keys", "must be those of the subscription".to_owned()));
        }
        Ok(())
    }

    /// Sends a push; returns the status with which it was accepted.
    #[boxed]
    pub async fn send(&self, push: &Push<'_>, now: Time) -> Result<u16, PushError> {
        let url = Url::parse(push.endpoint).map_err(|_| PushError::Refused(None))?;
        // What is allowed may have changed since the device was registered.
        self.guard.check(&url).map_err(|_| PushError::Refused(None))?;
        let body = push_encryption::encrypt(push.keys, push.text).map_err(|_| PushError::Refused(None))?;
        let signature = self.signature(&url, now).map_err(|_| PushError::Refused(None))?;
        let request = self
            .http
            .post(url)
            .header(AUTHORIZATION, signature)
            .header(CONTENT_ENCODING, "aes128gcm")
            .header(CONTENT_TYPE, "application/octet-stream")
            .header("TTL", push.ttl.as_secs())
            .header("Topic", push.topic)
            .header("Urgency", if push.urgency == Urgency::High { "high" } else { "normal" })
            .body(body);
        let Ok(response) = traces::send("push service", request).await else {
            return Err(PushError::Later { status: None, after: None });
        };
        let status = response.status().as_u16();
        match status {
            200..300 => Ok(status),
            404 | 410 => Err(PushError::Gone(status)),
            408 | 429 | 500.. => {
                let after = response.headers().get(RETRY_AFTER).and_then(|after| after.to_str().ok());
                let after = after.and_then(|after| after.trim().parse().ok()).map(Duration::from_secs);
                Err(PushError::Later { status: Some(status), after })
            }
            _ => Err(PushError::Refused(Some(status))),
        }
    }

    /// The `Authorization` header (RFC 8292).
    fn signature(&self, url: &Url, now: Time) -> jsonwebtoken::errors::Result<String> {
        let aud = url.origin().ascii_serialization();
        let claims = Claims { aud, exp: (now + SIGNATURE_LIFE).seconds(), sub: self.contact.as_deref() };
        let token = jsonwebtoken::encode(&Header::new(Algorithm::ES256), &claims, &self.signing_key)?;
        Ok(format!("vapid t={token}, k={}", self.public_key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(allowed: &[&str]) -> PushClient {
        let allowed = allowed.iter().map(|target| target.parse().unwrap()).collect();
        PushClient::new([[0; 32], [7; 32]], Some("https://chat.example.org"), allowed).unwrap()
    }

    /// Keys of a device that does not exist.
    fn keys() -> PushKeys {
        let key = PrivateKey::generate(&ECDH_P256).unwrap().compute_public_key().unwrap();
        PushKeys { public: key.as_ref().try_into().unwrap(), auth: [3; 16] }
    }

    #[test]
    fn the_key_follows_from_the_seed_and_a_seed_that_is_no_key_is_passed_over() {
        let (one, other) = (client(&[]), PushClient::new([[7; 32]], None, Vec::new()).unwrap());
        assert_eq!(one.public_key(), other.public_key());
        assert_eq!(URL_SAFE_NO_PAD.decode(one.public_key()).unwrap().len(), 65);
        assert!(PushClient::new([[0; 32]], None, Vec::new()).is_err());
    }

    #[test]
    fn endpoints_are_public_web_addresses() {
        let fine = |client: &PushClient, endpoint: &str| client.check(endpoint, &keys()).is_ok();
        let strict = client(&[]);
        assert!(fine(&strict, "https://push.example.org/send/abc"));
        for endpoint in [
            "http://push.example.org/send",
            "https://127.0.0.1/",
            "https://10.0.0.1/",
            "https://[::1]/",
            "https://push.example.org:8443/",
            "https://user@push.example.org/",
            "ftp://push.example.org/",
            "push.example.org",
            "",
        ] {
            assert!(!fine(&strict, endpoint), "{endpoint}");
        }
        assert!(!fine(&strict, &format!("https://push.example.org/{}", "a".repeat(2_048))));
        let own = client(&["ntfy.lan", "127.0.0.1"]);
        for endpoint in ["http://ntfy.lan:8080/up", "https://ntfy.lan/up", "http://127.0.0.1:1234/"] {
            assert!(fine(&own, endpoint), "{endpoint}");
        }
        let wrong = PushKeys { public: [9; 65], auth: [0; 16] };
        assert_eq!(strict.check("https://push.example.org/", &wrong).unwrap_err().0, "keys");
    }
}
