//! An announcement of the administrators to everybody, which clients show above all chats.

use serde_json::Value;

use crate::boxed;
use crate::messenger::Caller;
use crate::messenger::administration::administrator::Administrator;
use crate::messenger::foundation::{Error, Result};
use crate::model::{AuditAction, Time, text};
use crate::store::{Executor, settings};

/// The longest text, in characters.
const MAX_TEXT: usize = 500;
/// The names of the settings in the database.
const TEXT: &str = "announcement";
const UNTIL: &str = "announcement_until";

/// What the administrators announce.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    pub text: String,
    /// When it disappears; `None` if it stays until it is removed.
    pub until: Option<Time>,
}

impl Caller {
    /// The announcement to everybody, if there is one.
    #[boxed]
    pub async fn announcement(&self) -> Result<Option<Announcement>> {
        let found = read(&mut self.messenger.db.read().await?).await?;
        let now = self.messenger.clock.now();
        Ok(found.filter(|found| found.until.is_none_or(|until| until > now)))
    }
}

async fn read(executor: &mut Executor) -> Result<Option<Announcement>> {
    let text = settings::value(executor, TEXT).await?;
    let until = settings::value(executor, UNTIL).await?;
    let until = until.and_then(|until| until.parse().ok()).map(Time);
    Ok(text.map(|text| Announcement { text, until }))
}

impl Administrator {
    /// Announces something to everybody, instead of what was announced before.
    #[boxed]
    pub async fn announce(self, given: &str, until: Option<Time>) -> Result<()> {
        let text = text::lines(given).filter(|text| !text.is_empty() && text.chars().count() <= MAX_TEXT);
        let text = text
            .ok_or_else(|| Error::invalid("text", format!("must have 1 to {MAX_TEXT} visible characters")))?;
        let mut work = self.begin_alone().await?;
        if until.is_some_and(|until| until <= work.now) {
            return Err(Error::invalid("until", "must be in the future"));
        }
        settings::set(&mut work.tx, TEXT, &text).await?;
        match until {
            Some(until) => settings::set(&mut work.tx, UNTIL, &until.0.to_string()).await?,
            None => settings::remove(&mut work.tx, UNTIL).await?,
        }
        work.audit(self.actor(), AuditAction::AnnouncementUpdate, None, Value::Null).await?;
        self.finish(work).await
    }

    /// Removes the announcement.
    #[boxed]
    pub async fn remove_announcement(self) -> Result<()> {
        let mut work = self.begin_alone().await?;
        if read(&mut work.tx).await?.is_none() {
            return Err(Error::NotFound("announcement"));
        }
        settings::remove(&mut work.tx, TEXT).await?;
        settings::remove(&mut work.tx, UNTIL).await?;
        work.audit(self.actor(), AuditAction::AnnouncementDelete, None, Value::Null).await?;
        self.finish(work).await
    }
}
