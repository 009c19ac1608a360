//! Bringing every file to another place: what is known of each tells whether it arrived whole.

use uuid::Uuid;

use crate::files::{Migration, MigrationOutcome};
use crate::messenger::Messenger;
use crate::messenger::foundation::Result;
use crate::model::{AttachmentId, Time};
use crate::store::attachments;

const SOME: u64 = 100;

/// How far a move is, and at its end what became of all files. A thumbnail is a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Attachments that were looked at, of how many.
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

impl Messenger {
    /// Brings every file to its new place and takes none away. What a server deletes meanwhile is not missed.
    pub async fn move_files(
        &self,
        migration: &Migration,
        mut tell: impl FnMut(&Progress),
    ) -> Result<Progress> {
        let all = attachments::count_uploaded(&mut self.db.read().await?).await?;
        let mut progress = Progress { all, ..Progress::default() };
        let mut last = (Time(0), AttachmentId(Uuid::nil()));
        loop {
            let some = attachments::uploaded_after(&mut self.db.read().await?, last, SOME).await?;
            let Some((newest, _)) = some.last() else { return Ok(progress) };
            last = (newest.created_at, newest.id);
            for (file, sha256) in &some {
                let moved = migration.migrate(file, sha256.as_deref()).await?;
                if moved == MigrationOutcome::Missing {
                    let mut read = self.db.read().await?;
                    if attachments::by_id(&mut read, file.id).await?.is_none() {
                        continue;
                    }
                }
                match moved {
                    MigrationOutcome::Missing => {
                        tracing::error!(key = file.key(), "a file is at neither place")
                    }
                    MigrationOutcome::Damaged => {
                        tracing::error!(key = file.key(), "a file is not what arrived once")
                    }
                    MigrationOutcome::Copied(_) | MigrationOutcome::AlreadyThere(_) => {}
                }
                progress.count(moved);
                if file.metadata.thumbnail.is_some() {
                    progress.count(migration.migrate_thumbnail(file).await?);
                }
                progress.seen += 1;
            }
            tell(&progress);
        }
    }
}
