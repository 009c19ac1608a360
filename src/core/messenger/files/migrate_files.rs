//! Bringing every file to another place: what is known of each tells whether it arrived whole.

use uuid::Uuid;

use crate::files::{Moved, Moving};
use crate::messenger::Operator;
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
    fn count(&mut self, moved: Moved) {
        match moved {
            Moved::Copied(bytes) => {
                self.copied += 1;
                self.copied_bytes += bytes;
            }
            Moved::Already(_) => self.already += 1,
            Moved::Missing => self.missing += 1,
            Moved::Damaged => self.damaged += 1,
        }
    }
}

impl Operator {
    /// Brings every file to its new place and takes none away. What a server deletes meanwhile is not missed.
    pub async fn move_files(&self, moving: &Moving, mut tell: impl FnMut(&Progress)) -> Result<Progress> {
        let all = attachments::count_uploaded(&mut self.db.read().await?).await?;
        let mut progress = Progress { all, ..Progress::default() };
        let mut last = (Time(0), AttachmentId(Uuid::nil()));
        loop {
            let some = attachments::uploaded_after(&mut self.db.read().await?, last, SOME).await?;
            let Some((newest, _)) = some.last() else { return Ok(progress) };
            last = (newest.created_at, newest.id);
            for (file, sha256) in &some {
                let moved = moving.bring(file, sha256.as_deref()).await?;
                if moved == Moved::Missing {
                    let mut read = self.db.read().await?;
                    if attachments::by_id(&mut read, file.id).await?.is_none() {
                        continue;
                    }
                }
                match moved {
                    Moved::Missing => tracing::error!(key = file.key(), "a file is at neither place"),
                    Moved::Damaged => tracing::error!(key = file.key(), "a file is not what arrived once"),
                    Moved::Copied(_) | Moved::Already(_) => {}
                }
                progress.count(moved);
                if file.facts.thumbnail.is_some() {
                    progress.count(moving.bring_thumbnail(file).await?);
                }
                progress.seen += 1;
            }
            tell(&progress);
        }
    }
}
