//! `/desktop-updates/`: the packages of the desktop app with their signed manifest, which the operator puts into a folder.
//! The app verifies the signature, so this serves the folder's files as they are.

use std::path::PathBuf;
use std::time::UNIX_EPOCH;

use poem::http::{StatusCode, header};
use poem::{Body, Endpoint, IntoResponse, Request, Response, Result};
use tokio::fs::File;

/// What each release replaces; the other files have the version in their names.
const MANIFEST: &str = "manifest.json";

pub(super) struct DesktopUpdates {
    folder: PathBuf,
}

impl DesktopUpdates {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }
}

impl Endpoint for DesktopUpdates {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        let name = request.uri().path().rsplit('/').next().unwrap_or_default();
        if !is_file_name(name) {
            return Ok(StatusCode::NOT_FOUND.into_response());
        }
        let Ok(file) = File::open(self.folder.join(name)).await else {
            return Ok(StatusCode::NOT_FOUND.into_response());
        };
        let Ok(metadata) = file.metadata().await else {
            return Ok(StatusCode::NOT_FOUND.into_response());
        };
        if !metadata.is_file() {
            return Ok(StatusCode::NOT_FOUND.into_response());
        }
        let changed = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let tag = format!("\"{:x}-{:x}\"", metadata.len(), changed.unwrap_or_default().as_nanos());
        let caching = if name.starts_with(MANIFEST) { "no-cache" } else { "public, max-age=86400" };
        let response = Response::builder().header(header::ETAG, &tag).header(header::CACHE_CONTROL, caching);
        let known = request.header(header::IF_NONE_MATCH.as_str()).unwrap_or_default();
        if known.split(',').any(|known| known.trim().trim_start_matches("W/") == tag) {
            return Ok(response.status(StatusCode::NOT_MODIFIED).finish());
        }
        let kind = if name == MANIFEST { "application/json" } else { "application/octet-stream" };
        Ok(response
            .header(header::CONTENT_LENGTH, metadata.len())
            .content_type(kind)
            .body(Body::from_async_read(file)))
    }
}

/// A plain name of a file in the folder: it can lead neither out of it nor to hidden files.
fn is_file_name(name: &str) -> bool {
    !name.starts_with('.')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'+'))
        && !name.is_empty()
}

#[cfg(test)]
mod tests {
    use super::is_file_name;

    #[test]
    fn only_plain_names_are_looked_up() {
        assert!(is_file_name("manifest.json"));
        assert!(is_file_name("besedka-desktop_0.2.0_amd64.deb"));
        for name in ["", ".", "..", ".ssh", "a%2Fb", "a\\b", "а.deb", "a b"] {
            assert!(!is_file_name(name), "{name}");
        }
    }
}
