//! Files that browsers sent to the bucket past us. Nobody tells us: we look when somebody needs one.

use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard};
use uuid::Uuid;

use crate::messenger::Messenger;
use crate::messenger::files::quota::room;
use crate::messenger::foundation::{Error, Result};
use crate::model::{Attachment, AttachmentId, Time, UserId};
use crate::store::attachments;

/// How long after a form's time a file may still be on its way: it began before.
const LATE: Duration = Duration::from_secs(60 * 60);
const SOME: u64 = 100;

/// One at a time takes a certain file in; different files may share a place.
#[derive(Default)]
pub(crate) struct Arrivals([Mutex<()>; 16]);

impl Arrivals {
    async fn turn(&self, id: AttachmentId) -> MutexGuard<'_, ()> {
        self.0[usize::from(id.0.as_bytes()[15]) % self.0.len()].lock().await
    }
}

impl Messenger {
    /// Takes in what has arrived of some of somebody's files, after every check; refuses what does not pass them.
    pub(crate) async fn take_in(&self, owner: UserId, ids: &[AttachmentId]) -> Result<()> {
        if ids.is_empty() || !self.files.is_direct() {
            return Ok(());
        }
        let found = attachments::by_ids(&mut self.db.read().await?, ids).await?;
        for attachment in found.iter().filter(|attachment| attachment.owner == owner && !attachment.uploaded)
        {
            // Few posts have files to wait for; the others need no room for it.
            Box::pin(self.take_in_one(attachment.id)).await?;
        }
        Ok(())
    }

    /// Takes in what has arrived of everything that somebody announced, so that it counts as theirs.
    pub(crate) async fn take_in_of(&self, owner: UserId) -> Result<()> {
        self.take_in_awaited(Some(owner)).await
    }

    /// Takes in what arrived and was not asked for yet: it counts, and may be posted within its day.
    pub(crate) async fn take_in_late(&self) -> Result<()> {
        self.take_in_awaited(None).await
    }

    async fn take_in_awaited(&self, owner: Option<UserId>) -> Result<()> {
        if !self.files.is_direct() {
            return Ok(());
        }
        let since = self.clock.now() - LATE;
        let mut last = (Time(0), AttachmentId(Uuid::nil()));
        loop {
            let some = attachments::awaited(&mut self.db.read().await?, owner, since, last, SOME).await?;
            let Some(newest) = some.last() else { return Ok(()) };
            last = (newest.created_at, newest.id);
            for attachment in &some {
                match Box::pin(self.take_in_one(attachment.id)).await {
                    Err(refusal) if is_about_the_file(&refusal) => {
                        tracing::info!(%refusal, attachment = %attachment.id, "an upload was not taken");
                    }
                    taken => taken?,
                }
            }
        }
    }

    async fn take_in_one(&self, id: AttachmentId) -> Result<()> {
        let _turn = self.arrivals.turn(id).await;
        let mut read = self.db.read().await?;
        let awaited = attachments::by_id(&mut read, id).await?.filter(|attachment| !attachment.uploaded);
        let Some(attachment) = awaited else { return Ok(()) };
        let room = room(&mut read, &self.settings, attachment.owner).await?;
        drop(read);
        let taken = self.take(&attachment, room.left()).await;
        let is_done = match &taken {
            Ok(was_there) => *was_there,
            Err(refusal) => is_about_the_file(refusal),
        };
        if is_done {
            self.files.clear_incoming(&attachment).await?;
        }
        if matches!(taken, Err(Error::TooLarge(_))) {
            room.hold(u64::try_from(attachment.size).unwrap_or_default())?;
        }
        taken.map(|_| ())
    }

    /// Whether it was there to be taken.
    async fn take(&self, attachment: &Attachment, left: u64) -> Result<bool> {
        let announced = u64::try_from(attachment.size).unwrap_or_default();
        let Some(received) = self.files.confirm_upload(attachment, announced.min(left)).await? else {
            return Ok(false);
        };
        self.keep(attachment, &received).await.map(|()| true)
    }
}

/// Whether it will be the same however often it is tried.
fn is_about_the_file(error: &Error) -> bool {
    matches!(error, Error::Invalid { .. } | Error::TooLarge(_) | Error::OverQuota(_))
}
