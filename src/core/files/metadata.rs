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
use super::strip::{self, Edit, Edited};
use super::{Files, Received, Result, class, picture, recording};
use crate::model::{Attachment, MediaMetadata};

/// How long an upload waits for a running decoder.
const DECODE_TIMEOUT: Duration = Duration::from_secs(15);
const MAX_DECODERS: usize = 4;

/// Mebibytes that all decoders together may use.
const DECODE_MEMORY: usize = 160;
const MEBIBYTE: u64 = 1024 * 1024;

pub(super) fn decode_memory() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(DECODE_MEMORY))
}

/// Permits for decoders that run at once.
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
            "image" => self.decode_picture(attachment, picture::extract).await?,
            "audio" | "video" => {
                self.decode(attachment, 0, recording::extract).await?.map(|metadata| (metadata, None))
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
        let Some(image) = self.decode_picture(picture, picture::avatar).await?.flatten() else {
            return Ok(None);
        };
        let received = Received::from_bytes(&image.bytes, image.content_type);
        self.backend.store.put(&path_of(avatar), image.bytes.into()).await?;
        Ok(Some(received))
    }

    /// The changes that remove a file's metadata; none when our own reader would no longer read the picture.
    pub(super) async fn metadata_edits(&self, attachment: &Attachment) -> Result<Vec<Edit>> {
        let edits = match self.decode(attachment, 0, strip::edits).await? {
            Some(Ok(edits)) if !edits.is_empty() => edits,
            Some(Err(error)) => {
                tracing::warn!(%error, attachment = %attachment.id, "the metadata of a file was not removed");
                return Ok(Vec::new());
            }
            _ => return Ok(Vec::new()),
        };
        let changes = edits.clone();
        let is_readable_after = move |file: Source| {
            Edited::new(file, &changes).is_ok_and(|edited| picture::is_readable(Box::new(edited)))
        };
        if self.decode(attachment, 0, is_readable_after).await? != Some(true)
            && self.decode(attachment, 0, picture::is_readable).await? == Some(true)
        {
            tracing::warn!(attachment = %attachment.id, "without its metadata a picture would not be readable");
            return Ok(Vec::new());
        }
        Ok(edits)
    }

    /// Decodes a picture as soon as there is memory for it; how much it takes is known by its header.
    async fn decode_picture<T: Send + 'static>(
        &self,
        attachment: &Attachment,
        decoder: impl FnOnce(Source) -> T + Send + 'static,
    ) -> Result<Option<T>> {
        let memory = self.decode(attachment, 0, picture::memory).await?.unwrap_or_default();
        self.decode(attachment, memory, decoder).await
    }

    /// Runs a decoder on a file; `None` when it failed, panicked or timed out.
    async fn decode<T: Send + 'static>(
        &self,
        attachment: &Attachment,
        memory: u64,
        decoder: impl FnOnce(Source) -> T + Send + 'static,
    ) -> Result<Option<T>> {
        let mebibytes = u32::try_from(memory.div_ceil(MEBIBYTE)).unwrap_or(u32::MAX);
        let mebibytes = mebibytes.min(DECODE_MEMORY as u32);
        let Ok(memory) = self.decode_memory.clone().acquire_many_owned(mebibytes).await else {
            return Ok(None);
        };
        let Ok(permit) = self.decode_permits.clone().acquire_owned().await else { return Ok(None) };
        let Some(source) = self.source(attachment).await? else { return Ok(None) };
        let work = tokio::task::spawn_blocking(move || {
            // Held until the decoder ends, even when the upload stopped waiting for it.
            let _permits = (memory, permit);
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
