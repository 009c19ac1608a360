//! Storage of attachments, through object_store: a local folder or an S3 bucket.
//!
//! What a browser uploads straight to a bucket is not one of our files yet: it stays below `incoming/` until it was
//! checked ([`Files::confirm_upload`]). The checked copy is stored under another key, which the upload form can't write.

mod archive_store;
mod backend;
mod colours;
mod decode_budget;
mod direct_access;
mod film;
mod incoming;
mod link_signer;
mod location;
mod metadata;
mod migration;
mod paths;
mod picture;
mod post_policy;
mod probe;
mod range_reader;
mod recording;
mod sniff;
mod source;
mod strip;
mod zip_reader;
mod zip_writer;

use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256, digest};
use bytes::Bytes;
use futures_util::stream::{BoxStream, Stream, StreamExt, TryStreamExt};
use object_store::buffered::BufWriter;
use object_store::path::Path;
use object_store::{GetOptions, GetRange, GetResult};
use tokio::io::AsyncWriteExt;
use tokio::sync::Semaphore;

pub use archive_store::{ArchiveStore, ObjectWriter, StoredArchive};
pub use backend::ResponseHeaders;
pub use link_signer::{LinkSigner, Signature};
pub use location::{AwsEnv, StorageLocation};
pub use migration::{Migration, MigrationOutcome};
pub use post_policy::{ALGORITHM, BucketForm};
pub use probe::ProbeFailure;
pub use sniff::{class, is_shown_inline};
pub use zip_reader::ZipReader;
pub use zip_writer::StreamingZipWriter;

use crate::boxed;
use crate::model::Attachment;
use backend::Backend;
use paths::{path_of, thumbnail_path_of};
use strip::{Applier, Edit};

/// How many bytes at the beginning of a file are inspected to find its type.
const HEAD: usize = 8 * 1024;

/// Why a file could not be stored or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the file is larger than the {0} bytes that were declared")]
    TooLarge(u64),
    #[error("the file is empty")]
    Empty,
    #[error("the file is {found}, not {declared}")]
    WrongType { declared: String, found: String },
    #[error("the upload was interrupted: {0}")]
    Truncated(String),
    #[error("the archive cannot be read: {0}")]
    Archive(&'static str),
    #[error("the disk is full")]
    Full,
    #[error("no such file")]
    Missing,
    /// The bucket is down or refuses our requests.
    #[error("the bucket is not available: {0}")]
    Unavailable(String),
    #[error(transparent)]
    Failed(object_store::Error),
}

pub type Result<T> = std::result::Result<T, Error>;

/// An upload that was stored.
#[derive(Debug, Clone)]
pub struct Received {
    /// The stored size in bytes: smaller than what was sent when metadata was removed.
    pub size: u64,
    /// `None` for a large file that the bucket copied by itself, so that its bytes never passed through the server.
    pub sha256: Option<Vec<u8>>,
    /// The declared type, or the detected one where detection is more reliable.
    pub content_type: String,
}

impl Received {
    fn from_bytes(bytes: &[u8], content_type: &str) -> Self {
        let sha256 = digest(&SHA256, bytes).as_ref().to_vec();
        Self { size: bytes.len() as u64, sha256: Some(sha256), content_type: content_type.to_owned() }
    }
}

/// The content of a file or of a byte range of it.
pub struct FileStream {
    /// The range that is returned, end exclusive.
    pub range: std::ops::Range<u64>,
    /// The size of the whole file in bytes.
    pub size: u64,
    pub bytes: BoxStream<'static, std::io::Result<Bytes>>,
}

/// The storage of attachments.
#[derive(Clone)]
pub struct Files {
    backend: Backend,
    /// The previous storage during a migration: read and deleted from when a file is not in the new one.
    fallback: Option<Backend>,
    decode_permits: Arc<Semaphore>,
    /// Mebibytes that all decoders together may use.
    decode_memory: Arc<Semaphore>,
}

