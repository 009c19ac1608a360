//! Fetches web pages for link previews and reads their metadata.

use std::time::Duration;

use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, LOCATION,
};
use reqwest::{Client, Response};
use url::Url;

use super::page_metadata::charset_parameter;
use super::ssrf_guard::{AllowedTarget, Forbidden, SsrfGuard};
use super::{charset, http, page_metadata};
use crate::boxed;
use crate::model::Page;
use crate::traces;

/// How long fetching may take, including redirects.
const TIMEOUT: Duration = Duration::from_secs(5);
const MAX_REDIRECTS: usize = 3;
/// How many bytes of a page are read at most.
const MAX_HEAD_SIZE: usize = 512 * 1_024;

/// Why a page has no preview.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    #[error("it may not be asked for: {0}")]
    Forbidden(#[from] Forbidden),
    #[error("it was not there in time")]
    TimedOut,
    #[error("it was redirected too often, or nowhere")]
    Redirected,
    #[error("the server answered {0}")]
    Refused(u16),
    #[error("it is no page with a title")]
    NotAPage,
    #[error(transparent)]
    Failed(reqwest::Error),
}

impl From<reqwest::Error> for PageError {
    /// Without the URL: what users write must not appear in the log.
    fn from(error: reqwest::Error) -> Self {
        Self::Failed(error.without_url())
    }
}

/// Fetches pages that users link to.
pub struct PageFetcher {
    http: Client,
    guard: SsrfGuard,
    timeout: Duration,
}

impl PageFetcher {
    /// `allowed` are private hosts and networks that may be requested.
    pub fn new(allowed: Vec<AllowedTarget>) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let guard = SsrfGuard::new(allowed);
        Ok(Self { http: client(&guard)?, guard, timeout: TIMEOUT })
    }

    /// Fetches a page and reads its metadata.
    #[boxed]
    pub async fn read(&self, address: &str) -> Result<Page, PageError> {
        tokio::time::timeout(self.timeout, self.follow(address)).await.map_err(|_| PageError::TimedOut)?
    }

    async fn follow(&self, address: &str) -> Result<Page, PageError> {
        let mut url = Url::parse(address).map_err(|_| Forbidden("it is no web address"))?;
        for _ in 0..=MAX_REDIRECTS {
            self.guard.check(&url)?;
            let request = self
                .http
                .get(url.clone())
                .header(ACCEPT, "text/html,application/xhtml+xml;q=0.9")
                // Compressed responses could be decompression bombs.
                .header(ACCEPT_ENCODING, "identity");
            let response = traces::send("page for a preview", request).await?;
            if !response.status().is_redirection() {
                return read(response).await;
            }
            let next = header(response.headers(), LOCATION).and_then(|next| url.join(next).ok());
            url = next.ok_or(PageError::Redirected)?;
        }
        Err(PageError::Redirected)
    }
}

fn client(guard: &SsrfGuard) -> Result<Client, Box<dyn std::error::Error + Send + Sync>> {
    // Connections are not reused.
    Ok(http::client()?.dns_resolver(guard.clone()).pool_max_idle_per_host(0).build()?)
}

async fn read(response: Response) -> Result<Page, PageError> {
    if !response.status().is_success() {
        return Err(PageError::Refused(response.status().as_u16()));
    }
    let headers = response.headers();
    let media_type = header(headers, CONTENT_TYPE).unwrap_or_default().to_ascii_lowercase();
    let is_page = ["text/html", "application/xhtml+xml"]
        .contains(&media_type.split(';').next().unwrap_or_default().trim());
    let is_plain = header(headers, CONTENT_ENCODING).is_none_or(|encoding| encoding == "identity");
    if !is_page || !is_plain {
        return Err(PageError::NotAPage);
    }
    let bytes = head_of(response).await?;
    // Parsing the largest pages takes some milliseconds: not on the async threads.
    let parsing = tokio::task::spawn_blocking(move || {
        page_metadata::extract(&charset::decode(&bytes, charset_parameter(&media_type)))
    });
    parsing.await.ok().flatten().ok_or(PageError::NotAPage)
}

/// Reads a page up to the end of its `<head>`.
async fn head_of(mut response: Response) -> Result<Vec<u8>, PageError> {
    const END: &[u8] = b"</head";
    /// How often it is checked whether that ends the head: scripts and comments can contain it.
    const MAX_CHECKS: usize = 16;
    let mut checks = 0;
    let mut bytes: Vec<u8> = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        let seen = bytes.len().saturating_sub(END.len());
        let room = MAX_HEAD_SIZE - bytes.len();
        bytes.extend_from_slice(&chunk[..chunk.len().min(room)]);
        let is_end = |window: &[u8]| window.eq_ignore_ascii_case(END);
        if bytes.len() == MAX_HEAD_SIZE {
            break;
        }
        if checks < MAX_CHECKS && bytes[seen..].windows(END.len()).any(is_end) {
            checks += 1;
            if page_metadata::has_whole_head(&String::from_utf8_lossy(&bytes)) {
                break;
            }
        }
    }
    Ok(bytes)
}

fn header(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests;
