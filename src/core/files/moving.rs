//! From one place to another, file by file, while a server goes on with both.

use aws_lc_rs::digest::{Context, SHA256};
use futures_util::TryStreamExt;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use tokio::io::AsyncWriteExt;

use super::shelf::Shelf;
use super::trouble::probe;
use super::{Aws, Error, Place, Result, Trouble, of_io};
use crate::model::Attachment;

/// Two places, and the way from the one to the other.
pub struct Moving {
    from: Shelf,
    to: Shelf,
}

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moved {
    /// So many bytes were copied, and read again at the new place.
    Copied(u64),
    /// It was there already, whole.
    Already(u64),
    /// It is at neither place.
    Missing,
    /// It is not what arrived once, or did not stay what was copied.
    Damaged,
}

impl Moving {
    /// An error is a sentence.
    pub fn between(from: &Place, to: &Place, aws: &Aws) -> std::result::Result<Self, String> {
        Ok(Self { from: Shelf::open(from, aws)?, to: Shelf::open(to, aws)? })
    }

    /// Whether files can be brought to the new place.
    pub async fn probe(&self) -> std::result::Result<(), Trouble> {
        probe(&self.to).await
    }

    /// Brings a file; `sha256` is what is known of it since it arrived.
    pub async fn bring(&self, file: &Attachment, sha256: Option<&[u8]>) -> Result<Moved> {
        self.bring_one(&super::path_of(file), sha256).await
    }

    /// Brings its thumbnail.
    pub async fn bring_thumbnail(&self, file: &Attachment) -> Result<Moved> {
        self.bring_one(&Path::from(file.thumbnail_key()), None).await
    }

    async fn bring_one(&self, path: &Path, sha256: Option<&[u8]>) -> Result<Moved> {
        let (here, there) = (size(&self.from, path).await?, size(&self.to, path).await?);
        let Some(here) = here else {
            return self.arrived_by_itself(path, there, sha256).await;
        };
        if there == Some(here) {
            let expected = match sha256 {
                Some(sha256) => sha256.to_vec(),
                None => sum(&self.from, path).await?,
            };
            if sum(&self.to, path).await? == expected {
                return Ok(Moved::Already(here));
            }
        }
        let Some(expected) = self.copy(path, sha256).await? else { return Ok(Moved::Damaged) };
        if sum(&self.to, path).await? != expected {
            return Ok(Moved::Damaged);
        }
        if size(&self.from, path).await?.is_none() {
            // The server took it away meanwhile, and could not see the copy.
            self.to.remove(path).await?;
            return Ok(Moved::Missing);
        }
        Ok(Moved::Copied(here))
    }

    /// What is at the new place alone was sent there, or is all that is left of an earlier move.
    async fn arrived_by_itself(
        &self,
        path: &Path,
        there: Option<u64>,
        sha256: Option<&[u8]>,
    ) -> Result<Moved> {
        let Some(size) = there else { return Ok(Moved::Missing) };
        let is_whole = match sha256 {
            Some(sha256) => sum(&self.to, path).await? == sha256,
            None => true,
        };
        Ok(if is_whole { Moved::Already(size) } else { Moved::Damaged })
    }

    /// The checksum of what was copied; nothing, and no copy, when it is not the one expected.
    async fn copy(&self, path: &Path, sha256: Option<&[u8]>) -> Result<Option<Vec<u8>>> {
        let mut bytes = self.from.store.get(path).await?.into_stream();
        let (mut writer, mut sum) = (self.to.writer(path.clone()), Context::new(&SHA256));
        while let Some(chunk) = bytes.try_next().await? {
            sum.update(&chunk);
            writer.put(chunk).await?;
        }
        let sum = sum.finish().as_ref().to_vec();
        if sha256.is_some_and(|expected| expected != sum) {
            writer.abort().await?;
            return Ok(None);
        }
        writer.shutdown().await.map_err(of_io)?;
        Ok(Some(sum))
    }
}

async fn size(shelf: &Shelf, path: &Path) -> Result<Option<u64>> {
    match shelf.store.head(path).await.map_err(Error::from) {
        Ok(found) => Ok(Some(found.size)),
        Err(Error::Missing) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn sum(shelf: &Shelf, path: &Path) -> Result<Vec<u8>> {
    let mut bytes = shelf.store.get(path).await?.into_stream();
    let mut sum = Context::new(&SHA256);
    while let Some(chunk) = bytes.try_next().await? {
        sum.update(&chunk);
    }
    Ok(sum.finish().as_ref().to_vec())
}
