//! Reading the audit log, exporting it, and deleting what is too old.

use std::time::Duration;

use serde_json::json;

use crate::boxed;
use crate::messenger::accounts::token::Access;
use crate::messenger::administration::administrator::{Administrator, check_still_administrator};
use crate::messenger::foundation::{Actor, Error, Result};
use crate::messenger::{Messenger, Operator};
use crate::model::{AuditAction, AuditEntry, AuditFilter, UserId};
use crate::store::{audit, users};

/// How many entries are listed at most, and how many an export reads at a time.
const MAX_LISTED: u64 = 200;
const EXPORT_PAGE: u64 = 500;
/// How many entries one transaction deletes.
const BATCH: u64 = 200;
const DAY: Duration = Duration::from_secs(24 * 3_600);

/// An export of the audit log, the oldest entry first.
pub struct AuditExport {
    messenger: Messenger,
    /// The administrator's; `None` for the operator.
    access: Option<Access>,
    filter: AuditFilter,
    after: i64,
}

impl AuditExport {
    /// The next entries; none at the end.
    #[boxed]
    pub async fn next(&mut self) -> Result<Vec<AuditEntry>> {
        let mut read = self.messenger.db.read().await?;
        if let Some(access) = &self.access {
            // A slow reader may take hours.
            check_still_administrator(&mut read, access).await?;
        }
        let page = audit::list_after(&mut read, &self.filter, self.after, EXPORT_PAGE).await?;
        if let Some(last) = page.last() {
            self.after = last.id;
        }
        Ok(page)
    }
}

impl Administrator {
    /// Entries of the audit log, the newest first, before one of them.
    #[boxed]
    pub async fn audit_log(
        &self,
        filter: &AuditFilter,
        before: Option<i64>,
        limit: Option<u64>,
    ) -> Result<Vec<AuditEntry>> {
        let limit = limit.unwrap_or(50).clamp(1, MAX_LISTED);
        Ok(audit::list(&mut self.messenger().db.read().await?, filter, before, limit).await?)
    }

    /// Exports the audit log, which is recorded there too.
    #[boxed]
    pub async fn export_audit_log(&self, filter: AuditFilter) -> Result<AuditExport> {
        let export = self.messenger().export_audit_log(filter, self.actor()).await?;
        Ok(AuditExport { access: Some(self.access()), ..export })
    }
}

impl Operator {
    /// Entries of the audit log, the newest first, before one of them.
    #[boxed]
    pub async fn audit_log(
        &self,
        filter: &AuditFilter,
        before: Option<i64>,
        limit: u64,
    ) -> Result<Vec<AuditEntry>> {
        Ok(audit::list(&mut self.db.read().await?, filter, before, limit).await?)
    }

    /// Exports the audit log, which is recorded there too.
    #[boxed]
    pub async fn export_audit_log(&self, filter: AuditFilter) -> Result<AuditExport> {
        Messenger::export_audit_log(self, filter, Actor::Operator).await
    }

    /// The user of a username, e-mail address or id, also of a deleted account's id.
    #[boxed]
    pub async fn user_called(&self, name: &str) -> Result<UserId> {
        let found = users::credentials(&mut self.db.read().await?, name).await?;
        let by_id = || name.parse().ok().map(UserId);
        found.map(|(user, _)| user).or_else(by_id).ok_or(Error::NotFound("user"))
    }
}

impl Messenger {
    async fn export_audit_log(&self, filter: AuditFilter, by: Actor) -> Result<AuditExport> {
        let mut work = self.begin().await?;
        let details = json!({
            "action": filter.action.map(AuditAction::name),
            "user_id": filter.person.map(|person| person.0),
            "since": filter.since.map(|time| time.iso()),
            "until": filter.until.map(|time| time.iso()),
        });
        work.audit(by, AuditAction::AuditExport, None, details).await?;
        work.commit().await?;
        Ok(AuditExport { messenger: self.clone(), access: None, filter, after: 0 })
    }

    /// Deletes entries of the audit log that are older than the settings say.
    pub(crate) async fn delete_old_audit_entries(&self) -> Result<()> {
        let Some(days) = self.settings.audit_days else { return Ok(()) };
        let before = self.clock.now() - DAY * days;
        loop {
            let old = audit::older(&mut self.db.read().await?, before, BATCH).await?;
            if old.is_empty() {
                return Ok(());
            }
            let mut work = self.begin_background().await?;
            audit::delete(&mut work.tx, &old).await?;
            work.commit().await?;
        }
    }
}
