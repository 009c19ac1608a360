//! Delivers outgoing webhooks, whose URLs users write: behind the guard against server-side request forgery, and without
//! following redirects.

use std::time::Duration;

use reqwest::Client;
use reqwest::header::{ACCEPT_ENCODING, CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use url::Url;

use super::http;
use super::ssrf_guard::{AllowedTarget, SsrfGuard};
use crate::traces;

/// How long a delivery may take.
const TIMEOUT: Duration = Duration::from_secs(15);
const NAME: &str = concat!("Besedka/", env!("CARGO_PKG_VERSION"), " (webhook)");

/// A client for webhooks.
pub struct WebhookClient {
    http: Client,
    guard: SsrfGuard,
}

/// A delivery with its signature.
#[derive(Debug, Clone, Copy)]
pub struct SignedDelivery<'a> {
    pub url: &'a str,
    pub id: &'a str,
    /// Seconds since 1970.
    pub timestamp: i64,
    pub signature: &'a str,
    pub body: &'a str,
}

/// What a receiver answered.
#[derive(Debug, Clone, Copy)]
pub struct WebhookAnswer {
    pub status: u16,
    /// When it wants to be asked again.
    pub retry_after: Option<Duration>,
}

impl WebhookClient {
    /// `allowed` are private hosts and networks that may be requested.
    pub fn new(allowed: Vec<AllowedTarget>) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let guard = SsrfGuard::new(allowed).at_any_port();
        // Connections are not reused: the next delivery may go to another address of the name.
        let http = http::client()?.dns_resolver(guard.clone()).pool_max_idle_per_host(0).timeout(TIMEOUT);
        Ok(Self { http: http.build()?, guard })
    }

    /// Checks a URL, and returns it in its normal form. The error is a reason for its author.
    pub fn check(&self, url: &str) -> Result<String, String> {
        let url = Url::parse(url).map_err(|_| "must be an http or https URL".to_owned())?;
        self.guard.check(&url).map_err(|why| format!("can't be used: {why}"))?;
        Ok(url.into())
    }

    /// Sends a delivery. The error says why there was no answer, without the URL.
    pub async fn send(&self, delivery: SignedDelivery<'_>) -> Result<WebhookAnswer, String> {
        let url = Url::parse(delivery.url).map_err(|_| "the URL is invalid".to_owned())?;
        self.guard.check(&url).map_err(|why| why.to_string())?;
        let request = self
            .http
            .post(url)
            .header(USER_AGENT, NAME)
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT_ENCODING, "identity")
            .header("webhook-id", delivery.id)
            .header("webhook-timestamp", delivery.timestamp)
            .header("webhook-signature", delivery.signature)
            .body(delivery.body.to_owned());
        // Only the head of the answer is read.
        let answer = traces::send("webhook", request).await.map_err(|error| describe(&error))?;
        let seconds = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        Ok(WebhookAnswer { status: answer.status().as_u16(), retry_after: seconds.map(Duration::from_secs) })
    }
}

fn describe(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "there was no answer in time".to_owned();
    }
    // The innermost cause says most: reqwest's own text only names the URL.
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    match error.is_connect() {
        true => format!("it can't be reached: {cause}"),
        false => format!("the connection failed: {cause}"),
    }
}
