//! Files that browsers sent to the bucket past us: until they were looked at, they are nobody's.
//!
//! They wait below `incoming/` and go from there to their own place, where their sender, whose form is good for some
//! more minutes, can't change them any more.

use futures_util::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use super::shelf::Shelf;
use super::{Error, Files, HEAD, Received, Result, path_of as place_of, sniff};
use crate::model::{Attachment, Time};

const FOLDER: &str = "incoming";
/// Up to this size a file passes through here, which tells its checksum; larger ones the bucket copies by itself.
const LARGEST_THROUGH_US: u64 = 32 * 1024 * 1024;

/// Where a browser puts a file.
pub(super) fn path_of(attachment: &Attachment) -> Path {
    Path::from(format!("{FOLDER}/{}", attachment.key()))
}

impl Files {
    /// Takes in a file that was sent to the bucket, after the checks that every upload passes. Nothing when none was.
    /// What is refused is gone.
    pub async fn take_in(&self, attachment: &Attachment, most: u64) -> Result<Option<Received>> {
        let path = path_of(attachment);
        for shelf in self.shelves().filter(|shelf| shelf.direct().is_some()) {
            let size = match shelf.store.head(&path).await {
                Err(object_store::Error::NotFound { .. }) => continue,
                found => found?.size,
            };
            let taken = self.take_from(shelf, &path, size, attachment, most).await;
            if matches!(taken, Err(Error::TooLarge(_) | Error::Empty | Error::WrongType { .. })) {
                shelf.remove(&path).await?;
            }
            return taken.map(Some);
        }
        Ok(None)
    }

    async fn take_from(
        &self,
        shelf: &Shelf,
        path: &Path,
        size: u64,
        attachment: &Attachment,
        most: u64,
    ) -> Result<Received> {
        if size > most {
            return Err(Error::TooLarge(most));
        }
        // What lies elsewhere must come here anyway.
        let passes = size <= LARGEST_THROUGH_US || !std::ptr::eq(shelf, &self.shelf);
        // A picture is written anew, without what it tells of where it was taken, whatever it is declared to be.
        if passes || sniff::is_picture(&shelf.store.get_range(path, 0..HEAD as u64).await?) {
            let bytes = shelf.store.get(path).await?.into_stream();
            return match self.receive(attachment, most, bytes).await {
                // It is the bucket that broke off, and not the sender.
                Err(Error::Truncated(why)) => Err(Error::Unavailable(why)),
                received => received,
            };
        }
        // First the copy, then the look at it: what is looked at can't be exchanged any more.
        let place = place_of(attachment);
        shelf.store.copy(path, &place).await?;
        let looked_at = look(shelf, &place, attachment, most).await;
        if looked_at.is_err() {
            shelf.remove(&place).await?;
        }
        looked_at
    }

    /// Takes away what was taken in.
    pub async fn clear_incoming(&self, attachment: &Attachment) -> Result<()> {
        for shelf in self.shelves().filter(|shelf| shelf.direct().is_some()) {
            shelf.remove(&path_of(attachment)).await?;
        }
        Ok(())
    }

    /// Takes away what was sent before a moment and is of no use any more, or was sent again.
    pub async fn sweep_incoming(&self, before: Time) -> Result<()> {
        for shelf in self.shelves().filter(|shelf| shelf.direct().is_some()) {
            let mut found = shelf.store.list(Some(&Path::from(FOLDER)));
            while let Some(object) = found.try_next().await? {
                if Time(object.last_modified.timestamp_millis()) < before {
                    shelf.remove(&object.location).await?;
                }
            }
        }
        Ok(())
    }
}

async fn look(shelf: &Shelf, place: &Path, attachment: &Attachment, most: u64) -> Result<Received> {
    let size = shelf.store.head(place).await?.size;
    if size > most {
        return Err(Error::TooLarge(most));
    }
    let head = shelf.store.get_range(place, 0..size.min(HEAD as u64)).await?;
    let content_type = sniff::agree(&attachment.content_type, &head)?;
    Ok(Received { size, sha256: None, content_type })
}