impl Files {
    /// Opens the storage. The error is a sentence for the administrator. A bucket is not contacted yet.
    pub fn new(
        location: &StorageLocation,
        fallback: Option<&StorageLocation>,
        aws: &AwsEnv,
    ) -> std::result::Result<Self, String> {
        let fallback = fallback.map(|location| Backend::open(location, aws)).transpose()?;
        Ok(Self {
            backend: Backend::open(location, aws)?,
            fallback,
            decode_permits: metadata::decode_permits(),
            decode_memory: metadata::decode_memory(),
        })
    }

    /// Stores an upload of at most `max_size` bytes as it streams in and detects its type. Then metadata of pictures
    /// and films (location, camera, author) is removed, unless the uploader wants to keep it. On any error nothing is
    /// stored.
    pub async fn receive<E: std::fmt::Display>(
        &self,
        attachment: &Attachment,
        max_size: u64,
        bytes: impl Stream<Item = std::result::Result<Bytes, E>> + Send,
    ) -> Result<Received> {
        let mut writer = self.backend.writer(path_of(attachment));
        let (received, head) = match copy(&mut writer, attachment, max_size, bytes).await {
            Ok(received) => received,
            Err(error) => {
                writer.abort().await?;
                return Err(error);
            }
        };
        writer.shutdown().await.map_err(from_io_error)?;
        let stripped = self.strip(attachment, received, &head).await;
        if stripped.is_err() {
            self.backend.delete(&path_of(attachment)).await?;
        }
        stripped
    }

    /// Removes the metadata of a stored picture or film.
    pub(super) async fn strip(
        &self,
        attachment: &Attachment,
        received: Received,
        head: &[u8],
    ) -> Result<Received> {
        if attachment.keep_original || !strip::is_known(head) {
            return Ok(received);
        }
        let edits = self.metadata_edits(attachment).await?;
        if edits.is_empty() {
            return Ok(received);
        }
        self.rewrite(attachment, edits, received.content_type).await
    }

    /// Applies changes to a stored file.
    async fn rewrite(
        &self,
        attachment: &Attachment,
        edits: Vec<Edit>,
        content_type: String,
    ) -> Result<Received> {
        let path = path_of(attachment);
        let mut bytes = self.backend.store.get_opts(&path, GetOptions::default()).await?.into_stream();
        let mut writer = self.backend.writer(path);
        let mut output = HashingWriter::new(&mut writer);
        let mut applier = Applier::new(edits);
        while let Some(chunk) = bytes.next().await {
            let written = match chunk {
                Ok(chunk) => output.write(applier.push(chunk)).await,
                Err(error) => Err(error.into()),
            };
            if let Err(error) = written {
                writer.abort().await?;
                return Err(error);
            }
        }
        let received = output.finish(content_type);
        writer.shutdown().await.map_err(from_io_error)?;
        Ok(received)
    }

    /// Opens a file, or the byte range that a `Range` header asked for.
    #[boxed]
    pub async fn open(&self, attachment: &Attachment, range: Option<GetRange>) -> Result<FileStream> {
        self.open_at(&path_of(attachment), range).await
    }

    /// Opens a file's thumbnail.
    #[boxed]
    pub async fn open_thumbnail(&self, attachment: &Attachment) -> Result<FileStream> {
        self.open_at(&thumbnail_path_of(attachment), None).await
    }

    async fn open_at(&self, path: &Path, range: Option<GetRange>) -> Result<FileStream> {
        let found = self.get(path, GetOptions::default().with_range(range)).await?;
        Ok(FileStream {
            range: found.range.clone(),
            size: found.meta.size,
            bytes: found.into_stream().map_err(std::io::Error::other).boxed(),
        })
    }

    async fn get(&self, path: &Path, options: GetOptions) -> Result<GetResult> {
        match (self.backend.store.get_opts(path, options.clone()).await, &self.fallback) {
            (Err(object_store::Error::NotFound { .. }), Some(fallback)) => {
                Ok(fallback.store.get_opts(path, options).await?)
            }
            (found, _) => Ok(found?),
        }
    }

