//! Files that browsers uploaded straight to the bucket. The bucket does not notify the server, so uploads are confirmed
//! when a file is needed, and periodically.

use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard};
use uuid::Uuid;

use crate::messenger::Messenger;
use crate::messenger::files::quota::{OWN_QUOTA, SERVER_QUOTA, remaining_quota};
use crate::messenger::foundation::{Error, Result};
use crate::model::{Attachment, AttachmentId, Time, UserId};
use crate::store::attachments::{self, Refusal};

/// How long after a form's expiry an upload may still be running: it began before.
const LATE_UPLOAD_WINDOW: Duration = Duration::from_secs(60 * 60);
const PAGE_SIZE: u64 = 100;
/// How long one node may take to confirm a file before another one tries.
const CONFIRM_LEASE: Duration = Duration::from_secs(5 * 60);
/// The most characters of a refusal's reason that are recorded.
const MAX_REASON: usize = 1_024;

/// Locks so that each file is confirmed by one task of a node at a time; different files may share a lock.
#[derive(Default)]
pub(crate) struct UploadLocks([Mutex<()>; 16]);

impl UploadLocks {
    async fn lock(&self, id: AttachmentId) -> MutexGuard<'_, ()> {
        self.0[usize::from(id.0.as_bytes()[15]) % self.0.len()].lock().await
    }
}

impl Messenger {
    /// Checks and confirms those of the given files that were uploaded; fails for files that are refused.
    pub(crate) async fn confirm_uploads(&self, owner: UserId, ids: &[AttachmentId]) -> Result<()> {
        if ids.is_empty() || !self.files.is_direct() {
            return Ok(());
        }
        let found = attachments::by_ids(&mut self.db.read().await?, ids).await?;
        for attachment in found.iter().filter(|attachment| attachment.owner == owner && !attachment.uploaded)
        {
            // Boxed because few posts have files, and the others should not reserve stack for this future.
            Box::pin(self.confirm_one(attachment.id)).await?;
        }
        Ok(())
    }

    /// Confirms all uploads of a user, so that they count towards the quota.
    pub(crate) async fn confirm_uploads_of(&self, owner: UserId) -> Result<()> {
        self.confirm_pending(Some(owner)).await
    }

    /// Confirms uploads that were never asked for: they count towards the quota and may be posted within a day.
    pub(crate) async fn confirm_late_uploads(&self) -> Result<()> {
        self.confirm_pending(None).await
    }

    async fn confirm_pending(&self, owner: Option<UserId>) -> Result<()> {
        if !self.files.is_direct() {
            return Ok(());
        }
        let since = self.clock.now() - LATE_UPLOAD_WINDOW;
        let mut last = (Time(0), AttachmentId(Uuid::nil()));
        loop {
            let page =
                attachments::unfinished(&mut self.db.read().await?, owner, since, last, PAGE_SIZE).await?;
            let Some(newest) = page.last() else { return Ok(()) };
            last = (newest.created_at, newest.id);
            for attachment in &page {
                match Box::pin(self.confirm_one(attachment.id)).await {
                    // Recorded for the uploader.
                    Err(refusal) if is_permanent(&refusal) => {}
                    confirmed => confirmed?,
                }
            }
        }
    }

    /// Confirms a file that was uploaded. Of one that is refused the reason is recorded: the uploader learns it with the
    /// next request, whoever's request came first.
    async fn confirm_one(&self, id: AttachmentId) -> Result<()> {
        let _lock = self.upload_locks.lock(id).await;
        let lease = format!("upload {id}");
        self.wait_for_lease(&lease, CONFIRM_LEASE).await?;
        let confirmed = self.confirm_alone(id).await;
        self.release_lease(&lease).await?;
        confirmed
    }

    async fn confirm_alone(&self, id: AttachmentId) -> Result<()> {
        let mut read = self.db.read().await?;
        let pending = attachments::by_id(&mut read, id).await?.filter(|attachment| !attachment.uploaded);
        let Some(attachment) = pending else { return Ok(()) };
        let quota = remaining_quota(&mut read, &self.settings, attachment.owner).await?;
        drop(read);
        let confirmed = match self.confirm_if_uploaded(&attachment, quota.bytes()).await {
            Err(Error::TooLarge(reason)) => quota
                .require(u64::try_from(attachment.size).unwrap_or_default())
                .and(Err(Error::TooLarge(reason))),
            confirmed => confirmed,
        };
        match confirmed {
            Ok(false) => self.earlier_refusal(id).await,
            Ok(true) => Ok(self.files.clear_incoming(&attachment).await?),
            Err(error) => {
                if let Some(refusal) = recorded(&error) {
                    tracing::info!(%error, attachment = %id, "an upload was refused");
                    let mut work = self.begin().await?;
                    attachments::refuse(&mut work.tx, id, &refusal).await?;
                    work.commit().await?;
                    self.files.clear_incoming(&attachment).await?;
                }
                Err(error)
            }
        }
    }

    /// Fails if the last upload of a file was refused.
    async fn earlier_refusal(&self, id: AttachmentId) -> Result<()> {
        match attachments::refusal(&mut self.db.read().await?, id).await? {
            Some(refusal) => Err(restored(refusal)),
            None => Ok(()),
        }
    }

    /// Confirms a file; `false` when it was not uploaded.
    async fn confirm_if_uploaded(&self, attachment: &Attachment, left: u64) -> Result<bool> {
        let announced = u64::try_from(attachment.size).unwrap_or_default();
        let Some(received) = self.files.confirm_upload(attachment, announced.min(left)).await? else {
            return Ok(false);
        };
        self.store_received(attachment, &received).await.map(|()| true)
    }
}

/// Whether the error is permanent for this file.
fn is_permanent(error: &Error) -> bool {
    recorded(error).is_some()
}

/// How an error that is permanent for a file is recorded.
fn recorded(error: &Error) -> Option<Refusal> {
    let reason = match error {
        Error::Invalid { reason, .. } => reason.clone(),
        Error::TooLarge(_) | Error::OverQuota(_) => error.to_string(),
        _ => return None,
    };
    Some(Refusal { code: error.code().to_owned(), reason: reason.chars().take(MAX_REASON).collect() })
}

/// The error that was recorded.
fn restored(Refusal { code, reason }: Refusal) -> Error {
    match code.as_str() {
        "too_large" => Error::TooLarge(reason),
        "quota_exceeded" if reason == SERVER_QUOTA => Error::OverQuota(SERVER_QUOTA),
        "quota_exceeded" => Error::OverQuota(OWN_QUOTA),
        _ => Error::invalid("file", reason),
    }
}
