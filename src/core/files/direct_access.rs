//! Browsers' direct access to a bucket: upload forms and presigned download URLs.

use std::time::Duration;

use object_store::ObjectStoreExt;
use object_store::path::Path;
use object_store::signer::{Method, SignedUrlOptions, Signer};

use super::backend::Backend;
use super::paths::{incoming_path_of, path_of, thumbnail_path_of};
use super::post_policy::Policy;
use super::{BucketForm, Files, ResponseHeaders, Result, is_shown_inline};
use crate::model::Attachment;

impl Files {
    /// The form by which a browser uploads a file straight to the bucket; `None` when uploads go through the server.
    pub async fn upload_form(&self, attachment: &Attachment) -> Result<Option<BucketForm>> {
        let Some(bucket) = self.backend.direct() else { return Ok(None) };
        let key = incoming_path_of(attachment);
        let policy = Policy {
            key: key.as_ref(),
            content_type: &attachment.content_type,
            max_size: u64::try_from(attachment.size).unwrap_or_default(),
            issued_at: attachment.created_at,
            expires_at: attachment.expires_at,
        };
        let credentials = bucket.s3.credentials().get_credential().await?;
        Ok(Some(policy.sign(&bucket.config, &credentials)))
    }

    /// A presigned URL by which a browser downloads a file straight from the bucket; `None` when it must come through
    /// the server.
    pub async fn presigned_url(
        &self,
        attachment: &Attachment,
        method: Method,
        lifetime: Duration,
        headers: &ResponseHeaders<'_>,
    ) -> Result<Option<String>> {
        self.presigned_url_at(&path_of(attachment), method, lifetime, headers).await
    }

    /// The same for the file's thumbnail.
    pub async fn presigned_thumbnail_url(
        &self,
        attachment: &Attachment,
        method: Method,
        lifetime: Duration,
        headers: &ResponseHeaders<'_>,
    ) -> Result<Option<String>> {
        self.presigned_url_at(&thumbnail_path_of(attachment), method, lifetime, headers).await
    }

    async fn presigned_url_at(
        &self,
        path: &Path,
        method: Method,
        lifetime: Duration,
        headers: &ResponseHeaders<'_>,
    ) -> Result<Option<String>> {
        let Some(bucket) = self.backend.direct() else { return Ok(None) };
        if self.fallback.is_some() {
            // The file may not have been migrated to this bucket yet.
            match self.backend.store.head(path).await {
                Err(object_store::Error::NotFound { .. }) => return Ok(None),
                found => found?,
            };
        }
        // A bucket can't send a Content-Security-Policy, so it must not serve anything that may contain scripts as such.
        let content_type = match is_shown_inline(headers.content_type) {
            true => headers.content_type,
            false => "application/octet-stream",
        };
        let options = SignedUrlOptions::new().with_query([
            ("response-content-type", content_type),
            ("response-content-disposition", headers.disposition),
            ("response-cache-control", headers.cache_control),
        ]);
        Ok(Some(bucket.s3.signed_url_opts(method, path, lifetime, &options).await?.into()))
    }

    /// Whether browsers upload files straight to a bucket.
    pub fn is_direct(&self) -> bool {
        self.backends().any(|backend| backend.direct().is_some())
    }

    /// The origins that web pages must be allowed to connect to besides the server: buckets that browsers use directly.
    pub fn origins(&self) -> Vec<String> {
        self.backends().filter_map(Backend::direct).map(|bucket| bucket.config.origin()).collect()
    }
}
