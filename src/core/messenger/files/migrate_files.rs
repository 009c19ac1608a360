//! Copies all files to another storage and verifies them by the checksums recorded at upload.

use serde_json::json;
use uuid::Uuid;

use crate::files::{Migration, MigrationOutcome};
use crate::messenger::Operator;
use crate::messenger::foundation::{Actor, Error, Result};
use crate::model::{AttachmentId, AuditAction, Time};
use crate::store::attachments;

const PAGE_SIZE: u64 = 100;
const UNKNOWN_FILES: &str = "The old storage has files, but the database knows none: is it the database of the server \
                             that stored them? Nothing was copied";

/// The progress, and finally the result, of a migration. Thumbnails count as files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Attachments processed, and their total number.
    pub seen: u64,
    pub all: u64,
    pub copied: u64,
    pub copied_bytes: u64,
    pub already: u64,
    pub missing: u64,
    pub damaged: u64,
}

impl Progress {
    fn count(&mut self, moved: MigrationOutcome) {
        match moved {
            MigrationOutcome::Copied(bytes) => {
                self.copied += 1;
                self.copied_bytes += bytes;
            }
            MigrationOutcome::AlreadyThere(_) => self.already += 1,
            MigrationOutcome::Missing => self.missing += 1,
            MigrationOutcome::Damaged => self.damaged += 1,
        }
    }
}

impl Operator {
    /// Copies all files to the target and deletes none. Fails if the database knows no files but the source has some.
    /// Files that the server deletes meanwhile don't count as missing.
    pub async fn migrate_files(
        &self,
        migration: &Migration,
        mut report: impl FnMut(&Progress),
    ) -> Result<Progress> {
        let all = attachments::count_uploaded(&mut self.db.read().await?).await?;
        // Otherwise a wrong database would look like a finished move, after which the old storage is deleted.
        if all == 0 && migration.has_source_files().await? {
            return Err(Error::Conflict(UNKNOWN_FILES));
        }
        let mut progress = Progress { all, ..Progress::default() };
        let mut last = (Time(0), AttachmentId(Uuid::nil()));
        loop {
            let page = attachments::uploaded_after(&mut self.db.read().await?, last, PAGE_SIZE).await?;
            let Some((newest, _)) = page.last() else { break };
            last = (newest.created_at, newest.id);
            for (file, sha256) in &page {
                let moved = migration.migrate(file, sha256.as_deref()).await?;
                if moved == MigrationOutcome::Missing {
                    let mut read = self.db.read().await?;
                    if attachments::by_id(&mut read, file.id).await?.is_none() {
                        continue;
                    }
                }
                match moved {
                    MigrationOutcome::Missing => {
                        tracing::error!(key = file.key(), "a file is missing in both storages");
                    }
                    MigrationOutcome::Damaged => {
                        tracing::error!(key = file.key(), "a file is damaged: its checksum is wrong");
                    }
                    MigrationOutcome::Copied(_) | MigrationOutcome::AlreadyThere(_) => {}
                }
                progress.count(moved);
                if file.metadata.thumbnail.is_some() {
                    progress.count(migration.migrate_thumbnail(file).await?);
                }
                progress.seen += 1;
            }
            report(&progress);
        }
        let mut work = self.begin().await?;
        let Progress { copied, copied_bytes, missing, damaged, .. } = progress;
        let details =
            json!({"copied": copied, "bytes": copied_bytes, "missing": missing, "damaged": damaged});
        work.audit(Actor::Operator, AuditAction::FilesMove, None, details).await?;
        work.commit().await?;
        Ok(progress)
    }
}
