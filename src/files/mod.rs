//! The bytes of attachments, through object_store: a local folder now, a bucket by configuration.

mod archive;
mod facts;
mod heavy;
mod links;
mod picture;
mod recording;
mod sniff;
mod strip;
mod turned;

use std::path::Path as FilePath;
use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256, digest};
use bytes::Bytes;
use futures_util::stream::{BoxStream, Stream, StreamExt, TryStreamExt};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectStore, ObjectStoreExt, WriteMultipart};
use tokio::sync::Semaphore;

pub use archive::Archive;
pub use links::{Links, Signature};
pub use sniff::{class, is_shown_inline};

use crate::model::Attachment;
use strip::Strip;

/// How much of an upload is in memory at a time.
const CHUNK: usize = 256 * 1024;
/// How many of the first bytes tell what a file is.
const HEAD: usize = 8 * 1024;

/// Why a file was not taken or not given.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the file is larger than the {0} bytes that were declared")]
    TooLarge(u64),
    #[error("the file is empty")]
    Empty,
    #[error("the file is {found}, not {declared}")]
    WrongType { declared: String, found: String },
    #[error("the upload broke off: {0}")]
    Truncated(String),
    #[error(
        "the picture has {width} × {height} pixels; at most 40,000,000 are taken, and 10,000 on a side, of what is not sent as application/octet-stream"
    )]
    TooManyPixels { width: u32, height: u32 },
    #[error("the picture would take more memory than a picture may")]
    Bomb,
    #[error("the disk is full")]
    Full,
    #[error("there is no such file")]
    Missing,
    #[error(transparent)]
    Failed(object_store::Error),
}

pub type Result<T> = std::result::Result<T, Error>;

/// What arrived.
#[derive(Debug, Clone)]
pub struct Received {
    /// Of what is kept, which of a picture may be less than was sent.
    pub size: u64,
    pub sha256: Vec<u8>,
    /// The declared type, or the one found when that is surer.
    pub content_type: String,
}

impl Received {
    fn whole(bytes: &[u8], content_type: &str) -> Self {
        let sha256 = digest(&SHA256, bytes).as_ref().to_vec();
        Self { size: bytes.len() as u64, sha256, content_type: content_type.to_owned() }
    }
}

/// A part of a file, or all of it.
pub struct Opened {
    /// First byte and the byte after the last.
    pub range: std::ops::Range<u64>,
    pub size: u64,
    pub bytes: BoxStream<'static, std::io::Result<Bytes>>,
}

/// Where attachments are kept.
#[derive(Clone)]
pub struct Files {
    store: Arc<dyn ObjectStore>,
    decoders: Arc<Semaphore>,
}

impl Files {
    /// Keeps files below a folder, which is made when it is missing.
    pub fn in_folder(folder: &FilePath) -> std::io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let store = LocalFileSystem::new_with_prefix(folder).map_err(std::io::Error::other)?;
        let store = Arc::new(store.with_fsync(true).with_automatic_cleanup(true));
        Ok(Self { store, decoders: facts::decoders() })
    }

    /// Takes an upload as it comes, never more than `most` bytes of it, and checks that it is what
    /// was declared. A picture loses what it tells of where and by whom it was taken. When anything
    /// is wrong, nothing is kept.
    pub async fn receive<E: std::fmt::Display>(
        &self,
        attachment: &Attachment,
        most: u64,
        bytes: impl Stream<Item = std::result::Result<Bytes, E>> + Send,
    ) -> Result<Received> {
        let path = path_of(attachment);
        let upload = self.store.put_multipart(&path).await?;
        let mut writer = WriteMultipart::new_with_chunk_size(upload, CHUNK);
        let received = copy(&mut writer, attachment, most, bytes).await;
        match received {
            Ok(received) => {
                writer.finish().await?;
                Ok(received)
            }
            Err(error) => {
                writer.abort().await?;
                Err(error)
            }
        }
    }

    /// Opens a file, or the part of it that a `Range` header asked for.
    pub async fn open(&self, attachment: &Attachment, range: Option<GetRange>) -> Result<Opened> {
        self.open_at(&path_of(attachment), range).await
    }

    /// Opens a file's thumbnail.
    pub async fn open_thumbnail(&self, attachment: &Attachment) -> Result<Opened> {
        self.open_at(&Path::from(attachment.thumbnail_key()), None).await
    }

    async fn open_at(&self, path: &Path, range: Option<GetRange>) -> Result<Opened> {
        let options = GetOptions::default().with_range(range);
        let found = self.store.get_opts(path, options).await?;
        Ok(Opened {
            range: found.range.clone(),
            size: found.meta.size,
            bytes: found.into_stream().map_err(std::io::Error::other).boxed(),
        })
    }

    /// Takes a file and its thumbnail away; what is not there is no error.
    pub async fn delete(&self, attachment: &Attachment) -> Result<()> {
        for path in [Path::from(attachment.thumbnail_key()), path_of(attachment)] {
            match self.store.delete(&path).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Whether the storage answers.
    pub async fn check(&self) -> Result<()> {
        match self.store.head(&Path::from("health")).await {
            Ok(_) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

async fn copy<E: std::fmt::Display>(
    writer: &mut WriteMultipart,
    attachment: &Attachment,
    most: u64,
    bytes: impl Stream<Item = std::result::Result<Bytes, E>> + Send,
) -> Result<Received> {
    let mut bytes = std::pin::pin!(bytes);
    let mut keep = Keep { size: 0, sum: Context::new(&SHA256), writer };
    let (mut strip, mut size, mut head) = (Strip::new(), 0, Vec::new());
    while let Some(chunk) = bytes.next().await {
        let chunk = chunk.map_err(|error| Error::Truncated(error.to_string()))?;
        size += chunk.len() as u64;
        if size > most {
            return Err(Error::TooLarge(most));
        }
        if head.len() < HEAD {
            head.extend_from_slice(&chunk[..chunk.len().min(HEAD - head.len())]);
        }
        keep.more(strip.push(chunk)).await?;
    }
    if size == 0 {
        return Err(Error::Empty);
    }
    keep.more(strip.finish()).await?;
    let content_type = sniff::agree(&attachment.content_type, &head)?;
    Ok(Received { size: keep.size, sha256: keep.sum.finish().as_ref().to_vec(), content_type })
}

/// What is kept of an upload.
struct Keep<'a> {
    size: u64,
    sum: Context,
    writer: &'a mut WriteMultipart,
}

impl Keep<'_> {
    async fn more(&mut self, bytes: Bytes) -> Result<()> {
        if !bytes.is_empty() {
            self.size += bytes.len() as u64;
            self.sum.update(&bytes);
            self.writer.wait_for_capacity(4).await?;
            self.writer.put(bytes);
        }
        Ok(())
    }
}

fn path_of(attachment: &Attachment) -> Path {
    Path::from(attachment.key())
}

impl From<object_store::Error> for Error {
    fn from(error: object_store::Error) -> Self {
        if matches!(error, object_store::Error::NotFound { .. }) {
            return Self::Missing;
        }
        let mut source: Option<&(dyn std::error::Error + 'static)> = Some(&error);
        while let Some(cause) = source {
            let io = cause.downcast_ref::<std::io::Error>();
            if io.is_some_and(|io| {
                matches!(io.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
            }) {
                return Self::Full;
            }
            source = cause.source();
        }
        Self::Failed(error)
    }
}
