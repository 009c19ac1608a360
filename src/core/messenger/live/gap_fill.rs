//! Backfills events that were not delivered directly: those of other nodes, and those that arrived out of order.
//!
//! A node delivers its own events as they are committed. Of other nodes' events it learns only that there are some, and
//! reads them from the log, which is the source of truth; so whatever the bus loses, each event is delivered once.

use futures_util::{StreamExt, stream};

use crate::messenger::Messenger;
use crate::messenger::foundation::{Result, event_log};
use crate::model::{ChatId, Stream, UserId};
use crate::store::events::{self, Range};
use crate::store::{members, streams};

/// The most events that are read at a time.
const BATCH: i64 = 200;
/// By how many events a late connection may be behind to be backfilled; must be less than [`BATCH`].
const MAX_BEHIND: i64 = 100;
/// How many streams are read concurrently.
const CONCURRENCY: usize = 4;

impl Messenger {
    /// Backfills streams with gaps, until it is dropped.
    pub async fn run_backfill(&self) {
        loop {
            let streams = self.hub.streams_with_gaps().await;
            stream::iter(streams)
                .for_each_concurrent(CONCURRENCY, async |stream| {
                    if let Err(error) = self.backfill_stream(stream).await {
                        // `run_due_jobs` reports the gap again.
                        tracing::warn!(%error, stream = stream.0, "could not read events from the log");
                    }
                })
                .await;
        }
    }

    /// Reads the next events of a stream with a gap, and delivers them.
    async fn backfill_stream(&self, stream: Stream) -> Result<()> {
        let Some(gap) = self.hub.gap(stream) else { return Ok(()) };
        let mut read = self.db.snapshot().await?;
        let mut late = Vec::with_capacity(gap.late.len());
        for connection in gap.late {
            let delivered = gap.delivered.unwrap_or_default();
            match members::find(&mut read, ChatId(stream.0), connection.user).await? {
                Some(member) if member.joined_seq + MAX_BEHIND < delivered => {
                    self.hub.force_resume(&connection);
                }
                Some(member) => late.push((connection, member.joined_seq)),
                // The user has left the chat meanwhile.
                None => self.hub.unsubscribe(&connection, [stream]),
            }
        }
        let from = late.iter().map(|(_, after)| *after).chain(gap.delivered).min();
        let Some(seq) = from else { return Ok(()) };
        let head = streams::seqs(&mut read, &[stream]).await?.get(&stream).copied().unwrap_or_default();
        let range = Range { stream, after: seq, up_to: head.min(seq + BATCH) };
        let records = events::in_ranges(&mut read, &[range]).await?;
        if seq < head && records.first().is_none_or(|first| first.seq != seq + 1) {
            self.hub.force_resume_all(stream);
            return Ok(());
        }
        let upto = records.last().map_or(seq, |last| last.seq);
        let mut events = event_log::hydrate(&mut read, gap.owner.unwrap_or(UserId(0)), &records).await?;
        // Changes of other nodes are first known here.
        self.update_caches(&events);
        event_log::set_hidden_from(&mut read, &mut events).await?;
        self.hub.backfill(stream, (upto, head), events, &late);
        Ok(())
    }
}
