//! Taking away what nobody needs any more.

use std::time::Duration;

use crate::messenger::Messenger;
use crate::messenger::foundation::Result;
use crate::messenger::messages::erase::delete_related;
use crate::model::Stream;
use crate::store::{
    attachments, chats, drafts, events, idempotency, messages, previews, sessions, sign_in_codes, streams,
    unheard,
};

/// How long each thing is kept.
const KEYS: Duration = Duration::from_secs(24 * 3_600);
/// For as long as it matters how many were sent.
const CODES: Duration = Duration::from_secs(3_600);
/// Later than [`UPLOAD_LIFE`], so that no file goes while it is being posted.
const FORSAKEN_FILES: Duration = Duration::from_secs(25 * 3_600);
const EVENTS: Duration = Duration::from_secs(30 * 24 * 3_600);
/// How much is taken at a time, so that nobody waits for long.
const SOME: u64 = 200;

impl Messenger {
    /// Takes away idempotency keys after a day, files that were not posted within a day, sessions
    /// that ran out, events after thirty days, what was said in deleted chats, and previews that
    /// no message has any more.
    pub async fn sweep(&self) -> Result<()> {
        // It is called rarely: by then what one held may have run out.
        self.keep_place().await?;
        if !self.does_jobs() {
            return Ok(());
        }
        let now = self.clock.now();
        let mut work = self.begin().await?;
        idempotency::sweep(&mut work.tx, now - KEYS).await?;
        unheard::sweep(&mut work.tx, now - crate::messenger::messages::retry_detection::PATIENCE).await?;
        sessions::sweep(&mut work.tx, now).await?;
        sign_in_codes::sweep(&mut work.tx, now - CODES).await?;
        self.sweep_asked(&mut work).await?;
        drafts::sweep(&mut work.tx, now - EVENTS).await?;
        work.commit().await?;
        self.sweep_deleted_chats().await?;
        self.sweep_previews().await?;
        self.sweep_events().await?;
        // Last, because a bucket may be down.
        self.take_in_late().await?;
        self.sweep_files().await
    }

    async fn sweep_deleted_chats(&self) -> Result<()> {
        let deleted = chats::deleted(&mut self.db.read().await?, SOME).await?;
        for chat in deleted {
            loop {
                let mut work = self.begin().await?;
                let gone = messages::purge(&mut work.tx, chat, SOME).await?;
                if gone.is_empty() {
                    break;
                }
                delete_related(&mut work, &gone).await?;
                work.commit().await?;
            }
        }
        Ok(())
    }

    async fn sweep_files(&self) -> Result<()> {
        let before = self.clock.now() - FORSAKEN_FILES;
        self.files.sweep_incoming(before).await?;
        loop {
            let forsaken = attachments::forsaken(&mut self.db.read().await?, before, SOME).await?;
            if forsaken.is_empty() {
                return Ok(());
            }
            // First the bytes, then the row: what is interrupted between is found again.
            for attachment in &forsaken {
                self.files.delete(attachment).await?;
            }
            let mut work = self.begin().await?;
            let ids: Vec<_> = forsaken.iter().map(|attachment| attachment.id).collect();
            attachments::delete(&mut work.tx, &ids).await?;
            work.commit().await?;
        }
    }

    async fn sweep_previews(&self) -> Result<()> {
        let now = self.clock.now();
        loop {
            let forsaken = previews::forsaken(&mut self.db.read().await?, now, SOME).await?;
            if forsaken.is_empty() {
                return Ok(());
            }
            let mut work = self.begin().await?;
            previews::delete(&mut work.tx, forsaken).await?;
            work.commit().await?;
        }
    }

    async fn sweep_events(&self) -> Result<()> {
        let before = self.clock.now() - EVENTS;
        let mut last = Stream(0);
        loop {
            let some = streams_after(self, last).await?;
            let Some(newest) = some.last() else { return Ok(()) };
            last = *newest;
            let stale = events::with_older(&mut self.db.read().await?, &some, before).await?;
            for stream in stale {
                let mut work = self.begin().await?;
                events::prune(&mut work.tx, stream, before).await?;
                work.commit().await?;
            }
        }
    }
}

async fn streams_after(messenger: &Messenger, last: Stream) -> Result<Vec<Stream>> {
    Ok(streams::after(&mut messenger.db.read().await?, last, SOME).await?)
}
