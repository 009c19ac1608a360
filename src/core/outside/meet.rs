//! Google's Meet REST API, of which one call is needed: `spaces.create`.

use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Url};
use serde::Deserialize;

use super::http;

const PATIENCE: Duration = Duration::from_secs(10);
/// The largest answer, in bytes; a space takes some hundred.
const LARGEST: usize = 64 * 1024;

/// Why there is no meeting.
#[derive(Debug, thiserror::Error)]
pub enum NoSpace {
    #[error("the server answered {0}")]
    Refused(u16),
    #[error("the server answered no address")]
    Garbled,
    #[error(transparent)]
    Failed(reqwest::Error),
}

impl From<reqwest::Error> for NoSpace {
    fn from(error: reqwest::Error) -> Self {
        Self::Failed(error.without_url())
    }
}

/// Where spaces to meet in are made.
pub struct Meet {
    http: Client,
    address: Url,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Space {
    meeting_uri: String,
}

impl Meet {
    /// `base` stands before `/v2/spaces`.
    pub fn new(base: &str) -> Result<Self, String> {
        let address = Url::parse(&format!("{}/v2/spaces", base.trim_end_matches('/'))).ok();
        let address = address.filter(|url| ["http", "https"].contains(&url.scheme()) && url.has_host());
        let address = address.ok_or("it must be a web address as in https://meet.googleapis.com")?;
        let http = http::client().map_err(|error| error.to_string())?.timeout(PATIENCE).build();
        Ok(Self { http: http.map_err(|error| error.to_string())?, address })
    }

    /// Makes a space in the name of whoever a token is from. Answers the address at which people meet.
    pub async fn create(&self, token: &str) -> Result<String, NoSpace> {
        let request = self.http.post(self.address.clone()).bearer_auth(token);
        let mut response = request.header(CONTENT_TYPE, "application/json").body("{}").send().await?;
        if !response.status().is_success() {
            return Err(NoSpace::Refused(response.status().as_u16()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if body.len() + chunk.len() > LARGEST {
                return Err(NoSpace::Garbled);
            }
            body.extend_from_slice(&chunk);
        }
        let space: Space = serde_json::from_slice(&body).map_err(|_| NoSpace::Garbled)?;
        match Url::parse(&space.meeting_uri) {
            Ok(url) if ["http", "https"].contains(&url.scheme()) => Ok(space.meeting_uri),
            _ => Err(NoSpace::Garbled),
        }
    }
}
