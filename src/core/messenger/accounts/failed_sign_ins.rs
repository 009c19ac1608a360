//! Failed attempts to sign in, counted in memory and written to the audit log once a minute: an entry for each account
//! and address, so that an attack fills neither the log nor the disk, and a wrong password for an account takes no
//! longer than one for a name that nobody has. Names that nobody has are not recorded: some are passwords.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::json;

use crate::messenger::Messenger;
use crate::messenger::foundation::last_run::LastRun;
use crate::messenger::foundation::{Actor, Result};
use crate::model::{AuditAction, AuditTarget, UserId};

/// How often they are written.
const INTERVAL: Duration = Duration::from_secs(60);
/// How many accounts and addresses are counted in that time.
const MAX_COUNTED: usize = 100;

#[derive(Default)]
pub(crate) struct FailedSignIns {
    counts: Mutex<HashMap<(UserId, IpAddr), u32>>,
    written: LastRun,
}

impl FailedSignIns {
    pub(crate) fn count(&self, user: UserId, address: IpAddr) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() < MAX_COUNTED || counts.contains_key(&(user, address)) {
            *counts.entry((user, address)).or_default() += 1;
        }
    }
}

impl Messenger {
    /// Writes what was counted to the audit log.
    pub(crate) async fn record_failed_sign_ins(&self) -> Result<()> {
        let failed = &self.failed_sign_ins;
        if failed.counts.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
            || failed.written.due(self.clock.now(), INTERVAL).is_none()
        {
            return Ok(());
        }
        let counts = std::mem::take(&mut *failed.counts.lock().unwrap_or_else(PoisonError::into_inner));
        let mut work = self.begin_background().await?;
        for ((user, address), attempts) in counts {
            let by = Actor::System(Some(address));
            let details = json!({"attempts": attempts});
            work.audit(by, AuditAction::SignInFailed, AuditTarget::from(user), details).await?;
        }
        work.commit().await
    }
}
