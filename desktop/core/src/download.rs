//! Files of the server on this computer's disk: whole or not at all.

use std::path::Path;

use futures_util::StreamExt;
use reqwest::{Client, Response};
use ring::digest::{Context, SHA256};
use tokio::fs::{self, File};
use tokio::io::AsyncWriteExt;
use url::Url;

/// What a file must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    pub size: u64,
    /// In hexadecimal digits.
    pub sha256: String,
}

/// Written beside its place first, so that a broken download leaves nothing that looks whole.
pub async fn download(
    client: &Client,
    url: Url,
    path: &Path,
    expected: Option<&Expected>,
) -> Result<(), String> {
    let answer = client.get(url).send().await.and_then(Response::error_for_status);
    let answer = answer.map_err(|error| error.without_url().to_string())?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let part = path.with_file_name(name);
    let written = async {
        write(answer, &part, expected).await?;
        fs::rename(&part, path).await.map_err(|error| error.to_string())
    }
    .await;
    if written.is_err() {
        drop(fs::remove_file(&part).await);
    }
    written
}

async fn write(answer: Response, part: &Path, expected: Option<&Expected>) -> Result<(), String> {
    let mut file = File::create(part).await.map_err(|error| error.to_string())?;
    let mut stream = answer.bytes_stream();
    let (mut size, mut hash) = (0, Context::new(&SHA256));
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|error| error.without_url().to_string())?;
        size += chunk.len() as u64;
        if expected.is_some_and(|expected| size > expected.size) {
            return Err("it is larger than it should be".to_owned());
        }
        hash.update(&chunk);
        file.write_all(&chunk).await.map_err(|error| error.to_string())?;
    }
    file.sync_all().await.map_err(|error| error.to_string())?;
    let Some(expected) = expected else { return Ok(()) };
    let found: String = hash.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    if size == expected.size && found.eq_ignore_ascii_case(&expected.sha256) {
        Ok(())
    } else {
        Err("it is not what the publisher signed".to_owned())
    }
}
