//! Reading a stranger's page, as little of it as tells what it is.

use std::time::Duration;

use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, LOCATION,
};
use reqwest::{Client, Response};
use url::Url;

use super::guard::{Exception, Forbidden, Guard};
use super::html::charset_of;
use super::{charset, html, http};
use crate::model::Page;

/// How long it may take to answer, with all redirections.
const PATIENCE: Duration = Duration::from_secs(5);
const MOST_REDIRECTIONS: usize = 3;
/// The most that is read of a page, in bytes.
const LARGEST_HEAD: usize = 512 * 1_024;

/// Why nothing is known of a page.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("it may not be asked for: {0}")]
    Forbidden(#[from] Forbidden),
    #[error("it was not there in time")]
    Late,
    #[error("it was redirected too often, or nowhere")]
    Redirected,
    #[error("the server answered {0}")]
    Refused(u16),
    #[error("it is no page with a title")]
    NoPage,
    #[error(transparent)]
    Failed(reqwest::Error),
}

impl From<reqwest::Error> for Failure {
    /// Without the address: what people write to each other stands in no log.
    fn from(error: reqwest::Error) -> Self {
        Self::Failed(error.without_url())
    }
}

/// Reads strangers' pages.
pub struct Pages {
    http: Client,
    guard: Guard,
    patience: Duration,
}

impl Pages {
    /// `exceptions` is what may be read although it is not public.
    pub fn new(exceptions: Vec<Exception>) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let guard = Guard::new(exceptions);
        Ok(Self { http: client(&guard)?, guard, patience: PATIENCE })
    }

    /// What the page at an address says of itself.
    pub async fn read(&self, address: &str) -> Result<Page, Failure> {
        tokio::time::timeout(self.patience, self.follow(address)).await.map_err(|_| Failure::Late)?
    }

    async fn follow(&self, address: &str) -> Result<Page, Failure> {
        let mut url = Url::parse(address).map_err(|_| Forbidden("it is no web address"))?;
        for _ in 0..=MOST_REDIRECTIONS {
            self.guard.check(&url)?;
            let request = self
                .http
                .get(url.clone())
                .header(ACCEPT, "text/html,application/xhtml+xml;q=0.9")
                // A page of a few kilobytes can say that it is many gigabytes.
                .header(ACCEPT_ENCODING, "identity");
            let response = request.send().await?;
            if !response.status().is_redirection() {
                return read(response).await;
            }
            let next = header(response.headers(), LOCATION).and_then(|next| url.join(next).ok());
            url = next.ok_or(Failure::Redirected)?;
        }
        Err(Failure::Redirected)
    }
}

fn client(guard: &Guard) -> Result<Client, Box<dyn std::error::Error + Send + Sync>> {
    // Nothing is kept open to a stranger.
    Ok(http::client()?.dns_resolver(guard.clone()).pool_max_idle_per_host(0).build()?)
}

async fn read(response: Response) -> Result<Page, Failure> {
    if !response.status().is_success() {
        return Err(Failure::Refused(response.status().as_u16()));
    }
    let headers = response.headers();
    let media_type = header(headers, CONTENT_TYPE).unwrap_or_default().to_ascii_lowercase();
    let is_page = ["text/html", "application/xhtml+xml"]
        .contains(&media_type.split(';').next().unwrap_or_default().trim());
    let is_plain = header(headers, CONTENT_ENCODING).is_none_or(|encoding| encoding == "identity");
    if !is_page || !is_plain {
        return Err(Failure::NoPage);
    }
    let bytes = head_of(response).await?;
    // At its largest it takes some milliseconds, which nobody else should wait for.
    let reading =
        tokio::task::spawn_blocking(move || html::page(&charset::decode(&bytes, charset_of(&media_type))));
    reading.await.ok().flatten().ok_or(Failure::NoPage)
}

/// A page until the end of its head.
async fn head_of(mut response: Response) -> Result<Vec<u8>, Failure> {
    const END: &[u8] = b"</head";
    let mut bytes: Vec<u8> = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        let seen = bytes.len().saturating_sub(END.len());
        let room = LARGEST_HEAD - bytes.len();
        bytes.extend_from_slice(&chunk[..chunk.len().min(room)]);
        let is_end = |window: &[u8]| window.eq_ignore_ascii_case(END);
        if bytes.len() == LARGEST_HEAD || bytes[seen..].windows(END.len()).any(is_end) {
            break;
        }
    }
    Ok(bytes)
}

fn header(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests;
