//! A place that was opened: a folder or a bucket, and what is different between the two.

use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::buffered::BufWriter;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::signer::{Method, SignedUrlOptions, Signer};
use object_store::{BackoffConfig, ClientOptions, ObjectStore, ObjectStoreExt, RetryConfig};

use super::place::Bucket;
use super::policy::Policy;
use super::{Aws, BucketForm, Error, Files, Place, Result, incoming, is_shown_inline, path_of};
use crate::model::Attachment;

/// How much of a file goes to the disk at a time.
const CHUNK: usize = 256 * 1024;
/// How much goes to a bucket at a time: it takes no smaller part, but for the last.
const PART: usize = 5 * 1024 * 1024;
/// How long a bucket may be silent.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long whoever asks about our health waits for a bucket.
const SHORT_PATIENCE: Duration = Duration::from_secs(2);

#[derive(Clone)]
pub(super) struct Shelf {
    pub(super) store: Arc<dyn ObjectStore>,
    /// When it is no folder.
    pub(super) bucket: Option<Arc<Remote>>,
}

/// A bucket that was opened.
pub(super) struct Remote {
    pub(super) about: Bucket,
    s3: AmazonS3,
}

/// What a bucket says of a file when it serves it.
pub struct Served<'a> {
    pub content_type: &'a str,
    /// A whole `Content-Disposition`.
    pub disposition: &'a str,
    /// A whole `Cache-Control`.
    pub caching: &'a str,
}

impl Shelf {
    pub(super) fn open(place: &Place, aws: &Aws) -> std::result::Result<Self, String> {
        match place {
            Place::Folder(folder) => {
                let opened =
                    std::fs::create_dir_all(folder).map_err(|error| error.to_string()).and_then(|()| {
                        LocalFileSystem::new_with_prefix(folder).map_err(|error| error.to_string())
                    });
                let why = |error| format!("the folder for files {} can't be used: {error}", folder.display());
                let store = opened.map_err(why)?.with_fsync(true).with_automatic_cleanup(true);
                Ok(Self { store: Arc::new(store), bucket: None })
            }
            Place::Bucket(address) => {
                let why = |error: String| format!("the bucket {place} can't be used: {error}");
                let about = address.resolve(aws).map_err(why)?;
                let s3 = connect(&about, aws).map_err(|error| why(error.to_string()))?;
                Ok(Self { store: Arc::new(s3.clone()), bucket: Some(Arc::new(Remote { about, s3 })) })
            }
        }
    }

    /// A bucket to which browsers go by themselves.
    pub(super) fn direct(&self) -> Option<&Remote> {
        self.bucket.as_deref().filter(|bucket| bucket.about.is_direct)
    }

    /// Writes a file as it comes; before it is shut, there is none.
    pub(super) fn writer(&self, path: Path) -> BufWriter {
        let (part, at_once) = if self.bucket.is_some() { (PART, 2) } else { (CHUNK, 4) };
        BufWriter::with_capacity(self.store.clone(), path, part).with_max_concurrency(at_once)
    }

    /// Takes something away; what is not there is no error.
    pub(super) async fn remove(&self, path: &Path) -> Result<()> {
        match self.store.delete(path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) async fn check(&self) -> Result<()> {
        let path = Path::from("health");
        let asked = self.store.head(&path);
        match tokio::time::timeout(SHORT_PATIENCE, asked).await {
            Ok(Ok(_) | Err(object_store::Error::NotFound { .. })) => Ok(()),
            Ok(Err(error)) => Err(error.into()),
            Err(_) => Err(Error::Unavailable("it does not answer".to_owned())),
        }
    }
}

fn connect(bucket: &Bucket, aws: &Aws) -> object_store::Result<AmazonS3> {
    let credentials = aws.credentials();
    let builder =
        credentials.fold(AmazonS3Builder::new(), |builder, (key, value)| builder.with_config(key, value));
    let retries = RetryConfig {
        backoff: BackoffConfig { max_backoff: Duration::from_secs(2), ..BackoffConfig::default() },
        max_retries: 4,
        // Somebody waits for it.
        retry_timeout: Duration::from_secs(10),
    };
    builder
        .with_bucket_name(&bucket.name)
        .with_region(&bucket.region)
        // With the bucket's name in it already, wherever it belongs.
        .with_endpoint(&bucket.url)
        .with_virtual_hosted_style_request(true)
        .with_retry(retries)
        .with_client_options(
            ClientOptions::new()
                .with_allow_http(bucket.url.starts_with("http:"))
                .with_connect_timeout(Duration::from_secs(5))
                // A large file may take its time, as long as something comes.
                .with_timeout_disabled()
                .with_read_timeout(PATIENCE),
        )
        .build()
}

impl Files {
    /// The form by which a browser sends a file to the bucket itself; nothing when it goes through us.
    pub async fn form(&self, attachment: &Attachment) -> Result<Option<BucketForm>> {
        let Some(bucket) = self.shelf.direct() else { return Ok(None) };
        let key = incoming::path_of(attachment);
        let policy = Policy {
            key: key.as_ref(),
            content_type: &attachment.content_type,
            most: u64::try_from(attachment.size).unwrap_or_default(),
            made: attachment.created_at,
            until: attachment.expires_at,
        };
        let who = bucket.s3.credentials().get_credential().await?;
        Ok(Some(policy.sign(&bucket.about, &who)))
    }

    /// Where a browser fetches a file from the bucket itself, for a while and as it is to be served; nothing when it
    /// has to come through us.
    pub async fn link(
        &self,
        attachment: &Attachment,
        method: Method,
        life: Duration,
        served: &Served<'_>,
    ) -> Result<Option<String>> {
        self.link_at(&path_of(attachment), method, life, served).await
    }

    /// The same for its thumbnail.
    pub async fn link_thumbnail(
        &self,
        attachment: &Attachment,
        method: Method,
        life: Duration,
        served: &Served<'_>,
    ) -> Result<Option<String>> {
        self.link_at(&Path::from(attachment.thumbnail_key()), method, life, served).await
    }

    async fn link_at(
        &self,
        path: &Path,
        method: Method,
        life: Duration,
        served: &Served<'_>,
    ) -> Result<Option<String>> {
        let Some(bucket) = self.shelf.direct() else { return Ok(None) };
        if self.before.is_some() {
            // It may not have been moved here yet.
            match self.shelf.store.head(path).await {
                Err(object_store::Error::NotFound { .. }) => return Ok(None),
                found => found?,
            };
        }
        // A bucket can't forbid scripts, so it must not call anything a page that could have one.
        let content_type = match is_shown_inline(served.content_type) {
            true => served.content_type,
            false => "application/octet-stream",
        };
        let options = SignedUrlOptions::new().with_query([
            ("response-content-type", content_type),
            ("response-content-disposition", served.disposition),
            ("response-cache-control", served.caching),
        ]);
        Ok(Some(bucket.s3.signed_url_opts(method, path, life, &options).await?.into()))
    }

    /// Whether browsers send files past us.
    pub fn is_direct(&self) -> bool {
        self.shelves().any(|shelf| shelf.direct().is_some())
    }

    /// From where else than from us pages load, and to where they send: the bucket, when browsers go there.
    pub fn origins(&self) -> Vec<String> {
        self.shelves().filter_map(Shelf::direct).map(|bucket| bucket.about.origin()).collect()
    }
}
