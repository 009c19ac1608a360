//! Messages that disappear by themselves.

use super::message::erase;
use super::{Messenger, Result};
use crate::store::messages;

/// How many are taken away in one change, so that nobody waits for long.
const SOME: u64 = 100;

impl Messenger {
    /// Takes away what is due. It is due still after the server was down.
    pub(super) async fn expire(&self) -> Result<()> {
        let now = self.clock.now();
        while !messages::expired(&mut self.db.read().await?, now, 1).await?.is_empty() {
            let mut work = self.begin().await?;
            // Asked within the change: what somebody deleted meanwhile is not told twice.
            let due = messages::expired(&mut work.tx, now, SOME).await?;
            erase(&mut work, &due).await?;
            work.commit().await?;
        }
        Ok(())
    }
}
