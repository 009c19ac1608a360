//! Deleting messages whose lifetime is over, and those that are older than the server keeps messages.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::messenger::Messenger;
use crate::messenger::foundation::Result;
use crate::messenger::foundation::last_run::LastRun;
use crate::messenger::messages::erase::{erase, erase_many};
use crate::model::{ChatId, MessageId, Retention};
use crate::store::{chats, messages, retention};

/// How many are deleted in one unit of work, so that others do not wait for long.
const BATCH: u64 = 100;
/// How many messages are scanned in one step for those that are too old.
const SCANNED: u64 = 20_000;
/// How many steps there are in one run: when the server begins to delete old messages, there may be years of them, and
/// the other jobs go on meanwhile.
const STEPS: usize = 10;
/// How often it is looked for messages that are too old, and whether the rule is another one.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// How far this node has looked for messages that are too old. It is not stored: after a restart it looks again.
#[derive(Default)]
pub(crate) struct OldMessages {
    looked: LastRun,
    progress: Mutex<Progress>,
}

#[derive(Clone, Default)]
struct Progress {
    /// The rule by which it looked.
    rule: Retention,
    /// Nothing up to this one is left to delete.
    upto: Option<MessageId>,
}

/// How clients are told of deleted messages.
#[derive(Clone, Copy)]
enum DeletionEvents {
    PerMessage,
    /// In one event for each chat.
    PerChat,
}

impl OldMessages {
    /// Looks again soon: the rule has changed.
    pub(crate) fn look_again(&self) {
        self.looked.reset();
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Messenger {
    /// Deletes messages that have expired, also while the server was down.
    pub(crate) async fn delete_expired_messages(&self) -> Result<()> {
        let now = self.clock.now();
        loop {
            let due = messages::expired(&mut self.db.read().await?, now, BATCH).await?;
            if due.is_empty() {
                return Ok(());
            }
            self.delete_due(&due, None, DeletionEvents::PerMessage).await?;
        }
    }

    /// Deletes some of the messages that are older than the server keeps them. What is left follows in the next run.
    pub(crate) async fn delete_old_messages(&self) -> Result<()> {
        if self.old_messages.looked.due(self.clock.now(), LOOK_EVERY).is_none() {
            return Ok(());
        }
        for _ in 0..STEPS {
            match self.delete_some_old_messages().await {
                Ok(false) => {}
                Ok(true) => return Ok(()),
                Err(error) => {
                    self.old_messages.looked.reset();
                    return Err(error);
                }
            }
        }
        self.old_messages.looked.reset();
        Ok(())
    }

    /// Returns whether there are no more.
    async fn delete_some_old_messages(&self) -> Result<bool> {
        let mut read = self.db.read().await?;
        let rule = retention::read(&mut read).await?;
        let Some(bound) = rule.bound(self.clock.now()) else { return Ok(true) };
        let known = self.old_messages.progress().clone();
        // By another rule, messages may be too old that were not before.
        let after = known.upto.filter(|_| known.rule == rule).unwrap_or(MessageId(0));
        let (old, upto) = messages::older(&mut read, (after, bound), &rule.exempt, SCANNED, BATCH).await?;
        drop(read);
        if !old.is_empty() && !self.delete_due(&old, Some(&rule), DeletionEvents::PerChat).await? {
            return Ok(false);
        }
        let is_done = upto.is_none();
        let upto = upto.unwrap_or(MessageId(bound.0 - 1));
        *self.old_messages.progress() = Progress { rule, upto: Some(upto) };
        Ok(is_done)
    }

    /// Deletes messages in one unit of work, unless the rule has changed by which they were found. Returns whether it did.
    async fn delete_due(
        &self,
        due: &[(ChatId, MessageId)],
        rule: Option<&Retention>,
        events: DeletionEvents,
    ) -> Result<bool> {
        let mut work = self.begin_background().await?;
        chats::lock_all(&mut work.tx, due.iter().map(|(chat, _)| *chat)).await?;
        if let Some(rule) = rule
            && retention::read(&mut work.tx).await? != *rule
        {
            return Ok(false);
        }
        // Looked up again within the unit of work: what was deleted meanwhile is not announced twice.
        let ids: Vec<MessageId> = due.iter().map(|(_, id)| *id).collect();
        let there = messages::not_deleted(&mut work.tx, &ids).await?;
        match events {
            DeletionEvents::PerMessage => erase(&mut work, &there).await?,
            DeletionEvents::PerChat => erase_many(&mut work, &there).await?,
        }
        work.commit().await?;
        Ok(true)
    }
}
