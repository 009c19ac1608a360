//! Files that browsers uploaded straight to the bucket, before and while they are checked.
//!
//! They arrive below `incoming/` and are copied from there to their final key, where the uploader, whose form stays
//! valid for some minutes, can't overwrite them.

use bytes::Bytes;
use futures_util::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use super::backend::Backend;
use super::paths::{INCOMING, incoming_path_of, path_of};
use super::{Error, Files, HEAD, Received, Result, sniff};
use crate::model::{Attachment, Time};

/// Up to this size in bytes a file is copied through the server, which gives its checksum; larger ones are copied by the
/// bucket itself.
const MAX_RELAYED_SIZE: u64 = 32 * 1024 * 1024;

impl Files {
    /// Stores a file that was uploaded to the bucket after the checks that every upload passes; `None` when there is
    /// none. What was uploaded stays until [`Self::clear_incoming`].
    pub async fn confirm_upload(&self, attachment: &Attachment, max_size: u64) -> Result<Option<Received>> {
        let path = incoming_path_of(attachment);
        for backend in self.backends().filter(|backend| backend.direct().is_some()) {
            let size = match backend.store.head(&path).await {
                Err(object_store::Error::NotFound { .. }) => continue,
                found => found?.size,
            };
            return self.confirm_from(backend, &path, size, attachment, max_size).await.map(Some);
        }
        Ok(None)
    }

    async fn confirm_from(
        &self,
        backend: &Backend,
        path: &Path,
        size: u64,
        attachment: &Attachment,
        max_size: u64,
    ) -> Result<Received> {
        if size > max_size {
            return Err(Error::TooLarge(max_size));
        }
        // A file in the fallback storage must be transferred to this one in any case.
        let is_relayed = size <= MAX_RELAYED_SIZE || !std::ptr::eq(backend, &self.backend);
        if is_relayed {
            let bytes = backend.store.get(path).await?.into_stream();
            return match self.receive(attachment, max_size, bytes).await {
                // The bucket broke off, not the uploader.
                Err(Error::Truncated(why)) => Err(Error::Unavailable(why)),
                received => received,
            };
        }
        // Copy first, then check the copy: the uploader can't replace it between check and use.
        let target = path_of(attachment);
        backend.store.copy(path, &target).await?;
        let checked = match check(backend, &target, attachment, max_size).await {
            Ok((received, head)) => self.strip(attachment, received, &head).await,
            Err(error) => Err(error),
        };
        if checked.is_err() {
            backend.delete(&target).await?;
        }
        checked
    }

    /// Deletes the uploaded original of a file that was confirmed or refused.
    pub async fn clear_incoming(&self, attachment: &Attachment) -> Result<()> {
        for backend in self.backends().filter(|backend| backend.direct().is_some()) {
            backend.delete(&incoming_path_of(attachment)).await?;
        }
        Ok(())
    }

    /// Deletes unconfirmed or repeated uploads from before a moment.
    pub async fn sweep_incoming(&self, before: Time) -> Result<()> {
        for backend in self.backends().filter(|backend| backend.direct().is_some()) {
            let mut found = backend.store.list(Some(&Path::from(INCOMING)));
            while let Some(object) = found.try_next().await? {
                if Time(object.last_modified.timestamp_millis()) < before {
                    backend.delete(&object.location).await?;
                }
            }
        }
        Ok(())
    }
}

/// Checks a stored file; also returns its beginning.
async fn check(
    backend: &Backend,
    path: &Path,
    attachment: &Attachment,
    max_size: u64,
) -> Result<(Received, Bytes)> {
    let size = backend.store.head(path).await?.size;
    if size > max_size {
        return Err(Error::TooLarge(max_size));
    }
    let head = backend.store.get_range(path, 0..size.min(HEAD as u64)).await?;
    let content_type = sniff::stored_type(&attachment.content_type, &head)?;
    Ok((Received { size, sha256: None, content_type }, head))
}
