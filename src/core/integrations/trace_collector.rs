//! A collector of traces: OTLP over HTTP.

use std::time::Duration;

use bytes::Bytes;
use reqwest::Client;
use reqwest::header::HeaderMap;

use super::http;
use crate::boxed;

/// A collector is near, or it is not waited for.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Sends traces to a collector. What it sends is in no trace.
#[derive(Debug, Clone)]
pub struct TraceCollector(Client);

impl TraceCollector {
    pub fn new() -> Result<Self, String> {
        let http = http::client().map_err(|error| error.to_string())?.timeout(TIMEOUT).build();
        Ok(Self(http.map_err(|error| error.to_string())?))
    }

    /// Sends a request, and returns the status of the answer.
    #[boxed]
    pub async fn send(&self, url: &str, headers: HeaderMap, body: Bytes) -> Result<u16, String> {
        let sent = self.0.post(url).headers(headers).body(body).send().await;
        let answer = sent.map_err(|error| error.without_url().to_string())?;
        Ok(answer.status().as_u16())
    }
}
