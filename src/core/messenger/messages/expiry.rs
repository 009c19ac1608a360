//! Deleting messages whose lifetime is over.

use crate::messenger::Messenger;
use crate::messenger::foundation::Result;
use crate::messenger::messages::erase::erase;
use crate::store::{chats, messages};

/// How many are deleted in one unit of work, so that others do not wait for long.
const BATCH: u64 = 100;

impl Messenger {
    /// Deletes messages that have expired, also while the server was down.
    pub(crate) async fn delete_expired_messages(&self) -> Result<()> {
        let now = self.clock.now();
        loop {
            let seen = messages::expired(&mut self.db.read().await?, now, BATCH).await?;
            if seen.is_empty() {
                return Ok(());
            }
            let mut work = self.begin_background().await?;
            chats::lock_all(&mut work.tx, seen.iter().map(|(chat, _)| *chat)).await?;
            // Looked up again within the unit of work: what was deleted meanwhile is not announced twice.
            let mut due = messages::expired(&mut work.tx, now, BATCH).await?;
            due.retain(|found| seen.contains(found));
            erase(&mut work, &due).await?;
            work.commit().await?;
        }
    }
}
