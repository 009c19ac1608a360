//! The server as it is seen from outside, by its own public address: through the proxy before it.

use std::time::Duration;

use reqwest::header::{CONNECTION, CONTENT_LENGTH, DATE, SERVER, UPGRADE, VIA};
use reqwest::{Client, StatusCode};

use super::http;
use crate::boxed;
use crate::model::Time;

const TIMEOUT: Duration = Duration::from_secs(10);
/// How long an upload may take. One that is not refused by then is not refused for its size.
const UPLOAD_TIMEOUT: Duration = Duration::from_secs(20);
/// The largest upload that is tried: a proxy that takes this much takes any.
const LARGEST_UPLOAD: u64 = 128 * 1024 * 1024;

/// A public address.
pub struct PublicAddress {
    client: Client,
    base: String,
}

/// What the health check answers there.
#[derive(Debug, Clone)]
pub struct OutsideAnswer {
    pub is_besedka: bool,
    pub status: u16,
    /// What names itself in the answer; Besedka does not.
    pub proxy: Option<String>,
    /// The time there.
    pub date: Option<Time>,
}

impl PublicAddress {
    pub fn new(base: &str) -> Result<Self, String> {
        let client = http::client().map_err(|error| error.to_string())?.timeout(TIMEOUT).build();
        let client = client.map_err(|error| error.to_string())?;
        Ok(Self { client, base: base.trim_end_matches('/').to_owned() })
    }

    /// Asks whether the server is healthy. The error is a sentence without the address.
    #[boxed]
    pub async fn health(&self) -> Result<OutsideAnswer, String> {
        let response = self.client.get(format!("{}/health", self.base)).send().await.map_err(describe)?;
        let text =
            |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let proxy = text(SERVER).or_else(|| text(VIA));
        let date = text(DATE).and_then(|date| read_date(&date));
        let status = response.status();
        let body = response.bytes().await.map_err(describe)?;
        let is_besedka = status == StatusCode::OK
            && serde_json::from_slice::<serde_json::Value>(&body).is_ok_and(|body| body["status"] == "ok");
        Ok(OutsideAnswer { is_besedka, status: status.as_u16(), proxy, date })
    }

    /// The status of the answer to a request for a WebSocket: 101 when it is let through.
    #[boxed]
    pub async fn socket(&self) -> Result<u16, String> {
        let request = self
            .client
            .get(format!("{}/ws", self.base))
            .header(CONNECTION, "Upgrade")
            .header(UPGRADE, "websocket")
            .header("Sec-WebSocket-Version", "13")
            .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
        Ok(request.send().await.map_err(describe)?.status().as_u16())
    }

    /// Whether something before the server refuses uploads of a size. Nothing is stored.
    #[boxed]
    pub async fn refuses_upload(&self, size: u64) -> Result<bool, String> {
        let size = usize::try_from(size.min(LARGEST_UPLOAD)).map_err(|error| error.to_string())?;
        // To where only GET is answered, so that the server itself ignores the bytes.
        let request = self.client.post(format!("{}/health", self.base)).timeout(UPLOAD_TIMEOUT);
        let request = request.header(CONTENT_LENGTH, size).body(vec![0; size]);
        match request.send().await {
            Ok(response) => Ok(response.status() == StatusCode::PAYLOAD_TOO_LARGE),
            // The server answers without reading to the end, and slow lines take longer: neither is a refusal.
            Err(_) => Ok(false),
        }
    }
}

/// Whether a server answers, and does not refuse the key.
#[boxed]
pub async fn check_model_server(base: &str, key: Option<&str>) -> Result<(), String> {
    let client = http::client().map_err(|error| error.to_string())?.timeout(TIMEOUT).build();
    let request = client.map_err(describe)?.get(format!("{}/models", base.trim_end_matches('/')));
    let request = key.iter().fold(request, |request, key| request.bearer_auth(key));
    let status = request.send().await.map_err(describe)?.status();
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(format!("it refuses the key ({status})")),
        status if status.is_server_error() => Err(format!("it answers {status}")),
        _ => Ok(()),
    }
}

/// The cause of an error, without the address, which may contain secrets.
fn describe(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// A time as HTTP writes it: `Tue, 26 Mar 2024 12:00:00 GMT`.
fn read_date(text: &str) -> Option<Time> {
    let zoned = jiff::fmt::rfc2822::parse(text).ok()?;
    Some(Time(zoned.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_answers_are_read() {
        assert_eq!(read_date("Tue, 26 Mar 2024 12:00:00 GMT"), Some(Time(1_711_454_400_000)));
        assert_eq!(read_date("yesterday"), None);
    }
}
