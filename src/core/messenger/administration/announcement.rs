//! An announcement of the administrators to everybody, which clients show above all chats.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;

use crate::boxed;
use crate::hub::EphemeralEvent;
use crate::messenger::administration::administrator::Administrator;
use crate::messenger::foundation::last_run::LastRun;
use crate::messenger::foundation::{Error, Result};
use crate::messenger::{Caller, Messenger};
use crate::model::{Announcement, AuditAction, Time, text};
use crate::store::{Executor, settings};

/// The longest text, in characters.
const MAX_TEXT: usize = 500;
/// The names of the settings in the database.
const TEXT: &str = "announcement";
const UNTIL: &str = "announcement_until";

/// How often it is looked whether there is another announcement: one whose time is over, or one of another node.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// What the connected clients know of the announcement.
#[derive(Default)]
pub(crate) struct Announced {
    looked: LastRun,
    told: Mutex<Option<Announcement>>,
}

impl Caller {
    /// The announcement to everybody, if there is one.
    #[boxed]
    pub async fn announcement(&self) -> Result<Option<Announcement>> {
        self.messenger.current_announcement().await
    }
}

impl Messenger {
    async fn current_announcement(&self) -> Result<Option<Announcement>> {
        let found = read(&mut self.db.read().await?).await?;
        let now = self.clock.now();
        Ok(found.filter(|found| found.until.is_none_or(|until| until > now)))
    }

    /// Tells the connected clients of the announcement if it is another one than they know.
    pub(crate) async fn tell_announcement(&self) -> Result<()> {
        if self.announced.looked.due(self.clock.now(), LOOK_EVERY).is_none() {
            return Ok(());
        }
        let current = self.current_announcement().await?;
        let known = std::mem::replace(&mut *self.announced.told(), current.clone());
        if known != current {
            self.hub.send_to_all(EphemeralEvent::Announcement(current));
        }
        Ok(())
    }
}

impl Announced {
    fn told(&self) -> MutexGuard<'_, Option<Announcement>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
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
        work.after_commit(|messenger| messenger.announced.looked.reset());
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
        work.after_commit(|messenger| messenger.announced.looked.reset());
        work.audit(self.actor(), AuditAction::AnnouncementDelete, None, Value::Null).await?;
        self.finish(work).await
    }
}
