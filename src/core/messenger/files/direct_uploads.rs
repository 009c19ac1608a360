//! Files that browsers uploaded straight to the bucket. The bucket does not notify the server, so uploads are confirmed
//! when a file is needed, and periodically.

use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard};
use uuid::Uuid;

use crate::messenger::Messenger;
use crate::messenger::files::quota::remaining_quota;
use crate::messenger::foundation::{Error, Result};
use crate::model::{Attachment, AttachmentId, Time, UserId};
use crate::store::attachments;

/// How long after a form's expiry an upload may still be running: it began before.
const LATE_UPLOAD_WINDOW: Duration = Duration::from_secs(60 * 60);
const PAGE_SIZE: u64 = 100;

/// Locks so that each file is confirmed by one task at a time; different files may share a lock.
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
                    Err(refusal) if is_permanent(&refusal) => {
                        tracing::info!(%refusal, attachment = %attachment.id, "an upload was refused");
                    }
                    confirmed => confirmed?,
                }
            }
        }
    }

    async fn confirm_one(&self, id: AttachmentId) -> Result<()> {
        let _lock = self.upload_locks.lock(id).await;
        let mut read = self.db.read().await?;
        let pending = attachments::by_id(&mut read, id).await?.filter(|attachment| !attachment.uploaded);
        let Some(attachment) = pending else { return Ok(()) };
        let quota = remaining_quota(&mut read, &self.settings, attachment.owner).await?;
        drop(read);
        let confirmed = self.confirm_if_uploaded(&attachment, quota.bytes()).await;
        let is_done = match &confirmed {
            Ok(was_uploaded) => *was_uploaded,
            Err(refusal) => is_permanent(refusal),
        };
        if is_done {
            self.files.clear_incoming(&attachment).await?;
        }
        if matches!(confirmed, Err(Error::TooLarge(_))) {
            quota.require(u64::try_from(attachment.size).unwrap_or_default())?;
        }
        confirmed.map(|_| ())
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
    matches!(error, Error::Invalid { .. } | Error::TooLarge(_) | Error::OverQuota(_))
}
