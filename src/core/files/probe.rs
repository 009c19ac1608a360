//! Start-up checks of a bucket, which explain in a sentence what is wrong with it.

use std::time::Duration;

use futures_util::TryStreamExt;
use object_store::path::Path;
use object_store::signer::Method;
use object_store::{ObjectStore, ObjectStoreExt};

use super::Files;
use super::backend::{Backend, S3Bucket};
use super::location::BucketConfig;

/// How long a bucket may take to answer a CORS preflight request.
const CORS_TIMEOUT: Duration = Duration::from_secs(10);

/// Why a bucket can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ProbeFailure {
    /// A setting is wrong and must be corrected by the administrator.
    #[error("{0}")]
    Misconfigured(String),
    /// The bucket does not answer; retrying may help.
    #[error("{0}")]
    Unavailable(String),
}

impl Files {
    /// Checks that the bucket permits all operations that the server needs.
    pub async fn probe(&self) -> Result<(), ProbeFailure> {
        probe(&self.backend).await
    }

    /// Checks that the bucket's CORS rules let pages of an origin upload and download. A browser would not report why it
    /// was refused.
    pub async fn probe_cors(&self, origin: &str) -> Result<(), ProbeFailure> {
        let Some(bucket) = self.backend.direct() else { return Ok(()) };
        let BucketConfig { name, url, .. } = &bucket.config;
        let down = |error: reqwest::Error| {
            ProbeFailure::Unavailable(format!("the bucket {name} at {url} does not answer pages: {error}"))
        };
        let client = reqwest::Client::builder().timeout(CORS_TIMEOUT).build().map_err(down)?;
        for method in ["POST", "GET"] {
            let request = client
                .request(Method::OPTIONS, url)
                .header("Origin", origin)
                .header("Access-Control-Request-Method", method);
            let response = request.send().await.map_err(down)?;
            let allowed = response.headers().get("Access-Control-Allow-Origin");
            if !allowed.is_some_and(|allowed| allowed == "*" || allowed == origin) {
                return Err(ProbeFailure::Misconfigured(format!(
                    "the bucket {name} does not let pages of {origin} {method} files: give it the CORS rules in \
                     docs/run/storage.md, or direct=off in --storage-url"
                )));
            }
        }
        Ok(())
    }
}

pub(super) async fn probe(backend: &Backend) -> Result<(), ProbeFailure> {
    match &backend.bucket {
        Some(bucket) => {
            try_operations(backend).await.map_err(|(operation, error)| explain(bucket, operation, &error))
        }
        None => Ok(()),
    }
}

/// Lists, writes, reads and deletes a small file. The error names the operation that failed.
async fn try_operations(backend: &Backend) -> Result<(), (&'static str, object_store::Error)> {
    let path = Path::from(format!("incoming/probe-{}", uuid::Uuid::new_v4()));
    let found = backend.store.list(Some(&path)).try_next().await;
    found.map_err(|error| ("listed (s3:ListBucket)", error))?;
    backend.store.put(&path, "Besedka".into()).await.map_err(|error| ("written (s3:PutObject)", error))?;
    backend.store.get(&path).await.map_err(|error| ("read (s3:GetObject)", error))?;
    backend.store.delete(&path).await.map_err(|error| ("deleted (s3:DeleteObject)", error))
}

fn explain(bucket: &S3Bucket, operation: &'static str, error: &object_store::Error) -> ProbeFailure {
    let (name, url, region) = (&bucket.config.name, &bucket.config.url, &bucket.config.region);
    let message = with_causes(error);
    let is_in = |texts: &[&str]| texts.iter().any(|text| message.contains(text));
    let code =
        message.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>")).map(|(code, _)| code);
    let code = match code {
        // Garage uses one code for several errors and distinguishes them in the message.
        Some("AccessDenied") if is_in(&["Invalid signature"]) => Some("SignatureDoesNotMatch"),
        Some("AccessDenied") if is_in(&["No such key"]) => Some("InvalidAccessKeyId"),
        code => code,
    };
    ProbeFailure::Misconfigured(match code {
        Some("NoSuchBucket") => format!("there is no bucket {name} at {url}"),
        Some("InvalidAccessKeyId" | "NotSignedUp" | "InvalidToken" | "ExpiredToken") => {
            format!("the bucket {name} does not know who asks: see AWS_ACCESS_KEY_ID and AWS_SESSION_TOKEN")
        }
        Some("SignatureDoesNotMatch") => {
            format!("the bucket {name} refuses the signature: AWS_SECRET_ACCESS_KEY is not the access key's")
        }
        Some("RequestTimeTooSkewed") => {
            "this machine's clock and the bucket's are more than 15 minutes apart: set the time".to_owned()
        }
        Some("AuthorizationHeaderMalformed" | "PermanentRedirect" | "IllegalLocationConstraintException") => {
            format!("the bucket {name} is not in the region {region}: see region= in --storage-url")
        }
        Some("AccessDenied" | "AccessForbidden") => {
            format!(
                "in the bucket {name}, files can't be {operation} with these credentials: docs/run/storage.md lists \
                 the permissions"
            )
        }
        Some(code) if !matches!(code, "InternalError" | "ServiceUnavailable" | "SlowDown") => {
            format!("the bucket {name} at {url} says {code}")
        }
        None if is_in(&["status code: 403", "status code: 401"]) => {
            format!("in the bucket {name}, files can't be {operation} with these credentials")
        }
        None if is_in(&["status code: 301", "without LOCATION"]) => {
            format!("the bucket {name} is not in the region {region}: see region= in --storage-url")
        }
        None if is_in(&["status code: 404"]) => format!("there is no bucket {name} at {url}"),
        _ => {
            return ProbeFailure::Unavailable(format!(
                "the bucket {name} at {url} does not answer: {message}"
            ));
        }
    })
}

/// An error's message with those of its causes: S3's response is in the innermost.
fn with_causes(error: &object_store::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let more = cause.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        source = cause.source();
    }
    text
}
