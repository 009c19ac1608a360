//! The bytes of attachments, through object_store: in a folder, or in a bucket of S3.
//!
//! What a browser sends to a bucket past us is not one of our files yet: it waits below `incoming/` until it was
//! looked at ([`Files::take_in`]), and whoever sent it can't reach it any more once it is.

mod archive;
mod facts;
mod heavy;
mod incoming;
mod links;
mod moving;
mod picture;
mod place;
mod policy;
mod ranged;
mod recording;
mod shelf;
mod sniff;
mod strip;
mod trouble;
mod turned;
mod unzip;

use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256, digest};
use bytes::Bytes;
use futures_util::stream::{BoxStream, Stream, StreamExt, TryStreamExt};
use object_store::buffered::BufWriter;
use object_store::path::Path;
use object_store::{GetOptions, GetRange, GetResult};
use tokio::io::AsyncWriteExt;
use tokio::sync::Semaphore;

pub use archive::Archive;
pub use links::{Links, Signature};
pub use moving::{Moved, Moving};
pub use place::{Aws, Place};
pub use policy::{ALGORITHM, BucketForm};
pub use shelf::Served;
pub use sniff::{class, is_shown_inline};
pub use trouble::Trouble;
pub use unzip::Zip;

use crate::model::Attachment;
use shelf::Shelf;
use strip::Strip;

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
    #[error("the upload was interrupted: {0}")]
    Truncated(String),
    #[error(
        "the image has {width} × {height} pixels; at most 40,000,000 and 10,000 on each side are accepted, unless it is sent as application/octet-stream"
    )]
    TooManyPixels { width: u32, height: u32 },
    #[error("decoding the image would take too much memory")]
    Bomb,
    #[error("the archive cannot be read: {0}")]
    Archive(&'static str),
    #[error("the disk is full")]
    Full,
    #[error("no such file")]
    Missing,
    /// The bucket can't be asked: it is down, or refuses us.
    #[error("the bucket does not do it: {0}")]
    Unavailable(String),
    #[error(transparent)]
    Failed(object_store::Error),
}

pub type Result<T> = std::result::Result<T, Error>;

/// What arrived.
#[derive(Debug, Clone)]
pub struct Received {
    /// Of what is kept, which of a picture may be less than was sent.
    pub size: u64,
    /// Nothing of a large file that went from one place in the bucket to another without passing here.
    pub sha256: Option<Vec<u8>>,
    /// The declared type, or the one found when that is surer.
    pub content_type: String,
}

impl Received {
    fn whole(bytes: &[u8], content_type: &str) -> Self {
        let sha256 = digest(&SHA256, bytes).as_ref().to_vec();
        Self { size: bytes.len() as u64, sha256: Some(sha256), content_type: content_type.to_owned() }
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
    shelf: Shelf,
    /// Where they were kept before, while they are moved: what is not found on the one is looked for on the other.
    before: Option<Shelf>,
    decoders: Arc<Semaphore>,
}

impl Files {
    /// Keeps files at a place. An error is a sentence; whether a bucket answers is not asked yet.
    pub fn at(place: &Place, before: Option<&Place>, aws: &Aws) -> std::result::Result<Self, String> {
        let before = before.map(|place| Shelf::open(place, aws)).transpose()?;
        Ok(Self { shelf: Shelf::open(place, aws)?, before, decoders: facts::decoders() })
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
        let mut writer = self.shelf.writer(path_of(attachment));
        let received = copy(&mut writer, attachment, most, bytes).await;
        match received {
            Ok(received) => {
                writer.shutdown().await.map_err(of_io)?;
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
        let found = self.get(path, GetOptions::default().with_range(range)).await?;
        Ok(Opened {
            range: found.range.clone(),
            size: found.meta.size,
            bytes: found.into_stream().map_err(std::io::Error::other).boxed(),
        })
    }

    async fn get(&self, path: &Path, options: GetOptions) -> Result<GetResult> {
        match (self.shelf.store.get_opts(path, options.clone()).await, &self.before) {
            (Err(object_store::Error::NotFound { .. }), Some(before)) => {
                Ok(before.store.get_opts(path, options).await?)
            }
            (found, _) => Ok(found?),
        }
    }

    fn shelves(&self) -> impl Iterator<Item = &Shelf> {
        std::iter::once(&self.shelf).chain(&self.before)
    }

    /// Takes a file and its thumbnail away; what is not there is no error.
    pub async fn delete(&self, attachment: &Attachment) -> Result<()> {
        for shelf in self.shelves() {
            for path in [Path::from(attachment.thumbnail_key()), path_of(attachment)] {
                shelf.remove(&path).await?;
            }
        }
        Ok(())
    }

    /// Whether the storage answers.
    pub async fn check(&self) -> Result<()> {
        self.shelf.check().await
    }
}

async fn copy<E: std::fmt::Display>(
    writer: &mut BufWriter,
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
    Ok(Received { size: keep.size, sha256: Some(keep.sum.finish().as_ref().to_vec()), content_type })
}

/// What is kept of an upload.
struct Keep<'a> {
    size: u64,
    sum: Context,
    writer: &'a mut BufWriter,
}

impl Keep<'_> {
    async fn more(&mut self, bytes: Bytes) -> Result<()> {
        if !bytes.is_empty() {
            self.size += bytes.len() as u64;
            self.sum.update(&bytes);
            self.writer.put(bytes).await?;
        }
        Ok(())
    }
}

fn path_of(attachment: &Attachment) -> Path {
    Path::from(attachment.key())
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

/// What went wrong while a writer was shut, which tells it in another way.
fn of_io(error: std::io::Error) -> Error {
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
