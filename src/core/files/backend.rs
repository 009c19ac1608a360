//! An opened storage: a folder or a bucket, and what differs between the two.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::buffered::BufWriter;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpRequest, HttpResponse, HttpService, ReqwestConnector,
};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{BackoffConfig, ClientOptions, ObjectStore, ObjectStoreExt, RetryConfig};

use super::location::BucketConfig;
use super::{AwsEnv, Error, Result, StorageLocation, from_io_error};
use crate::traces;

/// What object_store puts between a file's name and a number while it writes the file in a folder.
pub(super) const STAGED: char = '#';
/// How many bytes are written to the disk at a time.
const DISK_CHUNK: usize = 256 * 1024;
/// The size of a multipart upload's parts in bytes: S3's minimum for all parts but the last.
const BUCKET_PART: usize = 5 * 1024 * 1024;
/// How long a bucket may send nothing while a response is read.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a health check waits for a bucket.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(2);

#[derive(Clone)]
pub(super) struct Backend {
    pub(super) store: Arc<dyn ObjectStore>,
    /// `None` for a folder.
    pub(super) bucket: Option<Arc<S3Bucket>>,
    /// `None` for a bucket.
    folder: Option<PathBuf>,
}

/// An opened bucket: its configuration and client.
pub(super) struct S3Bucket {
    pub(super) config: BucketConfig,
    pub(super) s3: AmazonS3,
}

/// The headers with which a bucket serves a file.
pub struct ResponseHeaders<'a> {
    pub content_type: &'a str,
    /// The full `Content-Disposition` value.
    pub disposition: &'a str,
    /// The full `Cache-Control` value.
    pub cache_control: &'a str,
}

impl Backend {
    /// Opens the storage of uploaded files.
    pub(super) fn open(location: &StorageLocation, aws: &AwsEnv) -> std::result::Result<Self, String> {
        Self::open_for("files", location, aws)
    }

    /// Opens a storage; the error, a sentence, says what it is for.
    pub(super) fn open_for(
        content: &str,
        location: &StorageLocation,
        aws: &AwsEnv,
    ) -> std::result::Result<Self, String> {
        match location {
            StorageLocation::Folder(folder) => {
                let opened =
                    std::fs::create_dir_all(folder).map_err(|error| error.to_string()).and_then(|()| {
                        LocalFileSystem::new_with_prefix(folder).map_err(|error| error.to_string())
                    });
                let describe =
                    |error| format!("the folder for {content} {} can't be used: {error}", folder.display());
                let store = opened.map_err(describe)?.with_fsync(true).with_automatic_cleanup(true);
                Ok(Self { store: Arc::new(store), bucket: None, folder: Some(folder.clone()) })
            }
            StorageLocation::Bucket(url) => {
                let describe = |error: String| format!("the bucket {location} can't be used: {error}");
                let config = url.resolve(aws).map_err(describe)?;
                let s3 = connect(&config, aws).map_err(|error| describe(error.to_string()))?;
                let bucket = Some(Arc::new(S3Bucket { config, s3: s3.clone() }));
                Ok(Self { store: Arc::new(s3), bucket, folder: None })
            }
        }
    }

    /// The bucket, if browsers upload to it and download from it directly.
    pub(super) fn direct(&self) -> Option<&S3Bucket> {
        self.bucket.as_deref().filter(|bucket| bucket.config.is_direct)
    }

    /// A streaming writer. The file exists only once the writer is closed.
    pub(super) fn writer(&self, path: Path) -> BufWriter {
        let (size, concurrency) = if self.bucket.is_some() { (BUCKET_PART, 2) } else { (DISK_CHUNK, 4) };
        BufWriter::with_capacity(self.store.clone(), path, size).with_max_concurrency(concurrency)
    }

    /// Deletes an object; a missing one is not an error.
    pub(super) async fn delete(&self, path: &Path) -> Result<()> {
        match self.store.delete(path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Deletes what a server that was killed left beside an object while it wrote it, or another one of the same
    /// attachment. In a bucket a lifecycle rule does.
    pub(super) async fn delete_staged(&self, path: &Path) -> Result<()> {
        let file = self.folder.as_ref().map(|folder| folder.join(path.as_ref()));
        let Some(folder) = file.as_deref().and_then(std::path::Path::parent) else { return Ok(()) };
        let mut entries = match tokio::fs::read_dir(folder).await {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            found => found.map_err(from_io_error)?,
        };
        while let Some(entry) = entries.next_entry().await.map_err(from_io_error)? {
            if is_staged(&entry.file_name()) {
                tokio::fs::remove_file(entry.path()).await.map_err(from_io_error)?;
            }
        }
        // Unless something else is there.
        let _ = tokio::fs::remove_dir(folder).await;
        Ok(())
    }

    pub(super) async fn check(&self) -> Result<()> {
        let path = Path::from("health");
        let request = self.store.head(&path);
        match tokio::time::timeout(HEALTH_TIMEOUT, request).await {
            Ok(Ok(_) | Err(object_store::Error::NotFound { .. })) => Ok(()),
            Ok(Err(error)) => Err(error.into()),
            Err(_) => Err(Error::Unavailable("it does not answer".to_owned())),
        }
    }
}

fn is_staged(name: &OsStr) -> bool {
    let number = name.to_str().and_then(|name| name.rsplit_once(STAGED)).map(|(_, number)| number);
    number.is_some_and(|number| number.parse::<u32>().is_ok())
}

/// Makes the library's own HTTP client, whose requests are spans of traces.
#[derive(Debug)]
struct TracedConnector;

#[derive(Debug)]
struct TracedClient(HttpClient);

impl HttpConnector for TracedConnector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(TracedClient(ReqwestConnector::default().connect(options)?)))
    }
}

#[async_trait]
impl HttpService for TracedClient {
    async fn call(&self, request: HttpRequest) -> std::result::Result<HttpResponse, HttpError> {
        let answer = self.0.execute(request);
        traces::call("bucket", answer, |response| Some(response.status().as_u16())).await
    }
}

fn connect(bucket: &BucketConfig, aws: &AwsEnv) -> object_store::Result<AmazonS3> {
    let credentials = aws.credentials();
    let builder =
        credentials.fold(AmazonS3Builder::new(), |builder, (key, value)| builder.with_config(key, value));
    let retries = RetryConfig {
        backoff: BackoffConfig { max_backoff: Duration::from_secs(2), ..BackoffConfig::default() },
        max_retries: 4,
        // A user is waiting for the result.
        retry_timeout: Duration::from_secs(10),
    };
    builder
        .with_bucket_name(&bucket.name)
        .with_region(&bucket.region)
        // Contains the bucket's name already, in the host or in the path.
        .with_endpoint(&bucket.url)
        .with_virtual_hosted_style_request(true)
        .with_retry(retries)
        .with_http_connector(TracedConnector)
        .with_client_options(
            ClientOptions::new()
                .with_allow_http(bucket.url.starts_with("http:"))
                .with_connect_timeout(Duration::from_secs(5))
                // A large file may take long as long as bytes keep coming.
                .with_timeout_disabled()
                .with_read_timeout(READ_TIMEOUT),
        )
        .build()
}