    fn backends(&self) -> impl Iterator<Item = &Backend> {
        std::iter::once(&self.backend).chain(&self.fallback)
    }

    /// Deletes a file and its thumbnail, also what is there of either by half; missing ones are not an error.
    #[boxed]
    pub async fn delete(&self, attachment: &Attachment) -> Result<()> {
        for backend in self.backends() {
            for path in [thumbnail_path_of(attachment), path_of(attachment)] {
                backend.delete(&path).await?;
            }
            backend.delete_staged(&path_of(attachment)).await?;
        }
        Ok(())
    }

    /// Checks that the storage answers.
    #[boxed]
    pub async fn check(&self) -> Result<()> {
        self.backend.check().await
    }
}

/// The free bytes on the disk of a file or folder, and the size of that disk.
pub fn disk_space(path: &std::path::Path) -> Option<(u64, u64)> {
    let found = rustix::fs::statvfs(path).ok()?;
    Some((found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize))
}

async fn copy<E: std::fmt::Display>(
    writer: &mut BufWriter,
    attachment: &Attachment,
    max_size: u64,
    bytes: impl Stream<Item = std::result::Result<Bytes, E>> + Send,
) -> Result<(Received, Vec<u8>)> {
    let mut bytes = std::pin::pin!(bytes);
    let mut output = HashingWriter::new(writer);
    let mut head = Vec::new();
    while let Some(chunk) = bytes.next().await {
        let chunk = chunk.map_err(|error| Error::Truncated(error.to_string()))?;
        if output.size + chunk.len() as u64 > max_size {
            return Err(Error::TooLarge(max_size));
        }
        if head.len() < HEAD {
            head.extend_from_slice(&chunk[..chunk.len().min(HEAD - head.len())]);
        }
        output.write(chunk).await?;
    }
    if output.size == 0 {
        return Err(Error::Empty);
    }
    let content_type = sniff::stored_type(&attachment.content_type, &head)?;
    Ok((output.finish(content_type), head))
}

/// Writes to the storage and computes size and SHA-256 on the way.
struct HashingWriter<'a> {
    size: u64,
    hash: Context,
    writer: &'a mut BufWriter,
}

impl<'a> HashingWriter<'a> {
    fn new(writer: &'a mut BufWriter) -> Self {
        Self { size: 0, hash: Context::new(&SHA256), writer }
    }

    fn finish(self, content_type: String) -> Received {
        Received { size: self.size, sha256: Some(self.hash.finish().as_ref().to_vec()), content_type }
    }

    async fn write(&mut self, bytes: Bytes) -> Result<()> {
        if !bytes.is_empty() {
            self.size += bytes.len() as u64;
            self.hash.update(&bytes);
            self.writer.put(bytes).await?;
        }
        Ok(())
    }
}

impl From<object_store::Error> for Error {
    fn from(error: object_store::Error) -> Self {
        use object_store::Error::{Generic, NotFound, PermissionDenied, Unauthenticated};
        match error {
            NotFound { .. } => return Self::Missing,
            Generic { store: "S3", .. } | PermissionDenied { .. } | Unauthenticated { .. } => {
                return Self::Unavailable(error.to_string());
            }
            _ => {}
        }
        match is_full(&error) {
            true => Self::Full,
            false => Self::Failed(error),
        }
    }
}

/// Converts the error of closing a writer, which wraps the storage's error in an `io::Error`.
fn from_io_error(error: std::io::Error) -> Error {
    match error.downcast::<object_store::Error>() {
        Ok(error) => error.into(),
        Err(error) if is_full(&error) => Error::Full,
        Err(error) => Error::Failed(object_store::Error::Generic { store: "writer", source: error.into() }),
    }
}

fn is_full(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut source = Some(error);
    while let Some(cause) = source {
        let io = cause.downcast_ref::<std::io::Error>();
        if io.is_some_and(|io| {
            matches!(io.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
        }) {
            return true;
        }
        source = cause.source();
    }
    false
}
