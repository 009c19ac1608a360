//! Deletes what is no longer needed of pushes.

use std::time::Duration;

use crate::messenger::Messenger;
use crate::messenger::foundation::{Result, UnitOfWork};
use crate::messenger::notifications::delivery::LIFE;
use crate::model::MessageId;
use crate::store::push;

/// How long the log is kept, and how many of its entries.
const LOG: Duration = Duration::from_secs(7 * 24 * 3_600);
const MAX_LOG: u64 = 10_000;
/// How many subscriptions one run deletes.
const BATCH: u64 = 500;

impl Messenger {
    /// Deletes the devices whose sessions have ended, pushes that wait for too long, and old entries of the log.
    pub(crate) async fn delete_old_pushes(&self, work: &mut UnitOfWork) -> Result<()> {
        let now = work.now;
        let ended = push::ended(&mut work.tx, now, BATCH).await?;
        push::delete(&mut work.tx, &ended).await?;
        push::delete_older(&mut work.tx, MessageId::first_of(now - LIFE)).await?;
        push::delete_log_before(&mut work.tx, now - LOG).await?;
        if let Some(surplus) = push::newest_surplus(&mut work.tx, MAX_LOG).await? {
            push::delete_log(&mut work.tx, surplus).await?;
        }
        Ok(())
    }
}
