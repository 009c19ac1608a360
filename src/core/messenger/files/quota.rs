//! Storage quotas of each user and of the whole server.

use crate::boxed;
use crate::messenger::Caller;
use crate::messenger::foundation::settings::Settings;
use crate::messenger::foundation::{Error, Result};
use crate::model::UserId;
use crate::store::{Executor, storage};

pub(crate) const OWN_QUOTA: &str = "Your files would exceed your storage quota";
pub(crate) const SERVER_QUOTA: &str = "This server has no storage left for files";

/// A user's storage usage in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    pub used: u64,
    /// The maximum, if there is one.
    pub limit: Option<u64>,
}

impl Caller {
    /// The caller's storage usage.
    #[boxed]
    pub async fn quota(&self) -> Result<Quota> {
        let (used, _) = storage::used(&mut self.messenger.db.read().await?, self.access.user).await?;
        let limit = Some(self.messenger.settings.quota_per_user).filter(|limit| *limit > 0);
        Ok(Quota { used: u64::try_from(used).unwrap_or_default(), limit })
    }
}

/// How many bytes are left; negative when the quota is exceeded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RemainingQuota {
    own: i64,
    server_wide: i64,
}

/// The remaining quota for files of a user.
pub(crate) async fn remaining_quota(
    run: &mut Executor,
    settings: &Settings,
    owner: UserId,
) -> Result<RemainingQuota> {
    let (own, server_wide) = storage::used(run, owner).await?;
    let left = |limit: u64, used: i64| match limit {
        0 => i64::MAX,
        limit => i64::try_from(limit).unwrap_or(i64::MAX).saturating_sub(used),
    };
    Ok(RemainingQuota {
        own: left(settings.quota_per_user, own),
        server_wide: left(settings.quota_total, server_wide),
    })
}

impl RemainingQuota {
    /// Fails if `bytes` do not fit.
    pub(crate) fn require(self, bytes: u64) -> Result<()> {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        if bytes > self.own {
            return Err(Error::OverQuota(OWN_QUOTA));
        }
        if bytes > self.server_wide {
            return Err(Error::OverQuota(SERVER_QUOTA));
        }
        Ok(())
    }

    /// The quota that remains after another `bytes`.
    pub(crate) fn minus(self, bytes: i64) -> Self {
        Self { own: self.own.saturating_sub(bytes), server_wide: self.server_wide.saturating_sub(bytes) }
    }

    /// How many bytes may be added.
    pub(crate) fn bytes(self) -> u64 {
        u64::try_from(self.own.min(self.server_wide)).unwrap_or_default()
    }
}
