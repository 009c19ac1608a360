//! What is wrong with a bucket, in a sentence, before anybody's file is lost to it.

use std::time::Duration;

use futures_util::TryStreamExt;
use object_store::path::Path;
use object_store::signer::Method;
use object_store::{ObjectStore, ObjectStoreExt};

use super::Files;
use super::place::Bucket;
use super::shelf::{Remote, Shelf};

/// How long a bucket has to say what pages may do.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why a bucket can't be used.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// A setting is wrong, and stays so until somebody mends it.
    #[error("{0}")]
    Wrong(String),
    /// It does not answer, and may do so later.
    #[error("{0}")]
    Down(String),
}

impl Files {
    /// Whether everything can be done with the bucket that will have to be done with it.
    pub async fn probe(&self) -> Result<(), Trouble> {
        probe(&self.shelf).await
    }

    /// Whether the bucket lets pages of an address send files to it and fetch them. A browser that it does not let
    /// tells nobody why.
    pub async fn probe_pages(&self, origin: &str) -> Result<(), Trouble> {
        let Some(bucket) = self.shelf.direct() else { return Ok(()) };
        let Bucket { name, url, .. } = &bucket.about;
        let down = |error: reqwest::Error| {
            Trouble::Down(format!("the bucket {name} at {url} does not answer pages: {error}"))
        };
        let client = reqwest::Client::builder().timeout(PATIENCE).build().map_err(down)?;
        for method in ["POST", "GET"] {
            let asked = client
                .request(Method::OPTIONS, url)
                .header("Origin", origin)
                .header("Access-Control-Request-Method", method);
            let answer = asked.send().await.map_err(down)?;
            let allowed = answer.headers().get("Access-Control-Allow-Origin");
            if !allowed.is_some_and(|allowed| allowed == "*" || allowed == origin) {
                return Err(Trouble::Wrong(format!(
                    "the bucket {name} does not let pages of {origin} {method} files: give it the CORS rules in the \
                     README, or direct=off in --storage-url"
                )));
            }
        }
        Ok(())
    }
}

pub(super) async fn probe(shelf: &Shelf) -> Result<(), Trouble> {
    match &shelf.bucket {
        Some(bucket) => attempt(shelf).await.map_err(|(what, error)| explain(bucket, what, &error)),
        None => Ok(()),
    }
}

/// Looks for what is there, writes a small file, reads it and takes it away.
async fn attempt(shelf: &Shelf) -> Result<(), (&'static str, object_store::Error)> {
    let path = Path::from(format!("incoming/probe-{}", uuid::Uuid::new_v4()));
    let found = shelf.store.list(Some(&path)).try_next().await;
    found.map_err(|error| ("listed (s3:ListBucket)", error))?;
    shelf.store.put(&path, "Besedka".into()).await.map_err(|error| ("written (s3:PutObject)", error))?;
    shelf.store.get(&path).await.map_err(|error| ("read (s3:GetObject)", error))?;
    shelf.store.delete(&path).await.map_err(|error| ("deleted (s3:DeleteObject)", error))
}

fn explain(bucket: &Remote, what: &'static str, error: &object_store::Error) -> Trouble {
    let (name, url, region) = (&bucket.about.name, &bucket.about.url, &bucket.about.region);
    let said = full(error);
    let is_in = |texts: &[&str]| texts.iter().any(|text| said.contains(text));
    let code =
        said.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>")).map(|(code, _)| code);
    let code = match code {
        // Garage has one code for all of them, and tells them apart in words.
        Some("AccessDenied") if is_in(&["Invalid signature"]) => Some("SignatureDoesNotMatch"),
        Some("AccessDenied") if is_in(&["No such key"]) => Some("InvalidAccessKeyId"),
        code => code,
    };
    Trouble::Wrong(match code {
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
                "in the bucket {name}, files can't be {what} with these credentials: the README names the rights"
            )
        }
        Some(code) if !matches!(code, "InternalError" | "ServiceUnavailable" | "SlowDown") => {
            format!("the bucket {name} at {url} says {code}")
        }
        None if is_in(&["status code: 403", "status code: 401"]) => {
            format!("in the bucket {name}, files can't be {what} with these credentials")
        }
        None if is_in(&["status code: 301", "without LOCATION"]) => {
            format!("the bucket {name} is not in the region {region}: see region= in --storage-url")
        }
        None if is_in(&["status code: 404"]) => format!("there is no bucket {name} at {url}"),
        _ => return Trouble::Down(format!("the bucket {name} at {url} does not answer: {said}")),
    })
}

/// An error with what it came from: what S3 said stands in the innermost.
fn full(error: &object_store::Error) -> String {
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
