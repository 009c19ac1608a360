//! Extraction of media metadata (dimensions, duration, waveform, thumbnail), once, when a file was uploaded.
//!
//! Uploads are untrusted input to decoders, so decoders are bounded: as many run at once as there are cores, at most
//! four, on blocking threads, each with limits on pixels, memory and time. When one fails or times out, the file has no
//! thumbnail, but the upload succeeds.

use std::sync::Arc;
use std::time::Duration;

use object_store::{GetOptions, GetResultPayload, ObjectStoreExt};
use tokio::sync::Semaphore;

use super::paths::{path_of, thumbnail_path_of};
use super::picture::EncodedImage;
use super::range_reader::RangeReader;
use super::source::Source;
use super::{Files, Received, Result, class, picture, recording};
use crate::model::{Attachment, MediaMetadata};

/// How long an upload waits for a running decoder.
const DECODE_TIMEOUT: Duration = Duration::from_secs(15);
const MAX_DECODERS: usize = 4;

/// Permits for decoders that run at once: each may use some 200 MiB.
pub(super) fn decode_permits() -> Arc<Semaphore> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Arc::new(Semaphore::new(cores.min(MAX_DECODERS)))
}

impl Files {
    /// Reads the metadata of an uploaded file, and stores a thumbnail for a picture.
    pub async fn extract_metadata(
        &self,
        attachment: &Attachment,
        content_type: &str,
    ) -> Result<MediaMetadata> {
        let found = match class(content_type) {
            "image" => self.decode(attachment, picture::extract).await?.transpose()?,
            "audio" | "video" => {
                self.decode(attachment, recording::extract).await?.map(|metadata| (metadata, None))
            }
            _ => None,
        };
        let Some((mut metadata, thumbnail)) = found else { return Ok(MediaMetadata::default()) };
        if let Some(EncodedImage { content_type, bytes }) = thumbnail {
            self.backend.store.put(&thumbnail_path_of(attachment), bytes.into()).await?;
            metadata.thumbnail = Some(content_type.to_owned());
        }
        Ok(metadata)
    }

    /// Makes an avatar of a picture and stores it as another file; `None` when the picture can't be decoded.
    pub async fn make_avatar(&self, picture: &Attachment, avatar: &Attachment) -> Result<Option<Received>> {
        let Some(image) = self.decode(picture, picture::avatar).await?.transpose()?.flatten() else {
            return Ok(None);
        };
        let received = Received::from_bytes(&image.bytes, image.content_type);
        self.backend.store.put(&path_of(avatar), image.bytes.into()).await?;
        Ok(Some(received))
    }

    /// Runs a decoder on a file; `None` when it failed, panicked or timed out.
    async fn decode<T: Send + 'static>(
        &self,
        attachment: &Attachment,
        decoder: impl FnOnce(Source) -> T + Send + 'static,
    ) -> Result<Option<T>> {
        let Ok(permit) = self.decode_permits.clone().acquire_owned().await else { return Ok(None) };
        let Some(source) = self.source(attachment).await? else { return Ok(None) };
        let work = tokio::task::spawn_blocking(move || {
            // Held until the decoder ends, even when the upload stopped waiting for it.
            let _permit = permit;
            decoder(source)
        });
        match tokio::time::timeout(DECODE_TIMEOUT, work).await {
            Ok(Ok(found)) => Ok(Some(found)),
            Ok(Err(error)) => {
                tracing::warn!(%error, attachment = %attachment.id, "a decoder failed");
                Ok(None)
            }
            Err(_) => {
                tracing::warn!(attachment = %attachment.id, "a decoder timed out");
                Ok(None)
            }
        }
    }

    async fn source(&self, attachment: &Attachment) -> Result<Option<Source>> {
        let path = path_of(attachment);
        for backend in self.backends() {
            let options = GetOptions::default().with_head(backend.bucket.is_some());
            match backend.store.get_opts(&path, options).await {
                Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(error.into()),
                Ok(found) => {
                    let size = found.meta.size;
                    return Ok(match found.payload {
                        GetResultPayload::File(file, _) => Some(Box::new(file)),
                        GetResultPayload::Stream(_) => {
                            Some(Box::new(RangeReader::new(backend.store.clone(), path, size)))
                        }
                    });
                }
            }
        }
        Ok(None)
    }
}
