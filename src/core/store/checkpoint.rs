//! Checkpoints: copying what was committed from SQLite's write-ahead log into the database, on a connection of its own.
//!
//! By itself SQLite does that in the commit with which the log becomes long, so that one commit in a hundred takes several
//! flushes of the disk, and all who wait for it wait for those. Beside the writer a checkpoint delays nobody. But the log
//! begins anew only when nothing of it is left to copy, which never happens while more is always written. So when it has
//! become long, the writer copies the little that was added since the last checkpoint.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::future::BoxFuture;
use sqlx::SqliteConnection;
use tokio::sync::Notify;

use super::Result;

/// After how many commits there is a checkpoint.
const COMMITS: u32 = 64;
/// The length of the log, in pages, from which on it should begin anew.
const LONG_LOG: i64 = 4_096;
/// The length of the log, in pages, at which SQLite makes a checkpoint in a commit after all.
pub(super) const MAX_LOG: &str = "16384";

/// Counts commits, and has checkpoints made.
#[derive(Clone, Default)]
pub struct Checkpoints(Arc<State>);

#[derive(Default)]
struct State {
    commits: AtomicU32,
    is_due: Notify,
}

impl Checkpoints {
    pub(super) fn committed(&self) {
        if self.0.commits.fetch_add(1, Ordering::Relaxed) + 1 >= COMMITS {
            self.0.commits.store(0, Ordering::Relaxed);
            self.0.is_due.notify_one();
        }
    }

    /// Makes checkpoints whenever one is due; calls `begin_anew` when the log has become long.
    pub(super) async fn run(
        self,
        connection: &mut SqliteConnection,
        begin_anew: impl Fn() -> BoxFuture<'static, ()> + Send,
    ) -> Infallible {
        loop {
            self.0.is_due.notified().await;
            match checkpoint(connection).await {
                Ok(log) if log >= LONG_LOG => begin_anew().await,
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "a checkpoint failed"),
            }
        }
    }
}

/// Copies as much as can be without waiting for anybody. Returns the length of the log in pages.
pub(super) async fn checkpoint(connection: &mut SqliteConnection) -> Result<i64> {
    let (_is_busy, log, _copied): (i64, i64, i64) =
        sqlx::query_as("PRAGMA wal_checkpoint(PASSIVE)").fetch_one(connection).await?;
    Ok(log)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::store::{Db, Priority};

    /// Commits some pages.
    async fn fill(db: &Db, stream: i64) {
        let mut tx = db.begin_with(Priority::Foreground).await.unwrap();
        let streams: Vec<_> = (0..200).map(|number| crate::model::Stream(stream * 200 + number)).collect();
        crate::store::streams::create(&mut tx, &streams).await.unwrap();
        tx.commit(|| ()).await.unwrap();
    }

    fn length(file: &Path) -> u64 {
        std::fs::metadata(file).map_or(0, |file| file.len())
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_log_is_copied_beside_the_writer_and_begins_anew_although_more_is_always_written() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("test.db");
        let db = Db::open(&format!("sqlite:{}", file.display()), 1).await.unwrap();
        let (log, before) = (file.with_extension("db-wal"), length(&file));
        let mut longest = 0;
        for stream in 0..6_000 {
            fill(&db, stream).await;
            longest = length(&log).max(longest);
            if length(&file) > before + 1_000_000 {
                break;
            }
        }
        assert!(length(&file) > before + 1_000_000, "nothing was copied");
        // The file of a log that began anew keeps its length: five times as much fits into it.
        for stream in 6_000..9_000 {
            fill(&db, stream).await;
        }
        let page = 4_096 + 24;
        assert!(length(&log) < 3 * page * LONG_LOG.unsigned_abs(), "{} pages", length(&log) / page);
        db.close().await;
    }
}
