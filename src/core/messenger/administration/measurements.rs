//! What a server measures of itself.

use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::boxed;
use crate::messenger::Messenger;
use crate::messenger::foundation::Result;
use crate::messenger::messages::post::MAX_QUEUE;
use crate::model::{Backup, MessageId, Time, UserId};
use crate::store::{Error as StoreError, Executor, backups, measures, reports, search, storage};

/// How many messages that are not indexed are counted at most.
const MAX_UNINDEXED: u64 = 10_000;

/// The state of a server.
#[derive(Debug, Clone)]
pub struct Measurements {
    /// Open live connections on this node.
    pub sockets: usize,
    /// Messages stored by this node since it started.
    pub posted: u64,
    /// Posts that wait to be written.
    pub posts_waiting: usize,
    /// How long ago periodic jobs last ran on this node.
    pub jobs_lag: Duration,
    /// Scheduled messages that should have been sent, and by how much the first of them is late.
    pub overdue: u64,
    pub overdue_lag: Duration,
    /// Deletions of accounts that are not finished.
    pub deletions: u64,
    /// Messages that the search index lacks, up to a maximum, and the age of the oldest new one.
    pub unindexed: u64,
    pub index_lag: Duration,
    pub database_bytes: u64,
    /// Bytes of uploaded files.
    pub storage_bytes: u64,
    /// Free bytes on the disk of the embedded database, and its size.
    pub disk_free: Option<u64>,
    pub disk_size: Option<u64>,
    /// Reports by users about which nobody has decided.
    pub open_reports: u64,
    /// The last complete backup, when the last verified one was begun, and whether the last attempt failed.
    pub last_backup: Option<Backup>,
    pub last_verified_backup: Option<Time>,
    pub last_backup_failed: bool,
}

impl Messenger {
    /// Measures the server. It takes a handful of short queries.
    #[boxed]
    pub async fn measure(&self) -> Result<Measurements> {
        let now = self.clock.now();
        let since = |time: Time| Duration::from_millis((now.0 - time.0).max(0).unsigned_abs());
        let database_bytes = measures::database_bytes(&self.db).await?;
        let mut read = self.db.read().await?;
        let (overdue, first_overdue) = measures::overdue(&mut read, now).await?;
        let unindexed = self.unindexed(&mut read).await?;
        let changed = measures::changed_messages(&mut read).await?;
        let last_attempt = backups::last_attempt(&mut read).await?;
        let jobs_ran = self.counters.jobs_ran.load(Ordering::Relaxed);
        let (_, storage_bytes) = storage::used(&mut read, UserId(0)).await?;
        let disk = self.db.file().and_then(crate::files::disk_space);
        Ok(Measurements {
            sockets: self.hub.connection_count(),
            posted: self.counters.posted.load(Ordering::Relaxed),
            posts_waiting: MAX_QUEUE - self.posts.capacity(),
            jobs_lag: if jobs_ran == 0 { Duration::ZERO } else { since(Time(jobs_ran)) },
            overdue,
            overdue_lag: first_overdue.map_or(Duration::ZERO, since),
            deletions: measures::deletions(&mut read).await?,
            unindexed: unindexed.len() as u64 + changed,
            index_lag: unindexed.first().map_or(Duration::ZERO, |oldest| since(oldest.time())),
            database_bytes,
            storage_bytes: storage_bytes.max(0).unsigned_abs(),
            disk_free: disk.map(|(free, _)| free),
            disk_size: disk.map(|(_, size)| size),
            open_reports: reports::count_open(&mut read).await?.max(0).unsigned_abs(),
            last_backup: backups::last(&mut read).await?,
            last_verified_backup: backups::last_verified(&mut read).await?.map(|backup| backup.started_at),
            last_backup_failed: last_attempt.is_some_and(|attempt| attempt.failure.is_some()),
        })
    }

    /// Messages that are newer than the search index. Without an index, none is in it.
    async fn unindexed(&self, read: &mut Executor) -> Result<Vec<MessageId>> {
        let newest = match self.db.read_search_index().await {
            Ok(mut index) => search::newest(&mut index).await?.unwrap_or(MessageId(0)),
            Err(StoreError::Unavailable) => MessageId(0),
            Err(error) => return Err(error.into()),
        };
        Ok(search::messages_after(read, newest, MAX_UNINDEXED).await?)
    }
}
