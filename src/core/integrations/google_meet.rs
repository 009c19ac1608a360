//! A client of the Google Meet REST API for its one call that is needed: `spaces.create`.

use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Url};
use serde::Deserialize;

use super::http;
use crate::traces;

const TIMEOUT: Duration = Duration::from_secs(10);
/// The largest response that is read, in bytes; usual ones have some hundred.
const MAX_RESPONSE_SIZE: usize = 64 * 1024;

/// Why no meeting was created.
#[derive(Debug, thiserror::Error)]
pub enum MeetError {
    #[error("the server answered {0}")]
    Refused(u16),
    #[error("the server answered no address")]
    Invalid,
    #[error(transparent)]
    Failed(reqwest::Error),
}

impl From<reqwest::Error> for MeetError {
    fn from(error: reqwest::Error) -> Self {
        Self::Failed(error.without_url())
    }
}

/// The API's client.
pub struct GoogleMeet {
    http: Client,
    address: Url,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Space {
    meeting_uri: String,
}

impl GoogleMeet {
    /// `base` is the URL without `/v2/spaces`.
    pub fn new(base: &str) -> Result<Self, String> {
        let address = Url::parse(&format!("{}/v2/spaces", base.trim_end_matches('/'))).ok();
        let address = address.filter(|url| ["http", "https"].contains(&url.scheme()) && url.has_host());
        let address = address.ok_or("it must be a web address as in https://meet.googleapis.com")?;
        let http = http::client().map_err(|error| error.to_string())?.timeout(TIMEOUT).build();
        Ok(Self { http: http.map_err(|error| error.to_string())?, address })
    }

    /// Creates a meeting space on behalf of the token's user and returns its URL.
    pub async fn create(&self, token: &str) -> Result<String, MeetError> {
        let request = self.http.post(self.address.clone()).bearer_auth(token);
        let request = request.header(CONTENT_TYPE, "application/json").body("{}");
        let mut response = traces::send("Google Meet", request).await?;
        if !response.status().is_success() {
            return Err(MeetError::Refused(response.status().as_u16()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if body.len() + chunk.len() > MAX_RESPONSE_SIZE {
                return Err(MeetError::Invalid);
            }
            body.extend_from_slice(&chunk);
        }
        let space: Space = serde_json::from_slice(&body).map_err(|_| MeetError::Invalid)?;
        match Url::parse(&space.meeting_uri) {
            Ok(url) if ["http", "https"].contains(&url.scheme()) => Ok(space.meeting_uri),
            _ => Err(MeetError::Invalid),
        }
    }
}
