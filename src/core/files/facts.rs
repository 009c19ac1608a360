//! What a file tells of itself, found once, when it has arrived.
//!
//! Whoever uploads decides what a decoder has to do, so a decoder gets little: as many work at once
//! as there are cores, and four at most, on threads of their own, each with a bound on pixels, memory and time. One
//! that fails, or takes too long, costs the file its thumbnail, and not the sender their upload.

use std::sync::Arc;
use std::time::Duration;

use object_store::path::Path;
use object_store::{GetOptions, GetResultPayload, ObjectStoreExt};
use symphonia::core::io::MediaSource;
use tokio::sync::Semaphore;

use super::picture::Made;
use super::ranged::Ranged;
use super::{Files, Result, class, path_of, picture, recording};
use crate::model::{Attachment, Facts};

/// How long somebody waits for a decoder that has begun.
const PATIENCE: Duration = Duration::from_secs(15);
const MOST_DECODERS: usize = 4;

/// A file to be read, from any place in it.
pub(super) type Source = Box<dyn MediaSource>;

/// How many decoders may work at once: each may take some 200 MiB.
pub(super) fn decoders() -> Arc<Semaphore> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Arc::new(Semaphore::new(cores.min(MOST_DECODERS)))
}

impl Files {
    /// What a file that has arrived tells of itself. Of a picture, a thumbnail is put beside it.
    pub async fn look(&self, attachment: &Attachment, content_type: &str) -> Result<Facts> {
        let found = match class(content_type) {
            "image" => self.decode(attachment, picture::look).await?.transpose()?,
            "audio" | "video" => self.decode(attachment, recording::look).await?.map(|facts| (facts, None)),
            _ => None,
        };
        let Some((mut facts, thumbnail)) = found else { return Ok(Facts::default()) };
        if let Some(Made { content_type, bytes }) = thumbnail {
            self.shelf.store.put(&Path::from(attachment.thumbnail_key()), bytes.into()).await?;
            facts.thumbnail = Some(content_type.to_owned());
        }
        Ok(facts)
    }

    /// Makes an avatar of a picture, as another file. Nothing when the picture can't be read.
    pub async fn make_avatar(
        &self,
        picture: &Attachment,
        avatar: &Attachment,
    ) -> Result<Option<super::Received>> {
        let Some(made) = self.decode(picture, picture::avatar).await?.transpose()?.flatten() else {
            return Ok(None);
        };
        let received = super::Received::whole(&made.bytes, made.content_type);
        self.shelf.store.put(&path_of(avatar), made.bytes.into()).await?;
        Ok(Some(received))
    }

    /// Lets a decoder work on a file. Nothing when it could not.
    async fn decode<T: Send + 'static>(
        &self,
        attachment: &Attachment,
        decoder: impl FnOnce(Source) -> T + Send + 'static,
    ) -> Result<Option<T>> {
        let Ok(place) = self.decoders.clone().acquire_owned().await else { return Ok(None) };
        let Some(source) = self.source(attachment).await? else { return Ok(None) };
        let work = tokio::task::spawn_blocking(move || {
            // Kept until it is over, even when nobody waits any longer.
            let _place = place;
            decoder(source)
        });
        match tokio::time::timeout(PATIENCE, work).await {
            Ok(Ok(found)) => Ok(Some(found)),
            Ok(Err(error)) => {
                tracing::warn!(%error, attachment = %attachment.id, "a decoder failed");
                Ok(None)
            }
            Err(_) => {
                tracing::warn!(attachment = %attachment.id, "a decoder took too long");
                Ok(None)
            }
        }
    }

    async fn source(&self, attachment: &Attachment) -> Result<Option<Source>> {
        let path = path_of(attachment);
        for shelf in self.shelves() {
            let options = GetOptions::default().with_head(shelf.bucket.is_some());
            match shelf.store.get_opts(&path, options).await {
                Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(error.into()),
                Ok(found) => {
                    let size = found.meta.size;
                    return Ok(match found.payload {
                        GetResultPayload::File(file, _) => Some(Box::new(file)),
                        GetResultPayload::Stream(_) => {
                            Some(Box::new(Ranged::new(shelf.store.clone(), path, size)))
                        }
                    });
                }
            }
        }
        Ok(None)
    }
}
