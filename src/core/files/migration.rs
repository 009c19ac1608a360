//! Migration from one storage to another, file by file, while a server keeps using both.

use aws_lc_rs::digest::{Context, SHA256};
use futures_util::TryStreamExt;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use tokio::io::AsyncWriteExt;

use super::backend::Backend;
use super::paths::{INCOMING, path_of, thumbnail_path_of};
use super::probe::probe;
use super::{AwsEnv, Error, ProbeFailure, Result, StorageLocation, from_io_error};
use crate::model::Attachment;

/// A migration between two storages.
pub struct Migration {
    from: Backend,
    to: Backend,
}

/// The result for one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MigrationOutcome {
    /// Copied and verified; the size in bytes.
    Copied(u64),
    /// The target has an intact copy already; the size in bytes.
    AlreadyThere(u64),
    /// In neither storage.
    Missing,
    /// The checksum of the source or of the copy is wrong.
    Damaged,
}

impl Migration {
    /// Opens both storages. The error is a sentence for the administrator.
    pub fn between(
        from: &StorageLocation,
        to: &StorageLocation,
        aws: &AwsEnv,
    ) -> std::result::Result<Self, String> {
        Ok(Self { from: Backend::open(from, aws)?, to: Backend::open(to, aws)? })
    }

    /// Checks that the target permits all operations that are needed.
    pub async fn probe(&self) -> std::result::Result<(), ProbeFailure> {
        probe(&self.to).await
    }

    /// Whether the old storage has files that were uploaded to the end.
    pub async fn has_source_files(&self) -> Result<bool> {
        let incoming = Path::from(INCOMING);
        let mut found = self.from.store.list(None);
        while let Some(object) = found.try_next().await? {
            if !object.location.prefix_matches(&incoming) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Copies a file; `sha256` is the checksum recorded at its upload, if any.
    pub async fn migrate(&self, file: &Attachment, sha256: Option<&[u8]>) -> Result<MigrationOutcome> {
        self.migrate_path(&path_of(file), sha256).await
    }

    /// Copies the file's thumbnail.
    pub async fn migrate_thumbnail(&self, file: &Attachment) -> Result<MigrationOutcome> {
        self.migrate_path(&thumbnail_path_of(file), None).await
    }

    async fn migrate_path(&self, path: &Path, sha256: Option<&[u8]>) -> Result<MigrationOutcome> {
        let (source, target) = (size(&self.from, path).await?, size(&self.to, path).await?);
        let Some(source) = source else {
            return self.check_target_only(path, target, sha256).await;
        };
        if target == Some(source) {
            let expected = match sha256 {
                Some(sha256) => sha256.to_vec(),
                None => sha256_of(&self.from, path).await?,
            };
            if sha256_of(&self.to, path).await? == expected {
                return Ok(MigrationOutcome::AlreadyThere(source));
            }
        }
        let Some(expected) = self.copy(path, sha256).await? else { return Ok(MigrationOutcome::Damaged) };
        if sha256_of(&self.to, path).await? != expected {
            return Ok(MigrationOutcome::Damaged);
        }
        if size(&self.from, path).await?.is_none() {
            // The server deleted it meanwhile and could not know of the copy.
            self.to.delete(path).await?;
            return Ok(MigrationOutcome::Missing);
        }
        Ok(MigrationOutcome::Copied(source))
    }

    /// A file that only the target has was uploaded there, or its source was deleted after an earlier migration.
    async fn check_target_only(
        &self,
        path: &Path,
        target: Option<u64>,
        sha256: Option<&[u8]>,
    ) -> Result<MigrationOutcome> {
        let Some(size) = target else { return Ok(MigrationOutcome::Missing) };
        let is_intact = match sha256 {
            Some(sha256) => sha256_of(&self.to, path).await? == sha256,
            None => true,
        };
        Ok(if is_intact { MigrationOutcome::AlreadyThere(size) } else { MigrationOutcome::Damaged })
    }

    /// Copies and returns the checksum; `None`, and no copy, when it differs from the expected one.
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
        writer.shutdown().await.map_err(from_io_error)?;
        Ok(Some(sum))
    }
}

async fn size(backend: &Backend, path: &Path) -> Result<Option<u64>> {
    match backend.store.head(path).await.map_err(Error::from) {
        Ok(found) => Ok(Some(found.size)),
        Err(Error::Missing) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn sha256_of(backend: &Backend, path: &Path) -> Result<Vec<u8>> {
    let mut bytes = backend.store.get(path).await?.into_stream();
    let mut sum = Context::new(&SHA256);
    while let Some(chunk) = bytes.try_next().await? {
        sum.update(&chunk);
    }
    Ok(sum.finish().as_ref().to_vec())
}
