//! Storage of backups, and the stored files by their keys, which backups read and restoring writes.

use bytes::Bytes;
use futures_util::stream::{BoxStream, StreamExt, TryStreamExt};
use object_store::GetOptions;
use object_store::buffered::BufWriter;
use object_store::path::Path;
use tokio::io::AsyncWriteExt;

use super::backend::{Backend, STAGED};
use super::{AwsEnv, Error, Files, Result, StorageLocation, from_io_error};
use crate::model::Time;

/// The size of a multipart upload's parts in bytes: a bucket takes 10,000 of them, so an archive may have 160 GB.
const ARCHIVE_PART: usize = 16 * 1024 * 1024;

/// A folder or a bucket for backups.
#[derive(Clone)]
pub struct ArchiveStore(Backend);

/// A stored archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredArchive {
    pub key: String,
    pub size: u64,
    pub modified_at: Time,
}

/// An object that is being written. It exists only after [`ObjectWriter::finish`]; dropped before that, it never does.
pub struct ObjectWriter(BufWriter);

impl ArchiveStore {
    /// Opens it, and creates a folder that is missing. The error is a sentence for the administrator.
    pub fn open(location: &StorageLocation, aws: &AwsEnv) -> std::result::Result<Self, String> {
        Ok(Self(Backend::open_for("backups", location, aws)?))
    }

    pub fn writer(&self, key: &str) -> ObjectWriter {
        let path = Path::from(key);
        ObjectWriter(match self.0.bucket {
            Some(_) => {
                BufWriter::with_capacity(self.0.store.clone(), path, ARCHIVE_PART).with_max_concurrency(2)
            }
            None => self.0.writer(path),
        })
    }

    /// The content of an object, and its size.
    pub async fn read(&self, key: &str) -> Result<(u64, BoxStream<'static, Result<Bytes>>)> {
        read(&self.0, &Path::from(key)).await
    }

    /// The objects directly in a folder; what is still being written is left out.
    pub async fn list(&self, folder: &str) -> Result<Vec<StoredArchive>> {
        let folder = (!folder.is_empty()).then(|| Path::from(folder));
        let found = self.0.store.list_with_delimiter(folder.as_ref()).await?;
        let objects = found.objects.into_iter();
        Ok(objects
            .map(|found| StoredArchive {
                key: found.location.to_string(),
                size: found.size,
                modified_at: Time(found.last_modified.timestamp_millis()),
            })
            .filter(|found| !found.key.contains(STAGED))
            .collect())
    }

    pub async fn delete(&self, key: &str) -> Result<()> {
        self.0.delete(&Path::from(key)).await
    }
}

impl ObjectWriter {
    pub async fn write(&mut self, bytes: Bytes) -> Result<()> {
        Ok(self.0.put(bytes).await?)
    }

    pub async fn finish(mut self) -> Result<()> {
        self.0.shutdown().await.map_err(from_io_error)
    }

    pub async fn abort(mut self) -> Result<()> {
        Ok(self.0.abort().await?)
    }
}

impl Files {
    /// The content of a stored object, and its size.
    pub async fn read_object(&self, key: &str) -> Result<(u64, BoxStream<'static, Result<Bytes>>)> {
        let path = Path::from(key);
        match (read(&self.backend, &path).await, &self.fallback) {
            (Err(Error::Missing), Some(fallback)) => read(fallback, &path).await,
            (found, _) => found,
        }
    }

    /// Writes an object.
    pub fn object_writer(&self, key: &str) -> ObjectWriter {
        ObjectWriter(self.backend.writer(Path::from(key)))
    }

    /// Whether nothing is stored.
    pub async fn is_empty(&self) -> Result<bool> {
        Ok(self.backend.store.list(None).try_next().await?.is_none())
    }
}

async fn read(backend: &Backend, path: &Path) -> Result<(u64, BoxStream<'static, Result<Bytes>>)> {
    let found = backend.store.get_opts(path, GetOptions::default()).await?;
    Ok((found.meta.size, found.into_stream().map_err(Error::from).boxed()))
}
