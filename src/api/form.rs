//! Forms with files (`multipart/form-data`), read as a stream.

use std::time::Duration;

use futures_util::{Stream, StreamExt, stream};
use multer::Multipart;
use poem::Body;

/// The longest pause between two chunks.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// The lowest rate at which the rest of a refused form is read, in bytes per second.
const MIN_RATE: u64 = 1024 * 1024;

/// The error for a request that is not a form.
pub const WANTED: &str = "The body must be multipart/form-data";

/// The form of a request with this `Content-Type`; nothing if it is not a form.
pub fn read(content_type: &str, body: Body) -> Option<Multipart<'static>> {
    let boundary = multer::parse_boundary(content_type).ok()?;
    Some(Multipart::new(with_timeout(body), boundary))
}

/// The body, which fails if no data arrives for a while.
fn with_timeout(body: Body) -> impl Stream<Item = std::io::Result<bytes::Bytes>> + Send {
    let bytes = body.into_bytes_stream().boxed();
    stream::unfold(Some(bytes), |bytes| async {
        let mut bytes = bytes?;
        match tokio::time::timeout(READ_TIMEOUT, bytes.next()).await {
            Ok(Some(chunk)) => Some((chunk, Some(bytes))),
            Ok(None) => None,
            Err(_) => Some((
                Err(std::io::Error::new(std::io::ErrorKind::TimedOut, "no data arrived for 30 s")),
                None,
            )),
        }
    })
}

/// Reads at most this much of the rest of a refused form: a client that is still sending does not read the
/// response, and loses it if the connection is closed.
pub async fn drain(mut form: Multipart<'_>, most: u64) {
    let mut left = most;
    let rest = async {
        while let Ok(Some(mut field)) = form.next_field().await {
            while let Ok(Some(chunk)) = field.chunk().await {
                left = left.saturating_sub(chunk.len() as u64);
                if left == 0 {
                    return;
                }
            }
        }
    };
    let time = Duration::from_secs(5) + Duration::from_secs(most / MIN_RATE);
    let _ = tokio::time::timeout(time, rest).await;
}
