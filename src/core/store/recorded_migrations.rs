//! Migrations that are recorded in the audit log.

use std::path::PathBuf;

use super::{Db, Result, Tables, audit};
use crate::model::{AuditAction, Time};

/// The migration that creates the audit log.
const AUDIT_LOG: i64 = 160;

impl Db {
    /// Opens it as [`Db::open`] does. Which migrations were applied to tables that were there is recorded in the audit log,
    /// as done `by` the operator or the system.
    pub async fn open_recording(url: &str, connections: u32, by: &str, now: Time) -> Result<Self> {
        let before = Self::migration_status(url).await?.last();
        let db = Self::open(url, connections).await?;
        let after = Self::migration_status(url).await?.last();
        if let (Some(before), Some(after)) = (before, after)
            && before < after
        {
            db.record_migration(by, before, after, now).await?;
        }
        Ok(db)
    }

    /// Reverts all migrations after `last`, which deletes the data of their tables and columns. A SQLite database is
    /// copied first; returns the path of the copy. It is recorded in the audit log, if that is still there.
    pub async fn revert(url: &str, last: i64, now: Time) -> Result<Option<PathBuf>> {
        let before = Self::migration_status(url).await?.last();
        let copy = Self::revert_tables(url, last).await?;
        let status = Self::migration_status(url).await?;
        if let Some(before) = before
            && status.has(AUDIT_LOG)
        {
            let db = Self::open_with(url, 2, Tables::AsTheyAre).await?;
            let recorded = db.record_migration("operator", before, last, now).await;
            db.close().await;
            recorded?;
        }
        Ok(copy)
    }

    async fn record_migration(&self, by: &str, from: i64, to: i64, now: Time) -> Result<()> {
        let mut tx = self.begin().await?;
        let numbers = [("from", from), ("to", to)];
        let details = numbers.map(|(name, number)| (name.to_owned(), number.into())).into_iter().collect();
        audit::insert_maintenance(&mut tx, by, AuditAction::DatabaseMigrate, details, now).await?;
        tx.commit(|| ()).await
    }
}
