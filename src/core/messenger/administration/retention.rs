//! For how long the server keeps messages: administrators and the operator say so, and members see it.

use std::collections::BTreeSet;

use serde_json::json;

use crate::boxed;
use crate::messenger::administration::administrator::Administrator;
use crate::messenger::foundation::{Actor, Error, Result, UnitOfWork};
use crate::messenger::{Membership, Messenger, Operator};
use crate::model::{AuditAction, ChatId, Retention};
use crate::store::{Executor, chats, messages, retention, storage};

/// The most days that can be chosen: a hundred years.
const MAX_DAYS: i64 = 36_500;
/// The most chats that can be exempt.
const MAX_EXEMPT: usize = 1_000;

/// Changes of the rule by which the server deletes old messages; what is missing stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RetentionChange {
    /// Older messages are deleted; `Some(None)` keeps them for ever.
    pub message_days: Option<Option<i64>>,
    /// The chats whose messages are kept for ever, instead of those before.
    pub exempt: Option<BTreeSet<ChatId>>,
}

impl Administrator {
    /// For how long the server keeps messages.
    #[boxed]
    pub async fn retention(&self) -> Result<Retention> {
        self.messenger().current_retention().await
    }

    /// How many messages the server would delete if the rule were changed like this.
    #[boxed]
    pub async fn preview_retention(&self, change: RetentionChange) -> Result<u64> {
        self.messenger().preview_retention_change(change).await
    }

    /// Changes for how long the server keeps messages. Those that are too old then are deleted in the background.
    #[boxed]
    pub async fn change_retention(self, change: RetentionChange) -> Result<()> {
        let mut work = self.begin_alone().await?;
        change_rule(&mut work, change, self.actor()).await?;
        self.finish(work).await
    }
}

impl Operator {
    /// For how long the server keeps messages.
    #[boxed]
    pub async fn retention(&self) -> Result<Retention> {
        self.current_retention().await
    }

    /// How many messages the server would delete if the rule were changed like this.
    #[boxed]
    pub async fn preview_retention(&self, change: RetentionChange) -> Result<u64> {
        self.preview_retention_change(change).await
    }

    /// Changes for how long the server keeps messages. The running server sees it within a minute.
    #[boxed]
    pub async fn change_retention(&self, change: RetentionChange) -> Result<()> {
        let mut work = self.begin().await?;
        change_rule(&mut work, change, Actor::Operator).await?;
        work.commit().await
    }
}

impl Membership {
    /// For how many days the server keeps messages in this chat; `None` for ever. The chat's own setting may be shorter.
    #[boxed]
    pub async fn days_kept(&self) -> Result<Option<u32>> {
        Ok(self.messenger.current_retention().await?.days_in(self.id()))
    }
}

impl Messenger {
    async fn current_retention(&self) -> Result<Retention> {
        Ok(retention::read(&mut self.db.read().await?).await?)
    }

    async fn preview_retention_change(&self, change: RetentionChange) -> Result<u64> {
        let mut read = self.db.read().await?;
        let before = retention::read(&mut read).await?;
        let after = changed(&before, change)?;
        check_chats(&mut read, &before, &after).await?;
        match after.bound(self.clock.now()) {
            Some(bound) => Ok(messages::count_older(&mut read, bound, &after.exempt).await?),
            None => Ok(0),
        }
    }
}

/// Changes the rule, and records from what to what.
async fn change_rule(work: &mut UnitOfWork, change: RetentionChange, by: Actor) -> Result<()> {
    // Locked, so that the audit log is right when two change it at once.
    storage::lock(&mut work.tx).await?;
    let before = retention::read(&mut work.tx).await?;
    let after = changed(&before, change)?;
    check_chats(&mut work.tx, &before, &after).await?;
    if after == before {
        return Ok(());
    }
    let added: BTreeSet<ChatId> = after.exempt.difference(&before.exempt).copied().collect();
    let removed: BTreeSet<ChatId> = before.exempt.difference(&after.exempt).copied().collect();
    retention::set_days(&mut work.tx, after.message_days).await?;
    retention::add_exemptions(&mut work.tx, &added).await?;
    retention::remove_exemptions(&mut work.tx, removed.iter().copied()).await?;
    let ids = |chats: BTreeSet<ChatId>| chats.into_iter().map(|chat| chat.0).collect::<Vec<_>>();
    let details = json!({
        "from_days": before.message_days,
        "to_days": after.message_days,
        "exempted": ids(added),
        "no_longer_exempt": ids(removed),
    });
    work.audit(by, AuditAction::RetentionUpdate, None, details).await?;
    work.after_commit(|messenger| messenger.old_messages.look_again());
    Ok(())
}

/// The rule after a change.
fn changed(before: &Retention, change: RetentionChange) -> Result<Retention> {
    let RetentionChange { message_days, exempt } = change;
    let message_days = match message_days {
        None => before.message_days,
        Some(None) => None,
        Some(Some(days)) => {
            let refusal = || Error::invalid("message_days", "must be 1 to 36,500 days, or null for ever");
            let days = Some(days).filter(|days| (1..=MAX_DAYS).contains(days)).ok_or_else(refusal)?;
            Some(u32::try_from(days).map_err(|_| refusal())?)
        }
    };
    let exempt = exempt.unwrap_or_else(|| before.exempt.clone());
    if exempt.len() > MAX_EXEMPT {
        return Err(Error::invalid("exempt_chat_ids", "may have at most 1,000 chats"));
    }
    Ok(Retention { message_days, exempt })
}

/// Fails if a chat that becomes exempt does not exist.
async fn check_chats(executor: &mut Executor, before: &Retention, after: &Retention) -> Result<()> {
    let new: Vec<ChatId> = after.exempt.difference(&before.exempt).copied().collect();
    let found: BTreeSet<ChatId> =
        chats::by_ids(executor, &new).await?.into_iter().map(|chat| chat.id).collect();
    match new.into_iter().find(|chat| !found.contains(chat)) {
        Some(chat) => Err(Error::invalid("exempt_chat_ids", format!("there is no chat {chat}"))),
        None => Ok(()),
    }
}
