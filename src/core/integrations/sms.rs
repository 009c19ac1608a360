//! Sends SMS through a gateway with a webhook.
//!
//! The request is a POST of JSON `{"phone", "text", "code"}`. Its header `Besedka-Timestamp` has the time in seconds
//! since 1970, and `Besedka-Signature` `sha256=` with the hexadecimal HMAC-SHA256, by the shared secret, of the time,
//! a dot and the body. Any 2xx status means that the message was accepted.

use std::fmt::Write;
use std::time::Duration;

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Url};
use serde_json::json;

use super::{DeliveryError, http};
use crate::boxed;
use crate::model::Time;
use crate::traces;

const TIMEOUT: Duration = Duration::from_secs(10);

/// A client of an SMS gateway.
pub struct SmsClient {
    http: Client,
    address: Url,
    secret: Key,
}

impl SmsClient {
    pub fn new(address: &str, secret: &str) -> Result<Self, String> {
        let invalid = || "it must be a web address as in https://sms.example.org/send".to_owned();
        let address = Url::parse(address).ok().filter(|url| ["http", "https"].contains(&url.scheme()));
        let http = http::client().map_err(|error| error.to_string())?.timeout(TIMEOUT).build();
        Ok(Self {
            http: http.map_err(|error| error.to_string())?,
            address: address.ok_or_else(invalid)?,
            secret: Key::new(HMAC_SHA256, secret.as_bytes()),
        })
    }

    #[boxed]
    pub async fn send(&self, phone: &str, text: &str, code: &str, now: Time) -> Result<(), DeliveryError> {
        let body = json!({"phone": phone, "text": text, "code": code}).to_string();
        let time = now.seconds();
        let request = self
            .http
            .post(self.address.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("Besedka-Timestamp", time)
            .header("Besedka-Signature", self.signature(time, &body))
            .body(body);
        match traces::send("SMS gateway", request).await {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) => Err(DeliveryError::Refused(format!("it answered {}", answer.status().as_u16()))),
            Err(error) if error.is_timeout() && !error.is_connect() => Err(DeliveryError::TimedOut),
            Err(error) => Err(DeliveryError::Refused(error.without_url().to_string())),
        }
    }

    fn signature(&self, time: i64, body: &str) -> String {
        let mut text = "sha256=".to_owned();
        for byte in sign(&self.secret, format!("{time}.{body}").as_bytes()).as_ref() {
            let _ = write!(text, "{byte:02x}");
        }
        text
    }
}
