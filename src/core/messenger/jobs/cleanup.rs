//! Deletes what is no longer needed.

use std::time::Duration;

use crate::messenger::Messenger;
use crate::messenger::foundation::Result;
use crate::messenger::live::cursor::STORED_CURSORS;
use crate::messenger::messages::erase::delete_related;
use crate::messenger::messages::retry_detection::RETRY_WINDOW;
use crate::model::Stream;
use crate::store::{
    attachments, chats, drafts, events, idempotency, messages, previews, sessions, sign_in_codes, streams,
    sync_cursors, unacknowledged,
};

/// How long sign-in codes are stored: as long as they count towards the limit of codes sent.
const CODES: Duration = Duration::from_secs(3_600);
/// How long files that no message uses are stored: longer than uploads may be posted, so that no file is deleted while
/// it is being posted.
const ORPHANED_FILES: Duration = Duration::from_secs(25 * 3_600);
/// How long events, and the times of removed drafts, are stored.
const EVENTS: Duration = Duration::from_secs(30 * 24 * 3_600);
/// How many rows one transaction deletes, so that others do not wait for long.
const BATCH: u64 = 200;

impl Messenger {
    /// Deletes idempotency keys after a day, files that were not posted within a day, expired sessions, events after
    /// thirty days, deliveries of webhooks after seven, devices to push to whose sessions have ended, the messages of
    /// deleted chats, entries of the audit log that are older than the settings say, and link previews that no message has any more.
    pub async fn clean_up(&self) -> Result<()> {
        // It is called rarely: the lease may have expired since.
        self.renew_node_lease().await?;
        if !self.is_job_leader() {
            return Ok(());
        }
        let now = self.clock.now();
        self.delete_old_keys().await?;
        let mut work = self.begin_background().await?;
        unacknowledged::delete_before(&mut work.tx, now - RETRY_WINDOW).await?;
        sessions::delete_expired(&mut work.tx, now).await?;
        sign_in_codes::delete_before(&mut work.tx, now - CODES).await?;
        self.delete_assistant_use(&mut work).await?;
        self.delete_old_pushes(&mut work).await?;
        drafts::delete_before(&mut work.tx, now - EVENTS).await?;
        sync_cursors::delete_before(&mut work.tx, now - STORED_CURSORS).await?;
        work.commit().await?;
        self.purge_deleted_chats().await?;
        self.delete_orphaned_previews().await?;
        self.prune_events().await?;
        self.delete_old_deliveries().await?;
        self.delete_old_audit_entries().await?;
        self.delete_old_reports().await?;
        // Last, because a bucket may be down.
        self.confirm_late_uploads().await?;
        self.delete_orphaned_files().await
    }

    async fn delete_old_keys(&self) -> Result<()> {
        let before = self.clock.now() - idempotency::LIFE;
        loop {
            let mut work = self.begin_background().await?;
            let has_more = self.keys.delete_before(&mut work.tx, before, BATCH).await?;
            work.commit().await?;
            if !has_more {
                self.keys.forget_before(before);
                return Ok(());
            }
        }
    }

    async fn purge_deleted_chats(&self) -> Result<()> {
        let deleted = chats::deleted(&mut self.db.read().await?, BATCH).await?;
        for chat in deleted {
            loop {
                let mut work = self.begin_background().await?;
                let gone = messages::purge(&mut work.tx, chat, BATCH).await?;
                if gone.is_empty() {
                    break;
                }
                delete_related(&mut work, &gone).await?;
                work.commit().await?;
            }
        }
        Ok(())
    }

    async fn delete_orphaned_files(&self) -> Result<()> {
        let before = self.clock.now() - ORPHANED_FILES;
        self.files.sweep_incoming(before).await?;
        // Those that can't be deleted stay, to be tried again the next time.
        let mut failed = 0;
        loop {
            let orphaned = attachments::orphaned(&mut self.db.read().await?, before, (failed, BATCH)).await?;
            if orphaned.is_empty() {
                return Ok(());
            }
            // First the file, then the row: after an interruption the row is found again.
            let (mut deleted, mut last_error) = (Vec::with_capacity(orphaned.len()), None);
            for attachment in &orphaned {
                match self.files.delete(attachment).await {
                    Ok(()) => deleted.push(attachment.id),
                    Err(error) => {
                        tracing::warn!(%error, attachment = %attachment.id.0, "a file could not be deleted");
                        failed += 1;
                        last_error = Some(error);
                    }
                }
            }
            if let (true, Some(error)) = (deleted.is_empty(), last_error) {
                // The storage is down.
                return Err(error.into());
            }
            let mut work = self.begin_background().await?;
            attachments::delete(&mut work.tx, &deleted).await?;
            work.commit().await?;
        }
    }

    async fn delete_orphaned_previews(&self) -> Result<()> {
        let now = self.clock.now();
        loop {
            let orphaned = previews::orphaned(&mut self.db.read().await?, now, BATCH).await?;
            if orphaned.is_empty() {
                return Ok(());
            }
            let mut work = self.begin_background().await?;
            previews::delete(&mut work.tx, orphaned).await?;
            work.commit().await?;
        }
    }

    async fn prune_events(&self) -> Result<()> {
        let before = self.clock.now() - EVENTS;
        let mut last = Stream(0);
        loop {
            let batch = streams_after(self, last).await?;
            let Some(highest) = batch.last() else { return Ok(()) };
            last = *highest;
            let stale = events::with_older(&mut self.db.read().await?, &batch, before).await?;
            for stream in stale {
                let up_to = events::last_before(&mut self.db.snapshot().await?, stream, before).await?;
                let mut work = self.begin_background().await?;
                events::prune(&mut work.tx, stream, up_to).await?;
                work.commit().await?;
            }
        }
    }
}

async fn streams_after(messenger: &Messenger, last: Stream) -> Result<Vec<Stream>> {
    Ok(streams::after(&mut messenger.db.read().await?, last, BATCH).await?)
}
