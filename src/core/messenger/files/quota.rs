//! How much room files may take: of each person, and of all together.

use crate::messenger::Caller;
use crate::messenger::foundation::settings::Settings;
use crate::messenger::foundation::{Error, Result};
use crate::model::UserId;
use crate::store::{Executor, storage};

/// How much room somebody's files take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    pub used: u64,
    /// The most that they may take, if there is such a bound.
    pub limit: Option<u64>,
}

impl Caller {
    /// How much room one's files take.
    pub async fn quota(&self) -> Result<Quota> {
        let (used, _) = storage::used(&mut self.messenger.db.read().await?, self.access.user).await?;
        let limit = Some(self.messenger.settings.quota_per_user).filter(|limit| *limit > 0);
        Ok(Quota { used: u64::try_from(used).unwrap_or_default(), limit })
    }
}

/// How many bytes still fit; fewer than none when there are too many already.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Room {
    own: i64,
    everybodys: i64,
}

/// How much room somebody's files have.
pub(crate) async fn room(run: &mut Executor, settings: &Settings, owner: UserId) -> Result<Room> {
    let (own, everybodys) = storage::used(run, owner).await?;
    let left = |limit: u64, used: i64| match limit {
        0 => i64::MAX,
        limit => i64::try_from(limit).unwrap_or(i64::MAX).saturating_sub(used),
    };
    Ok(Room { own: left(settings.quota_per_user, own), everybodys: left(settings.quota_total, everybodys) })
}

impl Room {
    /// Refuses what does not fit.
    pub(crate) fn hold(self, bytes: u64) -> Result<()> {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        if bytes > self.own {
            return Err(Error::OverQuota("Your files would exceed your storage quota"));
        }
        if bytes > self.everybodys {
            return Err(Error::OverQuota("This server has no storage left for files"));
        }
        Ok(())
    }

    /// The room that is left when some bytes more are there.
    pub(crate) fn less(self, bytes: i64) -> Self {
        Self { own: self.own.saturating_sub(bytes), everybodys: self.everybodys.saturating_sub(bytes) }
    }

    /// How many more bytes fit.
    pub(crate) fn left(self) -> u64 {
        u64::try_from(self.own.min(self.everybodys)).unwrap_or_default()
    }
}
